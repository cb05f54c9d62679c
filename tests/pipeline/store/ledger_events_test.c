/* The chain of events (LD/T 03-2022 8.3.8; RELIABILITY T13). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <sqlite3.h>

#include "formats/sm2/sm3.h"
#include "tests/pipeline/store/ledger_fixture.h"

#define N_EVENTS 30

static sqlite3 *tool; /* somebody who writes past the ledger and past its checks */
static int64_t head_event;
static uint8_t head_sm3[PERSO_SM3_BYTES];

static void
add_events(struct fixture *f, unsigned n)
{
    fixture_begin(f);
    for (unsigned i = 1; i <= n; i++) {
        struct perso_event event = {
            .stage = PERSO_STAGE_INGEST,
            .first_seq = i,
            .last_seq = i + 10,
            .n_cards = 11,
            .file_id = i % 3,
            .from = PERSO_STATE_RECEIVED,
            .to = PERSO_STATE_HELD,
            .reject = PERSO_REJ_SSN_CHECK,
        };
        snprintf(event.kind, sizeof event.kind, i % 2 ? "move" : "hold");
        snprintf(event.card_id, sizeof event.card_id, "411600D1560000050000%012X", i);
        snprintf(event.note, sizeof event.note, "说明 \"%u\"", i);
        memset(event.digest, (int)i, sizeof event.digest);
        assert_ok(f->store.event(f->store.self, &event, &f->err), f->err);
    }
    fixture_commit(f);
    assert_ok(perso_ledger_head(f->ledger, &head_event, head_sm3, &f->err), f->err);
}

static int
chain_setup(void **state)
{
    char path[128];

    fixture_setup(state);
    struct fixture *f = *state;
    add_events(f, N_EVENTS);
    snprintf(path, sizeof path, "%s/ledger.db", f->job);
    assert_int_equal(sqlite3_open(path, &tool), SQLITE_OK);
    return sqlite3_exec(tool,
                        "PRAGMA synchronous=OFF; PRAGMA ignore_check_constraints=ON;"
                        "DROP TRIGGER event_follows; DROP TRIGGER event_stays;"
                        "DROP TRIGGER event_remains;",
                        NULL, NULL, NULL);
}

static int
chain_teardown(void **state)
{
    sqlite3_close(tool);
    return fixture_teardown(state);
}

