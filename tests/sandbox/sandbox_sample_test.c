/* persoline-sandbox sample (CONTRACTS 7): every claim of truth.csv is proved on the bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "formats/base/encode.h"
#include "hash.h"
#include "people.h"
#include "sandbox_site.h"

#define CARDS "1500"
#define ROWS 1500u

static int
setup(void **state)
{
    static struct test_site site;

    test_site_new(&site);
    *state = &site;
    return test_run(&site, "", "sample sample --cards " CARDS " --seed 7 --faults 0.3");
}

static int
teardown(void **state)
{
    test_site_free(*state);
    return 0;
}

static bool
p10_holds(const char *p10, const char *id, uint8_t xy[64])
{
    uint8_t der[4096];
    const uint8_t *at = der;
    size_t n;

    if (!perso_base64_decode(p10, strlen(p10), der, &n))
        return false;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)n);
    if (request == NULL || at != der + n || !sbx_public_bytes(X509_REQ_get0_pubkey(request), xy)) {
        X509_REQ_free(request);
        return false;
    }
    ASN1_OCTET_STRING *oct = ASN1_OCTET_STRING_new();
    assert_true(ASN1_OCTET_STRING_set(oct, (const unsigned char *)id, (int)strlen(id)));
    X509_REQ_set0_distinguishing_id(request, oct);
    const bool good = X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) == 1;
    X509_REQ_free(request);
    return good;
}

/* The fault of each application row; NULL: none. */
static char **
read_truth(const struct test_site *site, size_t rows, size_t *n)
{
    char **faults = calloc(rows + 1, sizeof *faults), last[64] = "";
    struct sbx_table_in t;

    test_table(site, "sample/truth.csv", &t);
    for (*n = 0; sbx_table_next(&t); ++*n) {
        const size_t record = strtoul(test_cell(&t, "record"), NULL, 10);
        assert_in_range(record, 1, rows);
        assert_null(faults[record]); /* one fault a card at most */
        faults[record] = strdup(test_cell(&t, "fault"));
        assert_true(strcmp(last, test_cell(&t, "AAZ501")) <= 0); /* sorted */
        snprintf(last, sizeof last, "%s", test_cell(&t, "AAZ501"));
    }
    sbx_table_free(&t);
    return faults;
}

static bool
is_one_of(const char *fault, const char *list)
{
    char quoted[64];

    snprintf(quoted, sizeof quoted, " %s ", fault);
    return strstr(list, quoted) != NULL;
}

/* What stands in the application row itself. */
static void
check_row(const struct sbx_table_in *t, const char *fault)
{
    static const char later[] =
        " issue-absent issue-twice ssn-differs card-no-differs name-differs division-differs"
        " batch-differs name-case card-status person-status card-twice key-twice ";
    static const char no_id[] = " pop-no-z pop-sha256 pop-failed request-algorithm request-missing"
                                " request-base64 request-syntax request-trailing ";
    const char *p10 = test_cell(t, "P10"), *ssn = test_cell(t, "AAC002");
    uint8_t xy[64], qmgy[64];
    const bool standard = p10_holds(p10, SBX_ID, xy), empty = p10_holds(p10, "", xy);
    const bool key_read =
        perso_hex_decode(test_cell(t, "QMGY"), strlen(test_cell(t, "QMGY")), qmgy, 64);

    if (fault == NULL || is_one_of(fault, later)) {
        assert_true(standard && key_read && memcmp(xy, qmgy, 64) == 0);
        assert_true(sbx_name_fits(test_cell(t, "AAC003"), PERSO_UTF8));
        if (strlen(ssn) == 18)
            assert_int_equal(ssn[17], sbx_mod11_2(ssn));
    } else if (is_one_of(fault, no_id)) {
        assert_false(standard || empty);
    } else if (strcmp(fault, "pop-empty-id") == 0) {
        assert_true(empty && !standard);
    } else if (strcmp(fault, "request-key") == 0) {
        assert_true(standard && memcmp(xy, qmgy, 64) != 0);
    } else if (strcmp(fault, "key-curve") == 0) {
        assert_true(key_read);
        assert_null(sbx_public_key(qmgy));
    } else if (strcmp(fault, "key-shape") == 0) {
        assert_false(key_read);
    } else if (strcmp(fault, "name-length") == 0) {
        assert_false(sbx_name_fits(test_cell(t, "AAC003"), PERSO_UTF8));
    } else if (strcmp(fault, "ssn-check") == 0) {
        assert_int_not_equal(ssn[17], sbx_mod11_2(ssn));
    } else if (strcmp(fault, "ssn-date") == 0 || strcmp(fault, "ssn-province") == 0) {
        assert_int_equal(ssn[17], sbx_mod11_2(ssn));
    }
}

