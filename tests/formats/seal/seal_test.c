/* Sealed fields (CONTRACTS 5, LD/T 03-2022 8.3.6 a). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "formats/base/encode.h"
#include "formats/seal/seal.h"

static const uint8_t file_key[PERSO_SEAL_KEY_BYTES] = "0123456789abcdef0123456789abcde";
#define ID "411600D156000005AAAAAAAAAAAAAAAA"

static struct perso_seal *
seal_new(const uint8_t *key)
{
    struct perso_seal *seal = NULL;
    struct perso_error err = { 0 };
    assert_int_equal(perso_seal_new(key, &seal, &err), PERSO_OK);
    return seal;
}

static void
seal(struct perso_seal *s, const char *id, const char *purpose, uint32_t sequence,
     const void *plain, size_t n, char *out)
{
    struct perso_error err = { 0 };
    assert_int_equal(
        perso_seal_field(s, id, purpose, sequence, perso_cursor_of(plain, n), out, &err), PERSO_OK);
}

static enum perso_result
open_text(struct perso_seal *s, const char *id, const char *purpose, uint32_t sequence,
          const char *text, uint8_t plain[PERSO_SEALED_PLAIN_MAX], size_t *n,
          struct perso_error *err)
{
    struct perso_text sealed = { text, (uint32_t)strlen(text) };
    return perso_seal_open(s, id, purpose, sequence, sealed, plain, n, err);
}

static void
all_lengths_go_there_and_back(void **state)
{
    struct perso_seal *s = seal_new(file_key);
    uint8_t plain[PERSO_SEALED_PLAIN_MAX + 1], back[PERSO_SEALED_PLAIN_MAX];
    char text[PERSO_SEALED_CHARS + 1];
    struct perso_error err = { 0 };

    (void)state;
    memset(plain, 'p', sizeof plain);
    for (size_t n = 0; n <= PERSO_SEALED_PLAIN_MAX; n++) {
        size_t have = 99;
        seal(s, ID, "GLYPIN", 7, plain, n, text);
        assert_int_equal(strlen(text), PERSO_BASE64_CHARS(16 + n));
        assert_int_equal(open_text(s, ID, "GLYPIN", 7, text, back, &have, &err), PERSO_OK);
        assert_int_equal(have, n);
        assert_memory_equal(back, plain, n);
    }
    assert_int_equal(
        perso_seal_field(s, ID, "GLYPIN", 7, perso_cursor_of(plain, sizeof plain), text, &err),
        PERSO_REJECT);
    assert_int_equal(err.reject, PERSO_REJ_SECRET_SEAL);
    perso_seal_free(s);
    perso_seal_free(NULL);
}

static void
hmac(const void *key, size_t key_n, const void *data, size_t n, uint8_t out[32])
{
    size_t have = 0;
    assert_non_null(
        EVP_Q_mac(NULL, "HMAC", NULL, "SM3", NULL, key, key_n, data, n, out, 32, &have));
    assert_int_equal(have, 32);
}

/* The contract's words, put together from OpenSSL alone. */
static void
bytes_are_those_of_the_contract(void **state)
{
    static const uint8_t message[] = ID "GLYPIN\0\0\1\2"
                                        "12345678";
    uint8_t k1[32], k2[32], tag[32], cipher[64], back[24];
    char want[PERSO_SEALED_CHARS + 1], have[PERSO_SEALED_CHARS + 1];
    struct perso_seal *s = seal_new(file_key);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0;

    (void)state;
    hmac(file_key, 32, "persoline mac", 13, k1);
    hmac(file_key, 32, "persoline enc", 13, k2);
    hmac(k1, 32, message, sizeof message - 1, tag);
    assert_int_equal(EVP_EncryptInit_ex(c, EVP_sm4_ctr(), NULL, k2, tag), 1);
    assert_int_equal(EVP_EncryptUpdate(c, cipher, &n, (const uint8_t *)"12345678", 8), 1);
    memcpy(back, tag, 16);
    memcpy(back + 16, cipher, 8);
    perso_base64_encode(back, 24, want);
    seal(s, ID, "GLYPIN", 0x102, "12345678", 8, have);
    assert_string_equal(have, want);
    EVP_CIPHER_CTX_free(c);
    perso_seal_free(s);
}

static void
the_file_key_hangs_on_the_name(void **state)
{
    uint8_t want[32], have[32];

    (void)state;
    hmac(file_key, 32, "FWD-411600-B1-0001.zip", 22, want);
    assert_true(perso_file_key(file_key, "FWD-411600-B1-0001.zip", have));
    assert_memory_equal(have, want, 32);
    assert_true(perso_file_key(file_key, "FWD-411600-B1-0002.zip", have));
    assert_memory_not_equal(have, want, 32);
}

