#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "formats/identity/name.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct perso_text
text(const char *s)
{
    return (struct perso_text) { s, (uint32_t)strlen(s) };
}

static const struct {
    const char *what, *name;
    enum perso_reject want;
} checks[] = {
    { "two", "张伟", PERSO_REJ_NONE },
    { "rare, outside GBK", "李䶮", PERSO_REJ_NONE },
    { "four bytes in GB18030", "㼆㛃", PERSO_REJ_NONE },
    { "extension E", "王𬱖", PERSO_REJ_NONE },
    { "extension G, plane 3", "王\U00030EDD", PERSO_REJ_NONE },
    { "compatibility ideograph", "凉\uFA0E", PERSO_REJ_NONE },
    { "added in 2022", "\u9FB4", PERSO_REJ_NONE },
    { "zero that is a character", "〇", PERSO_REJ_NONE },
    { "kun is a name", "曹锟", PERSO_REJ_NONE },
    { "U+00B7", "阿迪力·买买提", PERSO_REJ_NONE },
    { "U+30FB", "阿迪力・买买提", PERSO_REJ_NONE },
    { "U+2022", "阿迪力•买买提", PERSO_REJ_NONE },
    { "U+2027", "阿迪力‧买买提", PERSO_REJ_NONE },
    { "U+2219", "阿迪力∙买买提", PERSO_REJ_NONE },
    { "U+25CF", "阿迪力●买买提", PERSO_REJ_NONE },
    { "U+FF0E", "阿迪力．买买提", PERSO_REJ_NONE },
    { "U+FF65", "阿迪力･买买提", PERSO_REJ_NONE },
    { "U+2E31", "阿迪力\u2E31买买提", PERSO_REJ_NONE },
    { "U+002E", "阿迪力.买买提", PERSO_REJ_NONE },
    { "U+3002", "阿迪力。买买提", PERSO_REJ_NONE },
    { "Latin, padded", "RAJNI AGGARWAL     ", PERSO_REJ_NONE },
    { "hyphen, apostrophe", "Anne-Marie O'Neill", PERSO_REJ_NONE },
    { "marks", "José Nuñez", PERSO_REJ_NONE },
    { "full-width Latin", "ＲＡＪＮＩ　Ａ", PERSO_REJ_NONE },
    { "letter and digit", "张伟2", PERSO_REJ_NONE },
    { "empty", "", PERSO_REJ_NAME_EMPTY },
    { "padding", " \xe3\x80\x80 ", PERSO_REJ_NAME_EMPTY },
    { "question mark", "张?", PERSO_REJ_NAME_GARBLED },
    { "three", "???", PERSO_REJ_NAME_GARBLED },
    { "full-width question mark", "张？", PERSO_REJ_NAME_GARBLED },
    { "replacement character", "张\uFFFD", PERSO_REJ_NAME_GARBLED },
    { "replacement read as GBK", "锟斤拷锟斤拷", PERSO_REJ_NAME_GARBLED },
    { "geta mark", "张〓", PERSO_REJ_NAME_GARBLED },
    { "white square", "张□", PERSO_REJ_NAME_GARBLED },
    { "substitute control", "张\x1a", PERSO_REJ_NAME_GARBLED },
    { "not UTF-8", "\xd5\xc5\xce\xb0", PERSO_REJ_NAME_GARBLED },
    { "garbled before private", "\uE000?", PERSO_REJ_NAME_GARBLED },
    { "private use of FE51", "李\uE816", PERSO_REJ_NAME_PRIVATE },
    { "first private", "李\uE000", PERSO_REJ_NAME_PRIVATE },
    { "last private", "李\uF8FF", PERSO_REJ_NAME_PRIVATE },
    { "plane 15", "李\U000F0000", PERSO_REJ_NAME_PRIVATE },
    { "plane 16", "李\U0010FFFD", PERSO_REJ_NAME_PRIVATE },
    { "private before character", "李\uE000\t", PERSO_REJ_NAME_PRIVATE },
    { "tab", "张\t伟", PERSO_REJ_NAME_CHARACTER },
    { "newline", "张\n伟", PERSO_REJ_NAME_CHARACTER },
    { "C1 control",
      "张\xc2\x85"
      "伟",
      PERSO_REJ_NAME_CHARACTER },
    { "delete", "张\x7f", PERSO_REJ_NAME_CHARACTER },
    { "right-to-left override", "张\u202E伟", PERSO_REJ_NAME_CHARACTER },
    { "isolate", "张\u2067伟", PERSO_REJ_NAME_CHARACTER },
    { "zero width space", "张\u200B伟", PERSO_REJ_NAME_CHARACTER },
    { "zero width joiner", "张\u200D伟", PERSO_REJ_NAME_CHARACTER },
    { "byte order mark", "\uFEFF张伟", PERSO_REJ_NAME_CHARACTER },
    { "soft hyphen", "An\u00ADne", PERSO_REJ_NAME_CHARACTER },
    { "no-break space", "AN\u00A0NE", PERSO_REJ_NAME_CHARACTER },
    { "variation selector", "葛\U000E0100", PERSO_REJ_NAME_CHARACTER },
    { "noncharacter", "张\uFFFF", PERSO_REJ_NAME_CHARACTER },
    { "noncharacter of plane 15", "张\U000FFFFF", PERSO_REJ_NAME_CHARACTER },
    { "description of a character", "⿰木木", PERSO_REJ_NAME_CHARACTER },
    { "radical, not a character", "\u2F08", PERSO_REJ_NAME_CHARACTER },
    { "emoji", "张\U0001F600", PERSO_REJ_NAME_CHARACTER },
    { "digits", "12345", PERSO_REJ_NAME_CHARACTER },
    { "full-width digits", "１２３", PERSO_REJ_NAME_CHARACTER },
    { "dot only", "·", PERSO_REJ_NAME_CHARACTER },
    { "formula", "=张伟", PERSO_REJ_NAME_CHARACTER },
    { "delimiter", "张|伟", PERSO_REJ_NAME_CHARACTER },
    { "comma", "张,伟", PERSO_REJ_NAME_CHARACTER },
    { "backslash", "张\\伟", PERSO_REJ_NAME_CHARACTER },
    { "markup", "<b>", PERSO_REJ_NAME_CHARACTER },
};

