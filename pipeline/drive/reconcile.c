#include <stdlib.h>
#include <string.h>

#include "formats/identity/card.h"
#include "formats/identity/name.h"
#include "formats/sm2/sm3.h"
#include "pipeline/drive/card_index.h"
#include "pipeline/drive/drive.h"
#include "pipeline/drive/reconcile_accept.h"
#include "pipeline/file/known.h"
#include "pipeline/file/opening.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/rules.h"
#include "stages/application.h"
#include "stages/reconcile.h"

/* Rows whose card is found, side by side with their cards. */
struct found {
    size_t row[PERSO_BATCH_RECORDS];
    struct perso_card cards[PERSO_BATCH_RECORDS];
    struct perso_application applications[PERSO_BATCH_RECORDS];
    struct perso_issuance issuances[PERSO_BATCH_RECORDS];
    struct perso_comparison comparisons[PERSO_BATCH_RECORDS];
    struct perso_verdict verdicts[PERSO_BATCH_RECORDS];
    size_t n;
};

struct reconciling {
    struct perso_job *job;
    struct perso_input *in;
    struct perso_ledger_file file;
    struct perso_reconcile_rules rules;
    struct perso_status_words words;
    struct perso_reconcile_counts counts;
    enum perso_state from, to;
    bool known; /* accepted before: read again for the cards that came later */
    struct perso_card_index *pairs;
    struct perso_row rows[PERSO_BATCH_RECORDS];
    struct perso_cells cells[PERSO_BATCH_RECORDS];
    struct found found;
};

/* ---- join ---- */

static enum perso_result
put_row(struct reconciling *s, size_t row, int64_t seq, const struct perso_verdict *verdict,
        const struct perso_comparison *comparison, struct perso_error *err)
{
    struct perso_stored_record record = { .file_id = s->file.id,
                                          .line = s->rows[row].origin.line,
                                          .record = s->rows[row].origin.record,
                                          .card_seq = seq,
                                          .symbol = '+' };
    struct perso_cells only = { 0 };
    char card_id[PERSO_CARD_ID_CHARS + 1];
    struct perso_cursor payload;
    enum perso_result rc;

    if (verdict != NULL) {
        record.verdict = *verdict;
        record.symbol = comparison->symbol;
        record.folds = comparison->folds;
    }
    /* Of a card that is not of this job nothing personal is kept. */
    if (perso_card_id_read(s->cells[row].known[PERSO_COL_AAZ501], card_id))
        only.known[PERSO_COL_AAZ501] = s->cells[row].known[PERSO_COL_AAZ501];
    if ((rc = perso_row_payload_write(seq != 0 ? &s->cells[row] : &only, s->job->arena, &payload,
                                      err)) != PERSO_OK)
        return rc;
    return s->job->cards.put(s->job->cards.self, &record, payload, err);
}

static bool
same_row(struct reconciling *s, size_t row, const struct perso_stored_record *record,
         struct perso_error *err)
{
    struct perso_cursor payload;
    uint8_t sm3[PERSO_SM3_BYTES];

    return perso_row_payload_write(&s->cells[row], s->job->arena, &payload, err) == PERSO_OK &&
           perso_sm3_of(payload.at, perso_left(&payload), sm3) &&
           memcmp(sm3, record->sm3, sizeof sm3) == 0;
}

static enum perso_result
add_found(struct reconciling *s, size_t row, const struct perso_card *card, struct perso_error *err)
{
    struct found *f = &s->found;
    struct perso_stored_record record;
    struct perso_cells cells;
    enum perso_result rc = perso_job_cells(s->job, card->application, &cells, &record, err);

    if (rc != PERSO_OK)
        return rc;
    const struct perso_origin origin = { "", record.line, record.record };
    if ((rc = perso_application_parse(&cells, &origin, s->job->arena, &f->applications[f->n],
                                      err)) != PERSO_OK)
        return rc;
    f->row[f->n] = row;
    f->cards[f->n] = *card;
    perso_issuance_parse(&s->cells[row], &s->rows[row].origin, &f->issuances[f->n]);
    f->n++;
    return PERSO_OK;
}

/* One row and the card that it is about: is there anything to compare? */
static enum perso_result
take_pair(struct reconciling *s, size_t row, const struct perso_card *card, struct perso_error *err)
{
    bool held_here = card->state == PERSO_STATE_HELD && card->reject_stage == PERSO_STAGE_RECONCILE;
    struct perso_stored_record before;
    enum perso_result rc;

    if (card->state == s->from || (held_here && !s->known))
        return add_found(s, row, card, err);
    if (card->state == s->to && card->issuance != 0) {
        if ((rc = s->job->cards.get(s->job->cards.self, card->issuance, &before, NULL, NULL,
                                    err)) != PERSO_OK)
            return rc;
        if (!same_row(s, row, &before, err))
            return add_found(s, row, card, err);
        s->counts.unchanged++;
        return PERSO_OK;
    }
    s->counts.past++;
    return PERSO_OK;
}

