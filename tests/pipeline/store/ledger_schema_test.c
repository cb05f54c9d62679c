/* The schema itself refuses what may not be, whoever writes (DESIGN 1: nothing is doubled). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/pipeline/store/ledger_fixture.h"

#define ZERO32 "zeroblob(32)"
#define FILE_OF(status, out, stage, sm3, kind, seq)                                                \
    "INSERT INTO file VALUES (NULL, '" stage "', " out ", '" status "', '" kind "', 'p', " sm3     \
    ", 0, 0, 0, " seq ", 0, 'ra', '', 0, NULL, '')"
#define CARD_OF(id, key, request, state, reject, accepted, live)                                   \
    "INSERT INTO card (file, card_id, public_key, request_id, state, reject, reject_column,"       \
    " reject_note, accepted, live) VALUES (1, " id ", " key ", " request ", '" state "', " reject  \
    ", iif(" reject " IS NULL, NULL, 0), iif(" reject " IS NULL, NULL, ''), " accepted ", " live   \
    ")"
#define ID1 "'411600D1560000050000000000000001'"
#define ID9 "'411600D1560000050000000000000009'"
#define KEY1 "(SELECT public_key FROM card WHERE seq = 1)"
#define REQUEST1 "(SELECT request_id FROM card WHERE seq = 1)"

/* The ledger has one accepted table of ingest (digest 01..01) with cards 1 to 3. */
static const struct {
    const char *what, *sql;
    int want;
} cases[] = {
    { "same content, same stage",
      FILE_OF("reading", "0", "ingest", "(SELECT sm3 FROM file)", "t", "0"), SQLITE_CONSTRAINT },
    { "same content, refused",
      FILE_OF("refused", "0", "ingest", "(SELECT sm3 FROM file)", "t", "0"), SQLITE_OK },
    { "same content, other stage",
      FILE_OF("reading", "0", "reconcile", "(SELECT sm3 FROM file)", "t", "0"), SQLITE_OK },
    { "number 5", FILE_OF("planned", "1", "bundle", "NULL", "REQ", "5"), SQLITE_OK },
    { "number 5 again", FILE_OF("planned", "1", "bundle", "NULL", "REQ", "5"), SQLITE_CONSTRAINT },
    { "number 5 incoming", FILE_OF("reading", "0", "bundle", "NULL", "REQ", "5"), SQLITE_OK },
    { "no number twice",
      FILE_OF("planned", "1", "close", "NULL", "RES", "0") ";" FILE_OF("planned", "1", "close",
                                                                       "NULL", "RES", "0"),
      SQLITE_OK },
    { "outgoing but accepted", FILE_OF("accepted", "1", "ingest", ZERO32, "t", "0"),
      SQLITE_CONSTRAINT },
    { "accepted without digest", FILE_OF("accepted", "0", "ingest", "NULL", "t", "0"),
      SQLITE_CONSTRAINT },
    { "digest too short", FILE_OF("reading", "0", "ingest", "x'00'", "t", "0"), SQLITE_CONSTRAINT },
    { "no such stage", FILE_OF("reading", "0", "ingset", ZERO32, "t", "0"), SQLITE_CONSTRAINT },
    { "no such status", FILE_OF("done", "0", "ingest", ZERO32, "t", "0"), SQLITE_CONSTRAINT },
    { "negative sequence", FILE_OF("reading", "0", "ingest", ZERO32, "t", "-1"),
      SQLITE_CONSTRAINT },
    { "text for a number", "UPDATE file SET rows = 'many'", SQLITE_CONSTRAINT },

    { "card id twice", CARD_OF(ID1, "NULL", "NULL", "received", "NULL", "1", "1"),
      SQLITE_CONSTRAINT },
    { "key twice", CARD_OF(ID9, KEY1, "NULL", "received", "NULL", "1", "1"), SQLITE_CONSTRAINT },
    { "request twice", CARD_OF(ID9, "NULL", REQUEST1, "received", "NULL", "1", "1"),
      SQLITE_CONSTRAINT },
    { "all twice, not accepted", CARD_OF(ID1, KEY1, REQUEST1, "received", "NULL", "0", "0"),
      SQLITE_OK },
    { "all twice, held", CARD_OF(ID1, KEY1, REQUEST1, "held", "'R140'", "1", "0"), SQLITE_OK },
    { "all twice, cancelled", CARD_OF(ID1, KEY1, REQUEST1, "cancelled", "NULL", "1", "0"),
      SQLITE_OK },
    { "held one made live",
      "UPDATE card SET state = 'received', reject = NULL, reject_column ="
      " NULL, reject_note = NULL, live = 1 WHERE state = 'held'",
      SQLITE_CONSTRAINT },
    { "not accepted one accepted", "UPDATE card SET accepted = 1, live = 1 WHERE accepted = 0",
      SQLITE_CONSTRAINT },
    { "accepted but not live", CARD_OF(ID9, "NULL", "NULL", "received", "NULL", "1", "0"),
      SQLITE_CONSTRAINT },
    { "held but live", CARD_OF(ID9, "NULL", "NULL", "held", "'R140'", "1", "1"),
      SQLITE_CONSTRAINT },
    { "held without a code", CARD_OF(ID9, "NULL", "NULL", "held", "NULL", "1", "0"),
      SQLITE_CONSTRAINT },
    { "refused without a code", "UPDATE card SET state = 'refused' WHERE seq = 1",
      SQLITE_CONSTRAINT },
    { "spoiled without a code", "UPDATE card SET state = 'spoiled' WHERE seq = 1",
      SQLITE_CONSTRAINT },
    { "a code without being held", CARD_OF(ID9, "NULL", "NULL", "received", "'R140'", "1", "1"),
      SQLITE_CONSTRAINT },
    { "from where without a code", "UPDATE card SET from_state = 'issued' WHERE seq = 1",
      SQLITE_CONSTRAINT },
    { "no such state", "UPDATE card SET state = 'lost' WHERE seq = 1", SQLITE_CONSTRAINT },
    { "key too short", CARD_OF(ID9, "zeroblob(63)", "NULL", "received", "NULL", "1", "1"),
      SQLITE_CONSTRAINT },
    { "card id too short", CARD_OF("'41'", "NULL", "NULL", "received", "NULL", "1", "1"),
      SQLITE_CONSTRAINT },
    { "bundle that is not there", "UPDATE card SET bundle = 77 WHERE seq = 1", SQLITE_CONSTRAINT },
    { "record that is not there", "UPDATE card SET issuance = 77 WHERE seq = 1",
      SQLITE_CONSTRAINT },
    { "record deleted under its card", "DELETE FROM record WHERE id = 1", SQLITE_CONSTRAINT },
    { "card deleted under its record", "DELETE FROM card WHERE seq = 1", SQLITE_CONSTRAINT },
    { "file deleted under its cards", "DELETE FROM file WHERE id = 1", SQLITE_CONSTRAINT },
    { "record of no file", "UPDATE record SET file = 77 WHERE id = 1", SQLITE_CONSTRAINT },
    { "record of no card", "UPDATE record SET card = 77 WHERE id = 1", SQLITE_CONSTRAINT },
    { "no such symbol", "UPDATE record SET symbol = '?' WHERE id = 1", SQLITE_CONSTRAINT },
    { "two symbols", "UPDATE record SET symbol = '=*' WHERE id = 1", SQLITE_CONSTRAINT },
    { "waiver of no card", "INSERT INTO waiver VALUES (77, 'R202', zeroblob(32), 'x')",
      SQLITE_CONSTRAINT },
    { "waiver without a reason", "INSERT INTO waiver VALUES (1, 'R202', zeroblob(32), '')",
      SQLITE_CONSTRAINT },

    { "event changed", "UPDATE event SET note = 'x'", SQLITE_CONSTRAINT },
    { "event deleted", "DELETE FROM event", SQLITE_CONSTRAINT },
    { "event with a gap",
      "INSERT INTO event SELECT 3, 0, '', '', '', '', '', 'x', '', 0, 0, 0, 0,"
      " '', '', '', x'', '', sm3, " ZERO32 " FROM event",
      SQLITE_CONSTRAINT },
    { "event that does not follow",
      "INSERT INTO event VALUES (2, 0, '', '', '', '', '', 'x', '',"
      " 0, 0, 0, 0, '', '', '', x'', '', " ZERO32 ", " ZERO32 ")",
      SQLITE_CONSTRAINT },
};

