/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "formats/pki/envelope.h"
#include "tests/formats/pki/pki_make.h"

/* Offsets of DOMAIN 5.9. */
enum { VERSION = 0, ALGORITHM = 4, BITS = 8, PRIVATE = 12, KEY_BITS = 76, X = 80, Y = 144 };
enum { C1_X = 208, C1_Y = 272, HASH = 336, CIPHER_BYTES = 368, CIPHER = 372 };

/* A blob around the points of two keys; its secrets are noise. */
static void
make_blob(uint8_t blob[PERSO_ENVELOPE_BYTES], uint8_t key_point[64])
{
    EVP_PKEY *key = make_key(), *ephemeral = make_key();
    uint8_t c1[64];

    make_point(key, key_point);
    make_point(ephemeral, c1);
    memset(blob, 0, PERSO_ENVELOPE_BYTES);
    blob[VERSION] = 1;
    blob[ALGORITHM] = 0x01;
    blob[ALGORITHM + 1] = 0x04;
    blob[BITS + 1] = 0x01;
    memset(blob + PRIVATE + 32, 0xd5, 32);
    blob[KEY_BITS + 1] = 0x01;
    memcpy(blob + X + 32, key_point, 32);
    memcpy(blob + Y + 32, key_point + 32, 32);
    memcpy(blob + C1_X + 32, c1, 32);
    memcpy(blob + C1_Y + 32, c1 + 32, 32);
    memset(blob + HASH, 0x3c, 32);
    blob[CIPHER_BYTES] = 16;
    memset(blob + CIPHER, 0xc1, 16);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ephemeral);
}

static void
sound_envelope_gives_its_key(void **state) /* GM/T 0016-2012, DOMAIN 5.9 */
{
    uint8_t blob[PERSO_ENVELOPE_BYTES + 1], want[64], key[64];

    (void)state;
    make_blob(blob, want);
    assert_int_equal(perso_envelope_read(perso_cursor_of(blob, PERSO_ENVELOPE_BYTES), key),
                     PERSO_REJ_NONE);
    assert_memory_equal(key, want, 64);
    blob[VERSION] = 0;
    assert_int_equal(perso_envelope_read(perso_cursor_of(blob, PERSO_ENVELOPE_BYTES), key),
                     PERSO_REJ_NONE);
}

static void
every_other_length_is_refused(void **state)
{
    uint8_t blob[PERSO_ENVELOPE_BYTES + 1] = { 0 }, key[64], was[64];

    (void)state;
    make_blob(blob, key);
    memcpy(was, key, 64);
    for (size_t n = 0; n <= PERSO_ENVELOPE_BYTES + 1; n++)
        if (n != PERSO_ENVELOPE_BYTES)
            assert_int_equal(perso_envelope_read(perso_cursor_of(blob, n), key),
                             PERSO_REJ_ENVELOPE_SHAPE);
    assert_memory_equal(key, was, 64);
}

/* True for the bytes that hold secrets or a digest and may be anything. */
static bool
may_be_anything(size_t at)
{
    return (at >= PRIVATE + 32 && at < KEY_BITS) || (at >= HASH && at < CIPHER_BYTES) ||
           at >= CIPHER;
}

static void
every_byte_that_means_something_is_judged(void **state)
{
    uint8_t blob[PERSO_ENVELOPE_BYTES], key[64];

    (void)state;
    make_blob(blob, key);
    for (size_t at = 0; at < sizeof blob; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            bool version_0 = at == VERSION && bit == 0;
            blob[at] ^= (uint8_t)(1u << bit);
            enum perso_reject want =
                may_be_anything(at) || version_0 ? PERSO_REJ_NONE : PERSO_REJ_ENVELOPE_SHAPE;
            if (perso_envelope_read(perso_cursor_of(blob, sizeof blob), key) != want)
                fail_msg("byte %zu bit %u", at, bit);
            blob[at] ^= (uint8_t)(1u << bit);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_envelope_gives_its_key),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(every_byte_that_means_something_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
