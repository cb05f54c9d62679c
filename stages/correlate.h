/*
 * Whose is it? Parts of a return that is no package (records and single certificates, in any order)
 * find their card by what they state, and become one answer a card (DOMAIN 7, LD/T 03-2022
 * 6.4.7.2 d, e).
 */
#ifndef STAGES_CORRELATE_H
#define STAGES_CORRELATE_H

#include "formats/base/row_payload.h"
#include "formats/pki/certificate.h"
#include "perso/record.h"

/* ---- records ---- */

/* What a record states of its card; every part is optional. PERSONAL */
struct perso_stated {
    bool has_certificate_key, has_key, has_request;
    uint8_t certificate_key[PERSO_POINT_BYTES]; /* of QMZS */
    uint8_t key[PERSO_POINT_BYTES];             /* QMGY */
    uint8_t request_id[PERSO_REQUEST_ID_BYTES];
    char card_id[PERSO_CARD_ID_CHARS + 1]; /* AAZ501 */
    char card_no[PERSO_CARD_NO_CHARS + 1]; /* AAZ500 */
    char ssn[PERSO_SSN_CHARS + 1];         /* AAC002 */
    struct perso_text name;                /* AAC003, borrowed from the row */
    enum perso_column damaged; /* first one stated that is not of its form; OTHER: none */
};

/** COLUMN_MISSING where a table cannot state of any row whose it is. */
enum perso_result perso_stated_columns(const struct perso_layout *layout, struct perso_error *err);
/** A QMZS that is no certificate states nothing: match says what is wrong with it. */
void perso_stated_read(const struct perso_cells *row, struct perso_arena *arena,
                       struct perso_stated *ret);

/* A card as it is known here. PERSONAL */
struct perso_correlated {
    int64_t seq;
    char card_id[PERSO_CARD_ID_CHARS + 1];
    char card_no[PERSO_CARD_NO_CHARS + 1];
    char ssn[PERSO_SSN_CHARS + 1];
    struct perso_text names[2]; /* of application and issuance data; empty: none */
    uint8_t public_key[PERSO_POINT_BYTES];
    uint8_t request_id[PERSO_REQUEST_ID_BYTES];
};

/** True where only the card's person and card number can tell whether the record is of it. */
bool perso_stated_needs_person(const struct perso_stated *stated);

/**
 * The first column that does not name this card, in the order QMGY, request_id, AAZ501, AAZ500,
 * AAC002, AAC003 (any fold of a name is accepted); PERSO_COLUMN_OTHER: all that is stated names it.
 * QMZS is the caller's: its key names this card, or no card, which match tells.
 */
enum perso_column perso_stated_differs(const struct perso_stated *stated,
                                       const struct perso_correlated *card);

/* ---- certificates ---- */

enum perso_certificate_kind {
    PERSO_CERTIFICATE_CA,        /* of the chain */
    PERSO_CERTIFICATE_ENCIPHERS, /* an encryption certificate: its subject names the card */
    PERSO_CERTIFICATE_OTHER,     /* its key names the card, or nothing does */
};
enum perso_certificate_kind perso_certificate_kind(const struct perso_certificate *certificate);

/* What a subject names a card by. */
enum perso_named_by { PERSO_BY_CARD_ID, PERSO_BY_CARD_NO, PERSO_BY_SSN };
#define PERSO_SUBJECT_NAMES 8u
struct perso_subject_names {
    struct {
        enum perso_named_by by;
        char value[PERSO_CARD_ID_CHARS + 1]; /* PERSONAL */
    } at[PERSO_SUBJECT_NAMES];               /* ordered by `by` */
    size_t n;
};

/** Card id, card number and SSN in CN (alone, or with the name beside it), serialNumber,
 *  identifyCode, insuranceNumber. Other words are nobody's number and are left out. */
void perso_subject_names_read(const struct perso_subject *subject, struct perso_subject_names *ret);
/** True where every one of them is the card's. */
bool perso_subject_names_fit(const struct perso_subject_names *names,
                             const struct perso_correlated *card);

/* ---- one answer ---- */

/* A part of one card: its cells as an answer keeps them (perso_answer_cells). */
struct perso_part {
    const struct perso_cells *cells;
    struct perso_verdict verdict;
};

/** Bits of the items (PERSO_ITEM_) that the cells have. */
uint32_t perso_items_of(const struct perso_cells *cells);

/** True where every item of the part is the answer's own. */
bool perso_answer_has(const struct perso_cells *answer, const struct perso_cells *part);

/**
 * The items that must be there and are not, as a verdict: ITEM_MISSING of the first, unless
 * something that is told before it is there already.
 */
void perso_answer_complete(uint32_t items_wanted, uint32_t items_have,
                           struct perso_verdict *verdict);

/**
 * Merge n parts of one card, whatever their order: items that stand in several must be the same.
 * before (NULL: none): an answer that came short in an earlier return; it gives what none of these
 * has.
 * verdict   the first in the table of rejects of: the parts' own; ANSWER_TWICE for items or codes
 *           that contradict each other; ITEM_MISSING
 */
void perso_answer_merge(uint32_t items_wanted, const struct perso_part *parts, size_t n,
                        const struct perso_cells *before, struct perso_cells *ret,
                        struct perso_verdict *verdict);

#endif
