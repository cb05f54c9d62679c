#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "formats/text/split.h"
#include "formats/text/table.h"
#include "tests/fuzz/memory.h"

#define BATCH 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What two readings of the same bytes must agree on. */
struct outcome {
    enum perso_result rc;
    enum perso_reject reject;
    uint32_t rows, line;
    uint64_t sum; /* over all cells and their bounds */
};

static void
add_rows(struct outcome *o, const struct perso_table *table, const struct perso_row *rows, size_t n)
{
    const struct perso_layout *layout = perso_table_layout(table);

    for (size_t i = 0; i < n; i++) {
        assert(rows[i].origin.line > o->line && rows[i].origin.record == o->rows + i + 1);
        o->line = rows[i].origin.line;
        for (uint16_t k = 0; k < layout->n_columns; k++) {
            struct perso_text cell = rows[i].cells[k];
            assert(cell.bytes <= PERSO_CELL_BYTES);
            for (uint32_t at = 0; at < cell.bytes; at++) {
                assert(cell.at[at] != '\0');
                o->sum = o->sum * 31 + (uint8_t)cell.at[at];
            }
            o->sum = o->sum * 31 + 256;
        }
    }
    o->rows += (uint32_t)n;
}

static const struct perso_alias aliases[] = { { "kahao", PERSO_COL_AAZ500 },
                                              { "AAZ501", PERSO_COL_QMGY } };
static const enum perso_column required[] = { PERSO_COL_AAZ500, PERSO_COL_QMGY,
                                              PERSO_COLUMN_OTHER };

static void
check_header(const struct perso_table *table, const struct perso_table_options *options)
{
    const struct perso_layout *layout = perso_table_layout(table);

    for (size_t i = 0; options->required != NULL && i < 2; i++)
        assert(layout->at[required[i]] >= 0);
    for (uint16_t i = 0; i < layout->n_columns; i++)
        assert(strlen(perso_table_header(table, i)) < PERSO_COLUMN_NAME_BYTES);
    assert(perso_table_header(table, layout->n_columns)[0] == '\0');
}

static struct outcome
read_all(const struct perso_table_options *options, const uint8_t *data, size_t size, size_t step)
{
    struct memory m = { data, size, step };
    struct perso_source source = { memory_read, &m };
    struct perso_error err = { 0 };
    struct perso_table *table = NULL;
    struct perso_arena *arena = perso_arena_new();
    struct perso_row rows[BATCH];
    struct outcome o = { 0 };
    size_t n;

    o.rc = perso_table_open(&source, options, &table, &err);
    assert((o.rc == PERSO_OK) == (table != NULL));
    if (table != NULL)
        check_header(table, options);
    while (o.rc == PERSO_OK) {
        perso_arena_reset(arena);
        if ((o.rc = perso_table_read(table, arena, rows, BATCH, &n, &err)) == PERSO_OK)
            add_rows(&o, table, rows, n);
        assert(o.rc != PERSO_REJECT || perso_table_read(table, arena, rows, 1, &n, &err) == o.rc);
    }
    assert(table == NULL || perso_table_rows(table) >= o.rows);
    if (o.rc == PERSO_END)
        o.rc = perso_table_shapes(table, &err);
    assert(o.rc == PERSO_OK || (o.rc == PERSO_REJECT && perso_reject_of_file(err.reject)));
    if (o.rc == PERSO_REJECT) {
        assert(err.line != 0 || err.reject == PERSO_REJ_FILE_EMPTY);
        o.reject = err.reject;
        o.line = err.line;
    }
    perso_table_free(table);
    perso_arena_free(arena);
    return o;
}

/* Where no quote is, the plain walk and libcsv say the same. */
static void
compare_splitters(const uint8_t *data, size_t size, char delimiter)
{
    struct perso_text record = { (const char *)data, (uint32_t)size };
    struct perso_splitter s;
    struct perso_error err = { 0 };
    struct perso_text a[64], b[64];
    uint32_t bad_at;

    if (memchr(data, '"', size) != NULL || memchr(data, '\n', size) != NULL ||
        memchr(data, '\r', size) != NULL || memchr(data, '\0', size) != NULL)
        return;
    char *bytes = malloc(2 * size);
    struct perso_cells plain = { a, 64, 0, bytes }, csv = { b, 64, 0, bytes + size };
    if (bytes == NULL || !perso_splitter_init(&s, delimiter, true))
        abort();
    assert(perso_split(&s, record, &plain, &bad_at, &err) == PERSO_OK);
    assert(perso_split_csv(&s, record, &csv, &bad_at, &err) == PERSO_OK);
    assert(plain.n == csv.n);
    for (uint32_t i = 0; i < plain.n && i < 64; i++)
        assert(a[i].bytes == b[i].bytes && memcmp(a[i].at, b[i].at, a[i].bytes) == 0);
    perso_splitter_free(&s);
    free(bytes);
}

/* Two bytes of options, then the table; blocks of any size give one outcome. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > (1 << 20))
        return 0;
    struct perso_table_options options = {
        .charset = (enum perso_charset)(data[0] % 3),
        .delimiter = ",|;\t"[data[0] / 3 % 4],
        .quotes = (data[0] & 0x40) == 0,
        .quoted_newlines = (data[0] & 0x80) != 0,
        .aliases = aliases,
        .n_aliases = (data[1] & 0x40) != 0 ? 2 : 0,
        .required = (data[1] & 0x40) != 0 ? required : NULL,
        .sparse = (data[1] & 0x80) != 0,
        .file = "f",
    };
    size_t step = 1 + (data[1] & 0x3f);
    data += 2;
    size -= 2;
    struct outcome whole = read_all(&options, data, size, 65536);
    struct outcome parts = read_all(&options, data, size, step);
    assert(whole.rc == parts.rc && whole.reject == parts.reject && whole.line == parts.line);
    assert(whole.rc != PERSO_OK || (whole.rows == parts.rows && whole.sum == parts.sum));
    if (size <= 65536)
        compare_splitters(data, size, options.delimiter);
    return 0;
}
