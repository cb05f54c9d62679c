#include "pipeline/report/status.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/encode.h"
#include "formats/identity/card.h"
#include "formats/package/package.h"
#include "formats/text/write.h"
#include "perso/text.h"
#include "pipeline/job/approval.h"
#include "pipeline/job/balance.h"
#include "pipeline/job/clear_files.h"
#include "pipeline/job/job.h"
#include "pipeline/job/path.h"
#include "pipeline/job/purged.h"
#include "pipeline/report/lists.h"
#include "pipeline/report/next.h"
#include "pipeline/report/pickup.h"
#include "pipeline/report/slip.h"

static enum perso_result
stdout_write(void *self, const void *bytes, size_t n, struct perso_error *err)
{
    (void)self;
    return fwrite(bytes, 1, n, stdout) == n ? PERSO_OK : perso_error_errno(err, "stdout");
}

struct perso_sink
perso_stdout_sink(void)
{
    return (struct perso_sink) { stdout_write, NULL };
}

/* ---- status ---- */

static void
tell_job(struct perso_job *job)
{
    perso_say_begin(&job->say, "job");
    perso_say_text(&job->say, "name", job->name);
    perso_say_number(&job->say, "mode", job->conf.mode);
    perso_say_word(&job->say, "role", job->conf.role);
    perso_say_text(&job->say, "date", job->conf.date);
    perso_say_text(&job->say, "profile", job->conf.profile);
    perso_say_end(&job->say);
}

static enum perso_result
tell_purge(struct perso_job *job, struct perso_error *err)
{
    enum perso_purge_state state = PERSO_PURGE_NONE;
    enum perso_result rc = perso_purge_state(job, &state, err);

    if (rc != PERSO_OK || state == PERSO_PURGE_NONE)
        return rc;
    perso_say_begin(&job->say, "purge");
    perso_say_word(&job->say, "personal data",
                   state == PERSO_PURGE_DONE ? N_("gone")
                                             : N_("on its way: repeat persoline purge"));
    perso_say_end(&job->say);
    return PERSO_OK;
}

static void
tell_states(struct perso_job *job, const struct perso_balance *balance)
{
    perso_say_begin(&job->say, "states");
    for (int i = 1; i < PERSO_STATE_COUNT; i++)
        if (balance->by_state[i] > 0)
            perso_say_number(&job->say, perso_state_name((enum perso_state)i),
                             balance->by_state[i]);
    perso_say_end(&job->say);
}

#define FLAGS_SHOWN 100

