#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "formats/identity/card.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct perso_text
text(const char *s)
{
    return (struct perso_text) { s, (uint32_t)strlen(s) };
}

static const struct {
    const char *cell, *want; /* NULL: refused */
} card_ids[] = {
    { "411600D156000005006A1B2CFFFFFFFF", "411600D156000005006A1B2CFFFFFFFF" },
    { "411600d156000005006a1b2cffffffff", "411600D156000005006A1B2CFFFFFFFF" },
    { "411600D156000005006A1B2CFFFFFFF", NULL },   /* 31 */
    { "411600D156000005006A1B2CFFFFFFFFF", NULL }, /* 33 */
    { "4116A0D156000005006A1B2CFFFFFFFF", NULL },  /* division in hex */
    { "411600D156000006006A1B2CFFFFFFFF", NULL },  /* another RID */
    { "411600D156000005006A1B2CFFFFFFFG", NULL },
    { "411600D15600000500 A1B2CFFFFFFFF", NULL },
    { "D156000005411600006A1B2CFFFFFFFF", NULL },
    { "", NULL },
};

static void
card_id_has_one_form(void **state) /* DOMAIN 2.5 */
{
    (void)state;
    for (size_t i = 0; i < COUNT(card_ids); i++) {
        char out[PERSO_CARD_ID_CHARS + 1] = "untouched";
        bool read = perso_card_id_read(text(card_ids[i].cell), out);
        assert_int_equal(read, card_ids[i].want != NULL);
        assert_string_equal(out, read ? card_ids[i].want : "untouched");
    }
}

static void
card_number_is_nine_characters(void **state) /* DOMAIN 2.4 */
{
    char out[PERSO_CARD_NO_CHARS + 1] = "untouched";

    (void)state;
    assert_false(perso_card_no_read(text("JA334687"), out));
    assert_false(perso_card_no_read(text("JA334687XX"), out));
    assert_false(perso_card_no_read(text("JA334687x"), out));
    assert_false(perso_card_no_read(text("JA33468 X"), out));
    assert_false(perso_card_no_read(text("JA33-687X"), out));
    assert_false(perso_card_no_read(text("卡卡卡"), out));
    assert_string_equal(out, "untouched");
    assert_true(perso_card_no_read(text("JA334687X"), out));
    assert_string_equal(out, "JA334687X");
}

/* D2143569X is the standard's own example; the others are worked out by hand. */
static void
check_character_follows_gb_11714(void **state) /* GB 11714-1997 */
{
    static const char *const good[] = { "123456788", "D2143569X", "000000000" };

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(perso_card_no_check(good[i]));
        for (const char *c = "0123456789X"; *c != '\0'; c++) {
            char other[PERSO_CARD_NO_CHARS + 1];
            memcpy(other, good[i], sizeof other);
            other[8] = *c;
            assert_int_equal(perso_card_no_check(other), *c == good[i][8]);
        }
    }
    assert_int_equal(perso_card_no_character("D2143569"), 'X');
}

static void
lost_zeros_are_recognised(void **state) /* CONTRACTS 2: lost zeros have an own code */
{
    char whole[PERSO_CARD_NO_CHARS + 1] = "00123456";

    (void)state;
    whole[8] = perso_card_no_character(whole);
    assert_in_range(whole[8], '0', '9');
    assert_true(perso_card_no_lost_zeros(text(whole + 2)));
    assert_false(perso_card_no_lost_zeros(text(whole)));
    assert_false(perso_card_no_lost_zeros(text(whole + 1))); /* only some were lost: no program */
    whole[8] = (char)(whole[8] == '9' ? '0' : whole[8] + 1);
    assert_false(perso_card_no_lost_zeros(text(whole + 2)));
    assert_false(perso_card_no_lost_zeros(text("")));
    assert_false(perso_card_no_lost_zeros(text("12345678X")));
}

static void
division_has_six_eight_or_ten_digits(void **state) /* GB/T 2260, DOMAIN 2.6 */
{
    char out[PERSO_DIVISION_CHARS + 1] = "untouched";
    static const char *const bad[] = { "",       "41160",       "4116001",      "411600001",
                                       "4116A0", "41160000001", "４１１６００", "411600 " };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(perso_division_read(text(bad[i]), out));
    assert_string_equal(out, "untouched");
    assert_true(perso_division_read(text("411600"), out));
    assert_string_equal(out, "411600");
    assert_true(perso_division_read(text("22020000"), out));
    assert_true(perso_division_read(text("2202000001"), out));
    assert_string_equal(out, "2202000001");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(card_id_has_one_form),
        cmocka_unit_test(card_number_is_nine_characters),
        cmocka_unit_test(check_character_follows_gb_11714),
        cmocka_unit_test(lost_zeros_are_recognised),
        cmocka_unit_test(division_has_six_eight_or_ten_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
