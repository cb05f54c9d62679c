/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <string.h>

#include "formats/base/encode.h"
#include "formats/sm2/sm3.h"

static const struct {
    const char *what, *message;
    size_t times;
    const char *want;
} digests[] = {
    { "A.1 of GB/T 32905", "abc", 1,
      "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" },
    { "A.2 of GB/T 32905", "abcd", 16,
      "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732" },
    { "nothing", "", 0, "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b" },
};

static void
digest_is_the_standards(void **state) /* GB/T 32905-2016 appendix A */
{
    (void)state;
    for (size_t i = 0; i < sizeof digests / sizeof digests[0]; i++) {
        uint8_t message[64], out[PERSO_SM3_BYTES];
        char hex[2 * PERSO_SM3_BYTES + 1];
        size_t n = 0, piece = strlen(digests[i].message);
        for (size_t k = 0; k < digests[i].times; k++, n += piece)
            memcpy(message + n, digests[i].message, piece);
        assert_true(perso_sm3_of(message, n, out));
        perso_hex_lower(out, sizeof out, hex);
        if (strcmp(hex, digests[i].want) != 0)
            fail_msg("%s: have %s", digests[i].what, hex);
    }
}

static void
running_digest_is_the_digest_and_starts_anew(void **state)
{
    uint8_t message[300], whole[PERSO_SM3_BYTES], out[PERSO_SM3_BYTES];
    struct perso_sm3 *running = perso_sm3_new();

    (void)state;
    assert_non_null(running);
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(i * 7);
    for (size_t cut = 0; cut <= sizeof message; cut++) {
        assert_true(perso_sm3_of(message, sizeof message, whole));
        assert_true(perso_sm3_add(running, message, cut));
        assert_true(perso_sm3_add(running, message + cut, sizeof message - cut));
        assert_true(perso_sm3_end(running, out));
        assert_memory_equal(out, whole, sizeof out);
    }
    assert_true(perso_sm3_end(running, out));
    assert_true(perso_sm3_of("", 0, whole));
    assert_memory_equal(out, whole, sizeof out);
    perso_sm3_free(running);
    perso_sm3_free(NULL);
}

static void
hmac_is_openssls(void **state) /* GB/T 15852.2, against OpenSSL's HMAC() */
{
    static const size_t key_sizes[] = { 0, 1, 32, 63, 64, 65, 200 };
    uint8_t key[200], message[150], want[PERSO_SM3_BYTES], out[PERSO_SM3_BYTES];

    (void)state;
    memset(key, 0x5a, sizeof key);
    memset(message, 0xa5, sizeof message);
    for (size_t i = 0; i < sizeof key_sizes / sizeof key_sizes[0]; i++) {
        struct perso_cursor parts[3] = { perso_cursor_of(message, 1), perso_cursor_of(message, 0),
                                         perso_cursor_of(message + 1, sizeof message - 1) };
        assert_true(perso_hmac_sm3(key, key_sizes[i], parts, 3, out));
        assert_non_null(
            HMAC(EVP_sm3(), key, (int)key_sizes[i], message, sizeof message, want, NULL));
        assert_memory_equal(out, want, sizeof out);
    }
    assert_true(perso_hmac_sm3(NULL, 0, NULL, 0, out));
    assert_non_null(HMAC(EVP_sm3(), key, 0, message, 0, want, NULL));
    assert_memory_equal(out, want, sizeof out);
}

static void
z_and_e_are_the_standards(void **state) /* GB/T 32918.5-2017 A.2 */
{
    uint8_t key[PERSO_POINT_BYTES], out[PERSO_SM3_BYTES], want[PERSO_SM3_BYTES];
    static const char key_hex[] =
        "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
        "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13";
    static const char z_hex[] = "B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3";
    static const char e_hex[] = "F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640";
    static const char message[] = "message digest";

    (void)state;
    assert_true(perso_hex_decode(key_hex, sizeof key_hex - 1, key, sizeof key));
    assert_true(perso_hex_decode(z_hex, sizeof z_hex - 1, want, sizeof want));
    assert_true(perso_sm2_z(key, PERSO_SM2_ID, out));
    assert_memory_equal(out, want, sizeof want);
    assert_true(perso_hex_decode(e_hex, sizeof e_hex - 1, want, sizeof want));
    assert_true(perso_sm2_e(key, PERSO_SM2_ID, perso_cursor_of(message, strlen(message)), out));
    assert_memory_equal(out, want, sizeof want);
}

/* OpenSSL computes Z itself when it signs; its signature then has to hold over our e. */
static void
sign_and_verify_over_e(const char *id, size_t message_bytes)
{
    uint8_t point[65], message[512], signature[80], e[PERSO_SM3_BYTES];
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *context = NULL;
    size_t n = sizeof signature, point_bytes;

    memset(message, 'm', sizeof message);
    assert_int_equal(EVP_DigestSignInit(md, &context, EVP_sm3(), NULL, key), 1);
    if (id[0] != '\0')
        assert_int_equal(EVP_PKEY_CTX_set1_id(context, id, (int)strlen(id)), 1);
    assert_int_equal(EVP_DigestSign(md, signature, &n, message, message_bytes), 1);
    EVP_MD_CTX_free(md);

    assert_int_equal(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof point, &point_bytes),
                     1);
    assert_true(perso_sm2_e(point + 1, id, perso_cursor_of(message, message_bytes), e));
    context = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_verify_init(context), 1);
    assert_int_equal(EVP_PKEY_verify(context, signature, n, e, sizeof e), 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
}

static void
e_is_what_openssl_signs(void **state) /* GB/T 32918.2 5.5, GM/T 0009 */
{
    char id[66];

    (void)state;
    sign_and_verify_over_e(PERSO_SM2_ID, 150);
    sign_and_verify_over_e(PERSO_SM2_ID, 0);
    sign_and_verify_over_e("", 150);
    sign_and_verify_over_e("ALICE123@YAHOO.COM", 512);
    memset(id, 'i', sizeof id);
    id[64] = '\0';
    sign_and_verify_over_e(id, 64);
}

static void
id_of_65_bytes_is_refused(void **state)
{
    uint8_t key[PERSO_POINT_BYTES] = { 0 }, out[PERSO_SM3_BYTES];
    char id[66];

    (void)state;
    memset(id, 'i', sizeof id);
    id[65] = '\0';
    assert_false(perso_sm2_z(key, id, out));
    assert_false(perso_sm2_e(key, id, perso_cursor_of("", 0), out));
}

static void *
digest_many(void *result)
{
    uint8_t want[PERSO_SM3_BYTES], out[PERSO_SM3_BYTES];

    *(bool *)result = perso_sm3_of("abc", 3, want);
    for (int i = 0; i < 2000; i++)
        if (!perso_sm3_of("abc", 3, out) || memcmp(out, want, sizeof out) != 0)
            *(bool *)result = false;
    return NULL;
}

static void
threads_do_not_disturb_each_other(void **state)
{
    pthread_t threads[4];
    bool ok[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, digest_many, &ok[i]), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(ok[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digest_is_the_standards),
        cmocka_unit_test(running_digest_is_the_digest_and_starts_anew),
        cmocka_unit_test(hmac_is_openssls),
        cmocka_unit_test(z_and_e_are_the_standards),
        cmocka_unit_test(e_is_what_openssl_signs),
        cmocka_unit_test(id_of_65_bytes_is_refused),
        cmocka_unit_test(threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
