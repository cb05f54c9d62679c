/* JMMY as the machine takes it: one form, whatever the CA sends (DOMAIN 0.3, 5.5). */
#ifndef STAGES_MACHINE_ENVELOPE_H
#define STAGES_MACHINE_ENVELOPE_H

#include "formats/pki/envelope.h"
#include "perso/record.h"

enum perso_machine_envelope {
    PERSO_MACHINE_AS_RECEIVED, /* byte for byte */
    PERSO_MACHINE_SKF,         /* GM/T 0016 ENVELOPEDKEYBLOB; one that came so passes as it is */
    PERSO_MACHINE_ASN1         /* SM2EnvelopedKey of GM/T 0009, written anew */
};

/** ENVELOPE_FORM with *note where it cannot be had in the form that the machine takes. */
enum perso_reject perso_machine_envelope_judge(enum perso_machine_envelope machine,
                                               const struct perso_envelope *envelope,
                                               const char **note);
/**
 * An answer's envelope for the machine; *ret is in the answer or in room. What passes as it is is
 * not read again.
 * @return ENVELOPE_SHAPE, ENVELOPE_KEY or ENVELOPE_FORM with *note (or NULL): match has refused it,
 *         unless the profile was another then
 */
enum perso_reject perso_machine_envelope_make(enum perso_machine_envelope machine,
                                              const struct perso_answer *answer,
                                              uint8_t room[PERSO_ENVELOPE_BYTES],
                                              struct perso_cursor *ret, const char **note);

#endif
