/* The request of a row, by form of application (CONTRACTS 2, DOMAIN 5.3). */
#include <string.h>

#include "formats/base/encode.h"
#include "formats/pki/der.h"
#include "formats/pki/request_pem.h"
#include "stages/application.h"
#include "stages/ingest_row.h"
#include "stages/verdict.h"

/* A centre's cards: whoever has the request proved it; here only its name is known. */
enum perso_result
perso_ingest_check_id(struct perso_ingest_row *row, enum perso_column column,
                      struct perso_error *err)
{
    struct perso_text cell = row->cells[column];

    if (row->rules->requested &&
        !perso_hex_decode(cell.at, cell.bytes, row->out->request_id, PERSO_REQUEST_ID_BYTES))
        return perso_refuse(err, PERSO_REJ_REQUEST_MISSING);
    return PERSO_OK;
}

static bool
is_signed_apart(const struct perso_ingest_row *row)
{
    return row->rules->form == PERSO_FORM_SIG && !row->rules->requested;
}

enum perso_result
perso_ingest_check_signature(struct perso_ingest_row *row, enum perso_column column,
                             struct perso_error *err)
{
    struct perso_text cell = row->cells[column];

    if (!is_signed_apart(row))
        return PERSO_OK;
    if (cell.bytes == 0)
        return perso_refuse(err, PERSO_REJ_REQUEST_MISSING);
    if (!perso_hex_decode(cell.at, cell.bytes, row->request.rs, sizeof row->request.rs))
        return perso_error_set(err, PERSO_REJ_SIGNATURE_SHAPE, "", "have %u characters",
                               cell.bytes);
    return PERSO_OK;
}

/* The row's own copy of some bytes, as long as the batch. */
static enum perso_result
keep(const struct perso_ingest_row *row, const uint8_t *bytes, size_t n, struct perso_cursor *ret,
     struct perso_error *err)
{
    uint8_t *kept = perso_arena_take(row->arena, n);

    if (kept == NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
    memcpy(kept, bytes, n);
    *ret = perso_cursor_of(kept, n);
    return PERSO_OK;
}

/* ---- P10 ---- */

/* What the cell holds: DER or PEM in Base64, or PEM as it stands. */
static enum perso_result
decode_cell(struct perso_ingest_row *row, struct perso_text cell, struct perso_cursor *ret,
            struct perso_error *err)
{
    uint8_t *bytes;
    size_t n;

