#include "botan_world.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t seed[SBX_SEED_BYTES] = { 'b', 'o', 't', 'a', 'n' };

void
number_must(int ok)
{
    if (ok == 1)
        return;
    fprintf(stderr, "OpenSSL fails\n");
    exit(2);
}

/* ---- numbers ---- */

void
number_put(const BIGNUM *a, uint8_t out[32])
{
    number_must(BN_bn2binpad(a, out, 32) == 32);
}

BIGNUM *
number_get(const uint8_t bytes[32])
{
    BIGNUM *ret = BN_bin2bn(bytes, 32, NULL);
    number_must(ret != NULL);
    return ret;
}

/* out = a + b mod n, of numbers below n or not. */
void
number_add(const struct world *w, const uint8_t a[32], const uint8_t b[32], uint8_t out[32])
{
    BIGNUM *x = number_get(a), *y = number_get(b);
    number_must(BN_mod_add(x, x, y, w->n, w->bn));
    number_put(x, out);
    BN_free(x);
    BN_free(y);
}

/* out = -a mod m */
void
number_negate(const struct world *w, const BIGNUM *m, const uint8_t a[32], uint8_t out[32])
{
    BIGNUM *x = number_get(a), *zero = BN_new();
    BN_zero(zero);
    number_must(BN_mod_sub(x, zero, x, m, w->bn));
    number_put(x, out);
    BN_free(x);
    BN_free(zero);
}

void
number_edge(const struct world *w, unsigned which, uint8_t out[32])
{
    static const int steps[EDGES] = { [EDGE_N_1] = -1, [EDGE_N_PLUS] = 1, [EDGE_N_2] = -2 };
    BIGNUM *a = BN_dup(w->n);

    memset(out, which == EDGE_ONES ? 0xff : 0, 32);
    if (which == EDGE_ONE || which == EDGE_TWO)
        out[31] = which == EDGE_ONE ? 1 : 2;
    else if (which == EDGE_128)
        out[15] = 1;
    else if (which != EDGE_ZERO && which != EDGE_ONES) {
        number_must(steps[which] < 0 ? BN_sub_word(a, (BN_ULONG)-steps[which])
                                     : BN_add_word(a, (BN_ULONG)steps[which]));
        number_put(a, out);
    }
    BN_free(a);
}

bool
fit_e(const struct world *w, const uint8_t key[64], const uint8_t rs[64], uint8_t e[32])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_sm2);
    EC_POINT *point = EC_POINT_new(group), *sum = EC_POINT_new(group);
    BIGNUM *r = number_get(rs), *s = number_get(rs + 32), *x = number_get(key),
           *y = number_get(key + 32);
    BIGNUM *t = BN_new();
    bool ret = false;

    number_must(EC_POINT_set_affine_coordinates(group, point, x, y, w->bn));
    number_must(BN_mod_add(t, r, s, w->n, w->bn));
    number_must(EC_POINT_mul(group, sum, s, point, t, w->bn));
    if (!EC_POINT_is_at_infinity(group, sum)) {
        number_must(EC_POINT_get_affine_coordinates(group, sum, x, NULL, w->bn));
        number_must(BN_mod_sub(x, r, x, w->n, w->bn));
        number_put(x, e);
        ret = true;
    }
    EC_POINT_free(point);
    EC_POINT_free(sum);
    EC_GROUP_free(group);
    BN_free(r);
    BN_free(s);
    BN_free(t);
    BN_free(x);
    BN_free(y);
    return ret;
}

/* ---- keys ---- */

/* Number i of the pool takes the place of the next key d, d + 1, ... whose coordinate is such. */
static void
search(struct world *w, const EC_GROUP *group, unsigned *at, unsigned part, unsigned zeros,
       unsigned wanted)
{
    static const uint8_t none[2];
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *d = BN_new(), *x = BN_new(), *y = BN_new();
    struct sbx_key key;

    sbx_key_make(w->curve, &w->random, &key);
    number_must(BN_bin2bn(key.d, 32, d) != NULL &&
                EC_POINT_mul(group, point, d, NULL, NULL, w->bn) == 1);
    while (wanted != 0) {
        number_must(EC_POINT_get_affine_coordinates(group, point, x, y, w->bn));
        number_put(x, key.xy);
        number_put(y, key.xy + 32);
        number_put(d, key.d);
        if (memcmp(key.xy + part, none, zeros) == 0) {
            w->keys[(*at)++] = key;
            wanted--;
        }
        number_must(BN_add_word(d, 1));
        number_must(EC_POINT_add(group, point, point, EC_GROUP_get0_generator(group), w->bn));
    }
    EC_POINT_free(point);
    BN_free(d);
    BN_free(x);
    BN_free(y);
}

void
world_make(struct world *w)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_sm2);
    unsigned at = 0;

    memset(w, 0, sizeof *w);
    w->curve = sbx_curve_new();
    w->bn = BN_CTX_new();
    w->n = BN_dup(EC_GROUP_get0_order(group));
    w->p = BN_dup(EC_GROUP_get0_field(group));
    sbx_random_init(&w->random, seed, "interop", "", 0);
    search(w, group, &at, 0, 1, KEYS_ZERO);
    search(w, group, &at, 32, 1, KEYS_ZERO);
    search(w, group, &at, 0, 2, 1);
    while (at < KEYS)
        sbx_key_make(w->curve, &w->random, &w->keys[at++]);
    for (at = 0; at < KEYS; at++) {
        const uint8_t *xy = w->keys[at].xy;
        w->n_zero_x += xy[0] == 0;
        w->n_zero_y += xy[32] == 0;
        w->n_zero_two += xy[0] == 0 && xy[1] == 0;
    }
    EC_GROUP_free(group);
}

void
world_free(struct world *w)
{
    BN_free(w->n);
    BN_free(w->p);
    BN_CTX_free(w->bn);
    sbx_curve_free(w->curve);
}
