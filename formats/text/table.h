/*
 * Text tables in (CONTRACTS 2): RFC 4180 or a one-character delimiter; decode first, split
 * afterwards; strict to the last byte. A structural fault refuses the file (PERSO_REJECT with an
 * F code and the line); faults of content are the stages' to judge.
 */
#ifndef FORMATS_TEXT_TABLE_H
#define FORMATS_TEXT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/text/charset.h"
#include "perso/arena.h"
#include "perso/column.h"
#include "perso/io.h"

/* A header name that this profile maps to a column, before the built-in names. */
struct perso_alias {
    char name[PERSO_COLUMN_NAME_BYTES];
    enum perso_column column;
};

/** By the profile's names (ASCII case ignored), then by perso_column_find. */
enum perso_column perso_alias_find(const struct perso_alias *aliases, size_t n_aliases,
                                   struct perso_text name);

struct perso_table_options {
    enum perso_charset charset;
    char delimiter;       /* ',' '|' ';' '\t' */
    bool quotes;          /* RFC 4180 quotes; false: a quote is a plain character */
    bool quoted_newlines; /* a newline may stand inside quotes */
    const struct perso_alias *aliases;
    size_t n_aliases;
    const enum perso_column *required; /* PERSO_COLUMN_OTHER ends the list; NULL: none */
    bool sparse;      /* empty cells break no shape, of required columns neither (result files) */
    const char *file; /* for messages; borrowed for the table's life */
};

struct perso_table;

/**
 * Reads the header row. An empty source is FILE_EMPTY. The source is borrowed; where this fails,
 * what was read of it is gone.
 */
enum perso_result perso_table_open(const struct perso_source *source,
                                   const struct perso_table_options *options,
                                   struct perso_table **ret, struct perso_error *err);

const struct perso_layout *perso_table_layout(const struct perso_table *table);
/** The header of a column as the file has it; "" of one beyond the last. */
const char *perso_table_header(const struct perso_table *table, uint16_t column);

/**
 * Up to max rows, cells in the arena. PERSO_OK with *n >= 1, PERSO_END when no row is left,
 * PERSO_REJECT where the file is refused, with err->line. A refusal and a failure stay; under
 * PERSO_RETRY of the source no row is lost.
 * Cells are the text between the delimiters, unquoted, with Excel's ="..." taken off; nothing is
 * stripped or folded.
 */
enum perso_result perso_table_read(struct perso_table *table, struct perso_arena *arena,
                                   struct perso_row *rows, size_t max, size_t *n,
                                   struct perso_error *err);

uint32_t perso_table_rows(const struct perso_table *table);

/**
 * After PERSO_END: PERSO_REJECT with COLUMN_SHAPE where one known column broke its shape in more
 * than max(20, 5 %) of the rows, or in all of them (swapped columns, CONTRACTS 2).
 */
enum perso_result perso_table_shapes(const struct perso_table *table, struct perso_error *err);

void perso_table_free(struct perso_table *table);

/** The coarse shape of a known column's cell; true for columns without one and empty cells of
 *  optional columns (box, position, SF, code, reason ...). perso_table_shapes lets empty cells of
 *  every column pass that options->required does not name. */
bool perso_column_shape(enum perso_column column, struct perso_text cell);

/** True for what a spreadsheet program leaves of a long number: ####, 4.116E+17. */
bool perso_excel_damaged(struct perso_text cell);

#endif
