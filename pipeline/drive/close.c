#include <stdlib.h>
#include <string.h>

#include "formats/sm2/sm3.h"
#include "perso/text.h"
#include "pipeline/drive/drive.h"
#include "pipeline/file/input.h"
#include "pipeline/file/known.h"
#include "pipeline/job/balance.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/path.h"
#include "pipeline/job/rules.h"
#include "stages/close.h"
#include "stages/collect.h"

struct closing {
    struct perso_job *job;
    struct perso_input *in;
    struct perso_ledger_file file;
    const struct perso_role_stage *stage;
    uint32_t by_state[PERSO_STATE_COUNT];
    uint32_t unchanged;
    uint32_t past; /* of cards that are cancelled, or were for a test */
    struct perso_row rows[PERSO_BATCH_RECORDS];
    struct perso_cells cells[PERSO_BATCH_RECORDS];
    struct perso_origin origins[PERSO_BATCH_RECORDS];
    struct perso_card cards[PERSO_BATCH_RECORDS];
    struct perso_expected expected[PERSO_BATCH_RECORDS];
    const struct perso_expected *expected_of[PERSO_BATCH_RECORDS];
    struct perso_outcome outcomes[PERSO_BATCH_RECORDS];
    struct perso_verdict verdicts[PERSO_BATCH_RECORDS];
};

/* How a stored result names its state (perso_stored_record.symbol). */
static const struct {
    char symbol;
    enum perso_state state;
} marks[] = {
    { 'W', PERSO_STATE_WRITTEN }, { 'D', PERSO_STATE_DEFERRED }, { 'R', PERSO_STATE_RETRY },
    { 'S', PERSO_STATE_SPOILED }, { 'M', PERSO_STATE_MISSING },  { 'T', PERSO_STATE_TEST },
};

static char
mark_of(enum perso_state state)
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

/* ---- reading ---- */

static enum perso_result
expect(struct closing *s, size_t i, struct perso_error *err)
{
    struct perso_stored_record record;
    struct perso_cells cells;
    struct perso_answer answer;
    const struct perso_origin origin = { "", 0, 0 };
    struct perso_expected *e = &s->expected[i];
    enum perso_result rc;

    if ((rc = perso_job_cells(s->job, s->cards[i].answer, &cells, &record, err)) != PERSO_OK ||
        (rc = perso_answer_parse(&cells, &origin, s->job->arena, &answer, err)) != PERSO_OK)
        return rc;
    *e = (struct perso_expected) { .certificates = s->job->mode->certificates_with_card };
    memcpy(e->public_key, s->cards[i].public_key, sizeof e->public_key);
    if (!perso_sm3_of(answer.signing_certificate.at, perso_left(&answer.signing_certificate),
                      e->signing_sm3) ||
        !perso_sm3_of(answer.encryption_certificate.at, perso_left(&answer.encryption_certificate),
                      e->encryption_sm3))
        return perso_error_openssl(err, "SM3");
    s->expected_of[i] = e;
    return PERSO_OK;
}

/* A result for a card that never went to a machine is a wrong file, not a wrong card. */
static enum perso_result
find_card(struct closing *s, size_t i, struct perso_error *err)
{
    char card_id[PERSO_CARD_ID_CHARS + 1];
    enum perso_result rc = PERSO_END;

    s->origins[i] = s->rows[i].origin;
    if (perso_result_card_id(&s->cells[i], card_id))
        rc = perso_ledger_card_find(s->job->ledger, card_id, &s->cards[i], err);
    if (rc == PERSO_OK && s->cards[i].answer != 0 &&
        (s->cards[i].machine != 0 || s->cards[i].result != 0))
        return expect(s, i, err);
    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    perso_error_at(err, s->in->display, s->origins[i].line, s->origins[i].record);
    return perso_error_set(err, PERSO_REJ_FILE_OTHER_JOB, "AAZ501",
                           "result for a card that this job has not at the machine");
}

static enum perso_result
put_result(struct closing *s, size_t i, struct perso_error *err)
{
    struct perso_stored_record record = { .file_id = s->file.id,
                                          .line = s->origins[i].line,
                                          .record = s->origins[i].record,
                                          .card_seq = s->cards[i].seq,
                                          .verdict = s->verdicts[i],
                                          .symbol = mark_of(s->outcomes[i].state) };
    struct perso_cursor payload;
    enum perso_result rc = perso_row_payload_write(&s->cells[i], s->job->arena, &payload, err);

    return rc != PERSO_OK ? rc : s->job->cards.put(s->job->cards.self, &record, payload, err);
}

static enum perso_result
take_batch(struct closing *s, size_t n, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = find_card(s, i, err);
    if (rc != PERSO_OK ||
        (rc = perso_stage_close(s->cells, s->origins, s->expected_of, n, s->outcomes, s->verdicts,
                                err)) != PERSO_OK ||
        (rc = perso_ledger_begin(s->job->ledger, err)) != PERSO_OK)
        return rc;
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = put_result(s, i, err);
    if (rc == PERSO_OK)
        return perso_ledger_commit(s->job->ledger, err);
    perso_ledger_rollback(s->job->ledger);
    return rc;
}

