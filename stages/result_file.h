/* What a finisher tells of its cards: result.csv of a RES (CONTRACTS 3). */
#ifndef STAGES_RESULT_FILE_H
#define STAGES_RESULT_FILE_H

#include "formats/base/row_payload.h"
#include "formats/text/write.h"
#include "perso/state.h"

struct perso_told_result {
    const char *card_id;
    enum perso_state state;           /* WRITTEN DEFERRED SPOILED MISSING TEST CANCELLED */
    const struct perso_cells *result; /* the machine's row in force; NULL for CANCELLED */
    struct perso_text reason;         /* of CANCELLED: the operator's */
};

/** AAZ501,result,step,reason,QMGY,QMZS_SM3,JMZS_SM3,ATR,box,time */
enum perso_result perso_results_header(struct perso_table_writer *w, struct perso_error *err);
/**
 * One row; values as the machine gave them. Step and reason are free text: made fit for a note and
 * cut to their bytes, since a machine may echo a person's number there. A cancelled card is told as
 * spoiled in the step CANCEL. PERSO_FATAL for a state that nobody is told.
 * clause   LD/T 03-2022 6.4.7.2 e, 6.4.7.3
 */
enum perso_result perso_results_row(struct perso_table_writer *w,
                                    const struct perso_told_result *told, struct perso_error *err);

#endif
