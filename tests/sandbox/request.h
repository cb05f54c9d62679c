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

struct sbx_request {
    const char *name, *ssn;
    const struct sbx_key *key;
    enum sbx_signing signing;
    const char *algorithm; /* OID */
};

/** e by one of the ways. */
void sbx_signing_e(enum sbx_signing signing, const uint8_t xy[64], const void *message, size_t n,
                   uint8_t e[32]);
void sbx_request_make(struct sbx_curve *curve, const struct sbx_request *request,
                      struct sbx_random *nonce, struct sbx_der *ret);

#endif
