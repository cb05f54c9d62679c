#include "stages/others.h"

#include <string.h>

static const struct perso_cell *
find(const struct perso_cells *row, const char *name, size_t n)
{
    for (size_t i = 0; i < row->n_other; i++)
        if (row->other[i].name.bytes == n && memcmp(row->other[i].name.at, name, n) == 0)
            return &row->other[i];
    return NULL;
}

static bool
knows(const struct perso_others *others, struct perso_text name)
{
    for (size_t i = 0; i < others->n; i++)
        if (strlen(others->names[i]) == name.bytes &&
            memcmp(others->names[i], name.at, name.bytes) == 0)
            return true;
    return false;
}

void
perso_others_note(struct perso_others *others, const struct perso_cells *row)
{
    for (size_t i = 0; i < row->n_other; i++) {
        struct perso_text name = row->other[i].name;
        if (knows(others, name) || name.bytes >= PERSO_COLUMN_NAME_BYTES)
            continue;
        if (others->n == PERSO_OTHERS_MAX) {
            others->left_out = true;
            return;
        }
        memcpy(others->names[others->n], name.at, name.bytes);
        others->names[others->n++][name.bytes] = '\0';
    }
}

enum perso_result
perso_others_header(const struct perso_others *others, struct perso_table_writer *w,
                    struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < others->n; i++)
        rc = perso_writer_string(w, others->names[i], err);
    return rc;
}

enum perso_result
perso_others_row(const struct perso_others *others, const struct perso_cells *row,
                 struct perso_table_writer *w, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < others->n; i++) {
        const struct perso_cell *cell = find(row, others->names[i], strlen(others->names[i]));
        rc = perso_writer_cell(w, cell != NULL ? cell->value : (struct perso_text) { "", 0 }, err);
    }
    return rc;
}

enum perso_result
perso_others_merge(const struct perso_cells *from, struct perso_cells *to,
                   struct perso_arena *arena, struct perso_error *err)
{
    size_t n = to->n_other;
    struct perso_cell *all;

    if (from->n_other == 0)
        return PERSO_OK;
    if ((all = perso_arena_take(arena, (n + from->n_other) * sizeof *all)) == NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
    if (n > 0)
        memcpy(all, to->other, n * sizeof *all);
    for (size_t i = 0; i < from->n_other; i++)
        if (find(to, from->other[i].name.at, from->other[i].name.bytes) == NULL)
            all[n++] = from->other[i];
    to->other = all;
    to->n_other = n;
    return PERSO_OK;
}
