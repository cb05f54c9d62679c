/* `run`: every stage that has its input, in order, until it must wait (DESIGN 4). */
#include <stdlib.h>
#include <string.h>

#include "perso/text.h"
#include "pipeline/drive/drive.h"
#include "pipeline/drive/prepare.h"
#include "pipeline/file/tosign.h"
#include "pipeline/job/balance.h"
#include "pipeline/job/party.h"
#include "pipeline/job/path.h"

/* Side files, unfinished files and acknowledgements are no inputs of their own (CONTRACTS 1). */
static bool
is_input(const char *name)
{
    return !perso_ends_with(name, ".part") && !perso_ends_with(name, ".sig") &&
           !perso_ends_with(name, ".wrap") && !perso_ends_with(name, ".manifest.json") &&
           strncmp(name, "ACK-", 4) != 0;
}

struct paths {
    char **all;
    size_t n;
};

static void
free_paths(struct paths *paths)
{
    for (size_t i = 0; i < paths->n; i++)
        free(paths->all[i]);
    free(paths->all);
}

/* Appends. */
static enum perso_result
inputs_of(struct perso_job *job, const char *folder, struct paths *ret, struct perso_error *err)
{
    char path[PERSO_PATH_BYTES], whole[PERSO_PATH_BYTES];
    struct perso_names names = { 0 };
    enum perso_result rc;

    if ((rc = perso_path_join(job->folder, folder, path, sizeof path, err)) != PERSO_OK ||
        (rc = perso_folder_files(path, &names, err)) != PERSO_OK)
        return rc;
    if (names.n_passed_over > 0)
        perso_warn("%s: %zu entries are links or folders and are passed over", folder,
                   names.n_passed_over);
    char **grown = realloc(ret->all, (ret->n + names.n + 1) * sizeof *ret->all);
    if (grown == NULL)
        rc = perso_error_errno(err, "memory");
    else
        ret->all = grown;
    for (size_t i = 0; rc == PERSO_OK && i < names.n; i++) {
        if (!is_input(names.names[i]))
            continue;
        if ((rc = perso_path_join(path, names.names[i], whole, sizeof whole, err)) == PERSO_OK &&
            (ret->all[ret->n++] = strdup(whole)) == NULL) {
            ret->n--;
            rc = perso_error_errno(err, "memory");
        }
    }
    perso_names_free(&names);
    return rc;
}

static const struct perso_file_options plain = { "", UINT32_MAX, NULL, 0 };

static void
tell_withdrawn(struct perso_job *job, const char *path)
{
    char display[512];

    perso_job_display(job, path, display, sizeof display);
    perso_say_begin(&job->say, "prepare");
    perso_say_text(&job->say, "file", display);
    perso_say_word(&job->say, "known", N_("withdrawn: the command prepare makes it again"));
    perso_say_end(&job->say);
}

/* Tables that the cards have not signed yet go their own way. Both borrow from the list. */
static enum perso_result
part_unsigned(struct perso_job *job, const struct paths *in, struct paths *ready,
              struct paths *not_signed, struct perso_error *err)
{
    if ((ready->all = calloc(in->n + 1, sizeof *ready->all)) == NULL ||
        (not_signed->all = calloc(in->n + 1, sizeof *not_signed->all)) == NULL)
        return perso_error_errno(err, "memory");
    for (size_t i = 0; i < in->n; i++) {
        enum perso_signed_form form = perso_drive_signed_form(job, in->all[i]);
        struct paths *to = form == PERSO_TABLE_UNSIGNED ? not_signed : ready;
        if (form == PERSO_TABLE_WITHDRAWN)
            tell_withdrawn(job, in->all[i]);
        else
            to->all[to->n++] = in->all[i];
    }
    return PERSO_OK;
}

/* After the signed ones, so that what is still to be signed is told as it is. */
static enum perso_result
run_prepare(struct perso_job *job, const struct paths *in, struct perso_error *err)
{
    struct perso_ledger_file first;
    enum perso_result rc = PERSO_OK;

    if (in->n > 0)
        rc = perso_drive_prepare(job, (const char *const *)in->all, in->n, &plain, err);
    job->left_out = false; /* whether their cards come, and how, the signed table says */
    if (rc != PERSO_OK || (rc = perso_tosign_waits(job, true, &first, err)) != PERSO_OK)
        return rc;
    if (first.id != 0) {
        job->waits = true;
        perso_warn("%s: not all of its cards came back signed: their table comes into in/signed",
                   first.path);
    }
    return PERSO_OK;
}

static enum perso_result
ingest_all(struct perso_job *job, const struct paths *in, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    /* What may be made again is known before the rows that do it, whatever the files are called. */
    for (int of_rows = 0; of_rows < 2; of_rows++)
        for (size_t i = 0; rc == PERSO_OK && i < in->n; i++)
            if (of_rows == (strncmp(perso_path_name(in->all[i]), "RMK-", 4) != 0))
                rc = perso_drive_ingest(job, in->all[i], &plain, err);
    return rc;
}

static enum perso_result
run_ingest(struct perso_job *job, const struct paths *in, struct perso_error *err)
{
    struct paths ready = { 0 }, not_signed = { 0 };
    enum perso_result rc = part_unsigned(job, in, &ready, &not_signed, err);

    if (rc == PERSO_OK && (rc = ingest_all(job, &ready, err)) == PERSO_OK)
        rc = run_prepare(job, &not_signed, err);
    free(ready.all);
    free(not_signed.all);
    /* Also where a package was taken away after a crash: what is due does not wait for it. */
    return rc == PERSO_OK ? perso_drive_ingested(job, err) : rc;
}

