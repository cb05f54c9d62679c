/* Soft keys (CONTRACTS 1: PKCS#8, SM4-CBC; PLATFORM 2 trap 1: no id is the empty id). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "formats/seal/peer.h"
#include "keys.h"

static struct pair sender, sealing;

static X509 *
certificate(const struct pair *p)
{
    BIO *bio = BIO_new_mem_buf(p->cert, (int)p->cert_n);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(cert);
    return cert;
}

static int
verify_under(X509 *cert, const char *id)
{
    ASN1_OCTET_STRING *oct = ASN1_OCTET_STRING_new();
    assert_int_equal(ASN1_OCTET_STRING_set(oct, (const unsigned char *)id, (int)strlen(id)), 1);
    X509_set0_distinguishing_id(cert, oct);
    return X509_verify(cert, X509_get0_pubkey(cert));
}

static void
certificates_have_the_agreed_form(void **state)
{
    const struct {
        const struct pair *pair;
        uint32_t usage;
    } both[] = { { &sender, KU_DIGITAL_SIGNATURE }, { &sealing, KU_KEY_ENCIPHERMENT } };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        X509 *cert = certificate(both[i].pair);
        int day = 0, s = 0;
        assert_int_equal(X509_get_version(cert), X509_VERSION_3);
        assert_int_equal(X509_get_key_usage(cert), both[i].usage);
        int at = X509_get_ext_by_NID(cert, NID_key_usage, -1);
        assert_true(X509_EXTENSION_get_critical(X509_get_ext(cert, at)));
        assert_int_equal(ASN1_STRING_length(X509_get0_serialNumber(cert)), 16);
        assert_int_equal(ASN1_STRING_type(X509_get0_serialNumber(cert)), V_ASN1_INTEGER);
        assert_int_equal(X509_get_signature_nid(cert), NID_SM2_with_SM3);
        assert_int_equal(
            ASN1_TIME_diff(&day, &s, X509_get0_notBefore(cert), X509_get0_notAfter(cert)), 1);
        assert_int_equal(day, 30 * 365 + 8 - 1); /* 8 leap years from 2020 */
        assert_int_equal(verify_under(cert, "1234567812345678"), 1);
        assert_int_not_equal(verify_under(cert, ""), 1);
        X509_free(cert);
    }
}

static void
keys_lie_under_sm4(void **state)
{
    BIO *bio = BIO_new_mem_buf(sender.key, (int)sender.key_n);
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    static const uint8_t sm4_cbc[] = { 6, 8, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x68, 2 };
    bool found = false;
    long n = 0;

    (void)state;
    assert_int_equal(PEM_read_bio(bio, &name, &header, &der, &n), 1);
    assert_string_equal(name, "ENCRYPTED PRIVATE KEY");
    for (long i = 0; i + (long)sizeof sm4_cbc <= n; i++)
        found |= memcmp(der + i, sm4_cbc, sizeof sm4_cbc) == 0;
    assert_true(found);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    BIO_free(bio);
}

static void
signatures_verify_with_openssl_and_with_the_peer(void **state)
{
    struct perso_secrets secrets;
    struct perso_error err = { 0 };
    uint8_t sig[PERSO_SIGNATURE_DER_BYTES];
    struct perso_peer peer;
    size_t n = 0;

    (void)state;
    assert_int_equal(pairs_open(&sender, &sealing, PASSWORD, &secrets, &err), PERSO_OK);
    struct perso_cursor message = perso_cursor_of("manifest", 8);
    assert_int_equal(secrets.sign(secrets.self, message, sig, &n, &err), PERSO_OK);
    X509 *cert = certificate(&sender);
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    EVP_PKEY_CTX *c = NULL;
    assert_int_equal(EVP_DigestVerifyInit(m, &c, EVP_sm3(), NULL, X509_get0_pubkey(cert)), 1);
    assert_int_equal(EVP_PKEY_CTX_set1_id(c, "1234567812345678", 16), 1);
    assert_int_equal(EVP_DigestVerify(m, sig, n, (const uint8_t *)"manifest", 8), 1);
    assert_int_equal(
        perso_peer_read("V1", perso_cursor_of(sender.cert, sender.cert_n), &peer, &err), PERSO_OK);
    assert_int_equal(perso_peer_verify(&peer, message, perso_cursor_of(sig, n), &err), PERSO_OK);
    EVP_MD_CTX_free(m);
    X509_free(cert);
    secrets.free(secrets.self);
}

