#include "pipeline/drive/collect_accept.h"

#include <string.h>

#include "formats/text/write.h"
#include "pipeline/file/output.h"
#include "pipeline/job/cards.h"

/* ---- one answer ---- */

struct taking {
    struct perso_job *job;
    const struct perso_ledger_file *file;
    struct perso_collect_counts *counts;
    enum perso_state issued;
    int64_t first_seq, last_seq;
};

static enum perso_result
mark(struct taking *t, struct perso_stored_record *record, char symbol, struct perso_error *err)
{
    record->symbol = symbol;
    return perso_ledger_record_set(t->job->ledger, record, err);
}

static bool
may_take(const struct perso_card *card)
{
    return card->state == PERSO_STATE_SUBMITTED || card->state == PERSO_STATE_ISSUED ||
           card->state == PERSO_STATE_REFUSED ||
           (card->state == PERSO_STATE_HELD &&
            (card->reject_stage == PERSO_STAGE_COLLECT || card->reject_stage == PERSO_STAGE_MATCH));
}

static enum perso_result
put_aside(struct taking *t, struct perso_card *card, const struct perso_stored_record *record,
          struct perso_error *err)
{
    bool refused = record->verdict.reject == PERSO_REJ_RA_REFUSED;

    if (refused)
        t->counts->refused++;
    else
        t->counts->held++;
    return perso_job_hold(t->job, card, refused ? PERSO_STATE_REFUSED : PERSO_STATE_HELD,
                          PERSO_STAGE_COLLECT, &record->verdict, record->id, err);
}

static enum perso_result
take(struct taking *t, struct perso_card *card, const struct perso_stored_record *record,
     struct perso_error *err)
{
    card->answer = record->id;
    if (record->verdict.reject != PERSO_REJ_NONE)
        return put_aside(t, card, record, err);
    t->counts->issued++;
    if (t->first_seq == 0 || card->seq < t->first_seq)
        t->first_seq = card->seq;
    if (card->seq > t->last_seq)
        t->last_seq = card->seq;
    perso_job_clear(card, t->issued);
    return t->job->cards.set(t->job->cards.self, card, err);
}

/* Two different answers in one return: neither can be believed. */
static enum perso_result
contradict(struct taking *t, struct perso_card *card, struct perso_stored_record *record,
           struct perso_error *err)
{
    const struct perso_verdict twice = { PERSO_REJ_ANSWER_TWICE, PERSO_COL_request_id, "" };
    enum perso_result rc = mark(t, record, PERSO_ANSWER_SUPERSEDED, err);

    if (rc != PERSO_OK)
        return rc;
    if (card->state == PERSO_STATE_ISSUED)
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
kept_by_operator(const struct taking *t, const struct perso_card *card)
{
    return card->state == PERSO_STATE_HELD && card->reject_stage == PERSO_STAGE_NONE &&
           (card->from_state == PERSO_STATE_SUBMITTED || card->from_state == t->issued);
}

/* The operator holds the card, and only the operator lets it go: the answer is kept for its
 * release. */
static enum perso_result
keep_for_release(struct taking *t, struct perso_card *card,
                 const struct perso_stored_record *record, struct perso_error *err)
{
    t->counts->held++;
    card->answer = record->id;
    card->from_state = record->verdict.reject == PERSO_REJ_NONE ? t->issued : PERSO_STATE_SUBMITTED;
    return t->job->cards.set(t->job->cards.self, card, err);
}

/* Two different answers in one return to a card that the operator holds: it waits for a third. */
static enum perso_result
contradict_kept(struct taking *t, struct perso_card *card, struct perso_stored_record *before,
                struct perso_stored_record *record, struct perso_error *err)
{
    enum perso_result rc;

    if ((rc = mark(t, before, PERSO_ANSWER_SUPERSEDED, err)) != PERSO_OK ||
        (rc = mark(t, record, PERSO_ANSWER_SUPERSEDED, err)) != PERSO_OK)
        return rc;
    t->counts->held++;
    card->answer = 0;
    card->from_state = PERSO_STATE_SUBMITTED;
    return t->job->cards.set(t->job->cards.self, card, err);
}

/* Order is by sequence number, not by arrival (DESIGN 6): a return that came late through a gap
 * does not take the place of a later one. */
static enum perso_result
is_older(struct taking *t, const struct perso_stored_record *before, bool *ret,
         struct perso_error *err)
{
    struct perso_ledger_file file;
    enum perso_result rc = perso_ledger_file_get(t->job->ledger, before->file_id, &file, err);

