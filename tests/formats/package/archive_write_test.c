/* Archives out: the same bytes for the same content in any time zone (CONTRACTS 3). */
#define _DEFAULT_SOURCE /* mkstemps */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "memory_io.h"

static const enum perso_archive_form forms[] = { PERSO_ARCHIVE_ZIP, PERSO_ARCHIVE_TAR_ZST,
                                                 PERSO_ARCHIVE_TAR_GZ, PERSO_ARCHIVE_TAR };
#define N_FORMS (sizeof forms / sizeof forms[0])

static void
set_zone(const char *zone)
{
    assert_int_equal(setenv("TZ", zone, 1), 0);
    tzset();
}

static void
bytes_are_the_same_in_every_time_zone(void **state)
{
    static const char *const zones[] = { "Asia/Shanghai", "America/New_York", "CST-8",
                                         "XYZ+11:30" };

    (void)state;
    for (size_t f = 0; f < N_FORMS; f++) {
        struct memory utc = { 0 };
        set_zone("UTC");
        memory_sample(&utc, forms[f]);
        for (size_t z = 0; z < sizeof zones / sizeof zones[0]; z++) {
            struct memory other = { 0 };
            set_zone(zones[z]);
            memory_sample(&other, forms[f]);
            assert_int_equal(other.n, utc.n);
            assert_memory_equal(other.at, utc.at, utc.n);
            memory_free(&other);
        }
        memory_free(&utc);
    }
    set_zone("UTC");
}

static void
the_date_is_the_jobs(void **state)
{
    struct memory m = { 0 };

    (void)state;
    memory_sample(&m, PERSO_ARCHIVE_ZIP); /* DOS: 44 years from 1980, month 2, day 29, 12:00 */
    unsigned time = m.at[10] | (unsigned)m.at[11] << 8, date = m.at[12] | (unsigned)m.at[13] << 8;
    assert_int_equal(time, 12u << 11);
    assert_int_equal(date, 44u << 9 | 2u << 5 | 29u);
    memory_free(&m);
    memory_sample(&m, PERSO_ARCHIVE_TAR);
    assert_int_equal(strtoll((char *)m.at + 136, NULL, 8), NOON_2024_02_29);
    assert_string_equal((char *)m.at + 265, ""); /* no owner's name */
    assert_string_equal((char *)m.at + 297, "");
    assert_int_equal(strtol((char *)m.at + 108, NULL, 8), 0); /* nor number */
    assert_int_equal(strtol((char *)m.at + 100, NULL, 8), 0600);
    memory_free(&m);
    memory_sample(&m, PERSO_ARCHIVE_TAR_GZ);
    assert_memory_equal(m.at + 4, "\0\0\0\0", 4); /* gzip's own time */
    memory_free(&m);
}

