/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <openssl/ec.h>
#include <string.h>

#include "formats/pki/pkcs10.h"
#include "formats/sm2/sm2.h"
#include "formats/sm2/sm3.h"
#include "tests/formats/pki/pki_make.h"

#define SUBJECT "张𠰰三"

static const uint8_t algorithm[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x81,
                                     0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75 };
static EVP_PKEY *key;

/* Read and proof of possession, as ingest judges. */
static enum perso_reject
judge(const uint8_t *der, size_t n, struct perso_error *err)
{
    struct perso_pkcs10 request;
    uint8_t e[PERSO_SM3_BYTES];
    struct perso_sm2_item item = { request.public_key, e, request.rs };
    enum perso_sm2_verdict verdict;

    *err = (struct perso_error) { 0 };
    enum perso_result rc = perso_pkcs10_read(perso_cursor_of(der, n), 0, NULL, &request, err);
    assert_true(rc == PERSO_OK || (rc == PERSO_REJECT && err->reject != PERSO_REJ_NONE));
    if (rc == PERSO_REJECT)
        return err->reject;
    assert_true(perso_pkcs10_e(&request, PERSO_SM2_ID, e));
    assert_int_equal(perso_sm2_verify(NULL, &item, 1, &verdict, err), PERSO_OK);
    if (verdict == PERSO_SM2_ACCEPTED)
        return PERSO_REJ_NONE;
    enum perso_reject why = PERSO_REJ_NONE;
    assert_int_equal(perso_pkcs10_diagnose(&request, &why, err), PERSO_OK);
    return why;
}

static void
expect(const char *what, const struct made *request, enum perso_reject want, const char *text)
{
    struct perso_error err;
    enum perso_reject have = judge(request->at, request->n, &err);

    if (have != want)
        fail_msg("%s: have %s %s, want %s", what, perso_reject_name(have), err.text,
                 perso_reject_name(want));
    if (text != NULL && strcmp(err.text, text) != 0)
        fail_msg("%s: have \"%s\", want \"%s\"", what, err.text, text);
    if (have == PERSO_REJ_NONE && !openssl_accepts_request(request->at, request->n))
        fail_msg("%s: OpenSSL does not accept it", what);
}

static void
request_of_openssl_holds(void **state) /* GM/T 0092-2020, RFC 2986 4 */
{
    struct made request = make_request(key, PERSO_SM2_ID, SUBJECT);
    struct perso_pkcs10 read;
    struct perso_error err = { 0 };
    uint8_t point[64];

    (void)state;
    expect("sound", &request, PERSO_REJ_NONE, NULL);
    assert_int_equal(
        perso_pkcs10_read(perso_cursor_of(request.at, request.n), 0, NULL, &read, &err), PERSO_OK);
    make_point(key, point);
    assert_memory_equal(read.public_key, point, 64);
    assert_ptr_equal(read.info.at,
                     request.at + made_find(&request, read.info.at, perso_left(&read.info)));
}

static void
wrong_signing_is_named(void **state) /* GM/T 0009-2012, GB/T 32918.2 6.1 */
{
    struct made info = make_request_info(key, SUBJECT, NULL), request, signature;
    uint8_t digest[32];

    (void)state;
    request = make_signed_by(key, "", &info);
    expect("empty id", &request, PERSO_REJ_POP_EMPTY_ID, NULL);

    assert_true(perso_sm3_of(info.at, info.n, digest));
    signature = make_signature_of_digest(key, digest);
    request = make_signed(&info, algorithm, sizeof algorithm, signature.at, signature.n);
    expect("no Z", &request, PERSO_REJ_POP_NO_Z, NULL);

    assert_int_equal(EVP_Digest(info.at, info.n, digest, NULL, EVP_sha256(), NULL), 1);
    signature = make_signature_of_digest(key, digest);
    request = make_signed(&info, algorithm, sizeof algorithm, signature.at, signature.n);
    expect("SHA-256", &request, PERSO_REJ_POP_SHA256, NULL);

    request = make_signed_by(key, "ALICE123@YAHOO.COM", &info);
    expect("another id", &request, PERSO_REJ_POP_FAILED, NULL);

    EVP_PKEY *stranger = make_key();
    request = make_signed_by(stranger, PERSO_SM2_ID, &info);
    expect("another key", &request, PERSO_REJ_POP_FAILED, NULL);
    EVP_PKEY_free(stranger);
}

