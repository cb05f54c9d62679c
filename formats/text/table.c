#include "formats/text/table.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "formats/text/lines.h"
#include "formats/text/split.h"
#include "perso/text.h"

/* What was seen of a column's shape. */
struct column_shape {
    uint32_t wrong, first_line;
    bool excel;  /* the first wrong cell is a spreadsheet program's damage */
    bool wanted; /* empty cells count */
};

struct perso_table {
    struct perso_table_options options;
    struct perso_layout layout;
    char header[PERSO_COLUMNS_MAX][PERSO_COLUMN_NAME_BYTES]; /* as the file has it */
    struct perso_splitter splitter;
    uint32_t rows;
    uint32_t blank_line; /* an empty line; only more of them may follow */
    bool splitter_ready;
    enum perso_result stopped; /* a refusal or a failure stays: the record it met is used up */
    struct perso_error why;
    struct column_shape shapes[PERSO_COLUMNS_MAX];
    struct perso_lines lines;
};

static const char delimiters[] = ",|;\t";

/* The table knows the place; what the caller's error held before is another's. */
static enum perso_result
stop(struct perso_table *t, uint32_t line, uint32_t record, enum perso_result rc,
     struct perso_error *err)
{
    if (rc == PERSO_REJECT) {
        err->file[0] = '\0';
        err->line = err->record = 0;
        perso_error_at(err, t->options.file, line, record);
    }
    t->stopped = rc;
    t->why = *err;
    return rc;
}

/* The next line that is not empty. An empty one is the end of the file, or its fault. */
static enum perso_result
next_line(struct perso_table *t, struct perso_text *record, uint32_t *line, struct perso_error *err)
{
    enum perso_result rc;

    do {
        rc = perso_lines_next(&t->lines, record, line, err);
        if (rc == PERSO_OK && record->bytes == 0 && t->blank_line == 0)
            t->blank_line = *line;
    } while (rc == PERSO_OK && record->bytes == 0);
    if (rc == PERSO_OK && t->blank_line != 0) {
        *line = t->blank_line;
        rc = perso_error_set(err, PERSO_REJ_TEXT_COLUMNS, "", "empty line inside the table");
    } else if (rc == PERSO_REJECT)
        *line = err->line;
    return rc;
}

/* How many newlines stand before the place of a quote fault. */
static uint32_t
lines_before(struct perso_text record, uint32_t at)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < at && i < record.bytes; i++)
        n += record.at[i] == '\n';
    return n;
}

static enum perso_result
split(struct perso_table *t, struct perso_text record, uint32_t *line, struct perso_cells *cells,
      struct perso_error *err)
{
    uint32_t bad_at = 0;
    enum perso_result rc = perso_split(&t->splitter, record, cells, &bad_at, err);
    if (rc == PERSO_REJECT)
        *line += lines_before(record, bad_at);
    return rc;
}

