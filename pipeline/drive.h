/*
 * Stage drivers: each feeds one stage from files and ledger in batches, records what it says, and
 * leaves files. All are safe to repeat at any time; what is done is recognised.
 * A driver prints its result line and its messages. It returns PERSO_FATAL where the run must stop;
 * job->waits and job->refused carry the rest.
 */
#ifndef PIPELINE_DRIVE_H
#define PIPELINE_DRIVE_H

#include "formats/base/row_payload.h"
#include "pipeline/job.h"

/* What the operator said beside the files. */
struct perso_file_options {
    const char *encoding; /* "" : not given */
    uint32_t rows;        /* UINT32_MAX: not given */
};

enum perso_result perso_drive_ingest(struct perso_job *job, const char *path,
                                     const struct perso_file_options *options,
                                     struct perso_error *err);
/** All files of one command together: cards in none of them are ISSUE_ABSENT at the end. */
enum perso_result perso_drive_reconcile(struct perso_job *job, const char *const *paths, size_t n,
                                        const struct perso_file_options *options,
                                        struct perso_error *err);
/** digest NULL: shows what there is to approve. */
enum perso_result perso_drive_approve(struct perso_job *job, const char *digest,
                                      struct perso_error *err);
enum perso_result perso_drive_bundle(struct perso_job *job, struct perso_error *err);
enum perso_result perso_drive_submit(struct perso_job *job, struct perso_error *err);
enum perso_result perso_drive_collect(struct perso_job *job, const char *path,
                                      struct perso_error *err);
enum perso_result perso_drive_match(struct perso_job *job, struct perso_error *err);
enum perso_result perso_drive_personalize(struct perso_job *job, struct perso_error *err);
/** One result file (制卡回盘). */
enum perso_result perso_drive_close(struct perso_job *job, const char *path,
                                    struct perso_error *err);
enum perso_result perso_drive_finish(struct perso_job *job, struct perso_error *err);

/** Every stage that has its input, in order, until it must wait. */
enum perso_result perso_drive_run(struct perso_job *job, struct perso_error *err);

/* ---- what drivers share ---- */

/** Begin, append one event, commit. */
enum perso_result perso_drive_event(struct perso_job *job, const struct perso_event *event,
                                    struct perso_error *err);
/** Put a card aside with a verdict, and write its event; inside a transaction. */
enum perso_result perso_drive_hold(struct perso_job *job, struct perso_card *card,
                                   enum perso_state to, enum perso_stage stage,
                                   const struct perso_verdict *verdict, int64_t record,
                                   struct perso_error *err);
/**
 * A report that the state just changed has to be written anew. Set in the transaction of the
 * change, it is still due after a crash; cleared when the report is durable.
 */
enum perso_result perso_drive_due_set(struct perso_job *job, const char *report,
                                      struct perso_error *err);
enum perso_result perso_drive_due(struct perso_job *job, const char *report, bool *ret,
                                  struct perso_error *err);
enum perso_result perso_drive_due_clear(struct perso_job *job, const char *report,
                                        struct perso_error *err);
/** Say why an incoming file is refused, take its rows away, keep the refusal for the audit. */
enum perso_result perso_drive_refuse(struct perso_job *job, struct perso_ledger_file *file,
                                     const struct perso_error *why, struct perso_error *err);
/** The same for a file of which nothing was read: its form, signature, recipient or owner is wrong.
 */
enum perso_result perso_drive_refuse_unread(struct perso_job *job, enum perso_stage stage,
                                            const char *display, const struct perso_error *why,
                                            struct perso_error *err);
/** PERSO_END, said aloud, where the stage knows a file with this digest. */
enum perso_result perso_drive_known(struct perso_job *job, enum perso_stage stage,
                                    const uint8_t sm3[PERSO_SM3_BYTES], const char *display,
                                    struct perso_error *err);
/**
 * The site gives this file to this job and stage. PERSO_END, complained of, where it is another
 * job's (then job->refused is set).
 */
enum perso_result perso_drive_claim_file(struct perso_job *job, enum perso_stage stage,
                                         const uint8_t sm3[PERSO_SM3_BYTES], const char *display,
                                         struct perso_error *err);
/** Waivers of the cards of a batch. */
struct perso_drive_waivers {
    struct perso_job *job;
    const struct perso_card *cards;
};
bool perso_drive_waived(void *self, size_t i, enum perso_reject reject);

/** The cells of a stored record, in job->arena. */
enum perso_result perso_drive_cells(struct perso_job *job, int64_t record_id,
                                    struct perso_cells *cells, struct perso_stored_record *record,
                                    struct perso_error *err);

#endif
