/* Files that outlive a crash, and what is read from the operator (DESIGN 6, CONTRACTS 1). */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/sm2/sm3.h"
#include "pipeline/store/durable.h"
#include "tests/pipeline/store/ledger_fixture.h"

static char folder[] = "/tmp/perso-durable-XXXXXX";
static struct perso_error err;

static const char *
path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int
folder_setup(void **state)
{
    (void)state;
    memcpy(strrchr(folder, '-') + 1, "XXXXXX", 6);
    return mkdtemp(folder) == NULL;
}

static int
folder_teardown(void **state)
{
    (void)state;
    fixture_remove(folder);
    return 0;
}

static void
a_file_appears_whole(void **state) /* DESIGN 6: temporary name, fsync, rename */
{
    static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 200000 };
    uint8_t *bytes = malloc(200000), want[PERSO_SM3_BYTES], have[PERSO_SM3_BYTES];
    (void)state;

    assert_non_null(bytes);
    for (size_t i = 0; i < 200000; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct perso_durable *file = NULL;
        uint64_t n_written = 0;
        uint8_t *back = NULL;
        size_t n = 0;
        struct stat st;

        assert_ok(perso_durable_open(folder, "a.csv", &file, &err), err);
        assert_int_equal(access(path_of(".a.csv.part"), F_OK), 0);
        struct perso_sink sink = perso_durable_sink(file);
        for (size_t at = 0; at < sizes[i]; at += 1000) {
            size_t part = sizes[i] - at < 1000 ? sizes[i] - at : 1000;
            assert_ok(perso_sink_write(&sink, bytes + at, part, &err), err);
        }
        assert_ok(perso_durable_commit(file, have, &n_written, &err), err);
        assert_int_equal(n_written, sizes[i]);
        assert_true(perso_sm3_of(bytes, sizes[i], want));
        assert_memory_equal(have, want, sizeof want);
        assert_int_equal(fixture_count(folder), 1);
        assert_int_equal(stat(path_of("a.csv"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_ok(perso_file_read(path_of("a.csv"), sizes[i], &back, &n, &err), err);
        assert_int_equal(n, sizes[i]);
        assert_memory_equal(back, bytes, n);
        free(back);
    }
    free(bytes);
}

static void
a_finished_file_gets_its_name_later(void **state)
{
    uint8_t sm3[PERSO_SM3_BYTES];
    struct perso_durable *file = NULL;
    uint64_t bytes = 0;
    bool stands = true;
    (void)state;

    assert_ok(perso_durable_complete(folder, "f", &stands, &err), err);
    assert_false(stands);
    assert_ok(perso_durable_open(folder, "f", &file, &err), err);
    struct perso_sink sink = perso_durable_sink(file);
    assert_ok(perso_sink_write(&sink, "abc", 3, &err), err);
    assert_ok(perso_durable_finish(file, sm3, &bytes, &err), err);
    assert_int_equal(bytes, 3);
    assert_int_equal(access(path_of("f"), F_OK), -1);
    perso_durable_abandon(file); /* as where the process dies: it may be noted somewhere */
    assert_ok(perso_durable_complete(folder, "f", &stands, &err), err);
    assert_true(stands);
    assert_int_equal(access(path_of(".f.part"), F_OK), -1);
    assert_ok(perso_durable_complete(folder, "f", &stands, &err), err);
    assert_true(stands);
    assert_ok(perso_durable_unlink(path_of("f"), &err), err); /* somebody took it */
    assert_ok(perso_durable_complete(folder, "f", &stands, &err), err);
    assert_false(stands);
    assert_ok(perso_durable_complete("/nowhere/at/all", "f", &stands, &err), err);
    assert_false(stands);
}

static void
an_abandoned_file_leaves_nothing(void **state)
{
    struct perso_durable *file = NULL;
    (void)state;

    assert_ok(perso_durable_write(folder, "a", "old", 3, &err), err);
    assert_ok(perso_durable_open(folder, "a", &file, &err), err);
    struct perso_sink sink = perso_durable_sink(file);
    assert_ok(perso_sink_write(&sink, "new", 3, &err), err);
    perso_durable_abandon(file);
    assert_int_equal(fixture_count(folder), 1);

    uint8_t *back = NULL;
    size_t n = 0;
    assert_ok(perso_file_read(path_of("a"), 10, &back, &n, &err), err);
    assert_int_equal(n, 3);
    assert_memory_equal(back, "old", 3);
    free(back);
    perso_durable_abandon(NULL);
}

static void
a_left_over_is_replaced_and_no_link_followed(void **state)
{
    struct stat st;
    (void)state;

    /* A planted link under the temporary name must not lead the bytes elsewhere. */
    assert_int_equal(symlink(path_of("victim"), ".a.part"), 0);
    assert_int_equal(rename(".a.part", path_of(".a.part")), 0);
    assert_ok(perso_durable_write(folder, "a", "x", 1, &err), err);
    assert_int_equal(access(path_of("victim"), F_OK), -1);
    assert_int_equal(lstat(path_of("a"), &st), 0);
    assert_true(S_ISREG(st.st_mode));
}

static void
names_that_are_no_file_names_are_refused(void **state)
{
    static const char *const names[] = { "", ".", "..", "a/b", "../a" };
    struct perso_durable *file = NULL;
    (void)state;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_result(PERSO_FATAL, perso_durable_open(folder, names[i], &file, &err), err);
    assert_result(PERSO_FATAL, perso_durable_open(path_of("none"), "a", &file, &err), err);
    assert_null(file);
    assert_int_equal(fixture_count(folder), 0);
}

static void
a_full_disk_is_told(void **state) /* RELIABILITY T6: no "lied success" */
{
    static uint8_t bytes[70000];
    struct perso_durable *file = NULL;
    (void)state;

    /* A descriptor that refuses every write stands in for the full disk. */
    assert_ok(perso_durable_open(folder, "a", &file, &err), err);
    int full = open("/dev/full", O_WRONLY);
    struct stat want, have;
    assert_int_equal(stat(path_of(".a.part"), &want), 0);
    for (int fd = 3; fd < 64; fd++)
        if (fstat(fd, &have) == 0 && have.st_ino == want.st_ino && have.st_dev == want.st_dev)
            assert_int_equal(dup2(full, fd), fd);
    struct perso_sink sink = perso_durable_sink(file);
    assert_result(PERSO_FATAL, perso_sink_write(&sink, bytes, sizeof bytes, &err), err);
    assert_result(PERSO_FATAL, perso_sink_write(&sink, bytes, 1, &err), err);
    assert_result(PERSO_FATAL, perso_durable_commit(file, NULL, NULL, &err), err);
    assert_int_equal(fixture_count(folder), 0);
    close(full);
}

static void
folders_are_private(void **state) /* CONTRACTS 1: folders 0700 */
{
    char inner[256];
    struct stat st;
    (void)state;

    snprintf(inner, sizeof inner, "%s", path_of("in"));
    assert_ok(perso_durable_folder(inner, &err), err);
    assert_ok(perso_durable_folder(inner, &err), err);
    assert_int_equal(stat(inner, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(symlink(inner, path_of("link")), 0);
    assert_result(PERSO_FATAL, perso_durable_folder(path_of("link"), &err), err);
    assert_result(PERSO_FATAL, perso_durable_folder(path_of("none/in"), &err), err);
}

static void
expect_refused(const char *name, enum perso_reject want)
{
    struct perso_file_source *source = NULL;
    uint8_t *bytes = NULL;
    size_t n = 0;

    err = (struct perso_error) { 0 };
    assert_result(PERSO_REJECT, perso_file_read(path_of(name), 100, &bytes, &n, &err), err);
    assert_string_equal(perso_reject_code(err.reject), perso_reject_code(want));
    assert_string_equal(err.file, path_of(name));
    err = (struct perso_error) { 0 };
    assert_result(PERSO_REJECT, perso_file_source_open(path_of(name), &source, &err), err);
    assert_string_equal(perso_reject_code(err.reject), perso_reject_code(want));
    assert_null(bytes);
    assert_null(source);
}

static void
only_regular_files_are_read(void **state) /* CONTRACTS 1: regular files, no links */
{
    (void)state;
    assert_ok(perso_durable_write(folder, "a", "x", 1, &err), err);
    assert_int_equal(symlink("a", path_of("link")), 0);
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    assert_int_equal(mkdir(path_of("folder"), 0700), 0);

    expect_refused("none", PERSO_REJ_FILE_OPEN);
    expect_refused("a/b", PERSO_REJ_FILE_OPEN);
    assert_non_null(strstr(err.text, "Not a directory"));
    expect_refused("link", PERSO_REJ_FILE_KIND);
    expect_refused("fifo", PERSO_REJ_FILE_KIND);
    expect_refused("folder", PERSO_REJ_FILE_KIND);
}

static void
size_is_bounded(void **state) /* n and n + 1 */
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    (void)state;

    assert_ok(perso_durable_write(folder, "a", "12345", 5, &err), err);
    assert_result(PERSO_REJECT, perso_file_read(path_of("a"), 4, &bytes, &n, &err), err);
    assert_int_equal(err.reject, PERSO_REJ_FILE_FORMAT);
    assert_ok(perso_file_read(path_of("a"), 5, &bytes, &n, &err), err);
    free(bytes);
}

static void
a_source_gives_all_bytes_twice(void **state)
{
    static uint8_t bytes[150000], back[150001];
    static const size_t pieces[] = { 1, 999, 65535, 65536, 150001 };
    struct perso_file_source *file = NULL;
    uint8_t want[PERSO_SM3_BYTES], have[PERSO_SM3_BYTES];
    uint64_t total = 0;
    (void)state;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 255);
    assert_ok(perso_durable_write(folder, "a", bytes, sizeof bytes, &err), err);
    assert_ok(perso_file_source_open(path_of("a"), &file, &err), err);
    assert_int_equal(perso_file_source_bytes(file), sizeof bytes);
    struct perso_source source = perso_file_source(file);
    for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
        size_t have_n = 0, n = 0;
        enum perso_result rc;
        while ((rc = perso_source_read(&source, back + have_n,
                                       pieces[(p + have_n) % 5] < sizeof back - have_n
                                           ? pieces[(p + have_n) % 5]
                                           : sizeof back - have_n,
                                       &n, &err)) == PERSO_OK)
            have_n += n;
        assert_result(PERSO_END, rc, err);
        assert_int_equal(have_n, sizeof bytes);
        assert_memory_equal(back, bytes, sizeof bytes);
        assert_ok(perso_file_source_rewind(file, &err), err);
    }
    assert_ok(perso_source_sm3(&source, have, &total, &err), err);
    assert_true(perso_sm3_of(bytes, sizeof bytes, want));
    assert_memory_equal(have, want, sizeof want);
    assert_int_equal(total, sizeof bytes);
    perso_file_source_close(file);
    perso_file_source_close(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, folder_setup, folder_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_appears_whole),
        TEST(a_finished_file_gets_its_name_later),
        TEST(an_abandoned_file_leaves_nothing),
        TEST(a_left_over_is_replaced_and_no_link_followed),
        TEST(names_that_are_no_file_names_are_refused),
        TEST(a_full_disk_is_told),
        TEST(folders_are_private),
        TEST(only_regular_files_are_read),
        TEST(size_is_bounded),
        TEST(a_source_gives_all_bytes_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
