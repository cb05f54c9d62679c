#include <stdlib.h>
#include <string.h>

#include "formats/sm2/sm3.h"
#include "pipeline/drive/drive.h"
#include "pipeline/drive/ingest_accept.h"
#include "pipeline/drive/ingest_boxes.h"
#include "pipeline/drive/ingest_remake.h"
#include "pipeline/drive/ingest_request.h"
#include "pipeline/drive/ingest_source.h"
#include "pipeline/file/acknowledge.h"
#include "pipeline/file/opening.h"

struct ingesting {
    struct perso_job *job;
    struct perso_ingest_source *in;
    struct perso_ledger_file file;
    struct perso_ingest_rules rules;
    struct perso_ingest_counts counts;
    struct perso_odd_counts odd;
    bool first_of_job; /* no card is there yet: nothing to look up */
    /* one batch */
    struct perso_cells cells[PERSO_BATCH_RECORDS];
    struct perso_origin origins[PERSO_BATCH_RECORDS];
    struct perso_application applications[PERSO_BATCH_RECORDS];
    struct perso_verdict verdicts[PERSO_BATCH_RECORDS];
    bool has_key[PERSO_BATCH_RECORDS];
};

static void
fill_card(const struct ingesting *s, size_t i, struct perso_card *card)
{
    const struct perso_application *a = &s->applications[i];

    *card = (struct perso_card) {
        .file_id = s->file.id,
        .has_key = s->has_key[i],
        .has_request = s->verdicts[i].reject == PERSO_REJ_NONE,
        .state = PERSO_STATE_RECEIVED,
    };
    memcpy(card->card_id, a->card_id, sizeof card->card_id);
    memcpy(card->public_key, a->public_key, sizeof card->public_key);
    memcpy(card->request_id, a->request_id, sizeof card->request_id);
    if (s->verdicts[i].reject == PERSO_REJ_NONE)
        return;
    card->state = PERSO_STATE_HELD;
    card->from_state = PERSO_STATE_RECEIVED;
    card->reject_stage = PERSO_STAGE_INGEST;
    card->verdict = s->verdicts[i];
}

/* Of a row that passed the note says what is unusual about its request. */
static struct perso_stored_record
record_of(const struct ingesting *s, size_t i)
{
    struct perso_stored_record record = { .file_id = s->file.id,
                                          .line = s->origins[i].line,
                                          .record = s->origins[i].record,
                                          .verdict = s->verdicts[i] };

    if (s->verdicts[i].reject == PERSO_REJ_NONE)
        perso_ingest_odd_words(s->applications[i].odd, record.verdict.note);
    return record;
}

static enum perso_result
store_new(struct ingesting *s, size_t i, struct perso_cursor payload, struct perso_error *err)
{
    struct perso_stored_record record = record_of(s, i);
    struct perso_card card;
    enum perso_result rc = s->job->cards.put(s->job->cards.self, &record, payload, err);

    if (rc != PERSO_OK)
        return rc;
    fill_card(s, i, &card);
    card.application = record.id;
    if (card.state == PERSO_STATE_HELD)
        card.verdict_record = record.id;
    return perso_ledger_card_add(s->job->ledger, &card, err);
}

/*
 * A row supersedes a held or refused one only while the card asks for it: not one that the operator
 * holds, not one whose request is out without an answer, never one that was at the machine. A card
 * that was given back to the vendor waits for nothing else.
 */
static bool
may_correct(const struct perso_card *card)
{
    bool out =
        card->from_state == PERSO_STATE_SUBMITTED || card->from_state == PERSO_STATE_FORWARDED;
    bool waits = card->from_state == PERSO_STATE_BUNDLED || (out && card->answer == 0);

    if (card->state == PERSO_STATE_RETURNED || card->state == PERSO_STATE_REFUSED)
        return true;
    return card->state == PERSO_STATE_HELD && card->machine == 0 && card->result == 0 && !waits &&
           card->verdict.reject != PERSO_REJ_OPERATOR_HELD;
}

/* At a finisher: the department has made certificates for the card as it is, and waits for its
 * result. Another application would be refused there, and nobody would tell the result. */
