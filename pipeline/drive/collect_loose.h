/* Returns that are no packages (CONTRACTS 2, 5). */
#ifndef PIPELINE_COLLECT_LOOSE_H
#define PIPELINE_COLLECT_LOOSE_H

#include "pipeline/job/job.h"

/** One file, archive or folder of a RA's answers, where the role's collect reads RET. As a driver:
 * what is wrong with it is said and recorded. */
enum perso_result perso_collect_loose(struct perso_job *job, const char *path,
                                      struct perso_error *err);

#endif
