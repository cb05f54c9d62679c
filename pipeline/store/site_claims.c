#include "pipeline/store/site_private.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_BYTES 64u

static enum perso_result
claim_statement(struct perso_site_db *site, const char *sql, enum perso_claim_kind kind,
                const struct perso_claim *claim, const char *job, sqlite3_stmt **ret,
                struct perso_error *err)
{
    enum perso_result rc = perso_database_statement(&site->db, sql, ret, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(*ret, 1, kind);
    perso_bind_blob(*ret, 2, claim->value, claim->value_bytes);
    perso_bind_text(*ret, 3, claim->card_id);
    perso_bind_text(*ret, 4, job);
    return PERSO_OK;
}

static enum perso_result
claim_run(struct perso_site_db *site, const char *sql, enum perso_claim_kind kind,
          const struct perso_claim *claim, const char *job, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc = claim_statement(site, sql, kind, claim, job, &s, err);

    return rc == PERSO_OK ? perso_database_run(&site->db, s, err) : rc;
}

static enum perso_result
claim_shadow(struct perso_site_db *site, enum perso_claim_kind kind,
             const struct perso_claim *claim, const char *job, struct perso_error *err)
{
    static const char sql[] = "INSERT OR IGNORE INTO temp.claim"
                              " SELECT * FROM main.claim WHERE kind = ?1 AND value = ?2";
    return site->dry ? claim_run(site, sql, kind, claim, job, err) : PERSO_OK;
}

/* The value has a row that was not taken over: the same triple, or somebody else's. */
static enum perso_result
claim_owner(struct perso_site_db *site, enum perso_claim_kind kind, struct perso_claim *claim,
            const char *job, struct perso_error *err)
{
    static const char owner_sql[] =
        "SELECT card_id, job, card_id = ?3 AND job = ?4 FROM claim WHERE kind = ?1 AND value = ?2";
    static const char flag_sql[] =
        "INSERT OR IGNORE INTO flag (kind, value, card_id, job) VALUES (?1, ?2, ?3, ?4)";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = claim_statement(site, owner_sql, kind, claim, job, &s, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_database_step(&site->db, s, err)) != PERSO_OK)
        return rc == PERSO_END ? perso_database_error(&site->db, err) : rc;
    claim->granted = sqlite3_column_int(s, 2) != 0;
    if (!claim->granted) {
        perso_database_text(s, 0, claim->other_card, sizeof claim->other_card);
        perso_database_text(s, 1, claim->other_job, sizeof claim->other_job);
    }
    sqlite3_reset(s);
    return claim->granted ? PERSO_OK : claim_run(site, flag_sql, kind, claim, job, err);
}

static enum perso_result
claim_one(struct perso_site_db *site, enum perso_claim_kind kind, struct perso_claim *claim,
          const char *job, struct perso_error *err)
{
    static const char sql[] =
        "INSERT INTO claim (kind, value, card_id, job, released) VALUES (?1, ?2, ?3, ?4, 0)"
        " ON CONFLICT (kind, value) DO UPDATE SET job = excluded.job, released = 0, again = 1"
        " WHERE claim.released = 1 AND claim.card_id = excluded.card_id";
    enum perso_result rc;

    if (claim->value_bytes == 0 || claim->value_bytes > VALUE_BYTES)
        return perso_error_set(err, PERSO_REJ_NONE, "", "site.db: claim of %zu bytes",
                               claim->value_bytes);
    claim->granted = false;
    claim->other_card[0] = claim->other_job[0] = '\0';
    rc = claim_shadow(site, kind, claim, job, err);
    if (rc == PERSO_OK)
        rc = claim_run(site, sql, kind, claim, job, err);
    if (rc != PERSO_OK)
        return rc;
    if (sqlite3_changes(site->db.handle) == 1) {
        claim->granted = true;
        return PERSO_OK;
    }
    return claim_owner(site, kind, claim, job, err);
}

enum perso_result
perso_site_db_claim(void *self, const char *job, enum perso_claim_kind kind,
                    struct perso_claim *claims, size_t n, struct perso_error *err)
{
    struct perso_site_db *site = self;
    /* Answers are given only when they are durable. */
    struct perso_claim *answers = malloc((n > 0 ? n : 1) * sizeof *answers);
    enum perso_result rc;

    if (answers == NULL)
        return perso_error_errno(err, "site store");
    if (n > 0)
        memcpy(answers, claims, n * sizeof *answers);
    if ((rc = perso_site_db_begin(site, err)) == PERSO_OK) {
        for (size_t i = 0; i < n && rc == PERSO_OK; i++)
            rc = claim_one(site, kind, &answers[i], job, err);
        rc = perso_site_db_finish(site, rc, err);
    }
    if (rc == PERSO_OK && n > 0)
        memcpy(claims, answers, n * sizeof *answers);
    free(answers);
    return rc;
}

