/* Claims over all jobs and all history of a site (CONTRACTS 5; DESIGN 1: nothing is doubled). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/pipeline/store/site_fixture.h"

static struct perso_claim
claim(const char *job, uint8_t seed, const char *card)
{
    struct perso_claim c = { .value = fixture_site_key(seed), .value_bytes = 64, .card_id = card };
    assert_ok(store.claim(store.self, job, PERSO_CLAIM_KEY, &c, 1, &err), err);
    return c;
}

static void
release(const char *job, uint8_t seed, const char *card)
{
    struct perso_claim c = { .value = fixture_site_key(seed), .value_bytes = 64, .card_id = card };
    assert_ok(store.release(store.self, job, PERSO_CLAIM_KEY, &c, 1, &err), err);
}

static void
a_key_has_one_card(void **state)
{
    (void)state;
    assert_true(claim("job1", 1, CARD_A).granted);
    assert_true(claim("job1", 1, CARD_A).granted); /* the same triple again: a resumed run */
    for (int i = 0; i < 2; i++) {
        struct perso_claim other_card = claim("job1", 1, CARD_B);
        assert_false(other_card.granted);
        assert_string_equal(other_card.other_card, CARD_A);
        assert_string_equal(other_card.other_job, "job1");
        struct perso_claim other_job = claim("job2", 1, CARD_A);
        assert_false(other_job.granted);
        assert_string_equal(other_job.other_job, "job1");
    }
    struct collected text = fixture_site_dump();
    assert_int_equal(fixture_site_count_of(text.bytes, "claim\t"), 1);
    assert_int_equal(fixture_site_count_of(text.bytes, "flag\t"), 2); /* each pair once */
    free(text.bytes);
    /* The same bytes as another kind are another thing. */
    struct perso_claim c = { .value = fixture_site_key(1), .value_bytes = 64, .card_id = CARD_B };
    assert_ok(store.claim(store.self, "job2", PERSO_CLAIM_ENCRYPTION_KEY, &c, 1, &err), err);
    assert_true(c.granted);
}

static void
a_released_claim_stays_its_cards(void **state)
{
    (void)state;
    assert_true(claim("job1", 1, CARD_A).granted);
    release("job2", 1, CARD_A); /* not its claim: left alone */
    assert_false(claim("job2", 1, CARD_A).granted);
    release("job1", 1, CARD_B);
    assert_false(claim("job2", 1, CARD_A).granted);
    release("job1", 1, CARD_A);
    struct perso_claim other = claim("job2", 1, CARD_B);
    assert_false(other.granted);
    assert_string_equal(other.other_card, CARD_A);
    assert_true(claim("job2", 1, CARD_A).granted); /* taken over by the other job */
    assert_false(claim("job1", 1, CARD_A).granted);
    release("job2", 1, CARD_A);
    assert_true(claim("job2", 1, CARD_A).granted);
    release("job1", 2, CARD_A); /* nobody's */
}

static void
unclaim(const char *job, uint8_t seed, const char *card)
{
    struct perso_claim c = { .value = fixture_site_key(seed), .value_bytes = 64, .card_id = card };
    assert_ok(store.unclaim(store.self, job, PERSO_CLAIM_KEY, &c, 1, &err), err);
}

static void
what_came_to_nothing_is_forgotten(void **state)
{
    (void)state;
    assert_true(claim("job1", 1, CARD_A).granted);
    assert_false(claim("job2", 1, CARD_B).granted); /* flagged */
    unclaim("job2", 1, CARD_A);                     /* not its claim */
    unclaim("job1", 1, CARD_B);
    assert_false(claim("job2", 1, CARD_B).granted);
    unclaim("job1", 1, CARD_A);
    assert_true(claim("job2", 1, CARD_B).granted);
    /* What was a card's before stays the card's. */
    release("job2", 1, CARD_B);
    assert_true(claim("job1", 1, CARD_B).granted);
    unclaim("job1", 1, CARD_B);
    unclaim("job1", 1, CARD_B);
    assert_false(claim("job1", 1, CARD_A).granted);
    assert_true(claim("job2", 1, CARD_B).granted);
}

static void
a_batch_is_all_or_nothing(void **state)
{
    uint8_t values[3][64];
    struct perso_claim batch[3];
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        memset(values[i], (int)(10 + i % 2), 64); /* the third value is the first's */
        batch[i] = (struct perso_claim) { .value = values[i],
                                          .value_bytes = 64,
                                          .card_id = i == 2 ? CARD_B : CARD_A };
    }
    batch[1].value_bytes = 65;
    assert_result(PERSO_FATAL, store.claim(store.self, "job1", PERSO_CLAIM_KEY, batch, 3, &err),
                  err);
    assert_false(batch[0].granted);
    struct collected text = fixture_site_dump();
    assert_int_equal(text.n, 0);
    batch[1].value_bytes = 64;
    assert_ok(store.claim(store.self, "job1", PERSO_CLAIM_KEY, batch, 3, &err), err);
    assert_true(batch[0].granted && batch[1].granted);
    assert_false(batch[2].granted);
    assert_ok(store.claim(store.self, "job1", PERSO_CLAIM_KEY, batch, 0, &err), err);
}

