/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <openssl/pkcs7.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "formats/pki/der.h"
#include "formats/pki/pkcs7.h"
#include "tests/formats/pki/pki_make.h"

static const uint8_t oid_data[] = {
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01
};
static const uint8_t oid_signed[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                      0xf7, 0x0d, 0x01, 0x07, 0x02 };
static const uint8_t oid_gm_signed[] = { 0x06, 0x0a, 0x2a, 0x81, 0x1c, 0xcf,
                                         0x55, 0x06, 0x01, 0x04, 0x02, 0x02 };
static EVP_PKEY *key;
static struct made certificates[3];

static int
make_all(void **state)
{
    static const char *const names[] = { "one", "two", "CA" };
    (void)state;

    key = make_key();
    for (int i = 0; i < 3; i++)
        certificates[i] = make_certificate(&(struct make_certificate) {
            .key = key, .issuer_key = key, .common_name = names[i], .issuer = "CA" });
    return 0;
}

static int
free_all(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}

static X509 *
x509_of(const struct made *made)
{
    const unsigned char *at = made->at;
    X509 *ret = d2i_X509(NULL, &at, (long)made->n);
    assert_non_null(ret);
    return ret;
}

/* As `openssl crl2pkcs7 -certfile` writes it, with the given number of revocation lists. */
static struct made
degenerate(int n_certificates, int n_lists)
{
    struct made ret;
    PKCS7 *p7 = PKCS7_new();
    unsigned char *at = ret.at;

    assert_int_equal(PKCS7_set_type(p7, NID_pkcs7_signed), 1);
    assert_int_equal(PKCS7_content_new(p7, NID_pkcs7_data), 1);
    PKCS7_set_detached(p7, 1);
    for (int i = 0; i < n_certificates; i++) {
        X509 *x509 = x509_of(&certificates[i]);
        assert_int_equal(PKCS7_add_certificate(p7, x509), 1);
        X509_free(x509);
    }
    for (int i = 0; i < n_lists; i++) {
        X509_CRL *list = X509_CRL_new();
        ASN1_TIME *now = ASN1_TIME_set(NULL, 0);
        X509_CRL_set1_lastUpdate(list, now);
        X509_CRL_sign(list, key, EVP_sm3());
        assert_int_equal(PKCS7_add_crl(p7, list), 1);
        X509_CRL_free(list);
        ASN1_TIME_free(now);
    }
    ret.n = (size_t)i2d_PKCS7(p7, &at);
    PKCS7_free(p7);
    return ret;
}

/* With a signer, as a CA that signs its answers writes it. */
static struct made
signed_by_somebody(void)
{
    struct made ret;
    EVP_PKEY *rsa = EVP_RSA_gen(1024);
    X509 *x509 = X509_new(), *other = x509_of(&certificates[0]);
    STACK_OF(X509) *others = sk_X509_new_null();
    BIO *content = BIO_new_mem_buf("answer", 6);
    unsigned char *at = ret.at;

    sk_X509_push(others, other);
    X509_set_pubkey(x509, rsa);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 7);
    X509_gmtime_adj(X509_getm_notBefore(x509), 0);
    X509_gmtime_adj(X509_getm_notAfter(x509), 86400);
    assert_true(X509_sign(x509, rsa, EVP_sha256()) > 0);
    PKCS7 *p7 = PKCS7_sign(x509, rsa, others, content, PKCS7_BINARY);
    assert_non_null(p7);
    ret.n = (size_t)i2d_PKCS7(p7, &at);
    PKCS7_free(p7);
    BIO_free(content);
    sk_X509_free(others);
    X509_free(other);
    X509_free(x509);
    EVP_PKEY_free(rsa);
    return ret;
}

