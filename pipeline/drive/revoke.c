/* Certificates of cards that will not be used: proposed to people, and told to the RA once the
 * department has confirmed it (LD/T 03-2022 6.4.4: application, review, signature). */
#include <string.h>

#include "formats/base/encode.h"
#include "formats/pki/certificate.h"
#include "formats/sm2/sm3.h"
#include "pipeline/drive/complete.h"
#include "pipeline/drive/finish.h"
#include "pipeline/file/packing.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/party.h"
#include "stages/collect.h"

#define KIND "RVK"
#define STATES (1u << PERSO_STATE_SPOILED | 1u << PERSO_STATE_MISSING | 1u << PERSO_STATE_CANCELLED)

/* Certificates of the answer in force; empty where it has none: of an RA that refused, of a card
 * that the department held back. */
static enum perso_result
read_certificates(struct perso_job *job, const struct perso_card *card, struct perso_answer *answer,
                  struct perso_error *err)
{
    struct perso_stored_record record;
    struct perso_cells cells;
    const struct perso_origin origin = { "", 0, 0 };
    enum perso_result rc;

    *answer = (struct perso_answer) { 0 };
    if (card->answer == 0)
        return PERSO_OK;
    if ((rc = perso_job_cells(job, card->answer, &cells, &record, err)) != PERSO_OK ||
        record.verdict.reject == PERSO_REJ_RA_REFUSED ||
        (cells.known[PERSO_COL_QMZS].bytes == 0 && cells.known[PERSO_COL_JMZS].bytes == 0))
        return rc;
    return perso_answer_parse(&cells, &origin, job->arena, answer, err);
}

enum perso_result
perso_has_certificate(struct perso_job *job, const struct perso_card *card, bool *ret,
                      struct perso_error *err)
{
    struct perso_answer answer;
    enum perso_result rc = read_certificates(job, card, &answer, err);

    *ret = rc == PERSO_OK && (perso_left(&answer.signing_certificate) > 0 ||
                              perso_left(&answer.encryption_certificate) > 0);
    return rc;
}

static enum perso_result
write_item(struct perso_table_writer *w, const struct perso_card *card, const char *column,
           struct perso_cursor der, const char *last, struct perso_error *err)
{
    struct perso_certificate certificate;
    char serial[2 * 21 + 1] = "", digest[2 * PERSO_SM3_BYTES + 1] = "";
    uint8_t sm3[PERSO_SM3_BYTES];
    struct perso_error unreadable = { 0 };

    if (perso_certificate_read(der, &certificate, &unreadable) == PERSO_OK &&
        perso_left(&certificate.serial) <= 21)
        perso_hex_lower(certificate.serial.at, perso_left(&certificate.serial), serial);
    if (!perso_sm3_of(der.at, perso_left(&der), sm3))
        return perso_error_openssl(err, "SM3");
    perso_hex_lower(sm3, sizeof sm3, digest);
    const char *const texts[] = { card->card_id, column, serial, digest, last };
    return perso_list_row(w, texts, 5, err);
}

static enum perso_result
write_both(struct perso_job *job, struct perso_table_writer *w, const struct perso_card *card,
           const char *last, uint32_t *rows, struct perso_error *err)
{
    struct perso_answer answer;
    enum perso_result rc = read_certificates(job, card, &answer, err);

    if (rc == PERSO_OK && perso_left(&answer.signing_certificate) > 0) {
        ++*rows;
        rc = write_item(w, card, "QMZS", answer.signing_certificate, last, err);
    }
    if (rc == PERSO_OK && perso_left(&answer.encryption_certificate) > 0) {
        ++*rows;
        rc = write_item(w, card, "JMZS", answer.encryption_certificate, last, err);
    }
    return rc;
}

/* ---- list ---- */

static enum perso_result
list_card(struct perso_job *job, struct perso_table_writer *w, const struct perso_card *card,
          struct perso_error *err)
{
    uint32_t rows = 0;

    return write_both(job, w, card, perso_state_name(card->state), &rows, err);
}

/* A missing card may yet be found: it is no proposal. */
enum perso_result
perso_revoke_list(struct perso_job *job, const char *folder, struct perso_error *err)
{
    static const char *const header[] = { "AAZ501", "certificate", "serial", "SM3", "state" };
    const struct perso_list list = { "revoke.csv", header, 5,
                                     1u << PERSO_STATE_SPOILED | 1u << PERSO_STATE_CANCELLED,
                                     list_card };

    return perso_list_write(job, folder, &list, err);
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
    static const char *const header[] = { "AAZ501", "certificate", "serial", "SM3", "reason" };

    return perso_list_row(w, header, 5, err);
}

static enum perso_result
write_card(struct perso_job *job, struct perso_table_writer *w, const struct perso_card *card,
           uint32_t *rows, struct perso_error *err)
{
    char note[256] = "", reason[320];
    enum perso_result rc = perso_ledger_event_note(job->ledger, card->seq, "confirm", note, err);

    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    snprintf(reason, sizeof reason, "%s: %s", perso_state_name(card->state), note);
    return write_both(job, w, card, reason, rows, err);
}

static enum perso_result
write_revocations(struct perso_job *job, const struct perso_outgoing *what,
                  struct perso_ledger_file *file, struct perso_error *err)
{
    const struct perso_close_package package = {
        .job = job, .what = what, .table = "revoke.csv", .header = write_header, .write = write_card
    };

    return perso_close_pack(&package, file, err);
}

void
perso_outgoing_of_revocations(const struct perso_job *job, struct perso_outgoing *ret)
{
    *ret = (struct perso_outgoing) { .stage = PERSO_STAGE_CLOSE,
                                     .kind = KIND,
                                     .folder = "out/close",
                                     .from = STATES,
                                     .stays = STATES,
                                     .cards_max = job->site.conf.package_cards,
                                     .slot = PERSO_SLOT_REVOKE,
                                     .takes = takes,
                                     .name = perso_packing_name };
}

enum perso_result
perso_revoke_out(struct perso_job *job, struct perso_error *err)
{
    char ra[PERSO_PARTY_BYTES];
    struct perso_outgoing what;
    enum perso_result rc;

    perso_outgoing_of_revocations(job, &what);
    what.party = ra;
    if (!perso_is_department(job))
        return PERSO_OK;
    if ((rc = perso_job_party(job, KIND, ra, err)) != PERSO_OK ||
        (rc = perso_outgoing_plan(job, &what, err)) != PERSO_OK)
        return rc;
    return perso_outgoing_make(job, &what, write_revocations, err);
}