static bool
has_forwarded_answer(const struct ingesting *s, const struct perso_card *card)
{
    struct perso_stored_record record;
    struct perso_ledger_file file;
    struct perso_error ignored = { 0 };

    return card->answer != 0 &&
           s->job->cards.get(s->job->cards.self, card->answer, &record, NULL, NULL, &ignored) ==
               PERSO_OK &&
           record.verdict.reject != PERSO_REJ_TAKEN_BACK &&
           perso_ledger_file_get(s->job->ledger, record.file_id, &file, &ignored) == PERSO_OK &&
           strcmp(file.kind, "FWD") == 0;
}

/* CONTRACTS 2: the same card again is a no-op where it is identical; different, it supersedes a
 * held row, else it is held itself. What comes again for a card that was given back asks for it
 * again, as it is. */
static enum perso_result
store_again(struct ingesting *s, size_t i, const struct perso_card *known,
            struct perso_cursor payload, struct perso_error *err)
{
    struct perso_stored_record record;
    uint8_t sm3[PERSO_SM3_BYTES];
    enum perso_result rc;

    if ((rc = s->job->cards.get(s->job->cards.self, known->application, &record, NULL, NULL,
                                err)) != PERSO_OK)
        return rc;
    if (!perso_sm3_of(payload.at, perso_left(&payload), sm3))
        return perso_error_openssl(err, "SM3");
    if (memcmp(sm3, record.sm3, sizeof sm3) == 0 && known->state != PERSO_STATE_RETURNED) {
        s->counts.unchanged++;
        return PERSO_OK;
    }
    if (!may_correct(known) || has_forwarded_answer(s, known)) {
        if (s->verdicts[i].reject == PERSO_REJ_NONE ||
            s->verdicts[i].reject > PERSO_REJ_ROW_CONFLICT)
            s->verdicts[i] =
                (struct perso_verdict) { PERSO_REJ_ROW_CONFLICT, PERSO_COL_AAZ501, "" };
        return store_new(s, i, payload, err);
    }
    s->counts.corrected++;
    record = record_of(s, i);
    record.card_seq = known->seq;
    return s->job->cards.put(s->job->cards.self, &record, payload, err);
}

static enum perso_result
store_row(struct ingesting *s, size_t i, struct perso_error *err)
{
    struct perso_cursor payload;
    struct perso_card known;
    enum perso_result rc = perso_row_payload_write(&s->cells[i], s->job->arena, &payload, err);

    if (rc != PERSO_OK)
        return rc;
    if (s->first_of_job || s->applications[i].card_id[0] == '\0')
        return store_new(s, i, payload, err);
    rc = perso_ledger_card_find(s->job->ledger, s->applications[i].card_id, &known, err);
    if (rc == PERSO_OK && known.state != PERSO_STATE_CANCELLED)
        return store_again(s, i, &known, payload, err);
    return rc == PERSO_OK || rc == PERSO_END ? store_new(s, i, payload, err) : rc;
}

/* As every later stage and the next party read it. */
static enum perso_result
keep_requests(struct ingesting *s, size_t n, struct perso_error *err)
{
    bool changed = false;
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        if (s->verdicts[i].reject != PERSO_REJ_NONE ||
            (s->rules.form != PERSO_FORM_SIG && s->applications[i].odd == 0))
            continue;
        perso_ingest_odd_add(&s->odd, s->applications[i].odd);
        rc = perso_ingest_keep_request(s->job->arena, &s->applications[i], &s->cells[i], &changed,
                                       err);
    }
    return rc;
}

