/* Peers' certificates and detached signatures (CONTRACTS 3, LD/T 03-2022 8.3.5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "formats/seal/peer.h"
#include "keys.h"

static struct pair sender, sealing;

static enum perso_result
read_peer(const void *file, size_t n, struct perso_peer *peer, struct perso_error *err)
{
    *err = (struct perso_error) { 0 };
    *peer = (struct perso_peer) { 0 };
    return perso_peer_read("V1", perso_cursor_of(file, n), peer, err);
}

static size_t
to_der(const struct pair *p, uint8_t der[4096])
{
    BIO *bio = BIO_new_mem_buf(p->cert, (int)p->cert_n);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    unsigned char *at = der;
    int n = i2d_X509(cert, &at);

    X509_free(cert);
    BIO_free(bio);
    assert_true(n > 0);
    return (size_t)n;
}

static void
keys_go_by_their_usage(void **state)
{
    char two[8192];
    uint8_t der[4096];
    struct perso_peer one, both;
    struct perso_error err;

    (void)state;
    assert_int_equal(read_peer(sender.cert, sender.cert_n, &one, &err), PERSO_OK);
    assert_true(one.signs && !one.seals);
    assert_string_equal(one.name, "V1");
    int n = snprintf(two, sizeof two, "a listing\n%s\r\n%s", sealing.cert, sender.cert);
    assert_int_equal(read_peer(two, (size_t)n, &both, &err), PERSO_OK);
    assert_true(both.signs && both.seals);
    assert_memory_equal(both.signing_key, one.signing_key, PERSO_POINT_BYTES);
    assert_memory_not_equal(both.signing_key, both.sealing_key, PERSO_POINT_BYTES);
    size_t der_n = to_der(&sealing, der);
    assert_int_equal(read_peer(der, der_n, &one, &err), PERSO_OK);
    assert_true(!one.signs && one.seals);
    assert_memory_equal(one.sealing_key, both.sealing_key, PERSO_POINT_BYTES);
}

static void
files_that_are_no_certificates_are_refused(void **state)
{
    static char big[65537];
    char twice[8192], mixed[8192], cut[4096];
    uint8_t der[4096];
    size_t der_n = to_der(&sender, der);
    struct perso_peer peer;
    struct perso_error err;

    (void)state;
    int twice_n = snprintf(twice, sizeof twice, "%s%s", sender.cert, sender.cert);
    int mixed_n = snprintf(mixed, sizeof mixed, "%s%s", sender.cert, sender.key);
    int cut_n =
        snprintf(cut, sizeof cut, "%s%.*s", sealing.cert, (int)sender.cert_n / 2, sender.cert);
    memset(big, '\n', sizeof big);
    const struct {
        const char *what;
        const void *file;
        size_t n;
        enum perso_reject want;
    } wrong[] = {
        { "empty", "", 0, PERSO_REJ_FILE_EMPTY },
        { "text", "hello\n", 6, PERSO_REJ_CERT_SYNTAX },
        { "too big", big, sizeof big, PERSO_REJ_FILE_FORMAT },
        { "big without certificate", big, sizeof big - 1, PERSO_REJ_CERT_SYNTAX },
        { "two that sign", twice, (size_t)twice_n, PERSO_REJ_CERT_USAGE },
        { "with a private key", mixed, (size_t)mixed_n, PERSO_REJ_FILE_FORMAT },
        { "second cut", cut, (size_t)cut_n, PERSO_REJ_CERT_SYNTAX },
        { "trailing byte", der, der_n + 1, PERSO_REJ_CERT_TRAILING },
        { "cut", der, der_n - 1, PERSO_REJ_CERT_SYNTAX },
    };
    der[der_n] = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (read_peer(wrong[i].file, wrong[i].n, &peer, &err) != PERSO_REJECT ||
            err.reject != wrong[i].want || peer.signs)
            fail_msg("%s: have %s", wrong[i].what, perso_reject_code(err.reject));
}

/* A certificate of any key; usage NULL: without the extension. */
static size_t
make_der(EVP_PKEY *key, const EVP_MD *md, const char *usage, uint8_t der[4096])
{
    X509 *cert = X509_new();
    unsigned char *at = der;

    assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(cert), "200101000000Z"), 1);
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(cert), "491231235959Z"), 1);
    assert_int_equal(X509_set_version(cert, X509_VERSION_3), 1);
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    if (usage != NULL) {
        X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, usage);
        assert_int_equal(X509_add_ext(cert, ext, -1), 1);
        X509_EXTENSION_free(ext);
    }
    assert_true(X509_sign(cert, key, md) > 0);
    int n = i2d_X509(cert, &at);
    X509_free(cert);
    return (size_t)n;
}

