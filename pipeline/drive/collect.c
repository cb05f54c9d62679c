#include <stdlib.h>
#include <string.h>

#include "pipeline/drive/collect_accept.h"
#include "pipeline/file/acknowledge.h"
#include "pipeline/file/incoming.h"
#include "pipeline/file/known.h"
#include "stages/collect.h"

static const enum perso_column required[] = { PERSO_COL_request_id, PERSO_COL_QMZS,
                                              PERSO_COL_JMZS,       PERSO_COL_JMMY,
                                              PERSO_COL_GLYPIN,     PERSO_COL_ZKMY,
                                              PERSO_COL_code,       PERSO_COLUMN_OTHER };

struct collecting {
    struct perso_job *job;
    struct perso_incoming in;
    struct perso_ledger_file file;
    struct perso_collect_rules rules;
    struct perso_collect_counts counts;
    uint32_t opened, shut; /* answers whose sealed fields open, and do not */
    struct perso_row rows[PERSO_BATCH_RECORDS];
    struct perso_cells cells[PERSO_BATCH_RECORDS];
    struct perso_origin origins[PERSO_BATCH_RECORDS];
    struct perso_card cards[PERSO_BATCH_RECORDS]; /* seq 0: unknown request */
    const char *card_ids[PERSO_BATCH_RECORDS];
    struct perso_answer answers[PERSO_BATCH_RECORDS];
    struct perso_verdict verdicts[PERSO_BATCH_RECORDS];
};

static enum perso_result
find_card(struct collecting *s, size_t i, struct perso_error *err)
{
    uint8_t request_id[PERSO_REQUEST_ID_BYTES];
    enum perso_result rc = PERSO_END;

    s->origins[i] = s->rows[i].origin;
    if (perso_answer_request_id(&s->cells[i], request_id))
        rc = perso_ledger_card_find_request(s->job->ledger, request_id, &s->cards[i], err);
    if (rc == PERSO_END) {
        s->cards[i] = (struct perso_card) { 0 };
        rc = PERSO_OK;
    }
    s->card_ids[i] = s->cards[i].card_id;
    return rc;
}

/* A cell that is no request id may be anything, a person's number too: then nothing is kept. */
static void
orphan_cells(const struct perso_cells *row, struct perso_cells *kept)
{
    uint8_t request_id[PERSO_REQUEST_ID_BYTES];

    if (perso_answer_request_id(row, request_id))
        kept->known[PERSO_COL_request_id] = row->known[PERSO_COL_request_id];
}

static enum perso_result
put_answer(struct collecting *s, size_t i, struct perso_error *err)
{
    struct perso_stored_record record = { .file_id = s->file.id,
                                          .line = s->origins[i].line,
                                          .record = s->origins[i].record,
                                          .card_seq = s->cards[i].seq,
                                          .verdict = s->verdicts[i] };
    struct perso_cells kept = { 0 };
    struct perso_cursor payload;
    enum perso_result rc;

    if (s->cards[i].seq != 0)
        perso_answer_cells(&s->cells[i], &s->answers[i], &kept);
    else /* of a request that is not ours: its certificate is named for revocation, no secret kept
          */
        orphan_cells(&s->cells[i], &kept);
    if ((rc = perso_row_payload_write(&kept, s->job->arena, &payload, err)) != PERSO_OK)
        return rc;
    return s->job->cards.put(s->job->cards.self, &record, payload, err);
}

static enum perso_result
take_batch(struct collecting *s, size_t n, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = find_card(s, i, err);
    if (rc != PERSO_OK ||
        (rc = perso_stage_collect(&s->rules, s->cells, s->origins, s->card_ids, n, s->job->arena,
                                  s->answers, s->verdicts, err)) != PERSO_OK ||
        (rc = perso_ledger_begin(s->job->ledger, err)) != PERSO_OK)
        return rc;
    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        s->opened += s->verdicts[i].reject == PERSO_REJ_NONE ||
                     s->verdicts[i].reject == PERSO_REJ_SECRET_SHAPE;
        s->shut += s->verdicts[i].reject == PERSO_REJ_SECRET_SEAL;
        rc = put_answer(s, i, err);
    }
    if (rc == PERSO_OK)
        return perso_ledger_commit(s->job->ledger, err);
    perso_ledger_rollback(s->job->ledger);
    return rc;
}

