#include "tests/formats/pki/envelope_make.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <openssl/asn1.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rand.h>
#include <string.h>

/* ---- keys and ciphers ---- */

static void
sm4_ecb(const uint8_t key[16], const uint8_t *in, size_t n, uint8_t *out, int encrypt)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int done = 0;

    assert_int_equal(EVP_CipherInit_ex(ctx, EVP_sm4_ecb(), NULL, key, NULL, encrypt), 1);
    assert_int_equal(EVP_CIPHER_CTX_set_padding(ctx, 0), 1);
    assert_int_equal(EVP_CipherUpdate(ctx, out, &done, in, (int)n), 1);
    assert_int_equal((size_t)done, n);
    EVP_CIPHER_CTX_free(ctx);
}

void
genuine_encrypt(const struct genuine *genuine, const uint8_t *plain, size_t n, uint8_t *out)
{
    sm4_ecb(genuine->session, plain, n, out, 1);
}

static struct made
sm2_encrypt(EVP_PKEY *to, const uint8_t *plain, size_t n)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(to, NULL);
    struct made ret = { .n = sizeof ret.at };

    assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_encrypt(ctx, ret.at, &ret.n, plain, n), 1);
    EVP_PKEY_CTX_free(ctx);
    return ret;
}

static bool
sm2_decrypt(EVP_PKEY *card, const uint8_t *cipher, size_t n, uint8_t session[16])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(card, NULL);
    uint8_t plain[256];
    size_t plain_n = sizeof plain;
    bool good = EVP_PKEY_decrypt_init(ctx) == 1 &&
                EVP_PKEY_decrypt(ctx, plain, &plain_n, cipher, n) == 1 && plain_n == 16;

    if (good)
        memcpy(session, plain, 16);
    EVP_PKEY_CTX_free(ctx);
    return good;
}

/* The elements of a SEQUENCE or SET, which OpenSSL reads. */
static ASN1_SEQUENCE_ANY *
elements(const uint8_t *der, size_t n)
{
    const uint8_t *at = der;
    ASN1_SEQUENCE_ANY *all = *der == 0x31 ? d2i_ASN1_SET_ANY(NULL, &at, (long)n)
                                          : d2i_ASN1_SEQUENCE_ANY(NULL, &at, (long)n);

    return all;
}

static void
free_elements(ASN1_SEQUENCE_ANY *all)
{
    sk_ASN1_TYPE_pop_free(all, ASN1_TYPE_free);
}

static const ASN1_STRING *
nth(const ASN1_SEQUENCE_ANY *all, int i)
{
    assert_true(all != NULL && sk_ASN1_TYPE_num(all) > i);
    return sk_ASN1_TYPE_value(all, i)->value.asn1_string;
}

static void
parts_of_cipher(struct genuine *g)
{
    ASN1_SEQUENCE_ANY *all = elements(g->cipher.at, g->cipher.n);

    for (int i = 0; i < 2; i++) {
        BIGNUM *n = ASN1_INTEGER_to_BN(nth(all, i), NULL);
        assert_int_equal(BN_bn2binpad(n, g->c1 + 32 * i, 32), 32);
        BN_free(n);
    }
    assert_int_equal(ASN1_STRING_length(nth(all, 2)), 32);
    assert_int_equal(ASN1_STRING_length(nth(all, 3)), 16);
    memcpy(g->c3, ASN1_STRING_get0_data(nth(all, 2)), 32);
    memcpy(g->c2, ASN1_STRING_get0_data(nth(all, 3)), 16);
    free_elements(all);
}

void
genuine_make(struct genuine *ret)
{
    BIGNUM *d = NULL;

    ret->card = make_key();
    ret->encryption = make_key();
    make_point(ret->encryption, ret->key);
    assert_int_equal(EVP_PKEY_get_bn_param(ret->encryption, OSSL_PKEY_PARAM_PRIV_KEY, &d), 1);
    assert_int_equal(BN_bn2binpad(d, ret->d, 32), 32);
    BN_free(d);
    assert_int_equal(RAND_bytes(ret->session, 16), 1);
    ret->cipher = sm2_encrypt(ret->card, ret->session, 16);
    parts_of_cipher(ret);
    genuine_encrypt(ret, ret->d, 32, ret->private_key);
}

void
genuine_make_like(struct genuine *ret, int coordinate, bool zero)
{
    genuine_make(ret);
    while (zero ? ret->c1[32 * coordinate] != 0 : ret->c1[32 * coordinate] < 0x80) {
        ret->cipher = sm2_encrypt(ret->card, ret->session, 16);
        parts_of_cipher(ret);
    }
}

void
genuine_free(struct genuine *genuine)
{
    EVP_PKEY_free(genuine->card);
    EVP_PKEY_free(genuine->encryption);
}

