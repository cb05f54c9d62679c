#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/sm2/sm3.h"
#include "make.h"
#include "stages/ingest.h"

static struct key own, other;
static struct bytes requests[16];
static struct perso_arena *arena;
static struct perso_ingest_rules rules;

enum {
    GOOD,
    EMPTY_ID,
    NO_Z,
    SHA256,
    BROKEN,
    TRAILING,
    ECDSA,
    OTHER_KEY,
    OTHER_PERSON,
    CARD_SUBJECT,
    NOT_DER
};

/* A request made for a row of the table below. */
static void
make_requests(void)
{
    const struct request_options options[] = {
        [GOOD] = { .key = &own, .common_name = NAME, .number = SSN },
        [EMPTY_ID] = { .key = &own, .common_name = NAME, .number = SSN, .signing = SIGN_EMPTY_ID },
        [NO_Z] = { .key = &own, .common_name = NAME, .number = SSN, .signing = SIGN_NO_Z },
        [SHA256] = { .key = &own, .common_name = NAME, .number = SSN, .signing = SIGN_SHA256 },
        [BROKEN] = { .key = &own, .common_name = NAME, .number = SSN, .signing = SIGN_BROKEN },
        [TRAILING] = { .key = &own, .common_name = NAME, .number = SSN, .trailing = 1 },
        [ECDSA] = { .key = &own, .common_name = NAME, .number = SSN, .ecdsa = true },
        [OTHER_KEY] = { .key = &other, .common_name = NAME, .number = SSN },
        [OTHER_PERSON] = { .key = &own, .common_name = "李四", .number = SSN },
        [CARD_SUBJECT] = { .key = &own, .common_name = CARD_ID },
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        make_request(&options[i], &requests[i]);
    requests[NOT_DER] = (struct bytes) { "not a request", 13 };
}

static int
set_up(void **state)
{
    (void)state;
    own = make_key();
    other = make_key();
    make_requests();
    arena = perso_arena_new();
    rules = (struct perso_ingest_rules) { .division = "411600",
                                          .card_no_check = true,
                                          .subject_check = true };
    return arena == NULL;
}

static int
tear_down(void **state)
{
    (void)state;
    free_key(&own);
    free_key(&other);
    texts_free();
    perso_arena_free(arena);
    return 0;
}

static void
good_row(struct perso_cells *cells)
{
    cells_clear(cells);
    cell_set(cells, PERSO_COL_AAZ501, CARD_ID);
    cell_set(cells, PERSO_COL_AAZ500, CARD_NO);
    cell_set(cells, PERSO_COL_AAC002, SSN);
    cell_set(cells, PERSO_COL_AAC003, NAME);
    cell_set(cells, PERSO_COL_AAB301, DIVISION);
    cell_set_hex(cells, PERSO_COL_QMGY, own.point, 64);
    cell_set_base64(cells, PERSO_COL_P10, requests[GOOD].at, requests[GOOD].n);
}

/* One row judged alone: the real-time path (CONTRACTS 6). */
static struct perso_verdict
judge(const struct perso_cells *cells, struct perso_application *out, bool *has_key,
      const struct perso_waivers *waivers)
{
    const struct perso_origin origin = { "application.csv", 7, 6 };
    struct perso_verdict verdict;
    struct perso_error err = { 0 };
    uint32_t n_warned;

    assert_int_equal(perso_stage_ingest(&rules, cells, &origin, 1, waivers, arena, out, has_key,
                                        &verdict, &n_warned, &err),
                     PERSO_OK);
    return verdict;
}

static void
a_good_row_is_read(void **state) /* LD/T 03-2022 6.4.7.2 a */
{
    struct perso_application out;
    struct perso_cells cells;
    uint8_t content[4200], digest[32];
    bool has_key;

    (void)state;
    good_row(&cells);
    cell_set(&cells, PERSO_COL_AAZ501, "411600d156000005123456780000abcd");
    cell_set(&cells, PERSO_COL_AAC002, "11010519491231002x");
    cell_set(&cells, PERSO_COL_AAC003, NAME "  ");
    cell_set(&cells, PERSO_COL_box, "12");
    cell_set(&cells, PERSO_COL_position, "3");
    assert_int_equal(judge(&cells, &out, &has_key, NULL).reject, PERSO_REJ_NONE);
    assert_string_equal(out.card_id, CARD_ID);
    assert_string_equal(out.card_no, CARD_NO);
    assert_string_equal(out.ssn, SSN);
    assert_string_equal(out.division, DIVISION);
    assert_true(same_text(out.name, NAME));
    assert_true(same_text(out.box, "12"));
    assert_true(same_text(out.position, "3"));
    assert_true(has_key);
    assert_memory_equal(out.public_key, own.point, 64);
    assert_int_equal(perso_left(&out.request), requests[GOOD].n);
    assert_memory_equal(out.request.at, requests[GOOD].at, requests[GOOD].n);
    assert_int_equal(out.origin.line, 7);
    /* CONTRACTS 4: SM3 of AAZ501 in upper case and the request as received */
    memcpy(content, CARD_ID, 32);
    memcpy(content + 32, requests[GOOD].at, requests[GOOD].n);
    assert_int_equal(EVP_Digest(content, 32 + requests[GOOD].n, digest, NULL, EVP_sm3(), NULL), 1);
    assert_memory_equal(out.request_id, digest, 16);
}

#define KEY_OFF_CURVE                                                                              \
    "00000000000000000000000000000000000000000000000000000000000000010000000000000000000000000000" \
    "000000000000000000000000000000000001"

static const struct {
    const char *what;
    enum perso_column column;
    const char *value; /* NULL: request takes its place */
    int request;
    enum perso_reject want;
    enum perso_column want_column;
} cases[] = {
    { "card id of 31", PERSO_COL_AAZ501, "411600D156000005123456780000ABC", 0,
      PERSO_REJ_CARD_ID_SHAPE, PERSO_COL_AAZ501 },
    { "card id of 33", PERSO_COL_AAZ501, CARD_ID "0", 0, PERSO_REJ_CARD_ID_SHAPE,
      PERSO_COL_AAZ501 },
    { "no card id", PERSO_COL_AAZ501, "", 0, PERSO_REJ_CARD_ID_SHAPE, PERSO_COL_AAZ501 },
    { "card of another city", PERSO_COL_AAZ501, "411700D156000005123456780000ABCD", 0,
      PERSO_REJ_CARD_ID_DIVISION, PERSO_COL_AAZ501 },
    { "card of the county", PERSO_COL_AAZ501, "411602D156000005123456780000ABCD", 0, PERSO_REJ_NONE,
      PERSO_COLUMN_OTHER },
    { "card of another county of the city", PERSO_COL_AAZ501, "411603D156000005123456780000ABCD", 0,
      PERSO_REJ_NONE, PERSO_COLUMN_OTHER },
    { "card number as 4.1E+8", PERSO_COL_AAZ500, "4.1E+08", 0, PERSO_REJ_EXCEL_DAMAGE,
      PERSO_COL_AAZ500 },
    { "card number as ####", PERSO_COL_AAZ500, "####", 0, PERSO_REJ_EXCEL_DAMAGE,
      PERSO_COL_AAZ500 },
    { "card number without its zeros", PERSO_COL_AAZ500, "12345670", 0, PERSO_REJ_EXCEL_DAMAGE,
      PERSO_COL_AAZ500 },
    { "SSN as 1.1E+17", PERSO_COL_AAC002, "1.10105E+17", 0, PERSO_REJ_EXCEL_DAMAGE,
      PERSO_COL_AAC002 },
    { "SSN as 1E+17", PERSO_COL_AAC002, "1e+17", 0, PERSO_REJ_EXCEL_DAMAGE, PERSO_COL_AAC002 },
    { "division as ######", PERSO_COL_AAB301, "######", 0, PERSO_REJ_EXCEL_DAMAGE,
      PERSO_COL_AAB301 },
    { "division as 4.1E+5", PERSO_COL_AAB301, "4.116E+05", 0, PERSO_REJ_EXCEL_DAMAGE,
      PERSO_COL_AAB301 },
    { "SSN of 17", PERSO_COL_AAC002, "11010519491231002", 0, PERSO_REJ_SSN_LENGTH,
      PERSO_COL_AAC002 },
    { "SSN with a letter", PERSO_COL_AAC002, "1101051949I231002X", 0, PERSO_REJ_SSN_CHARACTER,
      PERSO_COL_AAC002 },
    { "SSN of no province", PERSO_COL_AAC002, "19010519491231002X", 0, PERSO_REJ_SSN_PROVINCE,
      PERSO_COL_AAC002 },
    { "SSN of 31 November", PERSO_COL_AAC002, "11010519491131002X", 0, PERSO_REJ_SSN_DATE,
      PERSO_COL_AAC002 },
    { "SSN with a wrong check", PERSO_COL_AAC002, "110105194912310021", 0, PERSO_REJ_SSN_CHECK,
      PERSO_COL_AAC002 },
    { "card number of 10", PERSO_COL_AAZ500, CARD_NO "0", 0, PERSO_REJ_CARD_NO_SHAPE,
      PERSO_COL_AAZ500 },
    { "card number of 8", PERSO_COL_AAZ500, "JA334687", 0, PERSO_REJ_CARD_NO_SHAPE,
      PERSO_COL_AAZ500 },
    { "card number with a wrong check", PERSO_COL_AAZ500, "JA3346871", 0, PERSO_REJ_CARD_NO_CHECK,
      PERSO_COL_AAZ500 },
    { "division of 7", PERSO_COL_AAB301, "4116020", 0, PERSO_REJ_DIVISION_SHAPE, PERSO_COL_AAB301 },
    { "division of an agency", PERSO_COL_AAB301, "4116020001", 0, PERSO_REJ_NONE,
      PERSO_COLUMN_OTHER },
    { "no name", PERSO_COL_AAC003, "", 0, PERSO_REJ_NAME_EMPTY, PERSO_COL_AAC003 },
    { "padding for a name", PERSO_COL_AAC003, "  \xe3\x80\x80", 0, PERSO_REJ_NAME_EMPTY,
      PERSO_COL_AAC003 },
    { "garbled name", PERSO_COL_AAC003, "???", 0, PERSO_REJ_NAME_GARBLED, PERSO_COL_AAC003 },
    { "self-made character", PERSO_COL_AAC003, "张\xee\xa0\x9e", 0, PERSO_REJ_NAME_PRIVATE,
      PERSO_COL_AAC003 },
    { "tab in the name", PERSO_COL_AAC003, "张\t三", 0, PERSO_REJ_NAME_CHARACTER,
      PERSO_COL_AAC003 },
    { "name of 52 bytes", PERSO_COL_AAC003, "阿阿阿阿阿阿阿阿阿阿阿阿阿阿阿阿阿阿阿阿阿阿阿阿阿阿",
      0, PERSO_REJ_NAME_LENGTH, PERSO_COL_AAC003 },
    { "key cut", PERSO_COL_QMGY, "0102", 0, PERSO_REJ_KEY_SHAPE, PERSO_COL_QMGY },
    { "no key", PERSO_COL_QMGY, "", 0, PERSO_REJ_KEY_SHAPE, PERSO_COL_QMGY },
    { "key off the curve", PERSO_COL_QMGY, KEY_OFF_CURVE, 0, PERSO_REJ_KEY_CURVE, PERSO_COL_QMGY },
    { "no request", PERSO_COL_P10, "", 0, PERSO_REJ_REQUEST_MISSING, PERSO_COL_P10 },
    { "not Base64", PERSO_COL_P10, "MII*", 0, PERSO_REJ_REQUEST_BASE64, PERSO_COL_P10 },
    { "not DER", PERSO_COL_P10, NULL, NOT_DER, PERSO_REJ_REQUEST_SYNTAX, PERSO_COL_P10 },
    { "a byte after the request", PERSO_COL_P10, NULL, TRAILING, PERSO_REJ_REQUEST_TRAILING,
      PERSO_COL_P10 },
    { "ECDSA with SHA-256", PERSO_COL_P10, NULL, ECDSA, PERSO_REJ_REQUEST_ALGORITHM,
      PERSO_COL_P10 },
    { "request of another key", PERSO_COL_P10, NULL, OTHER_KEY, PERSO_REJ_REQUEST_KEY,
      PERSO_COL_P10 },
    { "request of another person", PERSO_COL_P10, NULL, OTHER_PERSON, PERSO_REJ_REQUEST_SUBJECT,
      PERSO_COL_P10 },
    { "request that names the card", PERSO_COL_P10, NULL, CARD_SUBJECT, PERSO_REJ_NONE,
      PERSO_COLUMN_OTHER },
    { "signed under the empty id", PERSO_COL_P10, NULL, EMPTY_ID, PERSO_REJ_POP_EMPTY_ID,
      PERSO_COL_P10 },
    { "signed without Z", PERSO_COL_P10, NULL, NO_Z, PERSO_REJ_POP_NO_Z, PERSO_COL_P10 },
    { "signed over SHA-256", PERSO_COL_P10, NULL, SHA256, PERSO_REJ_POP_SHA256, PERSO_COL_P10 },
    { "signature broken", PERSO_COL_P10, NULL, BROKEN, PERSO_REJ_POP_FAILED, PERSO_COL_P10 },
};

static void
set_case(struct perso_cells *cells, size_t i)
{
    const struct bytes *request = &requests[cases[i].request];

    if (cases[i].value != NULL)
        cell_set(cells, cases[i].column, cases[i].value);
    else
        cell_set_base64(cells, cases[i].column, request->at, request->n);
}

static void
every_fault_has_its_code(void **state) /* CONTRACTS 2, GM/T 0092, RELIABILITY T12 */
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct perso_application out;
        struct perso_cells cells;
        struct perso_verdict verdict;
        bool has_key;

        good_row(&cells);
        set_case(&cells, i);
        verdict = judge(&cells, &out, &has_key, NULL);
        if (verdict.reject != cases[i].want || verdict.column != cases[i].want_column)
            fail_msg("%s: want %s, have %s, column %s", cases[i].what,
                     perso_reject_name(cases[i].want), perso_reject_name(verdict.reject),
                     perso_column_code(verdict.column));
        if (cases[i].column != PERSO_COL_AAC003 && cases[i].value != NULL &&
            strlen(cases[i].value) > 4 && strstr(verdict.note, cases[i].value) != NULL)
            fail_msg("%s: the note repeats the value", cases[i].what);
    }
}

