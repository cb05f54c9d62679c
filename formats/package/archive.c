#include "formats/package/archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/package/container.h"
#include "formats/package/tar_header.h"

#define RATIO_FROM (1u << 20) /* small files of one repeated row pack well and do no harm */

struct perso_archive {
    struct perso_raw input;
    struct perso_archive_limits limits;
    struct perso_archive_ways ways;
    struct perso_container container;
    struct perso_name_set names;
    char name[PERSO_MEMBER_NAME_BYTES];
    uint8_t head[PERSO_SNIFF_BYTES]; /* a member's first bytes, looked at before they are given */
    size_t head_n, head_at;
    bool in_member, ended;
    uint32_t n_members;
    uint64_t member_bytes, total_bytes;
    enum perso_result failed; /* not PERSO_OK: every later call answers the same */
    struct perso_error fault;
};

static bool
begins(const uint8_t *head, size_t n, const char *magic, size_t magic_n)
{
    return n >= magic_n && memcmp(head, magic, magic_n) == 0;
}

enum perso_archive_form
perso_archive_sniff(const uint8_t *head, size_t n)
{
    if (begins(head, n, "PK\3\4", 4) || begins(head, n, "PK\5\6", 4))
        return PERSO_ARCHIVE_ZIP;
    if (begins(head, n, "\x28\xb5\x2f\xfd", 4))
        return PERSO_ARCHIVE_TAR_ZST;
    if (begins(head, n, "\x1f\x8b\x08", 3))
        return PERSO_ARCHIVE_TAR_GZ;
    if (n >= PERSO_SNIFF_BYTES && memcmp(head + 257, "ustar", 5) == 0 &&
        perso_tar_sum_is_right(head))
        return PERSO_ARCHIVE_TAR;
    return PERSO_ARCHIVE_NONE;
}

/* Forms that are not read either, but would hide rows as well as the ones above. */
static bool
is_archive(const uint8_t *head, size_t n)
{
    return perso_archive_sniff(head, n) != PERSO_ARCHIVE_NONE ||
           begins(head, n, "7z\xbc\xaf\x27\x1c", 6) || begins(head, n, "Rar!\x1a\x07", 6) ||
           begins(head, n, "\xfd\x37zXZ\0", 6) ||
           (n >= 10 && begins(head, n, "BZh", 3) && begins(head + 4, n - 4, "1AY&SY", 6));
}

enum perso_result
perso_raw_open(struct perso_raw *input, const struct perso_source *source, struct perso_error *err)
{
    *input = (struct perso_raw) { .source = *source };
    return perso_source_fill(source, input->head, sizeof input->head, &input->head_n, err);
}

enum perso_result
perso_raw_read(struct perso_raw *input, uint8_t *buf, size_t max, size_t *n,
               struct perso_error *err)
{
    size_t have = input->head_n - input->head_at;

    if (have > 0) {
        *n = have < max ? have : max;
        memcpy(buf, input->head + input->head_at, *n);
        input->head_at += *n;
    } else {
        enum perso_result rc =
            input->ended ? PERSO_END : perso_source_read(&input->source, buf, max, n, err);
        if (rc != PERSO_OK) {
            input->ended = rc == PERSO_END;
            return rc;
        }
    }
    input->taken += *n;
    return PERSO_OK;
}

enum perso_result
perso_raw_made(struct perso_raw *input, size_t n, struct perso_error *err)
{
    input->made += n;
    if (input->made > RATIO_FROM && input->made / input->ratio > input->taken)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_LIMIT, "",
                               "more than %u bytes out for one in", input->ratio);
    return PERSO_OK;
}

