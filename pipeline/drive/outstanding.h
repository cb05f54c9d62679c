/* outstanding.csv of a FWD: cards of the job that its finisher has to wait for, or will never get.
 */
#ifndef PIPELINE_OUTSTANDING_H
#define PIPELINE_OUTSTANDING_H

#include "pipeline/file/outgoing.h"

/**
 * AAZ501,state of the cards that stand in no FWD, neither made nor planned, as they are now; the
 * table is the same for all packages of one planning, however often the run is cut off between
 * them. Rows without a valid card id, and those beside another row in force of their card, are left
 * out.
 */
enum perso_result perso_outstanding_table(struct perso_job *job, struct perso_memory *memory,
                                          uint32_t *rows, struct perso_error *err);

#endif
