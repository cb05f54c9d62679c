#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make.h"
#include "stages/close.h"

static struct perso_expected expected = {
    .public_key = { 1 }, .signing_sm3 = { 2 }, .encryption_sm3 = { 3 }, .certificates = true
};
static const uint8_t other[64] = { 9 };

static void
row(struct perso_cells *cells, const char *result)
{
    cells_clear(cells);
    cell_set(cells, PERSO_COL_AAZ501, CARD_ID);
    cell_set(cells, PERSO_COL_result, result);
    cell_set_hex(cells, PERSO_COL_QMGY, expected.public_key, 64);
    cell_set_hex(cells, PERSO_COL_QMZS_SM3, expected.signing_sm3, 32);
    cell_set_hex(cells, PERSO_COL_JMZS_SM3, expected.encryption_sm3, 32);
}

static struct perso_verdict
judge(const struct perso_cells *cells, const struct perso_expected *want, struct perso_outcome *out)
{
    const struct perso_origin origin = { "B1-0001.result.csv", 2, 1 };
    struct perso_verdict verdict;
    struct perso_error err = { 0 };

    assert_int_equal(perso_stage_close(cells, &origin, &want, 1, out, &verdict, &err), PERSO_OK);
    return verdict;
}

static int
tear_down(void **state)
{
    (void)state;
    texts_free();
    return 0;
}

static void
a_result_is_a_state(void **state) /* CONTRACTS 2 */
{
    static const struct {
        const char *result;
        enum perso_state want;
        enum perso_reject reject;
    } results[] = {
        { "ok", PERSO_STATE_WRITTEN, PERSO_REJ_NONE },
        { "retry", PERSO_STATE_RETRY, PERSO_REJ_NONE },
        { "spoiled", PERSO_STATE_SPOILED, PERSO_REJ_CARD_SPOILED },
        { "missing", PERSO_STATE_MISSING, PERSO_REJ_NONE },
        { "test", PERSO_STATE_TEST, PERSO_REJ_NONE },
        { "OK", PERSO_STATE_NONE, PERSO_REJ_RESULT_SHAPE },
        { "", PERSO_STATE_NONE, PERSO_REJ_RESULT_SHAPE },
        { "okay", PERSO_STATE_NONE, PERSO_REJ_RESULT_SHAPE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        struct perso_outcome out;
        struct perso_cells cells;
        struct perso_verdict verdict;

        row(&cells, results[i].result);
        verdict = judge(&cells, &expected, &out);
        assert_string_equal(out.card_id, CARD_ID);
        assert_int_equal(out.state, results[i].want);
        assert_int_equal(verdict.reject, results[i].reject);
        if (verdict.reject != PERSO_REJ_NONE)
            assert_int_equal(verdict.column, PERSO_COL_result);
    }
}

static const struct {
    const char *what, *result;
    enum perso_column column;
    const char *value; /* NULL: another card's value */
    enum perso_column second;
    enum perso_reject want;
    enum perso_column want_column;
} cases[] = {
    { "key differs", "ok", PERSO_COL_QMGY, NULL, 0, PERSO_REJ_CHIP_KEY, PERSO_COL_QMGY },
    { "signing certificate differs", "ok", PERSO_COL_QMZS_SM3, NULL, 0, PERSO_REJ_CHIP_CERT,
      PERSO_COL_QMZS_SM3 },
    { "encryption certificate differs", "ok", PERSO_COL_JMZS_SM3, NULL, 0, PERSO_REJ_CHIP_CERT,
      PERSO_COL_JMZS_SM3 },
    { "key not read back", "ok", PERSO_COL_QMGY, "", 0, PERSO_REJ_RESULT_SHAPE, PERSO_COL_QMGY },
    { "key cut", "ok", PERSO_COL_QMGY, "01", 0, PERSO_REJ_RESULT_SHAPE, PERSO_COL_QMGY },
    { "digest not read back", "ok", PERSO_COL_JMZS_SM3, "", 0, PERSO_REJ_RESULT_SHAPE,
      PERSO_COL_JMZS_SM3 },
    { "digest of no hex", "ok", PERSO_COL_QMZS_SM3, "x", 0, PERSO_REJ_RESULT_SHAPE,
      PERSO_COL_QMZS_SM3 },
    { "key before certificate", "ok", PERSO_COL_QMGY, NULL, PERSO_COL_QMZS_SM3, PERSO_REJ_CHIP_KEY,
      PERSO_COL_QMGY },
    { "certificate before the shape of the key", "ok", PERSO_COL_QMGY, "01", PERSO_COL_JMZS_SM3,
      PERSO_REJ_CHIP_CERT, PERSO_COL_JMZS_SM3 },
    { "no such result", "done", PERSO_COL_QMGY, NULL, 0, PERSO_REJ_RESULT_SHAPE, PERSO_COL_result },
    { "spoiled, nothing read", "spoiled", PERSO_COL_QMGY, "", 0, PERSO_REJ_CARD_SPOILED,
      PERSO_COL_result },
    { "spoiled, key cut", "spoiled", PERSO_COL_QMGY, "01", 0, PERSO_REJ_RESULT_SHAPE,
      PERSO_COL_QMGY },
    { "retry, nothing read", "retry", PERSO_COL_QMGY, "", 0, PERSO_REJ_NONE, PERSO_COLUMN_OTHER },
    { "card id cut", "ok", PERSO_COL_AAZ501, "4116", 0, PERSO_REJ_RESULT_SHAPE, PERSO_COL_AAZ501 },
};

static void
every_fault_has_its_code(void **state) /* LD/T 03-2022 6.4.7.2 e: the fourth gate */
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct perso_outcome out;
        struct perso_cells cells;
        struct perso_verdict verdict;

        row(&cells, cases[i].result);
        if (cases[i].value != NULL)
            cell_set(&cells, cases[i].column, cases[i].value);
        else
            cell_set_hex(&cells, cases[i].column, other,
                         cases[i].column == PERSO_COL_QMGY ? 64 : 32);
        if (cases[i].second != PERSO_COLUMN_OTHER)
            cell_set_hex(&cells, cases[i].second, other, 32);
        verdict = judge(&cells, &expected, &out);
        if (verdict.reject != cases[i].want || verdict.column != cases[i].want_column)
            fail_msg("%s: have %s, column %s", cases[i].what, perso_reject_name(verdict.reject),
                     perso_column_code(verdict.column));
    }
}

