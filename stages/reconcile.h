#ifndef STAGES_RECONCILE_H
#define STAGES_RECONCILE_H

#include "perso/record.h"
#include "stages/waivers.h"

#define PERSO_STATUS_MAX 16

struct perso_reconcile_rules {
    uint32_t folds;    /* folds of names that are accepted */
    const char *batch; /* BAZ033 of the job; compared where the issuance data has one */
    bool batch_check;
    /* Accepted values; "" in a list accepts an empty cell. n = 0: not judged. */
    const char *card_status[PERSO_STATUS_MAX], *person_status[PERSO_STATUS_MAX];
    size_t n_card_status, n_person_status;
};

/* The fields that are compared, in this order, in reports/reconcile.csv too. */
#define PERSO_COMPARED 5
extern const enum perso_column
    perso_compared[PERSO_COMPARED]; /* AAC002 AAC003 AAZ500 AAB301 BAZ033 */

struct perso_comparison {
    char symbol;      /* '=' equal, '*' equal after folds, '!' differs (CONTRACTS 4) */
    uint32_t folds;   /* folds that were needed */
    uint32_t differs; /* bit i: perso_compared[i] differs */
};

/**
 * Reconcile: compare application data with the issuance data for the same card.
 * in       pairs, joined by the driver by AAZ501, else by AAC002 and AAZ500
 * rejects  NAME_ codes (the issuance data's name and its extension), FIELD_DIFFERS (with its
 * column), NAME_FOLDED, CARD_STATUS, PERSON_STATUS, PLAN_FIELD (SSSE that is no reference to keys)
 *          (ISSUE_ABSENT and ISSUE_TWICE are the driver's: it sees the whole file)
 * effects  none
 * clause   LD/T 03-2022 6.4.7.2 b
 */
enum perso_result perso_stage_reconcile(const struct perso_reconcile_rules *rules,
                                        const struct perso_application *applications,
                                        const struct perso_issuance *issuances, size_t n,
                                        const struct perso_waivers *waivers,
                                        struct perso_comparison *comparisons,
                                        struct perso_verdict *verdicts, struct perso_error *err);

#endif
