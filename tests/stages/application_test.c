#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make.h"
#include "stages/application.h"

static const uint8_t der[] = { 0x30, 0x03, 0x02, 0x01, 0x00 };
static struct key own;
static struct perso_arena *arena;
static const struct perso_origin origin = { "application.csv", 3, 2 };

static int
set_up(void **state)
{
    (void)state;
    own = make_key();
    arena = perso_arena_new();
    return arena == NULL;
}

static int
tear_down(void **state)
{
    (void)state;
    free_key(&own);
    perso_arena_free(arena);
    texts_free();
    return 0;
}

static void
sm3_of(const char *card_id, const void *at, size_t n, uint8_t out[32])
{
    uint8_t content[8192];

    memcpy(content, card_id, 32);
    memcpy(content + 32, at, n);
    assert_int_equal(EVP_Digest(content, 32 + n, out, NULL, EVP_sm3(), NULL), 1);
}

static void
request_id_is_half_a_digest(void **state) /* CONTRACTS 4 */
{
    static uint8_t largest[PERSO_REQUEST_DER_BYTES + 1];
    uint8_t id[16], digest[32];

    (void)state;
    assert_true(perso_request_id(CARD_ID, perso_cursor_of(der, sizeof der), id));
    sm3_of(CARD_ID, der, sizeof der, digest);
    assert_memory_equal(id, digest, 16);
    assert_true(perso_request_id(CARD_ID, perso_cursor_of(largest, sizeof largest - 1), id));
    sm3_of(CARD_ID, largest, sizeof largest - 1, digest);
    assert_memory_equal(id, digest, 16);
    assert_false(perso_request_id(CARD_ID, perso_cursor_of(largest, sizeof largest), id));
    assert_false(perso_request_id(CARD_ID, perso_cursor_of(der, 0), id));
    assert_false(perso_request_id("411600", perso_cursor_of(der, sizeof der), id));
}

static void
good_cells(struct perso_cells *cells)
{
    cells_clear(cells);
    cell_set(cells, PERSO_COL_AAZ501, CARD_ID);
    cell_set(cells, PERSO_COL_AAZ500, CARD_NO);
    cell_set(cells, PERSO_COL_AAC002, "11010519491231002x");
    cell_set(cells, PERSO_COL_AAC003, NAME " ");
    cell_set(cells, PERSO_COL_AAB301, DIVISION);
    cell_set_hex(cells, PERSO_COL_QMGY, own.point, 64);
    cell_set_base64(cells, PERSO_COL_P10, der, sizeof der);
}

static void
an_application_is_read_again(void **state)
{
    struct perso_application got;
    struct perso_error err = { 0 };
    struct perso_cells cells;
    uint8_t digest[32];

    (void)state;
    good_cells(&cells);
    assert_int_equal(perso_application_parse(&cells, &origin, arena, &got, &err), PERSO_OK);
    assert_string_equal(got.card_id, CARD_ID);
    assert_string_equal(got.card_no, CARD_NO);
    assert_string_equal(got.ssn, SSN);
    assert_string_equal(got.division, DIVISION);
    assert_true(same_text(got.name, NAME));
    assert_memory_equal(got.public_key, own.point, 64);
    assert_int_equal(perso_left(&got.request), sizeof der);
    assert_memory_equal(got.request.at, der, sizeof der);
    sm3_of(CARD_ID, der, sizeof der, digest);
    assert_memory_equal(got.request_id, digest, 16);
    assert_int_equal(got.origin.line, 3);

    cells.known[PERSO_COL_P10] = text(""); /* form bare: the id is over the key */
    assert_int_equal(perso_application_parse(&cells, &origin, arena, &got, &err), PERSO_OK);
    assert_int_equal(perso_left(&got.request), 0);
    sm3_of(CARD_ID, own.point, 64, digest);
    assert_memory_equal(got.request_id, digest, 16);
}

static void
what_is_no_application_is_fatal(void **state)
{
    static const enum perso_column columns[] = { PERSO_COL_AAZ501, PERSO_COL_AAZ500,
                                                 PERSO_COL_AAC002, PERSO_COL_AAB301,
                                                 PERSO_COL_QMGY,   PERSO_COL_P10 };

    (void)state;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        struct perso_application got = { .card_id = "untouched" };
        struct perso_error err = { 0 };
        struct perso_cells cells;

        good_cells(&cells);
        cell_set(&cells, columns[i], "x");
        assert_int_equal(perso_application_parse(&cells, &origin, arena, &got, &err), PERSO_FATAL);
        assert_string_equal(got.card_id, "untouched");
        assert_int_equal(err.reject, PERSO_REJ_NONE);
    }
}

static void
issuance_data_keep_what_has_its_shape(void **state) /* LD/T 03-2022 6.4.7.2 b */
{
    struct perso_issuance got;
    struct perso_cells cells;

    (void)state;
    good_cells(&cells);
    cell_set(&cells, PERSO_COL_AAZ501, "411600d156000005123456780000abcd");
    cell_set(&cells, PERSO_COL_BAZ033, "B1");
    cell_set(&cells, PERSO_COL_AAC008, "1");
    cell_set(&cells, PERSO_COL_AAZ502, "0");
    perso_issuance_parse(&cells, &origin, &got);
    assert_string_equal(got.card_id, CARD_ID);
    assert_string_equal(got.card_no, CARD_NO);
    assert_string_equal(got.ssn, SSN);
    assert_string_equal(got.division, DIVISION);
    assert_true(same_text(got.name, NAME));
    assert_true(same_text(got.batch, "B1"));
    assert_true(same_text(got.person_status, "1"));
    assert_true(same_text(got.card_status, "0"));

    cells_clear(&cells);
    cell_set(&cells, PERSO_COL_AAZ501, "x");
    cell_set(&cells, PERSO_COL_AAZ500, CARD_NO "1");
    cell_set(&cells, PERSO_COL_AAC002, SSN "1");
    cell_set(&cells, PERSO_COL_AAB301, "x");
    perso_issuance_parse(&cells, &origin, &got);
    assert_string_equal(got.card_id, "");
    assert_string_equal(got.card_no, "");
    assert_string_equal(got.ssn, "");
    assert_string_equal(got.division, "");
    cells.known[PERSO_COL_AAC002] = (struct perso_text) { "1\0002", 3 };
    perso_issuance_parse(&cells, &origin, &got);
    assert_string_equal(got.ssn, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_id_is_half_a_digest),
        cmocka_unit_test(an_application_is_read_again),
        cmocka_unit_test(what_is_no_application_is_fatal),
        cmocka_unit_test(issuance_data_keep_what_has_its_shape),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
