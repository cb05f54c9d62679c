#include "pipeline/drive/card_data.h"

#include "stages/application.h"
#include "stages/collect.h"
#include "stages/others.h"

enum perso_result
perso_card_data_load(struct perso_job *job, const struct perso_card *card,
                     struct perso_card_data *ret, struct perso_error *err)
{
    struct perso_stored_record record;
    struct perso_cells application;
    const struct perso_origin origin = { "", 0, 0 };
    enum perso_result rc;

    if ((rc = perso_job_cells(job, card->application, &application, &record, err)) != PERSO_OK ||
        (rc = perso_application_parse(&application, &origin, job->arena, &ret->application, err)) !=
            PERSO_OK ||
        (rc = perso_job_cells(job, card->issuance, &ret->issuance, &record, err)) != PERSO_OK ||
        (rc = perso_others_merge(&application, &ret->issuance, job->arena, err)) != PERSO_OK ||
        (rc = perso_job_cells(job, card->answer, &ret->answer_cells, &record, err)) != PERSO_OK)
        return rc;
    return perso_answer_parse(&ret->answer_cells, &origin, job->arena, &ret->answer, err);
}
