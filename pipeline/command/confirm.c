/* confirm: the department confirms that a card has to be made again, or that its certificates have
 * to be revoked (LD/T 03-2022 6.4.4: application, review, signature). What the card is does not
 * change any more; close tells vendor and RA. */
#include <stdlib.h>
#include <string.h>

#include "perso/text.h"
#include "pipeline/command/operator.h"
#include "pipeline/drive/finish.h"

static enum perso_result
may_confirm(struct perso_job *job, const struct perso_card *card, struct perso_error *err)
{
    bool has = false;
    enum perso_result rc;

    if (card->state == PERSO_STATE_SPOILED || card->state == PERSO_STATE_MISSING)
        return PERSO_OK;
    if (card->state != PERSO_STATE_CANCELLED)
        return perso_error_set(err, PERSO_REJ_NONE, "AAZ501",
                               "%s: a card that is %s cannot be confirmed", card->card_id,
                               _(perso_state_name(card->state)));
    if ((rc = perso_has_certificate(job, card, &has, err)) != PERSO_OK || has)
        return rc;
    return perso_error_set(err, PERSO_REJ_NONE, "AAZ501",
                           "%s: is cancelled and has no certificate: there is nothing to confirm",
                           card->card_id);
}

/* Policy two: the first operator's name is kept until another one confirms. */
static enum perso_result
first_of_two(struct perso_job *job, const struct perso_card *card, bool *first,
             struct perso_error *err)
{
    char name[48], *before = NULL;
    enum perso_result rc;

    *first = false;
    if (strcmp(job->site.conf.approval, "two") != 0)
        return PERSO_OK;
    snprintf(name, sizeof name, "confirm-%lld", (long long)card->seq);
    rc = perso_ledger_value(job->ledger, name, &before, err);
    if (rc == PERSO_OK)
        *first = strcmp(before, job->actor.operator) == 0;
    free(before);
    if (rc != PERSO_END)
        return rc;
    *first = true;
    return perso_ledger_value_set(job->ledger, name, job->actor.operator, err);
}

/* Inside a transaction. */
static enum perso_result
confirm_card(struct perso_job *job, struct perso_card *card, const char *reason, bool *done,
             struct perso_error *err)
{
    struct perso_event event = { .kind = "confirm",
                                 .first_seq = card->seq,
                                 .last_seq = card->seq,
                                 .n_cards = 1,
                                 .from = card->state,
                                 .to = card->state };
    bool first = false;
    enum perso_result rc = first_of_two(job, card, &first, err);

    *done = !first;
    if (rc != PERSO_OK)
        return rc;
    if (first)
        strcpy(event.kind, "confirm-first");
    memcpy(event.card_id, card->card_id, sizeof event.card_id);
    snprintf(event.note, sizeof event.note, "%s", reason);
    card->confirmed = !first;
    if ((rc = job->cards.set(job->cards.self, card, err)) != PERSO_OK)
        return rc;
    return job->cards.event(job->cards.self, &event, err);
}

static enum perso_result
confirm_in_ledger(struct perso_job *job, struct perso_card *card, const char *reason, bool *done,
                  struct perso_error *err)
{
    enum perso_result rc = perso_ledger_begin(job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = confirm_card(job, card, reason, done, err)) == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}

enum perso_result
perso_operator_confirm(struct perso_job *job, const char *card_id, const char *reason,
                       struct perso_error *err)
{
    struct perso_card card;
    bool done = true;
    enum perso_result rc;

    if (!perso_is_department(job))
        return perso_error_set(err, PERSO_REJ_NONE, "",
                               "role %s: the department confirms, in its own job",
                               _(job->role->name));
    if ((rc = perso_operator_find(job, card_id, &card, err)) != PERSO_OK)
        return rc;
    if (!card.confirmed && ((rc = may_confirm(job, &card, err)) != PERSO_OK ||
                            (rc = confirm_in_ledger(job, &card, reason, &done, err)) != PERSO_OK))
        return rc;
    if (!done) {
        job->waits = true;
        perso_warn("%s: waits for a second operator to confirm (approval policy two)",
                   card.card_id);
        return PERSO_OK;
    }
    /* The ledger first: cut in between, close or a repeated confirm tells the site. */
    return perso_confirmed_register(job, &card, err);
}