static void
mode_4_has_no_certificate_on_the_chip(void **state) /* LD/T 03-2022 6.4.7.5 */
{
    struct perso_expected want = expected;
    struct perso_outcome out;
    struct perso_cells cells;

    (void)state;
    want.certificates = false;
    row(&cells, "ok");
    assert_int_equal(judge(&cells, &want, &out).reject, PERSO_REJ_CHIP_CERT);
    cell_set(&cells, PERSO_COL_QMZS_SM3, "");
    cell_set(&cells, PERSO_COL_JMZS_SM3, "");
    assert_int_equal(judge(&cells, &want, &out).reject, PERSO_REJ_NONE);
    assert_int_equal(out.state, PERSO_STATE_DEFERRED);
}

static void
a_card_of_another_machine_file(void **state)
{
    struct perso_outcome out;
    struct perso_cells cells;

    (void)state;
    row(&cells, "done");
    assert_int_equal(judge(&cells, NULL, &out).reject, PERSO_REJ_NONE);
    assert_string_equal(out.card_id, CARD_ID);
    assert_int_equal(out.state, PERSO_STATE_NONE);
}

static void
a_spoiled_card_says_why(void **state) /* CONTRACTS 2: 50 bytes, never a cut character */
{
    struct perso_outcome out;
    struct perso_cells cells;

    (void)state;
    row(&cells, "spoiled");
    cell_set(&cells, PERSO_COL_step, "QMZS");
    cell_set(&cells, PERSO_COL_reason, "写证书失败 6A84");
    assert_string_equal(judge(&cells, &expected, &out).note, "QMZS: 写证书失败 6A84");
    cell_set(&cells, PERSO_COL_reason, "");
    assert_string_equal(judge(&cells, &expected, &out).note, "QMZS");
    cell_set(&cells, PERSO_COL_step, "");
    cell_set(&cells, PERSO_COL_reason, SSN);
    assert_string_equal(judge(&cells, &expected, &out).note, "***");
    cell_set(&cells, PERSO_COL_reason, "证书证书证书证书证书证书证书证书证书");
    assert_int_equal(strlen(judge(&cells, &expected, &out).note), 48);
}

static void
a_full_batch_is_judged_row_by_row(void **state) /* CONTRACTS 6 */
{
    enum { N = PERSO_BATCH_RECORDS };
    static struct perso_cells cells[N];
    static struct perso_origin origins[N];
    static const struct perso_expected *wants[N];
    static struct perso_outcome out[N];
    static struct perso_verdict verdicts[N];
    struct perso_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < N; i++) {
        row(&cells[i], i % 2 == 0 ? "ok" : "spoiled");
        wants[i] = i % 3 == 0 ? NULL : &expected;
    }
    assert_int_equal(perso_stage_close(cells, origins, wants, N, out, verdicts, &err), PERSO_OK);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(verdicts[i].reject,
                         i % 3 != 0 && i % 2 != 0 ? PERSO_REJ_CARD_SPOILED : PERSO_REJ_NONE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_a_state),
        cmocka_unit_test(every_fault_has_its_code),
        cmocka_unit_test(mode_4_has_no_certificate_on_the_chip),
        cmocka_unit_test(a_card_of_another_machine_file),
        cmocka_unit_test(a_spoiled_card_says_why),
        cmocka_unit_test(a_full_batch_is_judged_row_by_row),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