static enum perso_result
store_batch(struct ingesting *s, size_t n, struct perso_error *err)
{
    enum perso_result rc = perso_ledger_begin(s->job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = store_row(s, i, err);
    if (rc == PERSO_OK)
        return perso_ledger_commit(s->job->ledger, err);
    perso_ledger_rollback(s->job->ledger);
    return rc;
}

static enum perso_result
read_batch(struct ingesting *s, struct perso_error *err)
{
    uint32_t warned = 0;
    size_t n = 0;
    enum perso_result rc;

    perso_arena_reset(s->job->arena);
    if ((rc = s->in->read(s->in->self, s->job->arena, s->cells, s->origins, &n, err)) != PERSO_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        if (!s->rules.requested) /* a request is made here, or comes with a FWD */
            s->cells[i].known[PERSO_COL_request_id] = (struct perso_text) { "", 0 };
        s->counts.replacing += s->cells[i].known[PERSO_COL_replaces].bytes > 0;
    }
    if ((rc = perso_stage_ingest(&s->rules, s->cells, s->origins, n, NULL, s->job->arena,
                                 s->applications, s->has_key, s->verdicts, &warned, err)) !=
        PERSO_OK)
        return rc;
    s->counts.warned += warned;
    rc = keep_requests(s, n, err);
    return rc == PERSO_OK ? store_batch(s, n, err) : rc;
}

static enum perso_result
begin_file(struct ingesting *s, struct perso_error *err)
{
    uint32_t counts[PERSO_STATE_COUNT];
    enum perso_result rc = perso_ledger_counts(s->job->ledger, counts, err);

    if (rc != PERSO_OK)
        return rc;
    s->first_of_job = true;
    for (int i = 1; i < PERSO_STATE_COUNT; i++)
        s->first_of_job = s->first_of_job && counts[i] == 0;
    s->file = s->in->file;
    return perso_opening_begin(s->job, &s->file, s->in->display, s->in->bytes, s->in->sm3, err);
}

static void
tell(const struct ingesting *s)
{
    struct perso_say *say = &s->job->say;

    perso_say_begin(say, "ingest");
    perso_say_text(say, "file", s->in->display);
    perso_say_number(say, "rows", s->file.rows);
    perso_say_number(say, "received", s->counts.received);
    perso_say_number(say, "held", s->counts.held);
    if (s->counts.unchanged + s->counts.corrected > 0) {
        perso_say_number(say, "unchanged", s->counts.unchanged);
        perso_say_number(say, "corrections", s->counts.corrected);
    }
    perso_say_end(say);
    if (s->counts.warned > 0)
        perso_warn("%s: AAZ500: check character of %u card numbers does not match [%s]",
                   s->in->display, s->counts.warned, perso_reject_code(PERSO_REJ_CARD_NO_CHECK));
    perso_ingest_odd_tell(&s->odd, s->in->display);
}

static enum perso_result
read_file(struct ingesting *s, struct perso_error *err)
{
    struct perso_error why = { 0 };
    enum perso_result rc = begin_file(s, err);

    if (rc != PERSO_OK)
        return rc;
    while ((rc = read_batch(s, &why)) == PERSO_OK)
        ;
    if (rc != PERSO_END)
        return perso_opening_outcome(s->job, &s->file, rc, &why, err);
    s->in->finish(s->in->self, &s->file);
    if ((rc = perso_ingest_accept(s->job, &s->file, &s->counts, err)) == PERSO_OK)
        tell(s);
    return rc;
}

static enum perso_result
ingest_applications(struct perso_job *job, const char *path, const char *kind,
                    const struct perso_file_options *options, struct perso_error *err)
{
    struct perso_ingest_source in;
    struct ingesting *s = calloc(1, sizeof *s);
    enum perso_result rc;

    if (s == NULL)
        return perso_error_errno(err, "memory");
    s->job = job;
    s->in = &in;
    if ((rc = perso_ingest_rules_of(job, &s->rules, err)) != PERSO_OK)
        goto out;
    if ((rc = perso_ingest_source_open(job, path, kind, options, &in, err)) == PERSO_OK)
        rc = read_file(s, err);
    if (rc == PERSO_OK || rc == PERSO_END)
        rc = perso_ingest_count_boxes(job, in.sm3, in.display, options, err);
    perso_ingest_source_close(&in);
out:
    free(s);
    return rc;
}

enum perso_result
perso_drive_ingested(struct perso_job *job, struct perso_error *err)
{
    return perso_acknowledge_all(job, PERSO_STAGE_INGEST, err);
}

enum perso_result
perso_drive_ingest(struct perso_job *job, const char *path,
                   const struct perso_file_options *options, struct perso_error *err)
{
    struct perso_error unreadable = { 0 };
    char kind[4] = "";
    enum perso_result rc = perso_incoming_kind(path, kind, &unreadable);

    if (rc == PERSO_FATAL) {
        *err = unreadable;
        return rc;
    }
    rc = strcmp(kind, "RMK") == 0 && perso_job_reads(job, PERSO_STAGE_INGEST, kind) != NULL
             ? perso_ingest_remakes(job, path, err)
             : ingest_applications(job, path, kind, options, err);
    return rc == PERSO_OK ? perso_drive_ingested(job, err) : rc;
}
