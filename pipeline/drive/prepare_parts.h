/* Parts of a prepare: what its files share. Inside drive/ only. */
#ifndef PIPELINE_PREPARE_PARTS_H
#define PIPELINE_PREPARE_PARTS_H

#include "formats/text/write.h"
#include "pipeline/drive/prepare.h"
#include "pipeline/file/input.h"
#include "stages/prepare.h"

struct perso_prepare_table {
    const char *path; /* NULL: it is known or refused */
    char display[512], encoding[16];
    uint8_t sm3[PERSO_SM3_BYTES];
    uint64_t bytes;
    uint32_t rows, good;
    uint32_t first;   /* of its good rows, among all that were read */
    uint32_t again;   /* of the good ones: the same card and key once more; not written */
    uint32_t written; /* good ones so far that the second reading has met */
    bool noted;       /* the ledger has it */
};

enum perso_prepare_mark {
    PERSO_PREPARE_ONCE,
    PERSO_PREPARE_AGAIN, /* the same card and key stand before it */
    PERSO_PREPARE_CARD_TWICE,
    PERSO_PREPARE_KEY_TWICE
};
struct perso_prepare_rows;

struct perso_preparing {
    struct perso_job *job;
    const struct perso_file_options *options;
    struct perso_ingest_rules rules;
    enum perso_column required[PERSO_COLUMN_COUNT];
    uint8_t subject[PERSO_SM3_BYTES]; /* of the profile, digested */
    struct perso_prepare_table *tables;
    size_t n;
    struct perso_prepare_rows *seen;
    struct perso_table_writer writer;
    uint32_t written;
    /* one batch */
    struct perso_row rows[PERSO_BATCH_RECORDS];
    struct perso_cells cells[PERSO_BATCH_RECORDS];
    struct perso_origin origins[PERSO_BATCH_RECORDS];
    struct perso_to_sign to_sign[PERSO_BATCH_RECORDS];
    struct perso_verdict verdicts[PERSO_BATCH_RECORDS];
};

typedef enum perso_result perso_prepare_visit(struct perso_preparing *p,
                                              struct perso_prepare_table *table, size_t n,
                                              struct perso_error *err);

/** Every row, in batches, judged; PERSO_END after the last one, PERSO_REJECT where the file is not
 * to be taken. */
enum perso_result perso_prepare_read(struct perso_preparing *p, struct perso_prepare_table *table,
                                     struct perso_input *in, perso_prepare_visit *what,
                                     struct perso_error *err);

/* ---- one row a card (prepare_twice.c); 33 bytes a row ---- */

enum perso_result perso_prepare_rows_new(struct perso_preparing *p, struct perso_error *err);
void perso_prepare_rows_free(struct perso_preparing *p);
/** A good row; its number is the count before. */
enum perso_result perso_prepare_rows_add(struct perso_preparing *p,
                                         const struct perso_to_sign *card, struct perso_error *err);
uint32_t perso_prepare_rows_count(const struct perso_preparing *p);
/** The rows after the first n are of a table that is not taken. */
void perso_prepare_rows_cut(struct perso_preparing *p, uint32_t n);
/** After the last row: sets again of every table that has a path. */
enum perso_result perso_prepare_rows_judge(struct perso_preparing *p, struct perso_error *err);
enum perso_prepare_mark perso_prepare_rows_mark(const struct perso_preparing *p, uint32_t row);

void perso_prepare_tell_row(const struct perso_origin *origin, const struct perso_verdict *verdict);

/** Second reading of every table that has a path: into out/tosign, and the ledger. */
enum perso_result perso_prepare_write(struct perso_preparing *p, struct perso_error *err);
/** The ledger alone, where no row can be signed. */
enum perso_result perso_prepare_note(struct perso_preparing *p, struct perso_error *err);

#endif
