#include "formats/pki/form.h"

#include <string.h>

#include "formats/pki/der.h"
#include "formats/sm2/sm2.h"
#include "perso/text.h"

#define RAW_BYTES 64u /* r || s */

static const uint8_t oid_ec_key[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };
static const uint8_t oid_sm2[] = { 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d };
static const uint8_t oid_sm2_sm3[] = { 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75 };

bool
perso_fault_syntax(struct perso_faults *faults, const char *text)
{
    if (faults->syntax == NULL)
        faults->syntax = text;
    return false;
}

bool
perso_fault_odd(struct perso_faults *faults, uint32_t bit, const char *text)
{
    if ((faults->tolerated & bit) != 0) {
        faults->odd |= bit;
        return true;
    }
    if (faults->syntax == NULL)
        faults->refused = bit;
    return perso_fault_syntax(faults, text);
}

void
perso_fault_algorithm(struct perso_faults *faults, const char *text)
{
    if (faults->algorithm == NULL)
        faults->algorithm = text;
}

const char *
perso_form_not_der(struct perso_cursor der)
{
    static const char pem[] = "-----BEGIN";

    if (perso_left(&der) == 0)
        return N_("empty");
    if (perso_left(&der) >= sizeof pem - 1 && memcmp(der.at, pem, sizeof pem - 1) == 0)
        return N_("PEM text");
    return der.at[0] == PERSO_DER_SEQUENCE ? N_("cut, or its length is wrong") : N_("no SEQUENCE");
}

/* 06 X Y with an even Y, 07 X Y with an odd one. */
static bool
read_hybrid(struct perso_cursor point, uint8_t public_key[64], struct perso_faults *faults)
{
    if (!perso_fault_odd(faults, PERSO_ODD_HYBRID, N_("hybrid point")))
        return false;
    if (((point.at[0] ^ point.end[-1]) & 1) != 0)
        return perso_fault_syntax(faults, "hybrid point contradicts its Y");
    memcpy(public_key, point.at + 1, 64);
    return true;
}

static bool
read_compressed(struct perso_cursor point, uint8_t public_key[64], struct perso_faults *faults)
{
    if (!perso_fault_odd(faults, PERSO_ODD_COMPRESSED, N_("compressed point")))
        return false;
    switch (perso_sm2_decompress(point.at + 1, (point.at[0] & 1) != 0, public_key)) {
    case PERSO_OK:
        return true;
    case PERSO_REJECT:
        return perso_fault_syntax(faults, "compressed point is not on the curve");
    default:
        faults->failed = true;
        return perso_fault_syntax(faults, "compressed point");
    }
}

/* The point is in another form than 04 X Y. */
static bool
read_odd_point(struct perso_cursor point, uint8_t public_key[64], struct perso_faults *faults)
{
    size_t n = perso_left(&point);

    if (n == 33 && (point.at[0] == 2 || point.at[0] == 3))
        return read_compressed(point, public_key, faults);
    if (n == 65 && (point.at[0] == 6 || point.at[0] == 7))
        return read_hybrid(point, public_key, faults);
    return perso_fault_syntax(faults, n == 1 && point.at[0] == 0 ? N_("point at infinity")
                                                                 : N_("point is not 04 X Y"));
}

/* The curve beside id-ecPublicKey is not the OID of SM2: a foreign one, or no curve at all. */
static bool
name_curve(struct perso_cursor *parameters, struct perso_faults *faults)
{
    struct perso_cursor oid;
    struct perso_der other;

    if (perso_der_oid(parameters, &oid)) {
        if (!perso_der_is(oid, oid_sm2, sizeof oid_sm2))
            perso_fault_algorithm(faults, "curve is not SM2");
        return true;
    }
    if (!perso_der_any(parameters, &other))
        return perso_fault_syntax(faults, "curve missing");
    return perso_fault_syntax(faults, other.tag == PERSO_DER_SEQUENCE
                                          ? N_("explicit curve parameters")
                                          : N_("curve is not an OID"));
}

