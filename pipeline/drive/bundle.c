#include <stdlib.h>
#include <string.h>

#include "formats/sm2/sm3.h"
#include "pipeline/drive/drive.h"
#include "pipeline/file/packing.h"
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
    uint32_t rows;
};

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

    perso_arena_reset(b->job->arena);
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = load(b, &cards[i], i, err);
    if (rc != PERSO_OK)
        return rc;
    b->rows += (uint32_t)n;
    return perso_stage_bundle(b->applications, b->names, n, &b->writer, err);
}

static enum perso_result
make_requests(struct perso_job *job, const struct perso_outgoing *what, int64_t file_id,
              struct perso_memory *memory, uint32_t *rows, struct perso_error *err)
{
    struct bundling *b = calloc(1, sizeof *b);
    enum perso_result rc;

    if (b == NULL)
        return perso_error_errno(err, "memory");
    b->job = job;
    b->applications = calloc(PERSO_BATCH_RECORDS, sizeof *b->applications);
    b->names = calloc(PERSO_BATCH_RECORDS, sizeof *b->names);
    if (b->applications == NULL || b->names == NULL) {
        rc = perso_error_errno(err, "memory");
        goto out;
    }
    perso_writer_init(&b->writer, perso_memory_sink(memory), PERSO_UTF8, false);
    if ((rc = perso_requests_header(&b->writer, err)) == PERSO_OK &&
        (rc = perso_outgoing_standing(job, what, file_id, write_batch, b, err)) == PERSO_OK)
        rc = perso_writer_flush(&b->writer, err);
    *rows = b->rows;
out:
    free(b->applications);
    free(b->names);
    free(b);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

static enum perso_result
write_bundle(struct perso_job *job, const struct perso_outgoing *what,
             struct perso_ledger_file *file, struct perso_error *err)
{
    struct perso_memory requests = { 0 };
    char *slip = NULL;
    enum perso_result rc = make_requests(job, what, file->id, &requests, &file->rows, err);

    if (rc != PERSO_OK)
        goto out;
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
    rc = perso_packing_write(job, file, members, 2, false, err);
out:
    free(slip);
    perso_memory_free(&requests);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

enum perso_result
perso_drive_bundle(struct perso_job *job, struct perso_error *err)
{
    const struct perso_role_stage *stage = perso_role_stage_find(job->role, PERSO_STAGE_BUNDLE);
    const struct perso_outgoing what = { .stage = PERSO_STAGE_BUNDLE,
                                         .kind = "REQ",
                                         .party = job->conf.ra,
                                         .folder = "out/bundle",
                                         .from = 1u << stage->from,
                                         .to = stage->to,
                                         .cards_max = job->site.conf.package_cards,
                                         .slot = PERSO_SLOT_BUNDLE,
                                         .name = perso_packing_name };
    enum perso_result rc = perso_outgoing_plan(job, &what, err);

    return rc != PERSO_OK ? rc : perso_outgoing_make(job, &what, write_bundle, err);
}
