#include "stages/application_file.h"

#include "formats/base/encode.h"

static const enum perso_column columns[] = {
    PERSO_COL_AAZ501, PERSO_COL_AAZ500,   PERSO_COL_AAC002,   PERSO_COL_AAC003,
    PERSO_COL_AAB301, PERSO_COL_QMGY,     PERSO_COL_P10,      PERSO_COL_QM,
    PERSO_COL_box,    PERSO_COL_position, PERSO_COL_replaces,
};

#define N_COLUMNS (sizeof columns / sizeof columns[0])

enum perso_result
perso_application_file_header(const struct perso_others *others, struct perso_table_writer *w,
                              struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < N_COLUMNS; i++)
        rc = perso_writer_string(w, perso_column_code(columns[i]), err);
    if (rc == PERSO_OK)
        rc = perso_others_header(others, w, err);
    return rc == PERSO_OK ? perso_writer_row(w, err) : rc;
}

/* The form in which what identifies is stored; NULL: the cell as it was received. */
static const char *
form_of(enum perso_column column, const struct perso_application *one, const char *key)
{
    switch (column) {
    case PERSO_COL_AAZ501:
        return one->card_id;
    case PERSO_COL_AAZ500:
        return one->card_no;
    case PERSO_COL_AAC002:
        return one->ssn;
    case PERSO_COL_AAB301:
        return one->division;
    case PERSO_COL_QMGY:
        return key;
    default:
        return NULL;
    }
}

static enum perso_result
write_row(const struct perso_application *one, const struct perso_cells *cells,
          const struct perso_others *others, struct perso_table_writer *w, struct perso_error *err)
{
    char key[2 * PERSO_POINT_BYTES + 1];
    enum perso_result rc = PERSO_OK;

    perso_hex_upper(one->public_key, PERSO_POINT_BYTES, key);
    for (size_t i = 0; rc == PERSO_OK && i < N_COLUMNS; i++) {
        const char *form = form_of(columns[i], one, key);
        rc = form != NULL ? perso_writer_string(w, form, err)
                          : perso_writer_cell(w, cells->known[columns[i]], err);
    }
    if (rc == PERSO_OK)
        rc = perso_others_row(others, cells, w, err);
    return rc == PERSO_OK ? perso_writer_row(w, err) : rc;
}

enum perso_result
perso_stage_application_file(const struct perso_application *applications,
                             const struct perso_cells *cells, size_t n,
                             const struct perso_others *others, struct perso_table_writer *w,
                             struct perso_error *err)
{
    for (size_t i = 0; i < n; i++) {
        enum perso_result rc = write_row(&applications[i], &cells[i], others, w, err);
        if (rc != PERSO_OK) {
            const struct perso_origin *at = &applications[i].origin;
            perso_error_at(err, at->file, at->line, at->record);
            return rc;
        }
    }
    return PERSO_OK;
}
