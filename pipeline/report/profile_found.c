#include "pipeline/report/profile_found.h"

#include "formats/text/table.h"

/* Columns that other columns are taken for. */
static const enum perso_column lookalikes[PERSO_LOOKALIKES] = {
    PERSO_COL_AAZ501, PERSO_COL_AAZ500, PERSO_COL_AAC002,
    PERSO_COL_AAB301, PERSO_COL_QMGY,   PERSO_COL_AAC003
};

static bool
is_like(enum perso_column column, struct perso_text cell)
{
    if (column == PERSO_COL_AAC003 && (cell.bytes == 0 || (unsigned char)cell.at[0] < 0x80))
        return false; /* any text may be a name */
    return cell.bytes > 0 && perso_column_shape(column, cell);
}

static void
note_shape(struct perso_found *found, enum perso_column column, struct perso_text cell,
           uint32_t line)
{
    struct perso_shape_found *s = &found->shapes[column];

    s->cells++;
    if (cell.bytes == 0 || perso_column_shape(column, cell))
        return;
    if (s->wrong++ == 0)
        s->first_line = line;
    for (size_t i = 0; i < PERSO_LOOKALIKES; i++)
        s->like[i] += lookalikes[i] != column && is_like(lookalikes[i], cell);
}

void
perso_found_shapes(struct perso_found *found, const struct perso_layout *layout,
                   const struct perso_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (uint16_t k = 0; k < layout->n_columns; k++)
            if (layout->known[k] != PERSO_COLUMN_OTHER)
                note_shape(found, layout->known[k], rows[i].cells[k], rows[i].origin.line);
}

void
perso_found_verdict(struct perso_found *found, const struct perso_verdict *verdict, uint32_t line)
{
    size_t i = 0;

    found->n_held++;
    while (i < found->n_tallies && (found->tallies[i].reject != verdict->reject ||
                                    found->tallies[i].column != verdict->column))
        i++;
    if (i == PERSO_TALLIES_MAX)
        return;
    if (i == found->n_tallies)
        found->tallies[found->n_tallies++] =
            (struct perso_tally) { verdict->reject, verdict->column, 0, line };
    found->tallies[i].n++;
}

static void
tell_shape(const struct perso_found *found, struct perso_say *say, enum perso_column column)
{
    const struct perso_shape_found *s = &found->shapes[column];

    perso_say_begin(say, "shape");
    perso_say_text(say, "code", perso_column_code(column));
    perso_say_number(say, "cells not as the column's", s->wrong);
    perso_say_number(say, "of", s->cells);
    perso_say_number(say, "first line", s->first_line);
    for (size_t i = 0; i < PERSO_LOOKALIKES; i++)
        if (s->like[i] * 2 > s->wrong)
            perso_say_text(say, "most look like", perso_column_code(lookalikes[i]));
    perso_say_end(say);
}

void
perso_found_tell(const struct perso_found *found, struct perso_say *say)
{
    for (int i = 1; i < PERSO_COLUMN_COUNT; i++)
        if (found->shapes[i].wrong > 0)
            tell_shape(found, say, (enum perso_column)i);
    for (size_t i = 0; i < found->n_tallies; i++) {
        const struct perso_tally *t = &found->tallies[i];
        perso_say_begin(say, "would be held");
        perso_say_number(say, "cards", t->n);
        perso_say_text(say, "code", perso_reject_code(t->reject));
        perso_say_text(say, "field", perso_column_code(t->column));
        perso_say_number(say, "first line", t->first_line);
        perso_say_reject(say, "why", t->reject);
        perso_say_end(say);
    }
}
