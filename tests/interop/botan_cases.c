#include "botan_cases.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <string.h>

#include "botan_judge.h"

static const unsigned edges_out[EDGES_OUT] = { EDGE_ZERO, EDGE_N, EDGE_N_PLUS, EDGE_ONES };
static const unsigned edges_in[EDGES - EDGES_OUT] = { EDGE_ONE, EDGE_N_1, EDGE_N_2, EDGE_TWO,
                                                      EDGE_128 };

/* ---- a signature that holds ---- */

static void
sign(struct world *w, struct one *one, bool botan)
{
    uint8_t e[32];

    if (botan) {
        botan_sign(one->signer->d, one->id, one->message, one->n, &w->random, one->rs);
        return;
    }
    sbx_e(one->signer->xy, one->id, one->message, one->n, e);
    sbx_sign_e(w->curve, one->signer->d, e, &w->random, one->rs);
}

void
one_make(struct world *w, uint32_t i, struct one *one)
{
    memset(one, 0, sizeof *one);
    one->signer = &w->keys[i % KEYS];
    one->id = SBX_ID;
    memcpy(one->key, one->signer->xy, 64);
    one->n = sbx_random_below(&w->random, sizeof one->message + 1);
    sbx_random_bytes(&w->random, one->message, one->n);
    sign(w, one, i % 2 == 0);
}

/* ---- what is made of it ---- */

/* Judged over e, which fits r and s. */
static bool
one_fit(const struct world *w, struct one *one)
{
    one->by_e = true;
    return fit_e(w, one->key, one->rs, one->e);
}

static void
as_it_is(struct world *w, uint32_t i, struct one *one)
{
    (void)w;
    (void)i;
    (void)one;
}