static void
tamper(const char *sql)
{
    if (sqlite3_exec(tool, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(tool));
}

static void
expect_bad(struct fixture *f, int64_t head, int64_t event, const char *what)
{
    char want[64];
    int64_t n = 0;

    snprintf(want, sizeof want, "event %lld: ", (long long)event);
    f->err = (struct perso_error) { 0 };
    enum perso_result rc = perso_ledger_audit_verify(f->ledger, head, head_sm3, &n, &f->err);
    if (rc != PERSO_REJECT || strncmp(f->err.text, want, strlen(want)) != 0)
        fail_msg("%s: have %d %s, want event %lld", what, rc, f->err.text, (long long)event);
    assert_int_equal(n, 0);
}

static void
expect_whole(struct fixture *f)
{
    int64_t n = 0;
    assert_ok(perso_ledger_audit_verify(f->ledger, head_event, head_sm3, &n, &f->err), f->err);
    assert_int_equal(n, head_event);
}

/* Recomputed from the format in ledger_schema.c with nothing but SQL and SM3. */
static void
the_digest_is_the_documented_one(void **state)
{
    static const char sql[] =
        "SELECT prev, sm3, id, time_ms, operator, host, address, identity, stage, kind, card_id,"
        " first_seq, last_seq, n_cards, file, from_state, to_state, reject, digest, note"
        " FROM event WHERE id = 30";
    struct fixture *f = *state;
    uint8_t have[PERSO_SM3_BYTES];
    struct perso_sm3 *sm3 = perso_sm3_new();
    sqlite3_stmt *s = NULL;

    (void)f;
    assert_int_equal(sqlite3_prepare_v2(tool, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    assert_true(perso_sm3_add(sm3, sqlite3_column_blob(s, 0), 32));
    for (int c = 2; c < sqlite3_column_count(s); c++) {
        uint8_t field[12] = { 0, 0, 0, 8 };
        if (sqlite3_column_type(s, c) == SQLITE_INTEGER) {
            for (int i = 0; i < 8; i++)
                field[4 + i] = (uint8_t)(sqlite3_column_int64(s, c) >> (56 - 8 * i));
            assert_true(perso_sm3_add(sm3, field, 12));
        } else {
            const void *bytes = sqlite3_column_blob(s, c);
            field[3] = (uint8_t)sqlite3_column_bytes(s, c);
            assert_true(perso_sm3_add(sm3, field, 4));
            assert_true(field[3] == 0 || perso_sm3_add(sm3, bytes, field[3]));
        }
    }
    assert_true(perso_sm3_end(sm3, have));
    assert_memory_equal(have, sqlite3_column_blob(s, 1), 32);
    assert_memory_equal(have, head_sm3, 32);
    sqlite3_finalize(s);
    perso_sm3_free(sm3);
}

/* Change byte k of a field of an event and back; false where the field has no byte k. */
static bool
flip(struct fixture *f, int64_t event, const char *column, int k)
{
    char read_sql[128], write_sql[128];
    sqlite3_stmt *r = NULL, *w = NULL;
    uint8_t bytes[300] = { 0 };
    bool had = false;

    snprintf(read_sql, sizeof read_sql, "SELECT %s FROM event WHERE id = %lld", column,
             (long long)event);
    snprintf(write_sql, sizeof write_sql, "UPDATE event SET %s = ?1 WHERE id = %lld", column,
             (long long)event);
    assert_int_equal(sqlite3_prepare_v2(tool, read_sql, -1, &r, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(r), SQLITE_ROW);
    int type = sqlite3_column_type(r, 0);
    int64_t number = sqlite3_column_int64(r, 0);
    int n = type == SQLITE_INTEGER ? 8 : sqlite3_column_bytes(r, 0);
    if (type != SQLITE_INTEGER && n > 0)
        memcpy(bytes, sqlite3_column_blob(r, 0), (size_t)n);
    sqlite3_finalize(r);
    if (k < n) {
        had = true;
        assert_int_equal(sqlite3_prepare_v2(tool, write_sql, -1, &w, NULL), SQLITE_OK);
        for (int pass = 0; pass < 2; pass++) {
            number = (int64_t)((uint64_t)number ^ UINT64_C(1) << (8 * (k % 8)));
            bytes[k] ^= 0x01;
            if (type == SQLITE_INTEGER)
                sqlite3_bind_int64(w, 1, number);
            else if (type == SQLITE_TEXT)
                sqlite3_bind_text(w, 1, (char *)bytes, n, SQLITE_STATIC);
            else
                sqlite3_bind_blob(w, 1, bytes, n, SQLITE_STATIC);
            if (sqlite3_step(w) != SQLITE_DONE)
                fail_msg("%s: %s", write_sql, sqlite3_errmsg(tool));
            sqlite3_reset(w);
            if (pass == 0)
                expect_bad(f, head_event, event, column);
        }
        sqlite3_finalize(w);
    }
    return had;
}

static void
every_byte_counts(void **state) /* RELIABILITY T13: every byte flipped once */
{
    static const char *const columns[] = {
        "time_ms", "operator",  "host",     "address", "identity", "stage",      "kind",
        "card_id", "first_seq", "last_seq", "n_cards", "file",     "from_state", "to_state",
        "reject",  "digest",    "note",     "prev",    "sm3",
    };
    struct fixture *f = *state;
    size_t n_flips = 0;

    expect_whole(f);
    for (int64_t event = 1; event <= N_EVENTS; event++)
        for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++)
            for (int k = 0; flip(f, event, columns[c], k); k++)
                n_flips++;
    assert_true(n_flips > N_EVENTS * 200);
    expect_whole(f);
}

static void
bytes_do_not_wander_between_fields(void **state)
{
    struct fixture *f = *state;

    tamper("UPDATE event SET operator = 'zha', host = 'odesk-1' WHERE id = 4");
    expect_bad(f, head_event, 4, "a letter moved to the next field");
    tamper("UPDATE event SET operator = 'zhao', host = 'desk-1' WHERE id = 4");
    tamper("UPDATE event SET note = note || char(0) WHERE id = 9");
    expect_bad(f, head_event, 9, "a NUL behind the text");
}

static void
removed_events_are_missed(void **state)
{
    struct fixture *f = *state;

    tamper("CREATE TABLE kept AS SELECT * FROM event");
    static const int gone[] = { 1, 2, 15, 29 };
    for (size_t i = 0; i < 4; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "DELETE FROM event WHERE id = %d", gone[i]);
        tamper(sql);
        expect_bad(f, head_event, gone[i], "removed");
        expect_bad(f, 0, gone[i], "removed, no head known");
        /* ... and the later ones moved up to close the gap */
        snprintf(sql, sizeof sql,
                 "UPDATE event SET id = -id WHERE id > %d; UPDATE event SET id = -id - 1 WHERE id"
                 " < 0",
                 gone[i]);
        tamper(sql);
        expect_bad(f, head_event, gone[i], "removed and closed up");
        tamper("DELETE FROM event; INSERT INTO event SELECT * FROM kept");
    }
    tamper("DROP TABLE kept");
    expect_whole(f);
}

static void
a_cut_tail_is_missed_by_the_head_alone(void **state)
{
    struct fixture *f = *state;
    int64_t n = 0;

    tamper("DELETE FROM event WHERE id = 30");
    expect_bad(f, head_event, 30, "last removed");
    assert_ok(perso_ledger_audit_verify(f->ledger, 0, head_sm3, &n, &f->err), f->err);
    assert_int_equal(n, 29); /* without the head nobody can know */
    tamper("DELETE FROM event");
    expect_bad(f, head_event, 1, "all removed");
}

/* The ledger replaced by an older copy that then went on by itself. */
static void
a_roll_back_is_seen(void **state)
{
    struct fixture *f = *state;
    uint8_t kept[PERSO_SM3_BYTES];
    int64_t kept_event = head_event;

    memcpy(kept, head_sm3, sizeof kept);
    tamper("DELETE FROM event WHERE id > 25");
    add_events(f, 10); /* 35 events now: longer, but another history */
    assert_int_equal(head_event, 35);
    memcpy(head_sm3, kept, sizeof kept);
    expect_bad(f, kept_event, 30, "rolled back");
}

/* The site's head may be behind: the ledger is made durable first. */
static void
a_head_that_is_behind_is_fine(void **state)
{
    struct fixture *f = *state;
    uint8_t kept[PERSO_SM3_BYTES];
    int64_t n = 0;

    memcpy(kept, head_sm3, sizeof kept);
    add_events(f, 3);
    assert_ok(perso_ledger_audit_verify(f->ledger, 30, kept, &n, &f->err), f->err);
    assert_int_equal(n, 33);
}

static void
swapped_and_doubled_events_are_seen(void **state)
{
    struct fixture *f = *state;

    tamper("UPDATE event SET id = 1000 WHERE id = 7; UPDATE event SET id = 7 WHERE id = 12;"
           "UPDATE event SET id = 12 WHERE id = 1000");
    expect_bad(f, head_event, 7, "swapped");
    tamper("UPDATE event SET id = 1000 WHERE id = 7; UPDATE event SET id = 7 WHERE id = 12;"
           "UPDATE event SET id = 12 WHERE id = 1000");
    expect_whole(f);
    tamper("INSERT INTO event SELECT 31, time_ms, operator, host, address, identity, stage, kind,"
           " card_id, first_seq, last_seq, n_cards, file, from_state, to_state, reject, digest,"
           " note, prev, randomblob(32) FROM event WHERE id = 5");
    expect_bad(f, head_event, 31, "doubled");
}

static void
verify_works_on_a_reader(void **state)
{
    struct fixture *f = *state;
    int64_t n = 0;

    fixture_close(f);
    fixture_open(f, PERSO_LEDGER_READ);
    assert_ok(perso_ledger_audit_verify(f->ledger, head_event, head_sm3, &n, &f->err), f->err);
    assert_int_equal(n, N_EVENTS);
}

static void
the_export_is_json_with_every_field(void **state) /* LD/T 03-2022 8.3.8 a */
{
    static const char *const fields[] = { "event",    "time",    "operator", "host",    "address",
                                          "identity", "stage",   "kind",     "card_id", "first_seq",
                                          "last_seq", "n_cards", "file",     "from",    "to",
                                          "reject",   "digest",  "note",     "prev",    "sm3" };
    struct fixture *f = *state;
    struct collected text = fixture_audit(f);
    char *rest = text.bytes, *end;
    int n = 0;

    for (; (end = strchr(rest, '\n')) != NULL; rest = end + 1) {
        *end = '\0';
        json_t *line = json_loads(rest, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(line);
        assert_int_equal(json_object_size(line), sizeof fields / sizeof fields[0]);
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
            assert_non_null(json_object_get(line, fields[i]));
        assert_int_equal(json_integer_value(json_object_get(line, "event")), ++n);
        if (n == 1) {
            assert_string_equal(json_string_value(json_object_get(line, "time")),
                                "2023-11-14T22:13:21.001Z");
            assert_string_equal(json_string_value(json_object_get(line, "note")), "说明 \"1\"");
            assert_string_equal(json_string_value(json_object_get(line, "reject")), "R104");
        }
        json_decref(line);
    }
    assert_int_equal(n, N_EVENTS);
    assert_int_equal(*rest, '\0');
    free(text.bytes);
}

static void
times_are_found_by_file(void **state)
{
    struct fixture *f = *state;
    int64_t time_s = 0;

    assert_ok(perso_ledger_event_time(f->ledger, 2, "hold", &time_s, &f->err), f->err);
    assert_int_equal(time_s, 1700000002); /* event 2 of 1.001 s each */
    assert_result(PERSO_END, perso_ledger_event_time(f->ledger, 2, "accept", &time_s, &f->err),
                  f->err);
    assert_result(PERSO_END, perso_ledger_event_time(f->ledger, 0, "hold", &time_s, &f->err),
                  f->err);
}

static int
count_lines(const char *text)
{
    int n = 0;
    for (; text != NULL && *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

static void
a_trace_tells_one_card(void **state)
{
    static const struct {
        struct perso_event event;
        bool concerns; /* card 2 of file 1 */
    } rows[] = {
        { { .kind = "accept", .file_id = 1 }, true },
        { { .kind = "accept", .file_id = 9 }, false },
        { { .kind = "move", .first_seq = 1, .last_seq = 3, .file_id = 9 }, true },
        { { .kind = "move", .first_seq = 3, .last_seq = 3, .file_id = 1 }, false },
        { { .kind = "hold", .card_id = "411600D1560000050000000000000002" }, true },
        { { .kind = "hold", .card_id = "411600D1560000050000000000000003", .file_id = 1 }, false },
        { { .kind = "start" }, false },
    };
    struct fixture *f = *state;
    struct perso_card card;
    struct collected text;
    int want = 0;

    fixture_cards(f, 3);
    fixture_begin(f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_ok(f->store.event(f->store.self, &rows[i].event, &f->err), f->err);
        want += rows[i].concerns;
    }
    fixture_commit(f);
    assert_ok(perso_ledger_card_get(f->ledger, 2, &card, &f->err), f->err);
    struct perso_sink sink = fixture_sink(&text);
    assert_ok(perso_ledger_trace(f->ledger, &card, &sink, &f->err), f->err);
    assert_int_equal(count_lines(text.bytes), want);
    free(text.bytes);
}

#define CHAIN(f) cmocka_unit_test_setup_teardown(f, chain_setup, chain_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CHAIN(the_digest_is_the_documented_one),
        CHAIN(every_byte_counts),
        CHAIN(bytes_do_not_wander_between_fields),
        CHAIN(removed_events_are_missed),
        CHAIN(a_cut_tail_is_missed_by_the_head_alone),
        CHAIN(a_roll_back_is_seen),
        CHAIN(a_head_that_is_behind_is_fine),
        CHAIN(swapped_and_doubled_events_are_seen),
        CHAIN(verify_works_on_a_reader),
        CHAIN(the_export_is_json_with_every_field),
        CHAIN(times_are_found_by_file),
        cmocka_unit_test_setup_teardown(a_trace_tells_one_card, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
