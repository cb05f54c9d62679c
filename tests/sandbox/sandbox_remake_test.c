/* persoline-sandbox remake: new chips for the same people (LD/T 03-2022 6.4.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "sandbox_site.h"

#define LISTED 30u
#define REMAKE " --from sample --cards list.csv --seed 4 --batch B1R --boxes 7"

/* Cards of the issuance data, in the list's order. */
static struct person {
    char card_id[64], card_no[32], ssn[32], key[160];
} people[LISTED];

static void
put_list(const struct test_site *site, const char *name, const char *text)
{
    char path[SBX_PATH_BYTES];

    test_path(site, name, path);
    sbx_file_put(path, text, strlen(text));
}

/* A list as a member of a package would have it: BOM, other columns, Excel's guard, a card twice.
 */
static void
write_list(const struct test_site *site)
{
    char text[8192] = "\xef\xbb\xbfreason,AAZ501,state\n";
    struct sbx_table_in t;
    size_t n = 0;

    test_table(site, "sample/keys/application.csv", &t);
    while (n < LISTED && sbx_table_next(&t)) {
        if (t.rows % 3 != 0)
            continue;
        struct person *p = &people[n++];
        snprintf(p->card_id, sizeof p->card_id, "%s", test_cell(&t, "AAZ501"));
        snprintf(p->card_no, sizeof p->card_no, "%s", test_cell(&t, "AAZ500"));
        snprintf(p->ssn, sizeof p->ssn, "%s", test_cell(&t, "AAC002"));
        snprintf(p->key, sizeof p->key, "%s", test_cell(&t, "QMGY"));
    }
    sbx_table_free(&t);
    for (size_t i = 0; i < LISTED; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 i % 2 == 0 ? "坏,%s,spoiled\n" : "坏,\"=\"\"%s\"\"\",spoiled\n",
                 people[i].card_id);
    snprintf(text + strlen(text), sizeof text - strlen(text), "坏,%s,missing\n", people[3].card_id);
    put_list(site, "list.csv", text);
}

static int
setup(void **state)
{
    static struct test_site site;

    test_site_new(&site);
    *state = &site;
    if (test_run(&site, "", "sample sample --cards 120 --seed 3 --ssse") != 0)
        return 1;
    write_list(&site);
    return test_run(&site, "", "remake new" REMAKE);
}

static int
teardown(void **state)
{
    test_site_free(*state);
    return 0;
}

static bool
p10_holds(const char *p10, const char *key)
{
    uint8_t der[4096], xy[64], have[64];
    const uint8_t *at = der;
    size_t n;

    assert_true(perso_base64_decode(p10, strlen(p10), der, &n));
    assert_true(perso_hex_decode(key, strlen(key), xy, 64));
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)n);
    assert_non_null(request);
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    assert_true(ASN1_OCTET_STRING_set(id, (const unsigned char *)SBX_ID, -1));
    X509_REQ_set0_distinguishing_id(request, id);
    EVP_PKEY *own = X509_REQ_get0_pubkey(request);
    const bool good = X509_REQ_verify(request, own) == 1 && sbx_public_bytes(own, have) &&
                      memcmp(xy, have, 64) == 0;
    X509_REQ_free(request);
    return good;
}

static void
a_new_chip_for_the_same_person(void **state)
{
    struct sbx_table_in t;
    char box[32];

    test_table(*state, "new/keys/application.csv", &t);
    for (size_t i = 0; i < LISTED; i++) {
        assert_true(sbx_table_next(&t));
        const struct person *old = &people[i];
        assert_string_equal(test_cell(&t, "replaces"), old->card_id);
        assert_string_equal(test_cell(&t, "AAC002"), old->ssn);
        assert_memory_equal(test_cell(&t, "AAZ501"), old->card_id, 16);
        assert_int_equal(strlen(test_cell(&t, "AAZ501")), 32);
        assert_string_not_equal(test_cell(&t, "AAZ501"), old->card_id);
        assert_string_not_equal(test_cell(&t, "AAZ500"), old->card_no);
        assert_string_not_equal(test_cell(&t, "QMGY"), old->key);
        assert_true(p10_holds(test_cell(&t, "P10"), test_cell(&t, "QMGY")));
        snprintf(box, sizeof box, "BOX-%04zu", i / 7 + 1);
        assert_string_equal(test_cell(&t, "box"), box);
    }
    assert_false(sbx_table_next(&t)); /* the card that stood twice is made once */
    sbx_table_free(&t);
}

