#include "pipeline/file/requests.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "formats/base/encode.h"
#include "formats/pki/pkcs10.h"
#include "formats/pki/request_pem.h"
#include "pipeline/file/request_spill.h"
#include "pipeline/job/path.h"

struct perso_requests {
    struct perso_request_spill *spill;
    uint32_t n_used;
};

/* ---- members ---- */

static const char *
ending_of(const char *name)
{
    static const char *const endings[] = { ".p10", ".csr", ".der", ".pem", ".req" };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof endings / sizeof endings[0]; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return dot;
    return NULL;
}

bool
perso_request_member(const char *name)
{
    return ending_of(perso_path_name(name)) != NULL;
}

/* Zeros behind it; false where there is no room for one. */
static bool
card_of(const char *text, size_t n, char card[PERSO_REQUEST_NAME_BYTES])
{
    memset(card, 0, PERSO_REQUEST_NAME_BYTES);
    if (n == 0 || n >= PERSO_REQUEST_NAME_BYTES)
        return false;
    for (size_t i = 0; i < n; i++)
        card[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - ('a' - 'A') : text[i]);
    return true;
}

/* What is in PEM text, or the bytes as they are: a damaged text is its row's fault. */
static struct perso_cursor
take_off_pem(struct perso_cursor given, uint8_t room[PERSO_REQUEST_DER_BYTES])
{
    struct perso_cursor der;

    return perso_request_pem_is(given) && perso_left(&given) <= PERSO_REQUEST_PEM_BYTES &&
                   perso_request_pem_read(given, room, &der) == NULL
               ? der
               : given;
}

static enum perso_result
take_request(struct perso_requests *requests, uint32_t number, const char *name,
             const struct perso_source *source, struct perso_error *err)
{
    uint8_t bytes[PERSO_REQUEST_MEMBER_BYTES + 1], room[PERSO_REQUEST_DER_BYTES];
    struct perso_request_entry entry = { .bytes = 0 };
    struct perso_error unreadable = { 0 };
    struct perso_pkcs10 request;
    enum perso_result rc;

    name = perso_path_name(name);
    if (!card_of(name, (size_t)(ending_of(name) - name), entry.card)) /* it may name a person */
        return perso_error_set(err, PERSO_REJ_ARCHIVE_MEMBER, "",
                               "member %u: a request that no card's id names", number);
    if ((rc = perso_source_fill(source, bytes, sizeof bytes, &entry.bytes, err)) != PERSO_OK)
        return rc;
    if (entry.bytes > PERSO_REQUEST_MEMBER_BYTES)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_LIMIT, "",
                               "member %u: a request of more than %u bytes", number,
                               PERSO_REQUEST_MEMBER_BYTES);
    struct perso_cursor der = take_off_pem(perso_cursor_of(bytes, entry.bytes), room);
    entry.bytes = perso_left(&der);
    /* Whatever is unusual in it is its row's to be judged for. */
    rc = perso_pkcs10_read(der, PERSO_ODD_ALL & ~PERSO_ODD_PEM, NULL, &request, &unreadable);
    if (rc == PERSO_FATAL) {
        *err = unreadable;
        return rc;
    }
    entry.has_key = rc == PERSO_OK;
    if (entry.has_key)
        memcpy(entry.public_key, request.public_key, sizeof entry.public_key);
    return perso_request_spill_add(requests->spill, &entry, der.at, err);
}

static enum perso_result
walk(struct perso_requests *requests, struct perso_archive *archive, const char *folder,
     struct perso_error *err)
{
    const char *name = NULL;
    struct perso_source source;
    enum perso_result rc;

