#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include "formats/sm2/sm3.h"
#include "tests/formats/pki/der_hostile.h"

#define MORE_PARTS 8 /* the replaced one, x, y, r, s in two forms, the end */

static const struct recipe_part usual[] = {
    { "request", "30{ $info $alg $bits }" },
    { "info", "30{ $version $name $spki $attributes }" },
    { "version", "020100" },
    { "name", "30{ $rdn }" },
    { "rdn", "31{ 30{ 0603550403 $cn } }" },
    { "cn", "0c{ 'ab' }" },
    { "spki", "30{ $keyalg $keybits }" },
    { "keyalg", "30{ $ec $curve }" },
    { "ec", "06{ 2a8648ce3d0201 }" },
    { "curve", "06{ 2a811ccf5501822d }" },
    { "keybits", "03{ 00 $point }" },
    { "point", "04 $x $y" },
    { "attributes", "a0{}" },
    { "alg", "30{ $sm2sm3 }" },
    { "sm2sm3", "06{ 2a811ccf55018375 }" },
    { "bits", "03{ 00 $sig }" },
    { "sig", "30{ $r $s }" },
    { "certificate", "30{ $tbs $alg $bits }" },
    { "tbs", "30{ $three $serial $inner $issuer $validity $name $spki $ids $extensions }" },
    { "three", "a0{ 020102 }" },
    { "serial", "020203e8" },
    { "inner", "30{ $sm2sm3 }" },
    { "issuer", "30{ 31{ 30{ 0603550403 0c{ 'CA' } } } }" },
    { "validity", "30{ $begins $ends }" },
    { "begins", "17{ '240101000000Z' }" },
    { "ends", "17{ '331231235959Z' }" },
    { "ids", "" },
    { "extensions", "a3{ $list }" },
    { "list", "30{ $constraints $usage }" },
    { "constraints", "30{ 0603551d13 04{ 30{} } }" },
    { "usage", "30{ 0603551d0f 0101ff 04{ 030206c0 } }" },
};

void
der_parts_make(struct der_parts *parts)
{
    uint8_t point[64];

    parts->key = make_key();
    make_point(parts->key, point);
    recipe_hex(point, 32, parts->x);
    recipe_hex(point + 32, 32, parts->y);
    parts->r[0] = parts->s[0] = parts->der_r[0] = parts->der_s[0] = '\0';
}

void
der_parts_free(struct der_parts *parts)
{
    EVP_PKEY_free(parts->key);
}

/* The integers of a signature, in DER and in 32 bytes each. */
static void
set_signature(struct der_parts *parts, const struct made *signature)
{
    const uint8_t *r = signature->at + 2, *s = r + 2 + r[1], *at = signature->at;
    ECDSA_SIG *both = d2i_ECDSA_SIG(NULL, &at, (long)signature->n);
    uint8_t raw[32];

    assert_non_null(both);
    recipe_hex(r, 2u + r[1], parts->der_r);
    recipe_hex(s, 2u + s[1], parts->der_s);
    BN_bn2binpad(ECDSA_SIG_get0_r(both), raw, 32);
    recipe_hex(raw, 32, parts->r);
    BN_bn2binpad(ECDSA_SIG_get0_s(both), raw, 32);
    recipe_hex(raw, 32, parts->s);
    ECDSA_SIG_free(both);
}

static struct made
make_of(struct der_parts *parts, const char *part, const char *recipe, const char *tbs,
        const char *whole)
{
    struct recipe_part all[MORE_PARTS + sizeof usual / sizeof usual[0]];
    const struct recipe_part own[] = {
        { part != NULL ? part : "none", part != NULL ? recipe : "" },
        { "x", parts->x },
        { "y", parts->y },
        { "rawr", parts->r },
        { "raws", parts->s },
        { "r", parts->der_r },
        { "s", parts->der_s },
    };
    struct made made, signature;

    memcpy(all, own, sizeof own);
    memcpy(all + sizeof own / sizeof own[0], usual, sizeof usual);
    all[(sizeof own + sizeof usual) / sizeof own[0]] = (struct recipe_part) { NULL, NULL };
    made = recipe_cook(all, tbs);
    signature = make_signature(parts->key, PERSO_SM2_ID, made.at, made.n);
    set_signature(parts, &signature);
    return recipe_cook(all, whole);
}

