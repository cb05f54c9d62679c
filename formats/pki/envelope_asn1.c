/* SM2EnvelopedKey (GM/T 0009, GB/T 35276), and the parts of it that CMS has too. */
#include <string.h>

#include "formats/pki/der.h"
#include "formats/pki/der_write.h"
#include "formats/pki/envelope_parts.h"
#include "formats/sm2/sm2.h"
#include "perso/text.h"

#define BLOCK_BYTES 16u   /* SM4 */
#define PRIVATE_MAX 1024u /* the largest PKCS#8 of an SM2 key is far below */

/* 1.2.156.10197.1, under which GM/T 0006 has the ciphers: 102 SM1, 103 SSF33, 104 SM4, whose modes
 * are 104.1 ECB, 104.2 CBC. */
static const uint8_t arc_ciphers[] = { 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01 };
enum { ARC_SM1 = 102, ARC_SSF33 = 103, ARC_SM4 = 104, ARC_ECB = 1, ARC_CBC = 2 };

static const char not_ecb[] = N_("SM4 in another mode than ECB");

/* ---- algorithm ---- */

static bool
name_cipher(struct perso_cursor oid, uint8_t *mode, const char **note)
{
    size_t n = sizeof arc_ciphers;

    *mode = 0;
    if (perso_left(&oid) <= n || memcmp(oid.at, arc_ciphers, n) != 0)
        return perso_envelope_fault(note, N_("symmetric algorithm is not SM4"));
    oid.at += n;
    if (*oid.at == ARC_SM1)
        return perso_envelope_fault(note, N_("SM1 in place of SM4"));
    if (*oid.at == ARC_SSF33)
        return perso_envelope_fault(note, N_("SSF33 in place of SM4"));
    if (*oid.at != ARC_SM4 || perso_left(&oid) > 2)
        return perso_envelope_fault(note, N_("symmetric algorithm is not SM4"));
    if (perso_left(&oid) == 1)
        return true;
    *mode = oid.at[1];
    return *mode != 0 || perso_envelope_fault(note, N_("symmetric algorithm is not SM4"));
}

/* SM4 without a mode is ECB: where CBC is meant there is an IV. */
bool
perso_envelope_algorithm(struct perso_cursor *c, struct perso_envelope *ret, const char **note)
{
    struct perso_der algorithm, parameters;
    struct perso_cursor oid;
    uint8_t mode;

    if (!perso_der_take(c, PERSO_DER_SEQUENCE, &algorithm) || !perso_der_oid(&algorithm.body, &oid))
        return perso_envelope_fault(note, N_("symmetric algorithm is not an AlgorithmIdentifier"));
    if (!name_cipher(oid, &mode, note))
        return false;
    if (mode > ARC_ECB)
        ret->stuck = not_ecb;
    if (perso_left(&algorithm.body) == 0)
        return true;
    if (!perso_der_any(&algorithm.body, &parameters) || perso_left(&algorithm.body) != 0)
        return perso_envelope_fault(note, N_("parameters of the symmetric algorithm"));
    if (parameters.tag == PERSO_DER_OCTET_STRING && perso_left(&parameters.body) == BLOCK_BYTES)
        ret->stuck = mode == ARC_ECB ? N_("SM4 in ECB with an IV") : not_ecb;
    else if (mode <= ARC_ECB &&
             (parameters.tag != PERSO_DER_NULL || perso_left(&parameters.body) != 0))
        return perso_envelope_fault(note, N_("parameters of the symmetric algorithm"));
    return true;
}

/* ---- session key ---- */

bool
perso_envelope_cipher(struct perso_cursor *c, struct perso_envelope *ret, const char **note)
{
    struct perso_der cipher, hash, bytes;

    if (!perso_der_take(c, PERSO_DER_SEQUENCE, &cipher) ||
        !perso_der_unsigned(&cipher.body, ret->c1, 32) ||
        !perso_der_unsigned(&cipher.body, ret->c1 + 32, 32) ||
        !perso_der_take(&cipher.body, PERSO_DER_OCTET_STRING, &hash) ||
        !perso_der_take(&cipher.body, PERSO_DER_OCTET_STRING, &bytes) ||
        perso_left(&cipher.body) != 0)
        return perso_envelope_fault(note, N_("session key is not an SM2Cipher"));
    if (perso_left(&hash.body) != sizeof ret->c3)
        return perso_envelope_fault(note, N_("hash is not of 32 bytes"));
    if (perso_left(&bytes.body) != sizeof ret->c2)
        return perso_envelope_fault(note, N_("session key is not of 16 bytes"));
    if (!perso_sm2_on_curve(ret->c1))
        return perso_envelope_fault(note, N_("C1 is not on the curve"));
    memcpy(ret->c3, hash.body.at, sizeof ret->c3);
    memcpy(ret->c2, bytes.body.at, sizeof ret->c2);
    return true;
}

