/* manifest.json of a package (CONTRACTS 3) and NAME.manifest.json beside a plain file (CONTRACTS
 * 2): UTF-8, keys sorted, two blanks of indent, LF at the end; read with jansson, duplicates
 * refused, unknown keys refused in packages and ignored beside files. */
#ifndef FORMATS_PACKAGE_MANIFEST_H
#define FORMATS_PACKAGE_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "perso/cursor.h"
#include "perso/limits.h"
#include "perso/result.h"

#define PERSO_PARTY_BYTES 64u
#define PERSO_BATCH_ID_BYTES 33u /* 32 characters: letters, digits, - and _ */

struct perso_manifest_member {
    char name[PERSO_MEMBER_NAME_BYTES];
    uint64_t bytes;
    uint32_t rows; /* data rows of a table; 0 for others */
    uint8_t sm3[PERSO_SM3_BYTES];
};

/* format "persoline-package-1" */
struct perso_manifest {
    char kind[4]; /* APP REQ RET FWD HLD RES RMK RVK */
    char sender[PERSO_PARTY_BYTES], recipient[PERSO_PARTY_BYTES];
    char division[PERSO_DIVISION_CHARS + 1], vendor[PERSO_PARTY_BYTES];
    char batch[PERSO_BATCH_ID_BYTES];
    int mode;
    char date[11];     /* YYYY-MM-DD */
    uint32_t sequence; /* from 1, per kind, sender and batch */
    bool has_previous;
    uint8_t previous[PERSO_SM3_BYTES]; /* SM3 of the previous manifest of the chain */
    bool final;
    uint32_t cards;
    uint32_t n_members;
    struct perso_manifest_member members[PERSO_PACKAGE_MEMBERS];
};

/** JSON text, allocated with malloc; the caller frees. */
enum perso_result perso_manifest_write(const struct perso_manifest *manifest, char **ret, size_t *n,
                                       struct perso_error *err);
/** MANIFEST_SYNTAX under PERSO_REJECT, with the key as field. */
enum perso_result perso_manifest_read(struct perso_cursor json, struct perso_manifest *ret,
                                      struct perso_error *err);
const struct perso_manifest_member *perso_manifest_find(const struct perso_manifest *manifest,
                                                        const char *name);
/** KIND-DIVISION-BATCH-NNNN.zip */
void perso_package_name(const struct perso_manifest *manifest, char *out, size_t max);
/** The same of a package whose manifest is not made yet. */
void perso_package_name_of(const char *kind, const char *division, const char *batch,
                           uint32_t sequence, char *out, size_t max);

/* Beside a plain file: {"date": "...", "encoding": "...", "rows": n, "sm3": "hex"}: optional. */
struct perso_side_manifest {
    bool has_rows, has_sm3, has_encoding;
    uint32_t rows;
    uint8_t sm3[PERSO_SM3_BYTES];
    char encoding[16];
    char date[11]; /* YYYY-MM-DD; "" : not stated */
};
enum perso_result perso_side_manifest_read(struct perso_cursor json,
                                           struct perso_side_manifest *ret,
                                           struct perso_error *err);
enum perso_result perso_side_manifest_write(const struct perso_side_manifest *manifest, char **ret,
                                            size_t *n, struct perso_error *err);

#endif