static void
dates_that_a_zip_cannot_hold_are_refused(void **state)
{
    static const struct {
        int64_t date_s;
        enum perso_result want;
    } dates[] = {
        { INT64_C(315532799), PERSO_FATAL }, /* one second before 1980 */
        { INT64_C(315532800), PERSO_OK },
        { INT64_C(4354819199), PERSO_OK }, /* end of 2107 */
        { INT64_C(4354819200), PERSO_FATAL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        struct memory m = { 0 };
        struct perso_error err = { 0 };
        struct perso_archive_writer *w = NULL;
        struct perso_sink sink = memory_sink(&m);
        assert_int_equal(perso_archive_create(&sink, PERSO_ARCHIVE_ZIP, dates[i].date_s, &w, &err),
                         dates[i].want);
        perso_archive_writer_free(w);
        memory_free(&m);
    }
}

/* A member of `size` bytes from a source of `have`. */
static enum perso_result
add_streamed(struct memory *m, enum perso_archive_form form, uint64_t size, size_t have)
{
    struct memory content = { .piece = 1000 };
    struct perso_error err = { 0 };
    struct perso_archive_writer *w = NULL;
    struct perso_sink sink = memory_sink(m);

    for (size_t i = 0; i < have; i++)
        memory_write(&content, &(uint8_t) { (uint8_t)(i * i >> 3) }, 1, &err);
    struct perso_source source = memory_source(&content);
    assert_int_equal(perso_archive_create(&sink, form, NOON_2024_02_29, &w, &err), PERSO_OK);
    enum perso_result rc = perso_archive_add_source(w, "application.csv", size, &source, &err);
    if (rc == PERSO_OK)
        rc = perso_archive_finish(w, &err);
    else
        assert_int_equal(perso_archive_finish(w, &err), PERSO_FATAL); /* it cannot be mended */
    perso_archive_writer_free(w);
    if (rc == PERSO_OK) {
        struct memory list = { 0 };
        assert_int_equal(memory_list(m, &wide_limits, &list, &err), PERSO_OK);
        assert_int_equal(list.n, strlen("application.csv=;") + size);
        assert_memory_equal(list.at + 16, content.at, (size_t)size);
        memory_free(&list);
    }
    memory_free(&content);
    return rc;
}

static void
members_from_a_source_are_read_back(void **state)
{
    static const size_t sizes[] = { 0, 1, 65534, 65535, 65536, 131070, 200000 };

    (void)state;
    for (size_t f = 0; f < N_FORMS; f++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct memory m = { 0 };
            assert_int_equal(add_streamed(&m, forms[f], sizes[i], sizes[i]), PERSO_OK);
            memory_free(&m);
        }
}

static void
a_source_that_is_too_short_is_noticed(void **state)
{
    (void)state;
    for (size_t f = 0; f < N_FORMS; f++) {
        struct memory m = { 0 };
        assert_int_equal(add_streamed(&m, forms[f], 100, 99), PERSO_FATAL);
        memory_free(&m);
    }
}

static void
names_that_the_reader_refuses_are_not_written(void **state)
{
    static const char *const names[] = { "", "/a", "../a", "a/", "a\\b", "A.CSV", "a\n", "\xff" };

    (void)state;
    for (size_t f = 0; f < N_FORMS; f++) {
        struct memory m = { 0 };
        struct perso_error err = { 0 };
        struct perso_archive_writer *w = NULL;
        struct perso_sink sink = memory_sink(&m);
        assert_int_equal(perso_archive_create(&sink, forms[f], NOON_2024_02_29, &w, &err),
                         PERSO_OK);
        assert_int_equal(perso_archive_add(w, "a.csv", "x", 1, &err), PERSO_OK);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            assert_int_equal(perso_archive_add(w, names[i], "x", 1, &err), PERSO_REJECT);
            assert_int_equal(err.reject, PERSO_REJ_ARCHIVE_MEMBER);
        }
        perso_archive_writer_free(w);
        memory_free(&m);
    }
}

static void
an_archive_that_was_not_finished_does_not_look_so(void **state)
{
    (void)state;
    for (size_t f = 0; f < N_FORMS; f++) {
        struct memory m = { 0 }, list = { 0 };
        struct perso_error err = { 0 };
        struct perso_archive_writer *w = NULL;
        struct perso_sink sink = memory_sink(&m);
        assert_int_equal(perso_archive_create(&sink, forms[f], NOON_2024_02_29, &w, &err),
                         PERSO_OK);
        assert_int_equal(perso_archive_add(w, "a.csv", "x", 1, &err), PERSO_OK);
        perso_archive_writer_free(w);
        assert_int_equal(memory_list(&m, &wide_limits, &list, &err), PERSO_REJECT);
        memory_free(&m);
        memory_free(&list);
    }
}

static enum perso_result
write_until_full(void *self, const void *bytes, size_t n, struct perso_error *err)
{
    size_t *room = (size_t *)self;

    (void)bytes;
    if (n > *room)
        return perso_error_set(err, PERSO_REJ_NONE, "", "disk full");
    *room -= n;
    return PERSO_OK;
}

