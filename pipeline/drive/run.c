/* `run`: every stage that has its input, in order, until it must wait (DESIGN 4). */
#include <stdlib.h>
#include <string.h>

#include "pipeline/drive/drive.h"
#include "pipeline/job/balance.h"
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

static enum perso_result
inputs_of(struct perso_job *job, const char *folder, struct paths *ret, struct perso_error *err)
{
    char path[PERSO_PATH_BYTES], whole[PERSO_PATH_BYTES];
    struct perso_names names = { 0 };
    enum perso_result rc;

    *ret = (struct paths) { 0 };
    if ((rc = perso_path_join(job->folder, folder, path, sizeof path, err)) != PERSO_OK ||
        (rc = perso_folder_files(path, &names, err)) != PERSO_OK)
        return rc;
    if (names.n_passed_over > 0)
        perso_warn("%s: %zu entries are links or folders and are passed over", folder,
                   names.n_passed_over);
    if ((ret->all = calloc(names.n + 1, sizeof *ret->all)) == NULL)
        rc = perso_error_errno(err, "memory");
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

static const struct perso_file_options plain = { "", UINT32_MAX };

static enum perso_result
run_ingest(struct perso_job *job, const struct paths *in, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < in->n; i++)
        rc = perso_drive_ingest(job, in->all[i], &plain, err);
    return rc;
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
    if (rc == PERSO_OK)
        rc = perso_drive_personalize(job, err);
    if (rc != PERSO_OK || (rc = perso_ledger_counts(job->ledger, counts, err)) != PERSO_OK)
        return rc;
    for (int i = 1; i < PERSO_STATE_COUNT; i++)
        here += counts[i];
    return here == 0 ? PERSO_OK : perso_drive_finish(job, err);
}

static const struct {
    const char *folder; /* where its files come in; NULL: it has none */
    enum perso_result (*run)(struct perso_job *, const struct paths *, struct perso_error *);
} runs[PERSO_STAGE_COUNT] = {
    [PERSO_STAGE_INGEST] = { "in/keys", run_ingest },
    [PERSO_STAGE_RECONCILE] = { "in/issuance", run_reconcile },
    [PERSO_STAGE_APPROVE] = { NULL, run_approve },
    [PERSO_STAGE_BUNDLE] = { NULL, run_bundle },
    [PERSO_STAGE_SUBMIT] = { NULL, run_submit },
    [PERSO_STAGE_COLLECT] = { "in/ra", run_collect },
    [PERSO_STAGE_MATCH] = { NULL, run_match },
    [PERSO_STAGE_PERSONALIZE] = { NULL, run_personalize },
    [PERSO_STAGE_CLOSE] = { "in/machine", run_close },
};

enum perso_result
perso_drive_run(struct perso_job *job, struct perso_error *err)
{
    struct perso_balance balance;
    enum perso_result rc = PERSO_OK;

    for (const struct perso_role_stage *s = job->role->stages; s->stage != PERSO_STAGE_NONE; s++) {
        struct paths in = { 0 };
        if (runs[s->stage].folder != NULL)
            rc = inputs_of(job, runs[s->stage].folder, &in, err);
        if (rc == PERSO_OK)
            rc = runs[s->stage].run(job, &in, err);
        free_paths(&in);
        /* Rule 1 of DESIGN: after every stage the sum must close. */
        if (rc != PERSO_OK || (rc = perso_balance_take(job, &balance, err)) != PERSO_OK)
            return rc;
    }
    return PERSO_OK;
}
