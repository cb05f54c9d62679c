#include "tests/formats/pki/pki_make.h"

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "formats/sm2/sm3.h"

static const uint8_t sm2_sm3[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x81,
                                   0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75 };

EVP_PKEY *
make_key(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    assert_non_null(key);
    return key;
}

void
make_point(EVP_PKEY *key, uint8_t point[64])
{
    uint8_t encoded[65];
    size_t n;
    assert_int_equal(EVP_PKEY_get_octet_string_param(key, "pub", encoded, sizeof encoded, &n), 1);
    assert_int_equal(n, 65);
    memcpy(point, encoded + 1, 64);
}

void
made_add(struct made *to, const void *bytes, size_t n)
{
    assert_true(to->n + n <= sizeof to->at);
    if (n > 0)
        memcpy(to->at + to->n, bytes, n);
    to->n += n;
}

struct made
make_tlv(uint8_t tag, const void *body, size_t n)
{
    struct made ret = { .n = 0 };
    uint8_t header[4] = { tag };
    size_t header_bytes = 2;

    if (n < 0x80) {
        header[1] = (uint8_t)n;
    } else if (n < 0x100) {
        header[1] = 0x81;
        header[2] = (uint8_t)n;
        header_bytes = 3;
    } else {
        header[1] = 0x82;
        header[2] = (uint8_t)(n >> 8);
        header[3] = (uint8_t)n;
        header_bytes = 4;
    }
    made_add(&ret, header, header_bytes);
    made_add(&ret, body, n);
    return ret;
}

void
made_add_tlv(struct made *to, uint8_t tag, const void *body, size_t n)
{
    struct made element = make_tlv(tag, body, n);
    made_add(to, element.at, element.n);
}

void
made_replace(struct made *in, size_t at, size_t out_bytes, const void *bytes, size_t n)
{
    assert_true(at + out_bytes <= in->n && in->n - out_bytes + n <= sizeof in->at);
    memmove(in->at + at + n, in->at + at + out_bytes, in->n - at - out_bytes);
    if (n > 0)
        memcpy(in->at + at, bytes, n);
    in->n = in->n - out_bytes + n;
}

size_t
made_find(const struct made *in, const void *bytes, size_t n)
{
    for (size_t at = 0; at + n <= in->n; at++)
        if (memcmp(in->at + at, bytes, n) == 0)
            return at;
    fail_msg("bytes to be changed are not there");
    return 0;
}

struct made
make_signature(EVP_PKEY *key, const char *id, const void *message, size_t n)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *context = NULL;
    struct made ret = { .n = sizeof ret.at };

    assert_int_equal(EVP_DigestSignInit(md, &context, EVP_sm3(), NULL, key), 1);
    if (id[0] != '\0')
        assert_int_equal(EVP_PKEY_CTX_set1_id(context, id, (int)strlen(id)), 1);
    assert_int_equal(EVP_DigestSign(md, ret.at, &ret.n, message, n), 1);
    EVP_MD_CTX_free(md);
    return ret;
}

struct made
make_signature_of_digest(EVP_PKEY *key, const uint8_t digest[32])
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    struct made ret = { .n = sizeof ret.at };

    assert_int_equal(EVP_PKEY_sign_init(context), 1);
    assert_int_equal(EVP_PKEY_sign(context, ret.at, &ret.n, digest, 32), 1);
    EVP_PKEY_CTX_free(context);
    return ret;
}

struct made
make_signed(const struct made *tbs, const void *algorithm, size_t algorithm_bytes,
            const void *signature, size_t signature_bytes)
{
    struct made body = *tbs, bits = { .at = { 0 }, .n = 1 };

    made_add(&bits, signature, signature_bytes);
    made_add(&body, algorithm, algorithm_bytes);
    made_add_tlv(&body, 0x03, bits.at, bits.n);
    return make_tlv(0x30, body.at, body.n);
}

struct made
make_signed_by(EVP_PKEY *key, const char *id, const struct made *tbs)
{
    struct made signature = make_signature(key, id, tbs->at, tbs->n);
    return make_signed(tbs, sm2_sm3, sizeof sm2_sm3, signature.at, signature.n);
}

static void
name_add(X509_NAME *name, const char *type, const char *value)
{
    if (value != NULL)
        assert_int_equal(X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8,
                                                    (const unsigned char *)value, -1, -1, 0),
                         1);
}

static struct made
made_of(unsigned char *der, int n)
{
    struct made ret = { .n = 0 };
    assert_true(n > 0);
    made_add(&ret, der, (size_t)n);
    OPENSSL_free(der);
    return ret;
}

