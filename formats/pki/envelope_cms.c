/*
 * envelopedData and signedAndEnvelopedData (GM/T 0010, GB/T 35275; PKCS#7, RFC 2315) with one
 * recipient, the card, and the private key as content. The recipient's serial number is not judged:
 * CAs fill it as they like. The signature is the CA's own, over the key in clear: only the card
 * could judge it.
 */
#include <string.h>

#include "formats/pki/certificate.h"
#include "formats/pki/der.h"
#include "formats/pki/envelope_parts.h"
#include "perso/text.h"

/* 1.2.156.10197.6.1.4.2 and 1.2.840.113549.1.7, each followed by the type. */
static const uint8_t arc_gm[] = { 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x06, 0x01, 0x04, 0x02 };
static const uint8_t arc_pkcs7[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07 };
enum { TYPE_DATA = 1, TYPE_ENVELOPED = 3, TYPE_SIGNED_ENVELOPED = 4 };
/* 1.2.156.10197.1.301; some name its use as a last arc (1 to 3). */
static const uint8_t oid_sm2[] = { 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d };

static uint8_t
type_of(struct perso_cursor oid)
{
    size_t n = perso_left(&oid);

    if ((n == sizeof arc_gm + 1 && memcmp(oid.at, arc_gm, sizeof arc_gm) == 0) ||
        (n == sizeof arc_pkcs7 + 1 && memcmp(oid.at, arc_pkcs7, sizeof arc_pkcs7) == 0))
        return oid.end[-1];
    return 0;
}

bool
perso_envelope_cms_is(struct perso_cursor oid)
{
    uint8_t type = type_of(oid);

    return type == TYPE_ENVELOPED || type == TYPE_SIGNED_ENVELOPED;
}

/* IssuerAndSerialNumber ::= SEQUENCE { issuer Name, serialNumber INTEGER }. */
static bool
take_issuer(struct perso_cursor *c, struct perso_cursor *issuer, struct perso_cursor *serial)
{
    struct perso_der whole, name, number;

    if (!perso_der_take(c, PERSO_DER_SEQUENCE, &whole) ||
        !perso_der_take(&whole.body, PERSO_DER_SEQUENCE, &name) ||
        !perso_der_sound(name.body, PERSO_DER_DEPTH) ||
        !perso_der_take(&whole.body, PERSO_DER_INTEGER, &number) || perso_left(&whole.body) != 0)
        return false;
    *issuer = name.whole;
    *serial = number.body;
    return true;
}

static bool
is_sm2(struct perso_cursor *c)
{
    struct perso_der algorithm;
    struct perso_cursor oid;
    size_t n = sizeof oid_sm2;

    return perso_der_take(c, PERSO_DER_SEQUENCE, &algorithm) &&
           perso_der_oid(&algorithm.body, &oid) && perso_left(&oid) >= n &&
           memcmp(oid.at, oid_sm2, n) == 0 &&
           (perso_left(&oid) == n || (perso_left(&oid) == n + 1 && oid.at[n] <= 3)) &&
           perso_der_sound(algorithm.body, PERSO_DER_DEPTH);
}

/* RecipientInfo by issuer and serial number, or by a key identifier (RFC 5652). */
static bool
take_recipient(struct perso_cursor set, struct perso_envelope *ret, const char **note)
{
    struct perso_cursor issuer, serial;
    struct perso_der recipient, identifier, key;
    uint8_t version;

    if (!perso_der_take(&set, PERSO_DER_SEQUENCE, &recipient) ||
        !perso_der_unsigned(&recipient.body, &version, 1) ||
        (!take_issuer(&recipient.body, &issuer, &serial) &&
         !perso_der_take(&recipient.body, PERSO_DER_CONTEXT_PRIMITIVE(0), &identifier)))
        return perso_envelope_fault(note, N_("recipient is not a RecipientInfo"));
    if (perso_left(&set) != 0)
        return perso_envelope_fault(note, N_("more than one recipient"));
    if (!is_sm2(&recipient.body))
        return perso_envelope_fault(note, N_("session key is not encrypted with SM2"));
    if (!perso_der_take(&recipient.body, PERSO_DER_OCTET_STRING, &key) ||
        perso_left(&recipient.body) != 0)
        return perso_envelope_fault(note, N_("recipient is not a RecipientInfo"));
    if (!perso_envelope_cipher(&key.body, ret, note))
        return false;
    return perso_left(&key.body) == 0 ||
           perso_envelope_fault(note, N_("session key is not an SM2Cipher"));
}

/* EncryptedContentInfo ::= SEQUENCE { type, algorithm, [0] IMPLICIT OCTET STRING }. */
static bool
take_content(struct perso_cursor *c, struct perso_envelope *ret, const char **note)
{
    struct perso_cursor oid;
    struct perso_der info, content;

    if (!perso_der_take(c, PERSO_DER_SEQUENCE, &info) || !perso_der_oid(&info.body, &oid) ||
        type_of(oid) != TYPE_DATA)
        return perso_envelope_fault(note, N_("content is not data"));
    if (!perso_envelope_algorithm(&info.body, ret, note))
        return false;
    if (!perso_der_take(&info.body, PERSO_DER_CONTEXT_PRIMITIVE(0), &content) ||
        perso_left(&info.body) != 0)
        return perso_envelope_fault(note, N_("content is not an OCTET STRING"));
    return perso_envelope_private(content.body, ret, note);
}

static bool
take_signer(struct perso_cursor *c, struct perso_cursor *issuer, struct perso_cursor *serial)
{
    struct perso_der signer;
    uint8_t version;

    return perso_der_take(c, PERSO_DER_SEQUENCE, &signer) &&
           perso_der_unsigned(&signer.body, &version, 1) &&
           take_issuer(&signer.body, issuer, serial) &&
           perso_der_sound(signer.body, PERSO_DER_DEPTH);
}

