/*
 * Site-store port: what must be unique over all jobs and all history of a site. SQLite in site.db
 * is the embedded default; nothing may assume it behind this table.
 */
#ifndef PERSO_SITE_STORE_H
#define PERSO_SITE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "perso/arena.h"
#include "perso/cursor.h"
#include "perso/limits.h"
#include "perso/mode.h"
#include "perso/result.h"
#include "perso/secrets.h"

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
    bool unused; /* release: nothing was asked for with it, so any card may claim it anew */
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

/* One card made again (重制; LD/T 03-2022 6.4.4): exactly one new card for an old one. */
struct perso_remake {
    const char *old_card, *new_card;
    const char *whose; /* how the name of the job that allowed it begins; NULL: any may have */
    /* out */
    bool granted;
    bool allowed; /* the remaking of old_card was confirmed at some time, in such a job */
    /* where not granted though allowed: the new card that has old_card, else the old card that
     * new_card replaces already */
    char other_card[PERSO_CARD_ID_CHARS + 1];
};

enum perso_cupboard_state {
    PERSO_CUPBOARD_WAITING = 1,
    PERSO_CUPBOARD_WRITTEN = 2,
    PERSO_CUPBOARD_REVOKED = 3,
};

/* Certificates that wait until a window or the holder's CA middleware writes them (mode 4; LD/T
 * 03-2022 6.4.7.5 e). */
struct perso_cupboard_entry {
    char card_id[PERSO_CARD_ID_CHARS + 1];
    char job[PERSO_JOB_NAME_BYTES];
    char since[11]; /* date of the job, YYYY-MM-DD */
    enum perso_cupboard_state state;
    uint8_t signing_sm3[PERSO_SM3_BYTES], encryption_sm3[PERSO_SM3_BYTES]; /* of certificates */
    /* Row payload (formats/base/row_payload.h) of request_id, QMZS, JMZS, JMMY, GLYPIN, ZKMY; the
     * last two sealed under the cupboard's key of the job. Empty: taken away by purge. */
    struct perso_cursor payload;
    /* out of put */
    bool refused;
    char other_job[PERSO_JOB_NAME_BYTES]; /* where refused: whose entry the card has */
};

/* What a site keeps of a card whose job was purged (DESIGN 6). */
struct perso_history {
    char card_id[PERSO_CARD_ID_CHARS + 1];
    uint8_t person_mac[PERSO_SM3_BYTES]; /* HMAC-SM3 of the social security number */
};

struct perso_site_store {
    /*
     * Claim n values for a job, all in one transaction. The same (value, card, job) again is
     * granted; a released one is granted to the same card in any job; any other owner refuses, and
     * the refusal is noted against the owner (flag), once.
     */
    enum perso_result (*claim)(void *self, const char *job, enum perso_claim_kind kind,
                               struct perso_claim *claims, size_t n, struct perso_error *err);
    /* Release claims that this job holds; others are left alone. Unused ones are forgotten. */
    enum perso_result (*release)(void *self, const char *job, enum perso_claim_kind kind,
                                 const struct perso_claim *claims, size_t n,
                                 struct perso_error *err);
    /* What was claimed for cards that came to nothing, because the process died: a first claim is
     * forgotten, with the flags against it; one that was taken over is released again. */
    enum perso_result (*unclaim)(void *self, const char *job, enum perso_claim_kind kind,
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

    /* ---- remaking ---- */

    /* These old cards may be made again; what is registered stays with its first job. */
    enum perso_result (*remake_allow)(void *self, const char *job, const char *const *old_cards,
                                      size_t n, struct perso_error *err);
    /* Take n old cards for their new ones, all in one transaction. The same pair again is granted,
     * in any job, which then holds it. */
    enum perso_result (*remake_take)(void *self, const char *job, struct perso_remake *remakes,
                                     size_t n, struct perso_error *err);
    /* The new card is cancelled: the old one may get another. Other pairs and pairs that another
     * job holds are left alone. */
    enum perso_result (*remake_release)(void *self, const char *job, const char *old_card,
                                        const char *new_card, struct perso_error *err);
    /* Both "" where the card stands in no pair. */
    enum perso_result (*remake_of)(void *self, const char *card_id,
                                   char replaces[PERSO_CARD_ID_CHARS + 1],
                                   char replaced_by[PERSO_CARD_ID_CHARS + 1],
                                   struct perso_error *err);

    /* ---- cupboard ---- */

    /* The key of a job's entries, SM2-wrapped to the site's sealing key. It is set once: the same
     * bytes again are fine; PERSO_END, nothing changed, where it has other ones (get them). */
    enum perso_result (*cupboard_key_set)(void *self, const char *job, const uint8_t *wrapped,
                                          size_t n, struct perso_error *err);
    /* PERSO_END where the job has none. */
    enum perso_result (*cupboard_key_get)(void *self, const char *job,
                                          uint8_t wrapped[PERSO_WRAPPED_BYTES], size_t *n,
                                          struct perso_error *err);
    /*
     * Put n entries in, waiting, all in one transaction; sets refused and other_job of each. The
     * same content again is success and changes nothing. Anything replaces what is revoked, for its
     * card is in force again; other content replaces what waits of the same job. It is refused for
     * a card that waits in another job or is written.
     */
    enum perso_result (*cupboard_put)(void *self, struct perso_cupboard_entry *entries, size_t n,
                                      struct perso_error *err);
    /* Entries of a job (NULL: of all) with card_id > after ("" : from the first) in this order;
     * payloads go into the arena (NULL: left empty). PERSO_END when none. */
    enum perso_result (*cupboard_scan)(void *self, const char *job, const char *after, size_t max,
                                       struct perso_cupboard_entry *out, struct perso_arena *arena,
                                       size_t *n, struct perso_error *err);
    /* PERSO_END where the card has none. */
    enum perso_result (*cupboard_get)(void *self, const char *card_id,
                                      struct perso_cupboard_entry *out, struct perso_arena *arena,
                                      struct perso_error *err);
    /* What became of an entry: written or revoked, and revoked after written; the same again is
     * fine. PERSO_END where this job has no entry of the card, PERSO_FATAL for other changes. */
    enum perso_result (*cupboard_settle)(void *self, const char *job, const char *card_id,
                                         enum perso_cupboard_state state, struct perso_error *err);
    /* Settled entries of a job lose their payload, so that no file of the store holds it any more;
     * what waits is kept. *waiting: how many do. */
    enum perso_result (*cupboard_purge)(void *self, const char *job, uint64_t *waiting,
                                        struct perso_error *err);

    /* ---- purge ---- */

    /* What is there already is left alone. */
    enum perso_result (*history_put)(void *self, const char *job,
                                     const struct perso_history *entries, size_t n,
                                     struct perso_error *err);
    /* The site's key of keyed MACs; as cupboard_key_set and _get. */
    enum perso_result (*mac_key_set)(void *self, const uint8_t *wrapped, size_t n,
                                     struct perso_error *err);
    enum perso_result (*mac_key_get)(void *self, uint8_t wrapped[PERSO_WRAPPED_BYTES], size_t *n,
                                     struct perso_error *err);
    /* A purged job stays so. PERSO_FATAL, in get PERSO_END, where the site has no such job. */
    enum perso_result (*job_purged_set)(void *self, const char *job, struct perso_error *err);
    enum perso_result (*job_purged_get)(void *self, const char *job, bool *purged,
                                        struct perso_error *err);
    void *self;
};

#endif
