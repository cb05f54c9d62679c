#include <stdlib.h>
#include <string.h>

#include "pipeline/store/site_private.h"

#define COLUMNS "card_id, job, since, state, signing_sm3, encryption_sm3, payload"

static enum perso_result
entry_shadow(struct perso_site_db *site, const char *card_id, struct perso_error *err)
{
    static const char sql[] = "INSERT OR IGNORE INTO temp.cupboard"
                              " SELECT * FROM main.cupboard WHERE card_id = ?1";
    return site->dry ? perso_site_db_run(site, sql, card_id, NULL, NULL, err) : PERSO_OK;
}

/* One row of COLUMNS; the payload is borrowed from the statement. */
static enum perso_result
read_row(sqlite3_stmt *s, struct perso_cupboard_entry *out, struct perso_error *err)
{
    *out = (struct perso_cupboard_entry) { 0 };
    perso_database_text(s, 0, out->card_id, sizeof out->card_id);
    perso_database_text(s, 1, out->job, sizeof out->job);
    perso_database_text(s, 2, out->since, sizeof out->since);
    out->state = (enum perso_cupboard_state)sqlite3_column_int(s, 3);
    if (!perso_database_blob(s, 4, out->signing_sm3, sizeof out->signing_sm3) ||
        !perso_database_blob(s, 5, out->encryption_sm3, sizeof out->encryption_sm3))
        return perso_error_set(err, PERSO_REJ_NONE, "", "site.db: damaged cupboard entry of %s",
                               out->card_id);
    out->payload = perso_cursor_of(sqlite3_column_blob(s, 6), (size_t)sqlite3_column_bytes(s, 6));
    return PERSO_OK;
}

static enum perso_result
keep_payload(struct perso_cupboard_entry *entry, struct perso_arena *arena, struct perso_error *err)
{
    size_t n = perso_left(&entry->payload);
    const uint8_t *from = entry->payload.at;

    entry->payload = (struct perso_cursor) { NULL, NULL };
    if (arena == NULL || n == 0)
        return PERSO_OK;
    uint8_t *copy = perso_arena_take(arena, n);
    if (copy == NULL)
        return perso_error_errno(err, "site store");
    memcpy(copy, from, n);
    entry->payload = perso_cursor_of(copy, n);
    return PERSO_OK;
}

/* ---- put ---- */

enum change { CHANGE_NONE, CHANGE_WRITE, CHANGE_REFUSE };

static bool
same_content(const struct perso_cupboard_entry *have, const struct perso_cupboard_entry *want)
{
    size_t n = perso_left(&have->payload);

    return strcmp(have->since, want->since) == 0 &&
           memcmp(have->signing_sm3, want->signing_sm3, sizeof have->signing_sm3) == 0 &&
           memcmp(have->encryption_sm3, want->encryption_sm3, sizeof have->encryption_sm3) == 0 &&
           (n == 0 || (n == perso_left(&want->payload) && /* 0: purged, the digests must do */
                       memcmp(have->payload.at, want->payload.at, n) == 0));
}

static enum change
judge(const struct perso_cupboard_entry *have, const struct perso_cupboard_entry *want)
{
    bool same_job = strcmp(have->job, want->job) == 0;

    if (have->state == PERSO_CUPBOARD_REVOKED)
        return CHANGE_WRITE; /* the card is in force again, perhaps with the same certificates */
    if (same_job && same_content(have, want))
        return CHANGE_NONE;
    return same_job && have->state == PERSO_CUPBOARD_WAITING ? CHANGE_WRITE : CHANGE_REFUSE;
}

static enum perso_result
write_entry(struct perso_site_db *site, const struct perso_cupboard_entry *entry,
            struct perso_error *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO cupboard (" COLUMNS ")"
                              " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    sqlite3_stmt *s = NULL;
    enum perso_result rc =
        perso_site_db_statement(site, sql, entry->card_id, entry->job, entry->since, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 4, PERSO_CUPBOARD_WAITING);
    perso_bind_blob(s, 5, entry->signing_sm3, sizeof entry->signing_sm3);
    perso_bind_blob(s, 6, entry->encryption_sm3, sizeof entry->encryption_sm3);
    perso_bind_blob(s, 7, entry->payload.at, perso_left(&entry->payload));
    return perso_database_run(&site->db, s, err);
}

static const char get_sql[] = "SELECT " COLUMNS " FROM cupboard WHERE card_id = ?1";

