/*
 * A purged job (DESIGN 6): its payloads and the outputs with personal data are gone; what LD/T
 * 03-2022 6.5.2 and an audit need is left. The ledger's value "purge" is the approved digest,
 * "purged" tells that all is done.
 */
#ifndef PIPELINE_PURGED_H
#define PIPELINE_PURGED_H

#include "pipeline/job/job.h"

enum perso_purge_state {
    PERSO_PURGE_NONE,
    PERSO_PURGE_BEGUN, /* approved and cut off on its way: only purge goes on from here */
    PERSO_PURGE_DONE,
};

enum perso_result perso_purge_state(struct perso_job *job, enum perso_purge_state *ret,
                                    struct perso_error *err);
/** PERSO_OK for a job that was never purged, as ledger and site know; else PERSO_FATAL with a text
 * that says what to do. */
enum perso_result perso_purge_refuses(struct perso_job *job, struct perso_error *err);

/* Folders of the job where files lie that purge takes away; NULL ends them. */
extern const char *const perso_purge_folders[];
/** True for a path, relative to the job, of such a file. Lists of out/close and reports stay: they
 *  have card ids, codes and digests. */
bool perso_purge_takes(const char *path);

#endif
