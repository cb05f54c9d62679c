/*
 * Port of keys and secrets: a site reaches its private keys only through this table, so that a
 * device (GM/T 0018 SDF, GM/T 0016 SKF) can stand behind it (LD/T 03-2022 8.3.6 a). The software
 * side is for rehearsal and small sites.
 */
#ifndef PERSO_SECRETS_H
#define PERSO_SECRETS_H

#include <stddef.h>
#include <stdint.h>

#include "perso/cursor.h"
#include "perso/result.h"

#define PERSO_SIGNATURE_DER_BYTES 80u /* SEQUENCE { r, s } is 70 to 72 */
#define PERSO_WRAPPED_BYTES 256u      /* SM2 ciphertext, DER (x, y, hash, cipher), of 32 bytes */
#define PERSO_SM2_PLAIN_BYTES 64u   /* what an RA encrypts by itself: a PIN or a key, in hex too */
#define PERSO_SM2_CIPHER_BYTES 256u /* DER around that */

struct perso_secrets {
    /* Detached SM2 signature of a message with the sender's key, DER, id 1234567812345678. */
    enum perso_result (*sign)(void *self, struct perso_cursor message,
                              uint8_t out[PERSO_SIGNATURE_DER_BYTES], size_t *n,
                              struct perso_error *err);
    /* Unwrap a key of 32 bytes that was SM2-wrapped to the sealing key; PACKAGE_WRAP where not. */
    enum perso_result (*unwrap)(void *self, struct perso_cursor wrapped, uint8_t key[32],
                                struct perso_error *err);
    /* Decrypt a field that was SM2-encrypted to the sealing key, DER; at most
     * PERSO_SM2_PLAIN_BYTES. SECRET_SEAL where it is not of this key. The caller wipes plain. */
    enum perso_result (*decrypt)(void *self, struct perso_cursor cipher,
                                 uint8_t plain[PERSO_SM2_PLAIN_BYTES], size_t *n,
                                 struct perso_error *err);
    /* Random bytes of the device. */
    enum perso_result (*random)(void *self, uint8_t *out, size_t n, struct perso_error *err);
    void (*free)(void *self);
    void *self;
};

#endif
