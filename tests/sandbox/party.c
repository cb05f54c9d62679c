#include "party.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "files.h"
#include "sm2.h"

#define SITE_FILE_BYTES 65536u

static EVP_MD_CTX *
with_id(EVP_PKEY *key, bool sign)
{
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    EVP_PKEY_CTX *c = NULL; /* belongs to m */

    sbx_need(m != NULL &&
                 (sign ? EVP_DigestSignInit(m, &c, EVP_sm3(), NULL, key)
                       : EVP_DigestVerifyInit(m, &c, EVP_sm3(), NULL, key)) == 1 &&
                 EVP_PKEY_CTX_set1_id(c, SBX_ID, (int)strlen(SBX_ID)) == 1,
             "signature");
    return m;
}

bool
sbx_verify(EVP_PKEY *key, const void *message, size_t n, const uint8_t *signature,
           size_t signature_bytes)
{
    EVP_MD_CTX *m = with_id(key, false);
    const bool good = EVP_DigestVerify(m, signature, signature_bytes, message, n) == 1;
    EVP_MD_CTX_free(m);
    return good;
}

void
sbx_sign(EVP_PKEY *key, const void *message, size_t n, uint8_t **ret, size_t *signature_bytes)
{
    EVP_MD_CTX *m = with_id(key, true);

    sbx_need(EVP_DigestSign(m, NULL, signature_bytes, message, n) == 1, "signature");
    *ret = sbx_memory(*signature_bytes, 1);
    sbx_need(EVP_DigestSign(m, *ret, signature_bytes, message, n) == 1, "signature");
    EVP_MD_CTX_free(m);
}

bool
sbx_unwrap(EVP_PKEY *key, const uint8_t *wrapped, size_t n, uint8_t out[32])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    uint8_t plain[256];
    size_t bytes = sizeof plain;

    const bool good = ctx != NULL && EVP_PKEY_decrypt_init(ctx) == 1 &&
                      EVP_PKEY_decrypt(ctx, plain, &bytes, wrapped, n) == 1 && bytes == 32;
    if (good)
        memcpy(out, plain, 32);
    OPENSSL_cleanse(plain, sizeof plain);
    EVP_PKEY_CTX_free(ctx);
    return good;
}

EVP_PKEY *
sbx_private_key(const uint8_t d[32], const uint8_t xy[64])
{
    uint8_t point[65] = { 4 };
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
    BIGNUM *number = BN_bin2bn(d, 32, NULL);
    EVP_PKEY *key = NULL;

    memcpy(point + 1, xy, 64);
    sbx_need(
        build != NULL && ctx != NULL && number != NULL &&
            OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "SM2", 0) &&
            OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) &&
            OSSL_PARAM_BLD_push_BN_pad(build, OSSL_PKEY_PARAM_PRIV_KEY, number, 32),
        "private key");
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    sbx_need(params != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
                 EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) == 1,
             "private key");
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_clear_free(number);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* Takes each certificate of the bundle by its key usage. */
static void
read_bundle(const char *path, struct sbx_site *ret)
{
    size_t n;
    uint8_t *pem = sbx_file_read(path, SITE_FILE_BYTES, &n);
    BIO *bio = BIO_new_mem_buf(pem, (int)n);
    bool seals = false;
    X509 *cert;

    *ret = (struct sbx_site) { .sender = NULL };
    sbx_need(bio != NULL, path);
    while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        const uint32_t usage = X509_get_key_usage(cert);
        if ((usage & KU_DIGITAL_SIGNATURE) != 0 && ret->sender == NULL)
            ret->sender = X509_get_pubkey(cert);
        if ((usage & KU_KEY_ENCIPHERMENT) != 0 && !seals)
            seals = sbx_public_bytes(X509_get0_pubkey(cert), ret->sealing_xy);
        X509_free(cert);
    }
    BIO_free(bio);
    free(pem);
    if (ret->sender == NULL || !seals)
        sbx_die("%s: want a certificate that signs and one that enciphers keys", path);
}

void
sbx_site_copy(const char *site, const char *dir)
{
    char from[SBX_PATH_BYTES], to[SBX_PATH_BYTES];
    struct sbx_site keys;
    size_t n, old_n;

    sbx_path(from, site, "site.cer");
    sbx_path(to, dir, "site.cer");
    read_bundle(from, &keys);
    sbx_site_free(&keys);
    char *pem = (char *)sbx_file_read(from, SITE_FILE_BYTES, &n);
    char *old = (char *)sbx_file_read_if(to, SITE_FILE_BYTES, &old_n);
    if (old != NULL && strcmp(old, pem) != 0)
        sbx_die("%s: made for another site", to);
    sbx_file_put(to, pem, n);
    free(old);
    free(pem);
}

void
sbx_site_read(const char *dir, struct sbx_site *ret)
{
    char path[SBX_PATH_BYTES];

    sbx_path(path, dir, "site.cer");
    read_bundle(path, ret);
}

void
sbx_site_free(struct sbx_site *site)
{
    EVP_PKEY_free(site->sender);
}
