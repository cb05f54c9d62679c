#include "formats/text/write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/encode.h"

#define BASE64_STEP_BYTES 768u

void
perso_writer_init(struct perso_table_writer *w, struct perso_sink sink, enum perso_charset charset,
                  bool guard)
{
    w->sink = sink;
    w->charset = charset;
    w->delimiter = ',';
    w->guard = guard;
    w->begun = false;
    w->blank = true;
    w->held = 0;
}

enum perso_result
perso_writer_flush(struct perso_table_writer *w, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    if (w->held != 0)
        rc = perso_sink_write(&w->sink, w->buffer, w->held, err);
    if (rc == PERSO_OK)
        w->held = 0;
    return rc;
}

static enum perso_result
put_bytes(struct perso_table_writer *w, const void *bytes, size_t n, struct perso_error *err)
{
    const uint8_t *at = bytes;

    while (n != 0) {
        enum perso_result rc;
        if (w->held == sizeof w->buffer && (rc = perso_writer_flush(w, err)) != PERSO_OK)
            return rc;
        size_t room = sizeof w->buffer - w->held, take = n < room ? n : room;
        memcpy(w->buffer + w->held, at, take);
        w->held += take;
        at += take;
        n -= take;
        w->blank = false;
    }
    return PERSO_OK;
}

/* UTF-8 known to be good, in the table's character set. */
static enum perso_result
put_text(struct perso_table_writer *w, const char *at, size_t n, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    if (w->charset == PERSO_UTF8)
        return put_bytes(w, at, n, err);
    while (n != 0 && rc == PERSO_OK) {
        uint32_t scalar;
        uint8_t bytes[4];
        size_t length = perso_utf8_next(at, n, &scalar);
        rc = put_bytes(w, bytes, perso_gb18030_put(scalar, bytes), err);
        at += length;
        n -= length;
    }
    return rc;
}

/* Before the first byte goes out, so that a refused cell leaves nothing behind. */
static enum perso_result
check_cell(const struct perso_table_writer *w, struct perso_text cell, struct perso_error *err)
{
    for (size_t i = 0; i < cell.bytes;) {
        uint32_t scalar;
        uint8_t bytes[4];
        size_t length = perso_utf8_next(cell.at + i, cell.bytes - i, &scalar);
        if (length == 0 || (w->charset == PERSO_GBK && perso_gb18030_put(scalar, bytes) > 2))
            return perso_error_set(err, PERSO_REJ_TEXT_ENCODING, "", "cell cannot be written as %s",
                                   perso_charset_name(w->charset));
        if (scalar == 0)
            return perso_error_set(err, PERSO_REJ_TEXT_NUL, "", "in a cell");
        i += length;
    }
    return PERSO_OK;
}

static enum perso_result
begin_cell(struct perso_table_writer *w, struct perso_error *err)
{
    enum perso_result rc = w->begun ? put_bytes(w, &w->delimiter, 1, err) : PERSO_OK;
    w->begun = true;
    return rc;
}

static bool
needs_quotes(const struct perso_table_writer *w, struct perso_text cell)
{
    for (size_t i = 0; i < cell.bytes; i++)
        if (cell.at[i] == '"' || cell.at[i] == '\n' || cell.at[i] == '\r' ||
            cell.at[i] == w->delimiter)
            return true;
    return false;
}

static enum perso_result
put_quoted(struct perso_table_writer *w, struct perso_text cell, bool guard,
           struct perso_error *err)
{
    const char *at = cell.at, *end = at + cell.bytes, *quote;
    enum perso_result rc = put_bytes(w, guard ? "\"'" : "\"", guard ? 2 : 1, err);

    while (rc == PERSO_OK && (quote = memchr(at, '"', (size_t)(end - at))) != NULL) {
        if ((rc = put_text(w, at, (size_t)(quote - at), err)) == PERSO_OK)
            rc = put_bytes(w, "\"\"", 2, err);
        at = quote + 1;
    }
    if (rc == PERSO_OK)
        rc = put_text(w, at, (size_t)(end - at), err);
    return rc == PERSO_OK ? put_bytes(w, "\"", 1, err) : rc;
}

enum perso_result
perso_writer_bom(struct perso_table_writer *w, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    if (w->charset == PERSO_UTF8)
        rc = put_bytes(w, "\xef\xbb\xbf", 3, err);
    w->blank = true;
    return rc;
}

enum perso_result
perso_writer_cell(struct perso_table_writer *w, struct perso_text cell, struct perso_error *err)
{
    bool guard = w->guard && cell.bytes != 0 && memchr("=+-@\t", cell.at[0], 5) != NULL;
    enum perso_result rc;

    if ((rc = check_cell(w, cell, err)) != PERSO_OK || (rc = begin_cell(w, err)) != PERSO_OK)
        return rc;
    if (needs_quotes(w, cell))
        return put_quoted(w, cell, guard, err);
    if (guard && (rc = put_bytes(w, "'", 1, err)) != PERSO_OK)
        return rc;
    return put_text(w, cell.at, cell.bytes, err);
}

enum perso_result
perso_writer_string(struct perso_table_writer *w, const char *cell, struct perso_error *err)
{
    return perso_writer_cell(w, (struct perso_text) { cell, (uint32_t)strlen(cell) }, err);
}

enum perso_result
perso_writer_number(struct perso_table_writer *w, uint64_t number, struct perso_error *err)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRIu64, number);
    return perso_writer_string(w, digits, err);
}

enum perso_result
perso_writer_base64(struct perso_table_writer *w, struct perso_cursor bytes,
                    struct perso_error *err)
{
    char chars[PERSO_BASE64_CHARS(BASE64_STEP_BYTES) + 1];
    enum perso_result rc = begin_cell(w, err);

    while (rc == PERSO_OK && perso_left(&bytes) != 0) {
        size_t left = perso_left(&bytes), n = left < BASE64_STEP_BYTES ? left : BASE64_STEP_BYTES;
        perso_base64_encode(bytes.at, n, chars);
        bytes.at += n;
        rc = put_bytes(w, chars, PERSO_BASE64_CHARS(n), err);
    }
    return rc;
}

enum perso_result
perso_writer_row(struct perso_table_writer *w, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    if (w->begun && w->blank) /* one empty cell would be an empty line */
        rc = put_bytes(w, "\"\"", 2, err);
    if (rc == PERSO_OK)
        rc = put_bytes(w, "\n", 1, err);
    w->begun = false;
    w->blank = true;
    return rc;
}
