/* One sample: what its parts share. */
#ifndef SANDBOX_SAMPLE_H
#define SANDBOX_SAMPLE_H

#include <jansson.h>

#include "faults.h"
#include "people.h"
#include "perso/column.h"
#include "request.h"
#include "table.h"

#define SBX_SAMPLE_CARDS 10000000u

/* Form of the applications (CONTRACTS 2). */
enum sbx_form { SBX_FORM_P10, SBX_FORM_SIG, SBX_FORM_BARE, SBX_FORM_COUNT };
/** By its name; SBX_FORM_COUNT: none. */
enum sbx_form sbx_form_find(const char *name);

struct sbx_sample {
    const char *dir, *batch, *archive;
    const char *seed, *division, *vendor, *encoding; /* as typed */
    uint32_t cards, extras;                          /* of the batch; more in the issuance data */
    uint32_t boxes;                                  /* cards a box; 0: no boxes */
    bool ssse;                                       /* issuance data name the device's SSSE keys */
    enum sbx_form form;
    enum sbx_odd odd; /* of every request (form p10) */
    double faults;
    struct sbx_population people;
    struct sbx_curve *curve;
    uint8_t *fault;            /* enum sbx_fault of each card */
    uint32_t *partner;         /* of each card of a pair: the other one */
    uint32_t *issuance_record; /* of each card, from 1; 0: none */
    bool *mended;              /* cards whose planted fault is taken back */
    const uint8_t *nonces;     /* seed of the requests' signatures; NULL: the sample's own */
    json_t *arguments;         /* owns the texts of a sample that was made before */
};

/** Makes what the arguments ask for: people, curve, plan of faults. */
void sbx_sample_begin(struct sbx_sample *s);
void sbx_sample_end(struct sbx_sample *s);
/* DIR/sample.json: the arguments, so that the same sample can be made again in memory. */
void sbx_sample_arguments_write(const struct sbx_sample *s);
/** Reads DIR/sample.json and begins; dir stays NULL. */
void sbx_sample_arguments_read(struct sbx_sample *s, const char *dir);

/* Where a fault lies. */
enum sbx_where {
    SBX_WHERE_CELLS,
    SBX_WHERE_REQUEST,
    SBX_WHERE_SIGNATURE,
    SBX_WHERE_PAIR,
    SBX_WHERE_ISSUANCE,
};

/* What the table says of a fault. */
struct sbx_fault_row {
    const char *kind;
    enum perso_stage stage;
    enum perso_reject code;
    enum perso_column column;
    enum sbx_person_kind needs;
    enum sbx_where where;
};
const struct sbx_fault_row *sbx_fault_row(enum sbx_fault fault);

/** Which card has which fault: fills fault and partner. */
void sbx_faults_plan(struct sbx_sample *s);

/* One row of the application, as text; sizes hold every planted fault. */
struct sbx_application {
    char aaz501[64], aaz500[32], aac002[32], aac003[512], aab301[16], qmgy[160];
    char p10[2048], qm[160];
};
/* One row of the issuance data. */
struct sbx_issuance {
    char aaz501[64], aaz500[32], aac002[32], aac003[512], aab301[16];
    char aac004[2], aac005[3], aac006[9], aac008[2], aac025[7];
    char baz033[64], aaz502[2], aaz503[9], kyxq[9], cshjgbm[16], baz103[64], aae010[32];
};

/** The fault that was planned for a card, mended or not. */
enum sbx_fault sbx_fault_of(const struct sbx_sample *s, uint32_t card);
/** The fault that its rows have. */
enum sbx_fault sbx_fault_planted(const struct sbx_sample *s, uint32_t card);
/** AAZ501 as the application file has it, fault included. */
void sbx_application_card_id(const struct sbx_sample *s, uint32_t card, char out[64]);
/** The key that the card's chip made. */
void sbx_sample_key(const struct sbx_sample *s, uint32_t card, struct sbx_key *ret);
void sbx_application_make(const struct sbx_sample *s, uint32_t card, struct sbx_application *row);
/** copy 1 is the second row of issue-twice. */
void sbx_issuance_make(const struct sbx_sample *s, uint32_t card, int copy,
                       struct sbx_issuance *row);

/* Edits that plant a fault. */
void sbx_fault_row_edit(const struct sbx_sample *s, enum sbx_fault fault, uint32_t card,
                        struct sbx_application *row);
void sbx_fault_request_edit(enum sbx_fault fault, struct sbx_random *r, struct sbx_der *der);
void sbx_fault_signature_edit(enum sbx_fault fault, struct sbx_random *r, char qm[160]);
/** How a card with this fault signs, and what is unusual about its request. */
enum sbx_signing sbx_fault_signing(enum sbx_fault fault);
enum sbx_odd sbx_fault_odd(enum sbx_fault fault);
void sbx_fault_issuance_edit(const struct sbx_sample *s, enum sbx_fault fault, uint32_t card,
                             int copy, struct sbx_issuance *row);

/* Columns of a file of applications. */
struct sbx_columns {
    bool p10, qm, replaces;
    uint32_t boxes; /* cards a box; 0: without box and position */
};
/** Of the file that comes from key generation. */
struct sbx_columns sbx_columns_of(const struct sbx_sample *s);
void sbx_application_table(struct sbx_table_out *t, const char *path, enum perso_charset charset,
                           const struct sbx_columns *columns);
/** place: of the card in the physical order, from 0. replaces: NULL where there is no column. */
void sbx_application_put(struct sbx_table_out *t, const struct sbx_application *row,
                         const struct sbx_columns *columns, const char *replaces, uint32_t place);
/** Name of the part that begins with this card: application.csv, application-2.csv. */
void sbx_application_name(uint32_t first, const char *archive, char out[64]);

/** Writes keys/ and truth.csv; issuance/ comes first, its record numbers stand in the notes. */
void sbx_issuance_write(struct sbx_sample *s);
void sbx_application_write(struct sbx_sample *s);

#endif
