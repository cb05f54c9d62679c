/* Requests and certificates made by OpenSSL for the tests, and OpenSSL's verdict on any bytes. */
#ifndef TESTS_FORMATS_PKI_PKI_MAKE_H
#define TESTS_FORMATS_PKI_PKI_MAKE_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAKE_BYTES 16384

struct made {
    uint8_t at[MAKE_BYTES];
    size_t n;
};

EVP_PKEY *make_key(void);
void make_point(EVP_PKEY *key, uint8_t point[64]);

/** One element around the contents, lengths minimal. */
struct made make_tlv(uint8_t tag, const void *body, size_t n);
void made_add(struct made *to, const void *bytes, size_t n);
void made_add_tlv(struct made *to, uint8_t tag, const void *body, size_t n);
/** Takes out and puts in bytes; enclosing lengths are not mended. */
void made_replace(struct made *in, size_t at, size_t out_bytes, const void *bytes, size_t n);
/** Where the bytes stand first; fails the test where they do not. */
size_t made_find(const struct made *in, const void *bytes, size_t n);

/** DER signature of a message under an id (EVP_DigestSign), or of a digest (EVP_PKEY_sign). */
struct made make_signature(EVP_PKEY *key, const char *id, const void *message, size_t n);
struct made make_signature_of_digest(EVP_PKEY *key, const uint8_t digest[32]);
/** SEQUENCE { tbs, algorithm, BIT STRING 00 signature }. */
struct made make_signed(const struct made *tbs, const void *algorithm, size_t algorithm_bytes,
                        const void *signature, size_t signature_bytes);
/** The same with the algorithm SM2 with SM3, signed by the key under the id. */
struct made make_signed_by(EVP_PKEY *key, const char *id, const struct made *tbs);

/** CertificationRequestInfo as OpenSSL writes it; CN and serialNumber, NULL: none. */
struct made make_request_info(EVP_PKEY *key, const char *common_name, const char *serial_number);
struct made make_request(EVP_PKEY *key, const char *id, const char *common_name);
bool openssl_accepts_request(const uint8_t *der, size_t n);

struct make_certificate {
    EVP_PKEY *key, *issuer_key;
    const char *common_name, *issuer;
    const char *id;            /* NULL: the standard one */
    const char *begins, *ends; /* YYYYMMDDHHMMSSZ; NULL: 20200101000000Z, 20391231235959Z */
    const char *constraints;   /* "critical,CA:TRUE"; NULL: no such extension */
    const char *key_usage;     /* "critical,keyCertSign"; NULL: no such extension */
    const char *extra_oid;     /* one more extension: dotted OID and value, critical or not */
    const void *extra;
    size_t extra_bytes;
    bool extra_critical;
};
struct made make_certificate(const struct make_certificate *what);
/** Signature under the issuer's key with the standard id, the whole used up. */
bool openssl_accepts_certificate(const uint8_t *der, size_t n, EVP_PKEY *issuer_key);

#endif
