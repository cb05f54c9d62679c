#include "stages/machine_envelope.h"

#include "formats/pki/certificate.h"

enum perso_reject
perso_machine_envelope_judge(enum perso_machine_envelope machine,
                             const struct perso_envelope *envelope, const char **note)
{
    if (machine == PERSO_MACHINE_AS_RECEIVED || envelope->stuck == NULL)
        return PERSO_REJ_NONE;
    *note = envelope->stuck;
    return PERSO_REJ_ENVELOPE_FORM;
}

enum perso_reject
perso_machine_envelope_make(enum perso_machine_envelope machine, const struct perso_answer *answer,
                            uint8_t room[PERSO_ENVELOPE_BYTES], struct perso_cursor *ret,
                            const char **note)
{
    struct perso_certificate encryption;
    struct perso_envelope envelope;
    struct perso_error unused = { 0 };
    enum perso_envelope_form form =
        machine == PERSO_MACHINE_SKF ? PERSO_ENVELOPE_SKF : PERSO_ENVELOPE_ASN1;
    enum perso_reject reject;
    size_t n;

    *note = NULL;
    if (machine == PERSO_MACHINE_AS_RECEIVED ||
        (machine == PERSO_MACHINE_SKF &&
         perso_envelope_form(answer->envelope) == PERSO_ENVELOPE_SKF)) {
        *ret = answer->envelope;
        return PERSO_REJ_NONE;
    }
    if ((reject = perso_envelope_read(answer->envelope, &envelope, note)) != PERSO_REJ_NONE ||
        (reject = perso_machine_envelope_judge(machine, &envelope, note)) != PERSO_REJ_NONE)
        return reject;
    if (perso_certificate_read(answer->encryption_certificate, &encryption, &unused) != PERSO_OK ||
        perso_envelope_judge(&envelope, encryption.public_key) != PERSO_REJ_NONE)
        return PERSO_REJ_ENVELOPE_KEY;
    if (!perso_envelope_write(&envelope, form, encryption.public_key, room, &n))
        return PERSO_REJ_ENVELOPE_FORM;
    *ret = perso_cursor_of(room, n);
    return PERSO_REJ_NONE;
}
