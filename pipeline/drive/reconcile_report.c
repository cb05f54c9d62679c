/*
 * reports/reconcile.csv (CONTRACTS 4): AAZ501, symbol, and for each compared field what the
 * application has and what the issuance data want. Values stand only where a row differs, is equal
 * after folds, or is in the application alone; they are personal and in no other list.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/identity/card.h"
#include "formats/text/write.h"
#include "pipeline/drive/reconcile_accept.h"
#include "pipeline/file/output.h"
#include "pipeline/job/cards.h"
#include "pipeline/store/durable.h"
#include "stages/reconcile.h"

struct reporting {
    struct perso_job *job;
    struct perso_table_writer writer;
    uint32_t equal, folded, differs, absent, twice, waiting;
};

static enum perso_result
write_header(struct reporting *r, struct perso_error *err)
{
    char name[32];
    enum perso_result rc;

    if ((rc = perso_writer_bom(&r->writer, err)) != PERSO_OK ||
        (rc = perso_writer_string(&r->writer, "AAZ501", err)) != PERSO_OK ||
        (rc = perso_writer_string(&r->writer, "symbol", err)) != PERSO_OK)
        return rc;
    for (int i = 0; i < PERSO_COMPARED; i++) {
        snprintf(name, sizeof name, "%s_have", perso_column_code(perso_compared[i]));
        if ((rc = perso_writer_string(&r->writer, name, err)) != PERSO_OK)
            return rc;
        snprintf(name, sizeof name, "%s_want", perso_column_code(perso_compared[i]));
        if ((rc = perso_writer_string(&r->writer, name, err)) != PERSO_OK)
            return rc;
    }
    return perso_writer_row(&r->writer, err);
}

static enum perso_result
write_row(struct reporting *r, struct perso_text card_id, char symbol,
          const struct perso_cells *have, const struct perso_cells *want, struct perso_error *err)
{
    const char text[2] = { symbol, '\0' };
    const struct perso_text none = { "", 0 };
    enum perso_result rc;

    if ((rc = perso_writer_cell(&r->writer, card_id, err)) != PERSO_OK)
        return rc;
    r->writer.guard = false; /* the symbol is ours, and = + - are what it is */
    rc = perso_writer_string(&r->writer, text, err);
    r->writer.guard = true;
    if (rc != PERSO_OK)
        return rc;
    for (int i = 0; i < PERSO_COMPARED; i++) {
        struct perso_text a = have != NULL ? have->known[perso_compared[i]] : none;
        struct perso_text b = want != NULL ? want->known[perso_compared[i]] : none;
        if ((rc = perso_writer_cell(&r->writer, a, err)) != PERSO_OK ||
            (rc = perso_writer_cell(&r->writer, b, err)) != PERSO_OK)
            return rc;
    }
    return perso_writer_row(&r->writer, err);
}

static char
symbol_of(struct reporting *r, const struct perso_card *card,
          const struct perso_stored_record *issuance)
{
    if (card->issuance == 0) {
        if (card->state == PERSO_STATE_HELD)
            r->absent++;
        else
            r->waiting++;
        return '-';
    }
    if (card->state == PERSO_STATE_HELD && card->verdict.reject == PERSO_REJ_ISSUE_TWICE) {
        r->twice++;
        return '!';
    }
    if (issuance->verdict.reject != PERSO_REJ_NONE) {
        r->differs++;
        return '!';
    }
    r->twice += issuance->symbol == '!'; /* given back since */
    r->equal += issuance->symbol == '=';
    r->folded += issuance->symbol == '*';
    return issuance->symbol;
}

static enum perso_result
report_card(struct reporting *r, const struct perso_card *card, struct perso_error *err)
{
    struct perso_stored_record have_record, want_record = { 0 };
    struct perso_cells *have = NULL, *want = NULL, cells[2];
    enum perso_result rc = PERSO_OK;

    /* Cards that ingest holds never came this far. */
    if (card->state == PERSO_STATE_HELD && card->reject_stage == PERSO_STAGE_INGEST)
        return PERSO_OK;
    if (card->issuance != 0 && (rc = r->job->cards.get(r->job->cards.self, card->issuance,
                                                       &want_record, NULL, NULL, err)) != PERSO_OK)
        return rc;
    char symbol = symbol_of(r, card, &want_record);
    if (symbol != '=') {
        have = &cells[0];
        rc = perso_job_cells(r->job, card->application, have, &have_record, err);
    }
    if (rc == PERSO_OK && symbol != '=' && card->issuance != 0) {
        want = &cells[1];
        rc = perso_job_cells(r->job, card->issuance, want, &want_record, err);
    }
    if (rc != PERSO_OK)
        return rc;
    return write_row(r, (struct perso_text) { card->card_id, (uint32_t)strlen(card->card_id) },
                     symbol, have, want, err);
}

