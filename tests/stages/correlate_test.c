/* Whose a part of a return is, and how parts become one answer (DOMAIN 7, LD/T 03-2022 6.4.7.2 d).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make.h"
#include "stages/collect.h"
#include "stages/correlate.h"

#define REQUEST_ID "00112233445566778899aabbccddeeff"

static struct perso_arena *arena;
static struct key card_key, other_key;
static struct bytes certificate; /* of card_key */

static int
set_up(void **state)
{
    (void)state;
    arena = perso_arena_new();
    card_key = make_key();
    other_key = make_key();
    const struct certificate_options options = { .key = &card_key,
                                                 .issuer_key = &other_key,
                                                 .issuer = "CA",
                                                 .common_name = NAME,
                                                 .number = SSN,
                                                 .serial = 1,
                                                 .usage = PERSO_KU_DIGITAL_SIGNATURE };
    make_certificate(&options, &certificate);
    return arena == NULL;
}

static int
tear_down(void **state)
{
    (void)state;
    free_key(&card_key);
    free_key(&other_key);
    perso_arena_free(arena);
    texts_free();
    return 0;
}

static struct perso_correlated
the_card(void)
{
    struct perso_correlated card = { .seq = 1, .names = { text(NAME), { "", 0 } } };

    strcpy(card.card_id, CARD_ID);
    strcpy(card.card_no, CARD_NO);
    strcpy(card.ssn, SSN);
    memcpy(card.public_key, card_key.point, sizeof card.public_key);
    for (unsigned i = 0; i < PERSO_REQUEST_ID_BYTES; i++)
        card.request_id[i] = (uint8_t)(0x11 * i);
    return card;
}

/* ---- what is stated ---- */

static const struct {
    enum perso_column column;
    const char *right, *wrong, *no_form;
} stated_cases[] = {
    { PERSO_COL_request_id, REQUEST_ID, "ff112233445566778899aabbccddeeff", "0011" },
    { PERSO_COL_AAZ501, CARD_ID, "411600D156000005123456780000ABCE", "411600" },
    { PERSO_COL_AAZ500, CARD_NO, "JA3346878", "JA33" },
    { PERSO_COL_AAC002, SSN, "110105194912310038", "1101051949123100020202" },
    { PERSO_COL_AAC003, NAME, "李四", NULL },
};

static void
every_identifier_counts(void **state)
{
    const struct perso_correlated card = the_card();
    struct perso_cells row;
    struct perso_stated stated;

    (void)state;
    for (size_t i = 0; i < sizeof stated_cases / sizeof stated_cases[0]; i++) {
        cells_clear(&row);
        for (size_t k = 0; k < sizeof stated_cases / sizeof stated_cases[0]; k++)
            cell_set(&row, stated_cases[k].column, stated_cases[k].right);
        cell_set_hex(&row, PERSO_COL_QMGY, card_key.point, 64);
        perso_stated_read(&row, arena, &stated);
        assert_int_equal(perso_stated_differs(&stated, &card), PERSO_COLUMN_OTHER);
        assert_true(perso_stated_needs_person(&stated));
        cell_set(&row, stated_cases[i].column, stated_cases[i].wrong);
        perso_stated_read(&row, arena, &stated);
        assert_int_equal(perso_stated_differs(&stated, &card), stated_cases[i].column);
        if (stated_cases[i].no_form == NULL)
            continue;
        cell_set(&row, stated_cases[i].column, stated_cases[i].no_form);
        perso_stated_read(&row, arena, &stated);
        assert_int_equal(perso_stated_differs(&stated, &card), stated_cases[i].column);
    }
    cells_clear(&row);
    cell_set_hex(&row, PERSO_COL_QMGY, other_key.point, 64);
    perso_stated_read(&row, arena, &stated);
    assert_int_equal(perso_stated_differs(&stated, &card), PERSO_COL_QMGY);
}

static void
nothing_stated_differs_from_nothing(void **state)
{
    const struct perso_correlated card = the_card();
    struct perso_cells row;
    struct perso_stated stated;

    (void)state;
    cells_clear(&row);
    perso_stated_read(&row, arena, &stated);
    assert_false(stated.has_certificate_key || stated.has_key || stated.has_request);
    assert_false(perso_stated_needs_person(&stated));
    assert_int_equal(perso_stated_differs(&stated, &card), PERSO_COLUMN_OTHER);
}