static void
other_keys_and_usages_are_refused(void **state)
{
    EVP_PKEY *sm2 = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    EVP_PKEY *p256 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    EVP_PKEY *compressed = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    uint8_t der[4096];
    struct perso_peer peer;
    struct perso_error err;

    (void)state;
    assert_int_equal(EVP_PKEY_set_utf8_string_param(compressed, "point-format", "compressed"), 1);
    const struct {
        EVP_PKEY *key;
        const EVP_MD *md;
        const char *usage;
        bool signs, seals;
        enum perso_reject want;
    } kinds[] = {
        { sm2, EVP_sm3(), "digitalSignature", true, false, PERSO_REJ_NONE },
        { sm2, EVP_sm3(), "keyAgreement", false, true, PERSO_REJ_NONE },
        { sm2, EVP_sm3(), "digitalSignature,keyEncipherment", true, true, PERSO_REJ_NONE },
        { sm2, EVP_sm3(), "keyCertSign,cRLSign", false, false, PERSO_REJ_CERT_USAGE },
        { sm2, EVP_sm3(), NULL, false, false, PERSO_REJ_CERT_USAGE },
        { p256, EVP_sha256(), "digitalSignature", false, false, PERSO_REJ_CERT_ALGORITHM },
        { compressed, EVP_sm3(), "digitalSignature", false, false, PERSO_REJ_CERT_ALGORITHM },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t n = make_der(kinds[i].key, kinds[i].md, kinds[i].usage, der);
        enum perso_result rc = read_peer(der, n, &peer, &err);
        if ((rc == PERSO_OK) != (kinds[i].want == PERSO_REJ_NONE) || err.reject != kinds[i].want ||
            peer.signs != kinds[i].signs || peer.seals != kinds[i].seals)
            fail_msg("kind %zu: have %s %s", i, perso_reject_code(err.reject), err.text);
    }
    EVP_PKEY_free(sm2);
    EVP_PKEY_free(p256);
    EVP_PKEY_free(compressed);
}

/* Three bytes at a time: a stream is no message in one piece. */
static enum perso_result
drip(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct perso_cursor *left = self;

    (void)err;
    (void)max;
    *n = perso_left(left) < 3 ? perso_left(left) : 3;
    memcpy(buf, left->at, *n);
    left->at += *n;
    return *n > 0 ? PERSO_OK : PERSO_END;
}

/* Of the message in one piece and as a stream: both say the same. */
static enum perso_reject
verdict(const struct perso_peer *peer, const char *message, const uint8_t *sig, size_t n)
{
    struct perso_error err = { 0 };
    struct perso_cursor m = perso_cursor_of(message, strlen(message));
    enum perso_result rc = perso_peer_verify(peer, m, perso_cursor_of(sig, n), &err);
    const struct perso_source source = { drip, &m };
    struct perso_error of_stream = { 0 };

    assert_true(rc == PERSO_OK || rc == PERSO_REJECT);
    assert_int_equal(perso_peer_verify_source(peer, &source, perso_cursor_of(sig, n), &of_stream),
                     rc);
    assert_int_equal(of_stream.reject, err.reject);
    return rc == PERSO_OK ? PERSO_REJ_NONE : err.reject;
}

static void
only_the_signature_itself_is_accepted(void **state)
{
    struct perso_peer peer, other;
    struct perso_secrets secrets;
    struct perso_error err;
    uint8_t sig[PERSO_SIGNATURE_DER_BYTES + 2];
    size_t n = 0;

    (void)state;
    assert_int_equal(read_peer(sender.cert, sender.cert_n, &peer, &err), PERSO_OK);
    assert_int_equal(read_peer(sealing.cert, sealing.cert_n, &other, &err), PERSO_OK);
    assert_int_equal(pairs_open(&sender, &sealing, PASSWORD, &secrets, &err), PERSO_OK);
    struct perso_cursor m = perso_cursor_of("manifest", 8);
    assert_int_equal(secrets.sign(secrets.self, m, sig, &n, &err), PERSO_OK);
    assert_int_equal(verdict(&peer, "manifest", sig, n), PERSO_REJ_NONE);
    assert_int_equal(verdict(&peer, "manifesu", sig, n), PERSO_REJ_PACKAGE_SIGNER);
    assert_int_equal(verdict(&other, "manifest", sig, n), PERSO_REJ_PACKAGE_SIGNER);
    for (size_t i = 0; i < n; i++)
        for (int bit = 0; bit < 8; bit++) {
            sig[i] ^= (uint8_t)(1 << bit);
            assert_int_equal(verdict(&peer, "manifest", sig, n), PERSO_REJ_PACKAGE_SIGNER);
            sig[i] ^= (uint8_t)(1 << bit);
        }
    for (size_t cut = 0; cut < n; cut++)
        assert_int_equal(verdict(&peer, "manifest", sig, cut), PERSO_REJ_PACKAGE_SIGNER);
    sig[n] = 0;
    assert_int_equal(verdict(&peer, "manifest", sig, n + 1), PERSO_REJ_PACKAGE_SIGNER);
    secrets.free(secrets.self);
}