static void
truth_is_true(void **state) /* RELIABILITY: planted faults are the yardstick */
{
    struct sbx_table_in t;
    size_t faulty;
    char **faults = read_truth(*state, ROWS, &faulty);

    test_table(*state, "sample/keys/application.csv", &t);
    while (sbx_table_next(&t))
        check_row(&t, faults[t.rows]);
    assert_int_equal(t.rows, ROWS);
    assert_in_range(faulty, 350, 600); /* 0.3 of 1,500, pairs count twice */
    for (size_t i = 0; i <= t.rows; i++)
        free(faults[i]);
    free(faults);
    sbx_table_free(&t);
}

static void
every_kind_is_planted(void **state)
{
    static const struct {
        const char *kind, *where;
    } kinds[] = {
#define KIND(name, kind, where, stage, code, column, needs) { kind, #where },
        SBX_FAULTS(KIND)
#undef KIND
    };
    static const struct {
        const char *sample, *form, *without; /* where this form has nothing */
    } samples[] = { { "sample", "p10", "SIGNATURE" },
                    { "sig", "sig", "REQUEST" },
                    { "bare", "bare", "REQUEST SIGNATURE" } };

    for (size_t s = 0; s < sizeof samples / sizeof samples[0]; s++) {
        bool seen[sizeof kinds / sizeof kinds[0]] = { false };
        struct sbx_table_in t;
        char line[128];

        snprintf(line, sizeof line, "sample %s --cards " CARDS " --seed 7 --faults 0.3 --form %s",
                 samples[s].sample, samples[s].form);
        if (s > 0)
            assert_int_equal(test_run(*state, "", line), 0);
        snprintf(line, sizeof line, "%s/truth.csv", samples[s].sample);
        test_table(*state, line, &t);
        while (sbx_table_next(&t))
            for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
                seen[i] |= strcmp(kinds[i].kind, test_cell(&t, "fault")) == 0;
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
            if (seen[i] == (strstr(samples[s].without, kinds[i].where) != NULL))
                fail_msg("%s: %s in " CARDS " cards of the form %s", kinds[i].kind,
                         seen[i] ? "planted" : "not planted", samples[s].form);
        sbx_table_free(&t);
    }
}

/* ---- what cards sign ---- */

/* tosign.csv of rows first to first + n - 1, with an e that nobody could have computed. */
static void
write_tosign(const struct test_site *site, const char *name, size_t first, size_t n)
{
    struct sbx_table_in t;
    struct sbx_table_out out;
    char path[SBX_PATH_BYTES], hex[65];
    uint8_t e[32];

    test_table(site, "signing/keys/application.csv", &t);
    test_path(site, name, path);
    sbx_table_create(&out, path, PERSO_UTF8, "AAZ501,QMGY,e");
    while (sbx_table_next(&t)) {
        if (t.rows < first || t.rows >= first + n)
            continue;
        sbx_sm3(test_cell(&t, "AAZ501"), 32, e);
        perso_hex_upper(e, sizeof e, hex);
        const char *const cells[] = { test_cell(&t, "AAZ501"), test_cell(&t, "QMGY"), hex };
        sbx_table_cells(&out, cells, 3);
    }
    sbx_table_close(&out);
    sbx_table_free(&t);
}

/* OpenSSL takes the digest as e, with Z in it or not. */
static bool
qm_is_over_e(const struct sbx_table_in *t)
{
    uint8_t xy[64], rs[64], e[32], *der = NULL;
    ECDSA_SIG *pair = ECDSA_SIG_new();

    assert_true(perso_hex_decode(test_cell(t, "QMGY"), 128, xy, sizeof xy));
    assert_int_equal(strlen(test_cell(t, "QM")), 128);
    assert_true(perso_hex_decode(test_cell(t, "QM"), 128, rs, sizeof rs));
    sbx_sm3(test_cell(t, "AAZ501"), 32, e);
    ECDSA_SIG_set0(pair, BN_bin2bn(rs, 32, NULL), BN_bin2bn(rs + 32, 32, NULL));
    const int n = i2d_ECDSA_SIG(pair, &der);
    EVP_PKEY *key = sbx_public_key(xy);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_verify_init(context), 1);
    const bool good = EVP_PKEY_verify(context, der, (size_t)n, e, sizeof e) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    return good;
}

