/* reports/orphans.csv: answers that stand for no card. */
#include <string.h>

#include "formats/text/write.h"
#include "pipeline/drive/collect_accept.h"
#include "pipeline/file/output.h"

/* A certificate that came by itself, or a record. */
static const char *
why_unknown(const struct perso_stored_record *record)
{
    switch (record->verdict.reject) {
    case PERSO_REJ_NONE:
        return "no such request in this job";
    case PERSO_REJ_ANSWER_TWICE:
        return "fits more than one card";
    default:
        return perso_reject_text(record->verdict.reject);
    }
}

/* NULL: it stands for a card. A card that the department gave back or cancelled has no certificate
 * in that row; only that it is none of ours is worth a look. */
static const char *
why(const struct perso_ledger_file *file, const struct perso_stored_record *record)
{
    bool answers = strcmp(file->kind, "HLD") != 0 && record->verdict.reject != PERSO_REJ_TAKEN_BACK;

    switch (record->symbol) {
    case PERSO_ANSWER_UNKNOWN:
        return why_unknown(record);
    case PERSO_ANSWER_PAST:
        return answers ? "card is cancelled or further on" : NULL;
    case PERSO_ANSWER_SUPERSEDED:
        return answers ? "another answer stands against it" : NULL;
    default:
        return NULL;
    }
}

static enum perso_result
write_orphan(struct perso_job *job, struct perso_table_writer *w,
             const struct perso_ledger_file *file, const struct perso_stored_record *record,
             struct perso_error *err)
{
    struct perso_stored_record again;
    struct perso_cells cells;
    enum perso_result rc = perso_job_cells(job, record->id, &cells, &again, err);

    if (rc != PERSO_OK ||
        (rc = perso_writer_cell(w, cells.known[PERSO_COL_request_id], err)) != PERSO_OK ||
        (rc = perso_writer_string(w, file->path, err)) != PERSO_OK ||
        (rc = perso_writer_number(w, record->record, err)) != PERSO_OK ||
        (rc = perso_writer_string(w, why(file, record), err)) != PERSO_OK ||
        (rc = perso_writer_number(w, record->line, err)) != PERSO_OK ||
        (rc = perso_writer_cell(w, cells.known[PERSO_COL_QMZS_SM3], err)) != PERSO_OK)
        return rc;
    return perso_writer_row(w, err);
}

struct orphans {
    struct perso_job *job;
    struct perso_table_writer *w;
    const struct perso_ledger_file *file;
};

static enum perso_result
write_if_orphan(void *arg, struct perso_stored_record *record, struct perso_error *err)
{
    const struct orphans *o = arg;

    perso_arena_reset(o->job->arena);
    return why(o->file, record) == NULL ? PERSO_OK
                                        : write_orphan(o->job, o->w, o->file, record, err);
}

static enum perso_result
write_file(struct perso_job *job, struct perso_table_writer *w,
           const struct perso_ledger_file *file, struct perso_error *err)
{
    struct orphans orphans = { job, w, file };

    return perso_job_each_record(job, file->id, 0, write_if_orphan, &orphans, err);
}

static enum perso_result
write_all(struct perso_job *job, struct perso_table_writer *w, struct perso_error *err)
{
    static const char *const header[] = { "request_id", "file", "record", "why", "line", "SM3" };
    struct perso_ledger_file file = { .id = 0 };
    enum perso_result rc;

    for (size_t i = 0; i < sizeof header / sizeof header[0]; i++)
        if ((rc = perso_writer_string(w, header[i], err)) != PERSO_OK)
            return rc;
    if ((rc = perso_writer_row(w, err)) != PERSO_OK)
        return rc;
    while ((rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        if (file.stage == PERSO_STAGE_COLLECT && file.status == PERSO_FILE_ACCEPTED &&
            (rc = write_file(job, w, &file, err)) != PERSO_OK)
            return rc;
    }
    return rc == PERSO_END ? perso_writer_flush(w, err) : rc;
}

static enum perso_result
write_report(struct perso_job *job, struct perso_error *err)
{
    struct perso_table_writer w;
    struct perso_durable *out = NULL;
    struct perso_sink sink;
    char folder[PERSO_PATH_BYTES];
    enum perso_result rc;

    if ((rc = perso_job_folder(job, "reports", folder, err)) != PERSO_OK ||
        (rc = perso_output_open(job, folder, "orphans.csv", &out, &sink, err)) != PERSO_OK)
        return rc;
    perso_writer_init(&w, sink, PERSO_UTF8, true);
    if ((rc = write_all(job, &w, err)) == PERSO_OK)
        return perso_durable_commit(out, NULL, NULL, err);
    perso_durable_abandon(out);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

enum perso_result
perso_collect_orphans(struct perso_job *job, struct perso_error *err)
{
    bool due = false;
    enum perso_result rc = perso_job_due(job, PERSO_ORPHAN_REPORT, &due, err);

    if (rc != PERSO_OK || !due || (rc = write_report(job, err)) != PERSO_OK)
        return rc;
    return perso_job_due_clear(job, PERSO_ORPHAN_REPORT, err);
}
