#include <stdlib.h>
#include <string.h>

#include "formats/sm2/sm3.h"
#include "pipeline/drive/complete.h"
#include "pipeline/drive/drive.h"
#include "pipeline/file/packing.h"
#include "pipeline/file/preview.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/path.h"
#include "pipeline/report/show.h"
#include "pipeline/report/slip.h"
#include "stages/application.h"
#include "stages/application_file.h"
#include "stages/bundle.h"

struct bundling;

/* What a bundle carries to whom it goes: to an RA requests with the names of the issuance data, to
 * a department applications as they came. */
struct form {
    const char *kind, *member;
    enum perso_result (*header)(struct bundling *b, struct perso_error *err);
    enum perso_result (*load)(struct bundling *b, const struct perso_card *card, size_t i,
                              struct perso_error *err);
    enum perso_result (*write)(struct bundling *b, size_t n, struct perso_error *err);
    bool others; /* it has columns that Persoline does not know */
};

struct bundling {
    struct perso_job *job;
    const struct form *form;
    struct perso_table_writer writer;
    struct perso_others others;
    struct perso_application *applications;
    struct perso_cells *cells;
    struct perso_text *names;
    uint32_t rows;
};

/* ---- requests ---- */

static enum perso_result
requests_header(struct bundling *b, struct perso_error *err)
{
    return perso_requests_header(&b->writer, err);
}

static enum perso_result
requests_load(struct bundling *b, const struct perso_card *card, size_t i, struct perso_error *err)
{
    struct perso_stored_record record;
    struct perso_cells issuance;
    enum perso_result rc = perso_job_cells(b->job, card->issuance, &issuance, &record, err);

    b->names[i] = issuance.known[PERSO_COL_AAC003];
    return rc;
}

static enum perso_result
requests_write(struct bundling *b, size_t n, struct perso_error *err)
{
    return perso_stage_bundle(b->applications, b->names, n, &b->writer, err);
}

/* ---- applications ---- */

static enum perso_result
applications_header(struct bundling *b, struct perso_error *err)
{
    return perso_application_file_header(&b->others, &b->writer, err);
}

static enum perso_result
applications_write(struct bundling *b, size_t n, struct perso_error *err)
{
    return perso_stage_application_file(b->applications, b->cells, n, &b->others, &b->writer, err);
}

static const struct form requests = { "REQ",         "requests.csv", requests_header,
                                      requests_load, requests_write, false };
static const struct form applications = { "APP", "application.csv",  applications_header,
                                          NULL,  applications_write, true };

/* Whoever approves has issuance data and asks an RA; the others ask the department. */
static const struct form *
form_of(const struct perso_job *job)
{
    return perso_role_stage_find(job->role, PERSO_STAGE_APPROVE) != NULL ? &requests
                                                                         : &applications;
}

/* ---- the table of a package ---- */

static enum perso_result
load(struct bundling *b, const struct perso_card *card, size_t i, struct perso_error *err)
{
    struct perso_stored_record record;
    enum perso_result rc = perso_job_cells(b->job, card->application, &b->cells[i], &record, err);

    if (rc != PERSO_OK)
        return rc;
    const struct perso_origin origin = { "", record.line, record.record };
    if ((rc = perso_application_parse(&b->cells[i], &origin, b->job->arena, &b->applications[i],
                                      err)) != PERSO_OK)
        return rc;
    return b->form->load != NULL ? b->form->load(b, card, i, err) : PERSO_OK;
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
    return b->form->write(b, n, err);
}

/* The header stands before the rows, so that a first walk learns the columns. */
static enum perso_result
note_batch(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    struct bundling *b = arg;
    struct perso_stored_record record;
    struct perso_cells cells;
    enum perso_result rc = PERSO_OK;

    perso_arena_reset(b->job->arena);
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        if ((rc = perso_job_cells(b->job, cards[i].application, &cells, &record, err)) == PERSO_OK)
            perso_others_note(&b->others, &cells);
    return rc;
}

