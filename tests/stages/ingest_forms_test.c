/* Ingest of the forms sig and bare, and of requests that are unusual (CONTRACTS 2, DOMAIN 5.3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/base/encode.h"
#include "formats/pki/odd.h"
#include "formats/pki/request_pem.h"
#include "formats/sm2/sm3.h"
#include "make.h"
#include "stages/ingest.h"

#define BY_CARD "CN={AAZ501}"

static struct key own, other;
static struct perso_arena *arena;
static struct perso_ingest_rules rules;

static int
set_up(void **state)
{
    (void)state;
    own = make_key();
    other = make_key();
    arena = perso_arena_new();
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
rules_of(enum perso_form form, const char *subject, uint32_t tolerated)
{
    struct perso_error err = { 0 };

    rules = (struct perso_ingest_rules) { .division = "411600",
                                          .subject_check = true,
                                          .subject = { true, true, 0 },
                                          .form = form,
                                          .tolerated = tolerated };
    assert_int_equal(perso_request_template_read(text(subject), &rules.requested_subject, &err),
                     PERSO_OK);
}

/* A row without a request. */
static void
row(struct perso_cells *cells)
{
    cells_clear(cells);
    cell_set(cells, PERSO_COL_AAZ501, CARD_ID);
    cell_set(cells, PERSO_COL_AAZ500, CARD_NO);
    cell_set(cells, PERSO_COL_AAC002, SSN);
    cell_set(cells, PERSO_COL_AAC003, NAME);
    cell_set(cells, PERSO_COL_AAB301, DIVISION);
    cell_set_hex(cells, PERSO_COL_QMGY, own.point, 64);
}

static struct perso_verdict
judge(const struct perso_cells *cells, struct perso_application *out)
{
    const struct perso_origin origin = { "application.csv", 7, 6 };
    struct perso_verdict verdict;
    struct perso_error err = { 0 };
    uint32_t n_warned;
    bool has_key;

    assert_int_equal(perso_stage_ingest(&rules, cells, &origin, 1, NULL, arena, out, &has_key,
                                        &verdict, &n_warned, &err),
                     PERSO_OK);
    return verdict;
}

static void
is_held(const char *what, const struct perso_cells *cells, enum perso_reject want,
        enum perso_column column)
{
    struct perso_application out;
    struct perso_verdict verdict = judge(cells, &out);

    if (verdict.reject != want || verdict.column != column)
        fail_msg("%s: want %s of %s, have %s of %s", what, perso_reject_name(want),
                 perso_column_code(column), perso_reject_name(verdict.reject),
                 perso_column_code(verdict.column));
}

/* CONTRACTS 4: over AAZ501 and the request, or the 64 bytes of a bare key. */
static void
has_id_over(const struct perso_application *out, const void *request, size_t n)
{
    uint8_t content[4200], digest[32];

    memcpy(content, CARD_ID, 32);
    memcpy(content + 32, request, n);
    assert_int_equal(EVP_Digest(content, 32 + n, digest, NULL, EVP_sm3(), NULL), 1);
    assert_memory_equal(out->request_id, digest, 16);
}

/* ---- sig ---- */

/* What OpenSSL would have made of subject, key and signature, and its two parts. */
static void
signed_apart(const struct request_options *options, struct bytes *whole, uint8_t rs[64])
{
    struct bytes info;

    make_request(options, whole);
    take_request(whole, &info, rs);
}

static void
a_request_is_put_together(void **state) /* GM/T 0092-2020 */
{
    struct perso_application out;
    struct perso_cells cells;
    struct bytes whole;
    uint8_t rs[64];

    (void)state;
    /* the rules want name and number, which are of requests that come whole */
    rules_of(PERSO_FORM_SIG, BY_CARD, 0);
    signed_apart(&(struct request_options) { .key = &own, .common_name = CARD_ID }, &whole, rs);
    row(&cells);
    cell_set(&cells, PERSO_COL_AAZ501, "411600d156000005123456780000abcd");
    cell_set_hex(&cells, PERSO_COL_QM, rs, sizeof rs);
    assert_int_equal(judge(&cells, &out).reject, PERSO_REJ_NONE);
    assert_int_equal(perso_left(&out.request), whole.n);
    assert_memory_equal(out.request.at, whole.at, whole.n);
    assert_int_equal(out.odd, 0);
    has_id_over(&out, whole.at, whole.n);

    rules_of(PERSO_FORM_SIG, "CN={AAC003}", 0);
    signed_apart(&(struct request_options) { .key = &own, .common_name = NAME }, &whole, rs);
    cell_set_hex(&cells, PERSO_COL_QM, rs, sizeof rs);
    cell_set(&cells, PERSO_COL_AAC003, NAME "  ");
    assert_int_equal(judge(&cells, &out).reject, PERSO_REJ_NONE);
    assert_memory_equal(out.request.at, whole.at, whole.n);
    texts_free();
}

