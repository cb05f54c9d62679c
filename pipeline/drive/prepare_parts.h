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
    bool noted; /* the ledger has it */
};

struct perso_preparing {
    struct perso_job *job;
    const struct perso_file_options *options;
    struct perso_ingest_rules rules;
    enum perso_column required[PERSO_COLUMN_COUNT];
    uint8_t subject[PERSO_SM3_BYTES]; /* of the profile, digested */
    struct perso_prepare_table *tables;
    size_t n;
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

/** Second reading of every table that has a path: into out/tosign, and the ledger. */
enum perso_result perso_prepare_write(struct perso_preparing *p, struct perso_error *err);
/** The ledger alone, where no row can be signed. */
enum perso_result perso_prepare_note(struct perso_preparing *p, struct perso_error *err);

#endif
