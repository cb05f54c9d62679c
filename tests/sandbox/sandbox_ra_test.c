/* persoline-sandbox ra (CONTRACTS 3, 7), judged by OpenSSL and the seal of CONTRACTS 5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "formats/seal/seal.h"
#include "hash.h"
#include "sandbox_site.h"

#define RET "RET-411600-B1-000"

/* Every kind at once; the request_id draws at most one. */
#define FAULTS                                                                                     \
    " --fault late:0.04 --fault partial:0.04 --fault zero-byte:0.04 --fault doubled:0.04"          \
    " --fault conflict:0.04 --fault refused:0.04 --fault wrong-key:0.04 --fault wrong-person:0.04" \
    " --fault wrong-id:0.04 --fault foreign-ca:0.04 --fault expired:0.04 --fault not-yet:0.04"     \
    " --fault swapped:0.04 --fault bad-signature:0.04 --fault cut:0.04 --fault trailing:0.04"      \
    " --fault wrong-algorithm:0.04 --fault item-shape:0.04 --fault envelope-shape:0.04"            \
    " --fault envelope-key:0.04 --fault seal:0.04 --fault secret-shape:0.04"

static int
setup(void **state)
{
    static struct test_site site;

    test_site_new(&site);
    *state = &site;
    if (test_run(&site, "", "ra init ra --site site --seed 5") != 0 ||
        test_run(&site, "", "sample sample --cards 300 --seed 3") != 0)
        return 1;
    test_request(&site, 1, 0, 100);
    return 0;
}

static int
teardown(void **state)
{
    test_site_free(*state);
    return 0;
}

static EVP_PKEY *
key_of_file(const struct test_site *site, const char *name, uint32_t usage)
{
    size_t n;
    uint8_t *pem = test_read(site, name, &n);
    BIO *bio = BIO_new_mem_buf(pem, (int)n);
    EVP_PKEY *key = NULL;
    X509 *cert;

    while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        if ((X509_get_key_usage(cert) & usage) != 0 && key == NULL)
            key = X509_get_pubkey(cert);
        X509_free(cert);
    }
    BIO_free(bio);
    free(pem);
    assert_non_null(key);
    return key;
}

static struct perso_seal *
open_seal(const struct test_site *site, const char *zip)
{
    struct perso_error err = { .reject = PERSO_REJ_NONE };
    struct perso_seal *seal = NULL;
    char name[128];
    uint8_t key[32];
    size_t n;

    snprintf(name, sizeof name, "%.100s.wrap", zip);
    uint8_t *wrapped = test_read(site, name, &n);
    EVP_PKEY *sealing = sbx_private_key(site->sealing.d, site->sealing.xy);
    assert_true(sbx_unwrap(sealing, wrapped, n, key));
    assert_int_equal(perso_seal_new(key, &seal, &err), PERSO_OK);
    EVP_PKEY_free(sealing);
    free(wrapped);
    return seal;
}

static bool
opens(struct perso_seal *seal, const struct sbx_table_in *t, const char *column, size_t want,
      uint8_t plain[PERSO_SEALED_PLAIN_MAX])
{
    const uint32_t package = (uint32_t)strtoul(strstr(t->path, RET) + strlen(RET), NULL, 10);
    struct perso_error err = { .reject = PERSO_REJ_NONE };
    const char *cell = test_cell(t, column);
    size_t n;

    return perso_seal_open(seal, test_cell(t, "request_id"), column, package,
                           (struct perso_text) { cell, (uint32_t)strlen(cell) }, plain, &n,
                           &err) == PERSO_OK &&
           n == want;
}

static X509 *
certificate(const struct sbx_table_in *t, const char *column)
{
    const char *cell = test_cell(t, column);
    uint8_t der[4096];
    const uint8_t *at = der;
    size_t n;

    if (!perso_base64_decode(cell, strlen(cell), der, &n))
        return NULL;
    X509 *cert = d2i_X509(NULL, &at, (long)n);
    if (cert != NULL && at != der + n) {
        X509_free(cert);
        return NULL;
    }
    return cert;
}

static bool
signed_by(X509 *cert, EVP_PKEY *ca, const char *id)
{
    ASN1_OCTET_STRING *oct = ASN1_OCTET_STRING_new();

    assert_true(ASN1_OCTET_STRING_set(oct, (const unsigned char *)id, (int)strlen(id)));
    X509_set0_distinguishing_id(cert, oct);
    return X509_verify(cert, ca) == 1;
}

