/* Row payloads: the same content gives the same bytes, and only such bytes are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/base/row_payload.h"

static struct perso_arena *arena;
static struct perso_error err;

static int
arena_setup(void **state)
{
    (void)state;
    return (arena = perso_arena_new()) == NULL;
}

static int
arena_teardown(void **state)
{
    (void)state;
    perso_arena_free(arena);
    return 0;
}

static struct perso_text
text(const char *t)
{
    return (struct perso_text) { t, (uint32_t)strlen(t) };
}

/* A table's layout without the text library: OTHER columns have a name only. */
static void
add(struct perso_layout *layout, enum perso_column known, const char *name)
{
    uint16_t at = layout->n_columns++;
    layout->known[at] = known;
    strcpy(layout->name[at], name);
    if (known != PERSO_COLUMN_OTHER)
        layout->at[known] = (int16_t)at;
}

static struct perso_cursor
payload_of(const struct perso_layout *layout, const struct perso_text *cells)
{
    struct perso_row row = { .cells = cells };
    struct perso_cells of_row;
    struct perso_cursor ret = { NULL, NULL };

    assert_int_equal(perso_cells_of_row(layout, &row, arena, &of_row, &err), PERSO_OK);
    assert_int_equal(perso_row_payload_write(&of_row, arena, &ret, &err), PERSO_OK);
    return ret;
}

static void
the_order_of_columns_does_not_matter(void **state)
{
    static const uint8_t want[] = { PERSO_COL_AAZ501,
                                    0,
                                    2,
                                    'A',
                                    '1',
                                    PERSO_COL_AAC003,
                                    0,
                                    6,
                                    0xe5,
                                    0xbc,
                                    0xa0,
                                    0xe4,
                                    0xb8,
                                    0x89, /* 张三 */
                                    0,
                                    1,
                                    'a',
                                    0,
                                    1,
                                    'x',
                                    0,
                                    2,
                                    'a',
                                    'b',
                                    0,
                                    1,
                                    'y' };
    struct perso_layout one = { 0 }, two = { 0 };
    const struct perso_text cells_one[] = { text("A1"), text("张三"), text(""),
                                            text("x"),  text("y"),    text("") };
    const struct perso_text cells_two[] = { text("y"), text("张三"), text("x"), text("A1") };
    (void)state;

    add(&one, PERSO_COL_AAZ501, "AAZ501");
    add(&one, PERSO_COL_AAC003, "AAC003");
    add(&one, PERSO_COL_AAC002, "AAC002");
    add(&one, PERSO_COLUMN_OTHER, "a");
    add(&one, PERSO_COLUMN_OTHER, "ab");
    add(&one, PERSO_COLUMN_OTHER, "empty");
    add(&two, PERSO_COLUMN_OTHER, "ab");
    add(&two, PERSO_COL_AAC003, "AAC003");
    add(&two, PERSO_COLUMN_OTHER, "a");
    add(&two, PERSO_COL_AAZ501, "AAZ501");
    struct perso_cursor a = payload_of(&one, cells_one), b = payload_of(&two, cells_two);
    assert_int_equal(perso_left(&a), sizeof want);
    assert_memory_equal(a.at, want, sizeof want);
    assert_int_equal(perso_left(&b), sizeof want);
    assert_memory_equal(b.at, want, sizeof want);
}

