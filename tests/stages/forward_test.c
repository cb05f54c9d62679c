#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make.h"
#include "sink.h"
#include "stages/cupboard.h"
#include "stages/forward.h"
#include "stages/others.h"

#define OTHER_ID "411600D1560000051234567800000000"
#define NUMBER 3 /* of the package, in its seals */
#define PIN "87654321"

static const uint8_t signing_der[] = { 0x30, 0x01 }, encryption_der[] = { 0x30, 0x02 },
                     envelope[] = { 1, 2, 3 }, master_key[16] = { 7 };
static struct perso_seal *from, *to;
static struct collected cards, personal, certificates;
static struct perso_table_writer writers[3];
static struct perso_forward_file file;
static char sealed_pin[PERSO_SEALED_CHARS + 1], sealed_key[PERSO_SEALED_CHARS + 1];
static struct perso_application application;
static struct perso_cells issuance;
static struct perso_answer answer;
static struct perso_cell other[2];

static void
seal(struct perso_seal *seal, const char *purpose, uint32_t number, const void *plain, size_t n,
     char out[PERSO_SEALED_CHARS + 1])
{
    struct perso_error err = { 0 };

    assert_int_equal(
        perso_seal_field(seal, CARD_ID, purpose, number, perso_cursor_of(plain, n), out, &err),
        PERSO_OK);
}

