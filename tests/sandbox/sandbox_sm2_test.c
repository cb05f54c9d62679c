/* The sandbox's own SM2, requests and certificates, judged by OpenSSL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "certificate.h"
#include "date.h"
#include "party.h"

#define ROUNDS 50u

static const uint8_t seed[SBX_SEED_BYTES] = { 1, 2, 3 };

static int
setup(void **state)
{
    *state = sbx_curve_new();
    return 0;
}

static int
teardown(void **state)
{
    sbx_curve_free(*state);
    return 0;
}

static void
draw(struct sbx_curve *curve, uint32_t index, struct sbx_random *r, struct sbx_key *key)
{
    sbx_random_of_index(r, seed, "test", index);
    sbx_key_make(curve, r, key);
}

static void
keys_are_multiples_of_g(void **state) /* GB/T 32918.1 */
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_sm2);
    EC_POINT *p = EC_POINT_new(group);
    BIGNUM *d = BN_new();
    uint8_t want[65];
    struct sbx_random r;
    struct sbx_key key;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        draw(*state, i, &r, &key);
        assert_non_null(BN_bin2bn(key.d, 32, d));
        assert_true(EC_POINT_mul(group, p, d, NULL, NULL, NULL));
        assert_int_equal(
            EC_POINT_point2oct(group, p, POINT_CONVERSION_UNCOMPRESSED, want, 65, NULL), 65);
        assert_memory_equal(key.xy, want + 1, 64);
    }
    BN_free(d);
    EC_POINT_free(p);
    EC_GROUP_free(group);
}

static X509_REQ *
read_request(const struct sbx_der *der)
{
    const uint8_t *at = der->bytes;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der->n);

    assert_non_null(request);
    assert_ptr_equal(at, der->bytes + der->n);
    return request;
}

static bool
holds(X509_REQ *request, const char *id)
{
    ASN1_OCTET_STRING *oct = ASN1_OCTET_STRING_new();

    assert_true(ASN1_OCTET_STRING_set(oct, (const unsigned char *)id, (int)strlen(id)));
    X509_REQ_set0_distinguishing_id(request, oct);
    return X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) == 1;
}

static void
request_is_signed_as_asked(void **state) /* GM/T 0009: the standard id; DOMAIN 5.3 */
{
    static const struct {
        enum sbx_signing signing;
        bool standard, empty;
    } cases[] = {
        { SBX_SIGN_STANDARD, true, false }, { SBX_SIGN_EMPTY_ID, false, true },
        { SBX_SIGN_NO_Z, false, false },    { SBX_SIGN_SHA256, false, false },
        { SBX_SIGN_OTHER, false, false },
    };
    struct sbx_random r;
    struct sbx_key key;
    struct sbx_der der;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        draw(*state, (uint32_t)i, &r, &key);
        const struct sbx_request request = { "买买提·吐尔逊",  "11010519491231002X", &key,
                                             cases[i].signing, SBX_OID_SM2_SM3,      SBX_ODD_NONE };
        sbx_request_make(*state, &request, &r, &der);
        X509_REQ *read = read_request(&der);
        assert_int_equal(holds(read, SBX_ID), cases[i].standard);
        assert_int_equal(holds(read, ""), cases[i].empty);
        X509_REQ_free(read);
    }
}

static void
request_has_empty_attributes_and_no_parameters(void **state) /* RFC 2986 4.1, DOMAIN 5.3 */
{
    static const uint8_t end_of_info[] = { 0xa0, 0x00, 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x81,
                                           0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75, 0x03 };
    struct sbx_random r;
    struct sbx_key key;
    struct sbx_der der;
    bool found = false;

    draw(*state, 0, &r, &key);
    const struct sbx_request request = {
        "张三", "11010519491231002X", &key, SBX_SIGN_STANDARD, SBX_OID_SM2_SM3, SBX_ODD_NONE
    };
    sbx_request_make(*state, &request, &r, &der);
    for (size_t i = 0; i + sizeof end_of_info <= der.n; i++)
        found |= memcmp(der.bytes + i, end_of_info, sizeof end_of_info) == 0;
    assert_true(found);
}

static size_t
cipher_der(const struct sbx_cipher16 *c, struct sbx_der *der)
{
    der->n = 0;
    const size_t mark = sbx_der_open(der, 0x30);
    sbx_der_unsigned(der, c->x, 32);
    sbx_der_unsigned(der, c->y, 32);
    sbx_der_put(der, 0x04, c->hash, 32);
    sbx_der_put(der, 0x04, c->cipher, 16);
    sbx_der_close(der, mark);
    return der->n;
}