static enum perso_result
put_one(struct perso_site_db *site, struct perso_cupboard_entry *entry, struct perso_error *err)
{
    struct perso_cupboard_entry have;
    enum change change = CHANGE_WRITE;
    sqlite3_stmt *s = NULL;
    enum perso_result rc = entry_shadow(site, entry->card_id, err);

    entry->refused = false;
    entry->other_job[0] = '\0';
    if (rc == PERSO_OK)
        rc = perso_site_db_statement(site, get_sql, entry->card_id, NULL, NULL, &s, err);
    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_database_step(&site->db, s, err)) == PERSO_OK &&
        (rc = read_row(s, &have, err)) == PERSO_OK)
        change = judge(&have, entry);
    sqlite3_reset(s);
    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    if (change == CHANGE_WRITE)
        return write_entry(site, entry, err);
    if (change == CHANGE_REFUSE) {
        entry->refused = true;
        memcpy(entry->other_job, have.job, sizeof entry->other_job);
    }
    return PERSO_OK;
}

enum perso_result
perso_site_db_cupboard_put(void *self, struct perso_cupboard_entry *entries, size_t n,
                           struct perso_error *err)
{
    struct perso_site_db *site = self;
    /* Answers are given only when they are durable. */
    struct perso_cupboard_entry *answers = malloc((n > 0 ? n : 1) * sizeof *answers);
    enum perso_result rc;

    if (answers == NULL)
        return perso_error_errno(err, "site store");
    if (n > 0)
        memcpy(answers, entries, n * sizeof *answers);
    if ((rc = perso_site_db_begin(site, err)) == PERSO_OK) {
        for (size_t i = 0; i < n && rc == PERSO_OK; i++)
            rc = put_one(site, &answers[i], err);
        rc = perso_site_db_finish(site, rc, err);
    }
    if (rc == PERSO_OK && n > 0)
        memcpy(entries, answers, n * sizeof *answers);
    free(answers);
    return rc;
}

/* ---- reading ---- */

/* A dry run sees its own rows before those of the store, which it does not copy. */
static const char *
scan_sql(bool dry, bool of_job)
{
    static const char all[] = "SELECT " COLUMNS " FROM cupboard WHERE card_id > ?1"
                              " ORDER BY card_id LIMIT ?3",
                      job[] = "SELECT " COLUMNS " FROM cupboard WHERE card_id > ?1 AND job = ?2"
                              " ORDER BY card_id LIMIT ?3",
                      dry_all[] = "SELECT " COLUMNS " FROM temp.cupboard WHERE card_id > ?1"
                                  " UNION ALL SELECT " COLUMNS " FROM main.cupboard"
                                  "  WHERE card_id > ?1 AND card_id NOT IN"
                                  "  (SELECT card_id FROM temp.cupboard)"
                                  " ORDER BY card_id LIMIT ?3",
                      dry_job[] = "SELECT " COLUMNS " FROM temp.cupboard"
                                  "  WHERE card_id > ?1 AND job = ?2"
                                  " UNION ALL SELECT " COLUMNS " FROM main.cupboard"
                                  "  WHERE card_id > ?1 AND job = ?2 AND card_id NOT IN"
                                  "  (SELECT card_id FROM temp.cupboard)"
                                  " ORDER BY card_id LIMIT ?3";
    if (dry)
        return of_job ? dry_job : dry_all;
    return of_job ? job : all;
}

enum perso_result
perso_site_db_cupboard_scan(void *self, const char *job, const char *after, size_t max,
                            struct perso_cupboard_entry *out, struct perso_arena *arena, size_t *n,
                            struct perso_error *err)
{
    struct perso_site_db *site = self;
    sqlite3_stmt *s = NULL;
    enum perso_result rc =
        perso_site_db_statement(site, scan_sql(site->dry, job != NULL), after, job, NULL, &s, err);

    *n = 0;
    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 3, (int64_t)max);
    while (*n < max && (rc = perso_database_step(&site->db, s, err)) == PERSO_OK) {
        if ((rc = read_row(s, &out[*n], err)) != PERSO_OK ||
            (rc = keep_payload(&out[*n], arena, err)) != PERSO_OK)
            break;
        ++*n;
    }
    sqlite3_reset(s);
    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    return *n > 0 ? PERSO_OK : PERSO_END;
}

enum perso_result
perso_site_db_cupboard_get(void *self, const char *card_id, struct perso_cupboard_entry *out,
                           struct perso_arena *arena, struct perso_error *err)
{
    struct perso_site_db *site = self;
    struct perso_cupboard_entry entry;
    sqlite3_stmt *s = NULL;
    enum perso_result rc = entry_shadow(site, card_id, err);

