#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "formats/text/table.h"
#include "formats/text/write.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* A sink that keeps what comes, or fails. */
struct memory {
    char bytes[1 << 16];
    size_t n;
    bool full;
};

static enum perso_result
memory_write(void *self, const void *bytes, size_t n, struct perso_error *err)
{
    struct memory *m = self;
    if (m->full)
        return perso_error_set(err, PERSO_REJ_NONE, "", "disk full");
    assert_true(n <= sizeof m->bytes - m->n);
    memcpy(m->bytes + m->n, bytes, n);
    m->n += n;
    return PERSO_OK;
}

static void
expect(const struct memory *m, const char *bytes, size_t n)
{
    assert_int_equal(m->n, n);
    assert_memory_equal(m->bytes, bytes, n);
}

static void
cells_are_quoted_only_where_needed(void **state) /* RFC 4180 2 */
{
    static struct memory m;
    struct perso_table_writer w;
    struct perso_error err = { 0 };
    static const char *const cells[] = {
        "a", "", "b,c", "d\"e", "f\ng", "h\ri", " j ", "=k", "张"
    };
    static const char want[] =
        "a,,\"b,c\",\"d\"\"e\",\"f\ng\",\"h\ri\", j ,=k,张\n18446744073709551615,"
        "AQI=\n\"\"\n";

    (void)state;
    m.n = 0;
    perso_writer_init(&w, (struct perso_sink) { memory_write, &m }, PERSO_UTF8, false);
    for (size_t i = 0; i < COUNT(cells); i++)
        assert_int_equal(perso_writer_string(&w, cells[i], &err), PERSO_OK);
    assert_int_equal(perso_writer_row(&w, &err), PERSO_OK);
    assert_int_equal(perso_writer_number(&w, UINT64_MAX, &err), PERSO_OK);
    assert_int_equal(perso_writer_base64(&w, perso_cursor_of("\1\2", 2), &err), PERSO_OK);
    assert_int_equal(perso_writer_row(&w, &err), PERSO_OK);
    assert_int_equal(perso_writer_string(&w, "", &err), PERSO_OK); /* not an empty line */
    assert_int_equal(perso_writer_row(&w, &err), PERSO_OK);
    assert_int_equal(m.n, 0); /* held until a flush */
    assert_int_equal(perso_writer_flush(&w, &err), PERSO_OK);
    expect(&m, want, sizeof want - 1);
}

static void
guarded_cells_are_no_formulas(void **state) /* CONTRACTS 4 */
{
    static struct memory m;
    struct perso_table_writer w;
    struct perso_error err = { 0 };
    static const char *const cells[] = { "=1", "+1", "-1", "@a", "\tb", "a=", "", "=\"1\"" };
    static const char want[] = "\xef\xbb\xbf'=1|'+1|'-1|'@a|'\tb|a=||\"'=\"\"1\"\"\"\n";

    (void)state;
    m.n = 0;
    perso_writer_init(&w, (struct perso_sink) { memory_write, &m }, PERSO_UTF8, true);
    w.delimiter = '|';
    assert_int_equal(perso_writer_bom(&w, &err), PERSO_OK);
    for (size_t i = 0; i < COUNT(cells); i++)
        assert_int_equal(perso_writer_string(&w, cells[i], &err), PERSO_OK);
    assert_int_equal(perso_writer_row(&w, &err), PERSO_OK);
    assert_int_equal(perso_writer_flush(&w, &err), PERSO_OK);
    expect(&m, want, sizeof want - 1);
}

static void
a_refused_cell_leaves_nothing(void **state) /* GB 18030-2022 */
{
    static struct memory m;
    struct perso_table_writer w;
    struct perso_error err = { 0 };

    (void)state;
    m.n = 0;
    perso_writer_init(&w, (struct perso_sink) { memory_write, &m }, PERSO_GBK, false);
    assert_int_equal(perso_writer_bom(&w, &err), PERSO_OK); /* no mark in GBK */
    assert_int_equal(perso_writer_string(&w, "张", &err), PERSO_OK);
    assert_int_equal(perso_writer_string(&w, "张㼆", &err), PERSO_REJECT);
    assert_int_equal(err.reject, PERSO_REJ_TEXT_ENCODING);
    assert_null(strstr(err.text, "张"));
    assert_int_equal(perso_writer_string(&w, "\xff", &err), PERSO_REJECT);
    assert_int_equal(perso_writer_cell(&w, (struct perso_text) { "a\0", 2 }, &err), PERSO_REJECT);
    assert_int_equal(err.reject, PERSO_REJ_TEXT_NUL);
    assert_int_equal(perso_writer_string(&w, "伟\"", &err), PERSO_OK);
    assert_int_equal(perso_writer_row(&w, &err), PERSO_OK);
    assert_int_equal(perso_writer_flush(&w, &err), PERSO_OK);
    expect(&m, "\xd5\xc5,\"\xce\xb0\"\"\"\n", 10);
}

