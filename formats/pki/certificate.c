#include "formats/pki/certificate.h"

#include <string.h>

#include "formats/pki/der.h"
#include "formats/pki/form.h"

#define SERIAL_BYTES_MAX 20u /* RFC 5280 4.1.2.2 */
#define EXTENSIONS_MAX 64u   /* a cardholder's certificate has about ten */
#define VERSION_3 2u

/* id-ce (2.5.29) extensions by their last arc. */
enum { CE_SUBJECT_KEY = 14, CE_KEY_USAGE = 15, CE_ALT_NAME = 17, CE_BASIC_CONSTRAINTS = 19 };
enum { CE_CRL_POINTS = 31, CE_POLICIES = 32, CE_AUTHORITY_KEY = 35, CE_EXTENDED_KEY_USAGE = 37 };

/* BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL }.
 */
static bool
read_basic_constraints(struct perso_cursor value, struct perso_certificate *ret)
{
    struct perso_der constraints, ca;
    uint8_t length[2];

    if (!perso_der_take(&value, PERSO_DER_SEQUENCE, &constraints) || perso_left(&value) != 0)
        return false;
    if (perso_der_take(&constraints.body, PERSO_DER_BOOLEAN, &ca)) {
        if (!perso_der_sound(ca.whole, 1))
            return false;
        ret->is_ca = ca.body.at[0] != 0;
    }
    if (perso_left(&constraints.body) == 0)
        return true;
    if (!ret->is_ca || !perso_der_unsigned(&constraints.body, length, sizeof length))
        return false;
    ret->path_length = length[0] << 8 | length[1];
    return perso_left(&constraints.body) == 0;
}

/* Nine named bits, the first one the highest of the first byte; zeros at the end may stand. */
static bool
read_key_usage(struct perso_cursor value, struct perso_certificate *ret)
{
    struct perso_cursor bits;
    uint8_t unused;

    if (!perso_der_bits(&value, &bits, &unused) || perso_left(&value) != 0 ||
        perso_left(&bits) == 0 || perso_left(&bits) > 2)
        return false;
    for (unsigned i = 0; i < 8 * perso_left(&bits); i++)
        if ((bits.at[i / 8] & (0x80u >> i % 8)) != 0)
            ret->key_usage |= 1u << i;
    return ret->key_usage != 0;
}

/* Reads what is known here; *known tells whether it was. */
static bool
read_extension_value(struct perso_cursor oid, struct perso_cursor value,
                     struct perso_certificate *ret, bool *known)
{
    static const uint8_t id_ce[] = { 0x55, 0x1d };

    *known = true;
    if (perso_subject_extension(oid, value, &ret->person))
        return true;
    if (perso_left(&oid) != 3 || memcmp(oid.at, id_ce, sizeof id_ce) != 0) {
        *known = false;
        return true;
    }
    switch (oid.at[2]) {
    case CE_BASIC_CONSTRAINTS:
        return read_basic_constraints(value, ret);
    case CE_KEY_USAGE:
        return read_key_usage(value, ret);
    case CE_SUBJECT_KEY:
    case CE_ALT_NAME:
    case CE_CRL_POINTS:
    case CE_POLICIES:
    case CE_AUTHORITY_KEY:
    case CE_EXTENDED_KEY_USAGE:
        return perso_der_sound(value, PERSO_DER_DEPTH);
    default:
        *known = false;
        return true;
    }
}

/* Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }. */
static bool
read_extension(struct perso_cursor *list, struct perso_certificate *ret, struct perso_cursor *oid,
               struct perso_faults *faults)
{
    struct perso_der extension, critical, value;
    bool known, is_critical = false;

    if (!perso_der_take(list, PERSO_DER_SEQUENCE, &extension) ||
        !perso_der_oid(&extension.body, oid))
        return perso_fault_syntax(faults, "extension is not one");
    if (perso_der_take(&extension.body, PERSO_DER_BOOLEAN, &critical)) {
        if (!perso_der_sound(critical.whole, 1))
            return perso_fault_syntax(faults, "critical of an extension is not a BOOLEAN");
        is_critical = critical.body.at[0] != 0;
    }
    if (!perso_der_take(&extension.body, PERSO_DER_OCTET_STRING, &value) ||
        perso_left(&extension.body) != 0)
        return perso_fault_syntax(faults, "extension is not one");
    if (!read_extension_value(*oid, value.body, ret, &known))
        return perso_fault_syntax(faults, "value of an extension is not of its form");
    if (is_critical && !known)
        ret->unknown_critical = true;
    return true;
}

static bool
read_extensions(struct perso_cursor explicit, struct perso_certificate *ret,
                struct perso_faults *faults)
{
    struct perso_cursor oids[EXTENSIONS_MAX];
    struct perso_der list;
    size_t n = 0;

    if (!perso_der_take(&explicit, PERSO_DER_SEQUENCE, &list) || perso_left(&explicit) != 0 ||
        perso_left(&list.body) == 0)
        return perso_fault_syntax(faults, "extensions are not a list");
    while (perso_left(&list.body) != 0) {
        if (n == EXTENSIONS_MAX)
            return perso_fault_syntax(faults, "too many extensions");
        if (!read_extension(&list.body, ret, &oids[n], faults))
            return false;
        for (size_t i = 0; i < n; i++)
            if (perso_der_is(oids[i], oids[n].at, perso_left(&oids[n])))
                return perso_fault_syntax(faults, "extension stands twice");
        n++;
    }
    return true;
}