void
genuine_point(const uint8_t d[32], uint8_t point[64])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_sm2);
    EC_POINT *p = EC_POINT_new(group);
    BIGNUM *n = BN_bin2bn(d, 32, NULL);
    uint8_t bytes[65];

    assert_int_equal(EC_POINT_mul(group, p, n, NULL, NULL, NULL), 1);
    assert_int_equal(
        EC_POINT_point2oct(group, p, POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof bytes, NULL), 65);
    memcpy(point, bytes + 1, 64);
    BN_free(n);
    EC_POINT_free(p);
    EC_GROUP_free(group);
}

/* ---- blobs ---- */

static void
add_number(struct made *to, uint32_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        uint8_t b = i < 4 ? (uint8_t)(v >> 8 * i) : 0;
        made_add(to, &b, 1);
    }
}

static void
add_padded(struct made *to, const uint8_t *number)
{
    static const uint8_t zeros[32];

    made_add(to, zeros, 32);
    made_add(to, number, 32);
}

static void
add_member(struct made *to, const struct genuine *g, char member, size_t outer, size_t inner)
{
    switch (member) {
    case 'v':
        return add_number(to, 1, outer);
    case 'a':
        return add_number(to, 0x00020800, outer);
    case 's':
        return add_number(to, 0x401, outer);
    case 'b':
        return add_number(to, 256, outer);
    case 'k':
        return add_padded(to, g->private_key);
    case 'p':
        add_number(to, 256, inner);
        add_padded(to, g->key);
        return add_padded(to, g->key + 32);
    default:
        add_padded(to, g->c1);
        add_padded(to, g->c1 + 32);
        made_add(to, g->c3, 32);
        add_number(to, 16, inner);
        return made_add(to, g->c2, 16);
    }
}

static struct made
make_blob(const struct genuine *g, const char *order, size_t outer, size_t inner)
{
    struct made ret = { .n = 0 };

    for (; *order != '\0'; order++)
        add_member(&ret, g, *order, outer, inner);
    return ret;
}

struct made
make_skf(const struct genuine *genuine, size_t ulong_bytes)
{
    return make_blob(genuine, "vsbkpc", ulong_bytes, ulong_bytes);
}

struct made
make_sdf(const struct genuine *genuine, const char *order, size_t words)
{
    return make_blob(genuine, order, words, 4);
}

/* ---- DER ---- */

struct made
make_hex(const char *hex)
{
    struct made ret;
    long n = 0;
    uint8_t *bytes = OPENSSL_hexstr2buf(hex, &n);

    assert_non_null(bytes);
    ret.n = (size_t)n;
    memcpy(ret.at, bytes, ret.n);
    OPENSSL_free(bytes);
    return ret;
}

static void
add_made(struct made *to, const struct made *what)
{
    made_add(to, what->at, what->n);
}

static void
add_hex(struct made *to, const char *hex)
{
    struct made bytes = make_hex(hex);

    add_made(to, &bytes);
}

static void
add_bits(struct made *to, uint8_t first, bool has_first, const uint8_t *bytes, size_t n)
{
    const uint8_t head[2] = { 0, first };
    struct made body = { .n = 0 };

    made_add(&body, head, has_first ? 2 : 1);
    made_add(&body, bytes, n);
    made_add_tlv(to, 0x03, body.at, body.n);
}

#define SM4_ECB "300c06082a811ccf550168010500"

struct made
make_asn1(const struct genuine *genuine, const struct asn1_options *o)
{
    struct made body = { .n = 0 }, form = make_hex(o->point_form != NULL ? o->point_form : "04");

    add_hex(&body, o->algorithm != NULL ? o->algorithm : SM4_ECB);
    add_made(&body, o->cipher != NULL ? o->cipher : &genuine->cipher);
    add_bits(&body, form.at[0], true, genuine->key, 64);
    if (o->private_key != NULL)
        add_bits(&body, 0, false, o->private_key, o->private_bytes);
    else
        add_bits(&body, 0, false, genuine->private_key, 32);
    if (o->tail != NULL)
        add_made(&body, o->tail);
    return make_tlv(0x30, body.at, body.n);
}

#define KMC_CA "3011310f300d06035504030c064b4d43204341"
#define OTHER_CA "3011310f300d06035504030c064b4d43204342"