struct made
make_request_info(EVP_PKEY *key, const char *common_name, const char *serial_number)
{
    X509_REQ *request = X509_REQ_new();
    unsigned char *der = NULL;

    assert_int_equal(X509_REQ_set_version(request, 0), 1);
    name_add(X509_REQ_get_subject_name(request), "C", "CN");
    name_add(X509_REQ_get_subject_name(request), "CN", common_name);
    name_add(X509_REQ_get_subject_name(request), "serialNumber", serial_number);
    assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
    int n = i2d_re_X509_REQ_tbs(request, &der);
    X509_REQ_free(request);
    return made_of(der, n);
}

struct made
make_request(EVP_PKEY *key, const char *id, const char *common_name)
{
    struct made info = make_request_info(key, common_name, NULL);
    return make_signed_by(key, id, &info);
}

static ASN1_OCTET_STRING *
standard_id(void)
{
    ASN1_OCTET_STRING *ret = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(ret, (const unsigned char *)PERSO_SM2_ID, (int)strlen(PERSO_SM2_ID));
    return ret;
}

bool
openssl_accepts_request(const uint8_t *der, size_t n)
{
    const unsigned char *at = der;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)n);
    bool ret = false;

    if (request != NULL && at == der + n) {
        X509_REQ_set0_distinguishing_id(request, standard_id());
        EVP_PKEY *key = X509_REQ_get0_pubkey(request);
        ret = key != NULL && X509_REQ_verify(request, key) == 1;
    }
    X509_REQ_free(request);
    ERR_clear_error();
    return ret;
}

static void
set_time(ASN1_TIME *to, const char *text)
{
    assert_int_equal(ASN1_TIME_set_string_X509(to, text), 1);
}

static void
add_extensions(X509 *certificate, const struct make_certificate *what)
{
    const struct {
        int nid;
        const char *value;
    } usual[] = { { NID_basic_constraints, what->constraints },
                  { NID_key_usage, what->key_usage } };

    for (size_t i = 0; i < 2; i++) {
        if (usual[i].value == NULL)
            continue;
        X509_EXTENSION *one = X509V3_EXT_conf_nid(NULL, NULL, usual[i].nid, usual[i].value);
        assert_non_null(one);
        assert_int_equal(X509_add_ext(certificate, one, -1), 1);
        X509_EXTENSION_free(one);
    }
    if (what->extra_oid == NULL)
        return;
    ASN1_OBJECT *oid = OBJ_txt2obj(what->extra_oid, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(value, what->extra, (int)what->extra_bytes);
    X509_EXTENSION *one = X509_EXTENSION_create_by_OBJ(NULL, oid, what->extra_critical, value);
    assert_int_equal(X509_add_ext(certificate, one, -1), 1);
    X509_EXTENSION_free(one);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
}

struct made
make_certificate(const struct make_certificate *what)
{
    static long serial = 1000;
    const char *id = what->id != NULL ? what->id : PERSO_SM2_ID;
    X509 *certificate = X509_new();
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *context = NULL;
    unsigned char *der = NULL;

    assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    name_add(X509_get_subject_name(certificate), "CN", what->common_name);
    name_add(X509_get_issuer_name(certificate), "CN", what->issuer);
    set_time(X509_getm_notBefore(certificate), what->begins ? what->begins : "20200101000000Z");
    set_time(X509_getm_notAfter(certificate), what->ends ? what->ends : "20391231235959Z");
    assert_int_equal(X509_set_pubkey(certificate, what->key), 1);
    add_extensions(certificate, what);
    assert_int_equal(EVP_DigestSignInit(md, &context, EVP_sm3(), NULL, what->issuer_key), 1);
    if (id[0] != '\0')
        assert_int_equal(EVP_PKEY_CTX_set1_id(context, id, (int)strlen(id)), 1);
    assert_true(X509_sign_ctx(certificate, md) > 0);
    int n = i2d_X509(certificate, &der);
    EVP_MD_CTX_free(md);
    X509_free(certificate);
    return made_of(der, n);
}

bool
openssl_accepts_certificate(const uint8_t *der, size_t n, EVP_PKEY *issuer_key)
{
    const unsigned char *at = der;
    X509 *certificate = d2i_X509(NULL, &at, (long)n);
    bool ret = false;

    if (certificate != NULL && at == der + n) {
        X509_set0_distinguishing_id(certificate, standard_id());
        ret = X509_verify(certificate, issuer_key) == 1;
    }
    X509_free(certificate);
    ERR_clear_error();
    return ret;
}
