#include "pipeline/job/rules.h"

#include <string.h>

#include "formats/identity/name.h"
#include "formats/pki/pkcs10.h"
#include "pipeline/job/conf.h"

#define OF_APPLICATION                                                                             \
    PERSO_COL_AAZ501, PERSO_COL_AAZ500, PERSO_COL_AAC002, PERSO_COL_AAC003, PERSO_COL_AAB301,      \
        PERSO_COL_QMGY

static const enum perso_column required_p10[] = { OF_APPLICATION, PERSO_COL_P10,
                                                  PERSO_COLUMN_OTHER };
static const enum perso_column required_sig[] = { OF_APPLICATION, PERSO_COL_QM,
                                                  PERSO_COLUMN_OTHER };
static const enum perso_column required_bare[] = { OF_APPLICATION, PERSO_COLUMN_OTHER };
const enum perso_column perso_required_issuance[] = { PERSO_COL_AAZ500, PERSO_COL_AAC002,
                                                      PERSO_COL_AAC003, PERSO_COL_AAB301,
                                                      PERSO_COLUMN_OTHER };
const enum perso_column perso_required_result[] = { PERSO_COL_AAZ501,   PERSO_COL_result,
                                                    PERSO_COL_step,     PERSO_COL_reason,
                                                    PERSO_COL_QMGY,     PERSO_COL_QMZS_SM3,
                                                    PERSO_COL_JMZS_SM3, PERSO_COLUMN_OTHER };

const enum perso_column *
perso_required_application(enum perso_form form)
{
    return form == PERSO_FORM_SIG    ? required_sig
           : form == PERSO_FORM_BARE ? required_bare
                                     : required_p10;
}

enum perso_form
perso_form_of(const struct perso_profile *profile)
{
    return strcmp(profile->form, "sig") == 0    ? PERSO_FORM_SIG
           : strcmp(profile->form, "bare") == 0 ? PERSO_FORM_BARE
                                                : PERSO_FORM_P10;
}

#define WORDS_BYTES 64u /* of a list in a profile */

/* The bits of a list's words, which are cut apart. The word that has none, or NULL. */
static const char *
read_words(char *list, uint32_t (*bit_of)(const char *word), uint32_t *bits)
{
    *bits = 0;
    for (char *save, *word = strtok_r(list, ", ", &save); word != NULL;
         word = strtok_r(NULL, ", ", &save)) {
        const uint32_t bit = bit_of(word);
        if (bit == 0)
            return word;
        *bits |= bit;
    }
    return NULL;
}

static enum perso_result
read_tolerated(const char *text, uint32_t *ret, struct perso_error *err)
{
    char copy[WORDS_BYTES];

    snprintf(copy, sizeof copy, "%s", text);
    const char *bad = read_words(copy, perso_odd_find, ret);
    return bad == NULL ? PERSO_OK
                       : perso_error_set(err, PERSO_REJ_NONE, "tolerate",
                                         "have \"%s\", want pem, attributes, null, raw, hybrid or "
                                         "compressed",
                                         bad);
}

enum perso_result
perso_rules_of_ingest(const struct perso_profile *p, const char *division,
                      struct perso_ingest_rules *ret, struct perso_error *err)
{
    const struct perso_text subject = { p->subject, (uint32_t)strlen(p->subject) };
    enum perso_result rc;

    *ret = (struct perso_ingest_rules) {
        .division = division,
        .card_no_check = strcmp(p->card_no_check, "reject") == 0,
        .subject_check = perso_conf_yes(p->subject_check),
        .subject = { perso_conf_yes(p->subject_name), perso_conf_yes(p->subject_number),
                     PERSO_FOLD_ALL },
        .form = perso_form_of(p),
    };
    if ((rc = read_tolerated(p->tolerate, &ret->tolerated, err)) == PERSO_OK)
        rc = perso_request_template_read(subject, &ret->requested_subject, err);
    return rc;
}

static size_t
cut_words(char *text, const char **words)
{
    size_t n = 0;

    for (char *save, *word = strtok_r(text, ", ", &save); word != NULL && n < PERSO_STATUS_MAX;
         word = strtok_r(NULL, ", ", &save)) {
        if (strcmp(word, "any") == 0)
            return 0;
        words[n++] = strcmp(word, "empty") == 0 ? "" : word;
    }
    return n;
}

static uint32_t
fold_of(const char *word)
{
    static const struct {
        const char *name;
        uint32_t fold;
    } names[] = { { "dot", PERSO_FOLD_DOT },
                  { "space", PERSO_FOLD_SPACE },
                  { "width", PERSO_FOLD_WIDTH },
                  { "case", PERSO_FOLD_CASE } };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].name, word) == 0)
            return names[i].fold;
    return 0;
}

static enum perso_result
read_folds(const char *text, uint32_t *folds, struct perso_error *err)
{
    char copy[WORDS_BYTES];

    snprintf(copy, sizeof copy, "%s", text);
    const char *bad = read_words(copy, fold_of, folds);
    return bad == NULL ? PERSO_OK
                       : perso_error_set(err, PERSO_REJ_NONE, "folds", "no such fold: %s", bad);
}

enum perso_result
perso_rules_of_reconcile(const struct perso_profile *p, const char *batch,
                         struct perso_status_words *words, struct perso_reconcile_rules *ret,
                         struct perso_error *err)
{
    snprintf(words->card, sizeof words->card, "%s", p->card_status);
    snprintf(words->person, sizeof words->person, "%s", p->person_status);
    *ret = (struct perso_reconcile_rules) { .batch = batch,
                                            .batch_check = perso_conf_yes(p->batch_check) };
    ret->n_card_status = cut_words(words->card, ret->card_status);
    ret->n_person_status = cut_words(words->person, ret->person_status);
    return read_folds(p->folds, &ret->folds, err);
}

enum perso_machine_envelope
perso_rules_of_envelope(const struct perso_profile *p)
{
    if (strcmp(p->machine_envelope, "skf") == 0)
        return PERSO_MACHINE_SKF;
    return strcmp(p->machine_envelope, "asn1") == 0 ? PERSO_MACHINE_ASN1
                                                    : PERSO_MACHINE_AS_RECEIVED;
}

static uint32_t
item_of(const char *word)
{
    for (size_t i = 0; i < PERSO_ITEMS; i++)
        if (strcmp(perso_column_code(perso_items[i].column), word) == 0)
            return perso_items[i].bit;
    return 0;
}

static enum perso_result
read_items(const char *text, uint32_t *items, struct perso_error *err)
{
    char copy[WORDS_BYTES];

    snprintf(copy, sizeof copy, "%s", text);
    const char *bad = read_words(copy, item_of, items);
    return bad == NULL ? PERSO_OK
                       : perso_error_set(err, PERSO_REJ_NONE, "items", "no such item: %s", bad);
}

enum perso_result
perso_rules_of_return(const struct perso_profile *p, struct perso_return_rules *ret,
                      struct perso_error *err)
{
    *ret = (struct perso_return_rules) {
        .success = p->success,
        .secrets = strcmp(p->secrets, "clear") == 0 ? PERSO_SECRETS_CLEAR
                   : strcmp(p->secrets, "sm2") == 0 ? PERSO_SECRETS_SM2
                                                    : PERSO_SECRETS_WRAPPED,
        .unsigned_secrets = perso_conf_yes(p->unsigned_secrets),
    };
    return read_items(p->items, &ret->items, err);
}
