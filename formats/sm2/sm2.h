/* Verification of SM2 signatures (GB/T 32918.2 7), in batches, on public data only. */
#ifndef FORMATS_SM2_SM2_H
#define FORMATS_SM2_SM2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "perso/limits.h"
#include "perso/result.h"

enum perso_sm2_verdict { PERSO_SM2_REJECTED, PERSO_SM2_ACCEPTED };

/* One signature to judge; all numbers big-endian. */
struct perso_sm2_item {
    const uint8_t *public_key; /* X || Y; NULL: the signer of the call */
    const uint8_t *e;          /* 32 bytes */
    const uint8_t *rs;         /* r || s, 64 bytes */
};

/* One public key that signs often (a CA). */
struct perso_sm2_signer;
enum perso_result perso_sm2_signer_new(const uint8_t public_key[PERSO_POINT_BYTES],
                                       struct perso_sm2_signer **ret, struct perso_error *err);
void perso_sm2_signer_free(struct perso_sm2_signer *signer);
const uint8_t *perso_sm2_signer_key(const struct perso_sm2_signer *signer);

/**
 * Judge n signatures, of distinct keys (signer NULL) or of one signer. A key that is not a point
 * of the curve, r or s out of 1..n-1, rejects. PERSO_FATAL only where the library fails.
 */
enum perso_result perso_sm2_verify(const struct perso_sm2_signer *signer,
                                   const struct perso_sm2_item *items, size_t n,
                                   enum perso_sm2_verdict *verdicts, struct perso_error *err);

/** The point of X and the last bit of Y. PERSO_REJECT: there is none; PERSO_FATAL: the library
 *  failed, its queue says how. */
enum perso_result perso_sm2_decompress(const uint8_t x[32], bool odd_y,
                                       uint8_t public_key[PERSO_POINT_BYTES]);
/** x, y < p and on the curve. Cannot fail: it needs no memory. */
bool perso_sm2_on_curve(const uint8_t public_key[PERSO_POINT_BYTES]);

#endif
