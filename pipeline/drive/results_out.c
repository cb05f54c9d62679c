/* RES: what became of the cards, told to the department (CONTRACTS 3, LD/T 03-2022 6.4.7.2 e). */
#include <stdlib.h>
#include <string.h>

#include "pipeline/drive/complete.h"
#include "pipeline/drive/finish.h"
#include "pipeline/file/packing.h"
#include "pipeline/job/balance.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/party.h"
#include "stages/result_file.h"

#define KIND "RES"
#define STATES                                                                                     \
    (1u << PERSO_STATE_WRITTEN | 1u << PERSO_STATE_DEFERRED | 1u << PERSO_STATE_SPOILED |          \
     1u << PERSO_STATE_MISSING | 1u << PERSO_STATE_TEST | 1u << PERSO_STATE_CANCELLED)

/* In role all the department is in the house. */
static bool
tells_results(const struct perso_job *job)
{
    return job->role->finishes && !perso_is_department(job);
}

static bool
is_of_forward(const struct perso_job *job, int64_t record_id)
{
    struct perso_stored_record record;
    struct perso_ledger_file file;
    struct perso_error ignored = { 0 };

    return record_id != 0 &&
           job->cards.get(job->cards.self, record_id, &record, NULL, NULL, &ignored) == PERSO_OK &&
           perso_ledger_file_get(job->ledger, record.file_id, &file, &ignored) == PERSO_OK &&
           strcmp(file.kind, "FWD") == 0;
}

/* The department does not know of a card that was cancelled before it came with a FWD: of that one
 * a HLD told, or nobody asks. At a centre the FWD brought the card itself. */
static bool
takes(const struct perso_job *job, const struct perso_card *card)
{
    if (card->state != PERSO_STATE_CANCELLED)
        return card->result != 0;
    return is_of_forward(job, card->answer) || is_of_forward(job, card->application);
}

static enum perso_result
write_card(struct perso_job *job, struct perso_table_writer *w, const struct perso_card *card,
           uint32_t *rows, struct perso_error *err)
{
    struct perso_told_result told = { .card_id = card->card_id, .state = card->state };
    struct perso_stored_record record;
    struct perso_cells cells;
    char reason[256] = "";
    enum perso_result rc;

    if (card->state == PERSO_STATE_CANCELLED) {
        rc = perso_ledger_event_note(job->ledger, card->seq, "cancel", reason, err);
        told.reason = (struct perso_text) { reason, (uint32_t)strlen(reason) };
        if (rc == PERSO_END)
            rc = PERSO_OK;
    } else {
        rc = perso_job_cells(job, card->result, &cells, &record, err);
        told.result = &cells;
    }
    ++*rows;
    return rc == PERSO_OK ? perso_results_row(w, &told, err) : rc;
}

static enum perso_result
write_results(struct perso_job *job, const struct perso_outgoing *what,
              struct perso_ledger_file *file, struct perso_error *err)
{
    struct perso_close_package package = { .job = job,
                                           .what = what,
                                           .table = "result.csv",
                                           .header = perso_results_header,
                                           .write = write_card };
    struct perso_balance balance;
    char *text = NULL;
    size_t n = 0;
    enum perso_result rc;

    if ((rc = perso_balance_take(job, &balance, err)) != PERSO_OK ||
        (rc = perso_balance_csv(&balance, &text, &n, err)) != PERSO_OK)
        return rc;
    package.more =
        (struct perso_package_member) { "balance.csv", text, n, PERSO_BALANCE_COUNT + 1 };
    rc = perso_close_pack(&package, file, err);
    free(text);
    return rc;
}

void
perso_outgoing_of_results(const struct perso_job *job, struct perso_outgoing *ret)
{
    *ret = (struct perso_outgoing) { .stage = PERSO_STAGE_CLOSE,
                                     .kind = KIND,
                                     .folder = "out/close",
                                     .from = STATES,
                                     .stays = STATES,
                                     .cards_max = job->site.conf.package_cards,
                                     .slot = PERSO_SLOT_HANDED,
                                     .takes = takes,
                                     .name = perso_packing_name };
}

enum perso_result
perso_results_out(struct perso_job *job, struct perso_error *err)
{
    char department[PERSO_PARTY_BYTES];
    struct perso_outgoing what;
    enum perso_result rc;

    if (!tells_results(job))
        return PERSO_OK;
    perso_outgoing_of_results(job, &what);
    what.party = department;
    if ((rc = perso_job_party(job, KIND, department, err)) != PERSO_OK ||
        (rc = perso_outgoing_plan(job, &what, err)) != PERSO_OK)
        return rc;
    return perso_outgoing_make(job, &what, write_results, err);
}
