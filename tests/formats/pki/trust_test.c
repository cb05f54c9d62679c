/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <string.h>

#include "formats/pki/certificate.h"
#include "formats/sm2/sm3.h"
#include "tests/formats/pki/pki_make.h"

#define N_KEYS 8
#define AT_S 1767225600 /* 2026-01-01 */

static EVP_PKEY *keys[N_KEYS];
static const struct perso_validity at = { AT_S, AT_S };

/* A CA of a key, under an issuer of another. */
static struct made
make_ca(const char *name, int key, const char *issuer, int issuer_key, const char *constraints)
{
    return make_certificate(&(struct make_certificate) {
        .key = keys[key],
        .issuer_key = keys[issuer_key],
        .common_name = name,
        .issuer = issuer,
        .constraints = constraints != NULL ? constraints : "critical,CA:TRUE",
        .key_usage = "critical,keyCertSign,cRLSign",
    });
}

static struct made
make_leaf_of(const char *issuer, int issuer_key, const char *id, const char *begins,
             const char *ends)
{
    return make_certificate(&(struct make_certificate) {
        .key = keys[0],
        .issuer_key = keys[issuer_key],
        .common_name = "张三",
        .issuer = issuer,
        .begins = begins,
        .ends = ends,
        .id = id,
        .key_usage = "digitalSignature",
    });
}

static struct made
make_leaf(const char *issuer, int issuer_key)
{
    return make_leaf_of(issuer, issuer_key, NULL, NULL, NULL);
}

static struct perso_trust *
trust_of(const struct made *cas, size_t n, size_t want_left_out)
{
    struct perso_trust *trust = perso_trust_new();
    struct perso_error err = { 0 };
    size_t left_out = 99;

    assert_non_null(trust);
    for (size_t i = 0; i < n; i++)
        if (perso_trust_add(trust, perso_cursor_of(cas[i].at, cas[i].n), "ca.cer", &err) !=
            PERSO_OK)
            fail_msg("CA %zu: %s", i, err.text);
    assert_int_equal(perso_trust_ready(trust, &left_out, &err), PERSO_OK);
    assert_int_equal(left_out, want_left_out);
    return trust;
}

static enum perso_reject
judge_at(const struct perso_trust *trust, const struct made *leaf,
         const struct perso_validity *validity)
{
    struct perso_certificate read;
    const struct perso_certificate *one = &read;
    struct perso_error err = { 0 };
    enum perso_reject out = PERSO_REJ_NONE;

    assert_int_equal(perso_certificate_read(perso_cursor_of(leaf->at, leaf->n), &read, &err),
                     PERSO_OK);
    assert_int_equal(perso_trust_judge(trust, &one, 1, validity, &out, &err), PERSO_OK);
    return out;
}

static X509 *
x509_of(const struct made *made)
{
    const unsigned char *der = made->at;
    X509 *ret = d2i_X509(NULL, &der, (long)made->n);
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();

    assert_non_null(ret);
    ASN1_OCTET_STRING_set(id, (const unsigned char *)PERSO_SM2_ID, (int)strlen(PERSO_SM2_ID));
    X509_set0_distinguishing_id(ret, id);
    return ret;
}

/* The independent judge: X509_verify_cert with the id on every certificate. */
static bool
openssl_trusts(const struct made *cas, size_t n, const struct made *leaf)
{
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509 *end = x509_of(leaf);

    for (size_t i = 0; i < n; i++) {
        X509 *ca = x509_of(&cas[i]);
        if (X509_NAME_cmp(X509_get_subject_name(ca), X509_get_issuer_name(ca)) == 0) {
            X509_STORE_add_cert(store, ca);
            X509_free(ca);
        } else {
            sk_X509_push(untrusted, ca);
        }
    }
    assert_int_equal(X509_STORE_CTX_init(context, store, end, untrusted), 1);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CHECK_SS_SIGNATURE);
    X509_VERIFY_PARAM_set_time(param, AT_S);
    bool ret = X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    sk_X509_pop_free(untrusted, X509_free);
    X509_STORE_free(store);
    X509_free(end);
    ERR_clear_error();
    return ret;
}