static enum perso_result
write_table(struct bundling *b, const struct perso_outgoing *what, int64_t file_id,
            struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    if (b->form->others)
        rc = perso_outgoing_standing(b->job, what, file_id, note_batch, b, err);
    if (rc == PERSO_OK && (rc = b->form->header(b, err)) == PERSO_OK &&
        (rc = perso_outgoing_standing(b->job, what, file_id, write_batch, b, err)) == PERSO_OK)
        rc = perso_writer_flush(&b->writer, err);
    return rc;
}

static enum perso_result
make_table(struct perso_job *job, const struct perso_outgoing *what, int64_t file_id,
           struct perso_memory *memory, uint32_t *rows, struct perso_error *err)
{
    struct bundling *b = calloc(1, sizeof *b);
    enum perso_result rc;

    if (b == NULL)
        return perso_error_errno(err, "memory");
    b->job = job;
    b->form = form_of(job);
    b->applications = calloc(PERSO_BATCH_RECORDS, sizeof *b->applications);
    b->cells = calloc(PERSO_BATCH_RECORDS, sizeof *b->cells);
    b->names = calloc(PERSO_BATCH_RECORDS, sizeof *b->names);
    if (b->applications != NULL && b->cells != NULL && b->names != NULL) {
        perso_writer_init(&b->writer, perso_memory_sink(memory), PERSO_UTF8, false);
        rc = write_table(b, what, file_id, err);
    } else {
        rc = perso_error_errno(err, "memory");
    }
    perso_packing_others(&b->others, what->kind);
    *rows = b->rows;
    free(b->applications);
    free(b->cells);
    free(b->names);
    free(b);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

static enum perso_result
write_bundle(struct perso_job *job, const struct perso_outgoing *what,
             struct perso_ledger_file *file, struct perso_error *err)
{
    struct perso_memory table = { 0 };
    const char *member = form_of(job)->member;
    char *slip = NULL;
    enum perso_result rc = make_table(job, what, file->id, &table, &file->rows, err);

    if (rc != PERSO_OK)
        goto out;
    if (job->options.dry_run)
        perso_preview_head(&job->say, member, table.bytes, table.n);
    uint8_t digest[PERSO_SM3_BYTES];
    if (!perso_sm3_of(table.bytes, table.n, digest)) {
        rc = perso_error_openssl(err, "SM3");
        goto out;
    }
    if ((rc = perso_slip_package(job, what, file, digest, &slip, err)) != PERSO_OK)
        goto out;
    const struct perso_package_member members[] = {
        { member, table.bytes, table.n, file->rows },
        { "slip.txt", slip, strlen(slip), 0 },
    };
    rc = perso_packing_write(job, file, members, 2, false, err);
out:
    free(slip);
    perso_memory_free(&table);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

void
perso_outgoing_of_bundle(const struct perso_job *job, struct perso_outgoing *ret)
{
    const struct perso_role_stage *stage = perso_role_stage_find(job->role, PERSO_STAGE_BUNDLE);

    *ret = (struct perso_outgoing) { .stage = PERSO_STAGE_BUNDLE,
                                     .kind = form_of(job)->kind,
                                     .party = job->conf.ra,
                                     .folder = "out/bundle",
                                     .from = 1u << stage->from,
                                     .to = stage->to,
                                     .cards_max = job->site.conf.package_cards,
                                     .slot = PERSO_SLOT_BUNDLE,
                                     .name = perso_packing_name };
}

enum perso_result
perso_drive_bundle(struct perso_job *job, struct perso_error *err)
{
    struct perso_outgoing what;
    enum perso_result rc;

    perso_outgoing_of_bundle(job, &what);
    rc = perso_outgoing_plan(job, &what, err);
    return rc != PERSO_OK ? rc : perso_outgoing_make(job, &what, write_bundle, err);
}
