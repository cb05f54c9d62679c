#ifndef STAGES_INGEST_H
#define STAGES_INGEST_H

#include "formats/base/row_payload.h"
#include "formats/pki/subject.h"
#include "perso/record.h"
#include "stages/waivers.h"

struct perso_ingest_rules {
    const char *division; /* of the job */
    bool card_no_check;   /* true: a wrong check character holds the card, else it warns */
    bool subject_check;   /* a request that names another person is held */
    struct perso_subject_rules subject;
    bool requested; /* the requests are at the RA already: request_id stands in place of P10 */
};

/**
 * Ingest: judge application data in the form p10 (CONTRACTS 2), or what a centre is given of them.
 * in       rows as cells, at most PERSO_BATCH_RECORDS
 * out      struct perso_application where the verdict is PERSO_REJ_NONE; of a held row what could
 *          be read: card_id ("" where it has not its shape), public_key when has_key[i]
 * rejects  CARD_ID_SHAPE .. POP_FAILED, the first in the order of the table of rejects
 * effects  none
 * clause   LD/T 03-2022 6.4.7.2 a, b; DOMAIN 1.2, 2, 3; GM/T 0092
 * *n_warned is set to the number of card numbers whose check character does not match though they
 * pass.
 */
enum perso_result perso_stage_ingest(const struct perso_ingest_rules *rules,
                                     const struct perso_cells *rows,
                                     const struct perso_origin *origins, size_t n,
                                     const struct perso_waivers *waivers, struct perso_arena *arena,
                                     struct perso_application *out, bool *has_key,
                                     struct perso_verdict *verdicts, uint32_t *n_warned,
                                     struct perso_error *err);

#endif
