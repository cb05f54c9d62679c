/* Who sends us packages and whom we send them to, by kind (CONTRACTS 3). */
#ifndef PIPELINE_JOB_PARTY_H
#define PIPELINE_JOB_PARTY_H

#include "formats/package/manifest.h"
#include "pipeline/job/job.h"

/** Peer that a package of this kind goes to or comes from in this job; "" while it is not known yet
 * whose packages bring the cards (FWD and RES: then the vendor by its name, if it is a peer). To
 * vendor and centre the department is the RA (job.conf ra). */
enum perso_result perso_job_party(struct perso_job *job, const char *kind,
                                  char out[PERSO_PARTY_BYTES], struct perso_error *err);

/** Inside a transaction: this peer's package brought the cards, so all further ones must be its. */
enum perso_result perso_job_sender_set(struct perso_job *job, const char *sender,
                                       struct perso_error *err);

/* A kind of package that a stage of a role reads. */
struct perso_reading {
    const char *kind;
    enum perso_stage stage;
    const char *roles; /* separated by blanks */
    bool secrets;      /* NAME.wrap must be there */
    bool gap_waits;    /* numbers of one sender follow each other; an RA may have some for others */
    bool other_batch;  /* of a remaking job: the batch is that of the replaced cards */
};
/** NULL: this role's stage does not read such packages. */
const struct perso_reading *perso_job_reads(const struct perso_job *job, enum perso_stage stage,
                                            const char *kind);

#endif
