#ifndef STAGES_INGEST_H
#define STAGES_INGEST_H

#include "formats/base/row_payload.h"
#include "formats/pki/request_template.h"
#include "formats/pki/subject.h"
#include "perso/record.h"
#include "stages/waivers.h"

/* Forms of application (CONTRACTS 2). */
enum perso_form {
    PERSO_FORM_P10,  /* a PKCS#10 */
    PERSO_FORM_SIG,  /* a signature over a request that the profile's subject makes */
    PERSO_FORM_BARE, /* the public key alone; a PKCS#10 that is there is judged all the same */
};

struct perso_ingest_rules {
    const char *division; /* of the job */
    bool card_no_check;   /* true: a wrong check character holds the card, else it warns */
    bool subject_check;   /* a request that names another person is held; not of the form sig,
                           * whose subject is made of the row */
    struct perso_subject_rules subject;
    bool requested; /* the requests are at the RA already: request_id stands in place of P10 */
    enum perso_form form;
    uint32_t tolerated; /* PERSO_ODD_ bits of requests that may be so */
    struct perso_request_template requested_subject; /* form sig */
};

/**
 * Ingest: judge application data in one of its forms, or what a centre is given of them.
 * in       rows as cells, at most PERSO_BATCH_RECORDS
 * out      struct perso_application where the verdict is PERSO_REJ_NONE: its request is what goes
 *          to the RA, of the form sig put together, of a tolerated odd one written anew where its
 *          signed bytes let that be (in the arena). Of a held row what could be read: card_id
 *          ("" where it has not its shape), public_key when has_key[i]
 * rejects  CARD_ID_SHAPE .. POP_FAILED, the first in the order of the table of rejects
 * effects  none
 * clause   LD/T 03-2022 6.4.7.2 a, b; DOMAIN 1.2, 2, 3, 5.3; GM/T 0092
 * *n_warned is set to the number of card numbers whose check character does not match though they
 * pass.
 */
enum perso_result perso_stage_ingest(const struct perso_ingest_rules *rules,
                                     const struct perso_cells *rows,
                                     const struct perso_origin *origins, size_t n,
                                     const struct perso_waivers *waivers, struct perso_arena *arena,
                                     struct perso_application *out, bool *has_key,
                                     struct perso_verdict *verdicts, uint32_t *n_warned,
                                     struct perso_error *err);

#endif
