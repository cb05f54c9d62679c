/* What a site keeps of purged jobs, and the keys that it keeps wrapped. */
#include <string.h>

#include "pipeline/store/site_private.h"

/* ---- wrapped keys ---- */

static enum perso_result
key_shadow(struct perso_site_db *site, const char *purpose, const char *job,
           struct perso_error *err)
{
    static const char sql[] = "INSERT OR IGNORE INTO temp.wrapped_key"
                              " SELECT * FROM main.wrapped_key WHERE purpose = ?1 AND job = ?2";
    return site->dry ? perso_site_db_run(site, sql, purpose, job, NULL, err) : PERSO_OK;
}

static enum perso_result
key_get(struct perso_site_db *site, const char *purpose, const char *job,
        uint8_t wrapped[PERSO_WRAPPED_BYTES], size_t *n, struct perso_error *err)
{
    static const char sql[] = "SELECT wrapped FROM wrapped_key WHERE purpose = ?1 AND job = ?2";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = key_shadow(site, purpose, job, err);

    if (rc == PERSO_OK)
        rc = perso_site_db_statement(site, sql, purpose, job, NULL, &s, err);
    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_database_step(&site->db, s, err)) == PERSO_OK) {
        *n = (size_t)sqlite3_column_bytes(s, 0);
        if (*n > PERSO_WRAPPED_BYTES)
            rc = perso_error_set(err, PERSO_REJ_NONE, "", "site.db: wrapped key of %zu bytes", *n);
        else
            memcpy(wrapped, sqlite3_column_blob(s, 0), *n);
    }
    sqlite3_reset(s);
    return rc;
}

static enum perso_result
key_put(struct perso_site_db *site, const char *purpose, const char *job, const uint8_t *wrapped,
        size_t n, struct perso_error *err)
{
    static const char sql[] =
        "INSERT OR IGNORE INTO wrapped_key (purpose, job, wrapped) VALUES (?1, ?2, ?3)";
    uint8_t have[PERSO_WRAPPED_BYTES];
    size_t have_n = 0;
    sqlite3_stmt *s = NULL;
    enum perso_result rc = key_get(site, purpose, job, have, &have_n, err);

    if (rc == PERSO_OK)
        return have_n == n && memcmp(have, wrapped, n) == 0 ? PERSO_OK : PERSO_END;
    if (rc != PERSO_END)
        return rc;
    if ((rc = perso_site_db_statement(site, sql, purpose, job, NULL, &s, err)) != PERSO_OK)
        return rc;
    perso_bind_blob(s, 3, wrapped, n);
    return perso_database_run(&site->db, s, err);
}

static enum perso_result
key_set(struct perso_site_db *site, const char *purpose, const char *job, const uint8_t *wrapped,
        size_t n, struct perso_error *err)
{
    if (n == 0 || n > PERSO_WRAPPED_BYTES)
        return perso_error_set(err, PERSO_REJ_NONE, "", "site.db: wrapped key of %zu bytes", n);
    enum perso_result rc = perso_site_db_begin(site, err);
    return rc != PERSO_OK
               ? rc
               : perso_site_db_finish(site, key_put(site, purpose, job, wrapped, n, err), err);
}

enum perso_result
perso_site_db_cupboard_key_set(void *self, const char *job, const uint8_t *wrapped, size_t n,
                               struct perso_error *err)
{
    return key_set(self, "cupboard", job, wrapped, n, err);
}

enum perso_result
perso_site_db_cupboard_key_get(void *self, const char *job, uint8_t wrapped[PERSO_WRAPPED_BYTES],
                               size_t *n, struct perso_error *err)
{
    return key_get(self, "cupboard", job, wrapped, n, err);
}

enum perso_result
perso_site_db_mac_key_set(void *self, const uint8_t *wrapped, size_t n, struct perso_error *err)
{
    return key_set(self, "mac", "", wrapped, n, err);
}

enum perso_result
perso_site_db_mac_key_get(void *self, uint8_t wrapped[PERSO_WRAPPED_BYTES], size_t *n,
                          struct perso_error *err)
{
    return key_get(self, "mac", "", wrapped, n, err);
}

/* ---- history ---- */

/* Nobody reads history but to look a person up by MAC, so a dry run copies nothing over. */
enum perso_result
perso_site_db_history_put(void *self, const char *job, const struct perso_history *entries,
                          size_t n, struct perso_error *err)
{
    static const char sql[] = "INSERT INTO history (job, card_id, person_mac) VALUES (?1, ?2, ?3)"
                              " ON CONFLICT DO NOTHING";
    struct perso_site_db *site = self;
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_site_db_begin(site, err);

    if (rc != PERSO_OK)
        return rc;
    for (size_t i = 0; i < n && rc == PERSO_OK; i++) {
        rc = perso_site_db_statement(site, sql, job, entries[i].card_id, NULL, &s, err);
        if (rc != PERSO_OK)
            break;
        perso_bind_blob(s, 3, entries[i].person_mac, sizeof entries[i].person_mac);
        rc = perso_database_run(&site->db, s, err);
    }
    return perso_site_db_finish(site, rc, err);
}
