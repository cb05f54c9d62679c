/* Parts of a match. Inside drive/ only. */
#ifndef PIPELINE_MATCH_PARTS_H
#define PIPELINE_MATCH_PARTS_H

#include "pipeline/job/job.h"
#include "stages/match.h"

struct perso_matching {
    struct perso_job *job;
    const struct perso_role_stage *stage;
    struct perso_match_rules rules;
    uint32_t matched, held;
    int64_t file_id; /* the return whose date is known */
    int64_t file_date_s;
    struct perso_card cards[PERSO_BATCH_RECORDS];
    struct perso_application applications[PERSO_BATCH_RECORDS];
    struct perso_issuance issuances[PERSO_BATCH_RECORDS];
    struct perso_answer answers[PERSO_BATCH_RECORDS];
    struct perso_validity validities[PERSO_BATCH_RECORDS];
    struct perso_matched matched_items[PERSO_BATCH_RECORDS];
    struct perso_verdict verdicts[PERSO_BATCH_RECORDS];
    struct perso_claim claims[PERSO_BATCH_RECORDS];
    size_t claimed[PERSO_BATCH_RECORDS]; /* index of the card of each claim */
    /* Cards of earlier batches that share a certificate with one of this; they are to be held. */
    struct perso_card others[PERSO_BATCH_RECORDS];
    struct perso_verdict other_verdicts[PERSO_BATCH_RECORDS];
    size_t n_others;
    struct perso_flag *flags; /* from before: of two cards of this job, about certificates */
    size_t n_flags;
};

/** Who has wanted before what this job has claimed. */
enum perso_result perso_match_flags(struct perso_matching *m, struct perso_error *err);
/**
 * One certificate one card, over all history (DESIGN 1): CERT_TWICE for cards of the batch, and the
 * others of this job that are to be held with them, whichever came first (CONTRACTS 4): nobody can
 * tell here whose it is.
 */
enum perso_result perso_match_claim(struct perso_matching *m, size_t n, struct perso_error *err);

#endif
