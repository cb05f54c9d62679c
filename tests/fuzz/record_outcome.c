#include "tests/fuzz/record_outcome.h"

#include "tests/fuzz/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 3

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
check_cell(enum perso_column column, struct perso_text cell)
{
    bool base64 = column == PERSO_COL_QMZS || column == PERSO_COL_JMZS ||
                  column == PERSO_COL_JMMY || column == PERSO_COL_P10;
    uint32_t scalar;

    assert(cell.bytes <= PERSO_CELL_BYTES);
    for (uint32_t at = 0, n; at < cell.bytes; at += n) {
        n = (uint32_t)perso_utf8_next(cell.at + at, cell.bytes - at, &scalar);
        assert(n != 0 && scalar != 0);
        assert(!base64 || !is_blank(cell.at[at]));
    }
    assert(cell.bytes == 0 || (!is_blank(cell.at[0]) && !is_blank(cell.at[cell.bytes - 1])));
}

static void
add_rows(struct record_outcome *o, const struct perso_layout *layout, const struct perso_row *rows,
         size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t bytes = 0;
        assert(rows[i].origin.line >= o->line && rows[i].origin.record == o->rows + 1);
        o->line = rows[i].origin.line;
        o->rows++;
        for (uint16_t k = 0; k < layout->n_columns; k++) {
            struct perso_text cell = rows[i].cells[k];
            check_cell(layout->known[k], cell);
            bytes += cell.bytes;
            for (uint32_t at = 0; at < cell.bytes; at++)
                o->sum = o->sum * 31 + (uint8_t)cell.at[at];
            o->sum = o->sum * 31 + 256;
        }
        assert(bytes != 0 && bytes <= PERSO_RECORD_BYTES);
    }
}

static struct record_outcome
read_all(const struct perso_record_options *options, const uint8_t *data, size_t size, size_t step)
{
    struct memory m = { data, size, step };
    struct perso_source source = { memory_read, &m };
    struct perso_records *records = NULL;
    static struct perso_arena *arena; /* of all readings: a new one costs more than most of them */
    struct perso_row rows[BATCH];
    struct record_outcome o = { .err = { .line = 0 } };
    size_t n;

    if (arena == NULL)
        arena = perso_arena_new();
    if (arena == NULL || perso_records_open(&source, options, &records, &o.err) != PERSO_OK)
        abort();
    do {
        perso_arena_reset(arena);
        o.rc = perso_records_read(records, arena, rows, BATCH, &n, &o.err);
        if (o.rc == PERSO_OK)
            add_rows(&o, perso_records_layout(records), rows, n);
    } while (o.rc == PERSO_OK);
    assert(o.rc == PERSO_END || (o.rc == PERSO_REJECT && perso_reject_of_file(o.err.reject)));
    if (o.rc == PERSO_REJECT)
        assert(o.err.line != 0 || o.err.reject == PERSO_REJ_FILE_EMPTY);
    else
        assert(o.rows != 0 && o.rows == perso_records_rows(records) && o.rows <= size / 6);
    perso_records_free(records);
    return o;
}

struct record_outcome
record_outcome_of(enum perso_record_form form, const uint8_t *data, size_t size)
{
    static const struct perso_alias aliases[] = { { "cardNum", PERSO_COL_AAZ500 },
                                                  { "time", PERSO_COLUMN_OTHER } };
    struct perso_record_options options = {
        .form = form,
        .charset = (enum perso_charset)(data[0] % 3),
        .aliases = aliases,
        .n_aliases = (data[0] & 0x40) != 0 ? 2 : 0,
        .bytes_max = (data[0] & 0x80) != 0 ? 300 : 0,
        .file = "f",
    };
    struct record_outcome whole = read_all(&options, data + 2, size - 2, 65536);
    struct record_outcome parts = read_all(&options, data + 2, size - 2, 1 + data[1]);

    enum perso_record_form found;
    bool is_one = perso_record_form_find(perso_cursor_of(data + 2, size - 2), &found);
    assert(whole.rc == PERSO_REJECT || (is_one && found == form));
    assert(whole.rc == parts.rc);
    if (whole.rc == PERSO_END)
        assert(whole.rows == parts.rows && whole.sum == parts.sum);
    else
        assert(memcmp(&whole.err, &parts.err, sizeof whole.err) == 0);
    return whole;
}
