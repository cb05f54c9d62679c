#include "pipeline/drive/collect_take.h"

#include <string.h>

void
perso_taking_init(struct perso_taking *t, struct perso_job *job,
                  const struct perso_ledger_file *file, struct perso_collect_counts *counts)
{
    const struct perso_role_stage *stage = perso_role_stage_find(job->role, PERSO_STAGE_COLLECT);

    *t = (struct perso_taking) {
        .job = job, .file = file, .counts = counts, .from = stage->from, .issued = stage->to
    };
}

static enum perso_result
mark(struct perso_taking *t, struct perso_stored_record *record, char symbol,
     struct perso_error *err)
{
    record->symbol = symbol;
    return perso_ledger_record_set(t->job->ledger, record, err);
}

static enum perso_result
set_card(struct perso_taking *t, const struct perso_card *card, struct perso_error *err)
{
    return t->job->cards.set(t->job->cards.self, card, err);
}

/* ---- an answer ---- */

/* Of a card that is matched too: it is in no machine file and no package yet. */
static bool
may_take(const struct perso_taking *t, const struct perso_card *card)
{
    return card->state == t->from || card->state == t->issued ||
           card->state == PERSO_STATE_MATCHED || card->state == PERSO_STATE_REFUSED ||
           (card->state == PERSO_STATE_HELD &&
            (card->reject_stage == PERSO_STAGE_COLLECT || card->reject_stage == PERSO_STAGE_MATCH));
}

static enum perso_result
put_aside(struct perso_taking *t, struct perso_card *card, const struct perso_stored_record *record,
          struct perso_error *err)
{
    const struct perso_verdict twice = { PERSO_REJ_ANSWER_TWICE, PERSO_COL_code, "" };
    bool of_ra = strcmp(t->file->kind, "FWD") != 0;
    bool refused = record->verdict.reject == PERSO_REJ_RA_REFUSED && of_ra;

    if (refused && card->state == PERSO_STATE_MATCHED) { /* issued, and then not */
        t->counts->held++;
        return perso_job_hold(t->job, card, PERSO_STATE_HELD, PERSO_STAGE_COLLECT, &twice,
                              record->id, err);
    }
    if (refused) /* only who asked the RA may ask again */
        t->counts->refused++;
    else
        t->counts->held++;
    return perso_job_hold(t->job, card, refused ? PERSO_STATE_REFUSED : PERSO_STATE_HELD,
                          PERSO_STAGE_COLLECT, &record->verdict, record->id, err);
}

static void
put_in_force(struct perso_card *card, const struct perso_stored_record *record, int64_t personal)
{
    card->answer = record->id;
    if (personal != 0)
        card->issuance = personal;
}

static enum perso_result
take(struct perso_taking *t, struct perso_card *card, const struct perso_stored_record *record,
     int64_t personal, struct perso_error *err)
{
    put_in_force(card, record, personal);
    if (record->verdict.reject != PERSO_REJ_NONE)
        return put_aside(t, card, record, err);
    t->counts->issued++;
    if (t->first_seq == 0 || card->seq < t->first_seq)
        t->first_seq = card->seq;
    if (card->seq > t->last_seq)
        t->last_seq = card->seq;
    perso_job_clear(card, t->issued);
    return set_card(t, card, err);
}

/* Two different answers in one return: neither can be believed. */
static enum perso_result
contradict(struct perso_taking *t, struct perso_card *card, struct perso_stored_record *record,
           struct perso_error *err)
{
    const struct perso_verdict twice = { PERSO_REJ_ANSWER_TWICE, PERSO_COL_request_id, "" };
    enum perso_result rc = mark(t, record, PERSO_ANSWER_SUPERSEDED, err);

    if (rc != PERSO_OK)
        return rc;
    if (card->state == t->issued)
        t->counts->issued--;
    else if (card->state == PERSO_STATE_REFUSED)
        t->counts->refused--;
    else
        t->counts->held--;
    t->counts->held += 2;
    return perso_job_hold(t->job, card, PERSO_STATE_HELD, PERSO_STAGE_COLLECT, &twice, record->id,
                          err);
}

