/*
 * What waits for approval, and who approved just that already (LD/T 03-2022 8.3.8 c). Under policy
 * two the first approval stands in the ledger as the values approval.digest and approval.operator,
 * written with its event; "" : none.
 */
#ifndef PIPELINE_APPROVAL_H
#define PIPELINE_APPROVAL_H

#include "pipeline/job/job.h"

struct perso_approval_due {
    uint32_t n; /* cards */
    int64_t first_seq, last_seq;
    uint8_t digest[PERSO_SM3_BYTES];
    char hex[2 * PERSO_SM3_BYTES + 1];
    char first[sizeof((struct perso_actor *)0)->operator]; /* who approved first; "" : nobody */
    bool is_void;                /* what was approved first is not what there is now */
    bool whole_batch;            /* the profile approves no card while one does not agree */
    uint32_t differ, uncompared; /* cards held by reconcile; cards that it has not seen */
};

/** The role has a stage approve. */
enum perso_result perso_approval_due(struct perso_job *job, struct perso_approval_due *ret,
                                     struct perso_error *err);
/** The batch as a whole waits for other cards. */
bool perso_approval_blocked(const struct perso_approval_due *due);

/** Inside a transaction: who approved first; digest NULL: nobody has. */
enum perso_result perso_approval_first_set(struct perso_job *job, const char *digest,
                                           struct perso_error *err);

/** For `status`: the first of two approvals, or what the batch waits for. */
enum perso_result perso_approval_status(struct perso_job *job, struct perso_error *err);

#endif
