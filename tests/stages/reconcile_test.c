#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/identity/name.h"
#include "make.h"
#include "stages/reconcile.h"

static const char dotted[] = "阿凡提·买买提", other_dot[] = "阿凡提\xe2\x80\xa2买买提";

static struct perso_application
application(void)
{
    return (struct perso_application) { .card_id = CARD_ID,
                                        .card_no = CARD_NO,
                                        .ssn = SSN,
                                        .division = DIVISION,
                                        .name = text(dotted) };
}

static struct perso_issuance
issuance(void)
{
    return (struct perso_issuance) { .card_id = CARD_ID,
                                     .card_no = CARD_NO,
                                     .ssn = SSN,
                                     .division = DIVISION,
                                     .name = text(dotted),
                                     .batch = text("B1"),
                                     .person_status = text("1"),
                                     .card_status = text("0") };
}

static struct perso_reconcile_rules
default_rules(void)
{
    return (struct perso_reconcile_rules) { .folds = 0,
                                            .batch = "B1",
                                            .batch_check = true,
                                            .card_status = { "0", "" },
                                            .n_card_status = 2,
                                            .person_status = { "1" },
                                            .n_person_status = 1 };
}

static struct perso_verdict
judge(const struct perso_reconcile_rules *rules, const struct perso_application *a,
      const struct perso_issuance *b, const struct perso_waivers *waivers,
      struct perso_comparison *comparison)
{
    struct perso_verdict verdict;
    struct perso_error err = { 0 };

    assert_int_equal(perso_stage_reconcile(rules, a, b, 1, waivers, comparison, &verdict, &err),
                     PERSO_OK);
    return verdict;
}

static void
ssn_differs(struct perso_issuance *b)
{
    strcpy(b->ssn, "440524188001010014");
}

static void
ssn_small(struct perso_issuance *b)
{
    strcpy(b->ssn, "11010519491231002x");
}

static void
ssn_cut(struct perso_issuance *b)
{
    b->ssn[17] = '\0';
}

static void
name_differs(struct perso_issuance *b)
{
    b->name = text("李四");
}

static void
name_folded(struct perso_issuance *b)
{
    b->name = text(other_dot);
}

static void
name_garbled(struct perso_issuance *b)
{
    b->name = text("张?三");
}

static void
extension_garbled(struct perso_issuance *b)
{
    b->name_extension = text("买??");
}

static void
extension_private(struct perso_issuance *b)
{
    b->name_extension = text("买\uE816");
}

static void
extension_good(struct perso_issuance *b)
{
    b->name_extension = text("·买买提");
}

static void
name_too_long(struct perso_issuance *b) /* 52 bytes in GB18030 */
{
    b->name = text("张三李四王五赵六钱七孙八周九吴十郑一冯二陈三褚四卫五");
}

static void
card_no_differs(struct perso_issuance *b)
{
    strcpy(b->card_no, "B6Z315526");
}

static void
card_no_absent(struct perso_issuance *b)
{
    b->card_no[0] = '\0';
}

static void
division_differs(struct perso_issuance *b)
{
    strcpy(b->division, "411603");
}

static void
division_of_agency(struct perso_issuance *b)
{
    strcpy(b->division, DIVISION "0001");
}

static void
batch_differs(struct perso_issuance *b)
{
    b->batch = text("B2");
}

static void
batch_absent(struct perso_issuance *b)
{
    b->batch = text("");
}

static void
card_lost(struct perso_issuance *b)
{
    b->card_status = text("2");
}

static void
card_status_absent(struct perso_issuance *b)
{
    b->card_status = text("");
}

static void
person_status_absent(struct perso_issuance *b)
{
    b->person_status = text("");
}

static void
ssse_named(struct perso_issuance *b)
{
    b->ssse_keys = text("MK-SSSE:3;AK-1:1");
}

static void
ssse_key(struct perso_issuance *b)
{
    b->ssse_keys = text("0123456789abcdef0123456789ABCDEF:1");
}

static void
ssse_base64(struct perso_issuance *b)
{
    b->ssse_keys = text("ASNFZ4mrze8BI0VniavN7w==");
}

static void
nothing(struct perso_issuance *b)
{
    (void)b;
}

typedef void change(struct perso_issuance *issuance);

