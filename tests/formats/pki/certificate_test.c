/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "formats/pki/certificate.h"
#include "formats/pki/der.h"
#include "formats/sm2/sm2.h"
#include "formats/sm2/sm3.h"
#include "tests/formats/pki/pki_make.h"

#define SSN "11010519491231002X"

static const uint8_t algorithm[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x81,
                                     0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75 };
static const uint8_t algorithm_null[] = { 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x81, 0x1c,
                                          0xcf, 0x55, 0x01, 0x83, 0x75, 0x05, 0x00 };
static EVP_PKEY *holder, *ca;

static struct made
usual_certificate(void)
{
    return make_certificate(&(struct make_certificate) {
        .key = holder,
        .issuer_key = ca,
        .common_name = "张三",
        .issuer = "CA",
        .begins = "20240101000000Z",
        .ends = "20331231235959Z",
        .constraints = "CA:FALSE",
        .key_usage = "critical,digitalSignature,nonRepudiation",
        .extra_oid = "1.2.156.10260.4.1.1",
        .extra = "\x13\x12" SSN,
        .extra_bytes = 20,
    });
}

/* Form, then signature under the CA's key. */
static enum perso_reject
judge(const struct made *made, struct perso_error *err)
{
    struct perso_certificate read;
    uint8_t e[PERSO_SM3_BYTES], point[64];
    struct perso_sm2_item item = { point, e, read.rs };
    enum perso_sm2_verdict verdict;

    *err = (struct perso_error) { 0 };
    enum perso_result rc = perso_certificate_read(perso_cursor_of(made->at, made->n), &read, err);
    assert_true(rc == PERSO_OK || (rc == PERSO_REJECT && err->reject != PERSO_REJ_NONE));
    if (rc == PERSO_REJECT)
        return err->reject;
    make_point(ca, point);
    assert_true(perso_sm2_e(point, PERSO_SM2_ID, read.tbs, e));
    assert_int_equal(perso_sm2_verify(NULL, &item, 1, &verdict, err), PERSO_OK);
    return verdict == PERSO_SM2_ACCEPTED ? PERSO_REJ_NONE : PERSO_REJ_CERT_SIGNATURE;
}

static void
expect(const char *what, const struct made *made, enum perso_reject want, const char *text)
{
    struct perso_error err;
    enum perso_reject have = judge(made, &err);

    if (have != want)
        fail_msg("%s: have %s %s, want %s", what, perso_reject_name(have), err.text,
                 perso_reject_name(want));
    if (text != NULL && strcmp(err.text, text) != 0)
        fail_msg("%s: have \"%s\", want \"%s\"", what, err.text, text);
    if (have == PERSO_REJ_NONE && !openssl_accepts_certificate(made->at, made->n, ca))
        fail_msg("%s: OpenSSL does not accept it", what);
}

static struct perso_certificate
read_sound(const struct made *made)
{
    struct perso_certificate ret;
    struct perso_error err = { 0 };

    if (perso_certificate_read(perso_cursor_of(made->at, made->n), &ret, &err) != PERSO_OK)
        fail_msg("%s", err.text);
    return ret;
}

static bool
text_is(struct perso_text text, const char *want)
{
    return text.bytes == strlen(want) && memcmp(text.at, want, text.bytes) == 0;
}

static void
certificate_of_openssl_is_read(void **state) /* RFC 5280 4.1, GM/T 0015-2023 */
{
    struct made made = usual_certificate();
    struct perso_certificate read = read_sound(&made);
    uint8_t point[64];

    (void)state;
    expect("sound", &made, PERSO_REJ_NONE, NULL);
    make_point(holder, point);
    assert_memory_equal(read.public_key, point, 64);
    assert_int_equal(read.begins_s, 1704067200);
    assert_int_equal(read.ends_s, 2019686399);
    assert_int_equal(read.key_usage, PERSO_KU_DIGITAL_SIGNATURE | PERSO_KU_NON_REPUDIATION);
    assert_false(read.is_ca || read.unknown_critical);
    assert_int_equal(read.path_length, -1);
    assert_true(text_is(read.person.common_name, "张三"));
    assert_true(text_is(read.person.identify_code, SSN));
    assert_int_equal(read.serial.at[0] << 8 | read.serial.at[1], 0x03e8);
    assert_int_equal(*read.issuer.at, PERSO_DER_SEQUENCE);
    assert_int_equal(*read.subject.at, PERSO_DER_SEQUENCE);
}

