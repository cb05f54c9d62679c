#include "formats/package/package.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/sm2/sm3.h"

#define MANIFEST_NAME "manifest.json"

static const struct perso_archive_limits package_limits = {
    .members = PERSO_PACKAGE_MEMBERS + 1,
    .member_bytes = PERSO_ARCHIVE_ENTRY_BYTES,
    .total_bytes = PERSO_ARCHIVE_TOTAL_BYTES,
};

static enum perso_result
list_members(struct perso_manifest *manifest, const struct perso_package_member *members,
             size_t n_members, struct perso_error *err)
{
    if (n_members > PERSO_PACKAGE_MEMBERS)
        return perso_error_set(err, PERSO_REJ_PACKAGE_MEMBER, "", "have %zu members, at most %u",
                               n_members, PERSO_PACKAGE_MEMBERS);
    memset(manifest->members, 0, sizeof manifest->members);
    manifest->n_members = (uint32_t)n_members;
    for (size_t i = 0; i < n_members; i++) {
        struct perso_manifest_member *one = &manifest->members[i];
        if (strlen(members[i].name) >= sizeof one->name)
            return perso_error_set(err, PERSO_REJ_PACKAGE_MEMBER, "", "name is too long");
        snprintf(one->name, sizeof one->name, "%s", members[i].name);
        one->bytes = members[i].n;
        one->rows = members[i].rows;
        if (!perso_sm3_of(members[i].bytes, members[i].n, one->sm3))
            return perso_error_openssl(err, "digest of a member");
    }
    return PERSO_OK;
}

static enum perso_result
write_archive(const char *json, size_t json_n, const struct perso_package_member *members,
              size_t n_members, int64_t date_s, const struct perso_sink *sink,
              struct perso_error *err)
{
    struct perso_archive_writer *w = NULL;
    enum perso_result rc = perso_archive_create(sink, PERSO_ARCHIVE_ZIP, date_s, &w, err);

    if (rc == PERSO_OK)
        rc = perso_archive_add(w, MANIFEST_NAME, json, json_n, err);
    for (size_t i = 0; i < n_members && rc == PERSO_OK; i++)
        rc = perso_archive_add(w, members[i].name, members[i].bytes, members[i].n, err);
    if (rc == PERSO_OK)
        rc = perso_archive_finish(w, err);
    perso_archive_writer_free(w);
    return rc;
}

enum perso_result
perso_package_write(struct perso_manifest *manifest, const struct perso_package_member *members,
                    size_t n_members, int64_t date_s, const struct perso_sink *sink,
                    char **manifest_json, size_t *manifest_n, struct perso_error *err)
{
    struct perso_manifest filled = *manifest;
    char *json = NULL;
    size_t n = 0;
    enum perso_result rc = list_members(&filled, members, n_members, err);

    if (rc != PERSO_OK || (rc = perso_manifest_write(&filled, &json, &n, err)) != PERSO_OK)
        return rc;
    if ((rc = write_archive(json, n, members, n_members, date_s, sink, err)) != PERSO_OK) {
        free(json);
        return rc;
    }
    *manifest = filled;
    *manifest_json = json;
    *manifest_n = n;
    return PERSO_OK;
}

static enum perso_result
take_manifest(struct perso_archive *archive, struct perso_package_view *view,
              struct perso_error *err)
{
    struct perso_source member;
    const char *name = NULL;
    enum perso_result rc = perso_archive_next(archive, &name, &member, err);

    if (rc == PERSO_END || (rc == PERSO_OK && strcmp(name, MANIFEST_NAME) != 0))
        return perso_error_set(err, PERSO_REJ_PACKAGE_MEMBER, MANIFEST_NAME,
                               "not the first member");
    if (rc != PERSO_OK)
        return rc;
    if ((view->manifest_json = malloc(PERSO_MANIFEST_BYTES + 1)) == NULL)
        return perso_error_errno(err, "manifest");
    rc = perso_source_fill(&member, (uint8_t *)view->manifest_json, PERSO_MANIFEST_BYTES + 1,
                           &view->manifest_n, err);
    if (rc != PERSO_OK)
        return rc;
    return perso_manifest_read(perso_cursor_of(view->manifest_json, view->manifest_n),
                               &view->manifest, err);
}

