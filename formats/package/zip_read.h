/* Inside formats/package only: the two halves of the zip reader, members and directory. */
#ifndef FORMATS_PACKAGE_ZIP_READ_H
#define FORMATS_PACKAGE_ZIP_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include "formats/package/container.h"
#include "formats/sm2/sm3.h"

/*
 * ZIP (PKWARE APPNOTE 6.3), read from front to back without a seek: members by their local
 * headers, then the central directory, which must tell the same of the same members in the same
 * order, then nothing. Nothing may stand between two of these. What is left unread as without
 * meaning here: versions, internal attributes, permissions, comments, extra fields but zip64.
 */
#define PERSO_ZIP_SIG_LOCAL 0x04034b50u
#define PERSO_ZIP_SIG_CENTRAL 0x02014b50u
#define PERSO_ZIP_SIG_END 0x06054b50u
#define PERSO_ZIP_SIG_END64 0x06064b50u

#define PERSO_ZIP_IS_IN_64 0xffffffffu

/* What local header and central directory both tell of a member. */
struct perso_zip_record {
    uint16_t flags, method, time, date;
    uint32_t crc;
    uint64_t packed, plain, offset;
    struct perso_raw_name name;
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
    bool data_ended;
    z_stream inflate;
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
/** Extra fields fill their place exactly; *zip64 gets the one that counts, empty where absent. */
enum perso_result perso_zip_take_extra(struct perso_zip *zip, size_t n, struct perso_cursor *zip64,
                                       struct perso_error *err);
/** The true value of a 4-byte field: in the zip64 field, in the order of the calls, where so
 *  marked. */
bool perso_zip_widen(struct perso_cursor *zip64, uint64_t *value);
bool perso_zip_add_record(struct perso_sm3 *sum, const struct perso_zip_record *r);

/** The central directory and the end, after the last member. PERSO_END where all agrees. */
enum perso_result perso_zip_end(struct perso_zip *zip, struct perso_error *err);

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