    *ret = rc == PERSO_OK && strcmp(file.party, t->file->party) == 0 &&
           file.sequence > t->file->sequence;
    return rc;
}

static enum perso_result
take_again(struct taking *t, struct perso_card *card, struct perso_stored_record *record,
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
    if (before.file_id == record->file_id && may_take(card))
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
    return may_take(card) || kept_by_operator(t, card)
               ? mark(t, &before, PERSO_ANSWER_SUPERSEDED, err)
               : PERSO_OK;
}

/* A certificate for a card that was cancelled meanwhile: it is proposed for revocation with it. */
static enum perso_result
take_past(struct taking *t, struct perso_card *card, struct perso_stored_record *record,
          struct perso_error *err)
{
    enum perso_result rc = mark(t, record, PERSO_ANSWER_PAST, err);

    t->counts->orphans++;
    if (rc != PERSO_OK || card->state != PERSO_STATE_CANCELLED || card->answer != 0 ||
        record->verdict.reject != PERSO_REJ_NONE)
        return rc;
    card->answer = record->id;
    return t->job->cards.set(t->job->cards.self, card, err);
}

static enum perso_result
take_record(struct taking *t, struct perso_stored_record *record, struct perso_error *err)
{
    struct perso_card card;
    bool done = false;
    enum perso_result rc;

    if (record->card_seq == 0) {
        t->counts->orphans++;
        return mark(t, record, PERSO_ANSWER_UNKNOWN, err);
    }
    if ((rc = perso_ledger_card_get(t->job->ledger, record->card_seq, &card, err)) != PERSO_OK)
        return rc;
    if (card.answer != 0 && ((rc = take_again(t, &card, record, &done, err)) != PERSO_OK || done))
        return rc;
    if (kept_by_operator(t, &card))
        return keep_for_release(t, &card, record, err);
    if (may_take(&card))
        return take(t, &card, record, err);
    return take_past(t, &card, record, err);
}

/* ---- one return ---- */

static enum perso_result
take_records(struct taking *t, struct perso_error *err)
{
    struct perso_stored_record records[64];
    int64_t after = 0;
    size_t n;
    enum perso_result rc;

    while ((rc = perso_ledger_records(t->job->ledger, t->file->id, after, 64, records, &n, err)) ==
           PERSO_OK) {
        after = records[n - 1].id;
        for (size_t i = 0; i < n; i++)
            if ((rc = take_record(t, &records[i], err)) != PERSO_OK)
                return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
accept_file(struct taking *t, struct perso_ledger_file *file, struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_COLLECT,
                                 .kind = "accept",
                                 .first_seq = t->first_seq,
                                 .last_seq = t->last_seq,
                                 .n_cards = t->counts->issued,
                                 .file_id = file->id,
                                 .from = PERSO_STATE_SUBMITTED,
                                 .to = t->issued };
    enum perso_result rc;

    memcpy(event.digest, file->sm3, sizeof event.digest);
    snprintf(event.note, sizeof event.note,
             "issued %u, refused %u, held %u, doubled %u, orphans %u", t->counts->issued,
             t->counts->refused, t->counts->held, t->counts->doubled, t->counts->orphans);
    file->status = PERSO_FILE_ACCEPTED;
    file->cards = t->counts->issued + t->counts->refused + t->counts->held;
    if ((rc = perso_ledger_file_set(t->job->ledger, file, err)) != PERSO_OK ||
        (rc = perso_job_due_set(t->job, PERSO_ORPHAN_REPORT, err)) != PERSO_OK)
        return rc;
    return t->job->cards.event(t->job->cards.self, &event, err);
}

enum perso_result
perso_collect_accept(struct perso_job *job, struct perso_ledger_file *file,
                     struct perso_collect_counts *counts, struct perso_error *err)
{
    struct taking t = { .job = job,
                        .file = file,
                        .counts = counts,
                        .issued = perso_role_stage_find(job->role, PERSO_STAGE_COLLECT)->to };
    enum perso_result rc = perso_ledger_begin(job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = take_records(&t, err)) == PERSO_OK && (rc = accept_file(&t, file, err)) == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}

/* ---- orphans ---- */

static const char *
why(char symbol)
{
    switch (symbol) {
    case PERSO_ANSWER_UNKNOWN:
        return "no such request in this job";
    case PERSO_ANSWER_PAST:
        return "card is cancelled or further on";
    case PERSO_ANSWER_SUPERSEDED:
        return "another answer stands against it";
    default:
        return NULL;
    }
}

static enum perso_result
write_orphan(struct perso_job *job, struct perso_table_writer *w,
             const struct perso_ledger_file *file, const struct perso_stored_record *record,
             struct perso_error *err)
{
    struct perso_stored_record again;
    struct perso_cells cells;
    enum perso_result rc = perso_job_cells(job, record->id, &cells, &again, err);

    if (rc != PERSO_OK ||
        (rc = perso_writer_cell(w, cells.known[PERSO_COL_request_id], err)) != PERSO_OK ||
        (rc = perso_writer_string(w, file->path, err)) != PERSO_OK ||
        (rc = perso_writer_number(w, record->record, err)) != PERSO_OK ||
        (rc = perso_writer_string(w, why(record->symbol), err)) != PERSO_OK)
        return rc;
    return perso_writer_row(w, err);
}

static enum perso_result
write_file(struct perso_job *job, struct perso_table_writer *w,
           const struct perso_ledger_file *file, struct perso_error *err)
{
    struct perso_stored_record records[64];
    int64_t after = 0;
    size_t n;
    enum perso_result rc;

    while ((rc = perso_ledger_records(job->ledger, file->id, after, 64, records, &n, err)) ==
           PERSO_OK) {
        after = records[n - 1].id;
        perso_arena_reset(job->arena);
        for (size_t i = 0; i < n; i++)
            if (why(records[i].symbol) != NULL &&
                (rc = write_orphan(job, w, file, &records[i], err)) != PERSO_OK)
                return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
write_all(struct perso_job *job, struct perso_table_writer *w, struct perso_error *err)
{
    static const char *const header[] = { "request_id", "file", "record", "why" };
    struct perso_ledger_file file;
    int64_t after = 0;
    size_t n;
    enum perso_result rc;

    for (size_t i = 0; i < 4; i++)
        if ((rc = perso_writer_string(w, header[i], err)) != PERSO_OK)
            return rc;
    if ((rc = perso_writer_row(w, err)) != PERSO_OK)
        return rc;
    while ((rc = perso_ledger_files(job->ledger, after, 1, &file, &n, err)) == PERSO_OK) {
        after = file.id;
        if (file.stage == PERSO_STAGE_COLLECT && file.status == PERSO_FILE_ACCEPTED &&
            (rc = write_file(job, w, &file, err)) != PERSO_OK)
            return rc;
    }
    return rc == PERSO_END ? perso_writer_flush(w, err) : rc;
}

static enum perso_result
write_report(struct perso_job *job, struct perso_error *err)
{
    struct perso_table_writer w;
    struct perso_durable *out = NULL;
    struct perso_sink sink;
    char folder[PERSO_PATH_BYTES];
    enum perso_result rc;

    if ((rc = perso_job_folder(job, "reports", folder, err)) != PERSO_OK ||
        (rc = perso_output_open(job, folder, "orphans.csv", &out, &sink, err)) != PERSO_OK)
        return rc;
    perso_writer_init(&w, sink, PERSO_UTF8, true);
    if ((rc = write_all(job, &w, err)) == PERSO_OK)
        return perso_durable_commit(out, NULL, NULL, err);
    perso_durable_abandon(out);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

enum perso_result
perso_collect_orphans(struct perso_job *job, struct perso_error *err)
{
    bool due = false;
    enum perso_result rc = perso_job_due(job, PERSO_ORPHAN_REPORT, &due, err);

    if (rc != PERSO_OK || !due || (rc = write_report(job, err)) != PERSO_OK)
        return rc;
    return perso_job_due_clear(job, PERSO_ORPHAN_REPORT, err);
}
