/* CA certificates of a site's trust/: PEM with any number of them, or one DER, a file. */
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/job/path.h"
#include "pipeline/job/site.h"
#include "pipeline/store/durable.h"

#define PEM_BYTES_MAX 65536u /* a CA bundle */

typedef enum perso_result take_certificate(void *arg, struct perso_cursor der, const char *file,
                                           struct perso_error *err);

struct reading {
    take_certificate *take;
    void *arg;
    const char *folder;
    size_t n; /* certificates so far */
};

static enum perso_result
take_parsed(struct reading *r, X509 *cert, const char *file, struct perso_error *err)
{
    uint8_t *der = NULL;
    int n = i2d_X509(cert, &der);

    if (n <= 0)
        return perso_error_openssl(err, file);
    enum perso_result rc = r->take(r->arg, perso_cursor_of(der, (size_t)n), file, err);
    OPENSSL_free(der);
    return rc;
}

static enum perso_result
read_file(struct reading *r, const char *name, struct perso_error *err)
{
    char path[PERSO_PATH_BYTES];
    uint8_t *bytes = NULL;
    size_t n = 0, before = r->n;
    BIO *bio = NULL;
    X509 *cert;
    enum perso_result rc;

    if ((rc = perso_path_join(r->folder, name, path, sizeof path, err)) != PERSO_OK ||
        (rc = perso_file_read(path, PEM_BYTES_MAX, &bytes, &n, err)) != PERSO_OK)
        goto out;
    if ((bio = BIO_new_mem_buf(bytes, (int)n)) == NULL) {
        rc = perso_error_openssl(err, name);
        goto out;
    }
    while (rc == PERSO_OK && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        r->n++;
        rc = take_parsed(r, cert, name, err);
        X509_free(cert);
    }
    if (rc == PERSO_OK && r->n == before) {
        r->n++;
        rc = r->take(r->arg, perso_cursor_of(bytes, n), name, err);
    }
out:
    BIO_free(bio);
    free(bytes);
    return rc;
}

/* All of them in the order of the files' names; *n tells how many. */
static enum perso_result
read_all(const char *folder, take_certificate *take, void *arg, size_t *n, struct perso_error *err)
{
    struct perso_names files = { 0 };
    struct reading reading = { take, arg, folder, 0 };
    enum perso_result rc = perso_folder_files(folder, &files, err);

    for (size_t i = 0; rc == PERSO_OK && i < files.n; i++)
        rc = read_file(&reading, files.names[i], err);
    perso_names_free(&files);
    *n = reading.n;
    return rc;
}

static enum perso_result
trust_folder(const struct perso_site *site, char out[PERSO_PATH_BYTES], struct perso_error *err)
{
    return perso_path_join(site->folder, site->conf.trust, out, PERSO_PATH_BYTES, err);
}

static enum perso_result
add_trusted(void *arg, struct perso_cursor der, const char *file, struct perso_error *err)
{
    return perso_trust_add(arg, der, file, err);
}

enum perso_result
perso_site_trust(const struct perso_site *site, struct perso_trust **ret, size_t *left_out,
                 struct perso_error *err)
{
    char folder[PERSO_PATH_BYTES];
    struct perso_trust *trust = perso_trust_new();
    size_t n_certs = 0;
    enum perso_result rc;

    if (trust == NULL)
        return perso_error_errno(err, "memory");
    if ((rc = trust_folder(site, folder, err)) == PERSO_OK)
        rc = read_all(folder, add_trusted, trust, &n_certs, err);
    if (rc == PERSO_OK)
        rc = perso_trust_ready(trust, left_out, err);
    /* Else every card would be held for an unknown CA, which is not the card's fault. */
    if (rc == PERSO_OK && *left_out == n_certs) {
        rc = perso_error_set(err, PERSO_REJ_NONE, site->conf.trust,
                             "no CA certificate reaches a root: put the root and issuing "
                             "certificates of your RA into %s",
                             folder);
        if (n_certs == 0)
            rc = PERSO_END;
    }
    if (rc != PERSO_OK) {
        perso_trust_free(trust);
        return rc == PERSO_REJECT ? PERSO_FATAL : rc;
    }
    *ret = trust;
    return PERSO_OK;
}

/* ---- chain ---- */

struct chain {
    BIO *out;
    STACK_OF(X509) * certs; /* written already */
};

static bool
is_written(const struct chain *chain, const X509 *cert)
{
    for (int i = 0; i < sk_X509_num(chain->certs); i++)
        if (X509_cmp(sk_X509_value(chain->certs, i), cert) == 0)
            return true;
    return false;
}

static enum perso_result
add_pem(void *arg, struct perso_cursor der, const char *file, struct perso_error *err)
{
    struct chain *chain = arg;
    const uint8_t *at = der.at;
    X509 *cert = d2i_X509(NULL, &at, (long)perso_left(&der));

    if (cert == NULL || at != der.end) {
        X509_free(cert);
        perso_error_at(err, file, 0, 0);
        return perso_error_set(err, PERSO_REJ_CERT_SYNTAX, "", "neither PEM nor DER");
    }
    if (is_written(chain, cert)) {
        X509_free(cert);
        return PERSO_OK;
    }
    if (sk_X509_push(chain->certs, cert) == 0) {
        X509_free(cert);
        return perso_error_openssl(err, file);
    }
    return PEM_write_bio_X509(chain->out, cert) == 1 ? PERSO_OK : perso_error_openssl(err, file);
}

static enum perso_result
copy_out(const struct chain *chain, char **ret, size_t *n, struct perso_error *err)
{
    char *pem = NULL;
    long length = BIO_get_mem_data(chain->out, &pem);
    char *copy = malloc((size_t)length + 1);

    if (copy == NULL)
        return perso_error_errno(err, "memory");
    if (length > 0)
        memcpy(copy, pem, (size_t)length);
    copy[length] = '\0';
    *ret = copy;
    *n = (size_t)length;
    return PERSO_OK;
}

enum perso_result
perso_site_chain(const struct perso_site *site, char **ret, size_t *n, struct perso_error *err)
{
    struct chain chain = { BIO_new(BIO_s_mem()), sk_X509_new_null() };
    char folder[PERSO_PATH_BYTES];
    size_t n_certs = 0;
    enum perso_result rc = chain.out != NULL && chain.certs != NULL
                               ? trust_folder(site, folder, err)
                               : perso_error_openssl(err, "chain");

    if (rc == PERSO_OK && (rc = read_all(folder, add_pem, &chain, &n_certs, err)) == PERSO_OK)
        rc = copy_out(&chain, ret, n, err);
    sk_X509_pop_free(chain.certs, X509_free);
    BIO_free(chain.out);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}