bool
perso_form_key(struct perso_cursor *c, uint8_t public_key[64], struct perso_faults *faults)
{
    struct perso_der spki, algorithm;
    struct perso_cursor oid, point;
    uint8_t unused;

    if (perso_der_sm2_key(c, public_key))
        return true;
    if (!perso_der_take(c, PERSO_DER_SEQUENCE, &spki) ||
        !perso_der_take(&spki.body, PERSO_DER_SEQUENCE, &algorithm) ||
        !perso_der_oid(&algorithm.body, &oid) || !perso_der_bits(&spki.body, &point, &unused) ||
        perso_left(&spki.body) != 0)
        return perso_fault_syntax(faults, "public key is not a SubjectPublicKeyInfo");
    if (!perso_der_is(oid, oid_ec_key, sizeof oid_ec_key)) {
        perso_fault_algorithm(faults, "key is not id-ecPublicKey");
        return true;
    }
    bool named = name_curve(&algorithm.body, faults);
    if (named && perso_left(&algorithm.body) != 0)
        return perso_fault_syntax(faults, "bytes after the curve");
    if (!named || faults->algorithm != NULL)
        return named;
    if (unused != 0)
        return perso_fault_syntax(faults, "unused bits in the BIT STRING of the point");
    return read_odd_point(point, public_key, faults);
}

bool
perso_form_algorithm(struct perso_cursor *c, struct perso_faults *faults)
{
    struct perso_der algorithm, parameters;
    struct perso_cursor oid;

    if (!perso_der_take(c, PERSO_DER_SEQUENCE, &algorithm) || !perso_der_oid(&algorithm.body, &oid))
        return perso_fault_syntax(faults, "signature algorithm is not an AlgorithmIdentifier");
    if (!perso_der_is(oid, oid_sm2_sm3, sizeof oid_sm2_sm3)) {
        perso_fault_algorithm(faults, "signature algorithm is not SM2 with SM3");
        return true;
    }
    if (perso_left(&algorithm.body) == 0)
        return true;
    if (!perso_der_take(&algorithm.body, PERSO_DER_NULL, &parameters) ||
        perso_left(&parameters.body) != 0 || perso_left(&algorithm.body) != 0)
        return perso_fault_syntax(faults, "parameters of the signature algorithm");
    return perso_fault_odd(faults, PERSO_ODD_NULL, N_("NULL parameters"));
}

/* The bytes are not SEQUENCE { r, s }: what is wrong? NULL: they are r || s. */
static const char *
signature_fault(struct perso_cursor bytes)
{
    struct perso_cursor at = bytes;
    struct perso_der sequence, integer;

    if (!perso_der_take(&at, PERSO_DER_SEQUENCE, &sequence) || perso_left(&at) != 0)
        return perso_left(&bytes) == RAW_BYTES ? NULL : N_("signature is not SEQUENCE { r, s }");
    for (int i = 0; i < 2; i++) {
        if (!perso_der_take(&sequence.body, PERSO_DER_INTEGER, &integer))
            return N_("signature is not SEQUENCE { r, s }");
        size_t n = perso_left(&integer.body);
        if (n == 0)
            return N_("empty INTEGER in the signature");
        if ((integer.body.at[0] & 0x80) != 0)
            return N_("negative INTEGER in the signature");
        if (n > 1 && integer.body.at[0] == 0 && (integer.body.at[1] & 0x80) == 0)
            return N_("superfluous zero in an INTEGER of the signature");
        if (n > 33 || (n == 33 && integer.body.at[0] != 0))
            return N_("INTEGER of the signature is too long");
    }
    return N_("bytes after s");
}

bool
perso_form_signature(struct perso_cursor *c, uint8_t rs[64], struct perso_faults *faults)
{
    struct perso_cursor bytes;
    uint8_t unused;

    if (!perso_der_bits(c, &bytes, &unused))
        return perso_fault_syntax(faults, "signature is not a BIT STRING");
    if (faults->algorithm != NULL)
        return true;
    if (unused != 0)
        return perso_fault_syntax(faults, "unused bits in the BIT STRING of the signature");
    if (perso_der_signature(bytes, rs))
        return true;
    /* One r in 65,536 begins as a SEQUENCE of 62 bytes does: where raw is known to come, it is. */
    const char *fault = signature_fault(bytes);
    bool raw = perso_left(&bytes) == RAW_BYTES && (faults->tolerated & PERSO_ODD_RAW) != 0;
    if (fault != NULL && !raw)
        return perso_fault_syntax(faults, fault);
    if (!perso_fault_odd(faults, PERSO_ODD_RAW, N_("raw r||s in the BIT STRING")))
        return false;
    memcpy(rs, bytes.at, RAW_BYTES);
    return true;
}