/* A field at every place but its own: other card, purpose, sequence, file. */
#define N_PLACES 48
struct place {
    char id[33];
    const char *purpose;
    uint32_t sequence;
    int key;
    char text[PERSO_SEALED_CHARS + 1];
};

static void
a_moved_field_is_refused(void **state) /* RELIABILITY 4: swap test, 100 % of the pairs */
{
    static const char *const purposes[] = { "GLYPIN", "ZKMY" };
    static struct place places[N_PLACES];
    uint8_t other_key[32] = { 1 };
    struct perso_seal *keys[2] = { seal_new(file_key), seal_new(other_key) };

    (void)state;
    for (int i = 0; i < N_PLACES; i++) {
        struct place *p = &places[i];
        snprintf(p->id, sizeof p->id, "411600D156000005%016X", i / 8 % 6);
        p->purpose = purposes[i % 2];
        p->sequence = (uint32_t)(i / 2 % 2 + 1);
        p->key = i / 4 % 2;
        seal(keys[p->key], p->id, p->purpose, p->sequence, "1234567890123456", 16, p->text);
    }
    for (int i = 0; i < N_PLACES; i++)
        for (int k = 0; k < N_PLACES; k++) {
            const struct place *p = &places[k];
            struct perso_error err = { 0 };
            uint8_t plain[PERSO_SEALED_PLAIN_MAX];
            size_t n = 0;
            enum perso_result rc = open_text(keys[p->key], p->id, p->purpose, p->sequence,
                                             places[i].text, plain, &n, &err);
            assert_int_equal(rc, i == k ? PERSO_OK : PERSO_REJECT);
            if (i != k) {
                static const uint8_t wiped[16];
                assert_int_equal(err.reject, PERSO_REJ_SECRET_SEAL);
                assert_memory_equal(plain, wiped, 16); /* what did not verify is not given out */
                assert_string_equal(err.field, p->purpose);
            }
        }
    perso_seal_free(keys[0]);
    perso_seal_free(keys[1]);
}

static void
every_flipped_bit_is_refused(void **state)
{
    struct perso_seal *s = seal_new(file_key);
    char text[PERSO_SEALED_CHARS + 1], changed[PERSO_SEALED_CHARS + 1];
    uint8_t bytes[PERSO_SEALED_CHARS], plain[PERSO_SEALED_PLAIN_MAX];
    size_t n = 0, have = 0;
    struct perso_error err = { 0 };

    (void)state;
    seal(s, ID, "ZKMY", 1, "0123456789abcdef", 16, text);
    assert_true(perso_base64_decode(text, strlen(text), bytes, &n));
    for (size_t i = 0; i < 8 * n; i++) {
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        perso_base64_encode(bytes, n, changed);
        assert_int_equal(open_text(s, ID, "ZKMY", 1, changed, plain, &have, &err), PERSO_REJECT);
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t cut = 0; cut < strlen(text); cut++) {
        memcpy(changed, text, cut);
        changed[cut] = '\0';
        assert_int_equal(open_text(s, ID, "ZKMY", 1, changed, plain, &have, &err), PERSO_REJECT);
    }
    perso_seal_free(s);
}

static void
what_is_no_sealed_field_is_refused(void **state)
{
    static char longest[PERSO_SEALED_CHARS + 5];
    const char *const wrong[] = { "", "AAAA", "not Base64", "12345678", longest };
    struct perso_seal *s = seal_new(file_key);
    uint8_t plain[PERSO_SEALED_PLAIN_MAX];
    struct perso_error err = { 0 };
    size_t n = 0;

    (void)state;
    memset(longest, 'A', sizeof longest - 1);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        err = (struct perso_error) { 0 };
        assert_int_equal(open_text(s, ID, "GLYPIN", 1, wrong[i], plain, &n, &err), PERSO_REJECT);
        assert_int_equal(err.reject, PERSO_REJ_SECRET_SEAL);
        assert_null(wrong[i][0] != '\0' ? strstr(err.text, wrong[i]) : NULL);
    }
    perso_seal_free(s);
}

static void
only_whole_ids_are_sealed_under(void **state) /* else id and purpose could run into each other */
{
    static const char *const ids[] = { "", "411600", ID "A" };
    struct perso_seal *s = seal_new(file_key);
    char text[PERSO_SEALED_CHARS + 1];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct perso_error err = { 0 };
        assert_int_equal(
            perso_seal_field(s, ids[i], "ZKMY", 1, perso_cursor_of("x", 1), text, &err),
            PERSO_REJECT);
        assert_int_equal(err.reject, PERSO_REJ_SECRET_SEAL);
    }
    perso_seal_free(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_lengths_go_there_and_back),
        cmocka_unit_test(bytes_are_those_of_the_contract),
        cmocka_unit_test(the_file_key_hangs_on_the_name),
        cmocka_unit_test(a_moved_field_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(what_is_no_sealed_field_is_refused),
        cmocka_unit_test(only_whole_ids_are_sealed_under),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
