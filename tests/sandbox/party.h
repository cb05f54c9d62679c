/* What the rehearsal's parties do with keys: read the site's certificates, sign, verify, unwrap. */
#ifndef SANDBOX_PARTY_H
#define SANDBOX_PARTY_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Public keys of a site (site.cer). */
struct sbx_site {
    EVP_PKEY *sender;       /* digitalSignature */
    uint8_t sealing_xy[64]; /* keyEncipherment */
};

/** Copies SITE/site.cer into DIR; exits with 1 where it is not there or not both certificates. */
void sbx_site_copy(const char *site, const char *dir);
/** Reads DIR/site.cer. */
void sbx_site_read(const char *dir, struct sbx_site *ret);
void sbx_site_free(struct sbx_site *site);

/** Detached SM2 signature, DER, id 1234567812345678. */
bool sbx_verify(EVP_PKEY *key, const void *message, size_t n, const uint8_t *signature,
                size_t signature_bytes);
/** Signs with a random nonce; the caller frees *ret. */
void sbx_sign(EVP_PKEY *key, const void *message, size_t n, uint8_t **ret, size_t *signature_bytes);
/** 32 bytes out of a DER SM2 ciphertext; false where it is none of this key's. */
bool sbx_unwrap(EVP_PKEY *key, const uint8_t *wrapped, size_t n, uint8_t out[32]);
/** OpenSSL's object of a private key. */
EVP_PKEY *sbx_private_key(const uint8_t d[32], const uint8_t xy[64]);

#endif
