#include "hash.h"

#include <openssl/evp.h>
#include <string.h>

#include "fail.h"

#define BLOCK 64u
#define MESSAGE_MAX 1024u

void
sbx_sm3(const void *bytes, size_t n, uint8_t out[32])
{
    sbx_need(EVP_Digest(bytes, n, out, NULL, EVP_sm3(), NULL) == 1, "SM3");
}

void
sbx_sha256(const void *bytes, size_t n, uint8_t out[32])
{
    sbx_need(EVP_Digest(bytes, n, out, NULL, EVP_sha256(), NULL) == 1, "SHA-256");
}

void
sbx_hmac_sm3(const void *key, size_t key_bytes, const void *message, size_t n, uint8_t out[32])
{
    uint8_t inner[BLOCK + MESSAGE_MAX], outer[BLOCK + 32], padded[BLOCK] = { 0 };

    sbx_need(key_bytes <= BLOCK && n <= MESSAGE_MAX, "HMAC-SM3");
    memcpy(padded, key, key_bytes);
    for (size_t i = 0; i < BLOCK; i++) {
        inner[i] = padded[i] ^ 0x36;
        outer[i] = padded[i] ^ 0x5c;
    }
    memcpy(inner + BLOCK, message, n);
    sbx_sm3(inner, BLOCK + n, outer + BLOCK);
    sbx_sm3(outer, sizeof outer, out);
}