static enum perso_result
tell_flags(struct perso_job *job, struct perso_error *err)
{
    static const char *const kinds[] = { "", N_("card id"), N_("signing key"), N_("encryption key"),
                                         N_("certificate") };
    struct perso_flag flags[FLAGS_SHOWN];
    size_t n = 0;
    enum perso_result rc =
        job->site.store.flags(job->site.store.self, job->name, flags, FLAGS_SHOWN, &n, err);

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        perso_say_begin(&job->say, "flagged");
        perso_say_text(&job->say, "AAZ501", flags[i].card_id);
        perso_say_word(&job->say, "its", kinds[flags[i].kind]);
        perso_say_text(&job->say, "came again with", flags[i].other_card);
        perso_say_text(&job->say, "job", flags[i].other_job);
        perso_say_end(&job->say);
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_status(struct perso_job *job, struct perso_error *err)
{
    struct perso_balance balance;
    enum perso_result rc = perso_balance_take(job, &balance, err);

    if (rc != PERSO_OK)
        return rc;
    tell_job(job);
    if ((rc = tell_purge(job, err)) != PERSO_OK)
        return rc;
    tell_states(job, &balance);
    if ((rc = perso_lists_tell(job, PERSO_STAGE_NONE, err)) != PERSO_OK ||
        (rc = perso_tell_outstanding(job, err)) != PERSO_OK ||
        (rc = perso_clear_tell(job, err)) != PERSO_OK || (rc = tell_flags(job, err)) != PERSO_OK ||
        (rc = perso_pickup_tell(job, err)) != PERSO_OK)
        return rc;
    if ((rc = perso_approval_status(job, err)) != PERSO_OK)
        return rc;
    perso_balance_tell(job, &balance);
    return perso_tell_next(job, &balance, err);
}

enum perso_result
perso_status_short(struct perso_job *job, struct perso_error *err)
{
    struct perso_balance balance;
    enum perso_result rc = perso_balance_take(job, &balance, err);

    if (rc != PERSO_OK)
        return rc;
    tell_job(job);
    perso_balance_tell(job, &balance);
    return PERSO_OK;
}

/* ---- trace ---- */

static enum perso_result
tell_records(struct perso_job *job, const struct perso_card *card, struct perso_error *err)
{
    const int64_t in_force[] = { card->application, card->issuance, card->answer, card->result };
    static const char *const names[] = { N_("application"), N_("issuance"), N_("answer"),
                                         N_("result") };
    struct perso_stored_record record;
    struct perso_ledger_file file;
    enum perso_result rc;

    for (size_t i = 0; i < 4; i++) {
        if (in_force[i] == 0)
            continue;
        if ((rc = job->cards.get(job->cards.self, in_force[i], &record, NULL, NULL, err)) !=
                PERSO_OK ||
            (rc = perso_ledger_file_get(job->ledger, record.file_id, &file, err)) != PERSO_OK)
            return rc;
        perso_say_begin(&job->say, names[i]);
        perso_say_text(&job->say, "file", file.path);
        perso_say_number(&job->say, "line", record.line);
        perso_say_number(&job->say, "record", record.record);
        if (i == 0 && record.verdict.reject == PERSO_REJ_NONE && record.verdict.note[0] != '\0')
            perso_say_text(&job->say, "unusual request", record.verdict.note);
        perso_say_end(&job->say);
    }
    return PERSO_OK;
}

static enum perso_result
tell_file(struct perso_job *job, const char *what, int64_t file_id, struct perso_error *err)
{
    struct perso_ledger_file file;
    enum perso_result rc;

    if (file_id == 0)
        return PERSO_OK;
    if ((rc = perso_ledger_file_get(job->ledger, file_id, &file, err)) != PERSO_OK)
        return rc;
    perso_say_begin(&job->say, what);
    perso_say_text(&job->say, "file", file.path);
    perso_say_end(&job->say);
    return PERSO_OK;
}

/* One card made again: what it replaces, and what replaces it. */
static enum perso_result
tell_remakes(struct perso_job *job, const struct perso_card *card, struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;
    char replaces[PERSO_CARD_ID_CHARS + 1], replaced_by[PERSO_CARD_ID_CHARS + 1];
    enum perso_result rc = store->remake_of(store->self, card->card_id, replaces, replaced_by, err);

    if (rc != PERSO_OK || (replaces[0] == '\0' && replaced_by[0] == '\0'))
        return rc;
    perso_say_begin(&job->say, "remaking");
    if (replaces[0] != '\0')
        perso_say_text(&job->say, "replaces", replaces);
    if (replaced_by[0] != '\0')
        perso_say_text(&job->say, "replaced by", replaced_by);
    perso_say_end(&job->say);
    return PERSO_OK;
}

enum perso_result
perso_trace(struct perso_job *job, const char *text, struct perso_error *err)
{
    char card_id[PERSO_CARD_ID_CHARS + 1], request_id[2 * PERSO_REQUEST_ID_BYTES + 1] = "";
    struct perso_card card;
    const struct perso_sink sink = perso_stdout_sink();
    enum perso_result rc = PERSO_END;

    if (perso_card_id_read((struct perso_text) { text, (uint32_t)strlen(text) }, card_id))
        rc = perso_ledger_card_find(job->ledger, card_id, &card, err);
    if (rc == PERSO_END)
        return perso_error_set(err, PERSO_REJ_NONE, "AAZ501", "no such card in this job");
    if (rc != PERSO_OK)
        return rc;
    if (card.has_request)
        perso_hex_lower(card.request_id, sizeof card.request_id, request_id);
    perso_say_begin(&job->say, "card");
    perso_say_text(&job->say, "AAZ501", card.card_id);
    perso_say_word(&job->say, "state", perso_state_name(card.state));
    perso_say_text(&job->say, "request_id", request_id);
    if (card.verdict.reject != PERSO_REJ_NONE) {
        perso_say_text(&job->say, "code", perso_reject_code(card.verdict.reject));
        perso_say_reject(&job->say, "text", card.verdict.reject);
        perso_say_text(&job->say, "field", perso_column_code(card.verdict.column));
        perso_say_word(&job->say, "from", perso_state_name(card.from_state));
    }
    perso_say_end(&job->say);
    if ((rc = tell_records(job, &card, err)) != PERSO_OK ||
        (rc = tell_file(job, N_("bundle"), card.bundle, err)) != PERSO_OK ||
        (rc = tell_file(job, N_("machine file"), card.machine, err)) != PERSO_OK ||
        (rc = tell_file(job, N_("handed over"), card.handed, err)) != PERSO_OK ||
        (rc = tell_remakes(job, &card, err)) != PERSO_OK)
        return rc;
    fflush(stdout);
    return perso_ledger_trace(job->ledger, &card, &sink, err);
}

/* ---- check, audit ---- */

static enum perso_result
check_output(struct perso_job *job, const struct perso_ledger_file *file, struct perso_error *err)
{
    char path[PERSO_PATH_BYTES];
    struct perso_file_source *source = NULL;
    uint8_t sm3[PERSO_SM3_BYTES] = { 0 };
    enum perso_result rc = perso_path_join(job->folder, file->path, path, sizeof path, err);

    if (rc == PERSO_OK && (rc = perso_file_source_open(path, &source, err)) == PERSO_OK) {
        const struct perso_source bytes = perso_file_source(source);
        rc = perso_source_sm3(&bytes, sm3, NULL, err);
    }
    perso_file_source_close(source);
    if (rc == PERSO_OK && memcmp(sm3, file->sm3, sizeof sm3) != 0)
        rc =
            perso_error_set(err, PERSO_REJ_FILE_DIGEST, "", "not what was written: digest differs");
    if (rc != PERSO_OK)
        perso_error_at(err, file->path, 0, 0);
    return rc;
}

static enum perso_result
check_purged_folder(struct perso_job *job, const char *folder, struct perso_error *err)
{
    char path[PERSO_PATH_BYTES], inside[PERSO_PATH_BYTES];
    struct perso_names files = { 0 };
    enum perso_result rc;

    if ((rc = perso_path_join(job->folder, folder, path, sizeof path, err)) == PERSO_OK)
        rc = perso_folder_files(path, &files, err);
    for (size_t i = 0; rc == PERSO_OK && i < files.n; i++)
        if ((rc = perso_path_join(folder, files.names[i], inside, sizeof inside, err)) ==
                PERSO_OK &&
            perso_purge_takes(inside))
            rc = perso_error_set(err, PERSO_REJ_FILE_KIND, "",
                                 "%.120s was purged, and is here again", inside);
    perso_names_free(&files);
    return rc;
}

/* What a purge took away is not missed; what is there again is told. */
static enum perso_result
check_purged(struct perso_job *job, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (const char *const *name = perso_purge_folders; rc == PERSO_OK && *name != NULL; name++)
        rc = check_purged_folder(job, *name, err);
    return rc;
}

static enum perso_result
check_outputs(struct perso_job *job, struct perso_error *err)
{
    enum perso_purge_state state = PERSO_PURGE_NONE;
    struct perso_ledger_file file = { .id = 0 };
    enum perso_result rc = perso_purge_state(job, &state, err);

    while (rc == PERSO_OK && (rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        if (file.outgoing && file.status >= PERSO_FILE_MADE && file.status <= PERSO_FILE_SENT &&
            (state == PERSO_PURGE_NONE || !perso_purge_takes(file.path)) &&
            (rc = check_output(job, &file, err)) != PERSO_OK)
            return rc;
    }
    if (rc == PERSO_END)
        rc = state == PERSO_PURGE_DONE ? check_purged(job, err) : PERSO_OK;
    return rc;
}

enum perso_result
perso_check(struct perso_job *job, struct perso_error *err)
{
    struct perso_balance balance;
    enum perso_result rc;

    if ((rc = perso_ledger_check(job->ledger, err)) != PERSO_OK ||
        (rc = perso_balance_take(job, &balance, err)) != PERSO_OK ||
        (rc = check_outputs(job, err)) != PERSO_OK)
        return rc;
    perso_say_begin(&job->say, "check");
    if (perso_ledger_purged(job->ledger))
        perso_say_word(&job->say, "ledger, outputs that were not purged", "sound");
    else
        perso_say_word(&job->say, "ledger, payloads, outputs", "sound");
    perso_say_end(&job->say);
    perso_balance_tell(job, &balance);
    return PERSO_OK;
}

enum perso_result
perso_check_dump(struct perso_job *job, struct perso_error *err)
{
    const struct perso_sink sink = perso_stdout_sink();
    enum perso_result rc = perso_ledger_dump(job->ledger, &sink, err);

    return rc != PERSO_OK ? rc : perso_site_db_dump(job->site.db, &sink, err);
}

enum perso_result
perso_audit_verify(struct perso_job *job, struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;
    uint8_t head[PERSO_SM3_BYTES] = { 0 };
    int64_t event = 0, n = 0;
    enum perso_result rc = store->head_get(store->self, job->name, &event, head, err);

    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    if ((rc = perso_ledger_audit_verify(job->ledger, event, head, &n, err)) != PERSO_OK)
        return rc;
    perso_say_begin(&job->say, "audit");
    perso_say_number(&job->say, "events", (uint64_t)n);
    perso_say_word(&job->say, "chain", "unbroken");
    perso_say_end(&job->say);
    return PERSO_OK;
}

/* ---- slip ---- */

static enum perso_result
print_member(const struct perso_source *source, struct perso_error *err)
{
    uint8_t buffer[4096];
    size_t n;
    enum perso_result rc;

    fputs(PERSO_SLIP_REPRINT, stdout);
    while ((rc = perso_source_read(source, buffer, sizeof buffer, &n, err)) == PERSO_OK)
        fwrite(buffer, 1, n, stdout);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
package_slip(const char *path, struct perso_error *err)
{
    const struct perso_archive_limits limits = { PERSO_PACKAGE_MEMBERS, PERSO_ARCHIVE_ENTRY_BYTES,
                                                 PERSO_ARCHIVE_TOTAL_BYTES };
    struct perso_file_source *file = NULL;
    struct perso_archive *archive = NULL;
    struct perso_source member;
    enum perso_result rc;

    if ((rc = perso_file_source_open(path, &file, err)) != PERSO_OK)
        return rc;
    const struct perso_source source = perso_file_source(file);
    if ((rc = perso_archive_open(&source, &limits, &archive, err)) == PERSO_OK &&
        (rc = perso_package_seek(archive, "slip.txt", &member, err)) == PERSO_OK)
        rc = print_member(&member, err);
    perso_archive_free(archive);
    perso_file_source_close(file);
    return rc;
}

enum perso_result
perso_print_slip(struct perso_job *job, const char *package, struct perso_error *err)
{
    char path[PERSO_PATH_BYTES], *slip = NULL;
    enum perso_result rc;

    if (package != NULL) {
        if ((rc = perso_job_locate(job, package, path, err)) != PERSO_OK)
            return rc;
        if (access(path, F_OK) != 0 && perso_ledger_purged(job->ledger))
            return perso_error_set(err, PERSO_REJ_NONE, "", "%.120s: purged with its job", package);
        rc = package_slip(path, err);
        if (rc != PERSO_OK)
            perso_error_at(err, package, 0, 0);
        return rc;
    }
    if ((rc = perso_slip_close(job, true, &slip, err)) == PERSO_OK)
        printf("%s%s", PERSO_SLIP_REPRINT, slip);
    free(slip);
    return rc;
}