static int
set_up(void **state)
{
    uint8_t key[PERSO_SEAL_KEY_BYTES] = { 1 };
    struct perso_error err = { 0 };

    (void)state;
    assert_int_equal(perso_seal_new(key, &from, &err), PERSO_OK);
    key[0] = 2;
    assert_int_equal(perso_seal_new(key, &to, &err), PERSO_OK);
    seal(from, "GLYPIN", 0, PIN, 8, sealed_pin);
    seal(from, "ZKMY", 0, master_key, 16, sealed_key);
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
    application = (struct perso_application) { .card_id = CARD_ID,
                                               .card_no = CARD_NO,
                                               .ssn = SSN,
                                               .division = DIVISION,
                                               .name = text("张  "),
                                               .box = text("7"),
                                               .position = text("12"),
                                               .public_key = { 0xef },
                                               .request_id = { 0xab } };
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
    issuance.known[PERSO_COL_SSSE] = text("SM4-0096/2");
    issuance.known[PERSO_COL_BAZ033] = text("B1");
    issuance.known[PERSO_COL_AAC008] = text("1"); /* status: judged by the department alone */
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

static void
begin(bool with_certificates, bool with_secrets)
{
    struct collected *const out[] = { &cards, &personal, &certificates };
    struct perso_error err = { 0 };

    fill();
    for (size_t i = 0; i < 3; i++) {
        out[i]->n = out[i]->max = 0;
        perso_writer_init(&writers[i], collecting_sink(out[i]), PERSO_UTF8, false);
    }
    file =
        (struct perso_forward_file) { .cards = &writers[0],
                                      .personal = &writers[1],
                                      .certificates = &writers[2],
                                      .from = from,
                                      .to = to,
                                      .sequence = NUMBER,
                                      .items = { with_certificates, with_secrets },
                                      .others = { .n = 3, .names = { "PHOTO", "备注", "NONE" } } };
    assert_int_equal(perso_forward_headers(&file, &err), PERSO_OK);
}

static enum perso_result
row(struct perso_error *err)
{
    const struct perso_forward_card card = { &application, &issuance, &answer };

    return perso_forward_row(&file, &card, err);
}

static void
end(void)
{
    struct perso_error err = { 0 };

    for (size_t i = 0; i < 3; i++)
        assert_int_equal(perso_writer_flush(&writers[i], &err), PERSO_OK);
}

#define ID "ab000000000000000000000000000000"
#define KEY_HEX                                                                                    \
    "EF000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" \
    "000000000000000000000000000000000000"
#define CARDS_HEADER "request_id,AAZ501,AAZ500,QMGY,box,position\n"
#define PERSONAL_HEADER                                                                            \
    "AAZ501,AAC002,AAC003,BAZ103,AAC004,AAC005,AAC006,AAC025,AAB301,AAZ503,KYXQ,CSHJGBM,AAE010,"   \
    "BAZ033,SSSE,PHOTO,备注,NONE\n"
#define CERTIFICATES_HEADER "request_id,QMZS,JMZS,JMMY,GLYPIN,ZKMY,code,reason\n"

static void
a_card_stands_in_three_tables(void **state) /* CONTRACTS 3, LD/T 03-2022 6.4.7.2 d */
{
    char want[1024], pin[PERSO_SEALED_CHARS + 1], key[PERSO_SEALED_CHARS + 1];
    struct perso_error err = { 0 };

    (void)state;
    begin(true, true);
    assert_int_equal(row(&err), PERSO_OK);
    assert_int_equal(file.rows, 1);
    end();
    assert_string_equal(collected_text(&cards),
                        CARDS_HEADER ID "," CARD_ID "," CARD_NO "," KEY_HEX ",7,12\n");
    assert_string_equal(collected_text(&personal), PERSONAL_HEADER CARD_ID
                        "," SSN "," NAME ",,1,01,19491231,110105," DIVISION
                        ",20240601,20340601,411600000001,6222000011112222333,B1,SM4-0096/2,"
                        "p.jpg,\"a,b\",\n");
    seal(to, "GLYPIN", NUMBER, PIN, 8, pin);
    seal(to, "ZKMY", NUMBER, master_key, 16, key);
    snprintf(want, sizeof want, CERTIFICATES_HEADER ID ",MAE=,MAI=,AQID,%s,%s,00,\n", pin, key);
    assert_string_equal(collected_text(&certificates), want);
}

static void
a_sealed_field_opens_for_its_card_and_package_alone(void **state) /* CONTRACTS 5 */
{
    char *pin, *end_of_pin;
    uint8_t plain[PERSO_SEALED_PLAIN_MAX];
    struct perso_error err = { 0 };
    size_t n = 0;

    (void)state;
    begin(true, true);
    assert_int_equal(row(&err), PERSO_OK);
    end();
    collected_text(&certificates);
    pin = strstr(certificates.at, "AQID,") + 5;
    end_of_pin = strchr(pin, ',');
    const struct perso_text sealed = { pin, (uint32_t)(end_of_pin - pin) };
    assert_int_equal(perso_seal_open(to, CARD_ID, "GLYPIN", NUMBER, sealed, plain, &n, &err),
                     PERSO_OK);
    assert_int_equal(n, 8);
    assert_memory_equal(plain, PIN, 8);
    assert_int_equal(perso_seal_open(to, OTHER_ID, "GLYPIN", NUMBER, sealed, plain, &n, &err),
                     PERSO_REJECT);
    assert_int_equal(perso_seal_open(to, ID, "GLYPIN", NUMBER, sealed, plain, &n, &err),
                     PERSO_REJECT);
    assert_int_equal(perso_seal_open(to, CARD_ID, "ZKMY", NUMBER, sealed, plain, &n, &err),
                     PERSO_REJECT);
    assert_int_equal(perso_seal_open(to, CARD_ID, "GLYPIN", NUMBER + 1, sealed, plain, &n, &err),
                     PERSO_REJECT);
    assert_int_equal(perso_seal_open(from, CARD_ID, "GLYPIN", NUMBER, sealed, plain, &n, &err),
                     PERSO_REJECT);
    assert_null(strstr(certificates.at, PIN));
}

static void
in_mode_4_certificates_stay(void **state) /* LD/T 03-2022 6.4.7.5 d */
{
    char want[1024], pin[PERSO_SEALED_CHARS + 1], key[PERSO_SEALED_CHARS + 1];
    struct perso_error err = { 0 };

    (void)state;
    begin(false, false);
    assert_int_equal(row(&err), PERSO_OK);
    end();
    assert_string_equal(collected_text(&certificates), CERTIFICATES_HEADER ID ",,,,,,00,\n");
    begin(false, true); /* keys_at_issue */
    assert_int_equal(row(&err), PERSO_OK);
    end();
    seal(to, "GLYPIN", NUMBER, PIN, 8, pin);
    seal(to, "ZKMY", NUMBER, master_key, 16, key);
    snprintf(want, sizeof want, CERTIFICATES_HEADER ID ",,,,%s,%s,00,\n", pin, key);
    assert_string_equal(collected_text(&certificates), want);
}

static void
without_issuance_values_the_application_s_stand(void **state)
{
    struct perso_error err = { 0 };

    (void)state;
    begin(true, false);
    cells_clear(&issuance);
    assert_int_equal(row(&err), PERSO_OK);
    end();
    assert_string_equal(collected_text(&personal),
                        PERSONAL_HEADER CARD_ID "," SSN ",张,,,,,," DIVISION ",,,,,,,,,\n");
}

static void
a_secret_of_another_card_leaves_no_half_row(void **state) /* DESIGN 1: no wrong card */
{
    struct perso_error err = { 0 };

    (void)state;
    begin(true, true);
    memcpy(application.card_id, OTHER_ID, sizeof application.card_id);
    application.origin = (struct perso_origin) { "application.csv", 5, 4 };
    assert_int_equal(row(&err), PERSO_REJECT);
    assert_int_equal(err.reject, PERSO_REJ_SECRET_SEAL);
    assert_int_equal(err.line, 5);
    assert_int_equal(file.rows, 0);
    end();
    assert_string_equal(collected_text(&cards), CARDS_HEADER);
    assert_string_equal(collected_text(&personal), PERSONAL_HEADER);
    assert_string_equal(collected_text(&certificates), CERTIFICATES_HEADER);
}

static void
a_failing_sink_is_told(void **state)
{
    struct collected *const out[] = { &cards, &personal, &certificates };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct perso_error err = { 0 };
        enum perso_result rc = PERSO_OK;
        begin(true, true);
        out[i]->max = 4096;
        for (int k = 0; rc == PERSO_OK && k < 100; k++)
            rc = row(&err);
        assert_int_equal(rc, PERSO_FATAL);
    }
}