static void
flip(struct world *w, uint8_t *bytes, size_t n)
{
    uint32_t bit = sbx_random_below(&w->random, (uint32_t)(8 * n));
    bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

static void
message_flipped(struct world *w, uint32_t i, struct one *one)
{
    (void)i;
    if (one->n == 0)
        one->message[one->n++] = 0;
    else
        flip(w, one->message, one->n);
}

static void
message_cut(struct world *w, uint32_t i, struct one *one)
{
    (void)w;
    (void)i;
    if (one->n == 0)
        one->message[one->n++] = 'x';
    else
        one->n--;
}

static void
key_flipped(struct world *w, uint32_t i, struct one *one)
{
    (void)i;
    flip(w, one->key, 64);
}

static void
r_flipped(struct world *w, uint32_t i, struct one *one)
{
    (void)i;
    flip(w, one->rs, 32);
}

static void
s_flipped(struct world *w, uint32_t i, struct one *one)
{
    (void)i;
    flip(w, one->rs + 32, 32);
}

static void
key_of_another(struct world *w, uint32_t i, struct one *one)
{
    memcpy(one->key, w->keys[(i + 1) % KEYS].xy, 64);
}

static void
signature_of_another(struct world *w, uint32_t i, struct one *one)
{
    struct one other;
    one_make(w, i, &other);
    memcpy(one->rs, other.rs, 64);
}

static void
r_and_s_swapped(struct world *w, uint32_t i, struct one *one)
{
    uint8_t r[32];

    (void)w;
    (void)i;
    memcpy(r, one->rs, 32);
    memcpy(one->rs, one->rs + 32, 32);
    memcpy(one->rs + 32, r, 32);
}

static void
coordinates_swapped(struct world *w, uint32_t i, struct one *one)
{
    (void)w;
    (void)i;
    memcpy(one->key, one->signer->xy + 32, 32);
    memcpy(one->key + 32, one->signer->xy, 32);
}

static void
key_negated(struct world *w, uint32_t i, struct one *one)
{
    (void)i;
    number_negate(w, w->p, one->key + 32, one->key + 32);
}

/* Negated, signed as such: d' = n - d has the point (x, p - y). */
static void
key_negated_and_signed(struct world *w, uint32_t i, struct one *one)
{
    static struct sbx_key key;

    key = *one->signer;
    number_negate(w, w->n, key.d, key.d);
    number_negate(w, w->p, key.xy + 32, key.xy + 32);
    memcpy(one->key, key.xy, 64);
    one->signer = &key;
    sign(w, one, i % 2 != 0);
}

static void
s_negated(struct world *w, uint32_t i, struct one *one)
{
    (void)i;
    number_negate(w, w->n, one->rs + 32, one->rs + 32);
}

static void
r_negated(struct world *w, uint32_t i, struct one *one)
{
    (void)i;
    number_negate(w, w->n, one->rs, one->rs);
}

/* 0, 1, n-1, n, n+1 ...: none of these is this message's r, or s */
static void
r_at_an_edge(struct world *w, uint32_t i, struct one *one)
{
    number_edge(w, i % EDGES, one->rs);
}

static void
s_at_an_edge(struct world *w, uint32_t i, struct one *one)
{
    number_edge(w, i % EDGES, one->rs + 32);
}

static void
both_at_edges(struct world *w, uint32_t i, struct one *one)
{
    number_edge(w, i % EDGES, one->rs);
    number_edge(w, i / EDGES % EDGES, one->rs + 32);
}

static void
sum_of_n(struct world *w, uint32_t i, struct one *one) /* t = 0, and the equation fits */
{
    uint32_t half = i % 2 * 32;
    number_negate(w, w->n, one->rs + half, one->rs + 32 - half);
    number_must(one_fit(w, one));
}

static void
key_at_an_edge(struct world *w, uint32_t i, struct one *one)
{
    uint32_t half = i % 2 * 32;
    switch (i / 2 % 4) {
    case 0:
        memset(one->key, 0, 64); /* no point: what some write for infinity */
        break;
    case 1:
        memset(one->key + half, 0, 32);
        break;
    case 2:
        number_put(w->p, one->key + half);
        break;
    default:
        memset(one->key + half, 0xff, 32);
    }
}

/* A point with a small x, written as x + p, and what fits it: no point has two spellings. */
static void
coordinate_over_p(struct world *w, uint32_t i, struct one *one)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_sm2);
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *x = BN_new(), *y = BN_new();

    number_must(BN_set_word(x, i + 1));
    while (EC_POINT_set_compressed_coordinates(group, point, x, (int)(i & 1), w->bn) != 1)
        number_must(BN_add_word(x, 1));
    number_must(EC_POINT_get_affine_coordinates(group, point, x, y, w->bn));
    number_put(x, one->key);
    number_put(y, one->key + 32);
    number_must(one_fit(w, one));
    number_must(BN_add(x, x, w->p));
    number_put(x, one->key);
    BN_free(x);
    BN_free(y);
    EC_POINT_free(point);
    EC_GROUP_free(group);
}

static void
empty_id(struct world *w, uint32_t i, struct one *one)
{
    one->id = "";
    sign(w, one, i % 2 != 0);
}

static void
another_id(struct world *w, uint32_t i, struct one *one)
{
    one->id = "8765432187654321";
    sign(w, one, i % 2 != 0);
    one->id = SBX_ID;
}

/* ---- over e: numbers can be chosen ---- */

static bool
sums_to_n(const struct world *w, const uint8_t rs[64])
{
    static const uint8_t zero[32];
    uint8_t t[32];

    number_add(w, rs, rs + 32, t);
    return memcmp(t, zero, 32) == 0;
}

/* r, s of 1, 2, n-2, n-1, 2^128 with an e under which they hold. */
static void
edges_that_hold(struct world *w, uint32_t i, struct one *one)
{
    unsigned n = EDGES - EDGES_OUT;
    do {
        number_edge(w, edges_in[i % n], one->rs);
        number_edge(w, edges_in[i / n % n], one->rs + 32);
        i++;
    } while (sums_to_n(w, one->rs) || !one_fit(w, one));
}

