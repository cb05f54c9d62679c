/*
 * Mutants of sound requests and certificates, read by us and by OpenSSL: what we read OpenSSL reads
 * to the same values, and what only OpenSSL reads has its reason in der_differences.
 * PERSO_FULL=1 runs 1,200,000 of them.
 */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/pki/certificate.h"
#include "formats/pki/pkcs10.h"
#include "tests/formats/pki/der_hostile.h"
#include "tests/formats/pki/der_mutant.h"

#define SEED UINT64_C(0x9e3779b97f4a7c15)
#define MUTANTS 10000u
#define MUTANTS_FULL 600000u
#define SOUND_MAX 16
#define ROOMY (PERSO_ODD_ALL & ~PERSO_ODD_PEM)

static struct made sound[SOUND_MAX];
static struct der_parts parts;

struct tally {
    size_t read, refused, not_der, explained, kinds[64];
};

static const struct {
    const char *part, *recipe;
} requests[] = {
    { NULL, NULL },
    { "name", "30{ 31{ 30{ 0603550406 13{ 'CN' } } } 31{ 30{ 060355040a 0c{ e5bca0 } } } $rdn"
              " 31{ 30{ 0603550405 13{ '11010519491231002X' } } } }" },
    { "attributes", "a0{ 30{ 06092a864886f70d010907 31{ 13{ '1' } } } 30{ 06092a864886f70d01090e"
                    " 31{ $list } } }" },
    { "attributes", "" },
    { "alg", "30{ $sm2sm3 0500 }" },
    { "sig", "$rawr $raws" },
    { "point", "02 $x" },
    { "cn", "1e{ 5f20 4e09 }" },
};

static const struct {
    const char *part, *recipe;
} certificates[] = {
    { NULL, NULL },
    { "sm2sm3", "06{ 2a811ccf55018375 } 0500" },
    { "ids", "81020001 82020002" },
    { "ends", "18{ '20501231235959Z' }" },
    { "list",
      "30{ $constraints $usage 30{ 0603551d0e 04{ 04{ 01*20 } } } 30{ 0603551d23 04{ 30{"
      " 80{ 02*20 } } } } 30{ 0603551d20 04{ 30{ 30{ 06012a } } } } 30{ 06082a811cd014040101"
      " 04{ 13{ '11010519491231002X' } } } }" },
    { "constraints", "30{ 0603551d13 0101ff 04{ 30{ 0101ff 020101 } } }" },
    { "name", "30{ 31{ 30{ 0603550406 13{ 'CN' } } } $rdn }" },
};

static void
fail_with(const char *what, const struct made *mutant)
{
    char hex[2 * MAKE_BYTES + 1];

    recipe_hex(mutant->at, mutant->n, hex);
    printf("%s\n", hex);
    fail_msg("%s", what);
}

/* A refusal of what OpenSSL reads. */
static void
count_difference(struct tally *tally, const struct made *mutant, const struct perso_error *err)
{
    size_t why = der_explain(mutant->at, mutant->n, err->text);

    if (why == DER_UNEXPLAINED)
        fail_with(err->text, mutant);
    if (why == DER_NOT_DER) {
        tally->not_der++;
    } else {
        tally->explained++;
        tally->kinds[why]++;
    }
}

static bool
same_signature(const ASN1_BIT_STRING *bits, const uint8_t rs[64], bool raw)
{
    const uint8_t *at = ASN1_STRING_get0_data(bits);
    ECDSA_SIG *both;
    uint8_t theirs[64];

    if (raw)
        return ASN1_STRING_length(bits) == 64 && memcmp(at, rs, 64) == 0;
    if ((both = d2i_ECDSA_SIG(NULL, &at, ASN1_STRING_length(bits))) == NULL)
        return false;
    bool fits = BN_bn2binpad(ECDSA_SIG_get0_r(both), theirs, 32) == 32 &&
                BN_bn2binpad(ECDSA_SIG_get0_s(both), theirs + 32, 32) == 32;
    ECDSA_SIG_free(both);
    return fits && memcmp(theirs, rs, 64) == 0;
}

/* X as OpenSSL has it in the encoded point; Y too where it stands there. */
static bool
same_key(X509_PUBKEY *key, const uint8_t public_key[64])
{
    const uint8_t *at;
    int n;

    return X509_PUBKEY_get0_param(NULL, &at, &n, NULL, key) == 1 && (n == 65 || n == 33) &&
           memcmp(at + 1, public_key, (size_t)n - 1) == 0;
}

static bool
same_name(const X509_NAME *name, struct perso_cursor ours)
{
    const uint8_t *der;
    size_t n;

    return X509_NAME_get0_der(name, &der, &n) == 1 && n >= perso_left(&ours) &&
           memcmp(der + n - perso_left(&ours), ours.at, perso_left(&ours)) == 0;
}

static bool
same_time(const ASN1_TIME *theirs, int64_t ours)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days, seconds;
    bool ret = ASN1_TIME_diff(&days, &seconds, epoch, theirs) == 1 &&
               (int64_t)days * 86400 + seconds == ours;

    ASN1_TIME_free(epoch);
    return ret;
}

static bool
same_request(const struct made *mutant, const struct perso_pkcs10 *read)
{
    const uint8_t *at = mutant->at;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)mutant->n);
    const ASN1_BIT_STRING *bits;

    X509_REQ_get0_signature(request, &bits, NULL);
    bool ret = same_key(X509_REQ_get_X509_PUBKEY(request), read->public_key) &&
               same_name(X509_REQ_get_subject_name(request), read->subject) &&
               same_signature(bits, read->rs, (read->odd & PERSO_ODD_RAW) != 0);
    X509_REQ_free(request);
    ERR_clear_error();
    return ret;
}

