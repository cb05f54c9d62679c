#include "pipeline/job/half_read.h"

#include <stdlib.h>
#include <string.h>

#include "formats/identity/card.h"
#include "pipeline/job/cards.h"
#include "stages/application.h"

static enum perso_result
replaced_by(struct perso_job *job, int64_t application, char out[PERSO_CARD_ID_CHARS + 1],
            struct perso_cells *cells, struct perso_stored_record *record, struct perso_error *err)
{
    enum perso_result rc = perso_job_cells(job, application, cells, record, err);

    if (rc == PERSO_OK && !perso_card_id_read(cells->known[PERSO_COL_replaces], out))
        out[0] = '\0';
    return rc;
}

static enum perso_result
unreplace(struct perso_job *job, const char *replaced, const char *card_id, struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;

    return replaced[0] == '\0'
               ? PERSO_OK
               : store->remake_release(store->self, job->name, replaced, card_id, err);
}

/* ---- new cards ---- */

static enum perso_result
undo_cards(struct perso_job *job, const struct perso_card *cards, size_t n, struct perso_claim *ids,
           struct perso_claim *keys, struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;
    struct perso_stored_record record;
    struct perso_cells cells;
    char replaced[PERSO_CARD_ID_CHARS + 1];
    size_t m = 0;
    enum perso_result rc = PERSO_OK;

    perso_arena_reset(job->arena);
    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        const struct perso_card *card = &cards[i];
        if (card->state != PERSO_STATE_RECEIVED)
            continue;
        ids[m] = (struct perso_claim) { (const uint8_t *)card->card_id, PERSO_CARD_ID_CHARS,
                                        .card_id = card->card_id };
        keys[m++] =
            (struct perso_claim) { card->public_key, PERSO_POINT_BYTES, .card_id = card->card_id };
        rc = replaced_by(job, card->application, replaced, &cells, &record, err);
        if (rc == PERSO_OK)
            rc = unreplace(job, replaced, card->card_id, err);
    }
    if (rc == PERSO_OK &&
        (rc = store->unclaim(store->self, job->name, PERSO_CLAIM_CARD, ids, m, err)) == PERSO_OK)
        rc = store->unclaim(store->self, job->name, PERSO_CLAIM_KEY, keys, m, err);
    return rc;
}

static enum perso_result
undo_new(struct perso_job *job, int64_t file_id, struct perso_error *err)
{
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    struct perso_claim *ids = calloc(PERSO_BATCH_RECORDS, sizeof *ids);
    struct perso_claim *keys = calloc(PERSO_BATCH_RECORDS, sizeof *keys);
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc =
        cards != NULL && ids != NULL && keys != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    while (rc == PERSO_OK &&
           (rc = perso_ledger_cards_from_file(job->ledger, file_id, after, PERSO_BATCH_RECORDS,
                                              cards, &n, err)) == PERSO_OK) {
        after = cards[n - 1].seq;
        rc = undo_cards(job, cards, n, ids, keys, err);
    }
    free(cards);
    free(ids);
    free(keys);
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* ---- corrections of accepted cards ---- */

/* The card keeps what it had: another key, another card to be replaced were never its own. */
static enum perso_result
undo_correction(struct perso_job *job, const struct perso_stored_record *record,
                struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;
    struct perso_stored_record again;
    struct perso_cells cells;
    struct perso_application row;
    struct perso_card card;
    char now[PERSO_CARD_ID_CHARS + 1], before[PERSO_CARD_ID_CHARS + 1];
    struct perso_remake remake = { .old_card = before, .new_card = card.card_id };
    struct perso_error unreadable = { 0 };
    const struct perso_origin origin = { "", 0, 0 };
    enum perso_result rc;

    perso_arena_reset(job->arena);
    if ((rc = perso_ledger_card_get(job->ledger, record->card_seq, &card, err)) != PERSO_OK ||
        (rc = replaced_by(job, card.application, before, &cells, &again, err)) != PERSO_OK ||
        (rc = replaced_by(job, record->id, now, &cells, &again, err)) != PERSO_OK)
        return rc;
    /* A row that ingest would hold claimed nothing. */
    if (record->verdict.reject == PERSO_REJ_NONE &&
        perso_application_parse(&cells, &origin, job->arena, &row, &unreadable) == PERSO_OK &&
        (!card.has_key || memcmp(row.public_key, card.public_key, PERSO_POINT_BYTES) != 0)) {
        const struct perso_claim key = { row.public_key, PERSO_POINT_BYTES,
                                         .card_id = card.card_id };
        rc = store->unclaim(store->self, job->name, PERSO_CLAIM_KEY, &key, 1, err);
    }
    if (rc != PERSO_OK || strcmp(now, before) == 0 ||
        (rc = unreplace(job, now, card.card_id, err)) != PERSO_OK || before[0] == '\0' ||
        card.state == PERSO_STATE_CANCELLED)
        return rc;
    return store->remake_take(store->self, job->name, &remake, 1, err);
}

static enum perso_result
undo_row(void *job, struct perso_stored_record *record, struct perso_error *err)
{
    return record->card_seq == 0 ? PERSO_OK : undo_correction(job, record, err);
}

/* ---- files ---- */

/* The site first: cut off again, the rows that say what to undo are still here. */
static enum perso_result
drop(struct perso_job *job, const struct perso_ledger_file *file, struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;
    struct perso_event event = { .stage = file->stage, .kind = "drop" };
    enum perso_result rc = PERSO_OK;

    snprintf(event.note, sizeof event.note, "%.200s", file->path);
    if (file->stage == PERSO_STAGE_INGEST && (rc = undo_new(job, file->id, err)) == PERSO_OK)
        rc = perso_job_each_record(job, file->id, 0, undo_row, job, err);
    if (rc != PERSO_OK ||
        (rc = store->file_release(store->self, job->name, file->stage, file->sm3, err)) !=
            PERSO_OK ||
        (rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK)
        return rc;
    if ((rc = perso_ledger_file_drop(job->ledger, file->id, err)) == PERSO_OK &&
        (rc = job->cards.event(job->cards.self, &event, err)) == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}

enum perso_result
perso_job_drop_half_read(struct perso_job *job, struct perso_error *err)
{
    struct perso_ledger_file file = { .id = 0 };
    enum perso_result rc;

    while ((rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        if (file.status == PERSO_FILE_READING && (rc = drop(job, &file, err)) != PERSO_OK)
            return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}
