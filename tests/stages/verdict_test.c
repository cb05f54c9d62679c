#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make.h"
#include "stages/verdict.h"

static const struct {
    const char *what, *in, *want;
} cases[] = {
    { "plain", "certificate template missing", "certificate template missing" },
    { "Chinese", "证书模板不存在", "证书模板不存在" },
    { "escape sequence", "a\x1b[31mb\r\n", "a.[31mb.." },
    { "C1 control",
      "a\xc2\x9b"
      "b",
      "a.b" },
    { "direction override",
      "a\xe2\x80\xae"
      "b",
      "a.b" },
    { "not UTF-8",
      "a\xff"
      "b",
      "a.b" },
    { "citizen's number", "持有人" SSN "已注销", "持有人***已注销" },
    { "number in small letters", "id=11010519491231002x;", "id=***;" },
    { "foreigner's number of 15", "USA110119800101", "***" },
    { "14 characters", "USA11011980010", "USA11011980010" },
    { "full-width digits",
      "\xef\xbc\x91\xef\xbc\x91\xef\xbc\x90\xef\xbc\x91\xef\xbc\x90\xef\xbc\x95\xef\xbc\x91"
      "\xef\xbc\x99\xef\xbc\x94\xef\xbc\x99\xef\xbc\x91\xef\xbc\x92\xef\xbc\x93\xef\xbc\x91"
      "\xef\xbc\x90\xef\xbc\x90\xef\xbc\x92\xef\xbc\xb8",
      "***" },
    { "two numbers", SSN "," SSN, "***,***" },
    { "a number in groups", "No. 110105 1949-1231 002X;", "No. ***;" },
    { "a PIN", "PIN 71706879.", "PIN ***." },
    { "a date in groups", "born 1949-12-31, ok", "born ***, ok" },
    { "a short code", "error 4107 of 100234", "error 4107 of 100234" },
    { "a long word", "InvalidCertificateTemplateException", "InvalidCertificateTemplateException" },
    { "nothing", "", "" },
};

static void
other_parties_texts_are_cleaned(void **state) /* DESIGN 6, LD/T 03-2022 6.5.3 */
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[96] = "";

        perso_note_add(out, sizeof out, text(cases[i].in));
        if (strcmp(out, cases[i].want) != 0)
            fail_msg("%s: want %s, have %s", cases[i].what, cases[i].want, out);
    }
}

static void
a_cut_falls_between_characters(void **state) /* CONTRACTS 2: never a cut character */
{
    (void)state;
    for (size_t max = 1; max < 16; max++) {
        char out[16];

        memset(out, 'z', sizeof out);
        out[0] = '\0';
        perso_note_add(out, max, text("证书证书"));
        assert_int_equal(strlen(out), max == 1                 ? 0
                                      : (max - 1) / 3 * 3 > 12 ? 12
                                                               : (max - 1) / 3 * 3);
        for (size_t i = max; i < sizeof out; i++)
            assert_int_equal(out[i], 'z');
    }
}

static void
texts_are_appended(void **state)
{
    char out[12] = "E1";

    (void)state;
    perso_note_add(out, sizeof out, text(": "));
    perso_note_add(out, sizeof out, text("no template"));
    assert_string_equal(out, "E1: no temp");
}

static void
a_note_is_cut_on_a_character(void **state)
{
    struct perso_verdict verdict;
    char note[200] = "";

    (void)state;
    for (size_t i = 0; i < 40; i++)
        strcat(note, "证");
    perso_verdict_set(&verdict, PERSO_REJ_RA_REFUSED, PERSO_COL_code, note);
    assert_int_equal(verdict.reject, PERSO_REJ_RA_REFUSED);
    assert_int_equal(verdict.column, PERSO_COL_code);
    assert_int_equal(strlen(verdict.note), 93); /* 31 characters; 95 bytes have room */
    perso_verdict_set(&verdict, PERSO_REJ_RA_REFUSED, PERSO_COL_code, NULL);
    assert_string_equal(verdict.note, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_parties_texts_are_cleaned),
        cmocka_unit_test(a_cut_falls_between_characters),
        cmocka_unit_test(texts_are_appended),
        cmocka_unit_test(a_note_is_cut_on_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
