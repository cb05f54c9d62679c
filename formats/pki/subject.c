#include "formats/pki/subject.h"

#include <string.h>

#include "formats/identity/name.h"
#include "formats/pki/der.h"
#include "formats/text/charset.h"
#include "perso/text.h"

#define TAG_NUMERIC_STRING 0x12
#define TAG_T61_STRING 0x14
#define TAG_IA5_STRING 0x16
#define TAG_UNIVERSAL_STRING 0x1c
#define TAG_BMP_STRING 0x1e
#define REPLACEMENT 0xfffdu
#define WRAPPERS_MAX 4u /* SEQUENCE, [0], SEQUENCE, [0]: more than any issuer was seen to write */

struct oid {
    uint8_t bytes[9];
    uint8_t n;
};

static const struct oid oid_common_name = { { 0x55, 0x04, 0x03 }, 3 };
static const struct oid oid_serial_number = { { 0x55, 0x04, 0x05 }, 3 };

/* DOMAIN 5.1: 个人身份标识码, then its forms of 2023 and of older provincial and health CAs. */
static const struct oid identify_code_oids[] = {
    { { 0x2a, 0x81, 0x1c, 0xd0, 0x14, 0x04, 0x01, 0x01 }, 8 },       /* 1.2.156.10260.4.1.1 */
    { { 0x2a, 0x81, 0x1c, 0xd0, 0x14, 0x04, 0x01, 0x01, 0x01 }, 9 }, /* ...4.1.1.1 */
    { { 0x2a, 0x81, 0x1c, 0x0b, 0x07, 0x01 }, 6 },                   /* 1.2.156.11.7.1 */
    { { 0x2a, 0x56, 0x0b, 0x07, 0x01 }, 5 },                         /* 1.2.86.11.7.1 */
    { { 0x2a, 0x56, 0x15, 0x01, 0x01 }, 5 },                         /* 1.2.86.21.1.1 */
};
/* 个人社会保险号 */
static const struct oid insurance_number_oids[] = {
    { { 0x2a, 0x81, 0x1c, 0xd0, 0x14, 0x04, 0x01, 0x02 }, 8 }, /* 1.2.156.10260.4.1.2 */
    { { 0x2a, 0x81, 0x1c, 0x0b, 0x07, 0x02 }, 6 },             /* 1.2.156.11.7.2 */
};

#define N_OF(array) (sizeof(array) / sizeof(array)[0])

static bool
oid_is_one_of(struct perso_cursor oid, const struct oid *oids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (perso_der_is(oid, oids[i].bytes, oids[i].n))
            return true;
    return false;
}

static struct perso_text
text_of(struct perso_cursor body)
{
    return (struct perso_text) { (const char *)body.at, (uint32_t)perso_left(&body) };
}

static bool
utf8_is_sound(struct perso_text text)
{
    uint32_t scalar;

    for (size_t at = 0, step; at < text.bytes; at += step)
        if ((step = perso_utf8_next(text.at + at, text.bytes - at, &scalar)) == 0)
            return false;
    return true;
}

/* Controls, a question mark or U+FFFD: a name that went through a wrong character set. */
static bool
text_is_garbled(struct perso_text text)
{
    uint32_t scalar;

    for (size_t at = 0, step; at < text.bytes; at += step) {
        if ((step = perso_utf8_next(text.at + at, text.bytes - at, &scalar)) == 0)
            return true;
        if (scalar < 0x20 || scalar == 0x7f || scalar == '?' || scalar == REPLACEMENT)
            return true;
    }
    return false;
}

/* A second value of an item has to be the first one again. */
static void
note(struct perso_subject *subject, struct perso_text *item, struct perso_text value)
{
    if (value.bytes == 0 || text_is_garbled(value)) {
        subject->strange_string = true;
        return;
    }
    if (item->bytes == 0)
        *item = value;
    else if (item->bytes != value.bytes || memcmp(item->at, value.at, value.bytes) != 0)
        subject->many_names = true;
}

