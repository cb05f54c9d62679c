#include <stdlib.h>
#include <string.h>

#include "formats/sm2/sm3.h"
#include "pipeline/drive/drive.h"
#include "pipeline/file/outgoing.h"
#include "pipeline/file/output.h"
#include "pipeline/file/preview.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/path.h"
#include "pipeline/report/show.h"
#include "pipeline/report/slip.h"
#include "stages/application.h"
#include "stages/bundle.h"

struct bundling {
    struct perso_job *job;
    struct perso_table_writer writer;
    struct perso_application *applications;
    struct perso_text *names;
    enum perso_state from;
    uint32_t rows;
};

static void
manifest_head(const struct perso_job *job, uint32_t sequence, struct perso_manifest *m)
{
    *m = (struct perso_manifest) { .kind = "REQ",
                                   .mode = (int)job->conf.mode,
                                   .sequence = sequence };
    snprintf(m->sender, sizeof m->sender, "%s", job->site.conf.site_name);
    snprintf(m->recipient, sizeof m->recipient, "%s", job->conf.ra);
    snprintf(m->division, sizeof m->division, "%s", job->conf.division);
    snprintf(m->vendor, sizeof m->vendor, "%s", job->conf.vendor);
    snprintf(m->batch, sizeof m->batch, "%s", job->conf.batch);
    snprintf(m->date, sizeof m->date, "%s", job->conf.date);
}

static void
bundle_name(const struct perso_job *job, uint32_t sequence, char *out, size_t max)
{
    struct perso_manifest *m = calloc(1, sizeof *m);

    out[0] = '\0';
    if (m == NULL)
        return;
    manifest_head(job, sequence, m);
    perso_package_name(m, out, max);
    free(m);
}

static enum perso_result
load(struct bundling *b, const struct perso_card *card, size_t i, struct perso_error *err)
{
    struct perso_stored_record record;
    struct perso_cells application, issuance;
    enum perso_result rc;

    if ((rc = perso_job_cells(b->job, card->application, &application, &record, err)) != PERSO_OK)
        return rc;
    const struct perso_origin origin = { "", record.line, record.record };
    if ((rc = perso_application_parse(&application, &origin, b->job->arena, &b->applications[i],
                                      err)) != PERSO_OK ||
        (rc = perso_job_cells(b->job, card->issuance, &issuance, &record, err)) != PERSO_OK)
        return rc;
    b->names[i] = issuance.known[PERSO_COL_AAC003];
    return PERSO_OK;
}

static enum perso_result
write_batch(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    struct bundling *b = arg;
    enum perso_result rc = PERSO_OK;
    size_t m = 0;

    perso_arena_reset(b->job->arena);
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        if (cards[i].state == b->from) /* not put aside since the plan */
            rc = load(b, &cards[i], m++, err);
    if (rc != PERSO_OK)
        return rc;
    b->rows += (uint32_t)m;
    return perso_stage_bundle(b->applications, b->names, m, &b->writer, err);
}

static enum perso_result
make_requests(struct perso_job *job, int64_t file_id, struct perso_memory *memory, uint32_t *rows,
              struct perso_error *err)
{
    struct bundling *b = calloc(1, sizeof *b);
    enum perso_result rc;

