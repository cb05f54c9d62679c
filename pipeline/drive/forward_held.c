#include "pipeline/drive/forward_held.h"

#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "formats/sm2/sm3.h"
#include "pipeline/drive/complete.h"
#include "pipeline/file/packing.h"
#include "pipeline/file/preview.h"
#include "pipeline/job/party.h"
#include "pipeline/report/slip.h"
#include "stages/forward.h"

#define KIND "HLD"

/* ---- which cards ---- */

/* Held by a stage that the vendor's data went through: what an operator, a certificate or a
 * finisher's result stopped is not the vendor's to correct. */
static bool
vendor_may_correct(const struct perso_card *card)
{
    if (card->state == PERSO_STATE_REFUSED)
        return true;
    return card->state == PERSO_STATE_HELD && (card->reject_stage == PERSO_STAGE_INGEST ||
                                               card->reject_stage == PERSO_STAGE_RECONCILE ||
                                               card->reject_stage == PERSO_STAGE_APPROVE);
}

/* A row that stands beside another in force tells nothing about its card. Rows that are all held go
 * back together; a cancelled one is told only where nothing but such is left of the card. */
static bool
speaks_for_card(const struct perso_job *job, const struct perso_card *card)
{
    struct perso_error ignored = { 0 };
    struct perso_card other;

    if (card->card_id[0] == '\0' ||
        perso_ledger_card_find(job->ledger, card->card_id, &other, &ignored) != PERSO_OK)
        return false;
    if (other.seq == card->seq)
        return true;
    return card->state == PERSO_STATE_CANCELLED
               ? other.state == PERSO_STATE_CANCELLED
               : other.state == PERSO_STATE_HELD || other.state == PERSO_STATE_RETURNED;
}

/* The vendor is told of a cancelled card only where the card came with its package. */
static bool
came_by_package(const struct perso_job *job, const struct perso_card *card)
{
    struct perso_error ignored = { 0 };
    struct perso_ledger_file file;

    return card->file_id != 0 &&
           perso_ledger_file_get(job->ledger, card->file_id, &file, &ignored) == PERSO_OK &&
           strcmp(file.kind, "APP") == 0;
}

static bool
goes_back(const struct perso_job *job, const struct perso_card *card)
{
    bool of_vendor = card->state == PERSO_STATE_CANCELLED ? came_by_package(job, card)
                                                          : vendor_may_correct(card);

    return of_vendor && speaks_for_card(job, card);
}

/* ---- package ---- */

struct listing {
    struct perso_table_writer writer;
    uint32_t rows;
};

static enum perso_result
list_cards(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    struct listing *l = arg;
    char request_id[2 * PERSO_REQUEST_ID_BYTES + 1];
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        const struct perso_card *c = &cards[i];
        const struct perso_held_card held = { c->card_id,
                                              request_id,
                                              c->state == PERSO_STATE_CANCELLED,
                                              perso_stage_name(c->reject_stage),
                                              c->verdict.reject,
                                              c->verdict.column };
        request_id[0] = '\0';
        if (c->has_request)
            perso_hex_lower(c->request_id, PERSO_REQUEST_ID_BYTES, request_id);
        rc = perso_held_row(&l->writer, &held, err);
        l->rows++;
    }
    return rc;
}

static enum perso_result
make_list(struct perso_job *job, const struct perso_outgoing *what, struct perso_ledger_file *file,
          struct perso_memory *memory, struct perso_error *err)
{
    struct listing *l = calloc(1, sizeof *l);
    enum perso_result rc;

    if (l == NULL)
        return perso_error_errno(err, "memory");
    perso_writer_init(&l->writer, perso_memory_sink(memory), PERSO_UTF8, false);
    if ((rc = perso_held_header(&l->writer, err)) == PERSO_OK &&
        (rc = perso_outgoing_standing(job, what, file->id, list_cards, l, err)) == PERSO_OK)
        rc = perso_writer_flush(&l->writer, err);
    file->rows = l->rows;
    free(l);
    return rc;
}

static enum perso_result
write_package(struct perso_job *job, const struct perso_outgoing *what,
              struct perso_ledger_file *file, struct perso_error *err)
{
    struct perso_memory held = { 0 };
    uint8_t digest[PERSO_SM3_BYTES];
    char *slip = NULL;
    enum perso_result rc = make_list(job, what, file, &held, err);

    if (rc != PERSO_OK)
        goto out;
    if (job->options.dry_run)
        perso_preview_head(&job->say, "held.csv", held.bytes, held.n);
    if (!perso_sm3_of(held.bytes, held.n, digest)) {
        rc = perso_error_openssl(err, "SM3");
        goto out;
    }
    if ((rc = perso_slip_package(job, what, file, digest, &slip, err)) != PERSO_OK)
        goto out;
    const struct perso_package_member members[] = {
        { "held.csv", held.bytes, held.n, file->rows },
        { "slip.txt", slip, strlen(slip), 0 },
    };
    rc = perso_packing_write(job, file, members, sizeof members / sizeof members[0], false, err);
out:
    free(slip);
    perso_memory_free(&held);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

static bool
all_submitted(const uint32_t counts[PERSO_STATE_COUNT])
{
    return counts[PERSO_STATE_RECEIVED] == 0 && counts[PERSO_STATE_RECONCILED] == 0 &&
           counts[PERSO_STATE_APPROVED] == 0 && counts[PERSO_STATE_BUNDLED] == 0;
}

void
perso_outgoing_of_held(const struct perso_job *job, struct perso_outgoing *ret)
{
    *ret = (struct perso_outgoing) { .stage = PERSO_STAGE_FORWARD,
                                     .kind = KIND,
                                     .folder = "out/forward",
                                     .from = 1u << PERSO_STATE_HELD | 1u << PERSO_STATE_REFUSED |
                                             1u << PERSO_STATE_CANCELLED,
                                     .stays = 1u << PERSO_STATE_CANCELLED,
                                     .to = PERSO_STATE_RETURNED,
                                     .cards_max = job->site.conf.package_cards,
                                     .slot = PERSO_SLOT_HANDED,
                                     .takes = goes_back,
                                     .name = perso_packing_name };
}

enum perso_result
perso_forward_held(struct perso_job *job, struct perso_error *err)
{
    char party[PERSO_PARTY_BYTES];
    uint32_t counts[PERSO_STATE_COUNT];
    struct perso_outgoing what;
    enum perso_result rc;

    perso_outgoing_of_held(job, &what);
    what.party = party;
    if ((rc = perso_job_party(job, KIND, party, err)) != PERSO_OK || party[0] == '\0' ||
        (rc = perso_ledger_counts(job->ledger, counts, err)) != PERSO_OK || !all_submitted(counts))
        return rc;
    if ((rc = perso_outgoing_plan(job, &what, err)) != PERSO_OK)
        return rc;
    return perso_outgoing_make(job, &what, write_package, err);
}
