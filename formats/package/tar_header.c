#include "formats/package/tar_header.h"

#include <string.h>

#define NAME_AT 0u
#define NAME_BYTES 100u
#define SIZE_AT 124u
#define SUM_AT 148u
#define TYPE_AT 156u
#define MAGIC_AT 257u
#define PREFIX_AT 345u
#define PREFIX_BYTES 155u
#define SIZE_DIGITS 12u
#define PAX_DIGITS 8u /* of a record's length */

static enum perso_result
damaged(struct perso_error *err, const char *text)
{
    return perso_error_set(err, PERSO_REJ_ARCHIVE_DAMAGED, "", "%s", text);
}

/* ---- a header ---- */

bool
perso_tar_sum_is_right(const uint8_t block[PERSO_SNIFF_BYTES])
{
    unsigned have = 0, want = 0;

    for (size_t i = 0; i < PERSO_SNIFF_BYTES; i++)
        have += block[i];
    for (size_t i = SUM_AT; i < SUM_AT + 8; i++)
        have += ' ' - (unsigned)block[i];
    for (size_t i = SUM_AT; i < SUM_AT + 8; i++)
        if (block[i] >= '0' && block[i] <= '7')
            want = want * 8 + (block[i] - '0');
    return have == want;
}

/* Octal digits with blanks or NUL around them, or GNU's big-endian number. */
static bool
read_size(const uint8_t *field, uint64_t *ret)
{
    size_t i = 0;

    *ret = 0;
    if (field[0] == 0x80) {
        for (i = 1; i < SIZE_DIGITS; i++) {
            if (*ret >> 55 != 0)
                return false;
            *ret = *ret << 8 | field[i];
        }
        return true;
    }
    while (i < SIZE_DIGITS && field[i] == ' ')
        i++;
    for (; i < SIZE_DIGITS && field[i] >= '0' && field[i] <= '7'; i++)
        *ret = *ret * 8 + (field[i] - '0');
    for (; i < SIZE_DIGITS; i++)
        if (field[i] != ' ' && field[i] != '\0')
            return false;
    return true;
}

/* One more part of a name; bytes 0 afterwards where it is longer than any. */
static bool
name_add(struct perso_raw_name *name, const void *bytes, size_t n)
{
    if (n > sizeof name->at - name->bytes) {
        name->bytes = 0;
        return false;
    }
    memcpy(name->at + name->bytes, bytes, n);
    name->bytes += n;
    return true;
}

static void
read_name(const uint8_t *block, bool posix, struct perso_raw_name *name)
{
    const char *field = (const char *)block;
    size_t prefix = posix ? strnlen(field + PREFIX_AT, PREFIX_BYTES) : 0;

    name->bytes = 0;
    if (prefix > 0 && (!name_add(name, field + PREFIX_AT, prefix) || !name_add(name, "/", 1)))
        return;
    name_add(name, field + NAME_AT, strnlen(field + NAME_AT, NAME_BYTES));
}

bool
perso_tar_header_read(const uint8_t block[PERSO_SNIFF_BYTES], struct perso_tar_header *ret)
{
    bool posix = memcmp(block + MAGIC_AT, "ustar\0", 6) == 0;

    if ((!posix && memcmp(block + MAGIC_AT, "ustar  ", 8) != 0) || !perso_tar_sum_is_right(block))
        return false;
    *ret = (struct perso_tar_header) { .type = (char)block[TYPE_AT] };
    read_name(block, posix, &ret->name); /* GNU has times where the prefix would be */
    return read_size(block + SIZE_AT, &ret->size);
}

/* ---- headers about the next one ---- */

bool
perso_tar_is_about(char type)
{
    return type == 'x' || type == 'g' || type == 'L' || type == 'K';
}

static bool
is(struct perso_cursor text, const char *word)
{
    return perso_left(&text) == strlen(word) && memcmp(text.at, word, strlen(word)) == 0;
}

static bool
begins(struct perso_cursor text, const char *word)
{
    return perso_left(&text) >= strlen(word) && memcmp(text.at, word, strlen(word)) == 0;
}