/* ContentInfo { type, [0] SignedData { 1, {}, { content }, parts } } */
static struct made
wrap(const uint8_t *type, size_t type_bytes, const struct made *parts)
{
    struct made data = { .n = 0 }, content = { .n = 0 }, info = { .n = 0 };

    made_add_tlv(&data, 0x02, "\x01", 1);
    made_add_tlv(&data, 0x31, "", 0);
    made_add_tlv(&data, 0x30, oid_data, sizeof oid_data);
    made_add(&data, parts->at, parts->n);
    made_add_tlv(&content, 0x30, data.at, data.n);
    made_add(&info, type, type_bytes);
    made_add_tlv(&info, 0xa0, content.at, content.n);
    return make_tlv(0x30, info.at, info.n);
}

static void
expect_set(struct perso_cursor set, int n)
{
    struct perso_error err = { 0 };
    struct perso_cursor der;

    for (int i = 0; i < n; i++) {
        assert_int_equal(perso_certificate_set_next(&set, &der, &err), PERSO_OK);
        assert_int_equal(perso_left(&der), certificates[i].n);
        assert_memory_equal(der.at, certificates[i].at, certificates[i].n);
    }
    assert_int_equal(perso_certificate_set_next(&set, &der, &err), PERSO_END);
}

static void
certificates_of_openssl_are_read(void **state) /* RFC 2315 9.1 */
{
    (void)state;
    for (int n = 0; n <= 3; n++)
        for (int lists = 0; lists <= 2; lists++) {
            struct made made = degenerate(n, lists);
            struct perso_error err = { 0 };
            struct perso_pkcs7 read;
            if (perso_pkcs7_read(perso_cursor_of(made.at, made.n), &read, &err) != PERSO_OK)
                fail_msg("%d certificates, %d lists: %s", n, lists, err.text);
            assert_false(read.has_signers);
            expect_set(read.certificates, n);
        }
}

static void
signers_are_seen_but_not_judged(void **state)
{
    struct made made = signed_by_somebody();
    struct perso_error err = { 0 };
    struct perso_pkcs7 read;
    struct perso_cursor der;
    int n = 0;
    (void)state;

    assert_int_equal(perso_pkcs7_read(perso_cursor_of(made.at, made.n), &read, &err), PERSO_OK);
    assert_true(read.has_signers);
    while (perso_certificate_set_next(&read.certificates, &der, &err) == PERSO_OK)
        n++;
    assert_int_equal(n, 2);
}

static void
types_of_gmt_0010_are_read(void **state) /* GM/T 0010-2012 */
{
    struct made parts = { .n = 0 }, set = { .n = 0 };
    struct perso_error err = { 0 };
    struct perso_pkcs7 read;
    (void)state;

    for (int i = 0; i < 2; i++)
        made_add(&set, certificates[i].at, certificates[i].n);
    made_add_tlv(&parts, 0xa0, set.at, set.n);
    made_add_tlv(&parts, 0x31, "", 0);
    struct made made = wrap(oid_gm_signed, sizeof oid_gm_signed, &parts);
    assert_int_equal(perso_pkcs7_read(perso_cursor_of(made.at, made.n), &read, &err), PERSO_OK);
    expect_set(read.certificates, 2);
}

static void
expect_refused(const char *what, const struct made *made, const char *want)
{
    struct perso_error err = { 0 };
    struct perso_pkcs7 read;
    enum perso_result rc = perso_pkcs7_read(perso_cursor_of(made->at, made->n), &read, &err);

    if (rc != PERSO_REJECT || err.reject != PERSO_REJ_FILE_FORMAT || strcmp(err.text, want) != 0)
        fail_msg("%s: have \"%s\", want \"%s\"", what, err.text, want);
}

