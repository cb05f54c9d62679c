/* What a site keeps of a purged job: card ids and keyed MACs (DESIGN 6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/pipeline/store/site_fixture.h"

static struct perso_history
history(const char *card, uint8_t seed)
{
    struct perso_history h = { 0 };
    strcpy(h.card_id, card);
    memset(h.person_mac, seed, sizeof h.person_mac);
    return h;
}

static void
history_is_put_once(void **state)
{
    struct perso_history batch[] = { history(CARD_A, 1), history(CARD_B, 2), history(CARD_A, 1),
                                     history(CARD_B, 3) }; /* its application was corrected */
    (void)state;

    for (int i = 0; i < 2; i++)
        assert_ok(store.history_put(store.self, "job1", batch, 4, &err), err);
    assert_ok(store.history_put(store.self, "job1", batch, 0, &err), err);
    struct collected text = fixture_site_dump();
    assert_string_equal(text.bytes, "history\tjob1\t" CARD_A "\t1\n"
                                    "history\tjob1\t" CARD_B "\t2\n");
    free(text.bytes);
    batch[1].card_id[31] = '\0';
    assert_result(PERSO_FATAL, store.history_put(store.self, "job2", batch, 2, &err), err);
    text = fixture_site_dump();
    assert_int_equal(fixture_site_count_of(text.bytes, "job2"), 0);
    free(text.bytes);
}

static void
the_mac_key_is_set_once(void **state)
{
    uint8_t out[PERSO_WRAPPED_BYTES];
    struct perso_site_db *other = NULL;
    size_t n = 0;
    (void)state;

    assert_ok(perso_site_db_open(path, false, &other, &err), err);
    struct perso_site_store second = perso_site_db_store(other);
    assert_result(PERSO_END, store.mac_key_get(store.self, out, &n, &err), err);
    assert_result(PERSO_END, second.mac_key_get(second.self, out, &n, &err), err);
    assert_ok(store.mac_key_set(store.self, fixture_site_key(1), 64, &err), err);
    assert_ok(store.mac_key_set(store.self, fixture_site_key(1), 64, &err), err);
    /* Two jobs made one at once: the second takes the first's. */
    assert_result(PERSO_END, second.mac_key_set(second.self, fixture_site_key(2), 64, &err), err);
    assert_ok(second.mac_key_get(second.self, out, &n, &err), err);
    assert_int_equal(n, 64);
    assert_memory_equal(out, fixture_site_key(1), 64);
    perso_site_db_close(other);
}

static void
a_purged_job_stays_purged(void **state)
{
    static const uint8_t token[16] = { 1 };
    bool purged = true;
    (void)state;

    assert_result(PERSO_FATAL, store.job_purged_set(store.self, "job1", &err), err);
    assert_result(PERSO_END, store.job_purged_get(store.self, "job1", &purged, &err), err);
    assert_ok(store.job_add(store.self, "job1", token, &err), err);
    assert_ok(store.head_set(store.self, "job1", 5, fixture_site_key(1), &err), err);
    assert_ok(store.job_purged_get(store.self, "job1", &purged, &err), err);
    assert_false(purged);
    perso_site_db_close(site);
    fixture_site_open(true);
    assert_ok(store.job_purged_set(store.self, "job1", &err), err);
    assert_ok(store.job_purged_get(store.self, "job1", &purged, &err), err);
    assert_true(purged);
    perso_site_db_close(site);
    fixture_site_open(false);
    assert_ok(store.job_purged_get(store.self, "job1", &purged, &err), err);
    assert_false(purged);
    for (int i = 0; i < 2; i++)
        assert_ok(store.job_purged_set(store.self, "job1", &err), err);
    assert_ok(store.job_add(store.self, "job1", token, &err), err);
    assert_ok(store.head_set(store.self, "job1", 6, fixture_site_key(1), &err), err);
    assert_ok(store.job_purged_get(store.self, "job1", &purged, &err), err);
    assert_true(purged);
}

/* The store is held by another: nothing changes, the call may succeed later. It waits 30 s. */
static void
a_store_that_is_kept_is_tried_later(void **state)
{
    static const struct perso_history h = { CARD_A, { 1 } };
    sqlite3 *db = NULL;
    (void)state;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_result(PERSO_RETRY, store.history_put(store.self, "job1", &h, 1, &err), err);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(db);
    assert_ok(store.history_put(store.self, "job1", &h, 1, &err), err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(history_is_put_once),
        TEST(the_mac_key_is_set_once),
        TEST(a_purged_job_stays_purged),
        TEST(a_store_that_is_kept_is_tried_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
