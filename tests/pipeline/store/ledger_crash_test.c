/* Crashes, dry runs, readers beside a writer (RELIABILITY 2; CONTRACTS 5). */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/pipeline/store/ledger_fixture.h"

static void
in_job(const struct fixture *f, const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", f->job, name);
}

/* A child opens the ledger, works, and dies without closing anything. */
static void
die_after(struct fixture *f, void (*work)(struct fixture *f))
{
    fixture_close(f);
    pid_t pid = fork();
    if (pid == 0) {
        fixture_open(f, PERSO_LEDGER_WRITE);
        work(f);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    fixture_open(f, PERSO_LEDGER_WRITE);
}

static void
change_without_commit(struct fixture *f)
{
    fixture_begin(f);
    struct perso_ledger_file file = fixture_file(f, 2);
    for (unsigned i = 10; i < 3000; i++)
        fixture_card(f, &file, i, i, i);
    fixture_accept(f, &file);
    struct perso_event event = { .kind = "accept" };
    assert_ok(f->store.event(f->store.self, &event, &f->err), f->err);
}

static void
a_kill_inside_a_transaction_changes_nothing(void **state)
{
    struct fixture *f = *state;

    fixture_cards(f, 5);
    struct collected before = fixture_dump(f);
    die_after(f, change_without_commit);
    struct collected after = fixture_dump(f);
    assert_string_equal(before.bytes, after.bytes);
    assert_ok(perso_ledger_check(f->ledger, &f->err), f->err);
    free(before.bytes);
    free(after.bytes);
}

static void
change_and_commit(struct fixture *f)
{
    fixture_begin(f);
    struct perso_ledger_file file = fixture_file(f, 2);
    fixture_card(f, &file, 10, 10, 10);
    fixture_commit(f);
}

static void
what_was_committed_stays(void **state)
{
    struct fixture *f = *state;
    struct perso_ledger_file file;

    fixture_cards(f, 5);
    die_after(f, change_and_commit);
    assert_ok(perso_ledger_file_get(f->ledger, 2, &file, &f->err), f->err);
    assert_int_equal(file.status, PERSO_FILE_READING);
    assert_ok(perso_ledger_check(f->ledger, &f->err), f->err);
}

/* An ingest that dies while it reads, is dropped and done again, dumps like an undisturbed one. */
static void
a_resumed_run_dumps_alike(void **state)
{
    struct fixture *f = *state;
    struct collected dumps[2];

    for (int disturbed = 0; disturbed < 2; disturbed++) {
        struct fixture *g = NULL;
        assert_int_equal(fixture_setup((void **)&g), 0);
        g->now_ms += disturbed * 86400000; /* another day */
        if (disturbed) {
            struct perso_event drop = { .kind = "drop", .stage = PERSO_STAGE_INGEST };
            struct perso_event refuse = { .kind = "refuse",
                                          .stage = PERSO_STAGE_INGEST,
                                          .reject = PERSO_REJ_TEXT_NUL };
            fixture_begin(g);
            struct perso_ledger_file file = fixture_file(g, 1);
            fixture_card(g, &file, 1, 1, 1);
            fixture_commit(g);
            fixture_begin(g);
            assert_ok(perso_ledger_file_drop(g->ledger, file.id, &g->err), g->err);
            assert_ok(g->store.event(g->store.self, &drop, &g->err), g->err);
            file.status = PERSO_FILE_REFUSED; /* a refusal that is repeated below */
            memset(file.sm3, 9, sizeof file.sm3);
            assert_ok(perso_ledger_file_add(g->ledger, &file, &g->err), g->err);
            refuse.file_id = file.id;
            memcpy(refuse.digest, file.sm3, sizeof file.sm3);
            assert_ok(g->store.event(g->store.self, &refuse, &g->err), g->err);
            fixture_commit(g);
        }
        fixture_begin(g);
        struct perso_ledger_file refused = { .stage = PERSO_STAGE_INGEST,
                                             .status = PERSO_FILE_REFUSED,
                                             .kind = "table",
                                             .path = "in/keys/1.csv",
                                             .encoding = "gb18030",
                                             .note = "a\tb",
                                             .bytes = 1234 };
        memset(refused.sm3, 9, sizeof refused.sm3);
        assert_ok(perso_ledger_file_add(g->ledger, &refused, &g->err), g->err);
        struct perso_event refuse = { .kind = "refuse",
                                      .stage = PERSO_STAGE_INGEST,
                                      .reject = PERSO_REJ_TEXT_NUL,
                                      .file_id = refused.id };
        memcpy(refuse.digest, refused.sm3, sizeof refused.sm3);
        assert_ok(g->store.event(g->store.self, &refuse, &g->err), g->err);
        fixture_commit(g);
        struct perso_ledger_file file = fixture_cards(g, 4);
        struct perso_event accept = { .kind = "accept",
                                      .stage = PERSO_STAGE_INGEST,
                                      .first_seq = 1,
                                      .last_seq = 4,
                                      .n_cards = 4,
                                      .file_id = file.id,
                                      .to = PERSO_STATE_RECEIVED };
        fixture_begin(g);
        assert_ok(perso_ledger_value_set(g->ledger, "job_key", disturbed ? "a" : "b", &g->err),
                  g->err);
        assert_ok(perso_ledger_value_set(g->ledger, ".attempts", disturbed ? "2" : "1", &g->err),
                  g->err);
        assert_ok(g->store.event(g->store.self, &accept, &g->err), g->err);
        fixture_commit(g);
        dumps[disturbed] = fixture_dump(g);
        fixture_teardown((void **)&g);
    }
    assert_string_equal(dumps[0].bytes, dumps[1].bytes);
    assert_non_null(strstr(dumps[0].bytes, "\nevent\tingest\taccept\t"));
    assert_non_null(strstr(dumps[0].bytes, "a\\tb"));
    free(dumps[0].bytes);
    free(dumps[1].bytes);
    (void)f;
}

static void
a_rollback_takes_data_back(void **state)
{
    struct fixture *f = *state;
    char path[128];
    struct stat before, after;

    fixture_cards(f, 5);
    in_job(f, "data/0001.seg", path);
    assert_int_equal(stat(path, &before), 0);
    struct collected want = fixture_dump(f);
    change_without_commit(f);
    perso_ledger_rollback(f->ledger);
    struct collected have = fixture_dump(f);
    assert_string_equal(want.bytes, have.bytes);
    change_and_commit(f);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_size, before.st_size + 4 + 25);
    assert_ok(perso_ledger_check(f->ledger, &f->err), f->err);
    free(want.bytes);
    free(have.bytes);
}

