/* The records that travel between stages. Plain data; texts and cursors borrow from the batch. */
#ifndef PERSO_RECORD_H
#define PERSO_RECORD_H

#include "perso/column.h"
#include "perso/cursor.h"
#include "perso/limits.h"
#include "perso/result.h"

/* What a stage says of one record; PERSO_REJ_NONE: it goes on. */
struct perso_verdict {
    enum perso_reject reject;
    enum perso_column column; /* the field concerned; PERSO_COLUMN_OTHER: none */
    char note[96];            /* detail without personal values or secrets; "" : none */
};

/* 申请数据 of one card, every field checked by ingest (LD/T 03-2022 6.4.7.2 a). */
struct perso_application {
    struct perso_origin origin;
    char card_id[PERSO_CARD_ID_CHARS + 1]; /* 卡识别码 AAZ501, upper-case hex */
    char card_no[PERSO_CARD_NO_CHARS + 1]; /* 社会保障卡卡号 AAZ500 */
    char ssn[PERSO_SSN_CHARS + 1]; /* 社会保障号码 AAC002, final x stored as X. PERSONAL */
    char division[PERSO_DIVISION_CHARS + 1]; /* 行政区划代码 AAB301 */
    struct perso_text name;                  /* 姓名 AAC003, padding stripped. PERSONAL */
    uint8_t public_key[PERSO_POINT_BYTES];   /* 签名公钥 QMGY, known to be on the curve */
    struct perso_cursor request;             /* PKCS#10 DER as it goes on; empty: a bare key */
    uint32_t odd; /* PERSO_ODD_ bits of the request as it came (formats/pki/pkcs10.h) */
    uint8_t request_id[PERSO_REQUEST_ID_BYTES];
    struct perso_text box, position;
};

/* 发卡数据 of one card; only shapes are checked, reconcile judges the rest (6.4.7.2 b). */
struct perso_issuance {
    struct perso_origin origin;
    char card_id[PERSO_CARD_ID_CHARS + 1]; /* "" where the table has none */
    char card_no[PERSO_CARD_NO_CHARS + 1];
    char ssn[PERSO_SSN_CHARS + 1]; /* PERSONAL */
    char division[PERSO_DIVISION_CHARS + 1];
    struct perso_text name;                       /* PERSONAL */
    struct perso_text name_extension;             /* BAZ103. PERSONAL */
    struct perso_text batch;                      /* BAZ033 */
    struct perso_text person_status, card_status; /* AAC008, AAZ502 */
    struct perso_text ssse_keys;                  /* SSSE: names and versions */
    bool has_key; /* a department's personal data name the key whose card it is */
    uint8_t public_key[PERSO_POINT_BYTES];
};

/* The RA's answer to one request: five optional items, a code, a text (DOMAIN 0.2). */
struct perso_answer {
    struct perso_origin origin;
    uint8_t request_id[PERSO_REQUEST_ID_BYTES];
    struct perso_cursor signing_certificate;    /* QMZS, DER */
    struct perso_cursor encryption_certificate; /* JMZS, DER */
    struct perso_cursor envelope;               /* JMMY, as received */
    struct perso_text admin_pin;                /* GLYPIN, sealed: Base64(tag || ciphertext) */
    struct perso_text master_key;               /* ZKMY, sealed */
    struct perso_text code;                     /* "00" = issued */
    struct perso_text reason;
};

#endif
