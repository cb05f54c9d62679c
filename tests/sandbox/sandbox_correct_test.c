/* persoline-sandbox correct: what a vendor and a department mend (DESIGN 2, corrections). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "people.h"
#include "sandbox_site.h"

#define CARDS 600u

static int
setup(void **state)
{
    static struct test_site site;
    char command[256];

    test_site_new(&site);
    *state = &site;
    snprintf(command, sizeof command, "cd %s && cut -d, -f1 sample/truth.csv >list.csv", site.dir);
    return test_run(&site, "", "sample sample --cards 600 --seed 7 --faults 0.3 --boxes 50") != 0 ||
           system(command) != 0 ||
           test_run(&site, "", "correct mend --from sample --held list.csv --issuance") != 0;
}

static int
teardown(void **state)
{
    test_site_free(*state);
    return 0;
}

static bool
row_is_clean(const struct sbx_table_in *t)
{
    const char *p10 = test_cell(t, "P10"), *key = test_cell(t, "QMGY"), *ssn;
    uint8_t der[4096], xy[64], have[64];
    const uint8_t *at = der;
    size_t n;

    if (!perso_base64_decode(p10, strlen(p10), der, &n) ||
        !perso_hex_decode(key, strlen(key), xy, 64))
        return false;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)n);
    if (request == NULL || at != der + n)
        return false;
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    assert_true(ASN1_OCTET_STRING_set(id, (const unsigned char *)SBX_ID, -1));
    X509_REQ_set0_distinguishing_id(request, id);
    EVP_PKEY *own = X509_REQ_get0_pubkey(request);
    const bool good = X509_REQ_verify(request, own) == 1 && sbx_public_bytes(own, have) &&
                      memcmp(xy, have, 64) == 0;
    X509_REQ_free(request);
    ssn = test_cell(t, "AAC002");
    return good && strlen(test_cell(t, "AAZ500")) == 9 && strlen(test_cell(t, "AAZ501")) == 32 &&
           strncmp(test_cell(t, "AAZ501"), "411600D156000005", 16) == 0 &&
           strcmp(test_cell(t, "AAB301"), "411600") == 0 &&
           sbx_name_fits(test_cell(t, "AAC003"), PERSO_UTF8) && test_cell(t, "AAC003")[0] != '\0' &&
           (strlen(ssn) == 15 || (strlen(ssn) == 18 && ssn[17] == sbx_mod11_2(ssn)));
}

/* The application's record of each corrected row and its fault, by box and position. */
static size_t
record_of(const struct sbx_table_in *t)
{
    const size_t box = strtoul(test_cell(t, "box") + 4, NULL, 10);

    return (box - 1) * 50 + strtoul(test_cell(t, "position"), NULL, 10);
}

static void
read_truth(const struct test_site *site, bool in_issuance, char *faults[CARDS + 1])
{
    struct sbx_table_in t;

    test_table(site, "sample/truth.csv", &t);
    while (sbx_table_next(&t))
        if ((strcmp(test_cell(&t, "stage"), "reconcile") == 0) == in_issuance)
            faults[strtoul(test_cell(&t, "record"), NULL, 10)] = strdup(test_cell(&t, "fault"));
    sbx_table_free(&t);
}

static void
every_row_is_as_it_should_have_been(void **state)
{
    char *faults[CARDS + 1] = { NULL };
    struct sbx_table_in t, corrected, before;
    size_t record;

    read_truth(*state, false, faults);
    test_table(*state, "mend/keys/application-corrected.csv", &t);
    test_table(*state, "mend/corrected.csv", &corrected);
    test_table(*state, "sample/keys/application.csv", &before);
    while (sbx_table_next(&t)) {
        assert_true(sbx_table_next(&corrected));
        record = record_of(&t);
        while (before.rows < record)
            assert_true(sbx_table_next(&before));
        if (!row_is_clean(&t))
            fail_msg("record %zu, %s: not mended", record, test_cell(&corrected, "fault"));
        assert_non_null(faults[record]);
        assert_string_equal(faults[record], test_cell(&corrected, "fault"));
        assert_string_equal(test_cell(&corrected, "AAZ501"), test_cell(&before, "AAZ501"));
        assert_string_equal(test_cell(&corrected, "corrected"), test_cell(&t, "AAZ501"));
        free(faults[record]);
        faults[record] = NULL;
    }
    assert_false(sbx_table_next(&corrected));
    for (size_t i = 0; i <= CARDS; i++)
        assert_null(faults[i]); /* and every fault of the application was mended */
    sbx_table_free(&t);
    sbx_table_free(&corrected);
    sbx_table_free(&before);
}

/* Of a pair with one key both rows are here, and the keys differ. */
static void
twins_are_told_apart(void **state)
{
    struct sbx_table_in t;
    char *keys[CARDS + 1] = { NULL };

    test_table(*state, "mend/keys/application-corrected.csv", &t);
    while (sbx_table_next(&t)) {
        for (size_t i = 1; i < t.rows; i++)
            assert_string_not_equal(keys[i], test_cell(&t, "QMGY"));
        keys[t.rows] = strdup(test_cell(&t, "QMGY"));
    }
    for (size_t i = 1; i <= t.rows; i++)
        free(keys[i]);
    sbx_table_free(&t);
}

