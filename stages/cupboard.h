/* A card's entry in the cupboard: certificates that are written later (LD/T 03-2022 6.4.7.5 e). */
#ifndef STAGES_CUPBOARD_H
#define STAGES_CUPBOARD_H

#include "formats/base/row_payload.h"
#include "formats/seal/seal.h"
#include "perso/record.h"
#include "perso/site_store.h"

struct perso_cupboard_rules {
    struct perso_seal *from; /* the job's: id AAZ501, sequence 0 */
    struct perso_seal *to;   /* the cupboard's of the job: the same */
    bool secrets;            /* GLYPIN and ZKMY wait too */
};

/**
 * Payload and digests of one entry; the payload is in the arena. cells: the answer as the ledger
 * keeps it, answer: the same, parsed.
 * rejects  SECRET_SEAL where a secret is not of this card
 */
enum perso_result perso_cupboard_fill(const struct perso_cupboard_rules *rules, const char *card_id,
                                      const struct perso_cells *cells,
                                      const struct perso_answer *answer, struct perso_arena *arena,
                                      struct perso_cupboard_entry *entry, struct perso_error *err);

#endif