static void
a_torn_tail_is_cut_on_opening(void **state) /* CONTRACTS 5: payloads */
{
    struct fixture *f = *state;
    char path[128];
    struct stat before, after;

    fixture_cards(f, 5);
    fixture_close(f);
    in_job(f, "data/0001.seg", path);
    assert_int_equal(stat(path, &before), 0);
    int fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "\0\0\1\0torn", 8), 8);
    close(fd);
    fixture_open(f, PERSO_LEDGER_READ); /* a reader does not care and does not touch it */
    assert_ok(perso_ledger_check(f->ledger, &f->err), f->err);
    fixture_close(f);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_size, before.st_size + 8);
    fixture_open(f, PERSO_LEDGER_WRITE);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_size, before.st_size);
}

static void
a_damaged_payload_is_found(void **state)
{
    struct fixture *f = *state;
    struct perso_arena *arena = perso_arena_new();
    struct perso_stored_record record;
    struct perso_cursor payload;
    char path[128];

    fixture_cards(f, 3);
    in_job(f, "data/0001.seg", path);
    int fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, "X", 1, 40), 1); /* inside the second record */
    close(fd);
    assert_ok(f->store.get(f->store.self, 1, &record, arena, &payload, &f->err), f->err);
    assert_result(PERSO_FATAL, f->store.get(f->store.self, 2, &record, arena, &payload, &f->err),
                  f->err);
    assert_result(PERSO_REJECT, perso_ledger_check(f->ledger, &f->err), f->err);
    assert_non_null(strstr(f->err.text, "record 2"));
    assert_int_equal(truncate(path, 30), 0);
    assert_result(PERSO_REJECT, perso_ledger_check(f->ledger, &f->err), f->err);
    perso_arena_free(arena);
}

static void
the_balance_is_checked(void **state) /* DESIGN 1: nothing is lost */
{
    struct fixture *f = *state;

    fixture_cards(f, 3);
    assert_int_equal(fixture_sql(f, "UPDATE card SET accepted = 0, live = 0 WHERE seq = 2"), 0);
    assert_result(PERSO_REJECT, perso_ledger_check(f->ledger, &f->err), f->err);
    assert_int_equal(fixture_sql(f, "PRAGMA foreign_keys=OFF; DELETE FROM card WHERE seq = 2"), 0);
    assert_result(PERSO_REJECT, perso_ledger_check(f->ledger, &f->err), f->err);
    assert_string_equal(f->err.text, "ledger.db: record 2 names a missing card");
}

/* Every byte below a folder, file by file: to see that nothing changed. */
static uint64_t
content_of(const char *path)
{
    uint64_t hash = 14695981039346656037u;
    uint8_t buf[4096];
    ssize_t n;
    int fd = open(path, O_RDONLY);

    assert_true(fd >= 0);
    while ((n = read(fd, buf, sizeof buf)) > 0)
        for (ssize_t i = 0; i < n; i++)
            hash = (hash ^ buf[i]) * 1099511628211u;
    close(fd);
    return hash;
}