static enum perso_result
release_one(struct perso_site_db *site, enum perso_claim_kind kind, const struct perso_claim *claim,
            const char *job, struct perso_error *err)
{
    static const char sql[] = "UPDATE claim SET released = 1 WHERE kind = ?1 AND value = ?2"
                              " AND card_id = ?3 AND job = ?4 AND released = 0";
    enum perso_result rc = claim_shadow(site, kind, claim, job, err);

    return rc == PERSO_OK ? claim_run(site, sql, kind, claim, job, err) : rc;
}

/* With what others wanted of it: now they may have it. */
static enum perso_result
forget_one(struct perso_site_db *site, enum perso_claim_kind kind, const struct perso_claim *claim,
           const char *job, struct perso_error *err)
{
    static const char flag_sql[] = "DELETE FROM flag WHERE kind = ?1 AND value = ?2 AND EXISTS"
                                   " (SELECT 1 FROM claim WHERE kind = ?1 AND value = ?2"
                                   " AND card_id = ?3 AND job = ?4)";
    static const char claim_sql[] = "DELETE FROM claim WHERE kind = ?1 AND value = ?2"
                                    " AND card_id = ?3 AND job = ?4";
    enum perso_result rc = claim_run(site, flag_sql, kind, claim, job, err);

    return rc == PERSO_OK ? claim_run(site, claim_sql, kind, claim, job, err) : rc;
}

enum perso_result
perso_site_db_release(void *self, const char *job, enum perso_claim_kind kind,
                      const struct perso_claim *claims, size_t n, struct perso_error *err)
{
    struct perso_site_db *site = self;
    enum perso_result rc = perso_site_db_begin(site, err);

    if (rc != PERSO_OK)
        return rc;
    for (size_t i = 0; i < n && rc == PERSO_OK; i++)
        rc = claims[i].unused && !site->dry ? forget_one(site, kind, &claims[i], job, err)
                                            : release_one(site, kind, &claims[i], job, err);
    return perso_site_db_finish(site, rc, err);
}

/* A dry run keeps the row: without it the store's would be copied over again. */
static enum perso_result
unclaim_one(struct perso_site_db *site, enum perso_claim_kind kind, const struct perso_claim *claim,
            const char *job, struct perso_error *err)
{
#define MINE "kind = ?1 AND value = ?2 AND card_id = ?3 AND job = ?4 AND released = 0"
    static const char release_sql[] = "UPDATE claim SET released = 1 WHERE " MINE;
    static const char again_sql[] = "UPDATE claim SET released = 1 WHERE again = 1 AND " MINE;
    static const char flags_sql[] = "DELETE FROM flag WHERE kind = ?1 AND value = ?2 AND EXISTS"
                                    " (SELECT 1 FROM claim WHERE " MINE ")";
    static const char first_sql[] = "DELETE FROM claim WHERE " MINE;
#undef MINE
    enum perso_result rc = claim_shadow(site, kind, claim, job, err);

    if (rc == PERSO_OK && site->dry)
        return claim_run(site, release_sql, kind, claim, job, err);
    if (rc != PERSO_OK || (rc = claim_run(site, again_sql, kind, claim, job, err)) != PERSO_OK ||
        (rc = claim_run(site, flags_sql, kind, claim, job, err)) != PERSO_OK)
        return rc;
    return claim_run(site, first_sql, kind, claim, job, err);
}

enum perso_result
perso_site_db_unclaim(void *self, const char *job, enum perso_claim_kind kind,
                      const struct perso_claim *claims, size_t n, struct perso_error *err)
{
    struct perso_site_db *site = self;
    enum perso_result rc = perso_site_db_begin(site, err);

    if (rc != PERSO_OK)
        return rc;
    for (size_t i = 0; i < n && rc == PERSO_OK; i++)
        rc = unclaim_one(site, kind, &claims[i], job, err);
    return perso_site_db_finish(site, rc, err);
}

enum perso_result
perso_site_db_flags(void *self, const char *job, struct perso_flag *out, size_t max, size_t *n,
                    struct perso_error *err)
{
    static const char sql[] = "SELECT c.kind, c.card_id, f.card_id, f.job FROM main.flag f"
                              " JOIN main.claim c ON c.kind = f.kind AND c.value = f.value"
                              " WHERE c.job = ?1 ORDER BY c.kind, c.card_id, f.card_id, f.job";
    struct perso_site_db *site = self;
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&site->db, sql, &s, err);

    *n = 0;
    if (rc != PERSO_OK)
        return rc;
    perso_bind_text(s, 1, job);
    while (*n < max && (rc = perso_database_step(&site->db, s, err)) == PERSO_OK) {
        struct perso_flag *flag = &out[(*n)++];
        flag->kind = (enum perso_claim_kind)sqlite3_column_int(s, 0);
        perso_database_text(s, 1, flag->card_id, sizeof flag->card_id);
        perso_database_text(s, 2, flag->other_card, sizeof flag->other_card);
        perso_database_text(s, 3, flag->other_job, sizeof flag->other_job);
    }
    sqlite3_reset(s);
    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    return *n > 0 ? PERSO_OK : PERSO_END;
}
