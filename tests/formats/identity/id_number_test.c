#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "formats/identity/id_number.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Seventeen digits and their right check character. */
static const char *
with_check(const char *digits, char out[19])
{
    snprintf(out, 19, "%.17s%c", digits, perso_mod11_2(digits));
    return out;
}

static enum perso_reject
read_number(const char *cell, char out[19], enum perso_id_kind *kind)
{
    return perso_id_number_read((struct perso_text) { cell, (uint32_t)strlen(cell) }, out, kind);
}

static const struct {
    const char *what, *cell;
    enum perso_reject want;
    enum perso_id_kind kind;
} cases[] = {
    { "specimen of GB 11643", "11010519491231002X", PERSO_REJ_NONE, PERSO_ID_CITIZEN },
    { "lower-case check", "11010519491231002x", PERSO_REJ_NONE, PERSO_ID_CITIZEN },
    { "second specimen", "440524188001010014", PERSO_REJ_NONE, PERSO_ID_CITIZEN },
    { "Hong Kong permit", "810000199408230021", PERSO_REJ_NONE, PERSO_ID_PERMIT },
    { "Taiwan permit", "830000199201300022", PERSO_REJ_NONE, PERSO_ID_PERMIT },
    { "foreigner of 2017", "USA110190010112", PERSO_REJ_NONE, PERSO_ID_FOREIGN_15 },
    { "foreigner, lower case", "usa110190010112", PERSO_REJ_NONE, PERSO_ID_FOREIGN_15 },
    { "empty", "", PERSO_REJ_SSN_LENGTH, 0 },
    { "one short", "1101051949123100X", PERSO_REJ_SSN_LENGTH, 0 },
    { "one long", "11010519491231002XX", PERSO_REJ_SSN_LENGTH, 0 },
    { "15 digits of before 2000", "110105491231002", PERSO_REJ_SSN_LENGTH, 0 },
    { "foreigner, one short", "USA11019001011", PERSO_REJ_SSN_LENGTH, 0 },
    { "blank at the end", "11010519491231002X ", PERSO_REJ_SSN_LENGTH, 0 },
    { "length before character", "1101051949123100?", PERSO_REJ_SSN_LENGTH, 0 },
    { "X inside", "1101051949123100X2", PERSO_REJ_SSN_CHARACTER, 0 },
    { "letter at the end", "11010519491231002Y", PERSO_REJ_SSN_CHARACTER, 0 },
    { "full-width digits", "１１０１０５１９４９１２３１００２X", PERSO_REJ_SSN_CHARACTER, 0 },
    { "one full-width digit", "1101051949123100２X", PERSO_REJ_SSN_CHARACTER, 0 },
    { "blank inside", "110105 9491231002X", PERSO_REJ_SSN_CHARACTER, 0 },
    { "two letters of a country", "US1110190010112", PERSO_REJ_SSN_CHARACTER, 0 },
    { "foreigner with X at the end", "USA11019001011X", PERSO_REJ_SSN_CHARACTER, 0 },
    { "not UTF-8",
      "\xff\xff"
      "0105194912310021",
      PERSO_REJ_SSN_CHARACTER, 0 },
    { "character before province", "00010519491231002Y", PERSO_REJ_SSN_CHARACTER, 0 },
    { "no such province", "160105194912310026", PERSO_REJ_SSN_PROVINCE, 0 },
    { "province before date", "000105194913310026", PERSO_REJ_SSN_PROVINCE, 0 },
    { "Hong Kong, not a permit", "810001199408230021", PERSO_REJ_SSN_PROVINCE, 0 },
    { "foreigner of no province", "916840199001010011", PERSO_REJ_SSN_PROVINCE, 0 },
    { "date before check", "110105194913310020", PERSO_REJ_SSN_DATE, 0 },
    { "30 February", "11010519490230002X", PERSO_REJ_SSN_DATE, 0 },
    { "wrong check", "110105194912310021", PERSO_REJ_SSN_CHECK, 0 },
    { "two digits changed places", "11010519491231020X", PERSO_REJ_SSN_CHECK, 0 },
    { "spreadsheet, short", "4.1E+17", PERSO_REJ_EXCEL_DAMAGE, 0 },
    { "spreadsheet", "4.116E+17", PERSO_REJ_EXCEL_DAMAGE, 0 },
    { "spreadsheet, all digits", "4.11624199001011E+17", PERSO_REJ_EXCEL_DAMAGE, 0 },
    { "narrow column", "####", PERSO_REJ_EXCEL_DAMAGE, 0 },
    { "narrow column of 18", "##################", PERSO_REJ_EXCEL_DAMAGE, 0 },
};

