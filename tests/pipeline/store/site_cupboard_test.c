/* Certificates that wait for a window (LD/T 03-2022 6.4.7.5 e). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/pipeline/store/site_fixture.h"

static struct perso_cupboard_entry
entry(const char *job, const char *card, uint8_t seed, const char *payload)
{
    struct perso_cupboard_entry e = { .state = PERSO_CUPBOARD_WAITING,
                                      .since = "2026-03-01",
                                      .payload = perso_cursor_of(payload, strlen(payload)) };
    snprintf(e.card_id, sizeof e.card_id, "%s", card);
    snprintf(e.job, sizeof e.job, "%s", job);
    memset(e.signing_sm3, seed, sizeof e.signing_sm3);
    memset(e.encryption_sm3, seed + 1, sizeof e.encryption_sm3);
    return e;
}

static struct perso_cupboard_entry
put(const char *job, const char *card, uint8_t seed, const char *payload)
{
    struct perso_cupboard_entry e = entry(job, card, seed, payload);
    assert_ok(store.cupboard_put(store.self, &e, 1, &err), err);
    return e;
}

static void
settle(const char *job, const char *card, enum perso_cupboard_state to)
{
    assert_ok(store.cupboard_settle(store.self, job, card, to, &err), err);
}

static void
assert_entry(const char *card, const char *job, enum perso_cupboard_state want, uint8_t seed,
             const char *payload)
{
    struct perso_arena *arena = perso_arena_new();
    struct perso_cupboard_entry e;
    assert_ok(store.cupboard_get(store.self, card, &e, arena, &err), err);
    assert_string_equal(e.card_id, card);
    assert_string_equal(e.job, job);
    assert_string_equal(e.since, "2026-03-01");
    assert_int_equal(e.state, want);
    assert_int_equal(e.signing_sm3[31], seed);
    assert_int_equal(e.encryption_sm3[0], seed + 1);
    assert_int_equal(perso_left(&e.payload), strlen(payload));
    assert_memory_equal(e.payload.at, payload, strlen(payload));
    assert_ok(store.cupboard_get(store.self, card, &e, NULL, &err), err);
    assert_int_equal(perso_left(&e.payload), 0);
    perso_arena_free(arena);
}

static void
a_card_waits_once(void **state)
{
    struct perso_cupboard_entry e;
    (void)state;

    assert_result(PERSO_END, store.cupboard_get(store.self, CARD_A, &e, NULL, &err), err);
    assert_false(put("job1", CARD_A, 1, "first").refused);
    assert_false(put("job1", CARD_A, 1, "first").refused);
    assert_entry(CARD_A, "job1", PERSO_CUPBOARD_WAITING, 1, "first");
    assert_false(put("job1", CARD_A, 3, "second").refused); /* the RA issued again */
    assert_entry(CARD_A, "job1", PERSO_CUPBOARD_WAITING, 3, "second");
    e = put("job2", CARD_A, 3, "second");
    assert_true(e.refused);
    assert_string_equal(e.other_job, "job1");
    assert_entry(CARD_A, "job1", PERSO_CUPBOARD_WAITING, 3, "second");
}

static void
a_written_card_is_not_replaced(void **state)
{
    (void)state;
    put("job1", CARD_A, 1, "first");
    settle("job1", CARD_A, PERSO_CUPBOARD_WRITTEN);
    assert_false(put("job1", CARD_A, 1, "first").refused); /* a replay */
    assert_entry(CARD_A, "job1", PERSO_CUPBOARD_WRITTEN, 1, "first");
    struct perso_cupboard_entry e = put("job1", CARD_A, 3, "second");
    assert_true(e.refused);
    assert_string_equal(e.other_job, "job1");
    assert_true(put("job2", CARD_A, 3, "second").refused);
    assert_entry(CARD_A, "job1", PERSO_CUPBOARD_WRITTEN, 1, "first");
}

static void
a_revoked_one_makes_room(void **state)
{
    (void)state;
    put("job1", CARD_A, 1, "first");
    put("job1", CARD_B, 1, "first");
    settle("job1", CARD_A, PERSO_CUPBOARD_REVOKED);
    settle("job1", CARD_B, PERSO_CUPBOARD_REVOKED);
    assert_false(put("job1", CARD_A, 1, "first").refused); /* cancelled, and asked for again */
    assert_entry(CARD_A, "job1", PERSO_CUPBOARD_WAITING, 1, "first");
    settle("job1", CARD_A, PERSO_CUPBOARD_REVOKED);
    assert_false(put("job1", CARD_A, 3, "second").refused);
    assert_entry(CARD_A, "job1", PERSO_CUPBOARD_WAITING, 3, "second");
    assert_false(put("job2", CARD_B, 1, "first").refused);
    assert_entry(CARD_B, "job2", PERSO_CUPBOARD_WAITING, 1, "first");
}

