/* Records of a loose return: tables, XML, JSON. */
#include <string.h>

#include "pipeline/drive/gather.h"

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
bare(struct perso_gathering *g, struct perso_text *cell, struct perso_error *err)
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
    if ((out = perso_arena_take(g->c.job->arena, cell->bytes + 1)) == NULL)
        return perso_error_errno(err, "memory");
    for (; at < stop; at++)
        if (!is_white(*at))
            out[n++] = *at;
    *cell = (struct perso_text) { out, n };
    return PERSO_OK;
}

static enum perso_result
take_rows(struct perso_gathering *g, const struct perso_layout *layout, size_t n, bool coded,
          struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        struct perso_text *known = g->c.cells[i].known;
        const struct perso_origin origin = g->c.rows[i].origin;
        rc = perso_cells_of_row(layout, &g->c.rows[i], g->c.job->arena, &g->c.cells[i], err);
        if (rc != PERSO_OK || (rc = bare(g, &known[PERSO_COL_QMZS], err)) != PERSO_OK ||
            (rc = bare(g, &known[PERSO_COL_JMZS], err)) != PERSO_OK ||
            (rc = bare(g, &known[PERSO_COL_JMMY], err)) != PERSO_OK)
            break;
        perso_gather_add(g, PERSO_ENTRY_RECORD, origin.line, origin.record);
        g->coded[i] = coded;
        g->counts.records++;
        if (known[PERSO_COL_GLYPIN].bytes + known[PERSO_COL_ZKMY].bytes == 0 || g->has_secrets)
            continue;
        if ((rc = perso_gather_secrets(g, err)) == PERSO_REJECT)
            perso_error_at(err, g->in.display, origin.line, origin.record);
    }
    return rc;
}

/* What a table must say whose its rows are by. */
static enum perso_result
check_ids(const struct perso_layout *layout, struct perso_error *err)
{
    const int16_t *at = layout->at;

    if (at[PERSO_COL_request_id] >= 0 || at[PERSO_COL_AAZ501] >= 0 || at[PERSO_COL_QMGY] >= 0 ||
        (at[PERSO_COL_AAC002] >= 0 && at[PERSO_COL_AAZ500] >= 0))
        return PERSO_OK;
    return perso_error_set(err, PERSO_REJ_COLUMN_MISSING, "request_id",
                           "whose answer is it: want request_id, AAZ501, or AAC002 and AAZ500");
}

enum perso_result
perso_gather_table(struct perso_gathering *g, struct perso_table_options *options,
                   struct perso_error *err)
{
    static const enum perso_column required[] = { PERSO_COL_code, PERSO_COLUMN_OTHER };
    struct perso_table *table = NULL;
    size_t n = 0;
    enum perso_result rc;

    options->required = required;
    options->sparse = true;
    if ((rc = perso_table_open(&g->member.source, options, &table, err)) == PERSO_OK)
        rc = check_ids(perso_table_layout(table), err);
    while (rc == PERSO_OK && (rc = perso_table_read(table, g->c.job->arena, g->c.rows,
                                                    PERSO_BATCH_RECORDS, &n, err)) == PERSO_OK)
        if ((rc = take_rows(g, perso_table_layout(table), n, true, err)) == PERSO_OK)
            rc = perso_gather_flush(g, err);
    perso_table_free(table);
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_gather_records(struct perso_gathering *g, const struct perso_table_options *table,
                     enum perso_record_form form, struct perso_error *err)
{
    const struct perso_record_options options = { .form = form,
                                                  .charset = table->charset,
                                                  .aliases = table->aliases,
                                                  .n_aliases = table->n_aliases,
                                                  .file = g->in.display };
    struct perso_records *records = NULL;
    size_t n = 0;
    enum perso_result rc = perso_records_open(&g->member.source, &options, &records, err);

    while (rc == PERSO_OK && (rc = perso_records_read(records, g->c.job->arena, g->c.rows,
                                                      PERSO_BATCH_RECORDS, &n, err)) == PERSO_OK)
        if ((rc = take_rows(g, perso_records_layout(records), n, false, err)) == PERSO_OK)
            rc = perso_gather_flush(g, err);
    perso_records_free(records);
    return rc == PERSO_END ? PERSO_OK : rc;
}