/* The verdict on a certificate under the CAs, and OpenSSL's on the same. */
static void
expect(const char *what, const struct made *cas, size_t n, const struct made *leaf, size_t left_out,
       enum perso_reject want)
{
    struct perso_trust *trust = trust_of(cas, n, left_out);
    enum perso_reject have = judge_at(trust, leaf, &at);

    perso_trust_free(trust);
    if (have != want)
        fail_msg("%s: have %s, want %s", what, perso_reject_name(have), perso_reject_name(want));
    if (openssl_trusts(cas, n, leaf) != (have == PERSO_REJ_NONE))
        fail_msg("%s: OpenSSL does not agree", what);
}

static void
chain_to_a_root_holds_in_any_order(void **state) /* RFC 5280 6.1 */
{
    struct made cas[2] = { make_ca("root", 1, "root", 1, NULL),
                           make_ca("sub", 2, "root", 1, NULL) };
    struct made leaf = make_leaf("sub", 2), direct = make_leaf("root", 1);

    (void)state;
    expect("two CAs", cas, 2, &leaf, 0, PERSO_REJ_NONE);
    expect("root alone", cas, 1, &direct, 0, PERSO_REJ_NONE);
    struct made turned[2] = { cas[1], cas[0] };
    expect("the other order", turned, 2, &leaf, 0, PERSO_REJ_NONE);
    expect("no such CA", cas, 1, &leaf, 0, PERSO_REJ_CERT_ISSUER);
    expect("no root", turned, 1, &leaf, 1, PERSO_REJ_CERT_ISSUER);
    expect("no CA", NULL, 0, &leaf, 0, PERSO_REJ_CERT_ISSUER);
}

static void
signature_is_judged_under_the_id_on_every_level(void **state) /* GM/T 0009-2012 */
{
    struct made root = make_ca("root", 1, "root", 1, NULL), leaf = make_leaf("root", 1), sub[2];

    (void)state;
    leaf.at[leaf.n - 1] ^= 1;
    expect("s turned", &root, 1, &leaf, 0, PERSO_REJ_CERT_SIGNATURE);
    leaf = make_leaf("root", 2);
    expect("another key", &root, 1, &leaf, 0, PERSO_REJ_CERT_SIGNATURE);
    leaf = make_leaf_of("root", 1, "", NULL, NULL);
    expect("empty id", &root, 1, &leaf, 0, PERSO_REJ_CERT_SM2_ID);
    leaf = make_leaf_of("root", 1, "ALICE123@YAHOO.COM", NULL, NULL);
    expect("another id", &root, 1, &leaf, 0, PERSO_REJ_CERT_SIGNATURE);
    sub[0] = root;
    sub[1] = make_certificate(&(struct make_certificate) { .key = keys[2],
                                                           .issuer_key = keys[1],
                                                           .common_name = "sub",
                                                           .issuer = "root",
                                                           .id = "",
                                                           .constraints = "CA:TRUE",
                                                           .key_usage = "keyCertSign" });
    leaf = make_leaf("sub", 2);
    expect("CA under the empty id", sub, 2, &leaf, 1, PERSO_REJ_CERT_ISSUER);
    sub[0].at[sub[0].n - 1] ^= 1;
    sub[1] = make_ca("sub", 2, "root", 1, NULL);
    expect("root's own signature", sub, 2, &leaf, 2, PERSO_REJ_CERT_ISSUER);
}