/* The same r and s in another spelling (BER) must not pass: it would be another file's digest. */
static void
a_signature_has_one_spelling(void **state)
{
    struct perso_peer peer;
    struct perso_secrets secrets;
    struct perso_error err;
    uint8_t sig[PERSO_SIGNATURE_DER_BYTES + 2], ber[PERSO_SIGNATURE_DER_BYTES + 2];
    size_t n = 0;

    (void)state;
    assert_int_equal(read_peer(sender.cert, sender.cert_n, &peer, &err), PERSO_OK);
    assert_int_equal(pairs_open(&sender, &sealing, PASSWORD, &secrets, &err), PERSO_OK);
    assert_int_equal(secrets.sign(secrets.self, perso_cursor_of("m", 1), sig, &n, &err), PERSO_OK);
    ber[0] = sig[0];
    ber[1] = 0x81; /* long form of a short length */
    memcpy(ber + 2, sig + 1, n - 1);
    assert_int_equal(verdict(&peer, "m", ber, n + 1), PERSO_REJ_PACKAGE_SIGNER);
    ber[0] = sig[0];
    ber[1] = (uint8_t)(sig[1] + 1);
    ber[2] = 2;
    ber[3] = (uint8_t)(sig[3] + 1); /* r with a zero too many */
    ber[4] = 0;
    memcpy(ber + 5, sig + 4, n - 4);
    assert_int_equal(verdict(&peer, "m", ber, n + 1), PERSO_REJ_PACKAGE_SIGNER);
    secrets.free(secrets.self);
}

/* A signature under the empty id is OpenSSL's when nobody names one (PLATFORM 2 trap 1). */
static void
the_empty_id_is_refused(void **state)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    uint8_t der[4096], sig[128];
    struct perso_peer peer;
    struct perso_error err;

    (void)state;
    assert_int_equal(read_peer(der, make_der(key, EVP_sm3(), "digitalSignature", der), &peer, &err),
                     PERSO_OK);
    for (int with_id = 0; with_id < 2; with_id++) {
        EVP_MD_CTX *m = EVP_MD_CTX_new();
        EVP_PKEY_CTX *c = NULL;
        size_t n = sizeof sig;
        assert_int_equal(EVP_DigestSignInit(m, &c, EVP_sm3(), NULL, key), 1);
        if (with_id)
            assert_int_equal(EVP_PKEY_CTX_set1_id(c, "1234567812345678", 16), 1);
        assert_int_equal(EVP_DigestSign(m, sig, &n, (const uint8_t *)"m", 1), 1);
        assert_int_equal(verdict(&peer, "m", sig, n),
                         with_id ? PERSO_REJ_NONE : PERSO_REJ_PACKAGE_SIGNER);
        EVP_MD_CTX_free(m);
    }
    EVP_PKEY_free(key);
}

static void
names_stand_at_n_and_n_plus_1(void **state)
{
    struct perso_peer peer;
    struct perso_error err = { 0 };
    char name[65];

    (void)state;
    memset(name, 'n', sizeof name);
    name[64] = '\0';
    struct perso_cursor file = perso_cursor_of(sender.cert, sender.cert_n);
    assert_int_equal(perso_peer_read(name, file, &peer, &err), PERSO_REJECT);
    assert_int_equal(perso_peer_read(name + 1, file, &peer, &err), PERSO_OK);
}

static int
make_pairs(void **state)
{
    (void)state;
    pair_make(&sender, "V1", false);
    pair_make(&sealing, "V1", true);
    return 0;
}

static int
free_pairs(void **state)
{
    (void)state;
    pair_free(&sender);
    pair_free(&sealing);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_go_by_their_usage),
        cmocka_unit_test(files_that_are_no_certificates_are_refused),
        cmocka_unit_test(other_keys_and_usages_are_refused),
        cmocka_unit_test(only_the_signature_itself_is_accepted),
        cmocka_unit_test(a_signature_has_one_spelling),
        cmocka_unit_test(the_empty_id_is_refused),
        cmocka_unit_test(names_stand_at_n_and_n_plus_1),
    };
    return cmocka_run_group_tests(tests, make_pairs, free_pairs);
}