static void
session_key_opens(void **state) /* GB/T 32918.4; GM/T 0009 SM2Cipher */
{
    static const uint8_t plain[16] = "sixteen bytes 16";
    struct sbx_cipher16 c;
    struct sbx_random r;
    struct sbx_key key;
    struct sbx_der der;
    uint8_t got[64];

    for (uint32_t i = 0; i < ROUNDS; i++) {
        draw(*state, i, &r, &key);
        sbx_encrypt16(*state, key.xy, plain, &r, &c);
        EVP_PKEY *private = sbx_private_key(key.d, key.xy);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(private, NULL);
        size_t n = sizeof got;
        assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
        assert_int_equal(EVP_PKEY_decrypt(ctx, got, &n, der.bytes, cipher_der(&c, &der)), 1);
        assert_int_equal(n, sizeof plain);
        assert_memory_equal(got, plain, sizeof plain);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(private);
    }
}

static void
certificate_is_what_was_asked(void **state) /* RFC 5280 4.1 */
{
    struct sbx_issuer issuer = { { SBX_ORGANIZATION, "CA", NULL }, { .d = { 0 } } };
    struct sbx_random r;
    struct sbx_key key;
    struct sbx_der der;

    draw(*state, 1, &r, &issuer.key);
    draw(*state, 2, &r, &key);
    struct sbx_certificate c = { .issuer = &issuer,
                                 .subject = { SBX_ORGANIZATION, "张三", "11010519491231002X" },
                                 .xy = key.xy,
                                 .begins = "20491231235959Z",
                                 .ends = "20500101000000Z",
                                 .key_usage = SBX_KU_DIGITAL_SIGNATURE | SBX_KU_NON_REPUDIATION,
                                 .person = "11010519491231002X",
                                 .signing = SBX_SIGN_STANDARD,
                                 .algorithm = SBX_OID_SM2_SM3 };
    sbx_serial(&r, c.serial);
    sbx_certificate_make(*state, &c, &r, &der);
    const uint8_t *at = der.bytes;
    X509 *cert = d2i_X509(NULL, &at, (long)der.n);
    assert_non_null(cert);
    assert_ptr_equal(at, der.bytes + der.n);
    EVP_PKEY *ca = sbx_public_key(issuer.key.xy);
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    assert_true(ASN1_OCTET_STRING_set(id, (const unsigned char *)SBX_ID, -1));
    X509_set0_distinguishing_id(cert, id);
    assert_int_equal(X509_verify(cert, ca), 1);
    assert_int_equal(X509_get_key_usage(cert), 0x80 | 0x40);
    assert_int_equal(ASN1_STRING_type(X509_get0_notBefore(cert)), V_ASN1_UTCTIME);
    assert_int_equal(ASN1_STRING_type(X509_get0_notAfter(cert)), V_ASN1_GENERALIZEDTIME);
    uint8_t xy[64];
    assert_true(sbx_public_bytes(X509_get0_pubkey(cert), xy));
    assert_memory_equal(xy, key.xy, 64);
    EVP_PKEY_free(ca);
    X509_free(cert);
}

static void
dates_are_counted(void **state)
{
    struct sbx_date d;
    char time[SBX_TIME_CHARS + 1];

    (void)state;
    assert_true(sbx_date_read("2024-02-29", &d));
    assert_false(sbx_date_read("2023-02-29", &d));
    assert_false(sbx_date_read("2024-2-29", &d));
    sbx_date_time(sbx_date_add_years(d, 10), time);
    assert_string_equal(time, "20340228000000Z");
    sbx_date_time(sbx_date_add_days(d, 1), time);
    assert_string_equal(time, "20240301000000Z");
    sbx_date_time(sbx_date_add_days(d, -60), time);
    assert_string_equal(time, "20231231000000Z");
    assert_true(sbx_date_seconds((struct sbx_date) { 2026, 3, 1 }, 12) == INT64_C(1772366400));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_multiples_of_g),
        cmocka_unit_test(request_is_signed_as_asked),
        cmocka_unit_test(request_has_empty_attributes_and_no_parameters),
        cmocka_unit_test(session_key_opens),
        cmocka_unit_test(certificate_is_what_was_asked),
        cmocka_unit_test(dates_are_counted),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
