#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "perso/column.h"

static struct perso_text
text(const char *s)
{
    return (struct perso_text) { s, (uint32_t)strlen(s) };
}

static void
columns_have_codes_and_other_names(void **state) /* DOMAIN 1.1, 1.2 */
{
    (void)state;
    assert_int_equal(perso_column_find(text("AAZ501")), PERSO_COL_AAZ501);
    assert_int_equal(perso_column_find(text("aaz501")), PERSO_COL_AAZ501);
    assert_int_equal(perso_column_find(text("卡识别码")), PERSO_COL_AAZ501);
    assert_int_equal(perso_column_find(text("ksbm")), PERSO_COL_AAZ501);
    assert_int_equal(perso_column_find(text("卡号")), PERSO_COL_AAZ500);
    assert_int_equal(perso_column_find(text("SHBZHM")), PERSO_COL_AAC002);
    assert_int_equal(perso_column_find(text("REQUEST_ID")), PERSO_COL_request_id);
    assert_int_equal(perso_column_find(text("管理员pin")), PERSO_COL_GLYPIN);
    assert_int_equal(perso_column_find(text("")), PERSO_COLUMN_OTHER);
    assert_int_equal(perso_column_find(text("AAZ50")), PERSO_COLUMN_OTHER);
    assert_int_equal(perso_column_find(text("AAZ5011")), PERSO_COLUMN_OTHER);
    assert_int_equal(perso_column_find(text("卡号|KH")), PERSO_COLUMN_OTHER);
    assert_string_equal(perso_column_code(PERSO_COL_QMZS_SM3), "QMZS_SM3");
    assert_string_equal(perso_column_code(PERSO_COLUMN_OTHER), "");
    assert_true(perso_column_personal(PERSO_COL_AAC003));
    assert_false(perso_column_personal(PERSO_COL_AAZ501));
}

static void
every_code_finds_itself(void **state) /* and no name stands for two columns */
{
    (void)state;
    for (int i = 1; i < PERSO_COLUMN_COUNT; i++)
        assert_int_equal(perso_column_find(text(perso_column_code((enum perso_column)i))), i);
#define ALIASES(code, personal, aliases) aliases "|"
    char all[] = PERSO_COLUMNS(ALIASES), *rest = NULL;
    for (char *a = strtok_r(all, "|", &rest); a != NULL; a = strtok_r(NULL, "|", &rest)) {
        assert_int_not_equal(perso_column_find(text(a)), PERSO_COLUMN_OTHER);
        for (char *b = rest; b != NULL && *b != '\0'; b += strcspn(b, "|") + 1)
            assert_false(strlen(a) == strcspn(b, "|") && strncmp(a, b, strlen(a)) == 0);
    }
}

static void
layout_takes_each_column_once(void **state) /* CONTRACTS 2: doubled column */
{
    static struct perso_layout layout;
    struct perso_error err = { 0 };

    (void)state;
    perso_layout_init(&layout);
    assert_int_equal(layout.at[PERSO_COL_AAZ501], -1);
    assert_int_equal(perso_layout_add(&layout, PERSO_COL_AAZ501, text("卡识别码"), &err), PERSO_OK);
    assert_string_equal(layout.name[0], "AAZ501");
    assert_int_equal(perso_layout_add(&layout, PERSO_COLUMN_OTHER, text("备注"), &err), PERSO_OK);
    assert_string_equal(layout.name[1], "备注");
    assert_int_equal(perso_layout_add(&layout, PERSO_COLUMN_OTHER, text(""), &err), PERSO_OK);
    assert_int_equal(perso_layout_add(&layout, PERSO_COL_AAZ501, text("KSBM"), &err), PERSO_REJECT);
    assert_int_equal(err.reject, PERSO_REJ_COLUMN_TWICE);
    assert_string_equal(err.field, "AAZ501");
    assert_int_equal(perso_layout_add(&layout, PERSO_COLUMN_OTHER, text("备注"), &err),
                     PERSO_REJECT);
    assert_int_equal(err.reject, PERSO_REJ_COLUMN_TWICE);
    assert_null(strstr(err.text, "备注")); /* may be a person's cell of a table without header */
    assert_int_equal(layout.n_columns, 3);
    assert_int_equal(layout.at[PERSO_COL_AAZ501], 0);
}

static void
layout_has_limits(void **state) /* limits.h, at n and n + 1 */
{
    static struct perso_layout layout;
    struct perso_error err = { 0 };
    char name[PERSO_COLUMN_NAME_BYTES + 1];

    (void)state;
    perso_layout_init(&layout);
    memset(name, 'a', sizeof name);
    struct perso_text longest = { name, PERSO_COLUMN_NAME_BYTES - 1 };
    assert_int_equal(perso_layout_add(&layout, PERSO_COLUMN_OTHER, longest, &err), PERSO_OK);
    longest.bytes++;
    assert_int_equal(perso_layout_add(&layout, PERSO_COLUMN_OTHER, longest, &err), PERSO_REJECT);
    assert_int_equal(err.reject, PERSO_REJ_TEXT_COLUMNS);
    for (unsigned i = 1; i < PERSO_COLUMNS_MAX; i++) {
        name[0] = (char)('0' + i / 10);
        name[1] = (char)('0' + i % 10);
        struct perso_text other = { name, 2 };
        assert_int_equal(perso_layout_add(&layout, PERSO_COLUMN_OTHER, other, &err), PERSO_OK);
    }
    assert_int_equal(perso_layout_add(&layout, PERSO_COL_AAZ501, text("x"), &err), PERSO_REJECT);
    assert_int_equal(err.reject, PERSO_REJ_TEXT_COLUMNS);
    assert_int_equal(
        perso_layout_add(&layout, PERSO_COLUMN_OTHER, (struct perso_text) { "a\0b", 3 }, &err),
        PERSO_REJECT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_have_codes_and_other_names),
        cmocka_unit_test(every_code_finds_itself),
        cmocka_unit_test(layout_takes_each_column_once),
        cmocka_unit_test(layout_has_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
