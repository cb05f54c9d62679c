/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <string.h>

#include "formats/record/record.h"
#include "tests/formats/record/record_read.h"

static void
the_form_is_found(void **state)
{
    static const struct {
        struct read_bytes head;
        int want; /* -1: none */
    } cases[] = {
        { BYTES("<m/>"), PERSO_RECORD_XML },
        { BYTES("{}"), PERSO_RECORD_JSON },
        { BYTES("[]"), PERSO_RECORD_JSON },
        { BYTES("\xef\xbb\xbf \r\n\t{"), PERSO_RECORD_JSON },
        { BYTES("\x84\x31\x95\x33<"), PERSO_RECORD_XML },
        { BYTES("\n<"), PERSO_RECORD_XML },
        { BYTES(""), -1 },
        { BYTES(" "), -1 },
        { BYTES("AAZ501,code"), -1 },
        { BYTES("\"a\""), -1 },
        { BYTES("\xff\xfe<\0"), -1 },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum perso_record_form form = PERSO_RECORD_XML;
        bool found =
            perso_record_form_find(perso_cursor_of(cases[i].head.at, cases[i].head.n), &form);
        assert_int_equal(found, cases[i].want >= 0);
        if (found)
            assert_int_equal(form, cases[i].want);
    }
}

/* DOMAIN 0.6, 1.2: what a field is called is the profile's to say. */
static void
aliases_come_first(void **state)
{
    static const struct perso_alias aliases[] = {
        { "cardNum", PERSO_COL_AAZ500 },
        { "AAZ500", PERSO_COL_AAZ501 }, /* the exact swap that was seen */
        { "code", PERSO_COLUMN_OTHER }, /* not the code of an answer here */
    };
    struct perso_record_options options = { .form = PERSO_RECORD_JSON,
                                            .aliases = aliases,
                                            .n_aliases = 3 };
    struct read_bytes json = BYTES("{\"CARDNUM\":\"1\",\"aaz500\":\"2\",\"code\":\"3\"}");
    struct read_bytes xml = BYTES("<m cardnum='1'><AAZ500>2</AAZ500><code>3</code></m>");
    (void)state;

    assert_string_equal(read_records(&options, json, 4), "1 AAZ501=2 AAZ500=1\n");
    options.form = PERSO_RECORD_XML;
    assert_string_equal(read_records(&options, xml, 4), "1 AAZ501=2 AAZ500=1\n");
}

static enum perso_result
broken(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    unsigned *calls = self;
    if (++*calls == 1) {
        assert_true(max >= 12);
        memcpy(buf, "[{\"KH\":\"1\"},", 12);
        *n = 12;
        return PERSO_OK;
    }
    return perso_error_set(err, PERSO_REJ_NONE, "", "disk");
}

static void
a_failure_stays(void **state)
{
    struct perso_record_options options = { .form = PERSO_RECORD_JSON, .file = "f" };
    unsigned calls = 0;
    struct perso_source source = { broken, &calls };
    struct perso_arena *arena = perso_arena_new();
    struct perso_records *records;
    struct perso_error err = { 0 };
    struct perso_row row;
    size_t n;
    (void)state;

    assert_int_equal(perso_records_open(&source, &options, &records, &err), PERSO_OK);
    for (int i = 0; i < 2; i++) {
        err = (struct perso_error) { 0 };
        assert_int_equal(perso_records_read(records, arena, &row, 1, &n, &err), PERSO_FATAL);
        assert_string_equal(err.text, "disk");
    }
    assert_int_equal(calls, 2);
    perso_records_free(records);
    perso_records_free(NULL);
    perso_arena_free(arena);
}

/* A value and a key of every column, and a row of every one: nothing is dropped. */
static void
every_known_column_is_read(void **state)
{
    struct perso_record_options options = { .form = PERSO_RECORD_JSON };
    char document[4096] = "{", want[4096] = "1";
    (void)state;

    for (int c = 1; c < PERSO_COLUMN_COUNT; c++) {
        const char *code = perso_column_code((enum perso_column)c);
        size_t n = strlen(document), k = strlen(want);
        snprintf(document + n, sizeof document - n, "%s\"%s\":\"%d\"", c > 1 ? "," : "", code, c);
        snprintf(want + k, sizeof want - k, " %s=%d", code, c);
    }
    strcat(document, "}");
    strcat(want, "\n");
    assert_string_equal(
        read_records(&options, (struct read_bytes) { document, strlen(document) }, 9), want);
}

/* PERSO_FILE_ROWS at n and n + 1, written as they are read. */
static const char record[] = "{\"KH\":\"1\"}\n";

static enum perso_result
write_rows(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    size_t *left = self; /* bytes */
    (void)err;

    if (*left == 0)
        return PERSO_END;
    for (*n = 0; *left != 0 && *n < max; --*left)
        buf[(*n)++] = (uint8_t)record[sizeof record - 2 - (*left - 1) % (sizeof record - 1)];
    return PERSO_OK;
}

static void
records_are_counted(void **state)
{
    struct perso_record_options options = { .form = PERSO_RECORD_JSON, .file = "f" };
    static struct perso_row rows[512];
    struct perso_arena *arena = perso_arena_new();
    (void)state;

    for (unsigned more = 0; more <= 1; more++) {
        size_t left = (PERSO_FILE_ROWS + more) * (sizeof record - 1);
        struct perso_source source = { write_rows, &left };
        struct perso_error err = { 0 };
        struct perso_records *records;
        enum perso_result rc;
        size_t n, seen = 0;
        assert_int_equal(perso_records_open(&source, &options, &records, &err), PERSO_OK);
        for (;;) {
            perso_arena_reset(arena);
            if ((rc = perso_records_read(records, arena, rows, 512, &n, &err)) != PERSO_OK)
                break;
            seen += n;
        }
        assert_int_equal(rc, more == 0 ? PERSO_END : PERSO_REJECT);
        if (more == 0)
            assert_int_equal(seen, PERSO_FILE_ROWS);
        else
            assert_int_equal(err.reject, PERSO_REJ_ROW_COUNT);
        perso_records_free(records);
    }
    perso_arena_free(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_form_is_found),   cmocka_unit_test(aliases_come_first),
        cmocka_unit_test(a_failure_stays),     cmocka_unit_test(every_known_column_is_read),
        cmocka_unit_test(records_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