/* Two faults in a row: the one that stands first in the table of rejects is told (CONTRACTS 4). */
static void
the_first_fault_of_the_table_is_told(void **state)
{
    (void)state;
    for (size_t a = 0; a < sizeof cases / sizeof cases[0]; a++)
        for (size_t b = 0; b < sizeof cases / sizeof cases[0]; b++) {
            struct perso_application out;
            struct perso_cells cells;
            struct perso_verdict verdict;
            enum perso_reject want;
            bool has_key;

            if (cases[a].column == cases[b].column || cases[a].want == PERSO_REJ_NONE ||
                cases[b].want == PERSO_REJ_NONE)
                continue;
            want = cases[a].want < cases[b].want ? cases[a].want : cases[b].want;
            good_row(&cells);
            set_case(&cells, a);
            set_case(&cells, b);
            verdict = judge(&cells, &out, &has_key, NULL);
            /* a division without its shape cannot be compared with the card's */
            if (verdict.reject != want && want != PERSO_REJ_CARD_ID_DIVISION)
                fail_msg("%s, %s: want %s, have %s", cases[a].what, cases[b].what,
                         perso_reject_name(want), perso_reject_name(verdict.reject));
        }
    texts_free();
}

static void
a_division_belongs_to_the_job(void **state) /* LD/T 03-2022 6.4.7.2 b */
{
    static const struct {
        const char *job, *card, *row;
        enum perso_reject want;
    } divisions[] = {
        { "411600", "411600", "411600", PERSO_REJ_NONE },
        { "411600", "411600", "411699", PERSO_REJ_NONE },
        { "411600", "411700", "411700", PERSO_REJ_DIVISION_OTHER },
        { "411602", "411600", "411602", PERSO_REJ_NONE },
        { "411602", "411600", "41160200", PERSO_REJ_NONE },
        { "411602", "411600", "411603", PERSO_REJ_DIVISION_OTHER },
        { "411602", "411600", "411700", PERSO_REJ_CARD_ID_DIVISION },
    };

    (void)state;
    for (size_t i = 0; i < sizeof divisions / sizeof divisions[0]; i++) {
        struct perso_application out;
        struct perso_cells cells;
        char card_id[33];
        bool has_key;

        good_row(&cells);
        snprintf(card_id, sizeof card_id, "%s%s", divisions[i].card, &CARD_ID[6]);
        cell_set(&cells, PERSO_COL_AAZ501, card_id);
        cell_set(&cells, PERSO_COL_AAB301, divisions[i].row);
        rules.division = divisions[i].job;
        assert_int_equal(judge(&cells, &out, &has_key, NULL).reject, divisions[i].want);
    }
    rules.division = "411600";
}

