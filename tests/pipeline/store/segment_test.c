/* data/NNNN.seg: append-only, torn tails are cut (RELIABILITY 2: torn, lose; CONTRACTS 5). */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "pipeline/store/segment.h"
#include "tests/pipeline/store/ledger_fixture.h"

#define SMALL 4096u

static char folder[] = "/tmp/perso-segment-XXXXXX";
static struct perso_error err;
static const struct perso_segment_place nowhere;

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

static const char *
segment_path(unsigned number)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/%04u.seg", folder, number);
    return path;
}

static off_t
size_of(unsigned number)
{
    struct stat st;
    return stat(segment_path(number), &st) == 0 ? st.st_size : -1;
}

static struct perso_segments *
open_at(enum perso_segment_access access, struct perso_segment_place end)
{
    struct perso_segments *s = NULL;
    assert_ok(perso_segments_open(folder, access, end, SMALL, &s, &err), err);
    return s;
}

/* Payload i has i % 900 bytes of value i. */
static struct perso_segment_place
append(struct perso_segments *s, unsigned i)
{
    uint8_t bytes[900];
    struct perso_segment_place place = { 0, 0 };
    memset(bytes, (int)i, sizeof bytes);
    assert_ok(perso_segments_append(s, perso_cursor_of(bytes, i % 900), &place, &err), err);
    return place;
}

static void
expect(struct perso_segments *s, struct perso_segment_place place, unsigned i)
{
    uint8_t want[900], have[PERSO_SEGMENT_PREFIX + 900];
    memset(want, (int)i, sizeof want);
    assert_ok(perso_segments_read(s, place, i % 900, have, &err), err);
    assert_memory_equal(have + PERSO_SEGMENT_PREFIX, want, i % 900);
}

static void
records_come_back_over_many_segments(void **state)
{
    struct perso_segment_place places[300];
    struct perso_segments *s = open_at(PERSO_SEGMENT_WRITE, nowhere);
    (void)state;

    for (unsigned i = 0; i < 300; i++) {
        places[i] = append(s, i);
        expect(s, places[i], i); /* also what is still in the buffer */
        if (i % 50 == 0)
            assert_ok(perso_segments_sync(s, &err), err);
    }
    assert_ok(perso_segments_sync(s, &err), err);
    struct perso_segment_place end = perso_segments_end(s);
    assert_true(end.segment > 5);
    perso_segments_close(s);
    for (unsigned n = 1; n <= end.segment; n++)
        assert_in_range(size_of(n), 1, SMALL);

    s = open_at(PERSO_SEGMENT_READ, nowhere);
    for (unsigned i = 300; i-- > 0;)
        expect(s, places[i], i);
    uint8_t buf[1000];
    struct perso_segment_place wrong = places[10];
    wrong.offset++;
    assert_result(PERSO_FATAL, perso_segments_read(s, wrong, 10, buf, &err), err);
    assert_result(PERSO_FATAL, perso_segments_read(s, places[10], 11, buf, &err), err);
    wrong.segment = 999;
    assert_result(PERSO_FATAL, perso_segments_read(s, wrong, 10, buf, &err), err);
    assert_result(PERSO_FATAL, perso_segments_append(s, perso_cursor_of("x", 1), &wrong, &err),
                  err);
    perso_segments_close(s);
}

static void
a_segment_is_filled_to_its_last_byte(void **state) /* max_bytes and one more */
{
    static uint8_t bytes[SMALL];
    struct perso_segment_place place;
    (void)state;

    struct perso_segments *s = open_at(PERSO_SEGMENT_WRITE, nowhere);
    assert_ok(perso_segments_append(s, perso_cursor_of(bytes, 2000), &place, &err), err);
    size_t rest = SMALL - 2004 - PERSO_SEGMENT_PREFIX;
    assert_ok(perso_segments_append(s, perso_cursor_of(bytes, rest), &place, &err), err);
    assert_int_equal(place.segment, 1);
    assert_ok(perso_segments_append(s, perso_cursor_of(bytes, 0), &place, &err), err);
    assert_int_equal(place.segment, 2);
    assert_ok(perso_segments_sync(s, &err), err);
    assert_int_equal(size_of(1), SMALL);
    assert_int_equal(size_of(2), PERSO_SEGMENT_PREFIX);
    perso_segments_close(s);
}