/* Whole characters of its type, as far as the type says; T61String and the like say nothing. */
static bool
value_is_sound(const struct perso_der *value)
{
    struct perso_text text = text_of(value->body);

    switch (value->tag) {
    case PERSO_DER_UTF8_STRING:
        return utf8_is_sound(text);
    case TAG_BMP_STRING:
        for (uint32_t i = 0; i + 1 < text.bytes; i += 2)
            if ((value->body.at[i] & 0xf8) == 0xd8) /* a surrogate: that would be UTF-16 */
                return false;
        return text.bytes % 2 == 0;
    case TAG_UNIVERSAL_STRING:
        for (uint32_t i = 0; i + 3 < text.bytes; i += 4) {
            const uint8_t *c = value->body.at + i;
            if (c[0] != 0 || c[1] > 0x10 || (c[1] == 0 && (c[2] & 0xf8) == 0xd8))
                return false;
        }
        return text.bytes % 4 == 0;
    case PERSO_DER_PRINTABLE_STRING:
    case TAG_NUMERIC_STRING:
    case TAG_T61_STRING:
    case TAG_IA5_STRING:
        return true;
    case PERSO_DER_BIT_STRING:
        return perso_der_sound(value->whole, 1);
    default:
        return false;
    }
}

static bool
string_is_read(uint8_t tag)
{
    return tag == PERSO_DER_UTF8_STRING || tag == PERSO_DER_PRINTABLE_STRING;
}

/* AttributeTypeAndValue ::= SEQUENCE { type OID, value }. */
static bool
read_attribute(struct perso_cursor *rdn, bool *has_name, struct perso_subject *ret)
{
    struct perso_der pair, value;
    struct perso_text *item;
    struct perso_cursor type;

    if (!perso_der_take(rdn, PERSO_DER_SEQUENCE, &pair) || !perso_der_oid(&pair.body, &type) ||
        !perso_der_any(&pair.body, &value) || perso_left(&pair.body) != 0 ||
        !value_is_sound(&value))
        return false;
    if (oid_is_one_of(type, &oid_common_name, 1)) {
        ret->many_names = ret->many_names || *has_name;
        *has_name = true;
        item = &ret->common_name;
    } else if (oid_is_one_of(type, &oid_serial_number, 1)) {
        item = &ret->serial_number;
    } else {
        return true;
    }
    note(ret, item,
         string_is_read(value.tag) ? text_of(value.body) : (struct perso_text) { "", 0 });
    return true;
}

bool
perso_subject_read(struct perso_cursor name, struct perso_subject *ret)
{
    struct perso_subject read = { .common_name = { "", 0 },
                                  .serial_number = { "", 0 },
                                  .identify_code = { "", 0 },
                                  .insurance_number = { "", 0 } };
    struct perso_der rdn;
    bool has_name = false;

    while (perso_left(&name) != 0) {
        if (!perso_der_take(&name, PERSO_DER_SET, &rdn) || perso_left(&rdn.body) == 0)
            return false;
        while (perso_left(&rdn.body) != 0)
            if (!read_attribute(&rdn.body, &has_name, &read))
                return false;
    }
    *ret = read;
    return true;
}

/*
 * The string inside an extension's value. GM/T 0015-2012 has a CHOICE whose [0] is the resident's
 * number, [1] and [2] another document's, and does not say whether [0] is implicit or explicit.
 * false: not understood. *ret stays empty where another document's number stands there.
 */
