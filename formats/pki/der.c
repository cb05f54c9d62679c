#include "formats/pki/der.h"

#include <string.h>

#define TAG_ENUMERATED 0x0a
#define TAG_EXTERNAL 0x08
#define TAG_EMBEDDED_PDV 0x0b
#define TAG_CHARACTER_STRING 0x1d
#define TAG_UNIVERSAL_STRING 0x1c
#define TAG_BMP_STRING 0x1e
#define CONSTRUCTED 0x20u
#define LENGTH_BYTES_MAX 4u /* far above any file; more could not be held in the limits */

/* Of the universal types exactly these are constructed in DER (X.690 10.2). */
static bool
tag_is_sound(uint8_t tag)
{
    uint8_t number = tag & 0x1f;

    if (number == 0x1f) /* high tag form: no number above 30 is in use */
        return false;
    if ((tag & 0xc0) != 0)
        return true;
    if (number == 0) /* end of contents: belongs to the indefinite length */
        return false;
    bool constructed = number == (PERSO_DER_SEQUENCE & 0x1f) || number == (PERSO_DER_SET & 0x1f) ||
                       number == TAG_EXTERNAL || number == TAG_EMBEDDED_PDV ||
                       number == TAG_CHARACTER_STRING;
    return constructed == ((tag & CONSTRUCTED) != 0);
}

/* X.690 10.1: definite, in the fewest bytes. */
static bool
take_length(struct perso_cursor *c, size_t *ret)
{
    struct perso_cursor bytes;
    uint8_t first;

    if (!perso_take_u8(c, &first))
        return false;
    if (first < 0x80) {
        *ret = first;
        return true;
    }
    size_t n = first & 0x7f, length = 0;
    if (n == 0 || n > LENGTH_BYTES_MAX || !perso_take(c, n, &bytes) || bytes.at[0] == 0)
        return false;
    for (size_t i = 0; i < n; i++)
        length = length << 8 | bytes.at[i];
    *ret = length;
    return length >= 0x80;
}

bool
perso_der_any(struct perso_cursor *c, struct perso_der *ret)
{
    struct perso_cursor at = *c, body;
    uint8_t tag;
    size_t length;

    if (!perso_take_u8(&at, &tag) || !tag_is_sound(tag) || !take_length(&at, &length) ||
        !perso_take(&at, length, &body))
        return false;
    *ret = (struct perso_der) { tag, body, { c->at, body.end } };
    *c = at;
    return true;
}

bool
perso_der_take(struct perso_cursor *c, uint8_t tag, struct perso_der *ret)
{
    return c->at != c->end && *c->at == tag && perso_der_any(c, ret);
}

/* X.690 8.3.2: not empty, and the first nine bits are not all alike. */
static bool
integer_is_minimal(struct perso_cursor body)
{
    size_t n = perso_left(&body);

    if (n < 2)
        return n == 1;
    bool high = (body.at[1] & 0x80) != 0;
    return !(body.at[0] == 0 && !high) && !(body.at[0] == 0xff && high);
}

bool
perso_der_unsigned(struct perso_cursor *c, uint8_t *out, size_t n)
{
    struct perso_cursor at = *c;
    struct perso_der integer;

    if (!perso_der_take(&at, PERSO_DER_INTEGER, &integer) || !integer_is_minimal(integer.body) ||
        (integer.body.at[0] & 0x80) != 0)
        return false;
    if (integer.body.at[0] == 0) /* the sign's byte, or the number 0 */
        integer.body.at++;
    size_t have = perso_left(&integer.body);
    if (have > n)
        return false;
    memset(out, 0, n - have);
    memcpy(out + n - have, integer.body.at, have);
    *c = at;
    return true;
}

bool
perso_der_signature(struct perso_cursor der, uint8_t rs[64])
{
    struct perso_der sequence;
    uint8_t both[64];

    if (!perso_der_take(&der, PERSO_DER_SEQUENCE, &sequence) || perso_left(&der) != 0 ||
        !perso_der_unsigned(&sequence.body, both, 32) ||
        !perso_der_unsigned(&sequence.body, both + 32, 32) || perso_left(&sequence.body) != 0)
        return false;
    memcpy(rs, both, sizeof both);
    return true;
}

bool
perso_der_sm2_key(struct perso_cursor *c, uint8_t public_key[64])
{
    /* SEQUENCE { SEQUENCE { id-ecPublicKey, SM2 curve }, BIT STRING 04 X Y }: all but X and Y */
    static const uint8_t prefix[27] = {
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
        0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x03, 0x42, 0x00, 0x04,
    };
    struct perso_cursor whole, at = *c;

    if (!perso_take(&at, sizeof prefix + 64, &whole) ||
        memcmp(whole.at, prefix, sizeof prefix) != 0)
        return false;
    memcpy(public_key, whole.at + sizeof prefix, 64);
    *c = at;
    return true;
}

bool
perso_der_is(struct perso_cursor body, const void *bytes, size_t n)
{
    return perso_left(&body) == n && memcmp(body.at, bytes, n) == 0;
}

