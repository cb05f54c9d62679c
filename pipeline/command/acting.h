/* Common to the acts of an operator on a card. */
#ifndef PIPELINE_ACTING_H
#define PIPELINE_ACTING_H

#include "pipeline/command/operator.h"

/** Refuses the act and says what can be done in that state. verb: the act's participle. */
enum perso_result perso_acting_wrong_state(const struct perso_card *card, enum perso_state state,
                                           const char *verb, struct perso_error *err);

/** True at a department where a card in this state waits for its finisher's RES. */
bool perso_acting_is_with_finisher(const struct perso_job *job, enum perso_state state);

/** Inside a transaction: the event of an act that moved the card. */
enum perso_result perso_acting_event(struct perso_job *job, const struct perso_card *card,
                                     const char *kind, enum perso_state from, const char *reason,
                                     struct perso_error *err);

/** Ends a transaction: commits on PERSO_OK, else rolls back; returns what holds then. */
enum perso_result perso_acting_end(struct perso_job *job, enum perso_result rc,
                                   struct perso_error *err);

#endif
