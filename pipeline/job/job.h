/* A job: one batch of one vendor in one mode at one party; a folder (CONTRACTS 1). */
#ifndef PIPELINE_JOB_H
#define PIPELINE_JOB_H

#include "formats/seal/seal.h"
#include "perso/mode.h"
#include "pipeline/job/profile.h"
#include "pipeline/job/say.h"
#include "pipeline/job/site.h"
#include "pipeline/store/durable.h"
#include "pipeline/store/ledger.h"

/* What every command takes. */
struct perso_options {
    const char *conf; /* "" : found by perso_site_find */
    const char *by;   /* "" : the login name */
    bool dry_run, json;
};

struct perso_job {
    char folder[PERSO_PATH_BYTES];
    char name[PERSO_JOB_NAME_BYTES]; /* in the site */
    struct perso_options options;
    struct perso_job_conf conf;
    struct perso_profile profile;
    const struct perso_mode *mode;
    const struct perso_role *role;
    int64_t date_s; /* of the job, 00:00:00Z */
    struct perso_site site;
    struct perso_actor actor;
    struct perso_ledger *ledger;
    struct perso_card_store cards;
    struct perso_arena *arena; /* of the batch in hand */
    struct perso_seal *seal;   /* the job's own; opened by perso_job_seal */
    uint8_t job_key[PERSO_SEAL_KEY_BYTES];
    int lock;
    struct perso_say say;
    bool waits;    /* somebody else has to do something before this job can go on */
    bool refused;  /* an input file was refused, or a stage failed */
    bool left_out; /* rows of an input file that no card stands for could not be taken */
};

/** Make the job's folder, its key, ledger and entry in the site. */
enum perso_result perso_job_init(const char *folder, const struct perso_job_conf *conf,
                                 const struct perso_options *options, struct perso_error *err);

/**
 * Open a job. For writing the job's lock is taken (PERSO_RETRY where another process has it), and
 * what a crash left of a file half read is taken away. *ret is closed with perso_job_close in every
 * case.
 */
enum perso_result perso_job_open(const char *folder, bool write,
                                 const struct perso_options *options, struct perso_job *ret,
                                 struct perso_error *err);
void perso_job_close(struct perso_job *job);

/** Unwrap the job key where that is not done yet; sets job->seal and job->job_key. */
enum perso_result perso_job_seal(struct perso_job *job, struct perso_error *err);

/** Path of a folder of the job, out/bundle and its like; made where it is not there. */
enum perso_result perso_job_folder(const struct perso_job *job, const char *name,
                                   char out[PERSO_PATH_BYTES], struct perso_error *err);
/** How a file is named in ledger and lists: relative to the job where it lies inside. */
void perso_job_display(const struct perso_job *job, const char *path, char *out, size_t max);
/** Where a displayed path is. */
enum perso_result perso_job_locate(const struct perso_job *job, const char *display,
                                   char out[PERSO_PATH_BYTES], struct perso_error *err);

/** "2026-11-24" as seconds since 1970 at 00:00:00Z; false where it is no date. */
bool perso_date_read(const char *date, int64_t *seconds);

#endif
