#include "formats/seal/sm2_cipher.h"

#include <string.h>

#include "formats/pki/der.h"
#include "formats/pki/der_write.h"
#include "formats/sm2/sm2.h"

#define UNCOMPRESSED 0x04

/* C1 || C3 || C2 */
static bool
encode(const uint8_t *raw, size_t n, uint8_t der[PERSO_SM2_CIPHER_BYTES], size_t *der_n)
{
    const size_t head = PERSO_POINT_BYTES + PERSO_SM3_BYTES;
    struct perso_der_writer w = perso_der_writer_of(der, PERSO_SM2_CIPHER_BYTES);

    if (n <= head || n - head > PERSO_SM2_PLAIN_BYTES || !perso_sm2_on_curve(raw))
        return false;
    perso_der_put_sm2_cipher(&w, raw, raw + PERSO_POINT_BYTES, raw + head, n - head);
    return perso_der_written(&w, der_n);
}

bool
perso_sm2_cipher_read(struct perso_cursor bytes, uint8_t der[PERSO_SM2_CIPHER_BYTES], size_t *n)
{
    size_t have = perso_left(&bytes);

    if (have == 0)
        return false;
    if (bytes.at[0] == UNCOMPRESSED && encode(bytes.at + 1, have - 1, der, n))
        return true;
    if (encode(bytes.at, have, der, n))
        return true;
    if (bytes.at[0] != PERSO_DER_SEQUENCE || have > PERSO_SM2_CIPHER_BYTES)
        return false;
    memcpy(der, bytes.at, have);
    *n = have;
    return true;
}