/* AAC002 + AAZ500 of a row. */
static void
write_pair(const struct perso_issuance *row, char text[PERSO_INDEX_CHARS + 1])
{
    snprintf(text, PERSO_INDEX_CHARS + 1, "%s|%s", row->ssn, row->card_no);
}

static size_t
pair_of(const struct perso_card *card, const struct perso_issuance *row,
        char texts[PERSO_INDEX_TEXTS][PERSO_INDEX_CHARS + 1])
{
    (void)card;
    write_pair(row, texts[0]);
    return 1;
}

/* Cards that rows without an AAZ501 may be about, by AAC002 + AAZ500. */
static enum perso_result
index_pairs(struct reconciling *s, struct perso_error *err)
{
    uint32_t joinable = 1u << s->from | 1u << s->to | 1u << PERSO_STATE_HELD;

    return s->pairs != NULL ? PERSO_OK
                            : perso_card_index_new(s->job, joinable, pair_of, &s->pairs, err);
}

static enum perso_result
join_by_pair(struct reconciling *s, size_t row, struct perso_error *err)
{
    const struct perso_verdict twice = { PERSO_REJ_ISSUE_TWICE, PERSO_COL_AAZ500, "" };
    const struct perso_comparison unknown = { .symbol = '!' };
    char pair[PERSO_INDEX_CHARS + 1];
    struct perso_issuance issuance;
    struct perso_card card;
    int64_t seqs[16];
    size_t n;
    enum perso_result rc;

    perso_issuance_parse(&s->cells[row], &s->rows[row].origin, &issuance);
    write_pair(&issuance, pair);
    if ((rc = index_pairs(s, err)) != PERSO_OK ||
        (rc = perso_card_index_find(s->pairs, pair, seqs, 16, &n, err)) != PERSO_OK)
        return rc;
    if (n == 0) {
        s->counts.only++;
        return s->known ? PERSO_OK : put_row(s, row, 0, NULL, NULL, err);
    }
    if (n > 1) { /* two candidates hold both */
        s->counts.compared++;
        for (size_t i = 0; i < n; i++)
            if ((rc = put_row(s, row, seqs[i], &twice, &unknown, err)) != PERSO_OK)
                return rc;
        return PERSO_OK;
    }
    if ((rc = perso_ledger_card_get(s->job->ledger, seqs[0], &card, err)) != PERSO_OK)
        return rc;
    return take_pair(s, row, &card, err);
}

static enum perso_result
join_row(struct reconciling *s, size_t row, struct perso_error *err)
{
    struct perso_text cell = s->cells[row].known[PERSO_COL_AAZ501];
    char card_id[PERSO_CARD_ID_CHARS + 1];
    struct perso_card card;
    enum perso_result rc = PERSO_END;

    if (cell.bytes == 0) /* in this row, or in all as there is no such column */
        return join_by_pair(s, row, err);
    if (perso_card_id_read(cell, card_id))
        rc = perso_ledger_card_find(s->job->ledger, card_id, &card, err);
    if (rc == PERSO_OK)
        return take_pair(s, row, &card, err);
    if (rc != PERSO_END)
        return rc;
    s->counts.only++;
    return s->known ? PERSO_OK : put_row(s, row, 0, NULL, NULL, err);
}

/* ---- one batch ---- */

static bool
content_of_found(void *arg, size_t i, uint8_t sm3[PERSO_SM3_BYTES])
{
    struct reconciling *s = arg;
    struct perso_cursor payload;
    struct perso_error ignored = { 0 };

    return perso_row_payload_write(&s->cells[s->found.row[i]], s->job->arena, &payload, &ignored) ==
               PERSO_OK &&
           perso_sm3_of(payload.at, perso_left(&payload), sm3);
}

static enum perso_result
judge_found(struct reconciling *s, struct perso_error *err)
{
    struct found *f = &s->found;
    struct perso_job_waivers waived = { s->job, f->cards, content_of_found, s };
    const struct perso_waivers waivers = { perso_job_waived, &waived };
    enum perso_result rc = perso_stage_reconcile(&s->rules, f->applications, f->issuances, f->n,
                                                 &waivers, f->comparisons, f->verdicts, err);

    for (size_t i = 0; rc == PERSO_OK && i < f->n; i++)
        rc = put_row(s, f->row[i], f->cards[i].seq, &f->verdicts[i], &f->comparisons[i], err);
    s->counts.compared += (uint32_t)f->n;
    return rc;
}