static enum perso_result
read_tables(struct closing *s, struct perso_error *err)
{
    size_t n = 0;
    enum perso_result rc;

    while ((rc = perso_input_next(s->in, perso_required_result, err)) == PERSO_OK) {
        do {
            perso_arena_reset(s->job->arena);
            rc = perso_input_rows(s->in, s->job->arena, s->rows, s->cells, PERSO_BATCH_RECORDS, &n,
                                  err);
            if (rc == PERSO_OK)
                rc = take_batch(s, n, err);
        } while (rc == PERSO_OK);
        if (rc != PERSO_END)
            return rc;
    }
    return rc == PERSO_END ? perso_input_finish(s->in, UINT32_MAX, err) : rc;
}

/* ---- acceptance ---- */

static bool
may_take(const struct closing *s, const struct perso_card *card)
{
    return card->machine != 0 &&
           (card->state == s->stage->from || card->state == PERSO_STATE_MISSING ||
            (card->state == PERSO_STATE_HELD && card->reject_stage == PERSO_STAGE_CLOSE));
}

static enum perso_result
take_result(struct closing *s, struct perso_card *card, const struct perso_stored_record *record,
            struct perso_error *err)
{
    enum perso_state to = state_of(record->symbol);

    card->result = record->id;
    if (record->verdict.reject == PERSO_REJ_CARD_SPOILED) {
        s->by_state[PERSO_STATE_SPOILED]++;
        return perso_job_hold(s->job, card, PERSO_STATE_SPOILED, PERSO_STAGE_CLOSE,
                              &record->verdict, record->id, err);
    }
    if (record->verdict.reject != PERSO_REJ_NONE) {
        s->by_state[PERSO_STATE_HELD]++;
        return perso_job_hold(s->job, card, PERSO_STATE_HELD, PERSO_STAGE_CLOSE, &record->verdict,
                              record->id, err);
    }
    s->by_state[to]++;
    perso_job_clear(card, to);
    if (to == PERSO_STATE_RETRY)
        card->machine = 0; /* it goes into the next machine file */
    return s->job->cards.set(s->job->cards.self, card, err);
}

/* The operator holds the card: what the machine made of it is kept for its release. */
static enum perso_result
keep_result(struct closing *s, struct perso_card *card, const struct perso_stored_record *record,
            struct perso_error *err)
{
    if (record->verdict.reject != PERSO_REJ_NONE)
        return take_result(s, card, record, err);
    card->result = record->id;
    card->from_state = state_of(record->symbol);
    if (card->from_state == PERSO_STATE_RETRY)
        card->machine = 0;
    s->by_state[PERSO_STATE_HELD]++;
    return s->job->cards.set(s->job->cards.self, card, err);
}

/* A card that is fed again may come back with the same words: in the result of its new file. */
static enum perso_result
is_repetition(struct closing *s, const struct perso_card *card,
              const struct perso_stored_record *record, bool *ret, struct perso_error *err)
{
    struct perso_stored_record before;
    struct perso_ledger_file machine;
    enum perso_result rc;

    *ret = false;
    if (card->result == 0)
        return PERSO_OK;
    if ((rc = s->job->cards.get(s->job->cards.self, card->result, &before, NULL, NULL, err)) !=
        PERSO_OK)
        return rc;
    *ret = memcmp(before.sm3, record->sm3, sizeof before.sm3) == 0;
    if (!*ret || card->state != s->stage->from || card->machine == 0)
        return PERSO_OK;
    if ((rc = perso_ledger_file_get(s->job->ledger, card->machine, &machine, err)) != PERSO_OK)
        return rc;
    const char *name = perso_path_name(machine.path);
    size_t stem = strlen(name) - strlen(".csv");
    *ret = strncmp(perso_path_name(s->in->display), name, stem) != 0;
    return PERSO_OK;
}

static enum perso_result
take_record(struct closing *s, const struct perso_stored_record *record, struct perso_error *err)
{
    const struct perso_verdict conflict = { PERSO_REJ_RESULT_CONFLICT, PERSO_COL_result, "" };
    bool repeated = false;
    struct perso_card card;
    enum perso_result rc = perso_ledger_card_get(s->job->ledger, record->card_seq, &card, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = is_repetition(s, &card, record, &repeated, err)) != PERSO_OK)
        return rc;
    if (repeated) {
        s->unchanged++;
        return PERSO_OK;
    }
    if (card.state == PERSO_STATE_HELD && card.reject_stage == PERSO_STAGE_NONE &&
        card.from_state == s->stage->from && card.machine != 0)
        return keep_result(s, &card, record, err);
    if (may_take(s, &card))
        return take_result(s, &card, record, err);
    if (card.state != PERSO_STATE_HELD && !perso_state_may_move(card.state, PERSO_STATE_HELD)) {
        s->past++;
        perso_warn("%s:%u: AAZ501: result for card %s, which is %s: no effect", s->in->display,
                   record->line, card.card_id, _(perso_state_name(card.state)));
        return PERSO_OK;
    }
    s->by_state[PERSO_STATE_HELD]++;
    return perso_job_hold(s->job, &card, PERSO_STATE_HELD, PERSO_STAGE_CLOSE, &conflict, record->id,
                          err);
}

