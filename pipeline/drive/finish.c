/* Balance, 移交单, the lists for remaking and revocation, and the closing of a job (DESIGN 3,
 * CONTRACTS 4). */
#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "formats/pki/certificate.h"
#include "formats/sm2/sm3.h"
#include "formats/text/write.h"
#include "pipeline/drive/drive.h"
#include "pipeline/file/output.h"
#include "pipeline/job/balance.h"
#include "pipeline/job/cards.h"
#include "pipeline/report/pickup.h"
#include "pipeline/report/slip.h"
#include "stages/collect.h"

typedef enum perso_result list_card(struct perso_job *job, struct perso_table_writer *w,
                                    const struct perso_card *card, struct perso_error *err);

static enum perso_result
write_strings(struct perso_table_writer *w, const char *const *texts, size_t n,
              struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = perso_writer_string(w, texts[i], err);
    return rc == PERSO_OK ? perso_writer_row(w, err) : rc;
}

/* 重制: cards that have to be made again. */
static enum perso_result
remake_card(struct perso_job *job, struct perso_table_writer *w, const struct perso_card *card,
            struct perso_error *err)
{
    const char *const texts[] = { card->card_id, perso_state_name(card->state),
                                  perso_reject_code(card->verdict.reject), card->verdict.note };
    (void)job;
    return write_strings(w, texts, 4, err);
}

static enum perso_result
revoke_item(struct perso_table_writer *w, const struct perso_card *card, const char *column,
            struct perso_cursor der, struct perso_error *err)
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
    const char *const texts[] = { card->card_id, column, serial, digest,
                                  perso_state_name(card->state) };
    return write_strings(w, texts, 5, err);
}

/* 6.4.4: a certificate of a card that will never be used. A proposal until the department confirms.
 */
static enum perso_result
revoke_card(struct perso_job *job, struct perso_table_writer *w, const struct perso_card *card,
            struct perso_error *err)
{
    struct perso_stored_record record;
    struct perso_cells cells;
    struct perso_answer answer;
    const struct perso_origin origin = { "", 0, 0 };
    enum perso_result rc;

    if (card->answer == 0)
        return PERSO_OK;
    if ((rc = perso_job_cells(job, card->answer, &cells, &record, err)) != PERSO_OK ||
        record.verdict.reject == PERSO_REJ_RA_REFUSED)
        return rc;
    if ((rc = perso_answer_parse(&cells, &origin, job->arena, &answer, err)) != PERSO_OK)
        return rc;
    if (perso_left(&answer.signing_certificate) > 0 &&
        (rc = revoke_item(w, card, "QMZS", answer.signing_certificate, err)) != PERSO_OK)
        return rc;
    if (perso_left(&answer.encryption_certificate) > 0)
        rc = revoke_item(w, card, "JMZS", answer.encryption_certificate, err);
    return rc;
}