static void
names_are_judged_in_order(void **state) /* DOMAIN 3; GB 18030-2022 */
{
    (void)state;
    for (size_t i = 0; i < COUNT(checks); i++) {
        enum perso_reject reject = perso_name_check(text(checks[i].name));
        if (reject != checks[i].want)
            fail_msg("%s: have %s", checks[i].what, perso_reject_name(reject));
    }
    assert_int_equal(perso_name_check((struct perso_text) { "a\0b", 3 }), PERSO_REJ_NAME_CHARACTER);
    assert_int_equal(perso_name_check((struct perso_text) { "ab\0\0", 4 }), PERSO_REJ_NONE);
}

/* n times a character, in one buffer for each call. */
static struct perso_text
repeated(char *buffer, const char *prefix, const char *character, size_t n)
{
    strcpy(buffer, prefix);
    for (size_t i = 0; i < n; i++)
        strcat(buffer, character);
    return text(buffer);
}

static void
length_is_a_budget_of_bytes(void **state) /* DOMAIN 3.4: tag 09 and tag 4E */
{
    char buffer[512];
    struct perso_card_name card;

    (void)state;
    assert_int_equal(perso_name_check(repeated(buffer, "", "买", 25)), PERSO_REJ_NONE);
    assert_int_equal(perso_name_check(repeated(buffer, "", "买", 26)), PERSO_REJ_NAME_LENGTH);
    assert_int_equal(perso_name_check(repeated(buffer, "", "a", 50)), PERSO_REJ_NONE);
    assert_int_equal(perso_name_check(repeated(buffer, "", "a", 51)), PERSO_REJ_NAME_LENGTH);
    /* Four bytes each: 7 in the name (28), 5 in its extension; two bytes stay empty. */
    assert_int_equal(perso_name_check(repeated(buffer, "", "𬱖", 12)), PERSO_REJ_NONE);
    assert_int_equal(perso_name_check(repeated(buffer, "", "𬱖", 13)), PERSO_REJ_NAME_LENGTH);
    /* 50 bytes that cannot be cut at 30. */
    assert_int_equal(perso_name_check(repeated(buffer, "a", "买", 24)), PERSO_REJ_NONE);
    strcat(buffer, "b");
    assert_int_equal(perso_name_check(text(buffer)), PERSO_REJ_NAME_LENGTH);
    assert_false(perso_name_split(text(buffer), &card));
}

