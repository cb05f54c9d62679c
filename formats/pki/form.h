/*
 * The parts that a request and a certificate have in common, in the forms of SM2 (DOMAIN 5.3), and
 * the words for what is not in its form.
 */
#ifndef FORMATS_PKI_FORM_H
#define FORMATS_PKI_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/pki/odd.h"
#include "perso/cursor.h"
#include "perso/result.h"

/* The first fault of each kind; a syntax fault outranks a foreign algorithm (table of rejects). */
struct perso_faults {
    const char *syntax, *algorithm; /* NULL: none */
    uint32_t tolerated;             /* PERSO_ODD_ bits that are no faults; given by the caller */
    uint32_t odd;                   /* those of them that were found */
    uint32_t refused;               /* the syntax fault is this bit, not tolerated; 0: another */
    bool failed; /* no fault of the input: the library failed, its own queue says how */
};

/** Notes a syntax fault, unless there is one. @return false, for the caller to hand on */
bool perso_fault_syntax(struct perso_faults *faults, const char *text);
/** Notes one PERSO_ODD_ bit: as found where it is tolerated, else as a syntax fault.
 *  @return whether it is tolerated */
bool perso_fault_odd(struct perso_faults *faults, uint32_t bit, const char *text);
void perso_fault_algorithm(struct perso_faults *faults, const char *text);

/** Names a whole that is not one SEQUENCE: empty, PEM text, cut. */
const char *perso_form_not_der(struct perso_cursor der);

/* Each takes one element and notes what is wrong with it; false where the walk cannot go on. */

/** SubjectPublicKeyInfo; hybrid and compressed points where tolerated, the latter decompressed. */
bool perso_form_key(struct perso_cursor *c, uint8_t public_key[64], struct perso_faults *faults);
/** AlgorithmIdentifier of SM2 with SM3, without parameters or, where tolerated, with NULL. */
bool perso_form_algorithm(struct perso_cursor *c, struct perso_faults *faults);
/** BIT STRING around SEQUENCE { r, s } or, where tolerated, r || s; its contents are not looked at
 *  under a foreign algorithm. */
bool perso_form_signature(struct perso_cursor *c, uint8_t rs[64], struct perso_faults *faults);

#endif
