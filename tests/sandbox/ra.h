/* The rehearsal's RA with its CAs (CONTRACTS 7). Everything it answers is made of its seed and the
 * request; only signatures of packages and wrapped keys are random. */
#ifndef SANDBOX_RA_H
#define SANDBOX_RA_H

#include <jansson.h>

#include "certificate.h"
#include "date.h"
#include "files.h"
#include "formats/package/package.h"
#include "options.h"
#include "party.h"
#include "perso/mode.h"
#include "ra_faults.h"
#include "table.h"

#define SBX_RA_NAME "ra"

/* The form of key envelopes; those before PADDED can be converted. */
enum sbx_envelope {
    SBX_ENVELOPE_SKF,       /* GM/T 0016, 388 bytes */
    SBX_ENVELOPE_SKF_LONG,  /* the same with ULONG of 8 bytes */
    SBX_ENVELOPE_SDF,       /* GM/T 0018 */
    SBX_ENVELOPE_ASN1,      /* GM/T 0009 */
    SBX_ENVELOPE_CMS,       /* GM/T 0010 signedAndEnvelopedData */
    SBX_ENVELOPE_ENVELOPED, /* GM/T 0010 envelopedData */
    SBX_ENVELOPE_PADDED,    /* GM/T 0009, the private key padded */
    SBX_ENVELOPE_OPAQUE,
    SBX_ENVELOPE_FOREIGN,    /* ENVELOPED, another private key: only the card can tell */
    SBX_ENVELOPE_OTHER_CARD, /* SKF, for another card's key: only the card can tell */
    SBX_ENVELOPE_MIXED
};

/* In which form the RA answers (--return); package: RET. */
enum sbx_ra_form {
    SBX_FORM_PACKAGE,
    SBX_FORM_TABLE, /* certificates.csv with the RA's columns */
    SBX_FORM_XML,   /* a record an element, person and card number instead of request_id */
    SBX_FORM_JSON,
    SBX_FORM_CER,   /* certificates alone, one file or more each */
    SBX_FORM_P7B,   /* certificates alone, all in one file */
    SBX_FORM_MIXED, /* every second card's certificates beside records.xml */
};
enum sbx_ra_secrets { SBX_SECRETS_WRAPPED, SBX_SECRETS_SM2, SBX_SECRETS_CLEAR };

struct sbx_ra {
    enum sbx_ra_form form;
    bool archive; /* a loose return of several files: zip, else a folder */
    enum sbx_ra_secrets secrets;
    enum perso_charset charset;
    char delimiter;
    bool unsigned_return;
    const char *items; /* what an answer brings: QMZS,JMZS,... */
    const char *dir, *in, *out;
    enum sbx_envelope envelope;
    uint8_t seed[SBX_SEED_BYTES];
    struct sbx_curve *curve;
    struct sbx_issuer root, issuing, foreign;
    struct sbx_key signing, sealing; /* of the RA */
    uint8_t file_secret[32];
    struct sbx_site site;
    struct sbx_fault_rate faults[SBX_OPTION_VALUES];
    size_t n_faults;
    uint8_t mark_pin[32], mark_key[32]; /* with 0 bytes: drawn for each card */
    size_t mark_pin_bytes, mark_key_bytes;
    json_t *state;
};

/* ra_ca.c: keys out of the seed. */
void sbx_ra_keys(struct sbx_ra *ra, const char *seed_text);

/* One row of requests.csv, checked. */
struct sbx_ra_request {
    char id[33]; /* request_id, lower case */
    char name[256], ssn[32], card_no[16];
    uint8_t xy[64];
    enum sbx_ra_fault fault;
};

/* Requests to be answered in one return: a REQ, or what was late of one. */
struct sbx_ra_work {
    struct perso_manifest manifest; /* of the REQ */
    char name[SBX_PATH_BYTES];      /* of the REQ; "" where late */
    char digest[65];                /* SM3 of its manifest.json */
    bool late;
    size_t n;
    struct sbx_ra_request *requests;
};

/* ra_package.c: a package of the site, verified. */
struct sbx_ra_package {
    FILE *zip;
    struct perso_manifest manifest;
    char digest[65]; /* SM3 of its manifest.json */
    char path[SBX_PATH_BYTES], table_path[SBX_PATH_BYTES + 64];
};
/** Of ra->in; false where its signature is not there yet, exits with 1 where anything is wrong. */
bool sbx_ra_package_open(const struct sbx_ra *ra, const char *name, const char *kind,
                         struct sbx_ra_package *ret);
/** Opens a member, which borrows its path from p; its rows as the manifest has them. */
uint32_t sbx_ra_package_table(struct sbx_ra_package *p, const char *name, struct sbx_table_in *ret);
void sbx_ra_package_close(struct sbx_ra_package *p);

/* ra_issued.c: DIR/issued/ */
#define SBX_SERIAL_CHARS 43u /* 21 bytes in hex, NUL */

struct sbx_ra_certificate {
    char sm3[65], serial[SBX_SERIAL_CHARS], certificate[5]; /* QMZS, JMZS */
};
struct sbx_ra_issued {
    struct sbx_ra_certificate *at; /* owned, sorted by sm3 */
    size_t n, max;
};
/** Of the certificates.csv of a return, before the return has its name. */
void sbx_ra_issued_write(const struct sbx_ra *ra, const char *name, const char *table, size_t n);
void sbx_ra_issued_load(const struct sbx_ra *ra, struct sbx_ra_issued *ret);
/** NULL where no certificate with this SM3 (lower case) was issued. */
const struct sbx_ra_certificate *sbx_ra_issued_find(const struct sbx_ra_issued *issued,
                                                    const char *sm3);

