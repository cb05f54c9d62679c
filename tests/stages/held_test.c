#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make.h"
#include "stages/held.h"

#define REQUEST_ID "00112233445566778899aabbccddeeff"

static struct perso_cell others[4];

/* A row as a department writes it. */
static struct perso_cells
row(const char *state, const char *code, const char *field, const char *text_en)
{
    struct perso_cells cells;

    cells_clear(&cells);
    cells.known[PERSO_COL_AAZ501] = text(CARD_ID);
    cells.known[PERSO_COL_request_id] = text(REQUEST_ID);
    cells.known[PERSO_COL_code] = text(code);
    others[0] = (struct perso_cell) { PERSO_COLUMN_OTHER, text("field"), text(field) };
    others[1] = (struct perso_cell) { PERSO_COLUMN_OTHER, text("state"), text(state) };
    others[2] = (struct perso_cell) { PERSO_COLUMN_OTHER, text("text_en"), text(text_en) };
    cells.n_other = 3;
    cells.other = others;
    return cells;
}

static const struct {
    const char *what, *state, *code, *field, *text_en;
    enum perso_reject want;
    enum perso_column column;
    const char *note;
} cases[] = {
    { "its own code", "returned", "R201", "AAC003", "application and issuance differ",
      PERSO_REJ_FIELD_DIFFERS, PERSO_COL_AAC003, "" },
    { "and more", "returned", "R250", "", "refused by the operator: no such person",
      PERSO_REJ_OPERATOR_REJECTED, PERSO_COLUMN_OTHER, "no such person" },
    { "a number in the text", "returned", "R250", "", "see " SSN, PERSO_REJ_OPERATOR_REJECTED,
      PERSO_COLUMN_OTHER, "see ***" },
    { "another text", "returned", "R203", "AAZ501", "not in the issuance data at all",
      PERSO_REJ_ISSUE_ABSENT, PERSO_COL_AAZ501, "not in the issuance data at all" },
    { "unknown code", "returned", "R999", "XX", "new rule", PERSO_REJ_OPERATOR_REJECTED,
      PERSO_COLUMN_OTHER, "R999: new rule" },
    { "no code", "returned", "", "", "", PERSO_REJ_OPERATOR_REJECTED, PERSO_COLUMN_OTHER, "" },
    { "code of a file", "returned", "F130", "", "", PERSO_REJ_OPERATOR_REJECTED, PERSO_COLUMN_OTHER,
      "F130" },
    { "code of an operator's hold", "returned", "R251", "", "", PERSO_REJ_OPERATOR_REJECTED,
      PERSO_COLUMN_OTHER, "R251" },
    { "code far too long", "returned", "R201R201R201", "", "", PERSO_REJ_OPERATOR_REJECTED,
      PERSO_COLUMN_OTHER, "R201R201R201" },
    { "cancelled", "cancelled", "R201", "AAC003", "", PERSO_REJ_TAKEN_BACK, PERSO_COL_AAC003, "" },
    { "cancelled, no code", "cancelled", "", "", "died", PERSO_REJ_TAKEN_BACK, PERSO_COLUMN_OTHER,
      "died" },
};

static void
a_row_says_why_a_card_comes_back(void **state) /* LD/T 03-2022 6.4.7.2 b */
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct perso_cells cells =
            row(cases[i].state, cases[i].code, cases[i].field, cases[i].text_en);
        struct perso_held held;
        struct perso_error err = { 0 };

        assert_int_equal(perso_held_read(&cells, &held, &err), PERSO_OK);
        if (held.verdict.reject != cases[i].want || held.verdict.column != cases[i].column ||
            strcmp(held.verdict.note, cases[i].note) != 0)
            fail_msg("%s: have %s, %s, %s", cases[i].what, perso_reject_name(held.verdict.reject),
                     perso_column_code(held.verdict.column), held.verdict.note);
        assert_string_equal(held.card_id, CARD_ID);
        assert_true(held.has_request);
        assert_memory_equal(held.request_id, "\x00\x11\x22\x33", 4);
    }
}

static void
a_card_may_have_no_request(void **state)
{
    struct perso_cells cells = row("returned", "R120", "QMGY", "");
    struct perso_held held;
    struct perso_error err = { 0 };

    (void)state;
    cells.known[PERSO_COL_request_id] = text("");
    cells.known[PERSO_COL_AAZ501] = text("4116");
    assert_int_equal(perso_held_read(&cells, &held, &err), PERSO_OK);
    assert_false(held.has_request);
    assert_string_equal(held.card_id, "");
}

static void
only_two_states_come_back(void **state)
{
    static const char *const wrong[] = { "",
                                         "held",
                                         "RETURNED",
                                         "returned ",
                                         "matched",
                                         "cancelled?",
                                         "a state of more bytes than any" };
    struct perso_held held;
    struct perso_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const struct perso_cells cells = row(wrong[i], "R201", "", "");
        if (perso_held_read(&cells, &held, &err) != PERSO_REJECT ||
            err.reject != PERSO_REJ_FILE_FORMAT)
            fail_msg("%s was read", wrong[i]);
    }
}

static void
outstanding_cards_have_a_state(void **state)
{
    struct perso_outstanding outstanding;
    struct perso_error err = { 0 };
    struct perso_cells cells = row("approved", "", "", "");

    (void)state;
    assert_int_equal(perso_outstanding_read(&cells, &outstanding, &err), PERSO_OK);
    assert_false(outstanding.cancelled);
    assert_string_equal(outstanding.card_id, CARD_ID);
    cells = row("cancelled", "", "", "");
    assert_int_equal(perso_outstanding_read(&cells, &outstanding, &err), PERSO_OK);
    assert_true(outstanding.cancelled);
    cells = row("gone", "", "", "");
    assert_int_equal(perso_outstanding_read(&cells, &outstanding, &err), PERSO_REJECT);
    assert_int_equal(err.reject, PERSO_REJ_FILE_FORMAT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_says_why_a_card_comes_back),
        cmocka_unit_test(a_card_may_have_no_request),
        cmocka_unit_test(only_two_states_come_back),
        cmocka_unit_test(outstanding_cards_have_a_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
