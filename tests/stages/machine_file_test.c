#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make.h"
#include "sink.h"
#include "stages/personalize.h"

static const uint8_t signing_der[] = { 0x30, 0x01 }, encryption_der[] = { 0x30, 0x02 },
                     envelope[] = { 1, 2, 3 }, master_key[16] = { 7 };
static struct perso_seal *from, *to;
static struct collected out;
static struct perso_table_writer writer;
static char sealed_pin[PERSO_SEALED_CHARS + 1], sealed_key[PERSO_SEALED_CHARS + 1];
static struct perso_application application;
static struct perso_cells issuance;
static struct perso_answer answer;
static struct perso_cell other[2];
static struct bytes certificate; /* JMZS of the tests of envelopes */

static int
set_up(void **state)
{
    uint8_t key[PERSO_SEAL_KEY_BYTES] = { 1 };
    struct perso_error err = { 0 };

    (void)state;
    assert_int_equal(perso_seal_new(key, &from, &err), PERSO_OK);
    key[0] = 2;
    assert_int_equal(perso_seal_new(key, &to, &err), PERSO_OK);
    assert_int_equal(perso_seal_field(from, CARD_ID, "GLYPIN", 0, perso_cursor_of("87654321", 8),
                                      sealed_pin, &err),
                     PERSO_OK);
    assert_int_equal(perso_seal_field(from, CARD_ID, "ZKMY", 0, perso_cursor_of(master_key, 16),
                                      sealed_key, &err),
                     PERSO_OK);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    perso_seal_free(from);
    perso_seal_free(to);
    return 0;
}

static void
fill(void)
{
    out.n = out.max = 0;
    perso_writer_init(&writer, collecting_sink(&out), PERSO_UTF8, false);
    application = (struct perso_application) { .card_id = CARD_ID,
                                               .card_no = CARD_NO,
                                               .ssn = SSN,
                                               .division = DIVISION,
                                               .name = text("张  "),
                                               .box = text("7"),
                                               .position = text("12"),
                                               .public_key = { 0xef } };
    cells_clear(&issuance);
    issuance.known[PERSO_COL_AAC002] = text("11010519491231002x");
    issuance.known[PERSO_COL_AAC003] = text(NAME "  ");
    issuance.known[PERSO_COL_AAC004] = text("1");
    issuance.known[PERSO_COL_AAC005] = text("01");
    issuance.known[PERSO_COL_AAC006] = text("19491231");
    issuance.known[PERSO_COL_AAC025] = text("110105");
    issuance.known[PERSO_COL_AAZ503] = text("20240601");
    issuance.known[PERSO_COL_KYXQ] = text("20340601");
    issuance.known[PERSO_COL_CSHJGBM] = text("411600000001");
    issuance.known[PERSO_COL_AAE010] = text("6222000011112222333");
    issuance.known[PERSO_COL_SSSE] = text("SM4-0096:2");
    issuance.known[PERSO_COL_BAZ033] = text("B1"); /* not written to a card */
    other[0] = (struct perso_cell) { PERSO_COLUMN_OTHER, text("PHOTO"), text("p.jpg") };
    other[1] = (struct perso_cell) { PERSO_COLUMN_OTHER, text("备注"), text("a,b") };
    issuance.n_other = 2;
    issuance.other = other;
    answer = (struct perso_answer) { .signing_certificate =
                                         perso_cursor_of(signing_der, sizeof signing_der),
                                     .encryption_certificate =
                                         perso_cursor_of(encryption_der, sizeof encryption_der),
                                     .envelope = perso_cursor_of(envelope, sizeof envelope),
                                     .admin_pin = text(sealed_pin),
                                     .master_key = text(sealed_key) };
}

static struct perso_write_plan
plan_of(int mode)
{
    struct perso_write_plan plan;
    struct perso_verdict verdict;
    struct perso_error err = { 0 };

    const struct perso_personalize_rules rules = { perso_mode_find(mode), "", false,
                                                   PERSO_MACHINE_AS_RECEIVED };

    assert_int_equal(
        perso_stage_personalize(&rules, &application, &issuance, &answer, 1, &plan, &verdict, &err),
        PERSO_OK);
    assert_int_equal(verdict.reject, PERSO_REJ_NONE);
    return plan;
}

/* What a machine would have been sealed. */
static const char *
sealed_to(const char *purpose, uint32_t number, const void *plain, size_t n)
{
    static char sealed[2][PERSO_SEALED_CHARS + 1];
    char *ret = sealed[purpose[0] == 'Z'];
    struct perso_error err = { 0 };

    assert_int_equal(
        perso_seal_field(to, CARD_ID, purpose, number, perso_cursor_of(plain, n), ret, &err),
        PERSO_OK);
    return ret;
}

