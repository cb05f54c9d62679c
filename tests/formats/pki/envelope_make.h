/* Genuine key envelopes of every form, made and opened with OpenSSL alone: nothing of formats/
 * stands on this side of a comparison. */
#ifndef TESTS_FORMATS_PKI_ENVELOPE_MAKE_H
#define TESTS_FORMATS_PKI_ENVELOPE_MAKE_H

#include "tests/formats/pki/pki_make.h"

/* One key of an encryption certificate, enveloped to a card. */
struct genuine {
    EVP_PKEY *card, *encryption;
    uint8_t d[32], key[64]; /* of the encryption key */
    uint8_t session[16];
    struct made cipher; /* SM2Cipher of the session key, as OpenSSL writes it */
    uint8_t c1[64], c3[32], c2[16];
    uint8_t private_key[32]; /* d under the session key */
};

void genuine_make(struct genuine *ret);
/** Until the first byte of a coordinate of C1 (0: X, 1: Y) is zero, or its first bit is set. */
void genuine_make_like(struct genuine *ret, int coordinate, bool zero);
void genuine_free(struct genuine *genuine);
/** SM4-ECB under the session key; n is of whole blocks. */
void genuine_encrypt(const struct genuine *genuine, const uint8_t *plain, size_t n, uint8_t *out);

struct made make_skf(const struct genuine *genuine, size_t ulong_bytes);
/** order: of the members, "ascpk" or "aspkc"; words: bytes of the two algorithms. */
struct made make_sdf(const struct genuine *genuine, const char *order, size_t words);

/* What may differ; {0} is the usual one. */
struct asn1_options {
    const char *algorithm;      /* AlgorithmIdentifier in hex; NULL: 1.2.156.10197.1.104.1, NULL */
    const uint8_t *private_key; /* NULL: of 32 bytes */
    size_t private_bytes;
    const struct made *cipher; /* NULL: the genuine one */
    const char *point_form;    /* first byte of the public key in hex; NULL: 04 */
    const struct made *tail;   /* after the last member */
};
struct made make_asn1(const struct genuine *genuine, const struct asn1_options *options);

struct cms_options {
    bool pkcs7, is_signed;     /* content types of PKCS#7; signedAndEnvelopedData */
    const char *key_algorithm; /* of the recipient, hex; NULL: 1.2.156.10197.1.301.3 */
    const char *algorithm;     /* of the content, hex; NULL: 1.2.156.10197.1.104 */
    const char *content_type;  /* OID in hex; NULL: data */
    const uint8_t *content;    /* NULL: of 32 bytes */
    size_t content_bytes;
    const struct made *cipher; /* what is in encryptedKey; NULL: the genuine one */
    size_t recipients;         /* 0: one */
    bool by_key_identifier;
    const struct made *certificates; /* contents of the set; NULL: none */
    const struct made *signers;      /* NULL: one, of issuer "KMC CA" and serial number 7 */
    const struct made *tail;
};
struct made make_cms(const struct genuine *genuine, const struct cms_options *options);
/** A certificate of issuer "KMC CA" and serial number 7, or of another and 8. */
struct made make_beside(EVP_PKEY *key, bool signer, bool ca);

struct made make_hex(const char *hex);

/**
 * Opens an envelope with the card's key: false where it is none of this card. Forms: 's' SKF of 388
 * bytes, 'a' SM2EnvelopedKey, 'c' GM/T 0010.
 */
bool genuine_open(EVP_PKEY *card, char form, const uint8_t *bytes, size_t n, uint8_t d[32]);
/** d * G. */
void genuine_point(const uint8_t d[32], uint8_t point[64]);

#endif
