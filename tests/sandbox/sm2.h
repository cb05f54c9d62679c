/*
 * SM2 for synthetic keys: multiples of G from a table (OpenSSL's own cost 350 us each), signatures
 * and ciphertexts with seeded nonces. Points and numbers are OpenSSL's.
 */
#ifndef SANDBOX_SM2_H
#define SANDBOX_SM2_H

#include <openssl/evp.h>

#include "seeded.h"

#define SBX_ID "1234567812345678" /* GM/T 0009 */

struct sbx_curve;

struct sbx_curve *sbx_curve_new(void);
void sbx_curve_free(struct sbx_curve *curve);

struct sbx_key {
    uint8_t d[32];  /* 1 .. n-2 */
    uint8_t xy[64]; /* X || Y */
};

void sbx_key_make(struct sbx_curve *curve, struct sbx_random *random, struct sbx_key *ret);
/** Z (GB/T 32918.2 5.5) and e = SM3(Z || message); id "" is the empty id. */
void sbx_z(const uint8_t xy[64], const char *id, uint8_t out[32]);
void sbx_e(const uint8_t xy[64], const char *id, const void *message, size_t n, uint8_t out[32]);
void sbx_sign_e(struct sbx_curve *curve, const uint8_t d[32], const uint8_t e[32],
                struct sbx_random *nonce, uint8_t rs[64]);

/* SM2 ciphertext of 16 bytes (GB/T 32918.4, C1 C3 C2). */
struct sbx_cipher16 {
    uint8_t x[32], y[32], hash[32], cipher[16];
};
void sbx_encrypt16(struct sbx_curve *curve, const uint8_t xy[64], const uint8_t plain[16],
                   struct sbx_random *nonce, struct sbx_cipher16 *ret);

/** OpenSSL's object of a public key; NULL where it is none. The caller frees it. */
EVP_PKEY *sbx_public_key(const uint8_t xy[64]);
/** X || Y of a key of OpenSSL's; false where it is no SM2 key. */
bool sbx_public_bytes(EVP_PKEY *key, uint8_t xy[64]);

#endif
