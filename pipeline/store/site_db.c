#include <stdlib.h>

#include "pipeline/store/site_private.h"

#define BUSY_MS 30000 /* jobs of one site take turns; a turn is one batch of claims */

/*
 * SITE STORE, version 1. claim: who has a card id, key or certificate (kind: enum
 * perso_claim_kind); rows of accepted cards are never deleted, so a key stays its card's for ever.
 * flag: who else asked for it. job: names of the site's jobs, the last event of each that was made
 * durable (head), whether it was purged. file: which job took a file, per stage. remake: which
 * cards may be made again, and what new card each one got, in what job. cupboard: certificates that
 * wait for a window (mode 4); a settled one loses its payload when its job is purged. wrapped_key:
 * keys wrapped to the site's sealing key, of the cupboard by job, of keyed MACs for the site (job
 * ''). history: whose card it was, as a keyed MAC, of purged jobs.
 *
 * A dry run makes the same tables as temporary ones. They hide the store's: each row is copied over
 * before it is looked at, so the store itself is neither changed nor locked.
 */
/* clang-format off */
#define CARD_ID(c) "length(" c ") = 32"

#define TABLES(TEMP, SCHEMA) \
    "CREATE " TEMP "TABLE claim (" \
    "  kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 4)," \
    "  value BLOB NOT NULL CHECK (length(value) BETWEEN 1 AND 64)," \
    "  card_id TEXT NOT NULL CHECK (card_id <> '')," \
    "  job TEXT NOT NULL CHECK (job <> '')," \
    "  released INTEGER NOT NULL CHECK (released IN (0, 1))," \
    "  again INTEGER NOT NULL DEFAULT 0 CHECK (again IN (0, 1))," /* it was released before */ \
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
    "  purged INTEGER NOT NULL DEFAULT 0 CHECK (purged IN (0, 1))," \
    "  CHECK ((head_event IS NULL) = (head_sm3 IS NULL))" \
    ") STRICT, WITHOUT ROWID;" \
    "CREATE " TEMP "TABLE file (" \
    "  stage TEXT NOT NULL CHECK (stage <> '')," \
    "  sm3 BLOB NOT NULL CHECK (length(sm3) = 32)," \
    "  job TEXT NOT NULL CHECK (job <> '')," \
    "  PRIMARY KEY (stage, sm3)" \
    ") STRICT, WITHOUT ROWID;" \
    "CREATE " TEMP "TABLE remake (" \
    "  old_card TEXT PRIMARY KEY CHECK (" CARD_ID("old_card") ")," \
    "  job TEXT NOT NULL CHECK (job <> '')," \
    "  new_card TEXT UNIQUE CHECK (" CARD_ID("new_card") " AND new_card <> old_card)," \
    "  new_job TEXT CHECK (new_job <> '')," \
    "  CHECK ((new_card IS NULL) = (new_job IS NULL))" \
    ") STRICT, WITHOUT ROWID;" \
    "CREATE " TEMP "TABLE cupboard (" \
    "  card_id TEXT PRIMARY KEY CHECK (" CARD_ID("card_id") ")," \
    "  job TEXT NOT NULL CHECK (job <> '')," \
    "  since TEXT NOT NULL CHECK (since GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]')," \
    "  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3)," /* enum perso_cupboard_state */ \
    "  signing_sm3 BLOB NOT NULL CHECK (length(signing_sm3) = 32)," \
    "  encryption_sm3 BLOB NOT NULL CHECK (length(encryption_sm3) = 32)," \
    "  payload BLOB CHECK (length(payload) > 0)," \
    "  CHECK (payload IS NOT NULL OR state <> 1)" \
    ") STRICT;" \
    "CREATE INDEX " SCHEMA "cupboard_job ON cupboard (job, card_id);" \
    "CREATE " TEMP "TABLE wrapped_key (" \
    "  purpose TEXT NOT NULL CHECK (purpose IN ('cupboard', 'mac'))," \
    "  job TEXT NOT NULL CHECK ((job = '') = (purpose = 'mac'))," \
    "  wrapped BLOB NOT NULL CHECK (length(wrapped) BETWEEN 1 AND 256)," \
    "  PRIMARY KEY (purpose, job)" \
    ") STRICT, WITHOUT ROWID;" \
    "CREATE " TEMP "TABLE history (" \
    "  job TEXT NOT NULL CHECK (job <> '')," \
    "  card_id TEXT NOT NULL CHECK (" CARD_ID("card_id") ")," \
    "  person_mac BLOB NOT NULL CHECK (length(person_mac) = 32)," \
    "  PRIMARY KEY (job, card_id, person_mac)" \
    ") STRICT, WITHOUT ROWID;"
/* clang-format on */