    if (rc == PERSO_OK)
        rc = perso_site_db_statement(site, get_sql, card_id, NULL, NULL, &s, err);
    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_database_step(&site->db, s, err)) == PERSO_OK &&
        (rc = read_row(s, &entry, err)) == PERSO_OK &&
        (rc = keep_payload(&entry, arena, err)) == PERSO_OK)
        *out = entry;
    sqlite3_reset(s);
    return rc;
}

/* ---- settling ---- */

static enum perso_result
settle(struct perso_site_db *site, const char *job, const char *card_id,
       enum perso_cupboard_state to, struct perso_error *err)
{
    static const char from_sql[] = "SELECT state FROM cupboard WHERE card_id = ?1 AND job = ?2";
    static const char to_sql[] = "UPDATE cupboard SET state = ?3 WHERE card_id = ?1 AND job = ?2";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = entry_shadow(site, card_id, err);

    if (rc == PERSO_OK)
        rc = perso_site_db_statement(site, from_sql, card_id, job, NULL, &s, err);
    if (rc != PERSO_OK || (rc = perso_database_step(&site->db, s, err)) != PERSO_OK)
        return rc;
    enum perso_cupboard_state from = (enum perso_cupboard_state)sqlite3_column_int(s, 0);
    sqlite3_reset(s);
    if (from == to)
        return PERSO_OK;
    /* waiting, written, revoked: never back */
    if (to < from || to > PERSO_CUPBOARD_REVOKED)
        return perso_error_set(err, PERSO_REJ_NONE, "",
                               "site.db: certificates of %s cannot go from state %d to %d", card_id,
                               (int)from, (int)to);
    if ((rc = perso_site_db_statement(site, to_sql, card_id, job, NULL, &s, err)) != PERSO_OK)
        return rc;
    perso_bind_number(s, 3, to);
    return perso_database_run(&site->db, s, err);
}

enum perso_result
perso_site_db_cupboard_settle(void *self, const char *job, const char *card_id,
                              enum perso_cupboard_state state, struct perso_error *err)
{
    struct perso_site_db *site = self;
    enum perso_result rc = perso_site_db_begin(site, err);

    return rc == PERSO_OK ? perso_site_db_finish(site, settle(site, job, card_id, state, err), err)
                          : rc;
}

/* ---- purge ---- */

static enum perso_result
drop_payloads(struct perso_site_db *site, const char *job, struct perso_error *err)
{
    /* The payloads themselves are not copied: they go. */
    static const char shadow_sql[] =
        "INSERT OR IGNORE INTO temp.cupboard SELECT card_id, job, since, state, signing_sm3,"
        " encryption_sm3, iif(state = 1, payload, NULL) FROM main.cupboard WHERE job = ?1";
    static const char sql[] =
        "UPDATE cupboard SET payload = NULL WHERE job = ?1 AND state <> 1 AND payload NOT NULL";
    enum perso_result rc = PERSO_OK;

    if (site->dry)
        rc = perso_site_db_run(site, shadow_sql, job, NULL, NULL, err);
    return rc == PERSO_OK ? perso_site_db_run(site, sql, job, NULL, NULL, err) : rc;
}

/* used: the job ever had something in the cupboard; an entry may be another job's by now. */
static enum perso_result
count(struct perso_site_db *site, const char *job, uint64_t *waiting, bool *used,
      struct perso_error *err)
{
    static const char sql[] =
        "SELECT count(*) FILTER (WHERE state = 1), count(*) > 0 OR EXISTS"
        " (SELECT 1 FROM main.wrapped_key WHERE purpose = 'cupboard' AND job = ?1)"
        " FROM cupboard WHERE job = ?1";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_site_db_statement(site, sql, job, NULL, NULL, &s, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_database_step(&site->db, s, err)) == PERSO_OK) {
        *waiting = (uint64_t)sqlite3_column_int64(s, 0);
        *used = sqlite3_column_int(s, 1) != 0;
    }
    sqlite3_reset(s);
    return rc;
}

enum perso_result
perso_site_db_cupboard_purge(void *self, const char *job, uint64_t *waiting,
                             struct perso_error *err)
{
    struct perso_site_db *site = self;
    uint64_t n_waiting = 0;
    bool used = false;
    enum perso_result rc = perso_site_db_begin(site, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = drop_payloads(site, job, err)) == PERSO_OK)
        rc = count(site, job, &n_waiting, &used, err);
    rc = perso_site_db_finish(site, rc, err);
    /* Whether or not this call dropped any: the one that did may have been cut off. */
    if (rc == PERSO_OK && used && !site->dry)
        rc = perso_database_scrub(&site->db, err);
    if (rc == PERSO_OK)
        *waiting = n_waiting;
    return rc;
}
