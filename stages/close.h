#ifndef STAGES_CLOSE_H
#define STAGES_CLOSE_H

#include "formats/base/row_payload.h"
#include "perso/card_store.h"
#include "perso/record.h"

/* What the chip must show: the fourth gate for machines (DESIGN 1). */
struct perso_expected {
    uint8_t public_key[PERSO_POINT_BYTES];
    uint8_t signing_sm3[PERSO_SM3_BYTES], encryption_sm3[PERSO_SM3_BYTES]; /* of the DERs */
    bool certificates; /* false in mode 4: none is written at issue */
};

/* One row of a result file (制卡回盘). */
struct perso_outcome {
    char card_id[PERSO_CARD_ID_CHARS + 1]; /* "" where it has not its shape */
    enum perso_state state;                /* WRITTEN RETRY SPOILED MISSING TEST, DEFERRED
                                            * where no certificate was to be written */
};

/** card_id of a row; false where it has not its shape. */
bool perso_result_card_id(const struct perso_cells *row, char out[PERSO_CARD_ID_CHARS + 1]);

/**
 * Close: judge results against what was sent to the machine.
 * in       rows of the result file as cells; expected[i] NULL: no such card at the machine, then
 *          only card_id is read
 * rejects  CHIP_KEY, CHIP_CERT (column QMZS_SM3 or JMZS_SM3) for result ok, RESULT_SHAPE (column),
 *          CARD_SPOILED for result spoiled (note: step and reason)
 * effects  none
 * clause   LD/T 03-2022 6.4.7.2 e; 6.4.4 for the revocation that a spoiled card may need
 */
enum perso_result perso_stage_close(const struct perso_cells *rows,
                                    const struct perso_origin *origins,
                                    const struct perso_expected *const *expected, size_t n,
                                    struct perso_outcome *out, struct perso_verdict *verdicts,
                                    struct perso_error *err);

#endif
