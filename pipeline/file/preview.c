#include "pipeline/file/preview.h"

#include <stdlib.h>
#include <string.h>

#include "perso/text.h"

#define SHOWN_ROWS 3u

/* A request and a certificate name the person, further on. */
static size_t
shown_bytes(enum perso_column column)
{
    return column == PERSO_COL_P10 || column == PERSO_COL_QMZS || column == PERSO_COL_JMZS ? 12
                                                                                           : 40;
}

/* A number long enough for a citizen's or an account's, or the date of somebody's birth. */
static bool
looks_personal(enum perso_column column, struct perso_text cell)
{
    size_t digits = 0;

    for (uint32_t i = 0; i < cell.bytes; i++) {
        if ((unsigned char)cell.at[i] >= 0x80)
            return true;
        digits += cell.at[i] >= '0' && cell.at[i] <= '9';
    }
    bool date = digits == 8 && cell.bytes == 8 &&
                (memcmp(cell.at, "19", 2) == 0 || memcmp(cell.at, "20", 2) == 0);
    return date || (digits >= 12 && cell.bytes <= 20 && column != PERSO_COL_time);
}

/* Columns may be swapped, or their names wrong: a cell must look as its column says. */
static bool
is_plain(enum perso_column column, struct perso_text cell)
{
    return column != PERSO_COLUMN_OTHER && !perso_column_personal(column) &&
           perso_column_shape(column, cell) && !looks_personal(column, cell);
}

