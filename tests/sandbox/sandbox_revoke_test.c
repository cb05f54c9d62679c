/* persoline-sandbox ra and RVK packages (CONTRACTS 3, LD/T 03-2022 6.4.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "hash.h"
#include "sandbox_site.h"

#define CARDS 12u
#define RUN "ra --in in --out out --state ra"
#define HEADER "AAZ501,certificate,serial,SM3,reason\n"

/* What the return has of each card: serial and SM3 of QMZS and JMZS. */
struct card {
    char id[33], serial[2][64], sm3[2][65];
};
static struct card cards[CARDS];

static void
read_certificate(const char *cell, char serial[64], char sm3[65])
{
    uint8_t der[4096], digest[32];
    const uint8_t *at = der;
    size_t n;

    assert_true(perso_base64_decode(cell, strlen(cell), der, &n));
    sbx_sm3(der, n, digest);
    perso_hex_lower(digest, 32, sm3);
    X509 *cert = d2i_X509(NULL, &at, (long)n);
    assert_non_null(cert);
    const ASN1_INTEGER *number = X509_get0_serialNumber(cert);
    perso_hex_lower(ASN1_STRING_get0_data(number), (size_t)ASN1_STRING_length(number), serial);
    X509_free(cert);
}

static void
read_return(const struct test_site *site)
{
    struct sbx_table_in t;
    size_t n;
    char *table = test_member(site, "out/RET-411600-B1-0001.zip", "certificates.csv", &n);

    sbx_table_open(&t, "certificates.csv", table, n);
    for (size_t i = 0; i < CARDS; i++) {
        assert_true(sbx_table_next(&t));
        read_certificate(test_cell(&t, "QMZS"), cards[i].serial[0], cards[i].sm3[0]);
        read_certificate(test_cell(&t, "JMZS"), cards[i].serial[1], cards[i].sm3[1]);
    }
    sbx_table_free(&t);
    test_table(site, "sample/keys/application.csv", &t);
    for (size_t i = 0; i < CARDS && sbx_table_next(&t); i++)
        snprintf(cards[i].id, sizeof cards[i].id, "%s", test_cell(&t, "AAZ501"));
    sbx_table_free(&t);
}

static int
setup(void **state)
{
    static struct test_site site;

    test_site_new(&site);
    *state = &site;
    if (test_run(&site, "", "ra init ra --site site --seed 5") != 0 ||
        test_run(&site, "", "sample sample --cards 20 --seed 3") != 0)
        return 1;
    test_request(&site, 1, 0, CARDS);
    if (test_run(&site, "", RUN) != 0)
        return 1;
    read_return(&site);
    return 0;
}

static int
teardown(void **state)
{
    test_site_free(*state);
    return 0;
}

static void
put_package(const struct test_site *site, uint32_t sequence, const char *rows, uint32_t n)
{
    char table[4096];
    const int bytes = snprintf(table, sizeof table, HEADER "%s", rows);
    const struct perso_package_member member = { "revoke.csv", table, (size_t)bytes, n };

    test_package(site, "RVK", sequence, &member, n);
}

static void
row_of(size_t card, size_t item, char out[256])
{
    snprintf(out, 256, "%s,%s,%s,%s,spoiled\n", cards[card].id, item == 0 ? "QMZS" : "JMZS",
             cards[card].serial[item], cards[card].sm3[item]);
}

static void
remove_package(const struct test_site *site, uint32_t sequence)
{
    char name[64], path[SBX_PATH_BYTES];

    snprintf(name, sizeof name, "in/RVK-411600-B1-%04u.zip", sequence);
    test_path(site, name, path);
    assert_int_equal(remove(path), 0);
}

static void
what_was_issued_is_revoked_once(void **state)
{
    char first[256], second[256], rows[512];
    struct sbx_table_in t;

    row_of(0, 0, first);
    row_of(0, 1, second);
    snprintf(rows, sizeof rows, "%s%s", first, second);
    put_package(*state, 1, rows, 2);
    assert_int_equal(test_run(*state, "", RUN), 0);
    test_table(*state, "ra/revoked.csv", &t);
    for (size_t i = 0; i < 2; i++) {
        assert_true(sbx_table_next(&t));
        assert_string_equal(test_cell(&t, "AAZ501"), cards[0].id);
        assert_string_equal(test_cell(&t, "certificate"), i == 0 ? "QMZS" : "JMZS");
        assert_string_equal(test_cell(&t, "serial"), cards[0].serial[i]);
        assert_string_equal(test_cell(&t, "SM3"), cards[0].sm3[i]);
    }
    assert_false(sbx_table_next(&t));
    sbx_table_free(&t);
    size_t n, again_n;
    uint8_t *bytes = test_read(*state, "ra/revoked.csv", &n);
    put_package(*state, 2, second, 1); /* once more, under another number */
    assert_int_equal(test_run(*state, "", RUN), 0);
    assert_int_equal(test_run(*state, "", RUN), 0);
    uint8_t *again = test_read(*state, "ra/revoked.csv", &again_n);
    assert_int_equal(n, again_n);
    assert_memory_equal(bytes, again, n);
    free(bytes);
    free(again);
}

