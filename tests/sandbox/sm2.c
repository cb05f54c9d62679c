/* EC_POINTs_make_affine has no successor in OpenSSL 3.0: one inversion for a whole table. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "sm2.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "hash.h"

#define WINDOWS 32u /* one for each byte of a scalar */
#define DIGITS 255u

struct sbx_curve {
    EC_GROUP *group;
    BN_CTX *ctx;
    BIGNUM *n;
    EC_POINT *sum;
    EC_POINT *table[WINDOWS][DIGITS]; /* (digit + 1) * 256^window * G, affine */
};

static void
fill_table(struct sbx_curve *c)
{
    EC_POINT *base = EC_POINT_dup(EC_GROUP_get0_generator(c->group), c->group);

    sbx_need(base != NULL, "curve");
    for (size_t w = 0; w < WINDOWS; w++) {
        for (size_t d = 0; d < DIGITS; d++) {
            EC_POINT *p = c->table[w][d] = EC_POINT_new(c->group);
            sbx_need(p != NULL, "curve");
            sbx_need(d == 0 ? EC_POINT_copy(p, base)
                            : EC_POINT_add(c->group, p, c->table[w][d - 1], base, c->ctx),
                     "curve");
        }
        sbx_need(EC_POINT_add(c->group, base, c->table[w][DIGITS - 1], base, c->ctx), "curve");
    }
    EC_POINT_free(base);
    sbx_need(EC_POINTs_make_affine(c->group, WINDOWS * DIGITS, &c->table[0][0], c->ctx), "curve");
}

struct sbx_curve *
sbx_curve_new(void)
{
    struct sbx_curve *c = sbx_memory(1, sizeof *c);

    c->group = EC_GROUP_new_by_curve_name(NID_sm2);
    c->ctx = BN_CTX_new();
    sbx_need(c->group != NULL && c->ctx != NULL, "curve");
    c->n = BN_dup(EC_GROUP_get0_order(c->group));
    c->sum = EC_POINT_new(c->group);
    sbx_need(c->n != NULL && c->sum != NULL, "curve");
    fill_table(c);
    return c;
}

void
sbx_curve_free(struct sbx_curve *c)
{
    for (size_t w = 0; w < WINDOWS; w++)
        for (size_t d = 0; d < DIGITS; d++)
            EC_POINT_free(c->table[w][d]);
    EC_POINT_free(c->sum);
    BN_free(c->n);
    BN_CTX_free(c->ctx);
    EC_GROUP_free(c->group);
    free(c);
}

static void
point_bytes(struct sbx_curve *c, const EC_POINT *p, uint8_t xy[64])
{
    BN_CTX_start(c->ctx);
    BIGNUM *x = BN_CTX_get(c->ctx), *y = BN_CTX_get(c->ctx);
    sbx_need(y != NULL && EC_POINT_get_affine_coordinates(c->group, p, x, y, c->ctx), "point");
    sbx_need(BN_bn2binpad(x, xy, 32) == 32 && BN_bn2binpad(y, xy + 32, 32) == 32, "point");
    BN_CTX_end(c->ctx);
}

/* k * G by adding table entries, one for each byte of k that is not zero; k is not 0 mod n. */
static void
multiple_of_g(struct sbx_curve *c, const uint8_t k[32], uint8_t xy[64])
{
    sbx_need(EC_POINT_set_to_infinity(c->group, c->sum), "point");
    for (size_t w = 0; w < WINDOWS; w++) {
        const uint8_t digit = k[31 - w];
        if (digit != 0)
            sbx_need(EC_POINT_add(c->group, c->sum, c->sum, c->table[w][digit - 1], c->ctx),
                     "point");
    }
    point_bytes(c, c->sum, xy);
}

