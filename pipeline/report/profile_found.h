/* What was found wrong with the rows of a file, counted: never by value. */
#ifndef PIPELINE_PROFILE_FOUND_H
#define PIPELINE_PROFILE_FOUND_H

#include "perso/column.h"
#include "perso/record.h"
#include "pipeline/job/say.h"

#define PERSO_LOOKALIKES 6u
#define PERSO_TALLIES_MAX 64u

struct perso_shape_found {
    uint32_t cells, wrong, first_line;
    uint32_t like[PERSO_LOOKALIKES]; /* how many of the wrong ones */
};

struct perso_tally {
    enum perso_reject reject;
    enum perso_column column;
    uint32_t n, first_line;
};

struct perso_found {
    struct perso_shape_found shapes[PERSO_COLUMN_COUNT];
    struct perso_tally tallies[PERSO_TALLIES_MAX];
    size_t n_tallies;
    uint32_t n_held;
};

/** Cells that do not look as their columns say, of n rows. */
void perso_found_shapes(struct perso_found *found, const struct perso_layout *layout,
                        const struct perso_row *rows, size_t n);
/** A row that would be held. */
void perso_found_verdict(struct perso_found *found, const struct perso_verdict *verdict,
                         uint32_t line);
void perso_found_tell(const struct perso_found *found, struct perso_say *say);

#endif