/* r || s of a DER signature. */
static void
raw_of(const struct made *signature, uint8_t rs[64])
{
    const unsigned char *at = signature->at;
    ECDSA_SIG *both = d2i_ECDSA_SIG(NULL, &at, (long)signature->n);
    BN_bn2binpad(ECDSA_SIG_get0_r(both), rs, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(both), rs + 32, 32);
    ECDSA_SIG_free(both);
}

static void
expect_signature(const char *what, const struct made *info, const struct made *signature,
                 enum perso_reject want, const char *text)
{
    struct made request =
        make_signed(info, algorithm, sizeof algorithm, signature->at, signature->n);
    expect(what, &request, want, text);
}

/* SEQUENCE { r, s } of given contents. */
static struct made
two_integers(const void *r, size_t r_bytes, const void *s, size_t s_bytes)
{
    struct made body = { .n = 0 };
    made_add_tlv(&body, 0x02, r, r_bytes);
    made_add_tlv(&body, 0x02, s, s_bytes);
    return make_tlv(0x30, body.at, body.n);
}

static void
signature_is_der_r_and_s_in_range(void **state) /* GM/T 0009-2012 7.3, GB/T 32918.2 7.1 */
{
    static const uint8_t n[33] = {
        0x00, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x72, 0x03, 0xDF, 0x6B, 0x21,
        0xC6, 0x05, 0x2B, 0x53, 0xBB, 0xF4, 0x09, 0x39, 0xD5, 0x41, 0x23
    };
    struct made info = make_request_info(key, SUBJECT, NULL);
    struct made good = make_signature(key, PERSO_SM2_ID, info.at, info.n), bad;
    uint8_t rs[64], wide[35] = { 0x01 }, zeros[34] = { 0 };

    (void)state;
    raw_of(&good, rs);
    bad.n = 0;
    made_add(&bad, rs, 64);
    expect_signature("raw", &info, &bad, PERSO_REJ_REQUEST_SYNTAX,
                     "raw r||s in the BIT STRING: raw is not tolerated");
    bad = two_integers("\x01", 1, n, 33);
    expect_signature("s = n", &info, &bad, PERSO_REJ_POP_FAILED, NULL);
    bad = two_integers(n, 33, "\x01", 1);
    expect_signature("r = n", &info, &bad, PERSO_REJ_POP_FAILED, NULL);
    bad = two_integers("\x00", 1, "\x01", 1);
    expect_signature("r = 0", &info, &bad, PERSO_REJ_POP_FAILED, NULL);
    bad = two_integers("\x01", 1, "\x00", 1);
    expect_signature("s = 0", &info, &bad, PERSO_REJ_POP_FAILED, NULL);
    bad = two_integers("\xff", 1, "\x01", 1);
    expect_signature("negative", &info, &bad, PERSO_REJ_REQUEST_SYNTAX,
                     "negative INTEGER in the signature");
    memcpy(zeros + 2, rs, 32);
    bad = two_integers("\x01", 1, zeros, 34);
    expect_signature("zeros", &info, &bad, PERSO_REJ_REQUEST_SYNTAX,
                     "superfluous zero in an INTEGER of the signature");
    bad = two_integers("", 0, "\x01", 1);
    expect_signature("empty", &info, &bad, PERSO_REJ_REQUEST_SYNTAX,
                     "empty INTEGER in the signature");
    bad = two_integers(wide, 33, "\x01", 1);
    expect_signature("33 bytes", &info, &bad, PERSO_REJ_REQUEST_SYNTAX,
                     "INTEGER of the signature is too long");
    bad = good;
    made_add(&bad, "", 1);
    expect_signature("after", &info, &bad, PERSO_REJ_REQUEST_SYNTAX,
                     "signature is not SEQUENCE { r, s }");
    bad = (struct made) { .n = 0 };
    expect_signature("none", &info, &bad, PERSO_REJ_REQUEST_SYNTAX,
                     "signature is not SEQUENCE { r, s }");
}

