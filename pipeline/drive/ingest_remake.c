#include "pipeline/drive/ingest_remake.h"

#include <stdlib.h>
#include <string.h>

#include "formats/identity/card.h"
#include "pipeline/file/opening.h"
#include "pipeline/job/cards.h"

/* ---- RMK ---- */

static const enum perso_column required[] = { PERSO_COL_AAZ501, PERSO_COLUMN_OTHER };

struct remaking {
    struct perso_job *job;
    struct perso_incoming in;
    struct perso_ledger_file file;
    struct perso_row rows[PERSO_BATCH_RECORDS];
    struct perso_cells cells[PERSO_BATCH_RECORDS];
    char ids[PERSO_BATCH_RECORDS][PERSO_CARD_ID_CHARS + 1];
    const char *old_cards[PERSO_BATCH_RECORDS];
    uint32_t n_rows;
};

static enum perso_result
store_batch(struct remaking *r, size_t n, struct perso_error *err)
{
    enum perso_result rc = perso_ledger_begin(r->job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        struct perso_stored_record record = { .file_id = r->file.id,
                                              .line = r->rows[i].origin.line,
                                              .record = r->rows[i].origin.record };
        struct perso_cursor payload;
        if ((rc = perso_row_payload_write(&r->cells[i], r->job->arena, &payload, err)) == PERSO_OK)
            rc = r->job->cards.put(r->job->cards.self, &record, payload, err);
    }
    if (rc == PERSO_OK)
        return perso_ledger_commit(r->job->ledger, err);
    perso_ledger_rollback(r->job->ledger);
    return rc;
}

static enum perso_result
read_ids(struct remaking *r, size_t n, struct perso_error *err)
{
    for (size_t i = 0; i < n; i++) {
        r->old_cards[i] = r->ids[i];
        if (perso_card_id_read(r->cells[i].known[PERSO_COL_AAZ501], r->ids[i]))
            continue;
        perso_error_at(err, r->in.display, r->rows[i].origin.line, r->rows[i].origin.record);
        return perso_error_set(err, PERSO_REJ_PACKAGE_MEMBER, "AAZ501",
                               "not a card identification code");
    }
    return PERSO_OK;
}