static const struct {
    const char *constraints, *key_usage;
    bool is_ca;
    int32_t path_length;
    uint32_t want;
} usages[] = {
    { NULL, NULL, false, -1, 0 },
    { "critical,CA:TRUE", "critical,keyCertSign,cRLSign", true, -1,
      PERSO_KU_CERT_SIGN | PERSO_KU_CRL_SIGN },
    { "critical,CA:TRUE,pathlen:0", "keyCertSign", true, 0, PERSO_KU_CERT_SIGN },
    { "CA:TRUE,pathlen:300", "keyCertSign", true, 300, PERSO_KU_CERT_SIGN },
    { "CA:FALSE", "keyEncipherment,dataEncipherment,keyAgreement", false, -1,
      PERSO_KU_KEY_ENCIPHERMENT | PERSO_KU_DATA_ENCIPHERMENT | PERSO_KU_KEY_AGREEMENT },
    { NULL, "digitalSignature,decipherOnly", false, -1, PERSO_KU_DIGITAL_SIGNATURE | 0x100 },
};

static void
usage_and_constraints_are_read(void **state) /* RFC 5280 4.2.1.3, 4.2.1.9 */
{
    (void)state;
    for (size_t i = 0; i < sizeof usages / sizeof usages[0]; i++) {
        struct made made = make_certificate(&(struct make_certificate) {
            .key = holder,
            .issuer_key = ca,
            .common_name = "x",
            .issuer = "CA",
            .constraints = usages[i].constraints,
            .key_usage = usages[i].key_usage,
        });
        struct perso_certificate read = read_sound(&made);
        assert_int_equal(read.is_ca, usages[i].is_ca);
        assert_int_equal(read.path_length, usages[i].path_length);
        assert_int_equal(read.key_usage, usages[i].want);
    }
}

static void
unknown_extension_is_flagged_only_where_critical(void **state) /* RFC 5280 4.2 */
{
    struct make_certificate what = {
        .key = holder,
        .issuer_key = ca,
        .common_name = "x",
        .issuer = "CA",
        .extra_oid = "2.5.29.30", /* nameConstraints */
        .extra = "\x30\x00",
        .extra_bytes = 2,
    };
    struct made made = make_certificate(&what);

    (void)state;
    assert_false(read_sound(&made).unknown_critical);
    what.extra_critical = true;
    made = make_certificate(&what);
    assert_true(read_sound(&made).unknown_critical);
    what.extra_oid = "2.5.29.32"; /* certificatePolicies: known, whatever it says */
    made = make_certificate(&what);
    assert_false(read_sound(&made).unknown_critical);
}

/* The contents of the usual TBSCertificate, from its version on. */
static struct made
tbs_body(void)
{
    struct made made = usual_certificate(), body = { .n = 0 };
    struct perso_certificate read = read_sound(&made);
    struct perso_der tbs;

    assert_true(perso_der_take(&read.tbs, PERSO_DER_SEQUENCE, &tbs));
    made_add(&body, tbs.body.at, perso_left(&tbs.body));
    return body;
}

/* Bytes of the TBSCertificate changed, and signed again: only the form is judged. Elements that
 * stand above the changed bytes are changed with them; the lengths of the others hold. */
