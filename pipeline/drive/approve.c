#include <stdlib.h>
#include <string.h>

#include "perso/text.h"
#include "pipeline/drive/drive.h"
#include "pipeline/job/approval.h"

struct approving {
    struct perso_job *job;
    const struct perso_role_stage *stage;
    const char *policy;
    struct perso_approval_due due;
};

static struct perso_event
event_of(const struct approving *a, const char *kind)
{
    struct perso_event event = { .stage = PERSO_STAGE_APPROVE,
                                 .first_seq = a->due.first_seq,
                                 .last_seq = a->due.last_seq,
                                 .n_cards = a->due.n };

    snprintf(event.kind, sizeof event.kind, "%s", kind);
    memcpy(event.digest, a->due.digest, sizeof event.digest);
    return event;
}

/* ---- what is recorded: each in one transaction ---- */

static enum perso_result
end(struct approving *a, enum perso_result rc, struct perso_error *err)
{
    if (rc == PERSO_OK)
        return perso_ledger_commit(a->job->ledger, err);
    perso_ledger_rollback(a->job->ledger);
    return rc;
}

/* The first of two: the cards stay where they are. */
static enum perso_result
record_first(struct approving *a, struct perso_error *err)
{
    struct perso_event event = event_of(a, "approve");
    enum perso_result rc = perso_ledger_begin(a->job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    snprintf(event.note, sizeof event.note, "policy two, first of two");
    if ((rc = perso_approval_first_set(a->job, a->due.hex, err)) == PERSO_OK)
        rc = a->job->cards.event(a->job->cards.self, &event, err);
    return end(a, rc, err);
}

/* What was approved first has changed since: that approval counts for nothing. */
static enum perso_result
record_void(struct approving *a, struct perso_error *err)
{
    struct perso_event event = event_of(a, "void");
    enum perso_result rc = perso_ledger_begin(a->job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    snprintf(event.note, sizeof event.note, "approval of %s was of something else", a->due.first);
    if ((rc = perso_approval_first_set(a->job, NULL, err)) == PERSO_OK)
        rc = a->job->cards.event(a->job->cards.self, &event, err);
    if ((rc = end(a, rc, err)) != PERSO_OK)
        return rc;
    perso_warn("approve: what %s approved has changed since: that approval is void", a->due.first);
    a->due.first[0] = '\0';
    a->due.is_void = false;
    return PERSO_OK;
}

static enum perso_result
move_cards(struct approving *a, struct perso_error *err)
{
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    const struct perso_card_store *store = &a->job->cards;
    size_t n = 0;
    enum perso_result rc = cards != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    while (rc == PERSO_OK && (rc = store->scan(store->self, 1u << a->stage->from, 0,
                                               PERSO_BATCH_RECORDS, cards, &n, err)) == PERSO_OK)
        rc = store->move(store->self, cards, n, a->stage->to, err);
    free(cards);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
record_approval(struct approving *a, struct perso_error *err)
{
    struct perso_event event = event_of(a, "approve");
    enum perso_result rc = perso_ledger_begin(a->job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    event.from = a->stage->from;
    event.to = a->stage->to;
    if (a->due.first[0] != '\0' && strcmp(a->policy, "two") == 0)
        snprintf(event.note, sizeof event.note, "policy two, second of two, first %s",
                 a->due.first);
    else
        snprintf(event.note, sizeof event.note, "policy %s", a->policy);
    if ((rc = move_cards(a, err)) == PERSO_OK && a->due.first[0] != '\0')
        rc = perso_approval_first_set(a->job, NULL, err);
    if (rc == PERSO_OK)
        rc = a->job->cards.event(a->job->cards.self, &event, err);
    return end(a, rc, err);
}

/* ---- what is said ---- */

static enum perso_result
tell(const struct approving *a, bool done, struct perso_error *err)
{
    struct perso_say *say = &a->job->say;
    uint32_t counts[PERSO_STATE_COUNT];
    enum perso_result rc = perso_ledger_counts(a->job->ledger, counts, err);

    if (rc != PERSO_OK)
        return rc;
    perso_say_begin(say, "approve");
    if (done)
        perso_say_number(say, "approved", a->due.n);
    else
        perso_say_number(say, "to approve", a->due.n);
    perso_say_number(say, "held before", counts[PERSO_STATE_HELD]);
    perso_say_text(say, "digest", a->due.hex);
    if (a->due.first[0] != '\0')
        perso_say_text(say, "first approved by", a->due.first);
    if (!done) {
        char command[PERSO_PATH_BYTES + 128];
        snprintf(command, sizeof command, "persoline approve %s --digest %s", a->job->folder,
                 a->due.hex);
        perso_say_text(say, "command", command);
    }
    perso_say_end(say);
    return PERSO_OK;
}

static void
tell_first(const struct approving *a)
{
    struct perso_say *say = &a->job->say;

    perso_say_begin(say, "approve");
    perso_say_word(say, "approvals", "1 of 2");
    perso_say_text(say, "by", a->job->actor.operator);
    perso_say_number(say, "cards", a->due.n);
    perso_say_text(say, "digest", a->due.hex);
    perso_say_end(say);
    perso_hint("another operator than %s has to approve the same digest", a->job->actor.operator);
}

static void
tell_blocked(const struct approving *a)
{
    struct perso_say *say = &a->job->say;

    perso_say_begin(say, "approve");
    perso_say_number(say, "to approve", a->due.n);
    perso_say_number(say, "differ", a->due.differ);
    perso_say_number(say, "not compared", a->due.uncompared);
    perso_say_end(say);
    perso_warn("approve: no card is approved while one does not agree with the issuance data: %u "
               "differ, %u are not compared [on_mismatch = batch]",
               a->due.differ, a->due.uncompared);
    perso_hint("correct, release or cancel the cards of held/reconcile.csv");
}

/* ---- policies ---- */

/* One of two operators says yes. */
static enum perso_result
approve_of_two(struct approving *a, struct perso_error *err)
{
    enum perso_result rc;

    if (a->due.first[0] == '\0') {
        if ((rc = record_first(a, err)) == PERSO_OK)
            tell_first(a);
        a->job->waits = true;
        return rc;
    }
    if (strcmp(a->due.first, a->job->actor.operator) == 0)
        return perso_error_set(err, PERSO_REJ_NONE, "by",
                               "%s approved this already: the second of two has to be another "
                               "operator",
                               a->due.first);
    return (rc = tell(a, true, err)) == PERSO_OK ? record_approval(a, err) : rc;
}

static enum perso_result
approve_due(struct approving *a, const char *digest, struct perso_error *err)
{
    bool none = strcmp(a->policy, "none") == 0;
    enum perso_result rc;

    if (none)
        perso_warn("approval policy none: nobody approves; for rehearsal only");
    if (digest != NULL && strcmp(digest, a->due.hex) != 0)
        return perso_error_set(err, PERSO_REJ_NONE, "digest",
                               "what there is to approve has another digest now: see persoline "
                               "approve %s",
                               a->job->folder);
    if (digest != NULL && strcmp(a->policy, "two") == 0)
        return approve_of_two(a, err);
    bool approved = none || digest != NULL;
    if ((rc = tell(a, approved, err)) != PERSO_OK)
        return rc;
    a->job->waits = a->job->waits || !approved;
    return approved ? record_approval(a, err) : PERSO_OK;
}

enum perso_result
perso_drive_approve(struct perso_job *job, const char *digest, struct perso_error *err)
{
    struct approving a = { .job = job,
                           .stage = perso_role_stage_find(job->role, PERSO_STAGE_APPROVE),
                           .policy = job->site.conf.approval };
    enum perso_result rc = perso_approval_due(job, &a.due, err);

    if (rc == PERSO_OK && a.due.is_void)
        rc = record_void(&a, err);
    if (rc != PERSO_OK)
        return rc;
    if (a.due.n == 0) {
        if (digest != NULL)
            perso_warn("approve: nothing waits for approval");
        return PERSO_OK;
    }
    if (!perso_approval_blocked(&a.due))
        return approve_due(&a, digest, err);
    tell_blocked(&a);
    job->waits = true;
    return PERSO_OK;
}
