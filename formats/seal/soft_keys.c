#include "formats/seal/soft_keys.h"

#include <limits.h>
#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "formats/sm2/sm3.h"
#include "perso/text.h"

#define SERIAL_BYTES 16
#define PLAIN_BYTES_MAX 512u /* room for whatever a hostile ciphertext decrypts to */

struct soft_keys {
    EVP_PKEY *sender, *sealing;
};

/* Signing context with the standard id: without it OpenSSL signs under the empty id. */
static EVP_MD_CTX *
sign_context_new(EVP_PKEY *key)
{
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    EVP_PKEY_CTX *c = NULL; /* belongs to m */

    if (m == NULL || EVP_DigestSignInit(m, &c, EVP_sm3(), NULL, key) != 1 ||
        EVP_PKEY_CTX_set1_id(c, PERSO_SM2_ID, (int)strlen(PERSO_SM2_ID)) != 1) {
        EVP_MD_CTX_free(m);
        return NULL;
    }
    return m;
}

static bool
set_serial(X509 *cert)
{
    uint8_t serial[SERIAL_BYTES];
    BIGNUM *number = NULL;
    bool ok = RAND_bytes(serial, sizeof serial) == 1;

    serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40); /* positive and of full length */
    ok = ok && (number = BN_bin2bn(serial, sizeof serial, NULL)) != NULL &&
         BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return ok;
}

static bool
set_names(X509 *cert, const char *common_name)
{
    X509_NAME *name = X509_get_subject_name(cert);
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *)common_name, -1, -1, 0) == 1 &&
           X509_set_issuer_name(cert, name) == 1;
}

static bool
set_usage(X509 *cert, bool seals)
{
    ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
    bool ok = usage != NULL && ASN1_BIT_STRING_set_bit(usage, seals ? 2 : 0, 1) == 1 &&
              X509_add1_ext_i2d(cert, NID_key_usage, usage, 1, 0) == 1;
    ASN1_BIT_STRING_free(usage);
    return ok;
}

static X509 *
certificate_new(EVP_PKEY *key, const char *common_name, bool seals)
{
    X509 *cert = X509_new();
    EVP_MD_CTX *m = sign_context_new(key);
    bool ok = cert != NULL && m != NULL && X509_set_version(cert, X509_VERSION_3) == 1 &&
              set_serial(cert) && set_names(cert, common_name) &&
              ASN1_TIME_set_string(X509_getm_notBefore(cert), "200101000000Z") == 1 &&
              ASN1_TIME_set_string(X509_getm_notAfter(cert), "491231235959Z") == 1 &&
              X509_set_pubkey(cert, key) == 1 && set_usage(cert, seals) &&
              X509_sign_ctx(cert, m) > 0;

    EVP_MD_CTX_free(m);
    if (!ok) {
        X509_free(cert);
        return NULL;
    }
    return cert;
}

/* The BIO's bytes as a NUL-terminated text of malloc. */
static char *
text_of(BIO *bio, size_t *n)
{
    char *at = NULL, *text;
    long have = BIO_get_mem_data(bio, &at);

    if (have <= 0 || (text = malloc((size_t)have + 1)) == NULL)
        return NULL;
    memcpy(text, at, (size_t)have);
    text[have] = '\0';
    *n = (size_t)have;
    return text;
}

static char *
key_text(EVP_PKEY *key, const char *password, size_t *n)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;

    if (bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_sm4_cbc(), password,
                                                     (int)strlen(password), NULL, NULL) == 1)
        text = text_of(bio, n);
    BIO_free(bio);
    return text;
}

static char *
certificate_text(X509 *cert, size_t *n)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;

    if (bio != NULL && PEM_write_bio_X509(bio, cert) == 1)
        text = text_of(bio, n);
    BIO_free(bio);
    return text;
}