static const struct {
    const char *what, *old;
    size_t old_bytes;
    const char *new;
    size_t new_bytes;
    enum perso_reject want;
    const char *text;
} changes[] = {
    { "version 1", "\xa0\x03\x02\x01\x02", 5, "", 0, PERSO_REJ_CERT_SYNTAX, "not version 3" },
    { "version 2", "\xa0\x03\x02\x01\x02", 5, "\xa0\x03\x02\x01\x01", 5, PERSO_REJ_CERT_SYNTAX,
      "not version 3" },
    { "version 4", "\xa0\x03\x02\x01\x02", 5, "\xa0\x03\x02\x01\x03", 5, PERSO_REJ_CERT_SYNTAX,
      "not version 3" },
    { "serial 0", "\x02\x02\x03\xe8", 4, "\x02\x01\x00", 3, PERSO_REJ_CERT_SYNTAX,
      "serial number is not positive and of 20 bytes at most" },
    { "serial negative", "\x02\x02\x03\xe8", 4, "\x02\x01\xff", 3, PERSO_REJ_CERT_SYNTAX,
      "serial number is not positive and of 20 bytes at most" },
    { "serial of 20 bytes", "\x02\x02\x03\xe8", 4,
      "\x02\x14"
      "A2345678901234567890",
      22, PERSO_REJ_NONE, NULL },
    { "serial of 21 bytes", "\x02\x02\x03\xe8", 4,
      "\x02\x15"
      "A23456789012345678901",
      23, PERSO_REJ_CERT_SYNTAX, "serial number is not positive and of 20 bytes at most" },
    { "issuer empty",
      "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02"
      "CA",
      15, "\x30\x00", 2, PERSO_REJ_CERT_SYNTAX, "issuer is not a Name" },
    { "validity turned",
      "\x17\x0d"
      "240101000000Z",
      15,
      "\x17\x0d"
      "340101000000Z",
      15, PERSO_REJ_CERT_SYNTAX, "validity is not two times in order" },
    { "validity of one second",
      "\x17\x0d"
      "240101000000Z",
      15,
      "\x17\x0d"
      "331231235959Z",
      15, PERSO_REJ_NONE, NULL },
    { "no such day",
      "\x17\x0d"
      "240101000000Z",
      15,
      "\x17\x0d"
      "240230000000Z",
      15, PERSO_REJ_CERT_SYNTAX, "validity is not two times in order" },
    { "curve of P-192", "\x06\x08\x2a\x81\x1c\xcf\x55\x01\x82\x2d", 10,
      "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x01", 10, PERSO_REJ_CERT_ALGORITHM,
      "curve is not SM2" },
    { "constraints under the OID of the usage", "\x06\x03\x55\x1d\x13", 5, "\x06\x03\x55\x1d\x0f",
      5, PERSO_REJ_CERT_SYNTAX, "value of an extension is not of its form" },
    { "usage of no bit", "\x03\x02\x06\xc0", 4, "\x03\x02\x06\x00", 4, PERSO_REJ_CERT_SYNTAX,
      "value of an extension is not of its form" },
    { "usage with zeros at its end", "\x03\x02\x06\xc0", 4, "\x03\x02\x00\xc0", 4, PERSO_REJ_NONE,
      NULL },
    { "critical is 1", "\x01\x01\xff", 3, "\x01\x01\x01", 3, PERSO_REJ_CERT_SYNTAX,
      "critical of an extension is not a BOOLEAN" },
    { "critical FALSE written out", "\x01\x01\xff", 3, "\x01\x01\x00", 3, PERSO_REJ_NONE, NULL },
    { "BMPString in the subject", "\x0c\x06\xe5\xbc\xa0\xe4\xb8\x89", 8,
      "\x1e\x06\x5f\x20\x4e\x09\x4e\x09", 8, PERSO_REJ_NONE, NULL },
    { "OCTET STRING in the subject", "\x0c\x06\xe5\xbc\xa0\xe4\xb8\x89", 8,
      "\x04\x06\xe5\xbc\xa0\xe4\xb8\x89", 8, PERSO_REJ_CERT_SYNTAX, "subject is not a Name" },
};

