#include "stages/bundle.h"

#include "formats/base/encode.h"

static const enum perso_column request_columns[] = {
    PERSO_COL_request_id, PERSO_COL_AAC002, PERSO_COL_AAZ500, PERSO_COL_AAC003,
    PERSO_COL_AAB301,     PERSO_COL_SF,     PERSO_COL_QMGY,   PERSO_COL_P10,
};

enum perso_result
perso_requests_header(struct perso_table_writer *w, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; i < sizeof request_columns / sizeof request_columns[0]; i++)
        if ((rc = perso_writer_string(w, perso_column_code(request_columns[i]), err)) != PERSO_OK)
            return rc;
    return perso_writer_row(w, err);
}

static enum perso_result
write_request(const struct perso_application *one, struct perso_text name,
              struct perso_table_writer *w, struct perso_error *err)
{
    char id[2 * PERSO_REQUEST_ID_BYTES + 1], key[2 * PERSO_POINT_BYTES + 1];
    enum perso_result rc;

    perso_hex_lower(one->request_id, PERSO_REQUEST_ID_BYTES, id);
    perso_hex_upper(one->public_key, PERSO_POINT_BYTES, key);
    if ((rc = perso_writer_string(w, id, err)) != PERSO_OK ||
        (rc = perso_writer_string(w, one->ssn, err)) != PERSO_OK ||
        (rc = perso_writer_string(w, one->card_no, err)) != PERSO_OK ||
        (rc = perso_writer_cell(w, name, err)) != PERSO_OK ||
        (rc = perso_writer_string(w, one->division, err)) != PERSO_OK ||
        (rc = perso_writer_string(w, "SM2", err)) != PERSO_OK ||
        (rc = perso_writer_string(w, key, err)) != PERSO_OK ||
        (rc = perso_writer_base64(w, one->request, err)) != PERSO_OK)
        return rc;
    return perso_writer_row(w, err);
}

enum perso_result
perso_stage_bundle(const struct perso_application *applications, const struct perso_text *names,
                   size_t n, struct perso_table_writer *w, struct perso_error *err)
{
    for (size_t i = 0; i < n; i++) {
        enum perso_result rc = write_request(&applications[i], names[i], w, err);
        if (rc != PERSO_OK) {
            const struct perso_origin *at = &applications[i].origin;
            perso_error_at(err, at->file, at->line, at->record);
            return rc;
        }
    }
    return PERSO_OK;
}