static size_t
rows_of(const struct test_site *site, const char *file, const char *card_id)
{
    struct sbx_table_in t;
    size_t n = 0;

    test_table(site, file, &t);
    while (sbx_table_next(&t))
        n += strcmp(test_cell(&t, "AAZ501"), card_id) == 0;
    sbx_table_free(&t);
    return n;
}

static void
what_lies_in_issuance_is_the_departments(void **state)
{
    char *faults[CARDS + 1] = { NULL };
    struct sbx_table_in t;
    size_t n = 0, want = 0;

    read_truth(*state, true, faults);
    test_table(*state, "mend/not-correctable.csv", &t);
    while (sbx_table_next(&t)) {
        const char *fault = test_cell(&t, "fault"), *id = test_cell(&t, "AAZ501");
        if (strcmp(fault, "issue-absent") == 0)
            assert_int_equal(rows_of(*state, "sample/issuance/issuance.csv", id), 0);
        if (strcmp(fault, "issue-twice") == 0)
            assert_int_equal(rows_of(*state, "sample/issuance/issuance.csv", id), 2);
        assert_int_equal(rows_of(*state, "mend/issuance/issuance.csv", id), 1);
        n++;
    }
    sbx_table_free(&t);
    for (size_t i = 0; i <= CARDS; i++) {
        want += faults[i] != NULL;
        free(faults[i]);
    }
    assert_int_equal(n, want);
    assert_in_range(n, 10, 100);
}

/* Field by field the mended issuance data are what the application has, folds apart. */
static void
mended_issuance_agrees(void **state)
{
    struct sbx_table_in t, others;

    test_table(*state, "mend/not-correctable.csv", &others);
    while (sbx_table_next(&others)) {
        const char *id = test_cell(&others, "AAZ501");
        struct sbx_table_in a;
        test_table(*state, "sample/keys/application.csv", &a);
        while (sbx_table_next(&a) && strcmp(test_cell(&a, "AAZ501"), id) != 0)
            continue;
        test_table(*state, "mend/issuance/issuance.csv", &t);
        while (sbx_table_next(&t) && strcmp(test_cell(&t, "AAZ501"), id) != 0)
            continue;
        assert_string_equal(test_cell(&t, "AAC002"), test_cell(&a, "AAC002"));
        assert_string_equal(test_cell(&t, "AAC003"), test_cell(&a, "AAC003"));
        assert_string_equal(test_cell(&t, "AAZ500"), test_cell(&a, "AAZ500"));
        assert_string_equal(test_cell(&t, "AAB301"), "411600");
        assert_string_equal(test_cell(&t, "BAZ033"), "B1");
        assert_true(strchr("01", test_cell(&t, "AAZ502")[0]) != NULL);
        assert_true(strchr("1", test_cell(&t, "AAC008")[0]) != NULL);
        sbx_table_free(&t);
        sbx_table_free(&a);
    }
    sbx_table_free(&others);
}

static void
only_what_the_list_names(void **state)
{
    char list[256], path[SBX_PATH_BYTES];
    struct sbx_table_in t;

    test_table(*state, "mend/not-correctable.csv", &t);
    assert_true(sbx_table_next(&t));
    snprintf(list, sizeof list, "AAZ501\n%s\n", test_cell(&t, "AAZ501"));
    sbx_table_free(&t);
    test_path(*state, "one.csv", path);
    sbx_file_put(path, list, strlen(list));
    assert_int_equal(test_run(*state, "", "correct one --from sample --held one.csv"), 0);
    test_path(*state, "one/keys", path);
    assert_false(sbx_file_exists(path)); /* nothing for the vendor to do */
    test_path(*state, "one/issuance", path);
    assert_false(sbx_file_exists(path));
    test_path(*state, "other.csv", path);
    sbx_file_put(path, "AAZ501\n411600D1560000050000000000000000\n", 40);
    assert_int_equal(test_run(*state, "", "correct none --from sample --held other.csv"), 1);
    test_path(*state, "none", path);
    assert_false(sbx_file_exists(path));
    assert_int_equal(test_run(*state, "", "correct none --from mend --held list.csv"), 1);
}

static void
same_arguments_same_bytes(void **state) /* CONTRACTS 7 */
{
    const char *again = "correct again --from sample --held list.csv --issuance";
    const char *seed = "correct seed --from sample --held list.csv --issuance --seed 3";

    assert_int_equal(test_run(*state, "TZ=Asia/Tokyo LC_ALL=C", again), 0);
    assert_true(test_same(*state, "mend", "again"));
    assert_int_equal(test_run(*state, "", seed), 0); /* the chips sign anew */
    assert_true(test_same(*state, "mend/corrected.csv", "seed/corrected.csv"));
    assert_false(test_same(*state, "mend/keys", "seed/keys"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_as_it_should_have_been),
        cmocka_unit_test(twins_are_told_apart),
        cmocka_unit_test(what_lies_in_issuance_is_the_departments),
        cmocka_unit_test(mended_issuance_agrees),
        cmocka_unit_test(only_what_the_list_names),
        cmocka_unit_test(same_arguments_same_bytes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
