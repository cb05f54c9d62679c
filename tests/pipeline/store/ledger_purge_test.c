/* Payloads leave the ledger; what records are told by stays (LD/T 03-2022 8.2.1 e, 6.5.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "pipeline/store/durable.h"
#include "tests/pipeline/store/ledger_fixture.h"

static void
forget(struct fixture *f)
{
    fixture_begin(f);
    assert_ok(perso_ledger_forget(f->ledger, &f->err), f->err);
    fixture_commit(f);
}

static void
drop(struct fixture *f)
{
    assert_ok(perso_ledger_drop_payloads(f->ledger, f->job, &f->err), f->err);
}

static size_t
data_files(struct fixture *f)
{
    char path[96];
    snprintf(path, sizeof path, "%s/data", f->job);
    return fixture_count(path);
}

static void
put_file(const char *folder, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fclose(out);
}

static void
card_says(struct fixture *f, int64_t seq, enum perso_state state, enum perso_reject reject,
          const char *note)
{
    struct perso_card card;
    fixture_begin(f);
    assert_ok(perso_ledger_card_get(f->ledger, seq, &card, &f->err), f->err);
    card.from_state = card.state;
    card.state = state;
    card.reject_stage = PERSO_STAGE_INGEST;
    card.verdict = (struct perso_verdict) { .reject = reject };
    snprintf(card.verdict.note, sizeof card.verdict.note, "%s", note);
    assert_ok(f->store.set(f->store.self, &card, &f->err), f->err);
    fixture_commit(f);
}

static bool
ledger_has(struct fixture *f, const char *text)
{
    static const char *const ends[] = { "", "-wal" };
    char path[96];
    bool found = false;

    for (size_t i = 0; i < 2; i++) {
        uint8_t *bytes = NULL;
        size_t n = 0;
        snprintf(path, sizeof path, "%s/ledger.db%s", f->job, ends[i]);
        if (access(path, F_OK) != 0)
            continue;
        assert_ok(perso_file_read(path, 1u << 24, &bytes, &n, &f->err), f->err);
        for (size_t at = 0; at + strlen(text) <= n; at++)
            found = found || memcmp(bytes + at, text, strlen(text)) == 0;
        free(bytes);
    }
    return found;
}

static void
payloads_go_and_records_stay(void **state)
{
    struct fixture *f = *state;
    struct perso_arena *arena = perso_arena_new();
    struct perso_stored_record record;
    struct perso_cursor payload;
    uint64_t n = 0, bytes = 0;

    fixture_cards(f, 5);
    assert_ok(perso_ledger_payloads(f->ledger, &n, &bytes, &f->err), f->err);
    assert_int_equal(n, 5);
    assert_true(bytes > 5 * strlen("payload of card"));
    struct collected before = fixture_dump(f);
    assert_false(perso_ledger_purged(f->ledger));
    forget(f);
    for (int i = 0; i < 2; i++) {
        drop(f);
        assert_true(perso_ledger_purged(f->ledger));
        assert_int_equal(data_files(f), 0);
        assert_ok(f->store.get(f->store.self, 1, &record, NULL, NULL, &f->err), f->err);
        assert_int_equal(record.line, 2);
        assert_result(PERSO_FATAL,
                      f->store.get(f->store.self, 1, &record, arena, &payload, &f->err), f->err);
        assert_non_null(strstr(f->err.text, "purged"));
        assert_ok(perso_ledger_check(f->ledger, &f->err), f->err);
    }
    assert_ok(perso_ledger_payloads(f->ledger, &n, &bytes, &f->err), f->err);
    assert_int_equal(n, 5);
    struct collected after = fixture_dump(f);
    assert_non_null(strstr(after.bytes, "payloads_gone"));
    /* Files stay as they are; of a record its digest goes: an ID number could be guessed from it.
     */
    const char *files = strstr(after.bytes, "file\t"), *cards = strstr(files, "\ncard\t");
    assert_memory_equal(files, strstr(before.bytes, "file\t"), (size_t)(cards - files));
    for (size_t i = 0; i < sizeof record.sm3; i++)
        assert_int_equal(record.sm3[i], 0);
    /* Every access works on, also where segments lie about again. */
    static const enum perso_ledger_access ways[] = { PERSO_LEDGER_READ, PERSO_LEDGER_DRY,
                                                     PERSO_LEDGER_WRITE };
    for (size_t i = 0; i < 3; i++) {
        fixture_close(f);
        fixture_open(f, ways[i]);
        assert_true(perso_ledger_purged(f->ledger));
        assert_ok(perso_ledger_check(f->ledger, &f->err), f->err);
        assert_result(PERSO_FATAL,
                      f->store.get(f->store.self, 1, &record, arena, &payload, &f->err), f->err);
    }
    free(before.bytes);
    free(after.bytes);
    perso_arena_free(arena);
}