static void
what_goes_back_tells_code_and_field(void **state) /* CONTRACTS 3 */
{
    static const struct perso_held_card held[] = {
        { CARD_ID, ID, false, "reconcile", PERSO_REJ_FIELD_DIFFERS, PERSO_COL_AAC003 },
        { CARD_ID, "", false, "ingest", PERSO_REJ_KEY_CURVE, PERSO_COL_QMGY },
        { OTHER_ID, ID, true, "", PERSO_REJ_NONE, PERSO_COLUMN_OTHER },
    };
    struct perso_error err = { 0 };

    (void)state;
    cards.n = cards.max = 0;
    perso_writer_init(&writers[0], collecting_sink(&cards), PERSO_UTF8, false);
    assert_int_equal(perso_held_header(&writers[0], &err), PERSO_OK);
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
        assert_int_equal(perso_held_row(&writers[0], &held[i], &err), PERSO_OK);
    assert_int_equal(perso_writer_flush(&writers[0], &err), PERSO_OK);
    assert_string_equal(
        collected_text(&cards),
        "AAZ501,request_id,state,stage,code,clause,field,text_en,text_zh\n" CARD_ID "," ID
        ",returned,reconcile,R201,LD/T 03-2022 6.4.7.2 b,AAC003,application and issuance "
        "differ,申请数据与发卡数据不等\n" CARD_ID
        ",,returned,ingest,R121,GB/T 32918.1,QMGY,point is not on the curve,"
        "签名公钥不在曲线上\n" OTHER_ID "," ID
        ",cancelled,,R306,LD/T 03-2022 6.4.7.2 b,,cancelled by the department,"
        "发卡地区人社部门已取消\n");
}

static void
unknown_columns_of_both_sides_go_along(void **state) /* CONTRACTS 2 */
{
    struct perso_cell of_application[] = { { PERSO_COLUMN_OTHER, text("PHOTO"), text("theirs") },
                                           { PERSO_COLUMN_OTHER, text("ROOM"), text("12") } };
    struct perso_arena *arena = perso_arena_new();
    struct perso_error err = { 0 };
    struct perso_cells from_application;

    (void)state;
    assert_non_null(arena);
    begin(true, false);
    cells_clear(&from_application);
    from_application.other = of_application;
    from_application.n_other = 2;
    assert_int_equal(perso_others_merge(&from_application, &issuance, arena, &err), PERSO_OK);
    file.others = (struct perso_others) { .n = 0 };
    perso_others_note(&file.others, &issuance);
    perso_others_note(&file.others, &from_application);
    assert_int_equal(file.others.n, 3);
    assert_int_equal(row(&err), PERSO_OK);
    end();
    /* The issuance data's value stays where both sides have the column. */
    assert_non_null(strstr(collected_text(&personal), ",p.jpg,\"a,b\",12\n"));
    perso_arena_free(arena);
}

/* ---- cupboard ---- */