/* X.690 8.19: arcs of seven bits a byte, none with a leading zero, the last one whole. */
static bool
oid_is_sound(struct perso_cursor body)
{
    bool starts = true;

    if (body.at == body.end)
        return false;
    for (const uint8_t *p = body.at; p != body.end; p++) {
        if (starts && *p == 0x80)
            return false;
        starts = (*p & 0x80) == 0;
    }
    return starts;
}

bool
perso_der_oid(struct perso_cursor *c, struct perso_cursor *body)
{
    struct perso_cursor at = *c;
    struct perso_der oid;

    if (!perso_der_take(&at, PERSO_DER_OID, &oid) || !oid_is_sound(oid.body))
        return false;
    *body = oid.body;
    *c = at;
    return true;
}

/* X.690 8.6, 11.2.1 */
bool
perso_der_bits_hold(struct perso_cursor body)
{
    size_t n = perso_left(&body);

    if (n == 0 || body.at[0] > 7)
        return false;
    if (n == 1)
        return body.at[0] == 0;
    return (body.end[-1] & ((1u << body.at[0]) - 1)) == 0;
}

bool
perso_der_bits(struct perso_cursor *c, struct perso_cursor *bytes, uint8_t *unused)
{
    struct perso_cursor at = *c;
    struct perso_der bits;

    if (!perso_der_take(&at, PERSO_DER_BIT_STRING, &bits) || !perso_der_bits_hold(bits.body))
        return false;
    *unused = bits.body.at[0];
    *bytes = (struct perso_cursor) { bits.body.at + 1, bits.body.end };
    *c = at;
    return true;
}

static bool
primitive_is_sound(const struct perso_der *element)
{
    struct perso_cursor body = element->body;
    size_t n = perso_left(&body);

    switch (element->tag) {
    case PERSO_DER_BOOLEAN:
        return n == 1 && (body.at[0] == 0 || body.at[0] == 0xff);
    case PERSO_DER_INTEGER:
    case TAG_ENUMERATED:
        return integer_is_minimal(body);
    case PERSO_DER_BIT_STRING:
        return perso_der_bits_hold(body);
    case PERSO_DER_NULL:
        return n == 0;
    case PERSO_DER_OID:
        return oid_is_sound(body);
    case TAG_BMP_STRING:
        return n % 2 == 0;
    case TAG_UNIVERSAL_STRING:
        return n % 4 == 0;
    default:
        return true;
    }
}

bool
perso_der_sound(struct perso_cursor c, unsigned depth)
{
    struct perso_der element;

    while (c.at != c.end) {
        if (depth == 0 || !perso_der_any(&c, &element))
            return false;
        if ((element.tag & CONSTRUCTED) != 0 ? !perso_der_sound(element.body, depth - 1)
                                             : !primitive_is_sound(&element))
            return false;
    }
    return true;
}

/* Two digits; -1 where they are not. */
static int
two_digits(const uint8_t *at)
{
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
        return -1;
    return (at[0] - '0') * 10 + at[1] - '0';
}

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar; false: no such date. */
static bool
days_of_date(int year, int month, int day, int64_t *days)
{
    static const int before[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    static const int length[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (month < 1 || month > 12 || day < 1 ||
        day > length[month - 1] + (month == 2 && leap ? 1 : 0))
        return false;
    int64_t past = (int64_t)year - 1;
    *days = year * INT64_C(365) + past / 4 - past / 100 + past / 400 + before[month - 1] +
            (month > 2 && leap ? 1 : 0) + day - 1 - INT64_C(719527);
    return true;
}

bool
perso_der_time(struct perso_cursor *c, int64_t *seconds)
{
    struct perso_cursor at = *c;
    struct perso_der time;
    int part[5], year;
    int64_t days;

    if (!perso_der_any(&at, &time))
        return false;
    size_t n = perso_left(&time.body);
    if (n == 0 || time.body.end[-1] != 'Z')
        return false;
    const uint8_t *p = time.body.at;
    if (time.tag == PERSO_DER_UTC_TIME && n == 13) {
        year = two_digits(p);
        year += year >= 50 ? 1900 : year >= 0 ? 2000 : -100;
        p += 2;
    } else if (time.tag == PERSO_DER_GENERALIZED_TIME && n == 15) {
        year = two_digits(p) < 0 || two_digits(p + 2) < 0 ? -1
                                                          : two_digits(p) * 100 + two_digits(p + 2);
        p += 4;
    } else {
        return false;
    }
    for (int i = 0; i < 5; i++)
        part[i] = two_digits(p + 2 * i);
    if (year < 1 || part[2] < 0 || part[2] > 23 || part[3] < 0 || part[3] > 59 || part[4] < 0 ||
        part[4] > 59 || !days_of_date(year, part[0], part[1], &days))
        return false;
    *seconds = days * 86400 + part[2] * 3600 + part[3] * 60 + part[4];
    *c = at;
    return true;
}