static enum perso_result
run_reconcile(struct perso_job *job, const struct paths *in, struct perso_error *err)
{
    if (in->n == 0)
        return PERSO_OK;
    return perso_drive_reconcile(job, (const char *const *)in->all, in->n, &plain, err);
}

static enum perso_result
run_approve(struct perso_job *job, const struct paths *in, struct perso_error *err)
{
    (void)in;
    return perso_drive_approve(job, NULL, err);
}

static enum perso_result
run_bundle(struct perso_job *job, const struct paths *in, struct perso_error *err)
{
    (void)in;
    return perso_drive_bundle(job, err);
}

static enum perso_result
run_submit(struct perso_job *job, const struct paths *in, struct perso_error *err)
{
    (void)in;
    return perso_drive_submit(job, err);
}

static enum perso_result
run_collect(struct perso_job *job, const struct paths *in, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < in->n; i++)
        rc = perso_drive_collect(job, in->all[i], err);
    /* Also where a return was taken away after a crash: what is due does not wait for its file. */
    return rc == PERSO_OK ? perso_drive_collected(job, err) : rc;
}

static enum perso_result
run_match(struct perso_job *job, const struct paths *in, struct perso_error *err)
{
    (void)in;
    return perso_drive_match(job, err);
}

static enum perso_result
run_forward(struct perso_job *job, const struct paths *in, struct perso_error *err)
{
    (void)in;
    return perso_drive_forward(job, err);
}

static enum perso_result
run_personalize(struct perso_job *job, const struct paths *in, struct perso_error *err)
{
    (void)in;
    return perso_drive_personalize(job, err);
}

static enum perso_result
run_close(struct perso_job *job, const struct paths *in, struct perso_error *err)
{
    uint32_t counts[PERSO_STATE_COUNT], here = 0;
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < in->n; i++)
        rc = perso_drive_close(job, in->all[i], err);
    /* Cards that the machine wants again go into the next machine file at once. */
    if (rc == PERSO_OK && perso_role_stage_find(job->role, PERSO_STAGE_PERSONALIZE) != NULL)
        rc = perso_drive_personalize(job, err);
    if (rc != PERSO_OK || (rc = perso_ledger_counts(job->ledger, counts, err)) != PERSO_OK)
        return rc;
    for (int i = 1; i < PERSO_STATE_COUNT; i++)
        here += counts[i];
    return here == 0 ? PERSO_OK : perso_drive_finish(job, err);
}

#define FOLDERS_MAX 2

static const struct {
    enum perso_result (*run)(struct perso_job *, const struct paths *, struct perso_error *);
    const char *folders[FOLDERS_MAX]; /* where its files come in */
} runs[PERSO_STAGE_COUNT] = {
    [PERSO_STAGE_INGEST] = { run_ingest, { "in/keys", "in/signed" } },
    [PERSO_STAGE_RECONCILE] = { run_reconcile, { "in/issuance" } },
    [PERSO_STAGE_APPROVE] = { run_approve, { NULL } },
    [PERSO_STAGE_BUNDLE] = { run_bundle, { NULL } },
    [PERSO_STAGE_SUBMIT] = { run_submit, { NULL } },
    [PERSO_STAGE_COLLECT] = { run_collect, { "in/ra" } },
    [PERSO_STAGE_MATCH] = { run_match, { NULL } },
    [PERSO_STAGE_FORWARD] = { run_forward, { NULL } },
    [PERSO_STAGE_PERSONALIZE] = { run_personalize, { NULL } },
    [PERSO_STAGE_CLOSE] = { run_close, { "in/machine", "in/result" } },
};

/* A centre has no key-generation output: its cards come with the department's packages, which
 * collect reads again. */
static const char *
folder_of(const struct perso_job *job, enum perso_stage stage, size_t i)
{
    if (stage == PERSO_STAGE_INGEST && perso_job_reads(job, PERSO_STAGE_INGEST, "FWD") != NULL)
        return i == 0 ? "in/ra" : NULL;
    return runs[stage].folders[i];
}

static enum perso_result
run_stage(struct perso_job *job, enum perso_stage stage, struct perso_error *err)
{
    struct paths in = { 0 };
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < FOLDERS_MAX; i++)
        if (folder_of(job, stage, i) != NULL)
            rc = inputs_of(job, folder_of(job, stage, i), &in, err);
    if (rc == PERSO_OK)
        rc = runs[stage].run(job, &in, err);
    free_paths(&in);
    return rc;
}

enum perso_result
perso_drive_run(struct perso_job *job, struct perso_error *err)
{
    struct perso_balance balance;
    enum perso_result rc = PERSO_OK;

    for (const struct perso_role_stage *s = job->role->stages; s->stage != PERSO_STAGE_NONE; s++) {
        /* Rule 1 of DESIGN: after every stage the sum must close. */
        if ((rc = run_stage(job, s->stage, err)) != PERSO_OK ||
            (rc = perso_balance_take(job, &balance, err)) != PERSO_OK)
            return rc;
    }
    return PERSO_OK;
}