static void
key_comes_from_the_certificate(void **state)
{
    struct perso_cells row;
    struct perso_stated stated;

    (void)state;
    cells_clear(&row);
    cell_set_base64(&row, PERSO_COL_QMZS, certificate.at, certificate.n);
    perso_stated_read(&row, arena, &stated);
    assert_true(stated.has_certificate_key);
    assert_memory_equal(stated.certificate_key, card_key.point, 64);
    cell_set_base64(&row, PERSO_COL_QMZS, certificate.at, certificate.n - 1);
    perso_stated_read(&row, arena, &stated);
    assert_false(stated.has_certificate_key);
}

/* ---- certificates ---- */

static const struct {
    uint32_t usage;
    bool ca;
    enum perso_certificate_kind want;
} kind_cases[] = {
    { PERSO_KU_DIGITAL_SIGNATURE | PERSO_KU_NON_REPUDIATION, false, PERSO_CERTIFICATE_OTHER },
    { PERSO_KU_KEY_ENCIPHERMENT, false, PERSO_CERTIFICATE_ENCIPHERS },
    { PERSO_KU_DATA_ENCIPHERMENT | PERSO_KU_KEY_AGREEMENT, false, PERSO_CERTIFICATE_ENCIPHERS },
    { PERSO_KU_DIGITAL_SIGNATURE | PERSO_KU_KEY_ENCIPHERMENT, false, PERSO_CERTIFICATE_OTHER },
    { 0, false, PERSO_CERTIFICATE_OTHER },
    { PERSO_KU_KEY_ENCIPHERMENT, true, PERSO_CERTIFICATE_CA },
};

static void
usage_tells_what_a_certificate_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kind_cases / sizeof kind_cases[0]; i++) {
        const struct perso_certificate c = { .key_usage = kind_cases[i].usage,
                                             .is_ca = kind_cases[i].ca };
        assert_int_equal(perso_certificate_kind(&c), kind_cases[i].want);
    }
}

static const struct {
    const char *cn, *serial, *identify;
    size_t n;
    bool fits;
} subject_cases[] = {
    { NAME, SSN, "", 1, true },
    { NAME, "", SSN, 1, true },
    { NAME, SSN, SSN, 1, true },
    { SSN, "", "", 1, true },
    { "11010519491231002x", "", "", 1, true },
    { NAME SSN, "", "", 1, true },
    { SSN NAME, "", "", 1, true },
    { CARD_ID, "", "", 1, true },
    { NAME, CARD_NO, "", 1, true },
    { CARD_ID, CARD_NO, SSN, 3, true },
    { NAME, "", "", 0, false }, /* a name is nobody's number */
    { "ZHANGSANX", "", "", 0, false },
    { NAME, "110105194912310038", "", 1, false },
    { CARD_ID, "", "110105194912310038", 2, false }, /* another person on this card */
    { NAME, SSN, "110105194912310038", 2, false },
    { NAME "110105194912310038", SSN, "", 2, false },
};

static void
subject_names_the_card(void **state)
{
    const struct perso_correlated card = the_card();

    (void)state;
    for (size_t i = 0; i < sizeof subject_cases / sizeof subject_cases[0]; i++) {
        const struct perso_subject subject = { .common_name = text(subject_cases[i].cn),
                                               .serial_number = text(subject_cases[i].serial),
                                               .identify_code = text(subject_cases[i].identify),
                                               .insurance_number = text("") };
        struct perso_subject_names names;
        perso_subject_names_read(&subject, &names);
        if (names.n != subject_cases[i].n ||
            perso_subject_names_fit(&names, &card) != subject_cases[i].fits)
            fail_msg("case %zu: %zu names", i, names.n);
        for (size_t k = 1; k < names.n; k++)
            assert_true(names.at[k - 1].by <= names.at[k].by);
    }
}

/* ---- one answer ---- */

