#include "pipeline/command/operator.h"

#include <stdlib.h>
#include <string.h>

#include "formats/identity/card.h"
#include "perso/text.h"
#include "pipeline/drive/ingest_accept.h"
#include "pipeline/drive/ingest_remake.h"
#include "pipeline/job/cards.h"

/* "#SEQ" is the number of a card in the lists of held/: it reaches cards without a valid id, and
 * each of two rows of one card. */
static enum perso_result
find(struct perso_job *job, const char *text, struct perso_card *card, struct perso_error *err)
{
    char card_id[PERSO_CARD_ID_CHARS + 1], *end;
    enum perso_result rc = PERSO_END;

    if (text[0] == '#') {
        long long seq = strtoll(text + 1, &end, 10);
        if (end != text + 1 && *end == '\0' && seq > 0)
            rc = perso_ledger_card_get(job->ledger, seq, card, err);
    } else if (perso_card_id_read((struct perso_text) { text, (uint32_t)strlen(text) }, card_id)) {
        rc = perso_ledger_card_find(job->ledger, card_id, card, err);
    }
    return rc == PERSO_END ? perso_error_set(err, PERSO_REJ_NONE, "AAZ501",
                                             "%.40s: no such card in this job", text)
                           : rc;
}

enum perso_result
perso_operator_find(struct perso_job *job, const char *text, struct perso_card *ret,
                    struct perso_error *err)
{
    return find(job, text, ret, err);
}

static enum perso_result
wrong_state(const struct perso_card *card, const char *verb, struct perso_error *err)
{
    return perso_error_set(err, PERSO_REJ_NONE, "AAZ501", "%s: a card that is %s cannot be %s",
                           card->card_id, _(perso_state_name(card->state)), _(verb));
}

static enum perso_result
tell_event(struct perso_job *job, const struct perso_card *card, const char *kind,
           enum perso_state from, const char *reason, struct perso_error *err)
{
    struct perso_event event = { .kind = "",
                                 .first_seq = card->seq,
                                 .last_seq = card->seq,
                                 .n_cards = 1,
                                 .from = from,
                                 .to = card->state };

    snprintf(event.kind, sizeof event.kind, "%s", kind);
    snprintf(event.note, sizeof event.note, "%s", reason);
    memcpy(event.card_id, card->card_id, sizeof event.card_id);
    return job->cards.event(job->cards.self, &event, err);
}

