/*
 * Stage drivers: each feeds one stage from files and ledger in batches, records what it says, and
 * leaves files. All are safe to repeat at any time; what is done is recognised.
 * A driver prints its result line and its messages. It returns PERSO_FATAL where the run must stop;
 * job->waits and job->refused carry the rest.
 */
#ifndef PIPELINE_DRIVE_H
#define PIPELINE_DRIVE_H

#include "formats/base/row_payload.h"
#include "pipeline/job/job.h"

/* What the operator said beside the files. */
struct perso_file_options {
    const char *encoding;       /* "" : not given */
    uint32_t rows;              /* UINT32_MAX: not given */
    const char *const *counted; /* BOX=N of physical cards */
    size_t n_counted;
};

enum perso_result perso_drive_ingest(struct perso_job *job, const char *path,
                                     const struct perso_file_options *options,
                                     struct perso_error *err);
/** Acknowledgements of packages with applications that are due. */
enum perso_result perso_drive_ingested(struct perso_job *job, struct perso_error *err);
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
/** Reports and acknowledgements of returns that are due. */
enum perso_result perso_drive_collected(struct perso_job *job, struct perso_error *err);
enum perso_result perso_drive_match(struct perso_job *job, struct perso_error *err);
/** Matched cards to whoever finishes them (FWD), held ones back to the vendor (HLD); in mode 4 the
 * certificates into the cupboard. */
enum perso_result perso_drive_forward(struct perso_job *job, struct perso_error *err);
/** Where a mode's certificates are not written with the card: those of matched cards go into the
 * site's cupboard, those of cards that came to nothing are revoked there; else nothing. A card
 * whose certificates wait in another job is held, by `stage`. */
enum perso_result perso_drive_cupboard(struct perso_job *job, enum perso_stage stage,
                                       struct perso_error *err);
enum perso_result perso_drive_personalize(struct perso_job *job, struct perso_error *err);
/** One result file (制卡回盘), or a finisher's RES. */
enum perso_result perso_drive_close(struct perso_job *job, const char *path,
                                    struct perso_error *err);
enum perso_result perso_drive_finish(struct perso_job *job, struct perso_error *err);

/** out/close/remake.csv, from the cards as they are. */
enum perso_result perso_drive_remake_list(struct perso_job *job, struct perso_error *err);
/** audit.log, from the ledger. */
enum perso_result perso_drive_audit_export(struct perso_job *job, struct perso_error *err);

/** Take personal data out of a closed job. digest NULL: shows what would go. A purge that was cut
 *  off goes on where it was, with the digest and reason that it began with. */
enum perso_result perso_drive_purge(struct perso_job *job, const char *digest, const char *reason,
                                    struct perso_error *err);

/** Every stage that has its input, in order, until it must wait. */
enum perso_result perso_drive_run(struct perso_job *job, struct perso_error *err);

#endif
