#ifndef STAGES_MATCH_H
#define STAGES_MATCH_H

#include "formats/pki/certificate.h"
#include "perso/record.h"
#include "stages/machine_envelope.h"
#include "stages/waivers.h"

struct perso_match_rules {
    const struct perso_trust *trust; /* NULL: chain and signature are judged elsewhere, all else is
                                        judged here */
    const struct perso_validity
        *validities; /* one a record: begin is judged at its return's date */
    struct perso_subject_rules subject;
    uint32_t items; /* PERSO_ITEM_ bits that this mode needs */
    /* Nobody has reconciled here: application and issuance name the same card and person; of
     * names any fold is accepted, the department has judged them. */
    bool compare;
    /* AS_RECEIVED where no machine file is written here: whoever writes it judges the form. */
    enum perso_machine_envelope envelope;
    bool carry_opaque; /* an envelope of no known form goes to the machine as it came */
};

/* What the driver needs for claims of uniqueness. */
struct perso_matched {
    uint8_t signing_digest[PERSO_SM3_BYTES]; /* SM3 of issuer and serial number */
    uint8_t encryption_digest[PERSO_SM3_BYTES];
    uint8_t encryption_key[PERSO_POINT_BYTES];
    uint8_t signing_sm3[PERSO_SM3_BYTES]; /* SM3 of the whole DER */
    uint8_t encryption_sm3[PERSO_SM3_BYTES];
};

/**
 * Match: the third gate, and everything about the certificates (DESIGN 3).
 * in       application, issuance and answer of the same card
 * rejects  FIELD_DIFFERS (where rules->compare: AAZ501, AAZ500, QMGY, AAC002, AAC003),
 *          CERT_SYNTAX .. CERT_PERSON over QMZS first, then JMZS (column tells which), CERT_KEY
 * where QMZS is not over the application's key or JMZS is over the signing key, ENVELOPE_SHAPE,
 *          ENVELOPE_KEY, ENVELOPE_FORM. (CERT_TWICE is the driver's: it sees all history.)
 * usage    QMZS: digitalSignature, without keyEncipherment, dataEncipherment, keyAgreement;
 *          JMZS: one of the three and no digitalSignature; neither signs certificates or CRLs, is
 *          a CA, or has an unknown critical extension
 * An item that rules->items does not ask for is judged all the same where it is present.
 * effects  none
 * clause   LD/T 03-2022 6.4.7.2 e
 */
enum perso_result perso_stage_match(const struct perso_match_rules *rules,
                                    const struct perso_application *applications,
                                    const struct perso_issuance *issuances,
                                    const struct perso_answer *answers, size_t n,
                                    struct perso_matched *out, struct perso_verdict *verdicts,
                                    struct perso_error *err);

/** What an answer's certificates would be claimed by, unjudged; zeros for one that is not there or
 *  cannot be read. */
enum perso_result perso_matched_of(const struct perso_answer *answer, struct perso_matched *ret,
                                   struct perso_error *err);

#endif
