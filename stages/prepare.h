#ifndef STAGES_PREPARE_H
#define STAGES_PREPARE_H

#include "formats/base/row_payload.h"
#include "stages/ingest.h"

/* What one card is to sign. */
struct perso_to_sign {
    char card_id[PERSO_CARD_ID_CHARS + 1];
    uint8_t public_key[PERSO_POINT_BYTES];
    uint8_t e[PERSO_SM3_BYTES]; /* SM3(Z || request info), as ingest will verify it */
};

/** The columns that prepare cannot do without: card id, key and what the subject is made of. Room
 * for PERSO_COLUMN_COUNT; PERSO_COLUMN_OTHER ends them. */
void perso_prepare_columns(const struct perso_ingest_rules *rules, enum perso_column *ret);

/**
 * Prepare: of key-generation output of the form sig what each card is to sign.
 * in       rows as cells, at most PERSO_BATCH_RECORDS
 * out      struct perso_to_sign where the verdict is PERSO_REJ_NONE
 * rejects  those of ingest over these columns alone: what else is wrong with a row can be put right
 *          after the card has signed
 * effects  none
 * clause   LD/T 03-2022 6.4.7.2 a; DOMAIN 5.3; GM/T 0003.2
 */
enum perso_result perso_stage_prepare(const struct perso_ingest_rules *rules,
                                      const struct perso_cells *rows,
                                      const struct perso_origin *origins, size_t n,
                                      struct perso_arena *arena, struct perso_to_sign *out,
                                      struct perso_verdict *verdicts, struct perso_error *err);

#endif