static enum perso_result
in_transaction(struct perso_job *job, enum perso_result rc, struct perso_error *err)
{
    if (rc == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}

/* ---- hold, reject ---- */

static enum perso_result
put_aside(struct perso_job *job, struct perso_card *card, enum perso_stage stage,
          enum perso_reject reject, const char *reason, struct perso_error *err)
{
    struct perso_verdict verdict = { .reject = reject };
    enum perso_result rc = perso_ledger_begin(job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    snprintf(verdict.note, sizeof verdict.note, "%s", reason);
    return in_transaction(job, perso_job_hold(job, card, PERSO_STATE_HELD, stage, &verdict, 0, err),
                          err);
}

enum perso_result
perso_operator_hold(struct perso_job *job, const char *card_id, const char *reason,
                    struct perso_error *err)
{
    struct perso_card card;
    enum perso_result rc = find(job, card_id, &card, err);

    if (rc != PERSO_OK)
        return rc;
    if (card.state == PERSO_STATE_HELD && card.verdict.reject == PERSO_REJ_OPERATOR_HELD)
        return PERSO_OK;
    if (!perso_state_is_open(card.state))
        return wrong_state(&card, N_("held"), err);
    return put_aside(job, &card, PERSO_STAGE_NONE, PERSO_REJ_OPERATOR_HELD, reason, err);
}

enum perso_result
perso_operator_reject(struct perso_job *job, const char *card_id, const char *reason,
                      struct perso_error *err)
{
    const struct perso_role_stage *stage = perso_role_stage_find(job->role, PERSO_STAGE_APPROVE);
    struct perso_card card;
    enum perso_result rc = find(job, card_id, &card, err);

    if (rc != PERSO_OK)
        return rc;
    if (card.state == PERSO_STATE_HELD && card.verdict.reject == PERSO_REJ_OPERATOR_REJECTED)
        return PERSO_OK;
    if (stage == NULL || card.state != stage->from)
        return wrong_state(&card, N_("rejected"), err);
    return put_aside(job, &card, PERSO_STAGE_APPROVE, PERSO_REJ_OPERATOR_REJECTED, reason, err);
}

/* ---- cancel ---- */

static enum perso_result
release_claims(struct perso_job *job, const struct perso_card *card, struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;
    const struct perso_claim id = { (const uint8_t *)card->card_id, PERSO_CARD_ID_CHARS,
                                    .card_id = card->card_id };
    const struct perso_claim key = { card->public_key, PERSO_POINT_BYTES,
                                     .card_id = card->card_id };
    struct perso_card other;
    enum perso_result rc = perso_ledger_card_find(job->ledger, card->card_id, &other, err);

    if (rc != PERSO_OK)
        return rc == PERSO_END ? PERSO_OK : rc;
    /* Another row of the card, if it is in force, keeps what it shares with this one. */
    bool shared = other.seq != card->seq && other.state != PERSO_STATE_CANCELLED;
    if (!shared &&
        (rc = store->release(store->self, job->name, PERSO_CLAIM_CARD, &id, 1, err)) != PERSO_OK)
        return rc;
    if (!card->has_key ||
        (shared && memcmp(other.public_key, card->public_key, PERSO_POINT_BYTES) == 0))
        return PERSO_OK;
    return store->release(store->self, job->name, PERSO_CLAIM_KEY, &key, 1, err);
}

/* What the card was to replace may get another. */
static enum perso_result
release_all(struct perso_job *job, const struct perso_card *card, struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;
    char replaced[PERSO_CARD_ID_CHARS + 1];
    enum perso_result rc;

    perso_arena_reset(job->arena);
    if ((rc = release_claims(job, card, err)) != PERSO_OK ||
        (rc = perso_ingest_replaced(job, card->application, replaced, err)) != PERSO_OK ||
        replaced[0] == '\0')
        return rc;
    return store->remake_release(store->self, job->name, replaced, card->card_id, err);
}

enum perso_result
perso_operator_cancel(struct perso_job *job, const char *card_id, const char *reason,
                      struct perso_error *err)
{
    struct perso_card card;
    enum perso_result rc = find(job, card_id, &card, err);

    if (rc != PERSO_OK)
        return rc;
    if (card.state == PERSO_STATE_CANCELLED) /* killed before the claims went, perhaps */
        return release_all(job, &card, err);
    enum perso_state from = card.state;
    if (!perso_state_may_move(from, PERSO_STATE_CANCELLED) || card.confirmed)
        return wrong_state(&card, N_("cancelled"), err);
    if ((rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK)
        return rc;
    perso_job_clear(&card, PERSO_STATE_CANCELLED);
    if ((rc = job->cards.set(job->cards.self, &card, err)) == PERSO_OK)
        rc = tell_event(job, &card, "cancel", from, reason, err);
    /* The ledger first: a claim that stays too long only asks for another cancel, one that goes too
     * early would let a second card take the key. */
    if ((rc = in_transaction(job, rc, err)) != PERSO_OK)
        return rc;
    return release_all(job, &card, err);
}

/* ---- release ---- */

static enum perso_result
waive(struct perso_job *job, const struct perso_card *card, const char *reason,
      struct perso_error *err)
{
    struct perso_stored_record record;
    enum perso_result rc;

    if (!perso_reject_waivable(card->verdict.reject) || card->verdict_record == 0)
        return PERSO_OK;
    if ((rc = job->cards.get(job->cards.self, card->verdict_record, &record, NULL, NULL, err)) !=
        PERSO_OK)
        return rc;
    return perso_ledger_waive(job->ledger, card->seq, card->verdict.reject, record.sm3, reason,
                              err);
}

/* Judged again. What came for a centre's card while ingest held it stays: collect does not read its
 * package again. */
static enum perso_result
judge_again(struct perso_job *job, struct perso_card *card, struct perso_verdict *verdict,
            struct perso_error *err)
{
    const struct perso_role_stage *collect = perso_role_stage_find(job->role, PERSO_STAGE_COLLECT);
    int64_t answer = card->answer, issuance = card->issuance;
    enum perso_result rc = perso_ingest_rejudge(job, card->application, card, verdict, err);

    if (rc != PERSO_OK)
        return rc;
    if (collect->from == PERSO_STATE_RECEIVED) {
        card->answer = answer;
        card->issuance = issuance;
    }
    return verdict->reject == PERSO_REJ_NONE ? perso_ingest_claim(job, card, verdict, err)
                                             : PERSO_OK;
}

/* Ingest has no input state to give a card back to: it is judged again at once. */
static enum perso_result
release_to_ingest(struct perso_job *job, struct perso_card *card, struct perso_error *err)
{
    struct perso_verdict verdict;
    enum perso_reject was = card->verdict.reject;
    enum perso_result rc;

    bool rival = false;

    if ((rc = perso_ledger_rival(job->ledger, card, &rival, err)) != PERSO_OK)
        return rc;
    if (rival)
        return perso_error_set(err, was < PERSO_REJ_CARD_TWICE ? PERSO_REJ_CARD_TWICE : was,
                               "AAZ501", "%s: give a corrected file, or cancel the others",
                               card->card_id);
    if ((rc = judge_again(job, card, &verdict, err)) != PERSO_OK)
        return rc;
    if (verdict.reject != PERSO_REJ_NONE)
        return perso_job_hold(job, card, PERSO_STATE_HELD, PERSO_STAGE_INGEST, &verdict,
                              card->application, err);
    perso_job_clear(card, PERSO_STATE_RECEIVED);
    return job->cards.set(job->cards.self, card, err);
}

/*
 * Where a held card goes to be judged again: where the stage that held it takes its cards from.
 * What that stage reads must not look done already.
 */
static enum perso_state
forget(const struct perso_job *job, struct perso_card *card)
{
    const struct perso_role_stage *stage = perso_role_stage_find(job->role, card->reject_stage);

    switch (card->reject_stage) {
    case PERSO_STAGE_RECONCILE:
        card->issuance = 0;
        return stage->from;
    case PERSO_STAGE_COLLECT:
        card->answer = 0;
        return stage->from;
    case PERSO_STAGE_CLOSE:
        if (card->from_state == PERSO_STATE_WRITTEN || card->from_state == PERSO_STATE_RETRY)
            return card->from_state; /* its first result stands */
        card->result = 0;
        return card->from_state == PERSO_STATE_SPOILED ? stage->from : card->from_state;
    default:
        return card->from_state;
    }
}

/* The RA said no while the operator held the card: now the RA's word counts. */
static enum perso_result
take_kept_answer(struct perso_job *job, struct perso_card *card, bool *taken,
                 struct perso_error *err)
{
    const struct perso_role_stage *collect = perso_role_stage_find(job->role, PERSO_STAGE_COLLECT);
    struct perso_stored_record answer;
    enum perso_result rc;

    *taken = false;
    if (card->reject_stage != PERSO_STAGE_NONE || card->from_state != collect->from ||
        card->answer == 0)
        return PERSO_OK;
    if ((rc = job->cards.get(job->cards.self, card->answer, &answer, NULL, NULL, err)) != PERSO_OK)
        return rc;
    *taken = true;
    bool refused = answer.verdict.reject == PERSO_REJ_RA_REFUSED &&
                   perso_role_stage_find(job->role, PERSO_STAGE_RECONCILE) != NULL;
    return perso_job_hold(job, card, refused ? PERSO_STATE_REFUSED : PERSO_STATE_HELD,
                          PERSO_STAGE_COLLECT, &answer.verdict, answer.id, err);
}

static enum perso_result
release_to_stage(struct perso_job *job, struct perso_card *card, struct perso_error *err)
{
    bool taken = false;
    enum perso_result rc = take_kept_answer(job, card, &taken, err);

    if (rc != PERSO_OK || taken)
        return rc;
    enum perso_state to = forget(job, card);
    perso_job_clear(card, to);
    return job->cards.set(job->cards.self, card, err);
}

/* The department gave the card back: its word stands in the way, nothing that a stage judges. */
static enum perso_result
is_given_back(struct perso_job *job, const struct perso_card *card, bool *ret,
              struct perso_error *err)
{
    struct perso_stored_record answer;
    struct perso_ledger_file file;
    enum perso_result rc;

    *ret = false;
    if (card->state != PERSO_STATE_HELD || card->reject_stage != PERSO_STAGE_COLLECT ||
        card->answer == 0)
        return PERSO_OK;
    if ((rc = job->cards.get(job->cards.self, card->answer, &answer, NULL, NULL, err)) ==
            PERSO_OK &&
        (rc = perso_ledger_file_get(job->ledger, answer.file_id, &file, err)) == PERSO_OK)
        *ret = strcmp(file.kind, "HLD") == 0 || answer.verdict.reject == PERSO_REJ_TAKEN_BACK;
    return rc;
}

static enum perso_result
release_card(struct perso_job *job, struct perso_card *card, const char *reason,
             struct perso_error *err)
{
    const struct perso_role_stage *bundle = perso_role_stage_find(job->role, PERSO_STAGE_BUNDLE);
    enum perso_state from = card->state;
    bool given_back = false;
    enum perso_result rc = waive(job, card, reason, err);

    if (rc != PERSO_OK || (rc = is_given_back(job, card, &given_back, err)) != PERSO_OK)
        return rc;
    if (given_back && card->machine != 0 && card->result == 0)
        return perso_error_set(err, PERSO_REJ_NONE, "AAZ501",
                               "%s: stands in a machine file: withdraw that one first, or give its "
                               "result",
                               card->card_id);
    if (from == PERSO_STATE_REFUSED || given_back) { /* it is asked for again, in a new bundle */
        card->bundle = card->answer = 0;
        perso_job_clear(card, bundle->from);
        rc = job->cards.set(job->cards.self, card, err);
    } else if (card->verdict.reject == PERSO_REJ_BOX_COUNT) { /* its data were never in doubt */
        perso_job_clear(card, card->from_state);
        rc = job->cards.set(job->cards.self, card, err);
    } else if (card->reject_stage == PERSO_STAGE_INGEST) {
        rc = release_to_ingest(job, card, err);
    } else {
        rc = release_to_stage(job, card, err);
    }
    return rc == PERSO_OK ? tell_event(job, card, "release", from, reason, err) : rc;
}

enum perso_result
perso_operator_release(struct perso_job *job, const char *card_id, const char *reason,
                       struct perso_error *err)
{
    struct perso_card card;
    enum perso_result rc = find(job, card_id, &card, err);

    if (rc != PERSO_OK)
        return rc;
    if (perso_state_is_open(card.state)) /* released already: a repeated command says the same */
        return PERSO_OK;
    if (card.state != PERSO_STATE_HELD && card.state != PERSO_STATE_REFUSED)
        return wrong_state(&card, N_("released"), err);
    if ((rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK ||
        (rc = in_transaction(job, release_card(job, &card, reason, err), err)) != PERSO_OK)
        return rc;
    if (card.state == PERSO_STATE_HELD)
        perso_warn("%s: still held: %s [%s]", card.card_id, perso_reject_shown(card.verdict.reject),
                   perso_reject_code(card.verdict.reject));
    return PERSO_OK;
}