/* A row without a fault, or one whose fault is none of its content. */
static void
check_good_row(const struct sbx_table_in *t, EVP_PKEY *ca, struct perso_seal *seal)
{
    X509 *qmzs = certificate(t, "QMZS"), *jmzs = certificate(t, "JMZS");
    uint8_t blob[1024], xy[64], plain[PERSO_SEALED_PLAIN_MAX];
    const char *jmmy = test_cell(t, "JMMY");
    size_t n;

    assert_string_equal(test_cell(t, "code"), "00");
    assert_true(qmzs != NULL && signed_by(qmzs, ca, SBX_ID));
    assert_true(jmzs != NULL && signed_by(jmzs, ca, SBX_ID));
    assert_int_equal(X509_get_key_usage(qmzs), KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION);
    assert_int_equal(X509_get_key_usage(jmzs),
                     KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT | KU_KEY_AGREEMENT);
    assert_true(perso_base64_decode(jmmy, strlen(jmmy), blob, &n) && n == 388);
    assert_true(sbx_public_bytes(X509_get0_pubkey(jmzs), xy));
    assert_memory_equal(xy, blob + 112, 32); /* DOMAIN 5.9 */
    assert_memory_equal(xy + 32, blob + 176, 32);
    assert_true(opens(seal, t, "GLYPIN", 8, plain));
    assert_true(opens(seal, t, "ZKMY", 16, plain));
    X509_free(qmzs);
    X509_free(jmzs);
}

static void
check_package(const struct test_site *site, const char *zip)
{
    char name[128];
    size_t n, signature_n;
    char *json = test_member(site, zip, "manifest.json", &n);
    EVP_PKEY *ra = key_of_file(site, "site/peers/ra.cer", KU_DIGITAL_SIGNATURE);

    snprintf(name, sizeof name, "%.100s.sig", zip);
    uint8_t *signature = test_read(site, name, &signature_n);
    assert_true(sbx_verify(ra, json, n, signature, signature_n));
    json[n / 2] ^= 1;
    assert_false(sbx_verify(ra, json, n, signature, signature_n));
    EVP_PKEY_free(ra);
    free(signature);
    free(json);
}

static void
open_return(const struct test_site *site, const char *zip, struct sbx_table_in *t)
{
    size_t n;
    char *table = test_member(site, zip, "certificates.csv", &n);
    sbx_table_open(t, zip, table, n);
}

static void
good_answers_are_good(void **state) /* LD/T 03-2022 6.4.7.2 d */
{
    EVP_PKEY *ca = key_of_file(*state, "site/trust/issuing.cer", KU_KEY_CERT_SIGN);
    struct sbx_table_in t;

    assert_int_equal(test_run(*state, "", "ra --in in --out out --state ra"), 0);
    check_package(*state, "out/" RET "1.zip");
    struct perso_seal *seal = open_seal(*state, "out/" RET "1.zip");
    open_return(*state, "out/" RET "1.zip", &t);
    while (sbx_table_next(&t))
        check_good_row(&t, ca, seal);
    assert_int_equal(t.rows, 100);
    sbx_table_free(&t);
    perso_seal_free(seal);
    EVP_PKEY_free(ca);
}

static void
answers_are_a_function_of_seed_and_bundle(void **state) /* CONTRACTS 7 */
{
    size_t n, again_n;

    assert_int_equal(test_run(*state, "", "ra init ra2 --site site --seed 5"), 0);
    assert_int_equal(test_run(*state, "", "ra --in in --out out2 --state ra2"), 0);
    assert_true(test_same(*state, "out/" RET "1.zip", "out2/" RET "1.zip"));
    uint8_t *first = test_read(*state, "out2/" RET "1.zip.sig", &n);
    assert_int_equal(test_run(*state, "", "ra --in in --out out2 --state ra2"), 0);
    uint8_t *again = test_read(*state, "out2/" RET "1.zip.sig", &again_n);
    assert_int_equal(n, again_n); /* answered already: not even signed again */
    assert_memory_equal(first, again, n);
    free(first);
    free(again);
    assert_int_equal(test_run(*state, "", "ra init ra2 --site site --seed 6"), 1);
}

static void
marks_are_what_was_given(void **state)
{
    uint8_t plain[PERSO_SEALED_PLAIN_MAX];
    struct sbx_table_in t;

    assert_int_equal(test_run(*state, "", "ra init ram --site site --seed 5"), 0);
    assert_int_equal(test_run(*state, "",
                              "ra --in in --out outm --state ram --mark-pin 3132333435363738"
                              " --mark-key 4d41524b4d41524b4d41524b4d41524b"),
                     0);
    struct perso_seal *seal = open_seal(*state, "outm/" RET "1.zip");
    open_return(*state, "outm/" RET "1.zip", &t);
    while (sbx_table_next(&t)) {
        assert_true(opens(seal, &t, "GLYPIN", 8, plain));
        assert_memory_equal(plain, "12345678", 8);
        assert_true(opens(seal, &t, "ZKMY", 16, plain));
        assert_memory_equal(plain, "MARKMARKMARKMARK", 16);
    }
    sbx_table_free(&t);
    perso_seal_free(seal);
}

static void
check_faulty_row(const struct sbx_table_in *t, const char *fault, EVP_PKEY *ca, EVP_PKEY *foreign,
                 struct perso_seal *seal)
{
    X509 *qmzs = certificate(t, "QMZS");
    uint8_t plain[PERSO_SEALED_PLAIN_MAX];

