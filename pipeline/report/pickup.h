/* 待领取写证清单: cards whose certificates wait in the cupboard (LD/T 03-2022 6.4.7.5 e). */
#ifndef PIPELINE_PICKUP_H
#define PIPELINE_PICKUP_H

#include "pipeline/job/job.h"

#define PERSO_PICKUP_LIST "pick-up list" /* perso_job_due */

/** reports/pickup.csv (AAZ501,AAZ500,since,state) of the job, anew from cupboard and ledger, unless
 * it is not due. */
enum perso_result perso_pickup_due(struct perso_job *job, struct perso_error *err);
/** The same where the job ever had such a list: states of cards have changed, and windows write. */
enum perso_result perso_pickup_again(struct perso_job *job, struct perso_error *err);

/* Entries of a job by their state. */
struct perso_pickup_counts {
    uint32_t waiting, written, revoked;
    char oldest[11]; /* date of what waits longest; "" : nothing does */
};
enum perso_result perso_pickup_count(struct perso_job *job, struct perso_pickup_counts *ret,
                                     struct perso_error *err);
/** For status: how many wait, and for how many days by now. */
enum perso_result perso_pickup_tell(struct perso_job *job, struct perso_error *err);

#endif