static void
a_held_row_shows_card_and_key(void **state) /* CONTRACTS 4: duplicates of held rows */
{
    struct perso_application out;
    struct perso_cells cells;
    bool has_key;

    (void)state;
    good_row(&cells);
    cell_set(&cells, PERSO_COL_AAC002, "1");
    assert_int_equal(judge(&cells, &out, &has_key, NULL).reject, PERSO_REJ_SSN_LENGTH);
    assert_string_equal(out.card_id, CARD_ID);
    assert_true(has_key);
    assert_memory_equal(out.public_key, own.point, 64);

    cell_set(&cells, PERSO_COL_AAZ501, "x");
    cell_set(&cells, PERSO_COL_QMGY, "x");
    assert_int_equal(judge(&cells, &out, &has_key, NULL).reject, PERSO_REJ_CARD_ID_SHAPE);
    assert_string_equal(out.card_id, "");
    assert_false(has_key);
}

static void
a_waiver_lets_one_card_pass(void **state) /* CONTRACTS 1, release */
{
    struct waived waived = { 0, PERSO_REJ_CARD_NO_CHECK };
    const struct perso_waivers waivers = { waive_one, &waived };
    struct perso_application out;
    struct perso_cells cells;
    bool has_key;

    (void)state;
    good_row(&cells);
    cell_set(&cells, PERSO_COL_AAZ500, "JA3346871");
    assert_int_equal(judge(&cells, &out, &has_key, &waivers).reject, PERSO_REJ_NONE);
    waived.index = 1;
    assert_int_equal(judge(&cells, &out, &has_key, &waivers).reject, PERSO_REJ_CARD_NO_CHECK);
    waived = (struct waived) { 0, PERSO_REJ_SSN_CHECK }; /* cannot be waived */
    good_row(&cells);
    cell_set(&cells, PERSO_COL_AAC002, "110105194912310021");
    assert_int_equal(judge(&cells, &out, &has_key, &waivers).reject, PERSO_REJ_SSN_CHECK);
}

