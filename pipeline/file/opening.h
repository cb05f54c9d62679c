/* An incoming file is opened for a stage: what is wrong with it, known or not whole yet is said
 * here, once for all drivers. */
#ifndef PIPELINE_OPENING_H
#define PIPELINE_OPENING_H

#include "pipeline/file/incoming.h"
#include "pipeline/file/input.h"

/**
 * Text tables, alone or in an archive (perso_input_open). PERSO_END: the file is refused, that is
 * said and recorded. Whether it is known is the caller's to ask (perso_file_known): some stages
 * read a file again. *ret is closed with perso_input_close in every case.
 */
enum perso_result perso_opening_input(struct perso_job *job, enum perso_stage stage,
                                      const char *path, const struct perso_table_profile *profile,
                                      const char *encoding, struct perso_input *ret,
                                      struct perso_error *err);

/**
 * A package (perso_incoming_open). PERSO_END: it is refused, known, or waits for what comes before
 * it (job->waits); that is said. *ret is closed with perso_incoming_close in every case.
 */
enum perso_result perso_opening_package(struct perso_job *job, enum perso_stage stage,
                                        const char *path, struct perso_incoming *ret,
                                        struct perso_error *err);

/** From here on the file is being read, and it is this job's: perso_file_begin, perso_file_claim.
 * PERSO_END: it is another job's, that is said. */
enum perso_result perso_opening_begin(struct perso_job *job, struct perso_ledger_file *file,
                                      const char *display, uint64_t bytes,
                                      const uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err);

/** What reading it gave, with *why: PERSO_REJECT refuses the file, and PERSO_END is returned; other
 * results are handed on. */
enum perso_result perso_opening_outcome(struct perso_job *job, struct perso_ledger_file *file,
                                        enum perso_result rc, const struct perso_error *why,
                                        struct perso_error *err);

#endif
