#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ra-client/spool.h"

/* A copy port that notes what it was asked and fails at one call. */
struct copies {
    size_t n, fails_at; /* from 1; 0: never */
    enum perso_result how;
    char seen[8][128];
};

static enum perso_result
copy(void *arg, const char *from_folder, const char *name, const char *to_folder,
     struct perso_error *err)
{
    struct copies *copies = arg;

    (void)err;
    if (++copies->n == copies->fails_at)
        return copies->how;
    snprintf(copies->seen[copies->n - 1], sizeof copies->seen[0], "%s/%s>%s", from_folder, name,
             to_folder);
    return PERSO_OK;
}

#define PACKAGE "REQ-411600-B1-0001.zip"
static const char *const files[] = { PACKAGE ".sig", PACKAGE ".wrap", PACKAGE };
static const struct perso_ra_set set = {
    .id = PACKAGE, .folder = "out/bundle", .files = files, .n_files = 3
};

static void
the_package_comes_last(void **state) /* CONTRACTS 3 */
{
    struct copies copies = { .n = 0 };
    struct perso_ra_receipt receipt;
    struct perso_error err = { 0 };
    struct perso_ra ra;

    (void)state;
    assert_int_equal(perso_spool_open("/ra", copy, &copies, &ra, &err), PERSO_OK);
    assert_int_equal(ra.submit(ra.self, &set, &receipt, &err), PERSO_OK);
    assert_int_equal(copies.n, 3);
    assert_string_equal(copies.seen[0], "out/bundle/" PACKAGE ".sig>/ra");
    assert_string_equal(copies.seen[1], "out/bundle/" PACKAGE ".wrap>/ra");
    assert_string_equal(copies.seen[2], "out/bundle/" PACKAGE ">/ra");
    assert_string_equal(receipt.text, "spooled " PACKAGE);
    /* the same submission again is success, with the same receipt */
    assert_int_equal(ra.submit(ra.self, &set, &receipt, &err), PERSO_OK);
    assert_string_equal(receipt.text, "spooled " PACKAGE);
    ra.free(ra.self);
}

static void
a_failed_copy_stops_before_the_package(void **state) /* DESIGN 6 */
{
    static const enum perso_result hows[] = { PERSO_RETRY, PERSO_FATAL };

    (void)state;
    for (size_t k = 0; k < 2; k++)
        for (size_t at = 1; at <= 3; at++) {
            struct copies copies = { .fails_at = at, .how = hows[k] };
            struct perso_ra_receipt receipt = { "untouched" };
            struct perso_error err = { 0 };
            struct perso_ra ra;

            assert_int_equal(perso_spool_open("/ra", copy, &copies, &ra, &err), PERSO_OK);
            assert_int_equal(ra.submit(ra.self, &set, &receipt, &err), hows[k]);
            assert_int_equal(copies.n, at);
            assert_string_equal(receipt.text, "untouched");
            ra.free(ra.self);
        }
}

static void
a_folder_cannot_be_asked(void **state) /* CONTRACTS 6 */
{
    struct copies copies = { .n = 0 };
    struct perso_error err = { 0 };
    struct perso_ra ra;

    (void)state;
    assert_int_equal(perso_spool_open("/ra", copy, &copies, &ra, &err), PERSO_OK);
    assert_int_equal(ra.query(ra.self, NULL, 0, &err), PERSO_END);
    assert_int_equal(ra.poll(ra.self, NULL, NULL, &err), PERSO_END);
    ra.free(ra.self);
}

static void
nonsense_is_fatal(void **state)
{
    static const struct perso_ra_set empty = { .id = "x", .folder = "out/bundle" };
    struct copies copies = { .n = 0 };
    struct perso_ra_receipt receipt;
    struct perso_error err = { 0 };
    struct perso_ra ra;

    (void)state;
    assert_int_equal(perso_spool_open("", copy, &copies, &ra, &err), PERSO_FATAL);
    assert_int_equal(perso_spool_open("/ra", copy, &copies, &ra, &err), PERSO_OK);
    assert_int_equal(ra.submit(ra.self, &empty, &receipt, &err), PERSO_FATAL);
    assert_int_equal(copies.n, 0);
    ra.free(ra.self);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_package_comes_last),
        cmocka_unit_test(a_failed_copy_stops_before_the_package),
        cmocka_unit_test(a_folder_cannot_be_asked),
        cmocka_unit_test(nonsense_is_fatal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
