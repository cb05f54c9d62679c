/* Who a request or a certificate names: extractors over subject and extensions (DOMAIN 5.1, 5.10).
 */
#ifndef FORMATS_PKI_SUBJECT_H
#define FORMATS_PKI_SUBJECT_H

#include "perso/cursor.h"
#include "perso/limits.h"

/* What was found; empty texts where nothing was. Borrowed from the DER; values are UTF-8 and are
 * read only where the string type is UTF8String or PrintableString (others are left empty and
 * flagged). */
struct perso_subject {
    struct perso_text common_name;   /* CN 2.5.4.3, the first */
    struct perso_text serial_number; /* serialNumber 2.5.4.5 */
    struct perso_text
        identify_code; /* 1.2.156.10260.4.1.1, .4.1.1.1 and older OIDs of DOMAIN 5.1 */
    struct perso_text insurance_number; /* 1.2.156.10260.4.1.2 */
    bool many_names;     /* more than one CN, or two values of one item: judged as another person */
    bool strange_string; /* an item of a type that is not read, empty, or with a control character
                            (NUL), ? or U+FFFD: judged as another person */
};

/** The contents of a Name (RDNSequence). false where it is not one. */
bool perso_subject_read(struct perso_cursor name, struct perso_subject *ret);
/** Adds one extension's value (contents of extnValue), where its OID is one of the person's.
 * Accepts bare string, OCTET STRING, [0] implicit, [0] explicit, SEQUENCE around any (DOMAIN 5.1).
 * [1] and [2], another document's number, leave the item empty; what is none of these is flagged.
 * false: not an OID of the person's. */
bool perso_subject_extension(struct perso_cursor oid, struct perso_cursor value,
                             struct perso_subject *ret);

/** Why it names nobody, as a note; NULL: it can be read. */
const char *perso_subject_fault(const struct perso_subject *subject);

/* Which extractors must name the person, and which may but, if present, must agree. */
struct perso_subject_rules {
    bool need_name;   /* CN equals the name, folds of names allowed (bits below) */
    bool need_number; /* serialNumber, identifyCode, insuranceNumber or the CN has the SSN */
    uint32_t folds;   /* PERSO_FOLD_ bits */
};

/** True where the subject names this person: every item that is present agrees, every needed one is
 *  present. A CN may also be the SSN itself, or name + SSN, or the card id (application form sig).
 */
bool perso_subject_is(const struct perso_subject *subject, struct perso_text name, const char *ssn,
                      const char *card_id, const struct perso_subject_rules *rules);

#endif
