/* HLD: what the department holds, back to the vendor (CONTRACTS 3). */
#ifndef PIPELINE_FORWARD_HELD_H
#define PIPELINE_FORWARD_HELD_H

#include "pipeline/job/job.h"

/**
 * Plan and make HLD. Does nothing while a card is before submitted: until then the department's
 * operator may release, correct or waive; nor where nobody is known to whom cards could go back.
 */
enum perso_result perso_forward_held(struct perso_job *job, struct perso_error *err);

#endif