static enum perso_result
open_container(struct perso_archive *archive, struct perso_error *err)
{
    struct perso_raw *input = &archive->input;
    enum perso_archive_form form = perso_archive_sniff(input->head, input->head_n);

    if (input->head_n == 0)
        return perso_error_set(err, PERSO_REJ_FILE_EMPTY, "", "%s", "");
    switch (form) {
    case PERSO_ARCHIVE_ZIP:
        return perso_zip_open(input, &archive->ways, &archive->container, err);
    case PERSO_ARCHIVE_TAR:
    case PERSO_ARCHIVE_TAR_GZ:
    case PERSO_ARCHIVE_TAR_ZST:
        return perso_tar_open(input, form, &archive->ways, &archive->container, err);
    case PERSO_ARCHIVE_NONE:
        break;
    }
    return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "", "not a zip, tar, tar.gz or tar.zst");
}

enum perso_result
perso_archive_open(const struct perso_source *source, const struct perso_archive_limits *limits,
                   struct perso_archive **ret, struct perso_error *err)
{
    struct perso_archive *archive = calloc(1, sizeof *archive);
    enum perso_result rc;

    if (archive == NULL)
        return perso_error_errno(err, "archive");
    archive->limits = *limits;
    if ((rc = perso_raw_open(&archive->input, source, err)) == PERSO_OK) {
        archive->input.ratio = PERSO_ARCHIVE_RATIO;
        rc = open_container(archive, err);
    }
    if (rc != PERSO_OK) {
        perso_archive_free(archive);
        return rc;
    }
    *ret = archive;
    return PERSO_OK;
}

void
perso_archive_set(struct perso_archive *archive, const struct perso_archive_ways *ways)
{
    archive->ways = *ways;
    archive->input.ratio = ways->ratio != 0 ? ways->ratio : PERSO_ARCHIVE_RATIO;
}

uint32_t
perso_archive_members(const struct perso_archive *archive)
{
    return archive->n_members;
}

/* Member names may be of persons: the message counts members instead. */
static enum perso_result
fail(struct perso_archive *archive, enum perso_result rc, struct perso_error *err)
{
    perso_error_prefix(err, "member %u: ", archive->n_members);
    archive->failed = rc;
    archive->fault = *err;
    return rc;
}

static enum perso_result
fail_again(const struct perso_archive *archive, struct perso_error *err)
{
    *err = archive->fault;
    return archive->failed;
}

/* One read of the container, counted. */
static enum perso_result
read_counted(struct perso_archive *archive, uint8_t *buf, size_t max, size_t *n,
             struct perso_error *err)
{
    enum perso_result rc = archive->container.read(archive->container.self, buf, max, n, err);

    if (rc == PERSO_END)
        archive->in_member = false;
    if (rc != PERSO_OK)
        return rc == PERSO_END ? rc : fail(archive, rc, err);
    archive->member_bytes += *n;
    archive->total_bytes += *n;
    if (archive->member_bytes > archive->limits.member_bytes)
        rc = perso_error_set(err, PERSO_REJ_ARCHIVE_LIMIT, "", "more than %llu bytes",
                             (unsigned long long)archive->limits.member_bytes);
    else if (archive->total_bytes > archive->limits.total_bytes)
        rc = perso_error_set(err, PERSO_REJ_ARCHIVE_LIMIT, "", "more than %llu bytes in all",
                             (unsigned long long)archive->limits.total_bytes);
    return rc == PERSO_OK ? rc : fail(archive, rc, err);
}

static enum perso_result
read_member(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct perso_archive *archive = (struct perso_archive *)self;
    size_t have = archive->head_n - archive->head_at;

    if (archive->failed != PERSO_OK)
        return fail_again(archive, err);
    if (have > 0) {
        *n = have < max ? have : max;
        memcpy(buf, archive->head + archive->head_at, *n);
        archive->head_at += *n;
        return PERSO_OK;
    }
    return archive->in_member ? read_counted(archive, buf, max, n, err) : PERSO_END;
}

