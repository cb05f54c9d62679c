/*
 * Site-store port: what must be unique over all jobs and all history of a site. SQLite in site.db
 * is the embedded default; nothing may assume it behind this table.
 */
#ifndef PERSO_SITE_STORE_H
#define PERSO_SITE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "perso/limits.h"
#include "perso/mode.h"
#include "perso/result.h"

#define PERSO_JOB_NAME_BYTES 64u /* VENDOR-DIVISION-BATCH-MODE, unique in a site */

enum perso_claim_kind {
    PERSO_CLAIM_CARD = 1,           /* value: 卡识别码, 32 ASCII characters */
    PERSO_CLAIM_KEY = 2,            /* value: signing public key X || Y */
    PERSO_CLAIM_ENCRYPTION_KEY = 3, /* value: encryption public key X || Y */
    PERSO_CLAIM_CERTIFICATE = 4,    /* value: SM3 of issuer and serial number */
};

struct perso_claim {
    const uint8_t *value;
    size_t value_bytes; /* at most 64 */
    const char *card_id;
    /* out */
    bool granted;
    char other_card[PERSO_CARD_ID_CHARS + 1]; /* where not granted: whose it is */
    char other_job[PERSO_JOB_NAME_BYTES];
};

/* Somebody else wanted what a job has claimed: the older card is looked at, too (CONTRACTS 4). */
struct perso_flag {
    enum perso_claim_kind kind;
    char card_id[PERSO_CARD_ID_CHARS + 1]; /* whose claim it is */
    char other_card[PERSO_CARD_ID_CHARS + 1], other_job[PERSO_JOB_NAME_BYTES];
};

struct perso_site_store {
    /*
     * Claim n values for a job, all in one transaction. The same (value, card, job) again is
     * granted; a released one is granted to the same card in any job; any other owner refuses, and
     * the refusal is noted against the owner (flag), once.
     */
    enum perso_result (*claim)(void *self, const char *job, enum perso_claim_kind kind,
                               struct perso_claim *claims, size_t n, struct perso_error *err);
    /* Release claims that this job holds; others are left alone. */
    enum perso_result (*release)(void *self, const char *job, enum perso_claim_kind kind,
                                 const struct perso_claim *claims, size_t n,
                                 struct perso_error *err);
    /* Flags against what this job has claimed, at most max, ordered; PERSO_END where none. */
    enum perso_result (*flags)(void *self, const char *job, struct perso_flag *out, size_t max,
                               size_t *n, struct perso_error *err);
    /* Register a job's name; PERSO_REJECT (FILE_OTHER_JOB) where it is there with another token. */
    enum perso_result (*job_add)(void *self, const char *job, const uint8_t token[16],
                                 struct perso_error *err);
    /* A file belongs to one job, per stage. PERSO_REJECT with FILE_OTHER_JOB naming the other. */
    enum perso_result (*file_claim)(void *self, const char *job, enum perso_stage stage,
                                    const uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err);
    enum perso_result (*file_release)(void *self, const char *job, enum perso_stage stage,
                                      const uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err);
    /* The head of a job's event chain, so that a cut or rolled-back ledger is seen. PERSO_FATAL
     * where the job is not known or the head would go back. PERSO_RETRY from any of these: other
     * jobs kept the store for too long, nothing changed. */
    enum perso_result (*head_set)(void *self, const char *job, int64_t event,
                                  const uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err);
    /* PERSO_END where the site has none. */
    enum perso_result (*head_get)(void *self, const char *job, int64_t *event,
                                  uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err);
    void *self;
};

#endif
