#ifndef STAGES_PERSONALIZE_H
#define STAGES_PERSONALIZE_H

#include "formats/base/row_payload.h"
#include "formats/seal/seal.h"
#include "formats/text/write.h"
#include "perso/mode.h"
#include "perso/record.h"
#include "stages/machine_envelope.h"
#include "stages/others.h"

/* Steps of the second pass, in the order in which they are done (LD/T 03-2022 6.4.7.2 e). */
enum perso_step {
    PERSO_STEP_COMPARE_KEY,            /* KEY: QMGY against the chip, before the first write */
    PERSO_STEP_PERSONAL,               /* DATA: empty is written, equal skipped, different stops */
    PERSO_STEP_ENCRYPTION_KEY,         /* JMMY */
    PERSO_STEP_SIGNING_CERTIFICATE,    /* QMZS */
    PERSO_STEP_ENCRYPTION_CERTIFICATE, /* JMZS */
    PERSO_STEP_READ_BACK,              /* READ: both certificates, compared */
    PERSO_STEP_ADMIN_PIN,              /* GLYPIN */
    PERSO_STEP_MASTER_KEY,             /* ZKMY: under ADF and DDF */
    PERSO_STEP_SSSE_KEYS,              /* SSSE: mode 2, by device key reference */
    PERSO_STEP_CHECK,                  /* CHECK: RECORD, SAFETY, CHECK_CERT */
    PERSO_STEP_COUNT
};
const char *
perso_step_name(enum perso_step step); /* KEY DATA JMMY QMZS JMZS READ GLYPIN ZKMY SSSE CHECK */

/* What one card's second pass does: ordered typed steps; secrets stay sealed (CONTRACTS 6). */
struct perso_write_plan {
    const struct perso_application *application;
    const struct perso_cells *issuance; /* personal data as the issuance data has them */
    const struct perso_answer *answer;  /* GLYPIN, ZKMY sealed to the job */
    struct perso_text ssse_keys;        /* where the plan has the step; names and versions only */
    enum perso_step steps[PERSO_STEP_COUNT];
    size_t n_steps;
};

struct perso_personalize_rules {
    const struct perso_mode *mode;
    const char *ssse_keys; /* of the profile, where personal data have no SSSE; "" : none */
    bool keys_at_issue;    /* mode 4: master key and PIN change now, not with the certificates */
    enum perso_machine_envelope envelope;
};

/**
 * Personalize: make the write plan of each card of a mode. A step stands in the plan where the mode
 * has it and the answer has the item that it writes (match has seen to the needed ones).
 * rejects  PLAN_FIELD (column) for personal data that the card cannot hold: sex, nation, dates,
 *          place of birth, expiry, name over 50 bytes in GB18030; SSSE: no references to keys;
 *          ENVELOPE_FORM (JMMY) where match judged it by another profile
 * effects  none
 * clause   LD/T 03-2022 6.4.7.2 e, 6.4.7.3 e, 6.4.7.5, DOMAIN 4.3
 */
enum perso_result perso_stage_personalize(const struct perso_personalize_rules *rules,
                                          const struct perso_application *applications,
                                          const struct perso_cells *issuances,
                                          const struct perso_answer *answers, size_t n,
                                          struct perso_write_plan *out,
                                          struct perso_verdict *verdicts, struct perso_error *err);

/* ---- renderer: machine file (CONTRACTS 2) ---- */

struct perso_machine_file {
    struct perso_table_writer *writer;
    struct perso_seal *from; /* the job's: id AAZ501, sequence 0 */
    struct perso_seal *to;   /* this file's: id AAZ501 */
    uint32_t sequence;       /* number of this file, in its seals */
    enum perso_machine_envelope envelope;
    struct perso_others others;
    uint32_t rows;
};

/** Columns: seq,AAZ501,AAZ500,QMGY, AAC002,AAC003,BAZ103,AAC004,AAC005,AAC006,AAC025,AAB301,AAZ503,
 *  KYXQ,CSHJGBM,AAE010, others, QMZS,JMZS,JMMY,GLYPIN,ZKMY,SSSE,steps,box,position. */
enum perso_result perso_machine_header(struct perso_machine_file *file, struct perso_error *err);
/** One row, seq = ++rows. PERSO_REJECT, nothing written, with SECRET_SEAL where a secret is not of
 *  this card, with ENVELOPE_FORM where JMMY cannot be had as the machine takes it. SSSE has the
 * plan's references to keys where it has the step. */
enum perso_result perso_machine_row(struct perso_machine_file *file,
                                    const struct perso_write_plan *plan, struct perso_error *err);

#endif