enum perso_result
perso_soft_key_make(const char *common_name, bool seals, const char *password, char **key_pem,
                    size_t *key_n, char **cert_pem, size_t *cert_n, struct perso_error *err)
{
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    char *key_out = NULL, *cert_out = NULL;
    size_t key_have = 0, cert_have = 0;
    enum perso_result rc = PERSO_OK;

    if (password[0] == '\0' || strlen(password) > PEM_BUFSIZE)
        return perso_error_set(err, PERSO_REJ_NONE, "", "password must have 1 to %d bytes",
                               PEM_BUFSIZE);
    if ((key = EVP_PKEY_Q_keygen(NULL, NULL, "SM2")) == NULL ||
        (cert = certificate_new(key, common_name, seals)) == NULL ||
        (key_out = key_text(key, password, &key_have)) == NULL ||
        (cert_out = certificate_text(cert, &cert_have)) == NULL) {
        rc = perso_error_openssl(err, "key pair");
        goto out;
    }
    *key_pem = key_out;
    *key_n = key_have;
    *cert_pem = cert_out;
    *cert_n = cert_have;
    key_out = cert_out = NULL; /* the caller's now */
out:
    if (key_out != NULL)
        OPENSSL_cleanse(key_out, key_have);
    free(key_out);
    free(cert_out);
    X509_free(cert);
    EVP_PKEY_free(key);
    return rc;
}

static enum perso_result
soft_sign(void *self, struct perso_cursor message, uint8_t out[PERSO_SIGNATURE_DER_BYTES],
          size_t *n, struct perso_error *err)
{
    const struct soft_keys *keys = (const struct soft_keys *)self;
    EVP_MD_CTX *m = sign_context_new(keys->sender);
    size_t have = PERSO_SIGNATURE_DER_BYTES;
    bool ok = m != NULL && EVP_DigestSign(m, out, &have, message.at, perso_left(&message)) == 1;

    EVP_MD_CTX_free(m);
    if (!ok)
        return perso_error_openssl(err, "signature");
    *n = have;
    return PERSO_OK;
}

/* Outer form only: one SEQUENCE of minimal parts that fills the bytes. The rest is under C3. */
static bool
is_one_sequence(struct perso_cursor der)
{
    const unsigned char *p = der.at;
    size_t n = perso_left(&der);
    unsigned char *again = NULL;
    ASN1_SEQUENCE_ANY *seq =
        n <= PERSO_WRAPPED_BYTES ? d2i_ASN1_SEQUENCE_ANY(NULL, &p, (long)n) : NULL;
    int made = seq != NULL ? i2d_ASN1_SEQUENCE_ANY(seq, &again) : -1;
    bool ok = made >= 0 && (size_t)made == n && memcmp(again, der.at, n) == 0;

    OPENSSL_free(again);
    sk_ASN1_TYPE_pop_free(seq, ASN1_TYPE_free);
    return ok;
}

/* The caller wipes plain, whatever the result. */
static bool
decrypt(const struct soft_keys *keys, struct perso_cursor cipher, uint8_t plain[PLAIN_BYTES_MAX],
        size_t *n)
{
    EVP_PKEY_CTX *c = NULL;

    *n = PLAIN_BYTES_MAX;
    bool ok = is_one_sequence(cipher) &&
              (c = EVP_PKEY_CTX_new_from_pkey(NULL, keys->sealing, NULL)) != NULL &&
              EVP_PKEY_decrypt_init(c) == 1 &&
              EVP_PKEY_decrypt(c, plain, n, cipher.at, perso_left(&cipher)) == 1;
    EVP_PKEY_CTX_free(c);
    ERR_clear_error();
    return ok;
}

static enum perso_result
soft_unwrap(void *self, struct perso_cursor wrapped, uint8_t key[32], struct perso_error *err)
{
    uint8_t plain[PLAIN_BYTES_MAX];
    size_t n;
    bool ok = decrypt((const struct soft_keys *)self, wrapped, plain, &n) && n == 32;

    if (ok)
        memcpy(key, plain, 32);
    OPENSSL_cleanse(plain, sizeof plain);
    return ok ? PERSO_OK : perso_error_set(err, PERSO_REJ_PACKAGE_WRAP, "", "%s", "");
}