static void
cards_sign_what_they_are_given(void **state) /* CONTRACTS 2, 7 */
{
    struct sbx_table_in t;

    assert_int_equal(
        test_run(*state, "", "sample signing --cards 40 --seed 3 --form sig --boxes 15"), 0);
    write_tosign(*state, "tosign.csv", 11, 20);
    assert_int_equal(test_run(*state, "", "sign --in tosign.csv --out signed --sample signing"), 0);
    assert_int_equal(test_run(*state, "TZ=Asia/Tokyo",
                              "sign --in tosign.csv --out signed-again --sample signing"),
                     0);
    assert_true(test_same(*state, "signed", "signed-again"));
    test_table(*state, "signed/application.csv", &t);
    while (sbx_table_next(&t))
        if (t.rows >= 11 && t.rows < 31)
            assert_true(qm_is_over_e(&t));
        else
            assert_string_equal(test_cell(&t, "QM"), "");
    assert_int_equal(t.rows, 40);
    sbx_table_free(&t);
    assert_int_equal(
        test_run(*state, "", "sign --in tosign.csv --out listed --sample signing --listed"), 0);
    test_table(*state, "listed/application.csv", &t);
    while (sbx_table_next(&t))
        assert_true(qm_is_over_e(&t));
    assert_int_equal(t.rows, 20);
    sbx_table_free(&t);
    /* somebody else's cards; a sample whose requests come whole */
    assert_int_equal(test_run(*state, "", "sample strangers --cards 40 --seed 4 --form sig"), 0);
    assert_int_equal(test_run(*state, "", "sign --in tosign.csv --out none --sample strangers"), 1);
    assert_int_equal(test_run(*state, "", "sign --in tosign.csv --out none --sample sample"), 1);
}

/* Each oddity is in every request, which holds all the same where OpenSSL reads it. */
static void
requests_can_be_odd(void **state) /* DOMAIN 5.3 */
{
    static const struct {
        const char *odd;
        bool openssl_reads;
    } kinds[] = { { "pem", false }, { "attributes", true }, { "null", true },
                  { "raw", false }, { "hybrid", true },     { "compressed", true } };
    uint8_t xy[64], qmgy[64];

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct sbx_table_in t;
        char line[128];

        snprintf(line, sizeof line, "sample odd-%s --cards 20 --seed 3 --odd %s", kinds[i].odd,
                 kinds[i].odd);
        assert_int_equal(test_run(*state, "", line), 0);
        snprintf(line, sizeof line, "odd-%s/keys/application.csv", kinds[i].odd);
        test_table(*state, line, &t);
        while (sbx_table_next(&t)) {
            const char *key = test_cell(&t, "QMGY");
            assert_true(perso_hex_decode(key, strlen(key), qmgy, sizeof qmgy));
            const bool good = p10_holds(test_cell(&t, "P10"), SBX_ID, xy);
            if (good != kinds[i].openssl_reads || (good && memcmp(xy, qmgy, 64) != 0))
                fail_msg("%s: record %u", kinds[i].odd, t.rows);
        }
        sbx_table_free(&t);
    }
}

static void
same_arguments_same_bytes(void **state) /* CONTRACTS 7 */
{
    const char *arguments = "sample other --cards 300 --seed 7 --faults 0.2 --encoding gb18030"
                            " --archive tar.gz";
    const char *again = "sample again --cards 300 --seed 7 --faults 0.2 --encoding gb18030"
                        " --archive tar.gz";
    const char *seed = "sample seed --cards 300 --seed 8 --faults 0.2 --encoding gb18030"
                       " --archive tar.gz";

    assert_int_equal(test_run(*state, "TZ=Asia/Tokyo LC_ALL=C.UTF-8", arguments), 0);
    assert_int_equal(test_run(*state, "TZ=America/Lima LC_ALL=C", again), 0);
    assert_int_equal(test_run(*state, "", seed), 0);
    assert_true(test_same(*state, "other", "again"));
    assert_false(test_same(*state, "other", "seed"));
}

static void
every_form_is_written(void **state)
{
    assert_int_equal(test_run(*state, "", "sample g --cards 40 --seed 1 --encoding gbk"), 0);
    assert_int_equal(test_run(*state, "", "sample z --cards 40 --seed 1 --archive zip"), 0);
    assert_int_equal(test_run(*state, "", "sample t --cards 40 --seed 1 --archive tar.zst"), 0);
    size_t n;
    char *loose = test_member(*state, "t/keys/application.tar.zst", "application.csv", &n);
    char *zipped = test_member(*state, "z/keys/application.zip", "application.csv", &n);
    assert_string_equal(loose, zipped);
    free(loose);
    free(zipped);
}

