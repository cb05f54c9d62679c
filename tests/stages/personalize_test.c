#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make.h"
#include "stages/personalize.h"
#include "stages/ssse.h"

static const uint8_t der[] = { 0x30, 0x00 };

static struct perso_answer
full_answer(void)
{
    const struct perso_cursor bytes = perso_cursor_of(der, sizeof der);

    return (struct perso_answer) { .signing_certificate = bytes,
                                   .encryption_certificate = bytes,
                                   .envelope = bytes,
                                   .admin_pin = text("sealed"),
                                   .master_key = text("sealed") };
}

static void
join(const struct perso_write_plan *plan, char *out)
{
    out[0] = '\0';
    for (size_t i = 0; i < plan->n_steps; i++) {
        if (i > 0)
            strcat(out, "+");
        strcat(out, perso_step_name(plan->steps[i]));
    }
}

static struct perso_personalize_rules rules = { .ssse_keys = "MK-1:1" }; /* tests change it */

static struct perso_verdict
plan(int mode, const struct perso_cells *issuance, const struct perso_answer *answer, char *steps)
{
    const struct perso_application application = { .card_id = CARD_ID };
    struct perso_write_plan out;
    struct perso_verdict verdict;
    struct perso_error err = { 0 };

    rules.mode = perso_mode_find(mode);
    assert_int_equal(
        perso_stage_personalize(&rules, &application, issuance, answer, 1, &out, &verdict, &err),
        PERSO_OK);
    assert_ptr_equal(out.application, &application);
    assert_ptr_equal(out.issuance, issuance);
    assert_ptr_equal(out.answer, answer);
    join(&out, steps);
    return verdict;
}

#define ACSE "KEY+DATA+JMMY+QMZS+JMZS+READ+GLYPIN+ZKMY+"

static void
a_mode_has_its_steps(void **state) /* LD/T 03-2022 6.4.7.2 e to 6.4.7.6 */
{
    static const struct {
        int mode;
        const char *steps;
    } modes[] = {
        { 1, ACSE "CHECK" },     { 2, ACSE "SSSE+CHECK" }, { 3, ACSE "CHECK" },
        { 4, "KEY+DATA+CHECK" }, /* certificates only through a CA middleware, later */
        { 5, ACSE "CHECK" },
    };
    const struct perso_answer answer = full_answer();
    struct perso_cells issuance;
    char steps[80];

    (void)state;
    cells_clear(&issuance);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(plan(modes[i].mode, &issuance, &answer, steps).reject, PERSO_REJ_NONE);
        assert_string_equal(steps, modes[i].steps);
    }
}

static void
a_step_needs_its_item(void **state)
{
    struct perso_answer answer = full_answer();
    struct perso_cells issuance;
    char steps[80];

    (void)state;
    cells_clear(&issuance);
    answer.admin_pin = answer.master_key = text("");
    assert_int_equal(plan(1, &issuance, &answer, steps).reject, PERSO_REJ_NONE);
    assert_string_equal(steps, "KEY+DATA+JMMY+QMZS+JMZS+READ+CHECK");
    answer.encryption_certificate = answer.envelope = perso_cursor_of(der, 0);
    plan(1, &issuance, &answer, steps);
    assert_string_equal(steps, "KEY+DATA+QMZS+READ+CHECK");
}

static void
keys_change_at_issue_or_later(void **state) /* LD/T 03-2022 6.4.7.5 */
{
    struct perso_answer answer = full_answer();
    struct perso_cells issuance;
    char steps[80];

    (void)state;
    cells_clear(&issuance);
    rules.keys_at_issue = true;
    assert_int_equal(plan(4, &issuance, &answer, steps).reject, PERSO_REJ_NONE);
    assert_string_equal(steps, "KEY+DATA+GLYPIN+ZKMY+CHECK");
    plan(1, &issuance, &answer, steps); /* elsewhere it says nothing */
    assert_string_equal(steps, ACSE "CHECK");
    rules.keys_at_issue = false;
    plan(4, &issuance, &answer, steps); /* what came all the same waits */
    assert_string_equal(steps, "KEY+DATA+CHECK");
}

#define NAME_32 "abcdefghij-ABCDEFGHIJ_0123456.89"
#define KEY_32 "0123456789abcdefABCDEF0123456789"