#define NUMBER 3 /* of the machine file, in its seals */
#define HEADER                                                                                     \
    "seq,AAZ501,AAZ500,QMGY,AAC002,AAC003,BAZ103,AAC004,AAC005,AAC006,AAC025,AAB301,AAZ503,KYXQ,"  \
    "CSHJGBM,AAE010,PHOTO,备注,NONE,QMZS,JMZS,JMMY,GLYPIN,ZKMY,SSSE,steps,box,position\n"
#define KEY_HEX                                                                                    \
    "EF000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" \
    "000000000000000000000000000000000000"
#define PERSONAL                                                                                   \
    SSN "," NAME ",,1,01,19491231,110105," DIVISION ",20240601,20340601,411600000001,"             \
        "6222000011112222333,p.jpg,\"a,b\",,"

static void
begin(struct perso_machine_file *file)
{
    struct perso_error err = { 0 };

    fill();
    *file =
        (struct perso_machine_file) { .writer = &writer,
                                      .from = from,
                                      .to = to,
                                      .sequence = NUMBER,
                                      .others = { .n = 3, .names = { "PHOTO", "备注", "NONE" } } };
    assert_int_equal(perso_machine_header(file, &err), PERSO_OK);
}

static void
a_row_has_all_that_a_machine_needs(void **state) /* CONTRACTS 2, LD/T 03-2022 6.4.7.2 e */
{
    struct perso_machine_file file;
    struct perso_error err = { 0 };
    char want[2048];

    (void)state;
    begin(&file);
    for (uint32_t seq = 1; seq <= 2; seq++) {
        struct perso_write_plan plan = plan_of(seq == 1 ? 1 : 2);
        assert_int_equal(perso_machine_row(&file, &plan, &err), PERSO_OK);
        assert_int_equal(file.rows, seq);
    }
    assert_int_equal(perso_writer_flush(&writer, &err), PERSO_OK);
    int n = snprintf(want, sizeof want,
                     HEADER "1," CARD_ID "," CARD_NO "," KEY_HEX "," PERSONAL
                            "MAE=,MAI=,AQID,%s,%s,,KEY+DATA+JMMY+QMZS+JMZS+READ+GLYPIN+ZKMY+CHECK"
                            ",7,12\n",
                     sealed_to("GLYPIN", NUMBER, "87654321", 8),
                     sealed_to("ZKMY", NUMBER, master_key, 16));
    snprintf(want + n, sizeof want - (size_t)n,
             "2," CARD_ID "," CARD_NO "," KEY_HEX "," PERSONAL "MAE=,MAI=,AQID,%s,%s,SM4-0096:2,"
             "KEY+DATA+JMMY+QMZS+JMZS+READ+GLYPIN+ZKMY+SSSE+CHECK,7,12\n",
             sealed_to("GLYPIN", NUMBER, "87654321", 8), sealed_to("ZKMY", NUMBER, master_key, 16));
    assert_string_equal(collected_text(&out), want);
    assert_null(strstr(out.at, "87654321")); /* 8.3.6 a: sealed, never in clear */
}

static void
mode_4_writes_no_certificate(void **state) /* LD/T 03-2022 6.4.7.5 */
{
    struct perso_machine_file file;
    struct perso_write_plan plan;
    struct perso_error err = { 0 };

    (void)state;
    begin(&file);
    plan = plan_of(4);
    assert_int_equal(perso_machine_row(&file, &plan, &err), PERSO_OK);
    assert_int_equal(perso_writer_flush(&writer, &err), PERSO_OK);
    assert_string_equal(collected_text(&out), HEADER "1," CARD_ID "," CARD_NO "," KEY_HEX
                                                     "," PERSONAL ",,,,,,KEY+DATA+CHECK,7,12\n");
}

static void
without_issuance_values_the_application_s_stand(void **state)
{
    struct perso_machine_file file;
    struct perso_write_plan plan;
    struct perso_error err = { 0 };

    (void)state;
    begin(&file);
    cells_clear(&issuance);
    plan = plan_of(4);
    assert_int_equal(perso_machine_row(&file, &plan, &err), PERSO_OK);
    assert_int_equal(perso_writer_flush(&writer, &err), PERSO_OK);
    assert_string_equal(collected_text(&out),
                        HEADER "1," CARD_ID "," CARD_NO "," KEY_HEX "," SSN ",张,,,,,," DIVISION
                               ",,,,,,,,,,,,,,KEY+DATA+CHECK,7,12\n");
}

static void
a_secret_of_another_card_leaves_no_half_row(void **state) /* DESIGN 1: no wrong card */
{
    struct perso_machine_file file;
    struct perso_write_plan plan;
    struct perso_error err = { 0 };

    (void)state;
    begin(&file);
    application.card_id[31] = '0';
    application.origin = (struct perso_origin) { "application.csv", 5, 4 };
    plan = plan_of(1);
    assert_int_equal(perso_machine_row(&file, &plan, &err), PERSO_REJECT);
    assert_int_equal(err.reject, PERSO_REJ_SECRET_SEAL);
    assert_int_equal(err.line, 5);
    assert_int_equal(file.rows, 0);
    assert_int_equal(perso_writer_flush(&writer, &err), PERSO_OK);
    assert_string_equal(collected_text(&out), HEADER);
}