static void
a_wrong_signature_is_diagnosed(void **state) /* DOMAIN 5.2, 5.3 */
{
    static const struct {
        const char *what;
        enum signing signing;
        enum perso_reject want;
    } cases[] = {
        { "standard", SIGN_STANDARD, PERSO_REJ_NONE },
        { "empty id", SIGN_EMPTY_ID, PERSO_REJ_POP_EMPTY_ID },
        { "no Z", SIGN_NO_Z, PERSO_REJ_POP_NO_Z },
        { "SHA-256", SIGN_SHA256, PERSO_REJ_POP_SHA256 },
        { "broken", SIGN_BROKEN, PERSO_REJ_POP_FAILED },
    };
    struct perso_cells cells;
    struct bytes whole;
    uint8_t rs[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rules_of(PERSO_FORM_SIG, BY_CARD, 0);
        signed_apart(&(struct request_options) { .key = &own,
                                                 .common_name = CARD_ID,
                                                 .signing = cases[i].signing },
                     &whole, rs);
        row(&cells);
        cell_set_hex(&cells, PERSO_COL_QM, rs, sizeof rs);
        is_held(cases[i].what, &cells, cases[i].want,
                cases[i].want == PERSO_REJ_NONE ? PERSO_COLUMN_OTHER : PERSO_COL_QM);
    }
    /* another card's key, another subject than the card was asked to sign */
    signed_apart(&(struct request_options) { .key = &own, .common_name = CARD_ID }, &whole, rs);
    cell_set_hex(&cells, PERSO_COL_QM, rs, sizeof rs);
    cell_set_hex(&cells, PERSO_COL_QMGY, other.point, 64);
    is_held("another key", &cells, PERSO_REJ_POP_FAILED, PERSO_COL_QM);
    rules_of(PERSO_FORM_SIG, "CN={AAZ501},OU=x", 0);
    cell_set_hex(&cells, PERSO_COL_QMGY, own.point, 64);
    is_held("another subject", &cells, PERSO_REJ_POP_FAILED, PERSO_COL_QM);
    texts_free();
}

static void
a_signature_has_its_shape(void **state)
{
    static const char *const wrong[] = { "0102", "x", "" };
    char text_of[131];
    struct perso_cells cells;

    (void)state;
    rules_of(PERSO_FORM_SIG, BY_CARD, 0);
    row(&cells);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cell_set(&cells, PERSO_COL_QM, wrong[i]);
        is_held(wrong[i], &cells,
                wrong[i][0] == '\0' ? PERSO_REJ_REQUEST_MISSING : PERSO_REJ_SIGNATURE_SHAPE,
                PERSO_COL_QM);
    }
    memset(text_of, 'A', sizeof text_of);
    for (size_t n = 127; n <= 130; n++) {
        text_of[n] = '\0';
        cell_set(&cells, PERSO_COL_QM, text_of);
        text_of[n] = 'A';
        is_held("length", &cells, n == 128 ? PERSO_REJ_POP_FAILED : PERSO_REJ_SIGNATURE_SHAPE,
                PERSO_COL_QM);
    }
    texts_free();
}

/* A row that went through an ingest before has both: they must be one request. */
static void
a_request_beside_must_be_the_same(void **state)
{
    struct perso_application out;
    struct perso_cells cells;
    struct bytes whole, another;
    uint8_t rs[64], unused[64];

    (void)state;
    rules_of(PERSO_FORM_SIG, BY_CARD, 0);
    signed_apart(&(struct request_options) { .key = &own, .common_name = CARD_ID }, &whole, rs);
    signed_apart(&(struct request_options) { .key = &own, .common_name = CARD_ID }, &another,
                 unused);
    row(&cells);
    cell_set_hex(&cells, PERSO_COL_QM, rs, sizeof rs);
    cell_set_base64(&cells, PERSO_COL_P10, whole.at, whole.n);
    assert_int_equal(judge(&cells, &out).reject, PERSO_REJ_NONE);
    cell_set_base64(&cells, PERSO_COL_P10, another.at, another.n);
    is_held("signed twice", &cells, PERSO_REJ_REQUEST_DIFFERS, PERSO_COL_P10);
    cell_set(&cells, PERSO_COL_P10, "MII*");
    is_held("not Base64", &cells, PERSO_REJ_REQUEST_BASE64, PERSO_COL_P10);
    /* a P10 alone is no answer to what the card was asked */
    cell_set_base64(&cells, PERSO_COL_P10, whole.at, whole.n);
    cell_set(&cells, PERSO_COL_QM, "");
    is_held("P10 alone", &cells, PERSO_REJ_REQUEST_MISSING, PERSO_COL_QM);
    /* where the profile says p10, the P10 is what counts */
    rules_of(PERSO_FORM_P10, BY_CARD, 0);
    rules.subject = (struct perso_subject_rules) { false, false, 0 };
    cell_set(&cells, PERSO_COL_QM, "x");
    cell_set_base64(&cells, PERSO_COL_P10, another.at, another.n);
    assert_int_equal(judge(&cells, &out).reject, PERSO_REJ_NONE);
    assert_memory_equal(out.request.at, another.at, another.n);
    texts_free();
}

