/*
 * Envelopes: what is read is of one form; what is not stuck is written as ENVELOPEDKEYBLOB and as
 * SM2EnvelopedKey, both are read back to the same parts, and what is written so is written so
 * again.
 */
#include <assert.h>
#include <string.h>

#include "formats/pki/envelope.h"
#include "formats/sm2/sm2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
same_parts(const struct perso_envelope *a, const struct perso_envelope *b)
{
    assert(memcmp(a->c1, b->c1, sizeof a->c1) == 0 && memcmp(a->c3, b->c3, sizeof a->c3) == 0);
    assert(memcmp(a->c2, b->c2, sizeof a->c2) == 0);
    assert(memcmp(a->private_key, b->private_key, sizeof a->private_key) == 0);
}

/* Written in a form, read, and written again. @return bytes */
static size_t
check_written(const struct perso_envelope *envelope, enum perso_envelope_form form,
              const uint8_t key[PERSO_POINT_BYTES], uint8_t out[PERSO_ENVELOPE_BYTES])
{
    uint8_t again[PERSO_ENVELOPE_BYTES];
    struct perso_envelope read;
    const char *note;
    size_t n, again_n;

    assert(perso_envelope_write(envelope, form, key, out, &n) && n <= PERSO_ENVELOPE_BYTES);
    assert(perso_envelope_read(perso_cursor_of(out, n), &read, &note) == PERSO_REJ_NONE);
    assert(read.form == form && read.stuck == NULL && read.has_public_key);
    assert(memcmp(read.public_key, key, PERSO_POINT_BYTES) == 0);
    same_parts(envelope, &read);
    assert(perso_envelope_write(&read, form, key, again, &again_n) && again_n == n);
    assert(memcmp(again, out, n) == 0);
    return n;
}

static void
check_whose(const struct perso_envelope *envelope)
{
    uint8_t other[PERSO_POINT_BYTES];

    if (!envelope->has_public_key) {
        memset(other, 7, sizeof other);
        enum perso_reject reject = perso_envelope_judge(envelope, other);
        assert(reject == PERSO_REJ_NONE || reject == PERSO_REJ_ENVELOPE_KEY);
        return;
    }
    memcpy(other, envelope->public_key, sizeof other);
    assert(perso_sm2_on_curve(other));
    assert(perso_envelope_judge(envelope, other) == PERSO_REJ_NONE);
    other[0] ^= 1;
    assert(perso_envelope_judge(envelope, other) == PERSO_REJ_ENVELOPE_KEY);
}

static void
check_read(const struct perso_envelope *envelope, const uint8_t *data, size_t size)
{
    uint8_t skf[PERSO_ENVELOPE_BYTES], asn1[PERSO_ENVELOPE_BYTES];
    size_t n;

    check_whose(envelope);
    if (envelope->form == PERSO_ENVELOPE_OPAQUE)
        assert(envelope->stuck != NULL);
    else
        assert(perso_envelope_form(perso_cursor_of(data, size)) == envelope->form);
    if (envelope->stuck != NULL) {
        assert(!perso_envelope_write(envelope, PERSO_ENVELOPE_SKF, skf, asn1, &n));
        return;
    }
    assert(perso_sm2_on_curve(envelope->c1));
    /* One without a public key is given one: that of C1 is on the curve. */
    const uint8_t *key = envelope->has_public_key ? envelope->public_key : envelope->c1;
    n = check_written(envelope, PERSO_ENVELOPE_SKF, key, skf);
    if (envelope->form == PERSO_ENVELOPE_SKF && data[0] == 1)
        assert(n == size && memcmp(skf, data, n) == 0);
    n = check_written(envelope, PERSO_ENVELOPE_ASN1, key, asn1);
    if (envelope->form == PERSO_ENVELOPE_ASN1 && n == size)
        assert(memcmp(asn1, data, 4) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct perso_envelope envelope, untouched;
    const char *note = NULL;

    memset(&envelope, 0x5a, sizeof envelope);
    untouched = envelope;
    enum perso_reject reject = perso_envelope_read(perso_cursor_of(data, size), &envelope, &note);
    assert(reject == PERSO_REJ_NONE || reject == PERSO_REJ_ENVELOPE_SHAPE);
    if (reject == PERSO_REJ_NONE) {
        check_read(&envelope, data, size);
    } else {
        assert(note != NULL && memcmp(&envelope, &untouched, sizeof envelope) == 0);
    }
    return 0;
}