/* What follows the content of signedAndEnvelopedData. */
static bool
take_signature(struct perso_cursor *c, struct perso_envelope *ret, const char **note)
{
    struct perso_cursor issuer, serial;
    struct perso_der set;

    if (perso_der_take(c, PERSO_DER_CONTEXT(0), &set))
        ret->certificates = set.body;
    if (perso_der_take(c, PERSO_DER_CONTEXT(1), &set) &&
        !perso_der_sound(set.body, PERSO_DER_DEPTH))
        return perso_envelope_fault(note, N_("revocation lists are not DER"));
    if (!perso_der_take(c, PERSO_DER_SET, &set))
        return perso_envelope_fault(note, N_("no set of signers"));
    ret->signers = set.body;
    while (perso_left(&set.body) != 0)
        if (!take_signer(&set.body, &issuer, &serial))
            return perso_envelope_fault(note, N_("signer is not a SignerInfo"));
    return true;
}

/* One certificate as far as it is needed here: KMCs sign with certificates of any kind. */
struct other {
    struct perso_cursor whole, issuer, subject, serial;
    bool has_key; /* of SM2 */
    uint8_t public_key[PERSO_POINT_BYTES];
};

static bool
take_certificate(struct perso_cursor *c, struct other *ret)
{
    struct perso_der whole, tbs, version, serial, part;

    if (!perso_der_take(c, PERSO_DER_SEQUENCE, &whole) ||
        !perso_der_sound(whole.body, PERSO_DER_DEPTH))
        return false;
    ret->whole = whole.whole;
    if (!perso_der_take(&whole.body, PERSO_DER_SEQUENCE, &tbs))
        return false;
    perso_der_take(&tbs.body, PERSO_DER_CONTEXT(0), &version);
    if (!perso_der_take(&tbs.body, PERSO_DER_INTEGER, &serial) ||
        !perso_der_take(&tbs.body, PERSO_DER_SEQUENCE, &part) || /* signature */
        !perso_der_take(&tbs.body, PERSO_DER_SEQUENCE, &part))
        return false;
    ret->serial = serial.body;
    ret->issuer = part.whole;
    if (!perso_der_take(&tbs.body, PERSO_DER_SEQUENCE, &part) || /* validity */
        !perso_der_take(&tbs.body, PERSO_DER_SEQUENCE, &part))
        return false;
    ret->subject = part.whole;
    ret->has_key = perso_der_sm2_key(&tbs.body, ret->public_key);
    return true;
}

static bool
take_certificates(const struct perso_envelope *envelope, const char **note)
{
    struct perso_cursor set = envelope->certificates;
    struct other one;

    while (perso_left(&set) != 0)
        if (!take_certificate(&set, &one))
            return perso_envelope_fault(note, N_("what stands beside it is no certificate"));
    return true;
}

bool
perso_envelope_cms_read(struct perso_cursor body, struct perso_envelope *ret, const char **note)
{
    struct perso_cursor oid;
    struct perso_der outer, data, set;
    uint8_t version;

    if (!perso_der_oid(&body, &oid) || !perso_der_take(&body, PERSO_DER_CONTEXT(0), &outer) ||
        perso_left(&body) != 0 || !perso_der_take(&outer.body, PERSO_DER_SEQUENCE, &data) ||
        perso_left(&outer.body) != 0 || !perso_der_unsigned(&data.body, &version, 1) ||
        !perso_der_take(&data.body, PERSO_DER_SET, &set))
        return perso_envelope_fault(note, N_("not version and recipients"));
    if (!take_recipient(set.body, ret, note))
        return false;
    bool is_signed = type_of(oid) == TYPE_SIGNED_ENVELOPED;
    if (is_signed && (!perso_der_take(&data.body, PERSO_DER_SET, &set) ||
                      !perso_der_sound(set.body, PERSO_DER_DEPTH)))
        return perso_envelope_fault(note, N_("no set of digest algorithms"));
    if (!take_content(&data.body, ret, note) ||
        (is_signed && !take_signature(&data.body, ret, note)) || !take_certificates(ret, note))
        return false;
    return perso_left(&data.body) == 0 || perso_envelope_fault(note, N_("bytes after the content"));
}

/* ---- whose is it? ---- */

static bool
same(struct perso_cursor a, struct perso_cursor b)
{
    return perso_der_is(a, b.at, perso_left(&b));
}

static bool
is_signer(const struct perso_envelope *envelope, const struct other *one)
{
    struct perso_cursor signers = envelope->signers, issuer, serial;

    while (take_signer(&signers, &issuer, &serial))
        if (same(issuer, one->issuer) && same(serial, one->serial))
            return true;
    return false;
}

static bool
is_ca(const struct other *one)
{
    struct perso_certificate certificate;
    struct perso_error unused = { 0 };

    return same(one->issuer, one->subject) ||
           (perso_certificate_read(one->whole, &certificate, &unused) == PERSO_OK &&
            certificate.is_ca);
}

bool
perso_envelope_cms_fits(const struct perso_envelope *envelope,
                        const uint8_t public_key[PERSO_POINT_BYTES])
{
    struct perso_cursor set = envelope->certificates;
    struct other one;

    while (take_certificate(&set, &one)) {
        bool own = one.has_key && memcmp(one.public_key, public_key, PERSO_POINT_BYTES) == 0;
        if (!own && !is_signer(envelope, &one) && !is_ca(&one))
            return false;
    }
    return true;
}
