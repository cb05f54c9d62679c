#include <stdlib.h>
#include <string.h>

#include "pipeline/drive/collect_accept.h"

static enum perso_result
let_on(struct perso_job *job, struct perso_card *card, enum perso_state to, struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_COLLECT,
                                 .kind = "move",
                                 .first_seq = card->seq,
                                 .last_seq = card->seq,
                                 .n_cards = 1,
                                 .from = card->state,
                                 .to = to };
    struct perso_stored_record answer;
    enum perso_result rc = job->cards.get(job->cards.self, card->answer, &answer, NULL, NULL, err);

    if (rc != PERSO_OK)
        return rc;
    if (answer.verdict.reject != PERSO_REJ_NONE)
        return perso_job_hold(job, card, PERSO_STATE_HELD, PERSO_STAGE_COLLECT, &answer.verdict,
                              answer.id, err);
    memcpy(event.card_id, card->card_id, sizeof event.card_id);
    perso_job_clear(card, to);
    rc = job->cards.set(job->cards.self, card, err);
    return rc == PERSO_OK ? job->cards.event(job->cards.self, &event, err) : rc;
}

static enum perso_result
let_all_on(struct perso_job *job, const struct perso_role_stage *stage, struct perso_card *cards,
           struct perso_error *err)
{
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc;

    while ((rc = job->cards.scan(job->cards.self, 1u << stage->from, after, PERSO_BATCH_RECORDS,
                                 cards, &n, err)) == PERSO_OK) {
        after = cards[n - 1].seq;
        for (size_t i = 0; rc == PERSO_OK && i < n; i++)
            if (cards[i].answer != 0)
                rc = let_on(job, &cards[i], stage->to, err);
        if (rc != PERSO_OK)
            return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_collect_kept(struct perso_job *job, struct perso_error *err)
{
    const struct perso_role_stage *stage = perso_role_stage_find(job->role, PERSO_STAGE_COLLECT);
    struct perso_card *cards;
    enum perso_result rc;

    if (stage->from != PERSO_STATE_RECEIVED)
        return PERSO_OK;
    if ((cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards)) == NULL)
        return perso_error_errno(err, "memory");
    if ((rc = perso_ledger_begin(job->ledger, err)) == PERSO_OK) {
        if ((rc = let_all_on(job, stage, cards, err)) == PERSO_OK)
            rc = perso_ledger_commit(job->ledger, err);
        else
            perso_ledger_rollback(job->ledger);
    }
    free(cards);
    return rc;
}