static void
wrapped_keys_are_unwrapped_and_only_whole(void **state)
{
    struct perso_secrets secrets;
    struct perso_error err = { 0 };
    struct perso_peer peer;
    uint8_t key[32], back[32], wrapped[PERSO_WRAPPED_BYTES + 1];
    size_t n = 0;

    (void)state;
    assert_int_equal(pairs_open(&sender, &sealing, PASSWORD, &secrets, &err), PERSO_OK);
    assert_int_equal(
        perso_peer_read("C1", perso_cursor_of(sealing.cert, sealing.cert_n), &peer, &err),
        PERSO_OK);
    assert_int_equal(secrets.random(secrets.self, key, sizeof key, &err), PERSO_OK);
    for (int i = 0; i < 20; i++) { /* DER of (x, y): the length varies */
        assert_int_equal(perso_wrap_key(peer.sealing_key, key, wrapped, &n, &err), PERSO_OK);
        assert_int_equal(secrets.unwrap(secrets.self, perso_cursor_of(wrapped, n), back, &err),
                         PERSO_OK);
        assert_memory_equal(key, back, 32);
    }
    wrapped[n] = 0;
    for (size_t i = 0; i <= n + 1; i++) { /* every byte changed, and one more behind */
        struct perso_cursor c = perso_cursor_of(wrapped, i <= n ? n : n + 1);
        if (i < n)
            wrapped[i] ^= 1;
        if (i != n) {
            memset(back, 0, sizeof back);
            assert_int_equal(secrets.unwrap(secrets.self, c, back, &err), PERSO_REJECT);
            assert_int_equal(err.reject, PERSO_REJ_PACKAGE_WRAP);
            assert_memory_not_equal(key, back, 32);
        }
        if (i < n)
            wrapped[i] ^= 1;
    }
    for (size_t cut = 0; cut < n; cut += 5)
        assert_int_equal(secrets.unwrap(secrets.self, perso_cursor_of(wrapped, cut), back, &err),
                         PERSO_REJECT);
    assert_int_equal(perso_wrap_key(peer.signing_key, key, wrapped, &n, &err), PERSO_FATAL);
    secrets.free(secrets.self);
}

static void
a_key_of_another_length_is_not_taken(void **state)
{
    struct perso_secrets secrets;
    struct perso_error err = { 0 };
    X509 *cert = certificate(&sealing);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, X509_get0_pubkey(cert), NULL);
    uint8_t wrapped[256], back[32];

    (void)state;
    assert_int_equal(pairs_open(&sender, &sealing, PASSWORD, &secrets, &err), PERSO_OK);
    for (size_t plain = 31; plain <= 33; plain++) {
        size_t n = sizeof wrapped;
        assert_int_equal(EVP_PKEY_encrypt_init(c), 1);
        assert_int_equal(EVP_PKEY_encrypt(c, wrapped, &n, wrapped + 200, plain), 1);
        assert_int_equal(secrets.unwrap(secrets.self, perso_cursor_of(wrapped, n), back, &err),
                         plain == 32 ? PERSO_OK : PERSO_REJECT);
    }
    EVP_PKEY_CTX_free(c);
    X509_free(cert);
    secrets.free(secrets.self);
}

static void
fields_are_decrypted(void **state) /* [return] secrets = sm2 */
{
    struct perso_secrets secrets;
    struct perso_error err = { 0 };
    X509 *cert = certificate(&sealing);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, X509_get0_pubkey(cert), NULL);
    uint8_t plain[PERSO_SM2_PLAIN_BYTES + 1] = { 1, 2, 3 }, cipher[512];
    uint8_t back[PERSO_SM2_PLAIN_BYTES];

    (void)state;
    assert_int_equal(pairs_open(&sender, &sealing, PASSWORD, &secrets, &err), PERSO_OK);
    for (size_t n = 1; n <= sizeof plain; n++) {
        size_t made = sizeof cipher, have = 0;
        assert_int_equal(EVP_PKEY_encrypt_init(c), 1);
        assert_int_equal(EVP_PKEY_encrypt(c, cipher, &made, plain, n), 1);
        enum perso_result rc =
            secrets.decrypt(secrets.self, perso_cursor_of(cipher, made), back, &have, &err);
        assert_int_equal(rc, n <= PERSO_SM2_PLAIN_BYTES ? PERSO_OK : PERSO_REJECT);
        if (rc == PERSO_OK) {
            assert_int_equal(have, n);
            assert_memory_equal(back, plain, n);
        }
        cipher[made - 1] ^= 1;
        assert_int_equal(
            secrets.decrypt(secrets.self, perso_cursor_of(cipher, made), back, &have, &err),
            PERSO_REJECT);
        assert_int_equal(err.reject, PERSO_REJ_SECRET_SEAL);
    }
    EVP_PKEY_CTX_free(c);
    X509_free(cert);
    secrets.free(secrets.self);
}

