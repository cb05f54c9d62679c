/*
 * Subject templates of a profile, and the values of a card: texts of the input, up to a NUL
 * each, are the template and one value a column. What compiles gives a request that reads, or names
 * a column.
 */
#include <assert.h>
#include <string.h>

#include "formats/pki/pkcs10.h"
#include "formats/pki/request_template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const enum perso_column columns[] = { PERSO_COL_AAZ501, PERSO_COL_AAZ500, PERSO_COL_AAC002,
                                             PERSO_COL_AAC003, PERSO_COL_AAB301 };

/* Up to the next NUL, so that values may have line breaks in them. */
static struct perso_text
take_value(struct perso_cursor *c)
{
    const uint8_t *begin = c->at;

    while (c->at != c->end && *c->at != '\0')
        c->at++;
    struct perso_text ret = { (const char *)begin, (uint32_t)(c->at - begin) };
    if (c->at != c->end)
        c->at++;
    return ret;
}

/* Signed by nobody: the form is looked at. */
static void
request_reads(struct perso_cursor info, const uint8_t public_key[64])
{
    struct perso_pkcs10 request = { .info = info, .rs = { 1 } }, read;
    uint8_t out[PERSO_REQUEST_DER_BYTES];
    struct perso_error err = { 0 };
    size_t n;

    request.rs[63] = 1;
    assert(perso_pkcs10_write(&request, out, sizeof out, &n));
    assert(perso_pkcs10_read(perso_cursor_of(out, n), 0, NULL, &read, &err) == PERSO_OK);
    assert(memcmp(read.public_key, public_key, 64) == 0);
    assert(perso_left(&read.info) == perso_left(&info));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t public_key[64] = { 1, 2, 3 };
    struct perso_cursor c = perso_cursor_of(data, size);
    struct perso_text values[PERSO_COLUMN_COUNT] = { { NULL, 0 } };
    struct perso_request_template compiled;
    struct perso_error err = { 0 };
    uint8_t out[PERSO_REQUEST_INFO_BYTES];
    size_t n;

    if (perso_request_template_read(take_value(&c), &compiled, &err) != PERSO_OK) {
        assert(err.reject == PERSO_REJ_NONE && err.text[0] != '\0');
        return 0;
    }
    assert(compiled.n_attributes > 0 && compiled.n_attributes <= PERSO_TEMPLATE_ATTRIBUTES);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        values[columns[i]] = take_value(&c);
    enum perso_result rc =
        perso_request_info(&compiled, values, public_key, out, sizeof out, &n, &err);
    assert(rc == PERSO_OK || rc == PERSO_REJECT);
    if (rc == PERSO_OK)
        request_reads(perso_cursor_of(out, n), public_key);
    else
        assert(err.reject != PERSO_REJ_NONE &&
               perso_column_find((struct perso_text) { err.field, (uint32_t)strlen(err.field) }) !=
                   PERSO_COLUMN_OTHER);
    return 0;
}
