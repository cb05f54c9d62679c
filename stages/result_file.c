#include "stages/result_file.h"

#include <string.h>

#include "stages/verdict.h"

static const enum perso_column columns[] = {
    PERSO_COL_AAZ501,   PERSO_COL_result,   PERSO_COL_step, PERSO_COL_reason, PERSO_COL_QMGY,
    PERSO_COL_QMZS_SM3, PERSO_COL_JMZS_SM3, PERSO_COL_ATR,  PERSO_COL_box,    PERSO_COL_time,
};

static const struct {
    enum perso_state state;
    const char *result;
} results[] = {
    { PERSO_STATE_WRITTEN, "ok" },      { PERSO_STATE_DEFERRED, "ok" },
    { PERSO_STATE_SPOILED, "spoiled" }, { PERSO_STATE_CANCELLED, "spoiled" },
    { PERSO_STATE_MISSING, "missing" }, { PERSO_STATE_TEST, "test" },
};

#define N_OF(array) (sizeof(array) / sizeof(array)[0])

enum perso_result
perso_results_header(struct perso_table_writer *w, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < N_OF(columns); i++)
        rc = perso_writer_string(w, perso_column_code(columns[i]), err);
    return rc == PERSO_OK ? perso_writer_row(w, err) : rc;
}

static const char *
result_of(enum perso_state state)
{
    for (size_t i = 0; i < N_OF(results); i++)
        if (results[i].state == state)
            return results[i].result;
    return NULL;
}

enum perso_result
perso_results_row(struct perso_table_writer *w, const struct perso_told_result *told,
                  struct perso_error *err)
{
    bool cancelled = told->state == PERSO_STATE_CANCELLED;
    const char *result = result_of(told->state);
    char step[PERSO_RA_CODE_BYTES + 1] = "", reason[PERSO_REASON_BYTES + 1] = "";
    enum perso_result rc;

    if (result == NULL || (!cancelled && told->result == NULL))
        return perso_error_set(err, PERSO_REJ_NONE, "result", "a card that is %s has no result",
                               perso_state_name(told->state));
    perso_note_add(step, sizeof step,
                   cancelled ? (struct perso_text) { "CANCEL", 6 }
                             : told->result->known[PERSO_COL_step]);
    perso_note_add(reason, sizeof reason,
                   cancelled ? told->reason : told->result->known[PERSO_COL_reason]);
    const char *const texts[] = { told->card_id, result, step, reason };
    rc = PERSO_OK;
    for (size_t i = 0; rc == PERSO_OK && i < N_OF(texts); i++)
        rc = perso_writer_string(w, texts[i], err);
    for (size_t i = N_OF(texts); rc == PERSO_OK && i < N_OF(columns); i++)
        rc = perso_writer_cell(
            w, cancelled ? (struct perso_text) { "", 0 } : told->result->known[columns[i]], err);
    return rc == PERSO_OK ? perso_writer_row(w, err) : rc;
}