static bool
read_decimal(struct perso_cursor text, uint64_t *ret)
{
    *ret = 0;
    if (perso_left(&text) == 0 || perso_left(&text) > 18)
        return false;
    for (; text.at < text.end; text.at++) {
        if (*text.at < '0' || *text.at > '9')
            return false;
        *ret = *ret * 10 + (*text.at - '0');
    }
    return true;
}

static enum perso_result
take_name(struct perso_tar_member *member, struct perso_cursor name, bool utf8,
          struct perso_error *err)
{
    if (member->has_name)
        return damaged(err, "two names of one member");
    member->has_name = true;
    member->name = (struct perso_raw_name) { .utf8 = utf8 };
    name_add(&member->name, name.at, perso_left(&name));
    return PERSO_OK;
}

/* Keys of a pax header that would change what is read; all others say nothing of it. */
static enum perso_result
take_record(struct perso_tar_member *member, bool global, struct perso_cursor key,
            struct perso_cursor value, struct perso_error *err)
{
    if (begins(key, "GNU.sparse.") || is(key, "SCHILY.realsize")) {
        member->sparse = true;
        return PERSO_OK;
    }
    if (is(key, "linkpath"))
        member->links = true;
    if (is(key, "hdrcharset")) {
        member->binary = is(value, "BINARY"); /* a name that its writer could not convert */
        member->name.utf8 = member->name.utf8 && !member->binary;
        return member->binary || is(value, "ISO-IR 10646 2000 UTF-8")
                   ? PERSO_OK
                   : damaged(err, "pax header is not in UTF-8");
    }
    if (global && (is(key, "path") || is(key, "size") || is(key, "linkpath")))
        return damaged(err, "one name or size of all members");
    if (is(key, "path"))
        return take_name(member, value, !member->binary, err);
    if (!is(key, "size"))
        return PERSO_OK;
    if (member->has_size || !read_decimal(value, &member->size))
        return damaged(err, "size in the pax header");
    member->has_size = true;
    return PERSO_OK;
}

/* "LENGTH KEY=VALUE\n", the length of all of it (POSIX.1-2001 pax). */
static enum perso_result
take_pax(struct perso_tar_member *member, bool global, struct perso_cursor body,
         struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    while (perso_left(&body) > 0 && rc == PERSO_OK) {
        struct perso_cursor record, key;
        const uint8_t *from = body.at,
                      *blank =
                          memchr(body.at, ' ',
                                 perso_left(&body) < PAX_DIGITS ? perso_left(&body) : PAX_DIGITS);
        uint64_t n = 0;
        if (blank == NULL || !read_decimal(perso_cursor_of(from, (size_t)(blank - from)), &n) ||
            n <= (uint64_t)(blank - from) + 2 || !perso_take(&body, (size_t)n, &record) ||
            record.end[-1] != '\n')
            return damaged(err, "pax header has not its form");
        record.at = blank + 1;
        record.end--;
        const uint8_t *equals = memchr(record.at, '=', perso_left(&record));
        if (equals == NULL || equals == record.at)
            return damaged(err, "pax header has not its form");
        key = perso_cursor_of(record.at, (size_t)(equals - record.at));
        record.at = equals + 1;
        rc = take_record(member, global, key, record, err);
    }
    return rc;
}

enum perso_result
perso_tar_about(struct perso_tar_member *member, char type, struct perso_cursor body,
                struct perso_error *err)
{
    if (type == 'K') { /* the target of a link */
        member->links = true;
        return PERSO_OK;
    }
    if (type == 'L') {
        const uint8_t *end = memchr(body.at, '\0', perso_left(&body));
        if (end == NULL || end + 1 != body.end)
            return damaged(err, "long name has not its form");
        body.end = end;
        return take_name(member, body, false, err);
    }
    bool *seen = type == 'g' ? &member->has_global : &member->has_pax;
    if (*seen)
        return damaged(err, "two pax headers of one member");
    *seen = true;
    return take_pax(member, type == 'g', body, err);
}
