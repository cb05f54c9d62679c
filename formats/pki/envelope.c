#include "formats/pki/envelope.h"

#include <string.h>

#include "formats/sm2/sm2.h"

/*
 * ENVELOPEDKEYBLOB, GM/T 0016-2012, packed, ULONG of 4 bytes little-endian; numbers of 32 bytes
 * stand right-aligned in fields of 64:
 * Version, ulSymmAlgID, ulBits; cbEncryptedPriKey[64]; PubKey { BitLen, X[64], Y[64] };
 * ECCCipherBlob { X[64], Y[64], HASH[32], CipherLen, Cipher[16] }.
 */
#define VERSION_MAX 1u          /* 1 in the standard; 0 where an issuer left it unset */
#define SGD_SM4_ECB 0x00000401u /* GM/T 0006; the blob is ECB only, the chip has SM4 only */
#define KEY_BITS 256u
#define SESSION_KEY_BYTES 16u

static bool
take_u32le(struct perso_cursor *c, uint32_t *ret)
{
    struct perso_cursor b;

    if (!perso_take(c, 4, &b))
        return false;
    *ret = (uint32_t)b.at[3] << 24 | (uint32_t)b.at[2] << 16 | (uint32_t)b.at[1] << 8 | b.at[0];
    return true;
}

/* A field of 64 bytes whose first half is padding; its 32 bytes as *ret. */
static bool
take_padded(struct perso_cursor *c, struct perso_cursor *ret)
{
    struct perso_cursor padding;

    if (!perso_take(c, 32, &padding) || !perso_take(c, 32, ret))
        return false;
    for (; padding.at != padding.end; padding.at++)
        if (*padding.at != 0)
            return false;
    return true;
}

static bool
take_point(struct perso_cursor *c, uint8_t point[PERSO_POINT_BYTES])
{
    struct perso_cursor x, y;

    if (!take_padded(c, &x) || !take_padded(c, &y))
        return false;
    memcpy(point, x.at, 32);
    memcpy(point + 32, y.at, 32);
    return perso_sm2_on_curve(point);
}

enum perso_reject
perso_envelope_read(struct perso_cursor blob, uint8_t public_key[PERSO_POINT_BYTES])
{
    uint8_t key[PERSO_POINT_BYTES], c1[PERSO_POINT_BYTES];
    struct perso_cursor encrypted, hash, cipher;
    uint32_t version, algorithm, bits, key_bits, cipher_bytes;

    if (perso_left(&blob) != PERSO_ENVELOPE_BYTES || !take_u32le(&blob, &version) ||
        version > VERSION_MAX || !take_u32le(&blob, &algorithm) || algorithm != SGD_SM4_ECB ||
        !take_u32le(&blob, &bits) || bits != KEY_BITS || !take_padded(&blob, &encrypted) ||
        !take_u32le(&blob, &key_bits) || key_bits != KEY_BITS || !take_point(&blob, key) ||
        !take_point(&blob, c1) || !perso_take(&blob, 32, &hash) ||
        !take_u32le(&blob, &cipher_bytes) || cipher_bytes != SESSION_KEY_BYTES ||
        !perso_take(&blob, cipher_bytes, &cipher) || perso_left(&blob) != 0)
        return PERSO_REJ_ENVELOPE_SHAPE;
    memcpy(public_key, key, sizeof key);
    return PERSO_REJ_NONE;
}
