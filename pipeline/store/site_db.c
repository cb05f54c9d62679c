#include "pipeline/store/site_db.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/store/database.h"

#define BUSY_MS 30000 /* jobs of one site take turns; a turn is one batch of claims */
#define VALUE_BYTES 64u

/*
 * SITE STORE, version 1. claim: who has a card id, key or certificate (kind: enum
 * perso_claim_kind); rows are never deleted, so a key stays its card's for ever. flag: who else
 * asked for it. job: names of the site's jobs and the last event of each that was made durable
 * (head). file: which job took a file, per stage.
 *
 * A dry run makes the same tables as temporary ones. They hide the store's: each row is copied over
 * before it is looked at, so the store itself is neither changed nor locked.
 */
/* clang-format off */
#define TABLES(TEMP) \
    "CREATE " TEMP "TABLE claim (" \
    "  kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 4)," \
    "  value BLOB NOT NULL CHECK (length(value) BETWEEN 1 AND 64)," \
    "  card_id TEXT NOT NULL CHECK (card_id <> '')," \
    "  job TEXT NOT NULL CHECK (job <> '')," \
    "  released INTEGER NOT NULL CHECK (released IN (0, 1))," \
    "  PRIMARY KEY (kind, value)" \
    ") STRICT, WITHOUT ROWID;" \
    "CREATE " TEMP "TABLE flag (" \
    "  kind INTEGER NOT NULL," \
    "  value BLOB NOT NULL," \
    "  card_id TEXT NOT NULL CHECK (card_id <> '')," \
    "  job TEXT NOT NULL CHECK (job <> '')," \
    "  PRIMARY KEY (kind, value, card_id, job)," \
    "  FOREIGN KEY (kind, value) REFERENCES claim (kind, value)" \
    ") STRICT, WITHOUT ROWID;" \
    "CREATE " TEMP "TABLE job (" \
    "  name TEXT PRIMARY KEY CHECK (name <> '')," \
    "  token BLOB NOT NULL CHECK (length(token) = 16)," \
    "  head_event INTEGER CHECK (head_event > 0)," \
    "  head_sm3 BLOB CHECK (length(head_sm3) = 32)," \
    "  CHECK ((head_event IS NULL) = (head_sm3 IS NULL))" \
    ") STRICT, WITHOUT ROWID;" \
    "CREATE " TEMP "TABLE file (" \
    "  stage TEXT NOT NULL CHECK (stage <> '')," \
    "  sm3 BLOB NOT NULL CHECK (length(sm3) = 32)," \
    "  job TEXT NOT NULL CHECK (job <> '')," \
    "  PRIMARY KEY (stage, sm3)" \
    ") STRICT, WITHOUT ROWID;"
/* clang-format on */

static const char *const schema[] = { TABLES(""), NULL };

static const struct perso_database_kind kind_of_site = {
    .name = "site.db",
    .application_id = 0x50455253, /* "PERS" */
    .version = 1,
    .schema = schema,
};

struct perso_site_db {
    struct perso_database db;
    bool dry;
};

enum perso_result
perso_site_db_create(const char *path, struct perso_error *err)
{
    return perso_database_create(path, &kind_of_site, err);
}

enum perso_result
perso_site_db_open(const char *path, bool dry, struct perso_site_db **ret, struct perso_error *err)
{
    struct perso_site_db *site = calloc(1, sizeof *site);
    enum perso_result rc;

    if (site == NULL)
        return perso_error_errno(err, "site store");
    site->dry = dry;
    rc = perso_database_open(&site->db, path, &kind_of_site, PERSO_DATABASE_WRITE, BUSY_MS, err);
    if (rc == PERSO_OK && dry)
        rc = perso_database_exec(&site->db, TABLES("TEMP "), err);
    if (rc != PERSO_OK) {
        perso_site_db_close(site);
        return rc;
    }
    *ret = site;
    return PERSO_OK;
}

void
perso_site_db_close(struct perso_site_db *site)
{
    if (site == NULL)
        return;
    perso_database_close(&site->db);
    free(site);
}

/* ---- transactions ---- */

/* Other jobs write too: after BUSY_MS nothing has changed and the call may succeed later. */
static enum perso_result
begin(struct perso_site_db *site, struct perso_error *err)
{
    enum perso_result rc =
        perso_database_exec(&site->db, site->dry ? "BEGIN" : "BEGIN IMMEDIATE", err);
    if (rc == PERSO_FATAL && (sqlite3_errcode(site->db.handle) & 0xff) == SQLITE_BUSY) {
        perso_error_set(err, PERSO_REJ_NONE, "", "site.db: other jobs kept it for %d s",
                        BUSY_MS / 1000);
        return PERSO_RETRY;
    }
    return rc;
}

/* Commit what went well, undo the rest; gives back the result of the work. */
static enum perso_result
finish(struct perso_site_db *site, enum perso_result rc, struct perso_error *err)
{
    struct perso_error undo = { 0 };

    if (rc == PERSO_OK)
        rc = perso_database_exec(&site->db, "COMMIT", err);
    if (rc != PERSO_OK && sqlite3_get_autocommit(site->db.handle) == 0)
        perso_database_exec(&site->db, "ROLLBACK", &undo);
    return rc;
}

