#define _XOPEN_SOURCE 700 /* uselocale */

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "formats/package/container.h"

#define END_BYTES 1024u /* two blocks of zeros end a tar */

struct tar {
    struct perso_unpack *unpack;
    struct archive *archive;
    locale_t utf8; /* pax names are UTF-8; libarchive loses them in any other locale */
    uint8_t block[PERSO_BLOCK_BYTES];
    size_t held;              /* bytes in block that libarchive has not got yet */
    uint64_t given, zeros;    /* bytes of the tar so far, and how many at its end are zero */
    enum perso_result failed; /* what the source said while libarchive was asking */
    struct perso_error *err;  /* of the call that runs */
};

static enum perso_result
refuse_member(struct perso_error *err, const char *text)
{
    return perso_error_set(err, PERSO_REJ_ARCHIVE_MEMBER, "", "%s", text);
}

static void
note_block(struct tar *tar)
{
    size_t n = tar->held;

    while (n > 0 && tar->block[n - 1] == 0)
        n--;
    tar->zeros = n > 0 ? tar->held - n : tar->zeros + tar->held;
    tar->given += tar->held;
}

static enum perso_result
fill_block(struct tar *tar, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    while (tar->held < PERSO_SNIFF_BYTES && rc == PERSO_OK) {
        size_t n = 0;
        rc = perso_unpack_read(tar->unpack, tar->block + tar->held, sizeof tar->block - tar->held,
                               &n, err);
        if (rc == PERSO_OK)
            tar->held += n;
    }
    return rc == PERSO_END && tar->held > 0 ? PERSO_OK : rc;
}

static la_ssize_t
feed(struct archive *a, void *self, const void **block)
{
    struct tar *tar = (struct tar *)self;
    enum perso_result rc = tar->held > 0 ? PERSO_OK : fill_block(tar, tar->err);

    if (rc == PERSO_OK) {
        size_t n = tar->held;
        note_block(tar);
        tar->held = 0;
        *block = tar->block;
        return (la_ssize_t)n;
    }
    if (rc == PERSO_END)
        return 0;
    tar->failed = rc;
    archive_set_error(a, EIO, "source");
    return ARCHIVE_FATAL;
}

static enum perso_result
libarchive_failed(const struct tar *tar, struct perso_error *err)
{
    const char *text = archive_error_string(tar->archive);

    if (tar->failed != PERSO_OK)
        return tar->failed;
    return perso_error_set(err, PERSO_REJ_ARCHIVE_DAMAGED, "", "libarchive: %s",
                           text != NULL ? text : "failed");
}

/* After the last member only zeros, and enough of them: libarchive takes a tar that was cut
 * between two members for a whole one, and does not look behind the mark of the end. */
static enum perso_result
end_of_tar(struct tar *tar, struct perso_error *err)
{
    int64_t end = archive_read_header_position(tar->archive);
    enum perso_result rc;

    while ((rc = fill_block(tar, err)) == PERSO_OK) {
        note_block(tar);
        tar->held = 0;
    }
    if (rc != PERSO_END)
        return rc;
    uint64_t rest = tar->given - (uint64_t)end;
    if (rest < END_BYTES)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_DAMAGED, "", "mark of the end is missing");
    if (tar->zeros < rest)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_DAMAGED, "", "bytes after the end");
    return PERSO_END;
}

static enum perso_result
check_type(struct archive_entry *entry, struct perso_error *err)
{
    if (archive_entry_hardlink(entry) != NULL || archive_entry_symlink(entry) != NULL)
        return refuse_member(err, "a link");
    if (archive_entry_filetype(entry) != AE_IFREG)
        return refuse_member(err, "not a regular file");
    if (archive_entry_sparse_count(entry) > 0)
        return refuse_member(err, "a sparse file");
    return PERSO_OK;
}

static enum perso_result
tar_next(void *self, struct perso_raw_name *name, struct perso_error *err)
{
    struct tar *tar = (struct tar *)self;
    struct archive_entry *entry = NULL;

    tar->err = err;
    locale_t before = uselocale(tar->utf8);
    int a_rc = archive_read_next_header(tar->archive, &entry);
    const char *path = a_rc == ARCHIVE_OK ? archive_entry_pathname(entry) : NULL;
    uselocale(before);

    if (a_rc == ARCHIVE_EOF)
        return end_of_tar(tar, err);
    if (a_rc != ARCHIVE_OK) /* a warning means that something of the header was lost */
        return libarchive_failed(tar, err);
    enum perso_result rc = check_type(entry, err);
    if (rc != PERSO_OK)
        return rc;
    if (path == NULL || strlen(path) >= sizeof name->at)
        return refuse_member(err, "name is not allowed");
    name->bytes = strlen(path);
    memcpy(name->at, path, name->bytes);
    return PERSO_OK;
}

static enum perso_result
tar_read(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct tar *tar = (struct tar *)self;

    tar->err = err;
    la_ssize_t have = archive_read_data(tar->archive, buf, max);
    if (have < 0)
        return libarchive_failed(tar, err);
    *n = (size_t)have;
    return have == 0 ? PERSO_END : PERSO_OK;
}

static void
tar_free(void *self)
{
    struct tar *tar = (struct tar *)self;

    archive_read_free(tar->archive);
    perso_unpack_free(tar->unpack);
    if (tar->utf8 != (locale_t)0)
        freelocale(tar->utf8);
    free(tar);
}

static enum perso_result
open_tar(struct tar *tar, struct perso_error *err)
{
    enum perso_result rc = fill_block(tar, err);

    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    if (perso_archive_sniff(tar->block, tar->held) != PERSO_ARCHIVE_TAR)
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "", "no tar inside");
    tar->err = err;
    if ((tar->archive = archive_read_new()) == NULL ||
        archive_read_support_format_tar(tar->archive) != ARCHIVE_OK)
        return perso_error_set(err, PERSO_REJ_NONE, "", "libarchive has no tar");
    if (archive_read_open(tar->archive, tar, NULL, feed, NULL) != ARCHIVE_OK)
        return libarchive_failed(tar, err);
    return PERSO_OK;
}

enum perso_result
perso_tar_open(struct perso_raw *input, enum perso_archive_form form, struct perso_container *ret,
               struct perso_error *err)
{
    struct tar *tar = calloc(1, sizeof *tar);
    enum perso_result rc;

    if (tar == NULL)
        return perso_error_errno(err, "archive");
    if ((tar->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0)) == (locale_t)0)
        rc = perso_error_errno(err, "locale C.UTF-8");
    else if ((rc = perso_unpack_new(input, form, &tar->unpack, err)) == PERSO_OK)
        rc = open_tar(tar, err);
    if (rc != PERSO_OK) {
        tar_free(tar);
        return rc;
    }
    *ret = (struct perso_container) { tar_next, tar_read, tar_free, tar };
    return PERSO_OK;
}
