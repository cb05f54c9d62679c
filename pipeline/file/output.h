/* Files that a job writes. */
#ifndef PIPELINE_FILE_OUTPUT_H
#define PIPELINE_FILE_OUTPUT_H

#include "pipeline/job/job.h"
#include "pipeline/store/durable.h"

/**
 * A durable output of the job. In a dry run its name is said, its bytes are digested and counted,
 * and nothing is written.
 */
enum perso_result perso_output_open(struct perso_job *job, const char *folder, const char *name,
                                    struct perso_durable **file, struct perso_sink *sink,
                                    struct perso_error *err);
/** Both in one, for bytes in memory. */
enum perso_result perso_output_write(struct perso_job *job, const char *folder, const char *name,
                                     const void *bytes, size_t n, struct perso_error *err);

#endif