    if (strcmp(fault, "wrong-id") == 0)
        assert_true(signed_by(qmzs, ca, "") && !signed_by(qmzs, ca, SBX_ID));
    else if (strcmp(fault, "foreign-ca") == 0)
        assert_true(signed_by(qmzs, foreign, SBX_ID) && !signed_by(qmzs, ca, SBX_ID));
    else if (strcmp(fault, "bad-signature") == 0)
        assert_false(signed_by(qmzs, ca, SBX_ID) || signed_by(qmzs, ca, ""));
    else if (strcmp(fault, "swapped") == 0)
        assert_true((X509_get_key_usage(qmzs) & KU_KEY_ENCIPHERMENT) != 0);
    else if (strcmp(fault, "cut") == 0 || strcmp(fault, "trailing") == 0 ||
             strcmp(fault, "item-shape") == 0 || strcmp(fault, "zero-byte") == 0)
        assert_null(qmzs);
    else if (strcmp(fault, "refused") == 0)
        assert_string_equal(test_cell(t, "code"), "4107");
    else if (strcmp(fault, "seal") == 0)
        assert_false(opens(seal, t, "GLYPIN", 8, plain));
    else if (strcmp(fault, "secret-shape") == 0)
        assert_true(opens(seal, t, "GLYPIN", 7, plain));
    else if (strcmp(fault, "partial") == 0)
        assert_string_equal(test_cell(t, "JMMY"), "");
    X509_free(qmzs);
}

static void
faults_are_planted(void **state)
{
    EVP_PKEY *ca = key_of_file(*state, "site/trust/issuing.cer", KU_KEY_CERT_SIGN);
    EVP_PKEY *foreign = key_of_file(*state, "ra/foreign.cer", KU_KEY_CERT_SIGN);
    struct sbx_table_in t, truth;
    size_t faulty = 0;
    char *faults[1000] = { NULL };

    test_request(*state, 2, 100, 200);
    assert_int_equal(test_run(*state, "", "ra init raf --site site --seed 5"), 0);
    assert_int_equal(test_run(*state, "", "ra --in in --out outf --state raf" FAULTS), 0);
    test_table(*state, "raf/truth.csv", &truth);
    while (sbx_table_next(&truth)) {
        const size_t record = strtoul(test_cell(&truth, "record"), NULL, 10);
        if (strcmp(test_cell(&truth, "file"), RET "2.zip") == 0 && record < 1000)
            faults[record] = strdup(test_cell(&truth, "fault"));
    }
    struct perso_seal *seal = open_seal(*state, "outf/" RET "2.zip");
    open_return(*state, "outf/" RET "2.zip", &t);
    while (sbx_table_next(&t)) {
        if (faults[t.rows] == NULL)
            continue;
        check_faulty_row(&t, faults[t.rows], ca, foreign, seal);
        free(faults[t.rows]);
        faulty++;
    }
    assert_in_range(faulty, 120, 200); /* 0.88 of 200, less what is late */
    sbx_table_free(&t);
    sbx_table_free(&truth);
    perso_seal_free(seal);
    EVP_PKEY_free(foreign);
    EVP_PKEY_free(ca);
}

static void
late_rows_come_with_the_next_call(void **state) /* CONTRACTS 3: partial and late returns */
{
    struct sbx_table_in t;
    size_t n, all = 0;
    char name[64];

    assert_int_equal(test_run(*state, "", "ra init ral --site site --seed 5"), 0);
    assert_int_equal(test_run(*state, "", "ra --in in --out outl --state ral --fault late:0.3"), 0);
    assert_int_equal(test_run(*state, "", "ra --in in --out outl --state ral --fault late:0.3"), 0);
    assert_int_equal(test_run(*state, "", "ra --in in --out outl --state ral --fault late:0.3"), 0);
    for (int i = 1; i <= 4; i++) {
        snprintf(name, sizeof name, "outl/" RET "%d.zip", i);
        check_package(*state, name);
        open_return(*state, name, &t);
        while (sbx_table_next(&t))
            all++;
        sbx_table_free(&t);
        char *json = test_member(*state, name, "manifest.json", &n);
        assert_int_equal(strstr(json, "\"final\": true") != NULL, i == 4);
        free(json);
    }
    assert_int_equal(all, 300); /* each request once */
}

static void
what_is_not_the_sites_is_refused(void **state) /* CONTRACTS 3: signer before any effect */
{
    test_sign(*state, "in/REQ-411600-B1-0001.zip", "other", 5);
    assert_int_equal(test_run(*state, "", "ra init rax --site site --seed 5"), 0);
    assert_int_equal(test_run(*state, "", "ra --in in --out outx --state rax"), 1);
    assert_int_equal(test_run(*state, "", "ra --in outx --out outy --state rax"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_answers_are_good),
        cmocka_unit_test(answers_are_a_function_of_seed_and_bundle),
        cmocka_unit_test(marks_are_what_was_given),
        cmocka_unit_test(faults_are_planted),
        cmocka_unit_test(late_rows_come_with_the_next_call),
        cmocka_unit_test(what_is_not_the_sites_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
