/* Zip and tar bytes changed by hand (RELIABILITY T10): each must be refused, and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "memory_io.h"

/* Offsets in the sample zip: three stored members, then three central records, then the end. */
#define LOCAL_A 0u
#define DATA_A (30u + 5)
#define LOCAL_B (DATA_A + 9)
#define LOCAL_C (LOCAL_B + 30 + 9 + 4)
#define CENTRAL_A (LOCAL_C + 30 + 5)
#define CENTRAL_B (CENTRAL_A + 46 + 5)
#define CENTRAL_C (CENTRAL_B + 46 + 9)
#define END (CENTRAL_C + 46 + 5)
#define ZIP_BYTES (END + 22)

static enum perso_reject
verdict(struct memory *m)
{
    struct perso_error err = { 0 };
    struct memory list = { 0 };
    enum perso_result rc = memory_list(m, &wide_limits, &list, &err);

    memory_free(&list);
    assert_true(rc == PERSO_OK || rc == PERSO_REJECT);
    return rc == PERSO_OK ? PERSO_REJ_NONE : err.reject;
}

static void
the_sample_is_where_it_is_thought_to_be(void **state)
{
    struct memory m = { 0 };

    (void)state;
    memory_sample(&m, PERSO_ARCHIVE_ZIP);
    assert_int_equal(m.n, ZIP_BYTES);
    assert_memory_equal(m.at + LOCAL_B, "PK\3\4", 4);
    assert_memory_equal(m.at + CENTRAL_A, "PK\1\2", 4);
    assert_memory_equal(m.at + END, "PK\5\6", 4);
    memory_free(&m);
}

/* Bytes without meaning for a reader: versions, internal attributes, permissions. */
static bool
is_void(size_t at)
{
    static const size_t locals[] = { LOCAL_A, LOCAL_B, LOCAL_C };
    static const size_t centrals[] = { CENTRAL_A, CENTRAL_B, CENTRAL_C };

    for (size_t i = 0; i < 3; i++) {
        size_t l = at - locals[i], c = at - centrals[i];
        if (l == 4 || l == 5) /* version needed */
            return true;
        if ((c >= 4 && c < 8) || c == 36 || c == 37 || (c >= 38 && c < 42))
            return true;
    }
    return false;
}

static void
every_flipped_bit_of_a_zip_is_refused(void **state)
{
    struct memory m = { 0 };

    (void)state;
    memory_sample(&m, PERSO_ARCHIVE_ZIP);
    for (size_t i = 0; i < m.n; i++)
        for (int bit = 0; bit < 8; bit++) {
            m.at[i] ^= (uint8_t)(1 << bit);
            if (verdict(&m) == PERSO_REJ_NONE && !is_void(i))
                fail_msg("bit %d of byte %zu may be flipped", bit, i);
            m.at[i] ^= (uint8_t)(1 << bit);
        }
    memory_free(&m);
}

