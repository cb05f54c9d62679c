#include <string.h>

#include "formats/package/zip_read.h"

#define END_BYTES 22u
#define END64_BYTES 56u
#define LOCATOR64_BYTES 20u
#define CENTRAL_BYTES 46u
#define HOST_UNIX 3u
#define DOS_FOLDER 0x10u
#define SIG_LOCATOR64 0x07064b50u
#define UNIX_TYPE 0170000u
#define UNIX_REGULAR 0100000u
#define UNIX_FOLDER 0040000u

static enum perso_result
check_type(uint16_t made_by, uint32_t attributes, bool folder, struct perso_error *err)
{
    uint32_t type = attributes >> 16 & UNIX_TYPE;

    if ((attributes & DOS_FOLDER) != 0 && !folder)
        return perso_zip_refuse(err, "a folder");
    if (made_by >> 8 == HOST_UNIX && type != 0 && type != (folder ? UNIX_FOLDER : UNIX_REGULAR))
        return perso_zip_refuse(err, "not a regular file");
    return PERSO_OK;
}

static enum perso_result
take_central(struct perso_zip *zip, struct perso_zip_record *r, struct perso_error *err)
{
    struct perso_zip_extra extra;
    struct perso_cursor c, comment;
    enum perso_result rc;

    *r = (struct perso_zip_record) { 0 };
    if ((rc = perso_zip_take(zip, CENTRAL_BYTES, &c, err)) != PERSO_OK)
        return rc;
    perso_take32(&c); /* signature */
    uint16_t made_by = perso_take16(&c);
    perso_take16(&c); /* version needed */
    r->flags = perso_take16(&c);
    r->method = perso_take16(&c);
    r->time = perso_take16(&c);
    r->date = perso_take16(&c);
    r->crc = perso_take32(&c);
    r->packed = perso_take32(&c);
    r->plain = perso_take32(&c);
    uint16_t name_bytes = perso_take16(&c), extra_bytes = perso_take16(&c),
             comment_bytes = perso_take16(&c);
    uint16_t disk = perso_take16(&c);
    perso_take16(&c); /* internal attributes */
    uint32_t attributes = perso_take32(&c);
    r->offset = perso_take32(&c);
    if (disk != 0)
        return perso_zip_damaged(err, "part of a set of disks");
    if ((rc = perso_zip_take_name(zip, name_bytes, &r->name, err)) != PERSO_OK ||
        (rc = perso_zip_take_extra(zip, extra_bytes, &extra, err)) != PERSO_OK)
        return rc;
    r->encryption = extra.encryption;
    if (!perso_zip_widen(&extra.zip64, &r->plain) || !perso_zip_widen(&extra.zip64, &r->packed) ||
        !perso_zip_widen(&extra.zip64, &r->offset))
        return perso_zip_damaged(err, "sizes are missing");
    if ((rc = perso_zip_take(zip, comment_bytes, &comment, err)) != PERSO_OK)
        return rc;
    return check_type(made_by, attributes, zip->ways->folders && perso_zip_names_folder(r), err);
}

/* Where the central directory lies and how many members it has, as the end records say it. */
struct directory {
    uint64_t members, bytes, offset;
};

static enum perso_result
take_end64(struct perso_zip *zip, const struct directory *want, struct perso_error *err)
{
    struct perso_cursor c;
    uint64_t at = zip->position;
    enum perso_result rc = perso_zip_take(zip, END64_BYTES, &c, err);

    if (rc != PERSO_OK)
        return rc;
    perso_take32(&c); /* signature */
    bool ok = perso_take_le(&c, 8) == END64_BYTES - 12;
    perso_take32(&c);                     /* versions */
    ok = perso_take_le(&c, 8) == 0 && ok; /* disks */
    ok = perso_take_le(&c, 8) == want->members && ok;
    ok = perso_take_le(&c, 8) == want->members && ok;
    ok = perso_take_le(&c, 8) == want->bytes && ok;
    ok = perso_take_le(&c, 8) == want->offset && ok;
    if ((rc = perso_zip_take(zip, LOCATOR64_BYTES, &c, err)) != PERSO_OK)
        return rc;
    ok = perso_take32(&c) == SIG_LOCATOR64 && ok;
    ok = perso_take32(&c) == 0 && ok; /* disk */
    ok = perso_take_le(&c, 8) == at && ok;
    ok = perso_take32(&c) == 1 && ok; /* disks */
    return ok ? PERSO_OK : perso_zip_damaged(err, "zip64 end record is wrong");
}

static enum perso_result
take_end(struct perso_zip *zip, const struct directory *want, bool zip64, struct perso_error *err)
{
    struct perso_cursor c;
    enum perso_result rc = perso_zip_take(zip, END_BYTES, &c, err);

    if (rc != PERSO_OK)
        return rc;
    bool ok = perso_take32(&c) == PERSO_ZIP_SIG_END && perso_take32(&c) == 0; /* disks */
    for (int i = 0; i < 2; i++) {
        uint16_t members = perso_take16(&c);
        ok = ok && (members == want->members || (zip64 && members == 0xffff));
    }
    uint32_t bytes = perso_take32(&c), offset = perso_take32(&c);
    ok = ok && (bytes == want->bytes || (zip64 && bytes == PERSO_ZIP_IS_IN_64));
    ok = ok && (offset == want->offset || (zip64 && offset == PERSO_ZIP_IS_IN_64));
    uint16_t comment_bytes = perso_take16(&c);
    if (!ok)
        return perso_zip_damaged(err, "end record is wrong");
    if ((rc = perso_zip_take(zip, comment_bytes, &c, err)) != PERSO_OK)
        return rc;
    rc = perso_zip_need(zip, 1, err);
    return rc == PERSO_OK ? perso_zip_damaged(err, "bytes after the end") : rc;
}

static enum perso_result
check_members(struct perso_zip *zip, uint64_t *n, struct perso_error *err)
{
    uint8_t local[PERSO_SM3_BYTES], central[PERSO_SM3_BYTES];
    struct perso_zip_record r;
    uint32_t signature = 0;
    enum perso_result rc;

    for (*n = 0; (rc = perso_zip_peek(zip, &signature, err)) == PERSO_OK; ++*n) {
        if (signature != PERSO_ZIP_SIG_CENTRAL || *n > zip->n_members)
            break;
        if ((rc = take_central(zip, &r, err)) != PERSO_OK)
            return rc;
        if (!perso_zip_add_record(zip->central_sum, &r))
            return perso_error_openssl(err, "digest of members");
    }
    if (rc != PERSO_OK)
        return rc;
    if (!perso_sm3_end(zip->local_sum, local) || !perso_sm3_end(zip->central_sum, central))
        return perso_error_openssl(err, "digest of members");
    if (*n != zip->n_members || memcmp(local, central, sizeof local) != 0)
        return perso_zip_damaged(err, "central directory differs from the members");
    return PERSO_OK;
}

enum perso_result
perso_zip_end(struct perso_zip *zip, struct perso_error *err)
{
    struct directory have = { .offset = zip->position };
    uint32_t signature = 0;
    enum perso_result rc;

    if ((rc = check_members(zip, &have.members, err)) != PERSO_OK)
        return rc;
    have.bytes = zip->position - have.offset;
    if ((rc = perso_zip_peek(zip, &signature, err)) != PERSO_OK)
        return rc;
    bool zip64 = signature == PERSO_ZIP_SIG_END64;
    if (zip64 && (rc = take_end64(zip, &have, err)) != PERSO_OK)
        return rc;
    return take_end(zip, &have, zip64, err);
}
