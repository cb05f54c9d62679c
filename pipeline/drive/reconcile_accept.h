/* The end of an issuance file, and its report (CONTRACTS 2, 4). */
#ifndef PIPELINE_RECONCILE_ACCEPT_H
#define PIPELINE_RECONCILE_ACCEPT_H

#include "pipeline/drive/drive.h"
#include "pipeline/job/cards.h"

struct perso_reconcile_counts {
    uint32_t rows;      /* of the issuance file: the sum of the next five */
    uint32_t compared;  /* rows that a card was compared with */
    uint32_t only;      /* cards that are not of this job */
    uint32_t unchanged; /* the same row was compared before */
    uint32_t past;      /* card held elsewhere or past this stage: the row has no effect */
    uint32_t twice;     /* second and further rows of one card */
};

/** In one transaction: verdicts of a READING issuance file take effect. Counts move from compared
 * to twice where a card stands in the file more than once. */
enum perso_result perso_reconcile_accept(struct perso_job *job, struct perso_ledger_file *file,
                                         struct perso_reconcile_counts *counts,
                                         struct perso_error *err);
/**
 * Cards that were there when the last issuance file was accepted and that no file had: held as
 * ISSUE_ABSENT. Does nothing where that was done since; a crash between the two leaves it to be
 * done.
 */
enum perso_result perso_reconcile_absent(struct perso_job *job, struct perso_error *err);

#define PERSO_RECONCILE_REPORT "reconcile report" /* perso_job_due */
/** reports/reconcile.csv, anew from the ledger, and the totals of the cards; does nothing unless
 * due. */
enum perso_result perso_reconcile_report(struct perso_job *job, struct perso_error *err);

#endif