/* A request whose info was changed and that was signed again, so that only its form is judged. */
static void
expect_info(const char *what, struct made body, enum perso_reject want, const char *text)
{
    struct made info = make_tlv(0x30, body.at, body.n);
    struct made request = make_signed_by(key, PERSO_SM2_ID, &info);
    expect(what, &request, want, text);
}

/* The contents of an info, and in it the place and length of its parts. */
static struct made
info_body(size_t *spki)
{
    static const uint8_t spki_head[] = { 0x30, 0x59, 0x30, 0x13 };
    struct made info = make_request_info(key, SUBJECT, NULL), body = { .n = 0 };
    size_t header = info.at[1] < 0x80 ? 2 : 3;

    made_add(&body, info.at + header, info.n - header);
    *spki = made_find(&body, spki_head, sizeof spki_head);
    return body;
}

static const struct {
    const char *what;
    const char *spki; /* in place of the 91 bytes */
    size_t n;
    enum perso_reject want;
    const char *text;
} keys[] = {
    { "compressed",
      "\x30\x39\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x81\x1c\xcf"
      "\x55\x01\x82\x2d\x03\x22\x00\x02"
      "0123456789abcdef0123456789abcdef",
      59, PERSO_REJ_REQUEST_SYNTAX, "compressed point: compressed is not tolerated" },
    { "infinity",
      "\x30\x19\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x81\x1c\xcf"
      "\x55\x01\x82\x2d\x03\x02\x00\x00",
      27, PERSO_REJ_REQUEST_SYNTAX, "point at infinity" },
    { "P-256",
      "\x30\x19\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d"
      "\x03\x01\x07\x03\x02\x00\x04",
      27, PERSO_REJ_REQUEST_ALGORITHM, "curve is not SM2" },
    { "RSA", "\x30\x13\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x02\x00\x04",
      21, PERSO_REJ_REQUEST_ALGORITHM, "key is not id-ecPublicKey" },
    { "explicit parameters",
      "\x30\x11\x30\x0b\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x30\x00\x03\x02"
      "\x00\x04",
      19, PERSO_REJ_REQUEST_SYNTAX, "explicit curve parameters" },
    { "no curve", "\x30\x0f\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x03\x02\x00\x04", 17,
      PERSO_REJ_REQUEST_SYNTAX, "curve missing" },
    { "no key", "", 0, PERSO_REJ_REQUEST_SYNTAX, "public key is not a SubjectPublicKeyInfo" },
};

static void
key_is_an_uncompressed_point_of_sm2(void **state) /* DOMAIN 5.3 */
{
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        size_t spki;
        struct made body = info_body(&spki);
        made_replace(&body, spki, 91, keys[i].spki, keys[i].n);
        expect_info(keys[i].what, body, keys[i].want, keys[i].text);
    }
    size_t spki;
    struct made body = info_body(&spki);
    body.at[spki + 90] ^= 1; /* read here, told by the proof of possession */
    expect_info("off the curve", body, PERSO_REJ_POP_FAILED, NULL);
}

static const struct {
    const char *what, *attributes; /* in place of A0 00 */
    size_t n;
    enum perso_reject want;
    const char *text;
} attributes[] = {
    { "missing", "", 0, PERSO_REJ_REQUEST_SYNTAX,
      "attributes field missing: attributes is not tolerated" },
    { "[1]", "\xa1\x00", 2, PERSO_REJ_REQUEST_SYNTAX, "attributes are not [0]" },
    { "twice", "\xa0\x00\xa0\x00", 4, PERSO_REJ_REQUEST_SYNTAX, "bytes after the attributes" },
    { "challengePassword",
      "\xa0\x12\x30\x10\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07\x31\x03"
      "\x13\x01"
      "1",
      20, PERSO_REJ_NONE, NULL },
    { "no value", "\xa0\x0f\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07\x31\x00", 17,
      PERSO_REJ_REQUEST_SYNTAX, "attribute is not one" },
    { "value cut", "\xa0\x11\x30\x0f\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07\x31\x02\x13\x01",
      19, PERSO_REJ_REQUEST_SYNTAX, "attribute is not one" },
    { "of one type twice",
      "\xa0\x14\x30\x08\x06\x01\x2a\x31\x03\x13\x01"
      "1"
      "\x30\x08\x06\x01\x2a\x31\x03\x13\x01"
      "1",
      22, PERSO_REJ_REQUEST_SYNTAX, "attribute stands twice" },
};

