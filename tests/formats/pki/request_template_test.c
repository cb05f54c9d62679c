/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "formats/pki/pkcs10.h"
#include "formats/pki/request_template.h"
#include "formats/pki/subject.h"
#include "formats/sm2/sm3.h"
#include "tests/formats/pki/one_key.h"
#include "tests/formats/pki/pki_make.h"

#define SSN "11010519491231002X"
#define CARD "41160000000000000000000000000001"
#define C64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define H16 "汉汉汉汉汉汉汉汉汉汉汉汉汉汉汉汉"

static struct perso_text
text_of(const char *text)
{
    return (struct perso_text) { text, (uint32_t)strlen(text) };
}

/* What a row of ingest has. */
static void
usual_values(struct perso_text values[PERSO_COLUMN_COUNT])
{
    for (size_t i = 0; i < PERSO_COLUMN_COUNT; i++)
        values[i] = (struct perso_text) { NULL, 0 };
    values[PERSO_COL_AAZ501] = text_of(CARD);
    values[PERSO_COL_AAZ500] = text_of("A1234567X");
    values[PERSO_COL_AAC002] = text_of(SSN);
    values[PERSO_COL_AAC003] = text_of("张𠰰三");
    values[PERSO_COL_AAB301] = text_of("411600");
}

static struct perso_request_template
compile(const char *text)
{
    struct perso_request_template ret;
    struct perso_error err = { 0 };

    if (perso_request_template_read(text_of(text), &ret, &err) != PERSO_OK)
        fail_msg("%s: %s", text, err.text);
    return ret;
}

/* Templates, and the same names as OpenSSL is told them: TYPE, value, TYPE, value ... */
static const struct {
    const char *template, *name[17];
} subjects[] = {
    { "CN={AAZ501}", { "CN", CARD } },
    { "C=CN,O=人力资源社会保障,CN={AAC003},serialNumber={AAC002}",
      { "C", "CN", "O", "人力资源社会保障", "CN", "张𠰰三", "serialNumber", SSN } },
    { "C=CN, ST=河南省, L=周口市, O=a, OU=b, OU={AAB301}, CN={AAC003}{AAC002}",
      { "C", "CN", "ST", "河南省", "L", "周口市", "O", "a", "OU", "b", "OU", "411600", "CN",
        "张𠰰三" SSN } },
    { "serialNumber=card-{AAZ500}.,CN={AAZ501}",
      { "serialNumber", "card-A1234567X.", "CN", CARD } },
    { "cn=a\\,b\\=c\\\\d\\{e\\}", { "CN", "a,b=c\\d{e}" } },
    { "O= a b ,CN={卡识别码}", { "O", " a b ", "CN", CARD } },
    { "CN={aac003}", { "CN", "张𠰰三" } },
    { "CN=" C64, { "CN", C64 } },
    { "CN=" H16 H16 H16 H16, { "CN", H16 H16 H16 H16 } },
    { "L=" C64 C64, { "L", C64 C64 } },
};

static struct made
info_of_openssl(const char *const *name)
{
    X509_REQ *request = X509_REQ_new();
    unsigned char *der = NULL;
    struct made ret = { .n = 0 };

    assert_int_equal(X509_REQ_set_version(request, 0), 1);
    for (; *name != NULL; name += 2)
        assert_int_equal(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), name[0],
                                                    MBSTRING_UTF8, (const unsigned char *)name[1],
                                                    -1, -1, 0),
                         1);
    assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
    int n = i2d_re_X509_REQ_tbs(request, &der);
    assert_true(n > 0);
    made_add(&ret, der, (size_t)n);
    OPENSSL_free(der);
    X509_REQ_free(request);
    return ret;
}

static void
info_is_what_openssl_writes(void **state) /* RFC 2986 4.1, RFC 5280 appendix A.1 */
{
    struct perso_text values[PERSO_COLUMN_COUNT];

    (void)state;
    usual_values(values);
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        struct perso_request_template t = compile(subjects[i].template);
        struct made want = info_of_openssl(subjects[i].name);
        uint8_t out[PERSO_REQUEST_INFO_BYTES];
        struct perso_error err = { 0 };
        size_t n;
        if (perso_request_info(&t, values, point, out, sizeof out, &n, &err) != PERSO_OK)
            fail_msg("%s: %s", subjects[i].template, err.text);
        if (n != want.n || memcmp(out, want.at, n) != 0)
            fail_msg("%s: OpenSSL writes it otherwise", subjects[i].template);
        for (size_t less = 0; less < n; less++)
            assert_int_equal(perso_request_info(&t, values, point, out, less, &n, &err),
                             PERSO_FATAL);
    }
}

