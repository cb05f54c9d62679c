/*
 * Judging rows of a file without a job: each row is compared with itself, so that only what is
 * wrong with the row alone is found; what other files, rows or the job would say is not.
 */
#ifndef PIPELINE_PROFILE_JUDGE_H
#define PIPELINE_PROFILE_JUDGE_H

#include "formats/base/row_payload.h"
#include "perso/record.h"
#include "pipeline/job/profile.h"

struct perso_judged_rows {
    const struct perso_profile *profile;
    const struct perso_row *rows;
    const struct perso_cells *cells;
    size_t n; /* at most PERSO_BATCH_RECORDS */
    struct perso_arena *arena;
};

/* One kind of table: how a job reads and judges it. */
struct perso_table_kind {
    const char *name;
    size_t layout; /* offset of its struct perso_table_profile in the profile */
    const enum perso_column *(*required)(const struct perso_profile *profile);
    bool sparse; /* empty cells are no sign of swapped columns */
    /* Sets n verdicts. */
    enum perso_result (*judge)(const struct perso_judged_rows *rows, struct perso_verdict *verdicts,
                               struct perso_error *err);
};

enum perso_table_kind_id {
    PERSO_TABLE_APPLICATION,
    PERSO_TABLE_ISSUANCE,
    PERSO_TABLE_RESULT,
    PERSO_TABLE_KINDS
};
extern const struct perso_table_kind perso_table_kinds[PERSO_TABLE_KINDS];

#endif
