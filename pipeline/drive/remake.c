/* 重制: cards that have to be made again; proposed to people, and told to the vendor once the
 * department has confirmed it (LD/T 03-2022 6.4.4). */
#include <string.h>

#include "formats/base/encode.h"
#include "pipeline/drive/complete.h"
#include "pipeline/drive/drive.h"
#include "pipeline/drive/finish.h"
#include "pipeline/file/packing.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/party.h"

#define KIND "RMK"
#define STATES (1u << PERSO_STATE_SPOILED | 1u << PERSO_STATE_MISSING)

bool
perso_is_department(const struct perso_job *job)
{
    return strcmp(job->role->name, "department") == 0 || strcmp(job->role->name, "all") == 0;
}

/* ---- the site ---- */

/* Both say the same again where they are repeated. In other modes nothing waits in the cupboard. */
enum perso_result
perso_confirmed_register(struct perso_job *job, const struct perso_card *card,
                         struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;
    const char *old_card = card->card_id;
    enum perso_result rc = PERSO_OK;

    if ((STATES >> card->state & 1u) != 0)
        rc = store->remake_allow(store->self, job->name, &old_card, 1, err);
    if (rc == PERSO_OK && !job->mode->certificates_with_card)
        rc = store->cupboard_settle(store->self, job->name, card->card_id, PERSO_CUPBOARD_REVOKED,
                                    err);
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* ---- list ---- */

static enum perso_result
list_card(struct perso_job *job, struct perso_table_writer *w, const struct perso_card *card,
          struct perso_error *err)
{
    const char *const texts[] = { card->card_id, perso_state_name(card->state),
                                  perso_reject_code(card->verdict.reject), card->verdict.note };
    (void)job;
    return perso_list_row(w, texts, 4, err);
}

enum perso_result
perso_drive_remake_list(struct perso_job *job, struct perso_error *err)
{
    static const char *const header[] = { "AAZ501", "state", "code", "reason" };
    const struct perso_list list = { "remake.csv", header, 4, STATES, list_card };

    char folder[PERSO_PATH_BYTES];
    enum perso_result rc = perso_job_folder(job, "out/close", folder, err);

    return rc == PERSO_OK ? perso_list_write(job, folder, &list, err) : rc;
}

/* ---- package ---- */

static bool
takes(const struct perso_job *job, const struct perso_card *card)
{
    (void)job;
    return card->confirmed;
}

static enum perso_result
write_header(struct perso_table_writer *w, struct perso_error *err)
{
    static const char *const header[] = { "AAZ501", "AAZ500", "request_id",
                                          "state",  "code",   "reason" };

    return perso_list_row(w, header, 6, err);
}

/* Of a missing card the machine says nothing; then why the department confirmed it is told. */
static enum perso_result
reason_of(struct perso_job *job, const struct perso_card *card, char reason[256],
          struct perso_error *err)
{
    snprintf(reason, 256, "%s", card->verdict.note);
    if (reason[0] != '\0')
        return PERSO_OK;
    enum perso_result rc = perso_ledger_event_note(job->ledger, card->seq, "confirm", reason, err);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
write_card(struct perso_job *job, struct perso_table_writer *w, const struct perso_card *card,
           uint32_t *rows, struct perso_error *err)
{
    struct perso_stored_record record;
    struct perso_cells cells;
    char id[2 * PERSO_REQUEST_ID_BYTES + 1], reason[256];
    enum perso_result rc;

    if ((rc = perso_job_cells(job, card->application, &cells, &record, err)) != PERSO_OK ||
        (rc = reason_of(job, card, reason, err)) != PERSO_OK)
        return rc;
    perso_hex_lower(card->request_id, PERSO_REQUEST_ID_BYTES, id);
    const char *const texts[] = { id, perso_state_name(card->state),
                                  perso_reject_code(card->verdict.reject), reason };
    ++*rows;
    if ((rc = perso_writer_string(w, card->card_id, err)) != PERSO_OK ||
        (rc = perso_writer_cell(w, cells.known[PERSO_COL_AAZ500], err)) != PERSO_OK)
        return rc;
    return perso_list_row(w, texts, 4, err);
}

static enum perso_result
write_remakes(struct perso_job *job, const struct perso_outgoing *what,
              struct perso_ledger_file *file, struct perso_error *err)
{
    const struct perso_close_package package = {
        .job = job, .what = what, .table = "remake.csv", .header = write_header, .write = write_card
    };

    return perso_close_pack(&package, file, err);
}

void
perso_outgoing_of_remakes(const struct perso_job *job, struct perso_outgoing *ret)
{
    *ret = (struct perso_outgoing) { .stage = PERSO_STAGE_CLOSE,
                                     .kind = KIND,
                                     .folder = "out/close",
                                     .from = STATES,
                                     .stays = STATES,
                                     .cards_max = job->site.conf.package_cards,
                                     .slot = PERSO_SLOT_REMAKE,
                                     .takes = takes,
                                     .name = perso_packing_name };
}

enum perso_result
perso_remake_out(struct perso_job *job, struct perso_error *err)
{
    char vendor[PERSO_PARTY_BYTES];
    struct perso_outgoing what;
    enum perso_result rc;

    perso_outgoing_of_remakes(job, &what);
    what.party = vendor;
    if (strcmp(job->role->name, "department") != 0)
        return PERSO_OK;
    if ((rc = perso_job_party(job, KIND, vendor, err)) != PERSO_OK)
        return rc;
    /* Applications that came as plain tables: the vendor is told on paper. */
    if (vendor[0] == '\0' || !perso_site_knows_peer(&job->site, vendor))
        return PERSO_OK;
    rc = perso_outgoing_plan(job, &what, err);
    return rc == PERSO_OK ? perso_outgoing_make(job, &what, write_remakes, err) : rc;
}
