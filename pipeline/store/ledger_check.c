/* Is the ledger whole: the database, every payload, the balance. */
#include <stdio.h>
#include <string.h>

#include "pipeline/store/ledger_private.h"

static enum perso_result
damaged(struct perso_error *err, const char *what)
{
    return perso_error_set(err, PERSO_REJ_LEDGER, "", "%s", what);
}

/* PRAGMA integrity_check: also CHECK, NOT NULL and UNIQUE of every row. */
static enum perso_result
check_database(struct perso_ledger *ledger, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc =
        perso_database_prepare(&ledger->db, "PRAGMA integrity_check(1)", &s, err);

    if (rc == PERSO_OK && (rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK) {
        const char *said = (const char *)sqlite3_column_text(s, 0);
        if (said == NULL || strcmp(said, "ok") != 0)
            rc = perso_error_set(err, PERSO_REJ_LEDGER, "", "ledger.db: %s",
                                 said != NULL ? said : "integrity check failed");
    }
    sqlite3_finalize(s);
    return rc;
}

static enum perso_result
check_references(struct perso_ledger *ledger, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_prepare(&ledger->db, "PRAGMA foreign_key_check", &s, err);

    if (rc == PERSO_OK && (rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK)
        rc = perso_error_set(err, PERSO_REJ_LEDGER, "", "ledger.db: %s %lld names a missing %s",
                             sqlite3_column_text(s, 0), (long long)sqlite3_column_int64(s, 1),
                             sqlite3_column_text(s, 2));
    sqlite3_finalize(s);
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* A query that must find nothing. */
static enum perso_result
check_none(struct perso_ledger *ledger, const char *sql, const char *what, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_prepare(&ledger->db, sql, &s, err);

    if (rc == PERSO_OK && (rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK)
        rc = damaged(err, what);
    sqlite3_finalize(s);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
check_payload(struct perso_ledger *ledger, sqlite3_stmt *s, struct perso_arena *arena,
              struct perso_error *err)
{
    uint8_t sm3[PERSO_SM3_BYTES];
    struct perso_cursor payload;
    struct perso_segment_place place = { (uint32_t)sqlite3_column_int64(s, 1),
                                         (uint64_t)sqlite3_column_int64(s, 2) };

    perso_database_blob(s, 4, sm3, sizeof sm3);
    perso_arena_reset(arena);
    enum perso_result rc =
        perso_ledger_payload_check(ledger, sqlite3_column_int64(s, 0), place,
                                   (uint32_t)sqlite3_column_int64(s, 3), sm3, arena, &payload, err);
    if (rc == PERSO_FATAL)
        err->reject = PERSO_REJ_LEDGER; /* told as damage found, which is what was asked for */
    return rc == PERSO_FATAL ? PERSO_REJECT : rc;
}

static enum perso_result
check_payloads(struct perso_ledger *ledger, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    struct perso_arena *arena = perso_arena_new();
    enum perso_result rc;

    if (arena == NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: no memory");
    rc = perso_database_prepare(
        &ledger->db, "SELECT id, segment, offset, bytes, sm3 FROM record ORDER BY id", &s, err);
    while (rc == PERSO_OK && (rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK)
        rc = check_payload(ledger, s, arena, err);
    sqlite3_finalize(s);
    perso_arena_free(arena);
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* Every card that was ever accepted stands in exactly one state (CONTRACTS 4). */
static enum perso_result
check_balance(struct perso_ledger *ledger, struct perso_error *err)
{
    uint32_t counts[PERSO_STATE_COUNT];
    uint64_t sum = 0, total = 0;
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_ledger_counts(ledger, counts, err);

    if (rc == PERSO_OK)
        rc = perso_database_prepare(
            &ledger->db,
            "SELECT count(*) FROM card WHERE file IN (SELECT id FROM file WHERE status ="
            " 'accepted')",
            &s, err);
    if (rc == PERSO_OK && (rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK)
        total = (uint64_t)sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    if (rc != PERSO_OK)
        return rc;
    for (int i = PERSO_STATE_NONE + 1; i < PERSO_STATE_COUNT; i++)
        sum += counts[i];
    if (sum != total)
        return perso_error_set(err, PERSO_REJ_LEDGER, "",
                               "balance: have %llu cards in states, want %llu",
                               (unsigned long long)sum, (unsigned long long)total);
    return PERSO_OK;
}

enum perso_result
perso_ledger_check(struct perso_ledger *ledger, struct perso_error *err)
{
    enum perso_result rc = check_database(ledger, err);

    if (rc == PERSO_OK)
        rc = check_references(ledger, err);
    if (rc == PERSO_OK)
        rc = check_none(ledger,
                        "SELECT 1 FROM card JOIN file ON file.id = card.file"
                        " WHERE card.accepted <> (file.status = 'accepted') LIMIT 1",
                        "ledger.db: a card counts although its file does not, or the reverse", err);
    if (rc == PERSO_OK)
        rc = check_none(ledger,
                        "SELECT 1 FROM record JOIN file ON file.id = record.file"
                        " WHERE file.status NOT IN ('reading','accepted') LIMIT 1",
                        "ledger.db: a refused file has records", err);
    if (rc == PERSO_OK && !ledger->purged) /* gone by design */
        rc = check_payloads(ledger, err);
    if (rc == PERSO_OK)
        rc = check_balance(ledger, err);
    return rc;
}