/* Columns of the lists that the program writes, beside those of the field. */
static bool
is_of_lists(const char *name)
{
    static const char *const names[] = { "state",  "stage",       "clause", "field",
                                         "file",   "line",        "record", "text_en",
                                         "cards",  "text_zh",     "since",  "from_state",
                                         "serial", "certificate", "SM3",    "bytes" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* A table whose other columns are all of our lists carries nobody's data in them. */
static bool
is_list(const struct perso_layout *layout)
{
    for (uint16_t i = 0; i < layout->n_columns; i++)
        if (layout->known[i] == PERSO_COLUMN_OTHER && !is_of_lists(layout->name[i]))
            return false;
    return true;
}

/* Every character but the first is a star; long values are cut. */
static void
mask(enum perso_column column, bool of_list, struct perso_text cell, char *out, size_t max)
{
    size_t n = 0, at = 0;
    uint32_t scalar;

    if (column == PERSO_COL_GLYPIN || column == PERSO_COL_ZKMY) { /* it may stand there in clear */
        snprintf(out, max, "%s", cell.bytes > 0 ? "***" : "");
        return;
    }
    if (is_plain(column, cell) ||
        (of_list && column == PERSO_COLUMN_OTHER && !looks_personal(column, cell))) {
        size_t shown = shown_bytes(column);
        snprintf(out, max, "%.*s%s", (int)(cell.bytes > shown ? shown : cell.bytes), cell.at,
                 cell.bytes > shown ? "..." : "");
        return;
    }
    while (at < cell.bytes && n + 4 < max) {
        size_t step = perso_utf8_next(cell.at + at, cell.bytes - at, &scalar);
        if (step == 0)
            break;
        if (at == 0)
            n += perso_utf8_put(scalar, out);
        else
            out[n++] = '*';
        at += step;
    }
    out[n] = '\0';
}

static void
say_row(struct perso_say *say, const struct perso_layout *layout, const struct perso_row *row,
        bool filled_alone)
{
    char text[256];
    bool of_list = is_list(layout);

    perso_say_begin(say, "row");
    perso_say_number(say, "line", row->origin.line);
    for (uint16_t i = 0; i < layout->n_columns; i++) {
        if (filled_alone && row->cells[i].bytes == 0)
            continue;
        mask(layout->known[i], of_list, row->cells[i], text, sizeof text);
        perso_say_column(say, layout->name[i], text);
    }
    perso_say_end(say);
}

void
perso_preview_row(struct perso_say *say, const struct perso_layout *layout,
                  const struct perso_row *row)
{
    say_row(say, layout, row, false);
}

void
perso_preview_filled(struct perso_say *say, const struct perso_layout *layout,
                     const struct perso_row *row)
{
    say_row(say, layout, row, true);
}

/* One of the two. */
struct rows {
    struct perso_table *table;
    struct perso_records *records;
};

static enum perso_result
read_rows(const struct rows *of, struct perso_arena *arena, struct perso_row *rows, size_t *n,
          struct perso_error *err)
{
    return of->table != NULL
               ? perso_table_read(of->table, arena, rows, PERSO_BATCH_RECORDS, n, err)
               : perso_records_read(of->records, arena, rows, PERSO_BATCH_RECORDS, n, err);
}

static enum perso_result
show_rows(struct perso_say *say, const struct rows *of, struct perso_error *err)
{
    const struct perso_layout *layout =
        of->table != NULL ? perso_table_layout(of->table) : perso_records_layout(of->records);
    struct perso_arena *arena = perso_arena_new();
    struct perso_row *rows = calloc(PERSO_BATCH_RECORDS, sizeof *rows);
    size_t n = 0, shown = 0;
    enum perso_result rc =
        arena != NULL && rows != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    while (rc == PERSO_OK && (rc = read_rows(of, arena, rows, &n, err)) == PERSO_OK) {
        for (size_t i = 0; i < n && shown < SHOWN_ROWS; i++, shown++)
            say_row(say, layout, &rows[i], of->table == NULL);
        perso_arena_reset(arena);
    }
    free(rows);
    perso_arena_free(arena);
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_preview_records(struct perso_say *say, const struct perso_source *source, const char *name,
                      enum perso_record_form form, enum perso_charset charset,
                      struct perso_error *err)
{
    const struct perso_record_options options = { .form = form, .charset = charset, .file = name };
    struct rows rows = { NULL, NULL };
    enum perso_result rc = perso_records_open(source, &options, &rows.records, err);

    if (rc == PERSO_OK && (rc = show_rows(say, &rows, err)) == PERSO_OK) {
        perso_say_begin(say, "records");
        perso_say_text(say, "encoding", perso_charset_name(charset));
        perso_say_number(say, "rows", perso_records_rows(rows.records));
        perso_say_end(say);
    }
    perso_records_free(rows.records);
    return rc;
}

enum perso_result
perso_preview_table(struct perso_say *say, const struct perso_source *source, const char *name,
                    enum perso_charset charset, struct perso_error *err)
{
    const struct perso_table_options options = {
        .charset = charset, .delimiter = ',', .quotes = true, .file = name
    };
    struct perso_table *table = NULL;
    enum perso_result rc = perso_table_open(source, &options, &table, err);

    if (rc == PERSO_OK) {
        const struct perso_layout *layout = perso_table_layout(table);
        perso_say_begin(say, "table");
        perso_say_text(say, "encoding", perso_charset_name(charset));
        for (uint16_t i = 0; i < layout->n_columns; i++)
            perso_say_column(say, layout->name[i],
                             layout->known[i] == PERSO_COLUMN_OTHER
                                 ? say->json ? "carried through" : _("carried through")
                                 : perso_column_code(layout->known[i]));
        perso_say_end(say);
        rc = show_rows(say, &(const struct rows) { table, NULL }, err);
    }
    if (rc == PERSO_OK) {
        perso_say_begin(say, "table");
        perso_say_number(say, "rows", perso_table_rows(table));
        perso_say_end(say);
    }
    perso_table_free(table);
    return rc;
}

/* The whole lines at the beginning of some bytes, as a source. */
struct head {
    const uint8_t *at;
    size_t n;
};

static enum perso_result
head_read(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct head *h = self;

    (void)err;
    if (h->n == 0)
        return PERSO_END;
    *n = h->n < max ? h->n : max;
    memcpy(buf, h->at, *n);
    h->at += *n;
    h->n -= *n;
    return PERSO_OK;
}

void
perso_preview_head(struct perso_say *say, const char *name, const uint8_t *bytes, size_t n)
{
    struct head head = { bytes, 0 };
    const struct perso_source source = { head_read, &head };
    struct perso_error unreadable = { 0 };

    for (size_t i = 0, lines = 0; i < n && lines <= SHOWN_ROWS; i++)
        if (bytes[i] == '\n') {
            head.n = i + 1;
            lines++;
        }
    if (head.n > 0)
        perso_preview_table(say, &source, name, PERSO_UTF8, &unreadable);
}
