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

#include "pipeline/store/site_db.h"
#include "tests/pipeline/store/ledger_fixture.h"

#define CARD_A "411600D156000005000000000000000A"
#define CARD_B "411600D156000005000000000000000B"

static char folder[] = "/tmp/perso-site-XXXXXX";
static char path[64];
static struct perso_error err;
static struct perso_site_db *site;
static struct perso_site_store store;

static void
site_open(bool dry)
{
    assert_ok(perso_site_db_open(path, dry, &site, &err), err);
    store = perso_site_db_store(site);
}

static int
site_setup(void **state)
{
    (void)state;
    memcpy(strrchr(folder, '-') + 1, "XXXXXX", 6);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/site.db", folder);
    assert_ok(perso_site_db_create(path, &err), err);
    site_open(false);
    return 0;
}

static int
site_teardown(void **state)
{
    (void)state;
    perso_site_db_close(site);
    fixture_remove(folder);
    return 0;
}

static const uint8_t *
key(uint8_t seed)
{
    static uint8_t value[64];
    memset(value, seed, sizeof value);
    return value;
}

static struct perso_claim
claim(const char *job, uint8_t seed, const char *card)
{
    struct perso_claim c = { .value = key(seed), .value_bytes = 64, .card_id = card };
    assert_ok(store.claim(store.self, job, PERSO_CLAIM_KEY, &c, 1, &err), err);
    return c;
}

static void
release(const char *job, uint8_t seed, const char *card)
{
    struct perso_claim c = { .value = key(seed), .value_bytes = 64, .card_id = card };
    assert_ok(store.release(store.self, job, PERSO_CLAIM_KEY, &c, 1, &err), err);
}

static struct collected
dump(void)
{
    struct collected ret;
    struct perso_sink sink = fixture_sink(&ret);
    assert_ok(perso_site_db_dump(site, &sink, &err), err);
    return ret;
}

static int
count_of(const char *text, const char *part)
{
    int n = 0;
    for (; text != NULL && (text = strstr(text, part)) != NULL; text++)
        n++;
    return n;
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
    struct collected text = dump();
    assert_int_equal(count_of(text.bytes, "claim\t"), 1);
    assert_int_equal(count_of(text.bytes, "flag\t"), 2); /* each pair once */
    free(text.bytes);
    /* The same bytes as another kind are another thing. */
    struct perso_claim c = { .value = key(1), .value_bytes = 64, .card_id = CARD_B };
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
    struct collected text = dump();
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
    assert_ok(store.file_claim(store.self, "job1", PERSO_STAGE_INGEST, key(3), &err), err);
    assert_ok(store.file_claim(store.self, "job1", PERSO_STAGE_INGEST, key(3), &err), err);
    assert_result(PERSO_REJECT,
                  store.file_claim(store.self, "job2", PERSO_STAGE_INGEST, key(3), &err), err);
    assert_int_equal(err.reject, PERSO_REJ_FILE_OTHER_JOB);
    assert_non_null(strstr(err.text, "job1"));
    assert_ok(store.file_claim(store.self, "job2", PERSO_STAGE_COLLECT, key(3), &err), err);
    assert_ok(store.file_release(store.self, "job2", PERSO_STAGE_INGEST, key(3), &err), err);
    assert_result(PERSO_REJECT,
                  store.file_claim(store.self, "job2", PERSO_STAGE_INGEST, key(3), &err), err);
    assert_ok(store.file_release(store.self, "job1", PERSO_STAGE_INGEST, key(3), &err), err);
    assert_ok(store.file_claim(store.self, "job2", PERSO_STAGE_INGEST, key(3), &err), err);
}

static void
a_head_never_goes_back(void **state) /* RELIABILITY T13: roll-back */
{
    static const uint8_t token[16] = { 1 };
    uint8_t sm3[PERSO_SM3_BYTES];
    int64_t event = 0;
    (void)state;

    assert_result(PERSO_FATAL, store.head_set(store.self, "job1", 1, key(1), &err), err);
    assert_ok(store.job_add(store.self, "job1", token, &err), err);
    assert_result(PERSO_END, store.head_get(store.self, "job1", &event, sm3, &err), err);
    assert_ok(store.head_set(store.self, "job1", 5, key(1), &err), err);
    assert_ok(store.head_set(store.self, "job1", 5, key(1), &err), err);
    assert_ok(store.head_set(store.self, "job1", 7, key(2), &err), err);
    assert_result(PERSO_FATAL, store.head_set(store.self, "job1", 7, key(3), &err), err);
    assert_result(PERSO_FATAL, store.head_set(store.self, "job1", 6, key(2), &err), err);
    assert_ok(store.head_get(store.self, "job1", &event, sm3, &err), err);
    assert_int_equal(event, 7);
    assert_memory_equal(sm3, key(2), sizeof sm3);
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
    assert_ok(store.head_set(store.self, "job1", 3, key(1), &err), err);
    assert_ok(store.file_claim(store.self, "job1", PERSO_STAGE_INGEST, key(3), &err), err);
    struct collected before = dump();
    perso_site_db_close(site);

    site_open(true);
    assert_false(claim("job2", 1, CARD_A).granted);
    assert_true(claim("job2", 2, CARD_A).granted);
    assert_true(claim("job2", 9, CARD_B).granted);
    assert_false(claim("job2", 9, CARD_A).granted);
    release("job2", 9, CARD_B);
    assert_true(claim("job3", 9, CARD_B).granted);
    assert_result(PERSO_REJECT, store.job_add(store.self, "job1", other_token, &err), err);
    assert_ok(store.job_add(store.self, "job2", token, &err), err);
    assert_ok(store.head_set(store.self, "job1", 4, key(2), &err), err);
    assert_result(PERSO_REJECT,
                  store.file_claim(store.self, "job2", PERSO_STAGE_INGEST, key(3), &err), err);
    assert_ok(store.file_claim(store.self, "job2", PERSO_STAGE_INGEST, key(4), &err), err);
    /* Another job goes on meanwhile. */
    assert_ok(perso_site_db_open(path, false, &other, &err), err);
    struct perso_site_store second = perso_site_db_store(other);
    assert_ok(second.head_set(second.self, "job1", 3, key(1), &err), err);
    perso_site_db_close(other);
    perso_site_db_close(site);

    site_open(false);
    struct collected after = dump();
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
        site_open(false);
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
    site_open(false);
    struct collected text = dump();
    assert_int_equal(count_of(text.bytes, "claim\t"), KEYS);
    assert_int_equal(count_of(text.bytes, "flag\t"), KEYS * (JOBS - 1));
    free(text.bytes);
}

static void
the_schema_refuses(void **state)
{
    static const char *const cases[] = {
        "INSERT INTO claim VALUES (5, x'00', 'c', 'j', 0)",
        "INSERT INTO claim VALUES (1, x'', 'c', 'j', 0)",
        "INSERT INTO claim VALUES (1, zeroblob(65), 'c', 'j', 0)",
        "INSERT INTO claim VALUES (1, 'text', 'c', 'j', 0)",
        "INSERT INTO claim VALUES (1, x'00', '', 'j', 0)",
        "INSERT INTO claim VALUES (1, x'00', 'c', 'j', 2)",
        "INSERT INTO flag VALUES (1, x'00', 'c', 'j')",
        "INSERT INTO job VALUES ('j', x'00', NULL, NULL)",
        "INSERT INTO job VALUES ('j', zeroblob(16), 1, NULL)",
        "INSERT INTO file VALUES ('ingest', x'00', 'j')",
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, site_setup, site_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_has_one_card),
        TEST(a_released_claim_stays_its_cards),
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
