#include "formats/seal/sm2_cipher.h"

#include <string.h>

#include "formats/sm2/sm2.h"

#define TAG_INTEGER 0x02
#define TAG_OCTET_STRING 0x04
#define TAG_SEQUENCE 0x30
#define UNCOMPRESSED 0x04
#define COORDINATE_BYTES 32u
#define LONG_FORM 0x81 /* one byte of length follows */

/* A value of at most 255 bytes with its header; *n grows. */
static void
put(uint8_t *out, size_t *n, uint8_t tag, const uint8_t *bytes, size_t count)
{
    out[(*n)++] = tag;
    if (count > 127)
        out[(*n)++] = LONG_FORM;
    out[(*n)++] = (uint8_t)count;
    memcpy(out + *n, bytes, count);
    *n += count;
}

static void
put_number(uint8_t *out, size_t *n, const uint8_t number[COORDINATE_BYTES])
{
    uint8_t padded[1 + COORDINATE_BYTES] = { 0 };
    size_t from = 1;

    memcpy(padded + 1, number, COORDINATE_BYTES);
    while (from < COORDINATE_BYTES && padded[from] == 0)
        from++;
    if ((padded[from] & 0x80) != 0) /* its sign */
        from--;
    put(out, n, TAG_INTEGER, padded + from, sizeof padded - from);
}

/* C1 || C3 || C2 */
static bool
encode(const uint8_t *raw, size_t n, uint8_t der[PERSO_SM2_CIPHER_BYTES], size_t *der_n)
{
    const size_t head = PERSO_POINT_BYTES + PERSO_SM3_BYTES;
    uint8_t body[PERSO_SM2_CIPHER_BYTES];
    size_t body_n = 0, made = 0;

    if (n <= head || n - head > PERSO_SM2_PLAIN_BYTES || !perso_sm2_on_curve(raw))
        return false;
    put_number(body, &body_n, raw);
    put_number(body, &body_n, raw + COORDINATE_BYTES);
    put(body, &body_n, TAG_OCTET_STRING, raw + PERSO_POINT_BYTES, PERSO_SM3_BYTES);
    put(body, &body_n, TAG_OCTET_STRING, raw + head, n - head);
    put(der, &made, TAG_SEQUENCE, body, body_n);
    *der_n = made;
    return true;
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
    if (bytes.at[0] != TAG_SEQUENCE || have > PERSO_SM2_CIPHER_BYTES)
        return false;
    memcpy(der, bytes.at, have);
    *n = have;
    return true;
}