/* The same with r or s out of 1 .. n-1: congruent to what holds, or 0. */
static void
edges_out_of_range(struct world *w, uint32_t i, struct one *one)
{
    uint32_t half = i % 2 * 32;
    number_edge(w, edges_out[i / 2 % EDGES_OUT], one->rs + half);
    if (!one_fit(w, one))
        memset(one->e, 1, 32);
}

static void
edges_with_another_e(struct world *w, uint32_t i, struct one *one)
{
    edges_that_hold(w, i, one);
    flip(w, one->e, 32);
}

/* s = t d: [s]G and [t]P are one point, and their sum is a doubling. s = -t d: it is infinity. */
static void
choose_sum(struct world *w, struct one *one, bool infinity)
{
    BIGNUM *s = number_get(one->rs + 32), *d = number_get(one->signer->d), *r = BN_new();

    number_must(BN_mod_inverse(d, d, w->n, w->bn) != NULL);
    number_must(BN_mod_mul(r, s, d, w->n, w->bn)); /* t */
    if (infinity)
        number_must(BN_sub(r, w->n, r));
    number_must(BN_mod_sub(r, r, s, w->n, w->bn));
    number_put(r, one->rs);
    BN_free(s);
    BN_free(d);
    BN_free(r);
    one->by_e = true;
}

static void
sum_is_a_doubling(struct world *w, uint32_t i, struct one *one)
{
    (void)i;
    choose_sum(w, one, false);
    number_must(one_fit(w, one));
}

static void
sum_is_infinity(struct world *w, uint32_t i, struct one *one)
{
    choose_sum(w, one, true);
    number_must(!one_fit(w, one));
    memcpy(one->e, one->rs, i % 2 == 0 ? 32 : 0); /* as if x were 0 */
}

/* e of 0, 1, n-1, n, n+1, all ones: it is a digest, and may be n or more. */
static void
e_at_an_edge(struct world *w, uint32_t i, struct one *one)
{
    uint8_t reduced[32], zero[32] = { 0 };

    one->by_e = true;
    number_edge(w, i % EDGES, one->e);
    number_add(w, one->e, zero, reduced);
    sbx_sign_e(w->curve, one->signer->d, reduced, &w->random, one->rs);
}

/* clang-format off */
const struct kind kinds[] = {
    { "as signed",                          true,  as_it_is },
    { "bit of the message",                 false, message_flipped },
    { "bit of the key",                     false, key_flipped },
    { "bit of r",                           false, r_flipped },
    { "bit of s",                           false, s_flipped },
    { "as signed, again",                   true,  as_it_is },
    { "message longer or shorter",          false, message_cut },
    { "key of another",                     false, key_of_another },
    { "signature of another message",       false, signature_of_another },
    { "r and s swapped",                    false, r_and_s_swapped },
    { "coordinates swapped",                false, coordinates_swapped },
    { "key negated",                        false, key_negated },
    { "key negated, signed so",             true,  key_negated_and_signed },
    { "r negated",                          false, r_negated },
    { "s negated",                          false, s_negated },
    { "r 0, 1, n-1, n, n+1, ...",           false, r_at_an_edge },
    { "s 0, 1, n-1, n, n+1, ...",           false, s_at_an_edge },
    { "r and s of these",                   false, both_at_edges },
    { "r + s = n",                          false, sum_of_n },
    { "coordinates 0, p, all ones",         false, key_at_an_edge },
    { "x + p",                              false, coordinate_over_p },
    { "empty id",                           true,  empty_id },
    { "another id",                         false, another_id },
    { "r, s 1, 2, n-2, n-1, 2^128 and fit", true,  edges_that_hold },
    { "the same, bit of e",                 false, edges_with_another_e },
    { "r, s 0, n, n+1, and would fit",      false, edges_out_of_range },
    { "[s]G = [t]P",                        true,  sum_is_a_doubling },
    { "[s]G = -[t]P",                       false, sum_is_infinity },
    { "e 0, 1, n-1, n, n+1, ...",           true,  e_at_an_edge },
};
/* clang-format on */
const unsigned n_kinds = sizeof kinds / sizeof kinds[0];