static void
part(struct perso_cells *cells, const char *qmzs, const char *jmzs, const char *pin,
     const char *code)
{
    cells_clear(cells);
    cell_set(cells, PERSO_COL_request_id, REQUEST_ID);
    cell_set(cells, PERSO_COL_QMZS, qmzs);
    cell_set(cells, PERSO_COL_JMZS, jmzs);
    cell_set(cells, PERSO_COL_GLYPIN, pin);
    cell_set(cells, PERSO_COL_code, code);
}

#define WANTED (PERSO_ITEM_QMZS | PERSO_ITEM_JMZS | PERSO_ITEM_GLYPIN)

/* Merges a and b in both orders, which must say the same. */
static struct perso_verdict
merge(const struct perso_cells *a, const struct perso_verdict *of_a, const struct perso_cells *b,
      const struct perso_verdict *of_b, const struct perso_cells *before, struct perso_cells *ret)
{
    static const struct perso_verdict good = { PERSO_REJ_NONE, PERSO_COLUMN_OTHER, "" };
    const struct perso_part one = { a, of_a != NULL ? *of_a : good };
    const struct perso_part two = { b, of_b != NULL ? *of_b : good };
    const struct perso_part forth[] = { one, two }, back[] = { two, one };
    struct perso_verdict verdict, other;
    struct perso_cells turned;

    perso_answer_merge(WANTED, forth, 2, before, ret, &verdict);
    perso_answer_merge(WANTED, back, 2, before, &turned, &other);
    assert_int_equal(verdict.reject, other.reject);
    assert_int_equal(verdict.column, other.column);
    assert_string_equal(verdict.note, other.note);
    for (size_t c = 0; c < PERSO_COLUMN_COUNT; c++) {
        assert_int_equal(ret->known[c].bytes, turned.known[c].bytes);
        assert_memory_equal(ret->known[c].at, turned.known[c].at, turned.known[c].bytes);
    }
    return verdict;
}

static void
parts_complete_each_other(void **state)
{
    struct perso_cells a, b, ret;

    (void)state;
    part(&a, "UQ==", "", "", "00");
    part(&b, "", "Ug==", "pin", "00");
    assert_int_equal(merge(&a, NULL, &b, NULL, NULL, &ret).reject, PERSO_REJ_NONE);
    assert_true(same_text(ret.known[PERSO_COL_QMZS], "UQ=="));
    assert_true(same_text(ret.known[PERSO_COL_JMZS], "Ug=="));
    assert_true(same_text(ret.known[PERSO_COL_code], "00"));
    assert_true(same_text(ret.known[PERSO_COL_request_id], REQUEST_ID));
    part(&b, "UQ==", "Ug==", "pin", "00"); /* the same certificate again */
    assert_int_equal(merge(&a, NULL, &b, NULL, NULL, &ret).reject, PERSO_REJ_NONE);
}

static void
a_part_sent_again_is_nothing_new(void **state)
{
    struct perso_cells answer, again;

    (void)state;
    part(&answer, "UQ==", "Ug==", "pin", "00");
    part(&again, "", "Ug==", "", "00");
    assert_true(perso_answer_has(&answer, &again));
    part(&again, "", "Uw==", "", "00");
    assert_false(perso_answer_has(&answer, &again));
    assert_false(perso_answer_has(&again, &answer));
}

static void
what_is_missing_is_told(void **state)
{
    struct perso_cells a, b, before, ret;

    (void)state;
    part(&a, "UQ==", "", "", "00");
    part(&b, "", "", "pin", "00");
    struct perso_verdict v = merge(&a, NULL, &b, NULL, NULL, &ret);
    assert_int_equal(v.reject, PERSO_REJ_ITEM_MISSING);
    assert_int_equal(v.column, PERSO_COL_JMZS);
    part(&before, "older", "Ug==", "", "00");
    assert_int_equal(merge(&a, NULL, &b, NULL, &before, &ret).reject, PERSO_REJ_NONE);
    assert_true(same_text(ret.known[PERSO_COL_QMZS], "UQ==")); /* the later one stands */
    assert_true(same_text(ret.known[PERSO_COL_JMZS], "Ug=="));
}

