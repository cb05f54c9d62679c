/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "formats/identity/name.h"
#include "formats/pki/subject.h"
#include "tests/formats/pki/pki_make.h"

#define SSN "11010519491231002X"
#define CARD "411600D15600000512345678ABCDEF01"
#define OTHER "110105194912310038"

/* One RDN: type 2.5.4.last, a value of a tag. */
static void
add_rdn(struct made *name, uint8_t last, uint8_t tag, const void *value, size_t n)
{
    const uint8_t type[3] = { 0x55, 0x04, last };
    struct made pair = { .n = 0 }, set;

    made_add_tlv(&pair, 0x06, type, sizeof type);
    made_add_tlv(&pair, tag, value, n);
    set = make_tlv(0x30, pair.at, pair.n);
    made_add_tlv(name, 0x31, set.at, set.n);
}

static void
add_text(struct made *name, uint8_t last, const char *value)
{
    add_rdn(name, last, 0x0c, value, strlen(value));
}

static bool
text_is(struct perso_text text, const char *want)
{
    return text.bytes == strlen(want) && memcmp(text.at, want, text.bytes) == 0;
}

static void
names_are_taken_out_of_any_rdn(void **state) /* RFC 5280 4.1.2.4 */
{
    struct made name = { .n = 0 };
    struct perso_subject subject;

    (void)state;
    add_rdn(&name, 6, 0x13, "CN", 2);
    add_text(&name, 10, "人社局");
    add_text(&name, 3, "张𠰰三");
    add_rdn(&name, 5, 0x13, SSN, 18);
    assert_true(perso_subject_read(perso_cursor_of(name.at, name.n), &subject));
    assert_true(text_is(subject.common_name, "张𠰰三"));
    assert_true(text_is(subject.serial_number, SSN));
    assert_false(subject.many_names || subject.strange_string);
    for (size_t n = 1; n < name.n; n++) {
        struct perso_cursor cut = perso_cursor_of(name.at, n);
        if (perso_subject_read(cut, &subject) && name.at[n] != 0x31) /* between two RDNs */
            fail_msg("cut at %zu is read", n);
    }
}

static const struct {
    const char *what;
    uint8_t tag;
    const char *value;
    size_t n;
    bool is_name, strange;
} strings[] = {
    { "UTF8String", 0x0c, "张三", 6, true, false },
    { "PrintableString", 0x13, "Zhang San", 9, true, false },
    { "BMPString", 0x1e, "\x5f\x20\x4e\x09", 4, true, true },
    { "T61String", 0x14, "Zhang", 5, true, true },
    { "IA5String", 0x16, "Zhang", 5, true, true },
    { "UniversalString", 0x1c, "\0\0\x5f\x20", 4, true, true },
    { "OCTET STRING", 0x04, "Zhang", 5, false, false },
    { "SEQUENCE", 0x30, "", 0, false, false },
    { "UTF8String that is not UTF-8", 0x0c, "\xd5\xc5", 2, false, false },
    { "overlong UTF-8", 0x0c, "\xc0\xaf", 2, false, false },
    { "surrogate in UTF-8", 0x0c, "\xed\xa0\x80", 3, false, false },
    { "BMPString of one byte", 0x1e, "\x5f", 1, false, false },
    { "embedded NUL", 0x0c, "Zhang\0San", 9, true, true },
    { "question mark", 0x0c, "张?", 4, true, true },
    { "replacement character", 0x0c, "张\xef\xbf\xbd", 6, true, true },
    { "line feed", 0x0c, "a\nb", 3, true, true },
    { "8 bit in a PrintableString", 0x13, "\xd5\xc5", 2, true, true },
    { "empty", 0x0c, "", 0, true, true },
};

static void
string_types_are_told_apart(void **state) /* RFC 5280 4.1.2.4, DOMAIN 3.3 */
{
    (void)state;
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        struct made name = { .n = 0 };
        struct perso_subject subject = { .strange_string = false };
        add_rdn(&name, 3, strings[i].tag, strings[i].value, strings[i].n);
        bool is_name = perso_subject_read(perso_cursor_of(name.at, name.n), &subject);
        if (is_name != strings[i].is_name || subject.strange_string != strings[i].strange)
            fail_msg("%s", strings[i].what);
        if (subject.strange_string)
            assert_int_equal(subject.common_name.bytes, 0);
    }
}

static void
a_second_name_is_another_person(void **state)
{
    static const struct perso_subject_rules rules = { false, false, 0 };
    static const struct perso_text zhang = { "张三", 6 };
    struct perso_subject subject;
    struct made name = { .n = 0 };

    (void)state;
    add_text(&name, 3, "张三");
    add_text(&name, 3, "张三");
    assert_true(perso_subject_read(perso_cursor_of(name.at, name.n), &subject));
    assert_true(subject.many_names);
    assert_false(perso_subject_is(&subject, zhang, SSN, CARD, &rules));
    name.n = 0;
    add_text(&name, 5, SSN);
    add_text(&name, 5, OTHER);
    assert_true(perso_subject_read(perso_cursor_of(name.at, name.n), &subject));
    assert_true(subject.many_names);
    assert_false(perso_subject_is(&subject, zhang, SSN, CARD, &rules));
}