static const struct {
    const char *extension;
    enum perso_reject want;
} extensions[] = {
    { "", PERSO_REJ_NONE },
    { "  ", PERSO_REJ_NONE },
    { "提", PERSO_REJ_NONE },
    { "·买买提", PERSO_REJ_NONE },
    { ".", PERSO_REJ_NONE }, /* the last of a name of 31 bytes */
    { "买买买买买买买买买买", PERSO_REJ_NONE },
    { "买买买买买买买买买买a", PERSO_REJ_NAME_LENGTH },
    { "𬱖𬱖𬱖𬱖𬱖", PERSO_REJ_NONE },
    { "??", PERSO_REJ_NAME_GARBLED },
    { "买\uFFFD", PERSO_REJ_NAME_GARBLED },
    { "买\uE816", PERSO_REJ_NAME_PRIVATE },
    { "买\U000F0000", PERSO_REJ_NAME_PRIVATE },
    { "买\u200B", PERSO_REJ_NAME_CHARACTER },
    { "=买", PERSO_REJ_NAME_CHARACTER },
};

static void
an_extension_is_judged_as_a_name(void **state) /* DOMAIN 3.3, 3.4: tag 4E */
{
    (void)state;
    for (size_t i = 0; i < COUNT(extensions); i++) {
        enum perso_reject reject = perso_name_extension_check(text(extensions[i].extension));
        if (reject != extensions[i].want)
            fail_msg("%zu: have %s", i, perso_reject_name(reject));
    }
}

static void
split_never_cuts_a_character(void **state) /* DOMAIN 3.4 */
{
    char buffer[512];
    struct perso_card_name card;

    (void)state;
    assert_true(perso_name_split(text("张伟"), &card));
    assert_int_equal(card.name_bytes, 4);
    assert_int_equal(card.extension_bytes, 0);
    assert_memory_equal(card.name, "\xd5\xc5\xce\xb0", 4);
    assert_true(perso_name_split(repeated(buffer, "", "买", 15), &card));
    assert_int_equal(card.name_bytes, 30);
    assert_int_equal(card.extension_bytes, 0);
    assert_true(perso_name_split(repeated(buffer, "", "买", 16), &card));
    assert_int_equal(card.extension_bytes, 2);
    assert_true(perso_name_split(repeated(buffer, "a", "买", 15), &card));
    assert_int_equal(card.name_bytes, 29);
    assert_int_equal(card.extension_bytes, 2);
    /* What came after the extension began does not go back into the gap. */
    strcat(buffer, "b");
    assert_true(perso_name_split(text(buffer), &card));
    assert_int_equal(card.name_bytes, 29);
    assert_memory_equal(card.extension,
                        "\xc2\xf2"
                        "b",
                        3);
    assert_true(perso_name_split(repeated(buffer, "", "𬱖", 8), &card));
    assert_int_equal(card.name_bytes, 28);
    assert_int_equal(card.extension_bytes, 4);
    assert_false(perso_name_split(text("\xff"), &card));
}

#define DOT PERSO_FOLD_DOT
#define SPACE PERSO_FOLD_SPACE
#define WIDTH PERSO_FOLD_WIDTH
#define CASE PERSO_FOLD_CASE