static void
contradictions_are_not_believed(void **state)
{
    const struct perso_verdict refused = { PERSO_REJ_RA_REFUSED, PERSO_COL_code, "41" };
    const struct perso_verdict shape = { PERSO_REJ_ITEM_SHAPE, PERSO_COL_JMMY, "" };
    const struct perso_verdict differs = { PERSO_REJ_FIELD_DIFFERS, PERSO_COL_AAC002, "" };
    struct perso_cells a, b, ret;
    struct perso_verdict v;

    (void)state;
    part(&a, "UQ==", "Ug==", "pin", "00");
    part(&b, "Uw==", "", "", "00");
    v = merge(&a, NULL, &b, NULL, NULL, &ret);
    assert_int_equal(v.reject, PERSO_REJ_ANSWER_TWICE);
    assert_int_equal(v.column, PERSO_COL_QMZS);
    part(&b, "", "", "", "41"); /* issued and refused */
    v = merge(&a, NULL, &b, &refused, NULL, &ret);
    assert_int_equal(v.reject, PERSO_REJ_ANSWER_TWICE);
    assert_int_equal(v.column, PERSO_COL_code);
    part(&b, "", "", "", "00"); /* what is told first */
    assert_int_equal(merge(&a, NULL, &b, &shape, NULL, &ret).reject, PERSO_REJ_ITEM_SHAPE);
    assert_int_equal(merge(&a, &shape, &b, &differs, NULL, &ret).reject, PERSO_REJ_FIELD_DIFFERS);
}

static void
what_could_not_be_opened_is_not_missing(void **state)
{
    struct perso_part one = { NULL, { PERSO_REJ_SECRET_SEAL, PERSO_COL_GLYPIN, "" } };
    struct perso_cells a, ret;
    struct perso_verdict v;

    (void)state;
    part(&a, "UQ==", "Ug==", "", "00");
    one.cells = &a;
    perso_answer_merge(WANTED, &one, 1, NULL, &ret, &v);
    assert_int_equal(v.reject, PERSO_REJ_SECRET_SEAL);
    part(&a, "UQ==", "", "", "00");
    perso_answer_merge(WANTED, &one, 1, NULL, &ret, &v);
    assert_int_equal(v.reject, PERSO_REJ_ITEM_MISSING);
}

static void
refusal_needs_no_items(void **state)
{
    const struct perso_part refused = { NULL, { PERSO_REJ_RA_REFUSED, PERSO_COL_code, "41: no" } };
    struct perso_part one = refused;
    struct perso_cells a, ret;
    struct perso_verdict v;

    (void)state;
    part(&a, "", "", "", "41");
    one.cells = &a;
    perso_answer_merge(WANTED, &one, 1, NULL, &ret, &v);
    assert_int_equal(v.reject, PERSO_REJ_RA_REFUSED);
    assert_string_equal(v.note, "41: no");
}

static void
codes_are_a_list(void **state)
{
    (void)state;
    assert_true(perso_answer_issued(NULL, text("00")));
    assert_false(perso_answer_issued(NULL, text("0")));
    assert_true(perso_answer_issued("00, 0,OK", text("OK")));
    assert_true(perso_answer_issued("00, 0,OK", text("0")));
    assert_false(perso_answer_issued("00, 0,OK", text("000")));
    assert_false(perso_answer_issued("00,0", text("")));
    assert_false(perso_answer_issued("", text("")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_identifier_counts),
        cmocka_unit_test(nothing_stated_differs_from_nothing),
        cmocka_unit_test(key_comes_from_the_certificate),
        cmocka_unit_test(usage_tells_what_a_certificate_is),
        cmocka_unit_test(subject_names_the_card),
        cmocka_unit_test(parts_complete_each_other),
        cmocka_unit_test(a_part_sent_again_is_nothing_new),
        cmocka_unit_test(what_is_missing_is_told),
        cmocka_unit_test(contradictions_are_not_believed),
        cmocka_unit_test(what_could_not_be_opened_is_not_missing),
        cmocka_unit_test(refusal_needs_no_items),
        cmocka_unit_test(codes_are_a_list),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