static void
path_length_and_depth_are_bounded(void **state) /* RFC 5280 4.2.1.9 */
{
    static const char *const names[] = { "c0", "c1", "c2", "c3", "c4", "c5" };
    struct made cas[6], leaf = make_leaf("c1", 2);

    (void)state;
    cas[0] = make_ca("c0", 1, "c0", 1, "critical,CA:TRUE,pathlen:0");
    cas[1] = make_ca("c1", 2, "c0", 1, NULL);
    expect("path length 0 below a CA", cas, 2, &leaf, 1, PERSO_REJ_CERT_ISSUER);
    cas[0] = make_ca("c0", 1, "c0", 1, "critical,CA:TRUE,pathlen:1");
    expect("path length 1 over one CA", cas, 2, &leaf, 0, PERSO_REJ_NONE);
    cas[2] = make_ca("c2", 3, "c1", 2, NULL);
    leaf = make_leaf("c2", 3);
    expect("path length 1 over two CAs", cas, 3, &leaf, 1, PERSO_REJ_CERT_ISSUER);
    cas[1] = make_ca("c1", 2, "c0", 1, "CA:TRUE,pathlen:0");
    leaf = make_leaf("c1", 2);
    expect("path length 0 above the holder", cas, 2, &leaf, 0, PERSO_REJ_NONE);

    for (int i = 0; i < 6; i++)
        cas[i] = make_ca(names[i], i + 1, i == 0 ? names[0] : names[i - 1], i == 0 ? 1 : i, NULL);
    leaf = make_leaf("c4", 5);
    expect("five CAs", cas, 5, &leaf, 0, PERSO_REJ_NONE);
    leaf = make_leaf("c5", 6);
    struct perso_trust *trust = trust_of(cas, 6, 1);
    assert_int_equal(judge_at(trust, &leaf, &at), PERSO_REJ_CERT_ISSUER);
    perso_trust_free(trust);
}

static void
path_length_does_not_count_self_issued(void **state) /* RFC 5280 4.2.1.9: key rollover */
{
    struct made cas[3] = { make_ca("root", 1, "root", 1, "critical,CA:TRUE,pathlen:1"),
                           make_ca("root", 2, "root", 1, NULL), /* new key under the old one */
                           make_ca("sub", 3, "root", 2, NULL) };
    struct made leaf = make_leaf("sub", 3);
    struct perso_trust *trust = trust_of(cas, 3, 0);

    (void)state;
    assert_int_equal(judge_at(trust, &leaf, &at), PERSO_REJ_NONE);
    perso_trust_free(trust);
}

/* Without key identifiers OpenSSL takes the first CA of a name only, so it is no judge here. */
static void
cas_of_one_name_are_all_tried(void **state)
{
    struct made cas[3] = { make_ca("root", 1, "root", 1, NULL), make_ca("root", 2, "root", 2, NULL),
                           make_ca("root", 3, "root", 3, NULL) };
    struct perso_trust *trust = trust_of(cas, 3, 0);
    struct made leaf;

    (void)state;
    for (int key = 1; key <= 4; key++) {
        leaf = make_leaf("root", key);
        assert_int_equal(judge_at(trust, &leaf, &at),
                         key <= 3 ? PERSO_REJ_NONE : PERSO_REJ_CERT_SIGNATURE);
    }
    leaf = make_leaf_of("root", 3, "", NULL, NULL);
    assert_int_equal(judge_at(trust, &leaf, &at), PERSO_REJ_CERT_SM2_ID);
    perso_trust_free(trust);
}

static struct made
make_ca_valid(const char *begins, const char *ends)
{
    return make_certificate(&(struct make_certificate) { .key = keys[1],
                                                         .issuer_key = keys[1],
                                                         .common_name = "root",
                                                         .issuer = "root",
                                                         .begins = begins,
                                                         .ends = ends,
                                                         .constraints = "CA:TRUE",
                                                         .key_usage = "keyCertSign" });
}