    while ((rc = perso_archive_next(archive, &name, &source, err)) == PERSO_OK) {
        if (!perso_request_member(name))
            continue;
        if (requests->spill == NULL &&
            (rc = perso_request_spill_new(folder, &requests->spill, err)) != PERSO_OK)
            return rc;
        if ((rc = take_request(requests, perso_archive_members(archive), name, &source, err)) !=
            PERSO_OK)
            return rc;
    }
    if (rc == PERSO_END && requests->spill != NULL)
        return perso_request_spill_end(requests->spill, err);
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_requests_open(struct perso_archive_in *in, const struct perso_source *source,
                    const char *folder, struct perso_requests **ret, struct perso_error *err)
{
    struct perso_requests *requests = calloc(1, sizeof *requests);
    struct perso_archive *archive = NULL;
    enum perso_result rc;

    if (requests == NULL)
        return perso_error_errno(err, "memory");
    in->passes = NULL; /* of this walk; of the next ones all of them are known */
    if ((rc = perso_archive_in_open(in, source, &archive, err)) == PERSO_OK)
        rc = walk(requests, archive, folder, err);
    in->passes = perso_request_member;
    perso_archive_free(archive);
    if (rc == PERSO_OK && requests->spill != NULL) {
        *ret = requests;
        requests = NULL;
    }
    perso_requests_free(requests);
    return rc;
}

/* ---- rows ---- */

static enum perso_result
put_request(struct perso_requests *requests, uint32_t index, const char *card,
            struct perso_cells *cells, struct perso_arena *arena, struct perso_error *err)
{
    uint8_t bytes[PERSO_REQUEST_MEMBER_BYTES];
    struct perso_request_entry entry;
    enum perso_result rc = perso_request_spill_get(requests->spill, index, &entry, bytes, err);

    if (rc != PERSO_OK)
        return rc;
    size_t chars = PERSO_BASE64_CHARS(entry.bytes);
    char *text = perso_arena_take(arena, chars + 1 + sizeof entry.card);
    if (text == NULL)
        return perso_error_errno(err, "memory");
    perso_base64_encode(bytes, entry.bytes, text);
    cells->known[PERSO_COL_P10] = (struct perso_text) { text, (uint32_t)chars };
    if (perso_request_spill_use(requests->spill, index))
        requests->n_used++;
    if (strcmp(entry.card, card) == 0)
        return PERSO_OK;
    memcpy(text + chars + 1, entry.card, sizeof entry.card);
    cells->known[PERSO_COL_P10_AAZ501] =
        (struct perso_text) { text + chars + 1, (uint32_t)strlen(entry.card) };
    return PERSO_OK;
}

static enum perso_result
fill_row(struct perso_requests *requests, struct perso_cells *cells, struct perso_arena *arena,
         struct perso_error *err)
{
    struct perso_text key = cells->known[PERSO_COL_QMGY], id = cells->known[PERSO_COL_AAZ501];
    char card[PERSO_REQUEST_NAME_BYTES];
    uint8_t public_key[PERSO_POINT_BYTES];
    uint32_t index = 0;
    enum perso_result rc = PERSO_END;

    bool has_card = card_of(id.at, id.bytes, card);
    if (perso_hex_decode(key.at, key.bytes, public_key, sizeof public_key))
        rc = perso_request_spill_by_key(requests->spill, public_key, card, &index, err);
    if (rc == PERSO_END && has_card)
        rc = perso_request_spill_by_card(requests->spill, card, &index, err);
    if (rc != PERSO_OK)
        return rc == PERSO_END ? PERSO_OK : rc;
    return put_request(requests, index, card, cells, arena, err);
}

enum perso_result
perso_requests_fill(struct perso_requests *requests, struct perso_cells *cells, size_t n,
                    struct perso_arena *arena, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        if (cells[i].known[PERSO_COL_P10].bytes == 0)
            rc = fill_row(requests, &cells[i], arena, err);
    return rc;
}

void
perso_requests_columns(const struct perso_requests *requests, const enum perso_column *required,
                       enum perso_column out[PERSO_REQUIRED_MAX])
{
    size_t n = 0;

    for (; *required != PERSO_COLUMN_OTHER && n + 1 < PERSO_REQUIRED_MAX; required++)
        if (requests == NULL || *required != PERSO_COL_P10)
            out[n++] = *required;
    out[n] = PERSO_COLUMN_OTHER;
}

uint32_t
perso_requests_unused(const struct perso_requests *requests)
{
    return perso_request_spill_count(requests->spill) - requests->n_used;
}

void
perso_requests_free(struct perso_requests *requests)
{
    if (requests != NULL)
        perso_request_spill_free(requests->spill);
    free(requests);
}