static void
assembled_request_is_read(void **state) /* form sig: template, signature of the card, PKCS#10 */
{
    struct perso_request_template t = compile("O=社保,CN={AAC003},serialNumber={AAC002}");
    struct perso_subject_rules rules = { .need_name = true, .need_number = true, .folds = 0 };
    struct perso_text values[PERSO_COLUMN_COUNT];
    uint8_t info[PERSO_REQUEST_INFO_BYTES], der[PERSO_REQUEST_DER_BYTES];
    struct perso_error err = { 0 };
    struct perso_pkcs10 made = { 0 }, read;
    struct perso_subject subject;
    size_t n;

    (void)state;
    usual_values(values);
    assert_int_equal(perso_request_info(&t, values, point, info, sizeof info, &n, &err), PERSO_OK);
    struct made tbs = { .n = 0 }, request;
    made_add(&tbs, info, n);
    request = make_signed_by(key, PERSO_SM2_ID, &tbs);
    assert_int_equal(
        perso_pkcs10_read(perso_cursor_of(request.at, request.n), 0, NULL, &read, &err), PERSO_OK);
    assert_true(perso_subject_read(read.subject, &subject));
    assert_true(perso_subject_is(&subject, values[PERSO_COL_AAC003], SSN, CARD, &rules));
    made.info = perso_cursor_of(info, n);
    memcpy(made.rs, read.rs, 64);
    assert_true(perso_pkcs10_write(&made, der, sizeof der, &n));
    assert_int_equal(n, request.n);
    assert_memory_equal(der, request.at, n);
    assert_true(openssl_accepts_request(der, n));
}

/* serialNumber as UTF8String, which OpenSSL would refuse to write but reads. */
static void
number_that_is_not_printable_is_utf8(void **state)
{
    struct perso_request_template t = compile("serialNumber=_{AAC002}");
    struct perso_text values[PERSO_COLUMN_COUNT];
    uint8_t info[PERSO_REQUEST_INFO_BYTES];
    struct perso_error err = { 0 };
    size_t n;

    (void)state;
    usual_values(values);
    assert_int_equal(perso_request_info(&t, values, point, info, sizeof info, &n, &err), PERSO_OK);
    struct made tbs = { .n = 0 };
    made_add(&tbs, info, n);
    made_find(&tbs, "\x0c\x13_" SSN, 21);
    tbs = make_signed_by(key, PERSO_SM2_ID, &tbs);
    assert_true(openssl_accepts_request(tbs.at, tbs.n));
}

static const struct {
    const char *template, *text;
} wrong_templates[] = {
    { "", "TYPE=VALUE expected: " },
    { "CN", "TYPE=VALUE expected: CN" },
    { "CN={AAZ501},", "TYPE=VALUE expected: " },
    { ",CN=a", "TYPE=VALUE expected: " },
    { "CN,O=a", "TYPE=VALUE expected: CN" },
    { "=a", " is none of C, ST, L, O, OU, CN, serialNumber" },
    { "E=a", "E is none of C, ST, L, O, OU, CN, serialNumber" },
    { "CN =a", "CN  is none of C, ST, L, O, OU, CN, serialNumber" },
    { "CN=a,CN=b", "CN stands twice" },
    { "CN=", "CN is empty" },
    { "CN=,O=a", "CN is empty" },
    { "CN={AAZ501", "{ without }" },
    { "CN={}", "{} is none of {AAZ501}, {AAZ500}, {AAC002}, {AAC003}, {AAB301}" },
    { "CN={QMGY}", "{QMGY} is none of {AAZ501}, {AAZ500}, {AAC002}, {AAC003}, {AAB301}" },
    { "C={AAB301}", "C takes no column" },
    { "C=CHN", "C has 3 characters, want at most 2" },
    { "C=中", "C is two letters" },
    { "C=中国", "C is two letters" },
    { "CN=a=b", "= in a value: \\= is meant?" },
    { "CN=a}", "} in a value: \\} is meant?" },
    { "CN=a\\b", "\\ stands before none of , = \\ { }" },
    { "CN=a\\", "\\ stands before none of , = \\ { }" },
    { "CN=a\tb", "CN is not UTF-8, or has a control character" },
    { "CN=a\xff", "CN is not UTF-8, or has a control character" },
    { "CN=" C64 "5", "CN has 65 characters, want at most 64" },
    { "ST=" C64 C64 "5", "ST has 129 characters, want at most 128" },
    { "OU=1,OU=2,OU=3,OU=4,OU=5,OU=6,OU=7,OU=8,OU=9,OU=10,OU=11,OU=12,OU=13", "too many parts" },
    { "CN=1{AAC003}2{AAC003}3{AAC003}4{AAC003}5{AAC003}6{AAC003}7{AAC003}8{AAC003}9{AAC003}"
      "1{AAC003}1{AAC003}1{AAC003}1",
      "too many parts" },
    { C64 C64 C64 C64 C64 C64 C64 C64 "5", "have 513 bytes, want at most 512" },
};

