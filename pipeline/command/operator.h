/* What an operator does to single cards and files; each with a reason, in the ledger (8.3.8 c). */
#ifndef PIPELINE_OPERATOR_H
#define PIPELINE_OPERATOR_H

#include "pipeline/drive/drive.h"

typedef enum perso_result perso_operator_act(struct perso_job *job, const char *card_id,
                                             const char *reason, struct perso_error *err);

/* Each changes nothing, with an error, where the card is not in this job or not in such a state. */
perso_operator_act perso_operator_hold;    /* a card on its way is put aside */
perso_operator_act perso_operator_release; /* a held card is judged again; waivable codes pass */
perso_operator_act perso_operator_cancel;  /* a card leaves the job for good */
perso_operator_act perso_operator_confirm; /* remaking and revocation may go on (6.4.4) */
perso_operator_act perso_operator_reject;  /* not approved: it does not go to the RA */

/** A card by its id, or "#SEQ" of a list of held/. */
enum perso_result perso_operator_find(struct perso_job *job, const char *text,
                                      struct perso_card *ret, struct perso_error *err);

/** Take an outgoing file back that was not handed over; its cards go where they came from. */
enum perso_result perso_operator_withdraw(struct perso_job *job, const char *file_name,
                                          const char *reason, struct perso_error *err);

#endif