static void
boxes_and_key_references_are_columns(void **state) /* LD/T 03-2022 6.4.7.3; CONTRACTS 2 */
{
    struct sbx_table_in with, without;
    char box[32], position[16];
    size_t column;

    assert_int_equal(test_run(*state, "", "sample plain --cards 45 --seed 1 --faults 0.2"), 0);
    assert_int_equal(
        test_run(*state, "", "sample boxed --cards 45 --seed 1 --faults 0.2 --boxes 20 --ssse"), 0);
    assert_true(test_same(*state, "plain/truth.csv", "boxed/truth.csv"));
    test_table(*state, "plain/keys/application.csv", &without);
    test_table(*state, "boxed/keys/application.csv", &with);
    assert_int_equal(without.n_columns + 2, with.n_columns);
    while (sbx_table_next(&without) && sbx_table_next(&with)) {
        for (column = 0; column < without.n_columns; column++)
            assert_string_equal(without.cells[column], with.cells[column]);
        snprintf(box, sizeof box, "BOX-%04u", (with.rows - 1) / 20 + 1);
        snprintf(position, sizeof position, "%u", (with.rows - 1) % 20 + 1);
        assert_string_equal(test_cell(&with, "box"), box);
        assert_string_equal(test_cell(&with, "position"), position);
    }
    assert_int_equal(with.rows, 45);
    sbx_table_free(&with);
    sbx_table_free(&without);
    test_table(*state, "plain/issuance/issuance.csv", &without);
    test_table(*state, "boxed/issuance/issuance.csv", &with);
    assert_int_equal(without.n_columns + 1, with.n_columns);
    while (sbx_table_next(&without) && sbx_table_next(&with)) {
        for (column = 0; column < without.n_columns; column++)
            assert_string_equal(without.cells[column], with.cells[column]);
        assert_string_equal(test_cell(&with, "SSSE"), "SSSE-MK:2;SSSE-AK1:1;SSSE-AK2:1");
    }
    assert_int_equal(without.rows, with.rows);
    sbx_table_free(&with);
    sbx_table_free(&without);
}

static void
wrong_usage_is_2(void **state) /* CONTRACTS 1, exit codes */
{
    static const char *const wrong[] = {
        "",
        "sample",
        "sample x",
        "sample x --cards 0 --seed 1",
        "sample x --cards 10000001 --seed 1",
        "sample x --cards 1x --seed 1",
        "sample x --cards 5",
        "sample x --cards 5 --seed 1 --faults 1.1",
        "sample x --cards 5 --seed 1 --encoding big5",
        "sample x --cards 5 --seed 1 --division 4116",
        "sample x --cards 5 --seed 1 --batch a/b",
        "sample x --cards 5 --seed 1 --cards 6",
        "sample x y --cards 5 --seed 1",
        "ra --in a --out b --state c --fault nosuch:0.1",
        "ra --in a --out b --state c --fault late:0.6 --fault seal:0.6",
        "ra --in a --out b --state c --mark-pin 1",
        "machine --in a --out b",
        "sample x --cards 5 --seed 1 --boxes 0",
        "sample x --cards 5 --seed 1 --ssse --ssse",
        "remake x --from sample --cards l.csv --seed 1",
        "remake x --from sample --cards l.csv --batch B2",
        "correct x --from sample",
        "correct x --held l.csv",
        "sample x --cards 5 --seed 1 --form pkcs",
        "sample x --cards 5 --seed 1 --odd strange",
        "sample x --cards 5 --seed 1 --odd raw --form sig",
        "sign --in t.csv --out x",
        "sign --in t.csv --sample sample",
        "sign x --in t.csv --out x --sample sample",
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (test_run(*state, "", wrong[i]) != 2)
            fail_msg("%s: want exit code 2", wrong[i]);
    assert_int_equal(test_run(*state, "", "ra --in a --out b --state nosuch"), 1);
    assert_int_equal(test_run(*state, "", "ra init d --site nosuch --seed 1"), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truth_is_true),
        cmocka_unit_test(every_kind_is_planted),
        cmocka_unit_test(cards_sign_what_they_are_given),
        cmocka_unit_test(requests_can_be_odd),
        cmocka_unit_test(same_arguments_same_bytes),
        cmocka_unit_test(every_form_is_written),
        cmocka_unit_test(boxes_and_key_references_are_columns),
        cmocka_unit_test(wrong_usage_is_2),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
