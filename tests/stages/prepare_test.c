/* What cards of the form sig are to sign: e is what OpenSSL verifies a card's signature with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make.h"
#include "stages/prepare.h"

static struct key own;
static struct perso_arena *arena;
static struct perso_ingest_rules rules;

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
subject_of(const char *subject)
{
    struct perso_error err = { 0 };

    rules = (struct perso_ingest_rules) { .division = "411600", .form = PERSO_FORM_SIG };
    assert_int_equal(perso_request_template_read(text(subject), &rules.requested_subject, &err),
                     PERSO_OK);
}

static struct perso_verdict
prepare(const struct perso_cells *cells, struct perso_to_sign *out)
{
    const struct perso_origin origin = { "application.csv", 2, 1 };
    struct perso_verdict verdict;
    struct perso_error err = { 0 };

    assert_int_equal(perso_stage_prepare(&rules, cells, &origin, 1, arena, out, &verdict, &err),
                     PERSO_OK);
    return verdict;
}

static void
e_is_what_a_right_card_signs(void **state) /* GB/T 32918.2 6.1 */
{
    static const struct {
        const char *subject, *common_name;
    } subjects[] = { { "CN={AAZ501}", CARD_ID },
                     { "CN={AAC003}", NAME },
                     { "CN={AAZ500}-{AAB301}", CARD_NO "-" DIVISION } };
    struct perso_to_sign out;
    struct perso_cells cells;
    struct bytes whole, info;
    uint8_t rs[64];

    (void)state;
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        subject_of(subjects[i].subject);
        cells_clear(&cells);
        cell_set(&cells, PERSO_COL_AAZ501, "411600d156000005123456780000abcd");
        cell_set(&cells, PERSO_COL_AAZ500, CARD_NO);
        cell_set(&cells, PERSO_COL_AAC003, NAME " ");
        cell_set(&cells, PERSO_COL_AAB301, DIVISION);
        cell_set_hex(&cells, PERSO_COL_QMGY, own.point, 64);
        assert_int_equal(prepare(&cells, &out).reject, PERSO_REJ_NONE);
        assert_string_equal(out.card_id, CARD_ID);
        assert_memory_equal(out.public_key, own.point, 64);
        make_request(
            &(struct request_options) { .key = &own, .common_name = subjects[i].common_name },
            &whole);
        take_request(&whole, &info, rs);
        assert_true(signs_e(&own, out.e, rs));
        out.e[31] ^= 1;
        assert_false(signs_e(&own, out.e, rs));
    }
    texts_free();
}

/* A row is judged by what its request is made of: the rest can be put right after the signature. */
static void
only_what_is_signed_is_judged(void **state)
{
    static const struct {
        const char *what, *subject;
        enum perso_column column;
        const char *value;
        enum perso_reject want;
    } cases[] = {
        { "good", "CN={AAZ501}", PERSO_COL_AAZ501, CARD_ID, PERSO_REJ_NONE },
        { "card id", "CN={AAZ501}", PERSO_COL_AAZ501, "x", PERSO_REJ_CARD_ID_SHAPE },
        { "key", "CN={AAZ501}", PERSO_COL_QMGY, "0102", PERSO_REJ_KEY_SHAPE },
        { "no key", "CN={AAZ501}", PERSO_COL_QMGY, "", PERSO_REJ_KEY_SHAPE },
        { "card number, not signed", "CN={AAZ501}", PERSO_COL_AAZ500, "x", PERSO_REJ_NONE },
        { "card number, signed", "CN={AAZ500}", PERSO_COL_AAZ500, "x", PERSO_REJ_CARD_NO_SHAPE },
        { "SSN, not signed", "CN={AAC003}", PERSO_COL_AAC002, "1", PERSO_REJ_NONE },
        { "SSN, signed", "CN={AAC002}", PERSO_COL_AAC002, "1", PERSO_REJ_SSN_LENGTH },
        { "name, not signed", "CN={AAZ501}", PERSO_COL_AAC003, "??", PERSO_REJ_NONE },
        { "name, signed", "CN={AAC003}", PERSO_COL_AAC003, "??", PERSO_REJ_NAME_GARBLED },
        { "division, not signed", "CN={AAZ501}", PERSO_COL_AAB301, "1", PERSO_REJ_NONE },
        { "division, signed", "CN={AAB301}", PERSO_COL_AAB301, "1", PERSO_REJ_DIVISION_SHAPE },
        { "division of another job", "CN={AAZ501}", PERSO_COL_AAB301, "411700",
          PERSO_REJ_CARD_ID_DIVISION },
        { "P10", "CN={AAZ501}", PERSO_COL_P10, "MII*", PERSO_REJ_NONE },
        { "QM", "CN={AAZ501}", PERSO_COL_QM, "x", PERSO_REJ_NONE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct perso_to_sign out;
        struct perso_cells cells;
        struct perso_verdict verdict;

        subject_of(cases[i].subject);
        cells_clear(&cells);
        cell_set(&cells, PERSO_COL_AAZ501, CARD_ID);
        cell_set(&cells, PERSO_COL_AAZ500, CARD_NO);
        cell_set(&cells, PERSO_COL_AAC002, SSN);
        cell_set(&cells, PERSO_COL_AAC003, NAME);
        cell_set(&cells, PERSO_COL_AAB301, DIVISION);
        cell_set_hex(&cells, PERSO_COL_QMGY, own.point, 64);
        cell_set(&cells, cases[i].column, cases[i].value);
        verdict = prepare(&cells, &out);
        if (verdict.reject != cases[i].want ||
            (verdict.reject != PERSO_REJ_NONE && verdict.column != cases[i].column &&
             cases[i].want != PERSO_REJ_CARD_ID_DIVISION))
            fail_msg("%s: want %s, have %s of %s", cases[i].what, perso_reject_name(cases[i].want),
                     perso_reject_name(verdict.reject), perso_column_code(verdict.column));
    }
    texts_free();
}

static void
columns_are_those_of_the_subject(void **state)
{
    enum perso_column columns[PERSO_COLUMN_COUNT];

    (void)state;
    subject_of("CN={AAZ501}");
    perso_prepare_columns(&rules, columns);
    assert_int_equal(columns[0], PERSO_COL_AAZ501);
    assert_int_equal(columns[1], PERSO_COL_QMGY);
    assert_int_equal(columns[2], PERSO_COLUMN_OTHER);
    subject_of("CN={AAC003},serialNumber={AAC002}");
    perso_prepare_columns(&rules, columns);
    assert_int_equal(columns[2], PERSO_COL_AAC002);
    assert_int_equal(columns[3], PERSO_COL_AAC003);
    assert_int_equal(columns[4], PERSO_COLUMN_OTHER);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(e_is_what_a_right_card_signs),
        cmocka_unit_test(only_what_is_signed_is_judged),
        cmocka_unit_test(columns_are_those_of_the_subject),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