static bool
kept_by_operator(const struct perso_taking *t, const struct perso_card *card)
{
    return card->state == PERSO_STATE_HELD && card->reject_stage == PERSO_STAGE_NONE &&
           (card->from_state == t->from || card->from_state == t->issued ||
            card->from_state == PERSO_STATE_MATCHED);
}

/* The operator holds the card, and only the operator lets it go: the answer is kept for its
 * release. */
static enum perso_result
keep_for_release(struct perso_taking *t, struct perso_card *card,
                 const struct perso_stored_record *record, int64_t personal,
                 struct perso_error *err)
{
    t->counts->held++;
    put_in_force(card, record, personal);
    card->from_state = record->verdict.reject == PERSO_REJ_NONE ? t->issued : t->from;
    return set_card(t, card, err);
}

/* Two different answers in one return to a card that the operator holds: it waits for a third. */
static enum perso_result
contradict_kept(struct perso_taking *t, struct perso_card *card, struct perso_stored_record *before,
                struct perso_stored_record *record, struct perso_error *err)
{
    enum perso_result rc;

    if ((rc = mark(t, before, PERSO_ANSWER_SUPERSEDED, err)) != PERSO_OK ||
        (rc = mark(t, record, PERSO_ANSWER_SUPERSEDED, err)) != PERSO_OK)
        return rc;
    t->counts->held++;
    card->answer = 0;
    card->from_state = t->from;
    return set_card(t, card, err);
}

/*
 * Order is by sequence number, not by arrival (DESIGN 6): a return that came late through a gap
 * does not take the place of a later one. Packages of two kinds have numbers of their own; of these
 * the one that came later was made later, since the sender's next one follows from our answer.
 */
static enum perso_result
is_older(struct perso_taking *t, const struct perso_stored_record *before, bool *ret,
         struct perso_error *err)
{
    struct perso_ledger_file file;
    enum perso_result rc = perso_ledger_file_get(t->job->ledger, before->file_id, &file, err);

    *ret = rc == PERSO_OK && strcmp(file.kind, t->file->kind) == 0 &&
           strcmp(file.party, t->file->party) == 0 && file.sequence > t->file->sequence;
    return rc;
}

static enum perso_result
take_again(struct perso_taking *t, struct perso_card *card, struct perso_stored_record *record,
           bool *done, struct perso_error *err)
{
    struct perso_stored_record before;
    bool older = false;
    enum perso_result rc =
        t->job->cards.get(t->job->cards.self, card->answer, &before, NULL, NULL, err);

    *done = true;
    if (rc != PERSO_OK)
        return rc;
    if (memcmp(before.sm3, record->sm3, sizeof before.sm3) == 0) {
        t->counts->doubled++;
        return PERSO_OK;
    }
    if (before.file_id == record->file_id && may_take(t, card))
        return contradict(t, card, record, err);
    if (before.file_id == record->file_id && kept_by_operator(t, card))
        return contradict_kept(t, card, &before, record, err);
    if ((rc = is_older(t, &before, &older, err)) != PERSO_OK)
        return rc;
    if (older) {
        t->counts->orphans++;
        return mark(t, record, PERSO_ANSWER_SUPERSEDED, err);
    }
    *done = false;
    return may_take(t, card) || kept_by_operator(t, card)
               ? mark(t, &before, PERSO_ANSWER_SUPERSEDED, err)
               : PERSO_OK;
}

/* What the card had been told before was no certificate: of a refusal, or of what the department
 * gave back. */
static enum perso_result
has_certificate_already(struct perso_taking *t, const struct perso_card *card, bool *ret,
                        struct perso_error *err)
{
    struct perso_stored_record before;
    enum perso_result rc = PERSO_OK;