static bool
same_certificate(const struct made *mutant, const struct perso_certificate *read)
{
    const uint8_t *at = mutant->at;
    X509 *certificate = d2i_X509(NULL, &at, (long)mutant->n);
    const ASN1_BIT_STRING *bits;

    X509_get0_signature(&bits, NULL, certificate);
    bool ret = same_key(X509_get_X509_PUBKEY(certificate), read->public_key) &&
               same_name(X509_get_subject_name(certificate), read->subject) &&
               same_name(X509_get_issuer_name(certificate), read->issuer) &&
               same_time(X509_get0_notBefore(certificate), read->begins_s) &&
               same_time(X509_get0_notAfter(certificate), read->ends_s) &&
               same_signature(bits, read->rs, false);
    X509_free(certificate);
    ERR_clear_error();
    return ret;
}

/* What is written of a request that was read: it itself, or as usual. */
static bool
writes_itself(const struct made *mutant, const struct perso_pkcs10 *read)
{
    uint8_t out[PERSO_REQUEST_DER_BYTES];
    size_t n;

    if (!perso_pkcs10_write(read, out, sizeof out, &n))
        return false;
    return (n == mutant->n && memcmp(out, mutant->at, n) == 0) ==
           ((read->odd & PERSO_ODD_MENDABLE) == 0);
}

static bool
read_request(const struct made *mutant, uint32_t tolerated, bool openssl, struct tally *tally)
{
    struct perso_pkcs10 read;
    struct perso_error err = { 0 };
    enum perso_result rc =
        perso_pkcs10_read(perso_cursor_of(mutant->at, mutant->n), tolerated, NULL, &read, &err);

    if (rc != PERSO_OK && rc != PERSO_REJECT)
        fail_with(err.text, mutant);
    if (rc == PERSO_OK) {
        tally->read++;
        if (!openssl || !der_holds(mutant->at, mutant->n) || !same_request(mutant, &read))
            fail_with("read, but not by OpenSSL, or not as DER, or otherwise", mutant);
        if (!writes_itself(mutant, &read))
            fail_with("not written as it was read", mutant);
    } else if (openssl) {
        count_difference(tally, mutant, &err);
    } else {
        tally->refused++;
    }
    return rc == PERSO_OK;
}

static void
read_certificate(const struct made *mutant, struct tally *tally)
{
    bool openssl = der_openssl_reads_certificate(mutant->at, mutant->n);
    struct perso_certificate read;
    struct perso_error err = { 0 };

    if (perso_certificate_read(perso_cursor_of(mutant->at, mutant->n), &read, &err) == PERSO_OK) {
        tally->read++;
        if (!openssl || !der_holds(mutant->at, mutant->n) || !same_certificate(mutant, &read))
            fail_with("read, but not by OpenSSL, or not as DER, or otherwise", mutant);
    } else if (openssl) {
        count_difference(tally, mutant, &err);
    } else {
        tally->refused++;
    }
}

static size_t
n_mutants(void)
{
    const char *full = getenv("PERSO_FULL");
    return full != NULL && strcmp(full, "1") == 0 ? MUTANTS_FULL : MUTANTS;
}

static void
tell(const char *what, const struct tally *tally)
{
    size_t kinds = 0;

    for (size_t i = 0; i < der_n_differences; i++)
        kinds += tally->kinds[i] != 0;
    printf("%s, seed %016llx: read by both %zu, by none %zu, by OpenSSL alone %zu in BER and %zu "
           "for %zu other reasons\n",
           what, (unsigned long long)SEED, tally->read, tally->refused, tally->not_der,
           tally->explained, kinds);
}

static void
mutants_of_requests_are_read_as_by_openssl(void **state) /* RELIABILITY T11 */
{
    size_t n = sizeof requests / sizeof requests[0];
    struct tally strict = { 0 }, roomy = { 0 };
    struct made mutant;
    uint64_t seed = SEED;

    (void)state;
    for (size_t i = 0; i < n; i++)
        sound[i] = der_make_request(&parts, requests[i].part, requests[i].recipe);
    for (size_t i = 0; i < n_mutants(); i++) {
        mutant_make(&seed, sound, n, &mutant);
        bool openssl = der_openssl_reads_request(mutant.at, mutant.n);
        bool read = read_request(&mutant, 0, openssl, &strict);
        if (!read_request(&mutant, ROOMY, openssl, &roomy) && read)
            fail_with("read strictly, but not with room", &mutant);
    }
    tell("requests, nothing tolerated", &strict);
    tell("requests, all tolerated", &roomy);
    assert_true(strict.read > n_mutants() / 100 && roomy.read > strict.read);
}

static void
mutants_of_certificates_are_read_as_by_openssl(void **state) /* RELIABILITY T11 */
{
    size_t n = sizeof certificates / sizeof certificates[0];
    struct tally tally = { 0 };
    struct made mutant;
    uint64_t seed = SEED;

    (void)state;
    for (size_t i = 0; i < n; i++)
        sound[i] = der_make_certificate(&parts, certificates[i].part, certificates[i].recipe);
    for (size_t i = 0; i < n_mutants(); i++) {
        mutant_make(&seed, sound, n, &mutant);
        read_certificate(&mutant, &tally);
    }
    tell("certificates", &tally);
    assert_true(tally.read > n_mutants() / 100);
}

static int
begin(void **state)
{
    (void)state;
    der_parts_make(&parts);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    der_parts_free(&parts);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutants_of_requests_are_read_as_by_openssl),
        cmocka_unit_test(mutants_of_certificates_are_read_as_by_openssl),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
