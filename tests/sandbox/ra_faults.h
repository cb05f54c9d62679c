/*
 * Faults of the rehearsal's RA and what Persoline must say of the request. late and doubled are no
 * faults of the card: the answer holds. Where a fault fits both certificates, QMZS has it.
 */
#ifndef SANDBOX_RA_FAULTS_H
#define SANDBOX_RA_FAULTS_H

/* clang-format off */
/*      enum             kind               stage      code              */
#define SBX_RA_FAULTS(ROW) \
    ROW(LATE,            "late",            COLLECT,   NONE) \
    ROW(PARTIAL,         "partial",         COLLECT,   ITEM_MISSING) \
    ROW(ZERO_BYTE,       "zero-byte",       COLLECT,   ITEM_MISSING) \
    ROW(DOUBLED,         "doubled",         COLLECT,   NONE) \
    ROW(CONFLICT,        "conflict",        COLLECT,   ANSWER_TWICE) \
    ROW(REFUSED,         "refused",         COLLECT,   RA_REFUSED) \
    ROW(WRONG_KEY,       "wrong-key",       MATCH,     CERT_KEY) \
    ROW(WRONG_PERSON,    "wrong-person",    MATCH,     CERT_PERSON) \
    ROW(WRONG_ID,        "wrong-id",        MATCH,     CERT_SM2_ID) \
    ROW(FOREIGN_CA,      "foreign-ca",      MATCH,     CERT_ISSUER) \
    ROW(EXPIRED,         "expired",         MATCH,     CERT_EXPIRED) \
    ROW(NOT_YET,         "not-yet",         MATCH,     CERT_NOT_YET) \
    ROW(SWAPPED,         "swapped",         MATCH,     CERT_USAGE) \
    ROW(BAD_SIGNATURE,   "bad-signature",   MATCH,     CERT_SIGNATURE) \
    ROW(CUT,             "cut",             MATCH,     CERT_SYNTAX) \
    ROW(TRAILING,        "trailing",        MATCH,     CERT_TRAILING) \
    ROW(WRONG_ALGORITHM, "wrong-algorithm", MATCH,     CERT_ALGORITHM) \
    ROW(ITEM_SHAPE,      "item-shape",      COLLECT,   ITEM_SHAPE) \
    ROW(ENVELOPE_SHAPE,  "envelope-shape",  MATCH,     ENVELOPE_SHAPE) \
    ROW(ENVELOPE_KEY,    "envelope-key",    MATCH,     ENVELOPE_KEY) \
    ROW(SEAL,            "seal",            COLLECT,   SECRET_SEAL) \
    ROW(SECRET_SHAPE,    "secret-shape",    COLLECT,   SECRET_SHAPE)
/* clang-format on */

enum sbx_ra_fault {
#define SBX_RA_FAULT_ENUM(name, kind, stage, code) SBX_RA_##name,
    SBX_RA_FAULTS(SBX_RA_FAULT_ENUM)
#undef SBX_RA_FAULT_ENUM
        SBX_RA_FAULT_NONE
};

#endif
