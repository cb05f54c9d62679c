#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "perso/text.h"
#include "pipeline/drive/drive.h"
#include "stages/approve.h"

struct approving {
    struct perso_job *job;
    const struct perso_role_stage *stage;
    struct perso_card *cards; /* one batch */
    uint32_t n;
    int64_t first_seq, last_seq;
    uint8_t digest[PERSO_SM3_BYTES];
};

static enum perso_result
add_cards(struct approving *a, struct perso_approval *approval, size_t n, struct perso_error *err)
{
    const struct perso_card_store *store = &a->job->cards;
    struct perso_stored_record application, issuance;
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        const struct perso_card *card = &a->cards[i];
        if ((rc = store->get(store->self, card->application, &application, NULL, NULL, err)) ==
                PERSO_OK &&
            (rc = store->get(store->self, card->issuance, &issuance, NULL, NULL, err)) == PERSO_OK)
            rc = perso_approval_add(approval, card->card_id, card->request_id, application.sm3,
                                    issuance.sm3, err);
        if (a->first_seq == 0)
            a->first_seq = card->seq;
        a->last_seq = card->seq;
    }
    return rc;
}

static enum perso_result
take_digest(struct approving *a, struct perso_error *err)
{
    struct perso_approval approval;
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc = perso_approval_begin(&approval, err);

    if (rc != PERSO_OK)
        return rc;
    while ((rc = a->job->cards.scan(a->job->cards.self, 1u << a->stage->from, after,
                                    PERSO_BATCH_RECORDS, a->cards, &n, err)) == PERSO_OK) {
        after = a->cards[n - 1].seq;
        if ((rc = add_cards(a, &approval, n, err)) != PERSO_OK)
            break;
    }
    a->n = approval.n_cards;
    struct perso_error ignored = { 0 };
    enum perso_result ended =
        perso_approval_end(&approval, a->digest, rc == PERSO_END ? err : &ignored);
    return rc == PERSO_END ? ended : rc;
}

static enum perso_result
move_all(struct approving *a, const char *policy, struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_APPROVE,
                                 .kind = "approve",
                                 .first_seq = a->first_seq,
                                 .last_seq = a->last_seq,
                                 .n_cards = a->n,
                                 .from = a->stage->from,
                                 .to = a->stage->to };
    size_t n = 0;
    enum perso_result rc;

    memcpy(event.digest, a->digest, sizeof event.digest);
    snprintf(event.note, sizeof event.note, "policy %s", policy);
    if ((rc = perso_ledger_begin(a->job->ledger, err)) != PERSO_OK)
        return rc;
    while ((rc = a->job->cards.scan(a->job->cards.self, 1u << a->stage->from, 0,
                                    PERSO_BATCH_RECORDS, a->cards, &n, err)) == PERSO_OK &&
           (rc = a->job->cards.move(a->job->cards.self, a->cards, n, a->stage->to, err)) ==
               PERSO_OK)
        ;
    if (rc == PERSO_END && (rc = a->job->cards.event(a->job->cards.self, &event, err)) == PERSO_OK)
        return perso_ledger_commit(a->job->ledger, err);
    perso_ledger_rollback(a->job->ledger);
    return rc;
}

static void
tell(const struct approving *a, const char *hex, bool done, uint32_t held)
{
    struct perso_say *say = &a->job->say;

    perso_say_begin(say, "approve");
    perso_say_number(say, done ? N_("approved") : N_("to approve"), a->n);
    perso_say_number(say, "held before", held);
    perso_say_text(say, "digest", hex);
    if (!done) {
        char command[PERSO_PATH_BYTES + 128];
        snprintf(command, sizeof command, "persoline approve %s --digest %s", a->job->folder, hex);
        perso_say_text(say, "command", command);
    }
    perso_say_end(say);
}

static enum perso_result
approve(struct approving *a, const char *digest, struct perso_error *err)
{
    const char *policy = a->job->site.conf.approval;
    char hex[2 * PERSO_SM3_BYTES + 1];
    uint32_t counts[PERSO_STATE_COUNT];
    enum perso_result rc;

    if ((rc = take_digest(a, err)) != PERSO_OK ||
        (rc = perso_ledger_counts(a->job->ledger, counts, err)) != PERSO_OK)
        return rc;
    perso_hex_lower(a->digest, sizeof a->digest, hex);
    if (a->n == 0) {
        if (digest != NULL)
            perso_warn("approve: nothing waits for approval");
        return PERSO_OK;
    }
    bool none = strcmp(policy, "none") == 0;
    if (none)
        perso_warn("approval policy none: nobody approves; for rehearsal only");
    if (digest != NULL && strcmp(digest, hex) != 0)
        return perso_error_set(err, PERSO_REJ_NONE, "digest",
                               "what there is to approve has another digest now: see persoline "
                               "approve %s",
                               a->job->folder);
    bool approved = none || digest != NULL;
    tell(a, hex, approved, counts[PERSO_STATE_HELD]);
    if (!approved) {
        a->job->waits = true;
        return PERSO_OK;
    }
    return move_all(a, policy, err);
}

enum perso_result
perso_drive_approve(struct perso_job *job, const char *digest, struct perso_error *err)
{
    struct approving a = { .job = job,
                           .stage = perso_role_stage_find(job->role, PERSO_STAGE_APPROVE),
                           .cards = calloc(PERSO_BATCH_RECORDS, sizeof *a.cards) };
    enum perso_result rc = a.cards == NULL ? perso_error_errno(err, "memory") : PERSO_OK;

    if (rc == PERSO_OK)
        rc = approve(&a, digest, err);
    free(a.cards);
    return rc;
}