static void
other_types_are_named(void **state)
{
    static const char *const want[] = {
        NULL,
        "data, where SignedData is expected",
        NULL,
        "EnvelopedData, where SignedData is expected",
        "SignedAndEnvelopedData, where SignedData is expected",
        "DigestedData or EncryptedData, where SignedData is expected",
        "EncryptedData or KeyAgreementInfo, where SignedData is expected",
        "neither PKCS#7 nor a type of GM/T 0010",
    };
    struct made none = { .n = 0 };
    uint8_t type[sizeof oid_gm_signed];
    (void)state;

    for (uint8_t i = 1; i <= 7; i++) {
        memcpy(type, oid_gm_signed, sizeof type);
        type[sizeof type - 1] = i;
        struct made made = wrap(type, sizeof type, &none);
        if (want[i] != NULL)
            expect_refused("GM/T 0010", &made, want[i]);
        memcpy(type, oid_signed, sizeof oid_signed);
        type[sizeof oid_signed - 1] = i;
        made = wrap(type, sizeof oid_signed, &none);
        if (want[i] != NULL)
            expect_refused("PKCS#7", &made, want[i]);
    }
}

#define BER "BER with an indefinite length, where DER is expected"

static void
damage_is_named(void **state)
{
    /* The contents of [0]: SEQUENCE { 1, {}, { OID }, ... } */
    static const struct {
        const char *what, *bytes;
        size_t n;
        const char *want; /* NULL: it is sound */
    } cases[] = {
        { "no certificates", "\x30\x0c\x02\x01\x01\x31\x00\x30\x03\x06\x01\x2a\x31\x00", 14, NULL },
        { "with content", "\x30\x0e\x02\x01\x01\x31\x00\x30\x05\x06\x01\x2a\xa0\x00\x31\x00", 16,
          NULL },
        { "bytes after", "\x30\x0c\x02\x01\x01\x31\x00\x30\x03\x06\x01\x2a\x31\x00\x00", 15,
          "SignedData is not one SEQUENCE" },
        { "indefinite", "\x30\x80\x02\x01\x01\x31\x00\x30\x03\x06\x01\x2a\x31\x00\x00\x00", 16,
          BER },
        { "no version", "\x30\x09\x31\x00\x30\x03\x06\x01\x2a\x31\x00", 11,
          "SignedData without a version" },
        { "negative version", "\x30\x0c\x02\x01\xff\x31\x00\x30\x03\x06\x01\x2a\x31\x00", 14,
          "SignedData without a version" },
        { "no algorithms", "\x30\x0c\x02\x01\x01\x30\x00\x30\x03\x06\x01\x2a\x31\x00", 14,
          "SignedData without its digest algorithms" },
        { "no content", "\x30\x05\x02\x01\x01\x31\x00", 7, "SignedData without its content" },
        { "content without a type", "\x30\x07\x02\x01\x01\x31\x00\x30\x00", 9,
          "SignedData without the type of its content" },
        { "content under [1]", "\x30\x0e\x02\x01\x01\x31\x00\x30\x05\x06\x01\x2a\xa1\x00\x31\x00",
          16, "SignedData has not one content in [0]" },
        { "indefinite content", "\x30\x0e\x02\x01\x01\x31\x00\x30\x05\x06\x01\x2a\xa0\x80\x31\x00",
          16, BER },
        { "certificates cut", "\x30\x0c\x02\x01\x01\x31\x00\x30\x03\x06\x01\x2a\xa0\x05", 14,
          "certificates are cut" },
        { "certificates indefinite", "\x30\x0c\x02\x01\x01\x31\x00\x30\x03\x06\x01\x2a\xa0\x80", 14,
          BER },
        { "no signers", "\x30\x0c\x02\x01\x01\x31\x00\x30\x03\x06\x01\x2a\xa0\x00", 14,
          "no set of signers behind the certificates" },
        { "lists before certificates",
          "\x30\x10\x02\x01\x01\x31\x00\x30\x03\x06\x01\x2a\xa1\x00\xa0\x00\x31\x00", 18,
          "no set of signers behind the certificates" },
        { "signers are a sequence", "\x30\x0c\x02\x01\x01\x31\x00\x30\x03\x06\x01\x2a\x30\x00", 14,
          "no set of signers behind the certificates" },
        { "two sets of signers", "\x30\x0e\x02\x01\x01\x31\x00\x30\x03\x06\x01\x2a\x31\x00\x31\x00",
          16, "bytes after the signers" },
        { "nothing", "", 0, "SignedData is not one SEQUENCE" },
    };
    struct perso_pkcs7 read;
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct made info = { .n = 0 };
        struct perso_error err = { 0 };
        made_add(&info, oid_signed, sizeof oid_signed);
        made_add_tlv(&info, 0xa0, cases[i].bytes, cases[i].n);
        struct made made = make_tlv(0x30, info.at, info.n);
        if (cases[i].want != NULL)
            expect_refused(cases[i].what, &made, cases[i].want);
        else if (perso_pkcs7_read(perso_cursor_of(made.at, made.n), &read, &err) != PERSO_OK)
            fail_msg("%s: %s", cases[i].what, err.text);
    }
}

