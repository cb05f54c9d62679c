#include "formats/seal/peer.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "formats/sm2/sm2.h"
#include "formats/sm2/sm3.h"

#define PEER_FILE_BYTES 65536u /* two certificates of 8 KiB in PEM, with a listing before each */

static enum perso_result
refuse(struct perso_error *err, enum perso_reject reject, const char *text)
{
    ERR_clear_error();
    return perso_error_set(err, reject, "", "%s", text);
}

/* Only the uncompressed form of the point: both ends then hold the same 64 bytes. */
static bool
sm2_point(X509 *cert, uint8_t out[PERSO_POINT_BYTES])
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    uint8_t point[1 + PERSO_POINT_BYTES];
    size_t n = 0;

    if (key == NULL || !EVP_PKEY_is_a(key, "SM2") ||
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &n) !=
            1 ||
        n != sizeof point || point[0] != POINT_CONVERSION_UNCOMPRESSED)
        return false;
    memcpy(out, point + 1, PERSO_POINT_BYTES);
    return perso_sm2_on_curve(out);
}

/* Note one certificate's key under what its key usage allows. */
static enum perso_result
take_certificate(struct perso_peer *peer, X509 *cert, struct perso_error *err)
{
    uint8_t point[PERSO_POINT_BYTES];
    uint32_t usage = X509_get_key_usage(cert);
    bool signs = (usage & KU_DIGITAL_SIGNATURE) != 0;
    bool seals = (usage & (KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT)) != 0;

    if (!sm2_point(cert, point))
        return refuse(err, PERSO_REJ_CERT_ALGORITHM, "key is not an SM2 point");
    if (usage == UINT32_MAX || (!signs && !seals))
        return refuse(err, PERSO_REJ_CERT_USAGE, "neither signs nor enciphers keys");
    if ((signs && peer->signs) || (seals && peer->seals))
        return refuse(err, PERSO_REJ_CERT_USAGE, "two certificates of the same usage");
    if (signs)
        memcpy(peer->signing_key, point, sizeof point);
    if (seals)
        memcpy(peer->sealing_key, point, sizeof point);
    peer->signs |= signs;
    peer->seals |= seals;
    return PERSO_OK;
}

static enum perso_result
take_der(struct perso_peer *peer, const uint8_t *der, size_t n, struct perso_error *err)
{
    const unsigned char *p = der;
    X509 *cert = n <= PERSO_CERTIFICATE_DER_BYTES ? d2i_X509(NULL, &p, (long)n) : NULL;
    enum perso_result rc;

    if (cert == NULL)
        rc = refuse(err, PERSO_REJ_CERT_SYNTAX, "");
    else if (p != der + n)
        rc = refuse(err, PERSO_REJ_CERT_TRAILING, "");
    else
        rc = take_certificate(peer, cert, err);
    X509_free(cert);
    return rc;
}

/* A private key or anything else that strayed into the file refuses it. */
static enum perso_result
take_block(struct perso_peer *peer, BIO *bio, bool *end, struct perso_error *err)
{
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    long n = 0;
    enum perso_result rc = PERSO_OK;

    if (PEM_read_bio(bio, &name, &header, &der, &n) != 1) {
        *end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
        ERR_clear_error();
        return *end ? PERSO_OK : refuse(err, PERSO_REJ_CERT_SYNTAX, "PEM is damaged");
    }
    if (strcmp(name, PEM_STRING_X509) != 0 || header[0] != '\0')
        rc = refuse(err, PERSO_REJ_FILE_FORMAT, "PEM holds more than certificates");
    else
        rc = take_der(peer, der, (size_t)n, err);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(der, (size_t)n);
    return rc;
}

static enum perso_result
take_pem(struct perso_peer *peer, struct perso_cursor file, struct perso_error *err)
{
    BIO *bio = BIO_new_mem_buf(file.at, (int)perso_left(&file));
    enum perso_result rc = PERSO_OK;
    bool end = false;

    if (bio == NULL)
        return perso_error_openssl(err, "certificate");
    /* A third certificate must repeat a usage, so this ends at the latest there. */
    while (!end && rc == PERSO_OK)
        rc = take_block(peer, bio, &end, err);
    BIO_free(bio);
    if (rc == PERSO_OK && !peer->signs && !peer->seals)
        rc = refuse(err, PERSO_REJ_CERT_SYNTAX, "no certificate");
    return rc;
}

enum perso_result
perso_peer_read(const char *name, struct perso_cursor file, struct perso_peer *ret,
                struct perso_error *err)
{
    struct perso_peer peer = { 0 };
    size_t n = perso_left(&file);
    enum perso_result rc;

    if (strlen(name) >= sizeof peer.name)
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "", "peer's name is too long");
    if (n == 0)
        return perso_error_set(err, PERSO_REJ_FILE_EMPTY, "", "%s", "");
    if (n > PEER_FILE_BYTES)
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "", "have %zu bytes, at most %u", n,
                               PEER_FILE_BYTES);
    snprintf(peer.name, sizeof peer.name, "%s", name);
    if (file.at[0] == 0x30) /* SEQUENCE: one DER certificate */
        rc = take_der(&peer, file.at, n, err);
    else
        rc = take_pem(&peer, file, err);
    if (rc == PERSO_OK)
        *ret = peer;
    return rc;
}

