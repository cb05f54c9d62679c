#include "pipeline/drive/close_accept.h"

#include <string.h>

#include "perso/text.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/path.h"

static const struct {
    char symbol;
    enum perso_state state;
} marks[] = {
    { 'W', PERSO_STATE_WRITTEN }, { 'D', PERSO_STATE_DEFERRED }, { 'R', PERSO_STATE_RETRY },
    { 'S', PERSO_STATE_SPOILED }, { 'M', PERSO_STATE_MISSING },  { 'T', PERSO_STATE_TEST },
};

char
perso_result_mark(enum perso_state state)
{
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (marks[i].state == state)
            return marks[i].symbol;
    return 0;
}

static enum perso_state
state_of(char symbol)
{
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (marks[i].symbol == symbol)
            return marks[i].state;
    return PERSO_STATE_NONE;
}

enum perso_result
perso_awaits(struct perso_awaiting *awaiting, const struct perso_card *card, bool *ret,
             struct perso_error *err)
{
    struct perso_ledger_file file;
    enum perso_result rc;

    if (awaiting->job->role->finishes) {
        *ret = card->machine != 0;
        return PERSO_OK;
    }
    if (card->handed != 0 && card->handed != awaiting->file_id) {
        if ((rc = perso_ledger_file_get(awaiting->job->ledger, card->handed, &file, err)) !=
            PERSO_OK)
            return rc;
        awaiting->file_id = card->handed;
        awaiting->forwarded = strcmp(file.kind, "FWD") == 0 && file.status != PERSO_FILE_PLANNED &&
                              file.status != PERSO_FILE_WITHDRAWN;
    }
    *ret = card->handed != 0 && awaiting->forwarded;
    return PERSO_OK;
}

struct taking {
    struct perso_job *job;
    const struct perso_ledger_file *file;
    const struct perso_role_stage *stage;
    struct perso_awaiting awaiting;
    struct perso_close_counts *counts;
};

/* A finisher has told the department another result, perhaps: it tells the new one, too. */
static void
tell_again(const struct taking *t, struct perso_card *card)
{
    if (t->job->role->finishes)
        card->handed = 0;
}

static enum perso_result
hold(struct taking *t, struct perso_card *card, enum perso_state to,
     const struct perso_verdict *verdict, const struct perso_stored_record *record,
     struct perso_error *err)
{
    tell_again(t, card);
    t->counts->by_state[to]++;
    return perso_job_hold(t->job, card, to, PERSO_STAGE_CLOSE, verdict, record->id, err);
}

static enum perso_result
take_result(struct taking *t, struct perso_card *card, const struct perso_stored_record *record,
            struct perso_error *err)
{
    enum perso_state to = state_of(record->symbol);

    card->result = record->id;
    if (record->verdict.reject == PERSO_REJ_CARD_SPOILED)
        return hold(t, card, PERSO_STATE_SPOILED, &record->verdict, record, err);
    if (record->verdict.reject != PERSO_REJ_NONE)
        return hold(t, card, PERSO_STATE_HELD, &record->verdict, record, err);
    tell_again(t, card);
    t->counts->by_state[to]++;
    perso_job_clear(card, to);
    if (to == PERSO_STATE_RETRY)
        card->machine = 0; /* it goes into the next machine file */
    return t->job->cards.set(t->job->cards.self, card, err);
}

/* The operator holds the card: what the machine made of it is kept for its release. */
static enum perso_result
keep_result(struct taking *t, struct perso_card *card, const struct perso_stored_record *record,
            struct perso_error *err)
{
    if (record->verdict.reject != PERSO_REJ_NONE)
        return take_result(t, card, record, err);
    card->result = record->id;
    card->from_state = state_of(record->symbol);
    if (card->from_state == PERSO_STATE_RETRY)
        card->machine = 0;
    t->counts->by_state[PERSO_STATE_HELD]++;
    return t->job->cards.set(t->job->cards.self, card, err);
}

/* A card that is fed again may come back with the same words: in the result of its new file. */
static enum perso_result
is_repetition(struct taking *t, const struct perso_card *card,
              const struct perso_stored_record *record, bool *ret, struct perso_error *err)
{
    struct perso_stored_record before;
    struct perso_ledger_file machine;
    enum perso_result rc;

    *ret = false;
    if (card->result == 0)
        return PERSO_OK;
    if ((rc = t->job->cards.get(t->job->cards.self, card->result, &before, NULL, NULL, err)) !=
        PERSO_OK)
        return rc;
    *ret = memcmp(before.sm3, record->sm3, sizeof before.sm3) == 0;
    if (!*ret || card->state != t->stage->from || card->machine == 0)
        return PERSO_OK;
    if ((rc = perso_ledger_file_get(t->job->ledger, card->machine, &machine, err)) != PERSO_OK)
        return rc;
    const char *name = perso_path_name(machine.path);
    size_t stem = strlen(name) - strlen(".csv");
    *ret = strncmp(perso_path_name(t->file->path), name, stem) != 0;
    return PERSO_OK;
}