static void
names_of_jobs_are_unique(void **state)
{
    static const uint8_t one[16] = { 1 }, two[16] = { 2 };
    (void)state;

    assert_ok(store.job_add(store.self, "V-411600-B1-1", one, &err), err);
    assert_ok(store.job_add(store.self, "V-411600-B1-1", one, &err), err);
    assert_result(PERSO_REJECT, store.job_add(store.self, "V-411600-B1-1", two, &err), err);
    assert_int_equal(err.reject, PERSO_REJ_FILE_OTHER_JOB);
    assert_ok(store.job_add(store.self, "V-411600-B2-1", two, &err), err);
}

static void
a_file_belongs_to_one_job(void **state) /* CONTRACTS 1 */
{
    (void)state;
    assert_ok(store.file_claim(store.self, "job1", PERSO_STAGE_INGEST, fixture_site_key(3), &err),
              err);
    assert_ok(store.file_claim(store.self, "job1", PERSO_STAGE_INGEST, fixture_site_key(3), &err),
              err);
    assert_result(
        PERSO_REJECT,
        store.file_claim(store.self, "job2", PERSO_STAGE_INGEST, fixture_site_key(3), &err), err);
    assert_int_equal(err.reject, PERSO_REJ_FILE_OTHER_JOB);
    assert_non_null(strstr(err.text, "job1"));
    assert_ok(store.file_claim(store.self, "job2", PERSO_STAGE_COLLECT, fixture_site_key(3), &err),
              err);
    assert_ok(store.file_release(store.self, "job2", PERSO_STAGE_INGEST, fixture_site_key(3), &err),
              err);
    assert_result(
        PERSO_REJECT,
        store.file_claim(store.self, "job2", PERSO_STAGE_INGEST, fixture_site_key(3), &err), err);
    assert_ok(store.file_release(store.self, "job1", PERSO_STAGE_INGEST, fixture_site_key(3), &err),
              err);
    assert_ok(store.file_claim(store.self, "job2", PERSO_STAGE_INGEST, fixture_site_key(3), &err),
              err);
}

static void
a_head_never_goes_back(void **state) /* RELIABILITY T13: roll-back */
{
    static const uint8_t token[16] = { 1 };
    uint8_t sm3[PERSO_SM3_BYTES];
    int64_t event = 0;
    (void)state;

    assert_result(PERSO_FATAL, store.head_set(store.self, "job1", 1, fixture_site_key(1), &err),
                  err);
    assert_ok(store.job_add(store.self, "job1", token, &err), err);
    assert_result(PERSO_END, store.head_get(store.self, "job1", &event, sm3, &err), err);
    assert_ok(store.head_set(store.self, "job1", 5, fixture_site_key(1), &err), err);
    assert_ok(store.head_set(store.self, "job1", 5, fixture_site_key(1), &err), err);
    assert_ok(store.head_set(store.self, "job1", 7, fixture_site_key(2), &err), err);
    assert_result(PERSO_FATAL, store.head_set(store.self, "job1", 7, fixture_site_key(3), &err),
                  err);
    assert_result(PERSO_FATAL, store.head_set(store.self, "job1", 6, fixture_site_key(2), &err),
                  err);
    assert_ok(store.head_get(store.self, "job1", &event, sm3, &err), err);
    assert_int_equal(event, 7);
    assert_memory_equal(sm3, fixture_site_key(2), sizeof sm3);
}

static void
a_dry_run_changes_and_locks_nothing(void **state)
{
    static const uint8_t token[16] = { 1 }, other_token[16] = { 2 };
    struct perso_site_db *other = NULL;
    (void)state;

    assert_true(claim("job1", 1, CARD_A).granted);
    assert_true(claim("job1", 2, CARD_A).granted);
    release("job1", 2, CARD_A);
    assert_ok(store.job_add(store.self, "job1", token, &err), err);
    assert_ok(store.head_set(store.self, "job1", 3, fixture_site_key(1), &err), err);
    assert_ok(store.file_claim(store.self, "job1", PERSO_STAGE_INGEST, fixture_site_key(3), &err),
              err);
    struct collected before = fixture_site_dump();
    perso_site_db_close(site);

    fixture_site_open(true);
    assert_false(claim("job2", 1, CARD_A).granted);
    assert_true(claim("job2", 2, CARD_A).granted);
    assert_true(claim("job2", 9, CARD_B).granted);
    assert_false(claim("job2", 9, CARD_A).granted);
    release("job2", 9, CARD_B);
    assert_true(claim("job3", 9, CARD_B).granted);
    assert_result(PERSO_REJECT, store.job_add(store.self, "job1", other_token, &err), err);
    assert_ok(store.job_add(store.self, "job2", token, &err), err);
    assert_ok(store.head_set(store.self, "job1", 4, fixture_site_key(2), &err), err);
    assert_result(
        PERSO_REJECT,
        store.file_claim(store.self, "job2", PERSO_STAGE_INGEST, fixture_site_key(3), &err), err);
    assert_ok(store.file_claim(store.self, "job2", PERSO_STAGE_INGEST, fixture_site_key(4), &err),
              err);
    /* Another job goes on meanwhile. */
    assert_ok(perso_site_db_open(path, false, &other, &err), err);
    struct perso_site_store second = perso_site_db_store(other);
    assert_ok(second.head_set(second.self, "job1", 3, fixture_site_key(1), &err), err);
    perso_site_db_close(other);
    perso_site_db_close(site);

    fixture_site_open(false);
    struct collected after = fixture_site_dump();
    assert_string_equal(before.bytes, after.bytes);
    free(before.bytes);
    free(after.bytes);
}

