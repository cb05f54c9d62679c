/* SM3 and HMAC-SM3 by OpenSSL, for the rehearsal program alone. */
#ifndef SANDBOX_HASH_H
#define SANDBOX_HASH_H

#include <stddef.h>
#include <stdint.h>

void sbx_sm3(const void *bytes, size_t n, uint8_t out[32]);
void sbx_sha256(const void *bytes, size_t n, uint8_t out[32]);
/** Key of at most 64 bytes, message of at most 1,024. */
void sbx_hmac_sm3(const void *key, size_t key_bytes, const void *message, size_t n,
                  uint8_t out[32]);

#endif