/* Both places of a field changed alike: what one of them alone would give away. */
static const struct {
    const char *what;
    size_t at[2];
    const char *bytes;
    size_t n;
    enum perso_reject want;
} changes[] = {
    { "nothing", { 0, 0 }, "P", 1, PERSO_REJ_NONE },
    { "encrypted", { LOCAL_A + 6, CENTRAL_A + 8 }, "\1\0", 2, PERSO_REJ_ARCHIVE_MEMBER },
    { "unknown flag", { LOCAL_A + 6, CENTRAL_A + 8 }, "\0\x80", 2, PERSO_REJ_ARCHIVE_MEMBER },
    { "stored, no descriptor",
      { LOCAL_A + 6, CENTRAL_A + 8 },
      "\x8",
      1,
      PERSO_REJ_ARCHIVE_DAMAGED },
    { "bzip2", { LOCAL_A + 8, CENTRAL_A + 10 }, "\x0c", 1, PERSO_REJ_ARCHIVE_MEMBER },
    { "other CRC", { LOCAL_A + 14, CENTRAL_A + 16 }, "abcd", 4, PERSO_REJ_ARCHIVE_DAMAGED },
    { "sizes differ", { LOCAL_A + 22, CENTRAL_A + 24 }, "\x8", 1, PERSO_REJ_ARCHIVE_DAMAGED },
    { "zip64 without field",
      { LOCAL_A + 18, CENTRAL_A + 20 },
      "\xff\xff\xff\xff\xff\xff\xff\xff",
      8,
      PERSO_REJ_ARCHIVE_DAMAGED },
    { "no name", { LOCAL_A + 26, CENTRAL_A + 28 }, "\0", 1, PERSO_REJ_ARCHIVE_MEMBER },
    { "NUL in the name", { LOCAL_A + 31, CENTRAL_A + 47 }, "\0", 1, PERSO_REJ_ARCHIVE_MEMBER },
    { "absolute", { LOCAL_A + 30, CENTRAL_A + 46 }, "/", 1, PERSO_REJ_ARCHIVE_MEMBER },
    { "drive", { LOCAL_A + 30, CENTRAL_A + 46 }, "c:", 2, PERSO_REJ_ARCHIVE_MEMBER },
    { "climbs", { LOCAL_A + 30, CENTRAL_A + 46 }, "../", 3, PERSO_REJ_ARCHIVE_MEMBER },
    { "climbs inside", { LOCAL_B + 30, CENTRAL_B + 46 }, "a/../", 5, PERSO_REJ_ARCHIVE_MEMBER },
    { "backslash", { LOCAL_A + 31, CENTRAL_A + 47 }, "\\", 1, PERSO_REJ_ARCHIVE_MEMBER },
    { "newline", { LOCAL_A + 31, CENTRAL_A + 47 }, "\n", 1, PERSO_REJ_ARCHIVE_MEMBER },
    { "folder", { LOCAL_A + 34, CENTRAL_A + 50 }, "/", 1, PERSO_REJ_ARCHIVE_MEMBER },
    { "twins", { LOCAL_C + 30, CENTRAL_C + 46 }, "A.CSV", 5, PERSO_REJ_ARCHIVE_MEMBER },
    { "neither UTF-8 nor GB",
      { LOCAL_A + 30, CENTRAL_A + 46 },
      "\xff\xff",
      2,
      PERSO_REJ_ARCHIVE_MEMBER },
    { "DOS folder", { CENTRAL_A + 38, CENTRAL_A + 38 }, "\x10", 1, PERSO_REJ_ARCHIVE_MEMBER },
    { "symbolic link", { CENTRAL_A + 41, CENTRAL_A + 41 }, "\xa1", 1, PERSO_REJ_ARCHIVE_MEMBER },
    { "device", { CENTRAL_A + 41, CENTRAL_A + 41 }, "\x21", 1, PERSO_REJ_ARCHIVE_MEMBER },
    { "another disk", { CENTRAL_A + 34, CENTRAL_A + 34 }, "\1", 1, PERSO_REJ_ARCHIVE_DAMAGED },
    { "name in the directory",
      { CENTRAL_A + 46, CENTRAL_A + 46 },
      "b",
      1,
      PERSO_REJ_ARCHIVE_DAMAGED },
    { "size in the directory",
      { CENTRAL_A + 20, CENTRAL_A + 24 },
      "\7",
      1,
      PERSO_REJ_ARCHIVE_DAMAGED },
    { "overlap", { CENTRAL_B + 42, CENTRAL_B + 42 }, "\0\0\0\0", 4, PERSO_REJ_ARCHIVE_DAMAGED },
    { "member is no member", { LOCAL_B + 2, LOCAL_B + 2 }, "\7", 1, PERSO_REJ_ARCHIVE_DAMAGED },
    { "comment that is not there", { END + 20, END + 20 }, "\1", 1, PERSO_REJ_ARCHIVE_DAMAGED },
};

static void
changed_zips_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct memory m = { 0 };
        memory_sample(&m, PERSO_ARCHIVE_ZIP);
        for (int k = 0; k < 2; k++)
            memcpy(m.at + changes[i].at[k], changes[i].bytes, changes[i].n);
        enum perso_reject have = verdict(&m);
        if (have != changes[i].want)
            fail_msg("%s: have %s, want %s", changes[i].what, perso_reject_code(have),
                     perso_reject_code(changes[i].want));
        memory_free(&m);
    }
}

/* The sample with some of its parts, in this order: A B C (members), a b c (directory), e (end),
 * # (garbage). */
static void
put_together(struct memory *ret, const char *parts)
{
    static const struct {
        char part;
        size_t from, to;
    } places[] = {
        { 'A', LOCAL_A, LOCAL_B },     { 'B', LOCAL_B, LOCAL_C },     { 'C', LOCAL_C, CENTRAL_A },
        { 'a', CENTRAL_A, CENTRAL_B }, { 'b', CENTRAL_B, CENTRAL_C }, { 'c', CENTRAL_C, END },
        { 'e', END, ZIP_BYTES },       { '#', DATA_A, DATA_A + 4 },
    };
    struct memory m = { 0 };
    struct perso_error err = { 0 };

    memory_sample(&m, PERSO_ARCHIVE_ZIP);
    for (const char *p = parts; *p != '\0'; p++)
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
            if (places[i].part == *p)
                memory_write(ret, m.at + places[i].from, places[i].to - places[i].from, &err);
    memory_free(&m);
}

static void
zips_put_together_wrongly_are_refused(void **state)
{
    static const char *const wrong[] = {
        "ABC",      "ABCe",           "ABCabc",     "ABCabe",   "ABabce",   "BACabce",
        "ABCbace",  "A#BCabce",       "ABC#abce",   "ABCab#ce", "ABCabc#e", "ABCabce#",
        "ABCabcee", "ABCabceABCabce", "ABCabcabce", "ABCabcce", "AABCabce", "ABCA"
    };
    struct memory m = { 0 };

    (void)state;
    put_together(&m, "ABCabce");
    assert_int_equal(verdict(&m), PERSO_REJ_NONE);
    memory_free(&m);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        put_together(&m, wrong[i]);
        if (verdict(&m) == PERSO_REJ_NONE)
            fail_msg("%s is taken", wrong[i]);
        memory_free(&m);
    }
}

