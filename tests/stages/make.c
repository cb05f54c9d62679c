#include "make.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS_MAX 65536

static void
must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "make: %s failed\n", what);
    abort();
}

struct key
make_key(void)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
    struct key key = { NULL, { 0 } };
    uint8_t point[65];
    size_t n = 0;

    must(context != NULL && EVP_PKEY_keygen_init(context) == 1 &&
             EVP_PKEY_generate(context, &key.pkey) == 1,
         "key");
    EVP_PKEY_CTX_free(context);
    must(EVP_PKEY_get_octet_string_param(key.pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point,
                                         &n) == 1 &&
             n == 65 && point[0] == 4,
         "public key");
    memcpy(key.point, point + 1, 64);
    return key;
}

void
free_key(struct key *key)
{
    EVP_PKEY_free(key->pkey);
    key->pkey = NULL;
}

struct perso_cursor
cursor_of(const struct bytes *bytes)
{
    return perso_cursor_of(bytes->at, bytes->n);
}

/* ---- DER ---- */

static void
put(struct bytes *b, const void *at, size_t n)
{
    must(n <= sizeof b->at - b->n, "room");
    memcpy(b->at + b->n, at, n);
    b->n += n;
}

static void
put_tlv(struct bytes *b, uint8_t tag, const void *at, size_t n)
{
    uint8_t head[4] = { tag, 0 };
    size_t head_bytes = 2;

    if (n < 0x80) {
        head[1] = (uint8_t)n;
    } else if (n < 0x100) {
        head[1] = 0x81;
        head[2] = (uint8_t)n;
        head_bytes = 3;
    } else {
        head[1] = 0x82;
        head[2] = (uint8_t)(n >> 8);
        head[3] = (uint8_t)n;
        head_bytes = 4;
    }
    put(b, head, head_bytes);
    put(b, at, n);
}

static void
put_all(struct bytes *b, uint8_t tag, const struct bytes *content)
{
    put_tlv(b, tag, content->at, content->n);
}

static void
put_bits(struct bytes *b, uint8_t unused, const void *at, size_t n)
{
    struct bytes content = { .n = 0 };

    put(&content, &unused, 1);
    put(&content, at, n);
    put_all(b, 0x03, &content);
}

static void
put_attribute(struct bytes *b, const char oid[3], const char *value)
{
    struct bytes pair = { .n = 0 }, set = { .n = 0 };

    put_tlv(&pair, 0x06, oid, 3);
    put_tlv(&pair, 0x0c, value, strlen(value));
    put_all(&set, 0x30, &pair);
    put_all(b, 0x31, &set);
}

static void
put_name(struct bytes *b, const char *common_name, const char *number)
{
    struct bytes rdns = { .n = 0 };

    if (common_name != NULL)
        put_attribute(&rdns, "\x55\x04\x03", common_name);
    if (number != NULL)
        put_attribute(&rdns, "\x55\x04\x05", number);
    put_all(b, 0x30, &rdns);
}

static void
put_key(struct bytes *b, const struct key *key, uint8_t form)
{
    static const uint8_t algorithm[] = { 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                         0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
                                         0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d };
    struct bytes spki = { .n = 0 };
    uint8_t point[65] = { form == 0 ? 4 : (uint8_t)(form | (key->point[63] & 1)) };

    memcpy(point + 1, key->point, 64);
    put(&spki, algorithm, sizeof algorithm);
    put_bits(&spki, 0, point, form == 2 ? 33 : 65);
    put_all(b, 0x30, &spki);
}

static void
put_algorithm(struct bytes *b, bool ecdsa)
{
    static const uint8_t sm2_sm3[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x81,
                                       0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75 };
    static const uint8_t ecdsa_sha256[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                            0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
    put(b, ecdsa ? ecdsa_sha256 : sm2_sm3, sizeof sm2_sm3);
}

/* ---- signatures ---- */

static void
sign_with_id(const struct key *key, const char *id, const struct bytes *message, uint8_t *signature,
             size_t *n)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pkey, NULL);
    EVP_MD_CTX *md = EVP_MD_CTX_new();

    must(context != NULL && md != NULL && EVP_PKEY_CTX_set1_id(context, id, (int)strlen(id)) == 1,
         "id");
    EVP_MD_CTX_set_pkey_ctx(md, context);
    must(EVP_DigestSignInit(md, NULL, EVP_sm3(), NULL, key->pkey) == 1 &&
             EVP_DigestSign(md, signature, n, message->at, message->n) == 1,
         "signature");
    EVP_MD_CTX_free(md);
    EVP_PKEY_CTX_free(context);
}

