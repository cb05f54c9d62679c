#include "seeded.h"

#include <string.h>

#include "fail.h"
#include "hash.h"

void
sbx_seed_of(const char *seed, const char *const *texts, size_t n, uint8_t out[SBX_SEED_BYTES])
{
    uint8_t message[1024], key[32];
    size_t used = 0;

    sbx_sm3(seed, strlen(seed), key);
    for (size_t i = 0; i < n; i++) {
        size_t bytes = strlen(texts[i]) + 1;
        sbx_need(bytes <= sizeof message - used, "seed: argument too long");
        memcpy(message + used, texts[i], bytes);
        used += bytes;
    }
    sbx_hmac_sm3(key, sizeof key, message, used, out);
}

void
sbx_random_init(struct sbx_random *r, const uint8_t seed[SBX_SEED_BYTES], const char *purpose,
                const void *thing, size_t n)
{
    uint8_t message[256];
    size_t bytes = strlen(purpose) + 1;

    sbx_need(bytes + n <= sizeof message, "seed: name too long");
    memcpy(message, purpose, bytes);
    memcpy(message + bytes, thing, n);
    sbx_hmac_sm3(seed, SBX_SEED_BYTES, message, bytes + n, r->key);
    r->counter = 0;
    r->used = sizeof r->block;
}

void
sbx_random_of_index(struct sbx_random *r, const uint8_t seed[SBX_SEED_BYTES], const char *purpose,
                    uint32_t index)
{
    const uint8_t thing[4] = { (uint8_t)(index >> 24), (uint8_t)(index >> 16),
                               (uint8_t)(index >> 8), (uint8_t)index };
    sbx_random_init(r, seed, purpose, thing, sizeof thing);
}

static void
next_block(struct sbx_random *r)
{
    const uint32_t c = r->counter++;
    const uint8_t counter[4] = { (uint8_t)(c >> 24), (uint8_t)(c >> 16), (uint8_t)(c >> 8),
                                 (uint8_t)c };
    sbx_hmac_sm3(r->key, sizeof r->key, counter, sizeof counter, r->block);
    r->used = 0;
}

void
sbx_random_bytes(struct sbx_random *r, uint8_t *out, size_t n)
{
    while (n-- > 0) {
        if (r->used == sizeof r->block)
            next_block(r);
        *out++ = r->block[r->used++];
    }
}

uint32_t
sbx_random_u32(struct sbx_random *r)
{
    uint8_t b[4];

    sbx_random_bytes(r, b, sizeof b);
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

uint32_t
sbx_random_below(struct sbx_random *r, uint32_t n)
{
    const uint32_t limit = UINT32_MAX - UINT32_MAX % n;
    uint32_t v;

    do
        v = sbx_random_u32(r);
    while (v >= limit);
    return v % n;
}

bool
sbx_random_chance(struct sbx_random *r, double rate)
{
    return (double)sbx_random_u32(r) < rate * 4294967296.0;
}
