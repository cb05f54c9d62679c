/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <pthread.h>
#include <string.h>

#include "formats/base/encode.h"
#include "formats/sm2/sm2.h"

/* The example of GB/T 32918.5-2017 A.2: public key, e, r, s; its private key. */
struct example {
    uint8_t key[64], e[32], rs[64], d[32];
};

static const char n_hex[] = "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123";

static void
from_hex(const char *hex, uint8_t *out, size_t n)
{
    assert_true(perso_hex_decode(hex, strlen(hex), out, n));
}

static struct example
standard_example(void)
{
    struct example x;

    from_hex("09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
             "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13",
             x.key, 64);
    from_hex("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640", x.e, 32);
    from_hex("F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
             "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA",
             x.rs, 64);
    from_hex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8", x.d, 32);
    return x;
}

static bool
holds(const struct example *x)
{
    struct perso_sm2_item item = { x->key, x->e, x->rs };
    struct perso_error err = { 0 };
    enum perso_sm2_verdict verdict;

    assert_int_equal(perso_sm2_verify(NULL, &item, 1, &verdict, &err), PERSO_OK);
    return verdict == PERSO_SM2_ACCEPTED;
}

/* The independent judge: EVP_PKEY_fromdata and EVP_PKEY_verify. */
static bool
openssl_holds(const struct example *x)
{
    uint8_t point[65] = { 4 }, *der = NULL;
    char curve[] = "SM2";
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
    ECDSA_SIG *signature = ECDSA_SIG_new();
    bool ret = false;

    memcpy(point + 1, x->key, 64);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_end(),
    };
    ECDSA_SIG_set0(signature, BN_bin2bn(x->rs, 32, NULL), BN_bin2bn(x->rs + 32, 32, NULL));
    int n = i2d_ECDSA_SIG(signature, &der);
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    if (EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) == 1) {
        EVP_PKEY_CTX *verify = EVP_PKEY_CTX_new(key, NULL);
        assert_int_equal(EVP_PKEY_verify_init(verify), 1);
        ret = EVP_PKEY_verify(verify, der, (size_t)n, x->e, 32) == 1;
        EVP_PKEY_CTX_free(verify);
    }
    ERR_clear_error();
    OPENSSL_free(der);
    ECDSA_SIG_free(signature);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return ret;
}

static void
standards_example_holds(void **state) /* GB/T 32918.5-2017 A.2 */
{
    struct example x = standard_example();

    (void)state;
    assert_true(holds(&x));
    assert_true(openssl_holds(&x));
}

static void
r_and_s_out_of_range_are_rejected(void **state) /* GB/T 32918.2 7.1 B1, B2, B5 */
{
    struct example x;
    uint8_t n[32], over[32];

    (void)state;
    from_hex(n_hex, n, 32);
    memset(over, 0xff, 32);
    for (int half = 0; half < 2; half++) {
        x = standard_example();
        memset(x.rs + 32 * half, 0, 32);
        assert_false(holds(&x));
        memcpy(x.rs + 32 * half, n, 32);
        assert_false(holds(&x));
        x.rs[32 * half + 31]--; /* n - 1 is in range, and wrong */
        assert_false(holds(&x));
        memcpy(x.rs + 32 * half, over, 32);
        assert_false(holds(&x));
    }
}

/* out = (a - b) mod n */
static void
subtract_mod_n(const BIGNUM *a, const BIGNUM *b, uint8_t out[32])
{
    BN_CTX *bn = BN_CTX_new();
    BIGNUM *n = NULL, *r = BN_new();

    assert_int_not_equal(BN_hex2bn(&n, n_hex), 0);
    assert_int_equal(BN_mod_sub(r, a, b, n, bn), 1);
    assert_int_equal(BN_bn2binpad(r, out, 32), 32);
    BN_free(r);
    BN_free(n);
    BN_CTX_free(bn);
}

