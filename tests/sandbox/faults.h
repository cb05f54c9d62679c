/*
 * The table of planted faults: what the sandbox calls them and what Persoline must say of the card
 * (the code by its row in include/perso/reject.h). Where: CELLS edits cells of the application,
 * REQUEST its PKCS#10 (form p10 alone), SIGNATURE what the card signs (form sig alone), PAIR two
 * rows, ISSUANCE the issuance data. Column: whose shape it breaks, so that not so many are planted
 * that the file itself would be refused (CONTRACTS 2).
 */
#ifndef SANDBOX_FAULTS_H
#define SANDBOX_FAULTS_H

#include "perso/mode.h"
#include "perso/reject.h"

/* clang-format off */
/*      enum             kind               where     stage      code               shape of  needs  */
#define SBX_FAULTS(ROW) \
    ROW(CARD_ID_SHAPE,   "card-id-shape",   CELLS,    INGEST,    CARD_ID_SHAPE,     AAZ501,   ANY) \
    ROW(CARD_DIVISION,   "card-division",   CELLS,    INGEST,    CARD_ID_DIVISION,  OTHER,    ANY) \
    ROW(EXCEL,           "excel",           CELLS,    INGEST,    EXCEL_DAMAGE,      AAC002,   HAN) \
    ROW(SSN_LENGTH,      "ssn-length",      CELLS,    INGEST,    SSN_LENGTH,        AAC002,   HAN) \
    ROW(SSN_CHARACTER,   "ssn-character",   CELLS,    INGEST,    SSN_CHARACTER,     AAC002,   HAN) \
    ROW(SSN_PROVINCE,    "ssn-province",    CELLS,    INGEST,    SSN_PROVINCE,      OTHER,    HAN) \
    ROW(SSN_DATE,        "ssn-date",        CELLS,    INGEST,    SSN_DATE,          OTHER,    HAN) \
    ROW(SSN_CHECK,       "ssn-check",       CELLS,    INGEST,    SSN_CHECK,         OTHER,    HAN) \
    ROW(CARD_NO_SHAPE,   "card-no-shape",   CELLS,    INGEST,    CARD_NO_SHAPE,     AAZ500,   ANY) \
    ROW(DIVISION_SHAPE,  "division-shape",  CELLS,    INGEST,    DIVISION_SHAPE,    AAB301,   ANY) \
    ROW(DIVISION_OTHER,  "division-other",  CELLS,    INGEST,    DIVISION_OTHER,    OTHER,    ANY) \
    ROW(NAME_EMPTY,      "name-empty",      CELLS,    INGEST,    NAME_EMPTY,        AAC003,   ANY) \
    ROW(NAME_GARBLED,    "name-garbled",    CELLS,    INGEST,    NAME_GARBLED,      OTHER,    HAN) \
    ROW(NAME_PRIVATE,    "name-private",    CELLS,    INGEST,    NAME_PRIVATE,      OTHER,    HAN) \
    ROW(NAME_CHARACTER,  "name-character",  CELLS,    INGEST,    NAME_CHARACTER,    OTHER,    HAN) \
    ROW(NAME_LENGTH,     "name-length",     CELLS,    INGEST,    NAME_LENGTH,       OTHER,    HAN) \
    ROW(KEY_SHAPE,       "key-shape",       CELLS,    INGEST,    KEY_SHAPE,         QMGY,     ANY) \
    ROW(KEY_CURVE,       "key-curve",       CELLS,    INGEST,    KEY_CURVE,         OTHER,    ANY) \
    ROW(REQUEST_MISSING, "request-missing", REQUEST,  INGEST,    REQUEST_MISSING,   P10,      ANY) \
    ROW(REQUEST_BASE64,  "request-base64",  REQUEST,  INGEST,    REQUEST_BASE64,    P10,      ANY) \
    ROW(REQUEST_SYNTAX,  "request-syntax",  REQUEST,  INGEST,    REQUEST_SYNTAX,    OTHER,    ANY) \
    ROW(REQUEST_PEM,     "request-pem",     REQUEST,  INGEST,    REQUEST_SYNTAX,    OTHER,    ANY) \
    ROW(REQUEST_RAW,     "request-raw",     REQUEST,  INGEST,    REQUEST_SYNTAX,    OTHER,    ANY) \
    ROW(REQUEST_HYBRID,  "request-hybrid",  REQUEST,  INGEST,    REQUEST_SYNTAX,    OTHER,    ANY) \
    ROW(REQUEST_COMPRESSED, "request-compressed", REQUEST, INGEST, REQUEST_SYNTAX,  OTHER,    ANY) \
    ROW(REQUEST_TRAILING, "request-trailing", REQUEST, INGEST,   REQUEST_TRAILING,  OTHER,    ANY) \
    ROW(REQUEST_ALGORITHM, "request-algorithm", REQUEST, INGEST, REQUEST_ALGORITHM, OTHER,    ANY) \
    ROW(REQUEST_KEY,     "request-key",     REQUEST,  INGEST,    REQUEST_KEY,       OTHER,    ANY) \
    ROW(REQUEST_SUBJECT, "request-subject", REQUEST,  INGEST,    REQUEST_SUBJECT,   OTHER,    ANY) \
    ROW(POP_EMPTY_ID,    "pop-empty-id",    REQUEST,  INGEST,    POP_EMPTY_ID,      OTHER,    ANY) \
    ROW(POP_NO_Z,        "pop-no-z",        REQUEST,  INGEST,    POP_NO_Z,          OTHER,    ANY) \
    ROW(POP_SHA256,      "pop-sha256",      REQUEST,  INGEST,    POP_SHA256,        OTHER,    ANY) \
    ROW(POP_FAILED,      "pop-failed",      REQUEST,  INGEST,    POP_FAILED,        OTHER,    ANY) \
    ROW(SIGNATURE_MISSING, "signature-missing", SIGNATURE, INGEST, REQUEST_MISSING, QM,       ANY) \
    ROW(SIGNATURE_SHAPE, "signature-shape", SIGNATURE, INGEST,   SIGNATURE_SHAPE,   QM,       ANY) \
    ROW(SIGNATURE_EMPTY_ID, "signature-empty-id", SIGNATURE, INGEST, POP_EMPTY_ID,  OTHER,    ANY) \
    ROW(SIGNATURE_NO_Z,  "signature-no-z",  SIGNATURE, INGEST,   POP_NO_Z,          OTHER,    ANY) \
    ROW(SIGNATURE_SHA256, "signature-sha256", SIGNATURE, INGEST, POP_SHA256,        OTHER,    ANY) \
    ROW(SIGNATURE_FAILED, "signature-failed", SIGNATURE, INGEST, POP_FAILED,        OTHER,    ANY) \
    ROW(CARD_TWICE,      "card-twice",      PAIR,     INGEST,    CARD_TWICE,        OTHER,    ANY) \
    ROW(KEY_TWICE,       "key-twice",       PAIR,     INGEST,    KEY_TWICE,         OTHER,    ANY) \
    ROW(ISSUE_ABSENT,    "issue-absent",    ISSUANCE, RECONCILE, ISSUE_ABSENT,      OTHER,    ANY) \
    ROW(ISSUE_TWICE,     "issue-twice",     ISSUANCE, RECONCILE, ISSUE_TWICE,       OTHER,    ANY) \
    ROW(SSN_DIFFERS,     "ssn-differs",     ISSUANCE, RECONCILE, FIELD_DIFFERS,     OTHER,    HAN) \
    ROW(CARD_NO_DIFFERS, "card-no-differs", ISSUANCE, RECONCILE, FIELD_DIFFERS,     OTHER,    ANY) \
    ROW(NAME_DIFFERS,    "name-differs",    ISSUANCE, RECONCILE, FIELD_DIFFERS,     OTHER,    HAN) \
    ROW(DIVISION_DIFFERS, "division-differs", ISSUANCE, RECONCILE, FIELD_DIFFERS,   OTHER,    ANY) \
    ROW(BATCH_DIFFERS,   "batch-differs",   ISSUANCE, RECONCILE, FIELD_DIFFERS,     OTHER,    ANY) \
    ROW(NAME_CASE,       "name-case",       ISSUANCE, RECONCILE, NAME_FOLDED,       OTHER,    FOREIGN15) \
    ROW(CARD_STATUS,     "card-status",     ISSUANCE, RECONCILE, CARD_STATUS,       OTHER,    ANY) \
    ROW(PERSON_STATUS,   "person-status",   ISSUANCE, RECONCILE, PERSON_STATUS,     OTHER,    ANY)
/* clang-format on */

enum sbx_fault {
    SBX_FAULT_NONE,
#define SBX_FAULT_ENUM(name, kind, where, stage, code, column, needs) SBX_FAULT_##name,
    SBX_FAULTS(SBX_FAULT_ENUM)
#undef SBX_FAULT_ENUM
        SBX_FAULT_COUNT
};

#endif