/* ra_revoke.c */
/** Takes every RVK-*.zip into DIR/revoked.csv; exits with 1 and no effect where one is wrong. */
void sbx_ra_revoke(struct sbx_ra *ra);

/* ra_requests.c */
/** Reads and verifies a REQ-*.zip; false where its signature is not there yet. */
bool sbx_ra_work_read(struct sbx_ra *ra, const char *name, struct sbx_ra_work *ret);

/* ra_state.c: DIR/state.json */
void sbx_ra_state_load(struct sbx_ra *ra);
void sbx_ra_state_save(struct sbx_ra *ra);
bool sbx_ra_answered(const struct sbx_ra *ra, const struct sbx_ra_work *work);
void sbx_ra_answered_set(struct sbx_ra *ra, const struct sbx_ra_work *work, const char *name);
/** The chain of returns of a batch: number of the last one, 0 for none, and its digest. */
uint32_t sbx_ra_chain(const struct sbx_ra *ra, const struct perso_manifest *m,
                      uint8_t previous[32]);
void sbx_ra_chain_set(struct sbx_ra *ra, const struct perso_manifest *m, uint32_t sequence,
                      const uint8_t digest[32]);
void sbx_ra_late_add(struct sbx_ra *ra, const struct perso_manifest *m,
                     const struct sbx_ra_request *requests, size_t n);
bool sbx_ra_late_any(const struct sbx_ra *ra, const struct perso_manifest *m);
size_t sbx_ra_late_count(const struct sbx_ra *ra);
void sbx_ra_late_get(const struct sbx_ra *ra, size_t index, struct sbx_ra_work *ret);
void sbx_ra_late_drop_first(struct sbx_ra *ra);
void sbx_ra_truth_add(struct sbx_ra *ra, const struct sbx_ra_request *request, const char *file,
                      uint32_t record, const char *note);
/** "sender/division/batch" */
void sbx_ra_batch_key(const struct perso_manifest *m, char out[256]);

/* ra_answer.c */
#define SBX_ITEM_CHARS 2048u

/* The five items of an answer, a code, a text; secrets in clear. */
struct sbx_ra_answer {
    char qmzs[SBX_ITEM_CHARS], jmzs[SBX_ITEM_CHARS], jmmy[SBX_ITEM_CHARS];
    uint8_t pin[32], key[32];
    size_t pin_bytes, key_bytes;
    const char *code, *reason;
};
/** variant 1: the other answer of a conflict. */
void sbx_ra_answer_make(const struct sbx_ra *ra, const struct sbx_ra_request *request, int variant,
                        struct sbx_date date, struct sbx_ra_answer *ret);

/* ra_envelope.c */
enum sbx_envelope sbx_ra_envelope_kind(const char *name);
/** JMMY of one request: key, under the card's. xy: of the encryption certificate. */
void sbx_ra_envelope_make(const struct sbx_ra *ra, const struct sbx_ra_request *request,
                          const struct sbx_key *key, const uint8_t xy[64],
                          struct sbx_random *random, struct sbx_der *ret);

/* One row of certificates.csv. */
struct sbx_ra_row {
    size_t request;
    int variant;
    size_t copy_of; /* row from 1 that stands here again, byte by byte; 0: none */
};

/* ra_loose.c */
/** A return that is no package, of these rows; name: of the package that it stands for. */
void sbx_ra_loose(struct sbx_ra *ra, const struct sbx_ra_work *work, const struct sbx_ra_row *rows,
                  size_t n, const char *name);
/** The certificates of the chain in PEM; the caller frees. */
char *sbx_ra_chain_pem(const struct sbx_ra *ra, size_t *n);

/* ra_secrets.c */
struct perso_seal;
/** GLYPIN or ZKMY as a loose return carries it; "" where there is none. */
void sbx_ra_secret(const struct sbx_ra *ra, const struct sbx_ra_request *request,
                   struct perso_seal *seal, const char *purpose, const uint8_t *plain, size_t n,
                   char out[512]);

/* ra_files.c: files of a loose return, gathered and then written as folder, archive or alone */
struct sbx_loose_file {
    char name[64];
    uint8_t *bytes; /* owned */
    size_t n;
};
struct sbx_loose_files {
    struct sbx_loose_file *at;
    size_t n, max;
};
/** Takes the bytes over. */
void sbx_loose_add(struct sbx_loose_files *files, const char *name, void *bytes, size_t n);
/** A certificate in one of the forms in which they come: DER, PEM, Base64 alone. */
void sbx_loose_certificate(struct sbx_loose_files *files, struct sbx_random *r, const char *name,
                           const void *der, size_t n);
/** PKCS#7 of certificates; those that are none are left out. Malloc. */
uint8_t *sbx_loose_pkcs7(const struct sbx_loose_files *certificates, size_t *n);
/** Writes them under name (without its ending) with .sig and .wrap, which come first; says what
 *  the return is called. */
void sbx_loose_write(struct sbx_ra *ra, const char *name, const struct sbx_ra_work *work,
                     struct sbx_loose_files *files, const uint8_t file_key[32],
                     char out[SBX_PATH_BYTES]);

/* ra_return.c */
/** Answers the work with one package; late rows stay in the state. more: others of the batch wait.
 */
void sbx_ra_return(struct sbx_ra *ra, struct sbx_ra_work *work, bool more);

#endif
