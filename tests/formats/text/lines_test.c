/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "formats/text/lines.h"

/* Whether bytes that are to be GBK look like UTF-8, weighed in pieces of every size. */
static bool
looks_utf8(const char *bytes, uint32_t *line)
{
    size_t n = strlen(bytes);
    bool ret = false;

    for (size_t step = 1; step <= n; step++) {
        struct perso_utf8_doubt doubt = { .line = 1 };
        for (size_t at = 0; at < n; at += step)
            perso_utf8_weigh(&doubt, (const uint8_t *)bytes + at, step < n - at ? step : n - at);
        if (step > 1)
            assert_int_equal(ret, perso_utf8_likely(&doubt));
        ret = perso_utf8_likely(&doubt);
        *line = doubt.line;
    }
    return ret;
}

static void
doubt_needs_enough_characters(void **state)
{
    static const struct {
        const char *bytes;
        bool want;
    } cases[] = {
        { "plain", false },
        { "\xe5\xbc\xa0\xe4\xb8\x89", false }, /* two characters: may be chance */
        { "a\n\xe5\xbc\xa0\nb\xe4\xb8\x89\xe6\x9d\x8e", true },
        { "\xe5\xbc\xa0\xe4\xb8\x89\xe6\x9d\x8e\xe5\x9b", false }, /* cut */
        { "\xe5\xbc\xa0\xe4\xb8\x89\xe6\x9d\x8e\xd5\xc5", false }, /* then GBK */
        { "\xc2\xb7\xc2\xb7\xc2\xb7\xc2\xb7\xc2\xb7\xc2\xb7\xc2\xb7\xc2\xb7", false },
        { "\xc2\xb7\xc2\xb7\xc2\xb7\xc2\xb7\xc2\xb7\xc2\xb7\xc2\xb7\xc2\xb7\xc2\xb7", true },
        { "\xd5\xc5\xc8\xfd", false },
    };
    uint32_t line;
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (looks_utf8(cases[i].bytes, &line) != cases[i].want)
            fail_msg("case %zu", i);
    assert_true(looks_utf8(cases[2].bytes, &line));
    assert_int_equal(line, 2);
}

static void
a_settled_doubt_stays(void **state)
{
    struct perso_utf8_doubt doubt = { .line = 1, .settled = true };
    static const char text[] = "\xe5\xbc\xa0\xe4\xb8\x89\xe6\x9d\x8e";
    (void)state;

    perso_utf8_weigh(&doubt, (const uint8_t *)text, sizeof text - 1);
    assert_false(perso_utf8_likely(&doubt));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubt_needs_enough_characters),
        cmocka_unit_test(a_settled_doubt_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
