#include "pipeline/job/approval.h"

#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "stages/approve.h"

#define DIGEST "approval.digest"
#define OPERATOR "approval.operator"

/* ---- content ---- */

static enum perso_result
add_cards(struct perso_job *job, const struct perso_card *cards, size_t n,
          struct perso_approval *approval, struct perso_error *err)
{
    const struct perso_card_store *store = &job->cards;
    struct perso_stored_record application, issuance;
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        const struct perso_card *card = &cards[i];
        if ((rc = store->get(store->self, card->application, &application, NULL, NULL, err)) ==
                PERSO_OK &&
            (rc = store->get(store->self, card->issuance, &issuance, NULL, NULL, err)) == PERSO_OK)
            rc = perso_approval_add(approval, card->card_id, card->request_id, application.sm3,
                                    issuance.sm3, err);
    }
    return rc;
}

static enum perso_result
take_digest(struct perso_job *job, struct perso_card *cards, struct perso_approval_due *due,
            struct perso_error *err)
{
    enum perso_state from = perso_role_stage_find(job->role, PERSO_STAGE_APPROVE)->from;
    struct perso_approval approval;
    struct perso_error ignored = { 0 };
    size_t n = 0;
    enum perso_result rc = perso_approval_begin(&approval, err);

    if (rc != PERSO_OK)
        return rc;
    while ((rc = job->cards.scan(job->cards.self, 1u << from, due->last_seq, PERSO_BATCH_RECORDS,
                                 cards, &n, err)) == PERSO_OK) {
        if (due->first_seq == 0)
            due->first_seq = cards[0].seq;
        due->last_seq = cards[n - 1].seq;
        if ((rc = add_cards(job, cards, n, &approval, err)) != PERSO_OK)
            break;
    }
    due->n = approval.n_cards;
    enum perso_result ended =
        perso_approval_end(&approval, due->digest, rc == PERSO_END ? err : &ignored);
    return rc == PERSO_END ? ended : rc;
}

/* ---- the first of two ---- */

static enum perso_result
read_value(struct perso_job *job, const char *name, char *out, size_t max, struct perso_error *err)
{
    char *value = NULL;
    enum perso_result rc = perso_ledger_value(job->ledger, name, &value, err);

    snprintf(out, max, "%s", rc == PERSO_OK ? value : "");
    free(value);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
take_first(struct perso_job *job, struct perso_approval_due *due, struct perso_error *err)
{
    char digest[sizeof due->hex];
    enum perso_result rc = read_value(job, OPERATOR, due->first, sizeof due->first, err);

    if (rc == PERSO_OK)
        rc = read_value(job, DIGEST, digest, sizeof digest, err);
    if (rc == PERSO_OK)
        due->is_void = due->first[0] != '\0' && strcmp(digest, due->hex) != 0;
    return rc;
}

enum perso_result
perso_approval_first_set(struct perso_job *job, const char *digest, struct perso_error *err)
{
    const char *who = "";
    enum perso_result rc =
        perso_ledger_value_set(job->ledger, DIGEST, digest != NULL ? digest : "", err);

    if (digest != NULL)
        who = job->actor.operator;
    return rc != PERSO_OK ? rc : perso_ledger_value_set(job->ledger, OPERATOR, who, err);
}

/* ---- the batch as a whole ---- */

/* A card that was released is to be compared again: it may differ still. */
static enum perso_result
count_others(struct perso_job *job, struct perso_approval_due *due, struct perso_error *err)
{
    struct perso_reject_count rejects[PERSO_REJ_COUNT * 2];
    uint32_t states[PERSO_STATE_COUNT];
    size_t n = 0;
    enum perso_result rc = perso_ledger_reject_counts(job->ledger, rejects,
                                                      sizeof rejects / sizeof rejects[0], &n, err);

    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    for (size_t i = 0; i < n; i++)
        if (rejects[i].state == PERSO_STATE_HELD && rejects[i].stage == PERSO_STAGE_RECONCILE)
            due->differ += rejects[i].n;
    if ((rc = perso_ledger_counts(job->ledger, states, err)) == PERSO_OK)
        due->uncompared = states[PERSO_STATE_RECEIVED];
    return rc;
}

bool
perso_approval_blocked(const struct perso_approval_due *due)
{
    return due->whole_batch && due->differ + due->uncompared > 0;
}

enum perso_result
perso_approval_due(struct perso_job *job, struct perso_approval_due *ret, struct perso_error *err)
{
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    enum perso_result rc;

    *ret = (struct perso_approval_due) { .whole_batch =
                                             strcmp(job->profile.on_mismatch, "batch") == 0 };
    rc = cards != NULL ? take_digest(job, cards, ret, err) : perso_error_errno(err, "memory");
    free(cards);
    if (rc != PERSO_OK)
        return rc;
    perso_hex_lower(ret->digest, sizeof ret->digest, ret->hex);
    if ((rc = take_first(job, ret, err)) != PERSO_OK)
        return rc;
    return count_others(job, ret, err);
}

/* ---- status ---- */

static void
tell(struct perso_job *job, const struct perso_approval_due *due)
{
    perso_say_begin(&job->say, "approve");
    perso_say_number(&job->say, "cards", due->n);
    if (perso_approval_blocked(due)) {
        perso_say_number(&job->say, "wait for cards that differ", due->differ);
        perso_say_number(&job->say, "that are not compared", due->uncompared);
    } else if (due->is_void) {
        perso_say_word(&job->say, "approvals", "0 of 2");
        perso_say_text(&job->say, "void", due->first);
    } else {
        perso_say_word(&job->say, "approvals", "1 of 2");
        perso_say_text(&job->say, "by", due->first);
    }
    perso_say_end(&job->say);
}

enum perso_result
perso_approval_status(struct perso_job *job, struct perso_error *err)
{
    struct perso_approval_due due;
    char first[sizeof due.first];
    enum perso_result rc;

    if (perso_role_stage_find(job->role, PERSO_STAGE_APPROVE) == NULL)
        return PERSO_OK;
    if ((rc = read_value(job, OPERATOR, first, sizeof first, err)) != PERSO_OK)
        return rc;
    if (first[0] == '\0' && strcmp(job->profile.on_mismatch, "batch") != 0)
        return PERSO_OK; /* the digest of all cards is not taken for nothing */
    if ((rc = perso_approval_due(job, &due, err)) != PERSO_OK)
        return rc;
    if (due.n > 0 && (due.first[0] != '\0' || perso_approval_blocked(&due)))
        tell(job, &due);
    return PERSO_OK;
}
