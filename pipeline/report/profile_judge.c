#include "pipeline/report/profile_judge.h"

#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "formats/identity/card.h"
#include "formats/identity/id_number.h"
#include "pipeline/job/rules.h"
#include "stages/application.h"
#include "stages/close.h"
#include "stages/prepare.h"

/* ---- key-generation output ---- */

/* Of the form sig a table is looked at before the cards have signed, and after. */
static const enum perso_column *
of_application(const struct perso_profile *profile)
{
    enum perso_form form = perso_form_of(profile);
    return perso_required_application(form == PERSO_FORM_SIG ? PERSO_FORM_BARE : form);
}

/* No job says which division: a row's own is right. */
static enum perso_result
judge_application(const struct perso_judged_rows *r, struct perso_verdict *verdicts,
                  struct perso_error *err)
{
    struct perso_application application;
    struct perso_to_sign to_sign;
    struct perso_ingest_rules rules;
    char division[PERSO_DIVISION_CHARS + 1] = "";
    bool has_key;
    uint32_t warned;
    enum perso_result rc = perso_rules_of_ingest(r->profile, division, &rules, err);

    for (size_t i = 0; rc == PERSO_OK && i < r->n; i++) {
        if (!perso_division_read(r->cells[i].known[PERSO_COL_AAB301], division))
            division[0] = '\0';
        if (rules.form == PERSO_FORM_SIG && r->cells[i].known[PERSO_COL_QM].bytes == 0)
            rc = perso_stage_prepare(&rules, &r->cells[i], &r->rows[i].origin, 1, r->arena,
                                     &to_sign, &verdicts[i], err);
        else
            rc = perso_stage_ingest(&rules, &r->cells[i], &r->rows[i].origin, 1, NULL, r->arena,
                                    &application, &has_key, &verdicts[i], &warned, err);
    }
    return rc;
}

/* ---- issuance data ---- */

static const enum perso_column *
of_issuance(const struct perso_profile *profile)
{
    (void)profile;
    return perso_required_issuance;
}

/* What an application would say that agrees; a cell that no accepted application has differs. */
static struct perso_application
application_of(const struct perso_cells *cells, const struct perso_issuance *issuance)
{
    static const char other[] = "-";
    struct perso_application a = { .origin = issuance->origin, .name = issuance->name };
    enum perso_id_kind kind;

    strcpy(a.card_id, issuance->card_id);
    strcpy(a.card_no, issuance->card_no[0] != '\0' ? issuance->card_no : other);
    strcpy(a.division, issuance->division[0] != '\0' ? issuance->division : other);
    if (perso_id_number_read(cells->known[PERSO_COL_AAC002], a.ssn, &kind) != PERSO_REJ_NONE)
        strcpy(a.ssn, other);
    return a;
}

static enum perso_result
judge_issuance(const struct perso_judged_rows *r, struct perso_verdict *verdicts,
               struct perso_error *err)
{
    struct perso_status_words words;
    struct perso_reconcile_rules rules;
    struct perso_issuance issuance;
    struct perso_comparison comparison;
    enum perso_result rc = perso_rules_of_reconcile(r->profile, "", &words, &rules, err);

    rules.batch_check = false; /* no job says which batch */
    for (size_t i = 0; rc == PERSO_OK && i < r->n; i++) {
        perso_issuance_parse(&r->cells[i], &r->rows[i].origin, &issuance);
        const struct perso_application application = application_of(&r->cells[i], &issuance);
        rc = perso_stage_reconcile(&rules, &application, &issuance, 1, NULL, &comparison,
                                   &verdicts[i], err);
    }
    return rc;
}

/* ---- result files ---- */

static const enum perso_column *
of_result(const struct perso_profile *profile)
{
    (void)profile;
    return perso_required_result;
}

static void
expected_of(const struct perso_cells *cells, struct perso_expected *ret)
{
    const struct perso_text *known = cells->known;
    struct perso_text key = known[PERSO_COL_QMGY], signing = known[PERSO_COL_QMZS_SM3],
                      encryption = known[PERSO_COL_JMZS_SM3];

    *ret = (struct perso_expected) { .certificates = signing.bytes + encryption.bytes > 0 };
    perso_hex_decode(key.at, key.bytes, ret->public_key, sizeof ret->public_key);
    perso_hex_decode(signing.at, signing.bytes, ret->signing_sm3, sizeof ret->signing_sm3);
    perso_hex_decode(encryption.at, encryption.bytes, ret->encryption_sm3,
                     sizeof ret->encryption_sm3);
}

static enum perso_result
judge_result(const struct perso_judged_rows *r, struct perso_verdict *verdicts,
             struct perso_error *err)
{
    struct perso_expected expected;
    const struct perso_expected *of = &expected;
    struct perso_outcome outcome;
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < r->n; i++) {
        expected_of(&r->cells[i], &expected);
        rc = perso_stage_close(&r->cells[i], &r->rows[i].origin, &of, 1, &outcome, &verdicts[i],
                               err);
        /* A spoiled card is a result like others: nothing is held for it. */
        if (verdicts[i].reject == PERSO_REJ_CARD_SPOILED)
            verdicts[i] = (struct perso_verdict) { .reject = PERSO_REJ_NONE };
    }
    return rc;
}

const struct perso_table_kind perso_table_kinds[PERSO_TABLE_KINDS] = {
    { "application", offsetof(struct perso_profile, application), of_application, false,
      judge_application },
    { "issuance", offsetof(struct perso_profile, issuance), of_issuance, false, judge_issuance },
    { "result", offsetof(struct perso_profile, result), of_result, true, judge_result },
};