static void
wrong_template_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_templates / sizeof wrong_templates[0]; i++) {
        struct perso_request_template t, was;
        struct perso_error err = { 0 };
        memset(&t, 0x5a, sizeof t);
        memcpy(&was, &t, sizeof t);
        if (perso_request_template_read(text_of(wrong_templates[i].template), &t, &err) !=
            PERSO_FATAL)
            fail_msg("%s: compiles", wrong_templates[i].template);
        assert_string_equal(err.text, wrong_templates[i].text);
        assert_int_equal(err.reject, PERSO_REJ_NONE);
        assert_memory_equal(&t, &was, sizeof t);
    }
}

/* Every text up to a length over what the syntax is made of: no crash, and what compiles works. */
static void
any_template_compiles_or_is_refused(void **state)
{
    static const char *const pieces[] = { "CN=", "OU=", ",", "{AAC003}", "{", "}", "\\", "a", "=" };
    enum { N = sizeof pieces / sizeof pieces[0], LENGTH = 5 };
    struct perso_text values[PERSO_COLUMN_COUNT];
    size_t compiled = 0;

    (void)state;
    usual_values(values);
    for (size_t code = 0; code < (size_t)N * N * N * N * N; code++) {
        char text[64] = "";
        struct perso_request_template t;
        struct perso_error err = { 0 };
        uint8_t out[PERSO_REQUEST_INFO_BYTES];
        size_t n, rest = code;
        for (int i = 0; i < LENGTH; i++, rest /= N)
            strcat(text, pieces[rest % N]);
        if (perso_request_template_read(text_of(text), &t, &err) != PERSO_OK) {
            assert_int_not_equal(err.text[0], '\0');
            continue;
        }
        compiled++;
        if (perso_request_info(&t, values, point, out, sizeof out, &n, &err) != PERSO_OK)
            fail_msg("%s: %s", text, err.text);
    }
    assert_true(compiled > 100);
}

static const struct {
    const char *template;
    enum perso_column column;
    const char *value;
    uint32_t bytes; /* 0: up to the NUL */
    enum perso_reject want;
    const char *field, *text;
} wrong_values[] = {
    { "CN={AAC003}", PERSO_COL_AAC003, "", 0, PERSO_REJ_NAME_EMPTY, "AAC003", "empty" },
    { "O=a,CN={AAC003}b", PERSO_COL_AAC003, "", 0, PERSO_REJ_NAME_EMPTY, "AAC003", "empty" },
    { "CN={AAZ501}", PERSO_COL_AAZ501, "", 0, PERSO_REJ_CARD_ID_SHAPE, "AAZ501", "empty" },
    { "CN={AAZ500}", PERSO_COL_AAZ500, "", 0, PERSO_REJ_CARD_NO_SHAPE, "AAZ500", "empty" },
    { "serialNumber={AAC002}", PERSO_COL_AAC002, "", 0, PERSO_REJ_SSN_LENGTH, "AAC002", "empty" },
    { "OU={AAB301}", PERSO_COL_AAB301, "", 0, PERSO_REJ_DIVISION_SHAPE, "AAB301", "empty" },
    { "CN={AAC003}", PERSO_COL_AAC003, "a\0b", 3, PERSO_REJ_NAME_CHARACTER, "AAC003",
      "not UTF-8, or a control character in it" },
    { "CN={AAC003}", PERSO_COL_AAC003, "a\nb", 0, PERSO_REJ_NAME_CHARACTER, "AAC003",
      "not UTF-8, or a control character in it" },
    { "CN={AAC003}", PERSO_COL_AAC003, "a\u202e", 0, PERSO_REJ_NAME_CHARACTER, "AAC003",
      "not UTF-8, or a control character in it" },
    { "CN={AAC003}", PERSO_COL_AAC003, "\xd5\xc5", 0, PERSO_REJ_NAME_CHARACTER, "AAC003",
      "not UTF-8, or a control character in it" },
    { "CN={AAC002}", PERSO_COL_AAC002, "1\x7f", 0, PERSO_REJ_SSN_CHARACTER, "AAC002",
      "not UTF-8, or a control character in it" },
    { "CN={AAC003}", PERSO_COL_AAC003, H16 H16 H16 H16, 0, PERSO_REJ_NONE, "", "" },
    { "CN={AAC003}", PERSO_COL_AAC003, H16 H16 H16 H16 "5", 0, PERSO_REJ_NAME_LENGTH, "AAC003",
      "CN would have 65 characters, want at most 64" },
    { "L={AAC003}", PERSO_COL_AAC003, H16 H16 H16 H16 "5", 0, PERSO_REJ_NONE, "", "" },
    { "CN={AAC002}{AAC003}", PERSO_COL_AAC003, H16 H16 H16, 0, PERSO_REJ_NAME_LENGTH, "AAC003",
      "CN would have 66 characters, want at most 64" },
    { "CN={AAC003}{AAC002}", PERSO_COL_AAC003, H16 H16 H16, 0, PERSO_REJ_NAME_LENGTH, "AAC003",
      "CN would have 66 characters, want at most 64" },
    { "CN={AAZ501},O={AAC003}", PERSO_COL_AAC003, H16 H16 H16 H16 H16, 0, PERSO_REJ_NAME_LENGTH,
      "AAC003", "O would have 80 characters, want at most 64" },
    { "CN={AAZ501}", PERSO_COL_AAC003, "\xff", 0, PERSO_REJ_NONE, "", "" }, /* not looked at */
};