static const struct {
    const char *what;
    int64_t begin_by, end_from;
    const char *ca_begins, *ca_ends;
    enum perso_reject want;
} validities[] = {
    { "inside", AT_S, AT_S, NULL, NULL, PERSO_REJ_NONE },
    { "first second", AT_S - 86400, AT_S, NULL, NULL, PERSO_REJ_NONE },
    { "a second early", AT_S - 86401, AT_S, NULL, NULL, PERSO_REJ_CERT_NOT_YET },
    { "last second", AT_S, AT_S + 86400, NULL, NULL, PERSO_REJ_NONE },
    { "a second late", AT_S, AT_S + 86401, NULL, NULL, PERSO_REJ_CERT_EXPIRED },
    { "both", AT_S - 86401, AT_S + 86401, NULL, NULL, PERSO_REJ_CERT_NOT_YET },
    { "CA's first second", AT_S, AT_S, "20260101000000Z", NULL, PERSO_REJ_NONE },
    { "CA begins a second later", AT_S, AT_S, "20260101000001Z", NULL, PERSO_REJ_CERT_NOT_YET },
    { "CA's last second", AT_S, AT_S, NULL, "20260101000000Z", PERSO_REJ_NONE },
    { "CA ended a second before", AT_S, AT_S, NULL, "20251231235959Z", PERSO_REJ_CERT_EXPIRED },
    { "CA ended, holder's not begun", AT_S - 86401, AT_S, NULL, "20251231235959Z",
      PERSO_REJ_CERT_NOT_YET },
};

static void
validity_has_two_instants(void **state) /* CONTRACTS 5, RFC 5280 4.1.2.5 */
{
    struct made leaf = make_leaf_of("root", 1, NULL, "20251231000000Z", "20260102000000Z");

    (void)state;
    for (size_t i = 0; i < sizeof validities / sizeof validities[0]; i++) {
        struct made root = make_ca_valid(validities[i].ca_begins, validities[i].ca_ends);
        struct perso_trust *trust = trust_of(&root, 1, 0);
        struct perso_validity validity = { validities[i].begin_by, validities[i].end_from };
        enum perso_reject have = judge_at(trust, &leaf, &validity);
        if (have != validities[i].want)
            fail_msg("%s: have %s", validities[i].what, perso_reject_name(have));
        perso_trust_free(trust);
    }
}

static void
renewed_ca_of_the_same_key_serves(void **state)
{
    struct made cas[2] = { make_ca_valid(NULL, "20251231235959Z"), make_ca_valid(NULL, NULL) };
    struct made leaf = make_leaf("root", 1);

    (void)state;
    for (int turned = 0; turned < 2; turned++) {
        struct made both[2] = { cas[turned], cas[1 - turned] };
        struct perso_trust *trust = trust_of(both, 2, 0);
        assert_int_equal(judge_at(trust, &leaf, &at), PERSO_REJ_NONE);
        perso_trust_free(trust);
    }
}

static void
ring_of_cross_certificates_ends(void **state)
{
    struct made cas[3] = { make_ca("a", 1, "b", 2, NULL), make_ca("b", 2, "a", 1, NULL),
                           make_ca("b", 2, "b", 2, NULL) };
    struct made leaf = make_leaf("a", 1);

    (void)state;
    struct perso_trust *trust = trust_of(cas, 2, 2);
    assert_int_equal(judge_at(trust, &leaf, &at), PERSO_REJ_CERT_ISSUER);
    perso_trust_free(trust);
    trust = trust_of(cas, 3, 0);
    assert_int_equal(judge_at(trust, &leaf, &at), PERSO_REJ_NONE);
    perso_trust_free(trust);
}

static void
expect_no_ca(const struct make_certificate *what, enum perso_reject want)
{
    struct perso_trust *trust = perso_trust_new();
    struct perso_error err = { 0 };
    struct made made = make_certificate(what);

    assert_int_equal(perso_trust_add(trust, perso_cursor_of(made.at, made.n), "x.cer", &err),
                     PERSO_REJECT);
    assert_int_equal(err.reject, want);
    assert_string_equal(err.file, "x.cer");
    perso_trust_free(trust);
}