static void
r_plus_s_of_n_is_rejected(void **state) /* GB/T 32918.2 7.1 B5: t = 0 */
{
    struct example x = standard_example();
    BIGNUM *zero = BN_new(), *r = BN_bin2bn(x.rs, 32, NULL);

    (void)state;
    BN_zero(zero);
    subtract_mod_n(zero, r, x.rs + 32);
    assert_false(holds(&x));
    assert_false(openssl_holds(&x));
    BN_free(r);
    BN_free(zero);
}

static void
sum_at_infinity_is_rejected(void **state) /* GB/T 32918.2 7.1 B6: sG + tP = O, s = -td */
{
    struct example x = standard_example();
    BN_CTX *bn = BN_CTX_new();
    BIGNUM *n = NULL, *d = BN_bin2bn(x.d, 32, NULL), *t = BN_new(), *td = BN_new(),
           *zero = BN_new(), *s;

    (void)state;
    BN_hex2bn(&n, n_hex);
    BN_zero(zero);
    BN_set_word(t, 12345);
    BN_mod_mul(td, t, d, n, bn);
    subtract_mod_n(zero, td, x.rs + 32);
    s = BN_bin2bn(x.rs + 32, 32, NULL);
    subtract_mod_n(t, s, x.rs);
    assert_false(holds(&x));
    memset(x.e, 0, 32);
    assert_false(holds(&x));
    BN_free(s);
    BN_free(zero);
    BN_free(td);
    BN_free(t);
    BN_free(d);
    BN_free(n);
    BN_CTX_free(bn);
}

/* Every seventh bit of key, e, r and s turned: both verdicts are the same (GB/T 32918.2 7). */
static void
turned_bits_are_judged_as_openssl_does(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 160 * 8; bit += 7) {
        struct example x = standard_example();
        uint8_t all[160];
        memcpy(all, x.key, 64);
        memcpy(all + 64, x.e, 32);
        memcpy(all + 96, x.rs, 64);
        all[bit / 8] ^= (uint8_t)(1u << bit % 8);
        memcpy(x.key, all, 64);
        memcpy(x.e, all + 64, 32);
        memcpy(x.rs, all + 96, 64);
        assert_int_equal(holds(&x), openssl_holds(&x));
        assert_false(holds(&x));
    }
}

static void
key_must_be_on_the_curve(void **state) /* GB/T 32918.1 6.2.1 */
{
    struct example x = standard_example();
    struct perso_sm2_signer *signer = NULL;
    struct perso_error err = { 0 };

    (void)state;
    assert_true(perso_sm2_on_curve(x.key));
    x.key[63] ^= 1;
    assert_false(perso_sm2_on_curve(x.key));
    assert_false(holds(&x));
    assert_int_equal(perso_sm2_signer_new(x.key, &signer, &err), PERSO_REJECT);
    assert_int_equal(err.reject, PERSO_REJ_KEY_CURVE);
    assert_null(signer);
    memset(x.key, 0, sizeof x.key);
    assert_false(perso_sm2_on_curve(x.key));
    memset(x.key, 0xff, sizeof x.key);
    assert_false(perso_sm2_on_curve(x.key));
    assert_int_equal(ERR_peek_error(), 0); /* nothing is left for the caller to stumble over */
}

/* x and x + p are one point to OpenSSL; only x is a coordinate. */
static void
coordinates_of_p_and_more_are_refused(void **state)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_sm2);
    EC_POINT *point = EC_POINT_new(group);
    BN_CTX *bn = BN_CTX_new();
    BIGNUM *x = BN_new(), *y = BN_new();
    uint8_t key[64];
    BN_ULONG small = 1;

    (void)state;
    do {
        BN_set_word(x, small++);
    } while (EC_POINT_set_compressed_coordinates(group, point, x, 0, bn) != 1);
    ERR_clear_error();
    assert_int_equal(EC_POINT_get_affine_coordinates(group, point, x, y, bn), 1);
    BN_bn2binpad(x, key, 32);
    BN_bn2binpad(y, key + 32, 32);
    assert_true(perso_sm2_on_curve(key));
    BN_add(x, x, EC_GROUP_get0_field(group));
    assert_int_equal(BN_bn2binpad(x, key, 32), 32);
    assert_int_equal(EC_POINT_set_affine_coordinates(group, point, x, y, bn), 1);
    assert_false(perso_sm2_on_curve(key));
    BN_free(y);
    BN_free(x);
    BN_CTX_free(bn);
    EC_POINT_free(point);
    EC_GROUP_free(group);
}