static void
sign_digest(const struct key *key, const EVP_MD *md, const struct bytes *message,
            uint8_t *signature, size_t *n)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pkey, NULL);
    uint8_t digest[32];

    must(EVP_Digest(message->at, message->n, digest, NULL, md, NULL) == 1 && context != NULL &&
             EVP_PKEY_sign_init(context) == 1 &&
             EVP_PKEY_sign(context, signature, n, digest, sizeof digest) == 1,
         "signature of a digest");
    EVP_PKEY_CTX_free(context);
}

static void
put_signed(struct bytes *out, const struct bytes *message, const struct key *key,
           enum signing signing, bool ecdsa, size_t trailing)
{
    struct bytes body = { .n = 0 };
    uint8_t signature[128];
    size_t n = sizeof signature;

    if (signing == SIGN_NO_Z)
        sign_digest(key, EVP_sm3(), message, signature, &n);
    else if (signing == SIGN_SHA256)
        sign_digest(key, EVP_sha256(), message, signature, &n);
    else
        sign_with_id(key, signing == SIGN_EMPTY_ID ? "" : "1234567812345678", message, signature,
                     &n);
    if (signing == SIGN_BROKEN)
        signature[n - 1] ^= 1;
    put(&body, message->at, message->n);
    put_algorithm(&body, ecdsa);
    put_bits(&body, 0, signature, n);
    out->n = 0;
    put_all(out, 0x30, &body);
    for (; trailing > 0; trailing--)
        put(out, "\0", 1);
}

/* r || s of a DER signature */
static void
take_rs(const uint8_t *signature, size_t n, uint8_t rs[64])
{
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &signature, (long)n);

    must(pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), rs, 32) == 32 &&
             BN_bn2binpad(ECDSA_SIG_get0_s(pair), rs + 32, 32) == 32,
         "r, s");
    ECDSA_SIG_free(pair);
}

void
take_request(const struct bytes *request, struct bytes *info, uint8_t rs[64])
{
    const uint8_t *at = request->at;
    uint8_t *tbs = info->at;
    const ASN1_BIT_STRING *signature;
    X509_REQ *read = d2i_X509_REQ(NULL, &at, (long)request->n);

    must(read != NULL, "request");
    info->n = (size_t)i2d_re_X509_REQ_tbs(read, &tbs);
    X509_REQ_get0_signature(read, &signature, NULL);
    take_rs(signature->data, (size_t)signature->length, rs);
    X509_REQ_free(read);
}

bool
signs_e(const struct key *key, const uint8_t e[32], const uint8_t rs[64])
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pkey, NULL);
    ECDSA_SIG *pair = ECDSA_SIG_new();
    uint8_t *der = NULL;

    must(context != NULL && pair != NULL &&
             ECDSA_SIG_set0(pair, BN_bin2bn(rs, 32, NULL), BN_bin2bn(rs + 32, 32, NULL)) == 1,
         "r, s");
    int n = i2d_ECDSA_SIG(pair, &der);
    must(n > 0 && EVP_PKEY_verify_init(context) == 1, "verification");
    bool ret = EVP_PKEY_verify(context, der, (size_t)n, e, 32) == 1;
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    EVP_PKEY_CTX_free(context);
    return ret;
}

/* Not as OpenSSL would: the same signature with an algorithm or in a form of its own. */
static void
put_oddly(const struct request_options *o, const struct bytes *info, struct bytes *out)
{
    static const uint8_t with_null[] = { 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x81, 0x1c,
                                         0xcf, 0x55, 0x01, 0x83, 0x75, 0x05, 0x00 };
    struct bytes body = { .n = 0 };
    uint8_t signature[128], rs[64];
    size_t n = sizeof signature;

    sign_with_id(o->key, "1234567812345678", info, signature, &n);
    take_rs(signature, n, rs);
    put(&body, info->at, info->n);
    if (o->null_parameters)
        put(&body, with_null, sizeof with_null);
    else
        put_algorithm(&body, false);
    put_bits(&body, 0, o->raw ? rs : signature, o->raw ? sizeof rs : n);
    out->n = 0;
    put_all(out, 0x30, &body);
}

void
make_request(const struct request_options *o, struct bytes *out)
{
    struct bytes content = { .n = 0 }, info = { .n = 0 };

    put_tlv(&content, 0x02, "\0", 1);
    put_name(&content, o->common_name, o->number);
    put_key(&content, o->key, o->point);
    if (!o->no_attributes)
        put_tlv(&content, 0xa0, "", 0);
    put_all(&info, 0x30, &content);
    if (o->null_parameters || o->raw)
        put_oddly(o, &info, out);
    else
        put_signed(out, &info, o->key, o->signing, o->ecdsa, o->trailing);
}

