#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "formats/text/split.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Cells as [a][b], or "refused". */
static const char *
shown(char delimiter, bool quotes, bool by_csv, const char *record, char out[256])
{
    struct perso_splitter s;
    struct perso_text cells[16];
    char bytes[256];
    struct perso_cells c = { cells, COUNT(cells), 0, bytes };
    struct perso_error err = { 0 };
    uint32_t bad_at = 0;
    size_t used = 0;

    assert_true(perso_splitter_init(&s, delimiter, quotes));
    struct perso_text text = { record, (uint32_t)strlen(record) };
    enum perso_result rc = by_csv ? perso_split_csv(&s, text, &c, &bad_at, &err)
                                  : perso_split(&s, text, &c, &bad_at, &err);
    strcpy(out, "refused");
    if (rc != PERSO_OK)
        assert_int_equal(err.reject, PERSO_REJ_TEXT_QUOTE);
    for (uint32_t i = 0; rc == PERSO_OK && i < c.n; i++)
        used +=
            (size_t)snprintf(out + used, 256 - used, "[%.*s]", (int)cells[i].bytes, cells[i].at);
    perso_splitter_free(&s);
    return out;
}

static const struct {
    char delimiter;
    bool quotes;
    const char *record, *want;
} cases[] = {
    { ',', true, "a,b", "[a][b]" },
    { ',', true, "a,", "[a][]" },
    { ',', true, ",", "[][]" },
    { ',', true, " a , b ", "[ a ][ b ]" }, /* nothing is stripped */
    { '\t', true, "a\tb c", "[a][b c]" },
    { '|', true, "a|b,c", "[a][b,c]" },
    { ',', true, "\"a\",b", "[a][b]" },
    { ',', true, "\"a,b\",c", "[a,b][c]" },
    { ',', true, "\"a\"\"b\"", "[a\"b]" },
    { ',', true, "\"\"", "[]" },
    { ',', true, "\"\",\"\"", "[][]" },
    { ',', true, "\" a \"", "[ a ]" },
    { ',', true, "\"a\nb\",c", "[a\nb][c]" },
    { ',', true, "张\"伟", "refused" },
    { ',', true, "a\"", "refused" },
    { ',', true, "\"a", "refused" },
    { ',', true, "\"a\"b", "refused" },
    { ',', true, "\"a\" ,b", "refused" },
    { ',', true, " \"a\"", "refused" },
    { ',', true, "\"a\"\"", "refused" },
    { ',', true, "\"", "refused" },
    { ',', true, "=\"0012\",b", "[0012][b]" }, /* Excel */
    { ',', true, "a,=\"0012\"", "[a][0012]" },
    { ',', true, "=\"1\",=\"2\",3", "[1][2][3]" },
    { ',', true, "\"=\"\"0012\"\"\",b", "[0012][b]" },
    { ',', true, "=\"\"", "[]" },
    { ',', true, "=\"a\"b", "refused" },
    { ',', true, "=\"a", "refused" },
    { ',', true, "x=\"a\"", "refused" },
    { ',', true, "=A1", "[=A1]" },
    { ',', true, "\"MIIB==\",b", "[MIIB==][b]" }, /* a = at the end is Base64's */
    { ',', true, "\"a,=\",\"b\"", "[a,=][b]" },
    { ',', true, "\"\"\"=\",b", "[\"=][b]" },
    { ',', false, "a\"b,\"c", "[a\"b][\"c]" },
    { ',', false, "=\"0012\",b", "[0012][b]" },
    { ',', false, "=\"", "[=\"]" },
    { ',', false, "=\"a\"b\"", "[=\"a\"b\"]" },
};

static void
records_are_split(void **state) /* RFC 4180 2; CONTRACTS 2 */
{
    char out[256];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        shown(cases[i].delimiter, cases[i].quotes, false, cases[i].record, out);
        if (strcmp(out, cases[i].want) != 0)
            fail_msg("%s: have %s, want %s", cases[i].record, out, cases[i].want);
    }
}

static void
the_plain_walk_is_libcsv(void **state) /* CONTRACTS 2: it stands in where no quote is */
{
    static const char *const parts[] = { "", ",", ",,", "a", "张伟", " ", "|", "=", ";x" };
    char record[64], plain[256], csv[256];

    (void)state;
    for (size_t i = 0; i < COUNT(parts) * COUNT(parts) * COUNT(parts); i++) {
        snprintf(record, sizeof record, "%s%s%s", parts[i % COUNT(parts)],
                 parts[i / COUNT(parts) % COUNT(parts)], parts[i / COUNT(parts) / COUNT(parts)]);
        assert_string_equal(shown(',', true, false, record, plain),
                            shown(',', true, true, record, csv));
    }
}

static void
cells_beyond_the_room_are_counted(void **state)
{
    static const char *const records[] = { "a,b,c,d", "\"a\",b,c,d" };

    (void)state;
    for (size_t i = 0; i < COUNT(records); i++) {
        struct perso_splitter s;
        struct perso_text cells[2] = { 0 };
        char bytes[32];
        struct perso_cells c = { cells, 2, 0, bytes };
        struct perso_error err = { 0 };
        uint32_t bad_at;
        struct perso_text record = { records[i], (uint32_t)strlen(records[i]) };
        assert_true(perso_splitter_init(&s, ',', true));
        assert_int_equal(perso_split(&s, record, &c, &bad_at, &err), PERSO_OK);
        assert_int_equal(c.n, 4);
        assert_memory_equal(cells[1].at, "b", 1);
        perso_splitter_free(&s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_split),
        cmocka_unit_test(the_plain_walk_is_libcsv),
        cmocka_unit_test(cells_beyond_the_room_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