static void
settling_never_goes_back(void **state)
{
    (void)state;
    put("job1", CARD_A, 1, "first");
    assert_result(PERSO_END,
                  store.cupboard_settle(store.self, "job2", CARD_A, PERSO_CUPBOARD_WRITTEN, &err),
                  err);
    assert_result(PERSO_END,
                  store.cupboard_settle(store.self, "job1", CARD_B, PERSO_CUPBOARD_WRITTEN, &err),
                  err);
    settle("job1", CARD_A, PERSO_CUPBOARD_WAITING);
    settle("job1", CARD_A, PERSO_CUPBOARD_WRITTEN);
    settle("job1", CARD_A, PERSO_CUPBOARD_WRITTEN);
    settle("job1", CARD_A, PERSO_CUPBOARD_REVOKED);
    static const enum perso_cupboard_state back[] = { 0, PERSO_CUPBOARD_WAITING,
                                                      PERSO_CUPBOARD_WRITTEN, 4 };
    for (size_t i = 0; i < sizeof back / sizeof back[0]; i++)
        assert_result(PERSO_FATAL, store.cupboard_settle(store.self, "job1", CARD_A, back[i], &err),
                      err);
    assert_entry(CARD_A, "job1", PERSO_CUPBOARD_REVOKED, 1, "first");
}

static void
a_put_is_all_or_nothing(void **state)
{
    struct perso_cupboard_entry batch[] = { entry("job1", CARD_A, 1, "first"),
                                            entry("job1", CARD_B, 1, "") };
    struct perso_cupboard_entry e;
    (void)state;

    assert_result(PERSO_FATAL, store.cupboard_put(store.self, batch, 2, &err), err);
    assert_result(PERSO_END, store.cupboard_get(store.self, CARD_A, &e, NULL, &err), err);
    assert_ok(store.cupboard_put(store.self, batch, 0, &err), err);
    strcpy(batch[1].since, "today");
    assert_result(PERSO_FATAL, store.cupboard_put(store.self, batch, 2, &err), err);
}

/* Numbers of the cards that a scan gives, as letters, by pages of two. */
static const char *
scanned(const char *job)
{
    static char ret[16];
    struct perso_arena *arena = perso_arena_new();
    struct perso_cupboard_entry page[2];
    char after[PERSO_CARD_ID_CHARS + 1] = "";
    size_t n = 0, used = 0;
    enum perso_result rc;

    while ((rc = store.cupboard_scan(store.self, job, after, 2, page, arena, &n, &err)) ==
           PERSO_OK) {
        for (size_t i = 0; i < n; i++) {
            assert_true(perso_left(&page[i].payload) > 0);
            ret[used++] = page[i].card_id[PERSO_CARD_ID_CHARS - 1];
        }
        strcpy(after, page[n - 1].card_id);
    }
    assert_result(PERSO_END, rc, err);
    assert_int_equal(n, 0);
    ret[used] = '\0';
    perso_arena_free(arena);
    return ret;
}

static void
scans_are_ordered(void **state)
{
    (void)state;
    assert_string_equal(scanned(NULL), "");
    put("job2", CARD_C, 1, "c");
    put("job1", CARD_B, 1, "b");
    put("job1", CARD_A, 1, "a");
    assert_string_equal(scanned(NULL), "ABC");
    assert_string_equal(scanned("job1"), "AB");
    assert_string_equal(scanned("job2"), "C");
    assert_string_equal(scanned("job3"), "");
}

static void
a_dry_run_changes_nothing(void **state)
{
    uint64_t waiting = 0;
    (void)state;

    put("job1", CARD_A, 1, "a");
    put("job1", CARD_C, 1, "c");
    settle("job1", CARD_A, PERSO_CUPBOARD_REVOKED);
    struct collected before = fixture_site_dump();
    perso_site_db_close(site);
    fixture_site_open(true);
    put("job2", CARD_A, 5, "a2"); /* the store's row is hidden */
    put("job1", CARD_B, 1, "b");
    assert_string_equal(scanned(NULL), "ABC");
    assert_string_equal(scanned("job1"), "BC");
    assert_string_equal(scanned("job2"), "A");
    settle("job1", CARD_C, PERSO_CUPBOARD_WRITTEN);
    assert_ok(store.cupboard_purge(store.self, "job1", &waiting, &err), err);
    assert_int_equal(waiting, 1);
    assert_entry(CARD_C, "job1", PERSO_CUPBOARD_WRITTEN, 1, "");
    perso_site_db_close(site);
    fixture_site_open(false);
    struct collected after = fixture_site_dump();
    assert_string_equal(before.bytes, after.bytes);
    free(before.bytes);
    free(after.bytes);
}

