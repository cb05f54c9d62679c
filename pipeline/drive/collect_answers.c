/* certificates.csv: of the RA's RET, and of a department's FWD. */
#include <string.h>

#include "pipeline/drive/collect_read.h"
#include "pipeline/job/rules.h"
#include "stages/correlate.h"

static const enum perso_column required[] = { PERSO_COL_request_id, PERSO_COL_QMZS,
                                              PERSO_COL_JMZS,       PERSO_COL_JMMY,
                                              PERSO_COL_GLYPIN,     PERSO_COL_ZKMY,
                                              PERSO_COL_code,       PERSO_COLUMN_OTHER };

/* ---- members in general ---- */

static enum perso_result
in_transaction(struct perso_collecting *s, perso_collect_batch *batch, size_t n,
               struct perso_error *err)
{
    enum perso_result rc = perso_ledger_begin(s->job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = batch(s, n, err)) == PERSO_OK)
        return perso_ledger_commit(s->job->ledger, err);
    perso_ledger_rollback(s->job->ledger);
    return rc;
}

enum perso_result
perso_collect_member(struct perso_collecting *s, const char *name, const enum perso_column *columns,
                     perso_collect_batch *batch, struct perso_error *err)
{
    size_t n = 0;
    enum perso_result rc = perso_incoming_table(&s->in, name, columns, err);

    s->at = 0;
    while (rc == PERSO_OK) {
        perso_arena_reset(s->job->arena);
        if ((rc = perso_incoming_rows(&s->in, s->job->arena, s->rows, s->cells, PERSO_BATCH_RECORDS,
                                      &n, err)) != PERSO_OK)
            break;
        for (size_t i = 0; i < n; i++)
            s->origins[i] = s->rows[i].origin;
        rc = in_transaction(s, batch, n, err);
    }
    if (rc == PERSO_REJECT)
        perso_error_at(err, s->in.display, 0, 0);
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_collect_put(struct perso_collecting *s, size_t i, const struct perso_cells *cells,
                  struct perso_stored_record *record, struct perso_error *err)
{
    struct perso_cursor payload;
    enum perso_result rc = perso_row_payload_write(cells, s->job->arena, &payload, err);

    if (rc != PERSO_OK)
        return rc;
    record->file_id = s->file.id;
    record->line = s->origins[i].line;
    record->record = s->origins[i].record;
    return s->job->cards.put(s->job->cards.self, record, payload, err);
}

void
perso_collect_orphan_cells(const struct perso_cells *row, struct perso_cells *kept)
{
    uint8_t request_id[PERSO_REQUEST_ID_BYTES];

    *kept = (struct perso_cells) { 0 };
    if (perso_answer_request_id(row, request_id))
        kept->known[PERSO_COL_request_id] = row->known[PERSO_COL_request_id];
}

/* ---- answers ---- */

static enum perso_result
find_card(struct perso_collecting *s, size_t i, struct perso_error *err)
{
    uint8_t request_id[PERSO_REQUEST_ID_BYTES];
    enum perso_result rc = PERSO_END;

    if (perso_answer_request_id(&s->cells[i], request_id))
        rc = perso_ledger_card_find_request(s->job->ledger, request_id, &s->cards[i], err);
    if (rc == PERSO_END) {
        s->cards[i] = (struct perso_card) { 0 };
        rc = PERSO_OK;
    }
    return rc;
}

/* The card of this row of a FWD, whose tables have the same cards in the same order. */
static enum perso_result
handed_card(struct perso_collecting *s, size_t i, struct perso_error *err)
{
    uint8_t request_id[PERSO_REQUEST_ID_BYTES];
    const struct perso_handed *handed = &s->handed[s->at + i];

    if (s->at + i >= s->n_handed || !perso_answer_request_id(&s->cells[i], request_id) ||
        memcmp(request_id, handed->request_id, sizeof request_id) != 0)
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "certificates.csv",
                               "row %u is not of the same card as in cards.csv",
                               s->origins[i].record);
    s->cards[i] = (struct perso_card) { .seq = handed->seq };
    if (handed->seq != 0)
        memcpy(s->cards[i].card_id, handed->card_id, sizeof s->cards[i].card_id);
    return PERSO_OK;
}

