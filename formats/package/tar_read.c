#include <stdlib.h>
#include <string.h>

#include "formats/package/container.h"
#include "formats/package/tar_header.h"

/*
 * TAR (POSIX.1-2001 pax, ustar, GNU's long names), read from front to back: headers with a right
 * sum, data, and at the end two blocks of zeros and nothing but zeros behind them. What a header
 * says that has no meaning here (owners, times, permissions, extended attributes) is left unread;
 * what would give a member other bytes than stand there (sparse files, continued ones) is refused.
 */
struct tar {
    const struct perso_archive_ways *ways;
    struct perso_unpack *unpack;
    uint8_t block[PERSO_BLOCK_BYTES];
    size_t at, end;
    uint64_t left; /* of the member's data */
    size_t padding;
    struct perso_tar_member member;
};

static enum perso_result
refuse_member(struct perso_error *err, const char *text)
{
    return perso_error_set(err, PERSO_REJ_ARCHIVE_MEMBER, "", "%s", text);
}

static enum perso_result
damaged(struct perso_error *err, const char *text)
{
    return perso_error_set(err, PERSO_REJ_ARCHIVE_DAMAGED, "", "%s", text);
}

/* Have bytes in the block. */
static enum perso_result
fill(struct tar *tar, struct perso_error *err)
{
    size_t n = 0;
    enum perso_result rc;

    if (tar->at < tar->end)
        return PERSO_OK;
    if ((rc = perso_unpack_read(tar->unpack, tar->block, sizeof tar->block, &n, err)) == PERSO_OK) {
        tar->at = 0;
        tar->end = n;
    }
    return rc;
}

/* n bytes to out, or nowhere where it is NULL. PERSO_END where there is not one more. */
static enum perso_result
take(struct tar *tar, uint8_t *out, size_t n, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t have = 0; have < n && rc == PERSO_OK;) {
        if ((rc = fill(tar, err)) == PERSO_END && have > 0)
            return damaged(err, "tar is cut");
        if (rc != PERSO_OK)
            return rc;
        size_t now = tar->end - tar->at < n - have ? tar->end - tar->at : n - have;
        if (out != NULL)
            memcpy(out + have, tar->block + tar->at, now);
        tar->at += now;
        have += now;
    }
    return rc;
}

/* As take, where something has to be. */
static enum perso_result
need(struct tar *tar, uint8_t *out, size_t n, struct perso_error *err)
{
    enum perso_result rc = take(tar, out, n, err);

    return rc == PERSO_END ? damaged(err, "tar is cut") : rc;
}

static bool
is_zero(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* After one block of zeros: another one at least, and nothing else. */
static enum perso_result
end_of_tar(struct tar *tar, struct perso_error *err)
{
    uint8_t header[PERSO_SNIFF_BYTES];
    enum perso_result rc;

    if ((rc = take(tar, header, sizeof header, err)) != PERSO_OK)
        return rc == PERSO_END ? damaged(err, "mark of the end is missing") : rc;
    if (!is_zero(header, sizeof header))
        return damaged(err, "bytes after the end");
    while ((rc = fill(tar, err)) == PERSO_OK) {
        if (!is_zero(tar->block + tar->at, tar->end - tar->at))
            return damaged(err, "bytes after the end");
        tar->at = tar->end;
    }
    return rc;
}

static size_t
padding_of(uint64_t size)
{
    return (size_t)(PERSO_SNIFF_BYTES - 1 - (size + PERSO_SNIFF_BYTES - 1) % PERSO_SNIFF_BYTES);
}

/* A header about the next header: its body goes into what is known of the member. */
static enum perso_result
take_about(struct tar *tar, char type, uint64_t size, struct perso_error *err)
{
    uint8_t body[PERSO_TAR_ABOUT_BYTES];
    enum perso_result rc;

    if (size > sizeof body)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_LIMIT, "", "a header of more than %u bytes",
                               PERSO_TAR_ABOUT_BYTES);
    if ((rc = need(tar, body, (size_t)size, err)) != PERSO_OK ||
        (rc = need(tar, NULL, padding_of(size), err)) != PERSO_OK)
        return rc;
    return perso_tar_about(&tar->member, type, perso_cursor_of(body, (size_t)size), err);
}