static void
checks_of_the_profile_can_be_off(void **state)
{
    const struct perso_origin origins[3] = { { "a.csv", 2, 1 },
                                             { "a.csv", 3, 2 },
                                             { "a.csv", 4, 3 } };
    struct perso_application out[3];
    struct perso_cells cells[3];
    struct perso_verdict verdicts[3];
    struct perso_error err = { 0 };
    uint32_t n_warned = 77;
    bool has_key[3];

    (void)state;
    rules.card_no_check = rules.subject_check = false;
    for (size_t i = 0; i < 3; i++) {
        good_row(&cells[i]);
        if (i > 0)
            cell_set(&cells[i], PERSO_COL_AAZ500, "JA3346871");
    }
    cell_set(&cells[2], PERSO_COL_AAC002, "1"); /* held, so it does not pass with a warning */
    cell_set_base64(&cells[0], PERSO_COL_P10, requests[OTHER_PERSON].at, requests[OTHER_PERSON].n);
    assert_int_equal(perso_stage_ingest(&rules, cells, origins, 3, NULL, arena, out, has_key,
                                        verdicts, &n_warned, &err),
                     PERSO_OK);
    assert_int_equal(verdicts[0].reject, PERSO_REJ_NONE);
    assert_int_equal(verdicts[1].reject, PERSO_REJ_NONE);
    assert_int_equal(verdicts[2].reject, PERSO_REJ_SSN_LENGTH);
    assert_int_equal(n_warned, 1);
    rules.card_no_check = rules.subject_check = true;
}

