#include "request.h"

#include "fail.h"
#include "hash.h"

void
sbx_signing_e(enum sbx_signing signing, const uint8_t xy[64], const void *message, size_t n,
              uint8_t e[32])
{
    switch (signing) {
    case SBX_SIGN_STANDARD:
        sbx_e(xy, SBX_ID, message, n, e);
        return;
    case SBX_SIGN_EMPTY_ID:
        sbx_e(xy, "", message, n, e);
        return;
    case SBX_SIGN_NO_Z:
        sbx_sm3(message, n, e);
        return;
    case SBX_SIGN_SHA256:
        sbx_sha256(message, n, e);
        return;
    case SBX_SIGN_OTHER:
        sbx_e(xy, SBX_ID, message, n - 1, e);
        return;
    }
}

void
sbx_request_make(struct sbx_curve *curve, const struct sbx_request *request,
                 struct sbx_random *nonce, struct sbx_der *ret)
{
    const struct sbx_name subject = { SBX_ORGANIZATION, request->name, request->ssn };
    struct sbx_der signature = { .n = 0 };
    uint8_t e[32], rs[64];

    ret->n = 0;
    const size_t whole = sbx_der_open(ret, 0x30);
    const size_t info = sbx_der_open(ret, 0x30);
    sbx_der_unsigned(ret, (const uint8_t *)"", 1); /* version v1 */
    sbx_der_name(ret, &subject);
    sbx_der_key(ret, request->key->xy);
    sbx_der_close(ret, sbx_der_open(ret, 0xa0)); /* attributes, empty but present */
    sbx_der_close(ret, info);
    sbx_signing_e(request->signing, request->key->xy, ret->bytes + info - 1, ret->n - (info - 1),
                  e);
    sbx_sign_e(curve, request->key->d, e, nonce, rs);
    sbx_der_algorithm(ret, request->algorithm);
    sbx_der_rs(&signature, rs);
    sbx_der_bits(ret, signature.bytes, signature.n);
    sbx_der_close(ret, whole);
}