static void
numbers_are_judged_in_order(void **state) /* GB 11643-1999; DOMAIN 2.1 to 2.3 */
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[19] = "untouched";
        enum perso_id_kind kind = (enum perso_id_kind)99;
        enum perso_reject reject = read_number(cases[i].cell, out, &kind);
        if (reject != cases[i].want)
            fail_msg("%s: have %s", cases[i].what, perso_reject_name(reject));
        if (reject == PERSO_REJ_NONE)
            assert_int_equal(kind, cases[i].kind);
        else
            assert_string_equal(out, "untouched");
    }
}

static void
letters_are_stored_in_upper_case(void **state) /* DOMAIN 2.1 */
{
    char out[19];
    enum perso_id_kind kind;

    (void)state;
    assert_int_equal(read_number("11010519491231002x", out, &kind), PERSO_REJ_NONE);
    assert_string_equal(out, "11010519491231002X");
    assert_int_equal(read_number("usa110190010112", out, &kind), PERSO_REJ_NONE);
    assert_string_equal(out, "USA110190010112");
}

static const struct {
    const char *date;
    bool real;
} dates[] = {
    { "18000101", true },  { "17991231", false }, { "29991231", true },  { "30000101", false },
    { "20000229", true },  { "19000229", false }, { "20040229", true },  { "20010229", false },
    { "21000229", false }, { "20010228", true },  { "20010430", true },  { "20010431", false },
    { "20011231", true },  { "20011232", false }, { "20010001", false }, { "20010100", false },
    { "20011301", false },
};

static void
dates_are_real(void **state) /* GB 11643-1999 */
{
    char digits[20], number[19], out[19];
    enum perso_id_kind kind;

    (void)state;
    for (size_t i = 0; i < COUNT(dates); i++) {
        snprintf(digits, sizeof digits, "411600%.8s001", dates[i].date);
        enum perso_reject reject = read_number(with_check(digits, number), out, &kind);
        if (reject != (dates[i].real ? PERSO_REJ_NONE : PERSO_REJ_SSN_DATE))
            fail_msg("%s", dates[i].date);
        snprintf(digits, sizeof digits, "911840%.8s001", dates[i].date);
        reject = read_number(with_check(digits, number), out, &kind);
        assert_int_equal(reject == PERSO_REJ_NONE, dates[i].real);
    }
}

static void
provinces_are_a_closed_set(void **state) /* GB/T 2260 */
{
    static const int known[] = { 11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34,
                                 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52,
                                 53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83 };
    char digits[20], number[19], out[19];
    enum perso_id_kind kind;

    (void)state;
    for (int p = 0; p < 90; p++) {
        bool want = false;
        for (size_t i = 0; i < COUNT(known); i++)
            want = want || known[i] == p;
        snprintf(digits, sizeof digits, "%02d000019900101001", p);
        enum perso_reject reject = read_number(with_check(digits, number), out, &kind);
        if (reject != (want ? PERSO_REJ_NONE : PERSO_REJ_SSN_PROVINCE))
            fail_msg("%02d", p);
        if (want)
            assert_int_equal(kind, p >= 81 ? PERSO_ID_PERMIT : PERSO_ID_CITIZEN);
        snprintf(digits, sizeof digits, "9%02d84019900101001", p);
        reject = read_number(with_check(digits, number), out, &kind);
        assert_int_equal(reject == PERSO_REJ_NONE, want);
        if (want)
            assert_int_equal(kind, PERSO_ID_FOREIGN_18);
    }
}

static void
every_single_fault_is_seen(void **state) /* ISO 7064 MOD 11-2 sees every single digit */
{
    char number[19], out[19];
    enum perso_id_kind kind;

    (void)state;
    for (size_t at = 0; at < 18; at++)
        for (const char *c = "0123456789X"; *c != '\0'; c++) {
            memcpy(number, "11010519491231002X", 19);
            bool same = number[at] == *c;
            number[at] = *c;
            assert_int_equal(read_number(number, out, &kind) == PERSO_REJ_NONE, same);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_judged_in_order),
        cmocka_unit_test(letters_are_stored_in_upper_case),
        cmocka_unit_test(dates_are_real),
        cmocka_unit_test(provinces_are_a_closed_set),
        cmocka_unit_test(every_single_fault_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
