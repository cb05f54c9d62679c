#include "pipeline/drive/reconcile_accept.h"
#include "pipeline/job/cards.h"

#include <stdlib.h>
#include <string.h>

static enum perso_result
settle(struct perso_job *job, struct perso_card *card, const struct perso_stored_record *record,
       struct perso_error *err)
{
    const struct perso_role_stage *stage = perso_role_stage_find(job->role, PERSO_STAGE_RECONCILE);

    card->issuance = record->id;
    if (record->verdict.reject != PERSO_REJ_NONE)
        return perso_job_hold(job, card, PERSO_STATE_HELD, PERSO_STAGE_RECONCILE, &record->verdict,
                              record->id, err);
    perso_job_clear(card, stage->to);
    return job->cards.set(job->cards.self, card, err);
}

/* A second row for a card: two rows of one file are a fault even where they are alike
 * (发卡数据存在多条 记录); of two files, alike is a repetition, and a different one supersedes only
 * a held card's. */
static enum perso_result
settle_again(struct perso_job *job, struct perso_card *card, struct perso_stored_record *record,
             struct perso_reconcile_counts *counts, struct perso_error *err)
{
    const struct perso_verdict twice = { PERSO_REJ_ISSUE_TWICE, PERSO_COL_AAZ501, "" };
    struct perso_stored_record before;
    enum perso_result rc;

    if ((rc = job->cards.get(job->cards.self, card->issuance, &before, NULL, NULL, err)) !=
        PERSO_OK)
        return rc;
    if (before.file_id != record->file_id) {
        if (memcmp(before.sm3, record->sm3, sizeof before.sm3) == 0 &&
            card->state != PERSO_STATE_HELD) {
            counts->compared--;
            counts->unchanged++;
            return PERSO_OK;
        }
        if (card->state == PERSO_STATE_HELD)
            return settle(job, card, record, err);
    }
    counts->compared--;
    counts->twice++;
    before.symbol = '!'; /* told so also when the card has gone back to the vendor */
    if ((rc = perso_ledger_record_set(job->ledger, &before, err)) != PERSO_OK)
        return rc;
    return perso_job_hold(job, card, PERSO_STATE_HELD, PERSO_STAGE_RECONCILE, &twice, record->id,
                          err);
}

static bool
may_settle(const struct perso_card *card, enum perso_state done)
{
    return card->state == PERSO_STATE_RECEIVED || card->state == done ||
           (card->state == PERSO_STATE_HELD && card->reject_stage == PERSO_STAGE_RECONCILE);
}

static enum perso_result
settle_records(struct perso_job *job, const struct perso_ledger_file *file,
               struct perso_reconcile_counts *counts, struct perso_error *err)
{
    enum perso_state done = perso_role_stage_find(job->role, PERSO_STAGE_RECONCILE)->to;
    struct perso_stored_record records[64];
    struct perso_card card;
    int64_t after = 0;
    size_t n;
    enum perso_result rc;