/* A number 1 .. n-2. */
static void
draw_scalar(struct sbx_curve *c, struct sbx_random *random, uint8_t out[32])
{
    BN_CTX_start(c->ctx);
    BIGNUM *v = BN_CTX_get(c->ctx), *top = BN_CTX_get(c->ctx);
    sbx_need(top != NULL && BN_copy(top, c->n) != NULL && BN_sub_word(top, 1), "scalar");
    do {
        sbx_random_bytes(random, out, 32);
        sbx_need(BN_bin2bn(out, 32, v) != NULL, "scalar");
    } while (BN_is_zero(v) || BN_cmp(v, top) >= 0);
    BN_CTX_end(c->ctx);
}

void
sbx_key_make(struct sbx_curve *curve, struct sbx_random *random, struct sbx_key *ret)
{
    draw_scalar(curve, random, ret->d);
    multiple_of_g(curve, ret->d, ret->xy);
}

static const uint8_t curve_constants[] = {
    /* a */
    0xFF,
    0xFF,
    0xFF,
    0xFE,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0x00,
    0x00,
    0x00,
    0x00,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFC,
    /* b */
    0x28,
    0xE9,
    0xFA,
    0x9E,
    0x9D,
    0x9F,
    0x5E,
    0x34,
    0x4D,
    0x5A,
    0x9E,
    0x4B,
    0xCF,
    0x65,
    0x09,
    0xA7,
    0xF3,
    0x97,
    0x89,
    0xF5,
    0x15,
    0xAB,
    0x8F,
    0x92,
    0xDD,
    0xBC,
    0xBD,
    0x41,
    0x4D,
    0x94,
    0x0E,
    0x93,
    /* G */
    0x32,
    0xC4,
    0xAE,
    0x2C,
    0x1F,
    0x19,
    0x81,
    0x19,
    0x5F,
    0x99,
    0x04,
    0x46,
    0x6A,
    0x39,
    0xC9,
    0x94,
    0x8F,
    0xE3,
    0x0B,
    0xBF,
    0xF2,
    0x66,
    0x0B,
    0xE1,
    0x71,
    0x5A,
    0x45,
    0x89,
    0x33,
    0x4C,
    0x74,
    0xC7,
    0xBC,
    0x37,
    0x36,
    0xA2,
    0xF4,
    0xF6,
    0x77,
    0x9C,
    0x59,
    0xBD,
    0xCE,
    0xE3,
    0x6B,
    0x69,
    0x21,
    0x53,
    0xD0,
    0xA9,
    0x87,
    0x7C,
    0xC6,
    0x2A,
    0x47,
    0x40,
    0x02,
    0xDF,
    0x32,
    0xE5,
    0x21,
    0x39,
    0xF0,
    0xA0,
};

void
sbx_z(const uint8_t xy[64], const char *id, uint8_t out[32])
{
    uint8_t message[2 + 64 + sizeof curve_constants + 64];
    const size_t n = strlen(id);

    sbx_need(n <= 64, "SM2 id too long");
    message[0] = (uint8_t)(n * 8 >> 8);
    message[1] = (uint8_t)(n * 8);
    memcpy(message + 2, id, n);
    memcpy(message + 2 + n, curve_constants, sizeof curve_constants);
    memcpy(message + 2 + n + sizeof curve_constants, xy, 64);
    sbx_sm3(message, 2 + n + sizeof curve_constants + 64, out);
}

void
sbx_e(const uint8_t xy[64], const char *id, const void *message, size_t n, uint8_t out[32])
{
    uint8_t *whole = sbx_memory(32 + n, 1);

    sbx_z(xy, id, whole);
    memcpy(whole + 32, message, n);
    sbx_sm3(whole, 32 + n, out);
    free(whole);
}

