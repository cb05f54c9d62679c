/* Columns that Persoline does not know: carried through, from both sides, to the machine file
 * (CONTRACTS 2). Inside stages/ and for the driver. */
#ifndef STAGES_OTHERS_H
#define STAGES_OTHERS_H

#include "formats/base/row_payload.h"
#include "formats/text/write.h"

#define PERSO_OTHERS_MAX 64

/* The union of such columns over the rows of one table, in the order in which they were met. */
struct perso_others {
    size_t n;
    char names[PERSO_OTHERS_MAX][PERSO_COLUMN_NAME_BYTES];
    bool left_out; /* there were more */
};

/** Take in the columns of one row. Those above PERSO_OTHERS_MAX are left out: several files of
 * other parties may bring columns of their own, and must not stop the job. */
void perso_others_note(struct perso_others *others, const struct perso_cells *row);
/** Header cells, and the cells of one row ("" where it has no such column). */
enum perso_result perso_others_header(const struct perso_others *others,
                                      struct perso_table_writer *w, struct perso_error *err);
enum perso_result perso_others_row(const struct perso_others *others, const struct perso_cells *row,
                                   struct perso_table_writer *w, struct perso_error *err);
/** Add the other cells of `from` to `to`, in the arena; where both have a column, to's stays. */
enum perso_result perso_others_merge(const struct perso_cells *from, struct perso_cells *to,
                                     struct perso_arena *arena, struct perso_error *err);

#endif
