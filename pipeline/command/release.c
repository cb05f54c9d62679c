/* `release`: a held card is judged again, with a reason; waivable codes pass (CONTRACTS 1). */
#include <string.h>

#include "perso/text.h"
#include "pipeline/command/acting.h"
#include "pipeline/drive/close_accept.h"
#include "pipeline/drive/collect_accept.h"
#include "pipeline/drive/ingest_accept.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/party.h"
#include "pipeline/job/rules.h"
#include "stages/correlate.h"

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
    int64_t rival = 0;
    enum perso_result rc;

    if ((rc = perso_ledger_rival(job->ledger, card, &rival, err)) != PERSO_OK)
        return rc;
    if (rival != 0)
        return perso_error_set(err, was < PERSO_REJ_CARD_TWICE ? PERSO_REJ_CARD_TWICE : was,
                               "AAZ501",
                               "%s: another row has the same card or key: cancel '#%lld' (this "
                               "one) or '#%lld' (the other), whichever is wrong",
                               card->card_id, (long long)card->seq, (long long)rival);
    if ((rc = judge_again(job, card, &verdict, err)) != PERSO_OK)
        return rc;
    if (verdict.reject != PERSO_REJ_NONE)
        return perso_job_hold(job, card, PERSO_STATE_HELD, PERSO_STAGE_INGEST, &verdict,
                              card->application, err);
    perso_job_clear(card, PERSO_STATE_RECEIVED);
    return job->cards.set(job->cards.self, card, err);
}

/* An answer that is judged no more may have brought a certificate: it is listed for revocation. */
static enum perso_result
drop_answer(struct perso_job *job, struct perso_card *card, struct perso_error *err)
{
    struct perso_stored_record record;
    enum perso_result rc;

    if (card->answer == 0)
        return PERSO_OK;
    if ((rc = job->cards.get(job->cards.self, card->answer, &record, NULL, NULL, err)) != PERSO_OK)
        return rc;
    card->answer = 0;
    record.symbol = PERSO_ANSWER_SUPERSEDED;
    if ((rc = perso_ledger_record_set(job->ledger, &record, err)) != PERSO_OK)
        return rc;
    return perso_job_due_set(job, PERSO_ORPHAN_REPORT, err);
}

/* What came short is judged by what the profile asks for now; a later return may complete it, so it
 * is kept. *held: it still lacks something. */
static enum perso_result
complete_answer(struct perso_job *job, struct perso_card *card, bool *held, struct perso_error *err)
{
    const struct perso_role_stage *stage = perso_role_stage_find(job->role, PERSO_STAGE_COLLECT);
    struct perso_return_rules of_ra;
    struct perso_stored_record record;
    struct perso_verdict verdict = { .reject = PERSO_REJ_NONE };
    struct perso_cells cells;
    enum perso_result rc;

    perso_arena_reset(job->arena);
    if ((rc = perso_rules_of_return(&job->profile, &of_ra, err)) != PERSO_OK ||
        (rc = perso_job_cells(job, card->answer, &cells, &record, err)) != PERSO_OK)
        return rc;
    perso_answer_complete(of_ra.items, perso_items_of(&cells), &verdict);
    *held = verdict.reject != PERSO_REJ_NONE;
    record.verdict = verdict;
    if ((rc = perso_ledger_record_set(job->ledger, &record, err)) != PERSO_OK)
        return rc;
    if (*held)
        return perso_job_hold(job, card, PERSO_STATE_HELD, PERSO_STAGE_COLLECT, &verdict, record.id,
                              err);
    perso_job_clear(card, stage->to);
    return job->cards.set(job->cards.self, card, err);
}

/* The first result that a conflict put in doubt stands. */
static enum perso_state
forget_result(const struct perso_role_stage *close, struct perso_card *card)
{
    switch (card->from_state) {
    case PERSO_STATE_WRITTEN:
    case PERSO_STATE_DEFERRED:
    case PERSO_STATE_RETRY:
        return card->from_state;
    case PERSO_STATE_SPOILED:
    case PERSO_STATE_MISSING:
        card->result = 0;
        return close->from;
    default:
        card->result = 0;
        return card->from_state;
    }
}

/*
 * Where a held card goes to be judged again: where the stage that held it takes its cards from.
 * What that stage reads must not look done already.
 */
static enum perso_result
forget(struct perso_job *job, struct perso_card *card, enum perso_state *to,
       struct perso_error *err)
{
    const struct perso_role_stage *stage = perso_role_stage_find(job->role, card->reject_stage);

    *to = card->from_state;
    switch (card->reject_stage) {
    case PERSO_STAGE_RECONCILE:
        card->issuance = 0;
        *to = stage->from;
        return PERSO_OK;
    case PERSO_STAGE_COLLECT:
        *to = stage->from;
        return drop_answer(job, card, err);
    case PERSO_STAGE_CLOSE:
        *to = forget_result(stage, card);
        return PERSO_OK;
    default:
        return PERSO_OK;
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
    enum perso_state to;
    if ((rc = forget(job, card, &to, err)) != PERSO_OK)
        return rc;
    perso_job_clear(card, to);
    return job->cards.set(job->cards.self, card, err);
}

/* ---- what others said of the card ---- */

/*
 * A package of another party says it once: waiting for it again would be for ever. What it said
 * stands until that party says something else, and the card stays held: of a FWD at whoever
 * finishes, of a RES at the department.
 */
static enum perso_result
stands_as_told(struct perso_job *job, const struct perso_card *card, bool *ret,
               struct perso_error *err)
{
    bool by_finisher = card->reject_stage == PERSO_STAGE_CLOSE && !job->role->finishes;
    int64_t record_id = by_finisher ? card->result : card->answer;
    struct perso_stored_record record;
    struct perso_ledger_file file;
    enum perso_result rc;

