/* Files that were being read when the process died. */
#ifndef PIPELINE_HALF_READ_H
#define PIPELINE_HALF_READ_H

#include "pipeline/job/job.h"

/** Their rows go, and what the site was told for them: it is as if they had never come. */
enum perso_result perso_job_drop_half_read(struct perso_job *job, struct perso_error *err);

#endif