static void
a_full_disk_is_told(void **state)
{
    static struct memory m;
    struct perso_table_writer w;
    struct perso_error err = { 0 };
    enum perso_result rc = PERSO_OK;

    (void)state;
    m.full = true;
    perso_writer_init(&w, (struct perso_sink) { memory_write, &m }, PERSO_GB18030, false);
    for (int i = 0; i < 10000 && rc == PERSO_OK; i++)
        rc = perso_writer_string(&w, "𬱖", &err);
    assert_int_equal(rc, PERSO_FATAL);
}

/* A source of a memory. */
static enum perso_result
memory_read(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct memory *m = self;
    static size_t at;
    (void)err;
    if (at == m->n) {
        at = 0;
        return PERSO_END;
    }
    *n = m->n - at < max ? m->n - at : max;
    memcpy(buf, m->bytes + at, *n);
    at += *n;
    return PERSO_OK;
}

static const char *const travellers[] = { "",   "a",    "\"",     ",",   "\"\"", "a\"b,c", "张伟",
                                          "=1", "x\ny", "x\r\ny", " z ", "'",    "|" };

static void
what_is_written_is_read_back(void **state) /* CONTRACTS 2 */
{
    static struct memory m;

    (void)state;
    for (int charset = PERSO_UTF8; charset <= PERSO_GB18030; charset++) {
        struct perso_table_writer w;
        struct perso_error err = { 0 };
        m.n = 0;
        m.full = false;
        perso_writer_init(&w, (struct perso_sink) { memory_write, &m }, (enum perso_charset)charset,
                          false);
        perso_writer_bom(&w, &err);
        for (int row = 0; row < 300; row++) { /* more than the writer holds */
            for (size_t i = 0; i < COUNT(travellers); i++) {
                char name[16];
                snprintf(name, sizeof name, "c%zu", i);
                assert_int_equal(perso_writer_string(&w, row == 0 ? name : travellers[i], &err),
                                 PERSO_OK);
            }
            assert_int_equal(perso_writer_row(&w, &err), PERSO_OK);
        }
        assert_int_equal(perso_writer_flush(&w, &err), PERSO_OK);

        struct perso_table_options options = { .charset = (enum perso_charset)charset,
                                               .delimiter = ',',
                                               .quotes = true,
                                               .quoted_newlines = true };
        struct perso_source source = { memory_read, &m };
        struct perso_arena *arena = perso_arena_new();
        struct perso_table *table = NULL;
        struct perso_row rows[8];
        size_t n, total = 0;
        assert_int_equal(perso_table_open(&source, &options, &table, &err), PERSO_OK);
        while (perso_table_read(table, arena, rows, COUNT(rows), &n, &err) == PERSO_OK)
            for (size_t r = 0; r < n; r++, total++)
                for (size_t i = 0; i < COUNT(travellers); i++) {
                    assert_int_equal(rows[r].cells[i].bytes, strlen(travellers[i]));
                    assert_memory_equal(rows[r].cells[i].at, travellers[i], rows[r].cells[i].bytes);
                }
        assert_int_equal(total, 299);
        perso_table_free(table);
        perso_arena_free(arena);
    }
}

static void
base64_is_written_in_pieces(void **state) /* RFC 4648 4 */
{
    static struct memory m;
    static uint8_t bytes[5000];
    struct perso_table_writer w;
    struct perso_error err = { 0 };

    (void)state;
    m.n = 0;
    m.full = false;
    perso_writer_init(&w, (struct perso_sink) { memory_write, &m }, PERSO_GBK, true);
    assert_int_equal(perso_writer_base64(&w, perso_cursor_of(bytes, 0), &err), PERSO_OK);
    assert_int_equal(perso_writer_base64(&w, perso_cursor_of(bytes, sizeof bytes), &err), PERSO_OK);
    assert_int_equal(perso_writer_flush(&w, &err), PERSO_OK);
    assert_int_equal(m.n, 1 + (sizeof bytes + 2) / 3 * 4);
    assert_int_equal(m.bytes[0], ',');
    for (size_t i = 1; i < m.n - 1; i++)
        assert_int_equal(m.bytes[i], 'A');
    assert_int_equal(m.bytes[m.n - 1], '=');
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_quoted_only_where_needed),
        cmocka_unit_test(guarded_cells_are_no_formulas),
        cmocka_unit_test(a_refused_cell_leaves_nothing),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(base64_is_written_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
