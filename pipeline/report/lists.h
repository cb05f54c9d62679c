/* held/STAGE.csv and .jsonl (CONTRACTS 4): every card put aside, as it is now, rewritten whole. */
#ifndef PIPELINE_LISTS_H
#define PIPELINE_LISTS_H

#include "pipeline/job/job.h"

enum perso_result perso_lists_write(struct perso_job *job, struct perso_error *err);

/** Says on stderr, once a code, how many cards a stage holds for it. */
enum perso_result perso_lists_tell(struct perso_job *job, enum perso_stage stage,
                                   struct perso_error *err);

#endif
