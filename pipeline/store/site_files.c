#include "pipeline/store/site_private.h"

static enum perso_result
file_statement(struct perso_site_db *site, const char *sql, const char *job, enum perso_stage stage,
               const uint8_t sm3[PERSO_SM3_BYTES], sqlite3_stmt **ret, struct perso_error *err)
{
    enum perso_result rc = perso_database_statement(&site->db, sql, ret, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_text(*ret, 1, perso_stage_name(stage));
    perso_bind_blob(*ret, 2, sm3, PERSO_SM3_BYTES);
    perso_bind_text(*ret, 3, job);
    return PERSO_OK;
}

static enum perso_result
file_run(struct perso_site_db *site, const char *sql, const char *job, enum perso_stage stage,
         const uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc = file_statement(site, sql, job, stage, sm3, &s, err);

    return rc == PERSO_OK ? perso_database_run(&site->db, s, err) : rc;
}

static enum perso_result
file_shadow(struct perso_site_db *site, const char *job, enum perso_stage stage,
            const uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err)
{
    static const char sql[] = "INSERT OR IGNORE INTO temp.file"
                              " SELECT * FROM main.file WHERE stage = ?1 AND sm3 = ?2";
    return site->dry ? file_run(site, sql, job, stage, sm3, err) : PERSO_OK;
}

static enum perso_result
file_claim(struct perso_site_db *site, const char *job, enum perso_stage stage,
           const uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err)
{
    static const char insert_sql[] =
        "INSERT OR IGNORE INTO file (stage, sm3, job) VALUES (?1, ?2, ?3)";
    static const char other_sql[] =
        "SELECT job FROM file WHERE stage = ?1 AND sm3 = ?2 AND job <> ?3";
    char other[PERSO_JOB_NAME_BYTES];
    sqlite3_stmt *s = NULL;
    enum perso_result rc = file_shadow(site, job, stage, sm3, err);

    if (rc == PERSO_OK)
        rc = file_run(site, insert_sql, job, stage, sm3, err);
    if (rc == PERSO_OK)
        rc = file_statement(site, other_sql, job, stage, sm3, &s, err);
    if (rc != PERSO_OK)
        return rc;
    rc = perso_database_step(&site->db, s, err);
    if (rc == PERSO_OK) {
        perso_database_text(s, 0, other, sizeof other);
        rc = perso_error_set(err, PERSO_REJ_FILE_OTHER_JOB, "", "%s", other);
    }
    sqlite3_reset(s);
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_site_db_file_claim(void *self, const char *job, enum perso_stage stage,
                         const uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err)
{
    struct perso_site_db *site = self;
    enum perso_result rc = perso_site_db_begin(site, err);

    return rc == PERSO_OK ? perso_site_db_finish(site, file_claim(site, job, stage, sm3, err), err)
                          : rc;
}

enum perso_result
perso_site_db_file_release(void *self, const char *job, enum perso_stage stage,
                           const uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err)
{
    static const char sql[] = "DELETE FROM file WHERE stage = ?1 AND sm3 = ?2 AND job = ?3";
    struct perso_site_db *site = self;
    enum perso_result rc = perso_site_db_begin(site, err);

    if (rc != PERSO_OK)
        return rc;
    rc = file_shadow(site, job, stage, sm3, err);
    if (rc == PERSO_OK)
        rc = file_run(site, sql, job, stage, sm3, err);
    return perso_site_db_finish(site, rc, err);
}
