/* The tables of the department's packages to finisher (FWD) and vendor (HLD), CONTRACTS 3. */
#ifndef STAGES_FORWARD_H
#define STAGES_FORWARD_H

#include "formats/base/row_payload.h"
#include "formats/seal/seal.h"
#include "formats/text/write.h"
#include "perso/record.h"
#include "stages/others.h"

/* Which of the RA's items travel with the cards; by mode and profile (LD/T 03-2022 6.4.7.5). */
struct perso_forward_items {
    bool certificates; /* QMZS, JMZS, JMMY; else they wait in the cupboard */
    bool secrets;      /* GLYPIN, ZKMY */
};

struct perso_forward_file {
    struct perso_table_writer *cards, *personal, *certificates;
    struct perso_seal *from; /* the job's: id AAZ501, sequence 0 */
    struct perso_seal *to;   /* this package's: id AAZ501 */
    uint32_t sequence;       /* number of this package, in its seals */
    struct perso_forward_items items;
    struct perso_others others; /* columns of personal.csv that are not known here */
    uint32_t rows;
};

/* One matched card. */
struct perso_forward_card {
    const struct perso_application *application;
    const struct perso_cells *issuance; /* with the application's unknown columns */
    const struct perso_answer *answer;  /* GLYPIN, ZKMY sealed to the job */
};

/** cards: request_id,AAZ501,AAZ500,QMGY,box,position. personal: AAZ501,AAC002,AAC003,BAZ103,AAC004,
 *  AAC005,AAC006,AAC025,AAB301,AAZ503,KYXQ,CSHJGBM,AAE010,BAZ033,SSSE, others. certificates:
 *  request_id,QMZS,JMZS,JMMY,GLYPIN,ZKMY,code,reason. */
enum perso_result perso_forward_headers(struct perso_forward_file *file, struct perso_error *err);
/**
 * Forward: one row in each of the three tables.
 * rejects  SECRET_SEAL, nothing written, where a secret is not of this card
 * clause   LD/T 03-2022 6.4.7.2 d, 6.4.7.3 d, 8.3.6 a
 */
enum perso_result perso_forward_row(struct perso_forward_file *file,
                                    const struct perso_forward_card *card, struct perso_error *err);

/* ---- HLD ---- */

/* One card that goes back to the vendor. No note: what it tells may be another card's. */
struct perso_held_card {
    const char *card_id;
    const char *request_id; /* "" : none */
    bool cancelled;         /* by the department; else the vendor may correct it */
    const char *stage;      /* that held it */
    enum perso_reject reject;
    enum perso_column column;
};

/** Header of held.csv: AAZ501,request_id,state,stage,code,clause,field,text_en,text_zh. */
enum perso_result perso_held_header(struct perso_table_writer *w, struct perso_error *err);
enum perso_result perso_held_row(struct perso_table_writer *w, const struct perso_held_card *card,
                                 struct perso_error *err);

#endif