#define OID_CODE "\x2a\x81\x1c\xd0\x14\x04\x01\x01", 8
#define OID_CODE_2023 "\x2a\x81\x1c\xd0\x14\x04\x01\x01\x01", 9
#define OID_INSURANCE "\x2a\x81\x1c\xd0\x14\x04\x01\x02", 8

static const struct {
    const char *what, *oid;
    size_t oid_bytes;
    const char *value;
    size_t n;
    bool known, code, insurance, strange;
} extensions[] = {
    { "PrintableString", OID_CODE, "\x13\x12" SSN, 20, true, true, false, false },
    { "UTF8String", OID_CODE, "\x0c\x12" SSN, 20, true, true, false, false },
    { "OCTET STRING", OID_CODE, "\x04\x12" SSN, 20, true, true, false, false },
    { "[0] implicit", OID_CODE, "\x80\x12" SSN, 20, true, true, false, false },
    { "[0] explicit", OID_CODE, "\xa0\x14\x13\x12" SSN, 22, true, true, false, false },
    { "SEQUENCE", OID_CODE, "\x30\x14\x13\x12" SSN, 22, true, true, false, false },
    { "SEQUENCE and [0]", OID_CODE, "\x30\x16\xa0\x14\x0c\x12" SSN, 24, true, true, false, false },
    { "form of 2023", OID_CODE_2023, "\x13\x12" SSN, 20, true, true, false, false },
    { "1.2.86.11.7.1", "\x2a\x56\x0b\x07\x01", 5, "\x13\x12" SSN, 20, true, true, false, false },
    { "1.2.86.21.1.1", "\x2a\x56\x15\x01\x01", 5, "\x13\x12" SSN, 20, true, true, false, false },
    { "1.2.156.11.7.1", "\x2a\x81\x1c\x0b\x07\x01", 6, "\x13\x12" SSN, 20, true, true, false,
      false },
    { "insurance number", OID_INSURANCE, "\x13\x12" SSN, 20, true, false, true, false },
    { "1.2.156.11.7.2", "\x2a\x81\x1c\x0b\x07\x02", 6, "\x13\x12" SSN, 20, true, false, true,
      false },
    { "passport [2]", OID_CODE,
      "\x82\x03"
      "E12",
      5, true, false, false, false },
    { "officer [1]", OID_CODE,
      "\xa1\x05\x0c\x03"
      "123",
      7, true, false, false, false },
    { "cut", OID_CODE, "\x13\x12" SSN, 19, true, false, false, true },
    { "bytes after", OID_CODE, "\x13\x12" SSN "\x05", 21, true, false, false, true },
    { "empty", OID_CODE, "", 0, true, false, false, true },
    { "empty string", OID_CODE, "\x13\x00", 2, true, false, false, true },
    { "INTEGER", OID_CODE, "\x02\x01\x05", 3, true, false, false, true },
    { "too deep", OID_CODE, "\x30\x0b\x30\x09\x30\x07\x30\x05\x30\x03\x13\x01\x31", 13, true, false,
      false, true },
    { "organisation code", "\x2a\x81\x1c\xd0\x14\x04\x01\x04", 8, "\x13\x12" SSN, 20, false, false,
      false, false },
};

static void
extensions_name_the_person_in_any_wrapping(void **state) /* GM/T 0015, DOMAIN 5.1 */
{
    (void)state;
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
        struct perso_subject subject = { .strange_string = false };
        bool known = perso_subject_extension(
            perso_cursor_of(extensions[i].oid, extensions[i].oid_bytes),
            perso_cursor_of(extensions[i].value, extensions[i].n), &subject);
        if (known != extensions[i].known ||
            text_is(subject.identify_code, SSN) != extensions[i].code ||
            text_is(subject.insurance_number, SSN) != extensions[i].insurance ||
            subject.strange_string != extensions[i].strange)
            fail_msg("%s", extensions[i].what);
    }
}

#define NAME 1
#define NUMBER 2

