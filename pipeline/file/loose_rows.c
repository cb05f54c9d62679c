#include "pipeline/file/loose_rows.h"

#include <string.h>

#include "stages/correlate.h"

/* ---- open ---- */

static enum perso_result
open_table(const struct perso_source *source, struct perso_table_options *options,
           struct perso_loose_rows *ret, struct perso_error *err)
{
    static const enum perso_column required[] = { PERSO_COL_code, PERSO_COLUMN_OTHER };
    enum perso_result rc;

    options->required = required;
    options->sparse = true;
    if ((rc = perso_table_open(source, options, &ret->table, err)) != PERSO_OK)
        return rc;
    ret->layout = perso_table_layout(ret->table);
    return perso_stated_columns(ret->layout, err);
}

static enum perso_result
open_records(const struct perso_source *source, const struct perso_table_options *table,
             enum perso_record_form form, struct perso_loose_rows *ret, struct perso_error *err)
{
    const struct perso_record_options options = { .form = form,
                                                  .charset = table->charset,
                                                  .aliases = table->aliases,
                                                  .n_aliases = table->n_aliases,
                                                  .file = table->file };
    enum perso_result rc = perso_records_open(source, &options, &ret->records, err);

    if (rc == PERSO_OK)
        ret->layout = perso_records_layout(ret->records);
    return rc;
}

enum perso_result
perso_loose_rows_open(const struct perso_loose *loose, const struct perso_loose_member *member,
                      const struct perso_profile *profile, const char *encoding,
                      struct perso_loose_rows *ret, struct perso_error *err)
{
    const enum perso_loose_part part = perso_loose_part(member->name);
    struct perso_table_options options;
    enum perso_result rc;

    *ret = (struct perso_loose_rows) { .coded = part == PERSO_PART_TABLE };
    if (encoding[0] == '\0' && loose->side.has_encoding)
        encoding = loose->side.encoding;
    if ((rc = perso_profile_table(profile, &profile->returned, encoding, loose->display, &options,
                                  err)) != PERSO_OK)
        return rc;
    ret->charset = options.charset;
    return part == PERSO_PART_TABLE
               ? open_table(&member->source, &options, ret, err)
               : open_records(&member->source, &options,
                              part == PERSO_PART_XML ? PERSO_RECORD_XML : PERSO_RECORD_JSON, ret,
                              err);
}

/* ---- read ---- */

static bool
is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where the next five dashes begin; stop: nowhere. */
static const char *
find_dashes(const char *at, const char *stop)
{
    while (stop - at >= 5 && memcmp(at, "-----", 5) != 0)
        at++;
    return stop - at >= 5 ? at : stop;
}

/* Base64 as it is compared and kept: without PEM's lines around it and without blanks. */
static enum perso_result
bare(struct perso_text *cell, struct perso_arena *arena, struct perso_error *err)
{
    const char *at = cell->at, *stop = cell->at + cell->bytes, *label;
    uint32_t n = 0;
    char *out;

    if (cell->bytes == 0)
        return PERSO_OK;
    if (find_dashes(at, stop) == at && (label = find_dashes(at + 5, stop)) != stop) {
        at = label + 5;
        stop = find_dashes(at, stop);
    }
    if ((out = perso_arena_take(arena, cell->bytes + 1)) == NULL)
        return perso_error_errno(err, "memory");
    for (; at < stop; at++)
        if (!is_white(*at))
            out[n++] = *at;
    *cell = (struct perso_text) { out, n };
    return PERSO_OK;
}

static enum perso_result
bare_items(struct perso_cells *cells, struct perso_arena *arena, struct perso_error *err)
{
    static const enum perso_column items[] = { PERSO_COL_QMZS, PERSO_COL_JMZS, PERSO_COL_JMMY };
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < sizeof items / sizeof items[0]; i++)
        rc = bare(&cells->known[items[i]], arena, err);
    return rc;
}

enum perso_result
perso_loose_rows_read(struct perso_loose_rows *of, struct perso_arena *arena,
                      struct perso_row *rows, struct perso_cells *cells, size_t max, size_t *n,
                      struct perso_error *err)
{
    enum perso_result rc = of->table != NULL
                               ? perso_table_read(of->table, arena, rows, max, n, err)
                               : perso_records_read(of->records, arena, rows, max, n, err);

    for (size_t i = 0; rc == PERSO_OK && i < *n; i++)
        if ((rc = perso_cells_of_row(of->layout, &rows[i], arena, &cells[i], err)) == PERSO_OK)
            rc = bare_items(&cells[i], arena, err);
    return rc;
}

void
perso_loose_rows_close(struct perso_loose_rows *rows)
{
    perso_table_free(rows->table);
    perso_records_free(rows->records);
    *rows = (struct perso_loose_rows) { 0 };
}