static enum perso_result
digest_member(const struct perso_source *member, struct perso_sm3 *sm3, uint64_t *bytes,
              uint8_t out[PERSO_SM3_BYTES], struct perso_error *err)
{
    uint8_t block[16384];
    size_t n = 0;
    enum perso_result rc;

    *bytes = 0;
    while ((rc = perso_source_read(member, block, sizeof block, &n, err)) == PERSO_OK) {
        if (!perso_sm3_add(sm3, block, n))
            return perso_error_openssl(err, "digest of a member");
        *bytes += n;
    }
    if (rc != PERSO_END)
        return rc;
    return perso_sm3_end(sm3, out) ? PERSO_OK : perso_error_openssl(err, "digest of a member");
}

static enum perso_result
check_member(const struct perso_manifest_member *want, const struct perso_source *member,
             struct perso_sm3 *sm3, struct perso_error *err)
{
    uint8_t digest[PERSO_SM3_BYTES];
    uint64_t bytes = 0;
    enum perso_result rc = digest_member(member, sm3, &bytes, digest, err);

    if (rc != PERSO_OK)
        return rc;
    if (bytes != want->bytes)
        return perso_error_set(err, PERSO_REJ_FILE_DIGEST, want->name, "have %llu bytes, want %llu",
                               (unsigned long long)bytes, (unsigned long long)want->bytes);
    if (CRYPTO_memcmp(digest, want->sm3, sizeof digest) != 0)
        return perso_error_set(err, PERSO_REJ_FILE_DIGEST, want->name, "%s", "");
    return PERSO_OK;
}

/* The archive refuses doubled names, so as many known members as are listed are all of them. */
static enum perso_result
check_members(struct perso_archive *archive, const struct perso_manifest *manifest,
              struct perso_error *err)
{
    struct perso_sm3 *sm3 = perso_sm3_new();
    struct perso_source member;
    const char *name = NULL;
    uint32_t met = 0;
    enum perso_result rc;

    if (sm3 == NULL)
        return perso_error_errno(err, "digest of a member");
    while ((rc = perso_archive_next(archive, &name, &member, err)) == PERSO_OK) {
        const struct perso_manifest_member *want = perso_manifest_find(manifest, name);
        if (want == NULL)
            rc = perso_error_set(err, PERSO_REJ_PACKAGE_MEMBER, "", "member %u is not listed",
                                 met + 2);
        else
            rc = check_member(want, &member, sm3, err);
        if (rc != PERSO_OK)
            break;
        met++;
    }
    perso_sm3_free(sm3);
    if (rc != PERSO_END)
        return rc;
    if (met != manifest->n_members)
        return perso_error_set(err, PERSO_REJ_PACKAGE_MEMBER, "", "have %u members, want %u", met,
                               manifest->n_members);
    return PERSO_OK;
}

enum perso_result
perso_package_check(const struct perso_source *source, struct perso_package_view *ret,
                    struct perso_error *err)
{
    struct perso_package_view *view = calloc(1, sizeof *view);
    struct perso_archive *archive = NULL;
    enum perso_result rc;

    if (view == NULL)
        return perso_error_errno(err, "package");
    if ((rc = perso_archive_open(source, &package_limits, &archive, err)) == PERSO_OK &&
        (rc = take_manifest(archive, view, err)) == PERSO_OK &&
        (rc = check_members(archive, &view->manifest, err)) == PERSO_OK) {
        *ret = *view;
        view->manifest_json = NULL; /* the caller's now */
    }
    perso_archive_free(archive);
    perso_package_view_free(view);
    free(view);
    return rc;
}

void
perso_package_view_free(struct perso_package_view *view)
{
    if (view == NULL)
        return;
    free(view->manifest_json);
    view->manifest_json = NULL;
    view->manifest_n = 0;
}

enum perso_result
perso_package_seek(struct perso_archive *archive, const char *name, struct perso_source *member,
                   struct perso_error *err)
{
    struct perso_source one;
    const char *have = NULL;
    enum perso_result rc;

    while ((rc = perso_archive_next(archive, &have, &one, err)) == PERSO_OK)
        if (strcmp(have, name) == 0) {
            *member = one;
            return PERSO_OK;
        }
    if (rc == PERSO_END)
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, name, "no such member");
    return rc;
}
