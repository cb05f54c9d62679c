/* Reading a REQ package: the RA trusts nothing that it did not verify itself. */
#include <errno.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "formats/base/encode.h"
#include "hash.h"
#include "ra.h"
#include "table.h"

#define SIGNATURE_BYTES 256u
#define DER_BYTES 4096u

static const struct perso_archive_limits limits = { PERSO_PACKAGE_MEMBERS + 1,
                                                    PERSO_ARCHIVE_ENTRY_BYTES,
                                                    PERSO_ARCHIVE_TOTAL_BYTES };

static void
check_package(struct sbx_ra *ra, const char *path, FILE *zip, const uint8_t *signature,
              size_t signature_bytes, struct sbx_ra_work *ret)
{
    const struct perso_source source = sbx_stream_source(zip);
    struct perso_package_view view = { .manifest_json = NULL };
    struct perso_error err = { .reject = PERSO_REJ_NONE };
    uint8_t digest[32];

    sbx_check(perso_package_check(&source, &view, &err), path, &err);
    if (!sbx_verify(ra->site.sender, view.manifest_json, view.manifest_n, signature,
                    signature_bytes))
        sbx_die("%s.sig: not the site's signature of manifest.json", path);
    if (strcmp(view.manifest.kind, "REQ") != 0)
        sbx_die("%s: manifest.json: kind is %s, want REQ", path, view.manifest.kind);
    if (strcmp(view.manifest.recipient, SBX_RA_NAME) != 0)
        sbx_die("%s: manifest.json: recipient is %s, want " SBX_RA_NAME, path,
                view.manifest.recipient);
    ret->manifest = view.manifest;
    sbx_sm3(view.manifest_json, view.manifest_n, digest);
    perso_hex_lower(digest, sizeof digest, ret->digest);
    perso_package_view_free(&view);
}

static char *
read_member(FILE *zip, const char *path, const char *name, size_t bytes)
{
    struct perso_error err = { .reject = PERSO_REJ_NONE };
    struct perso_archive *archive = NULL;
    struct perso_source member;
    char *text = sbx_memory(bytes + 1, 1);
    size_t have = 0, n = 0;

    rewind(zip);
    const struct perso_source source = sbx_stream_source(zip);
    sbx_check(perso_archive_open(&source, &limits, &archive, &err), path, &err);
    sbx_check(perso_package_seek(archive, name, &member, &err), path, &err);
    while (have < bytes) {
        sbx_check(perso_source_read(&member, (uint8_t *)text + have, bytes - have, &n, &err), path,
                  &err);
        have += n;
    }
    perso_archive_free(archive);
    return text;
}

/* Proof of possession by OpenSSL, under the id (GM/T 0009), over the key of the row. */
static void
check_p10(const char *path, uint32_t line, const char *p10, const uint8_t xy[64])
{
    uint8_t der[DER_BYTES], have[64];
    const uint8_t *at = der;
    size_t n = strlen(p10);

    if (n > DER_BYTES / 3 * 4 || !perso_base64_decode(p10, n, der, &n))
        sbx_die("%s:%u: P10: not Base64", path, line);
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)n);
    if (request == NULL || at != der + n)
        sbx_die("%s:%u: P10: not a PKCS#10", path, line);
    EVP_PKEY *key = X509_REQ_get0_pubkey(request);
    if (!sbx_public_bytes(key, have) || memcmp(have, xy, 64) != 0)
        sbx_die("%s:%u: P10: key is not QMGY", path, line);
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    sbx_need(id != NULL && ASN1_OCTET_STRING_set(id, (const unsigned char *)SBX_ID, -1), "P10");
    X509_REQ_set0_distinguishing_id(request, id);
    if (X509_REQ_verify(request, key) != 1)
        sbx_die("%s:%u: P10: proof of possession fails", path, line);
    X509_REQ_free(request);
}