/* A full batch, with every third proof broken: each verdict belongs to its own row. */
static void
a_full_batch_is_judged_row_by_row(void **state) /* CONTRACTS 6 */
{
    enum { N = PERSO_BATCH_RECORDS };
    static struct perso_application out[N];
    static struct perso_cells cells[N];
    static struct perso_verdict verdicts[N];
    static struct perso_origin origins[N];
    static bool has_key[N];
    struct perso_cells good, no_ssn, broken;
    struct perso_error err = { 0 };
    uint32_t n_warned;

    (void)state;
    good_row(&good);
    no_ssn = broken = good;
    cell_set(&no_ssn, PERSO_COL_AAC002, "");
    cell_set_base64(&broken, PERSO_COL_P10, requests[BROKEN].at, requests[BROKEN].n);
    for (size_t i = 0; i < N; i++) {
        cells[i] = i % 3 == 0 ? broken : i % 7 == 0 ? no_ssn : good;
        origins[i] = (struct perso_origin) { "a.csv", (uint32_t)i + 2, (uint32_t)i + 1 };
    }
    assert_int_equal(perso_stage_ingest(&rules, cells, origins, N, NULL, arena, out, has_key,
                                        verdicts, &n_warned, &err),
                     PERSO_OK);
    for (size_t i = 0; i < N; i++) {
        enum perso_reject want = i % 3 == 0   ? PERSO_REJ_POP_FAILED
                                 : i % 7 == 0 ? PERSO_REJ_SSN_LENGTH
                                              : PERSO_REJ_NONE;
        if (verdicts[i].reject != want)
            fail_msg("row %zu: want %s, have %s", i, perso_reject_name(want),
                     perso_reject_name(verdicts[i].reject));
        assert_int_equal(out[i].origin.record, i + 1);
    }
    assert_int_equal(perso_stage_ingest(&rules, cells, origins, 0, NULL, arena, out, has_key,
                                        verdicts, &n_warned, &err),
                     PERSO_OK);
    assert_int_equal(n_warned, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_row_is_read),
        cmocka_unit_test(every_fault_has_its_code),
        cmocka_unit_test(the_first_fault_of_the_table_is_told),
        cmocka_unit_test(a_division_belongs_to_the_job),
        cmocka_unit_test(a_held_row_shows_card_and_key),
        cmocka_unit_test(a_waiver_lets_one_card_pass),
        cmocka_unit_test(checks_of_the_profile_can_be_off),
        cmocka_unit_test(a_full_batch_is_judged_row_by_row),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