static const struct {
    const char *keys;
    bool fit;
} ssse_keys[] = {
    { "MK:1", true },
    { "MK:255", true },
    { "MK:256", false },
    { "MK:0", false },
    { "MK:01", false },
    { "MK:1000", false },
    { "MK:", false },
    { "MK", false },
    { ":1", false },
    { "", false },
    { "MK:1;", false },
    { ";MK:1", false },
    { "MK:1;;AK:1", false },
    { "MK:1;AK:2", true },
    { "MK:1;AK:2;", false },
    { "MK:1, AK:2", false },
    { "M K:1", false },
    { "MK:1 ", false },
    { "主控:1", false },
    { NAME_32 ":1", true },
    { NAME_32 "x:1", false },
    { "A:1;B:1;C:1;D:1;E:1;F:1;G:1;H:1", true },
    { "A:1;B:1;C:1;D:1;E:1;F:1;G:1;H:1;I:1", false },
    { KEY_32, false },
    { KEY_32 ":1", false }, /* has the form, but could be a key */
    { "0123456789abcdefABCDEF012345678:1", true },
    { "MK:1;" KEY_32 ":1", false },
};

static void
ssse_keys_are_names_and_versions(void **state) /* LD/T 03-2022 6.4.7.3 e, 8.2 */
{
    (void)state;
    for (size_t i = 0; i < sizeof ssse_keys / sizeof ssse_keys[0]; i++)
        if (perso_ssse_keys_fit(text(ssse_keys[i].keys)) != ssse_keys[i].fit)
            fail_msg("%s: want %d", ssse_keys[i].keys, ssse_keys[i].fit);
}

static void
ssse_keys_of_the_card_stand_before_the_profiles(void **state) /* LD/T 03-2022 6.4.7.3 e */
{
    const struct perso_application application = { .card_id = CARD_ID };
    const struct perso_answer answer = full_answer();
    struct perso_cells issuance;
    struct perso_write_plan out;
    struct perso_verdict verdict;
    struct perso_error err = { 0 };
    char steps[80];

    (void)state;
    cells_clear(&issuance);
    issuance.known[PERSO_COL_SSSE] = text("MK-2:7;AK:1");
    rules.mode = perso_mode_find(2);
    perso_stage_personalize(&rules, &application, &issuance, &answer, 1, &out, &verdict, &err);
    assert_true(same_text(out.ssse_keys, "MK-2:7;AK:1"));
    issuance.known[PERSO_COL_SSSE] = text("");
    perso_stage_personalize(&rules, &application, &issuance, &answer, 1, &out, &verdict, &err);
    assert_true(same_text(out.ssse_keys, "MK-1:1"));
    assert_int_equal(verdict.reject, PERSO_REJ_NONE);
    rules.ssse_keys = "";
    verdict = plan(2, &issuance, &answer, steps);
    assert_int_equal(verdict.reject, PERSO_REJ_PLAN_FIELD);
    assert_int_equal(verdict.column, PERSO_COL_SSSE);
    issuance.known[PERSO_COL_SSSE] = text(KEY_32);
    verdict = plan(2, &issuance, &answer, steps);
    assert_int_equal(verdict.column, PERSO_COL_SSSE);
    assert_int_equal(plan(1, &issuance, &answer, steps).reject, PERSO_REJ_NONE);
    issuance.known[PERSO_COL_AAC004] = text("x"); /* the first fault is told */
    assert_int_equal(plan(2, &issuance, &answer, steps).column, PERSO_COL_AAC004);
    rules.ssse_keys = "MK-1:1";
}

#define CHARS_5 "阿阿阿阿阿"

static const struct {
    enum perso_column column;
    const char *value;
    bool fits;
} fields[] = {
    { PERSO_COL_AAC004, "1", true },
    { PERSO_COL_AAC004, "9", true },
    { PERSO_COL_AAC004, "3", false },
    { PERSO_COL_AAC004, "12", false },
    { PERSO_COL_AAC004, "男", false },
    { PERSO_COL_AAC004, "", true },
    { PERSO_COL_AAC005, "01", true },
    { PERSO_COL_AAC005, "98", true },
    { PERSO_COL_AAC005, "00", false },
    { PERSO_COL_AAC005, "1", false },
    { PERSO_COL_AAC005, "汉", false },
    { PERSO_COL_AAC006, "19491231", true },
    { PERSO_COL_AAC006, "20000229", true },
    { PERSO_COL_AAC006, "20240229", true },
    { PERSO_COL_AAC006, "19000229", false },
    { PERSO_COL_AAC006, "20230229", false },
    { PERSO_COL_AAC006, "20230431", false },
    { PERSO_COL_AAC006, "20231301", false },
    { PERSO_COL_AAC006, "20230001", false },
    { PERSO_COL_AAC006, "20230100", false },
    { PERSO_COL_AAC006, "2023-01-01", false },
    { PERSO_COL_AAC006, "2023011", false },
    { PERSO_COL_AAC025, "411602", true },
    { PERSO_COL_AAC025, "41160", false },
    { PERSO_COL_AAC025, "河南", false },
    { PERSO_COL_AAZ503, "20240601", true },
    { PERSO_COL_AAZ503, "20240631", false },
    { PERSO_COL_KYXQ, "99991231", true },
    { PERSO_COL_KYXQ, "长期", false },
    { PERSO_COL_AAC003, CHARS_5 CHARS_5 CHARS_5 CHARS_5 CHARS_5, true },      /* 50 bytes */
    { PERSO_COL_AAC003, CHARS_5 CHARS_5 CHARS_5 CHARS_5 CHARS_5 "a", false }, /* 51 */
    { PERSO_COL_BAZ103, CHARS_5 CHARS_5, true },                              /* 20 */
    { PERSO_COL_BAZ103, CHARS_5 CHARS_5 "a", false },                         /* 21 */
    { PERSO_COL_AAC003, "张?", false },
    { PERSO_COL_BAZ103, "·买买提", true },
    { PERSO_COL_BAZ103, "??", false },
    { PERSO_COL_BAZ103, "张\uE816", false },
    { PERSO_COL_BAZ103, "张\u202E", false },
};

