/*
 * Returns that carried secrets in clear ([return] secrets = clear). They are never copied, moved or
 * deleted here; the operator destroys them (LD/T 03-2022 8.2.1 e), and the ledger remembers which
 * they are until they are gone: the note of the file row says it, with the absolute path of one
 * that lies outside the job.
 */
#ifndef PIPELINE_CLEAR_FILES_H
#define PIPELINE_CLEAR_FILES_H

#include "pipeline/job/job.h"

/** The note for a file that is about to be accepted. */
void perso_clear_note(const char *path, const char *display, char *note, size_t max);
/** Asks for each that still stands there: a line of result, "destroy". */
enum perso_result perso_clear_tell(struct perso_job *job, struct perso_error *err);
/** Records which of them are gone now, with an event. */
enum perso_result perso_clear_gone(struct perso_job *job, struct perso_error *err);

#endif