static const struct {
    const char *what;
    change *first, *second;
    enum perso_reject want;
    enum perso_column column;
    char symbol;
    const char *note;
} cases[] = {
    { "equal", nothing, nothing, PERSO_REJ_NONE, PERSO_COLUMN_OTHER, '=', "" },
    { "SSN", ssn_differs, nothing, PERSO_REJ_FIELD_DIFFERS, PERSO_COL_AAC002, '!', "" },
    { "SSN with x", ssn_small, nothing, PERSO_REJ_NONE, PERSO_COLUMN_OTHER, '=', "" },
    { "SSN of 17", ssn_cut, nothing, PERSO_REJ_FIELD_DIFFERS, PERSO_COL_AAC002, '!', "" },
    { "name", name_differs, nothing, PERSO_REJ_FIELD_DIFFERS, PERSO_COL_AAC003, '!', "" },
    { "name garbled at the department", name_garbled, nothing, PERSO_REJ_NAME_GARBLED,
      PERSO_COL_AAC003, '!', "in the issuance data" },
    { "extension garbled", extension_garbled, nothing, PERSO_REJ_NAME_GARBLED, PERSO_COL_BAZ103,
      '=', "in the issuance data" },
    { "extension of private use", extension_private, nothing, PERSO_REJ_NAME_PRIVATE,
      PERSO_COL_BAZ103, '=', "in the issuance data" },
    { "extension", extension_good, nothing, PERSO_REJ_NONE, PERSO_COLUMN_OTHER, '=', "" },
    { "name that no card holds", name_too_long, nothing, PERSO_REJ_NAME_LENGTH, PERSO_COL_AAC003,
      '!', "in the issuance data" },
    { "name with another dot", name_folded, nothing, PERSO_REJ_NAME_FOLDED, PERSO_COL_AAC003, '*',
      "dot" },
    { "card number", card_no_differs, nothing, PERSO_REJ_FIELD_DIFFERS, PERSO_COL_AAZ500, '!', "" },
    { "no card number", card_no_absent, nothing, PERSO_REJ_FIELD_DIFFERS, PERSO_COL_AAZ500, '!',
      "" },
    { "division", division_differs, nothing, PERSO_REJ_FIELD_DIFFERS, PERSO_COL_AAB301, '!', "" },
    { "division of an agency", division_of_agency, nothing, PERSO_REJ_NONE, PERSO_COLUMN_OTHER, '=',
      "" },
    { "batch", batch_differs, nothing, PERSO_REJ_FIELD_DIFFERS, PERSO_COL_BAZ033, '!', "" },
    { "no batch", batch_absent, nothing, PERSO_REJ_NONE, PERSO_COLUMN_OTHER, '=', "" },
    { "status of the card", card_lost, nothing, PERSO_REJ_CARD_STATUS, PERSO_COL_AAZ502, '=', "" },
    { "no status of the card", card_status_absent, nothing, PERSO_REJ_NONE, PERSO_COLUMN_OTHER, '=',
      "" },
    { "no status of the person", person_status_absent, nothing, PERSO_REJ_PERSON_STATUS,
      PERSO_COL_AAC008, '=', "" },
    { "SSSE keys by name", ssse_named, nothing, PERSO_REJ_NONE, PERSO_COLUMN_OTHER, '=', "" },
    { "a key as SSSE", ssse_key, nothing, PERSO_REJ_PLAN_FIELD, PERSO_COL_SSSE, '=', "" },
    { "a key in Base64", ssse_base64, nothing, PERSO_REJ_PLAN_FIELD, PERSO_COL_SSSE, '=', "" },
    /* two faults: the earlier of the table of rejects (CONTRACTS 4) */
    { "card number and SSN", card_no_differs, ssn_differs, PERSO_REJ_FIELD_DIFFERS,
      PERSO_COL_AAC002, '!', "AAC002+AAZ500" },
    { "fold and card number", name_folded, card_no_differs, PERSO_REJ_FIELD_DIFFERS,
      PERSO_COL_AAZ500, '!', "" },
    { "status and fold", card_lost, name_folded, PERSO_REJ_NAME_FOLDED, PERSO_COL_AAC003, '*',
      "dot" },
    { "a key and a status", ssse_key, card_lost, PERSO_REJ_CARD_STATUS, PERSO_COL_AAZ502, '=', "" },
    { "both states", person_status_absent, card_lost, PERSO_REJ_CARD_STATUS, PERSO_COL_AAZ502, '=',
      "" },
};

static void
every_difference_has_its_code(void **state) /* LD/T 03-2022 6.4.7.2 b */
{
    const struct perso_reconcile_rules rules = default_rules();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct perso_application a = application();
        struct perso_issuance b = issuance();
        struct perso_comparison comparison;
        struct perso_verdict verdict;

        cases[i].first(&b);
        cases[i].second(&b);
        verdict = judge(&rules, &a, &b, NULL, &comparison);
        if (verdict.reject != cases[i].want || verdict.column != cases[i].column ||
            comparison.symbol != cases[i].symbol || strcmp(verdict.note, cases[i].note) != 0)
            fail_msg("%s: have %s, %s, %c, %s", cases[i].what, perso_reject_name(verdict.reject),
                     perso_column_code(verdict.column), comparison.symbol, verdict.note);
        if (comparison.symbol == '!' && comparison.differs == 0)
            fail_msg("%s: no field is said to differ", cases[i].what);
    }
}