/* ---- private key ---- */

/*
 * d is 32 bytes, and 64 where it was put right-aligned into such a field before it was encrypted:
 * in ECB two equal blocks of zeros are two equal blocks, and the last two are those of d. What was
 * padded holds d, or a DER around it: without the key nobody can tell.
 */
bool
perso_envelope_private(struct perso_cursor bytes, struct perso_envelope *ret, const char **note)
{
    size_t n = perso_left(&bytes);

    if (n < sizeof ret->private_key || n > PRIVATE_MAX || n % BLOCK_BYTES != 0)
        return perso_envelope_fault(note, N_("private key is not of whole blocks"));
    memcpy(ret->private_key, bytes.end - sizeof ret->private_key, sizeof ret->private_key);
    if (ret->stuck != NULL || n == sizeof ret->private_key)
        return true;
    if (n == 3 * BLOCK_BYTES)
        ret->stuck = N_("private key is padded");
    else if (n != 4 * BLOCK_BYTES)
        ret->stuck = N_("holds more than the private key");
    else if (memcmp(bytes.at, bytes.at + BLOCK_BYTES, BLOCK_BYTES) != 0)
        ret->stuck = N_("64 bytes that do not begin with zeros");
    return true;
}

bool
perso_envelope_asn1_read(struct perso_cursor body, struct perso_envelope *ret, const char **note)
{
    struct perso_cursor point, encrypted;
    uint8_t unused;

    if (!perso_envelope_algorithm(&body, ret, note) || !perso_envelope_cipher(&body, ret, note))
        return false;
    if (!perso_der_bits(&body, &point, &unused) || unused != 0 ||
        perso_left(&point) != 1 + PERSO_POINT_BYTES || point.at[0] != 4)
        return perso_envelope_fault(note, N_("public key is not 04 X Y"));
    memcpy(ret->public_key, point.at + 1, PERSO_POINT_BYTES);
    ret->has_public_key = true;
    if (!perso_sm2_on_curve(ret->public_key))
        return perso_envelope_fault(note, N_("public key is not on the curve"));
    if (!perso_der_bits(&body, &encrypted, &unused) || unused != 0)
        return perso_envelope_fault(note, N_("private key is not a BIT STRING"));
    if (!perso_envelope_private(encrypted, ret, note))
        return false;
    return perso_left(&body) == 0 || perso_envelope_fault(note, N_("bytes after the private key"));
}

/* ---- write ---- */

/* A BIT STRING of whole bytes; first stands before them, unless it is 0. */
static void
put_bits(struct perso_der_writer *w, const void *bytes, size_t n, uint8_t first)
{
    static const uint8_t no_unused_bits = 0;
    size_t mark = perso_der_mark(w);

    perso_der_put(w, bytes, n);
    perso_der_put(w, &first, first != 0);
    perso_der_put(w, &no_unused_bits, 1);
    perso_der_put_header(w, PERSO_DER_BIT_STRING, mark);
}

size_t
perso_envelope_asn1_write(const struct perso_envelope *envelope,
                          const uint8_t public_key[PERSO_POINT_BYTES],
                          uint8_t out[PERSO_ENVELOPE_BYTES])
{
    static const uint8_t sm4_ecb[] = { 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x81, 0x1c,
                                       0xcf, 0x55, 0x01, 0x68, 0x01, 0x05, 0x00 };
    struct perso_der_writer w = perso_der_writer_of(out, PERSO_ENVELOPE_BYTES);
    size_t n = 0;

    put_bits(&w, envelope->private_key, sizeof envelope->private_key, 0);
    put_bits(&w, public_key, PERSO_POINT_BYTES, 4);
    perso_der_put_sm2_cipher(&w, envelope->c1, envelope->c3, envelope->c2, sizeof envelope->c2);
    perso_der_put(&w, sm4_ecb, sizeof sm4_ecb);
    perso_der_put_header(&w, PERSO_DER_SEQUENCE, 0);
    perso_der_written(&w, &n); /* at most 244 bytes: it fits */
    return n;
}
