/* A card is made again once, by one new card (LD/T 03-2022 6.4.4). */
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

#define CARD_D "411600D156000005000000000000000D"

static void
allow(const char *job, const char *card)
{
    assert_ok(store.remake_allow(store.self, job, &card, 1, &err), err);
}

static struct perso_remake
take(const char *job, const char *old_card, const char *new_card)
{
    struct perso_remake r = { .old_card = old_card, .new_card = new_card };
    assert_ok(store.remake_take(store.self, job, &r, 1, &err), err);
    return r;
}

static void
release(const char *job, const char *old_card, const char *new_card)
{
    assert_ok(store.remake_release(store.self, job, old_card, new_card, &err), err);
}

static void
assert_pair(const char *card, const char *replaces, const char *replaced_by)
{
    char old_card[PERSO_CARD_ID_CHARS + 1], new_card[PERSO_CARD_ID_CHARS + 1];
    assert_ok(store.remake_of(store.self, card, old_card, new_card, &err), err);
    assert_string_equal(old_card, replaces);
    assert_string_equal(new_card, replaced_by);
}

static void
only_confirmed_cards_are_made_again(void **state)
{
    const char *twice[] = { CARD_A, CARD_A };
    (void)state;

    struct perso_remake r = take("job2", CARD_A, CARD_B);
    assert_false(r.granted || r.allowed);
    assert_string_equal(r.other_card, "");
    assert_pair(CARD_A, "", "");
    assert_ok(store.remake_allow(store.self, "job1", twice, 2, &err), err);
    allow("job9", CARD_A); /* the first job stays */
    assert_ok(store.remake_allow(store.self, "job1", twice, 0, &err), err);
    struct collected text = fixture_site_dump();
    assert_string_equal(text.bytes, "remake\t" CARD_A "\tjob1\t-\t-\n");
    free(text.bytes);
    r = take("job2", CARD_A, CARD_B);
    assert_true(r.granted && r.allowed);
    assert_pair(CARD_A, "", CARD_B);
    assert_pair(CARD_B, CARD_A, "");
}

static void
an_old_card_has_one_new_card(void **state)
{
    (void)state;
    allow("job1", CARD_A);
    assert_true(take("job2", CARD_A, CARD_B).granted);
    assert_true(take("job2", CARD_A, CARD_B).granted); /* a resumed run */
    struct perso_remake r = take("job3", CARD_A, CARD_C);
    assert_false(r.granted);
    assert_true(r.allowed);
    assert_string_equal(r.other_card, CARD_B);
    allow("job1", CARD_A); /* confirmed again: stays taken */
    assert_false(take("job3", CARD_A, CARD_C).granted);
    assert_pair(CARD_C, "", "");
}

static void
a_new_card_replaces_one_old_card(void **state)
{
    (void)state;
    allow("job1", CARD_A);
    allow("job1", CARD_D);
    assert_true(take("job2", CARD_A, CARD_B).granted);
    struct perso_remake r = take("job2", CARD_D, CARD_B);
    assert_false(r.granted);
    assert_true(r.allowed);
    assert_string_equal(r.other_card, CARD_A);
    r = take("job2", CARD_D, CARD_D);
    assert_false(r.granted);
    assert_string_equal(r.other_card, CARD_D);
    /* A remade card may be spoiled in its turn. */
    allow("job2", CARD_B);
    assert_true(take("job3", CARD_B, CARD_C).granted);
    assert_pair(CARD_B, CARD_A, CARD_C);
}

static void
only_its_pair_is_released(void **state)
{
    (void)state;
    allow("job1", CARD_A);
    assert_true(take("job2", CARD_A, CARD_B).granted);
    release("job2", CARD_A, CARD_C);
    release("job2", CARD_D, CARD_B);
    release("job3", CARD_A, CARD_B); /* not the job that holds it */
    assert_false(take("job3", CARD_A, CARD_C).granted);
    release("job2", CARD_A, CARD_B);
    release("job2", CARD_A, CARD_B);
    assert_pair(CARD_A, "", "");
    assert_true(take("job3", CARD_A, CARD_C).granted);
    /* The same pair in another job: that job holds it then. */
    assert_true(take("job4", CARD_A, CARD_C).granted);
    release("job3", CARD_A, CARD_C);
    assert_pair(CARD_C, CARD_A, "");
}