    *ret = perso_cursor_of(cell.at, cell.bytes);
    if (perso_request_pem_is(*ret))
        return PERSO_OK;
    if ((bytes = perso_arena_take(row->arena, cell.bytes)) == NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
    if (!perso_base64_decode(cell.at, cell.bytes, bytes, &n))
        return perso_refuse(err, PERSO_REJ_REQUEST_BASE64);
    *ret = perso_cursor_of(bytes, n);
    return PERSO_OK;
}

/* The request in DER, in the arena; the signed bytes stay as they are. */
static enum perso_result
write_request(struct perso_ingest_row *row, struct perso_error *err)
{
    uint8_t der[PERSO_REQUEST_DER_BYTES];
    size_t n;

    if (!perso_pkcs10_write(&row->request, der, sizeof der, &n))
        return perso_error_set(err, PERSO_REJ_REQUEST_SYNTAX, "", "longer than %u bytes",
                               PERSO_REQUEST_DER_BYTES);
    return keep(row, der, n, &row->out->request, err);
}

static enum perso_result
read_request(struct perso_ingest_row *row, struct perso_text cell, struct perso_error *err)
{
    struct perso_cursor given;
    uint32_t tolerated = row->rules->tolerated;
    uint8_t *room = NULL;
    enum perso_result rc = decode_cell(row, cell, &given, err);

    if (rc != PERSO_OK)
        return rc;
    if (!perso_request_pem_is(given)) /* every row of a large file would want its room */
        tolerated &= ~PERSO_ODD_PEM;
    else if ((tolerated & PERSO_ODD_PEM) != 0 &&
             (room = perso_arena_take(row->arena, PERSO_REQUEST_DER_BYTES)) == NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
    if ((rc = perso_pkcs10_read(given, tolerated, room, &row->request, err)) != PERSO_OK)
        return rc;
    if (memcmp(row->request.public_key, row->out->public_key, PERSO_POINT_BYTES) != 0)
        return perso_refuse(err, PERSO_REJ_REQUEST_KEY);
    row->out->odd = row->request.odd;
    row->out->request = given;
    return row->request.odd == 0 ? PERSO_OK : write_request(row, err);
}

/* ---- QM ---- */

static struct perso_text
text_of(const char *string)
{
    return (struct perso_text) { string, (uint32_t)strlen(string) };
}

enum perso_result
perso_ingest_row_info(const struct perso_ingest_row *row, struct perso_cursor *ret,
                      struct perso_error *err)
{
    const struct perso_application *out = row->out;
    struct perso_text values[PERSO_COLUMN_COUNT];
    uint8_t info[PERSO_REQUEST_DER_BYTES];
    size_t n;
    enum perso_result rc;

    memcpy(values, row->cells, sizeof values);
    values[PERSO_COL_AAZ501] = text_of(out->card_id);
    values[PERSO_COL_AAZ500] = text_of(out->card_no);
    values[PERSO_COL_AAC002] = text_of(out->ssn);
    values[PERSO_COL_AAC003] = out->name;
    values[PERSO_COL_AAB301] = text_of(out->division);
    rc = perso_request_info(&row->rules->requested_subject, values, out->public_key, info,
                            sizeof info, &n, err);
    return rc == PERSO_OK ? keep(row, info, n, ret, err) : rc;
}

/* A row that was put together before has its request beside the signature: it must be this one. */
static enum perso_result
check_beside(struct perso_ingest_row *row, struct perso_text cell, struct perso_error *err)
{
    struct perso_cursor made = row->out->request, given;
    enum perso_result rc;

    if (cell.bytes == 0)
        return PERSO_OK;
    if ((rc = decode_cell(row, cell, &given, err)) != PERSO_OK)
        return rc;
    return perso_der_is(given, made.at, perso_left(&made))
               ? PERSO_OK
               : perso_refuse(err, PERSO_REJ_REQUEST_DIFFERS);
}

static enum perso_result
make_request(struct perso_ingest_row *row, struct perso_text cell, struct perso_error *err)
{
    enum perso_result rc = perso_ingest_row_info(row, &row->request.info, err);

    memcpy(row->request.public_key, row->out->public_key, PERSO_POINT_BYTES);
    if (rc == PERSO_OK)
        rc = write_request(row, err);
    return rc == PERSO_OK ? check_beside(row, cell, err) : rc;
}

/* ---- any form ---- */

enum perso_result
perso_ingest_check_request(struct perso_ingest_row *row, enum perso_column column,
                           struct perso_error *err)
{
    struct perso_application *out = row->out;
    struct perso_text cell = row->cells[column];
    struct perso_cursor named;
    enum perso_result rc = PERSO_OK;

    if (row->rules->requested)
        return PERSO_OK;
    if (cell.bytes == 0 && row->rules->form == PERSO_FORM_P10)
        return perso_refuse(err, PERSO_REJ_REQUEST_MISSING);
    row->has_proof = is_signed_apart(row) || cell.bytes > 0;
    row->proof = is_signed_apart(row) ? PERSO_COL_QM : column;
    if (row->has_proof)
        rc = is_signed_apart(row) ? make_request(row, cell, err) : read_request(row, cell, err);
    if (rc != PERSO_OK)
        return rc;
    named = row->has_proof ? out->request : perso_cursor_of(out->public_key, PERSO_POINT_BYTES);
    return perso_request_id(out->card_id, named, out->request_id)
               ? PERSO_OK
               : perso_error_openssl(err, "request id");
}

/* A subject that was made of the row names nobody else; whom else should it name, the profile said.
 */
enum perso_result
perso_ingest_check_subject(struct perso_ingest_row *row, enum perso_column column,
                           struct perso_error *err)
{
    const struct perso_application *out = row->out;
    struct perso_subject subject;

    if (!row->has_proof || row->proof != column || !row->rules->subject_check)
        return PERSO_OK;
    if (!perso_subject_read(row->request.subject, &subject))
        return perso_refuse(err, PERSO_REJ_REQUEST_SUBJECT);
    if (perso_subject_is(&subject, out->name, out->ssn, out->card_id, &row->rules->subject))
        return PERSO_OK;
    const char *fault = perso_subject_fault(&subject);
    return fault != NULL ? perso_error_set(err, PERSO_REJ_REQUEST_SUBJECT, "", "%s", fault)
                         : perso_refuse(err, PERSO_REJ_REQUEST_SUBJECT);
}