/* ---- bare ---- */

static void
a_bare_key_is_enough(void **state) /* DOMAIN 0.1 */
{
    struct perso_application out;
    struct perso_cells cells;
    struct bytes whole;

    (void)state;
    rules_of(PERSO_FORM_BARE, BY_CARD, 0);
    row(&cells);
    assert_int_equal(judge(&cells, &out).reject, PERSO_REJ_NONE);
    assert_int_equal(perso_left(&out.request), 0);
    has_id_over(&out, own.point, 64);
    cell_set(&cells, PERSO_COL_QMGY, "0102");
    is_held("key cut", &cells, PERSO_REJ_KEY_SHAPE, PERSO_COL_QMGY);

    /* what is there is judged */
    row(&cells);
    make_request(&(struct request_options) { .key = &own, .common_name = NAME, .number = SSN },
                 &whole);
    cell_set_base64(&cells, PERSO_COL_P10, whole.at, whole.n);
    assert_int_equal(judge(&cells, &out).reject, PERSO_REJ_NONE);
    has_id_over(&out, whole.at, whole.n);
    make_request(&(struct request_options) { .key = &other, .common_name = NAME, .number = SSN },
                 &whole);
    cell_set_base64(&cells, PERSO_COL_P10, whole.at, whole.n);
    is_held("another key", &cells, PERSO_REJ_REQUEST_KEY, PERSO_COL_P10);
    make_request(
        &(struct request_options) {
            .key = &own, .common_name = NAME, .number = SSN, .signing = SIGN_BROKEN },
        &whole);
    cell_set_base64(&cells, PERSO_COL_P10, whole.at, whole.n);
    is_held("broken", &cells, PERSO_REJ_POP_FAILED, PERSO_COL_P10);
    texts_free();
}

/* ---- unusual requests ---- */

enum { AS_DER, AS_PEM, AS_PEM_IN_BASE64 };

static const struct {
    const char *what;
    struct request_options options;
    int as;
    uint32_t odd;
    bool mends; /* else it goes on as it came */
} oddities[] = {
    { "none", { .key = &own }, AS_DER, 0, false },
    { "attributes", { .key = &own, .no_attributes = true }, AS_DER, PERSO_ODD_ATTRIBUTES, false },
    { "null", { .key = &own, .null_parameters = true }, AS_DER, PERSO_ODD_NULL, true },
    { "raw", { .key = &own, .raw = true }, AS_DER, PERSO_ODD_RAW, true },
    { "hybrid", { .key = &own, .point = 6 }, AS_DER, PERSO_ODD_HYBRID, false },
    { "compressed", { .key = &own, .point = 2 }, AS_DER, PERSO_ODD_COMPRESSED, false },
    { "pem", { .key = &own }, AS_PEM, PERSO_ODD_PEM, true },
    { "pem in Base64", { .key = &own }, AS_PEM_IN_BASE64, PERSO_ODD_PEM, true },
    { "null, raw",
      { .key = &own, .null_parameters = true, .raw = true },
      AS_DER,
      PERSO_ODD_NULL | PERSO_ODD_RAW,
      true },
    { "raw without attributes in pem",
      { .key = &own, .raw = true, .no_attributes = true },
      AS_PEM,
      PERSO_ODD_PEM | PERSO_ODD_RAW | PERSO_ODD_ATTRIBUTES,
      true },
};

