#include "pipeline/command/acting.h"

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
    if (rc != PERSO_END)
        return rc;
    /* What does not look like a card id may be somebody's number or name. */
    if (text[0] != '#' && (strlen(text) != PERSO_CARD_ID_CHARS ||
                           strspn(text, "0123456789abcdefABCDEF") != PERSO_CARD_ID_CHARS))
        return perso_error_set(err, PERSO_REJ_NONE, "AAZ501",
                               "want a card identification code, or # and its number");
    return perso_error_set(err, PERSO_REJ_NONE, "AAZ501", "%.40s: no such card in this job", text);
}

enum perso_result
perso_operator_find(struct perso_job *job, const char *text, struct perso_card *ret,
                    struct perso_error *err)
{
    return find(job, text, ret, err);
}

/* What can be done about a card in such a state. */
static const struct {
    enum perso_state state;
    const char *way;
} ways_out[] = {
    { PERSO_STATE_FORWARDED, N_("others have it now, and tell of it in a HLD or RES") },
    { PERSO_STATE_RETURNED, N_("it is its vendor's to send again; cancel gives it up") },
    { PERSO_STATE_REFUSED, N_("release asks the RA again, cancel gives it up") },
    { PERSO_STATE_HELD, N_("see held/: correct, release or cancel it") },
    { PERSO_STATE_CANCELLED, N_("a row in a new file begins again with it") },
};

enum perso_result
perso_acting_wrong_state(const struct perso_card *card, enum perso_state state, const char *verb,
                         struct perso_error *err)
{
    for (size_t i = 0; i < sizeof ways_out / sizeof ways_out[0]; i++)
        if (ways_out[i].state == state)
            return perso_error_set(err, PERSO_REJ_NONE, "AAZ501",
                                   "%s: a card that is %s cannot be %s: %s", card->card_id,
                                   _(perso_state_name(state)), _(verb), _(ways_out[i].way));
    return perso_error_set(err, PERSO_REJ_NONE, "AAZ501", "%s: a card that is %s cannot be %s",
                           card->card_id, _(perso_state_name(state)), _(verb));
}

enum perso_result
perso_acting_event(struct perso_job *job, const struct perso_card *card, const char *kind,
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

enum perso_result
perso_acting_end(struct perso_job *job, enum perso_result rc, struct perso_error *err)
{
    if (rc == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}

/* ---- hold, reject ---- */

/* At the department: held, it is marked for when its finisher tells of it. */
bool
perso_acting_is_with_finisher(const struct perso_job *job, enum perso_state state)
{
    return state == PERSO_STATE_FORWARDED &&
           perso_role_stage_find(job->role, PERSO_STAGE_CLOSE)->from == state;
}

static enum perso_result
put_aside(struct perso_job *job, struct perso_card *card, enum perso_stage stage,
          enum perso_reject reject, const char *reason, struct perso_error *err)
{
    struct perso_verdict verdict = { .reject = reject };
    enum perso_result rc = perso_ledger_begin(job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    snprintf(verdict.note, sizeof verdict.note, "%s", reason);
    return perso_acting_end(
        job, perso_job_hold(job, card, PERSO_STATE_HELD, stage, &verdict, 0, err), err);
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
    if (!perso_state_is_open(card.state) && !perso_acting_is_with_finisher(job, card.state))
        return perso_acting_wrong_state(&card, card.state, N_("held"), err);
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
        return perso_acting_wrong_state(&card, card.state, N_("rejected"), err);
    return put_aside(job, &card, PERSO_STAGE_APPROVE, PERSO_REJ_OPERATOR_REJECTED, reason, err);
}

/* ---- cancel ---- */

/* A key that no request went out with stays free of the card: what was wrong may have been the
 * card's id, and the chip is another card's. */
static enum perso_result
is_unused(struct perso_job *job, const struct perso_card *card, bool *ret, struct perso_error *err)
{
    bool bundled = true;
    enum perso_result rc = PERSO_OK;

    if (perso_role_stage_find(job->role, PERSO_STAGE_BUNDLE) != NULL && card->answer == 0 &&
        card->bundle == 0)
        rc = perso_ledger_was_bundled(job->ledger, card->seq, &bundled, err);
    *ret = !bundled;
    return rc;
}

static enum perso_result
release_claims(struct perso_job *job, const struct perso_card *card, struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;
    const struct perso_claim id = { (const uint8_t *)card->card_id, PERSO_CARD_ID_CHARS,
                                    .card_id = card->card_id };
    struct perso_claim key = { card->public_key, PERSO_POINT_BYTES, .card_id = card->card_id };
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
    if ((rc = is_unused(job, card, &key.unused, err)) != PERSO_OK)
        return rc;
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
    if (from == PERSO_STATE_HELD && card.reject_stage == PERSO_STAGE_NONE &&
        perso_acting_is_with_finisher(job, card.from_state))
        return perso_acting_wrong_state(&card, card.from_state, N_("cancelled"), err);
    if (!perso_state_may_move(from, PERSO_STATE_CANCELLED) || card.confirmed)
        return perso_acting_wrong_state(&card, card.state, N_("cancelled"), err);
    if ((rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK)
        return rc;
    perso_job_clear(&card, PERSO_STATE_CANCELLED);
    if (job->role->finishes && (from == PERSO_STATE_DEFERRED || from == PERSO_STATE_MISSING))
        card.handed = 0; /* the department was told otherwise */
    if ((rc = job->cards.set(job->cards.self, &card, err)) == PERSO_OK)
        rc = perso_acting_event(job, &card, "cancel", from, reason, err);
    /* The ledger first: a claim that stays too long only asks for another cancel, one that goes too
     * early would let a second card take the key. */
    if ((rc = perso_acting_end(job, rc, err)) != PERSO_OK)
        return rc;
    return release_all(job, &card, err);
}
