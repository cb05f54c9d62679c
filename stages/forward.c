#include "stages/forward.h"

#include <string.h>

#include "formats/base/encode.h"
#include "stages/application.h"
#include "stages/reseal.h"

static const enum perso_column card_columns[] = { PERSO_COL_request_id, PERSO_COL_AAZ501,
                                                  PERSO_COL_AAZ500,     PERSO_COL_QMGY,
                                                  PERSO_COL_box,        PERSO_COL_position };
/* All that the second pass may write to a card, whoever writes it. */
static const enum perso_column personal_columns[] = {
    PERSO_COL_AAZ501, PERSO_COL_AAC002,  PERSO_COL_AAC003, PERSO_COL_BAZ103, PERSO_COL_AAC004,
    PERSO_COL_AAC005, PERSO_COL_AAC006,  PERSO_COL_AAC025, PERSO_COL_AAB301, PERSO_COL_AAZ503,
    PERSO_COL_KYXQ,   PERSO_COL_CSHJGBM, PERSO_COL_AAE010, PERSO_COL_BAZ033, PERSO_COL_SSSE,
};
static const enum perso_column certificate_columns[] = {
    PERSO_COL_request_id, PERSO_COL_QMZS, PERSO_COL_JMZS, PERSO_COL_JMMY,
    PERSO_COL_GLYPIN,     PERSO_COL_ZKMY, PERSO_COL_code, PERSO_COL_reason,
};

#define N_OF(array) (sizeof(array) / sizeof(array)[0])
#define ISSUED "00" /* code of every card that is forwarded */

/* One card: what has to be made before its cells can be written. */
struct row {
    const struct perso_forward_card *card;
    const struct perso_forward_items *items;
    char request_id[2 * PERSO_REQUEST_ID_BYTES + 1], key[2 * PERSO_POINT_BYTES + 1];
    char pin[PERSO_SEALED_CHARS + 1], master_key[PERSO_SEALED_CHARS + 1];
};

static struct perso_text
text_of(const char *string)
{
    return (struct perso_text) { string, (uint32_t)strlen(string) };
}

static enum perso_result
write_header(struct perso_table_writer *w, const enum perso_column *columns, size_t n,
             const struct perso_others *others, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = perso_writer_string(w, perso_column_code(columns[i]), err);
    if (rc == PERSO_OK && others != NULL)
        rc = perso_others_header(others, w, err);
    return rc == PERSO_OK ? perso_writer_row(w, err) : rc;
}

enum perso_result
perso_forward_headers(struct perso_forward_file *file, struct perso_error *err)
{
    enum perso_result rc = write_header(file->cards, card_columns, N_OF(card_columns), NULL, err);

    if (rc == PERSO_OK)
        rc = write_header(file->personal, personal_columns, N_OF(personal_columns), &file->others,
                          err);
    if (rc == PERSO_OK)
        rc = write_header(file->certificates, certificate_columns, N_OF(certificate_columns), NULL,
                          err);
    return rc;
}

/* Secrets are sealed before the first cell, so that a failure leaves no half of a row. */
static enum perso_result
row_make(struct perso_forward_file *file, const struct perso_forward_card *card, struct row *row,
         struct perso_error *err)
{
    const char *id = card->application->card_id;
    const struct perso_answer *answer = card->answer;
    enum perso_result rc = PERSO_OK;

    row->card = card;
    row->items = &file->items;
    perso_hex_lower(card->application->request_id, PERSO_REQUEST_ID_BYTES, row->request_id);
    perso_hex_upper(card->application->public_key, PERSO_POINT_BYTES, row->key);
    row->pin[0] = row->master_key[0] = '\0';
    if (!file->items.secrets)
        return PERSO_OK;
    rc = perso_reseal(file->from, file->to, id, perso_column_code(PERSO_COL_GLYPIN), file->sequence,
                      answer->admin_pin, row->pin, err);
    if (rc == PERSO_OK)
        rc = perso_reseal(file->from, file->to, id, perso_column_code(PERSO_COL_ZKMY),
                          file->sequence, answer->master_key, row->master_key, err);
    return rc;
}

static struct perso_text
cell_of(const struct row *row, enum perso_column column)
{
    switch (column) {
    case PERSO_COL_request_id:
        return text_of(row->request_id);
    case PERSO_COL_QMGY:
        return text_of(row->key);
    case PERSO_COL_GLYPIN:
        return text_of(row->pin);
    case PERSO_COL_ZKMY:
        return text_of(row->master_key);
    case PERSO_COL_code:
        return text_of(ISSUED);
    case PERSO_COL_reason:
        return text_of("");
    default:
        return perso_card_cell(row->card->application, row->card->issuance, column);
    }
}

/* The three items that travel as Base64 of bytes. */
static bool
bytes_of(const struct row *row, enum perso_column column, struct perso_cursor *ret)
{
    const struct perso_answer *answer = row->card->answer;

    if (column == PERSO_COL_QMZS)
        *ret = answer->signing_certificate;
    else if (column == PERSO_COL_JMZS)
        *ret = answer->encryption_certificate;
    else if (column == PERSO_COL_JMMY)
        *ret = answer->envelope;
    else
        return false;
    if (!row->items->certificates)
        *ret = perso_cursor_of("", 0);
    return true;
}

static enum perso_result
write_cells(struct perso_table_writer *w, const struct row *row, const enum perso_column *columns,
            size_t n, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;
    struct perso_cursor bytes;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = bytes_of(row, columns[i], &bytes)
                 ? perso_writer_base64(w, bytes, err)
                 : perso_writer_cell(w, cell_of(row, columns[i]), err);
    return rc;
}

static enum perso_result
write_row(struct perso_forward_file *file, const struct row *row, struct perso_error *err)
{
    enum perso_result rc = write_cells(file->cards, row, card_columns, N_OF(card_columns), err);

    if (rc == PERSO_OK)
        rc = perso_writer_row(file->cards, err);
    if (rc == PERSO_OK)
        rc = write_cells(file->personal, row, personal_columns, N_OF(personal_columns), err);
    if (rc == PERSO_OK)
        rc = perso_others_row(&file->others, row->card->issuance, file->personal, err);
    if (rc == PERSO_OK)
        rc = perso_writer_row(file->personal, err);
    if (rc == PERSO_OK)
        rc = write_cells(file->certificates, row, certificate_columns, N_OF(certificate_columns),
                         err);
    return rc == PERSO_OK ? perso_writer_row(file->certificates, err) : rc;
}

enum perso_result
perso_forward_row(struct perso_forward_file *file, const struct perso_forward_card *card,
                  struct perso_error *err)
{
    struct row row;
    enum perso_result rc = row_make(file, card, &row, err);

    if (rc == PERSO_OK)
        rc = write_row(file, &row, err);
    if (rc == PERSO_OK)
        file->rows++;
    else
        perso_error_at(err, card->application->origin.file, card->application->origin.line,
                       card->application->origin.record);
    return rc;
}
