/* What cards are to sign, out of key-generation output of the form sig. */
#ifndef PIPELINE_PREPARE_H
#define PIPELINE_PREPARE_H

#include "pipeline/drive/drive.h"

/**
 * All files of one command together into one file of out/tosign. Files that were prepared already
 * are known; rows that cannot be are told (job->left_out). No card comes of it.
 */
enum perso_result perso_drive_prepare(struct perso_job *job, const char *const *paths, size_t n,
                                      const struct perso_file_options *options,
                                      struct perso_error *err);

/** True of a table of a job of the form sig that nobody has signed yet: of those of its first rows
 * that can be read none has a signature. */
bool perso_drive_is_unsigned(struct perso_job *job, const char *path);

#endif