static void
keys_that_cannot_be_opened_are_told_by_name(void **state)
{
    struct perso_secrets secrets = { 0 };
    struct perso_error err = { 0 };
    struct pair broken = { .key = strdup(sealing.key), .key_n = sealing.key_n };

    (void)state;
    assert_int_equal(pairs_open(&sender, &sealing, "another password", &secrets, &err),
                     PERSO_FATAL);
    assert_non_null(strstr(err.text, "sender key"));
    assert_null(strstr(err.text, "another password"));
    broken.key[broken.key_n / 2] ^= 2;
    assert_int_equal(pairs_open(&sender, &broken, PASSWORD, &secrets, &err), PERSO_FATAL);
    assert_non_null(strstr(err.text, "sealing key"));
    struct pair cert = { .key = sender.cert, .key_n = sender.cert_n };
    assert_int_equal(pairs_open(&cert, &sealing, PASSWORD, &secrets, &err), PERSO_FATAL);
    struct pair none = { .key = (char[]) { "" } };
    assert_int_equal(pairs_open(&none, &sealing, PASSWORD, &secrets, &err), PERSO_FATAL);
    assert_null(secrets.self);
    free(broken.key);
}

/* As PEM: the key in the clear, and a key of another kind. */
static void
only_encrypted_sm2_keys_are_opened(void **state)
{
    const struct {
        const char *type;
        bool encrypted;
        enum perso_result want;
    } kinds[] = { { "SM2", true, PERSO_OK },
                  { "SM2", false, PERSO_FATAL },
                  { "EC", true, PERSO_FATAL } };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct perso_secrets secrets;
        struct perso_error err = { 0 };
        EVP_PKEY *key = strcmp(kinds[i].type, "EC") == 0
                            ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
                            : EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
        BIO *bio = BIO_new(BIO_s_mem());
        struct pair p = { 0 };
        assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key,
                                                       kinds[i].encrypted ? EVP_sm4_cbc() : NULL,
                                                       PASSWORD, (int)strlen(PASSWORD), NULL, NULL),
                         1);
        p.key_n = (size_t)BIO_get_mem_data(bio, &p.key);
        enum perso_result rc = pairs_open(&p, &sealing, PASSWORD, &secrets, &err);
        assert_int_equal(rc, kinds[i].want);
        if (rc == PERSO_OK)
            secrets.free(secrets.self);
        BIO_free(bio);
        EVP_PKEY_free(key);
    }
}

static void
passwords_and_names_are_bounded(void **state)
{
    struct perso_error err = { 0 };
    struct pair p = { 0 };
    char name[66];

    (void)state;
    assert_int_equal(
        perso_soft_key_make("V1", false, "", &p.key, &p.key_n, &p.cert, &p.cert_n, &err),
        PERSO_FATAL);
    memset(name, 'n', sizeof name);
    name[65] = '\0'; /* X.520: a common name has at most 64 characters */
    assert_int_equal(
        perso_soft_key_make(name, false, PASSWORD, &p.key, &p.key_n, &p.cert, &p.cert_n, &err),
        PERSO_FATAL);
    assert_null(p.key);
    assert_int_equal(
        perso_soft_key_make(name + 1, true, PASSWORD, &p.key, &p.key_n, &p.cert, &p.cert_n, &err),
        PERSO_OK);
    pair_free(&p);
    pair_make(&p, "河南人社", true);
    assert_int_equal(strlen(p.key), p.key_n);
    assert_int_equal(strlen(p.cert), p.cert_n);
    pair_free(&p);
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
        cmocka_unit_test(certificates_have_the_agreed_form),
        cmocka_unit_test(keys_lie_under_sm4),
        cmocka_unit_test(signatures_verify_with_openssl_and_with_the_peer),
        cmocka_unit_test(wrapped_keys_are_unwrapped_and_only_whole),
        cmocka_unit_test(a_key_of_another_length_is_not_taken),
        cmocka_unit_test(fields_are_decrypted),
        cmocka_unit_test(keys_that_cannot_be_opened_are_told_by_name),
        cmocka_unit_test(only_encrypted_sm2_keys_are_opened),
        cmocka_unit_test(passwords_and_names_are_bounded),
    };
    return cmocka_run_group_tests(tests, make_pairs, free_pairs);
}
