/*
 * JMMY at the last gate: of the form that this machine takes, over the key of JMZS, and, where the
 * chips are known, it opens with the card's private key to the private key of JMZS. Everything by
 * OpenSSL.
 */
#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <stdlib.h>
#include <string.h>

#include "der.h"
#include "fail.h"
#include "machine.h"
#include "request.h"
#include "sample.h"

#define BLOB_BYTES 388u

/* ---- chips ---- */

static int
by_key(const void *a, const void *b)
{
    const struct sbx_key *x = a, *y = b;
    return memcmp(x->xy, y->xy, sizeof x->xy);
}

void
sbx_machine_chips_load(struct sbx_machine *m, const char *sample)
{
    struct sbx_sample s = { .dir = NULL };

    sbx_sample_arguments_read(&s, sample);
    m->n_chips = s.cards;
    m->chips = sbx_memory(m->n_chips, sizeof *m->chips);
    for (uint32_t i = 0; i < s.cards; i++)
        sbx_sample_key(&s, i, &m->chips[i]);
    qsort(m->chips, m->n_chips, sizeof *m->chips, by_key);
    sbx_sample_end(&s);
}

void
sbx_machine_chips_free(struct sbx_machine *m)
{
    if (m->n_chips != 0)
        OPENSSL_cleanse(m->chips, m->n_chips * sizeof *m->chips);
    free(m->chips);
}

/* ---- the two forms ---- */

/* What a chip is given: the session key under its own key, d under the session key. */
struct envelope {
    uint8_t xy[64], encrypted[32];
    struct sbx_der cipher; /* SM2Cipher */
};

static bool
is_number(const uint8_t *at, uint32_t want)
{
    for (int i = 0; i < 4; i++)
        if (at[i] != (uint8_t)(want >> 8 * i))
            return false;
    return true;
}

/* ENVELOPEDKEYBLOB (DOMAIN 5.9): numbers stand right-aligned in 64 bytes. */
static bool
read_blob(const uint8_t *blob, size_t n, struct envelope *ret)
{
    static const uint8_t zeros[32];
    static const size_t padded[] = { 12, 80, 144, 208, 272 };

    if (n != BLOB_BYTES || !is_number(blob, 1) || !is_number(blob + 4, 0x401) ||
        !is_number(blob + 8, 256) || !is_number(blob + 76, 256) || !is_number(blob + 368, 16))
        return false;
    for (size_t i = 0; i < sizeof padded / sizeof padded[0]; i++)
        if (memcmp(blob + padded[i], zeros, sizeof zeros) != 0)
            return false;
    memcpy(ret->encrypted, blob + 44, 32);
    memcpy(ret->xy, blob + 112, 32);
    memcpy(ret->xy + 32, blob + 176, 32);
    const size_t cipher = sbx_der_open(&ret->cipher, 0x30);
    sbx_der_unsigned(&ret->cipher, blob + 240, 32);
    sbx_der_unsigned(&ret->cipher, blob + 304, 32);
    sbx_der_put(&ret->cipher, 0x04, blob + 336, 32);
    sbx_der_put(&ret->cipher, 0x04, blob + 372, 16);
    sbx_der_close(&ret->cipher, cipher);
    return true;
}

static bool
take_bits(const ASN1_TYPE *type, size_t n, const uint8_t **ret)
{
    if (type->type != V_ASN1_BIT_STRING || (size_t)ASN1_STRING_length(type->value.asn1_string) != n)
        return false;
    *ret = ASN1_STRING_get0_data(type->value.asn1_string);
    return true;
}

/* SM2EnvelopedKey (GM/T 0009). */
static bool
read_sequence(const uint8_t *der, size_t n, struct envelope *ret)
{
    const uint8_t *at = der, *point, *encrypted;
    ASN1_SEQUENCE_ANY *all = d2i_ASN1_SEQUENCE_ANY(NULL, &at, (long)n);
    bool good = all != NULL && at == der + n && sk_ASN1_TYPE_num(all) == 4 &&
                sk_ASN1_TYPE_value(all, 1)->type == V_ASN1_SEQUENCE &&
                take_bits(sk_ASN1_TYPE_value(all, 2), 65, &point) && point[0] == 4 &&
                take_bits(sk_ASN1_TYPE_value(all, 3), 32, &encrypted);

    if (good) {
        const ASN1_STRING *cipher = sk_ASN1_TYPE_value(all, 1)->value.sequence;
        memcpy(ret->xy, point + 1, 64);
        memcpy(ret->encrypted, encrypted, 32);
        sbx_der_raw(&ret->cipher, ASN1_STRING_get0_data(cipher),
                    (size_t)ASN1_STRING_length(cipher));
    }
    sk_ASN1_TYPE_pop_free(all, ASN1_TYPE_free);
    return good;
}

