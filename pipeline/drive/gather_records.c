/* Records of a loose return: tables, XML, JSON. */
#include "pipeline/drive/gather.h"
#include "pipeline/file/loose_rows.h"

static enum perso_result
take_rows(struct perso_gathering *g, size_t n, bool coded, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        const struct perso_text *known = g->c.cells[i].known;
        const struct perso_origin origin = g->c.rows[i].origin;
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

enum perso_result
perso_gather_records(struct perso_gathering *g, struct perso_error *err)
{
    struct perso_loose_rows rows;
    size_t n = 0;
    enum perso_result rc =
        perso_loose_rows_open(&g->in, &g->member, &g->c.job->profile, "", &rows, err);

    snprintf(g->c.file.encoding, sizeof g->c.file.encoding, "%s", perso_charset_name(rows.charset));
    while (rc == PERSO_OK &&
           (rc = perso_loose_rows_read(&rows, g->c.job->arena, g->c.rows, g->c.cells,
                                       PERSO_BATCH_RECORDS, &n, err)) == PERSO_OK)
        if ((rc = take_rows(g, n, rows.coded, err)) == PERSO_OK)
            rc = perso_gather_flush(g, err);
    perso_loose_rows_close(&rows);
    return rc == PERSO_END ? PERSO_OK : rc;
}
