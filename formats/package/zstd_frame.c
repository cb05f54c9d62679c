#include "formats/package/zstd_frame.h"

#include "perso/limits.h"

#define MAGIC 0xfd2fb528u
#define MAGIC_SKIPPABLE 0x184d2a50u /* .. 5f */

enum part {
    PART_MAGIC,
    PART_DESCRIPTOR,
    PART_WINDOW,
    PART_SIZE,
    PART_BLOCK,
    PART_SKIPPABLE,
    PART_UNKNOWN
};

/* Bytes that the part needs to be understood. */
static size_t
part_bytes(const struct perso_zstd_frames *f)
{
    static const size_t fixed[] = { [PART_MAGIC] = 4,
                                    [PART_DESCRIPTOR] = 1,
                                    [PART_WINDOW] = 1,
                                    [PART_BLOCK] = 3,
                                    [PART_SKIPPABLE] = 4 };
    static const size_t sizes[] = { 1, 2, 4, 8 };

    return f->part == PART_SIZE ? sizes[f->descriptor >> 6] : fixed[f->part];
}

static uint64_t
number(const struct perso_zstd_frames *f)
{
    uint64_t ret = 0;

    for (size_t i = f->head_n; i-- > 0;)
        ret = ret << 8 | f->head[i];
    return ret;
}

static enum perso_result
check_window(uint64_t bytes, struct perso_error *err)
{
    if (bytes <= PERSO_ZSTD_WINDOW_BYTES)
        return PERSO_OK;
    return perso_error_set(err, PERSO_REJ_ARCHIVE_LIMIT, "",
                           "zstd wants %llu bytes of memory, at most %u are given",
                           (unsigned long long)bytes, PERSO_ZSTD_WINDOW_BYTES);
}

/* After it: window unless the content is one segment, dictionary, size of the content. */
static void
read_descriptor(struct perso_zstd_frames *f)
{
    static const size_t dictionary[] = { 0, 1, 2, 4 }, content[] = { 0, 2, 4, 8 };
    bool single = (f->head[0] & 0x20) != 0;

    f->descriptor = f->head[0];
    f->part = single ? PART_SIZE : PART_WINDOW;
    f->skip = single ? dictionary[f->descriptor & 3] : 0;
    f->fields = dictionary[f->descriptor & 3] + content[f->descriptor >> 6];
}

static enum perso_result
take_part(struct perso_zstd_frames *f, struct perso_error *err)
{
    uint64_t n = number(f), base;

    switch (f->part) {
    case PART_MAGIC:
        f->part = n == MAGIC                               ? PART_DESCRIPTOR
                  : (n & ~UINT64_C(15)) == MAGIC_SKIPPABLE ? PART_SKIPPABLE
                                                           : PART_UNKNOWN;
        return PERSO_OK;
    case PART_DESCRIPTOR:
        read_descriptor(f);
        return PERSO_OK;
    case PART_WINDOW:
        base = UINT64_C(1) << (10 + (n >> 3));
        f->skip = f->fields;
        f->part = PART_BLOCK;
        return check_window(base + base / 8 * (n & 7), err);
    case PART_SIZE: /* of all of the content: it is its own window */
        f->part = PART_BLOCK;
        return check_window(n, err);
    case PART_BLOCK:
        f->skip = (n >> 1 & 3) == 1 ? 1 : n >> 3; /* one byte repeated; else as many */
        if ((n & 1) != 0) {
            f->skip += (f->descriptor & 4) != 0 ? 4 : 0;
            f->part = PART_MAGIC;
        }
        return PERSO_OK;
    default:
        f->skip = n;
        f->part = PART_MAGIC;
        return PERSO_OK;
    }
}

enum perso_result
perso_zstd_frames_see(struct perso_zstd_frames *f, const uint8_t *bytes, size_t n,
                      struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    while (n > 0 && rc == PERSO_OK && f->part != PART_UNKNOWN) {
        if (f->skip > 0) {
            size_t now = f->skip < n ? (size_t)f->skip : n;
            f->skip -= now;
            bytes += now;
            n -= now;
            continue;
        }
        f->head[f->head_n++] = *bytes++;
        n--;
        if (f->head_n < part_bytes(f))
            continue;
        rc = take_part(f, err);
        f->head_n = 0;
    }
    return rc;
}
