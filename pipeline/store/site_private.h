/* What the files of the site store share; nobody else includes this. */
#ifndef PIPELINE_SITE_PRIVATE_H
#define PIPELINE_SITE_PRIVATE_H

#include "pipeline/store/database.h"
#include "pipeline/store/site_db.h"

struct perso_site_db {
    struct perso_database db;
    bool dry; /* changes go to temporary tables; a row is copied there before it is looked at */
};

/** Other jobs write too: PERSO_RETRY where they keep the store for too long, nothing changed. */
enum perso_result perso_site_db_begin(struct perso_site_db *site, struct perso_error *err);
/** Commit what went well, undo the rest; gives back the result of the work. */
enum perso_result perso_site_db_finish(struct perso_site_db *site, enum perso_result rc,
                                       struct perso_error *err);
/** Run a statement with up to three texts (NULL: not bound). */
enum perso_result perso_site_db_run(struct perso_site_db *site, const char *sql, const char *one,
                                    const char *two, const char *three, struct perso_error *err);
/** Prepare it, bound, for stepping. */
enum perso_result perso_site_db_statement(struct perso_site_db *site, const char *sql,
                                          const char *one, const char *two, const char *three,
                                          sqlite3_stmt **ret, struct perso_error *err);

/* The functions of the port, by the file that has them. self is a struct perso_site_db. */
/* clang-format off */
#define PORT(name, ...) \
    enum perso_result perso_site_db_##name(void *self, __VA_ARGS__, struct perso_error *err)

/* site_claims.c */
PORT(claim, const char *job, enum perso_claim_kind kind, struct perso_claim *claims, size_t n);
PORT(release, const char *job, enum perso_claim_kind kind, const struct perso_claim *claims,
     size_t n);
PORT(unclaim, const char *job, enum perso_claim_kind kind, const struct perso_claim *claims,
     size_t n);
PORT(flags, const char *job, struct perso_flag *out, size_t max, size_t *n);
/* site_jobs.c */
PORT(job_add, const char *job, const uint8_t token[16]);
PORT(head_set, const char *job, int64_t event, const uint8_t sm3[PERSO_SM3_BYTES]);
PORT(head_get, const char *job, int64_t *event, uint8_t sm3[PERSO_SM3_BYTES]);
PORT(job_purged_set, const char *job);
PORT(job_purged_get, const char *job, bool *purged);
/* site_files.c */
PORT(file_claim, const char *job, enum perso_stage stage, const uint8_t sm3[PERSO_SM3_BYTES]);
PORT(file_release, const char *job, enum perso_stage stage, const uint8_t sm3[PERSO_SM3_BYTES]);
/* site_remakes.c */
PORT(remake_allow, const char *job, const char *const *old_cards, size_t n);
PORT(remake_take, const char *job, struct perso_remake *remakes, size_t n);
PORT(remake_release, const char *job, const char *old_card, const char *new_card);
PORT(remake_of, const char *card_id, char replaces[PERSO_CARD_ID_CHARS + 1],
     char replaced_by[PERSO_CARD_ID_CHARS + 1]);
/* site_cupboard.c */
PORT(cupboard_put, struct perso_cupboard_entry *entries, size_t n);
PORT(cupboard_scan, const char *job, const char *after, size_t max,
     struct perso_cupboard_entry *out, struct perso_arena *arena, size_t *n);
PORT(cupboard_get, const char *card_id, struct perso_cupboard_entry *out,
     struct perso_arena *arena);
PORT(cupboard_settle, const char *job, const char *card_id, enum perso_cupboard_state state);
PORT(cupboard_purge, const char *job, uint64_t *waiting);
/* site_history.c */
PORT(cupboard_key_set, const char *job, const uint8_t *wrapped, size_t n);
PORT(cupboard_key_get, const char *job, uint8_t wrapped[PERSO_WRAPPED_BYTES], size_t *n);
PORT(mac_key_set, const uint8_t *wrapped, size_t n);
PORT(mac_key_get, uint8_t wrapped[PERSO_WRAPPED_BYTES], size_t *n);
PORT(history_put, const char *job, const struct perso_history *entries, size_t n);

#undef PORT
/* clang-format on */

#endif
