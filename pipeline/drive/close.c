/* Results of the machine, or of a finisher in its RES: read, judged, stored (DESIGN 3 close). */
#include <stdlib.h>
#include <string.h>

#include "formats/sm2/sm3.h"
#include "pipeline/drive/close_accept.h"
#include "pipeline/drive/drive.h"
#include "pipeline/drive/finish.h"
#include "pipeline/file/incoming.h"
#include "pipeline/file/input.h"
#include "pipeline/file/known.h"
#include "pipeline/file/opening.h"
#include "pipeline/job/balance.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/path.h"
#include "pipeline/job/rules.h"
#include "stages/close.h"
#include "stages/collect.h"

struct closing {
    struct perso_job *job;
    const char *display;
    bool from_finisher; /* package: a RES; else input: a table of the machine */
    struct perso_incoming package;
    struct perso_input input;
    struct perso_ledger_file file;
    char note[160]; /* the finisher's balance */
    struct perso_awaiting awaiting;
    struct perso_row rows[PERSO_BATCH_RECORDS];
    struct perso_cells cells[PERSO_BATCH_RECORDS];
    struct perso_origin origins[PERSO_BATCH_RECORDS];
    struct perso_card cards[PERSO_BATCH_RECORDS];
    struct perso_expected expected[PERSO_BATCH_RECORDS];
    const struct perso_expected *expected_of[PERSO_BATCH_RECORDS];
    struct perso_outcome outcomes[PERSO_BATCH_RECORDS];
    struct perso_verdict verdicts[PERSO_BATCH_RECORDS];
};

/* ---- rows ---- */

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

/* A result for a card that never went to a machine, or to a finisher, is a wrong file, not a wrong
 * card. */
static enum perso_result
find_card(struct closing *s, size_t i, struct perso_error *err)
{
    char card_id[PERSO_CARD_ID_CHARS + 1];
    bool awaited = false;
    enum perso_result rc = PERSO_END;

    s->origins[i] = s->rows[i].origin;
    if (perso_result_card_id(&s->cells[i], card_id))
        rc = perso_ledger_card_find(s->job->ledger, card_id, &s->cards[i], err);
    if (rc == PERSO_OK)
        rc = perso_awaits(&s->awaiting, &s->cards[i], &awaited, err);
    if (rc == PERSO_OK && s->cards[i].answer != 0 && (awaited || s->cards[i].result != 0))
        return expect(s, i, err);
    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    perso_error_at(err, s->display, s->origins[i].line, s->origins[i].record);
    if (s->from_finisher)
        return perso_error_set(err, PERSO_REJ_FILE_OTHER_JOB, "AAZ501",
                               "result for a card that this job did not forward");
    return perso_error_set(err, PERSO_REJ_FILE_OTHER_JOB, "AAZ501",
                           "result for a card that this job has not at the machine");
}

/* What is to be tried again the finisher tries again; it tells how that ended. */
static enum perso_result
check_final(struct closing *s, size_t n, struct perso_error *err)
{
    for (size_t i = 0; s->from_finisher && i < n; i++) {
        if (s->outcomes[i].state != PERSO_STATE_RETRY)
            continue;
        perso_error_at(err, s->display, s->origins[i].line, s->origins[i].record);
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "result",
                               "retry in a RES: it is the finisher's to try again");
    }
    return PERSO_OK;
}