    *ret = false;
    if (card->state != PERSO_STATE_HELD || record_id == 0 ||
        (card->reject_stage != PERSO_STAGE_COLLECT && !by_finisher))
        return PERSO_OK;
    if ((rc = job->cards.get(job->cards.self, record_id, &record, NULL, NULL, err)) != PERSO_OK ||
        (rc = perso_ledger_file_get(job->ledger, record.file_id, &file, err)) != PERSO_OK)
        return rc;
    *ret = (by_finisher && card->verdict.reject != PERSO_REJ_RESULT_CONFLICT) ||
           strcmp(file.kind, "FWD") == 0;
    return PERSO_OK;
}

static bool
told_twice(const struct perso_job *job, const struct perso_card *card)
{
    return !job->role->finishes && card->state == PERSO_STATE_HELD &&
           card->reject_stage == PERSO_STAGE_CLOSE && card->result != 0 &&
           card->verdict.reject == PERSO_REJ_RESULT_CONFLICT;
}

/* The result that stood before another one contradicted it stands again. */
static enum perso_result
first_result(struct perso_job *job, struct perso_card *card, struct perso_error *err)
{
    struct perso_stored_record record;
    enum perso_result rc;

    if ((rc = job->cards.get(job->cards.self, card->result, &record, NULL, NULL, err)) != PERSO_OK)
        return rc;
    if (record.verdict.reject == PERSO_REJ_CARD_SPOILED) {
        card->from_state = perso_role_stage_find(job->role, PERSO_STAGE_CLOSE)->from;
        return perso_job_hold(job, card, PERSO_STATE_SPOILED, PERSO_STAGE_CLOSE, &record.verdict,
                              record.id, err);
    }
    perso_job_clear(card, card->from_state);
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

static bool
is_short(const struct perso_job *job, const struct perso_card *card)
{
    return card->state == PERSO_STATE_HELD && card->reject_stage == PERSO_STAGE_COLLECT &&
           card->verdict.reject == PERSO_REJ_ITEM_MISSING && card->answer != 0 &&
           perso_job_reads(job, PERSO_STAGE_COLLECT, "RET") != NULL;
}

static enum perso_result
release_card(struct perso_job *job, struct perso_card *card, const char *reason,
             struct perso_error *err)
{
    const struct perso_role_stage *bundle = perso_role_stage_find(job->role, PERSO_STAGE_BUNDLE);
    enum perso_state from = card->state;
    bool given_back = false, stands = false;
    enum perso_result rc = waive(job, card, reason, err);

    if (rc != PERSO_OK || (rc = is_given_back(job, card, &given_back, err)) != PERSO_OK ||
        (rc = stands_as_told(job, card, &stands, err)) != PERSO_OK)
        return rc;
    if (given_back && card->machine != 0 && card->result == 0)
        return perso_error_set(err, PERSO_REJ_NONE, "AAZ501",
                               "%s: stands in a machine file: withdraw that one first, or give its "
                               "result",
                               card->card_id);
    if (bundle != NULL &&
        (from == PERSO_STATE_REFUSED || given_back)) { /* it is asked for again, in a new bundle */
        card->bundle = card->answer = 0;
        perso_job_clear(card, bundle->from);
        rc = job->cards.set(job->cards.self, card, err);
    } else if (card->verdict.reject == PERSO_REJ_BOX_COUNT) { /* its data were never in doubt */
        perso_job_clear(card, card->from_state);
        rc = job->cards.set(job->cards.self, card, err);
    } else if (card->reject_stage == PERSO_STAGE_INGEST) {
        rc = release_to_ingest(job, card, err);
    } else if (told_twice(job, card)) {
        rc = first_result(job, card, err);
    } else if (is_short(job, card) && !stands) {
        rc = complete_answer(job, card, &stands, err);
    } else if (!stands) {
        rc = release_to_stage(job, card, err);
    }
    return rc == PERSO_OK ? perso_acting_event(job, card, "release", from, reason, err) : rc;
}

static void
tell_still_held(const struct perso_job *job, const struct perso_card *card)
{
    perso_warn("%s: still held: %s [%s]", card->card_id, perso_reject_shown(card->verdict.reject),
               perso_reject_code(card->verdict.reject));
    if (card->verdict.reject == PERSO_REJ_ITEM_MISSING &&
        perso_job_reads(job, PERSO_STAGE_COLLECT, "RET") != NULL)
        perso_hint("a later return completes it, or [return] items asks for less");
    else if (card->reject_stage == PERSO_STAGE_COLLECT && job->role->finishes)
        perso_hint("the department forwarded it so: cancel it, and the next RES tells the "
                   "department, which may have it made again");
    if (card->reject_stage == PERSO_STAGE_CLOSE && !job->role->finishes)
        perso_hint("the finisher told of it so, and may tell otherwise in a later RES; or cancel "
                   "and confirm it");
}

enum perso_result
perso_operator_release(struct perso_job *job, const char *card_id, const char *reason,
                       struct perso_error *err)
{
    struct perso_card card;
    enum perso_result rc = perso_operator_find(job, card_id, &card, err);

    if (rc != PERSO_OK)
        return rc;
    if (perso_state_is_open(card.state)) /* released already: a repeated command says the same */
        return PERSO_OK;
    if (card.state != PERSO_STATE_HELD && card.state != PERSO_STATE_REFUSED)
        return perso_acting_wrong_state(&card, card.state, N_("released"), err);
    if ((rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK ||
        (rc = perso_acting_end(job, release_card(job, &card, reason, err), err)) != PERSO_OK)
        return rc;
    if (card.state == PERSO_STATE_HELD)
        tell_still_held(job, &card);
    return PERSO_OK;
}
