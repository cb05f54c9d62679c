/* Files of a loose return: certificates in the forms in which they come, a folder, an archive. */
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "formats/base/encode.h"
#include "formats/seal/peer.h"
#include "hash.h"
#include "ra.h"

#define NOON 12 /* hour of the members of an archive */

void
sbx_loose_add(struct sbx_loose_files *files, const char *name, void *bytes, size_t n)
{
    if (files->n == files->max) {
        files->max = 2 * files->max + 64;
        files->at = realloc(files->at, files->max * sizeof *files->at);
        sbx_need(files->at != NULL, "memory");
    }
    struct sbx_loose_file *one = &files->at[files->n++];
    snprintf(one->name, sizeof one->name, "%s", name);
    one->bytes = bytes;
    one->n = n;
}

/* ---- certificates ---- */

static uint8_t *
pem_of(const char *label, const void *der, size_t n, size_t *made)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *at = NULL;

    sbx_need(out != NULL && PEM_write_bio(out, label, "", der, (long)n) > 0, "PEM");
    *made = (size_t)BIO_get_mem_data(out, &at);
    uint8_t *copy = sbx_memory(*made, 1);
    memcpy(copy, at, *made);
    BIO_free(out);
    return copy;
}

void
sbx_loose_certificate(struct sbx_loose_files *files, struct sbx_random *r, const char *name,
                      const void *der, size_t n)
{
    static const char *const endings[] = { "cer", "der", "pem", "crt", "CER" };
    const uint32_t form = sbx_random_below(r, 5);
    char whole[64];
    uint8_t *bytes;
    size_t made = n;

    snprintf(whole, sizeof whole, "%.56s.%s", name, endings[form]);
    if (form == 2) { /* PEM */
        bytes = pem_of("CERTIFICATE", der, n, &made);
    } else if (form == 3) { /* Base64 alone */
        made = PERSO_BASE64_CHARS(n);
        bytes = sbx_memory(made + 1, 1);
        perso_base64_encode(der, n, (char *)bytes);
    } else {
        bytes = sbx_memory(n + 1, 1);
        memcpy(bytes, der, n);
    }
    sbx_loose_add(files, whole, bytes, made);
}

uint8_t *
sbx_loose_pkcs7(const struct sbx_loose_files *certificates, size_t *n)
{
    PKCS7 *p7 = PKCS7_new();
    uint8_t *der = NULL;

    sbx_need(p7 != NULL && PKCS7_set_type(p7, NID_pkcs7_signed) == 1 &&
                 PKCS7_content_new(p7, NID_pkcs7_data) == 1,
             "PKCS#7");
    ASN1_TYPE_free(p7->d.sign->contents->d.other); /* certificates alone: no content */
    p7->d.sign->contents->d.other = NULL;
    for (size_t i = 0; i < certificates->n; i++) {
        const uint8_t *at = certificates->at[i].bytes, *end = at + certificates->at[i].n;
        X509 *cert = d2i_X509(NULL, &at, (long)certificates->at[i].n);
        if (cert != NULL && at == end)
            sbx_need(PKCS7_add_certificate(p7, cert) == 1, "PKCS#7");
        X509_free(cert);
    }
    const int made = i2d_PKCS7(p7, &der);
    sbx_need(made > 0, "PKCS#7");
    uint8_t *copy = sbx_memory((size_t)made, 1);
    memcpy(copy, der, (size_t)made);
    *n = (size_t)made;
    OPENSSL_free(der);
    PKCS7_free(p7);
    return copy;
}

/* ---- writing ---- */

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const struct sbx_loose_file *)a)->name,
                  ((const struct sbx_loose_file *)b)->name);
}

/* The listing of a folder is what is signed: "SM3  name" lines in the order of names. */
static char *
listing_of(struct sbx_loose_files *files, size_t *n)
{
    char *text = NULL, hex[65];
    FILE *out = open_memstream(&text, n);
    uint8_t sm3[32];

    sbx_need(out != NULL, "memory");
    qsort(files->at, files->n, sizeof *files->at, by_name);
    for (size_t i = 0; i < files->n; i++) {
        sbx_sm3(files->at[i].bytes, files->at[i].n, sm3);
        perso_hex_lower(sm3, sizeof sm3, hex);
        fprintf(out, "%s  %s\n", hex, files->at[i].name);
    }
    sbx_need(fclose(out) == 0, "memory");
    return text;
}

