/* The binary envelopes of devices, little-endian, packed; numbers of 32 bytes stand right-aligned
 * in fields of 64. */
#include <string.h>

#include "formats/pki/envelope_parts.h"
#include "formats/sm2/sm2.h"
#include "perso/text.h"

#define VERSION 1u              /* 1 in the standard; 0 where an issuer left it unset */
#define SGD_SM4_ECB 0x00000401u /* GM/T 0006; blobs are ECB only, the chip has SM4 only */
#define SGD_SM2 0x00020000u     /* GM/T 0006: with one of the bits 8 to 11 */
#define SGD_SM2_USES 0x00000f00u
#define KEY_BITS 256u
#define SESSION_KEY_BYTES 16u

/*
 * Members: v version, s symmetric and a asymmetric algorithm, b bits of the key, k the encrypted
 * private key, p public key { bits, X, Y }, c cipher { X, Y, hash, length, bytes }.
 * GM/T 0016 (GB/T 35291) has one order. Headers of GM/T 0018 devices have two (cipher first, or
 * last), and algorithms of 4 or 8 bytes: a blob is the one whose points, padding and lengths stand
 * where they must.
 */
struct layout {
    enum perso_envelope_form form;
    size_t bytes;
    uint8_t outer, inner; /* bytes of a number in the blob itself, and inside p and c */
    const char *members;
};
static const struct layout layouts[] = {
    { PERSO_ENVELOPE_SKF, PERSO_ENVELOPE_BYTES, 4, 4, "vsbkpc" },
    { PERSO_ENVELOPE_SKF_LONG, 408, 8, 8, "vsbkpc" },
    { PERSO_ENVELOPE_SDF, 384, 4, 4, "ascpk" },
    { PERSO_ENVELOPE_SDF, 384, 4, 4, "aspkc" },
    { PERSO_ENVELOPE_SDF, 392, 8, 4, "ascpk" },
    { PERSO_ENVELOPE_SDF, 392, 8, 4, "aspkc" },
};
#define N_LAYOUTS (sizeof layouts / sizeof layouts[0])

/* A number of 4 or 8 bytes that fits into 32 bits. */
static bool
take_number(struct perso_cursor *c, uint8_t bytes, uint32_t *ret)
{
    struct perso_cursor b;

    if (!perso_take(c, bytes, &b))
        return false;
    *ret = (uint32_t)b.at[3] << 24 | (uint32_t)b.at[2] << 16 | (uint32_t)b.at[1] << 8 | b.at[0];
    for (uint8_t i = 4; i < bytes; i++)
        if (b.at[i] != 0)
            return false;
    return true;
}

static bool
number_is(struct perso_cursor *c, uint8_t bytes, uint32_t want)
{
    uint32_t have;

    return take_number(c, bytes, &have) && have == want;
}

/* A field of 64 bytes whose first half is padding. */
static bool
take_padded(struct perso_cursor *c, uint8_t out[32])
{
    struct perso_cursor padding, number;

    if (!perso_take(c, 32, &padding) || !perso_take(c, 32, &number))
        return false;
    for (; padding.at != padding.end; padding.at++)
        if (*padding.at != 0)
            return false;
    memcpy(out, number.at, 32);
    return true;
}

static bool
take_bytes(struct perso_cursor *c, uint8_t *out, size_t n)
{
    struct perso_cursor bytes;

    if (!perso_take(c, n, &bytes))
        return false;
    memcpy(out, bytes.at, n);
    return true;
}

static bool
take_point(struct perso_cursor *c, uint8_t point[PERSO_POINT_BYTES], const char *off_curve,
           const char **note)
{
    if (!take_padded(c, point) || !take_padded(c, point + 32))
        return perso_envelope_fault(note, N_("a coordinate is not right-aligned"));
    return perso_sm2_on_curve(point) || perso_envelope_fault(note, off_curve);
}

/* Named, so that the CA can be told what to change (GM/T 0006). */
static bool
is_sm4_ecb(uint32_t algorithm, const char **note)
{
    static const struct {
        uint32_t family;
        const char *note;
    } others[] = { { 0x100, N_("SM1 in place of SM4") },
                   { 0x200, N_("SSF33 in place of SM4") },
                   { 0x400, N_("SM4 in another mode than ECB") } };

    if (algorithm == SGD_SM4_ECB)
        return true;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if ((algorithm & ~0xffu) == others[i].family)
            return perso_envelope_fault(note, others[i].note);
    return perso_envelope_fault(note, N_("symmetric algorithm is not SM4"));
}

static bool
take_cipher(struct perso_cursor *c, uint8_t inner, struct perso_envelope *ret, const char **note)
{
    if (!take_point(c, ret->c1, N_("C1 is not on the curve"), note))
        return false;
    if (!take_bytes(c, ret->c3, sizeof ret->c3) || !number_is(c, inner, SESSION_KEY_BYTES) ||
        !take_bytes(c, ret->c2, sizeof ret->c2))
        return perso_envelope_fault(note, N_("session key is not of 16 bytes"));
    return true;
}

static bool
take_member(const struct layout *layout, char member, struct perso_cursor *c,
            struct perso_envelope *ret, const char **note)
{
    uint32_t number;

