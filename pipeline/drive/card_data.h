/* The records in force of one card on its way out. */
#ifndef PIPELINE_CARD_DATA_H
#define PIPELINE_CARD_DATA_H

#include "pipeline/job/cards.h"

struct perso_card_data {
    struct perso_application application;
    struct perso_cells issuance;     /* with the application's unknown columns */
    struct perso_cells answer_cells; /* as the ledger keeps them */
    struct perso_answer answer;
};

/** Everything borrows from job->arena. */
enum perso_result perso_card_data_load(struct perso_job *job, const struct perso_card *card,
                                       struct perso_card_data *ret, struct perso_error *err);

#endif