static void
words_of_others_go_for_good(void **state)
{
    struct fixture *f = *state;
    struct perso_card card;

    fixture_cards(f, 2);
    card_says(f, 1, PERSO_STATE_HELD, PERSO_REJ_RA_REFUSED, "05: words of the RA");
    card_says(f, 2, PERSO_STATE_HELD, PERSO_REJ_SSN_CHECK, "words of our own");
    assert_true(ledger_has(f, "words of the RA"));
    forget(f);
    drop(f);
    assert_ok(perso_ledger_card_get(f->ledger, 1, &card, &f->err), f->err);
    assert_int_equal(card.verdict.reject, PERSO_REJ_RA_REFUSED);
    assert_string_equal(card.verdict.note, "");
    assert_ok(perso_ledger_card_get(f->ledger, 2, &card, &f->err), f->err);
    assert_string_equal(card.verdict.note, "words of our own");
    assert_false(ledger_has(f, "words of the RA"));
    assert_true(ledger_has(f, "words of our own"));
}

static void
left_overs_go_too(void **state)
{
    struct fixture *f = *state;
    char data[96];

    fixture_cards(f, 1);
    snprintf(data, sizeof data, "%s/data", f->job);
    put_file(data, ".dry-abcdef");
    put_file(data, "0007.seg"); /* beyond a gap */
    forget(f);
    drop(f);
    assert_int_equal(data_files(f), 0);
}

static void
cut_off_between_the_steps(void **state)
{
    struct fixture *f = *state;

    fixture_cards(f, 3);
    forget(f);
    fixture_close(f); /* killed here: payloads may be gone, and are not looked for */
    fixture_open(f, PERSO_LEDGER_READ);
    assert_true(perso_ledger_purged(f->ledger));
    assert_ok(perso_ledger_check(f->ledger, &f->err), f->err);
    fixture_close(f);
    fixture_open(f, PERSO_LEDGER_DRY);
    drop(f); /* nothing in a dry run */
    fixture_close(f);
    assert_int_equal(data_files(f), 1);
    fixture_open(f, PERSO_LEDGER_WRITE);
    drop(f);
    assert_int_equal(data_files(f), 0);
}

static void
a_reader_is_waited_for(void **state)
{
    struct fixture *f = *state;
    char path[96];
    sqlite3 *db = NULL;

    fixture_cards(f, 1);
    forget(f);
    snprintf(path, sizeof path, "%s/ledger.db", f->job);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, "BEGIN; SELECT count(*) FROM card", NULL, NULL, NULL);
    assert_result(PERSO_RETRY, perso_ledger_drop_payloads(f->ledger, f->job, &f->err), f->err);
    sqlite3_close(db);
    drop(f);
    assert_ok(perso_ledger_check(f->ledger, &f->err), f->err);
}

static void
a_folder_is_cleared(void **state)
{
    struct fixture *f = *state;
    char folder[96], inner[128], name[32];

    snprintf(folder, sizeof folder, "%s/out", f->job);
    snprintf(inner, sizeof inner, "%s/kept", folder);
    assert_ok(perso_durable_clear(folder, &f->err), f->err); /* none there */
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(mkdir(inner, 0700), 0);
    put_file(inner, "file");
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "%s%d", i % 2 ? "." : "", i);
        put_file(folder, name);
    }
    assert_ok(perso_durable_clear(folder, &f->err), f->err);
    assert_int_equal(fixture_count(folder), 1);
    assert_int_equal(fixture_count(inner), 1);
    /* A link is not followed. */
    snprintf(name, sizeof name, "%.20s", "out");
    snprintf(inner, sizeof inner, "%s/link", f->job);
    assert_int_equal(symlink(name, inner), 0);
    assert_result(PERSO_FATAL, perso_durable_clear(inner, &f->err), f->err);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(payloads_go_and_records_stay),
        TEST(words_of_others_go_for_good),
        TEST(left_overs_go_too),
        TEST(cut_off_between_the_steps),
        TEST(a_reader_is_waited_for),
        TEST(a_folder_is_cleared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