static void
only_cas_are_taken(void **state) /* RFC 5280 4.2.1.3, 4.2.1.9 */
{
    struct make_certificate what = { .key = keys[1],
                                     .issuer_key = keys[1],
                                     .common_name = "root",
                                     .issuer = "root",
                                     .key_usage = "keyCertSign" };
    struct perso_error err = { 0 };
    struct perso_trust *trust = perso_trust_new();

    (void)state;
    expect_no_ca(&what, PERSO_REJ_CERT_USAGE);
    what.constraints = "CA:FALSE";
    expect_no_ca(&what, PERSO_REJ_CERT_USAGE);
    what.constraints = "CA:TRUE";
    what.key_usage = "digitalSignature,cRLSign";
    expect_no_ca(&what, PERSO_REJ_CERT_USAGE);
    what.key_usage = NULL;
    expect_no_ca(&what, PERSO_REJ_CERT_USAGE);
    what.key_usage = "keyCertSign";
    what.extra_oid = "2.5.29.30";
    what.extra = "\x30\x00";
    what.extra_bytes = 2;
    what.extra_critical = true;
    expect_no_ca(&what, PERSO_REJ_CERT_USAGE);
    assert_int_equal(perso_trust_add(trust, perso_cursor_of("", 0), "x.cer", &err), PERSO_REJECT);
    assert_int_equal(err.reject, PERSO_REJ_CERT_SYNTAX);
    perso_trust_free(trust);
    perso_trust_free(NULL);
}

static void
same_ca_twice_is_one(void **state)
{
    struct made root = make_ca("root", 1, "root", 1, NULL), sub = make_ca("sub", 2, "no", 3, NULL);
    struct made cas[3] = { root, sub, sub };

    (void)state;
    perso_trust_free(trust_of(cas, 3, 1));
}

static void
batch_keeps_its_order_and_skips_gaps(void **state)
{
    struct made cas[2] = { make_ca("root", 1, "root", 1, NULL), make_ca("two", 2, "two", 2, NULL) };
    struct made leaves[5] = { make_leaf("two", 2), make_leaf("root", 1), make_leaf("no", 3),
                              make_leaf("two", 1), make_leaf_of("root", 1, "", NULL, NULL) };
    static const enum perso_reject want[6] = { PERSO_REJ_NONE,        PERSO_REJ_NONE,
                                               PERSO_REJ_CERT_ISSUER, PERSO_REJ_CERT_SIGNATURE,
                                               PERSO_REJ_CERT_SM2_ID, PERSO_REJ_ITEM_MISSING };
    struct perso_certificate read[5];
    const struct perso_certificate *all[6] = { NULL };
    enum perso_reject out[6] = { [5] = PERSO_REJ_ITEM_MISSING };
    struct perso_trust *trust = trust_of(cas, 2, 0);
    struct perso_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(
            perso_certificate_read(perso_cursor_of(leaves[i].at, leaves[i].n), &read[i], &err),
            PERSO_OK);
        all[i] = &read[i];
    }
    assert_int_equal(perso_trust_judge(trust, all, 6, &at, out, &err), PERSO_OK);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(out[i], want[i]);
    assert_int_equal(perso_trust_judge(trust, all, 0, &at, out, &err), PERSO_OK);
    perso_trust_free(trust);
}

static int
keys_make(void **state)
{
    (void)state;
    for (int i = 0; i < N_KEYS; i++)
        keys[i] = make_key();
    return 0;
}

static int
keys_free(void **state)
{
    (void)state;
    for (int i = 0; i < N_KEYS; i++)
        EVP_PKEY_free(keys[i]);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chain_to_a_root_holds_in_any_order),
        cmocka_unit_test(signature_is_judged_under_the_id_on_every_level),
        cmocka_unit_test(path_length_and_depth_are_bounded),
        cmocka_unit_test(path_length_does_not_count_self_issued),
        cmocka_unit_test(cas_of_one_name_are_all_tried),
        cmocka_unit_test(validity_has_two_instants),
        cmocka_unit_test(renewed_ca_of_the_same_key_serves),
        cmocka_unit_test(ring_of_cross_certificates_ends),
        cmocka_unit_test(only_cas_are_taken),
        cmocka_unit_test(same_ca_twice_is_one),
        cmocka_unit_test(batch_keeps_its_order_and_skips_gaps),
    };
    return cmocka_run_group_tests(tests, keys_make, keys_free);
}
