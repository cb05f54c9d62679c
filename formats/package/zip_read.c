#include <stdlib.h>
#include <string.h>

#include "formats/package/zip_read.h"

#define LOCAL_BYTES 30u
#define EXTRA_ZIP64 0x0001u
#define FLAG_DEFLATE 0x0006u    /* how hard the writer tried */
#define FLAG_DESCRIPTOR 0x0008u /* CRC and sizes follow the data */
#define FLAG_UTF8 0x0800u
#define FLAG_ENCRYPTED 0x2041u
#define METHOD_STORED 0u
#define METHOD_DEFLATED 8u
#define SIG_DESCRIPTOR 0x08074b50u

enum perso_result
perso_zip_damaged(struct perso_error *err, const char *text)
{
    return perso_error_set(err, PERSO_REJ_ARCHIVE_DAMAGED, "", "%s", text);
}

enum perso_result
perso_zip_refuse(struct perso_error *err, const char *text)
{
    return perso_error_set(err, PERSO_REJ_ARCHIVE_MEMBER, "", "%s", text);
}

enum perso_result
perso_zip_need(struct perso_zip *zip, size_t n, struct perso_error *err)
{
    if (zip->end - zip->at >= n)
        return PERSO_OK;
    memmove(zip->buf, zip->buf + zip->at, zip->end - zip->at);
    zip->end -= zip->at;
    zip->at = 0;
    while (zip->end < n) {
        size_t have = 0;
        enum perso_result rc =
            perso_raw_read(zip->input, zip->buf + zip->end, sizeof zip->buf - zip->end, &have, err);
        if (rc != PERSO_OK)
            return rc;
        zip->end += have;
    }
    return PERSO_OK;
}

static void
skip(struct perso_zip *zip, size_t n)
{
    zip->at += n;
    zip->position += n;
}

enum perso_result
perso_zip_take(struct perso_zip *zip, size_t n, struct perso_cursor *ret, struct perso_error *err)
{
    enum perso_result rc = perso_zip_need(zip, n, err);

    if (rc != PERSO_OK)
        return rc == PERSO_END ? perso_zip_damaged(err, "zip is cut") : rc;
    *ret = perso_cursor_of(zip->buf + zip->at, n);
    skip(zip, n);
    return PERSO_OK;
}

enum perso_result
perso_zip_peek(struct perso_zip *zip, uint32_t *ret, struct perso_error *err)
{
    enum perso_result rc = perso_zip_need(zip, 4, err);

    if (rc != PERSO_OK)
        return rc == PERSO_END ? perso_zip_damaged(err, "zip is cut") : rc;
    struct perso_cursor c = perso_cursor_of(zip->buf + zip->at, 4);
    *ret = perso_take32(&c);
    return PERSO_OK;
}

enum perso_result
perso_zip_take_name(struct perso_zip *zip, size_t n, struct perso_raw_name *name,
                    struct perso_error *err)
{
    struct perso_cursor c;
    enum perso_result rc;

    if (n == 0 || n >= sizeof name->at)
        return perso_zip_refuse(err, "name is not allowed");
    if ((rc = perso_zip_take(zip, n, &c, err)) != PERSO_OK)
        return rc;
    memcpy(name->at, c.at, n);
    name->bytes = n;
    return PERSO_OK;
}

enum perso_result
perso_zip_take_extra(struct perso_zip *zip, size_t n, struct perso_cursor *zip64,
                     struct perso_error *err)
{
    struct perso_cursor extra, field;
    enum perso_result rc = perso_zip_take(zip, n, &extra, err);

    if (rc != PERSO_OK)
        return rc;
    *zip64 = (struct perso_cursor) { extra.end, extra.end };
    while (perso_left(&extra) >= 4) {
        uint16_t id = perso_take16(&extra), bytes = perso_take16(&extra);
        if (!perso_take(&extra, bytes, &field))
            return perso_zip_damaged(err, "extra field is too long");
        if (id == EXTRA_ZIP64)
            *zip64 = field;
    }
    return perso_left(&extra) == 0 ? PERSO_OK : perso_zip_damaged(err, "extra field is cut");
}

bool
perso_zip_widen(struct perso_cursor *zip64, uint64_t *value)
{
    if (*value != PERSO_ZIP_IS_IN_64)
        return true;
    if (perso_left(zip64) < 8)
        return false;
    *value = perso_take_le(zip64, 8);
    return true;
}

bool
perso_zip_add_record(struct perso_sm3 *sum, const struct perso_zip_record *r)
{
    const uint64_t numbers[] = { r->flags,  r->method, r->time,   r->date,      r->crc,
                                 r->packed, r->plain,  r->offset, r->name.bytes };
    return perso_sm3_add(sum, numbers, sizeof numbers) &&
           perso_sm3_add(sum, r->name.at, r->name.bytes);
}

