#include <string.h>
#include <unistd.h>

#include "pipeline/drive/drive.h"
#include "pipeline/file/outgoing.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/path.h"
#include "pipeline/store/planted.h"
#include "ra-client/spool.h"

/* Planted: a name that is taken must be somebody else's, so ours is a new one. */
static const char *
free_name(const char *folder, const char *name, char other[PERSO_PATH_BYTES])
{
    struct perso_error ignored = { 0 };

    if (!PERSO_BUG(submitted_before_intent) ||
        perso_path_join(folder, name, other, PERSO_PATH_BYTES, &ignored) != PERSO_OK ||
        access(other, F_OK) != 0)
        return name;
    snprintf(other, PERSO_PATH_BYTES, "2-%s", name);
    return other;
}

static enum perso_result
copy_file(void *arg, const char *from_folder, const char *name, const char *to_folder,
          struct perso_error *err)
{
    struct perso_job *job = arg;
    struct perso_file_source *file = NULL;
    struct perso_durable *out = NULL;
    struct perso_sink sink;
    char path[PERSO_PATH_BYTES], other[PERSO_PATH_BYTES];
    uint8_t buffer[65536];
    size_t n;
    enum perso_result rc;

    if (job->options.dry_run) { /* what would be copied was not written either */
        if ((rc = perso_path_join(to_folder, name, path, sizeof path, err)) != PERSO_OK)
            return rc;
        perso_say_begin(&job->say, "would write");
        perso_say_text(&job->say, "file", path);
        perso_say_end(&job->say);
        return PERSO_OK;
    }
    if ((rc = perso_path_join(from_folder, name, path, sizeof path, err)) != PERSO_OK ||
        (rc = perso_file_source_open(path, &file, err)) != PERSO_OK)
        return rc;
    struct perso_source source = perso_file_source(file);
    if ((rc = perso_durable_open(to_folder, free_name(to_folder, name, other), &out, err)) !=
        PERSO_OK)
        goto out;
    sink = perso_durable_sink(out);
    while ((rc = perso_source_read(&source, buffer, sizeof buffer, &n, err)) == PERSO_OK &&
           (rc = perso_sink_write(&sink, buffer, n, err)) == PERSO_OK)
        ;
    if (rc == PERSO_END)
        rc = perso_durable_commit(out, NULL, NULL, err);
    else
        perso_durable_abandon(out);
out:
    perso_file_source_close(file);
    return rc;
}

static enum perso_result
set_status(struct perso_job *job, struct perso_ledger_file *file, enum perso_file_status status,
           const char *kind, const char *note, struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_SUBMIT, .file_id = file->id };

    file->status = status;
    snprintf(event.kind, sizeof event.kind, "%s", kind);
    snprintf(event.note, sizeof event.note, "%s", note);
    memcpy(event.digest, file->sm3, sizeof event.digest);
    return perso_job_file_event(job, file, &event, err);
}

static enum perso_result
submit_file(struct perso_job *job, const struct perso_ra *ra, struct perso_ledger_file *file,
            struct perso_error *err)
{
    const struct perso_role_stage *stage = perso_role_stage_find(job->role, PERSO_STAGE_SUBMIT);
    const char *name = perso_path_name(file->path);
    char folder[PERSO_PATH_BYTES], signature[PERSO_MEMBER_NAME_BYTES + 8];
    const char *const files[] = { signature, name };
    struct perso_ra_receipt receipt = { "" };
    enum perso_result rc;

    snprintf(signature, sizeof signature, "%s.sig", name);
    if ((rc = perso_job_folder(job, "out/bundle", folder, err)) != PERSO_OK)
        return rc;
    const struct perso_ra_set set = { .id = name, .folder = folder, .files = files, .n_files = 2 };
    /* The intent is durable before the peer can see anything. */
    if (file->status != PERSO_FILE_SENDING && !PERSO_BUG(submitted_before_intent) &&
        (rc = set_status(job, file, PERSO_FILE_SENDING, "send", "", err)) != PERSO_OK)
        return rc;
    rc = ra->submit(ra->self, &set, &receipt, err);
    if (rc == PERSO_RETRY) {
        job->waits = true;
        perso_complain(err);
        return PERSO_OK;
    }
    if (rc != PERSO_OK)
        return rc;
    file->status = PERSO_FILE_SENT;
    snprintf(file->note, sizeof file->note, "%s", receipt.text);
    const struct perso_outgoing_step step = {
        PERSO_STAGE_SUBMIT, "sent", 1u << stage->from, stage->to, PERSO_ASIDE_FOLLOWS,
        PERSO_SLOT_BUNDLE,  NULL
    };
    if ((rc = perso_outgoing_settle(job, &step, file, err)) != PERSO_OK)
        return rc;
    perso_say_begin(&job->say, "submit");
    perso_say_text(&job->say, "file", name);
    perso_say_number(&job->say, "cards", file->rows);
    perso_say_text(&job->say, "receipt", receipt.text);
    perso_say_end(&job->say);
    return PERSO_OK;
}

enum perso_result
perso_drive_submit(struct perso_job *job, struct perso_error *err)
{
    struct perso_ra ra;
    struct perso_ledger_file file = { .id = 0 };
    char folder[PERSO_PATH_BYTES];
    enum perso_result rc;

    if ((rc = perso_job_folder(job, "out/ra", folder, err)) != PERSO_OK ||
        (rc = perso_spool_open(folder, copy_file, job, &ra, err)) != PERSO_OK)
        return rc;
    while ((rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        if (!file.outgoing || file.stage != PERSO_STAGE_BUNDLE ||
            (file.status != PERSO_FILE_MADE && file.status != PERSO_FILE_SENDING))
            continue;
        if ((rc = submit_file(job, &ra, &file, err)) != PERSO_OK)
            break;
    }
    ra.free(ra.self);
    return rc == PERSO_END ? PERSO_OK : rc;
}
