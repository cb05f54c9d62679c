/* What a job looks like now; nothing is changed, no lock is taken. */
#ifndef PIPELINE_STATUS_H
#define PIPELINE_STATUS_H

#include "pipeline/job/job.h"

/** States, balance, what is held, what is outstanding with its age, what to do next. */
enum perso_result perso_status(struct perso_job *job, struct perso_error *err);
/** Two lines: which job it is, and its balance. */
enum perso_result perso_status_short(struct perso_job *job, struct perso_error *err);
/** One row a card: AAZ501,state,code,field. excel: ids as ="...", so that nothing is eaten. */
enum perso_result perso_report(struct perso_job *job, bool excel, struct perso_error *err);
/** Everything about one card: files, records, events. */
enum perso_result perso_trace(struct perso_job *job, const char *card_id, struct perso_error *err);
/** Ledger, payloads, balance, and every output against its digest. PERSO_REJECT says what is wrong.
 */
enum perso_result perso_check(struct perso_job *job, struct perso_error *err);
/** The ordered dump of the ledger. */
enum perso_result perso_check_dump(struct perso_job *job, struct perso_error *err);
/** The event chain against itself and the head that the site keeps. */
enum perso_result perso_audit_verify(struct perso_job *job, struct perso_error *err);
/** 移交单 of a package of the job, or (NULL) of the finished cards. */
enum perso_result perso_print_slip(struct perso_job *job, const char *package,
                                   struct perso_error *err);

/** A sink over stdout. */
struct perso_sink perso_stdout_sink(void);

#endif