static void
payloads_are_bounded(void **state) /* n and n + 1 */
{
    uint8_t *bytes = calloc(1, PERSO_SEGMENT_PAYLOAD_BYTES + 1);
    struct perso_segment_place place;
    (void)state;

    assert_non_null(bytes);
    struct perso_segments *s = open_at(PERSO_SEGMENT_WRITE, nowhere);
    assert_ok(
        perso_segments_append(s, perso_cursor_of(bytes, PERSO_SEGMENT_PAYLOAD_BYTES), &place, &err),
        err);
    assert_result(PERSO_FATAL,
                  perso_segments_append(s, perso_cursor_of(bytes, PERSO_SEGMENT_PAYLOAD_BYTES + 1),
                                        &place, &err),
                  err);
    perso_segments_close(s);
    free(bytes);
}

/* What the ledger does not know is cut at every length of the tail, also whole segments. */
static void
a_torn_tail_is_cut(void **state)
{
    (void)state;
    struct perso_segments *s = open_at(PERSO_SEGMENT_WRITE, nowhere);
    struct perso_segment_place first = append(s, 100);
    assert_ok(perso_segments_sync(s, &err), err);
    struct perso_segment_place end = perso_segments_end(s);
    perso_segments_close(s);

    for (size_t torn = 0; torn <= 64; torn++) {
        uint8_t junk[64];
        memset(junk, 0x5a, sizeof junk);
        int fd = open(segment_path(1), O_WRONLY | O_APPEND);
        assert_int_equal(write(fd, junk, torn), torn);
        close(fd);
        fd = open(segment_path(2), O_WRONLY | O_CREAT, 0600);
        assert_int_equal(write(fd, junk, torn), torn);
        close(fd);
        s = open_at(PERSO_SEGMENT_WRITE, end);
        assert_int_equal(size_of(1), end.offset);
        assert_int_equal(size_of(2), -1);
        expect(s, first, 100);
        struct perso_segment_place next = append(s, 50);
        assert_int_equal(next.offset, end.offset);
        expect(s, next, 50);
        perso_segments_close(s);
    }
    assert_int_equal(truncate(segment_path(1), (off_t)end.offset - 1), 0);
    assert_result(PERSO_FATAL,
                  perso_segments_open(folder, PERSO_SEGMENT_WRITE, end, SMALL, &s, &err), err);
    assert_non_null(strstr(err.text, "0001.seg: have 103 bytes, the ledger knows 104"));
    assert_int_equal(unlink(segment_path(1)), 0);
    assert_result(PERSO_FATAL,
                  perso_segments_open(folder, PERSO_SEGMENT_WRITE, end, SMALL, &s, &err), err);
}

static void
rewind_takes_back_what_was_appended(void **state)
{
    static const unsigned counts[] = { 1, 3, 40 }; /* in the buffer, over segments */
    (void)state;

    struct perso_segments *s = open_at(PERSO_SEGMENT_WRITE, nowhere);
    for (int synced = 0; synced < 2; synced++) {
        for (size_t c = 0; c < 3; c++) {
            struct perso_segment_place end = perso_segments_end(s);
            for (unsigned i = 0; i < counts[c]; i++)
                append(s, 500 + i);
            if (synced)
                assert_ok(perso_segments_sync(s, &err), err);
            assert_ok(perso_segments_rewind(s, end, &err), err);
            assert_int_equal(perso_segments_end(s).segment, end.segment);
            assert_int_equal(perso_segments_end(s).offset, end.offset);
            struct perso_segment_place place = append(s, 77);
            expect(s, place, 77);
            assert_ok(perso_segments_sync(s, &err), err);
            expect(s, place, 77);
            assert_int_equal(size_of(2), -1);
        }
    }
    perso_segments_close(s);
}

static void
a_dry_run_leaves_no_file(void **state)
{
    (void)state;
    struct perso_segments *s = open_at(PERSO_SEGMENT_WRITE, nowhere);
    struct perso_segment_place kept = append(s, 100);
    assert_ok(perso_segments_sync(s, &err), err);
    struct perso_segment_place end = perso_segments_end(s);
    perso_segments_close(s);

    s = open_at(PERSO_SEGMENT_DRY, end);
    struct perso_segment_place places[200];
    for (unsigned i = 0; i < 200; i++)
        places[i] = append(s, i);
    assert_ok(perso_segments_sync(s, &err), err);
    for (unsigned i = 0; i < 200; i++)
        expect(s, places[i], i);
    expect(s, kept, 100);
    assert_int_equal(fixture_count(folder), 1);
    perso_segments_close(s);
    assert_int_equal(fixture_count(folder), 1);
    assert_int_equal(size_of(1), end.offset);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, folder_setup, folder_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(records_come_back_over_many_segments),
        TEST(a_segment_is_filled_to_its_last_byte),
        TEST(payloads_are_bounded),
        TEST(a_torn_tail_is_cut),
        TEST(rewind_takes_back_what_was_appended),
        TEST(a_dry_run_leaves_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
