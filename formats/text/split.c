#include "formats/text/split.h"

#include <string.h>

/* libcsv strips what this calls a space: nothing. */
static int
no_space(unsigned char byte)
{
    (void)byte;
    return 0;
}

bool
perso_splitter_init(struct perso_splitter *s, char delimiter, bool quotes)
{
    if (csv_init(&s->csv, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) != 0)
        return false;
    csv_set_delim(&s->csv, (unsigned char)delimiter);
    csv_set_space_func(&s->csv, no_space);
    csv_set_blk_size(&s->csv, 4096);
    s->delimiter = delimiter;
    s->quotes = quotes;
    return true;
}

void
perso_splitter_free(struct perso_splitter *s)
{
    csv_free(&s->csv);
}

static void
add_cell(struct perso_cells *c, const char *at, size_t n)
{
    if (c->n < c->max)
        c->cells[c->n] = (struct perso_text) { at, (uint32_t)n };
    c->n++;
}

static void
split_plain(char delimiter, struct perso_text record, struct perso_cells *ret)
{
    const char *at = ret->bytes, *end = at + record.bytes, *next;

    if (record.bytes != 0)
        memcpy(ret->bytes, record.at, record.bytes);
    while ((next = memchr(at, delimiter, (size_t)(end - at))) != NULL) {
        add_cell(ret, at, (size_t)(next - at));
        at = next + 1;
    }
    add_cell(ret, at, (size_t)(end - at));
}

struct target {
    struct perso_cells *cells;
    size_t used;
};

static void
take_cell(void *at, size_t n, void *data)
{
    struct target *t = data;
    char *to = t->cells->bytes + t->used;

    if (n != 0)
        memcpy(to, at, n);
    t->used += n;
    add_cell(t->cells, to, n);
}

/*
 * End of what libcsv may be given now: a cell that begins ="..." is handed on without its =, or
 * strict RFC 4180 would refuse it. *open tells whether from lies in quotes, and is moved along.
 */
static size_t
piece_end(const struct perso_splitter *s, struct perso_text record, size_t from, bool *open)
{
    const char *quote, *at = record.at + from, *end = record.at + record.bytes;

    while (at < end && (quote = memchr(at, '"', (size_t)(end - at))) != NULL) {
        size_t i = (size_t)(quote - record.at);
        if (!*open && i > from && quote[-1] == '=' && (i == 1 || quote[-2] == s->delimiter))
            return i - 1;
        *open = !*open;
        at = quote + 1;
    }
    return record.bytes;
}

static enum perso_result
csv_failed(struct perso_splitter *s, struct perso_error *err)
{
    if (csv_error(&s->csv) != CSV_EPARSE)
        return perso_error_set(err, PERSO_REJ_NONE, "", "libcsv: %s",
                               csv_strerror(csv_error(&s->csv)));
    return perso_error_set(err, PERSO_REJ_TEXT_QUOTE, "", "quote inside a cell or left open");
}

enum perso_result
perso_split_csv(struct perso_splitter *s, struct perso_text record, struct perso_cells *ret,
                uint32_t *bad_at, struct perso_error *err)
{
    struct target t = { ret, 0 };
    bool open = false;

    ret->n = 0;
    for (size_t from = 0; from < record.bytes;) {
        size_t to = piece_end(s, record, from, &open);
        size_t done = csv_parse(&s->csv, record.at + from, to - from, take_cell, NULL, &t);
        if (done != to - from) {
            *bad_at = (uint32_t)(from + done);
            return csv_failed(s, err);
        }
        from = to + (to < record.bytes);
    }
    if (csv_fini(&s->csv, take_cell, NULL, &t) != 0) {
        *bad_at = record.bytes;
        return csv_failed(s, err);
    }
    if (ret->n == 0)
        add_cell(ret, ret->bytes, 0); /* libcsv has no row in an empty record */
    return PERSO_OK;
}

/* ="123" is what a spreadsheet program is given to keep a long number; the number is the cell. */
static void
take_excel_off(struct perso_text *cell)
{
    uint32_t n = cell->bytes;
    if (n < 3 || cell->at[0] != '=' || cell->at[1] != '"' || cell->at[n - 1] != '"')
        return;
    if (memchr(cell->at + 2, '"', n - 3) == NULL)
        *cell = (struct perso_text) { cell->at + 2, n - 3 };
}

enum perso_result
perso_split(struct perso_splitter *s, struct perso_text record, struct perso_cells *ret,
            uint32_t *bad_at, struct perso_error *err)
{
    bool quoted = record.bytes != 0 && memchr(record.at, '"', record.bytes) != NULL;
    enum perso_result rc;

    ret->n = 0;
    if (!quoted || !s->quotes)
        split_plain(s->delimiter, record, ret);
    else if ((rc = perso_split_csv(s, record, ret, bad_at, err)) != PERSO_OK)
        return rc;
    for (uint32_t i = 0; quoted && i < ret->n && i < ret->max; i++)
        take_excel_off(&ret->cells[i]);
    return PERSO_OK;
}