static void
what_is_written_is_read(void **state)
{
    static char longest[65535];
    struct perso_cells in = { 0 }, out;
    struct perso_cell others[2] = {
        { PERSO_COLUMN_OTHER, text("x"), { longest, sizeof longest } },
        { PERSO_COLUMN_OTHER, text("y"), text("1") },
    };
    struct perso_cursor payload;
    (void)state;

    memset(longest, 'z', sizeof longest);
    in.known[PERSO_COL_AAZ501] = (struct perso_text) { longest, sizeof longest };
    in.known[PERSO_COLUMN_COUNT - 1] = text("last");
    in.n_other = 2;
    in.other = others;
    assert_int_equal(perso_row_payload_write(&in, arena, &payload, &err), PERSO_OK);
    assert_int_equal(perso_row_payload_read(payload, arena, &out, &err), PERSO_OK);
    for (int c = 0; c < PERSO_COLUMN_COUNT; c++) {
        assert_int_equal(out.known[c].bytes, in.known[c].bytes);
        if (in.known[c].bytes > 0)
            assert_memory_equal(out.known[c].at, in.known[c].at, in.known[c].bytes);
    }
    assert_int_equal(out.n_other, 2);
    assert_memory_equal(out.other[0].value.at, longest, sizeof longest);
    assert_memory_equal(out.other[1].name.at, "y", 1);

    others[0].value.bytes++; /* one more than a length can say */
    assert_int_equal(perso_row_payload_write(&in, arena, &payload, &err), PERSO_FATAL);
    others[0].value.bytes--;
    others[1].name = text("x"); /* a name twice */
    assert_int_equal(perso_row_payload_write(&in, arena, &payload, &err), PERSO_FATAL);
}

static void
an_empty_row_is_an_empty_payload(void **state)
{
    struct perso_cells in = { 0 }, out;
    struct perso_cursor payload;
    (void)state;

    assert_int_equal(perso_row_payload_write(&in, arena, &payload, &err), PERSO_OK);
    assert_int_equal(perso_left(&payload), 0);
    assert_int_equal(perso_row_payload_read(payload, arena, &out, &err), PERSO_OK);
    assert_int_equal(out.n_other, 0);
}

static const struct {
    const char *what;
    size_t n;
    uint8_t bytes[12];
    enum perso_result want;
} cases[] = {
    { "one known cell", 4, { 1, 0, 1, 'a' }, PERSO_OK },
    { "cut in the length", 2, { 1, 0 }, PERSO_FATAL },
    { "cut in the value", 4, { 1, 0, 2, 'a' }, PERSO_FATAL },
    { "empty cell", 3, { 1, 0, 0 }, PERSO_FATAL },
    { "known cell twice", 8, { 1, 0, 1, 'a', 1, 0, 1, 'a' }, PERSO_FATAL },
    { "known cells out of order", 8, { 2, 0, 1, 'a', 1, 0, 1, 'a' }, PERSO_FATAL },
    { "last column", 4, { PERSO_COLUMN_COUNT - 1, 0, 1, 'a' }, PERSO_OK },
    { "no such column", 4, { PERSO_COLUMN_COUNT, 0, 1, 'a' }, PERSO_FATAL },
    { "other cell", 6, { 0, 1, 'n', 0, 1, 'a' }, PERSO_OK },
    { "other cell cut in its name", 2, { 0, 1 }, PERSO_FATAL },
    { "other cell, empty", 5, { 0, 1, 'n', 0, 0 }, PERSO_FATAL },
    { "others in order", 12, { 0, 1, 'a', 0, 1, 'x', 0, 1, 'b', 0, 1, 'x' }, PERSO_OK },
    { "others out of order", 12, { 0, 1, 'b', 0, 1, 'x', 0, 1, 'a', 0, 1, 'x' }, PERSO_FATAL },
    { "known behind other", 10, { 0, 1, 'b', 0, 1, 'x', 1, 0, 1, 'x' }, PERSO_FATAL },
};

static void
only_canonical_bytes_are_read(void **state)
{
    struct perso_cells cells;
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t *exact = malloc(cases[i].n); /* so that a sanitizer sees a byte too many */
        assert_non_null(exact);
        memcpy(exact, cases[i].bytes, cases[i].n);
        enum perso_result have =
            perso_row_payload_read(perso_cursor_of(exact, cases[i].n), arena, &cells, &err);
        if (have != cases[i].want)
            fail_msg("%s: have %d, want %d", cases[i].what, have, cases[i].want);
        free(exact);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, arena_setup, arena_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_order_of_columns_does_not_matter),
        TEST(what_is_written_is_read),
        TEST(an_empty_row_is_an_empty_payload),
        TEST(only_canonical_bytes_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
