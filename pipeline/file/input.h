/*
 * One incoming file of text tables: plain, or inside an archive. Its control totals come from a
 * side file NAME.manifest.json, from a manifest in the archive, or from the operator (CONTRACTS 2).
 */
#ifndef PIPELINE_INPUT_H
#define PIPELINE_INPUT_H

#include "formats/base/row_payload.h"
#include "formats/package/archive.h"
#include "formats/package/manifest.h"
#include "formats/text/table.h"
#include "pipeline/file/archive_in.h"
#include "pipeline/file/digest_source.h"
#include "pipeline/job/job.h"
#include "pipeline/job/progress.h"
#include "pipeline/store/durable.h"

#define PERSO_INPUT_MEMBERS 64u /* tables of one archive; requests are not counted */

struct perso_input_member {
    char name[PERSO_MEMBER_NAME_BYTES]; /* it may be somebody's: never said */
    uint32_t number;                    /* in the archive, of the table or of its manifest */
    bool listed, read;
    struct perso_side_manifest total;
    uint32_t rows;
    uint8_t sm3[PERSO_SM3_BYTES];
};

struct perso_input {
    const struct perso_job *job;
    const struct perso_table_profile *profile;
    char display[512]; /* as the ledger and messages name it */
    char path[PERSO_PATH_BYTES];
    struct perso_file_source *file;
    struct perso_source source;
    uint64_t bytes;
    uint8_t sm3[PERSO_SM3_BYTES];
    enum perso_archive_form form;
    struct perso_side_manifest side; /* has_* false where there is none */
    char encoding[16];               /* the operator's, else a manifest's, else "" */
    char charset[16];                /* what the last table was read as */
    struct perso_archive_in reader;
    struct perso_archive *archive;
    struct perso_input_member members[PERSO_INPUT_MEMBERS];
    size_t n_members;
    struct perso_input_member *current;
    struct perso_source member; /* bytes of the current table, digested on the way */
    struct perso_digest_source digest;
    struct perso_table *table;
    bool begun;
    bool foreseen; /* the manifests of all members are known */
    bool sparse;   /* set after open: empty cells are no sign of swapped columns */
    struct perso_progress progress;
    uint32_t rows; /* of all tables so far */
};

/**
 * Open a file: FILE_OPEN, FILE_KIND, FILE_EMPTY, FILE_DIGEST (side manifest), MANIFEST_SYNTAX. Its
 * SM3 is known afterwards. encoding "" : a manifest's or the profile's.
 */
enum perso_result perso_input_open(const struct perso_job *job, const char *path,
                                   const struct perso_table_profile *profile, const char *encoding,
                                   struct perso_input *ret, struct perso_error *err);

/** The next table; required columns as perso_table_options. PERSO_END after the last. */
enum perso_result perso_input_next(struct perso_input *input, const enum perso_column *required,
                                   struct perso_error *err);

/**
 * Rows of the current table, with *cells; PERSO_END at its end, when its shapes have been judged.
 */
enum perso_result perso_input_rows(struct perso_input *input, struct perso_arena *arena,
                                   struct perso_row *rows, struct perso_cells *cells, size_t max,
                                   size_t *n, struct perso_error *err);

/**
 * After the last table: number of rows against manifest, operator's count (UINT32_MAX: none) and
 * the profile's row_count. ROW_COUNT, FILE_DIGEST. Warns where nothing vouches for the end.
 */
enum perso_result perso_input_finish(struct perso_input *input, uint32_t operator_rows,
                                     struct perso_error *err);

void perso_input_close(struct perso_input *input);

#endif