static enum perso_result
put_result(struct closing *s, size_t i, struct perso_error *err)
{
    struct perso_stored_record record = { .file_id = s->file.id,
                                          .line = s->origins[i].line,
                                          .record = s->origins[i].record,
                                          .card_seq = s->cards[i].seq,
                                          .verdict = s->verdicts[i],
                                          .symbol = perso_result_mark(s->outcomes[i].state) };
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
        (rc = check_final(s, n, err)) != PERSO_OK ||
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
next_rows(struct closing *s, size_t *n, struct perso_error *err)
{
    perso_arena_reset(s->job->arena);
    return s->from_finisher ? perso_incoming_rows(&s->package, s->job->arena, s->rows, s->cells,
                                                  PERSO_BATCH_RECORDS, n, err)
                            : perso_input_rows(&s->input, s->job->arena, s->rows, s->cells,
                                               PERSO_BATCH_RECORDS, n, err);
}

static enum perso_result
read_table(struct closing *s, struct perso_error *err)
{
    size_t n = 0;
    enum perso_result rc;

    while ((rc = next_rows(s, &n, err)) == PERSO_OK)
        if ((rc = take_batch(s, n, err)) != PERSO_OK)
            return rc;
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
read_tables(struct closing *s, struct perso_error *err)
{
    enum perso_result rc;

    while ((rc = perso_input_next(&s->input, perso_required_result, err)) == PERSO_OK)
        if ((rc = read_table(s, err)) != PERSO_OK)
            return rc;
    if (rc == PERSO_END)
        rc = perso_input_finish(&s->input, UINT32_MAX, err);
    s->file.rows = s->input.rows;
    snprintf(s->file.encoding, sizeof s->file.encoding, "%s", s->input.charset);
    return rc;
}

/* ---- balance of a finisher ---- */

static const struct perso_text *
find_cell(const struct perso_cells *cells, const char *name)
{
    for (size_t i = 0; i < cells->n_other; i++)
        if (cells->other[i].name.bytes == strlen(name) &&
            memcmp(cells->other[i].name.at, name, strlen(name)) == 0)
            return &cells->other[i].value;
    return NULL;
}

static bool
is_line(const struct perso_text *line)
{
    if (line->bytes == 2 && memcmp(line->at, "in", 2) == 0)
        return true;
    for (int i = 0; i < PERSO_BALANCE_COUNT; i++) {
        const char *name = perso_balance_name((enum perso_balance_line)i);
        if (line->bytes == strlen(name) && memcmp(line->at, name, line->bytes) == 0)
            return true;
    }
    return false;
}

static bool
is_number(const struct perso_text *cards)
{
    for (uint32_t i = 0; i < cards->bytes; i++)
        if (cards->at[i] < '0' || cards->at[i] > '9')
            return false;
    return cards->bytes > 0 && cards->bytes <= 9;
}

/* Kept for the audit; what counts are the results of the cards. */
static enum perso_result
note_line(struct closing *s, size_t i, struct perso_error *err)
{
    const struct perso_text *line = find_cell(&s->cells[i], "line");
    const struct perso_text *cards = find_cell(&s->cells[i], "cards");
    size_t have = strlen(s->note);

    if (line == NULL || cards == NULL || !is_line(line) || !is_number(cards)) {
        perso_error_at(err, s->display, s->rows[i].origin.line, s->rows[i].origin.record);
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "balance.csv",
                               "not a line of a balance");
    }
    if (cards->bytes > 1 || cards->at[0] != '0')
        snprintf(s->note + have, sizeof s->note - have, "%s%.*s %.*s",
                 have == 0 ? "balance " : ", ", (int)line->bytes, line->at, (int)cards->bytes,
                 cards->at);
    return PERSO_OK;
}

static enum perso_result
read_balance(struct closing *s, struct perso_error *err)
{
    size_t n = 0;
    enum perso_result rc = perso_incoming_table(&s->package, "balance.csv", NULL, err);

    while (rc == PERSO_OK && (rc = next_rows(s, &n, err)) == PERSO_OK)
        for (size_t i = 0; rc == PERSO_OK && i < n; i++)
            rc = note_line(s, i, err);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
read_members(struct closing *s, struct perso_error *err)
{
    enum perso_result rc =
        perso_incoming_table(&s->package, "result.csv", perso_required_result, err);

    if (rc != PERSO_OK || (rc = read_table(s, err)) != PERSO_OK)
        return rc;
    s->file.rows = s->file.cards = s->package.member->rows;
    return read_balance(s, err);
}

/* ---- one file ---- */

static void
tell(const struct closing *s, const struct perso_close_counts *counts)
{
    static const enum perso_state states[] = { PERSO_STATE_WRITTEN, PERSO_STATE_DEFERRED,
                                               PERSO_STATE_RETRY,   PERSO_STATE_SPOILED,
                                               PERSO_STATE_MISSING, PERSO_STATE_TEST,
                                               PERSO_STATE_HELD };
    struct perso_say *say = &s->job->say;

    perso_say_begin(say, "close");
    perso_say_text(say, "file", s->display);
    perso_say_number(say, "rows", s->file.rows);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        perso_say_number(say, perso_state_name(states[i]), counts->by_state[states[i]]);
    perso_say_number(say, "unchanged", counts->unchanged);
    perso_say_end(say);
}

/* PERSO_END: known, or another job's. */
static enum perso_result
begin(struct closing *s, struct perso_error *err)
{
    const uint8_t *sm3 = s->from_finisher ? s->package.sm3 : s->input.sm3;
    uint64_t bytes = s->from_finisher ? s->package.bytes : s->input.bytes;
    enum perso_result rc;

    if (s->from_finisher) {
        perso_incoming_file(&s->package, &s->file);
    } else {
        s->file = (struct perso_ledger_file) { .stage = PERSO_STAGE_CLOSE, .kind = "result" };
        if ((rc = perso_file_known(s->job, PERSO_STAGE_CLOSE, sm3, s->display, err)) != PERSO_OK)
            return rc;
    }
    return perso_opening_begin(s->job, &s->file, s->display, bytes, sm3, err);
}

static enum perso_result
read_file(struct closing *s, struct perso_error *err)
{
    struct perso_close_counts counts = { 0 };
    struct perso_error why = { 0 };
    enum perso_result rc = begin(s, err);

    if (rc != PERSO_OK)
        return rc;
    rc = s->from_finisher ? read_members(s, &why) : read_tables(s, &why);
    if ((rc = perso_opening_outcome(s->job, &s->file, rc, &why, err)) != PERSO_OK)
        return rc;
    if ((rc = perso_close_accept(s->job, &s->file, s->note, &counts, err)) == PERSO_OK)
        tell(s, &counts);
    return rc;
}

static enum perso_result
open_table(struct closing *s, const char *path, struct perso_error *err)
{
    struct perso_error why = { 0 };
    enum perso_result rc = perso_opening_input(s->job, PERSO_STAGE_CLOSE, path,
                                               &s->job->profile.result, "", &s->input, err);

    s->display = s->input.display;
    if (rc != PERSO_OK)
        return rc;
    s->input.sparse = true; /* nothing is read back of a card that was not written */
    if (s->job->role->finishes)
        return PERSO_OK;
    perso_error_at(&why, s->display, 0, 0);
    perso_error_set(&why, PERSO_REJ_FILE_FORMAT, "",
                    "results of a machine are for whoever finishes the cards: role %s reads the "
                    "finisher's RES",
                    s->job->role->name);
    rc = perso_file_refuse_unread(s->job, PERSO_STAGE_CLOSE, s->display, &why, err);
    return rc == PERSO_OK ? PERSO_END : rc;
}

/* PERSO_END: refused, known or not whole yet, said aloud. */
static enum perso_result
open_file(struct closing *s, const char *path, struct perso_error *err)
{
    struct perso_error ignored = { 0 };
    char kind[4] = "";
    enum perso_result rc = perso_incoming_kind(path, kind, &ignored);

    if (rc == PERSO_FATAL) {
        *err = ignored;
        return rc;
    }
    s->from_finisher = rc == PERSO_OK || (!s->job->role->finishes && perso_ends_with(path, ".zip"));
    if (!s->from_finisher)
        return open_table(s, path, err);
    s->display = s->package.display;
    return perso_opening_package(s->job, PERSO_STAGE_CLOSE, path, &s->package, err);
}

enum perso_result
perso_drive_close(struct perso_job *job, const char *path, struct perso_error *err)
{
    struct closing *s = calloc(1, sizeof *s);
    enum perso_result rc;

    if (s == NULL)
        return perso_error_errno(err, "memory");
    s->job = job;
    s->awaiting.job = job;
    if ((rc = open_file(s, path, err)) == PERSO_OK)
        rc = read_file(s, err);
    perso_incoming_close(&s->package);
    perso_input_close(&s->input);
    free(s);
    return rc == PERSO_END ? PERSO_OK : rc;
}
