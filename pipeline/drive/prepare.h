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

/* What `run` makes of a table of key-generation output. */
enum perso_signed_form {
    PERSO_TABLE_READY,     /* for ingest: all that is in in/signed, and of no form sig */
    PERSO_TABLE_UNSIGNED,  /* of the form sig, and no row that can be read has a signature */
    PERSO_TABLE_WITHDRAWN, /* the same; what was made of it, with the profile's subject, was
                              withdrawn: `prepare` alone does it again */
};
enum perso_signed_form perso_drive_signed_form(struct perso_job *job, const char *path);

#endif