/* r || s of a signature in DER, in its one form: what is written anew is what was read. */
static bool
signature_split(struct perso_cursor der, uint8_t rs[64])
{
    const unsigned char *p = der.at;
    size_t n = perso_left(&der);
    unsigned char again[PERSO_SIGNATURE_DER_BYTES], *q = again;
    ECDSA_SIG *sig = n <= sizeof again ? d2i_ECDSA_SIG(NULL, &p, (long)n) : NULL;
    bool ok = false;

    if (sig != NULL && p == der.end && i2d_ECDSA_SIG(sig, NULL) == (int)n) {
        i2d_ECDSA_SIG(sig, &q);
        ok = memcmp(again, der.at, n) == 0 && BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, 32) == 32 &&
             BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + 32, 32) == 32;
    }
    ECDSA_SIG_free(sig);
    ERR_clear_error();
    return ok;
}

static enum perso_result
judge(const struct perso_peer *peer, const uint8_t e[PERSO_SM3_BYTES],
      const uint8_t rs[PERSO_POINT_BYTES], struct perso_error *err)
{
    struct perso_sm2_item item = { peer->signing_key, e, rs };
    enum perso_sm2_verdict verdict = PERSO_SM2_REJECTED;
    enum perso_result rc = perso_sm2_verify(NULL, &item, 1, &verdict, err);

    if (rc == PERSO_OK && verdict != PERSO_SM2_ACCEPTED)
        return perso_error_set(err, PERSO_REJ_PACKAGE_SIGNER, "", "signature of %s is not valid",
                               peer->name);
    return rc;
}

static enum perso_result
take_signature(const struct perso_peer *peer, struct perso_cursor signature, uint8_t rs[64],
               struct perso_error *err)
{
    if (!peer->signs)
        return perso_error_set(err, PERSO_REJ_PACKAGE_SIGNER, "", "%s has no signing certificate",
                               peer->name);
    if (!signature_split(signature, rs))
        return perso_error_set(err, PERSO_REJ_PACKAGE_SIGNER, "", "not a DER signature");
    return PERSO_OK;
}

enum perso_result
perso_peer_verify(const struct perso_peer *peer, struct perso_cursor message,
                  struct perso_cursor signature, struct perso_error *err)
{
    uint8_t rs[64], e[PERSO_SM3_BYTES];
    enum perso_result rc = take_signature(peer, signature, rs, err);

    if (rc != PERSO_OK)
        return rc;
    if (!perso_sm2_e(peer->signing_key, PERSO_SM2_ID, message, e))
        return perso_error_openssl(err, "signature");
    return judge(peer, e, rs, err);
}

/* e = SM3(Z || message) */
static enum perso_result
digest_source(const struct perso_peer *peer, const struct perso_source *message,
              uint8_t e[PERSO_SM3_BYTES], struct perso_error *err)
{
    struct perso_sm3 *sm3 = perso_sm3_new();
    uint8_t buffer[16384];
    size_t n = 0;
    enum perso_result rc = PERSO_OK;
    bool ok = sm3 != NULL && perso_sm2_z(peer->signing_key, PERSO_SM2_ID, e) &&
              perso_sm3_add(sm3, e, PERSO_SM3_BYTES);

    while (ok && (rc = perso_source_read(message, buffer, sizeof buffer, &n, err)) == PERSO_OK)
        ok = perso_sm3_add(sm3, buffer, n);
    ok = ok && (rc != PERSO_END || perso_sm3_end(sm3, e));
    perso_sm3_free(sm3);
    OPENSSL_cleanse(buffer, sizeof buffer); /* a return may carry secrets */
    if (!ok)
        return perso_error_openssl(err, "signature");
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_peer_verify_source(const struct perso_peer *peer, const struct perso_source *message,
                         struct perso_cursor signature, struct perso_error *err)
{
    uint8_t rs[64], e[PERSO_SM3_BYTES];
    enum perso_result rc = take_signature(peer, signature, rs, err);

    if (rc != PERSO_OK || (rc = digest_source(peer, message, e, err)) != PERSO_OK)
        return rc;
    return judge(peer, e, rs, err);
}

static EVP_PKEY *
public_key_new(const uint8_t xy[PERSO_POINT_BYTES])
{
    char group[] = "SM2";
    uint8_t point[1 + PERSO_POINT_BYTES] = { POINT_CONVERSION_UNCOMPRESSED };
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
    EVP_PKEY *key = NULL;

    memcpy(point + 1, xy, PERSO_POINT_BYTES);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_end(),
    };
    if (c != NULL && EVP_PKEY_fromdata_init(c) == 1)
        EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(c);
    return key;
}

enum perso_result
perso_wrap_key(const uint8_t public_key[PERSO_POINT_BYTES], const uint8_t key[32],
               uint8_t out[PERSO_WRAPPED_BYTES], size_t *n, struct perso_error *err)
{
    EVP_PKEY *to = public_key_new(public_key);
    EVP_PKEY_CTX *c = to != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, to, NULL) : NULL;
    size_t have = 0;
    bool ok = c != NULL && EVP_PKEY_encrypt_init(c) == 1 &&
              EVP_PKEY_encrypt(c, NULL, &have, key, 32) == 1 && have <= PERSO_WRAPPED_BYTES &&
              EVP_PKEY_encrypt(c, out, &have, key, 32) == 1;

    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(to);
    if (!ok)
        return perso_error_openssl(err, "wrap");
    *n = have;
    return PERSO_OK;
}