/* need: NAME, NUMBER; folds: PERSO_FOLD_ bits. NULL: no such item. */
static const struct {
    const char *what, *cn, *serial, *code, *insurance;
    int need;
    uint32_t folds;
    bool want;
} persons[] = {
    { "name alone", "张三", NULL, NULL, NULL, NAME, 0, true },
    { "name, number needed", "张三", NULL, NULL, NULL, NAME | NUMBER, 0, false },
    { "name and serialNumber", "张三", SSN, NULL, NULL, NAME | NUMBER, 0, true },
    { "name and identifyCode", "张三", NULL, SSN, NULL, NAME | NUMBER, 0, true },
    { "name and insuranceNumber", "张三", NULL, NULL, SSN, NAME | NUMBER, 0, true },
    { "lower-case x", "张三", "11010519491231002x", NULL, NULL, NAME | NUMBER, 0, true },
    { "other name", "李四", SSN, SSN, SSN, 0, PERSO_FOLD_ALL, false },
    { "other serialNumber", "张三", OTHER, SSN, NULL, NAME, 0, false },
    { "other identifyCode", "张三", SSN, OTHER, NULL, 0, 0, false },
    { "other insuranceNumber", "张三", SSN, SSN, OTHER, 0, 0, false },
    { "number cut", "张三", "11010519491231002", NULL, NULL, NAME, 0, false },
    { "CN is the SSN", SSN, NULL, NULL, NULL, NUMBER, 0, true },
    { "CN is the SSN, name needed", SSN, NULL, NULL, NULL, NAME | NUMBER, 0, false },
    { "CN is another SSN", OTHER, NULL, NULL, NULL, 0, 0, false },
    { "name and SSN", "张三" SSN, NULL, NULL, NULL, NAME | NUMBER, 0, true },
    { "SSN and name", SSN "张三", NULL, NULL, NULL, NAME | NUMBER, 0, true },
    { "name and other SSN", "张三" OTHER, NULL, NULL, NULL, 0, 0, false },
    { "other name and SSN", "李四" SSN, NULL, NULL, NULL, 0, 0, false },
    { "CN is the card", CARD, NULL, NULL, NULL, 0, 0, true },
    { "CN is the card in lower case", "411600d15600000512345678abcdef01", NULL, NULL, NULL, 0, 0,
      true },
    { "CN is the card, number needed", CARD, NULL, NULL, NULL, NUMBER, 0, false },
    { "CN is the card, number in the serial", CARD, SSN, NULL, NULL, NUMBER, 0, true },
    { "CN is another card", "411600D15600000512345678ABCDEF02", NULL, NULL, NULL, 0, 0, false },
    { "no CN, nothing needed", NULL, NULL, NULL, NULL, 0, 0, true },
    { "no CN, name needed", NULL, SSN, NULL, NULL, NAME, 0, false },
    { "name longer", "张三丰", NULL, NULL, NULL, 0, PERSO_FOLD_ALL, false },
    { "blanks after the name, allowed", "张三  ", NULL, NULL, NULL, NAME, PERSO_FOLD_SPACE, true },
};

static struct perso_text
text_or_none(const char *text)
{
    return (struct perso_text) { text ? text : "", text ? (uint32_t)strlen(text) : 0 };
}

static void
person_is_recognised_only_where_all_agrees(void **state) /* LD/T 03-2022 6.4.7.2 e, DOMAIN 5.10 */
{
    (void)state;
    for (size_t i = 0; i < sizeof persons / sizeof persons[0]; i++) {
        struct perso_subject subject = { text_or_none(persons[i].cn),
                                         text_or_none(persons[i].serial),
                                         text_or_none(persons[i].code),
                                         text_or_none(persons[i].insurance),
                                         false,
                                         false };
        struct perso_subject_rules rules = { (persons[i].need & NAME) != 0,
                                             (persons[i].need & NUMBER) != 0, persons[i].folds };
        if (perso_subject_is(&subject, text_or_none("张三"), SSN, CARD, &rules) != persons[i].want)
            fail_msg("%s: want %d", persons[i].what, persons[i].want);
        subject.strange_string = true;
        assert_false(perso_subject_is(&subject, text_or_none("张三"), SSN, CARD, &rules));
    }
}

static void
folds_pass_only_where_they_are_allowed(void **state) /* DOMAIN 3.5 */
{
    struct perso_subject subject = { .common_name = text_or_none("买买提・艾力") };
    struct perso_subject_rules rules = { true, false, PERSO_FOLD_DOT };
    struct perso_text name = text_or_none("买买提·艾力");

    (void)state;
    assert_true(perso_subject_is(&subject, name, SSN, CARD, &rules));
    rules.folds = PERSO_FOLD_ALL & ~PERSO_FOLD_DOT;
    assert_false(perso_subject_is(&subject, name, SSN, CARD, &rules));
}

static void
empty_values_recognise_nobody(void **state)
{
    static const struct perso_subject_rules rules = { true, true, PERSO_FOLD_ALL };
    struct perso_subject subject = { .common_name = text_or_none(SSN) };

    (void)state;
    assert_false(perso_subject_is(&subject, text_or_none(NULL), SSN, CARD, &rules));
    subject = (struct perso_subject) { .common_name = text_or_none(NULL) };
    assert_false(perso_subject_is(&subject, text_or_none(NULL), "", "", &rules));
    subject = (struct perso_subject) { .common_name = text_or_none("张三") };
    assert_false(perso_subject_is(&subject, text_or_none("张三"), "", "", &rules));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_taken_out_of_any_rdn),
        cmocka_unit_test(string_types_are_told_apart),
        cmocka_unit_test(a_second_name_is_another_person),
        cmocka_unit_test(extensions_name_the_person_in_any_wrapping),
        cmocka_unit_test(person_is_recognised_only_where_all_agrees),
        cmocka_unit_test(folds_pass_only_where_they_are_allowed),
        cmocka_unit_test(empty_values_recognise_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
