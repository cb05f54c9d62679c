/* SM2 by Botan, through its C interface: another implementation than the one we link. */
#ifndef TESTS_INTEROP_BOTAN_JUDGE_H
#define TESTS_INTEROP_BOTAN_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sandbox/seeded.h"

/** Botan's verdict on a signature over a message under an id; a key that it refuses rejects. */
bool botan_holds(const uint8_t key[64], const char *id, const void *message, size_t n,
                 const uint8_t rs[64]);
/** The same over e itself, without Z and hash: numbers may be chosen. */
bool botan_holds_e(const uint8_t key[64], const uint8_t e[32], const uint8_t rs[64]);

/** Botan signs, with nonces from a seeded stream. */
void botan_sign(const uint8_t d[32], const char *id, const void *message, size_t n,
                struct sbx_random *nonce, uint8_t rs[64]);

/** "Botan 2.19.3 ..." */
const char *botan_name(void);

#endif
