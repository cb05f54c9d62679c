#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/package/container.h"

struct perso_archive_writer {
    struct perso_sink sink;
    int64_t date_s;
    struct perso_name_set names;
    struct perso_zip_writer *zip; /* one of the two */
    struct archive *tar;
    bool muted;               /* bytes go nowhere */
    bool broken;              /* something is missing in the bytes: nothing may follow */
    enum perso_result failed; /* what the sink said while libarchive was writing */
    struct perso_error *err;  /* of the call that runs */
};

static la_ssize_t
hand_on(struct archive *a, void *self, const void *bytes, size_t n)
{
    struct perso_archive_writer *w = (struct perso_archive_writer *)self;
    enum perso_result rc = w->muted ? PERSO_OK : perso_sink_write(&w->sink, bytes, n, w->err);

    if (rc == PERSO_OK)
        return (la_ssize_t)n;
    w->failed = rc;
    archive_set_error(a, EIO, "sink");
    return -1;
}

static enum perso_result
tar_failed(const struct perso_archive_writer *w, struct perso_error *err)
{
    const char *text = archive_error_string(w->tar);

    if (w->failed != PERSO_OK)
        return w->failed;
    return perso_error_set(err, PERSO_REJ_NONE, "", "libarchive: %s",
                           text != NULL ? text : "failed");
}

/* No time, name or owner of the machine, and no padding behind the compressed bytes. */
static bool
set_tar_form(struct archive *a, enum perso_archive_form form)
{
    if (archive_write_set_format_ustar(a) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK)
        return false;
    if (form == PERSO_ARCHIVE_TAR_GZ)
        return archive_write_add_filter_gzip(a) == ARCHIVE_OK &&
               archive_write_set_filter_option(a, "gzip", "timestamp", NULL) == ARCHIVE_OK;
    if (form == PERSO_ARCHIVE_TAR_ZST)
        return archive_write_add_filter_zstd(a) == ARCHIVE_OK &&
               archive_write_set_filter_option(a, "zstd", "compression-level", "1") == ARCHIVE_OK;
    return true;
}

static enum perso_result
create_tar(struct perso_archive_writer *w, enum perso_archive_form form, struct perso_error *err)
{
    w->err = err;
    if ((w->tar = archive_write_new()) == NULL)
        return perso_error_errno(err, "archive");
    if (!set_tar_form(w->tar, form) ||
        archive_write_open(w->tar, w, NULL, hand_on, NULL) != ARCHIVE_OK)
        return tar_failed(w, err);
    return PERSO_OK;
}

enum perso_result
perso_archive_create(const struct perso_sink *sink, enum perso_archive_form form, int64_t date_s,
                     struct perso_archive_writer **ret, struct perso_error *err)
{
    struct perso_archive_writer *w = calloc(1, sizeof *w);
    enum perso_result rc;

    if (w == NULL)
        return perso_error_errno(err, "archive");
    w->sink = *sink;
    w->date_s = date_s;
    if (form == PERSO_ARCHIVE_NONE)
        rc = perso_error_set(err, PERSO_REJ_NONE, "", "no form of archive");
    else if (form == PERSO_ARCHIVE_ZIP)
        rc = perso_zip_create(sink, date_s, &w->zip, err);
    else
        rc = create_tar(w, form, err);
    if (rc != PERSO_OK) {
        perso_archive_writer_free(w);
        return rc;
    }
    *ret = w;
    return PERSO_OK;
}

enum perso_result
perso_source_take(const struct perso_source *source, uint64_t *left, uint8_t *buf, size_t max,
                  size_t *n, struct perso_error *err)
{
    size_t want = *left < max ? (size_t)*left : max, have = 0;

    while (have < want) {
        size_t got = 0;
        enum perso_result rc = perso_source_read(source, buf + have, want - have, &got, err);
        if (rc == PERSO_END)
            return perso_error_set(err, PERSO_REJ_NONE, "", "member is shorter than it was");
        if (rc != PERSO_OK)
            return rc;
        have += got;
    }
    *left -= have;
    *n = have;
    return PERSO_OK;
}

