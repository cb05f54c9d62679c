#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "formats/text/table.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define HEX_32 "0123456789abcdefABCDEF0123456789"

static struct perso_text
text(const char *s)
{
    return (struct perso_text) { s, (uint32_t)strlen(s) };
}

static const struct {
    enum perso_column column;
    const char *cell;
    bool fits;
} cases[] = {
    { PERSO_COL_AAZ501, "411600D156000005006A1B2CFFFFFFFF", true },
    { PERSO_COL_AAZ501, "411600d156000005006a1b2cffffffff", true },
    { PERSO_COL_AAZ501, "411600D156000005006A1B2CFFFFFFF", false },
    { PERSO_COL_AAZ501, "411600D156000006006A1B2CFFFFFFFF", false },
    { PERSO_COL_AAZ501, "JA334687X", false },
    { PERSO_COL_AAZ501, "", false },
    { PERSO_COL_AAZ500, "JA334687X", true },
    { PERSO_COL_AAZ500, "JA334687", false },
    { PERSO_COL_AAZ500, "411600D156000005006A1B2CFFFFFFFF", false },
    { PERSO_COL_AAC002, "11010519491231002X", true },
    { PERSO_COL_AAC002, "USA110190010112", true },
    { PERSO_COL_AAC002, "1101051949123100X", false },
    { PERSO_COL_AAC002, "张伟张伟张伟", false },
    { PERSO_COL_AAC003, "张伟", true },
    { PERSO_COL_AAC003, "RAJNI AGGARWAL", true },
    { PERSO_COL_AAC003, "ADA", true },
    { PERSO_COL_AAC003, "", false },
    { PERSO_COL_AAC003, "1", false },
    { PERSO_COL_AAC003, "110105194912310021", false },
    { PERSO_COL_AAC003, "411600D156000005006A1B2CFFFFFFFF", false },
    { PERSO_COL_AAC006, "19491231", true },
    { PERSO_COL_AAC006, "1949-12-31", false },
    { PERSO_COL_AAC006, "", true },
    { PERSO_COL_AAB301, "411600", true },
    { PERSO_COL_AAB301, "41160001", true },
    { PERSO_COL_AAB301, "4116000001", true },
    { PERSO_COL_AAB301, "4116000", false },
    { PERSO_COL_QMGY, HEX_32 HEX_32 HEX_32 HEX_32, true },
    { PERSO_COL_QMGY, HEX_32 HEX_32 HEX_32, false },
    { PERSO_COL_request_id, HEX_32, true },
    { PERSO_COL_P10, "MIHYMIGA+/==", true },
    { PERSO_COL_P10, "MIHY MIGA", false },
    { PERSO_COL_P10, "张伟", false },
    { PERSO_COL_P10, "", true },
    { PERSO_COL_QMZS_SM3, HEX_32 HEX_32, true },
    { PERSO_COL_QMZS_SM3, HEX_32, false },
    { PERSO_COL_box, "anything", true },
    { PERSO_COL_SF, "", true },
    { PERSO_COLUMN_OTHER, "anything", true },
};

static void
shapes_tell_columns_apart(void **state) /* DOMAIN 1.2 */
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (perso_column_shape(cases[i].column, text(cases[i].cell)) != cases[i].fits)
            fail_msg("%s: %s", perso_column_code(cases[i].column), cases[i].cell);
}

static void
spreadsheet_damage_is_named(void **state) /* CONTRACTS 2 */
{
    static const char *const damaged[] = { "##", "########", "4.116E+17", "4E+17", "4.1e+17" };
    static const char *const whole[] = { "",       "#",       "#1",      "4.116",
                                         "E+17",   ".1E+17",  "4.116E+", "4.1.6E+1",
                                         "411600", "4.1E-17", "4.1E+1x" };

    (void)state;
    for (size_t i = 0; i < COUNT(damaged); i++)
        assert_true(perso_excel_damaged(text(damaged[i])));
    for (size_t i = 0; i < COUNT(whole); i++)
        assert_false(perso_excel_damaged(text(whole[i])));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_tell_columns_apart),
        cmocka_unit_test(spreadsheet_damage_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
