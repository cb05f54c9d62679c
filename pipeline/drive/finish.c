/* After results: what is told to the other parties, the balance, the 移交单, lists for people, and
 * the closing of a job (DESIGN 3, CONTRACTS 4). */
#include "pipeline/drive/finish.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/drive/drive.h"
#include "pipeline/file/acknowledge.h"
#include "pipeline/file/output.h"
#include "pipeline/job/balance.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/party.h"
#include "pipeline/report/pickup.h"
#include "pipeline/report/slip.h"

#define CLOSED "closed"     /* value in the ledger: 1, or 0 where something new came */
#define CLOSED_AT ".closed" /* number of the event that told so */

/* ---- to the other parties ---- */

#define CONFIRMABLE                                                                                \
    (1u << PERSO_STATE_SPOILED | 1u << PERSO_STATE_MISSING | 1u << PERSO_STATE_CANCELLED)

/* What confirm tells the site may have been cut off: before a package tells the others, the site
 * knows. */
static enum perso_result
register_confirmed(void *job, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        if (cards[i].confirmed && cards[i].revoke == 0)
            rc = perso_confirmed_register(job, &cards[i], err);
    return rc;
}

static enum perso_result
tell_others(struct perso_job *job, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    if (perso_job_reads(job, PERSO_STAGE_CLOSE, "RES") != NULL)
        rc = perso_acknowledge_all(job, PERSO_STAGE_CLOSE, err);
    if (rc == PERSO_OK && perso_is_department(job))
        rc = perso_job_each_cards(job, CONFIRMABLE, register_confirmed, job, err);
    if (rc != PERSO_OK || (rc = perso_results_out(job, err)) != PERSO_OK ||
        (rc = perso_remake_out(job, err)) != PERSO_OK)
        return rc;
    return perso_revoke_out(job, err);
}

/* ---- to people ---- */

static enum perso_result
write_balance(struct perso_job *job, const char *folder, const struct perso_balance *balance,
              struct perso_error *err)
{
    char *text = NULL;
    size_t n = 0;
    enum perso_result rc = perso_balance_csv(balance, &text, &n, err);

    if (rc == PERSO_OK)
        rc = perso_output_write(job, folder, "balance.csv", text, n, err);
    free(text);
    return rc;
}

static enum perso_result
write_slip(struct perso_job *job, const char *folder, struct perso_error *err)
{
    char *slip = NULL;
    enum perso_result rc = perso_slip_close(job, false, &slip, err);

    if (rc == PERSO_OK)
        rc = perso_output_write(job, folder, "slip.txt", slip, strlen(slip), err);
    free(slip);
    return rc;
}

static enum perso_result
write_for_people(struct perso_job *job, const struct perso_balance *balance,
                 struct perso_error *err)
{
    char folder[PERSO_PATH_BYTES];
    enum perso_result rc;

    if ((rc = perso_job_folder(job, "out/close", folder, err)) != PERSO_OK ||
        (rc = write_balance(job, folder, balance, err)) != PERSO_OK ||
        (rc = write_slip(job, folder, err)) != PERSO_OK ||
        (rc = perso_pickup_again(job, err)) != PERSO_OK ||
        (rc = perso_drive_remake_list(job, err)) != PERSO_OK)
        return rc;
    return perso_revoke_list(job, folder, err);
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

/* ---- closing ---- */

static enum perso_result
value_is(struct perso_job *job, const char *name, const char *text, bool *ret,
         struct perso_error *err)
{
    char *value = NULL;
    enum perso_result rc = perso_ledger_value(job->ledger, name, &value, err);

    *ret = rc == PERSO_OK && strcmp(value, text) == 0;
    free(value);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
last_event(struct perso_job *job, char number[24], struct perso_error *err)
{
    int64_t event = 0;
    enum perso_result rc = perso_ledger_last_effect(job->ledger, &event, err);

    snprintf(number, 24, "%lld", (long long)event);
    return rc;
}

enum perso_result
perso_is_closed(struct perso_job *job, bool *closed, bool *since, struct perso_error *err)
{
    char number[24];
    bool same = false;
    enum perso_result rc;

    if ((rc = value_is(job, CLOSED, "1", closed, err)) != PERSO_OK ||
        (rc = last_event(job, number, err)) != PERSO_OK ||
        (rc = value_is(job, CLOSED_AT, number, &same, err)) != PERSO_OK)
        return rc;
    *since = *closed && !same;
    return PERSO_OK;
}

/* Inside a transaction. */
static enum perso_result
note_closed(struct perso_job *job, bool closes, struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_CLOSE };
    char number[24];
    enum perso_result rc;

    snprintf(event.kind, sizeof event.kind, "%s", closes ? "close" : "reopen");
    if ((rc = job->cards.event(job->cards.self, &event, err)) != PERSO_OK ||
        (rc = last_event(job, number, err)) != PERSO_OK ||
        (rc = perso_ledger_value_set(job->ledger, CLOSED_AT, number, err)) != PERSO_OK)
        return rc;
    return perso_ledger_value_set(job->ledger, CLOSED, closes ? "1" : "0", err);
}

/* A job that closed may get something new, a card that its department holds back, say: then it is
 * open again, and closes again. Whatever happened since, it closes anew: only what was closed is
 * purged. */
static enum perso_result
mark_closed(struct perso_job *job, bool closes, struct perso_error *err)
{
    bool closed = false, since = false;
    enum perso_result rc = perso_is_closed(job, &closed, &since, err);

    if (rc != PERSO_OK || (closed == closes && !(closes && since)) ||
        (rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK)
        return rc;
    if ((rc = note_closed(job, closes, err)) == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}

enum perso_result
perso_drive_finish(struct perso_job *job, struct perso_error *err)
{
    struct perso_balance balance;
    enum perso_result rc;

    if ((rc = tell_others(job, err)) != PERSO_OK ||
        (rc = perso_balance_take(job, &balance, err)) != PERSO_OK ||
        (rc = write_for_people(job, &balance, err)) != PERSO_OK)
        return rc;
    perso_balance_tell(job, &balance);
    bool closes = balance.in > 0 && perso_balance_closes(job, &balance);
    if ((rc = mark_closed(job, closes, err)) != PERSO_OK || !closes)
        return rc;
    perso_say_begin(&job->say, "job");
    perso_say_text(&job->say, "closed", job->name);
    perso_say_end(&job->say);
    return perso_drive_audit_export(job, err);
}
