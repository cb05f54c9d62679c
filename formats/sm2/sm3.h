/* SM3 (GB/T 32905), HMAC-SM3 and Z (GB/T 32918.2 5.5). */
#ifndef FORMATS_SM2_SM3_H
#define FORMATS_SM2_SM3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "perso/cursor.h"
#include "perso/limits.h"

struct perso_sm3; /* a running digest */

struct perso_sm3 *perso_sm3_new(void); /* NULL: no memory */
bool perso_sm3_add(struct perso_sm3 *sm3, const void *bytes, size_t n);
/** Gives the digest and starts anew. */
bool perso_sm3_end(struct perso_sm3 *sm3, uint8_t out[PERSO_SM3_BYTES]);
void perso_sm3_free(struct perso_sm3 *sm3);

bool perso_sm3_of(const void *bytes, size_t n, uint8_t out[PERSO_SM3_BYTES]);

/** HMAC-SM3 over the concatenation of parts. */
bool perso_hmac_sm3(const uint8_t *key, size_t key_bytes, const struct perso_cursor *parts,
                    size_t n_parts, uint8_t out[PERSO_SM3_BYTES]);

#define PERSO_SM2_ID "1234567812345678" /* GM/T 0009 */

/** Z of a public key under an id of at most 64 bytes. */
bool perso_sm2_z(const uint8_t public_key[PERSO_POINT_BYTES], const char *id,
                 uint8_t out[PERSO_SM3_BYTES]);
/** e = SM3(Z || message). */
bool perso_sm2_e(const uint8_t public_key[PERSO_POINT_BYTES], const char *id,
                 struct perso_cursor message, uint8_t out[PERSO_SM3_BYTES]);

#endif
