/* Sealed fields from one file's key to another's (CONTRACTS 5): no SM2 operation a card. */
#ifndef STAGES_RESEAL_H
#define STAGES_RESEAL_H

#include "formats/seal/seal.h"

/** A field of the job's seal (sequence 0) under the key of an outgoing file; the id and the purpose
 *  stay. "" where it is empty. PERSO_REJECT with SECRET_SEAL where it is not of this id. */
enum perso_result perso_reseal(struct perso_seal *from, struct perso_seal *to, const char *id,
                               const char *purpose, uint32_t sequence, struct perso_text sealed,
                               char out[PERSO_SEALED_CHARS + 1], struct perso_error *err);

#endif