static void
the_schema_refuses(void **state)
{
    struct fixture *f = *state;
    struct perso_event event = { .kind = "accept" };

    fixture_cards(f, 3);
    fixture_begin(f);
    assert_ok(f->store.event(f->store.self, &event, &f->err), f->err);
    fixture_commit(f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int have = fixture_sql(f, cases[i].sql);
        if (have != cases[i].want)
            fail_msg("%s: have %d, want %d", cases[i].what, have, cases[i].want);
    }
}

/* Every name that the tables of states and stages have is one that the schema takes. */
static void
the_schema_knows_every_name(void **state)
{
    struct fixture *f = *state;
    char sql[256];

    fixture_cards(f, 1);
    for (int s = PERSO_STATE_NONE + 1; s < PERSO_STATE_COUNT; s++) {
        const char *name = perso_state_name((enum perso_state)s);
        snprintf(sql, sizeof sql,
                 "UPDATE card SET state = 'held', reject = 'R140', reject_column = 0,"
                 " reject_note = '', live = 0, from_state = '%s'",
                 name);
        if (fixture_sql(f, sql) != SQLITE_OK)
            fail_msg("state %s is not known", name);
    }
    for (int s = PERSO_STAGE_NONE + 1; s < PERSO_STAGE_COUNT; s++) {
        const char *name = perso_stage_name((enum perso_stage)s);
        snprintf(sql, sizeof sql,
                 "UPDATE card SET reject_stage = '%s'; UPDATE file SET stage ="
                 " '%s'",
                 name, name);
        if (fixture_sql(f, sql) != SQLITE_OK)
            fail_msg("stage %s is not known", name);
    }
}

