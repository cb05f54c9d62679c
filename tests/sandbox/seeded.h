/* Seeded bytes: HMAC-SM3 of a key per purpose over a counter. Same seed, same bytes. */
#ifndef SANDBOX_SEEDED_H
#define SANDBOX_SEEDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SBX_SEED_BYTES 32u

struct sbx_random {
    uint8_t key[32], block[32];
    uint32_t counter;
    size_t used; /* of block */
};

/** Seed of a whole: HMAC-SM3 under the typed seed of the texts, each ended by a NUL. */
void sbx_seed_of(const char *seed, const char *const *texts, size_t n, uint8_t out[SBX_SEED_BYTES]);
/** A stream of its own for one purpose and one thing (a card, a certificate). */
void sbx_random_init(struct sbx_random *r, const uint8_t seed[SBX_SEED_BYTES], const char *purpose,
                     const void *thing, size_t n);
void sbx_random_of_index(struct sbx_random *r, const uint8_t seed[SBX_SEED_BYTES],
                         const char *purpose, uint32_t index);
void sbx_random_bytes(struct sbx_random *r, uint8_t *out, size_t n);
uint32_t sbx_random_u32(struct sbx_random *r);
/** 0 .. n-1, n at most 2^31, evenly. */
uint32_t sbx_random_below(struct sbx_random *r, uint32_t n);
bool sbx_random_chance(struct sbx_random *r, double rate);

#endif
