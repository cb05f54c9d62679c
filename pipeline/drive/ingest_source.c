#include "pipeline/drive/ingest_source.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/file/known.h"
#include "pipeline/file/opening.h"
#include "pipeline/job/party.h"
#include "pipeline/job/rules.h"

/* ---- text tables ---- */

struct tables {
    struct perso_input in;
    uint32_t operator_rows;
    bool in_table;
    struct perso_row rows[PERSO_BATCH_RECORDS];
};

static enum perso_result
tables_read(void *self, struct perso_arena *arena, struct perso_cells *cells,
            struct perso_origin *origins, size_t *n, struct perso_error *err)
{
    struct tables *t = self;
    enum perso_result rc;

    for (;;) {
        if (!t->in_table) {
            if ((rc = perso_input_next(&t->in, perso_required_application, err)) == PERSO_END &&
                (rc = perso_input_finish(&t->in, t->operator_rows, err)) == PERSO_OK)
                return PERSO_END;
            if (rc != PERSO_OK)
                return rc;
            t->in_table = true;
        }
        rc = perso_input_rows(&t->in, arena, t->rows, cells, PERSO_BATCH_RECORDS, n, err);
        if (rc != PERSO_END)
            break;
        t->in_table = false;
    }
    for (size_t i = 0; rc == PERSO_OK && i < *n; i++)
        origins[i] = t->rows[i].origin;
    return rc;
}

static void
tables_finish(const void *self, struct perso_ledger_file *file)
{
    const struct tables *t = self;

    file->rows = t->in.rows;
    snprintf(file->encoding, sizeof file->encoding, "%s", t->in.charset);
}

static void
tables_close(void *self)
{
    struct tables *t = self;

    perso_input_close(&t->in);
    free(t);
}

static enum perso_result
tables_open(struct perso_job *job, const char *path, const struct perso_file_options *options,
            struct perso_ingest_source *ret, struct perso_error *err)
{
    struct tables *t = calloc(1, sizeof *t);
    enum perso_result rc;

    if (t == NULL)
        return perso_error_errno(err, "memory");
    t->operator_rows = options->rows;
    *ret = (struct perso_ingest_source) { .file = { .stage = PERSO_STAGE_INGEST, .kind = "table" },
                                          .display = t->in.display,
                                          .read = tables_read,
                                          .finish = tables_finish,
                                          .close = tables_close,
                                          .self = t };
    rc = perso_opening_input(job, PERSO_STAGE_INGEST, path, &job->profile.application,
                             options->encoding, &t->in, err);
    ret->bytes = t->in.bytes;
    memcpy(ret->sm3, t->in.sm3, sizeof ret->sm3);
    return rc == PERSO_OK ? perso_file_known(job, PERSO_STAGE_INGEST, ret->sm3, ret->display, err)
                          : rc;
}

/* ---- either ---- */

enum perso_result
perso_ingest_source_open(struct perso_job *job, const char *path, const char *kind,
                         const struct perso_file_options *options, struct perso_ingest_source *ret,
                         struct perso_error *err)
{
    *ret = (struct perso_ingest_source) { .display = path };
    /* A centre's cards come in packages alone: a table has no request that anybody signed for. */
    if (kind[0] != '\0' || perso_job_reads(job, PERSO_STAGE_INGEST, "FWD") != NULL)
        return perso_ingest_package_open(job, path, ret, err);
    return tables_open(job, path, options, ret, err);
}

void
perso_ingest_source_close(struct perso_ingest_source *source)
{
    if (source->close != NULL)
        source->close(source->self);
    *source = (struct perso_ingest_source) { .display = "" };
}
