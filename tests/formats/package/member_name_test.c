/* Names of members (RELIABILITY T10). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "formats/package/container.h"
#include "memory_io.h"

static const struct {
    const char *raw;
    bool utf8;
    const char *want; /* NULL: refused */
} cases[] = {
    { "a", false, "a" },
    { "application.csv", false, "application.csv" },
    { "a/b/c", false, "a/b/c" },
    { "..a/b..", false, "..a/b.." },
    { "./a", false, "a" },
    { "名单.csv", true, "名单.csv" },
    { "\xd0\xd5\xc3\xfb.csv", false, "姓名.csv" }, /* GBK */
    { "\x82\x35\x98\x32", false, "鿿" },          /* GB18030, four bytes */
    { "\xd0\xd5\xc3\xfb.csv", true, NULL },        /* said to be UTF-8, and is not */
    { "\xd0\xd5\xc3", false, NULL },               /* cut */
    { "\xff", false, NULL },
    { ".", false, NULL },
    { "..", false, NULL },
    { "./", false, NULL },
    { "././a", false, NULL },
    { "/a", false, NULL },
    { ".//a", false, NULL },
    { "a/", false, NULL },
    { "a//b", false, NULL },
    { "a/./b", false, NULL },
    { "a/../b", false, NULL },
    { "../a", false, NULL },
    { "./../a", false, NULL },
    { "a/..", false, NULL },
    { "a\\b", false, NULL },
    { "c:a", false, NULL },
    { "a\x01", false, NULL },
    { "a\x7f", false, NULL },
    { "a\xc2\x85", false, NULL },    /* NEL */
    { "a\xc0\xaf", true, NULL },     /* overlong / */
    { "a\xed\xa0\x80", true, NULL }, /* surrogate */
};

static void
names_are_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct perso_raw_name raw = { .bytes = strlen(cases[i].raw), .utf8 = cases[i].utf8 };
        char out[PERSO_MEMBER_NAME_BYTES] = "";
        memcpy(raw.at, cases[i].raw, raw.bytes);
        bool have = perso_member_name_read(&raw, PERSO_NAMES_EITHER, out);
        if (have != (cases[i].want != NULL) || (have && strcmp(out, cases[i].want) != 0))
            fail_msg("case %zu: have %s", i, have ? out : "refused");
        if (have)
            assert_true(perso_member_name_ok(out, strlen(out)));
    }
}

/* What a profile declares (CONTRACTS 2): nothing is guessed, and what the archive says stands. */
static const struct {
    const char *raw;
    bool utf8;
    const char *want[4]; /* either, utf-8, gbk, gb18030 */
} declared[] = {
    { "a.csv", false, { "a.csv", "a.csv", "a.csv", "a.csv" } },
    { "\xd0\xd5\xc3\xfb", false, { "姓名", NULL, "姓名", "姓名" } },
    { "\x82\x35\x98\x32", false, { "鿿", NULL, NULL, "鿿" } },
    { "\xc4\xa3", false, { "\xc4\xa3", "\xc4\xa3", "模", "模" } }, /* UTF-8 and GBK */
    { "\xc4\xa3", true, { "\xc4\xa3", "\xc4\xa3", "\xc4\xa3", "\xc4\xa3" } },
    { "名", false, { "名", "名", NULL, NULL } }, /* half a character too much for GBK */
    { "名", true, { "名", "名", "名", "名" } },
    { "\xd0\xd5", true, { NULL, NULL, NULL, NULL } },
};

static void
names_are_in_what_is_declared(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof declared / sizeof declared[0]; i++)
        for (int names = PERSO_NAMES_EITHER; names <= PERSO_NAMES_GB18030; names++) {
            struct perso_raw_name raw = { .bytes = strlen(declared[i].raw),
                                          .utf8 = declared[i].utf8 };
            char out[PERSO_MEMBER_NAME_BYTES] = "";
            const char *want = declared[i].want[names];
            memcpy(raw.at, declared[i].raw, raw.bytes);
            bool have = perso_member_name_read(&raw, (enum perso_member_names)names, out);
            if (have != (want != NULL) || (have && strcmp(out, want) != 0))
                fail_msg("case %zu, %d: have %s", i, names, have ? out : "refused");
        }
}

static void
lengths_stand_at_n_and_n_plus_1(void **state)
{
    char name[PERSO_MEMBER_NAME_BYTES + 1];

    (void)state;
    memset(name, 'a', sizeof name);
    assert_true(perso_member_name_ok(name, PERSO_MEMBER_NAME_BYTES - 1));
    assert_false(perso_member_name_ok(name, PERSO_MEMBER_NAME_BYTES));
    assert_false(perso_member_name_ok(name, 0));
    name[3] = '\0';
    assert_false(perso_member_name_ok(name, 5));
}

static void
twins_are_found_among_many(void **state)
{
    struct perso_name_set set = { 0 };
    struct perso_error err = { 0 };
    char name[32];

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "Card-%u.p10", i);
        assert_int_equal(perso_name_set_add(&set, name, &err), PERSO_OK);
    }
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "cARD-%u.P10", i);
        assert_int_equal(perso_name_set_add(&set, name, &err), PERSO_REJECT);
        assert_int_equal(err.reject, PERSO_REJ_ARCHIVE_MEMBER);
    }
    assert_int_equal(set.n_names, 5000);
    perso_name_set_free(&set);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(names_are_in_what_is_declared),
        cmocka_unit_test(lengths_stand_at_n_and_n_plus_1),
        cmocka_unit_test(twins_are_found_among_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
