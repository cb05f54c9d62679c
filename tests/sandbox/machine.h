/* The rehearsal's machine: plays the cards of a machine file and says what became of them. */
#ifndef SANDBOX_MACHINE_H
#define SANDBOX_MACHINE_H

#include <jansson.h>

#include "files.h"
#include "formats/seal/seal.h"
#include "options.h"
#include "party.h"
#include "perso/mode.h"
#include "seeded.h"
#include "sm2.h"
#include "table.h"

/* What becomes of a card, and what Persoline must say of it; NONE: the result itself says it. */
/* clang-format off */
/*      enum        kind          code       */
#define SBX_MACHINE_FATES(ROW) \
    ROW(OK,         "ok",         NONE) \
    ROW(SPOIL,      "spoil",      CARD_SPOILED) \
    ROW(RETRY,      "retry",      NONE) \
    ROW(MISSING,    "missing",    NONE) \
    ROW(WRONG_KEY,  "wrong-key",  CHIP_KEY) \
    ROW(WRONG_CERT, "wrong-cert", CHIP_CERT)
/* clang-format on */

enum sbx_fate {
#define SBX_FATE_ENUM(name, kind, code) SBX_FATE_##name,
    SBX_MACHINE_FATES(SBX_FATE_ENUM)
#undef SBX_FATE_ENUM
        SBX_FATE_COUNT
};

/* The form of JMMY that the machine takes. */
enum sbx_takes { SBX_TAKES_SKF, SBX_TAKES_ASN1, SBX_TAKES_ANY };

struct sbx_machine {
    const char *dir, *in, *out;
    enum sbx_takes takes;
    struct sbx_key *chips; /* by public key; NULL where they are not known */
    size_t n_chips;
    uint8_t seed[SBX_SEED_BYTES];
    double rates[SBX_FATE_COUNT];
    struct sbx_site site;
    EVP_PKEY *key;
    json_t *state; /* done, chips, truth */
};

/* One row of a machine file. */
struct sbx_machine_row {
    uint32_t line;
    uint32_t file_number; /* of BATCH-NNNN.csv: in the seals */
    const char *card_id, *key, *qmzs, *jmzs, *jmmy, *pin, *master_key, *ssse, *steps, *box;
};

/* machine_chip.c */
/** Opens the secrets and checks what a chip would: exits with 1 where the card could not be made.
 */
void sbx_chip_check(const struct sbx_machine *m, const char *path,
                    const struct sbx_machine_row *row, struct perso_seal *seal);
/** Whether the row asks for a step of this name. */
bool sbx_chip_has_step(const struct sbx_machine_row *row, const char *step);
/** SM3 of a certificate's DER in hex; "" for an empty cell. */
void sbx_chip_digest(const char *path, const struct sbx_machine_row *row, const char *cell,
                     char out[65]);

/* machine_envelope.c */
/** The private keys of the cards of a sample, made again from its arguments. */
void sbx_machine_chips_load(struct sbx_machine *m, const char *sample);
void sbx_machine_chips_free(struct sbx_machine *m);
/** JMMY is what this machine takes, and over the key of JMZS; exits with 1 else. */
void sbx_machine_envelope_check(const struct sbx_machine *m, const char *path, uint32_t line,
                                const uint8_t *bytes, size_t n, const uint8_t card[64],
                                const uint8_t encryption[64]);

/* machine_state.c: DIR/state.json */
void sbx_machine_state_load(struct sbx_machine *m);
void sbx_machine_state_save(struct sbx_machine *m);
bool sbx_machine_done(const struct sbx_machine *m, const char *digest);
void sbx_machine_done_set(struct sbx_machine *m, const char *digest, const char *name);
/** The fate of a card's next attempt, by seed, card and attempt. */
enum sbx_fate sbx_machine_fate(const struct sbx_machine *m, const char *card_id, uint32_t *attempt);
/** Writes the chip and what is true of it. */
void sbx_machine_chip_set(struct sbx_machine *m, const struct sbx_machine_row *row,
                          enum sbx_fate fate, uint32_t attempt, const char *qmzs_sm3,
                          const char *jmzs_sm3, const char *file, uint32_t record);

#endif