static enum perso_result
read_answers(struct collecting *s, struct perso_error *err)
{
    size_t n = 0;
    enum perso_result rc = perso_incoming_table(&s->in, "certificates.csv", required, err);

    while (rc == PERSO_OK) {
        perso_arena_reset(s->job->arena);
        rc = perso_incoming_rows(&s->in, s->job->arena, s->rows, s->cells, PERSO_BATCH_RECORDS, &n,
                                 err);
        if (rc == PERSO_OK)
            rc = take_batch(s, n, err);
    }
    /* A .wrap of another package opens, but none of the fields: the file's fault, not the cards'.
     */
    if (rc == PERSO_END && s->shut > 0 && s->opened == 0)
        rc = perso_error_set(err, PERSO_REJ_PACKAGE_WRAP, "",
                             "none of %u sealed answers opens: .wrap of another package?", s->shut);
    if (rc == PERSO_REJECT)
        perso_error_at(err, s->in.display, 0, 0);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
begin_file(struct collecting *s, struct perso_error *err)
{
    perso_incoming_file(&s->in, &s->file);
    return perso_file_begin(s->job, &s->file, s->in.display, s->in.bytes, s->in.sm3, err);
}

static void
tell(const struct collecting *s)
{
    struct perso_say *say = &s->job->say;

    perso_say_begin(say, "collect");
    perso_say_text(say, "file", s->in.display);
    perso_say_number(say, "rows", s->file.rows);
    perso_say_number(say, "issued", s->counts.issued);
    perso_say_number(say, "refused", s->counts.refused);
    perso_say_number(say, "held", s->counts.held);
    perso_say_number(say, "doubled", s->counts.doubled);
    perso_say_number(say, "orphans", s->counts.orphans);
    perso_say_end(say);
}

static enum perso_result
read_package(struct collecting *s, struct perso_error *err)
{
    struct perso_error why = { 0 };
    enum perso_result rc;

    if ((rc = perso_job_seal(s->job, err)) != PERSO_OK || (rc = begin_file(s, err)) != PERSO_OK ||
        (rc = perso_file_claim(s->job, &s->file, err)) != PERSO_OK)
        return rc == PERSO_END ? PERSO_OK : rc;
    s->rules = (struct perso_collect_rules) { .items = PERSO_ITEM_ALL,
                                              .from = s->in.seal,
                                              .sequence = s->in.view.manifest.sequence,
                                              .to = s->job->seal };
    rc = read_answers(s, &why);
    if (rc == PERSO_REJECT)
        return perso_file_refuse(s->job, &s->file, &why, err);
    if (rc != PERSO_OK) {
        *err = why;
        return rc;
    }
    s->file.rows = s->in.member->rows;
    if ((rc = perso_collect_accept(s->job, &s->file, &s->counts, err)) != PERSO_OK)
        return rc;
    tell(s);
    return PERSO_OK;
}

enum perso_result
perso_drive_collected(struct perso_job *job, struct perso_error *err)
{
    enum perso_result rc = perso_collect_orphans(job, err);

    return rc == PERSO_OK ? perso_acknowledge_all(job, PERSO_STAGE_COLLECT, err) : rc;
}

enum perso_result
perso_drive_collect(struct perso_job *job, const char *path, struct perso_error *err)
{
    struct collecting *s = calloc(1, sizeof *s);
    struct perso_error why = { 0 };
    enum perso_result rc;

    if (s == NULL)
        return perso_error_errno(err, "memory");
    s->job = job;
    rc = perso_incoming_open(job, PERSO_STAGE_COLLECT, path, &s->in, &why);
    if (rc == PERSO_OK) {
        rc = read_package(s, err);
    } else if (rc == PERSO_REJECT) {
        rc = perso_file_refuse_unread(job, PERSO_STAGE_COLLECT, s->in.display, &why, err);
    } else if (rc == PERSO_RETRY) {
        job->waits = true;
        perso_complain(&why);
        rc = PERSO_OK;
    } else if (rc == PERSO_END) { /* known: said already */
        rc = PERSO_OK;
    } else {
        *err = why;
    }
    perso_incoming_close(&s->in);
    free(s);
    return rc == PERSO_OK ? perso_drive_collected(job, err) : rc;
}