static enum perso_result
list_states(struct perso_job *job, struct perso_table_writer *w, uint32_t states, list_card *write,
            struct perso_error *err)
{
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc = cards != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    while (rc == PERSO_OK &&
           (rc = job->cards.scan(job->cards.self, states, after, PERSO_BATCH_RECORDS, cards, &n,
                                 err)) == PERSO_OK) {
        after = cards[n - 1].seq;
        perso_arena_reset(job->arena);
        for (size_t i = 0; rc == PERSO_OK && i < n; i++)
            rc = write(job, w, &cards[i], err);
    }
    free(cards);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
write_list(struct perso_job *job, const char *folder, const char *name, const char *const *header,
           size_t n_header, uint32_t states, list_card *write, struct perso_error *err)
{
    struct perso_durable *file = NULL;
    struct perso_table_writer w;
    struct perso_sink sink;
    enum perso_result rc = perso_output_open(job, folder, name, &file, &sink, err);

    if (rc != PERSO_OK)
        return rc;
    perso_writer_init(&w, sink, PERSO_UTF8, true);
    if ((rc = perso_writer_bom(&w, err)) == PERSO_OK &&
        (rc = write_strings(&w, header, n_header, err)) == PERSO_OK &&
        (rc = list_states(job, &w, states, write, err)) == PERSO_OK &&
        (rc = perso_writer_flush(&w, err)) == PERSO_OK)
        return perso_durable_commit(file, NULL, NULL, err);
    perso_durable_abandon(file);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

static enum perso_result
write_balance(struct perso_job *job, const char *folder, const struct perso_balance *balance,
              struct perso_error *err)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    if (out == NULL)
        return perso_error_errno(err, "memory");
    fprintf(out, "line,cards\nin,%u\n", balance->in);
    for (int i = 0; i < PERSO_BALANCE_COUNT; i++)
        fprintf(out, "%s,%u\n", perso_balance_name((enum perso_balance_line)i), balance->lines[i]);
    enum perso_result rc = fclose(out) != 0
                               ? perso_error_errno(err, "memory")
                               : perso_output_write(job, folder, "balance.csv", text, n, err);
    free(text);
    return rc;
}

static enum perso_result
write_slip(struct perso_job *job, const char *folder, struct perso_error *err)
{
    char *slip = NULL;
    enum perso_result rc = perso_slip_close(job, &slip, err);

    if (rc == PERSO_OK)
        rc = perso_output_write(job, folder, "slip.txt", slip, strlen(slip), err);
    free(slip);
    return rc;
}

enum perso_result
perso_drive_audit_export(struct perso_job *job, struct perso_error *err)
{
    struct perso_durable *file = NULL;
    struct perso_sink sink;
    enum perso_result rc = perso_output_open(job, job->folder, "audit.log", &file, &sink, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_ledger_audit_export(job->ledger, &sink, err)) == PERSO_OK)
        return perso_durable_commit(file, NULL, NULL, err);
    perso_durable_abandon(file);
    return rc;
}

static enum perso_result
mark_closed(struct perso_job *job, struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_CLOSE, .kind = "close" };
    char *closed = NULL;
    enum perso_result rc = perso_ledger_value(job->ledger, "closed", &closed, err);

    free(closed);
    if (rc != PERSO_END)
        return rc;
    if ((rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK)
        return rc;
    if ((rc = perso_ledger_value_set(job->ledger, "closed", "1", err)) == PERSO_OK &&
        (rc = job->cards.event(job->cards.self, &event, err)) == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}

enum perso_result
perso_drive_remake_list(struct perso_job *job, struct perso_error *err)
{
    static const char *const header[] = { "AAZ501", "state", "code", "reason" };
    char folder[PERSO_PATH_BYTES];
    enum perso_result rc = perso_job_folder(job, "out/close", folder, err);

    return rc != PERSO_OK ? rc
                          : write_list(job, folder, "remake.csv", header, 4,
                                       1u << PERSO_STATE_SPOILED | 1u << PERSO_STATE_MISSING,
                                       remake_card, err);
}

enum perso_result
perso_drive_finish(struct perso_job *job, struct perso_error *err)
{
    static const char *const revoke[] = { "AAZ501", "certificate", "serial", "SM3", "state" };
    struct perso_balance balance;
    char folder[PERSO_PATH_BYTES];
    enum perso_result rc;

    if ((rc = perso_balance_take(job, &balance, err)) != PERSO_OK ||
        (rc = perso_job_folder(job, "out/close", folder, err)) != PERSO_OK ||
        (rc = write_balance(job, folder, &balance, err)) != PERSO_OK ||
        (rc = write_slip(job, folder, err)) != PERSO_OK ||
        (rc = perso_drive_remake_list(job, err)) != PERSO_OK ||
        (rc = perso_pickup_again(job, err)) != PERSO_OK ||
        (rc = write_list(job, folder, "revoke.csv", revoke, 5,
                         1u << PERSO_STATE_SPOILED | 1u << PERSO_STATE_CANCELLED, revoke_card,
                         err)) != PERSO_OK)
        return rc;
    perso_balance_tell(job, &balance);
    if (!perso_balance_closes(job, &balance))
        return PERSO_OK;
    if ((rc = mark_closed(job, err)) != PERSO_OK)
        return rc;
    perso_say_begin(&job->say, "job");
    perso_say_text(&job->say, "closed", job->name);
    perso_say_end(&job->say);
    return perso_drive_audit_export(job, err);
}