static void
outer_damage_is_named(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *want;
    } cases[] = {
        { "\x30\x80\x06\x01\x2a\x00\x00", 7, BER },
        { "\x30\x00", 2, "not a ContentInfo" },
        { "\x31\x03\x06\x01\x2a", 5, "cut, or its length is wrong" },
        { "\x30\x03\x06\x01\x2a", 5, "neither PKCS#7 nor a type of GM/T 0010" },
        { "\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 13, "not one content in [0]" },
        { "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80", 15, BER },
        { "\x30\x0f\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x00\x05\x00", 17,
          "not one content in [0]" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct made made = { .n = 0 };
        made_add(&made, cases[i].bytes, cases[i].n);
        expect_refused(cases[i].want, &made, cases[i].want);
    }
}

static void
every_cut_is_refused(void **state)
{
    struct made made = degenerate(2, 1);
    struct perso_pkcs7 read;
    (void)state;

    for (size_t n = 0; n < made.n; n++) {
        struct perso_error err = { 0 };
        assert_int_equal(perso_pkcs7_read(perso_cursor_of(made.at, n), &read, &err), PERSO_REJECT);
    }
    made_add(&made, "\n", 1);
    expect_refused("a byte more", &made, "bytes after its end");
}

static void
members_that_are_no_certificates_are_named(void **state) /* RFC 5652 10.2.2 */
{
    static const struct {
        uint8_t tag;
        const char *want;
    } cases[] = {
        { 0xa0, "an extended certificate of PKCS#6 in the set" },
        { 0xa1, "an attribute certificate in the set" },
        { 0xa2, "an attribute certificate in the set" },
        { 0xa3, "something that is no certificate in the set" },
        { 0x31, "something that is no certificate in the set" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct made made = certificates[0], other = make_tlv(cases[i].tag, "\x05", 1);
        made_add(&made, other.at, other.n);
        struct perso_cursor set = perso_cursor_of(made.at, made.n), der, before;
        struct perso_error err = { 0 };
        assert_int_equal(perso_certificate_set_next(&set, &der, &err), PERSO_OK);
        before = set;
        assert_int_equal(perso_certificate_set_next(&set, &der, &err), PERSO_REJECT);
        assert_string_equal(err.text, cases[i].want);
        assert_ptr_equal(set.at, before.at);
    }
}

/* SEQUENCE { SET signing, [0] envelope, [1] encryption }; an empty part is left out. */
static struct made
response_of(const struct made *envelope, bool explicit_tags)
{
    struct made body = { .n = 0 }, inner;

    made_add_tlv(&body, 0x31, certificates[0].at, certificates[0].n);
    if (envelope != NULL) {
        inner = explicit_tags ? make_tlv(0x30, envelope->at, envelope->n) : *envelope;
        made_add_tlv(&body, 0xa0, inner.at, inner.n);
        inner =
            explicit_tags ? make_tlv(0x31, certificates[1].at, certificates[1].n) : certificates[1];
        made_add_tlv(&body, 0xa1, inner.at, inner.n);
    }
    return make_tlv(0x30, body.at, body.n);
}

static void
responses_of_gmt_0092_are_read(void **state) /* GM/T 0092-2020, DOMAIN 5.4 */
{
    struct made envelope = make_tlv(0x30, "\x06\x01\x2a", 3);
    struct perso_csr_response read;
    struct perso_error err = { 0 };
    (void)state;

    made_add_tlv(&envelope, 0x30, "\x02\x01\x05", 3);
    made_add_tlv(&envelope, 0x03, "\x00\x04", 2);
    made_add_tlv(&envelope, 0x03, "\x00\x07", 2);
    for (int explicit_tags = 0; explicit_tags <= 1; explicit_tags++) {
        struct made made = response_of(&envelope, explicit_tags);
        assert_int_equal(perso_csr_response_read(perso_cursor_of(made.at, made.n), &read, &err),
                         PERSO_OK);
        assert_int_equal(perso_left(&read.envelope), envelope.n);
        assert_memory_equal(read.envelope.at, envelope.at, envelope.n);
        assert_int_equal(perso_left(&read.signing), certificates[0].n);
        assert_int_equal(perso_left(&read.encryption), certificates[1].n);
        assert_memory_equal(read.encryption.at, certificates[1].at, certificates[1].n);
        for (size_t n = 0; n < made.n; n++)
            assert_int_equal(perso_csr_response_read(perso_cursor_of(made.at, n), &read, &err),
                             PERSO_REJECT);
    }
    struct made alone = response_of(NULL, false);
    assert_int_equal(perso_csr_response_read(perso_cursor_of(alone.at, alone.n), &read, &err),
                     PERSO_OK);
    assert_int_equal(perso_left(&read.envelope) + perso_left(&read.encryption), 0);
}

static void
responses_of_another_shape_are_refused(void **state)
{
    static const struct {
        const char *what, *bytes;
        size_t n;
        const char *want;
    } cases[] = {
        { "a sequence", "\x30\x02\x30\x00", 4, "no set of certificates" },
        { "indefinite", "\x30\x80\x31\x00\x00\x00", 6,
          "BER with an indefinite length, where DER is expected" },
        { "empty envelope", "\x30\x04\x31\x00\xa0\x00", 6, "envelope is not an SM2EnvelopedKey" },
        { "two sets", "\x30\x08\x31\x00\xa1\x04\x31\x00\x31\x00", 10,
          "bytes after the encryption certificates" },
        { "parts the other way", "\x30\x06\x31\x00\xa1\x00\xa0\x00", 8,
          "something after its parts" },
        { "envelope cut", "\x30\x04\x31\x00\xa0\x01", 6, "envelope is cut" },
        { "envelope indefinite", "\x30\x04\x31\x00\xa0\x80", 6,
          "BER with an indefinite length, where DER is expected" },
        { "encryption cut", "\x30\x04\x31\x00\xa1\x01", 6, "encryption certificates are cut" },
        { "bytes after", "\x30\x02\x31\x00\x00", 5, "bytes after its end" },
    };
    struct perso_csr_response read;
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct perso_error err = { 0 };
        enum perso_result rc =
            perso_csr_response_read(perso_cursor_of(cases[i].bytes, cases[i].n), &read, &err);
        if (rc != PERSO_REJECT || strcmp(err.text, cases[i].want) != 0)
            fail_msg("%s: have \"%s\", want \"%s\"", cases[i].what, err.text, cases[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_of_openssl_are_read),
        cmocka_unit_test(signers_are_seen_but_not_judged),
        cmocka_unit_test(types_of_gmt_0010_are_read),
        cmocka_unit_test(other_types_are_named),
        cmocka_unit_test(damage_is_named),
        cmocka_unit_test(outer_damage_is_named),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(members_that_are_no_certificates_are_named),
        cmocka_unit_test(responses_of_gmt_0092_are_read),
        cmocka_unit_test(responses_of_another_shape_are_refused),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
