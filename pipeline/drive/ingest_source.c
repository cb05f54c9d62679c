#include "pipeline/drive/ingest_source.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/file/known.h"
#include "pipeline/file/opening.h"
#include "pipeline/file/requests.h"
#include "pipeline/job/party.h"
#include "pipeline/job/rules.h"

/* ---- text tables ---- */

struct tables {
    struct perso_job *job;
    struct perso_input in;
    struct perso_requests *requests; /* NULL: none are members */
    enum perso_column required[PERSO_REQUIRED_MAX];
    uint32_t operator_rows;
    bool walked, in_table;
    struct perso_row rows[PERSO_BATCH_RECORDS];
};

/* An archive is walked before: it may hold the requests, in any order. */
static enum perso_result
walk(struct tables *t, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    t->walked = true;
    if (t->in.form != PERSO_ARCHIVE_NONE &&
        (rc = perso_requests_open(&t->in.reader, &t->in.source, t->job->folder, &t->requests,
                                  err)) == PERSO_OK)
        rc = perso_file_source_rewind(t->in.file, err);
    if (rc == PERSO_REJECT)
        perso_error_at(err, t->in.display, 0, 0);
    perso_requests_columns(t->requests, perso_required_application(perso_form_of(&t->job->profile)),
                           t->required);
    return rc;
}

/* A request without a row is a card that the tables have lost, or one too many. */
static enum perso_result
tables_end(struct tables *t, struct perso_error *err)
{
    enum perso_result rc = perso_input_finish(&t->in, t->operator_rows, err);
    uint32_t unused = t->requests != NULL ? perso_requests_unused(t->requests) : 0;

    if (rc != PERSO_OK || unused == 0)
        return rc == PERSO_OK ? PERSO_END : rc;
    if (strcmp(t->in.profile->row_count, "required") == 0) {
        rc = perso_error_set(err, PERSO_REJ_ROW_COUNT, "", "%u requests belong to no row", unused);
        perso_error_at(err, t->in.display, 0, 0);
        return rc;
    }
    perso_warn("%s: %u requests belong to no row", t->in.display, unused);
    return PERSO_END;
}

static enum perso_result
fill_requests(struct tables *t, struct perso_arena *arena, struct perso_cells *cells, size_t n,
              struct perso_error *err)
{
    for (size_t i = 0; i < n; i++) /* no table says it */
        cells[i].known[PERSO_COL_P10_AAZ501] = (struct perso_text) { "", 0 };
    return t->requests != NULL ? perso_requests_fill(t->requests, cells, n, arena, err) : PERSO_OK;
}

static enum perso_result
tables_read(void *self, struct perso_arena *arena, struct perso_cells *cells,
            struct perso_origin *origins, size_t *n, struct perso_error *err)
{
    struct tables *t = self;
    enum perso_result rc;

    if (!t->walked && (rc = walk(t, err)) != PERSO_OK)
        return rc;
    for (;;) {
        if (!t->in_table) {
            if ((rc = perso_input_next(&t->in, t->required, err)) == PERSO_END)
                return tables_end(t, err);
            if (rc != PERSO_OK)
                return rc;
            t->in_table = true;
        }
        rc = perso_input_rows(&t->in, arena, t->rows, cells, PERSO_BATCH_RECORDS, n, err);
        if (rc != PERSO_END)
            break;
        t->in_table = false;
    }
    if (rc == PERSO_OK)
        rc = fill_requests(t, arena, cells, *n, err);
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
    perso_requests_free(t->requests);
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
    t->job = job;
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
