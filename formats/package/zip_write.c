#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "formats/package/container.h"

/*
 * ZIP (PKWARE APPNOTE 6.3), nothing compressed, no zip64. A member given whole is stored. One read
 * from a source has its CRC only behind its data, where no reader could find the end of stored
 * bytes: it is deflated without compression, in blocks of 65,535 bytes. The DOS time is the date
 * in UTC as it stands, so that no time zone is in the bytes.
 */
#define VERSION_STORED 10u
#define VERSION_DEFLATED 20u
#define MADE_BY_UNIX (3u << 8 | VERSION_DEFLATED)
#define REGULAR_0600 (0100600u << 16)
#define FLAG_DESCRIPTOR 0x0008u
#define FLAG_UTF8 0x0800u
#define STORED_BLOCK_BYTES 65535u
#define MEMBERS_MAX 65534u
#define BYTES_MAX UINT64_C(0xfffffffe)
#define HEADER_BYTES 64u /* the longest record without its name has 46 */

struct member {
    char *name;
    uint16_t version, flags, method;
    uint32_t crc, packed, plain, offset;
};

struct perso_zip_writer {
    struct perso_sink sink;
    uint16_t time, date;
    uint64_t position;
    struct member *members;
    size_t n_members, room;
    uint8_t block[STORED_BLOCK_BYTES];
};

/* A record under construction, integers little-endian. */
struct record {
    uint8_t bytes[HEADER_BYTES];
    size_t n;
};

static void
put(struct record *r, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        r->bytes[r->n++] = (uint8_t)(value >> (8 * i));
}

static enum perso_result
emit(struct perso_zip_writer *zip, const void *bytes, size_t n, struct perso_error *err)
{
    if (zip->position + n > BYTES_MAX)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_LIMIT, "", "zip of more than 4 GiB");
    enum perso_result rc = perso_sink_write(&zip->sink, bytes, n, err);
    if (rc == PERSO_OK)
        zip->position += n;
    return rc;
}

enum perso_result
perso_zip_create(const struct perso_sink *sink, int64_t date_s, struct perso_zip_writer **ret,
                 struct perso_error *err)
{
    time_t t = (time_t)date_s;
    struct tm tm;

    if (gmtime_r(&t, &tm) == NULL || tm.tm_year < 80 || tm.tm_year > 80 + 127)
        return perso_error_set(err, PERSO_REJ_NONE, "", "date that a zip cannot hold");
    struct perso_zip_writer *zip = calloc(1, sizeof *zip);
    if (zip == NULL)
        return perso_error_errno(err, "archive");
    zip->sink = *sink;
    zip->time = (uint16_t)(tm.tm_hour << 11 | tm.tm_min << 5 | tm.tm_sec / 2);
    zip->date = (uint16_t)((tm.tm_year - 80) << 9 | (tm.tm_mon + 1) << 5 | tm.tm_mday);
    *ret = zip;
    return PERSO_OK;
}

static enum perso_result
new_member(struct perso_zip_writer *zip, const char *name, struct member **ret,
           struct perso_error *err)
{
    if (zip->n_members >= MEMBERS_MAX)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_LIMIT, "", "zip of more than %u members",
                               MEMBERS_MAX);
    if (zip->n_members == zip->room) {
        size_t room = zip->room == 0 ? 16 : 2 * zip->room;
        struct member *more = realloc(zip->members, room * sizeof *more);
        if (more == NULL)
            return perso_error_errno(err, "archive");
        zip->members = more;
        zip->room = room;
    }
    struct member *m = &zip->members[zip->n_members];
    *m = (struct member) { .name = strdup(name), .offset = (uint32_t)zip->position };
    if (m->name == NULL)
        return perso_error_errno(err, "archive");
    for (const char *c = name; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80)
            m->flags = FLAG_UTF8;
    zip->n_members++;
    *ret = m;
    return PERSO_OK;
}

/* What local header and central directory have in common, up to the length of the name. */
static void
put_common(struct record *r, const struct perso_zip_writer *zip, const struct member *m,
           bool sizes_known)
{
    put(r, m->version, 2);
    put(r, m->flags, 2);
    put(r, m->method, 2);
    put(r, zip->time, 2);
    put(r, zip->date, 2);
    put(r, sizes_known ? m->crc : 0, 4);
    put(r, sizes_known ? m->packed : 0, 4);
    put(r, sizes_known ? m->plain : 0, 4);
    put(r, strlen(m->name), 2);
    put(r, 0, 2); /* extra fields */
}

static enum perso_result
emit_local(struct perso_zip_writer *zip, const struct member *m, struct perso_error *err)
{
    struct record r = { .n = 0 };

    put(&r, 0x04034b50, 4);
    put_common(&r, zip, m, (m->flags & FLAG_DESCRIPTOR) == 0);
    enum perso_result rc = emit(zip, r.bytes, r.n, err);
    return rc == PERSO_OK ? emit(zip, m->name, strlen(m->name), err) : rc;
}

