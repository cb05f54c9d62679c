/*
 * DIR/issued/RET-….csv: request_id,certificate,serial,SM3 of every certificate of a return, as it
 * was sent; serial is empty where a planted fault leaves no DER certificate. One file a return,
 * there before the return is. Nothing else says later what this RA has issued.
 */
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "formats/base/encode.h"
#include "hash.h"
#include "ra.h"

#define DER_BYTES 4096u
#define ISSUED_BYTES ((size_t)1 << 28)

static void
serial_of(const uint8_t *der, size_t n, char out[SBX_SERIAL_CHARS])
{
    const uint8_t *at = der;
    X509 *cert = d2i_X509(NULL, &at, (long)n);

    out[0] = '\0';
    if (cert == NULL)
        return;
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    const int bytes = ASN1_STRING_length(serial);
    if (bytes > 0 && (size_t)bytes < SBX_SERIAL_CHARS / 2)
        perso_hex_lower(ASN1_STRING_get0_data(serial), (size_t)bytes, out);
    X509_free(cert);
}

static void
put_certificate(struct sbx_table_out *out, const char *request_id, const char *column,
                const char *cell)
{
    uint8_t der[DER_BYTES], digest[32];
    char serial[SBX_SERIAL_CHARS], sm3[65];
    size_t n = strlen(cell);

    if (n == 0 || n > DER_BYTES / 3 * 4 || !perso_base64_decode(cell, n, der, &n))
        return;
    serial_of(der, n, serial);
    sbx_sm3(der, n, digest);
    perso_hex_lower(digest, sizeof digest, sm3);
    const char *const cells[] = { request_id, column, serial, sm3 };
    sbx_table_cells(out, cells, 4);
}

void
sbx_ra_issued_write(const struct sbx_ra *ra, const char *name, const char *table, size_t n)
{
    char folder[SBX_PATH_BYTES], path[SBX_PATH_BYTES], file[SBX_PATH_BYTES];
    char *copy = sbx_memory(n + 1, 1);
    struct sbx_table_out out;
    struct sbx_table_in t;

    memcpy(copy, table, n);
    sbx_table_open(&t, name, copy, n);
    sbx_path(folder, ra->dir, "issued");
    sbx_folder(folder);
    snprintf(file, sizeof file, "%.1000s.csv", name);
    sbx_path(path, folder, file);
    sbx_table_create(&out, path, PERSO_UTF8, "request_id,certificate,serial,SM3");
    const size_t id = sbx_table_column(&t, "request_id");
    const size_t qmzs = sbx_table_column(&t, "QMZS"), jmzs = sbx_table_column(&t, "JMZS");
    while (sbx_table_next(&t)) {
        put_certificate(&out, t.cells[id], "QMZS", t.cells[qmzs]);
        put_certificate(&out, t.cells[id], "JMZS", t.cells[jmzs]);
    }
    sbx_table_close(&out);
    sbx_table_free(&t);
}

static void
load_file(const char *path, struct sbx_ra_issued *ret)
{
    struct sbx_table_in t;
    size_t n;

    uint8_t *bytes = sbx_file_read(path, ISSUED_BYTES, &n);
    sbx_table_open(&t, path, (char *)bytes, n);
    const size_t serial = sbx_table_column(&t, "serial"), sm3 = sbx_table_column(&t, "SM3");
    const size_t column = sbx_table_column(&t, "certificate");
    while (sbx_table_next(&t)) {
        if (ret->n == ret->max) {
            ret->max = 2 * ret->max + 1024;
            ret->at = realloc(ret->at, ret->max * sizeof *ret->at);
            sbx_need(ret->at != NULL, "memory");
        }
        struct sbx_ra_certificate *one = &ret->at[ret->n++];
        snprintf(one->serial, sizeof one->serial, "%s", t.cells[serial]);
        snprintf(one->sm3, sizeof one->sm3, "%s", t.cells[sm3]);
        snprintf(one->certificate, sizeof one->certificate, "%s", t.cells[column]);
    }
    sbx_table_free(&t);
}

static int
by_sm3(const void *a, const void *b)
{
    const struct sbx_ra_certificate *x = a, *y = b;
    return strcmp(x->sm3, y->sm3);
}

void
sbx_ra_issued_load(const struct sbx_ra *ra, struct sbx_ra_issued *ret)
{
    char folder[SBX_PATH_BYTES], path[SBX_PATH_BYTES];
    struct sbx_names names;

    *ret = (struct sbx_ra_issued) { .at = NULL };
    sbx_path(folder, ra->dir, "issued");
    sbx_names_read(folder, ".csv", &names);
    for (size_t i = 0; i < names.n; i++) {
        sbx_path(path, folder, names.at[i]);
        load_file(path, ret);
    }
    sbx_names_free(&names);
    if (ret->n != 0)
        qsort(ret->at, ret->n, sizeof *ret->at, by_sm3);
}

const struct sbx_ra_certificate *
sbx_ra_issued_find(const struct sbx_ra_issued *issued, const char *sm3)
{
    struct sbx_ra_certificate key;

    snprintf(key.sm3, sizeof key.sm3, "%s", sm3);
    return issued->n == 0 ? NULL : bsearch(&key, issued->at, issued->n, sizeof *issued->at, by_sm3);
}
