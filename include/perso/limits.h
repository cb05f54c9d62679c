/* Every size that input can ask for, with its reason. Tests stand at n and n + 1. */
#ifndef PERSO_LIMITS_H
#define PERSO_LIMITS_H

#define PERSO_BATCH_RECORDS                                                                        \
    2048u /* a batch of the SM2 kernel; larger ones gain nothing (PERFORMANCE 2b) */

#define PERSO_CARD_ID_CHARS 32u  /* 卡识别码: 16 bytes in hex */
#define PERSO_CARD_NO_CHARS 9u   /* 社会保障卡卡号 */
#define PERSO_SSN_CHARS 18u      /* 社会保障号码 */
#define PERSO_DIVISION_CHARS 10u /* 行政区划代码: 6, with agencies 8 or 10 */
#define PERSO_POINT_BYTES 64u    /* SM2 point X || Y, big-endian */
#define PERSO_SM3_BYTES 32u
#define PERSO_REQUEST_ID_BYTES 16u /* first half of an SM3 (CONTRACTS 4) */

#define PERSO_NAME_CARD_BYTES 50u /* tag 09 (30) and tag 4E (20) of EF06, in GBK or GB18030 */
#define PERSO_NAME_UTF8_BYTES                                                                      \
    100u /* no character takes more than twice its GB18030 bytes in UTF-8 */

#define PERSO_COLUMNS_MAX 128u      /* the widest table seen has 52 */
#define PERSO_COLUMN_NAME_BYTES 64u /* Chinese header cells stay far below */
#define PERSO_CELL_BYTES 16384u     /* a PKCS#10 or certificate in Base64 is below 4 KiB */
#define PERSO_LINE_BYTES 65536u     /* a row of five items of the RA is below 8 KiB */
#define PERSO_FILE_ROWS 1000000u    /* rows of one file (DESIGN 8) */
#define PERSO_JOB_CARDS 10000000u   /* cards of one job (DESIGN 8) */

#define PERSO_REQUEST_DER_BYTES 4096u     /* a cardholder's PKCS#10 is 217 to 700 bytes */
#define PERSO_REQUEST_PEM_BYTES 8192u     /* the largest in lines of 64 is 5,700 */
#define PERSO_CERTIFICATE_DER_BYTES 8192u /* a cardholder's certificate is about 800 bytes */
#define PERSO_DER_DEPTH 12u               /* nesting of a real certificate is below 10 */
#define PERSO_ENVELOPE_BYTES 388u         /* ENVELOPEDKEYBLOB with a 16-byte cipher (DOMAIN 5.9) */
#define PERSO_ENVELOPE_BYTES_MAX 8192u    /* of any form; one in CMS with a certificate is 1.1 KB */

#define PERSO_FILE_CERTIFICATES                                                                    \
    65536u /* a return of 10,000 cards has 20,000 and a chain; a large one thrice that */
#define PERSO_CERTIFICATE_FILE_BYTES                                                               \
    (UINT32_C(64) << 20) /* 20,000 certificates in PEM are below 30 MiB; read as a whole */
#define PERSO_CSR_ENVELOPE_BYTES 1024u /* an SM2EnvelopedKey is about 300 bytes (DOMAIN 5.5) */

#define PERSO_RECORD_DEPTH 16u       /* nested elements, objects, arrays; real ones are below 8 */
#define PERSO_RECORD_NAME_BYTES 256u /* of an element, attribute, member; ours are below 64 */
#define PERSO_RECORD_NAMES 256u      /* members of one JSON object; the widest table has 52 */
#define PERSO_RECORD_BYTES 65536u    /* values of a record and around it: as a line of a table */
#define PERSO_RECORD_FILE_BYTES (UINT64_C(2) << 30) /* as an archive's entry; nothing is kept */

#define PERSO_FILE_CERTIFICATES                                                                    \
    65536u /* a return of 10,000 cards has 20,000 and a chain; a large one thrice that */
#define PERSO_CERTIFICATE_FILE_BYTES                                                               \
    (UINT32_C(64) << 20) /* 20,000 certificates in PEM are below 30 MiB; read as a whole */
#define PERSO_CSR_ENVELOPE_BYTES 1024u /* an SM2EnvelopedKey is about 300 bytes (DOMAIN 5.5) */

#define PERSO_RETURN_MEMBERS                                                                       \
    200000u /* files of a return: two certificates a card for ten packages of 10,000 */

#define PERSO_RECORD_DEPTH 16u       /* nested elements, objects, arrays; real ones are below 8 */
#define PERSO_RECORD_NAME_BYTES 256u /* of an element, attribute, member; ours are below 64 */
#define PERSO_RECORD_NAMES 256u      /* members of one JSON object; the widest table has 52 */
#define PERSO_RECORD_BYTES 65536u    /* values of a record and around it: as a line of a table */
#define PERSO_RECORD_FILE_BYTES (UINT64_C(2) << 30) /* as an archive's entry; nothing is kept */

#define PERSO_MANIFEST_BYTES 65536u /* a manifest lists at most 64 members */
#define PERSO_PACKAGE_MEMBERS 64u
#define PERSO_PACKAGE_CARDS 10000u /* default number of cards of one package (CONTRACTS 3) */
#define PERSO_MEMBER_NAME_BYTES 128u
/* Of archives that come in; a profile may say others. */
#define PERSO_ARCHIVE_RATIO 100u       /* bytes out for one in, above 1 MiB (PLATFORM 6) */
#define PERSO_ARCHIVE_MEMBERS 1000100u /* a request of each card of a file, tables, folders */
#define PERSO_ARCHIVE_ENTRY_BYTES (UINT64_C(2) << 30) /* a table of 1 M rows is 540 MB */
#define PERSO_ARCHIVE_TOTAL_BYTES (UINT64_C(4) << 30)
#define PERSO_ZSTD_WINDOW_BYTES (1u << 25) /* zstd -19 asks for 8 MiB */
#define PERSO_PASSPHRASE_BYTES 256u        /* of an encrypted zip; people type fewer than 100 */
#define PERSO_REQUEST_MEMBER_BYTES 12288u  /* a request as a member: its Base64 fits a cell */

#define PERSO_REASON_BYTES 50u   /* reason of a result file (CONTRACTS 2) */
#define PERSO_RA_TEXT_BYTES 200u /* an RA's own text of refusal, cut on a character */
#define PERSO_RA_CODE_BYTES 16u

#define PERSO_COLUMN_WRONG_MIN 20u    /* a column is swapped where more rows than this ... */
#define PERSO_COLUMN_WRONG_PERCENT 5u /* ... and more than this share break its shape */

#endif
