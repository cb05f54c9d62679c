#ifndef STAGES_COLLECT_H
#define STAGES_COLLECT_H

#include "formats/base/row_payload.h"
#include "formats/seal/seal.h"
#include "perso/record.h"
#include "perso/secrets.h"

/* Which of the five items an answer must have; by mode and profile. */
#define PERSO_ITEM_QMZS 1u
#define PERSO_ITEM_JMZS 2u
#define PERSO_ITEM_JMMY 4u
#define PERSO_ITEM_GLYPIN 8u
#define PERSO_ITEM_ZKMY 16u
#define PERSO_ITEM_ALL 31u
#define PERSO_ITEMS 5u

struct perso_item {
    enum perso_column column;
    uint32_t bit;
};
/* All of them, in the order of the columns. */
extern const struct perso_item perso_items[PERSO_ITEMS];

/* How GLYPIN and ZKMY stand in a return. */
enum perso_return_secrets {
    PERSO_SECRETS_WRAPPED, /* sealed fields under a key that is wrapped to us; packages always */
    PERSO_SECRETS_SM2,     /* Base64 or hex of an SM2 ciphertext to our sealing key, each */
    PERSO_SECRETS_CLEAR,   /* PIN as eight digits, key as hex or Base64 of 16 bytes */
};

struct perso_collect_rules {
    uint32_t items;
    const char *success; /* codes of an issued answer, separated by commas; NULL: 00 alone */
    enum perso_return_secrets secrets;
    const struct perso_secrets *keys; /* SM2 */
    struct perso_seal *from;     /* WRAPPED: seal of the return; NULL where it has no secrets */
    uint32_t sequence;           /* of the return */
    struct perso_seal *to;       /* the job's own: id AAZ501, sequence 0 */
    const char *const *seal_ids; /* ids of the sealed fields, a row each; NULL: as by_card says */
    bool by_card; /* FWD: the id of its sealed fields is the card's AAZ501; else the request_id */
};

/**
 * Collect: read answers of certificates.csv; secrets are opened and sealed anew at once.
 * in       rows as cells with their origins; card_ids[i]: the card of the request ("" : unknown
 *          request, then only request_id is read). The seal's id of row i is its request_id, its
 *          sequence that of the return, so that the same row twice is the same answer twice.
 * out      answers; their items borrow from the arena; admin_pin and master_key are sealed to `to`;
 *          the code of an issued one is 00, whatever word the RA has for it
 * rejects  RA_REFUSED (note: the RA's code and text, escaped and cut), ITEM_MISSING, ITEM_SHAPE,
 *          SECRET_SEAL, SECRET_SHAPE (PIN of 8 digits, key of 16 bytes)
 * clause   LD/T 03-2022 6.4.7.2 d, 8.3.6 a
 */
enum perso_result perso_stage_collect(const struct perso_collect_rules *rules,
                                      const struct perso_cells *rows,
                                      const struct perso_origin *origins,
                                      const char *const *card_ids, size_t n,
                                      struct perso_arena *arena, struct perso_answer *out,
                                      struct perso_verdict *verdicts, struct perso_error *err);

/** True where the code is one of the list. */
bool perso_answer_issued(const char *success, struct perso_text code);
/** The first code of the list. */
struct perso_text perso_answer_success(const char *success);

/* A code as it may be told: one short word. Longer ones are words, perhaps of somebody. */
#define PERSO_CODE_WORD_BYTES 8u
/** False, and "" in out, where it is not. */
bool perso_code_word(struct perso_text code, char out[PERSO_CODE_WORD_BYTES + 1]);

/* What the answers of one return say of the profile's list of success. */
struct perso_code_tally {
    uint32_t issued; /* with a code of the list ... */
    uint32_t unlike; /* ... and with another one, though they bring a certificate */
    char code[PERSO_CODE_WORD_BYTES + 1]; /* of the first of these */
};
void perso_code_tally_add(struct perso_code_tally *tally, const struct perso_cells *row,
                          const struct perso_verdict *verdict);
/** FILE_FORMAT where certificates came, and no answer with a code of success: then the profile does
 *  not know the RA's word for it, and all that is issued would be asked for again. */
enum perso_result perso_code_tally_check(const struct perso_code_tally *tally,
                                         struct perso_error *err);

/** The request_id of a row of certificates.csv; false where it is not 32 hex digits. */
bool perso_answer_request_id(const struct perso_cells *row, uint8_t out[PERSO_REQUEST_ID_BYTES]);

/** Cells of an answer as the ledger keeps them: request_id, QMZS, JMZS, JMMY as received, GLYPIN
 * and ZKMY sealed to the job, code, reason. Texts borrow from the answer's row and the arena. */
void perso_answer_cells(const struct perso_cells *row, const struct perso_answer *answer,
                        struct perso_cells *ret);

/** An answer read again from the ledger without judging. */
enum perso_result perso_answer_parse(const struct perso_cells *cells,
                                     const struct perso_origin *origin, struct perso_arena *arena,
                                     struct perso_answer *ret, struct perso_error *err);

#endif
