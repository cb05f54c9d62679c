/* Opening, closing, transactions, values of the job. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/store/durable.h"
#include "pipeline/store/ledger_private.h"
#include "pipeline/store/planted.h"

#define PATH_BYTES 4096
#define BUSY_MS                                                                                    \
    1000 /* only a reader's recovery or checkpoint: the job's lock keeps writers out               \
          */

bool
perso_ledger_zero(const uint8_t *bytes, size_t n)
{
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++)
        any |= bytes[i];
    return any == 0;
}

void
perso_ledger_bind_sm3(sqlite3_stmt *statement, int at, const uint8_t sm3[PERSO_SM3_BYTES])
{
    if (perso_ledger_zero(sm3, PERSO_SM3_BYTES))
        perso_bind_null(statement, at);
    else
        perso_bind_blob(statement, at, sm3, PERSO_SM3_BYTES);
}

static enum perso_result
job_path(const char *job, const char *name, char path[PATH_BYTES], struct perso_error *err)
{
    int n = snprintf(path, PATH_BYTES, "%s/%s", job, name);
    if (n < 0 || n >= PATH_BYTES)
        return perso_error_set(err, PERSO_REJ_NONE, "", "%s: path too long", name);
    return PERSO_OK;
}

enum perso_result
perso_ledger_create(const char *job, struct perso_error *err)
{
    char path[PATH_BYTES];
    enum perso_result rc = job_path(job, "data", path, err);

    if (rc == PERSO_OK)
        rc = perso_durable_folder(path, err);
    if (rc == PERSO_OK)
        rc = job_path(job, "ledger.db", path, err);
    if (rc == PERSO_OK)
        rc = perso_database_create(path, &perso_ledger_kind, err);
    return rc;
}

/* Ids and places rise together, so the last record is the one that stands last in data/. */
static enum perso_result
data_end(struct perso_ledger *ledger, struct perso_segment_place *end, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_prepare(
        &ledger->db, "SELECT segment, offset + bytes FROM record ORDER BY id DESC LIMIT 1", &s,
        err);
    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK)
        *end = (struct perso_segment_place) {
            (uint32_t)sqlite3_column_int64(s, 0),
            (uint64_t)sqlite3_column_int64(s, 1) + PERSO_SEGMENT_PREFIX,
        };
    sqlite3_finalize(s);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
open_segments(struct perso_ledger *ledger, const char *job, struct perso_error *err)
{
    static const enum perso_segment_access access[] = {
        [PERSO_LEDGER_READ] = PERSO_SEGMENT_READ,
        [PERSO_LEDGER_WRITE] = PERSO_SEGMENT_WRITE,
        [PERSO_LEDGER_DRY] = PERSO_SEGMENT_DRY,
    };
    struct perso_segment_place end = { 0, 0 };
    char path[PATH_BYTES];
    char *gone = NULL;
    enum perso_result rc = perso_ledger_value(ledger, PERSO_LEDGER_GONE, &gone, err);

    free(gone);
    ledger->purged = rc == PERSO_OK;
    if (rc == PERSO_END)
        rc = data_end(ledger, &end, err);
    if (rc == PERSO_OK)
        rc = job_path(job, "data", path, err);
    if (rc == PERSO_OK)
        rc = perso_segments_open(path, access[ledger->access], end, PERSO_SEGMENT_BYTES,
                                 &ledger->segments, err);
    return rc;
}

/* A reader holds one view until it closes; a dry run holds one transaction. */
static enum perso_result
open_database(struct perso_ledger *ledger, const char *job, struct perso_error *err)
{
    bool read = ledger->access == PERSO_LEDGER_READ;
    char path[PATH_BYTES];
    enum perso_result rc = job_path(job, "ledger.db", path, err);

    if (rc == PERSO_OK)
        rc = perso_database_open(&ledger->db, path, &perso_ledger_kind,
                                 read ? PERSO_DATABASE_READ : PERSO_DATABASE_WRITE, BUSY_MS, err);
    if (rc == PERSO_OK && !read)
        rc = perso_database_exec(&ledger->db, "CREATE TEMP TABLE twin (seq INTEGER PRIMARY KEY)",
                                 err);
    if (rc == PERSO_OK && read)
        rc = perso_database_exec(&ledger->db, "BEGIN; SELECT count(*) FROM value;", err);
    if (rc == PERSO_OK && ledger->access == PERSO_LEDGER_DRY)
        rc = perso_database_exec(&ledger->db, "BEGIN IMMEDIATE", err);
    return rc;
}

enum perso_result
perso_ledger_open(const char *job, enum perso_ledger_access access, const struct perso_actor *actor,
                  const struct perso_clock *clock, struct perso_ledger **ret,
                  struct perso_error *err)
{
    struct perso_ledger *ledger = calloc(1, sizeof *ledger);
    enum perso_result rc;

    if (ledger == NULL)
        return perso_error_errno(err, "ledger");
    ledger->access = access;
    if (actor != NULL)
        ledger->actor = *actor;
    if (clock != NULL)
        ledger->clock = *clock;
    if ((ledger->sm3 = perso_sm3_new()) == NULL) {
        rc = perso_error_openssl(err, "SM3");
        goto out;
    }
    if ((rc = open_database(ledger, job, err)) != PERSO_OK)
        goto out;
    if ((rc = open_segments(ledger, job, err)) != PERSO_OK)
        goto out;
    *ret = ledger;
    ledger = NULL;
out:
    perso_ledger_close(ledger);
    return rc;
}

