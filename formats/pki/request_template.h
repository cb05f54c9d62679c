/*
 * What is signed of a request that the department builds for a card (application form sig): version
 * 0, a subject after the profile's template, the card's key, no attributes (RFC 2986 4.1).
 *
 * A template is TYPE=VALUE, TYPE=VALUE ... in the order of the RDNs: types C ST L O OU CN
 * serialNumber, each once, OU several times. A value is text and {COLUMN} of AAZ501 AAZ500 AAC002
 * AAC003 AAB301, one or more of them behind each other; a backslash makes , = \ { } text. Blanks
 * count in a value, but not before a type.
 *     CN={AAZ501}
 *     C=CN,O=人力资源社会保障,CN={AAC003},serialNumber={AAC002}
 */
#ifndef FORMATS_PKI_REQUEST_TEMPLATE_H
#define FORMATS_PKI_REQUEST_TEMPLATE_H

#include "perso/column.h"
#include "perso/cursor.h"
#include "perso/limits.h"
#include "perso/result.h"

#define PERSO_TEMPLATE_BYTES 512u /* of the text: three times a long one */
#define PERSO_TEMPLATE_ATTRIBUTES 12u
#define PERSO_TEMPLATE_PARTS 24u

/* CertificationRequestInfo in a request that reads: beside it 4 bytes of header, 12 of algorithm,
 * at most 75 of signature. */
#define PERSO_REQUEST_INFO_BYTES (PERSO_REQUEST_DER_BYTES - 4u - 12u - 75u)

/* A compiled template: plain data, copied by assignment, borrows nothing. */
struct perso_request_template {
    uint8_t n_attributes, n_parts;
    struct {
        uint8_t type, first, n; /* parts first to first + n - 1 */
    } attributes[PERSO_TEMPLATE_ATTRIBUTES];
    struct {
        enum perso_column column; /* PERSO_COLUMN_OTHER: text */
        uint16_t at, bytes;       /* of the text */
    } parts[PERSO_TEMPLATE_PARTS];
    char text[PERSO_TEMPLATE_BYTES]; /* escapes taken off */
};

/** Compile. PERSO_FATAL with the text of what is wrong with the template; *ret stays then. */
enum perso_result perso_request_template_read(struct perso_text text,
                                              struct perso_request_template *ret,
                                              struct perso_error *err);

/** True where the template takes this column's value. */
bool perso_request_template_has(const struct perso_request_template *compiled,
                                enum perso_column column);

/**
 * CertificationRequestInfo, DER, *n bytes. Values are UTF-8, by enum perso_column; those that the
 * template does not take are not looked at. C and, where its characters allow, serialNumber become
 * PrintableString, all others UTF8String. Deterministic: same values, same bytes.
 * @return PERSO_REJECT with the column as the field, under the column's own code, where its value
 *         is empty, not UTF-8, has a control character, or an attribute exceeds its upper bound
 *         (X.520: 64 characters, of L and ST 128; of several columns the longest is told);
 *         PERSO_FATAL where max (PERSO_REQUEST_INFO_BYTES is always enough) is too small
 */
enum perso_result perso_request_info(const struct perso_request_template *compiled,
                                     const struct perso_text values[PERSO_COLUMN_COUNT],
                                     const uint8_t public_key[PERSO_POINT_BYTES], uint8_t *out,
                                     size_t max, size_t *n, struct perso_error *err);

#endif
