/* The end of a package that collect read: its rows take effect (CONTRACTS 3, 4). */
#ifndef PIPELINE_COLLECT_ACCEPT_H
#define PIPELINE_COLLECT_ACCEPT_H

#include "pipeline/drive/collect_take.h"

/** In one transaction: take, then the file counts. */
enum perso_result perso_collect_accept(struct perso_job *job, struct perso_ledger_file *file,
                                       struct perso_collect_counts *counts,
                                       perso_collect_take *take, void *arg,
                                       struct perso_error *err);

/** Warns of answers that came too late. */
void perso_collect_tell_past(const char *display, const struct perso_collect_counts *counts);

/** What came for a centre's cards while its ingest held them takes effect once they are let go. */
enum perso_result perso_collect_kept(struct perso_job *job, struct perso_error *err);

#define PERSO_ORPHAN_REPORT "orphan report" /* perso_job_due */
/** reports/orphans.csv, unless it is not due: answers that stand for no card; their certificates
 * ought to be revoked. */
enum perso_result perso_collect_orphans(struct perso_job *job, struct perso_error *err);

#endif
