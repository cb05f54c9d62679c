#include "formats/base/row_payload.h"

#include <string.h>

#include "perso/text.h"

#define NAME_MAX_BYTES 255u
#define VALUE_MAX_BYTES 65535u

static enum perso_result
damaged(struct perso_error *err, const char *what)
{
    return perso_error_set(err, PERSO_REJ_NONE, "", "row payload: %s", _(what));
}

static int
compare_names(struct perso_text a, struct perso_text b)
{
    int order = memcmp(a.at, b.at, a.bytes < b.bytes ? a.bytes : b.bytes);
    return order != 0 ? order : (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

/* ---- write ---- */

static enum perso_result
measure(const struct perso_cells *cells, size_t *ret, struct perso_error *err)
{
    size_t total = 0;

    for (int c = PERSO_COLUMN_OTHER + 1; c < PERSO_COLUMN_COUNT; c++) {
        if (cells->known[c].bytes > VALUE_MAX_BYTES)
            return damaged(err, "cell too long");
        if (cells->known[c].bytes > 0)
            total += 1 + 2 + (size_t)cells->known[c].bytes;
    }
    for (size_t i = 0; i < cells->n_other; i++) {
        const struct perso_cell *cell = &cells->other[i];
        if (cell->name.bytes > NAME_MAX_BYTES || cell->value.bytes > VALUE_MAX_BYTES)
            return damaged(err, "cell too long");
        if (i > 0 && compare_names(cells->other[i - 1].name, cell->name) >= 0)
            return damaged(err, "other columns are not in order");
        if (cell->value.bytes > 0)
            total += 1 + 1 + (size_t)cell->name.bytes + 2 + (size_t)cell->value.bytes;
    }
    *ret = total;
    return PERSO_OK;
}

static uint8_t *
put_value(uint8_t *at, struct perso_text value)
{
    *at++ = (uint8_t)(value.bytes >> 8);
    *at++ = (uint8_t)value.bytes;
    memcpy(at, value.at, value.bytes);
    return at + value.bytes;
}

void
perso_cells_clear(struct perso_cells *cells)
{
    *cells = (struct perso_cells) { .n_other = 0 };
    for (size_t i = 0; i < PERSO_COLUMN_COUNT; i++)
        cells->known[i] = (struct perso_text) { "", 0 };
}

enum perso_result
perso_row_payload_write(const struct perso_cells *cells, struct perso_arena *arena,
                        struct perso_cursor *ret, struct perso_error *err)
{
    size_t total = 0;
    enum perso_result rc = measure(cells, &total, err);

    if (rc != PERSO_OK)
        return rc;
    uint8_t *start = perso_arena_take(arena, total > 0 ? total : 1), *at = start;
    if (start == NULL)
        return damaged(err, "no memory");
    for (int c = PERSO_COLUMN_OTHER + 1; c < PERSO_COLUMN_COUNT; c++) {
        if (cells->known[c].bytes > 0) {
            *at++ = (uint8_t)c;
            at = put_value(at, cells->known[c]);
        }
    }
    for (size_t i = 0; i < cells->n_other; i++) {
        const struct perso_cell *cell = &cells->other[i];
        if (cell->value.bytes == 0)
            continue;
        *at++ = PERSO_COLUMN_OTHER;
        *at++ = (uint8_t)cell->name.bytes;
        memcpy(at, cell->name.at, cell->name.bytes);
        at = put_value(at + cell->name.bytes, cell->value);
    }
    *ret = (struct perso_cursor) { start, at };
    return PERSO_OK;
}

/* ---- read ---- */

static bool
take_text(struct perso_cursor *c, size_t n, struct perso_text *ret)
{
    struct perso_cursor bytes;

    if (!perso_take(c, n, &bytes))
        return false;
    *ret = (struct perso_text) { (const char *)bytes.at, (uint32_t)n };
    return true;
}

static bool
take_value(struct perso_cursor *c, struct perso_text *ret)
{
    uint8_t high, low;
    size_t n;

    if (!perso_take_u8(c, &high) || !perso_take_u8(c, &low))
        return false;
    n = (size_t)high << 8 | low;
    return n > 0 && take_text(c, n, ret);
}

static bool
take_other(struct perso_cursor *c, struct perso_cell *ret)
{
    uint8_t n;

    ret->column = PERSO_COLUMN_OTHER;
    return perso_take_u8(c, &n) && take_text(c, n, &ret->name) && take_value(c, &ret->value);
}

/* Of a payload at the first of its other columns; false where it is not canonical. */
static bool
count_others(struct perso_cursor c, size_t *n)
{
    struct perso_cell before = { 0 }, cell = { 0 };
    uint8_t column;

    for (*n = 0; perso_take_u8(&c, &column); ++*n) {
        if (column != PERSO_COLUMN_OTHER || !take_other(&c, &cell))
            return false;
        if (*n > 0 && compare_names(before.name, cell.name) >= 0)
            return false;
        before = cell;
    }
    return true;
}

enum perso_result
perso_row_payload_read(struct perso_cursor payload, struct perso_arena *arena,
                       struct perso_cells *ret, struct perso_error *err)
{
    struct perso_cells cells;
    struct perso_cursor c = payload;
    uint8_t column = 0, last = PERSO_COLUMN_OTHER;

    perso_cells_clear(&cells);
    while (c.at != c.end && *c.at != PERSO_COLUMN_OTHER) {
        if (!perso_take_u8(&c, &column) || column <= last || column >= PERSO_COLUMN_COUNT ||
            !take_value(&c, &cells.known[column]))
            return damaged(err, "known columns are damaged");
        last = column;
    }
    if (!count_others(c, &cells.n_other))
        return damaged(err, "other columns are damaged");
    if (cells.n_other > 0 &&
        (cells.other = perso_arena_take(arena, cells.n_other * sizeof *cells.other)) == NULL)
        return damaged(err, "no memory");
    for (size_t i = 0; i < cells.n_other; i++)
        if (!perso_take_u8(&c, &column) || !take_other(&c, &cells.other[i]))
            return damaged(err, "other columns are damaged");
    *ret = cells;
    return PERSO_OK;
}

/* ---- from a table ---- */

/* Tables have few columns that nobody knows: insertion sort. */
static void
insert_other(struct perso_cells *cells, struct perso_cell cell)
{
    size_t at = cells->n_other++;

    for (; at > 0 && compare_names(cells->other[at - 1].name, cell.name) > 0; at--)
        cells->other[at] = cells->other[at - 1];
    cells->other[at] = cell;
}

enum perso_result
perso_cells_of_row(const struct perso_layout *layout, const struct perso_row *row,
                   struct perso_arena *arena, struct perso_cells *ret, struct perso_error *err)
{
    struct perso_cells cells;
    size_t n_other = 0;

    perso_cells_clear(&cells);
    for (size_t i = 0; i < layout->n_columns; i++)
        n_other += layout->known[i] == PERSO_COLUMN_OTHER && row->cells[i].bytes > 0;
    if (n_other > 0 &&
        (cells.other = perso_arena_take(arena, n_other * sizeof *cells.other)) == NULL)
        return damaged(err, "no memory");
    for (size_t i = 0; i < layout->n_columns; i++) {
        if (layout->known[i] != PERSO_COLUMN_OTHER) {
            cells.known[layout->known[i]] = row->cells[i];
        } else if (row->cells[i].bytes > 0) {
            struct perso_text name = { layout->name[i], (uint32_t)strlen(layout->name[i]) };
            insert_other(&cells, (struct perso_cell) { PERSO_COLUMN_OTHER, name, row->cells[i] });
        }
    }
    *ret = cells;
    return PERSO_OK;
}