static const char *const schema[] = { TABLES("", "main."), NULL };

static const struct perso_database_kind kind_of_site = {
    .name = "site.db",
    .application_id = 0x50455253, /* "PERS" */
    .version = 1,
    .schema = schema,
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
        rc = perso_database_exec(&site->db, TABLES("TEMP ", "temp."), err);
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

/* ---- transactions and statements ---- */

enum perso_result
perso_site_db_begin(struct perso_site_db *site, struct perso_error *err)
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

enum perso_result
perso_site_db_finish(struct perso_site_db *site, enum perso_result rc, struct perso_error *err)
{
    struct perso_error undo = { 0 };

    if (rc == PERSO_OK)
        rc = perso_database_exec(&site->db, "COMMIT", err);
    if (rc != PERSO_OK && sqlite3_get_autocommit(site->db.handle) == 0)
        perso_database_exec(&site->db, "ROLLBACK", &undo);
    return rc;
}

enum perso_result
perso_site_db_statement(struct perso_site_db *site, const char *sql, const char *one,
                        const char *two, const char *three, sqlite3_stmt **ret,
                        struct perso_error *err)
{
    const char *const texts[] = { one, two, three };
    enum perso_result rc = perso_database_statement(&site->db, sql, ret, err);

    for (int i = 0; rc == PERSO_OK && i < 3; i++)
        if (texts[i] != NULL)
            perso_bind_text(*ret, i + 1, texts[i]);
    return rc;
}

enum perso_result
perso_site_db_run(struct perso_site_db *site, const char *sql, const char *one, const char *two,
                  const char *three, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_site_db_statement(site, sql, one, two, three, &s, err);

    return rc == PERSO_OK ? perso_database_run(&site->db, s, err) : rc;
}

struct perso_site_store
perso_site_db_store(struct perso_site_db *site)
{
    return (struct perso_site_store) {
        .claim = perso_site_db_claim,
        .release = perso_site_db_release,
        .unclaim = perso_site_db_unclaim,
        .flags = perso_site_db_flags,
        .job_add = perso_site_db_job_add,
        .file_claim = perso_site_db_file_claim,
        .file_release = perso_site_db_file_release,
        .head_set = perso_site_db_head_set,
        .head_get = perso_site_db_head_get,
        .remake_allow = perso_site_db_remake_allow,
        .remake_take = perso_site_db_remake_take,
        .remake_release = perso_site_db_remake_release,
        .remake_of = perso_site_db_remake_of,
        .cupboard_key_set = perso_site_db_cupboard_key_set,
        .cupboard_key_get = perso_site_db_cupboard_key_get,
        .cupboard_put = perso_site_db_cupboard_put,
        .cupboard_scan = perso_site_db_cupboard_scan,
        .cupboard_get = perso_site_db_cupboard_get,
        .cupboard_settle = perso_site_db_cupboard_settle,
        .cupboard_purge = perso_site_db_cupboard_purge,
        .history_put = perso_site_db_history_put,
        .mac_key_set = perso_site_db_mac_key_set,
        .mac_key_get = perso_site_db_mac_key_get,
        .job_purged_set = perso_site_db_job_purged_set,
        .job_purged_get = perso_site_db_job_purged_get,
        .self = site,
    };
}

/* ---- dump ---- */

/* Without keys and what lies under them: they are random. */
enum perso_result
perso_site_db_dump(struct perso_site_db *site, const struct perso_sink *sink,
                   struct perso_error *err)
{
    static const struct {
        const char *table, *sql;
    } dumps[] = {
        { "job", "SELECT name, token, purged FROM main.job ORDER BY name" },
        { "file", "SELECT stage, sm3, job FROM main.file ORDER BY stage, sm3" },
        { "claim", "SELECT kind, value, card_id, job, released FROM main.claim"
                   " ORDER BY kind, value" },
        { "flag", "SELECT kind, value, card_id, job FROM main.flag"
                  " ORDER BY kind, value, card_id, job" },
        { "remake", "SELECT old_card, job, new_card, new_job FROM main.remake"
                    " ORDER BY old_card" },
        { "cupboard", "SELECT card_id, job, since, state, signing_sm3, encryption_sm3,"
                      " length(payload) FROM main.cupboard ORDER BY card_id" },
        { "wrapped_key", "SELECT purpose, job FROM main.wrapped_key ORDER BY purpose, job" },
        { "history", "SELECT job, card_id, count(*) FROM main.history GROUP BY job, card_id"
                     " ORDER BY job, card_id" },
    };
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; i < sizeof dumps / sizeof dumps[0] && rc == PERSO_OK; i++)
        rc = perso_database_dump(&site->db, dumps[i].table, dumps[i].sql, sink, err);
    return rc;
}