/* ---- claims ---- */

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
        " ON CONFLICT (kind, value) DO UPDATE SET job = excluded.job, released = 0"
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

static enum perso_result
site_claim(void *self, const char *job, enum perso_claim_kind kind, struct perso_claim *claims,
           size_t n, struct perso_error *err)
{
    struct perso_site_db *site = self;
    /* Answers are given only when they are durable. */
    struct perso_claim *answers = malloc((n > 0 ? n : 1) * sizeof *answers);
    enum perso_result rc;

    if (answers == NULL)
        return perso_error_errno(err, "site store");
    if (n > 0)
        memcpy(answers, claims, n * sizeof *answers);
    if ((rc = begin(site, err)) == PERSO_OK) {
        for (size_t i = 0; i < n && rc == PERSO_OK; i++)
            rc = claim_one(site, kind, &answers[i], job, err);
        rc = finish(site, rc, err);
    }
    if (rc == PERSO_OK && n > 0)
        memcpy(claims, answers, n * sizeof *answers);
    free(answers);
    return rc;
}

static enum perso_result
site_release(void *self, const char *job, enum perso_claim_kind kind,
             const struct perso_claim *claims, size_t n, struct perso_error *err)
{
    static const char sql[] = "UPDATE claim SET released = 1 WHERE kind = ?1 AND value = ?2"
                              " AND card_id = ?3 AND job = ?4 AND released = 0";
    struct perso_site_db *site = self;
    enum perso_result rc = begin(site, err);

    if (rc != PERSO_OK)
        return rc;
    for (size_t i = 0; i < n && rc == PERSO_OK; i++) {
        rc = claim_shadow(site, kind, &claims[i], job, err);
        if (rc == PERSO_OK)
            rc = claim_run(site, sql, kind, &claims[i], job, err);
    }
    return finish(site, rc, err);
}

/* ---- jobs ---- */

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

static enum perso_result
site_job_add(void *self, const char *job, const uint8_t token[16], struct perso_error *err)
{
    struct perso_site_db *site = self;
    enum perso_result rc = begin(site, err);

    return rc == PERSO_OK ? finish(site, job_add(site, job, token, err), err) : rc;
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

static enum perso_result
site_head_set(void *self, const char *job, int64_t event, const uint8_t sm3[PERSO_SM3_BYTES],
              struct perso_error *err)
{
    struct perso_site_db *site = self;
    enum perso_result rc = begin(site, err);

    return rc == PERSO_OK ? finish(site, head_set(site, job, event, sm3, err), err) : rc;
}

static enum perso_result
site_head_get(void *self, const char *job, int64_t *event, uint8_t sm3[PERSO_SM3_BYTES],
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

/* ---- files ---- */

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

static enum perso_result
site_file_claim(void *self, const char *job, enum perso_stage stage,
                const uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err)
{
    struct perso_site_db *site = self;
    enum perso_result rc = begin(site, err);

    return rc == PERSO_OK ? finish(site, file_claim(site, job, stage, sm3, err), err) : rc;
}

static enum perso_result
site_file_release(void *self, const char *job, enum perso_stage stage,
                  const uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err)
{
    static const char sql[] = "DELETE FROM file WHERE stage = ?1 AND sm3 = ?2 AND job = ?3";
    struct perso_site_db *site = self;
    enum perso_result rc = begin(site, err);

    if (rc != PERSO_OK)
        return rc;
    rc = file_shadow(site, job, stage, sm3, err);
    if (rc == PERSO_OK)
        rc = file_run(site, sql, job, stage, sm3, err);
    return finish(site, rc, err);
}

static enum perso_result
site_flags(void *self, const char *job, struct perso_flag *out, size_t max, size_t *n,
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

struct perso_site_store
perso_site_db_store(struct perso_site_db *site)
{
    return (struct perso_site_store) {
        .claim = site_claim,
        .release = site_release,
        .flags = site_flags,
        .job_add = site_job_add,
        .file_claim = site_file_claim,
        .file_release = site_file_release,
        .head_set = site_head_set,
        .head_get = site_head_get,
        .self = site,
    };
}

/* ---- dump ---- */

enum perso_result
perso_site_db_dump(struct perso_site_db *site, const struct perso_sink *sink,
                   struct perso_error *err)
{
    static const struct {
        const char *table, *sql;
    } dumps[] = {
        { "job", "SELECT name, token FROM main.job ORDER BY name" },
        { "file", "SELECT stage, sm3, job FROM main.file ORDER BY stage, sm3" },
        { "claim", "SELECT kind, value, card_id, job, released FROM main.claim"
                   " ORDER BY kind, value" },
        { "flag", "SELECT kind, value, card_id, job FROM main.flag"
                  " ORDER BY kind, value, card_id, job" },
    };
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; i < sizeof dumps / sizeof dumps[0] && rc == PERSO_OK; i++)
        rc = perso_database_dump(&site->db, dumps[i].table, dumps[i].sql, sink, err);
    return rc;
}
