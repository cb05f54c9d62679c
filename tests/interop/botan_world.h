/* Keys, and numbers of the group, of which the cases for Botan are made. OpenSSL counts. */
#ifndef TESTS_INTEROP_BOTAN_WORLD_H
#define TESTS_INTEROP_BOTAN_WORLD_H

#include <openssl/bn.h>

#include "tests/sandbox/sm2.h"

#define KEYS 112u     /* of the pool, those with leading zeros included */
#define KEYS_ZERO 24u /* a coordinate begins with a zero byte: so many for each coordinate */

struct world {
    struct sbx_curve *curve;
    struct sbx_random random;
    struct sbx_key keys[KEYS];
    unsigned n_zero_x, n_zero_y, n_zero_two; /* of the pool */
    BIGNUM *n, *p;
    BN_CTX *bn;
};

void world_make(struct world *w);
void world_free(struct world *w);

/** Ends the program unless it is 1: what cannot fail. */
void number_must(int ok);
void number_put(const BIGNUM *a, uint8_t out[32]);
/** The caller frees it. */
BIGNUM *number_get(const uint8_t bytes[32]);
/** a + b mod n, of numbers below n or not. */
void number_add(const struct world *w, const uint8_t a[32], const uint8_t b[32], uint8_t out[32]);
/** -a mod m */
void number_negate(const struct world *w, const BIGNUM *m, const uint8_t a[32], uint8_t out[32]);

/* Numbers at the edges of 1 .. n-1: 0, 1, n-1, n, n+1, all ones, n-2, 2, 2^128. */
enum {
    EDGE_ZERO,
    EDGE_ONE,
    EDGE_N_1,
    EDGE_N,
    EDGE_N_PLUS,
    EDGE_ONES,
    EDGE_N_2,
    EDGE_TWO,
    EDGE_128
};
#define EDGES 9u
#define EDGES_OUT 4u /* not of 1 .. n-1 */

void number_edge(const struct world *w, unsigned which, uint8_t out[32]);

/**
 * e such that r and s, as they are, fit the key: e = r - x([s]G + [r + s]P). They hold then if they
 * are of 1 .. n-1 and r + s is not n. False where the sum is infinity.
 */
bool fit_e(const struct world *w, const uint8_t key[64], const uint8_t rs[64], uint8_t e[32]);

#endif