struct collected {
    uint8_t *bytes;
    size_t n, max;
};

static enum perso_result
collect(void *self, const void *bytes, size_t n, struct perso_error *err)
{
    struct collected *c = self;

    (void)err;
    if (c->n + n > c->max) {
        c->max = 2 * (c->n + n);
        c->bytes = realloc(c->bytes, c->max);
        sbx_need(c->bytes != NULL, "memory");
    }
    memcpy(c->bytes + c->n, bytes, n);
    c->n += n;
    return PERSO_OK;
}

static uint8_t *
zip_of(const struct sbx_loose_files *files, const char *date, size_t *n)
{
    struct collected c = { .bytes = NULL };
    const struct perso_sink sink = { collect, &c };
    struct perso_archive_writer *zip = NULL;
    struct perso_error err = { .reject = PERSO_REJ_NONE };
    struct sbx_date day;

    sbx_need(sbx_date_read(date, &day), "date of the request");
    sbx_check(
        perso_archive_create(&sink, PERSO_ARCHIVE_ZIP, sbx_date_seconds(day, NOON), &zip, &err),
        "archive", &err);
    for (size_t i = 0; i < files->n; i++)
        sbx_check(
            perso_archive_add(zip, files->at[i].name, files->at[i].bytes, files->at[i].n, &err),
            "archive", &err);
    sbx_check(perso_archive_finish(zip, &err), "archive", &err);
    perso_archive_writer_free(zip);
    *n = c.n;
    return c.bytes;
}

/* NAME.sig and NAME.wrap: there before the return is. */
static void
write_sides(const struct sbx_ra *ra, const char *path, const void *message, size_t n,
            const uint8_t file_key[32])
{
    char side[SBX_PATH_BYTES + 8];
    struct perso_error err = { .reject = PERSO_REJ_NONE };
    uint8_t wrapped[PERSO_WRAPPED_BYTES], *signature;
    size_t signature_n, wrapped_n;

    if (!ra->unsigned_return) {
        EVP_PKEY *key = sbx_private_key(ra->signing.d, ra->signing.xy);
        sbx_sign(key, message, n, &signature, &signature_n);
        snprintf(side, sizeof side, "%s.sig", path);
        sbx_file_put(side, signature, signature_n);
        EVP_PKEY_free(key);
        free(signature);
    }
    if (ra->secrets != SBX_SECRETS_WRAPPED)
        return;
    sbx_check(perso_wrap_key(ra->site.sealing_xy, file_key, wrapped, &wrapped_n, &err), path, &err);
    snprintf(side, sizeof side, "%s.wrap", path);
    sbx_file_put(side, wrapped, wrapped_n);
}

static void
write_folder(const struct sbx_ra *ra, const char *path, struct sbx_loose_files *files,
             const uint8_t file_key[32])
{
    char file[SBX_PATH_BYTES];
    size_t n;
    char *listing = listing_of(files, &n);

    write_sides(ra, path, listing, n, file_key);
    sbx_folder(path);
    for (size_t i = 0; i < files->n; i++) {
        sbx_path(file, path, files->at[i].name);
        sbx_file_put(file, files->at[i].bytes, files->at[i].n);
    }
    free(listing);
}

void
sbx_loose_write(struct sbx_ra *ra, const char *name, const struct sbx_ra_work *work,
                struct sbx_loose_files *files, const uint8_t file_key[32], char out[SBX_PATH_BYTES])
{
    const bool folder = !ra->archive && files->n > 1;
    char path[SBX_PATH_BYTES], whole[128];
    uint8_t *zip = NULL;
    size_t n = 0;

    const char *ending = ra->archive ? ".zip" : folder ? "" : strrchr(files->at[0].name, '.');
    snprintf(whole, sizeof whole, "%.100s%.16s", name, ending);
    sbx_path(path, ra->out, whole);
    snprintf(out, SBX_PATH_BYTES, "%s", whole);
    if (folder) {
        write_folder(ra, path, files, file_key);
    } else if (ra->archive) {
        zip = zip_of(files, work->manifest.date, &n);
        write_sides(ra, path, zip, n, file_key);
        sbx_file_put(path, zip, n);
    } else {
        write_sides(ra, path, files->at[0].bytes, files->at[0].n, file_key);
        sbx_file_put(path, files->at[0].bytes, files->at[0].n);
    }
    free(zip);
    for (size_t i = 0; i < files->n; i++)
        free(files->at[i].bytes);
    free(files->at);
}