static enum perso_result
report_cards(struct reporting *r, struct perso_error *err)
{
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    uint32_t states = ~(1u << PERSO_STATE_CANCELLED);
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc = cards != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    while (rc == PERSO_OK &&
           (rc = r->job->cards.scan(r->job->cards.self, states, after, PERSO_BATCH_RECORDS, cards,
                                    &n, err)) == PERSO_OK) {
        after = cards[n - 1].seq;
        perso_arena_reset(r->job->arena);
        for (size_t i = 0; rc == PERSO_OK && i < n; i++)
            rc = report_card(r, &cards[i], err);
    }
    free(cards);
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* The application came after the issuance data: the row was compared when the file was read again.
 */
static enum perso_result
came_later(struct reporting *r, const struct perso_cells *cells, bool *ret, struct perso_error *err)
{
    char card_id[PERSO_CARD_ID_CHARS + 1];
    struct perso_card card;
    enum perso_result rc = PERSO_END;

    if (perso_card_id_read(cells->known[PERSO_COL_AAZ501], card_id))
        rc = perso_ledger_card_find(r->job->ledger, card_id, &card, err);
    *ret = rc == PERSO_OK;
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* A row of an issuance file about a card that is not of this job: reported, not held. */
static enum perso_result
report_only(void *reporting, struct perso_stored_record *record, struct perso_error *err)
{
    struct reporting *r = reporting;
    struct perso_stored_record again;
    struct perso_cells cells;
    bool later = false;
    enum perso_result rc;

    if (record->card_seq != 0)
        return PERSO_OK;
    perso_arena_reset(r->job->arena);
    if ((rc = perso_job_cells(r->job, record->id, &cells, &again, err)) != PERSO_OK ||
        (rc = came_later(r, &cells, &later, err)) != PERSO_OK || later)
        return rc;
    return write_row(r, cells.known[PERSO_COL_AAZ501], '+', NULL, NULL, err);
}

static enum perso_result
report_files(struct reporting *r, struct perso_error *err)
{
    struct perso_ledger_file file = { .id = 0 };
    enum perso_result rc;

    while ((rc = perso_ledger_file_next(r->job->ledger, &file, err)) == PERSO_OK) {
        if (file.stage == PERSO_STAGE_RECONCILE && file.status == PERSO_FILE_ACCEPTED &&
            (rc = perso_job_each_record(r->job, file.id, 0, report_only, r, err)) != PERSO_OK)
            return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

static void
tell(struct reporting *r)
{
    struct perso_say *say = &r->job->say;

    perso_say_begin(say, "reconcile");
    perso_say_text(say, "report", "reports/reconcile.csv");
    perso_say_number(say, "cards",
                     r->equal + r->folded + r->differs + r->twice + r->absent + r->waiting);
    perso_say_number(say, "equal", r->equal);
    perso_say_number(say, "folded", r->folded);
    perso_say_number(say, "differing", r->differs);
    perso_say_number(say, "twice", r->twice);
    perso_say_number(say, "absent", r->absent);
    perso_say_number(say, "not compared yet", r->waiting);
    perso_say_end(say);
}

static enum perso_result
write_report(struct perso_job *job, struct perso_error *err)
{
    struct reporting r = { .job = job };
    struct perso_durable *file = NULL;
    char folder[PERSO_PATH_BYTES];
    enum perso_result rc;

    if ((rc = perso_job_folder(job, "reports", folder, err)) != PERSO_OK)
        return rc;
    struct perso_sink sink;
    if ((rc = perso_output_open(job, folder, "reconcile.csv", &file, &sink, err)) != PERSO_OK)
        return rc;
    perso_writer_init(&r.writer, sink, PERSO_UTF8, true);
    if ((rc = write_header(&r, err)) == PERSO_OK && (rc = report_cards(&r, err)) == PERSO_OK &&
        (rc = report_files(&r, err)) == PERSO_OK)
        rc = perso_writer_flush(&r.writer, err);
    if (rc != PERSO_OK) {
        perso_durable_abandon(file);
        return rc == PERSO_REJECT ? PERSO_FATAL : rc;
    }
    if ((rc = perso_durable_commit(file, NULL, NULL, err)) == PERSO_OK)
        tell(&r);
    return rc;
}

enum perso_result
perso_reconcile_report(struct perso_job *job, struct perso_error *err)
{
    bool due = false;
    enum perso_result rc = perso_job_due(job, PERSO_RECONCILE_REPORT, &due, err);

    if (rc != PERSO_OK || !due || (rc = write_report(job, err)) != PERSO_OK)
        return rc;
    return perso_job_due_clear(job, PERSO_RECONCILE_REPORT, err);
}
