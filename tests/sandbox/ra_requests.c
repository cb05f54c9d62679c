/* Reading a REQ package: each row is checked as an RA would. */
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "formats/base/encode.h"
#include "ra.h"

#define DER_BYTES 4096u

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
    struct sbx_ra_package package;
    struct sbx_table_in t;

    *ret = (struct sbx_ra_work) { .late = false };
    snprintf(ret->name, sizeof ret->name, "%s", name);
    if (!sbx_ra_package_open(ra, name, "REQ", &package))
        return false;
    ret->manifest = package.manifest;
    memcpy(ret->digest, package.digest, sizeof ret->digest);
    if (perso_manifest_find(&ret->manifest, "requests.csv") == NULL)
        sbx_die("%s: no requests.csv", package.path);
    if (!sbx_ra_answered(ra, ret)) {
        sbx_ra_package_table(&package, "requests.csv", &t);
        read_rows(&t, ret);
        sbx_table_free(&t);
    }
    sbx_ra_package_close(&package);
    return true;
}
