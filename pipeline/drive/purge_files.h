/* Files that a purge is about: our own, which go, and the operator's, which he destroys. */
#ifndef PIPELINE_PURGE_FILES_H
#define PIPELINE_PURGE_FILES_H

#include "pipeline/job/job.h"

struct perso_purge_file {
    char *path; /* as the ledger has it: relative to the job where it lies inside */
    uint64_t bytes;
    uint8_t sm3[PERSO_SM3_BYTES]; /* zero: not known */
};

/* In byte order of the paths. */
struct perso_purge_files {
    struct perso_purge_file *files;
    size_t n, room;
    uint64_t bytes; /* of all */
};

/** What perso_purge_takes, as it lies in the job's folder. */
enum perso_result perso_purge_files_own(struct perso_job *job, struct perso_purge_files *ret,
                                        struct perso_error *err);
/** Unlink them, but for data/, which is the ledger's. Safe to repeat. */
enum perso_result perso_purge_files_remove(struct perso_job *job, struct perso_error *err);
/** All that lies in in/, and what was read from elsewhere. */
enum perso_result perso_purge_files_theirs(struct perso_job *job, struct perso_purge_files *ret,
                                           struct perso_error *err);
void perso_purge_files_free(struct perso_purge_files *files);

#endif