static void
a_batch_is_judged_in_order(void **state)
{
    struct perso_remake batch[] = {
        { .old_card = CARD_A, .new_card = CARD_B },
        { .old_card = CARD_A, .new_card = CARD_C },
        { .old_card = CARD_D, .new_card = CARD_C },
        { .old_card = "short", .new_card = CARD_C },
    };
    (void)state;

    allow("job1", CARD_A);
    assert_ok(store.remake_take(store.self, "job2", batch, 4, &err), err);
    assert_true(batch[0].granted);
    assert_false(batch[1].granted || batch[2].granted || batch[3].granted);
    assert_true(batch[1].allowed);
    assert_false(batch[2].allowed || batch[3].allowed);
    /* All or nothing: a value that the store refuses takes the others back. */
    struct perso_remake bad[] = { { .old_card = CARD_D, .new_card = CARD_C },
                                  { .old_card = CARD_D, .new_card = "short" } };
    allow("job1", CARD_D);
    release("job2", CARD_A, CARD_B);
    bad[0].old_card = CARD_A;
    assert_result(PERSO_FATAL, store.remake_take(store.self, "job2", bad, 2, &err), err);
    assert_false(bad[0].granted);
    assert_pair(CARD_A, "", "");
}

static void
a_dry_run_changes_nothing(void **state)
{
    (void)state;
    allow("job1", CARD_A);
    allow("job1", CARD_D);
    assert_true(take("job2", CARD_A, CARD_B).granted);
    struct collected before = fixture_site_dump();
    perso_site_db_close(site);
    fixture_site_open(true);
    assert_false(take("job3", CARD_A, CARD_C).granted);
    assert_false(take("job3", CARD_D, CARD_B).granted); /* seen through the store's row */
    assert_pair(CARD_B, CARD_A, "");
    release("job2", CARD_A, CARD_B);
    assert_true(take("job3", CARD_A, CARD_C).granted);
    assert_true(take("job3", CARD_D, CARD_B).granted);
    perso_site_db_close(site);
    fixture_site_open(false);
    struct collected after = fixture_site_dump();
    assert_string_equal(before.bytes, after.bytes);
    free(before.bytes);
    free(after.bytes);
}

/* Several processes want the same old cards: every card gets exactly one new one. */
static void
jobs_take_turns(void **state)
{
    enum { JOBS = 4, CARDS = 100 };
    char card[PERSO_CARD_ID_CHARS + 1], new_card[PERSO_CARD_ID_CHARS + 1], job[16];
    (void)state;

    for (int k = 0; k < CARDS; k++) {
        snprintf(card, sizeof card, "411600D1560000050000000000001%03d", k);
        allow("job0", card);
    }
    perso_site_db_close(site);
    site = NULL;
    pid_t pids[JOBS];
    for (int j = 0; j < JOBS; j++) {
        if ((pids[j] = fork()) != 0)
            continue;
        int granted = 0;
        snprintf(job, sizeof job, "job%d", j);
        fixture_site_open(false);
        for (int k = 0; k < CARDS; k++) {
            snprintf(card, sizeof card, "411600D1560000050000000000001%03d", k);
            snprintf(new_card, sizeof new_card, "411600D156000005000000000000%d%03d", j + 2, k);
            granted += take(job, card, new_card).granted;
        }
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
    assert_int_equal(sum, CARDS);
    fixture_site_open(false);
}

static struct perso_remake
take_of(const char *whose, const char *old_card, const char *new_card)
{
    struct perso_remake r = { .old_card = old_card, .new_card = new_card, .whose = whose };
    assert_ok(store.remake_take(store.self, "V2-411600-R1-1", &r, 1, &err), err);
    return r;
}

static void
nobody_takes_anothers_cards(void **state)
{
    (void)state;
    allow("V1-411600-B1-1", CARD_A);
    struct perso_remake r = take_of("V2-411600-", CARD_A, CARD_B);
    assert_false(r.granted || r.allowed);
    assert_string_equal(r.other_card, "");
    assert_pair(CARD_A, "", "");
    r = take_of("V1-411600-B1-1-and-more", CARD_A, CARD_B);
    assert_false(r.granted || r.allowed);
    r = take_of("V1-411600-", CARD_A, CARD_B);
    assert_true(r.granted && r.allowed);
    assert_pair(CARD_A, "", CARD_B);
    r = take_of("V2-411600-", CARD_A, CARD_C); /* whose other card has it is not told either */
    assert_false(r.granted || r.allowed);
    assert_string_equal(r.other_card, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_confirmed_cards_are_made_again), TEST(an_old_card_has_one_new_card),
        TEST(a_new_card_replaces_one_old_card),    TEST(only_its_pair_is_released),
        TEST(nobody_takes_anothers_cards),         TEST(a_batch_is_judged_in_order),
        TEST(a_dry_run_changes_nothing),           TEST(jobs_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