static void
wrong_value_is_named_by_its_column(void **state) /* X.520 upper bounds */
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_values / sizeof wrong_values[0]; i++) {
        struct perso_request_template t = compile(wrong_values[i].template);
        struct perso_text values[PERSO_COLUMN_COUNT];
        uint8_t out[PERSO_REQUEST_INFO_BYTES];
        struct perso_error err = { 0 };
        size_t n;
        usual_values(values);
        values[wrong_values[i].column] = text_of(wrong_values[i].value);
        if (wrong_values[i].bytes != 0)
            values[wrong_values[i].column].bytes = wrong_values[i].bytes;
        enum perso_result rc = perso_request_info(&t, values, point, out, sizeof out, &n, &err);
        assert_int_equal(rc, wrong_values[i].want == PERSO_REJ_NONE ? PERSO_OK : PERSO_REJECT);
        assert_int_equal(err.reject, wrong_values[i].want);
        assert_string_equal(err.field, wrong_values[i].field);
        assert_string_equal(err.text, wrong_values[i].text);
    }
}

static void
largest_request_fits(void **state)
{
    struct perso_text values[PERSO_COLUMN_COUNT];
    struct perso_request_template t;
    char name[64 * 4 + 1] = "", text[PERSO_TEMPLATE_BYTES + 1] = "";
    uint8_t out[PERSO_REQUEST_INFO_BYTES];
    struct perso_error err = { 0 };
    size_t n;

    (void)state;
    for (int i = 0; i < 64; i++)
        strcat(name, "𠰰");
    strcat(text, "ST={AAC003},L={AAC003},O={AAC003},CN={AAC003},serialNumber={AAC003}");
    for (int i = 0; i < 7; i++)
        strcat(text, ",OU={AAC003}");
    t = compile(text);
    assert_int_equal(t.n_attributes, PERSO_TEMPLATE_ATTRIBUTES);
    assert_true(perso_request_template_has(&t, PERSO_COL_AAC003));
    assert_false(perso_request_template_has(&t, PERSO_COL_AAC002));
    usual_values(values);
    values[PERSO_COL_AAC003] = text_of(name);
    assert_int_equal(perso_request_info(&t, values, point, out, sizeof out, &n, &err), PERSO_OK);
    memset(text, 0, sizeof text);
    strcat(text, "ST={AAC003}{AAC003},L={AAC003}{AAC003},O={AAC003},CN={AAC003},serialNumber="
                 "{AAC003}");
    for (int i = 0; i < 7; i++)
        strcat(text, ",OU={AAC003}");
    t = compile(text);
    assert_int_equal(perso_request_info(&t, values, point, out, sizeof out, &n, &err), PERSO_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(info_is_what_openssl_writes),
        cmocka_unit_test(assembled_request_is_read),
        cmocka_unit_test(number_that_is_not_printable_is_utf8),
        cmocka_unit_test(wrong_template_is_named),
        cmocka_unit_test(any_template_compiles_or_is_refused),
        cmocka_unit_test(wrong_value_is_named_by_its_column),
        cmocka_unit_test(largest_request_fits),
    };
    return cmocka_run_group_tests(tests, keys_make, keys_free);
}