static enum perso_result
check_type(const struct tar *tar, char type, uint64_t size, struct perso_error *err)
{
    switch (type) {
    case '0':
    case '\0':
    case '7': /* contiguous: as a regular file */
        return tar->member.links ? refuse_member(err, "a link") : PERSO_OK;
    case '1':
    case '2':
        return refuse_member(err, "a link");
    case '3':
    case '4':
    case '6':
        return refuse_member(err, "not a regular file");
    case '5':
        if (!tar->ways->folders)
            return refuse_member(err, "a folder");
        return size == 0 ? PERSO_OK : refuse_member(err, "a folder with bytes");
    case 'S':
        return refuse_member(err, "a sparse file");
    default:
        return refuse_member(err, "of a type that is not known");
    }
}

static enum perso_result
begin_member(struct tar *tar, const struct perso_tar_header *header, struct perso_raw_name *name,
             struct perso_error *err)
{
    const struct perso_tar_member *about = &tar->member;
    enum perso_result rc;

    if (about->sparse)
        return refuse_member(err, "a sparse file");
    if ((rc = check_type(tar, header->type, header->size, err)) != PERSO_OK)
        return rc;
    /* Bytes that one reader would see and another would not. */
    if (about->has_size && about->size != header->size)
        return damaged(err, "size in the pax header differs");
    *name = about->has_name ? about->name : header->name;
    if (name->bytes == 0 || name->bytes > sizeof name->at)
        return refuse_member(err, "name is not allowed");
    name->folder = header->type == '5';
    tar->left = header->size;
    tar->padding = padding_of(header->size);
    return PERSO_OK;
}

static enum perso_result
tar_next(void *self, struct perso_raw_name *name, struct perso_error *err)
{
    struct tar *tar = (struct tar *)self;
    uint8_t block[PERSO_SNIFF_BYTES];
    struct perso_tar_header header;
    enum perso_result rc;

    tar->member = (struct perso_tar_member) { .has_name = false };
    for (bool about = false;; about = true) {
        if ((rc = take(tar, block, sizeof block, err)) == PERSO_END)
            return damaged(err, "mark of the end is missing");
        if (rc != PERSO_OK)
            return rc;
        if (is_zero(block, sizeof block))
            return about ? damaged(err, "a header about nothing") : end_of_tar(tar, err);
        if (!perso_tar_header_read(block, &header))
            return damaged(err, "not a tar header, or its sum is wrong");
        if (!perso_tar_is_about(header.type))
            return begin_member(tar, &header, name, err);
        if ((rc = take_about(tar, header.type, header.size, err)) != PERSO_OK)
            return rc;
    }
}

static enum perso_result
tar_read(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct tar *tar = (struct tar *)self;
    enum perso_result rc;

    if (tar->left == 0) {
        rc = need(tar, NULL, tar->padding, err);
        tar->padding = 0;
        return rc == PERSO_OK ? PERSO_END : rc;
    }
    if ((rc = fill(tar, err)) != PERSO_OK)
        return rc == PERSO_END ? damaged(err, "tar is cut") : rc;
    *n = tar->end - tar->at < max ? tar->end - tar->at : max;
    if (*n > tar->left)
        *n = (size_t)tar->left;
    memcpy(buf, tar->block + tar->at, *n);
    tar->at += *n;
    tar->left -= *n;
    return PERSO_OK;
}

static void
tar_free(void *self)
{
    struct tar *tar = (struct tar *)self;

    perso_unpack_free(tar->unpack);
    free(tar);
}

static enum perso_result
open_tar(struct tar *tar, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    while (tar->end < PERSO_SNIFF_BYTES && rc == PERSO_OK) {
        size_t n = 0;
        rc = perso_unpack_read(tar->unpack, tar->block + tar->end, sizeof tar->block - tar->end, &n,
                               err);
        if (rc == PERSO_OK)
            tar->end += n;
    }
    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    if (perso_archive_sniff(tar->block, tar->end) != PERSO_ARCHIVE_TAR)
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "", "no tar inside");
    return PERSO_OK;
}

enum perso_result
perso_tar_open(struct perso_raw *input, enum perso_archive_form form,
               const struct perso_archive_ways *ways, struct perso_container *ret,
               struct perso_error *err)
{
    struct tar *tar = calloc(1, sizeof *tar);
    enum perso_result rc;

    if (tar == NULL)
        return perso_error_errno(err, "archive");
    tar->ways = ways;
    if ((rc = perso_unpack_new(input, form, &tar->unpack, err)) == PERSO_OK)
        rc = open_tar(tar, err);
    if (rc != PERSO_OK) {
        tar_free(tar);
        return rc;
    }
    *ret = (struct perso_container) { tar_next, tar_read, NULL, tar_free, tar };
    return PERSO_OK;
}
