/* Texts of others on their way to a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "perso/result.h"
#include "perso/text.h"

static const struct {
    const char *text, *plain;
} cases[] = {
    { "", "" },
    { "V1-411600", "V1-411600" },
    { "张三·买买提\xf0\xa0\x80\x80", "张三·买买提\xf0\xa0\x80\x80" },
    { "\x1b[2Ja\tb\r\nc\x7f", ".[2Ja.b..c." },
    { "\xc2\x9b"
      "2J",
      ".2J" },                                    /* CSI of C1 */
    { "\xc2\x80\xc2\x9f\xc2\xa0", "..\xc2\xa0" }, /* and what follows C1 */
    { "\xe2\x80\xae"
      "fdp\xe2\x80\xac",
      ".fdp." },                                   /* right to left */
    { "\xe2\x81\xa6x\xe2\x81\xa9", ".x." },        /* isolates */
    { "\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "..." }, /* marks */
    { "\xe2\x80\xa8\xe2\x80\xa9", ".." },          /* lines, paragraphs */
    { "\xe2\x80\x8d\xe2\x80\xaf\xe2\x81\xa5", "\xe2\x80\x8d\xe2\x80\xaf\xe2\x81\xa5" },
    { "\x9b"
      "2J",
      ".2J" },                                     /* C1 of a byte by itself */
    { "\xd5\xc5\xc8\xfd", "...." },                /* GBK */
    { "\xc0\x9b", ".." },                          /* an overlong one */
    { "\xed\xa0\x89\xf4\x90\x80\x80", "......." }, /* no scalar values */
    { "\xe0\x80\x9b", "..." },
    { "\xe2\x80", ".." }, /* cut */
    { "\xf0\xa0\x80", "..." },
};

static void
nothing_steers_a_terminal(void **state)
{
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        strcpy(text, cases[i].text);
        perso_text_plain(text);
        assert_string_equal(text, cases[i].plain);
        perso_text_plain(text);
        assert_string_equal(text, cases[i].plain);
    }
}

static void
an_error_is_plain_whatever_comes_into_it(void **state)
{
    struct perso_error err = { 0 };

    (void)state;
    perso_error_set(&err, PERSO_REJ_FILE_FORMAT, "a\xc2\x9b", "have %s", "\xe2\x80\xae");
    perso_error_at(&err, "x\xe2\x81\xa7.zip", 1, 1);
    assert_string_equal(err.field, "a.");
    assert_string_equal(err.text, "have .");
    assert_string_equal(err.file, "x..zip");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_steers_a_terminal),
        cmocka_unit_test(an_error_is_plain_whatever_comes_into_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
