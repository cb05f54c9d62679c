/*
 * Is X || Y a point of the curve (GB/T 32918.5)? Every key that arrives is asked, so the answer
 * must not hang on memory as OpenSSL's does: a key that is good would be told to be off the curve.
 * Public data only, no branch depends on a secret.
 *
 * Numbers are four words of 64 bits, the lowest first. 2^256 = c (mod p) with c = 2^256 - p =
 * 2^224 + 2^96 - 2^64 + 1, so what stands above the fourth word is folded down as its product
 * with c, until nothing is left there: from 2^64 to 2^34 to 4 to 0.
 */
#include <string.h>

#include "formats/sm2/sm2.h"

#define WORDS 4

__extension__ typedef unsigned __int128 two_words;

static const uint64_t p[WORDS] = { 0xffffffffffffffff, 0xffffffff00000000, 0xffffffffffffffff,
                                   0xfffffffeffffffff };
static const uint64_t c[WORDS] = { 1, 0x00000000ffffffff, 0, 0x0000000100000000 };
static const uint64_t b[WORDS] = { 0xddbcbd414d940e93, 0xf39789f515ab8f92, 0x4d5a9e4bcf6509a7,
                                   0x28e9fa9e9d9f5e34 };

static void
read_number(const uint8_t bytes[32], uint64_t out[WORDS])
{
    for (int i = 0; i < WORDS; i++) {
        out[i] = 0;
        for (int k = 0; k < 8; k++)
            out[i] = out[i] << 8 | bytes[8 * (WORDS - 1 - i) + k];
    }
}

static bool
below_p(const uint64_t a[WORDS])
{
    for (int i = WORDS - 1; i >= 0; i--)
        if (a[i] != p[i])
            return a[i] < p[i];
    return false;
}

/* sum += a * factor; sum has one word more. */
static void
add_product(uint64_t sum[WORDS + 1], const uint64_t a[WORDS], uint64_t factor)
{
    two_words carry = 0;

    for (int i = 0; i < WORDS; i++) {
        carry += (two_words)a[i] * factor + sum[i];
        sum[i] = (uint64_t)carry;
        carry >>= 64;
    }
    sum[WORDS] += (uint64_t)carry;
}

static void
fold(uint64_t sum[WORDS + 1])
{
    while (sum[WORDS] != 0) {
        uint64_t above = sum[WORDS];
        sum[WORDS] = 0;
        add_product(sum, c, above);
    }
}

/* out = x * y + z (mod p), below 2^256 but not always below p; x, y, z the same. */
static void
multiply_add(const uint64_t x[WORDS], const uint64_t y[WORDS], const uint64_t z[WORDS],
             uint64_t out[WORDS])
{
    uint64_t sum[WORDS + 1] = { 0 };

    for (int i = WORDS - 1; i >= 0; i--) {
        memmove(sum + 1, sum, WORDS * sizeof *sum); /* what stood above was folded */
        sum[0] = 0;
        fold(sum);
        add_product(sum, x, y[i]);
        fold(sum);
    }
    add_product(sum, z, 1);
    fold(sum);
    memcpy(out, sum, WORDS * sizeof *out);
}

static void
reduce(uint64_t a[WORDS])
{
    uint64_t sum[WORDS + 1] = { 0 };

    if (below_p(a))
        return;
    memcpy(sum, a, WORDS * sizeof *a); /* a - p = a + c - 2^256 */
    add_product(sum, c, 1);
    memcpy(a, sum, WORDS * sizeof *a);
}

bool
perso_sm2_on_curve(const uint8_t public_key[PERSO_POINT_BYTES])
{
    static const uint64_t zero[WORDS] = { 0 };
    uint64_t x[WORDS], y[WORDS], a[WORDS], left[WORDS], right[WORDS];

    read_number(public_key, x);
    read_number(public_key + 32, y);
    if (!below_p(x) || !below_p(y))
        return false;
    memcpy(a, p, sizeof a); /* y^2 = x^3 + a x + b = (x^2 + a) x + b with a = p - 3 */
    a[0] -= 3;
    multiply_add(y, y, zero, left);
    multiply_add(x, x, a, right);
    multiply_add(right, x, b, right);
    reduce(left);
    reduce(right);
    return memcmp(left, right, sizeof left) == 0;
}