static enum perso_result
check_method(const struct perso_zip_record *r, struct perso_error *err)
{
    if ((r->flags & FLAG_ENCRYPTED) != 0)
        return perso_zip_refuse(err, "encrypted");
    if ((r->flags & ~(FLAG_DEFLATE | FLAG_DESCRIPTOR | FLAG_UTF8)) != 0)
        return perso_zip_refuse(err, "flags that are not known");
    if (r->method != METHOD_STORED && r->method != METHOD_DEFLATED)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_MEMBER, "", "compression method %u",
                               r->method);
    if (r->method == METHOD_STORED && r->packed != r->plain)
        return perso_zip_damaged(err, "stored, but its sizes differ");
    return PERSO_OK;
}

static bool
has_descriptor(const struct perso_zip_record *said)
{
    return (said->flags & FLAG_DESCRIPTOR) != 0;
}

/* Only deflate tells its own end. Stored data are as many as the local header says, and a
 * descriptor that is not just behind them refuses the file. */
static bool
is_open_ended(const struct perso_zip_record *said)
{
    return has_descriptor(said) && said->method == METHOD_DEFLATED;
}

static enum perso_result
take_local(struct perso_zip *zip, struct perso_zip_record *r, struct perso_error *err)
{
    struct perso_cursor c, zip64;
    enum perso_result rc;

    *r = (struct perso_zip_record) { .offset = zip->position };
    if ((rc = perso_zip_take(zip, LOCAL_BYTES, &c, err)) != PERSO_OK)
        return rc;
    perso_take32(&c); /* signature */
    perso_take16(&c); /* version needed */
    r->flags = perso_take16(&c);
    r->method = perso_take16(&c);
    r->time = perso_take16(&c);
    r->date = perso_take16(&c);
    r->crc = perso_take32(&c);
    r->packed = perso_take32(&c);
    r->plain = perso_take32(&c);
    uint16_t name_bytes = perso_take16(&c), extra_bytes = perso_take16(&c);
    if ((rc = perso_zip_take_name(zip, name_bytes, &r->name, err)) != PERSO_OK ||
        (rc = perso_zip_take_extra(zip, extra_bytes, &zip64, err)) != PERSO_OK)
        return rc;
    r->name.utf8 = (r->flags & FLAG_UTF8) != 0;
    zip->wide = perso_left(&zip64) > 0;
    if (!is_open_ended(r) &&
        (!perso_zip_widen(&zip64, &r->plain) || !perso_zip_widen(&zip64, &r->packed)))
        return perso_zip_damaged(err, "sizes are missing");
    return check_method(r, err);
}

static enum perso_result
begin_member(struct perso_zip *zip, struct perso_raw_name *name, struct perso_error *err)
{
    enum perso_result rc = take_local(zip, &zip->said, err);

    if (rc != PERSO_OK)
        return rc;
    zip->now = zip->said;
    zip->now.packed = zip->now.plain = 0;
    zip->now.crc = (uint32_t)crc32(0, NULL, 0);
    zip->data_ended = false;
    if (inflateReset(&zip->inflate) != Z_OK)
        return perso_error_set(err, PERSO_REJ_NONE, "", "zlib");
    *name = zip->now.name;
    return PERSO_OK;
}

/* Next bytes of the member's packed data. */
static enum perso_result
packed_bytes(struct perso_zip *zip, size_t *n, struct perso_error *err)
{
    uint64_t left = is_open_ended(&zip->said) ? UINT64_MAX : zip->said.packed - zip->now.packed;
    enum perso_result rc = left == 0 ? PERSO_END : perso_zip_need(zip, 1, err);

    if (rc != PERSO_OK)
        return rc == PERSO_END ? perso_zip_damaged(err, "data is cut") : rc;
    *n = zip->end - zip->at < left ? zip->end - zip->at : (size_t)left;
    return PERSO_OK;
}

static enum perso_result
read_stored(struct perso_zip *zip, uint8_t *buf, size_t max, size_t *made, struct perso_error *err)
{
    size_t n = 0;
    enum perso_result rc;

    *made = 0;
    if (zip->now.packed == zip->said.packed) {
        zip->data_ended = true;
        return PERSO_OK;
    }
    if ((rc = packed_bytes(zip, &n, err)) != PERSO_OK)
        return rc;
    *made = n < max ? n : max;
    memcpy(buf, zip->buf + zip->at, *made);
    skip(zip, *made);
    zip->now.packed += *made;
    return PERSO_OK;
}

static enum perso_result
read_deflated(struct perso_zip *zip, uint8_t *buf, size_t max, size_t *made,
              struct perso_error *err)
{
    z_stream *z = &zip->inflate;
    size_t n = 0;
    enum perso_result rc;

