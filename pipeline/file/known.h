/* Incoming files: known already, another job's, refused. */
#ifndef PIPELINE_FILE_KNOWN_H
#define PIPELINE_FILE_KNOWN_H

#include "pipeline/job/job.h"

/** Say why an incoming file is refused, take its rows away, keep the refusal for the audit. */
enum perso_result perso_file_refuse(struct perso_job *job, struct perso_ledger_file *file,
                                    const struct perso_error *why, struct perso_error *err);
/** The same for a file of which nothing was read: its form, signature, recipient or owner is wrong.
 */
enum perso_result perso_file_refuse_unread(struct perso_job *job, enum perso_stage stage,
                                           const char *display, const struct perso_error *why,
                                           struct perso_error *err);
/** PERSO_END, said aloud, where the stage knows a file with this digest. */
enum perso_result perso_file_known(struct perso_job *job, enum perso_stage stage,
                                   const uint8_t sm3[PERSO_SM3_BYTES], const char *display,
                                   struct perso_error *err);
/**
 * The site gives this file, which is being read (perso_file_begin), to this job and stage.
 * PERSO_END, complained of, where it is another job's (then job->refused is set).
 */
enum perso_result perso_file_claim(struct perso_job *job, struct perso_ledger_file *file,
                                   struct perso_error *err);

/**
 * A file begins to be read: its row (stage and kind are set by the caller, other facts may be) is
 * in the ledger with status READING, and an event tells it. Nothing of it counts before it is
 * accepted.
 */
enum perso_result perso_file_begin(struct perso_job *job, struct perso_ledger_file *file,
                                   const char *display, uint64_t bytes,
                                   const uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err);

/** FILE_KIND: a name that no list can hold and no terminal should show. */
enum perso_result perso_file_name_check(const char *display, struct perso_error *err);

#endif
