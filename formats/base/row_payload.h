/*
 * ROW PAYLOAD, version 1: the cells of one record as the ledger keeps them, independent of the
 * order of columns in the file: for each cell that is not empty, known columns first by number,
 * then others by name: u8 column (enum perso_column; 0 is another column: u8 length and its name
 * follow), u16 big-endian length, UTF-8 bytes. The same content gives the same bytes.
 */
#ifndef FORMATS_BASE_ROW_PAYLOAD_H
#define FORMATS_BASE_ROW_PAYLOAD_H

#include "perso/arena.h"
#include "perso/column.h"

/* A cell by itself. name is the column's code where it is known. */
struct perso_cell {
    enum perso_column column;
    struct perso_text name, value;
};

/* All cells of a payload, borrowed from it: known ones by number, others in a list. */
struct perso_cells {
    struct perso_text known[PERSO_COLUMN_COUNT]; /* empty where absent */
    size_t n_other;
    struct perso_cell *other; /* in the arena, ordered by name */
};

/** Every cell empty. */
void perso_cells_clear(struct perso_cells *cells);
/** Encode into the arena. *ret borrows from it. PERSO_FATAL without memory. */
enum perso_result perso_row_payload_write(const struct perso_cells *cells,
                                          struct perso_arena *arena, struct perso_cursor *ret,
                                          struct perso_error *err);
/** Decode; PERSO_FATAL where the bytes are not a row payload (they come from our own ledger). */
enum perso_result perso_row_payload_read(struct perso_cursor payload, struct perso_arena *arena,
                                         struct perso_cells *ret, struct perso_error *err);
/** The cells of a table's row; texts borrow from the row, the list of others from the arena. */
enum perso_result perso_cells_of_row(const struct perso_layout *layout, const struct perso_row *row,
                                     struct perso_arena *arena, struct perso_cells *ret,
                                     struct perso_error *err);

#endif