static void
a_zip_without_members_is_whole(void **state)
{
    struct perso_error err = { 0 };
    struct memory m = { 0 };

    (void)state;
    memory_write(&m, "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22, &err);
    assert_int_equal(verdict(&m), PERSO_REJ_NONE);
    memory_free(&m);
}

static void
set_tar_sum(uint8_t *header)
{
    unsigned sum = 0;

    memset(header + 148, ' ', 8);
    for (int i = 0; i < 512; i++)
        sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
}

/* One byte or text of the first header of a tar changed, its sum made right again. */
static const struct {
    const char *what;
    size_t at;
    const char *bytes;
    size_t n;
    enum perso_reject want;
} tar_changes[] = {
    { "nothing", 0, "a", 1, PERSO_REJ_NONE },
    { "hard link", 156, "1x", 2, PERSO_REJ_ARCHIVE_MEMBER },
    { "symbolic link", 156, "2x", 2, PERSO_REJ_ARCHIVE_MEMBER },
    { "character device", 156, "3", 1, PERSO_REJ_ARCHIVE_MEMBER },
    { "block device", 156, "4", 1, PERSO_REJ_ARCHIVE_MEMBER },
    { "folder", 156, "5", 1, PERSO_REJ_ARCHIVE_MEMBER },
    { "fifo", 156, "6", 1, PERSO_REJ_ARCHIVE_MEMBER },
    { "absolute", 0, "/etc/passwd", 11, PERSO_REJ_ARCHIVE_MEMBER },
    { "climbs", 0, "../../x", 7, PERSO_REJ_ARCHIVE_MEMBER },
    { "climbs at the end", 0, "x/..\0", 5, PERSO_REJ_ARCHIVE_MEMBER },
    { "empty part", 0, "x//y\0", 5, PERSO_REJ_ARCHIVE_MEMBER },
    { "escape", 0, "\x1b[2J", 4, PERSO_REJ_ARCHIVE_MEMBER },
    { "size beyond the file", 124, "77777777777", 11, PERSO_REJ_ARCHIVE_LIMIT },
    { "long name with a newline", 156, "L", 1, PERSO_REJ_ARCHIVE_MEMBER },
    { "pax header without sense", 156, "x", 1, PERSO_REJ_ARCHIVE_DAMAGED },
};

static void
changed_tars_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tar_changes / sizeof tar_changes[0]; i++) {
        struct memory m = { 0 };
        memory_sample(&m, PERSO_ARCHIVE_TAR);
        memcpy(m.at + tar_changes[i].at, tar_changes[i].bytes, tar_changes[i].n);
        set_tar_sum(m.at);
        enum perso_reject have = verdict(&m);
        /* libarchive finds the first of several faults; that it is refused is what counts */
        if (have != tar_changes[i].want &&
            !(have == PERSO_REJ_ARCHIVE_DAMAGED && tar_changes[i].want != PERSO_REJ_NONE))
            fail_msg("%s: have %s", tar_changes[i].what, perso_reject_code(have));
        memory_free(&m);
    }
}

static void
every_flipped_bit_of_a_tar_header_is_refused(void **state)
{
    struct memory m = { 0 };

    (void)state;
    memory_sample(&m, PERSO_ARCHIVE_TAR);
    for (size_t i = 0; i < 512; i++)
        for (int bit = 0; bit < 8; bit++) {
            m.at[i] ^= (uint8_t)(1 << bit);
            if (verdict(&m) == PERSO_REJ_NONE && (i < 148 || i >= 156))
                fail_msg("bit %d of byte %zu may be flipped", bit, i);
            m.at[i] ^= (uint8_t)(1 << bit);
        }
    memory_free(&m);
}

static void
a_tar_without_its_end_is_refused(void **state) /* a clean cut between two members */
{
    struct memory m = { 0 };

    (void)state;
    memory_sample(&m, PERSO_ARCHIVE_TAR);
    assert_int_equal(m.n, 512 + 512 + 512 + 512 + 512 + 1024);
    for (size_t n = 0; n < m.n; n += 512) {
        struct memory cut = { .at = m.at, .n = n };
        assert_int_not_equal(verdict(&cut), PERSO_REJ_NONE);
    }
    memory_free(&m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_is_where_it_is_thought_to_be),
        cmocka_unit_test(every_flipped_bit_of_a_zip_is_refused),
        cmocka_unit_test(changed_zips_are_refused),
        cmocka_unit_test(zips_put_together_wrongly_are_refused),
        cmocka_unit_test(a_zip_without_members_is_whole),
        cmocka_unit_test(changed_tars_are_refused),
        cmocka_unit_test(every_flipped_bit_of_a_tar_header_is_refused),
        cmocka_unit_test(a_tar_without_its_end_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
