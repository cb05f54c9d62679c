/* ACK-NAME.json and its .sig (CONTRACTS 3): what we took of a peer's package, laid where the peer
 * looks. */
#ifndef PIPELINE_ACKNOWLEDGE_H
#define PIPELINE_ACKNOWLEDGE_H

#include "pipeline/job/job.h"

/** An acknowledgement for every accepted package of this stage that has none yet, where its sender
 * looks: out/forward for what a department has of vendor and finisher, else out/ra. What a crash
 * left undone is done by the next call, whether the package is still there or not. */
enum perso_result perso_acknowledge_all(struct perso_job *job, enum perso_stage stage,
                                        struct perso_error *err);

#endif