static enum perso_result
soft_decrypt(void *self, struct perso_cursor cipher, uint8_t out[PERSO_SM2_PLAIN_BYTES], size_t *n,
             struct perso_error *err)
{
    uint8_t plain[PLAIN_BYTES_MAX];
    bool ok =
        decrypt((const struct soft_keys *)self, cipher, plain, n) && *n <= PERSO_SM2_PLAIN_BYTES;

    if (ok)
        memcpy(out, plain, *n);
    OPENSSL_cleanse(plain, sizeof plain);
    return ok ? PERSO_OK : perso_error_set(err, PERSO_REJ_SECRET_SEAL, "", "%s", "");
}

static enum perso_result
soft_random(void *self, uint8_t *out, size_t n, struct perso_error *err)
{
    (void)self;
    if (n > INT_MAX || RAND_priv_bytes(out, (int)n) != 1)
        return perso_error_openssl(err, "random bytes");
    return PERSO_OK;
}

static void
soft_free(void *self)
{
    struct soft_keys *keys = (struct soft_keys *)self;

    if (keys == NULL)
        return;
    EVP_PKEY_free(keys->sender);
    EVP_PKEY_free(keys->sealing);
    free(keys);
}

/* Step by step rather than by PEM_read_bio_PrivateKey, which would also take a key in the clear. */
static EVP_PKEY *
decrypt_key(const uint8_t *der, long n, const char *password)
{
    const unsigned char *p = der;
    X509_SIG *sealed = d2i_X509_SIG(NULL, &p, n);
    PKCS8_PRIV_KEY_INFO *plain = NULL;
    EVP_PKEY *key = NULL;

    if (sealed != NULL && p == der + n &&
        (plain = PKCS8_decrypt(sealed, password, (int)strlen(password))) != NULL)
        key = EVP_PKCS82PKEY(plain);
    PKCS8_PRIV_KEY_INFO_free(plain);
    X509_SIG_free(sealed);
    return key;
}

static enum perso_result
read_key(struct perso_cursor pem, const char *password, const char *what, EVP_PKEY **ret,
         struct perso_error *err)
{
    size_t have = perso_left(&pem);
    BIO *bio = have <= INT_MAX ? BIO_new_mem_buf(pem.at, (int)have) : NULL;
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    long n = 0;
    EVP_PKEY *key = NULL;
    enum perso_result rc = PERSO_OK;

    if (bio == NULL || PEM_read_bio(bio, &name, &header, &der, &n) != 1)
        rc = perso_error_set(err, PERSO_REJ_NONE, "", "%s: not a PEM file", _(what));
    else if (strcmp(name, PEM_STRING_PKCS8) != 0)
        rc = perso_error_set(err, PERSO_REJ_NONE, "", "%s: not an encrypted PKCS#8 key", _(what));
    else if ((key = decrypt_key(der, n, password)) == NULL)
        rc = perso_error_set(err, PERSO_REJ_NONE, "", "%s: wrong password, or damaged", _(what));
    else if (!EVP_PKEY_is_a(key, "SM2"))
        rc = perso_error_set(err, PERSO_REJ_NONE, "", "%s: not an SM2 key", _(what));
    if (rc == PERSO_OK) {
        *ret = key;
        key = NULL; /* the caller's now */
    }
    ERR_clear_error();
    EVP_PKEY_free(key);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(der, (size_t)n);
    BIO_free(bio);
    return rc;
}

enum perso_result
perso_soft_keys_open(struct perso_cursor sender_pem, struct perso_cursor sealing_pem,
                     const char *password, struct perso_secrets *ret, struct perso_error *err)
{
    struct soft_keys *keys = calloc(1, sizeof *keys);
    enum perso_result rc;

    if (keys == NULL)
        return perso_error_errno(err, "keys");
    if ((rc = read_key(sender_pem, password, N_("sender key"), &keys->sender, err)) != PERSO_OK ||
        (rc = read_key(sealing_pem, password, N_("sealing key"), &keys->sealing, err)) !=
            PERSO_OK) {
        soft_free(keys);
        return rc;
    }
    *ret = (struct perso_secrets) { soft_sign,   soft_unwrap, soft_decrypt,
                                    soft_random, soft_free,   keys };
    return PERSO_OK;
}