static void
changed_parts_are_judged(void **state) /* RFC 5280 4.1, 4.2; RELIABILITY T11 */
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct made body = tbs_body(), tbs, made;
        /* The serial rises with each certificate: put it back to the one that the table has. */
        memcpy(body.at + 5, "\x02\x02\x03\xe8", 4);
        made_replace(&body, made_find(&body, changes[i].old, changes[i].old_bytes),
                     changes[i].old_bytes, changes[i].new, changes[i].new_bytes);
        tbs = make_tlv(0x30, body.at, body.n);
        made = make_signed_by(ca, PERSO_SM2_ID, &tbs);
        expect(changes[i].what, &made, changes[i].want, changes[i].text);
    }
}

/* Extensions put in place of the usual ones. */
static void
expect_extensions(const char *what, const void *list, size_t n, enum perso_reject want,
                  const char *text)
{
    struct made body = tbs_body(), tbs, made, wrapped = make_tlv(0xa3, list, n);

    for (size_t at = 0; at < body.n; at++)
        if (body.at[at] == 0xa3 && at + 2 + body.at[at + 1] == body.n)
            body.n = at;
    made_add(&body, wrapped.at, wrapped.n);
    tbs = make_tlv(0x30, body.at, body.n);
    made = make_signed_by(ca, PERSO_SM2_ID, &tbs);
    expect(what, &made, want, text);
}

static void
extensions_stand_once(void **state) /* RFC 5280 4.2 */
{
    struct made list = { .n = 0 }, one = { .n = 0 }, all;

    (void)state;
    expect_extensions("none", "", 0, PERSO_REJ_CERT_SYNTAX, "extensions are not a list");
    expect_extensions("empty", "\x30\x00", 2, PERSO_REJ_CERT_SYNTAX, "extensions are not a list");
    expect_extensions("after", "\x30\x0b\x30\x09\x06\x03\x55\x1d\x63\x04\x02\x05\x00\x05\x00", 15,
                      PERSO_REJ_CERT_SYNTAX, "extensions are not a list");
    expect_extensions("one", "\x30\x0b\x30\x09\x06\x03\x55\x1d\x63\x04\x02\x05\x00", 13,
                      PERSO_REJ_NONE, NULL);
    for (uint8_t i = 0; i < 65; i++) {
        const uint8_t oid[3] = { 0x2a, 0x03, (uint8_t)(i + 1) };
        one.n = 0;
        made_add_tlv(&one, 0x06, oid, sizeof oid);
        made_add_tlv(&one, 0x04, "", 0);
        made_add_tlv(&list, 0x30, one.at, one.n);
        if (i == 63 || i == 64) {
            all = make_tlv(0x30, list.at, list.n);
            expect_extensions("64 and 65", all.at, all.n,
                              i == 63 ? PERSO_REJ_NONE : PERSO_REJ_CERT_SYNTAX,
                              i == 63 ? NULL : "too many extensions");
        }
    }
    list.n = 0;
    for (int i = 0; i < 2; i++)
        made_add(&list, "\x30\x09\x06\x03\x55\x1d\x63\x04\x02\x05\x00", 11);
    all = make_tlv(0x30, list.at, list.n);
    expect_extensions("twice", all.at, all.n, PERSO_REJ_CERT_SYNTAX, "extension stands twice");
}

/* TBSCertificate with one algorithm inside, the other outside. */
static struct made
with_algorithms(bool null_inside, bool null_outside)
{
    struct made body = tbs_body(), tbs, signature;

    if (null_inside)
        made_replace(&body, made_find(&body, algorithm, sizeof algorithm), sizeof algorithm,
                     algorithm_null, sizeof algorithm_null);
    tbs = make_tlv(0x30, body.at, body.n);
    signature = make_signature(ca, PERSO_SM2_ID, tbs.at, tbs.n);
    if (null_outside)
        return make_signed(&tbs, algorithm_null, sizeof algorithm_null, signature.at, signature.n);
    return make_signed(&tbs, algorithm, sizeof algorithm, signature.at, signature.n);
}

