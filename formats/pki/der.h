/*
 * A strict DER walk (X.690) over a bounded cursor: definite minimal lengths, low tags, depth
 * bounded by the callers' own nesting. It allocates nothing.
 */
#ifndef FORMATS_PKI_DER_H
#define FORMATS_PKI_DER_H

#include "perso/cursor.h"
#include "perso/limits.h"

#define PERSO_DER_BOOLEAN 0x01
#define PERSO_DER_INTEGER 0x02
#define PERSO_DER_BIT_STRING 0x03
#define PERSO_DER_OCTET_STRING 0x04
#define PERSO_DER_NULL 0x05
#define PERSO_DER_OID 0x06
#define PERSO_DER_UTF8_STRING 0x0c
#define PERSO_DER_PRINTABLE_STRING 0x13
#define PERSO_DER_UTC_TIME 0x17
#define PERSO_DER_GENERALIZED_TIME 0x18
#define PERSO_DER_SEQUENCE 0x30
#define PERSO_DER_SET 0x31
#define PERSO_DER_CONTEXT(n) (0xa0 | (n)) /* constructed */
#define PERSO_DER_CONTEXT_PRIMITIVE(n) (0x80 | (n))

/* One element: its contents, and the whole of it with its header. */
struct perso_der {
    uint8_t tag;
    struct perso_cursor body, whole;
};

/** The next element of any tag; false, nothing moved, where none stands there. */
bool perso_der_any(struct perso_cursor *c, struct perso_der *ret);
/** The next element where it has this tag; false, nothing moved, else. */
bool perso_der_take(struct perso_cursor *c, uint8_t tag, struct perso_der *ret);
/** An INTEGER of 1 to n bytes without sign, as n bytes big-endian; false where negative, zero
 *  bytes too many, or larger. */
bool perso_der_unsigned(struct perso_cursor *c, uint8_t *out, size_t n);
/** An SM2 signature SEQUENCE { r, s } that fills der, as r || s. */
bool perso_der_signature(struct perso_cursor der, uint8_t rs[64]);
/** SubjectPublicKeyInfo of an SM2 key (id-ecPublicKey, 1.2.156.10197.1.301, uncompressed). */
bool perso_der_sm2_key(struct perso_cursor *c, uint8_t public_key[64]);
/** True where an OID element has these contents. */
bool perso_der_is(struct perso_cursor body, const void *bytes, size_t n);
/** An OBJECT IDENTIFIER with whole, minimal arcs; *body: its contents. */
bool perso_der_oid(struct perso_cursor *c, struct perso_cursor *body);
/** A BIT STRING: its bytes, and how many of the last byte's bits (0 to 7, all zero) do not count.
 */
bool perso_der_bits(struct perso_cursor *c, struct perso_cursor *bytes, uint8_t *unused);
/** True where these are the contents of a BIT STRING, under whatever tag: bits left over are zero.
 */
bool perso_der_bits_hold(struct perso_cursor body);
/** True where c is nothing but sound elements, nested at most depth deep; for what is carried but
 *  not understood. */
bool perso_der_sound(struct perso_cursor c, unsigned depth);
/** UTCTime or GeneralizedTime (RFC 5280 4.1.2.5) as seconds since 1970. */
bool perso_der_time(struct perso_cursor *c, int64_t *seconds);

#endif
