/* Inside formats/package only: the parts of the zip reader: headers, data of members, directory. */
#ifndef FORMATS_PACKAGE_ZIP_READ_H
#define FORMATS_PACKAGE_ZIP_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#define ZLIB_CONST
#include <zlib.h>

#include "formats/package/container.h"
#include "formats/package/zip_aes.h"
#include "formats/sm2/sm3.h"

/*
 * ZIP (PKWARE APPNOTE 6.3), read from front to back without a seek: members by their local
 * headers, then the central directory, which must tell the same of the same members in the same
 * order, then nothing. Nothing may stand between two of these. What is left unread as without
 * meaning here: versions, internal attributes, permissions, comments, extra fields but zip64 and
 * AES.
 */
#define PERSO_ZIP_SIG_LOCAL 0x04034b50u
#define PERSO_ZIP_SIG_CENTRAL 0x02014b50u
#define PERSO_ZIP_SIG_END 0x06054b50u
#define PERSO_ZIP_SIG_END64 0x06064b50u

#define PERSO_ZIP_IS_IN_64 0xffffffffu
#define PERSO_ZIP_DESCRIPTOR 0x0008u /* a flag: CRC and sizes follow the data */
#define PERSO_ZIP_STORED 0u
#define PERSO_ZIP_DEFLATED 8u

/* What local header and central directory both tell of a member. */
struct perso_zip_record {
    uint16_t flags, method, time, date;
    uint32_t crc;
    uint64_t packed, plain, offset;
    struct perso_raw_name name;
    struct perso_zip_encryption encryption;
};

/* Extra fields that count; zip64 is empty and encryption of kind 0 where absent. */
struct perso_zip_extra {
    struct perso_cursor zip64;
    struct perso_zip_encryption encryption;
};

struct perso_zip {
    struct perso_raw *input;
    uint8_t buf[PERSO_BLOCK_BYTES];
    size_t at, end;
    uint64_t position; /* of buf[at] in the archive */
    struct perso_sm3 *local_sum, *central_sum;
    uint64_t n_members;
    struct perso_zip_record now;  /* the member as it turns out */
    struct perso_zip_record said; /* and as its local header has it */
    bool wide;                    /* its sizes have 8 bytes in a descriptor */
    bool begun;                   /* its data: an encrypted one's head is taken */
    bool passes;                  /* its data are not looked at */
    bool data_ended;
    z_stream inflate;
    const struct perso_archive_ways *ways;
    struct perso_zip_aes *aes; /* NULL: nothing is encrypted so far */
    struct perso_passphrase passphrase;
    bool opened;             /* by that passphrase, an earlier member */
    bool has_aes, has_plain; /* members with bytes */
};

enum perso_result perso_zip_damaged(struct perso_error *err, const char *text);
enum perso_result perso_zip_refuse(struct perso_error *err, const char *text);

/** Have n bytes lie in the buffer; PERSO_END where the archive has fewer. */
enum perso_result perso_zip_need(struct perso_zip *zip, size_t n, struct perso_error *err);
/** Take n bytes of a structure, valid until the next take. */
enum perso_result perso_zip_take(struct perso_zip *zip, size_t n, struct perso_cursor *ret,
                                 struct perso_error *err);
enum perso_result perso_zip_peek(struct perso_zip *zip, uint32_t *signature,
                                 struct perso_error *err);
enum perso_result perso_zip_take_name(struct perso_zip *zip, size_t n, struct perso_raw_name *name,
                                      struct perso_error *err);
/** Extra fields fill their place exactly. */
enum perso_result perso_zip_take_extra(struct perso_zip *zip, size_t n, struct perso_zip_extra *ret,
                                       struct perso_error *err);
/** The true value of a 4-byte field: in the zip64 field, in the order of the calls, where so
 *  marked. */
bool perso_zip_widen(struct perso_cursor *zip64, uint64_t *value);
bool perso_zip_add_record(struct perso_sm3 *sum, const struct perso_zip_record *r);

/* ---- data of members (zip_member.c) ---- */

/** Next bytes of the member. PERSO_END: it ended, and all that vouches for it was right. */
enum perso_result perso_zip_read(void *zip, uint8_t *buf, size_t max, size_t *n,
                                 struct perso_error *err);
/** The next read passes over an encrypted member whose size is told. */
void perso_zip_pass(void *zip);

/* ---- the directory (zip_directory.c) ---- */

/** The central directory and the end, after the last member. PERSO_END where all agrees. */
enum perso_result perso_zip_end(struct perso_zip *zip, struct perso_error *err);

static inline void
perso_zip_skip(struct perso_zip *zip, size_t n)
{
    zip->at += n;
    zip->position += n;
}

/* Of compression, under encryption or not. */
static inline uint16_t
perso_zip_method(const struct perso_zip_record *r)
{
    return r->encryption.kind != 0 ? r->encryption.method : r->method;
}

/* Only deflate tells its own end. Stored data are as many as the local header says, and a
 * descriptor that is not just behind them refuses the file. */
static inline bool
perso_zip_open_ended(const struct perso_zip_record *said)
{
    return (said->flags & PERSO_ZIP_DESCRIPTOR) != 0 &&
           perso_zip_method(said) == PERSO_ZIP_DEFLATED;
}

/* Bytes of its data that encryption adds. */
static inline size_t
perso_zip_around(const struct perso_zip_record *r)
{
    return r->encryption.kind != 0
               ? perso_zip_aes_head_bytes(&r->encryption) + PERSO_ZIP_AES_CODE_BYTES
               : 0;
}

static inline bool
perso_zip_names_folder(const struct perso_zip_record *r)
{
    return r->name.bytes > 1 && r->name.at[r->name.bytes - 1] == '/';
}

/* Little-endian integers of a structure whose length is known to suffice. */
static inline uint64_t
perso_take_le(struct perso_cursor *c, unsigned bytes)
{
    uint64_t ret = 0;
    for (unsigned i = 0; i < bytes && c->at < c->end; i++)
        ret |= (uint64_t)*c->at++ << (8 * i);
    return ret;
}

static inline uint16_t
perso_take16(struct perso_cursor *c)
{
    return (uint16_t)perso_take_le(c, 2);
}

static inline uint32_t
perso_take32(struct perso_cursor *c)
{
    return (uint32_t)perso_take_le(c, 4);
}

#endif