static enum perso_result
take_records(struct closing *s, struct perso_error *err)
{
    struct perso_stored_record records[64];
    int64_t after = 0;
    size_t n;
    enum perso_result rc;

    while ((rc = perso_ledger_records(s->job->ledger, s->file.id, after, 64, records, &n, err)) ==
           PERSO_OK) {
        after = records[n - 1].id;
        for (size_t i = 0; i < n; i++)
            if ((rc = take_record(s, &records[i], err)) != PERSO_OK)
                return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
accept_file(struct closing *s, struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_CLOSE,
                                 .kind = "accept",
                                 .file_id = s->file.id };
    enum perso_result rc;

    memcpy(event.digest, s->file.sm3, sizeof event.digest);
    snprintf(
        event.note, sizeof event.note,
        "written %u, retry %u, spoiled %u, missing %u, test %u, held %u, unchanged %u, past %u",
        s->by_state[PERSO_STATE_WRITTEN], s->by_state[PERSO_STATE_RETRY],
        s->by_state[PERSO_STATE_SPOILED], s->by_state[PERSO_STATE_MISSING],
        s->by_state[PERSO_STATE_TEST], s->by_state[PERSO_STATE_HELD], s->unchanged, s->past);
    event.n_cards = s->in->rows;
    s->file.status = PERSO_FILE_ACCEPTED;
    s->file.rows = s->in->rows;
    snprintf(s->file.encoding, sizeof s->file.encoding, "%s", s->in->charset);
    if ((rc = perso_ledger_file_set(s->job->ledger, &s->file, err)) != PERSO_OK)
        return rc;
    return s->job->cards.event(s->job->cards.self, &event, err);
}

static enum perso_result
accept_results(struct closing *s, struct perso_error *err)
{
    enum perso_result rc = perso_ledger_begin(s->job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = take_records(s, err)) == PERSO_OK && (rc = accept_file(s, err)) == PERSO_OK)
        return perso_ledger_commit(s->job->ledger, err);
    perso_ledger_rollback(s->job->ledger);
    return rc;
}

/* ---- one file ---- */

static void
tell(const struct closing *s)
{
    static const enum perso_state states[] = { PERSO_STATE_WRITTEN, PERSO_STATE_RETRY,
                                               PERSO_STATE_SPOILED, PERSO_STATE_MISSING,
                                               PERSO_STATE_TEST,    PERSO_STATE_HELD };
    struct perso_say *say = &s->job->say;

    perso_say_begin(say, "close");
    perso_say_text(say, "file", s->in->display);
    perso_say_number(say, "rows", s->in->rows);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        perso_say_number(say, perso_state_name(states[i]), s->by_state[states[i]]);
    perso_say_number(say, "unchanged", s->unchanged);
    perso_say_end(say);
}

static enum perso_result
read_file(struct closing *s, struct perso_error *err)
{
    struct perso_error why = { 0 };
    enum perso_result rc =
        perso_file_known(s->job, PERSO_STAGE_CLOSE, s->in->sm3, s->in->display, err);

    s->file = (struct perso_ledger_file) { .stage = PERSO_STAGE_CLOSE, .kind = "result" };
    if (rc == PERSO_OK && (rc = perso_file_begin(s->job, &s->file, s->in->display, s->in->bytes,
                                                 s->in->sm3, err)) == PERSO_OK)
        rc = perso_file_claim(s->job, &s->file, err);
    if (rc != PERSO_OK)
        return rc == PERSO_END ? PERSO_OK : rc;
    rc = read_tables(s, &why);
    if (rc == PERSO_REJECT)
        return perso_file_refuse(s->job, &s->file, &why, err);
    if (rc != PERSO_OK) {
        *err = why;
        return rc;
    }
    if ((rc = accept_results(s, err)) == PERSO_OK)
        tell(s);
    return rc;
}

enum perso_result
perso_drive_close(struct perso_job *job, const char *path, struct perso_error *err)
{
    struct perso_input *in = calloc(1, sizeof *in);
    struct closing *s = calloc(1, sizeof *s);
    struct perso_error why = { 0 };
    enum perso_result rc;

    if (in == NULL || s == NULL) {
        free(in);
        free(s);
        return perso_error_errno(err, "memory");
    }
    s->job = job;
    s->in = in;
    s->stage = perso_role_stage_find(job->role, PERSO_STAGE_CLOSE);
    rc = perso_input_open(job, path, &job->profile.result, "", in, &why);
    if (rc == PERSO_REJECT) {
        rc = perso_file_refuse_unread(job, PERSO_STAGE_CLOSE, in->display, &why, err);
    } else if (rc == PERSO_OK) {
        in->sparse = true; /* nothing is read back of a card that was not written */
        rc = read_file(s, err);
    } else {
        *err = why;
    }
    perso_input_close(in);
    free(in);
    free(s);
    return rc;
}
