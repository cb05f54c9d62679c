/* One record of a text table into its cells: plain, or by libcsv where quotes stand in it. */
#ifndef FORMATS_TEXT_SPLIT_H
#define FORMATS_TEXT_SPLIT_H

#include <csv.h>
#include <stdbool.h>
#include <stdint.h>

#include "perso/cursor.h"
#include "perso/result.h"

struct perso_splitter {
    struct csv_parser csv;
    char delimiter;
    bool quotes; /* false: a quote is a plain character */
};

/* Where cells go. The caller gives the room; bytes holds at least the record's. */
struct perso_cells {
    struct perso_text *cells;
    uint32_t max;
    uint32_t n; /* cells of the record, may exceed max: these are counted only */
    char *bytes;
};

bool perso_splitter_init(struct perso_splitter *s, char delimiter, bool quotes);
void perso_splitter_free(struct perso_splitter *s);

/**
 * Split a record (no line end at its end, no NUL) and take Excel's ="..." off the cells.
 * PERSO_REJECT with TEXT_QUOTE, *bad_at being the offset of the byte that is wrong; the splitter is
 * used up then. PERSO_FATAL: no memory.
 */
enum perso_result perso_split(struct perso_splitter *s, struct perso_text record,
                              struct perso_cells *ret, uint32_t *bad_at, struct perso_error *err);

/** The same by libcsv alone, whatever stands in the record. */
enum perso_result perso_split_csv(struct perso_splitter *s, struct perso_text record,
                                  struct perso_cells *ret, uint32_t *bad_at,
                                  struct perso_error *err);

#endif