    while ((rc = perso_ledger_records(job->ledger, file->id, after, 64, records, &n, err)) ==
           PERSO_OK) {
        for (size_t i = 0; i < n; i++) {
            if (records[i].card_seq == 0)
                continue;
            if ((rc = perso_ledger_card_get(job->ledger, records[i].card_seq, &card, err)) !=
                PERSO_OK)
                return rc;
            if (!may_settle(&card, done))
                continue;
            rc = card.issuance == 0 ? settle(job, &card, &records[i], err)
                                    : settle_again(job, &card, &records[i], counts, err);
            if (rc != PERSO_OK)
                return rc;
        }
        after = records[n - 1].id;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

#define ABSENT_UP_TO                                                                               \
    "reconcile absent" /* value of the ledger: number of the last card, or 0: done */

/* Numbers of cards have no gaps: their count is the last one. */
static enum perso_result
note_last_card(struct perso_job *job, struct perso_error *err)
{
    uint32_t counts[PERSO_STATE_COUNT], last = 0;
    char text[16];
    enum perso_result rc = perso_ledger_counts(job->ledger, counts, err);

    if (rc != PERSO_OK)
        return rc;
    for (int i = 1; i < PERSO_STATE_COUNT; i++)
        last += counts[i];
    snprintf(text, sizeof text, "%u", last);
    return perso_ledger_value_set(job->ledger, ABSENT_UP_TO, text, err);
}

static enum perso_result
accept_file(struct perso_job *job, struct perso_ledger_file *file,
            const struct perso_reconcile_counts *counts, struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_RECONCILE,
                                 .kind = "accept",
                                 .n_cards = counts->compared,
                                 .file_id = file->id };
    enum perso_result rc;

    memcpy(event.digest, file->sm3, sizeof event.digest);
    snprintf(event.note, sizeof event.note,
             "rows %u: compared %u, issuance only %u, unchanged %u, past %u, twice %u",
             counts->rows, counts->compared, counts->only, counts->unchanged, counts->past,
             counts->twice);
    file->status = PERSO_FILE_ACCEPTED;
    file->rows = counts->rows;
    if ((rc = perso_ledger_file_set(job->ledger, file, err)) != PERSO_OK ||
        (rc = note_last_card(job, err)) != PERSO_OK ||
        (rc = perso_job_due_set(job, PERSO_RECONCILE_REPORT, err)) != PERSO_OK)
        return rc;
    return job->cards.event(job->cards.self, &event, err);
}

enum perso_result
perso_reconcile_accept(struct perso_job *job, struct perso_ledger_file *file,
                       struct perso_reconcile_counts *counts, struct perso_error *err)
{
    enum perso_result rc = perso_ledger_begin(job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = settle_records(job, file, counts, err)) == PERSO_OK &&
        (rc = accept_file(job, file, counts, err)) == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}

/* ---- cards that no file has ---- */

static enum perso_result
hold_absent(struct perso_job *job, struct perso_card *cards, size_t n, int64_t last, size_t *held,
            struct perso_error *err)
{
    const struct perso_verdict absent = { PERSO_REJ_ISSUE_ABSENT, PERSO_COL_AAZ501, "" };
    enum perso_result rc = PERSO_OK;

    *held = 0;
    for (size_t i = 0; rc == PERSO_OK && i < n && cards[i].seq <= last; i++, ++*held)
        rc = perso_job_hold(job, &cards[i], PERSO_STATE_HELD, PERSO_STAGE_RECONCILE, &absent,
                            cards[i].application, err);
    return rc;
}

static enum perso_result
hold_all_absent(struct perso_job *job, int64_t last, struct perso_error *err)
{
    enum perso_state from = perso_role_stage_find(job->role, PERSO_STAGE_RECONCILE)->from;
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    size_t n = 0, held = 1;
    enum perso_result rc = cards != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    while (rc == PERSO_OK && held > 0 &&
           (rc = job->cards.scan(job->cards.self, 1u << from, 0, PERSO_BATCH_RECORDS, cards, &n,
                                 err)) == PERSO_OK)
        rc = hold_absent(job, cards, n, last, &held, err);
    free(cards);
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_reconcile_absent(struct perso_job *job, struct perso_error *err)
{
    char *text = NULL;
    enum perso_result rc = perso_ledger_value(job->ledger, ABSENT_UP_TO, &text, err);
    int64_t last = rc == PERSO_OK ? strtoll(text, NULL, 10) : 0;

    free(text);
    if (last == 0)
        return rc == PERSO_END ? PERSO_OK : rc;
    if ((rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK)
        return rc;
    if ((rc = hold_all_absent(job, last, err)) == PERSO_OK &&
        (rc = perso_ledger_value_set(job->ledger, ABSENT_UP_TO, "0", err)) == PERSO_OK &&
        (rc = perso_job_due_set(job, PERSO_RECONCILE_REPORT, err)) == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}