static void
set_p10(struct perso_cells *cells, const struct bytes *der, int as)
{
    char base64[6000], pem[6100];

    perso_base64_encode(der->at, der->n, base64);
    snprintf(pem, sizeof pem,
             "-----BEGIN CERTIFICATE REQUEST-----\n%s\n-----END CERTIFICATE REQUEST-----\n",
             base64);
    assert_true(perso_request_pem_is(perso_cursor_of(pem, strlen(pem))));
    assert_false(perso_request_pem_is(perso_cursor_of(base64, strlen(base64))));
    if (as == AS_DER)
        cell_set_base64(cells, PERSO_COL_P10, der->at, der->n);
    else if (as == AS_PEM)
        cell_set(cells, PERSO_COL_P10, pem);
    else
        cell_set_base64(cells, PERSO_COL_P10, pem, strlen(pem));
}

static void
what_is_unusual_is_tolerated_by_bits(void **state) /* DOMAIN 5.3 */
{
    (void)state;
    for (size_t i = 0; i < sizeof oddities / sizeof oddities[0]; i++) {
        struct request_options options = oddities[i].options;
        struct perso_application out;
        struct perso_cells cells;
        struct perso_verdict verdict;
        struct bytes der;

        options.common_name = NAME;
        options.number = SSN;
        make_request(&options, &der);
        row(&cells);
        set_p10(&cells, &der, oddities[i].as);
        rules_of(PERSO_FORM_P10, BY_CARD, oddities[i].odd);
        verdict = judge(&cells, &out);
        if (verdict.reject != PERSO_REJ_NONE || out.odd != oddities[i].odd)
            fail_msg("%s, tolerated: %s, odd %x", oddities[i].what,
                     perso_reject_name(verdict.reject), out.odd);
        if (!oddities[i].mends) {
            assert_int_equal(perso_left(&out.request), der.n);
            assert_memory_equal(out.request.at, der.at, der.n);
        }
        has_id_over(&out, out.request.at, perso_left(&out.request));
        /* each of its bits is needed */
        for (uint32_t bit = 1; bit <= PERSO_ODD_COMPRESSED; bit <<= 1) {
            rules.tolerated = PERSO_ODD_ALL & ~bit;
            verdict = judge(&cells, &out);
            bool holds = (oddities[i].odd & bit) != 0;
            if ((verdict.reject == PERSO_REJ_REQUEST_SYNTAX) != holds)
                fail_msg("%s without %s: %s", oddities[i].what, perso_odd_name(bit),
                         perso_reject_name(verdict.reject));
            if (holds && strstr(verdict.note, perso_odd_name(bit)) == NULL)
                fail_msg("%s: \"%s\" does not name the profile's word", oddities[i].what,
                         verdict.note);
        }
    }
    texts_free();
}

/* What goes on reads as OpenSSL reads it, with the signed bytes and the signature that came. */
static void
a_mended_request_is_the_usual_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof oddities / sizeof oddities[0]; i++) {
        struct request_options options = oddities[i].options;
        struct perso_application out;
        struct perso_cells cells;
        struct bytes der, sent, info, usual, signed_before;
        uint8_t rs[64], e[32];

        if (!oddities[i].mends)
            continue;
        options.common_name = NAME;
        options.number = SSN;
        make_request(&options, &der);
        row(&cells);
        set_p10(&cells, &der, oddities[i].as);
        rules_of(PERSO_FORM_P10, BY_CARD, PERSO_ODD_ALL);
        assert_int_equal(judge(&cells, &out).reject, PERSO_REJ_NONE);
        sent.n = perso_left(&out.request);
        memcpy(sent.at, out.request.at, sent.n);
        take_request(&sent, &info, rs);
        assert_true(perso_sm2_e(own.point, PERSO_SM2_ID, perso_cursor_of(info.at, info.n), e));
        assert_true(signs_e(&own, e, rs));
        /* the same info as a usual request of these options has */
        options.raw = options.null_parameters = false;
        make_request(&options, &usual);
        take_request(&usual, &signed_before, rs);
        assert_int_equal(info.n, signed_before.n);
        assert_memory_equal(info.at, signed_before.at, info.n);
        /* read again, nothing about it is unusual but what was signed */
        cell_set_base64(&cells, PERSO_COL_P10, sent.at, sent.n);
        assert_int_equal(judge(&cells, &out).reject, PERSO_REJ_NONE);
        assert_int_equal(out.odd, oddities[i].odd & ~PERSO_ODD_MENDABLE);
    }
    texts_free();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_put_together),
        cmocka_unit_test(a_wrong_signature_is_diagnosed),
        cmocka_unit_test(a_signature_has_its_shape),
        cmocka_unit_test(a_request_beside_must_be_the_same),
        cmocka_unit_test(a_bare_key_is_enough),
        cmocka_unit_test(what_is_unusual_is_tolerated_by_bits),
        cmocka_unit_test(a_mended_request_is_the_usual_one),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