static void
a_dry_run_changes_nothing(void **state) /* DESIGN 4: --dry-run */
{
    struct fixture *f = *state;
    struct perso_arena *arena = perso_arena_new();
    struct perso_stored_record record;
    struct perso_cursor payload;
    char database[128], segment[128], data[128];

    fixture_cards(f, 5);
    fixture_close(f);
    in_job(f, "ledger.db", database);
    in_job(f, "data/0001.seg", segment);
    in_job(f, "data", data);
    uint64_t before = content_of(database), before_data = content_of(segment);

    fixture_open(f, PERSO_LEDGER_DRY);
    fixture_begin(f);
    struct perso_ledger_file file = fixture_file(f, 2);
    struct perso_card card = fixture_card(f, &file, 10, 10, 10);
    fixture_commit(f);
    /* The same digest again is refused inside the run too. */
    fixture_begin(f);
    assert_result(PERSO_FATAL, perso_ledger_file_add(f->ledger, &file, &f->err), f->err);
    perso_ledger_rollback(f->ledger);
    fixture_begin(f);
    fixture_accept(f, &file);
    fixture_commit(f);
    assert_ok(perso_ledger_card_find(f->ledger, card.card_id, &card, &f->err), f->err);
    assert_ok(f->store.get(f->store.self, card.application, &record, arena, &payload, &f->err),
              f->err);
    assert_memory_equal(payload.at, "payload of card 10 key 10", 25);
    assert_ok(f->store.get(f->store.self, 1, &record, arena, &payload, &f->err), f->err);
    assert_int_equal(fixture_count(data), 1);
    fixture_begin(f); /* closing inside a transaction is legal */
    fixture_close(f);

    assert_int_equal(content_of(database), before);
    assert_int_equal(content_of(segment), before_data);
    assert_int_equal(fixture_count(data), 1);
    assert_int_equal(fixture_count(f->job), 2);
    perso_arena_free(arena);
}

static void
readers_see_one_state_beside_a_writer(void **state)
{
    struct fixture *f = *state;
    struct perso_ledger *reader = NULL;
    uint32_t counts[PERSO_STATE_COUNT];

    fixture_cards(f, 5);
    change_without_commit(f);
    assert_ok(perso_ledger_open(f->job, PERSO_LEDGER_READ, NULL, NULL, &reader, &f->err), f->err);
    assert_ok(perso_ledger_counts(reader, counts, &f->err), f->err);
    assert_int_equal(counts[PERSO_STATE_RECEIVED], 5);
    fixture_commit(f);
    assert_ok(perso_ledger_counts(reader, counts, &f->err), f->err);
    assert_int_equal(counts[PERSO_STATE_RECEIVED], 5);
    assert_result(PERSO_FATAL, perso_ledger_begin(reader, &f->err), f->err);
    assert_ok(perso_ledger_check(reader, &f->err), f->err);
    perso_ledger_close(reader);
    assert_ok(perso_ledger_open(f->job, PERSO_LEDGER_READ, NULL, NULL, &reader, &f->err), f->err);
    assert_ok(perso_ledger_counts(reader, counts, &f->err), f->err);
    assert_int_equal(counts[PERSO_STATE_RECEIVED], 2995);
    perso_ledger_close(reader);
}

static void
a_second_writer_is_told(void **state)
{
    struct fixture *f = *state;
    struct perso_ledger *other = NULL;

    assert_ok(perso_ledger_open(f->job, PERSO_LEDGER_WRITE, NULL, NULL, &other, &f->err), f->err);
    fixture_begin(f);
    assert_result(PERSO_FATAL, perso_ledger_begin(other, &f->err), f->err);
    assert_string_equal(f->err.text, "ledger.db: another process writes to it");
    assert_result(PERSO_FATAL, perso_ledger_begin(f->ledger, &f->err), f->err); /* nested */
    fixture_commit(f);
    assert_ok(perso_ledger_begin(other, &f->err), f->err);
    perso_ledger_close(other);
}

/* status and show work for somebody who may read the job but not write there. */
static void
a_folder_that_cannot_be_written_is_read(void **state)
{
    struct fixture *f = *state;
    char path[128];

    fixture_cards(f, 5);
    fixture_close(f);
    in_job(f, "ledger.db", path);
    assert_int_equal(chmod(path, 0444), 0);
    in_job(f, "data", path);
    assert_int_equal(chmod(path, 0555), 0);
    in_job(f, "data/0001.seg", path);
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(chmod(f->job, 0555), 0);
    pid_t pid = fork();
    if (pid == 0) {
        uint32_t counts[PERSO_STATE_COUNT];
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(3);
        fixture_open(f, PERSO_LEDGER_READ);
        if (perso_ledger_counts(f->ledger, counts, &f->err) != PERSO_OK ||
            counts[PERSO_STATE_RECEIVED] != 5)
            _exit(1);
        _exit(perso_ledger_check(f->ledger, &f->err) != PERSO_OK);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(chmod(f->job, 0700), 0);
    in_job(f, "data", path);
    assert_int_equal(chmod(path, 0700), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_kill_inside_a_transaction_changes_nothing),
        TEST(what_was_committed_stays),
        TEST(a_resumed_run_dumps_alike),
        TEST(a_rollback_takes_data_back),
        TEST(a_torn_tail_is_cut_on_opening),
        TEST(a_damaged_payload_is_found),
        TEST(the_balance_is_checked),
        TEST(a_dry_run_changes_nothing),
        TEST(readers_see_one_state_beside_a_writer),
        TEST(a_second_writer_is_told),
        TEST(a_folder_that_cannot_be_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