    if (b == NULL)
        return perso_error_errno(err, "memory");
    b->job = job;
    b->from = perso_role_stage_find(job->role, PERSO_STAGE_BUNDLE)->from;
    b->applications = calloc(PERSO_BATCH_RECORDS, sizeof *b->applications);
    b->names = calloc(PERSO_BATCH_RECORDS, sizeof *b->names);
    if (b->applications == NULL || b->names == NULL) {
        rc = perso_error_errno(err, "memory");
        goto out;
    }
    perso_writer_init(&b->writer, perso_memory_sink(memory), PERSO_UTF8, false);
    if ((rc = perso_requests_header(&b->writer, err)) == PERSO_OK &&
        (rc = perso_outgoing_cards(job, file_id, write_batch, b, err)) == PERSO_OK)
        rc = perso_writer_flush(&b->writer, err);
    *rows = b->rows;
out:
    free(b->applications);
    free(b->names);
    free(b);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

/* The chain of numbers: the digest of the last manifest before this one that a peer may have seen.
 */
static enum perso_result
take_previous(struct perso_job *job, struct perso_manifest *m, struct perso_error *err)
{
    struct perso_ledger_file before;
    enum perso_result rc = PERSO_OK;

    for (uint32_t number = m->sequence - 1; rc == PERSO_OK && number > 0; number--) {
        rc = perso_ledger_file_number(job->ledger, true, "REQ", "", number, &before, err);
        if (rc == PERSO_OK && before.status != PERSO_FILE_WITHDRAWN) {
            m->has_previous = true;
            memcpy(m->previous, before.manifest_sm3, sizeof m->previous);
            return PERSO_OK;
        }
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
pack(struct perso_job *job, struct perso_ledger_file *file, struct perso_manifest *manifest,
     const struct perso_package_member *members, size_t n_members, struct perso_error *err)
{
    struct perso_durable *durable = NULL;
    struct perso_sink sink;
    char folder[PERSO_PATH_BYTES], *json = NULL;
    const char *name = perso_path_name(file->path);
    size_t json_n = 0;
    enum perso_result rc;

    if ((rc = perso_job_folder(job, "out/bundle", folder, err)) != PERSO_OK ||
        (rc = perso_output_open(job, folder, name, &durable, &sink, err)) != PERSO_OK)
        return rc;
    if ((rc = perso_package_write(manifest, members, n_members, job->date_s, &sink, &json, &json_n,
                                  err)) != PERSO_OK ||
        /* The signature stands before the package does, so that nobody sees one without it. */
        (rc = perso_outgoing_sides(job, folder, name, perso_cursor_of(json, json_n), NULL, err)) !=
            PERSO_OK) {
        perso_durable_abandon(durable);
        free(json);
        return rc;
    }
    if (!perso_sm3_of(json, json_n, file->manifest_sm3))
        rc = perso_error_openssl(err, "SM3");
    free(json);
    if (rc != PERSO_OK) {
        perso_durable_abandon(durable);
        return rc;
    }
    return perso_durable_commit(durable, file->sm3, &file->bytes, err);
}

static enum perso_result
write_bundle(struct perso_job *job, struct perso_ledger_file *file, struct perso_error *err)
{
    struct perso_manifest *manifest = calloc(1, sizeof *manifest);
    struct perso_memory requests = { 0 };
    char *slip = NULL;
    enum perso_result rc;

    if (manifest == NULL)
        return perso_error_errno(err, "memory");
    manifest_head(job, file->sequence, manifest);
    if ((rc = make_requests(job, file->id, &requests, &file->rows, err)) != PERSO_OK ||
        (rc = take_previous(job, manifest, err)) != PERSO_OK)
        goto out;
    manifest->cards = file->rows;
    if (job->options.dry_run)
        perso_preview_head(&job->say, "requests.csv", requests.bytes, requests.n);
    uint8_t digest[PERSO_SM3_BYTES];
    if (!perso_sm3_of(requests.bytes, requests.n, digest)) {
        rc = perso_error_openssl(err, "SM3");
        goto out;
    }
    if ((rc = perso_slip_package(job, file, digest, &slip, err)) != PERSO_OK)
        goto out;
    const struct perso_package_member members[] = {
        { "requests.csv", requests.bytes, requests.n, file->rows },
        { "slip.txt", slip, strlen(slip), 0 },
    };
    rc = pack(job, file, manifest, members, 2, err);
out:
    free(slip);
    free(manifest);
    perso_memory_free(&requests);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

enum perso_result
perso_drive_bundle(struct perso_job *job, struct perso_error *err)
{
    const struct perso_role_stage *stage = perso_role_stage_find(job->role, PERSO_STAGE_BUNDLE);
    const struct perso_outgoing what = {
        PERSO_STAGE_BUNDLE,           "REQ", job->conf.ra, "out/bundle", 1u << stage->from,
        job->site.conf.package_cards, false
    };
    uint32_t n = 0;
    enum perso_result rc;

    if ((rc = perso_outgoing_plan(job, &what, bundle_name, &n, err)) != PERSO_OK)
        return rc;
    return perso_outgoing_make(job, &what, stage->to, write_bundle, err);
}
