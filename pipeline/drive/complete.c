#include "pipeline/drive/complete.h"

static const struct {
    const char *kind;
    perso_outgoing_of *of;
} kinds[] = {
    { "tosign", perso_outgoing_of_tosign },   { "APP", perso_outgoing_of_bundle },
    { "REQ", perso_outgoing_of_bundle },      { "machine", perso_outgoing_of_machine },
    { "FWD", perso_outgoing_of_forward },     { "HLD", perso_outgoing_of_held },
    { "RES", perso_outgoing_of_results },     { "RMK", perso_outgoing_of_remakes },
    { "RVK", perso_outgoing_of_revocations },
};

static enum perso_result
complete(struct perso_job *job, struct perso_ledger_file *file, struct perso_error *err)
{
    struct perso_outgoing what;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, file->kind) != 0)
            continue;
        kinds[i].of(job, &what);
        return perso_outgoing_complete(job, &what, file, err);
    }
    return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: %s is of no known kind", file->path);
}

enum perso_result
perso_drive_complete(struct perso_job *job, struct perso_error *err)
{
    struct perso_ledger_file file = { .id = 0 };
    enum perso_result rc = PERSO_OK;

    while (rc == PERSO_OK && (rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        if (file.outgoing && file.status == PERSO_FILE_PLANNED && perso_outgoing_published(&file))
            rc = complete(job, &file, err);
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}