static void
differences_are_bits_of_the_compared_fields(void **state)
{
    const struct perso_reconcile_rules rules = default_rules();
    static change *const changes[PERSO_COMPARED] = { ssn_differs, name_differs, card_no_differs,
                                                     division_differs, batch_differs };

    (void)state;
    for (size_t i = 0; i < PERSO_COMPARED; i++) {
        struct perso_application a = application();
        struct perso_issuance b = issuance();
        struct perso_comparison comparison;

        changes[i](&b);
        assert_int_equal(judge(&rules, &a, &b, NULL, &comparison).column, perso_compared[i]);
        assert_int_equal(comparison.differs, 1u << i);
    }
}

static void
a_profile_accepts_folds(void **state) /* DOMAIN 3.5 */
{
    struct perso_reconcile_rules rules = default_rules();
    struct perso_application a = application();
    struct perso_issuance b = issuance();
    struct perso_comparison comparison;

    (void)state;
    name_folded(&b);
    rules.folds = PERSO_FOLD_DOT;
    assert_int_equal(judge(&rules, &a, &b, NULL, &comparison).reject, PERSO_REJ_NONE);
    assert_int_equal(comparison.symbol, '*');
    assert_int_equal(comparison.folds, PERSO_FOLD_DOT);
    rules.folds = PERSO_FOLD_ALL & ~PERSO_FOLD_DOT;
    assert_int_equal(judge(&rules, &a, &b, NULL, &comparison).reject, PERSO_REJ_NAME_FOLDED);
}

static void
a_profile_may_not_judge(void **state)
{
    struct perso_reconcile_rules rules = default_rules();
    struct perso_application a = application();
    struct perso_issuance b = issuance();
    struct perso_comparison comparison;

    (void)state;
    rules.batch_check = false;
    rules.n_card_status = rules.n_person_status = 0;
    batch_differs(&b);
    card_lost(&b);
    person_status_absent(&b);
    assert_int_equal(judge(&rules, &a, &b, NULL, &comparison).reject, PERSO_REJ_NONE);
    assert_int_equal(comparison.symbol, '=');
}

static void
a_waiver_lets_one_code_pass(void **state) /* CONTRACTS 1, release */
{
    struct perso_reconcile_rules rules = default_rules();
    struct waived waived = { 0, PERSO_REJ_NAME_FOLDED };
    const struct perso_waivers waivers = { waive_one, &waived };
    struct perso_application a = application();
    struct perso_issuance b = issuance();
    struct perso_comparison comparison;

    (void)state;
    name_folded(&b);
    assert_int_equal(judge(&rules, &a, &b, &waivers, &comparison).reject, PERSO_REJ_NONE);
    assert_int_equal(comparison.symbol, '*');
    card_lost(&b);
    assert_int_equal(judge(&rules, &a, &b, &waivers, &comparison).reject, PERSO_REJ_CARD_STATUS);
    waived.reject = PERSO_REJ_CARD_STATUS;
    assert_int_equal(judge(&rules, &a, &b, &waivers, &comparison).reject, PERSO_REJ_NAME_FOLDED);
    b = issuance();
    card_lost(&b);
    assert_int_equal(judge(&rules, &a, &b, &waivers, &comparison).reject, PERSO_REJ_NONE);
    b = issuance();
    person_status_absent(&b);
    waived.reject = PERSO_REJ_PERSON_STATUS;
    assert_int_equal(judge(&rules, &a, &b, &waivers, &comparison).reject, PERSO_REJ_NONE);
    ssn_differs(&b);
    waived.reject = PERSO_REJ_FIELD_DIFFERS; /* cannot be waived */
    assert_int_equal(judge(&rules, &a, &b, &waivers, &comparison).reject, PERSO_REJ_FIELD_DIFFERS);
}

static void
a_full_batch_is_judged_pair_by_pair(void **state) /* CONTRACTS 6 */
{
    enum { N = PERSO_BATCH_RECORDS };
    static struct perso_application a[N];
    static struct perso_issuance b[N];
    static struct perso_comparison comparisons[N];
    static struct perso_verdict verdicts[N];
    const struct perso_reconcile_rules rules = default_rules();
    struct perso_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < N; i++) {
        a[i] = application();
        b[i] = issuance();
        if (i % 5 == 4)
            ssn_differs(&b[i]);
    }
    assert_int_equal(perso_stage_reconcile(&rules, a, b, N, NULL, comparisons, verdicts, &err),
                     PERSO_OK);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(comparisons[i].symbol, i % 5 == 4 ? '!' : '=');
        assert_int_equal(verdicts[i].reject, i % 5 == 4 ? PERSO_REJ_FIELD_DIFFERS : PERSO_REJ_NONE);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_difference_has_its_code),
        cmocka_unit_test(differences_are_bits_of_the_compared_fields),
        cmocka_unit_test(a_profile_accepts_folds),
        cmocka_unit_test(a_profile_may_not_judge),
        cmocka_unit_test(a_waiver_lets_one_code_pass),
        cmocka_unit_test(a_full_batch_is_judged_pair_by_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
