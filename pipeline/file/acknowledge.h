/* ACK-NAME.json and its .sig (CONTRACTS 3): what we took of a peer's package, laid where the peer
 * looks. */
#ifndef PIPELINE_ACKNOWLEDGE_H
#define PIPELINE_ACKNOWLEDGE_H

#include "pipeline/job/job.h"

/** An acknowledgement for every accepted package of this stage that has none in out/ra yet. */
enum perso_result perso_acknowledge_all(struct perso_job *job, enum perso_stage stage,
                                        struct perso_error *err);

#endif