static void
attributes_are_there_and_sound(void **state) /* RFC 2986 4.1, DOMAIN 5.3 */
{
    (void)state;
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        size_t spki;
        struct made body = info_body(&spki);
        assert_memory_equal(body.at + spki + 91, "\xa0\x00", 2);
        made_replace(&body, spki + 91, 2, attributes[i].attributes, attributes[i].n);
        expect_info(attributes[i].what, body, attributes[i].want, attributes[i].text);
    }
}

static const struct {
    const char *what, *algorithm;
    size_t n;
    enum perso_reject want;
    const char *text;
} algorithms[] = {
    { "NULL parameters", "\x30\x0c\x06\x08\x2a\x81\x1c\xcf\x55\x01\x83\x75\x05\x00", 14,
      PERSO_REJ_REQUEST_SYNTAX, "NULL parameters: null is not tolerated" },
    { "parameters", "\x30\x0c\x06\x08\x2a\x81\x1c\xcf\x55\x01\x83\x75\x04\x00", 14,
      PERSO_REJ_REQUEST_SYNTAX, "parameters of the signature algorithm" },
    { "ecdsa-with-SHA256", "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02", 12,
      PERSO_REJ_REQUEST_ALGORITHM, "signature algorithm is not SM2 with SM3" },
    { "no OID", "\x30\x00", 2, PERSO_REJ_REQUEST_SYNTAX,
      "signature algorithm is not an AlgorithmIdentifier" },
};

static void
algorithm_is_sm2_with_sm3_without_parameters(void **state) /* GM/T 0092-2020 */
{
    struct made info = make_request_info(key, SUBJECT, NULL);
    struct made signature = make_signature(key, PERSO_SM2_ID, info.at, info.n);

    (void)state;
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        struct made request =
            make_signed(&info, algorithms[i].algorithm, algorithms[i].n, signature.at, signature.n);
        expect(algorithms[i].what, &request, algorithms[i].want, algorithms[i].text);
    }
}

static void
whole_is_one_sequence(void **state)
{
    static const char pem[] = "-----BEGIN NEW CERTIFICATE REQUEST-----";
    struct made request = make_request(key, PERSO_SM2_ID, SUBJECT), other = { .n = 0 };

    (void)state;
    expect("empty", &other, PERSO_REJ_REQUEST_SYNTAX, "empty");
    made_add(&other, pem, sizeof pem - 1);
    expect("PEM", &other, PERSO_REJ_REQUEST_SYNTAX, "PEM text: pem is not tolerated");
    other = request;
    made_add(&other, "", 1);
    expect("trailing NUL", &other, PERSO_REJ_REQUEST_TRAILING, "have 1");
    for (size_t n = 1; n < request.n; n++) {
        other = request;
        other.n = n;
        expect("cut", &other, PERSO_REJ_REQUEST_SYNTAX, "cut, or its length is wrong");
    }

    size_t spki;
    struct made body = info_body(&spki);
    made_replace(&body, 0, 3, "\x02\x01\x01", 3);
    expect_info("version 1", body, PERSO_REJ_REQUEST_SYNTAX, "version is not 0");
}