void
sbx_sign_e(struct sbx_curve *c, const uint8_t d[32], const uint8_t e[32], struct sbx_random *nonce,
           uint8_t rs[64])
{
    uint8_t k_bytes[32], point[64];
    bool good = false;

    BN_CTX_start(c->ctx);
    BIGNUM *key = BN_CTX_get(c->ctx), *k = BN_CTX_get(c->ctx), *r = BN_CTX_get(c->ctx);
    BIGNUM *s = BN_CTX_get(c->ctx), *t = BN_CTX_get(c->ctx);
    sbx_need(t != NULL && BN_bin2bn(d, 32, key) != NULL, "signature");
    while (!good) {
        draw_scalar(c, nonce, k_bytes);
        multiple_of_g(c, k_bytes, point);
        /* r = e + x1; s = (k - r d) / (1 + d), all mod n (GB/T 32918.2 6.1) */
        sbx_need(BN_bin2bn(k_bytes, 32, k) != NULL && BN_bin2bn(e, 32, r) != NULL &&
                     BN_bin2bn(point, 32, t) != NULL && BN_mod_add(r, r, t, c->n, c->ctx) &&
                     BN_mod_mul(t, r, key, c->n, c->ctx) && BN_mod_sub(s, k, t, c->n, c->ctx) &&
                     BN_copy(t, key) != NULL && BN_add_word(t, 1) &&
                     BN_mod_inverse(t, t, c->n, c->ctx) != NULL &&
                     BN_mod_mul(s, s, t, c->n, c->ctx) && BN_add(t, r, k),
                 "signature");
        good = !BN_is_zero(r) && !BN_is_zero(s) && BN_cmp(t, c->n) != 0;
    }
    sbx_need(BN_bn2binpad(r, rs, 32) == 32 && BN_bn2binpad(s, rs + 32, 32) == 32, "signature");
    BN_CTX_end(c->ctx);
}

static void
shared_point(struct sbx_curve *c, const uint8_t xy[64], const uint8_t k_bytes[32], uint8_t out[64])
{
    BN_CTX_start(c->ctx);
    BIGNUM *x = BN_CTX_get(c->ctx), *y = BN_CTX_get(c->ctx), *k = BN_CTX_get(c->ctx);
    EC_POINT *p = EC_POINT_new(c->group);
    sbx_need(k != NULL && p != NULL && BN_bin2bn(xy, 32, x) != NULL &&
                 BN_bin2bn(xy + 32, 32, y) != NULL && BN_bin2bn(k_bytes, 32, k) != NULL &&
                 EC_POINT_set_affine_coordinates(c->group, p, x, y, c->ctx) &&
                 EC_POINT_mul(c->group, p, NULL, p, k, c->ctx),
             "encryption");
    point_bytes(c, p, out);
    EC_POINT_free(p);
    BN_CTX_end(c->ctx);
}

void
sbx_encrypt16(struct sbx_curve *c, const uint8_t xy[64], const uint8_t plain[16],
              struct sbx_random *nonce, struct sbx_cipher16 *ret)
{
    uint8_t k[32], c1[64], shared[68], stream[32], hashed[32 + 16 + 32];

    draw_scalar(c, nonce, k);
    multiple_of_g(c, k, c1);
    shared_point(c, xy, k, shared);
    memcpy(shared + 64, "\0\0\0\1", 4);
    sbx_sm3(shared, sizeof shared, stream);
    for (size_t i = 0; i < 16; i++)
        ret->cipher[i] = plain[i] ^ stream[i];
    memcpy(hashed, shared, 32);
    memcpy(hashed + 32, plain, 16);
    memcpy(hashed + 48, shared + 32, 32);
    sbx_sm3(hashed, sizeof hashed, ret->hash);
    memcpy(ret->x, c1, 32);
    memcpy(ret->y, c1 + 32, 32);
}

EVP_PKEY *
sbx_public_key(const uint8_t xy[64])
{
    uint8_t point[65] = { 4 };
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
    char group[] = "SM2";

    memcpy(point + 1, xy, 64);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_end(),
    };
    sbx_need(ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1, "public key");
    if (EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    return key;
}

bool
sbx_public_bytes(EVP_PKEY *key, uint8_t xy[64])
{
    BIGNUM *x = NULL, *y = NULL;

    /* The coordinates, in whatever form the point was written. */
    const bool good = key != NULL && EVP_PKEY_is_a(key, "SM2") &&
                      EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
                      EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
                      BN_bn2binpad(x, xy, 32) == 32 && BN_bn2binpad(y, xy + 32, 32) == 32;
    BN_free(x);
    BN_free(y);
    return good;
}
