/* Keys, requests and certificates for tests, made with OpenSSL and a small DER writer of their own:
 * nothing of formats/ stands on this side of a comparison. Failures end the test program. */
#ifndef TESTS_STAGES_MAKE_H
#define TESTS_STAGES_MAKE_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/base/row_payload.h"

#define CARD_ID "411600D156000005123456780000ABCD"
#define CARD_NO "JA334687X" /* a check character that holds, DOMAIN 2.4 */
#define SSN "11010519491231002X"
#define NAME "张三"
#define DIVISION "411602"

struct bytes {
    uint8_t at[4096];
    size_t n;
};

struct key {
    EVP_PKEY *pkey;
    uint8_t point[64];
};

struct key make_key(void);
void free_key(struct key *key);
struct perso_cursor cursor_of(const struct bytes *bytes);

/* How a signature is made; the first one is right. */
enum signing { SIGN_STANDARD, SIGN_EMPTY_ID, SIGN_NO_Z, SIGN_SHA256, SIGN_BROKEN };

struct request_options {
    const struct key *key;
    const char *common_name; /* NULL: empty subject */
    const char *number;      /* serialNumber; NULL: none */
    enum signing signing;
    bool ecdsa; /* ecdsa-with-SHA256 as algorithm */
    size_t trailing;
    /* unusual, but signed rightly */
    bool no_attributes, null_parameters, raw;
    uint8_t point; /* 6: hybrid, 2: compressed, 0: as usual */
};
void make_request(const struct request_options *options, struct bytes *out);

struct certificate_options {
    const struct key *key, *issuer_key;
    const char *issuer, *common_name, *number;
    const char *begins, *ends; /* UTCTime; NULL: 200101000000Z, 401231235959Z */
    unsigned serial, usage;    /* PERSO_KU_ bits; 0: no extension */
    bool ca, unknown_critical, ecdsa;
    enum signing signing;
    size_t trailing;
};
void make_certificate(const struct certificate_options *options, struct bytes *out);

/* Of a request: what is signed, and r || s. */
void take_request(const struct bytes *request, struct bytes *info, uint8_t rs[64]);
/* True where r || s is the key's signature over e, which has Z in it (GB/T 32918.2 7). */
bool signs_e(const struct key *key, const uint8_t e[32], const uint8_t rs[64]);

/* ENVELOPEDKEYBLOB of DOMAIN 5.9 for an encryption key; cipher bytes are of no meaning. */
void make_envelope(const struct key *encryption, const struct key *any, struct bytes *out);

/* The same key as SM2EnvelopedKey, or padded to 48 bytes; as envelopedData, or in CBC. */
void make_envelope_asn1(const struct key *encryption, const struct key *any, bool padded,
                        struct bytes *out);
void make_envelope_cms(const struct key *any, bool cbc, struct bytes *out);

/* Cells by hand: every known one empty, then set. Texts live until texts_free(). */
void cells_clear(struct perso_cells *cells);
void cell_set(struct perso_cells *cells, enum perso_column column, const char *text);
void cell_set_hex(struct perso_cells *cells, enum perso_column column, const uint8_t *at, size_t n);
void cell_set_base64(struct perso_cells *cells, enum perso_column column, const void *at, size_t n);
void texts_free(void);
struct perso_text text(const char *string);
bool same_text(struct perso_text have, const char *want);

/* Waives one code for one index of the batch. */
struct waived {
    size_t index;
    enum perso_reject reject;
};
bool waive_one(void *self, size_t i, enum perso_reject reject);

#endif