static void
algorithms_inside_and_outside_are_equal(void **state) /* RFC 5280 4.1.1.2 */
{
    struct made made = with_algorithms(true, false);

    (void)state;
    expect("NULL inside", &made, PERSO_REJ_CERT_SYNTAX,
           "signature algorithms inside and outside differ");
    made = with_algorithms(false, true);
    expect("NULL outside", &made, PERSO_REJ_CERT_SYNTAX,
           "signature algorithms inside and outside differ");
    made = with_algorithms(true, true);
    expect("NULL in both", &made, PERSO_REJ_NONE, NULL);
}

static void
whole_is_one_sequence(void **state)
{
    struct made made = usual_certificate(), other = { .n = 0 };

    (void)state;
    expect("zero bytes", &other, PERSO_REJ_CERT_SYNTAX, "empty");
    for (size_t n = 1; n < made.n; n++) {
        other = made;
        other.n = n;
        expect("cut", &other, PERSO_REJ_CERT_SYNTAX, NULL);
    }
    other = made;
    made_add(&other, "\0", 1);
    expect("trailing NUL", &other, PERSO_REJ_CERT_TRAILING, "have 1");
    other.n = PERSO_CERTIFICATE_DER_BYTES + 1;
    expect("over the limit", &other, PERSO_REJ_CERT_SYNTAX, "have 8193 bytes, want at most 8192");
    other.n = PERSO_CERTIFICATE_DER_BYTES;
    expect("at the limit", &other, PERSO_REJ_CERT_TRAILING, NULL);
}

static void
what_holds_for_us_holds_for_openssl(void **state) /* RELIABILITY T11 */
{
    static const uint8_t turns[] = { 0x01, 0x20, 0x80, 0xff };
    struct made made = usual_certificate();
    struct perso_error err;

    (void)state;
    for (size_t at = 0; at < made.n; at++)
        for (size_t i = 0; i < sizeof turns; i++) {
            struct made other = made;
            other.at[at] ^= turns[i];
            if (judge(&other, &err) == PERSO_REJ_NONE)
                fail_msg("byte %zu ^ %02x", at, turns[i]);
        }
}

/* The same over the signed part, signed again each time: here only the form can refuse. */
static void
what_is_read_is_read_by_openssl(void **state) /* RELIABILITY T11 */
{
    struct made body = tbs_body(), tbs = make_tlv(0x30, body.at, body.n);
    size_t accepted = 0;

    (void)state;
    for (size_t at = 0; at < tbs.n; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct made other = tbs, made;
            struct perso_certificate read;
            struct perso_error err;
            other.at[at] ^= (uint8_t)(1u << bit);
            made = make_signed(&other, algorithm, sizeof algorithm,
                               "\x30\x06\x02\x01\x01\x02\x01\x01", 8);
            if (perso_certificate_read(perso_cursor_of(made.at, made.n), &read, &err) != PERSO_OK)
                continue;
            accepted++;
            made = make_signed_by(ca, PERSO_SM2_ID, &other);
            if (!openssl_accepts_certificate(made.at, made.n, ca) &&
                perso_sm2_on_curve(read.public_key))
                fail_msg("byte %zu bit %u", at, bit);
        }
    assert_true(accepted > 100);
}

static int
keys_make(void **state)
{
    (void)state;
    holder = make_key();
    ca = make_key();
    return 0;
}

static int
keys_free(void **state)
{
    (void)state;
    EVP_PKEY_free(holder);
    EVP_PKEY_free(ca);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificate_of_openssl_is_read),
        cmocka_unit_test(usage_and_constraints_are_read),
        cmocka_unit_test(unknown_extension_is_flagged_only_where_critical),
        cmocka_unit_test(changed_parts_are_judged),
        cmocka_unit_test(extensions_stand_once),
        cmocka_unit_test(algorithms_inside_and_outside_are_equal),
        cmocka_unit_test(whole_is_one_sequence),
        cmocka_unit_test(what_holds_for_us_holds_for_openssl),
        cmocka_unit_test(what_is_read_is_read_by_openssl),
    };
    return cmocka_run_group_tests(tests, keys_make, keys_free);
}
