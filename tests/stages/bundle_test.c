#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make.h"
#include "sink.h"
#include "stages/bundle.h"

static const uint8_t der[] = { 0x30, 0x03, 0x02, 0x01, 0x00 };

static struct perso_application
application(void)
{
    struct perso_application one = { .card_id = CARD_ID,
                                     .card_no = CARD_NO,
                                     .ssn = SSN,
                                     .division = DIVISION,
                                     .name = text("张 三"),
                                     .request = perso_cursor_of(der, sizeof der),
                                     .request_id = { 0xab, 0xcd },
                                     .public_key = { 0xef },
                                     .origin = { "application.csv", 9, 8 } };
    return one;
}

#define ZEROS_14 "0000000000000000000000000000"
#define ZEROS_63                                                                                   \
    "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"   \
    "000000000000000000000000000000000000"

static void
a_request_is_one_row(void **state) /* CONTRACTS 2, LD/T 03-2022 6.4.7.2 b */
{
    const struct perso_application applications[] = { application(), application() };
    const struct perso_text names[] = { text(NAME), text("王,五") };
    struct perso_table_writer w;
    struct perso_error err = { 0 };
    static struct collected out;

    (void)state;
    perso_writer_init(&w, collecting_sink(&out), PERSO_UTF8, false);
    assert_int_equal(perso_requests_header(&w, &err), PERSO_OK);
    assert_int_equal(perso_stage_bundle(applications, names, 2, &w, &err), PERSO_OK);
    assert_int_equal(perso_writer_flush(&w, &err), PERSO_OK);
    /* the issuance side's name goes to the certificate (DOMAIN 3.1) */
    assert_string_equal(collected_text(&out),
                        "request_id,AAC002,AAZ500,AAC003,AAB301,SF,QMGY,P10\n"
                        "abcd" ZEROS_14 "," SSN "," CARD_NO "," NAME "," DIVISION ",SM2,EF" ZEROS_63
                        ",MAMCAQA=\n"
                        "abcd" ZEROS_14 "," SSN "," CARD_NO ",\"王,五\"," DIVISION
                        ",SM2,EF" ZEROS_63 ",MAMCAQA=\n");
}

static void
a_failing_sink_is_told_with_its_row(void **state)
{
    enum { N = PERSO_BATCH_RECORDS };
    static struct perso_application applications[N];
    static struct perso_text names[N];
    struct perso_table_writer w;
    struct perso_error err = { 0 };
    static struct collected out = { .max = 4096 };

    (void)state;
    for (size_t i = 0; i < N; i++) {
        applications[i] = application();
        applications[i].origin.line = (uint32_t)i + 2;
        names[i] = text(NAME);
    }
    perso_writer_init(&w, collecting_sink(&out), PERSO_UTF8, false);
    assert_int_equal(perso_stage_bundle(applications, names, N, &w, &err), PERSO_FATAL);
    assert_string_equal(err.file, "application.csv");
    assert_true(err.line >= 2);
    assert_null(strstr(err.text, NAME));

    out.n = out.max = 0;
    perso_writer_init(&w, collecting_sink(&out), PERSO_UTF8, false);
    assert_int_equal(perso_stage_bundle(applications, names, N, &w, &err), PERSO_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_one_row),
        cmocka_unit_test(a_failing_sink_is_told_with_its_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