struct made
make_beside(EVP_PKEY *key, bool signer, bool ca)
{
    struct make_certificate what = { .key = key,
                                     .issuer_key = key,
                                     .common_name = "beside",
                                     .issuer = "KMC CA",
                                     .key_usage = ca ? "critical,keyCertSign" : "digitalSignature",
                                     .constraints = ca ? "critical,CA:TRUE" : NULL };
    struct made whole = make_certificate(&what);
    ASN1_SEQUENCE_ANY *certificate = elements(whole.at, whole.n);
    const ASN1_STRING *tbs = nth(certificate, 0);
    ASN1_SEQUENCE_ANY *parts =
        elements(ASN1_STRING_get0_data(tbs), (size_t)ASN1_STRING_length(tbs));
    struct made body = { .n = 0 }, ret = { .n = 0 };
    const uint8_t serial = signer ? 7 : 8;

    /* The signature does not hold any more: nobody judges it here. */
    for (int i = 0; i < sk_ASN1_TYPE_num(parts); i++) {
        uint8_t *der = NULL;
        int n = i2d_ASN1_TYPE(sk_ASN1_TYPE_value(parts, i), &der);
        if (i == 1)
            made_add_tlv(&body, 0x02, &serial, 1);
        else if (i == 3)
            add_hex(&body, signer ? KMC_CA : OTHER_CA);
        else
            made_add(&body, der, (size_t)n);
        OPENSSL_free(der);
    }
    made_add_tlv(&ret, 0x30, body.at, body.n);
    for (int i = 1; i < 3; i++) {
        uint8_t *der = NULL;
        int n = i2d_ASN1_TYPE(sk_ASN1_TYPE_value(certificate, i), &der);
        made_add(&ret, der, (size_t)n);
        OPENSSL_free(der);
    }
    free_elements(parts);
    free_elements(certificate);
    return make_tlv(0x30, ret.at, ret.n);
}

static struct made
make_recipient(const struct genuine *g, const struct cms_options *o)
{
    const struct made *key = o->cipher != NULL ? o->cipher : &g->cipher;
    struct made body = { .n = 0 }, issuer = { .n = 0 };

    if (o->by_key_identifier) {
        add_hex(&body, "020102800401020304");
    } else {
        add_hex(&body, "020100");
        add_hex(&issuer, KMC_CA);
        add_hex(&issuer, "0202655a");
        made_add_tlv(&body, 0x30, issuer.at, issuer.n);
    }
    add_hex(&body, o->key_algorithm != NULL ? o->key_algorithm : "300b06092a811ccf5501822d03");
    made_add_tlv(&body, 0x04, key->at, key->n);
    return make_tlv(0x30, body.at, body.n);
}

static struct made
make_content(const struct genuine *g, const struct cms_options *o)
{
    const char *data = o->pkcs7 ? "06092a864886f70d010701" : "060a2a811ccf550601040201";
    struct made body = make_hex(o->content_type != NULL ? o->content_type : data);

    add_hex(&body, o->algorithm != NULL ? o->algorithm : "300906072a811ccf550168");
    if (o->content != NULL)
        made_add_tlv(&body, 0x80, o->content, o->content_bytes);
    else
        made_add_tlv(&body, 0x80, g->private_key, 32);
    return make_tlv(0x30, body.at, body.n);
}

static void
add_signer(struct made *to)
{
    struct made body = make_hex("020101"), issuer = make_hex(KMC_CA), set = { .n = 0 };
    static const uint8_t signature[70];

    add_hex(&issuer, "020107");
    made_add_tlv(&body, 0x30, issuer.at, issuer.n);
    add_hex(&body, "300a06082a811ccf55018311");
    add_hex(&body, "300b06092a811ccf5501822d01");
    made_add_tlv(&body, 0x04, signature, sizeof signature);
    made_add_tlv(&set, 0x30, body.at, body.n);
    made_add_tlv(to, 0x31, set.at, set.n);
}

struct made
make_cms(const struct genuine *genuine, const struct cms_options *o)
{
    const char *types[2][2] = { { "060a2a811ccf550601040203", "060a2a811ccf550601040204" },
                                { "06092a864886f70d010703", "06092a864886f70d010704" } };
    struct made recipient = make_recipient(genuine, o), content = make_content(genuine, o);
    struct made data = make_hex(o->is_signed ? "020101" : "020100"), set = { .n = 0 };

    for (size_t i = 0; i < (o->recipients == 0 ? 1 : o->recipients); i++)
        add_made(&set, &recipient);
    made_add_tlv(&data, 0x31, set.at, set.n);
    if (o->is_signed)
        add_hex(&data, "310c300a06082a811ccf55018311");
    add_made(&data, &content);
    if (o->certificates != NULL)
        made_add_tlv(&data, 0xa0, o->certificates->at, o->certificates->n);
    if (o->is_signed && o->signers != NULL)
        add_made(&data, o->signers);
    else if (o->is_signed)
        add_signer(&data);
    if (o->tail != NULL)
        add_made(&data, o->tail);
    struct made inner = make_tlv(0x30, data.at, data.n),
                ret = make_hex(types[o->pkcs7][o->is_signed]);
    made_add_tlv(&ret, 0xa0, inner.at, inner.n);
    return make_tlv(0x30, ret.at, ret.n);
}

