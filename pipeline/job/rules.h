/* What a profile means to the stages: their rules, and the columns that a table must have. */
#ifndef PIPELINE_RULES_H
#define PIPELINE_RULES_H

#include "pipeline/job/profile.h"
#include "stages/collect.h"
#include "stages/ingest.h"
#include "stages/machine_envelope.h"
#include "stages/reconcile.h"

/* Lists of accepted values, cut into the words that the rules borrow. */
struct perso_status_words {
    char card[64], person[64];
};

/** division: of the job, borrowed. PERSO_FATAL where the profile's subject is none, or a word of
 * `tolerate` is not known. */
enum perso_result perso_rules_of_ingest(const struct perso_profile *profile, const char *division,
                                        struct perso_ingest_rules *ret, struct perso_error *err);
/** batch: of the job, borrowed as words are. */
enum perso_result perso_rules_of_reconcile(const struct perso_profile *profile, const char *batch,
                                           struct perso_status_words *words,
                                           struct perso_reconcile_rules *ret,
                                           struct perso_error *err);

/** The form of JMMY in machine files. */
enum perso_machine_envelope perso_rules_of_envelope(const struct perso_profile *profile);

/* What a profile says of returns. */
struct perso_return_rules {
    uint32_t items;      /* PERSO_ITEM_ bits of [return] items */
    const char *success; /* list of codes; borrowed */
    enum perso_return_secrets secrets;
    bool unsigned_secrets;
};
enum perso_result perso_rules_of_return(const struct perso_profile *profile,
                                        struct perso_return_rules *ret, struct perso_error *err);

/* Each ends with PERSO_COLUMN_OTHER. */
extern const enum perso_column perso_required_issuance[], perso_required_result[];
enum perso_form perso_form_of(const struct perso_profile *profile);
/** Of application data in a form. */
const enum perso_column *perso_required_application(enum perso_form form);

#endif