static enum perso_result
begin_tar_member(struct perso_archive_writer *w, const char *name, uint64_t size,
                 struct perso_error *err)
{
    struct archive_entry *entry = archive_entry_new();

    if (entry == NULL)
        return perso_error_errno(err, "archive");
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, (la_int64_t)size);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0600);
    archive_entry_set_mtime(entry, (time_t)w->date_s, 0);
    int a_rc = archive_write_header(w->tar, entry);
    archive_entry_free(entry);
    return a_rc == ARCHIVE_OK ? PERSO_OK : tar_failed(w, err);
}

static enum perso_result
write_tar_bytes(struct perso_archive_writer *w, const uint8_t *bytes, size_t n,
                struct perso_error *err)
{
    while (n > 0) {
        la_ssize_t done = archive_write_data(w->tar, bytes, n);
        if (done <= 0)
            return tar_failed(w, err);
        bytes += done;
        n -= (size_t)done;
    }
    return PERSO_OK;
}

static enum perso_result
add_tar_bytes(struct perso_archive_writer *w, const char *name, const void *bytes, size_t n,
              struct perso_error *err)
{
    enum perso_result rc = begin_tar_member(w, name, n, err);
    return rc == PERSO_OK ? write_tar_bytes(w, (const uint8_t *)bytes, n, err) : rc;
}

static enum perso_result
add_tar_source(struct perso_archive_writer *w, const char *name, uint64_t size,
               const struct perso_source *source, struct perso_error *err)
{
    uint8_t block[16384];
    size_t n = 0;
    enum perso_result rc = begin_tar_member(w, name, size, err);

    for (uint64_t left = size; left > 0 && rc == PERSO_OK;)
        if ((rc = perso_source_take(source, &left, block, sizeof block, &n, err)) == PERSO_OK)
            rc = write_tar_bytes(w, block, n, err);
    return rc;
}

/* Only names that the reader takes. */
static enum perso_result
admit(struct perso_archive_writer *w, const char *name, struct perso_error *err)
{
    w->err = err;
    if (w->broken)
        return perso_error_set(err, PERSO_REJ_NONE, "", "archive could not be written");
    if (!perso_member_name_ok(name, strlen(name)))
        return perso_error_set(err, PERSO_REJ_ARCHIVE_MEMBER, "", "name is not allowed");
    return perso_name_set_add(&w->names, name, err);
}

enum perso_result
perso_archive_add(struct perso_archive_writer *w, const char *name, const void *bytes, size_t n,
                  struct perso_error *err)
{
    enum perso_result rc = admit(w, name, err);

    if (rc != PERSO_OK)
        return rc;
    if (w->zip != NULL)
        rc = perso_zip_add(w->zip, name, bytes, n, err);
    else
        rc = add_tar_bytes(w, name, bytes, n, err);
    w->broken = rc != PERSO_OK;
    return rc;
}

enum perso_result
perso_archive_add_source(struct perso_archive_writer *w, const char *name, uint64_t size,
                         const struct perso_source *source, struct perso_error *err)
{
    enum perso_result rc = admit(w, name, err);

    if (rc != PERSO_OK)
        return rc;
    if (w->zip != NULL)
        rc = perso_zip_add_source(w->zip, name, size, source, err);
    else
        rc = add_tar_source(w, name, size, source, err);
    w->broken = rc != PERSO_OK;
    return rc;
}

enum perso_result
perso_archive_finish(struct perso_archive_writer *w, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    w->err = err;
    if (w->broken)
        return perso_error_set(err, PERSO_REJ_NONE, "", "archive could not be written");
    w->broken = true; /* nothing may be added any more */
    if (w->zip != NULL)
        rc = perso_zip_finish(w->zip, err);
    else if (archive_write_close(w->tar) != ARCHIVE_OK)
        rc = tar_failed(w, err);
    return rc;
}

void
perso_archive_writer_free(struct perso_archive_writer *w)
{
    if (w == NULL)
        return;
    w->muted = true; /* what libarchive ends on its own must not look finished */
    archive_write_free(w->tar);
    perso_zip_writer_free(w->zip);
    perso_name_set_free(&w->names);
    free(w);
}
