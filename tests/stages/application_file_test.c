#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/text/table.h"
#include "make.h"
#include "sink.h"
#include "stages/application.h"
#include "stages/application_file.h"
#include "stages/ingest.h"

static struct key own;
static struct bytes request;
static struct perso_arena *arena;
static const struct perso_ingest_rules rules = { .division = "411600" };

static int
set_up(void **state)
{
    const struct request_options options = { .key = &own, .common_name = NAME, .number = SSN };

    (void)state;
    own = make_key();
    make_request(&options, &request);
    arena = perso_arena_new();
    return arena == NULL;
}

static int
tear_down(void **state)
{
    (void)state;
    free_key(&own);
    texts_free();
    perso_arena_free(arena);
    return 0;
}

/* A row as a vendor may have it: lower case, a name with padding and a comma, columns unknown to
 * us, and secrets and personal data that do not belong into it. */
static void
vendors_row(struct perso_cells *cells)
{
    static struct perso_cell other[2];

    cells_clear(cells);
    cell_set(cells, PERSO_COL_AAZ501, "411600d156000005123456780000abcd");
    cell_set(cells, PERSO_COL_AAZ500, CARD_NO);
    cell_set(cells, PERSO_COL_AAC002, "11010519491231002x");
    cell_set(cells, PERSO_COL_AAC003, NAME "\xe3\x80\x80 ");
    cell_set(cells, PERSO_COL_AAC005, "01");
    cell_set(cells, PERSO_COL_AAB301, DIVISION);
    cell_set(cells, PERSO_COL_box, "箱,\"7\"");
    cell_set(cells, PERSO_COL_position, "12");
    cell_set(cells, PERSO_COL_replaces, CARD_ID);
    cell_set(cells, PERSO_COL_GLYPIN, "12345678");
    cell_set_hex(cells, PERSO_COL_QMGY, own.point, sizeof own.point);
    cell_set_base64(cells, PERSO_COL_P10, request.at, request.n);
    other[0] = (struct perso_cell) { PERSO_COLUMN_OTHER, text("A"), text(" a ") };
    other[1] = (struct perso_cell) { PERSO_COLUMN_OTHER, text("颜色"), text("红") };
    cells->other = other;
    cells->n_other = 2;
}

static void
judge(const struct perso_cells *cells, struct perso_application *one)
{
    const struct perso_origin origin = { "keys.csv", 2, 1 };
    struct perso_verdict verdict;
    struct perso_error err = { 0 };
    bool has_key = false;
    uint32_t warned = 0;

    assert_int_equal(perso_stage_ingest(&rules, cells, &origin, 1, NULL, arena, one, &has_key,
                                        &verdict, &warned, &err),
                     PERSO_OK);
    assert_int_equal(verdict.reject, PERSO_REJ_NONE);
}

struct text_source {
    const char *at;
    size_t n;
};

static enum perso_result
read_text(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct text_source *s = self;

    (void)err;
    if (s->n == 0)
        return PERSO_END;
    *n = s->n < max ? s->n : max;
    memcpy(buf, s->at, *n);
    s->at += *n;
    s->n -= *n;
    return PERSO_OK;
}

static void
write_file(const struct perso_cells *cells, size_t n, struct collected *out)
{
    struct perso_application applications[2];
    struct perso_others others = { 0 };
    struct perso_table_writer w;
    struct perso_error err = { 0 };

    for (size_t i = 0; i < n; i++) {
        judge(&cells[i], &applications[i]);
        perso_others_note(&others, &cells[i]);
    }
    out->n = 0;
    perso_writer_init(&w, collecting_sink(out), PERSO_UTF8, false);
    assert_int_equal(perso_application_file_header(&others, &w, &err), PERSO_OK);
    assert_int_equal(perso_stage_application_file(applications, cells, n, &others, &w, &err),
                     PERSO_OK);
    assert_int_equal(perso_writer_flush(&w, &err), PERSO_OK);
}