enum perso_result
perso_zip_add(struct perso_zip_writer *zip, const char *name, const void *bytes, size_t n,
              struct perso_error *err)
{
    struct member *m = NULL;
    enum perso_result rc;

    if (n > BYTES_MAX)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_LIMIT, "", "zip of more than 4 GiB");
    if ((rc = new_member(zip, name, &m, err)) != PERSO_OK)
        return rc;
    m->version = VERSION_STORED;
    m->crc = (uint32_t)crc32_z(0, bytes, n);
    m->packed = m->plain = (uint32_t)n;
    if ((rc = emit_local(zip, m, err)) != PERSO_OK)
        return rc;
    return n == 0 ? PERSO_OK : emit(zip, bytes, n, err);
}

/* One block of deflate that holds its bytes as they are (RFC 1951 3.2.4). */
static enum perso_result
emit_stored_block(struct perso_zip_writer *zip, size_t n, bool last, struct perso_error *err)
{
    struct record r = { .n = 0 };

    put(&r, last, 1);
    put(&r, n, 2);
    put(&r, ~(uint64_t)n, 2);
    enum perso_result rc = emit(zip, r.bytes, r.n, err);
    return rc == PERSO_OK && n > 0 ? emit(zip, zip->block, n, err) : rc;
}

static enum perso_result
emit_source(struct perso_zip_writer *zip, struct member *m, uint64_t size,
            const struct perso_source *source, struct perso_error *err)
{
    uint64_t start = zip->position, left = size;
    size_t n = 0;
    enum perso_result rc;

    m->crc = (uint32_t)crc32(0, NULL, 0);
    do {
        if ((rc = perso_source_take(source, &left, zip->block, sizeof zip->block, &n, err)) !=
                PERSO_OK ||
            (rc = emit_stored_block(zip, n, left == 0, err)) != PERSO_OK)
            return rc;
        m->crc = (uint32_t)crc32(m->crc, zip->block, (uInt)n);
    } while (left > 0);
    m->packed = (uint32_t)(zip->position - start);
    m->plain = (uint32_t)size;
    return PERSO_OK;
}

enum perso_result
perso_zip_add_source(struct perso_zip_writer *zip, const char *name, uint64_t size,
                     const struct perso_source *source, struct perso_error *err)
{
    struct record r = { .n = 0 };
    struct member *m = NULL;
    enum perso_result rc;

    if (size > BYTES_MAX)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_LIMIT, "", "zip of more than 4 GiB");
    if ((rc = new_member(zip, name, &m, err)) != PERSO_OK)
        return rc;
    m->version = VERSION_DEFLATED;
    m->flags |= FLAG_DESCRIPTOR;
    m->method = Z_DEFLATED;
    if ((rc = emit_local(zip, m, err)) != PERSO_OK ||
        (rc = emit_source(zip, m, size, source, err)) != PERSO_OK)
        return rc;
    put(&r, 0x08074b50, 4);
    put(&r, m->crc, 4);
    put(&r, m->packed, 4);
    put(&r, m->plain, 4);
    return emit(zip, r.bytes, r.n, err);
}

static enum perso_result
emit_central(struct perso_zip_writer *zip, const struct member *m, struct perso_error *err)
{
    struct record r = { .n = 0 };

    put(&r, 0x02014b50, 4);
    put(&r, MADE_BY_UNIX, 2);
    put_common(&r, zip, m, true);
    put(&r, 0, 2); /* comment */
    put(&r, 0, 2); /* disk */
    put(&r, 0, 2); /* internal attributes */
    put(&r, REGULAR_0600, 4);
    put(&r, m->offset, 4);
    enum perso_result rc = emit(zip, r.bytes, r.n, err);
    return rc == PERSO_OK ? emit(zip, m->name, strlen(m->name), err) : rc;
}

enum perso_result
perso_zip_finish(struct perso_zip_writer *zip, struct perso_error *err)
{
    struct record r = { .n = 0 };
    uint64_t start = zip->position;
    enum perso_result rc;

    for (size_t i = 0; i < zip->n_members; i++)
        if ((rc = emit_central(zip, &zip->members[i], err)) != PERSO_OK)
            return rc;
    put(&r, 0x06054b50, 4);
    put(&r, 0, 4); /* disks */
    put(&r, zip->n_members, 2);
    put(&r, zip->n_members, 2);
    put(&r, zip->position - start, 4);
    put(&r, start, 4);
    put(&r, 0, 2); /* comment */
    return emit(zip, r.bytes, r.n, err);
}

void
perso_zip_writer_free(struct perso_zip_writer *zip)
{
    if (zip == NULL)
        return;
    for (size_t i = 0; i < zip->n_members; i++)
        free(zip->members[i].name);
    free(zip->members);
    free(zip);
}
