/* PKCS#10 of a card (RFC 2986, GM/T 0092-2020), right or wrong on purpose. */
#ifndef SANDBOX_REQUEST_H
#define SANDBOX_REQUEST_H

#include "der.h"
#include "sm2.h"

/* What the signature is made over. */
enum sbx_signing {
    SBX_SIGN_STANDARD, /* SM3(Z || info), id 1234567812345678 */
    SBX_SIGN_EMPTY_ID, /* Z of the empty id */
    SBX_SIGN_NO_Z,     /* SM3(info) */
    SBX_SIGN_SHA256,   /* SHA-256(info) */
    SBX_SIGN_OTHER,    /* another message */
};

/* What is unusual about it, though it is signed rightly (DOMAIN 5.3). */
enum sbx_odd {
    SBX_ODD_NONE,
    SBX_ODD_PEM,        /* text, by sbx_request_text */
    SBX_ODD_ATTRIBUTES, /* the field is missing */
    SBX_ODD_NULL,       /* parameters of the algorithm */
    SBX_ODD_RAW,        /* r || s in the BIT STRING */
    SBX_ODD_HYBRID,
    SBX_ODD_COMPRESSED,
    SBX_ODD_COUNT
};
/** By the profile's word; SBX_ODD_COUNT: none. */
enum sbx_odd sbx_odd_find(const char *name);

struct sbx_request {
    const char *name, *ssn;
    const struct sbx_key *key;
    enum sbx_signing signing;
    const char *algorithm; /* OID */
    enum sbx_odd odd;
};

/** e by one of the ways. */
void sbx_signing_e(enum sbx_signing signing, const uint8_t xy[64], const void *message, size_t n,
                   uint8_t e[32]);
void sbx_request_make(struct sbx_curve *curve, const struct sbx_request *request,
                      struct sbx_random *nonce, struct sbx_der *ret);
/** As a table's cell: Base64 of DER; of the odd PEM that text in one line, or Base64 of its lines.
 */
void sbx_request_text(const struct sbx_der *der, enum sbx_odd odd, struct sbx_random *r, char *out,
                      size_t max);

/** CertificationRequestInfo of the form sig: CN is the card's id, nothing else (CONTRACTS 2). */
void sbx_request_info(const char *card_id, const uint8_t xy[64], struct sbx_der *ret);

#endif
