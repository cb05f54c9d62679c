/* SM2 ciphertexts with and without structure (GB/T 32918.4, GM/T 0009). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/rand.h>

#include "formats/seal/peer.h"
#include "formats/seal/sm2_cipher.h"
#include "keys.h"

#define ROUNDS 600 /* a coordinate has a leading zero in one of 128 */

static struct pair sealing;
static struct perso_peer peer;

static int
set_up(void **state)
{
    struct perso_error err = { 0 };

    (void)state;
    pair_make(&sealing, "sealing", true);
    return perso_peer_read("C1", perso_cursor_of(sealing.cert, sealing.cert_n), &peer, &err) !=
           PERSO_OK;
}

static int
tear_down(void **state)
{
    (void)state;
    pair_free(&sealing);
    return 0;
}

static const uint8_t *
number(const uint8_t *at, uint8_t out[32])
{
    const size_t n = at[1], skip = n > 32 ? 1 : 0;

    memset(out, 0, 32);
    memcpy(out + 32 - (n - skip), at + 2 + skip, n - skip);
    return at + 2 + n;
}

/* 04 || C1 || C3 || C2 */
static size_t
flatten(const uint8_t *der, uint8_t out[256])
{
    const uint8_t *at = der + (der[1] == 0x81 ? 3 : 2);
    size_t n = 65;

    out[0] = 4;
    at = number(at, out + 1);
    at = number(at, out + 33);
    for (int i = 0; i < 2; i++) {
        memcpy(out + n, at + 2, at[1]);
        n += at[1];
        at += 2 + at[1];
    }
    return n;
}

static void
every_form_is_the_same_der(void **state)
{
    uint8_t key[32], der[PERSO_WRAPPED_BYTES], raw[256], out[PERSO_SM2_CIPHER_BYTES];
    struct perso_error err = { 0 };
    size_t der_n = 0, n = 0, shorter = 0;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(RAND_bytes(key, sizeof key), 1);
        assert_int_equal(perso_wrap_key(peer.sealing_key, key, der, &der_n, &err), PERSO_OK);
        const size_t raw_n = flatten(der, raw);
        for (size_t from = 0; from < 2; from++) {
            assert_true(perso_sm2_cipher_read(perso_cursor_of(raw + from, raw_n - from), out, &n));
            assert_int_equal(n, der_n);
            assert_memory_equal(out, der, n);
        }
        assert_true(perso_sm2_cipher_read(perso_cursor_of(der, der_n), out, &n));
        assert_int_equal(n, der_n);
        assert_memory_equal(out, der, n);
        shorter += raw[1] == 0 || raw[33] == 0;
    }
    assert_true(shorter > 0);
}

static void
what_is_none_is_refused(void **state)
{
    uint8_t key[32] = { 1 }, der[PERSO_WRAPPED_BYTES], raw[256] = { 0 };
    uint8_t out[PERSO_SM2_CIPHER_BYTES];
    struct perso_error err = { 0 };
    size_t der_n = 0, n = 0;

    (void)state;
    assert_int_equal(perso_wrap_key(peer.sealing_key, key, der, &der_n, &err), PERSO_OK);
    const size_t raw_n = flatten(der, raw);
    assert_false(perso_sm2_cipher_read(perso_cursor_of(raw, 0), out, &n));
    assert_false(perso_sm2_cipher_read(perso_cursor_of(raw, 97), out, &n)); /* no C2 */
    for (size_t i = 1; i < 65; i++) { /* C1 leaves the curve */
        raw[i] ^= 1;
        assert_false(perso_sm2_cipher_read(perso_cursor_of(raw, raw_n), out, &n));
        raw[i] ^= 1;
    }
    assert_true(perso_sm2_cipher_read(perso_cursor_of(raw, 97 + PERSO_SM2_PLAIN_BYTES), out, &n));
    assert_false(perso_sm2_cipher_read(perso_cursor_of(raw, 98 + PERSO_SM2_PLAIN_BYTES), out, &n));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_the_same_der),
        cmocka_unit_test(what_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