/* What the caller left unread still has to be sound. */
static enum perso_result
drain_member(struct perso_archive *archive, struct perso_error *err)
{
    uint8_t scratch[16384];
    enum perso_result rc = PERSO_OK;
    size_t n;

    while (archive->in_member && rc == PERSO_OK)
        rc = read_counted(archive, scratch, sizeof scratch, &n, err);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
take_head(struct perso_archive *archive, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    archive->head_n = archive->head_at = 0;
    while (archive->head_n < sizeof archive->head && rc == PERSO_OK) {
        size_t n = 0;
        rc = read_counted(archive, archive->head + archive->head_n,
                          sizeof archive->head - archive->head_n, &n, err);
        if (rc == PERSO_OK)
            archive->head_n += n;
    }
    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    if (is_archive(archive->head, archive->head_n))
        return fail(archive,
                    perso_error_set(err, PERSO_REJ_ARCHIVE_MEMBER, "", "an archive inside"), err);
    return PERSO_OK;
}

static enum perso_result
admit(struct perso_archive *archive, struct perso_raw_name *raw, struct perso_error *err)
{
    if (archive->n_members > archive->limits.members)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_LIMIT, "", "at most %u members",
                               archive->limits.members);
    if (raw->folder && raw->bytes > 1 && raw->at[raw->bytes - 1] == '/')
        raw->bytes--;
    /* "tar ." begins with the folder that it is about. */
    bool own = raw->folder && raw->bytes == 1 && raw->at[0] == '.';
    if (own)
        strcpy(archive->name, ".");
    else if (!perso_member_name_read(raw, archive->ways.names, archive->name))
        return perso_error_set(err, PERSO_REJ_ARCHIVE_MEMBER, "", "name is not allowed");
    return perso_name_set_add(&archive->names, archive->name, err);
}

/* A folder with bytes would be a file under a name that hides it. */
static enum perso_result
pass_entry(struct perso_archive *archive, bool folder, struct perso_error *err)
{
    const struct perso_container *container = &archive->container;
    enum perso_result rc;

    if (!folder && container->pass != NULL)
        container->pass(container->self);
    rc = drain_member(archive, err);
    if (rc == PERSO_OK && folder && archive->member_bytes > 0)
        rc = fail(archive,
                  perso_error_set(err, PERSO_REJ_ARCHIVE_MEMBER, "", "a folder with bytes"), err);
    return rc;
}

/* One entry of the container, as it comes. */
static enum perso_result
next_entry(struct perso_archive *archive, bool *folder, struct perso_error *err)
{
    struct perso_raw_name raw = { 0 };
    enum perso_result rc;

    archive->n_members++; /* before, so that a refusal counts the member that it is about */
    rc = archive->container.next(archive->container.self, &raw, err);
    if (rc == PERSO_END) {
        archive->n_members--;
        archive->ended = true;
        archive->head_n = archive->head_at = 0;
        return PERSO_END;
    }
    if (rc != PERSO_OK || (rc = admit(archive, &raw, err)) != PERSO_OK)
        return fail(archive, rc, err);
    archive->in_member = true;
    archive->member_bytes = 0;
    *folder = raw.folder;
    return PERSO_OK;
}

enum perso_result
perso_archive_next(struct perso_archive *archive, const char **name, struct perso_source *member,
                   struct perso_error *err)
{
    bool folder = false;
    enum perso_result rc;

    if (archive->failed != PERSO_OK)
        return fail_again(archive, err);
    if (archive->ended)
        return PERSO_END;
    if ((rc = drain_member(archive, err)) != PERSO_OK)
        return rc;
    while ((rc = next_entry(archive, &folder, err)) == PERSO_OK &&
           (folder || (archive->ways.passes != NULL && archive->ways.passes(archive->name))))
        if ((rc = pass_entry(archive, folder, err)) != PERSO_OK)
            return rc;
    if (rc != PERSO_OK || (rc = take_head(archive, err)) != PERSO_OK)
        return rc;
    *name = archive->name;
    *member = (struct perso_source) { read_member, archive };
    return PERSO_OK;
}

void
perso_archive_free(struct perso_archive *archive)
{
    if (archive == NULL)
        return;
    if (archive->container.free != NULL)
        archive->container.free(archive->container.self);
    perso_name_set_free(&archive->names);
    free(archive);
}