static enum perso_result
put_answer(struct perso_collecting *s, size_t i, struct perso_error *err)
{
    struct perso_stored_record record = { .card_seq = s->cards[i].seq, .verdict = s->verdicts[i] };
    struct perso_cells kept = { 0 };
    enum perso_result rc;

    if (s->cards[i].seq != 0)
        perso_answer_cells(&s->cells[i], &s->answers[i], &kept);
    else /* its certificate is named for revocation, no secret is kept */
        perso_collect_orphan_cells(&s->cells[i], &kept);
    rc = perso_collect_put(s, i, &kept, &record, err);
    if (s->handed != NULL)
        s->handed[s->at + i].answer = record.id;
    return rc;
}

static void
count_seals(struct perso_collecting *s, size_t i)
{
    const struct perso_text *cells = s->cells[i].known;

    if (s->cards[i].seq == 0 || cells[PERSO_COL_GLYPIN].bytes + cells[PERSO_COL_ZKMY].bytes == 0)
        return;
    s->opened +=
        s->verdicts[i].reject == PERSO_REJ_NONE || s->verdicts[i].reject == PERSO_REJ_SECRET_SHAPE;
    s->shut += s->verdicts[i].reject == PERSO_REJ_SECRET_SEAL;
}

/* The earlier fault in the table of rejects is told. */
static void
judge_handed(struct perso_collecting *s, size_t i)
{
    enum perso_column differs = s->handed[s->at + i].differs;
    enum perso_reject reject = s->verdicts[i].reject;

    if (differs != PERSO_COLUMN_OTHER &&
        (reject == PERSO_REJ_NONE || reject > PERSO_REJ_FIELD_DIFFERS))
        s->verdicts[i] = (struct perso_verdict) { PERSO_REJ_FIELD_DIFFERS, differs, "" };
}

static enum perso_result
take_batch(struct perso_collecting *s, size_t n, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        rc = s->handed != NULL ? handed_card(s, i, err) : find_card(s, i, err);
        s->card_ids[i] = s->cards[i].card_id;
    }
    if (rc != PERSO_OK ||
        (rc = perso_stage_collect(&s->rules, s->cells, s->origins, s->card_ids, n, s->job->arena,
                                  s->answers, s->verdicts, err)) != PERSO_OK)
        return rc;
    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        count_seals(s, i);
        if (s->handed != NULL) {
            judge_handed(s, i);
        } else if (s->cards[i].seq != 0) { /* only now: the secrets of a short answer are kept */
            perso_code_tally_add(&s->codes, &s->cells[i], &s->verdicts[i]);
            perso_answer_complete(s->items, perso_items_of(&s->cells[i]), &s->verdicts[i]);
            rc = perso_collect_strike(s, i, err);
        }
        if (rc == PERSO_OK)
            rc = put_answer(s, i, err);
    }
    s->at += n;
    return rc;
}

enum perso_result
perso_collect_read_answers(struct perso_collecting *s, struct perso_error *err)
{
    struct perso_return_rules of_ra;
    enum perso_result rc;

    if (s->handed == NULL) { /* of an RA: the row's id is its request */
        if ((rc = perso_rules_of_return(&s->job->profile, &of_ra, err)) != PERSO_OK)
            return rc;
        s->items = of_ra.items;
        s->rules.success = of_ra.success;
    }
    if ((rc = perso_collect_member(s, "certificates.csv", required, take_batch, err)) != PERSO_OK)
        return rc;
    /* A .wrap of another package opens, but none of the fields: the file's fault, not the cards'.
     */
    if (s->shut > 0 && s->opened == 0) {
        rc = perso_error_set(err, PERSO_REJ_PACKAGE_WRAP, "",
                             "none of %u sealed answers opens: .wrap of another package?", s->shut);
        perso_error_at(err, s->in.display, 0, 0);
        return rc;
    }
    s->file.rows = s->in.member->rows;
    if ((rc = perso_code_tally_check(&s->codes, err)) == PERSO_REJECT)
        perso_error_at(err, s->in.display, 0, 0);
    return rc;
}

static enum perso_result
take_row(void *taking, struct perso_stored_record *record, struct perso_error *err)
{
    return perso_take_answer(taking, record, 0, err);
}

enum perso_result
perso_collect_take_answers(struct perso_taking *t, void *collecting, struct perso_error *err)
{
    (void)collecting;
    return perso_job_each_record(t->job, t->file->id, 0, take_row, t, err);
}