/* Names of unknown columns are borrowed from the table: the caller frees it. */
static struct perso_table *
read_file(struct collected *file, struct perso_cells *cells, size_t want)
{
    static const struct perso_table_options options = {
        .charset = PERSO_UTF8, .delimiter = ',', .quotes = true, .file = "application.csv"
    };
    struct text_source text_of = { file->at, file->n };
    const struct perso_source source = { read_text, &text_of };
    struct perso_table *table = NULL;
    struct perso_row rows[4];
    struct perso_error err = { 0 };
    size_t n = 0;

    assert_int_equal(perso_table_open(&source, &options, &table, &err), PERSO_OK);
    assert_int_equal(perso_table_read(table, arena, rows, 4, &n, &err), PERSO_OK);
    assert_int_equal(n, want);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(
            perso_cells_of_row(perso_table_layout(table), &rows[i], arena, &cells[i], &err),
            PERSO_OK);
    return table;
}

static void
what_is_read_is_the_same_application(void **state) /* LD/T 03-2022 6.4.7.2 a, b */
{
    static struct collected out, again;
    struct perso_cells sent, received;
    struct perso_application before, after;

    (void)state;
    vendors_row(&sent);
    write_file(&sent, 1, &out);
    assert_non_null(strstr(collected_text(&out),
                           "AAZ501,AAZ500,AAC002,AAC003,AAB301,QMGY,P10,QM,box,position,replaces,"
                           "A,颜色\n" CARD_ID "," CARD_NO "," SSN ","));
    assert_null(strstr(out.at, "12345678,"));
    struct perso_table *table = read_file(&out, &received, 1);
    judge(&sent, &before);
    judge(&received, &after);
    assert_string_equal(before.card_id, after.card_id);
    assert_string_equal(before.ssn, after.ssn);
    assert_memory_equal(before.request_id, after.request_id, sizeof after.request_id);
    assert_memory_equal(before.public_key, after.public_key, sizeof after.public_key);
    assert_true(same_text(after.name, NAME));
    assert_true(same_text(received.known[PERSO_COL_AAC003], NAME "\xe3\x80\x80 "));
    assert_true(same_text(after.box, "箱,\"7\""));
    assert_true(same_text(received.known[PERSO_COL_replaces], CARD_ID));
    assert_int_equal(received.n_other, 2);
    assert_true(same_text(received.other[0].value, " a "));
    assert_true(same_text(received.known[PERSO_COL_GLYPIN], ""));
    assert_true(same_text(received.known[PERSO_COL_AAC005], ""));
    /* and once more gives the same bytes, so that a card asked for again is the same row */
    write_file(&received, 1, &again);
    assert_string_equal(collected_text(&out), collected_text(&again));
    perso_table_free(table);
}

static void
a_row_without_an_unknown_column_has_it_empty(void **state) /* CONTRACTS 2 */
{
    static struct collected out;
    struct perso_cells rows[2], received[2];

    (void)state;
    vendors_row(&rows[0]);
    rows[1] = rows[0];
    rows[1].n_other = 1;
    write_file(rows, 2, &out);
    struct perso_table *table = read_file(&out, received, 2);
    assert_int_equal(received[0].n_other, 2);
    assert_int_equal(received[1].n_other, 1);
    perso_table_free(table);
}

static void
a_failing_sink_is_told_with_its_row(void **state)
{
    static struct collected out = { .max = 100 };
    struct perso_table_writer w;
    struct perso_application one;
    struct perso_others others = { 0 };
    struct perso_cells cells;
    struct perso_error err = { 0 };
    enum perso_result rc = PERSO_OK;

    (void)state;
    vendors_row(&cells);
    judge(&cells, &one);
    perso_writer_init(&w, collecting_sink(&out), PERSO_UTF8, false);
    for (int i = 0; rc == PERSO_OK && i < 100; i++)
        rc = perso_stage_application_file(&one, &cells, 1, &others, &w, &err);
    assert_int_equal(rc, PERSO_FATAL);
    assert_string_equal(err.file, "keys.csv");
    assert_int_equal(err.line, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_the_same_application),
        cmocka_unit_test(a_row_without_an_unknown_column_has_it_empty),
        cmocka_unit_test(a_failing_sink_is_told_with_its_row),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