static const struct {
    const char *a, *b;
    enum perso_name_match match;
    uint32_t folds;
} pairs[] = {
    { "张伟", "张伟", PERSO_NAME_EXACT, 0 },
    { "", "", PERSO_NAME_EXACT, 0 },
    { "\xff", "\xff", PERSO_NAME_EXACT, 0 },
    { "张伟", "张伟  ", PERSO_NAME_EQUAL_FOLDED, SPACE },
    { "张伟\xe3\x80\x80", "张伟", PERSO_NAME_EQUAL_FOLDED, SPACE },
    { "A　B", "A B", PERSO_NAME_EQUAL_FOLDED, SPACE },
    { "买·提", "买・提", PERSO_NAME_EQUAL_FOLDED, DOT },
    { "买•提", "买‧提", PERSO_NAME_EQUAL_FOLDED, DOT },
    { "买∙提", "买●提", PERSO_NAME_EQUAL_FOLDED, DOT },
    { "买．提", "买.提", PERSO_NAME_EQUAL_FOLDED, DOT },
    { "买･提", "买\u2E31提", PERSO_NAME_EQUAL_FOLDED, DOT },
    { "买。提", "买·提", PERSO_NAME_EQUAL_FOLDED, DOT },
    { "ＡＢ", "AB", PERSO_NAME_EQUAL_FOLDED, WIDTH },
    { "rajni", "RAJNI", PERSO_NAME_EQUAL_FOLDED, CASE },
    { "josé", "JOSÉ", PERSO_NAME_EQUAL_FOLDED, CASE },
    { "Lǚ", "LǙ", PERSO_NAME_EQUAL_FOLDED, CASE },
    { "Lǚ", "Lǜ", PERSO_NAME_MISMATCH, 0 }, /* another tone */
    { "ă", "Ă", PERSO_NAME_EQUAL_FOLDED, CASE },
    { "ż", "Ż", PERSO_NAME_EQUAL_FOLDED, CASE },
    { "ａ", "Ａ", PERSO_NAME_EQUAL_FOLDED, CASE },
    { "ａ", "A", PERSO_NAME_EQUAL_FOLDED, WIDTH | CASE },
    { "a·b ", "A•B", PERSO_NAME_EQUAL_FOLDED, DOT | SPACE | CASE },
    { "ａ·b　c", "A•B c ", PERSO_NAME_EQUAL_FOLDED, DOT | SPACE | WIDTH | CASE },
    { "张伟", "张玮", PERSO_NAME_MISMATCH, 0 },
    { "李䶮", "李龑", PERSO_NAME_MISMATCH, 0 }, /* no variant folding */
    { "张伟", "张", PERSO_NAME_MISMATCH, 0 },
    { "A B", "AB", PERSO_NAME_MISMATCH, 0 },
    { "A  B", "A B", PERSO_NAME_MISMATCH, 0 },
    { " AB", "AB", PERSO_NAME_MISMATCH, 0 },
    { "买·提", "买提", PERSO_NAME_MISMATCH, 0 },
    { "\uF9D1", "\u516D", PERSO_NAME_MISMATCH, 0 }, /* no NFKC: compatibility 六 */
    { "\xff", "\xfe", PERSO_NAME_MISMATCH, 0 },
};

static void
folds_are_named_and_least(void **state) /* DOMAIN 3.1, 3.2, 3.5 */
{
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        uint32_t folds = 99;
        enum perso_name_match m = perso_name_compare(text(pairs[i].a), text(pairs[i].b), &folds);
        if (m != pairs[i].match || folds != pairs[i].folds)
            fail_msg("row %zu: match %d folds %u", i, m, (unsigned)folds);
        m = perso_name_compare(text(pairs[i].b), text(pairs[i].a), &folds);
        assert_true(m == pairs[i].match && folds == pairs[i].folds);
    }
}

static void
folds_have_names(void **state)
{
    char out[32];

    (void)state;
    perso_fold_names(0, out, sizeof out);
    assert_string_equal(out, "");
    perso_fold_names(DOT | WIDTH, out, sizeof out);
    assert_string_equal(out, "dot+width");
    perso_fold_names(PERSO_FOLD_ALL, out, sizeof out);
    assert_string_equal(out, "dot+space+width+case");
    perso_fold_names(PERSO_FOLD_ALL, out, 6); /* cut, but ended */
    assert_true(strlen(out) < 6);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_judged_in_order),
        cmocka_unit_test(length_is_a_budget_of_bytes),
        cmocka_unit_test(an_extension_is_judged_as_a_name),
        cmocka_unit_test(split_never_cuts_a_character),
        cmocka_unit_test(folds_are_named_and_least),
        cmocka_unit_test(folds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