    *ret = false;
    if (card->answer == 0)
        return PERSO_OK;
    if ((rc = t->job->cards.get(t->job->cards.self, card->answer, &before, NULL, NULL, err)) ==
        PERSO_OK)
        *ret = before.verdict.reject == PERSO_REJ_NONE;
    return rc;
}

/* Another answer than the one that the card went on with: nothing here can undo that. */
static enum perso_result
tell_past(struct perso_taking *t, const struct perso_card *card,
          const struct perso_stored_record *record, struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_COLLECT,
                                 .kind = "late",
                                 .first_seq = card->seq,
                                 .last_seq = card->seq,
                                 .n_cards = 1,
                                 .file_id = t->file->id,
                                 .from = card->state,
                                 .to = card->state,
                                 .reject = record->verdict.reject,
                                 .note = "another answer" };

    memcpy(event.card_id, card->card_id, sizeof event.card_id);
    t->counts->past++;
    return t->job->cards.event(t->job->cards.self, &event, err);
}

/* A certificate for a card that was cancelled meanwhile: it is proposed for revocation with it, and
 * a finisher tells the department in its RES. */
static enum perso_result
take_past(struct perso_taking *t, struct perso_card *card, struct perso_stored_record *record,
          struct perso_error *err)
{
    bool has = false;
    enum perso_result rc = mark(t, record, PERSO_ANSWER_PAST, err);

    t->counts->orphans++;
    if (rc == PERSO_OK && card->state != PERSO_STATE_CANCELLED && card->answer != 0)
        return tell_past(t, card, record, err);
    if (rc != PERSO_OK || card->state != PERSO_STATE_CANCELLED ||
        (rc = has_certificate_already(t, card, &has, err)) != PERSO_OK || has ||
        record->verdict.reject != PERSO_REJ_NONE)
        return rc;
    card->answer = record->id;
    return set_card(t, card, err);
}

static enum perso_result
take_unknown(struct perso_taking *t, struct perso_stored_record *record, struct perso_error *err)
{
    t->counts->orphans++;
    return mark(t, record, PERSO_ANSWER_UNKNOWN, err);
}

/* A centre's card that ingest holds: the package is not read again after its release, so what came
 * with it is kept. */
static bool
kept_by_ingest(const struct perso_taking *t, const struct perso_card *card)
{
    return t->from == PERSO_STATE_RECEIVED && card->state == PERSO_STATE_HELD &&
           card->reject_stage == PERSO_STAGE_INGEST;
}

static enum perso_result
keep_beside(struct perso_taking *t, struct perso_card *card,
            const struct perso_stored_record *record, int64_t personal, struct perso_error *err)
{
    t->counts->held++;
    put_in_force(card, record, personal);
    return set_card(t, card, err);
}

enum perso_result
perso_take_answer(struct perso_taking *t, struct perso_stored_record *record, int64_t personal,
                  struct perso_error *err)
{
    struct perso_card card;
    bool done = false;
    enum perso_result rc;

    if (record->card_seq == 0)
        return take_unknown(t, record, err);
    if ((rc = perso_ledger_card_get(t->job->ledger, record->card_seq, &card, err)) != PERSO_OK)
        return rc;
    if (card.answer != 0 && ((rc = take_again(t, &card, record, &done, err)) != PERSO_OK || done))
        return rc;
    if (kept_by_ingest(t, &card))
        return keep_beside(t, &card, record, personal, err);
    if (kept_by_operator(t, &card))
        return keep_for_release(t, &card, record, personal, err);
    if (may_take(t, &card))
        return take(t, &card, record, personal, err);
    return take_past(t, &card, record, err);
}

/* ---- given back, or cancelled by the department ---- */

bool
perso_may_take_back(const struct perso_taking *t, const struct perso_card *card)
{
    enum perso_state state = card->state;

    if (state == PERSO_STATE_HELD && card->reject_stage == PERSO_STAGE_NONE)
        state = card->from_state;
    return state == t->from || state == t->issued || state == PERSO_STATE_MATCHED;
}