void
perso_ledger_close(struct perso_ledger *ledger)
{
    if (ledger == NULL)
        return;
    if (ledger->in_transaction)
        perso_ledger_rollback(ledger);
    for (size_t i = 0; i < ledger->n_updates; i++)
        sqlite3_finalize(ledger->updates[i].statement);
    /* Closing rolls back what is open: the view of a reader, the whole of a dry run. */
    perso_database_close(&ledger->db);
    perso_segments_close(ledger->segments);
    perso_sm3_free(ledger->sm3);
    free(ledger);
}

struct perso_card_store
perso_ledger_cards(struct perso_ledger *ledger)
{
    return (struct perso_card_store) {
        .scan = perso_ledger_card_scan,
        .move = perso_ledger_card_move,
        .set = perso_ledger_card_set,
        .put = perso_ledger_record_put,
        .get = perso_ledger_record_get,
        .event = perso_ledger_event_add,
        .self = ledger,
    };
}

/* ---- transactions ---- */

enum perso_result
perso_ledger_need_transaction(const struct perso_ledger *ledger, struct perso_error *err)
{
    if (!ledger->in_transaction)
        return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: change outside a transaction");
    return PERSO_OK;
}

enum perso_result
perso_ledger_begin(struct perso_ledger *ledger, struct perso_error *err)
{
    enum perso_result rc;

    if (ledger->access == PERSO_LEDGER_READ)
        return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: opened for reading");
    if (ledger->in_transaction)
        return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: transactions do not nest");
    if (ledger->broken)
        return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: an earlier write failed");
    rc = perso_database_exec(
        &ledger->db, ledger->access == PERSO_LEDGER_DRY ? "SAVEPOINT dry" : "BEGIN IMMEDIATE", err);
    if (rc != PERSO_OK)
        return rc;
    ledger->begun = perso_segments_end(ledger->segments);
    ledger->in_transaction = true;
    return PERSO_OK;
}

enum perso_result
perso_ledger_commit(struct perso_ledger *ledger, struct perso_error *err)
{
    enum perso_result rc = perso_ledger_need_transaction(ledger, err);

    if (rc != PERSO_OK)
        return rc;
    rc = perso_segments_sync(ledger->segments, err);
    if (rc == PERSO_OK)
        rc = perso_database_exec(
            &ledger->db, ledger->access == PERSO_LEDGER_DRY ? "RELEASE dry" : "COMMIT", err);
    if (rc != PERSO_OK && !PERSO_BUG(commit_error_ignored)) {
        if (!PERSO_BUG(payload_cut_too_early))
            perso_segments_leave(ledger->segments);
        perso_ledger_rollback(ledger);
        ledger->broken = true;
        return rc;
    }
    ledger->in_transaction = false;
    return PERSO_OK;
}

void
perso_ledger_rollback(struct perso_ledger *ledger)
{
    struct perso_error err = { 0 };

    if (!ledger->in_transaction)
        return;
    ledger->in_transaction = false;
    ledger->twins.file_id = 0;
    ledger->reading = 0;
    /* SQLite may have rolled back by itself (disk full): then there is nothing left to undo. */
    if (sqlite3_get_autocommit(ledger->db.handle) == 0 &&
        perso_database_exec(&ledger->db,
                            ledger->access == PERSO_LEDGER_DRY ? "ROLLBACK TO dry; RELEASE dry"
                                                               : "ROLLBACK",
                            &err) != PERSO_OK)
        ledger->broken = true;
    if (perso_segments_rewind(ledger->segments, ledger->begun, &err) != PERSO_OK)
        ledger->broken = true;
    if (ledger->access == PERSO_LEDGER_DRY && sqlite3_get_autocommit(ledger->db.handle) != 0)
        ledger->broken = true; /* the outer transaction is gone */
}

/* ---- values ---- */

enum perso_result
perso_ledger_value(struct perso_ledger *ledger, const char *name, char **ret,
                   struct perso_error *err)
{
    static const char sql[] = "SELECT value FROM value WHERE name = ?1";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_text(s, 1, name);
    if ((rc = perso_database_step(&ledger->db, s, err)) != PERSO_OK)
        return rc;
    char *value = strdup((const char *)sqlite3_column_text(s, 0));
    sqlite3_reset(s);
    if (value == NULL)
        return perso_error_errno(err, "ledger");
    *ret = value;
    return PERSO_OK;
}

enum perso_result
perso_ledger_value_set(struct perso_ledger *ledger, const char *name, const char *value,
                       struct perso_error *err)
{
    static const char sql[] = "INSERT INTO value (name, value) VALUES (?1, ?2)"
                              " ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_ledger_need_transaction(ledger, err);

    if (rc == PERSO_OK)
        rc = perso_database_statement(&ledger->db, sql, &s, err);
    if (rc != PERSO_OK)
        return rc;
    perso_bind_text(s, 1, name);
    perso_bind_text(s, 2, value);
    return perso_database_run(&ledger->db, s, err);
}