/* Several processes at once: every key goes to exactly one of them. */
static void
jobs_take_turns(void **state) /* RELIABILITY T14 */
{
    enum { JOBS = 4, KEYS = 200 };
    pid_t pids[JOBS];
    (void)state;

    perso_site_db_close(site);
    site = NULL;
    for (int j = 0; j < JOBS; j++) {
        if ((pids[j] = fork()) != 0)
            continue;
        char job[16];
        int granted = 0;
        snprintf(job, sizeof job, "job%d", j);
        fixture_site_open(false);
        for (uint8_t k = 0; k < KEYS; k++)
            granted += claim(job, k, CARD_A).granted;
        perso_site_db_close(site);
        _exit(granted);
    }
    int sum = 0;
    for (int j = 0; j < JOBS; j++) {
        int status = 0;
        assert_int_equal(waitpid(pids[j], &status, 0), pids[j]);
        assert_true(WIFEXITED(status));
        sum += WEXITSTATUS(status);
    }
    assert_int_equal(sum, KEYS);
    fixture_site_open(false);
    struct collected text = fixture_site_dump();
    assert_int_equal(fixture_site_count_of(text.bytes, "claim\t"), KEYS);
    assert_int_equal(fixture_site_count_of(text.bytes, "flag\t"), KEYS * (JOBS - 1));
    free(text.bytes);
}

#define A "'" CARD_A "'"
#define B "'" CARD_B "'"
#define ZERO "zeroblob(32)"

static void
the_schema_refuses(void **state)
{
    static const char *const cases[] = {
        "INSERT INTO claim VALUES (5, x'00', 'c', 'j', 0, 0)",
        "INSERT INTO claim VALUES (1, x'', 'c', 'j', 0, 0)",
        "INSERT INTO claim VALUES (1, zeroblob(65), 'c', 'j', 0, 0)",
        "INSERT INTO claim VALUES (1, 'text', 'c', 'j', 0, 0)",
        "INSERT INTO claim VALUES (1, x'00', '', 'j', 0, 0)",
        "INSERT INTO claim VALUES (1, x'00', 'c', 'j', 2, 0)",
        "INSERT INTO flag VALUES (1, x'00', 'c', 'j')",
        "INSERT INTO job VALUES ('j', x'00', NULL, NULL, 0)",
        "INSERT INTO job VALUES ('j', zeroblob(16), 1, NULL, 0)",
        "INSERT INTO file VALUES ('ingest', x'00', 'j')",
        "INSERT INTO job VALUES ('j', zeroblob(16), NULL, NULL, 2)",
        "INSERT INTO remake VALUES ('short', 'j', NULL, NULL)",
        "INSERT INTO remake VALUES (" A ", 'j', " A ", 'j')",
        "INSERT INTO remake VALUES (" A ", 'j', " B ", NULL)",
        "INSERT INTO cupboard VALUES (" A ", 'j', '2026-1-1', 1, " ZERO ", " ZERO ", x'00')",
        "INSERT INTO cupboard VALUES (" A ", 'j', '2026-01-01', 4, " ZERO ", " ZERO ", x'00')",
        "INSERT INTO cupboard VALUES (" A ", 'j', '2026-01-01', 1, " ZERO ", x'00', x'00')",
        "INSERT INTO cupboard VALUES (" A ", 'j', '2026-01-01', 1, " ZERO ", " ZERO ", NULL)",
        "INSERT INTO wrapped_key VALUES ('mac', 'j', x'00')",
        "INSERT INTO wrapped_key VALUES ('cupboard', '', x'00')",
        "INSERT INTO wrapped_key VALUES ('mac', '', zeroblob(257))",
        "INSERT INTO history VALUES ('j', " A ", x'00')",
    };
    sqlite3 *db = NULL;
    (void)state;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA foreign_keys=ON", NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (sqlite3_exec(db, cases[i], NULL, NULL, NULL) != SQLITE_CONSTRAINT)
            fail_msg("%s: not refused", cases[i]);
    sqlite3_close(db);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_has_one_card),
        TEST(a_released_claim_stays_its_cards),
        TEST(what_came_to_nothing_is_forgotten),
        TEST(a_batch_is_all_or_nothing),
        TEST(names_of_jobs_are_unique),
        TEST(a_file_belongs_to_one_job),
        TEST(a_head_never_goes_back),
        TEST(a_dry_run_changes_and_locks_nothing),
        TEST(jobs_take_turns),
        TEST(the_schema_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
