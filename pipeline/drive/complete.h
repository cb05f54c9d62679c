/* What a kind of outgoing file takes and does, and the end of those that a crash cut off. */
#ifndef PIPELINE_COMPLETE_H
#define PIPELINE_COMPLETE_H

#include "pipeline/file/outgoing.h"

/* Each without its recipient. For a role whose stages write such files. */
typedef void perso_outgoing_of(const struct perso_job *job, struct perso_outgoing *ret);
perso_outgoing_of perso_outgoing_of_tosign;      /* what cards are to sign */
perso_outgoing_of perso_outgoing_of_bundle;      /* APP, REQ */
perso_outgoing_of perso_outgoing_of_machine;     /* machine files */
perso_outgoing_of perso_outgoing_of_forward;     /* FWD */
perso_outgoing_of perso_outgoing_of_held;        /* HLD */
perso_outgoing_of perso_outgoing_of_results;     /* RES */
perso_outgoing_of perso_outgoing_of_remakes;     /* RMK */
perso_outgoing_of perso_outgoing_of_revocations; /* RVK */

/**
 * Files that a run before this one published and did not record as made: somebody may have them, so
 * they are recorded before anything changes a card. At the beginning of every command.
 */
enum perso_result perso_drive_complete(struct perso_job *job, struct perso_error *err);

#endif
