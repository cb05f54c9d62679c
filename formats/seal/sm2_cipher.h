/* SM2 ciphertexts of single fields (GB/T 32918.4), as RAs send them. */
#ifndef FORMATS_SEAL_SM2_CIPHER_H
#define FORMATS_SEAL_SM2_CIPHER_H

#include "perso/cursor.h"
#include "perso/secrets.h"

/**
 * A ciphertext as the secrets port takes it, DER of GM/T 0009 SM2Cipher. In: that, or C1 || C3 ||
 * C2 without structure, C1 with or without its leading 04; the point on the curve tells which.
 * false: none of the three, or longer than PERSO_SM2_CIPHER_BYTES.
 */
bool perso_sm2_cipher_read(struct perso_cursor bytes, uint8_t der[PERSO_SM2_CIPHER_BYTES],
                           size_t *n);

#endif
