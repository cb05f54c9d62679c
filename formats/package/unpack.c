#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "formats/package/container.h"
#include "formats/package/zstd_frame.h"

#define GZIP_WINDOW (15 + 16) /* zlib: gzip wrapper, its CRC and length checked */

struct perso_unpack {
    struct perso_raw *input;
    enum perso_archive_form form;
    uint8_t raw[PERSO_BLOCK_BYTES];
    z_stream gzip;
    bool in_gzip; /* between head and trailer of a gzip member */
    struct archive *zstd;
    struct perso_zstd_frames frames;
    enum perso_result failed; /* what the source said while libarchive was asking */
    struct perso_error *err;  /* of the call that runs */
};

static enum perso_result
damaged(struct perso_error *err, const char *text)
{
    return perso_error_set(err, PERSO_REJ_ARCHIVE_DAMAGED, "", "%s", text);
}

static enum perso_result
read_gzip(struct perso_unpack *u, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    z_stream *z = &u->gzip;
    size_t have = 0;

    z->next_out = buf;
    z->avail_out = (uInt)max;
    while (z->avail_out == (uInt)max) {
        if (z->avail_in == 0) {
            enum perso_result rc = perso_raw_read(u->input, u->raw, sizeof u->raw, &have, err);
            if (rc == PERSO_END && u->in_gzip)
                return damaged(err, "gzip is cut");
            if (rc != PERSO_OK)
                return rc;
            z->next_in = u->raw;
            z->avail_in = (uInt)have;
        }
        if (!u->in_gzip && inflateReset(z) != Z_OK)
            return damaged(err, "gzip");
        u->in_gzip = true;
        int z_rc = inflate(z, Z_NO_FLUSH);
        if (z_rc == Z_STREAM_END)
            u->in_gzip = false; /* another member may follow, nothing else */
        else if (z_rc != Z_OK && z_rc != Z_BUF_ERROR)
            return damaged(err, "gzip is damaged");
    }
    *n = max - z->avail_out;
    return PERSO_OK;
}

static la_ssize_t
feed_zstd(struct archive *a, void *self, const void **block)
{
    struct perso_unpack *u = (struct perso_unpack *)self;
    size_t n = 0;
    enum perso_result rc = perso_raw_read(u->input, u->raw, sizeof u->raw, &n, u->err);

    if (rc == PERSO_OK)
        rc = perso_zstd_frames_see(&u->frames, u->raw, n, u->err);
    if (rc == PERSO_OK) {
        *block = u->raw;
        return (la_ssize_t)n;
    }
    if (rc == PERSO_END)
        return 0;
    u->failed = rc;
    archive_set_error(a, EIO, "source");
    return ARCHIVE_FATAL;
}

static enum perso_result
zstd_failed(struct perso_unpack *u, struct perso_error *err)
{
    return u->failed != PERSO_OK ? u->failed : damaged(err, "zstd is cut or damaged");
}

static enum perso_result
open_zstd(struct perso_unpack *u, struct perso_error *err)
{
    struct archive_entry *entry; /* the raw form has one, and it says nothing */

    u->err = err;
    if ((u->zstd = archive_read_new()) == NULL ||
        archive_read_support_filter_zstd(u->zstd) != ARCHIVE_OK ||
        archive_read_support_format_raw(u->zstd) != ARCHIVE_OK)
        return perso_error_set(err, PERSO_REJ_NONE, "", "libarchive has no zstd");
    if (archive_read_open(u->zstd, u, NULL, feed_zstd, NULL) != ARCHIVE_OK ||
        archive_read_next_header(u->zstd, &entry) != ARCHIVE_OK)
        return zstd_failed(u, err);
    return PERSO_OK;
}

static enum perso_result
read_zstd(struct perso_unpack *u, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    u->err = err;
    la_ssize_t have = archive_read_data(u->zstd, buf, max);
    if (have < 0)
        return zstd_failed(u, err);
    *n = (size_t)have;
    return have == 0 ? PERSO_END : PERSO_OK;
}

enum perso_result
perso_unpack_new(struct perso_raw *input, enum perso_archive_form form, struct perso_unpack **ret,
                 struct perso_error *err)
{
    struct perso_unpack *u = calloc(1, sizeof *u);
    enum perso_result rc = PERSO_OK;

    if (u == NULL)
        return perso_error_errno(err, "archive");
    u->input = input;
    u->form = form;
    if (form == PERSO_ARCHIVE_TAR_GZ && inflateInit2(&u->gzip, GZIP_WINDOW) != Z_OK)
        rc = perso_error_set(err, PERSO_REJ_NONE, "", "zlib: no memory");
    else if (form == PERSO_ARCHIVE_TAR_ZST)
        rc = open_zstd(u, err);
    if (rc != PERSO_OK) {
        perso_unpack_free(u);
        return rc;
    }
    *ret = u;
    return PERSO_OK;
}

enum perso_result
perso_unpack_read(struct perso_unpack *u, uint8_t *buf, size_t max, size_t *n,
                  struct perso_error *err)
{
    enum perso_result rc;

    if (u->form == PERSO_ARCHIVE_TAR_GZ)
        rc = read_gzip(u, buf, max, n, err);
    else if (u->form == PERSO_ARCHIVE_TAR_ZST)
        rc = read_zstd(u, buf, max, n, err);
    else
        rc = perso_raw_read(u->input, buf, max, n, err);
    return rc == PERSO_OK ? perso_raw_made(u->input, *n, err) : rc;
}

void
perso_unpack_free(struct perso_unpack *u)
{
    if (u == NULL)
        return;
    if (u->form == PERSO_ARCHIVE_TAR_GZ)
        inflateEnd(&u->gzip);
    archive_read_free(u->zstd);
    free(u);
}