/* ---- certificates ---- */

static void
put_extension(struct bytes *list, const char *oid, bool critical, const struct bytes *value)
{
    struct bytes extension = { .n = 0 };

    put_tlv(&extension, 0x06, oid, strlen(oid));
    if (critical)
        put_tlv(&extension, 0x01, "\xff", 1);
    put_all(&extension, 0x04, value);
    put_all(list, 0x30, &extension);
}

static void
put_extensions(struct bytes *tbs, const struct certificate_options *o)
{
    struct bytes list = { .n = 0 }, value = { .n = 0 }, whole = { .n = 0 };

    if (o->usage != 0) {
        uint8_t bits = 0, unused = 0;
        for (unsigned i = 0; i < 7; i++)
            if ((o->usage >> i & 1) != 0)
                bits |= (uint8_t)(0x80u >> i);
        while ((bits >> unused & 1) == 0)
            unused++;
        put_bits(&value, unused, &bits, 1);
        put_extension(&list, "\x55\x1d\x0f", true, &value);
    }
    if (o->ca) {
        value = (struct bytes) { .n = 0 };
        put_tlv(&value, 0x30, "\x01\x01\xff", 3);
        put_extension(&list, "\x55\x1d\x13", true, &value);
    }
    if (o->unknown_critical) {
        value = (struct bytes) { .n = 0 };
        put_tlv(&value, 0x0c, "x", 1);
        put_extension(&list, "\x2a\x03\x04", true, &value);
    }
    if (list.n == 0)
        return;
    put_all(&whole, 0x30, &list);
    put_all(tbs, 0xa3, &whole);
}

void
make_certificate(const struct certificate_options *o, struct bytes *out)
{
    struct bytes content = { .n = 0 }, validity = { .n = 0 }, tbs = { .n = 0 };
    const uint8_t serial[4] = { 0x40, (uint8_t)(o->serial >> 16), (uint8_t)(o->serial >> 8),
                                (uint8_t)o->serial };

    put(&content, "\xa0\x03\x02\x01\x02", 5);
    put_tlv(&content, 0x02, serial, sizeof serial);
    put_algorithm(&content, o->ecdsa);
    put_name(&content, o->issuer, NULL);
    put_tlv(&validity, 0x17, o->begins != NULL ? o->begins : "200101000000Z", 13);
    put_tlv(&validity, 0x17, o->ends != NULL ? o->ends : "401231235959Z", 13);
    put_all(&content, 0x30, &validity);
    put_name(&content, o->common_name, o->number);
    put_key(&content, o->key, 0);
    put_extensions(&content, o);
    put_all(&tbs, 0x30, &content);
    put_signed(out, &tbs, o->issuer_key, o->signing, o->ecdsa, o->trailing);
}

static void
put_u32le(struct bytes *b, uint32_t v)
{
    const uint8_t at[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };

    put(b, at, sizeof at);
}

static void
put_point(struct bytes *b, const struct key *key)
{
    static const uint8_t padding[32];

    for (size_t i = 0; i < 64; i += 32) {
        put(b, padding, sizeof padding);
        put(b, key->point + i, 32);
    }
}

void
make_envelope(const struct key *encryption, const struct key *any, struct bytes *out)
{
    uint8_t fill[64] = { 0 };

    out->n = 0;
    put_u32le(out, 1);
    put_u32le(out, 0x401);
    put_u32le(out, 256);
    memset(fill + 32, 0x5a, 32);
    put(out, fill, sizeof fill);
    put_u32le(out, 256);
    put_point(out, encryption);
    put_point(out, any);
    put(out, fill + 32, 32);
    put_u32le(out, 16);
    put(out, fill + 32, 16);
}

static void
put_integer(struct bytes *b, const uint8_t number[32])
{
    uint8_t bytes[33] = { 0 };
    size_t skip = 1;

    memcpy(bytes + 1, number, 32);
    while (skip < 32 && bytes[skip] == 0)
        skip++;
    skip -= (bytes[skip] & 0x80) != 0;
    put_tlv(b, 0x02, bytes + skip, sizeof bytes - skip);
}

/* The bytes of make_envelope: what is encrypted is 0x5a throughout. */
static void
put_cipher(struct bytes *b, const struct key *any)
{
    struct bytes content = { .n = 0 };
    uint8_t fill[32];

    memset(fill, 0x5a, sizeof fill);
    put_integer(&content, any->point);
    put_integer(&content, any->point + 32);
    put_tlv(&content, 0x04, fill, 32);
    put_tlv(&content, 0x04, fill, 16);
    put_all(b, 0x30, &content);
}