/* A sound request of exactly so many bytes: an attribute fills it. */
static struct made
request_of_size(size_t want)
{
    struct made request = { .n = 0 };
    size_t fill = want - 300;

    do { /* the signature's own length varies by a few bytes */
        struct made values = { .n = fill }, attribute = { .n = 0 }, set, all;
        size_t spki;
        struct made body = info_body(&spki);
        set = make_tlv(0x04, values.at, values.n);
        made_add_tlv(&attribute, 0x06, "\x2a", 1);
        made_add_tlv(&attribute, 0x31, set.at, set.n);
        all = make_tlv(0x30, attribute.at, attribute.n);
        attribute = make_tlv(0xa0, all.at, all.n);
        made_replace(&body, spki + 91, 2, attribute.at, attribute.n);
        struct made info = make_tlv(0x30, body.at, body.n);
        request = make_signed_by(key, PERSO_SM2_ID, &info);
        fill += want - request.n;
    } while (request.n != want);
    return request;
}

static void
request_is_read_up_to_its_limit(void **state)
{
    struct made request = request_of_size(PERSO_REQUEST_DER_BYTES);

    (void)state;
    expect("limit", &request, PERSO_REJ_NONE, NULL);
    request = request_of_size(PERSO_REQUEST_DER_BYTES + 1);
    expect("limit and one", &request, PERSO_REJ_REQUEST_SYNTAX,
           "have 4097 bytes, want at most 4096");
}

/* Every length byte, and in fact every byte, of a request changed in several ways. */
static void
what_holds_for_us_holds_for_openssl(void **state) /* RELIABILITY T11 */
{
    static const uint8_t turns[] = { 0x01, 0x02, 0x10, 0x20, 0x80, 0xff };
    struct made request = make_request(key, PERSO_SM2_ID, SUBJECT);
    struct perso_error err;

    (void)state;
    for (size_t at = 0; at < request.n; at++)
        for (size_t i = 0; i < sizeof turns; i++) {
            struct made other = request;
            other.at[at] ^= turns[i];
            if (judge(other.at, other.n, &err) == PERSO_REJ_NONE &&
                !openssl_accepts_request(other.at, other.n))
                fail_msg("byte %zu ^ %02x", at, turns[i]);
            assert_int_not_equal(judge(other.at, other.n, &err), PERSO_REJ_NONE);
        }
}

/* The same over the signed part, signed again each time: here only the form can refuse. */
static void
what_is_read_is_read_by_openssl(void **state) /* RELIABILITY T11 */
{
    struct made info = make_request_info(key, SUBJECT, "11010519491231002X");
    size_t accepted = 0;
    struct perso_error err;

    (void)state;
    for (size_t at = 0; at < info.n; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct made other = info, request;
            struct perso_pkcs10 read;
            other.at[at] ^= (uint8_t)(1u << bit);
            request = make_signed(&other, algorithm, sizeof algorithm,
                                  "\x30\x06\x02\x01\x01\x02"
                                  "\x01\x01",
                                  8);
            if (perso_pkcs10_read(perso_cursor_of(request.at, request.n), 0, NULL, &read, &err) !=
                PERSO_OK)
                continue;
            request = make_signed_by(key, PERSO_SM2_ID, &other);
            if (judge(request.at, request.n, &err) != PERSO_REJ_NONE)
                continue; /* the key itself was changed */
            accepted++;
            if (!openssl_accepts_request(request.at, request.n))
                fail_msg("byte %zu bit %u", at, bit);
        }
    assert_true(accepted > 100);
}

static int
keys_make(void **state)
{
    (void)state;
    key = make_key();
    return 0;
}

static int
keys_free(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_of_openssl_holds),
        cmocka_unit_test(wrong_signing_is_named),
        cmocka_unit_test(signature_is_der_r_and_s_in_range),
        cmocka_unit_test(key_is_an_uncompressed_point_of_sm2),
        cmocka_unit_test(attributes_are_there_and_sound),
        cmocka_unit_test(algorithm_is_sm2_with_sm3_without_parameters),
        cmocka_unit_test(whole_is_one_sequence),
        cmocka_unit_test(request_is_read_up_to_its_limit),
        cmocka_unit_test(what_holds_for_us_holds_for_openssl),
        cmocka_unit_test(what_is_read_is_read_by_openssl),
    };
    return cmocka_run_group_tests(tests, keys_make, keys_free);
}