struct made
der_make_request(struct der_parts *parts, const char *part, const char *recipe)
{
    bool is_whole = part != NULL && strcmp(part, "whole") == 0;
    return make_of(parts, part, recipe, "$info", is_whole ? "$whole" : "$request");
}

struct made
der_make_certificate(struct der_parts *parts, const char *part, const char *recipe)
{
    bool is_whole = part != NULL && strcmp(part, "whole") == 0;
    return make_of(parts, part, recipe, "$tbs", is_whole ? "$whole" : "$certificate");
}

/* ---- OpenSSL's view ---- */

bool
der_openssl_reads_request(const uint8_t *at, size_t n)
{
    const uint8_t *end = at;
    X509_REQ *request = d2i_X509_REQ(NULL, &end, (long)n);

    X509_REQ_free(request);
    ERR_clear_error();
    return request != NULL && end == at + n;
}

bool
der_openssl_reads_certificate(const uint8_t *at, size_t n)
{
    const uint8_t *end = at;
    X509 *certificate = d2i_X509(NULL, &end, (long)n);

    X509_free(certificate);
    ERR_clear_error();
    return certificate != NULL && end == at + n;
}

/* X.690 8.3, 10.2, 11.1, 11.2.1 and the like for a universal primitive element. */
static bool
contents_hold(int tag, const uint8_t *at, size_t n)
{
    switch (tag) {
    case V_ASN1_BOOLEAN:
        return n == 1 && (*at == 0 || *at == 0xff);
    case V_ASN1_INTEGER:
    case V_ASN1_ENUMERATED:
        return n > 0 &&
               !(n > 1 && ((at[0] == 0 && at[1] < 0x80) || (at[0] == 0xff && at[1] > 0x7f)));
    case V_ASN1_BIT_STRING:
        return n > 0 && at[0] < 8 && (n > 1 ? (at[n - 1] & ((1 << at[0]) - 1)) == 0 : at[0] == 0);
    case V_ASN1_NULL:
        return n == 0;
    case V_ASN1_OBJECT:
        for (size_t i = 0; i < n; i++)
            if (at[i] == 0x80 && (i == 0 || at[i - 1] < 0x80))
                return false;
        return n > 0 && at[n - 1] < 0x80;
    case V_ASN1_EOC:
        return false;
    default:
        return true;
    }
}

static bool
form_holds(int tag, int xclass, bool constructed)
{
    if (xclass != V_ASN1_UNIVERSAL)
        return true;
    bool want = tag == V_ASN1_SEQUENCE || tag == V_ASN1_SET || tag == V_ASN1_EXTERNAL ||
                tag == 11 /* EMBEDDED PDV */ || tag == 29 /* CHARACTER STRING */;
    return constructed == want;
}

bool
der_holds(const uint8_t *at, size_t n)
{
    const uint8_t *end = at + n;

    while (at < end) {
        const uint8_t *body = at;
        long length;
        int tag, xclass;
        int flags = ASN1_get_object(&body, &length, &tag, &xclass, end - at);
        bool constructed = (flags & V_ASN1_CONSTRUCTED) != 0;
        if ((flags & 0x80) != 0 || (flags & 1) != 0 ||
            body - at != ASN1_object_size(0, (int)length, tag) - length ||
            !form_holds(tag, xclass, constructed))
            break;
        if (constructed ? !der_holds(body, (size_t)length)
                        : xclass == V_ASN1_UNIVERSAL && !contents_hold(tag, body, (size_t)length))
            break;
        at = body + length;
    }
    ERR_clear_error();
    return at == end;
}

size_t
der_explain(const uint8_t *at, size_t n, const char *refusal)
{
    if (!der_holds(at, n))
        return DER_NOT_DER;
    for (size_t i = 0; i < der_n_differences; i++)
        if (strcmp(der_differences[i].text, refusal) == 0)
            return i;
    return DER_UNEXPLAINED;
}