static void
check_key(const char *path, uint32_t line, const uint8_t xy[64])
{
    EVP_PKEY *key = sbx_public_key(xy);
    if (key == NULL)
        sbx_die("%s:%u: QMGY: not a point of the curve", path, line);
    EVP_PKEY_free(key);
}

static void
copy_cell(const struct sbx_table_in *t, size_t column, char *out, size_t max)
{
    if ((size_t)snprintf(out, max, "%s", t->cells[column]) >= max || out[0] == '\0')
        sbx_die("%s:%u: %s: empty or too long", t->path, t->line, t->names[column]);
}

static void
read_rows(struct sbx_table_in *t, struct sbx_ra_work *ret)
{
    const size_t id = sbx_table_column(t, "request_id"), ssn = sbx_table_column(t, "AAC002");
    const size_t card_no = sbx_table_column(t, "AAZ500"), name = sbx_table_column(t, "AAC003");
    const size_t key = sbx_table_column(t, "QMGY"), p10 = sbx_table_column(t, "P10");
    uint8_t bytes[16];

    ret->requests = sbx_memory(ret->manifest.cards, sizeof *ret->requests);
    while (sbx_table_next(t)) {
        if (ret->n == ret->manifest.cards)
            sbx_die("%s:%u: more rows than the manifest's cards", t->path, t->line);
        struct sbx_ra_request *one = &ret->requests[ret->n++];
        copy_cell(t, id, one->id, sizeof one->id);
        copy_cell(t, ssn, one->ssn, sizeof one->ssn);
        copy_cell(t, card_no, one->card_no, sizeof one->card_no);
        copy_cell(t, name, one->name, sizeof one->name);
        if (!perso_hex_decode(one->id, strlen(one->id), bytes, sizeof bytes) ||
            strpbrk(one->id, "ABCDEF") != NULL)
            sbx_die("%s:%u: request_id: not 32 lower-case hex digits", t->path, t->line);
        if (!perso_hex_decode(t->cells[key], strlen(t->cells[key]), one->xy, sizeof one->xy))
            sbx_die("%s:%u: QMGY: not 128 hex digits", t->path, t->line);
        if (t->cells[p10][0] != '\0')
            check_p10(t->path, t->line, t->cells[p10], one->xy);
        else
            check_key(t->path, t->line, one->xy);
    }
    if (ret->n != ret->manifest.cards)
        sbx_die("%s: have %zu rows, the manifest has %u cards", t->path, ret->n,
                ret->manifest.cards);
}

bool
sbx_ra_work_read(struct sbx_ra *ra, const char *name, struct sbx_ra_work *ret)
{
    char path[SBX_PATH_BYTES], signature_name[SBX_PATH_BYTES], signature_path[SBX_PATH_BYTES];
    char member[SBX_PATH_BYTES + 16];
    size_t n = 0;

    *ret = (struct sbx_ra_work) { .late = false };
    sbx_path(path, ra->in, name);
    snprintf(signature_name, sizeof signature_name, "%.1000s.sig", name);
    sbx_path(signature_path, ra->in, signature_name);
    snprintf(ret->name, sizeof ret->name, "%s", name);
    uint8_t *signature = sbx_file_read_if(signature_path, SIGNATURE_BYTES, &n);
    if (signature == NULL)
        return false;
    FILE *zip = fopen(path, "rb");
    if (zip == NULL)
        sbx_die("%s: %s", path, strerror(errno));
    check_package(ra, path, zip, signature, n, ret);
    const struct perso_manifest_member *table = perso_manifest_find(&ret->manifest, "requests.csv");
    if (table == NULL)
        sbx_die("%s: no requests.csv", path);
    if (!sbx_ra_answered(ra, ret)) {
        struct sbx_table_in t;
        snprintf(member, sizeof member, "%s/requests.csv", path);
        sbx_table_open(&t, member, read_member(zip, path, "requests.csv", (size_t)table->bytes),
                       (size_t)table->bytes);
        read_rows(&t, ret);
        sbx_table_free(&t);
    }
    fclose(zip);
    free(signature);
    return true;
}