static bool
unwrap(struct perso_cursor value, struct perso_text *ret)
{
    struct perso_der element;

    for (unsigned i = 0; i <= WRAPPERS_MAX; i++) {
        if (!perso_der_any(&value, &element) || perso_left(&value) != 0)
            return false;
        switch (element.tag) {
        case PERSO_DER_UTF8_STRING:
        case PERSO_DER_PRINTABLE_STRING:
        case PERSO_DER_OCTET_STRING:
        case PERSO_DER_CONTEXT_PRIMITIVE(0):
            *ret = text_of(element.body);
            return ret->bytes != 0;
        case PERSO_DER_CONTEXT(0):
        case PERSO_DER_SEQUENCE:
            value = element.body;
            break;
        case PERSO_DER_CONTEXT_PRIMITIVE(1):
        case PERSO_DER_CONTEXT_PRIMITIVE(2):
        case PERSO_DER_CONTEXT(1):
        case PERSO_DER_CONTEXT(2):
            return true;
        default:
            return false;
        }
    }
    return false;
}

bool
perso_subject_extension(struct perso_cursor oid, struct perso_cursor value,
                        struct perso_subject *ret)
{
    struct perso_text text = { "", 0 }, *item;

    if (oid_is_one_of(oid, identify_code_oids, N_OF(identify_code_oids)))
        item = &ret->identify_code;
    else if (oid_is_one_of(oid, insurance_number_oids, N_OF(insurance_number_oids)))
        item = &ret->insurance_number;
    else
        return false;
    if (!unwrap(value, &text))
        ret->strange_string = true;
    else if (text.bytes != 0)
        note(ret, item, text);
    return true;
}

static char
upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Numbers are compared with their letters in upper case; an empty number equals nothing. */
static bool
is_number(struct perso_text text, const char *number)
{
    size_t n = strlen(number);

    if (n == 0 || text.bytes != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (upper(text.at[i]) != upper(number[i]))
            return false;
    return true;
}

static bool
is_name(struct perso_text text, struct perso_text name, uint32_t allowed)
{
    uint32_t folds = 0;

    if (text.bytes == 0 || name.bytes == 0)
        return false;
    switch (perso_name_compare(text, name, &folds)) {
    case PERSO_NAME_EXACT:
        return true;
    case PERSO_NAME_EQUAL_FOLDED:
        return (folds & ~allowed) == 0;
    default:
        return false;
    }
}

const char *
perso_subject_fault(const struct perso_subject *subject)
{
    if (subject->strange_string)
        return N_("a name or number in a string type that is not read, or with wrong characters");
    return subject->many_names ? N_("two names, or two values of one number") : NULL;
}

/* name || SSN or SSN || name. */
static bool
is_name_with_number(struct perso_text text, struct perso_text name, const char *ssn, uint32_t folds)
{
    uint32_t n = (uint32_t)strlen(ssn);

    if (n == 0 || text.bytes <= n)
        return false;
    struct perso_text head = { text.at, text.bytes - n }, tail = { text.at + text.bytes - n, n };
    if (is_number(tail, ssn) && is_name(head, name, folds))
        return true;
    head.bytes = n;
    tail = (struct perso_text) { text.at + n, text.bytes - n };
    return is_number(head, ssn) && is_name(tail, name, folds);
}

bool
perso_subject_is(const struct perso_subject *subject, struct perso_text name, const char *ssn,
                 const char *card_id, const struct perso_subject_rules *rules)
{
    const struct perso_text cn = subject->common_name;
    const struct perso_text numbers[] = { subject->serial_number, subject->identify_code,
                                          subject->insurance_number };
    bool has_name = false, has_number = false;

    if (subject->many_names || subject->strange_string)
        return false;
    if (is_name(cn, name, rules->folds))
        has_name = true;
    else if (is_name_with_number(cn, name, ssn, rules->folds))
        has_name = has_number = true;
    else if (is_number(cn, ssn))
        has_number = true;
    else if (cn.bytes != 0 && !is_number(cn, card_id))
        return false;
    for (size_t i = 0; i < N_OF(numbers); i++) {
        if (numbers[i].bytes == 0)
            continue;
        if (!is_number(numbers[i], ssn))
            return false;
        has_number = true;
    }
    return (has_name || !rules->need_name) && (has_number || !rules->need_number);
}