/* Points of the curve by OpenSSL, each with one bit turned, and coordinates near 0 and p. */
static void
on_curve_agrees_with_openssl(void **state)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_sm2);
    const BIGNUM *p = EC_GROUP_get0_field(group);
    EC_POINT *point = EC_POINT_new(group);
    BN_CTX *bn = BN_CTX_new();
    BIGNUM *x = BN_new(), *y = BN_new();
    uint8_t key[64];

    (void)state;
    for (unsigned i = 0; i < 4000; i++) {
        if (i % 4 == 0)
            BN_rand_range(x, p);
        else if (i % 4 == 1)
            BN_set_word(x, i / 4);
        else if (i % 4 == 2)
            assert_true(BN_copy(x, p) != NULL && BN_sub_word(x, i / 4 + 1));
        else
            assert_true(BN_one(x) && BN_lshift(x, x, (int)(i / 4 % 256)));
        if (BN_cmp(x, p) >= 0 ||
            EC_POINT_set_compressed_coordinates(group, point, x, (int)(i & 1), bn) != 1)
            continue;
        EC_POINT_get_affine_coordinates(group, point, x, y, bn);
        BN_bn2binpad(x, key, 32);
        BN_bn2binpad(y, key + 32, 32);
        assert_true(perso_sm2_on_curve(key));
        key[i % 64] ^= (uint8_t)(1u << (i / 64 % 8));
        BN_bin2bn(key, 32, x);
        BN_bin2bn(key + 32, 32, y);
        bool good = BN_cmp(x, p) < 0 && BN_cmp(y, p) < 0 &&
                    EC_POINT_set_affine_coordinates(group, point, x, y, bn) == 1;
        assert_int_equal(perso_sm2_on_curve(key), good);
    }
    ERR_clear_error();
    BN_free(y);
    BN_free(x);
    BN_CTX_free(bn);
    EC_POINT_free(point);
    EC_GROUP_free(group);
}

/* Where the curve has points of X, they are Y and p - Y, one even and one odd. */
static void
points_are_decompressed_as_openssl_does(void **state) /* GB/T 32918.1 A.5.2 */
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_sm2);
    EC_POINT *point = EC_POINT_new(group);
    struct example x = standard_example();
    size_t found = 0;

    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        uint8_t compressed[33], want[65], have[64];
        compressed[0] = 2 | (i & 1);
        memcpy(compressed + 1, x.key, 32);
        compressed[1 + i % 32] ^= (uint8_t)(i / 32 + (i != 0));
        bool there = EC_POINT_oct2point(group, point, compressed, sizeof compressed, NULL) == 1;
        ERR_clear_error();
        assert_int_equal(perso_sm2_decompress(compressed + 1, i & 1, have),
                         there ? PERSO_OK : PERSO_REJECT);
        assert_int_equal(ERR_peek_error(), 0);
        if (!there)
            continue;
        found++;
        assert_int_equal(
            EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, want, 65, NULL), 65);
        assert_memory_equal(have, want + 1, 64);
        assert_true(perso_sm2_on_curve(have));
    }
    assert_true(found > 60 && found < 140);
    EC_POINT_free(point);
    EC_GROUP_free(group);
}

#define BATCH 24

