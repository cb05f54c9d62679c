/* The part of `status` that depends on the role: what others have, and what to do next. */
#ifndef PIPELINE_NEXT_H
#define PIPELINE_NEXT_H

#include "pipeline/job/balance.h"

/** Files whose cards another party or the machine has, with their age. */
enum perso_result perso_tell_outstanding(struct perso_job *job, struct perso_error *err);
/** For every state in which cards wait, the next step. */
enum perso_result perso_tell_next(struct perso_job *job, const struct perso_balance *balance,
                                  struct perso_error *err);

#endif