static void
a_card_holds_only_what_fits(void **state) /* DOMAIN 4.3, 3.4 */
{
    const struct perso_answer answer = full_answer();
    char steps[80];

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        struct perso_cells issuance;
        struct perso_verdict verdict;

        cells_clear(&issuance);
        issuance.known[fields[i].column] = text(fields[i].value);
        verdict = plan(1, &issuance, &answer, steps);
        if ((verdict.reject == PERSO_REJ_NONE) != fields[i].fits ||
            (!fields[i].fits && (verdict.reject != PERSO_REJ_PLAN_FIELD ||
                                 verdict.column != fields[i].column || verdict.note[0] != '\0')))
            fail_msg("%s %s: have %s", perso_column_code(fields[i].column), fields[i].value,
                     perso_reject_name(verdict.reject));
    }
}

static void
a_full_batch_has_a_plan_each(void **state) /* CONTRACTS 6 */
{
    enum { N = PERSO_BATCH_RECORDS };
    static struct perso_application applications[N];
    static struct perso_cells issuances[N];
    static struct perso_answer answers[N];
    static struct perso_write_plan plans[N];
    static struct perso_verdict verdicts[N];
    struct perso_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < N; i++) {
        answers[i] = full_answer();
        cells_clear(&issuances[i]);
        if (i % 4 == 0)
            issuances[i].known[PERSO_COL_AAC004] = text("x");
    }
    rules.mode = perso_mode_find(1);
    assert_int_equal(
        perso_stage_personalize(&rules, applications, issuances, answers, N, plans, verdicts, &err),
        PERSO_OK);
    for (size_t i = 0; i < N; i++) {
        assert_ptr_equal(plans[i].answer, &answers[i]);
        assert_int_equal(verdicts[i].reject, i % 4 == 0 ? PERSO_REJ_PLAN_FIELD : PERSO_REJ_NONE);
    }
}

static void
an_envelope_of_another_form_is_held(void **state) /* the profile changed after match */
{
    struct perso_cells issuance;
    struct perso_answer answer = full_answer();
    struct perso_verdict verdict;
    char steps[128];

    (void)state;
    cells_clear(&issuance);
    rules.envelope = PERSO_MACHINE_SKF;
    verdict = plan(1, &issuance, &answer, steps);
    assert_int_equal(verdict.reject, PERSO_REJ_ENVELOPE_FORM);
    assert_int_equal(verdict.column, PERSO_COL_JMMY);
    assert_true(verdict.note[0] != '\0');
    verdict = plan(4, &issuance, &answer, steps); /* there is no such step */
    assert_int_equal(verdict.reject, PERSO_REJ_NONE);
    cell_set(&issuance, PERSO_COL_AAC004, "7"); /* what stands before it is told */
    assert_int_equal(plan(1, &issuance, &answer, steps).reject, PERSO_REJ_PLAN_FIELD);
    rules.envelope = PERSO_MACHINE_AS_RECEIVED;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_envelope_of_another_form_is_held),
        cmocka_unit_test(a_mode_has_its_steps),
        cmocka_unit_test(a_step_needs_its_item),
        cmocka_unit_test(keys_change_at_issue_or_later),
        cmocka_unit_test(ssse_keys_are_names_and_versions),
        cmocka_unit_test(ssse_keys_of_the_card_stand_before_the_profiles),
        cmocka_unit_test(a_card_holds_only_what_fits),
        cmocka_unit_test(a_full_batch_has_a_plan_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
