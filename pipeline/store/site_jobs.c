#include "pipeline/store/site_private.h"

static enum perso_result
job_statement(struct perso_site_db *site, const char *sql, const char *job, sqlite3_stmt **ret,
              struct perso_error *err)
{
    enum perso_result rc = perso_database_statement(&site->db, sql, ret, err);

    if (rc == PERSO_OK)
        perso_bind_text(*ret, 1, job);
    return rc;
}

static enum perso_result
job_shadow(struct perso_site_db *site, const char *job, struct perso_error *err)
{
    static const char sql[] =
        "INSERT OR IGNORE INTO temp.job SELECT * FROM main.job WHERE name = ?1";
    sqlite3_stmt *s = NULL;
    enum perso_result rc;

    if (!site->dry)
        return PERSO_OK;
    rc = job_statement(site, sql, job, &s, err);
    return rc == PERSO_OK ? perso_database_run(&site->db, s, err) : rc;
}

static enum perso_result
job_add(struct perso_site_db *site, const char *job, const uint8_t token[16],
        struct perso_error *err)
{
    static const char insert_sql[] = "INSERT OR IGNORE INTO job (name, token) VALUES (?1, ?2)";
    static const char same_sql[] = "SELECT 1 FROM job WHERE name = ?1 AND token = ?2";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = job_shadow(site, job, err);

    if (rc == PERSO_OK)
        rc = job_statement(site, insert_sql, job, &s, err);
    if (rc != PERSO_OK)
        return rc;
    perso_bind_blob(s, 2, token, 16);
    rc = perso_database_run(&site->db, s, err);
    if (rc == PERSO_OK)
        rc = job_statement(site, same_sql, job, &s, err);
    if (rc != PERSO_OK)
        return rc;
    perso_bind_blob(s, 2, token, 16);
    rc = perso_database_step(&site->db, s, err);
    sqlite3_reset(s);
    if (rc == PERSO_END)
        return perso_error_set(err, PERSO_REJ_FILE_OTHER_JOB, "", "the site has another job %s",
                               job);
    return rc;
}

enum perso_result
perso_site_db_job_add(void *self, const char *job, const uint8_t token[16], struct perso_error *err)
{
    struct perso_site_db *site = self;
    enum perso_result rc = perso_site_db_begin(site, err);

    return rc == PERSO_OK ? perso_site_db_finish(site, job_add(site, job, token, err), err) : rc;
}

/* A head never goes back: that would hide what it is kept for. */
static enum perso_result
head_set(struct perso_site_db *site, const char *job, int64_t event,
         const uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err)
{
    static const char sql[] =
        "UPDATE job SET head_event = ?2, head_sm3 = ?3 WHERE name = ?1 AND (head_event IS NULL"
        " OR head_event < ?2 OR (head_event = ?2 AND head_sm3 = ?3))";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = job_shadow(site, job, err);

    if (rc == PERSO_OK)
        rc = job_statement(site, sql, job, &s, err);
    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 2, event);
    perso_bind_blob(s, 3, sm3, PERSO_SM3_BYTES);
    rc = perso_database_run(&site->db, s, err);
    if (rc == PERSO_OK && sqlite3_changes(site->db.handle) != 1)
        return perso_error_set(err, PERSO_REJ_NONE, "",
                               "site.db: job %s is not known, or its ledger was set back", job);
    return rc;
}

enum perso_result
perso_site_db_head_set(void *self, const char *job, int64_t event,
                       const uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err)
{
    struct perso_site_db *site = self;
    enum perso_result rc = perso_site_db_begin(site, err);

    return rc == PERSO_OK ? perso_site_db_finish(site, head_set(site, job, event, sm3, err), err)
                          : rc;
}

enum perso_result
perso_site_db_head_get(void *self, const char *job, int64_t *event, uint8_t sm3[PERSO_SM3_BYTES],
                       struct perso_error *err)
{
    static const char sql[] =
        "SELECT head_event, head_sm3 FROM job WHERE name = ?1 AND head_event IS NOT NULL";
    struct perso_site_db *site = self;
    sqlite3_stmt *s = NULL;
    enum perso_result rc = job_shadow(site, job, err);

    if (rc == PERSO_OK)
        rc = job_statement(site, sql, job, &s, err);
    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_database_step(&site->db, s, err)) == PERSO_OK) {
        *event = sqlite3_column_int64(s, 0);
        perso_database_blob(s, 1, sm3, PERSO_SM3_BYTES);
    }
    sqlite3_reset(s);
    return rc;
}

/* ---- purge ---- */

static enum perso_result
purged_set(struct perso_site_db *site, const char *job, struct perso_error *err)
{
    static const char sql[] = "UPDATE job SET purged = 1 WHERE name = ?1";
    enum perso_result rc = job_shadow(site, job, err);

    if (rc == PERSO_OK)
        rc = perso_site_db_run(site, sql, job, NULL, NULL, err);
    if (rc == PERSO_OK && sqlite3_changes(site->db.handle) != 1)
        return perso_error_set(err, PERSO_REJ_NONE, "", "site.db: job %s is not known", job);
    return rc;
}

enum perso_result
perso_site_db_job_purged_set(void *self, const char *job, struct perso_error *err)
{
    struct perso_site_db *site = self;
    enum perso_result rc = perso_site_db_begin(site, err);

    return rc == PERSO_OK ? perso_site_db_finish(site, purged_set(site, job, err), err) : rc;
}

enum perso_result
perso_site_db_job_purged_get(void *self, const char *job, bool *purged, struct perso_error *err)
{
    static const char sql[] = "SELECT purged FROM job WHERE name = ?1";
    struct perso_site_db *site = self;
    sqlite3_stmt *s = NULL;
    enum perso_result rc = job_shadow(site, job, err);

    if (rc == PERSO_OK)
        rc = perso_site_db_statement(site, sql, job, NULL, NULL, &s, err);
    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_database_step(&site->db, s, err)) == PERSO_OK)
        *purged = sqlite3_column_int(s, 0) != 0;
    sqlite3_reset(s);
    return rc;
}