    z->next_out = buf;
    z->avail_out = (uInt)max;
    while (z->avail_out == (uInt)max && !zip->data_ended) {
        if ((rc = packed_bytes(zip, &n, err)) != PERSO_OK)
            return rc;
        z->next_in = zip->buf + zip->at;
        z->avail_in = (uInt)n;
        int z_rc = inflate(z, Z_NO_FLUSH);
        if (z_rc != Z_OK && z_rc != Z_STREAM_END && z_rc != Z_BUF_ERROR)
            return perso_zip_damaged(err, "data is damaged");
        skip(zip, n - z->avail_in);
        zip->now.packed += n - z->avail_in;
        zip->data_ended = z_rc == Z_STREAM_END;
    }
    *made = max - z->avail_out;
    return PERSO_OK;
}

/* A writer may leave open in the local header what it puts into the descriptor. */
static bool
is_or_open(uint64_t said, uint64_t true_value)
{
    return said == true_value || said == 0 || said == PERSO_ZIP_IS_IN_64;
}

static enum perso_result
take_descriptor(struct perso_zip *zip, struct perso_error *err)
{
    unsigned size_bytes = zip->wide ? 8 : 4;
    struct perso_cursor c;
    uint32_t signature = 0;
    enum perso_result rc = perso_zip_peek(zip, &signature, err);

    if (rc == PERSO_OK && signature == SIG_DESCRIPTOR) /* it is optional */
        skip(zip, 4);
    if (rc != PERSO_OK || (rc = perso_zip_take(zip, 4 + 2 * size_bytes, &c, err)) != PERSO_OK)
        return rc;
    if (!is_or_open(zip->said.crc, zip->now.crc) ||
        !is_or_open(zip->said.packed, zip->now.packed) ||
        !is_or_open(zip->said.plain, zip->now.plain))
        return perso_zip_damaged(err, "local header differs from the data");
    zip->said.crc = perso_take32(&c);
    zip->said.packed = perso_take_le(&c, size_bytes);
    zip->said.plain = perso_take_le(&c, size_bytes);
    return PERSO_OK;
}

static enum perso_result
end_member(struct perso_zip *zip, struct perso_error *err)
{
    enum perso_result rc;

    if (has_descriptor(&zip->said) && (rc = take_descriptor(zip, err)) != PERSO_OK)
        return rc;
    if (zip->now.packed != zip->said.packed || zip->now.plain != zip->said.plain)
        return perso_zip_damaged(err, "size differs");
    if (zip->now.crc != zip->said.crc)
        return perso_zip_damaged(err, "CRC differs");
    zip->n_members++;
    if (!perso_zip_add_record(zip->local_sum, &zip->now))
        return perso_error_openssl(err, "digest of members");
    return PERSO_END;
}

static enum perso_result
zip_read(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct perso_zip *zip = (struct perso_zip *)self;
    enum perso_result rc;

    if (max > PERSO_BLOCK_BYTES)
        max = PERSO_BLOCK_BYTES; /* zlib counts in unsigned int */
    if (zip->said.method == METHOD_STORED)
        rc = read_stored(zip, buf, max, n, err);
    else
        rc = read_deflated(zip, buf, max, n, err);
    if (rc != PERSO_OK)
        return rc;
    if (*n == 0)
        return end_member(zip, err);
    zip->now.crc = (uint32_t)crc32(zip->now.crc, buf, (uInt)*n);
    zip->now.plain += *n;
    return perso_raw_made(zip->input, *n, err);
}

static enum perso_result
zip_next(void *self, struct perso_raw_name *name, struct perso_error *err)
{
    struct perso_zip *zip = (struct perso_zip *)self;
    uint32_t signature = 0;
    enum perso_result rc = perso_zip_peek(zip, &signature, err);

    if (rc != PERSO_OK)
        return rc;
    if (signature == PERSO_ZIP_SIG_LOCAL)
        return begin_member(zip, name, err);
    if (signature == PERSO_ZIP_SIG_CENTRAL || signature == PERSO_ZIP_SIG_END ||
        signature == PERSO_ZIP_SIG_END64)
        return perso_zip_end(zip, err);
    return perso_zip_damaged(err, "neither a member nor the central directory");
}

static void
zip_free(void *self)
{
    struct perso_zip *zip = (struct perso_zip *)self;

    inflateEnd(&zip->inflate);
    perso_sm3_free(zip->local_sum);
    perso_sm3_free(zip->central_sum);
    free(zip);
}

enum perso_result
perso_zip_open(struct perso_raw *input, struct perso_container *ret, struct perso_error *err)
{
    struct perso_zip *zip = calloc(1, sizeof *zip);

    if (zip == NULL)
        return perso_error_errno(err, "archive");
    zip->input = input;
    if (inflateInit2(&zip->inflate, -MAX_WBITS) != Z_OK ||
        (zip->local_sum = perso_sm3_new()) == NULL ||
        (zip->central_sum = perso_sm3_new()) == NULL) {
        zip_free(zip);
        return perso_error_set(err, PERSO_REJ_NONE, "", "archive: no memory");
    }
    *ret = (struct perso_container) { zip_next, zip_read, zip_free, zip };
    return PERSO_OK;
}