static void
put(bool secrets, struct perso_arena *arena, struct perso_cells *kept)
{
    const struct perso_cupboard_rules rules = { from, to, secrets };
    struct perso_cupboard_entry entry = { .state = PERSO_CUPBOARD_WAITING };
    struct perso_error err = { 0 };
    struct perso_cells cells;

    fill();
    cells_clear(&cells);
    cells.known[PERSO_COL_request_id] = text(ID);
    cells.known[PERSO_COL_QMZS] = text("MAE=");
    cells.known[PERSO_COL_JMZS] = text("MAI=");
    cells.known[PERSO_COL_JMMY] = text("AQID");
    cells.known[PERSO_COL_GLYPIN] = text(sealed_pin);
    cells.known[PERSO_COL_ZKMY] = text(sealed_key);
    cells.known[PERSO_COL_code] = text("00");
    assert_int_equal(perso_cupboard_fill(&rules, CARD_ID, &cells, &answer, arena, &entry, &err),
                     PERSO_OK);
    assert_string_equal(entry.card_id, CARD_ID);
    assert_memory_not_equal(entry.signing_sm3, entry.encryption_sm3, PERSO_SM3_BYTES);
    assert_int_equal(perso_row_payload_read(entry.payload, arena, kept, &err), PERSO_OK);
    assert_true(same_text(kept->known[PERSO_COL_request_id], ID));
    assert_true(same_text(kept->known[PERSO_COL_QMZS], "MAE="));
    assert_true(same_text(kept->known[PERSO_COL_JMZS], "MAI="));
    assert_true(same_text(kept->known[PERSO_COL_JMMY], "AQID"));
    assert_true(same_text(kept->known[PERSO_COL_code], ""));
}

static void
the_cupboard_keeps_all_five_items(void **state) /* LD/T 03-2022 6.4.7.5 e */
{
    struct perso_arena *arena = perso_arena_new();
    uint8_t plain[PERSO_SEALED_PLAIN_MAX];
    struct perso_error err = { 0 };
    struct perso_cells kept;
    size_t n = 0;

    (void)state;
    assert_non_null(arena);
    put(true, arena, &kept);
    assert_int_equal(
        perso_seal_open(to, CARD_ID, "GLYPIN", 0, kept.known[PERSO_COL_GLYPIN], plain, &n, &err),
        PERSO_OK);
    assert_int_equal(n, 8);
    assert_memory_equal(plain, PIN, 8);
    assert_int_equal(
        perso_seal_open(to, CARD_ID, "ZKMY", 0, kept.known[PERSO_COL_ZKMY], plain, &n, &err),
        PERSO_OK);
    assert_int_equal(n, 16);
    assert_memory_equal(plain, master_key, 16);
    put(false, arena, &kept); /* keys_at_issue: these two went with the card */
    assert_true(same_text(kept.known[PERSO_COL_GLYPIN], ""));
    assert_true(same_text(kept.known[PERSO_COL_ZKMY], ""));
    perso_arena_free(arena);
}

static void
the_cupboard_takes_no_secret_of_another_card(void **state) /* DESIGN 1: no wrong card */
{
    const struct perso_cupboard_rules rules = { from, to, true };
    struct perso_cupboard_entry entry = { .state = PERSO_CUPBOARD_WAITING };
    struct perso_arena *arena = perso_arena_new();
    struct perso_error err = { 0 };
    struct perso_cells cells;

    (void)state;
    assert_non_null(arena);
    fill();
    cells_clear(&cells);
    cells.known[PERSO_COL_GLYPIN] = text(sealed_pin);
    assert_int_equal(perso_cupboard_fill(&rules, OTHER_ID, &cells, &answer, arena, &entry, &err),
                     PERSO_REJECT);
    assert_int_equal(err.reject, PERSO_REJ_SECRET_SEAL);
    perso_arena_free(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_stands_in_three_tables),
        cmocka_unit_test(a_sealed_field_opens_for_its_card_and_package_alone),
        cmocka_unit_test(in_mode_4_certificates_stay),
        cmocka_unit_test(without_issuance_values_the_application_s_stand),
        cmocka_unit_test(a_secret_of_another_card_leaves_no_half_row),
        cmocka_unit_test(a_failing_sink_is_told),
        cmocka_unit_test(what_goes_back_tells_code_and_field),
        cmocka_unit_test(unknown_columns_of_both_sides_go_along),
        cmocka_unit_test(the_cupboard_keeps_all_five_items),
        cmocka_unit_test(the_cupboard_takes_no_secret_of_another_card),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