/* ---- open ---- */

/* The last 32 bytes of the content are d; what stands before it is zero. */
static bool
open_private(EVP_PKEY *card, const uint8_t *cipher, size_t n, const uint8_t *content, size_t bytes,
             uint8_t d[32])
{
    uint8_t session[16], plain[64];

    if ((bytes != 32 && bytes != 64) || !sm2_decrypt(card, cipher, n, session))
        return false;
    sm4_ecb(session, content, bytes, plain, 0);
    for (size_t i = 0; i + 32 < bytes; i++)
        if (plain[i] != 0)
            return false;
    memcpy(d, plain + bytes - 32, 32);
    return true;
}

static void
add_integer(struct made *to, const uint8_t number[32])
{
    BIGNUM *n = BN_bin2bn(number, 32, NULL);
    ASN1_INTEGER *integer = BN_to_ASN1_INTEGER(n, NULL);
    uint8_t *der = NULL;
    int bytes = i2d_ASN1_INTEGER(integer, &der);

    made_add(to, der, (size_t)bytes);
    OPENSSL_free(der);
    ASN1_INTEGER_free(integer);
    BN_free(n);
}

static bool
open_skf(EVP_PKEY *card, const uint8_t *blob, size_t n, uint8_t d[32])
{
    struct made body = { .n = 0 };

    if (n != 388)
        return false;
    add_integer(&body, blob + 240);
    add_integer(&body, blob + 304);
    made_add_tlv(&body, 0x04, blob + 336, 32);
    made_add_tlv(&body, 0x04, blob + 372, 16);
    struct made cipher = make_tlv(0x30, body.at, body.n);
    return open_private(card, cipher.at, cipher.n, blob + 44, 32, d);
}

static bool
open_asn1(EVP_PKEY *card, const uint8_t *der, size_t n, uint8_t d[32])
{
    ASN1_SEQUENCE_ANY *all = elements(der, n);
    const ASN1_STRING *cipher = nth(all, 1), *content = nth(all, 3);
    bool good =
        open_private(card, ASN1_STRING_get0_data(cipher), (size_t)ASN1_STRING_length(cipher),
                     ASN1_STRING_get0_data(content), (size_t)ASN1_STRING_length(content), d);

    free_elements(all);
    return good;
}

/* An element of the i-th of one that is a SEQUENCE or SET itself. */
static ASN1_SEQUENCE_ANY *
inner(const ASN1_SEQUENCE_ANY *all, int i)
{
    const ASN1_STRING *one = nth(all, i);

    return elements(ASN1_STRING_get0_data(one), (size_t)ASN1_STRING_length(one));
}

/* OpenSSL leaves a tagged element as its bytes: tag, length of one or two bytes, contents. */
static const uint8_t *
contents(const ASN1_STRING *tagged, size_t *n)
{
    const uint8_t *at = ASN1_STRING_get0_data(tagged);
    size_t head = at[1] < 0x80 ? 2 : 2 + (at[1] & 0x7fu);

    *n = (size_t)ASN1_STRING_length(tagged) - head;
    return at + head;
}

static bool
open_cms(EVP_PKEY *card, const uint8_t *der, size_t n, uint8_t d[32])
{
    ASN1_SEQUENCE_ANY *all = elements(der, n);
    size_t data_n, content_n;
    const uint8_t *data_der = contents(nth(all, 1), &data_n);
    ASN1_SEQUENCE_ANY *data = elements(data_der, data_n), *set = inner(data, 1);
    ASN1_SEQUENCE_ANY *recipient = inner(set, 0);
    const bool is_signed = sk_ASN1_TYPE_value(data, 2)->type == V_ASN1_SET;
    ASN1_SEQUENCE_ANY *info = inner(data, is_signed ? 3 : 2);
    const uint8_t *content = contents(nth(info, 2), &content_n);
    const ASN1_STRING *key = nth(recipient, 3);
    bool good = open_private(card, ASN1_STRING_get0_data(key), (size_t)ASN1_STRING_length(key),
                             content, content_n, d);

    free_elements(info);
    free_elements(recipient);
    free_elements(set);
    free_elements(data);
    free_elements(all);
    return good;
}

bool
genuine_open(EVP_PKEY *card, char form, const uint8_t *bytes, size_t n, uint8_t d[32])
{
    return form == 's'   ? open_skf(card, bytes, n, d)
           : form == 'a' ? open_asn1(card, bytes, n, d)
                         : open_cms(card, bytes, n, d);
}