static void
a_full_disk_is_told_at_every_byte(void **state)
{
    (void)state;
    for (size_t f = 0; f < N_FORMS; f++) {
        struct memory m = { 0 };
        memory_sample(&m, forms[f]);
        for (size_t limit = 0; limit < m.n; limit += 13) {
            size_t room = limit;
            struct perso_error err = { 0 };
            struct perso_archive_writer *w = NULL;
            struct perso_sink sink = { write_until_full, &room };
            enum perso_result rc = perso_archive_create(&sink, forms[f], NOON_2024_02_29, &w, &err);
            if (rc == PERSO_OK)
                rc = perso_archive_add(w, "a.csv", "AAZ501\n1\n", 9, &err);
            if (rc == PERSO_OK)
                rc = perso_archive_add(w, "dir/b.txt", "slip", 4, &err);
            if (rc == PERSO_OK)
                rc = perso_archive_add(w, "empty", "", 0, &err);
            if (rc == PERSO_OK)
                rc = perso_archive_finish(w, &err);
            assert_int_equal(rc, PERSO_FATAL);
            assert_string_equal(err.text, "disk full");
            perso_archive_writer_free(w);
        }
        memory_free(&m);
    }
}

static const struct {
    const char *tool, *command;
    enum perso_archive_form form;
} judges[] = {
    { "unzip", "unzip -t %s", PERSO_ARCHIVE_ZIP },
    { "7z", "7z t -tzip %s", PERSO_ARCHIVE_ZIP },
    { "zip", "zip -T %s", PERSO_ARCHIVE_ZIP },
    { "python3", "python3 -m zipfile -t %s", PERSO_ARCHIVE_ZIP },
    { "tar", "tar tf %s", PERSO_ARCHIVE_TAR },
    { "tar", "tar tzf %s", PERSO_ARCHIVE_TAR_GZ },
    { "zstd", "zstd -dcq < %s | tar tf -", PERSO_ARCHIVE_TAR_ZST },
};

/* Independent readers; a tool that is not installed is skipped by name. */
static void
judge(const struct memory *m, size_t i, const char *what)
{
    char path[] = "/tmp/perso-judge-XXXXXX.zip", line[256], command[128];
    int fd = mkstemps(path, 4);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, m->at, m->n), (ssize_t)m->n);
    assert_int_equal(close(fd), 0);
    snprintf(line, sizeof line, "command -v %s > /dev/null", judges[i].tool);
    bool here = system(line) == 0;
    snprintf(command, sizeof command, judges[i].command, path);
    snprintf(line, sizeof line, "{ %s; } > /dev/null 2>&1", command);
    int status = here ? system(line) : 0;
    unlink(path);
    if (!here)
        print_message("skipped: %s is not here\n", judges[i].tool);
    if (status != 0)
        fail_msg("%s does not take %s", judges[i].tool, what);
}

static void
other_tools_find_nothing_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof judges / sizeof judges[0]; i++) {
        struct memory m = { 0 }, streamed = { 0 };
        memory_sample(&m, judges[i].form);
        judge(&m, i, "whole members");
        assert_int_equal(add_streamed(&streamed, judges[i].form, 100000, 100000), PERSO_OK);
        judge(&streamed, i, "streamed members");
        memory_free(&m);
        memory_free(&streamed);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_the_same_in_every_time_zone),
        cmocka_unit_test(the_date_is_the_jobs),
        cmocka_unit_test(dates_that_a_zip_cannot_hold_are_refused),
        cmocka_unit_test(members_from_a_source_are_read_back),
        cmocka_unit_test(a_source_that_is_too_short_is_noticed),
        cmocka_unit_test(names_that_the_reader_refuses_are_not_written),
        cmocka_unit_test(an_archive_that_was_not_finished_does_not_look_so),
        cmocka_unit_test(a_full_disk_is_told_at_every_byte),
        cmocka_unit_test(other_tools_find_nothing_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
