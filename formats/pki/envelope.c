#include "formats/pki/envelope.h"

#include <string.h>

#include "formats/pki/der.h"
#include "formats/pki/envelope_parts.h"
#include "formats/pki/form.h"
#include "perso/text.h"

bool
perso_envelope_fault(const char **note, const char *text)
{
    *note = text;
    return false;
}

/* A SEQUENCE that begins with a SEQUENCE or an OID, whole or not: bytes of chance are not. */
static bool
looks_like_der(struct perso_cursor bytes)
{
    struct perso_cursor length;
    uint8_t tag, first;

    return perso_take_u8(&bytes, &tag) && tag == PERSO_DER_SEQUENCE &&
           perso_take_u8(&bytes, &first) &&
           (first < 0x80 || (first <= 0x84 && perso_take(&bytes, first & 0x7fu, &length))) &&
           perso_take_u8(&bytes, &tag) && (tag == PERSO_DER_SEQUENCE || tag == PERSO_DER_OID);
}

/* SM2EnvelopedKey begins with an AlgorithmIdentifier and another SEQUENCE, which a certificate or a
 * PKCS#8 does not. */
static enum perso_envelope_form
form_of_body(struct perso_cursor body)
{
    struct perso_der algorithm;
    struct perso_cursor oid;

    if (perso_der_oid(&body, &oid))
        return perso_envelope_cms_is(oid) ? PERSO_ENVELOPE_CMS : PERSO_ENVELOPE_OPAQUE;
    if (perso_der_take(&body, PERSO_DER_SEQUENCE, &algorithm) &&
        perso_der_oid(&algorithm.body, &oid) && body.at != body.end &&
        *body.at == PERSO_DER_SEQUENCE)
        return PERSO_ENVELOPE_ASN1;
    return PERSO_ENVELOPE_OPAQUE;
}

/* *body: what is in the SEQUENCE, where the form is one. A whole SEQUENCE may have the size of a
 * blob. False where the DER is not whole. */
static bool
recognize(struct perso_cursor bytes, enum perso_envelope_form *form, struct perso_cursor *body,
          const char **note)
{
    struct perso_cursor at = bytes;
    struct perso_der whole;
    bool is_der = perso_der_take(&at, PERSO_DER_SEQUENCE, &whole);

    if (is_der && perso_left(&at) == 0) {
        *body = whole.body;
        *form = form_of_body(whole.body);
        return true;
    }
    *body = bytes;
    *form = PERSO_ENVELOPE_OPAQUE;
    if (perso_envelope_blob_is(bytes, form) || !looks_like_der(bytes))
        return true;
    return perso_envelope_fault(note, is_der ? N_("bytes after the envelope")
                                             : perso_form_not_der(bytes));
}

enum perso_envelope_form
perso_envelope_form(struct perso_cursor bytes)
{
    enum perso_envelope_form form;
    struct perso_cursor body;
    const char *note;

    return recognize(bytes, &form, &body, &note) ? form : PERSO_ENVELOPE_OPAQUE;
}

static bool
read_form(struct perso_cursor body, struct perso_envelope *ret, const char **note)
{
    switch (ret->form) {
    case PERSO_ENVELOPE_ASN1:
        return perso_envelope_asn1_read(body, ret, note);
    case PERSO_ENVELOPE_CMS:
        return perso_envelope_cms_read(body, ret, note);
    case PERSO_ENVELOPE_OPAQUE:
        ret->stuck = N_("of no form that is known here");
        return true;
    default:
        return perso_envelope_blob_read(body, ret, note);
    }
}

enum perso_reject
perso_envelope_read(struct perso_cursor bytes, struct perso_envelope *ret, const char **note)
{
    struct perso_envelope read = { .stuck = NULL };
    struct perso_cursor body;
    bool good;

    *note = NULL;
    read.certificates = read.signers = perso_cursor_of("", 0);
    if (perso_left(&bytes) == 0)
        good = perso_envelope_fault(note, N_("empty"));
    else if (perso_left(&bytes) > PERSO_ENVELOPE_BYTES_MAX)
        good = perso_envelope_fault(note, N_("longer than any envelope"));
    else
        good = recognize(bytes, &read.form, &body, note) && read_form(body, &read, note);
    if (!good)
        return PERSO_REJ_ENVELOPE_SHAPE;
    *ret = read;
    return PERSO_REJ_NONE;
}

enum perso_reject
perso_envelope_judge(const struct perso_envelope *envelope,
                     const uint8_t public_key[PERSO_POINT_BYTES])
{
    bool fits = envelope->has_public_key
                    ? memcmp(envelope->public_key, public_key, PERSO_POINT_BYTES) == 0
                    : perso_envelope_cms_fits(envelope, public_key);

    return fits ? PERSO_REJ_NONE : PERSO_REJ_ENVELOPE_KEY;
}

bool
perso_envelope_write(const struct perso_envelope *envelope, enum perso_envelope_form form,
                     const uint8_t public_key[PERSO_POINT_BYTES], uint8_t out[PERSO_ENVELOPE_BYTES],
                     size_t *n)
{
    if (envelope->stuck != NULL || (form != PERSO_ENVELOPE_SKF && form != PERSO_ENVELOPE_ASN1))
        return false;
    *n = form == PERSO_ENVELOPE_SKF ? perso_envelope_blob_write(envelope, public_key, out)
                                    : perso_envelope_asn1_write(envelope, public_key, out);
    return true;
}
