/*
 * Sealed fields (CONTRACTS 5, LD/T 03-2022 8.3.6 a): Base64(tag || ciphertext),
 *   tag = first 16 bytes of HMAC-SM3(k1, id || purpose || sequence || plaintext),
 *   ciphertext = SM4-CTR(k2, IV = tag, plaintext),
 *   k1 = HMAC-SM3(file key, "persoline mac"), k2 = first 16 bytes of HMAC-SM3(file key, "persoline
 * enc"). id is the row's AAZ501 in upper case; in a package from an RA, which knows no AAZ501, the
 * row's request_id in lower-case hex. purpose is the column's code. sequence is the number of the
 * package (manifest) or of the machine file (BATCH-NNNN), 0 inside a ledger; 4 bytes,
 * big-endian. No SM2 operation a card: the file key is wrapped once.
 */
#ifndef FORMATS_SEAL_SEAL_H
#define FORMATS_SEAL_SEAL_H

#include <stdint.h>

#include "perso/cursor.h"
#include "perso/result.h"

#define PERSO_SEAL_KEY_BYTES 32u
#define PERSO_SEALED_PLAIN_MAX 64u                                     /* a PIN or a key of SM4 */
#define PERSO_SEALED_CHARS ((16 + PERSO_SEALED_PLAIN_MAX + 2) / 3 * 4) /* without NUL */

struct perso_seal; /* k1 and k2 of one file; wiped when freed */

enum perso_result perso_seal_new(const uint8_t file_key[PERSO_SEAL_KEY_BYTES],
                                 struct perso_seal **ret, struct perso_error *err);
void perso_seal_free(struct perso_seal *seal);

/** out gets a NUL-terminated Base64 text; plaintext of at most PERSO_SEALED_PLAIN_MAX bytes. */
enum perso_result perso_seal_field(struct perso_seal *seal, const char *id, const char *purpose,
                                   uint32_t sequence, struct perso_cursor plain,
                                   char out[PERSO_SEALED_CHARS + 1], struct perso_error *err);
/** SECRET_SEAL under PERSO_REJECT where it is not of this key, id, purpose and sequence.
 *  The caller wipes plain. */
enum perso_result perso_seal_open(struct perso_seal *seal, const char *id, const char *purpose,
                                  uint32_t sequence, struct perso_text sealed,
                                  uint8_t plain[PERSO_SEALED_PLAIN_MAX], size_t *n,
                                  struct perso_error *err);

/** Key of an outgoing file: HMAC-SM3(job key, file name without folder). */
bool perso_file_key(const uint8_t job_key[PERSO_SEAL_KEY_BYTES], const char *file_name,
                    uint8_t out[PERSO_SEAL_KEY_BYTES]);

#endif