/* A good row before the bad one, and a request that waits: neither has an effect. */
static void
refused(const struct test_site *site, const char *what, const char *bad)
{
    char good[256], rows[600], path[SBX_PATH_BYTES];
    size_t n, again_n;
    uint8_t *before = test_read(site, "ra/revoked.csv", &n);

    row_of(4, 0, good);
    snprintf(rows, sizeof rows, "%s%s", good, bad);
    put_package(site, 9, rows, 2);
    if (test_run(site, "", RUN) != 1)
        fail_msg("%s: want exit code 1", what);
    uint8_t *after = test_read(site, "ra/revoked.csv", &again_n);
    assert_int_equal(n, again_n);
    assert_memory_equal(before, after, n);
    test_path(site, "out/RET-411600-B1-0002.zip", path);
    assert_false(sbx_file_exists(path));
    remove_package(site, 9);
    free(before);
    free(after);
}

static void
what_was_not_issued_is_refused(void **state)
{
    char row[256], other[256], name[SBX_PATH_BYTES];

    test_request(*state, 2, CARDS, 4);
    row_of(3, 0, row);
    row[strlen(row) - strlen(",spoiled\n") - 1] ^= 1; /* the last digit of SM3: 0 to 1, ... */
    refused(*state, "SM3", row);
    snprintf(row, sizeof row, "%s,QMZS,%s,%s,spoiled\n", cards[3].id, cards[2].serial[0],
             cards[3].sm3[0]);
    refused(*state, "serial of another", row);
    snprintf(row, sizeof row, "%s,JMZS,%s,%s,spoiled\n", cards[3].id, cards[3].serial[0],
             cards[3].sm3[0]);
    refused(*state, "certificate", row);
    snprintf(row, sizeof row, "%s,QMZS,%s,%s,spoiled\n", cards[3].id, cards[0].serial[0],
             cards[0].sm3[0]);
    refused(*state, "revoked for another card", row);
    refused(*state, "rows", "");
    row_of(3, 0, other);
    put_package(*state, 8, other, 1);
    test_sign(*state, "in/RVK-411600-B1-0008.zip", "other", 5);
    row_of(3, 1, row);
    refused(*state, "signature", row);
    test_path(*state, "in/RVK-411600-B1-0008.zip.sig", name);
    assert_int_equal(remove(name), 0);
    assert_int_equal(test_run(*state, "", RUN), 0); /* without a signature it waits */
    test_path(*state, "out/RET-411600-B1-0002.zip", name);
    assert_true(sbx_file_exists(name));
}

static void
other_kinds_are_left_alone(void **state)
{
    static const char *const names[] = { "APP-411600-B1-0001.zip", "FWD-411600-B1-0001.zip",
                                         "HLD-411600-B1-0001.zip", "RES-411600-B1-0001.zip",
                                         "RMK-411600-B1-0001.zip", "RET-411600-B1-0001.zip",
                                         "ACK-411600-B1-0001.json" };
    char name[64], path[SBX_PATH_BYTES];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(name, sizeof name, "in/%s", names[i]);
        test_path(*state, name, path);
        sbx_file_put(path, "no package", 10);
        test_sign(*state, name, "no package", 10);
    }
    assert_int_equal(test_run(*state, "", RUN), 0);
}

static void
a_cut_certificate_is_known_by_its_digest(void **state)
{
    char sm3[65], row[256];
    uint8_t der[4096], digest[32];
    struct sbx_table_in t;
    size_t n;

    assert_int_equal(test_run(*state, "", "ra init rac --site site --seed 5"), 0);
    assert_int_equal(test_run(*state, "", "ra --in in --out outc --state rac --fault cut:1"), 1);
    remove_package(*state, 1); /* of the other RA's certificates */
    remove_package(*state, 2);
    assert_int_equal(test_run(*state, "", "ra --in in --out outc --state rac --fault cut:1"), 0);
    char *table = test_member(*state, "outc/RET-411600-B1-0001.zip", "certificates.csv", &n);
    sbx_table_open(&t, "certificates.csv", table, n);
    assert_true(sbx_table_next(&t));
    const char *cell = test_cell(&t, "QMZS");
    assert_true(perso_base64_decode(cell, strlen(cell), der, &n));
    sbx_sm3(der, n, digest);
    perso_hex_lower(digest, 32, sm3);
    snprintf(row, sizeof row, "%s,QMZS,,%s,cancelled\n", cards[0].id, sm3);
    put_package(*state, 3, row, 1);
    assert_int_equal(test_run(*state, "", "ra --in in --out outc --state rac"), 0);
    sbx_table_free(&t);
    test_table(*state, "rac/revoked.csv", &t);
    assert_true(sbx_table_next(&t));
    assert_string_equal(test_cell(&t, "SM3"), sm3);
    sbx_table_free(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_issued_is_revoked_once),
        cmocka_unit_test(what_was_not_issued_is_refused),
        cmocka_unit_test(other_kinds_are_left_alone),
        cmocka_unit_test(a_cut_certificate_is_known_by_its_digest),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
