#include "pipeline/job/party.h"

#include <stdlib.h>
#include <string.h>

#define SENDER "sender" /* value in the ledger */

static const struct perso_reading readings[] = {
    { "APP", PERSO_STAGE_INGEST, "department", false, true, false },
    { "FWD", PERSO_STAGE_INGEST, "centre", true, true, false },
    { "RMK", PERSO_STAGE_INGEST, "vendor", false, false, true },
    { "RET", PERSO_STAGE_COLLECT, "department all", true, false, false },
    { "FWD", PERSO_STAGE_COLLECT, "vendor centre", true, true, false },
    { "HLD", PERSO_STAGE_COLLECT, "vendor", false, true, false },
    { "RES", PERSO_STAGE_CLOSE, "department", false, true, false },
};

/* One of the words of a list. */
static bool
names(const char *roles, const char *role)
{
    size_t n = strlen(role);

    for (const char *at = roles; (at = strstr(at, role)) != NULL; at += n)
        if ((at == roles || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return true;
    return false;
}

const struct perso_reading *
perso_job_reads(const struct perso_job *job, enum perso_stage stage, const char *kind)
{
    for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++)
        if (readings[i].stage == stage && strcmp(readings[i].kind, kind) == 0 &&
            names(readings[i].roles, job->role->name))
            return &readings[i];
    return NULL;
}

static enum perso_result
sender(struct perso_job *job, char out[PERSO_PARTY_BYTES], struct perso_error *err)
{
    char *value = NULL;
    enum perso_result rc = PERSO_OK;

    snprintf(out, PERSO_PARTY_BYTES, "%s", job->conf.sender);
    if (out[0] == '\0' && (rc = perso_ledger_value(job->ledger, SENDER, &value, err)) == PERSO_OK)
        snprintf(out, PERSO_PARTY_BYTES, "%s", value);
    free(value);
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_job_sender_set(struct perso_job *job, const char *name, struct perso_error *err)
{
    return job->conf.sender[0] != '\0' ? PERSO_OK
                                       : perso_ledger_value_set(job->ledger, SENDER, name, err);
}

static bool
goes_to_finisher(const char *kind) /* or comes from it */
{
    return strcmp(kind, "FWD") == 0 || strcmp(kind, "RES") == 0;
}

/* In a department's job the vendor is whoever sends the applications. */
static bool
is_vendors(const struct perso_job *job, const char *kind)
{
    return strcmp(job->role->name, "department") == 0 &&
           (strcmp(kind, "APP") == 0 || strcmp(kind, "HLD") == 0 || strcmp(kind, "RMK") == 0 ||
            (goes_to_finisher(kind) && strcmp(job->conf.finisher, "vendor") == 0));
}

static bool
is_centres(const struct perso_job *job, const char *kind)
{
    return strcmp(job->role->name, "department") == 0 && goes_to_finisher(kind) &&
           strcmp(job->conf.finisher, "centre") == 0;
}

enum perso_result
perso_job_party(struct perso_job *job, const char *kind, char out[PERSO_PARTY_BYTES],
                struct perso_error *err)
{
    if (is_vendors(job, kind)) {
        enum perso_result rc = sender(job, out, err);
        /* Cards of a plain table: their finisher is known by its name alone; a peer of that name
         * sends its own applications, too. */
        if (rc == PERSO_OK && out[0] == '\0' &&
            (goes_to_finisher(kind) || strcmp(kind, "APP") == 0) &&
            perso_site_knows_peer(&job->site, job->conf.vendor))
            snprintf(out, PERSO_PARTY_BYTES, "%s", job->conf.vendor);
        return rc;
    }
    snprintf(out, PERSO_PARTY_BYTES, "%s", is_centres(job, kind) ? job->conf.centre : job->conf.ra);
    return PERSO_OK;
}
