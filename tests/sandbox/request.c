#include "request.h"

#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "formats/base/encode.h"
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

enum sbx_odd
sbx_odd_find(const char *name)
{
    static const char *const names[SBX_ODD_COUNT] = { "none", "pem",    "attributes", "null",
                                                      "raw",  "hybrid", "compressed" };
    int odd = SBX_ODD_NONE;

    while (odd < SBX_ODD_COUNT && strcmp(names[odd], name) != 0)
        odd++;
    return (enum sbx_odd)odd;
}

static void
put_algorithm(struct sbx_der *ret, const char *oid, bool with_null)
{
    const size_t mark = sbx_der_open(ret, 0x30);

    sbx_der_oid(ret, oid);
    if (with_null)
        sbx_der_put(ret, 0x05, "", 0);
    sbx_der_close(ret, mark);
}

static void
put_signature(struct sbx_der *ret, const uint8_t rs[64], bool raw)
{
    struct sbx_der signature = { .n = 0 };

    if (raw)
        sbx_der_raw(&signature, rs, 64);
    else
        sbx_der_rs(&signature, rs);
    sbx_der_bits(ret, signature.bytes, signature.n);
}

static void
put_info(struct sbx_der *ret, const struct sbx_name *subject, const uint8_t xy[64],
         enum sbx_odd odd)
{
    const size_t info = sbx_der_open(ret, 0x30);

    sbx_der_unsigned(ret, (const uint8_t *)"", 1); /* version v1 */
    sbx_der_name(ret, subject);
    sbx_der_key_as(ret, xy, odd == SBX_ODD_HYBRID ? 6 : odd == SBX_ODD_COMPRESSED ? 2 : 4);
    if (odd != SBX_ODD_ATTRIBUTES)
        sbx_der_close(ret, sbx_der_open(ret, 0xa0)); /* empty but present */
    sbx_der_close(ret, info);
}

void
sbx_request_make(struct sbx_curve *curve, const struct sbx_request *request,
                 struct sbx_random *nonce, struct sbx_der *ret)
{
    const struct sbx_name subject = { SBX_ORGANIZATION, request->name, request->ssn };
    uint8_t e[32], rs[64];

    ret->n = 0;
    const size_t whole = sbx_der_open(ret, 0x30), info = ret->n;
    put_info(ret, &subject, request->key->xy, request->odd);
    sbx_signing_e(request->signing, request->key->xy, ret->bytes + info, ret->n - info, e);
    sbx_sign_e(curve, request->key->d, e, nonce, rs);
    put_algorithm(ret, request->algorithm, request->odd == SBX_ODD_NULL);
    put_signature(ret, rs, request->odd == SBX_ODD_RAW);
    sbx_der_close(ret, whole);
}

/* PEM (RFC 7468) in lines, or all in one; software writes either label. */
static size_t
put_pem(const struct sbx_der *der, struct sbx_random *r, bool lines, char *out, size_t max)
{
    const char *label =
        sbx_random_chance(r, 0.5) ? "CERTIFICATE REQUEST" : "NEW CERTIFICATE REQUEST";
    char text[PERSO_BASE64_CHARS(sizeof der->bytes) + 1];
    const char *end = lines ? "\n" : "";

    perso_base64_encode(der->bytes, der->n, text);
    const size_t chars = strlen(text), step = lines ? 64 : chars;
    size_t n = (size_t)snprintf(out, max, "-----BEGIN %s-----%s", label, end);
    for (size_t at = 0; at < chars && n < max; at += step)
        n += (size_t)snprintf(out + n, max - n, "%.*s%s", (int)step, text + at, end);
    if (n < max)
        n += (size_t)snprintf(out + n, max - n, "-----END %s-----%s", label, end);
    sbx_need(n < max, "request");
    return n;
}

void
sbx_request_text(const struct sbx_der *der, enum sbx_odd odd, struct sbx_random *r, char *out,
                 size_t max)
{
    char pem[2048];

    if (odd == SBX_ODD_PEM && sbx_random_chance(r, 0.5)) {
        put_pem(der, r, false, out, max);
    } else if (odd == SBX_ODD_PEM) {
        const size_t n = put_pem(der, r, true, pem, sizeof pem);
        sbx_need(PERSO_BASE64_CHARS(n) < max, "request");
        perso_base64_encode((const uint8_t *)pem, n, out);
    } else {
        sbx_need(PERSO_BASE64_CHARS(der->n) < max, "request");
        perso_base64_encode(der->bytes, der->n, out);
    }
}

void
sbx_request_info(const char *card_id, const uint8_t xy[64], struct sbx_der *ret)
{
    const struct sbx_name subject = { NULL, card_id, NULL };

    ret->n = 0;
    put_info(ret, &subject, xy, SBX_ODD_NONE);
}