/* A header cell without blanks around it. */
static struct perso_text
trim(struct perso_text text)
{
    while (text.bytes != 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = (struct perso_text) { text.at + 1, text.bytes - 1 };
    while (text.bytes != 0 && (text.at[text.bytes - 1] == ' ' || text.at[text.bytes - 1] == '\t'))
        text.bytes--;
    return text;
}

enum perso_column
perso_alias_find(const struct perso_alias *aliases, size_t n_aliases, struct perso_text name)
{
    for (size_t i = 0; i < n_aliases; i++)
        if (strlen(aliases[i].name) == name.bytes &&
            strncasecmp(aliases[i].name, name.at, name.bytes) == 0)
            return aliases[i].column;
    return perso_column_find(name);
}

static enum perso_column
find_column(const struct perso_table_options *options, struct perso_text name)
{
    return perso_alias_find(options->aliases, options->n_aliases, name);
}

/* Known columns of a header, were it split at delimiter. */
static unsigned
count_known(const struct perso_table_options *options, struct perso_text header, char delimiter)
{
    const char *at = header.at, *end = at + header.bytes;
    unsigned n = 0;

    for (;;) {
        const char *next = memchr(at, delimiter, (size_t)(end - at));
        const char *to = next != NULL ? next : end;
        struct perso_text name = trim((struct perso_text) { at, (uint32_t)(to - at) });
        if (name.bytes >= 2 && name.at[0] == '"' && name.at[name.bytes - 1] == '"')
            name = (struct perso_text) { name.at + 1, name.bytes - 2 };
        n += find_column(options, name) != PERSO_COLUMN_OTHER;
        if (next == NULL)
            return n;
        at = next + 1;
    }
}

static enum perso_result
check_delimiter(const struct perso_table *t, struct perso_text header, struct perso_error *err)
{
    const char *best = NULL;
    unsigned most = 0;

    if (count_known(&t->options, header, t->options.delimiter) != 0)
        return PERSO_OK;
    for (const char *d = delimiters; *d != '\0'; d++) {
        unsigned n = count_known(&t->options, header, *d);
        if (n > most) {
            most = n;
            best = d;
        }
    }
    if (best == NULL && t->options.required != NULL && !perso_lines_look_utf8(&t->lines))
        return perso_error_set(err, PERSO_REJ_COLUMN_MISSING, "",
                               "the first line names no column that is known here: no header?");
    if (best == NULL)
        return PERSO_OK;
    char have[2] = { *best, '\0' }, want[2] = { t->options.delimiter, '\0' };
    return perso_error_set(err, PERSO_REJ_TEXT_DELIMITER, "", "have \"%s\", want \"%s\"",
                           *best == '\t' ? "TAB" : have, want[0] == '\t' ? "TAB" : want);
}

static enum perso_result
check_required(struct perso_table *t, struct perso_error *err)
{
    const enum perso_column *c = t->options.required;

    for (; c != NULL && *c != PERSO_COLUMN_OTHER; c++) {
        if (t->layout.at[*c] >= 0) {
            t->shapes[t->layout.at[*c]].wanted = !t->options.sparse;
            continue;
        }
        if (perso_lines_look_utf8(&t->lines))
            return perso_lines_refuse_utf8(&t->lines, err);
        return perso_error_set(err, PERSO_REJ_COLUMN_MISSING, perso_column_code(*c),
                               "header has no column of this name");
    }
    return PERSO_OK;
}

static enum perso_result
read_header(struct perso_table *t, uint32_t *line, struct perso_error *err)
{
    struct perso_text record, names[PERSO_COLUMNS_MAX];
    char bytes[PERSO_LINE_BYTES];
    struct perso_cells cells = { names, PERSO_COLUMNS_MAX, 0, bytes };
    enum perso_result rc;

    if ((rc = next_line(t, &record, line, err)) == PERSO_END) {
        *line = 0;
        return perso_error_set(err, PERSO_REJ_FILE_EMPTY, "", "no header");
    }
    if (rc != PERSO_OK || (rc = check_delimiter(t, record, err)) != PERSO_OK ||
        (rc = split(t, record, line, &cells, err)) != PERSO_OK)
        return rc;
    for (uint32_t i = 0; i < cells.n; i++) {
        /* Of cells beyond the room there is only the number; the layout refuses one more. */
        struct perso_text name = i < cells.max ? trim(names[i]) : (struct perso_text) { "", 0 };
        rc = perso_layout_add(&t->layout, find_column(&t->options, name), name, err);
        if (rc != PERSO_OK)
            return rc;
        snprintf(t->header[i], sizeof t->header[i], "%.*s", (int)name.bytes, name.at);
    }
    return check_required(t, err);
}

enum perso_result
perso_table_open(const struct perso_source *source, const struct perso_table_options *options,
                 struct perso_table **ret, struct perso_error *err)
{
    struct perso_table *t = calloc(1, sizeof *t);
    uint32_t line = 0;
    enum perso_result rc;

    if (t == NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
    t->options = *options;
    perso_layout_init(&t->layout);
    perso_lines_init(&t->lines, source, options->charset,
                     options->quotes && options->quoted_newlines);
    t->splitter_ready = perso_splitter_init(&t->splitter, options->delimiter, options->quotes);
    if (!t->splitter_ready)
        rc = perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
    else if ((rc = read_header(t, &line, err)) != PERSO_OK)
        stop(t, line, 0, rc, err);
    if (rc == PERSO_OK) {
        *ret = t;
        return PERSO_OK;
    }
    perso_table_free(t);
    return rc;
}

const struct perso_layout *
perso_table_layout(const struct perso_table *table)
{
    return &table->layout;
}

const char *
perso_table_header(const struct perso_table *table, uint16_t column)
{
    return column < table->layout.n_columns ? table->header[column] : "";
}

static void
note_shape(struct perso_table *t, unsigned column, struct perso_text cell, uint32_t line)
{
    struct column_shape *s = &t->shapes[column];
    if ((cell.bytes == 0 && !s->wanted) || perso_column_shape(t->layout.known[column], cell))
        return;
    if (s->wrong++ == 0) {
        s->first_line = line;
        s->excel = perso_excel_damaged(cell);
    }
}

static enum perso_result
check_cells(struct perso_table *t, const struct perso_cells *cells, uint32_t line,
            struct perso_error *err)
{
    if (cells->n != t->layout.n_columns)
        return perso_error_set(err, PERSO_REJ_TEXT_COLUMNS, "", "have %u, want %u", cells->n,
                               t->layout.n_columns);
    for (unsigned i = 0; i < cells->n; i++) {
        if (cells->cells[i].bytes > PERSO_CELL_BYTES)
            return perso_error_set(err, PERSO_REJ_TEXT_LINE, perso_column_code(t->layout.known[i]),
                                   "cell of column %u has %u bytes, at most %u", i + 1,
                                   cells->cells[i].bytes, PERSO_CELL_BYTES);
        if (t->layout.known[i] != PERSO_COLUMN_OTHER)
            note_shape(t, i, cells->cells[i], line);
    }
    return PERSO_OK;
}

static enum perso_result
read_row(struct perso_table *t, struct perso_arena *arena, struct perso_row *row, uint32_t *line,
         struct perso_error *err)
{
    struct perso_text record;
    uint32_t first;
    enum perso_result rc;

    if ((rc = next_line(t, &record, line, err)) != PERSO_OK)
        return rc;
    if (t->rows == PERSO_FILE_ROWS)
        return perso_error_set(err, PERSO_REJ_ROW_COUNT, "", "more than %u rows", PERSO_FILE_ROWS);
    first = *line;
    size_t cells_bytes = t->layout.n_columns * sizeof(struct perso_text);
    char *block = perso_arena_take(arena, cells_bytes + record.bytes);
    if (block == NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
    struct perso_cells cells = { (struct perso_text *)(void *)block, t->layout.n_columns, 0,
                                 block + cells_bytes };
    if ((rc = split(t, record, line, &cells, err)) != PERSO_OK ||
        (rc = check_cells(t, &cells, first, err)) != PERSO_OK)
        return rc;
    t->rows++;
    row->origin = (struct perso_origin) { t->options.file, first, t->rows };
    row->cells = cells.cells;
    return PERSO_OK;
}

enum perso_result
perso_table_read(struct perso_table *table, struct perso_arena *arena, struct perso_row *rows,
                 size_t max, size_t *n, struct perso_error *err)
{
    size_t have = 0;

    if (table->stopped != PERSO_OK) {
        *err = table->why;
        return table->stopped;
    }
    while (have < max) {
        uint32_t line = 0;
        enum perso_result rc = read_row(table, arena, &rows[have], &line, err);
        if (rc == PERSO_REJECT || rc == PERSO_FATAL)
            return stop(table, line, table->rows + 1, rc, err);
        if (rc != PERSO_OK && have == 0)
            return rc;
        if (rc != PERSO_OK)
            break;
        have++;
    }
    *n = have;
    return PERSO_OK;
}

uint32_t
perso_table_rows(const struct perso_table *table)
{
    return table->rows;
}

enum perso_result
perso_table_shapes(const struct perso_table *table, struct perso_error *err)
{
    uint64_t share = (uint64_t)table->rows * PERSO_COLUMN_WRONG_PERCENT;

    for (unsigned i = 0; i < table->layout.n_columns; i++) {
        const struct column_shape *s = &table->shapes[i];
        bool many = s->wrong > PERSO_COLUMN_WRONG_MIN && (uint64_t)s->wrong * 100 > share;
        if (s->wrong == 0 || (!many && s->wrong != table->rows))
            continue;
        err->file[0] = '\0';
        err->line = err->record = 0;
        perso_error_at(err, table->options.file, s->first_line, 0);
        return perso_error_set(err, PERSO_REJ_COLUMN_SHAPE, table->layout.name[i],
                               s->excel ? N_("in %u of %u rows; damaged by a spreadsheet program?")
                                        : N_("in %u of %u rows"),
                               s->wrong, table->rows);
    }
    return PERSO_OK;
}

void
perso_table_free(struct perso_table *table)
{
    if (table == NULL)
        return;
    if (table->splitter_ready)
        perso_splitter_free(&table->splitter);
    free(table);
}