static bool
is_finished(const struct perso_card *card)
{
    switch (card->state) {
    case PERSO_STATE_WRITTEN:
    case PERSO_STATE_DEFERRED:
    case PERSO_STATE_SPOILED:
    case PERSO_STATE_MISSING:
    case PERSO_STATE_TEST:
        return true;
    default:
        return card->state == PERSO_STATE_HELD && card->reject_stage == PERSO_STAGE_CLOSE;
    }
}

static bool
is_aside_already(const struct perso_card *card)
{
    return card->state == PERSO_STATE_CANCELLED || card->state == PERSO_STATE_RETURNED ||
           (card->state == PERSO_STATE_HELD && card->reject_stage == PERSO_STAGE_INGEST);
}

/* The card was finished before the department's word came: nothing here can undo that. */
static enum perso_result
tell_late(struct perso_taking *t, const struct perso_card *card, struct perso_stored_record *record,
          struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_COLLECT,
                                 .kind = "late",
                                 .first_seq = card->seq,
                                 .last_seq = card->seq,
                                 .n_cards = 1,
                                 .file_id = t->file->id,
                                 .from = card->state,
                                 .to = card->state,
                                 .reject = record->verdict.reject };
    enum perso_result rc = mark(t, record, PERSO_ANSWER_PAST, err);

    memcpy(event.card_id, card->card_id, sizeof event.card_id);
    snprintf(event.note, sizeof event.note, "given back by %s", t->file->party);
    t->counts->late++;
    return rc == PERSO_OK ? t->job->cards.event(t->job->cards.self, &event, err) : rc;
}

static enum perso_result
supersede(struct perso_taking *t, const struct perso_card *card,
          const struct perso_stored_record *record, bool *same, struct perso_error *err)
{
    struct perso_stored_record before;
    enum perso_result rc;

    *same = false;
    if (card->answer == 0)
        return PERSO_OK;
    if ((rc = t->job->cards.get(t->job->cards.self, card->answer, &before, NULL, NULL, err)) !=
        PERSO_OK)
        return rc;
    *same = memcmp(before.sm3, record->sm3, sizeof before.sm3) == 0;
    return *same ? PERSO_OK : mark(t, &before, PERSO_ANSWER_SUPERSEDED, err);
}

static enum perso_result
hold_back(struct perso_taking *t, struct perso_card *card, const struct perso_stored_record *record,
          struct perso_error *err)
{
    bool same = false;
    enum perso_result rc = supersede(t, card, record, &same, err);

    if (rc != PERSO_OK)
        return rc;
    if (same && card->state == PERSO_STATE_HELD) {
        t->counts->doubled++;
        return PERSO_OK;
    }
    if (record->verdict.reject == PERSO_REJ_TAKEN_BACK)
        t->counts->taken_back++;
    else
        t->counts->held++;
    card->answer = record->id;
    if (card->state == PERSO_STATE_HELD && card->reject_stage == PERSO_STAGE_NONE) {
        card->from_state = t->from; /* its release finds the department's word */
        return set_card(t, card, err);
    }
    return perso_job_hold(t->job, card, PERSO_STATE_HELD, PERSO_STAGE_COLLECT, &record->verdict,
                          record->id, err);
}

enum perso_result
perso_take_held(struct perso_taking *t, struct perso_stored_record *record, struct perso_error *err)
{
    struct perso_card card;
    enum perso_result rc;

    if (record->card_seq == 0)
        return take_unknown(t, record, err);
    if ((rc = perso_ledger_card_get(t->job->ledger, record->card_seq, &card, err)) != PERSO_OK)
        return rc;
    if (is_finished(&card))
        return tell_late(t, &card, record, err);
    if (!is_aside_already(&card))
        return hold_back(t, &card, record, err);
    t->counts->noted++;
    return mark(t, record, PERSO_ANSWER_PAST, err);
}