/* issuerUniqueID [1] and subjectUniqueID [2], BIT STRINGs that nobody uses, then extensions [3]. */
static bool
read_optional(struct perso_cursor *tbs, struct perso_certificate *ret, struct perso_faults *faults)
{
    struct perso_der element;

    for (int i = 1; i <= 2; i++) {
        if (!perso_der_take(tbs, (uint8_t)PERSO_DER_CONTEXT_PRIMITIVE(i), &element))
            continue;
        if (!perso_der_bits_hold(element.body))
            return perso_fault_syntax(faults, "unique identifier is not a BIT STRING");
    }
    if (perso_der_take(tbs, PERSO_DER_CONTEXT(3), &element) &&
        !read_extensions(element.body, ret, faults))
        return false;
    return perso_left(tbs) == 0 || perso_fault_syntax(faults, "bytes after the extensions");
}

static bool
read_version(struct perso_cursor *tbs)
{
    struct perso_der explicit;
    uint8_t version;

    return perso_der_take(tbs, PERSO_DER_CONTEXT(0), &explicit) &&
           perso_der_unsigned(&explicit.body, &version, 1) && version == VERSION_3 &&
           perso_left(&explicit.body) == 0;
}

static bool
read_serial(struct perso_cursor *tbs, struct perso_cursor *ret)
{
    uint8_t number[SERIAL_BYTES_MAX];
    struct perso_cursor at = *tbs;
    struct perso_der serial;

    if (!perso_der_unsigned(tbs, number, sizeof number) ||
        !perso_der_take(&at, PERSO_DER_INTEGER, &serial))
        return false;
    *ret = serial.body;
    return !(perso_left(ret) == 1 && ret->at[0] == 0);
}

static bool
read_name(struct perso_cursor *tbs, struct perso_cursor *whole, struct perso_subject *person)
{
    struct perso_der name;

    if (!perso_der_take(tbs, PERSO_DER_SEQUENCE, &name) || !perso_subject_read(name.body, person))
        return false;
    *whole = name.whole;
    return true;
}

static bool
read_validity(struct perso_cursor *tbs, struct perso_certificate *ret)
{
    struct perso_der validity;

    return perso_der_take(tbs, PERSO_DER_SEQUENCE, &validity) &&
           perso_der_time(&validity.body, &ret->begins_s) &&
           perso_der_time(&validity.body, &ret->ends_s) && perso_left(&validity.body) == 0 &&
           ret->begins_s <= ret->ends_s;
}

static bool
walk_tbs(struct perso_cursor tbs, struct perso_certificate *ret, struct perso_cursor *algorithm,
         struct perso_faults *faults)
{
    struct perso_subject issuer;

    if (!read_version(&tbs))
        return perso_fault_syntax(faults, "not version 3");
    if (!read_serial(&tbs, &ret->serial))
        return perso_fault_syntax(faults, "serial number is not positive and of 20 bytes at most");
    algorithm->at = tbs.at;
    if (!perso_form_algorithm(&tbs, faults))
        return false;
    algorithm->end = tbs.at;
    if (!read_name(&tbs, &ret->issuer, &issuer) || perso_left(&ret->issuer) <= 2)
        return perso_fault_syntax(faults, "issuer is not a Name");
    if (!read_validity(&tbs, ret))
        return perso_fault_syntax(faults, "validity is not two times in order");
    if (!read_name(&tbs, &ret->subject, &ret->person))
        return perso_fault_syntax(faults, "subject is not a Name");
    return perso_form_key(&tbs, ret->public_key, faults) && read_optional(&tbs, ret, faults);
}

static bool
walk_certificate(struct perso_cursor body, struct perso_certificate *ret,
                 struct perso_faults *faults)
{
    struct perso_cursor inner = body, outer = body;
    struct perso_der tbs;

    if (!perso_der_take(&body, PERSO_DER_SEQUENCE, &tbs))
        return perso_fault_syntax(faults, "no TBSCertificate");
    ret->tbs = tbs.whole;
    if (!walk_tbs(tbs.body, ret, &inner, faults))
        return false;
    outer.at = body.at;
    if (!perso_form_algorithm(&body, faults))
        return false;
    outer.end = body.at;
    if (!perso_der_is(outer, inner.at, perso_left(&inner)))
        return perso_fault_syntax(faults, "signature algorithms inside and outside differ");
    if (!perso_form_signature(&body, ret->rs, faults))
        return false;
    return perso_left(&body) == 0 || perso_fault_syntax(faults, "bytes after the signature");
}

enum perso_result
perso_certificate_read(struct perso_cursor der, struct perso_certificate *ret,
                       struct perso_error *err)
{
    struct perso_faults faults = { .tolerated = PERSO_ODD_NULL };
    struct perso_certificate read = { .path_length = -1 };
    struct perso_der whole;

    if (perso_left(&der) > PERSO_CERTIFICATE_DER_BYTES)
        return perso_error_set(err, PERSO_REJ_CERT_SYNTAX, "certificate",
                               "have %zu bytes, want at most %u", perso_left(&der),
                               PERSO_CERTIFICATE_DER_BYTES);
    if (!perso_der_take(&der, PERSO_DER_SEQUENCE, &whole))
        return perso_error_set(err, PERSO_REJ_CERT_SYNTAX, "certificate", "%s",
                               perso_form_not_der(der));
    if (!walk_certificate(whole.body, &read, &faults))
        return perso_error_set(err, PERSO_REJ_CERT_SYNTAX, "certificate", "%s", faults.syntax);
    if (perso_left(&der) != 0)
        return perso_error_set(err, PERSO_REJ_CERT_TRAILING, "certificate", "have %zu",
                               perso_left(&der));
    if (faults.algorithm != NULL)
        return perso_error_set(err, PERSO_REJ_CERT_ALGORITHM, "certificate", "%s",
                               faults.algorithm);
    *ret = read;
    return PERSO_OK;
}