/* Fresh keys and signatures of OpenSSL; every third e damaged. One key: all by the first. */
static void
make_batch(struct example batch[BATCH], bool one_key)
{
    EVP_PKEY *key = NULL;

    for (size_t i = 0; i < BATCH; i++) {
        uint8_t point[65], der[80];
        const uint8_t *at = der;
        size_t n = sizeof der, point_bytes;
        if (key == NULL || !one_key) {
            EVP_PKEY_free(key);
            key = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
        }
        EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof point, &point_bytes);
        memcpy(batch[i].key, point + 1, 64);
        memset(batch[i].e, (int)i + 1, 32);
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
        assert_int_equal(EVP_PKEY_sign_init(context), 1);
        assert_int_equal(EVP_PKEY_sign(context, der, &n, batch[i].e, 32), 1);
        EVP_PKEY_CTX_free(context);
        ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)n);
        BN_bn2binpad(ECDSA_SIG_get0_r(signature), batch[i].rs, 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), batch[i].rs + 32, 32);
        ECDSA_SIG_free(signature);
        if (i % 3 == 0)
            batch[i].e[0] ^= 1;
    }
    EVP_PKEY_free(key);
}

static void
verdicts_stand_in_the_order_of_the_items(void **state)
{
    struct example batch[BATCH];
    struct perso_sm2_item items[BATCH];
    enum perso_sm2_verdict verdicts[BATCH];
    struct perso_sm2_signer *signer = NULL;
    struct perso_error err = { 0 };

    (void)state;
    for (int one_key = 0; one_key < 2; one_key++) {
        make_batch(batch, one_key == 1);
        if (one_key == 1) {
            assert_int_equal(perso_sm2_signer_new(batch[0].key, &signer, &err), PERSO_OK);
            assert_memory_equal(perso_sm2_signer_key(signer), batch[0].key, 64);
        }
        for (size_t i = 0; i < BATCH; i++)
            items[i] = (struct perso_sm2_item) { one_key == 1 ? NULL : batch[i].key, batch[i].e,
                                                 batch[i].rs };
        assert_int_equal(perso_sm2_verify(signer, items, BATCH, verdicts, &err), PERSO_OK);
        for (size_t i = 0; i < BATCH; i++)
            assert_int_equal(verdicts[i], i % 3 == 0 ? PERSO_SM2_REJECTED : PERSO_SM2_ACCEPTED);
    }
    assert_int_equal(perso_sm2_verify(NULL, items, 2, verdicts, &err), PERSO_OK);
    assert_int_equal(verdicts[1], PERSO_SM2_REJECTED); /* no key at all */
    assert_int_equal(perso_sm2_verify(signer, items, 0, verdicts, &err), PERSO_OK);
    perso_sm2_signer_free(signer);
    perso_sm2_signer_free(NULL);
}

static void *
verify_many(void *result)
{
    struct example good = standard_example(), bad = good;

    bad.e[31] ^= 1;
    *(bool *)result = true;
    for (int i = 0; i < 50; i++)
        if (!holds(&good) || holds(&bad))
            *(bool *)result = false;
    return NULL;
}

static void
threads_do_not_disturb_each_other(void **state)
{
    pthread_t threads[4];
    bool ok[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, verify_many, &ok[i]), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(ok[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standards_example_holds),
        cmocka_unit_test(r_and_s_out_of_range_are_rejected),
        cmocka_unit_test(r_plus_s_of_n_is_rejected),
        cmocka_unit_test(sum_at_infinity_is_rejected),
        cmocka_unit_test(turned_bits_are_judged_as_openssl_does),
        cmocka_unit_test(key_must_be_on_the_curve),
        cmocka_unit_test(coordinates_of_p_and_more_are_refused),
        cmocka_unit_test(on_curve_agrees_with_openssl),
        cmocka_unit_test(points_are_decompressed_as_openssl_does),
        cmocka_unit_test(verdicts_stand_in_the_order_of_the_items),
        cmocka_unit_test(threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