/* ---- opening ---- */

static bool
decrypt_session(EVP_PKEY *card, const struct sbx_der *cipher, uint8_t session[16])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(card, NULL);
    uint8_t plain[256];
    size_t n = sizeof plain;
    const bool good = ctx != NULL && EVP_PKEY_decrypt_init(ctx) == 1 &&
                      EVP_PKEY_decrypt(ctx, plain, &n, cipher->bytes, cipher->n) == 1 && n == 16;

    if (good)
        memcpy(session, plain, 16);
    EVP_PKEY_CTX_free(ctx);
    return good;
}

static void
decrypt_private(const uint8_t session[16], const uint8_t encrypted[32], uint8_t d[32])
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;

    sbx_need(ctx != NULL && EVP_DecryptInit_ex(ctx, EVP_sm4_ecb(), NULL, session, NULL) == 1 &&
                 EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
                 EVP_DecryptUpdate(ctx, d, &n, encrypted, 32) == 1 && n == 32,
             "SM4");
    EVP_CIPHER_CTX_free(ctx);
}

/* d * G by OpenSSL. */
static bool
is_private_of(const uint8_t d[32], const uint8_t xy[64])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_sm2);
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *n = BN_bin2bn(d, 32, NULL);
    uint8_t bytes[65] = { 0 };

    sbx_need(n != NULL && point != NULL && EC_POINT_mul(group, point, n, NULL, NULL, NULL) == 1,
             "d * G");
    const size_t length =
        EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof bytes, NULL);
    BN_clear_free(n);
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return length == sizeof bytes && memcmp(bytes + 1, xy, 64) == 0;
}

static void
check_opens(const struct sbx_machine *m, const char *path, uint32_t line, const uint8_t card[64],
            const struct envelope *e)
{
    struct sbx_key wanted;
    uint8_t session[16], d[32];

    memcpy(wanted.xy, card, sizeof wanted.xy);
    const struct sbx_key *chip = bsearch(&wanted, m->chips, m->n_chips, sizeof *m->chips, by_key);
    if (chip == NULL)
        sbx_die("%s:%u: QMGY: no chip has this key", path, line);
    EVP_PKEY *key = sbx_private_key(chip->d, chip->xy);
    if (!decrypt_session(key, &e->cipher, session))
        sbx_die("%s:%u: JMMY: the card's key does not open it", path, line);
    decrypt_private(session, e->encrypted, d);
    const bool good = is_private_of(d, e->xy);
    OPENSSL_cleanse(session, sizeof session);
    OPENSSL_cleanse(d, sizeof d);
    EVP_PKEY_free(key);
    if (!good)
        sbx_die("%s:%u: JMMY: opens to another private key than JMZS's", path, line);
}

void
sbx_machine_envelope_check(const struct sbx_machine *m, const char *path, uint32_t line,
                           const uint8_t *bytes, size_t n, const uint8_t card[64],
                           const uint8_t encryption[64])
{
    struct envelope e = { .cipher = { .n = 0 } };

    if (m->takes == SBX_TAKES_ANY)
        return;
    if (m->takes == SBX_TAKES_SKF && !read_blob(bytes, n, &e))
        sbx_die("%s:%u: JMMY: not an ENVELOPEDKEYBLOB of 388 bytes", path, line);
    if (m->takes == SBX_TAKES_ASN1 && !read_sequence(bytes, n, &e))
        sbx_die("%s:%u: JMMY: not an SM2EnvelopedKey", path, line);
    if (memcmp(encryption, e.xy, sizeof e.xy) != 0)
        sbx_die("%s:%u: JMMY: not the key of JMZS", path, line);
    if (m->chips != NULL)
        check_opens(m, path, line, card, &e);
}
