#include "pipeline/job/cards.h"

#include <stdlib.h>
#include <string.h>

enum perso_result
perso_job_file_event(struct perso_job *job, const struct perso_ledger_file *file,
                     const struct perso_event *event, struct perso_error *err)
{
    enum perso_result rc;

    if ((rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK)
        return rc;
    if ((file != NULL && (rc = perso_ledger_file_set(job->ledger, file, err)) != PERSO_OK) ||
        (rc = job->cards.event(job->cards.self, event, err)) != PERSO_OK) {
        perso_ledger_rollback(job->ledger);
        return rc;
    }
    return perso_ledger_commit(job->ledger, err);
}

enum perso_result
perso_job_event(struct perso_job *job, const struct perso_event *event, struct perso_error *err)
{
    return perso_job_file_event(job, NULL, event, err);
}

/* Words of the RA or the machine may name a person, and an event stays for ever: of "code: words"
 * it has the code alone. Bytes of the note. */
static int
own_words(const struct perso_verdict *verdict)
{
    const char *colon = strchr(verdict->note, ':');
    bool others =
        verdict->reject == PERSO_REJ_RA_REFUSED || verdict->reject == PERSO_REJ_CARD_SPOILED;

    if (!others || (colon == NULL && verdict->reject == PERSO_REJ_RA_REFUSED)) /* a code alone */
        return (int)strlen(verdict->note);
    return colon != NULL ? (int)(colon - verdict->note) : 0;
}

enum perso_result
perso_job_hold(struct perso_job *job, struct perso_card *card, enum perso_state to,
               enum perso_stage stage, const struct perso_verdict *verdict, int64_t record,
               struct perso_error *err)
{
    struct perso_event event = { .stage = stage,
                                 .kind = "hold",
                                 .first_seq = card->seq,
                                 .last_seq = card->seq,
                                 .n_cards = 1,
                                 .from = card->state == PERSO_STATE_HELD ? card->from_state
                                                                         : card->state,
                                 .to = to,
                                 .reject = verdict->reject };
    enum perso_result rc;

    if (to == PERSO_STATE_REFUSED)
        strcpy(event.kind, "refused");
    if (to == PERSO_STATE_SPOILED)
        strcpy(event.kind, "spoiled");
    memcpy(event.card_id, card->card_id, sizeof event.card_id);
    snprintf(event.note, sizeof event.note, "%s %.*s", perso_column_code(verdict->column),
             own_words(verdict), verdict->note);
    if (card->state != PERSO_STATE_HELD)
        card->from_state = card->state;
    card->state = to;
    card->reject_stage = stage;
    card->verdict = *verdict;
    card->verdict_record = record;
    if ((rc = job->cards.set(job->cards.self, card, err)) != PERSO_OK)
        return rc;
    return job->cards.event(job->cards.self, &event, err);
}

bool
perso_job_waived(void *self, size_t i, enum perso_reject reject)
{
    const struct perso_job_waivers *w = self;
    struct perso_error ignored = { 0 };
    uint8_t content[PERSO_SM3_BYTES];
    bool ret = false;

    return w->content(w->arg, i, content) &&
           perso_ledger_waived(w->job->ledger, w->cards[i].seq, reject, content, &ret, &ignored) ==
               PERSO_OK &&
           ret;
}

enum perso_result
perso_job_cells(struct perso_job *job, int64_t record_id, struct perso_cells *cells,
                struct perso_stored_record *record, struct perso_error *err)
{
    struct perso_cursor payload;
    enum perso_result rc =
        job->cards.get(job->cards.self, record_id, record, job->arena, &payload, err);

    if (rc == PERSO_END)
        return perso_error_set(err, PERSO_REJ_NONE, "", "record %lld is not in the ledger",
                               (long long)record_id);
    return rc != PERSO_OK ? rc : perso_row_payload_read(payload, job->arena, cells, err);
}

enum perso_result
perso_job_due_set(struct perso_job *job, const char *report, struct perso_error *err)
{
    return perso_ledger_value_set(job->ledger, report, "due", err);
}

enum perso_result
perso_job_due(struct perso_job *job, const char *report, bool *ret, struct perso_error *err)
{
    char *value = NULL;
    enum perso_result rc = perso_ledger_value(job->ledger, report, &value, err);

    *ret = rc == PERSO_OK && strcmp(value, "due") == 0;
    free(value);
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_job_due_clear(struct perso_job *job, const char *report, struct perso_error *err)
{
    enum perso_result rc = perso_ledger_begin(job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_ledger_value_set(job->ledger, report, "written", err)) == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}

void
perso_job_clear(struct perso_card *card, enum perso_state to)
{
    card->state = to;
    card->from_state = PERSO_STATE_NONE;
    card->reject_stage = PERSO_STAGE_NONE;
    card->verdict = (struct perso_verdict) { 0 };
    card->verdict_record = 0;
}

enum perso_result
perso_job_each_cards(struct perso_job *job, uint32_t states, perso_job_visit_cards *visit,
                     void *arg, struct perso_error *err)
{
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc = cards != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    while (rc == PERSO_OK &&
           (rc = job->cards.scan(job->cards.self, states, after, PERSO_BATCH_RECORDS, cards, &n,
                                 err)) == PERSO_OK) {
        after = cards[n - 1].seq;
        rc = visit(arg, cards, n, err);
    }
    free(cards);
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_job_each_record(struct perso_job *job, int64_t file_id, int64_t after,
                      perso_job_visit_record *visit, void *arg, struct perso_error *err)
{
    struct perso_stored_record records[64];
    size_t n;
    enum perso_result rc;

    while ((rc = perso_ledger_records(job->ledger, file_id, after, 64, records, &n, err)) ==
           PERSO_OK) {
        after = records[n - 1].id;
        for (size_t i = 0; i < n; i++)
            if ((rc = visit(arg, &records[i], err)) != PERSO_OK)
                return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}