static enum perso_result
take_batch(struct reconciling *s, size_t n, struct perso_error *err)
{
    enum perso_result rc = perso_ledger_begin(s->job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    s->found.n = 0;
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = join_row(s, i, err);
    if (rc == PERSO_OK)
        rc = judge_found(s, err);
    if (rc == PERSO_OK)
        return perso_ledger_commit(s->job->ledger, err);
    perso_ledger_rollback(s->job->ledger);
    return rc;
}

static enum perso_result
read_tables(struct reconciling *s, uint32_t operator_rows, struct perso_error *err)
{
    size_t n = 0;
    enum perso_result rc;

    while ((rc = perso_input_next(s->in, perso_required_issuance, err)) == PERSO_OK) {
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
    s->counts.rows = s->in->rows;
    return rc == PERSO_END ? perso_input_finish(s->in, operator_rows, err) : rc;
}

/* ---- one file ---- */

static void
tell(const struct reconciling *s)
{
    struct perso_say *say = &s->job->say;

    perso_say_begin(say, "reconcile");
    perso_say_text(say, "file", s->in->display);
    perso_say_number(say, "rows", s->counts.rows);
    perso_say_number(say, "compared", s->counts.compared);
    perso_say_number(say, "issuance-only", s->counts.only);
    perso_say_number(say, "unchanged", s->counts.unchanged);
    perso_say_number(say, "of cards held or further on", s->counts.past);
    perso_say_number(say, "twice", s->counts.twice);
    perso_say_end(say);
}

/* A known file is read again only where cards came after it. */
static enum perso_result
is_needed(struct reconciling *s, struct perso_error *err)
{
    struct perso_ledger_file before;
    uint32_t counts[PERSO_STATE_COUNT];
    enum perso_result rc =
        perso_ledger_file_find(s->job->ledger, PERSO_STAGE_RECONCILE, s->in->sm3, &before, err);
    if (rc == PERSO_END)
        return PERSO_OK;
    if (rc != PERSO_OK || (rc = perso_ledger_counts(s->job->ledger, counts, err)) != PERSO_OK)
        return rc;
    s->known = true;
    if (counts[s->from] > 0)
        return PERSO_OK;
    return perso_file_known(s->job, PERSO_STAGE_RECONCILE, s->in->sm3, s->in->display, err);
}

static enum perso_result
read_file(struct reconciling *s, uint32_t operator_rows, struct perso_error *err)
{
    struct perso_error why = { 0 };
    enum perso_result rc = is_needed(s, err);

    if (rc != PERSO_OK)
        return rc;
    s->file = (struct perso_ledger_file) { .stage = PERSO_STAGE_RECONCILE, .kind = "issuance" };
    if ((rc = perso_file_begin(s->job, &s->file, s->in->display, s->in->bytes, s->in->sm3, err)) !=
        PERSO_OK)
        return rc;
    if ((rc = read_tables(s, operator_rows, &why)) != PERSO_OK)
        return perso_opening_outcome(s->job, &s->file, rc, &why, err);
    snprintf(s->file.encoding, sizeof s->file.encoding, "%s", s->in->charset);
    if ((rc = perso_reconcile_accept(s->job, &s->file, &s->counts, err)) != PERSO_OK)
        return rc;
    tell(s);
    return PERSO_OK;
}

static enum perso_result
reconcile_file(struct perso_job *job, const char *path, const struct perso_file_options *options,
               struct perso_error *err)
{
    const struct perso_role_stage *stage = perso_role_stage_find(job->role, PERSO_STAGE_RECONCILE);
    struct perso_input *in = calloc(1, sizeof *in);
    struct reconciling *s = calloc(1, sizeof *s);
    enum perso_result rc;

    if (in == NULL || s == NULL) {
        free(in);
        free(s);
        return perso_error_errno(err, "memory");
    }
    s->job = job;
    s->in = in;
    s->from = stage->from;
    s->to = stage->to;
    if ((rc = perso_rules_of_reconcile(&job->profile, job->conf.batch, &s->words, &s->rules,
                                       err)) == PERSO_OK) {
        rc = perso_opening_input(job, PERSO_STAGE_RECONCILE, path, &job->profile.issuance,
                                 options->encoding, in, err);
        if (rc == PERSO_OK)
            rc = read_file(s, options->rows, err);
        perso_input_close(in);
    }
    perso_card_index_free(s->pairs);
    free(in);
    free(s);
    return rc == PERSO_END ? PERSO_OK : rc; /* known or refused: said already */
}

enum perso_result
perso_drive_reconcile(struct perso_job *job, const char *const *paths, size_t n,
                      const struct perso_file_options *options, struct perso_error *err)
{
    enum perso_result rc = perso_reconcile_absent(job, err); /* what a crash left to be done */

    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = reconcile_file(job, paths[i], options, err);
    if (rc == PERSO_OK)
        rc = perso_reconcile_absent(job, err);
    return rc == PERSO_OK ? perso_reconcile_report(job, err) : rc;
}