    switch (member) {
    case 'v':
        return (take_number(c, layout->outer, &number) && number <= VERSION) ||
               perso_envelope_fault(note, N_("version is not 1"));
    case 'a':
        return (take_number(c, layout->outer, &number) && (number & ~SGD_SM2_USES) == SGD_SM2) ||
               perso_envelope_fault(note, N_("asymmetric algorithm is not SM2"));
    case 's':
        if (!take_number(c, layout->outer, &number))
            return perso_envelope_fault(note, N_("symmetric algorithm is not SM4"));
        return is_sm4_ecb(number, note);
    case 'b':
        return number_is(c, layout->outer, KEY_BITS) ||
               perso_envelope_fault(note, N_("key is not of 256 bits"));
    case 'k':
        return take_padded(c, ret->private_key) ||
               perso_envelope_fault(note, N_("private key is not right-aligned"));
    case 'p':
        if (!number_is(c, layout->inner, KEY_BITS))
            return perso_envelope_fault(note, N_("key is not of 256 bits"));
        return take_point(c, ret->public_key, N_("public key is not on the curve"), note);
    default:
        return take_cipher(c, layout->inner, ret, note);
    }
}

static bool
read_layout(const struct layout *layout, struct perso_cursor c, struct perso_envelope *ret,
            const char **note)
{
    for (const char *member = layout->members; *member != '\0'; member++)
        if (!take_member(layout, *member, &c, ret, note))
            return false;
    ret->has_public_key = true;
    return true;
}

/* Version, algorithm and bits of an ENVELOPEDKEYBLOB that was cut or has bytes too many. */
static bool
begins_like_skf(struct perso_cursor bytes, uint8_t outer)
{
    uint32_t version, algorithm;

    return take_number(&bytes, outer, &version) && version <= VERSION &&
           take_number(&bytes, outer, &algorithm) && (algorithm & ~0xfffu) == 0 && algorithm != 0 &&
           number_is(&bytes, outer, KEY_BITS);
}

static bool
begins_like_sdf(struct perso_cursor bytes, uint8_t outer)
{
    uint32_t asymmetric, symmetric;

    return take_number(&bytes, outer, &asymmetric) && (asymmetric & ~SGD_SM2_USES) == SGD_SM2 &&
           take_number(&bytes, outer, &symmetric) && (symmetric & ~0xfffu) == 0;
}

bool
perso_envelope_blob_is(struct perso_cursor bytes, enum perso_envelope_form *form)
{
    for (size_t i = 0; i < N_LAYOUTS; i++)
        if (perso_left(&bytes) == layouts[i].bytes) {
            *form = layouts[i].form;
            return true;
        }
    if (begins_like_skf(bytes, 4))
        *form = PERSO_ENVELOPE_SKF;
    else if (begins_like_skf(bytes, 8))
        *form = PERSO_ENVELOPE_SKF_LONG;
    else if (begins_like_sdf(bytes, 4) || begins_like_sdf(bytes, 8))
        *form = PERSO_ENVELOPE_SDF;
    else
        return false;
    return true;
}

bool
perso_envelope_blob_read(struct perso_cursor bytes, struct perso_envelope *ret, const char **note)
{
    bool of_size = false;

    for (size_t i = 0; i < N_LAYOUTS; i++) {
        if (layouts[i].form != ret->form || layouts[i].bytes != perso_left(&bytes))
            continue;
        of_size = true;
        if (read_layout(&layouts[i], bytes, ret, note)) {
            *note = NULL;
            return true;
        }
    }
    if (of_size)
        return false;
    if (ret->form != PERSO_ENVELOPE_SDF)
        return perso_envelope_fault(note, N_("a blob of another length"));
    /* Some devices have members of other sizes; which, only they know. */
    ret->form = PERSO_ENVELOPE_OPAQUE;
    ret->stuck = N_("EnvelopedKeyBlob of GM/T 0018 in a layout that is not known here");
    return true;
}

/* ---- write ---- */

static uint8_t *
put_number(uint8_t *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        *at++ = (uint8_t)(v >> 8 * i);
    return at;
}

static uint8_t *
put_bytes(uint8_t *at, const uint8_t *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

static uint8_t *
put_padded(uint8_t *at, const uint8_t number[32])
{
    memset(at, 0, 32);
    return put_bytes(at + 32, number, 32);
}

size_t
perso_envelope_blob_write(const struct perso_envelope *envelope,
                          const uint8_t public_key[PERSO_POINT_BYTES],
                          uint8_t out[PERSO_ENVELOPE_BYTES])
{
    uint8_t *at = put_number(out, VERSION);

    at = put_number(at, SGD_SM4_ECB);
    at = put_number(at, KEY_BITS);
    at = put_padded(at, envelope->private_key);
    at = put_number(at, KEY_BITS);
    at = put_padded(at, public_key);
    at = put_padded(at, public_key + 32);
    at = put_padded(at, envelope->c1);
    at = put_padded(at, envelope->c1 + 32);
    at = put_bytes(at, envelope->c3, sizeof envelope->c3);
    at = put_number(at, SESSION_KEY_BYTES);
    at = put_bytes(at, envelope->c2, sizeof envelope->c2);
    return (size_t)(at - out);
}