static void
keys_are_set_once(void **state)
{
    uint8_t out[PERSO_WRAPPED_BYTES];
    size_t n = 0;
    (void)state;

    assert_result(PERSO_END, store.cupboard_key_get(store.self, "job1", out, &n, &err), err);
    assert_ok(store.cupboard_key_set(store.self, "job1", fixture_site_key(1), 60, &err), err);
    assert_ok(store.cupboard_key_set(store.self, "job1", fixture_site_key(1), 60, &err), err);
    assert_result(PERSO_END,
                  store.cupboard_key_set(store.self, "job1", fixture_site_key(2), 60, &err), err);
    assert_result(PERSO_END,
                  store.cupboard_key_set(store.self, "job1", fixture_site_key(1), 59, &err), err);
    assert_ok(store.cupboard_key_set(store.self, "job2", fixture_site_key(2), 60, &err), err);
    assert_ok(store.cupboard_key_get(store.self, "job1", out, &n, &err), err);
    assert_int_equal(n, 60);
    assert_memory_equal(out, fixture_site_key(1), 60);
    uint8_t long_one[PERSO_WRAPPED_BYTES + 1] = { 1 };
    assert_ok(store.cupboard_key_set(store.self, "job3", long_one, PERSO_WRAPPED_BYTES, &err), err);
    assert_result(PERSO_FATAL,
                  store.cupboard_key_set(store.self, "job4", long_one, sizeof long_one, &err), err);
    assert_result(PERSO_FATAL, store.cupboard_key_set(store.self, "job4", long_one, 0, &err), err);
}

static bool
file_has(const char *suffix, const char *text)
{
    char name[96];
    size_t n = strlen(text), at = 0;
    int c;

    snprintf(name, sizeof name, "%s%s", path, suffix);
    FILE *in = fopen(name, "rb");
    if (in == NULL)
        return false;
    while ((c = getc(in)) != EOF && at < n)
        at = c == text[at] ? at + 1 : c == text[0] ? 1 : 0;
    fclose(in);
    return at == n;
}

static void
purge_leaves_nothing_of_settled_ones(void **state) /* LD/T 03-2022 8.2.1 e */
{
    static char long_text[9000];
    uint64_t waiting = 9;
    (void)state;

    memset(long_text, 'x', sizeof long_text - 1);
    memcpy(long_text + 8000, "settled-mark", 12);
    put("job1", CARD_A, 1, long_text);
    put("job1", CARD_B, 1, "waiting-mark");
    put("job2", CARD_C, 1, "neighbour-mark");
    settle("job1", CARD_A, PERSO_CUPBOARD_WRITTEN);
    assert_true(file_has("-wal", "settled-mark") || file_has("", "settled-mark"));

    for (int i = 0; i < 2; i++) {
        assert_ok(store.cupboard_purge(store.self, "job1", &waiting, &err), err);
        assert_int_equal(waiting, 1);
        assert_entry(CARD_A, "job1", PERSO_CUPBOARD_WRITTEN, 1, "");
        assert_entry(CARD_B, "job1", PERSO_CUPBOARD_WAITING, 1, "waiting-mark");
        assert_entry(CARD_C, "job2", PERSO_CUPBOARD_WAITING, 1, "neighbour-mark");
        assert_false(file_has("-wal", "settled-mark") || file_has("", "settled-mark"));
        assert_true(file_has("", "waiting-mark"));
    }
    /* A replay is known by the digests. */
    assert_false(put("job1", CARD_A, 1, long_text).refused);
    assert_entry(CARD_A, "job1", PERSO_CUPBOARD_WRITTEN, 1, "");
    assert_true(put("job1", CARD_A, 2, long_text).refused);
    assert_ok(store.cupboard_purge(store.self, "job3", &waiting, &err), err);
    assert_int_equal(waiting, 0);
}

/* Two processes put the same cards in: each card is in the cupboard of one job. */
static void
jobs_take_turns(void **state)
{
    enum { JOBS = 4, CARDS = 100 };
    pid_t pids[JOBS];
    (void)state;

    perso_site_db_close(site);
    site = NULL;
    for (int j = 0; j < JOBS; j++) {
        if ((pids[j] = fork()) != 0)
            continue;
        char job[16], card[PERSO_CARD_ID_CHARS + 1];
        int refused = 0;
        snprintf(job, sizeof job, "job%d", j);
        fixture_site_open(false);
        for (int k = 0; k < CARDS; k++) {
            snprintf(card, sizeof card, "411600D1560000050000000000001%03d", k);
            refused += put(job, card, 1, "payload").refused;
        }
        perso_site_db_close(site);
        _exit(refused);
    }
    int sum = 0;
    for (int j = 0; j < JOBS; j++) {
        int status = 0;
        assert_int_equal(waitpid(pids[j], &status, 0), pids[j]);
        assert_true(WIFEXITED(status));
        sum += WEXITSTATUS(status);
    }
    assert_int_equal(sum, CARDS * (JOBS - 1));
    fixture_site_open(false);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_card_waits_once),
        TEST(a_written_card_is_not_replaced),
        TEST(a_revoked_one_makes_room),
        TEST(settling_never_goes_back),
        TEST(a_put_is_all_or_nothing),
        TEST(scans_are_ordered),
        TEST(a_dry_run_changes_nothing),
        TEST(keys_are_set_once),
        TEST(purge_leaves_nothing_of_settled_ones),
        TEST(jobs_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