/* Lookups and lists must stay fast for a million cards: none may walk the table. */
static void
queries_use_their_indexes(void **state)
{
    static const char *const queries[] = {
        "SELECT seq FROM card WHERE card_id = ?1 AND live = 1",
        "SELECT seq FROM card WHERE card_id = ?1 AND live = 0 AND accepted = 1",
        "SELECT seq FROM card WHERE request_id = ?1 AND live = 1",
        "SELECT seq FROM card WHERE public_key = ?1 AND live = 1",
        "SELECT seq FROM card WHERE bundle = ?1 AND seq > ?2",
        "SELECT seq FROM card WHERE machine = ?1 AND seq > ?2",
        "SELECT id FROM record WHERE file = ?1 AND id > ?2 ORDER BY id",
        "SELECT id FROM record WHERE card = ?1 AND id > ?2 ORDER BY id",
        "DELETE FROM record WHERE file = ?1",
    };
    struct fixture *f = *state;
    char path[128];
    sqlite3 *db = NULL;

    snprintf(path, sizeof path, "%s/ledger.db", f->job);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA foreign_keys=ON", NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        char sql[256];
        sqlite3_stmt *s = NULL;
        snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", queries[i]);
        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW) {
            const char *plan = (const char *)sqlite3_column_text(s, 3);
            if (strncmp(plan, "SCAN", 4) == 0 || strstr(plan, "TEMP B-TREE") != NULL)
                fail_msg("%s: %s", queries[i], plan);
        }
        sqlite3_finalize(s);
    }
    sqlite3_close(db);
}

static void
another_database_is_refused(void **state)
{
    struct fixture *f = *state;
    struct perso_ledger *ledger = NULL;

    fixture_close(f);
    assert_result(PERSO_FATAL, perso_ledger_create(f->job, &f->err), f->err); /* it is there */
    assert_int_equal(fixture_sql(f, "PRAGMA user_version = 2"), SQLITE_OK);
    assert_result(PERSO_FATAL,
                  perso_ledger_open(f->job, PERSO_LEDGER_READ, NULL, NULL, &ledger, &f->err),
                  f->err);
    assert_string_equal(f->err.text, "ledger.db: have version 2, want 1");
    assert_int_equal(fixture_sql(f, "PRAGMA application_id = 7"), SQLITE_OK);
    assert_result(PERSO_FATAL,
                  perso_ledger_open(f->job, PERSO_LEDGER_WRITE, NULL, NULL, &ledger, &f->err),
                  f->err);
    assert_result(PERSO_FATAL,
                  perso_ledger_open("/nowhere", PERSO_LEDGER_READ, NULL, NULL, &ledger, &f->err),
                  f->err);
    assert_null(ledger);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_schema_refuses),
        TEST(the_schema_knows_every_name),
        TEST(queries_use_their_indexes),
        TEST(another_database_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