/* The site learns them when the whole table was found good: a second walk over what was stored. */
static enum perso_result
read_rows(struct remaking *r, struct perso_error *err)
{
    size_t n = 0;
    enum perso_result rc = perso_incoming_table(&r->in, "remake.csv", required, err);

    while (rc == PERSO_OK) {
        perso_arena_reset(r->job->arena);
        rc = perso_incoming_rows(&r->in, r->job->arena, r->rows, r->cells, PERSO_BATCH_RECORDS, &n,
                                 err);
        if (rc == PERSO_OK && (rc = read_ids(r, n, err)) == PERSO_OK)
            rc = store_batch(r, n, err);
        if (rc == PERSO_OK)
            r->n_rows += (uint32_t)n;
    }
    if (rc == PERSO_REJECT)
        perso_error_at(err, r->in.display, 0, 0);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
allow(struct remaking *r, struct perso_error *err)
{
    const struct perso_site_store *store = &r->job->site.store;
    struct perso_stored_record records[64], again;
    int64_t after = 0;
    size_t n;
    enum perso_result rc;

    while ((rc = perso_ledger_records(r->job->ledger, r->file.id, after, 64, records, &n, err)) ==
           PERSO_OK) {
        after = records[n - 1].id;
        perso_arena_reset(r->job->arena);
        for (size_t i = 0; rc == PERSO_OK && i < n; i++)
            rc = perso_job_cells(r->job, records[i].id, &r->cells[i], &again, err);
        if (rc != PERSO_OK || (rc = read_ids(r, n, err)) != PERSO_OK ||
            (rc = store->remake_allow(store->self, r->job->name, r->old_cards, n, err)) != PERSO_OK)
            return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
accept_file(struct remaking *r, struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_INGEST,
                                 .kind = "accept",
                                 .file_id = r->file.id };
    enum perso_result rc;

    memcpy(event.digest, r->file.sm3, sizeof event.digest);
    snprintf(event.note, sizeof event.note, "cards to be made again %u", r->n_rows);
    r->file.status = PERSO_FILE_ACCEPTED;
    r->file.rows = r->n_rows;
    if ((rc = perso_ledger_begin(r->job->ledger, err)) != PERSO_OK)
        return rc;
    if ((rc = perso_ledger_file_set(r->job->ledger, &r->file, err)) == PERSO_OK &&
        (rc = r->job->cards.event(r->job->cards.self, &event, err)) == PERSO_OK)
        return perso_ledger_commit(r->job->ledger, err);
    perso_ledger_rollback(r->job->ledger);
    return rc;
}

static enum perso_result
read_package(struct remaking *r, struct perso_error *err)
{
    struct perso_error why = { 0 };
    enum perso_result rc;

    perso_incoming_file(&r->in, &r->file);
    if ((rc = perso_opening_begin(r->job, &r->file, r->in.display, r->in.bytes, r->in.sm3, err)) !=
        PERSO_OK)
        return rc;
    if ((rc = read_rows(r, &why)) != PERSO_OK)
        return perso_opening_outcome(r->job, &r->file, rc, &why, err);
    if ((rc = allow(r, err)) != PERSO_OK || (rc = accept_file(r, err)) != PERSO_OK)
        return rc;
    perso_say_begin(&r->job->say, "ingest");
    perso_say_text(&r->job->say, "file", r->in.display);
    perso_say_number(&r->job->say, "rows", r->n_rows);
    perso_say_number(&r->job->say, "to be made again", r->n_rows);
    perso_say_end(&r->job->say);
    return PERSO_OK;
}

enum perso_result
perso_ingest_remakes(struct perso_job *job, const char *path, struct perso_error *err)
{
    struct remaking *r = calloc(1, sizeof *r);
    enum perso_result rc;

    if (r == NULL)
        return perso_error_errno(err, "memory");
    r->job = job;
    if ((rc = perso_opening_package(job, PERSO_STAGE_INGEST, path, &r->in, err)) == PERSO_OK)
        rc = read_package(r, err);
    perso_incoming_close(&r->in);
    free(r);
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* ---- what a row replaces ---- */

/* Whoever gives applications on answers for what they replace. */
static bool
may_replace(const struct perso_job *job)
{
    return perso_role_stage_find(job->role, PERSO_STAGE_BUNDLE) != NULL;
}

enum perso_result
perso_ingest_checks_replaced(struct perso_job *job, bool *must, struct perso_error *err)
{
    struct perso_ledger_file file = { .id = 0 };
    enum perso_result rc = PERSO_OK;

    *must = false;
    if (!may_replace(job))
        return PERSO_END;
    while (!*must && (rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        *must = !file.outgoing && file.status == PERSO_FILE_ACCEPTED &&
                file.stage == PERSO_STAGE_INGEST && strcmp(file.kind, "RMK") == 0;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
read_replaced(struct perso_job *job, int64_t application, char out[PERSO_CARD_ID_CHARS + 1],
              bool *named, struct perso_error *err)
{
    struct perso_stored_record record;
    struct perso_cells cells;
    enum perso_result rc;

    out[0] = '\0';
    *named = false;
    if (application == 0 ||
        (rc = perso_job_cells(job, application, &cells, &record, err)) != PERSO_OK)
        return application == 0 ? PERSO_OK : rc;
    *named = cells.known[PERSO_COL_replaces].bytes > 0;
    if (!perso_card_id_read(cells.known[PERSO_COL_replaces], out))
        out[0] = '\0';
    return PERSO_OK;
}

enum perso_result
perso_ingest_replaced(struct perso_job *job, int64_t application, char out[PERSO_CARD_ID_CHARS + 1],
                      struct perso_error *err)
{
    bool named;

    return read_replaced(job, application, out, &named, err);
}

static void
refuse(struct perso_verdict *verdict, enum perso_reject reject, const char *note)
{
    *verdict = (struct perso_verdict) { .reject = reject, .column = PERSO_COL_replaces };
    snprintf(verdict->note, sizeof verdict->note, "%s", note);
}

struct replacing {
    char whose[2 * PERSO_JOB_NAME_BYTES]; /* jobs of this vendor and division: no other's cards */
    char old_cards[PERSO_BATCH_RECORDS][PERSO_CARD_ID_CHARS + 1];
    struct perso_remake remakes[PERSO_BATCH_RECORDS];
    size_t index[PERSO_BATCH_RECORDS];
    size_t n;
};

static enum perso_result
gather(struct perso_job *job, struct replacing *r, const struct perso_card *cards, size_t n,
       bool must, struct perso_verdict *verdicts, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        bool named = false;
        if (verdicts[i].reject != PERSO_REJ_NONE)
            continue;
        rc = read_replaced(job, cards[i].application, r->old_cards[r->n], &named, err);
        if (rc != PERSO_OK || (!named && !must))
            continue;
        if (r->old_cards[r->n][0] == '\0') {
            refuse(&verdicts[i], PERSO_REJ_REPLACES_UNKNOWN,
                   named ? "not a card identification code" : "no card named in a remaking job");
            continue;
        }
        r->remakes[r->n] = (struct perso_remake) { .old_card = r->old_cards[r->n],
                                                   .new_card = cards[i].card_id,
                                                   .whose = r->whose };
        r->index[r->n++] = i;
    }
    return rc;
}

enum perso_result
perso_ingest_take_replaced(struct perso_job *job, const struct perso_card *cards, size_t n,
                           struct perso_verdict *verdicts, struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;
    struct replacing *r;
    bool must = false;
    enum perso_result rc = perso_ingest_checks_replaced(job, &must, err);

    if (rc != PERSO_OK)
        return rc == PERSO_END ? PERSO_OK : rc;
    if ((r = calloc(1, sizeof *r)) == NULL)
        return perso_error_errno(err, "memory");
    snprintf(r->whose, sizeof r->whose, "%s-%s-", job->conf.vendor, job->conf.division);
    rc = gather(job, r, cards, n, must, verdicts, err);
    if (rc == PERSO_OK && r->n > 0)
        rc = store->remake_take(store->self, job->name, r->remakes, r->n, err);
    for (size_t i = 0; rc == PERSO_OK && i < r->n; i++) {
        if (!r->remakes[i].granted)
            refuse(&verdicts[r->index[i]],
                   r->remakes[i].allowed ? PERSO_REJ_REPLACES_TWICE : PERSO_REJ_REPLACES_UNKNOWN,
                   r->remakes[i].other_card);
    }
    free(r);
    return rc;
}
