/*
 * Inside formats/package only: the AES encryption of zip members that WinZip defined (AE-1, AE-2)
 * and 7-Zip and libarchive write. A member's data are salt (8, 12 or 16 bytes), verifier (2),
 * ciphertext, authentication code (10). PBKDF2 with HMAC-SHA-1 and 1,000 rounds makes both keys and
 * the verifier of passphrase and salt; AES in counter mode, the counter little-endian from 1;
 * HMAC-SHA-1 over the ciphertext, cut to 10 bytes. All primitives are OpenSSL's.
 */
#ifndef FORMATS_PACKAGE_ZIP_AES_H
#define FORMATS_PACKAGE_ZIP_AES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/package/archive.h"
#include "perso/cursor.h"

#define PERSO_ZIP_AES_VERIFIER_BYTES 2u
#define PERSO_ZIP_AES_CODE_BYTES 10u

/* What the extra field 9901 says. kind 0: the member is not encrypted. */
struct perso_zip_encryption {
    uint16_t kind;   /* 1: the CRC is told, 2: it is 0 */
    uint8_t bits;    /* 1: 128, 2: 192, 3: 256 */
    uint16_t method; /* of compression, under the encryption */
};

/** The contents of the extra field; false where they are of no known kind. */
bool perso_zip_encryption_read(struct perso_cursor field, struct perso_zip_encryption *ret);
/** Bytes of salt and verifier, before the ciphertext. */
size_t perso_zip_aes_head_bytes(const struct perso_zip_encryption *encryption);

struct perso_zip_aes; /* one member at a time */

struct perso_zip_aes *perso_zip_aes_new(void); /* NULL: no memory */
/** head: salt and verifier of a member. *matches is false where the passphrase is another one. */
enum perso_result perso_zip_aes_begin(struct perso_zip_aes *aes,
                                      const struct perso_zip_encryption *encryption,
                                      const struct perso_passphrase *passphrase,
                                      struct perso_cursor head, bool *matches,
                                      struct perso_error *err);
/** Some of the n bytes of ciphertext that follow what was used, in clear: *at, *clear_n. What a
 *  call gives comes again until it is used. */
enum perso_result perso_zip_aes_view(struct perso_zip_aes *aes, const uint8_t *cipher, size_t n,
                                     const uint8_t **at, size_t *clear_n, struct perso_error *err);
/** The first n bytes of this ciphertext are of the member. */
enum perso_result perso_zip_aes_used(struct perso_zip_aes *aes, const uint8_t *cipher, size_t n,
                                     struct perso_error *err);
/** *matches: the ciphertext that was used has this code. */
enum perso_result perso_zip_aes_end(struct perso_zip_aes *aes,
                                    const uint8_t code[PERSO_ZIP_AES_CODE_BYTES], bool *matches,
                                    struct perso_error *err);
/** Wipes keys and cleartext. */
void perso_zip_aes_free(struct perso_zip_aes *aes);

#endif
