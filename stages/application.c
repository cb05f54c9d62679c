#include "stages/application.h"

#include <string.h>

#include "formats/base/encode.h"
#include "formats/identity/card.h"
#include "formats/identity/id_number.h"
#include "formats/identity/name.h"
#include "formats/sm2/sm3.h"

bool
perso_request_id(const char *card_id, struct perso_cursor request,
                 uint8_t out[PERSO_REQUEST_ID_BYTES])
{
    uint8_t content[PERSO_CARD_ID_CHARS + PERSO_REQUEST_DER_BYTES], digest[PERSO_SM3_BYTES];
    size_t id_chars = strlen(card_id), n = perso_left(&request);

    if (id_chars != PERSO_CARD_ID_CHARS || n == 0 || n > PERSO_REQUEST_DER_BYTES)
        return false;
    memcpy(content, card_id, id_chars);
    memcpy(content + id_chars, request.at, n);
    if (!perso_sm3_of(content, id_chars + n, digest))
        return false;
    memcpy(out, digest, PERSO_REQUEST_ID_BYTES);
    return true;
}

/* Base64 into the arena; *ret is empty where the cell is. */
static bool
decode_request(struct perso_text cell, struct perso_arena *arena, struct perso_cursor *ret)
{
    uint8_t *der;
    size_t n;

    *ret = perso_cursor_of("", 0);
    if (cell.bytes == 0)
        return true;
    if ((der = perso_arena_take(arena, cell.bytes)) == NULL ||
        !perso_base64_decode(cell.at, cell.bytes, der, &n))
        return false;
    *ret = perso_cursor_of(der, n);
    return true;
}

static bool
parse_fields(const struct perso_text *cells, struct perso_application *ret)
{
    struct perso_text key = cells[PERSO_COL_QMGY];
    enum perso_id_kind kind;

    ret->name = perso_name_strip(cells[PERSO_COL_AAC003]);
    ret->box = cells[PERSO_COL_box];
    ret->position = cells[PERSO_COL_position];
    return perso_card_id_read(cells[PERSO_COL_AAZ501], ret->card_id) &&
           perso_card_no_read(cells[PERSO_COL_AAZ500], ret->card_no) &&
           perso_id_number_read(cells[PERSO_COL_AAC002], ret->ssn, &kind) == PERSO_REJ_NONE &&
           perso_division_read(cells[PERSO_COL_AAB301], ret->division) &&
           perso_hex_decode(key.at, key.bytes, ret->public_key, PERSO_POINT_BYTES);
}

enum perso_result
perso_application_parse(const struct perso_cells *cells, const struct perso_origin *origin,
                        struct perso_arena *arena, struct perso_application *ret,
                        struct perso_error *err)
{
    struct perso_application parsed = { .origin = *origin };
    struct perso_text given = cells->known[PERSO_COL_request_id];
    struct perso_cursor named;

    if (!parse_fields(cells->known, &parsed) ||
        !decode_request(cells->known[PERSO_COL_P10], arena, &parsed.request))
        return perso_error_set(err, PERSO_REJ_NONE, "", "stored record is not an application");
    named = parsed.request;
    if (perso_left(&named) == 0)
        named = perso_cursor_of(parsed.public_key, PERSO_POINT_BYTES);
    if (perso_left(&parsed.request) == 0 && given.bytes > 0) {
        if (!perso_hex_decode(given.at, given.bytes, parsed.request_id, PERSO_REQUEST_ID_BYTES))
            return perso_error_set(err, PERSO_REJ_NONE, "", "stored record is not an application");
    } else if (!perso_request_id(parsed.card_id, named, parsed.request_id)) {
        return perso_error_openssl(err, "request id");
    }
    *ret = parsed;
    return PERSO_OK;
}

/* The cell as a string in upper case; "" where it does not fit whole. */
static void
copy_upper(struct perso_text cell, char *out, size_t max_chars)
{
    out[0] = '\0';
    if (cell.bytes > max_chars || memchr(cell.at, '\0', cell.bytes) != NULL)
        return;
    for (uint32_t i = 0; i < cell.bytes; i++) {
        char c = cell.at[i];
        out[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    out[cell.bytes] = '\0';
}

void
perso_issuance_parse(const struct perso_cells *cells, const struct perso_origin *origin,
                     struct perso_issuance *ret)
{
    const struct perso_text *known = cells->known;

    *ret = (struct perso_issuance) { .origin = *origin };
    if (!perso_card_id_read(known[PERSO_COL_AAZ501], ret->card_id))
        ret->card_id[0] = '\0';
    if (!perso_card_no_read(known[PERSO_COL_AAZ500], ret->card_no))
        ret->card_no[0] = '\0';
    if (!perso_division_read(known[PERSO_COL_AAB301], ret->division))
        ret->division[0] = '\0';
    copy_upper(known[PERSO_COL_AAC002], ret->ssn, PERSO_SSN_CHARS);
    ret->name = perso_name_strip(known[PERSO_COL_AAC003]);
    ret->batch = known[PERSO_COL_BAZ033];
    ret->person_status = known[PERSO_COL_AAC008];
    ret->card_status = known[PERSO_COL_AAZ502];
    ret->ssse_keys = known[PERSO_COL_SSSE];
    ret->name_extension = known[PERSO_COL_BAZ103];
    ret->has_key = perso_hex_decode(known[PERSO_COL_QMGY].at, known[PERSO_COL_QMGY].bytes,
                                    ret->public_key, PERSO_POINT_BYTES);
}

static struct perso_text
text_of(const char *string)
{
    return (struct perso_text) { string, (uint32_t)strlen(string) };
}

struct perso_text
perso_card_cell(const struct perso_application *application, const struct perso_cells *issuance,
                enum perso_column column)
{
    struct perso_text issued = issuance->known[column];

    switch (column) {
    case PERSO_COL_AAZ501:
        return text_of(application->card_id);
    case PERSO_COL_AAZ500:
        return text_of(application->card_no);
    case PERSO_COL_box:
        return application->box;
    case PERSO_COL_position:
        return application->position;
    case PERSO_COL_AAC002:
        return text_of(application->ssn); /* equal to the issuance data's, with X in upper case */
    case PERSO_COL_AAC003:
        return perso_name_strip(issued.bytes > 0 ? issued : application->name);
    case PERSO_COL_AAB301:
        return issued.bytes > 0 ? issued : text_of(application->division);
    default:
        return issued;
    }
}
