/* The end of a return: its answers take effect (CONTRACTS 3, 4). */
#ifndef PIPELINE_COLLECT_ACCEPT_H
#define PIPELINE_COLLECT_ACCEPT_H

#include "pipeline/drive/drive.h"
#include "pipeline/job/cards.h"

/* Of the rows of a return: their sum is the number of rows. */
struct perso_collect_counts {
    uint32_t issued, refused, held;
    uint32_t doubled; /* the same answer again */
    uint32_t orphans; /* of no request of this job, or of a card that is cancelled or further on */
};

/* Marks of a stored answer that stands for no card (perso_stored_record.symbol). */
#define PERSO_ANSWER_UNKNOWN 'u'    /* no such request in this job */
#define PERSO_ANSWER_PAST 'p'       /* card cancelled or further on */
#define PERSO_ANSWER_SUPERSEDED 's' /* a later answer took its place, or it contradicts another */

enum perso_result perso_collect_accept(struct perso_job *job, struct perso_ledger_file *file,
                                       struct perso_collect_counts *counts,
                                       struct perso_error *err);

#define PERSO_ORPHAN_REPORT "orphan report" /* perso_job_due */
/** reports/orphans.csv, unless it is not due: answers that stand for no card; their certificates
 * ought to be revoked. */
enum perso_result perso_collect_orphans(struct perso_job *job, struct perso_error *err);

#endif