/* Nothing changes, but it is known that the result came. */
static enum perso_result
pass_over(struct taking *t, const struct perso_card *card, const struct perso_stored_record *record,
          struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_CLOSE,
                                 .kind = "late",
                                 .first_seq = card->seq,
                                 .last_seq = card->seq,
                                 .n_cards = 1,
                                 .file_id = t->file->id,
                                 .from = card->state,
                                 .to = card->state,
                                 .reject = PERSO_REJ_RESULT_CONFLICT };

    t->counts->past++;
    memcpy(event.card_id, card->card_id, sizeof event.card_id);
    snprintf(event.note, sizeof event.note, "%s, line %u: no effect",
             perso_state_name(state_of(record->symbol)), record->line);
    perso_warn("%s:%u: AAZ501: result for card %s, which is %s: no effect", t->file->path,
               record->line, card->card_id, _(perso_state_name(card->state)));
    return t->job->cards.event(t->job->cards.self, &event, err);
}

static enum perso_result
take_other(struct taking *t, struct perso_card *card, const struct perso_stored_record *record,
           struct perso_error *err)
{
    const struct perso_verdict conflict = { PERSO_REJ_RESULT_CONFLICT, PERSO_COL_result, "" };
    bool awaited = false;
    enum perso_result rc = perso_awaits(&t->awaiting, card, &awaited, err);

    if (rc != PERSO_OK)
        return rc;
    if (awaited && card->state == PERSO_STATE_HELD && card->reject_stage == PERSO_STAGE_NONE &&
        card->from_state == t->stage->from)
        return keep_result(t, card, record, err);
    if (awaited && (card->state == t->stage->from || card->state == PERSO_STATE_MISSING ||
                    (card->state == PERSO_STATE_HELD && card->reject_stage == PERSO_STAGE_CLOSE)))
        return take_result(t, card, record, err);
    if (card->state != PERSO_STATE_HELD && !perso_state_may_move(card->state, PERSO_STATE_HELD))
        return pass_over(t, card, record, err);
    return hold(t, card, PERSO_STATE_HELD, &conflict, record, err);
}

static enum perso_result
take_record(void *taking, struct perso_stored_record *record, struct perso_error *err)
{
    struct taking *t = taking;
    bool repeated = false;
    struct perso_card card;
    enum perso_result rc = perso_ledger_card_get(t->job->ledger, record->card_seq, &card, err);

    if (rc != PERSO_OK || (rc = is_repetition(t, &card, record, &repeated, err)) != PERSO_OK)
        return rc;
    if (repeated) {
        t->counts->unchanged++;
        return PERSO_OK;
    }
    /* Its remaking or revocation is on its way: what it is does not change any more. */
    return card.confirmed ? pass_over(t, &card, record, err) : take_other(t, &card, record, err);
}

static enum perso_result
accept_file(const struct taking *t, struct perso_ledger_file *file, const char *note,
            struct perso_error *err)
{
    const struct perso_close_counts *c = t->counts;
    struct perso_event event = {
        .stage = PERSO_STAGE_CLOSE, .kind = "accept", .file_id = file->id, .n_cards = file->rows
    };
    enum perso_result rc;

    memcpy(event.digest, file->sm3, sizeof event.digest);
    snprintf(event.note, sizeof event.note,
             "written %u, deferred %u, retry %u, spoiled %u, missing %u, test %u, held %u, "
             "unchanged %u, past %u%s%s",
             c->by_state[PERSO_STATE_WRITTEN], c->by_state[PERSO_STATE_DEFERRED],
             c->by_state[PERSO_STATE_RETRY], c->by_state[PERSO_STATE_SPOILED],
             c->by_state[PERSO_STATE_MISSING], c->by_state[PERSO_STATE_TEST],
             c->by_state[PERSO_STATE_HELD], c->unchanged, c->past, note[0] != '\0' ? "; " : "",
             note);
    file->status = PERSO_FILE_ACCEPTED;
    if ((rc = perso_ledger_file_set(t->job->ledger, file, err)) != PERSO_OK)
        return rc;
    return t->job->cards.event(t->job->cards.self, &event, err);
}

enum perso_result
perso_close_accept(struct perso_job *job, struct perso_ledger_file *file, const char *note,
                   struct perso_close_counts *counts, struct perso_error *err)
{
    struct taking t = { .job = job,
                        .file = file,
                        .stage = perso_role_stage_find(job->role, PERSO_STAGE_CLOSE),
                        .awaiting = { .job = job },
                        .counts = counts };
    enum perso_result rc = perso_ledger_begin(job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_job_each_record(job, file->id, 0, take_record, &t, err)) == PERSO_OK &&
        (rc = accept_file(&t, file, note, err)) == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}