#define SM4_ECB "\x30\x0c\x06\x08\x2a\x81\x1c\xcf\x55\x01\x68\x01\x05\x00"
#define SM4_CBC                                                                                    \
    "\x30\x1b\x06\x07\x2a\x81\x1c\xcf\x55\x01\x68\x04\x10"                                         \
    "0123456789abcdef"

void
make_envelope_asn1(const struct key *encryption, const struct key *any, bool padded,
                   struct bytes *out)
{
    struct bytes content = { .n = 0 };
    uint8_t point[65] = { 4 }, fill[48];

    memset(fill, 0x5a, sizeof fill);
    put(&content, SM4_ECB, sizeof SM4_ECB - 1);
    put_cipher(&content, any);
    memcpy(point + 1, encryption->point, 64);
    put_bits(&content, 0, point, sizeof point);
    put_bits(&content, 0, fill, padded ? 48 : 32);
    out->n = 0;
    put_all(out, 0x30, &content);
}

void
make_envelope_cms(const struct key *any, bool cbc, struct bytes *out)
{
    static const char enveloped[] = "\x06\x0a\x2a\x81\x1c\xcf\x55\x06\x01\x04\x02\x03",
                      data[] = "\x06\x0a\x2a\x81\x1c\xcf\x55\x06\x01\x04\x02\x01",
                      sm2[] = "\x30\x0b\x06\x09\x2a\x81\x1c\xcf\x55\x01\x82\x2d\x03";
    struct bytes recipient = { .n = 0 }, set = { .n = 0 }, info = { .n = 0 }, all = { .n = 0 },
                 outer = { .n = 0 }, cipher = { .n = 0 }, whole = { .n = 0 };
    uint8_t fill[32];

    memset(fill, 0x5a, sizeof fill);
    put_cipher(&cipher, any);
    put_tlv(&recipient, 0x02, "\2", 1);
    put_tlv(&recipient, 0x80, "card", 4);
    put(&recipient, sm2, sizeof sm2 - 1);
    put_all(&recipient, 0x04, &cipher);
    put_all(&set, 0x30, &recipient);
    put(&info, data, sizeof data - 1);
    put(&info, cbc ? SM4_CBC : SM4_ECB, cbc ? sizeof SM4_CBC - 1 : sizeof SM4_ECB - 1);
    put_tlv(&info, 0x80, fill, sizeof fill);
    put_tlv(&all, 0x02, "\2", 1);
    put_all(&all, 0x31, &set);
    put_all(&all, 0x30, &info);
    put_all(&outer, 0x30, &all);
    put(&whole, enveloped, sizeof enveloped - 1);
    put_all(&whole, 0xa0, &outer);
    out->n = 0;
    put_all(out, 0x30, &whole);
}

/* ---- cells ---- */

static char *texts[TEXTS_MAX];
static size_t n_texts;

static struct perso_text
keep(char *string)
{
    must(string != NULL && n_texts < TEXTS_MAX, "text");
    texts[n_texts++] = string;
    return (struct perso_text) { string, (uint32_t)strlen(string) };
}

void
texts_free(void)
{
    while (n_texts > 0)
        free(texts[--n_texts]);
}

struct perso_text
text(const char *string)
{
    return (struct perso_text) { string, (uint32_t)strlen(string) };
}

bool
same_text(struct perso_text have, const char *want)
{
    return have.bytes == strlen(want) && memcmp(have.at, want, have.bytes) == 0;
}

void
cells_clear(struct perso_cells *cells)
{
    *cells = (struct perso_cells) { .n_other = 0 };
    for (size_t i = 0; i < PERSO_COLUMN_COUNT; i++)
        cells->known[i] = text("");
}

void
cell_set(struct perso_cells *cells, enum perso_column column, const char *string)
{
    cells->known[column] = keep(strdup(string));
}

void
cell_set_hex(struct perso_cells *cells, enum perso_column column, const uint8_t *at, size_t n)
{
    char *hex = calloc(2 * n + 1, 1);

    for (size_t i = 0; hex != NULL && i < n; i++)
        snprintf(hex + 2 * i, 3, "%02X", at[i]);
    cells->known[column] = keep(hex);
}

void
cell_set_base64(struct perso_cells *cells, enum perso_column column, const void *at, size_t n)
{
    char *base64 = calloc((n + 2) / 3 * 4 + 1, 1);

    if (base64 != NULL)
        EVP_EncodeBlock((unsigned char *)base64, at, (int)n);
    cells->known[column] = keep(base64);
}

bool
waive_one(void *self, size_t i, enum perso_reject reject)
{
    const struct waived *waived = self;

    return waived->index == i && waived->reject == reject;
}
