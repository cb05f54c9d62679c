/* Packages that come to the RA: it trusts nothing that it did not verify itself. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "formats/base/encode.h"
#include "hash.h"
#include "ra.h"

#define SIGNATURE_BYTES 256u

static const struct perso_archive_limits limits = { PERSO_PACKAGE_MEMBERS + 1,
                                                    PERSO_ARCHIVE_ENTRY_BYTES,
                                                    PERSO_ARCHIVE_TOTAL_BYTES };

static void
check_package(const struct sbx_ra *ra, const char *kind, const uint8_t *signature,
              size_t signature_bytes, struct sbx_ra_package *ret)
{
    const struct perso_source source = sbx_stream_source(ret->zip);
    struct perso_package_view view = { .manifest_json = NULL };
    struct perso_error err = { .reject = PERSO_REJ_NONE };
    const char *path = ret->path;
    uint8_t digest[32];

    sbx_check(perso_package_check(&source, &view, &err), path, &err);
    if (!sbx_verify(ra->site.sender, view.manifest_json, view.manifest_n, signature,
                    signature_bytes))
        sbx_die("%s.sig: not the site's signature of manifest.json", path);
    if (strcmp(view.manifest.kind, kind) != 0)
        sbx_die("%s: manifest.json: kind is %s, want %s", path, view.manifest.kind, kind);
    if (strcmp(view.manifest.recipient, SBX_RA_NAME) != 0)
        sbx_die("%s: manifest.json: recipient is %s, want " SBX_RA_NAME, path,
                view.manifest.recipient);
    ret->manifest = view.manifest;
    sbx_sm3(view.manifest_json, view.manifest_n, digest);
    perso_hex_lower(digest, sizeof digest, ret->digest);
    perso_package_view_free(&view);
}

bool
sbx_ra_package_open(const struct sbx_ra *ra, const char *name, const char *kind,
                    struct sbx_ra_package *ret)
{
    char signature_name[SBX_PATH_BYTES], signature_path[SBX_PATH_BYTES];
    size_t n = 0;

    *ret = (struct sbx_ra_package) { .zip = NULL };
    sbx_path(ret->path, ra->in, name);
    snprintf(signature_name, sizeof signature_name, "%.1000s.sig", name);
    sbx_path(signature_path, ra->in, signature_name);
    uint8_t *signature = sbx_file_read_if(signature_path, SIGNATURE_BYTES, &n);
    if (signature == NULL)
        return false;
    if ((ret->zip = fopen(ret->path, "rb")) == NULL)
        sbx_die("%s: %s", ret->path, strerror(errno));
    check_package(ra, kind, signature, n, ret);
    free(signature);
    return true;
}

static char *
read_member(const struct sbx_ra_package *p, const char *name, size_t bytes)
{
    struct perso_error err = { .reject = PERSO_REJ_NONE };
    struct perso_archive *archive = NULL;
    struct perso_source member;
    char *text = sbx_memory(bytes + 1, 1);
    size_t have = 0, n = 0;

    rewind(p->zip);
    const struct perso_source source = sbx_stream_source(p->zip);
    sbx_check(perso_archive_open(&source, &limits, &archive, &err), p->path, &err);
    sbx_check(perso_package_seek(archive, name, &member, &err), p->path, &err);
    while (have < bytes) {
        sbx_check(perso_source_read(&member, (uint8_t *)text + have, bytes - have, &n, &err),
                  p->path, &err);
        have += n;
    }
    perso_archive_free(archive);
    return text;
}

uint32_t
sbx_ra_package_table(struct sbx_ra_package *p, const char *name, struct sbx_table_in *ret)
{
    const struct perso_manifest_member *member = perso_manifest_find(&p->manifest, name);

    if (member == NULL)
        sbx_die("%s: no %s", p->path, name);
    snprintf(p->table_path, sizeof p->table_path, "%s/%s", p->path, name);
    const size_t bytes = (size_t)member->bytes;
    sbx_table_open(ret, p->table_path, read_member(p, name, bytes), bytes);
    return member->rows;
}

void
sbx_ra_package_close(struct sbx_ra_package *p)
{
    fclose(p->zip);
}