/* The new issuance row of a card; the application's name is the one before data entry. */
static void
check_issuance(const struct test_site *site, const struct sbx_table_in *application)
{
    struct sbx_table_in t, old;
    size_t column;

    test_table(site, "new/issuance/issuance.csv", &t);
    test_table(site, "sample/issuance/issuance.csv", &old);
    while (sbx_table_next(&t))
        if (strcmp(test_cell(&t, "AAZ501"), test_cell(application, "AAZ501")) == 0)
            break;
    while (sbx_table_next(&old))
        if (strcmp(test_cell(&old, "AAZ501"), test_cell(application, "replaces")) == 0)
            break;
    assert_string_equal(test_cell(&t, "AAZ500"), test_cell(application, "AAZ500"));
    assert_string_equal(test_cell(&t, "BAZ033"), "B1R");
    assert_string_not_equal(test_cell(&t, "AAE010"), test_cell(&old, "AAE010"));
    for (column = 0; column < t.n_columns; column++)
        if (strstr("AAZ501 AAZ500 BAZ033 AAE010", t.names[column]) == NULL)
            assert_string_equal(t.cells[column], old.cells[column]);
    sbx_table_free(&t);
    sbx_table_free(&old);
}

static void
issuance_data_go_with_it(void **state)
{
    struct sbx_table_in t, first;

    test_table(*state, "new/keys/application.csv", &t);
    while (sbx_table_next(&t)) {
        check_issuance(*state, &t);
        test_table(*state, "sample/keys/application.csv", &first);
        while (sbx_table_next(&first))
            if (strcmp(test_cell(&first, "AAZ501"), test_cell(&t, "replaces")) == 0)
                assert_string_equal(test_cell(&first, "AAC003"), test_cell(&t, "AAC003"));
        sbx_table_free(&first);
    }
    sbx_table_free(&t);
    test_table(*state, "new/truth.csv", &t);
    assert_false(sbx_table_next(&t));
    sbx_table_free(&t);
}

static void
same_arguments_same_bytes(void **state) /* CONTRACTS 7 */
{
    assert_int_equal(test_run(*state, "TZ=Asia/Tokyo LC_ALL=C", "remake again" REMAKE), 0);
    assert_true(test_same(*state, "new", "again"));
    assert_int_equal(test_run(*state, "",
                              "remake other --from sample --cards list.csv --seed 4"
                              " --batch B2R --boxes 7"),
                     0);
    assert_false(test_same(*state, "new/keys", "other/keys"));
}

static void
any_encoding_and_a_second_time(void **state)
{
    struct sbx_table_in t;
    char list[128] = "AAZ501\n";

    assert_int_equal(test_run(*state, "", "sample gb --cards 120 --seed 3 --encoding gb18030"), 0);
    assert_int_equal(
        test_run(*state, "", "remake gb-new --from gb --cards list.csv --seed 4 --batch B1R"), 0);
    test_table(*state, "new/keys/application.csv", &t);
    assert_true(sbx_table_next(&t));
    strcat(list, test_cell(&t, "AAZ501"));
    sbx_table_free(&t);
    put_list(*state, "twice.csv", list);
    assert_int_equal(
        test_run(*state, "", "remake third --from new --cards twice.csv --seed 4 --batch B1S"), 0);
    put_list(*state, "none.csv", "AAZ501\n411600D1560000050000000000000000\n");
    assert_int_equal(
        test_run(*state, "", "remake none --from sample --cards none.csv --seed 4 --batch B1R"), 1);
    put_list(*state, "column.csv", "card\n411600D1560000050000000000000000\n");
    assert_int_equal(
        test_run(*state, "", "remake none --from sample --cards column.csv --seed 4 --batch B1R"),
        1);
    char path[SBX_PATH_BYTES];
    test_path(*state, "none", path);
    assert_false(sbx_file_exists(path));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_chip_for_the_same_person),
        cmocka_unit_test(issuance_data_go_with_it),
        cmocka_unit_test(same_arguments_same_bytes),
        cmocka_unit_test(any_encoding_and_a_second_time),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