/* The JMMY cell of the one row of a file for a machine; "" where the row is refused. */
static struct perso_text
envelope_cell(enum perso_machine_envelope machine, const struct bytes *came,
              enum perso_reject *reject)
{
    struct perso_machine_file file;
    struct perso_write_plan plan;
    struct perso_error err = { 0 };

    begin(&file);
    file.envelope = machine;
    plan = plan_of(1);
    answer.encryption_certificate = cursor_of(&certificate);
    answer.envelope = cursor_of(came);
    enum perso_result rc = perso_machine_row(&file, &plan, &err);
    *reject = err.reject;
    assert_int_equal(perso_writer_flush(&writer, &err), PERSO_OK);
    if (rc != PERSO_OK) {
        assert_int_equal(rc, PERSO_REJECT);
        assert_string_equal(collected_text(&out), HEADER); /* no half of a row */
        return text("");
    }
    const char *at = collected_text(&out) + sizeof HEADER - 1;
    at = strstr(at, ",\"a,b\",,"); /* others */
    assert_non_null(at);
    for (int commas = 0; commas < 6; at++)
        commas += *at == ',';
    return (struct perso_text) { at, (uint32_t)strcspn(at, ",") };
}

static bool
is_base64_of(struct perso_text cell, const struct bytes *bytes)
{
    char want[4 * sizeof bytes->at / 3 + 8];

    EVP_EncodeBlock((unsigned char *)want, bytes->at, (int)bytes->n);
    return same_text(cell, want);
}

static void
whatever_came_the_machine_gets_its_form(void **state) /* GM/T 0009, 0010, 0016 */
{
    enum { SKF, ASN1, CMS, PADDED, OPAQUE, N };
    const struct key encryption = make_key(), any = make_key();
    const struct certificate_options options = {
        .key = &encryption, .issuer_key = &any, .issuer = "CA", .common_name = NAME, .serial = 5
    };
    struct bytes envelopes[N] = { { .n = 0 } };
    enum perso_reject reject;

    (void)state;
    make_certificate(&options, &certificate);
    make_envelope(&encryption, &any, &envelopes[SKF]);
    make_envelope_asn1(&encryption, &any, false, &envelopes[ASN1]);
    make_envelope_cms(&any, false, &envelopes[CMS]);
    make_envelope_asn1(&encryption, &any, true, &envelopes[PADDED]);
    memset(envelopes[OPAQUE].at, 0xfe, envelopes[OPAQUE].n = 40);
    for (int form = 0; form < N; form++) {
        const struct bytes *came = &envelopes[form];
        bool stuck = form >= PADDED;
        assert_true(is_base64_of(envelope_cell(PERSO_MACHINE_AS_RECEIVED, came, &reject), came));
        struct perso_text skf = envelope_cell(PERSO_MACHINE_SKF, came, &reject);
        assert_true(stuck ? skf.bytes == 0 : is_base64_of(skf, &envelopes[SKF]));
        assert_int_equal(reject, stuck ? PERSO_REJ_ENVELOPE_FORM : PERSO_REJ_NONE);
        struct perso_text asn1 = envelope_cell(PERSO_MACHINE_ASN1, came, &reject);
        assert_true(stuck ? asn1.bytes == 0 : is_base64_of(asn1, &envelopes[ASN1]));
        assert_int_equal(reject, stuck ? PERSO_REJ_ENVELOPE_FORM : PERSO_REJ_NONE);
    }
    make_envelope_asn1(&any, &any, false, &envelopes[ASN1]);
    envelope_cell(PERSO_MACHINE_SKF, &envelopes[ASN1], &reject);
    assert_int_equal(reject, PERSO_REJ_ENVELOPE_KEY);
    struct key keys[] = { encryption, any };
    free_key(&keys[0]);
    free_key(&keys[1]);
}

static void
a_failing_sink_is_told(void **state)
{
    struct perso_machine_file file;
    struct perso_write_plan plan;
    struct perso_error err = { 0 };
    enum perso_result rc = PERSO_OK;

    (void)state;
    begin(&file);
    out.max = 4096;
    plan = plan_of(1);
    for (int i = 0; rc == PERSO_OK && i < 100; i++)
        rc = perso_machine_row(&file, &plan, &err);
    assert_int_equal(rc, PERSO_FATAL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_has_all_that_a_machine_needs),
        cmocka_unit_test(mode_4_writes_no_certificate),
        cmocka_unit_test(without_issuance_values_the_application_s_stand),
        cmocka_unit_test(a_secret_of_another_card_leaves_no_half_row),
        cmocka_unit_test(whatever_came_the_machine_gets_its_form),
        cmocka_unit_test(a_failing_sink_is_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
