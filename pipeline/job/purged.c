#include "pipeline/job/purged.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/job/path.h"

const char *const perso_purge_folders[] = { "data",      "out/tosign",  "out/bundle",
                                            "out/ra",    "out/forward", "out/machine",
                                            "out/close", "reports",     NULL };

static enum perso_result
has_value(struct perso_job *job, const char *name, bool *ret, struct perso_error *err)
{
    char *value = NULL;
    enum perso_result rc = perso_ledger_value(job->ledger, name, &value, err);

    free(value);
    *ret = rc == PERSO_OK;
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_purge_state(struct perso_job *job, enum perso_purge_state *ret, struct perso_error *err)
{
    bool begun = false, done = false;
    enum perso_result rc = has_value(job, "purge", &begun, err);

    if (rc == PERSO_OK && (rc = has_value(job, "purged", &done, err)) == PERSO_OK)
        *ret = done ? PERSO_PURGE_DONE : begun ? PERSO_PURGE_BEGUN : PERSO_PURGE_NONE;
    return rc;
}

enum perso_result
perso_purge_refuses(struct perso_job *job, struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;
    enum perso_purge_state state = PERSO_PURGE_NONE;
    bool in_site = false;
    enum perso_result rc = perso_purge_state(job, &state, err);

    if (rc == PERSO_OK)
        rc = store->job_purged_get(store->self, job->name, &in_site, err);
    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    if (state == PERSO_PURGE_NONE && in_site)
        return perso_error_set(err, PERSO_REJ_NONE, "",
                               "the site knows that %s was purged: this is a copy from before",
                               job->name);
    if (state == PERSO_PURGE_NONE)
        return PERSO_OK;
    if (state == PERSO_PURGE_BEGUN)
        return perso_error_set(err, PERSO_REJ_NONE, "",
                               "%s: its purge is not at its end: see persoline purge", job->name);
    return perso_error_set(err, PERSO_REJ_NONE, "",
                           "%s was purged: it can be looked at, and nothing else", job->name);
}

static bool
lies_in(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    return strncmp(path, folder, n) == 0 && path[n] == '/';
}

bool
perso_purge_takes(const char *path)
{
    const char *name = perso_path_name(path);

    if (lies_in(path, "reports")) /* the comparison, and what a crash left of one */
        return strcmp(name, "reconcile.csv") == 0 || strcmp(name, ".reconcile.csv.part") == 0;
    if (lies_in(path, "out/close")) /* packages go, lists and slip stay */
        return !perso_ends_with(name, ".csv") && !perso_ends_with(name, ".txt");
    for (const char *const *folder = perso_purge_folders; *folder != NULL; folder++)
        if (lies_in(path, *folder))
            return true;
    return false;
}
