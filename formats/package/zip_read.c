#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "formats/package/zip_read.h"

#define LOCAL_BYTES 30u
#define EXTRA_ZIP64 0x0001u
#define EXTRA_AES 0x9901u
#define FLAG_ENCRYPTED 0x0001u
#define FLAG_DEFLATE 0x0006u /* how hard the writer tried */
#define FLAG_STRONG 0x0040u  /* PKWARE's encryption by certificates and its like */
#define FLAG_UTF8 0x0800u
#define FLAG_MASKED 0x2000u /* names and sizes are hidden: the central directory is encrypted */
#define METHOD_AES 99u
#define SIG_ARCHIVE_KEY 0x08064b50u /* stands before an encrypted central directory */

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

enum perso_result
perso_zip_take(struct perso_zip *zip, size_t n, struct perso_cursor *ret, struct perso_error *err)
{
    enum perso_result rc = perso_zip_need(zip, n, err);

    if (rc != PERSO_OK)
        return rc == PERSO_END ? perso_zip_damaged(err, "zip is cut") : rc;
    *ret = perso_cursor_of(zip->buf + zip->at, n);
    perso_zip_skip(zip, n);
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
perso_zip_take_extra(struct perso_zip *zip, size_t n, struct perso_zip_extra *ret,
                     struct perso_error *err)
{
    struct perso_cursor extra, field;
    enum perso_result rc = perso_zip_take(zip, n, &extra, err);

    if (rc != PERSO_OK)
        return rc;
    *ret = (struct perso_zip_extra) { .zip64 = { extra.end, extra.end } };
    while (perso_left(&extra) >= 4) {
        uint16_t id = perso_take16(&extra), bytes = perso_take16(&extra);
        if (!perso_take(&extra, bytes, &field))
            return perso_zip_damaged(err, "extra field is too long");
        if ((id == EXTRA_ZIP64 && perso_left(&ret->zip64) > 0) ||
            (id == EXTRA_AES && ret->encryption.kind != 0))
            return perso_zip_damaged(err, "extra field stands twice");
        if (id == EXTRA_ZIP64)
            ret->zip64 = field;
        if (id == EXTRA_AES && !perso_zip_encryption_read(field, &ret->encryption))
            return perso_zip_refuse(err, "AES of an unknown kind");
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

/* Little-endian, behind what is there. */
static void
put_le(uint8_t **at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        *(*at)++ = (uint8_t)(value >> 8 * i);
}

bool
perso_zip_add_record(struct perso_sm3 *sum, const struct perso_zip_record *r)
{
    uint8_t bytes[48 + sizeof r->name.at], *at = bytes;

    put_le(&at, r->flags, 2);
    put_le(&at, r->method, 2);
    put_le(&at, r->time, 2);
    put_le(&at, r->date, 2);
    put_le(&at, r->crc, 4);
    put_le(&at, r->packed, 8);
    put_le(&at, r->plain, 8);
    put_le(&at, r->offset, 8);
    put_le(&at, r->encryption.kind, 2);
    put_le(&at, r->encryption.bits, 1);
    put_le(&at, r->encryption.method, 2);
    put_le(&at, r->name.bytes, 2);
    memcpy(at, r->name.at, r->name.bytes);
    return perso_sm3_add(sum, bytes, (size_t)(at - bytes) + r->name.bytes);
}

static enum perso_result
check_encryption(const struct perso_zip_record *r, struct perso_error *err)
{
    if ((r->flags & FLAG_MASKED) != 0)
        return perso_zip_refuse(err, "encrypted central directory");
    if ((r->flags & FLAG_STRONG) != 0)
        return perso_zip_refuse(err, "strong encryption of PKWARE: want AES of WinZip or 7-Zip");
    bool encrypted = (r->flags & FLAG_ENCRYPTED) != 0;
    if (encrypted && r->method != METHOD_AES)
        return perso_zip_refuse(err, "traditional encryption hides nothing: want AES-256");
    if (encrypted != (r->encryption.kind != 0) || encrypted != (r->method == METHOD_AES))
        return perso_zip_damaged(err, "encrypted or not: it says both");
    if (r->encryption.kind == 2 && r->crc != 0)
        return perso_zip_damaged(err, "CRC of what is encrypted (AE-2)");
    return PERSO_OK;
}

static enum perso_result
check_method(const struct perso_zip_record *r, struct perso_error *err)
{
    enum perso_result rc = check_encryption(r, err);
    uint16_t method = perso_zip_method(r);

    if (rc != PERSO_OK)
        return rc;
    if ((r->flags & ~(FLAG_ENCRYPTED | FLAG_DEFLATE | PERSO_ZIP_DESCRIPTOR | FLAG_UTF8)) != 0)
        return perso_zip_refuse(err, "flags that are not known");
    if (method != PERSO_ZIP_STORED && method != PERSO_ZIP_DEFLATED)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_MEMBER, "", "compression method %u", method);
    if (perso_zip_open_ended(r))
        return PERSO_OK;
    if (r->packed < perso_zip_around(r) ||
        (method == PERSO_ZIP_STORED && r->packed - perso_zip_around(r) != r->plain))
        return perso_zip_damaged(err, "stored, but its sizes differ");
    return PERSO_OK;
}

static enum perso_result
take_local(struct perso_zip *zip, struct perso_zip_record *r, struct perso_error *err)
{
    struct perso_zip_extra extra;
    struct perso_cursor c;
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
        (rc = perso_zip_take_extra(zip, extra_bytes, &extra, err)) != PERSO_OK)
        return rc;
    r->name.utf8 = (r->flags & FLAG_UTF8) != 0;
    r->encryption = extra.encryption;
    zip->wide = perso_left(&extra.zip64) > 0;
    if (!perso_zip_open_ended(r) &&
        (!perso_zip_widen(&extra.zip64, &r->plain) || !perso_zip_widen(&extra.zip64, &r->packed)))
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
    zip->data_ended = zip->begun = zip->passes = false;
    if (perso_zip_method(&zip->said) == PERSO_ZIP_DEFLATED && inflateReset(&zip->inflate) != Z_OK)
        return perso_error_set(err, PERSO_REJ_NONE, "", "zlib");
    *name = zip->now.name;
    name->folder = zip->ways->folders && perso_zip_names_folder(&zip->now);
    return PERSO_OK;
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
    if (signature == SIG_ARCHIVE_KEY)
        return perso_zip_refuse(err, "encrypted central directory");
    return perso_zip_damaged(err, "neither a member nor the central directory");
}

static void
zip_free(void *self)
{
    struct perso_zip *zip = (struct perso_zip *)self;

    inflateEnd(&zip->inflate);
    perso_zip_aes_free(zip->aes);
    OPENSSL_cleanse(&zip->passphrase, sizeof zip->passphrase);
    perso_sm3_free(zip->local_sum);
    perso_sm3_free(zip->central_sum);
    free(zip);
}

enum perso_result
perso_zip_open(struct perso_raw *input, const struct perso_archive_ways *ways,
               struct perso_container *ret, struct perso_error *err)
{
    struct perso_zip *zip = calloc(1, sizeof *zip);

    if (zip == NULL)
        return perso_error_errno(err, "archive");
    zip->input = input;
    zip->ways = ways;
    if (inflateInit2(&zip->inflate, -MAX_WBITS) != Z_OK ||
        (zip->local_sum = perso_sm3_new()) == NULL ||
        (zip->central_sum = perso_sm3_new()) == NULL) {
        zip_free(zip);
        return perso_error_set(err, PERSO_REJ_NONE, "", "archive: no memory");
    }
    *ret = (struct perso_container) { zip_next, perso_zip_read, perso_zip_pass, zip_free, zip };
    return PERSO_OK;
}
