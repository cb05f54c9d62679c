#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make.h"
#include "stages/application.h"
#include "stages/ingest.h"
#include "stages/receive.h"

#define REQUEST "00112233445566778899aabbccddeeff"

static struct key own;
static struct perso_arena *arena;
static const struct perso_ingest_rules rules = { .division = "411600",
                                                 .subject_check = true,
                                                 .requested = true };

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
    texts_free();
    perso_arena_free(arena);
    return 0;
}

static void
rows_of_package(struct perso_cells *card, struct perso_cells *personal)
{
    static struct perso_cell other;

    cells_clear(card);
    cell_set(card, PERSO_COL_request_id, REQUEST);
    cell_set(card, PERSO_COL_AAZ501, CARD_ID);
    cell_set(card, PERSO_COL_AAZ500, CARD_NO);
    cell_set_hex(card, PERSO_COL_QMGY, own.point, sizeof own.point);
    cell_set(card, PERSO_COL_box, "7");
    cell_set(card, PERSO_COL_position, "12");
    cells_clear(personal);
    cell_set(personal, PERSO_COL_AAZ501, CARD_ID);
    cell_set(personal, PERSO_COL_AAC002, SSN);
    cell_set(personal, PERSO_COL_AAC003, NAME);
    cell_set(personal, PERSO_COL_AAB301, DIVISION);
    cell_set(personal, PERSO_COL_AAE010, "6222");
    other = (struct perso_cell) { PERSO_COLUMN_OTHER, text("颜色"), text("红") };
    personal->other = &other;
    personal->n_other = 1;
}

static enum perso_reject
judge(const struct perso_cells *row, const struct perso_ingest_rules *by,
      struct perso_application *one)
{
    const struct perso_origin origin = { "FWD", 2, 1 };
    struct perso_verdict verdict;
    struct perso_error err = { 0 };
    bool has_key = false;
    uint32_t warned = 0;

    assert_int_equal(perso_stage_ingest(by, row, &origin, 1, NULL, arena, one, &has_key, &verdict,
                                        &warned, &err),
                     PERSO_OK);
    return verdict.reject;
}

static void
two_rows_are_one_application(void **state) /* LD/T 03-2022 6.4.7.3 */
{
    const struct perso_origin origin = { "FWD", 2, 1 };
    struct perso_cells card, personal, out;
    struct perso_application one, again;
    struct perso_error err = { 0 };

    (void)state;
    rows_of_package(&card, &personal);
    perso_stage_receive(&card, &personal, 1, &out);
    assert_true(same_text(out.known[PERSO_COL_box], "7"));
    assert_true(same_text(out.known[PERSO_COL_AAE010], "")); /* issuance data: collect takes it */
    assert_int_equal(out.n_other, 1);
    assert_int_equal(judge(&out, &rules, &one), PERSO_REJ_NONE);
    assert_string_equal(one.card_id, CARD_ID);
    assert_int_equal(one.request_id[1], 0x11);
    assert_int_equal(perso_application_parse(&out, &origin, arena, &again, &err), PERSO_OK);
    assert_memory_equal(again.request_id, one.request_id, sizeof one.request_id);
    assert_memory_equal(again.public_key, own.point, sizeof own.point);
}

static const struct {
    const char *what;
    enum perso_column column;
    const char *value;
    bool personal;
    enum perso_reject want;
} cases[] = {
    { "a good row", PERSO_COL_box, "8", false, PERSO_REJ_NONE },
    { "card id", PERSO_COL_AAZ501, "4116", false, PERSO_REJ_CARD_ID_SHAPE },
    { "card number", PERSO_COL_AAZ500, "JA33468", false, PERSO_REJ_CARD_NO_SHAPE },
    { "number of the person", PERSO_COL_AAC002, "110105194912310021", true, PERSO_REJ_SSN_CHECK },
    { "name", PERSO_COL_AAC003, "", true, PERSO_REJ_NAME_EMPTY },
    { "division", PERSO_COL_AAB301, "410100", true, PERSO_REJ_CARD_ID_DIVISION },
    { "key", PERSO_COL_QMGY, "00", false, PERSO_REJ_KEY_SHAPE },
    { "no request", PERSO_COL_request_id, "", false, PERSO_REJ_REQUEST_MISSING },
    { "half a request id", PERSO_COL_request_id, "0011", false, PERSO_REJ_REQUEST_MISSING },
};

static void
shapes_are_judged_as_at_ingest(void **state) /* CONTRACTS 2 */
{
    struct perso_cells card, personal, out;
    struct perso_application one;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rows_of_package(&card, &personal);
        cell_set(cases[i].personal ? &personal : &card, cases[i].column, cases[i].value);
        perso_stage_receive(&card, &personal, 1, &out);
        enum perso_reject have = judge(&out, &rules, &one);
        if (have != cases[i].want)
            fail_msg("%s: have %s, want %s", cases[i].what, perso_reject_code(have),
                     perso_reject_code(cases[i].want));
    }
}

static void
a_request_id_is_no_proof_for_others(void **state) /* only a centre takes it */
{
    const struct perso_ingest_rules of_vendor = { .division = "411600" };
    struct perso_cells card, personal, out;
    struct perso_application one;

    (void)state;
    rows_of_package(&card, &personal);
    perso_stage_receive(&card, &personal, 1, &out);
    assert_int_equal(judge(&out, &of_vendor, &one), PERSO_REJ_REQUEST_MISSING);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_rows_are_one_application),
        cmocka_unit_test(shapes_are_judged_as_at_ingest),
        cmocka_unit_test(a_request_id_is_no_proof_for_others),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
