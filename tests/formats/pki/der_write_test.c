/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <openssl/asn1.h>
#include <string.h>

#include "formats/pki/der.h"
#include "formats/pki/der_write.h"

static const size_t lengths[] = { 0, 1, 127, 128, 255, 256, 65535, 65536 };

static void
lengths_are_minimal(void **state) /* X.690 10.1 */
{
    static uint8_t room[65536 + 5], body[65536];

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t want = (size_t)ASN1_object_size(0, (int)lengths[i], V_ASN1_OCTET_STRING), n = 0;
        struct perso_der_writer w = perso_der_writer_of(room, want);
        struct perso_der element;
        perso_der_put_element(&w, PERSO_DER_OCTET_STRING, body, lengths[i]);
        assert_true(perso_der_written(&w, &n));
        assert_int_equal(n, want);
        struct perso_cursor c = perso_cursor_of(room, n);
        assert_true(perso_der_take(&c, PERSO_DER_OCTET_STRING, &element));
        assert_int_equal(perso_left(&element.body), lengths[i]);
        for (size_t less = 0; less < want && less < 10; less++) {
            w = perso_der_writer_of(room, less);
            perso_der_put_element(&w, PERSO_DER_OCTET_STRING, body, lengths[i]);
            assert_false(perso_der_written(&w, &n));
            assert_int_equal(n, want);
        }
    }
}

static const struct {
    uint8_t number[4], der[7];
    size_t n;
} numbers[] = {
    { { 0, 0, 0, 0 }, { 2, 1, 0 }, 3 },
    { { 0, 0, 0, 0x7f }, { 2, 1, 0x7f }, 3 },
    { { 0, 0, 0, 0x80 }, { 2, 2, 0, 0x80 }, 4 },
    { { 0, 0, 1, 0 }, { 2, 2, 1, 0 }, 4 },
    { { 0x7f, 0xff, 0xff, 0xff }, { 2, 4, 0x7f, 0xff, 0xff, 0xff }, 6 },
    { { 0xff, 0, 0, 0 }, { 2, 5, 0, 0xff, 0, 0, 0 }, 7 },
};

static void
integers_are_minimal(void **state) /* X.690 8.3.2 */
{
    uint8_t room[16];

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct perso_der_writer w = perso_der_writer_of(room, sizeof room);
        size_t n;
        perso_der_put_unsigned(&w, numbers[i].number, 4);
        assert_true(perso_der_written(&w, &n));
        assert_int_equal(n, numbers[i].n);
        assert_memory_equal(room, numbers[i].der, n);
    }
}

/* SEQUENCE { [0] { NULL }, SEQUENCE {} } */
static void
elements_nest(void **state)
{
    static const uint8_t want[] = { 0x30, 0x06, 0xa0, 0x02, 0x05, 0x00, 0x30, 0x00 };
    uint8_t room[sizeof want];
    struct perso_der_writer w = perso_der_writer_of(room, sizeof room);
    size_t n, mark;

    (void)state;
    perso_der_put_element(&w, PERSO_DER_SEQUENCE, NULL, 0);
    mark = perso_der_mark(&w);
    perso_der_put_element(&w, PERSO_DER_NULL, NULL, 0);
    perso_der_put_header(&w, PERSO_DER_CONTEXT(0), mark);
    perso_der_put_header(&w, PERSO_DER_SEQUENCE, 0);
    assert_true(perso_der_written(&w, &n));
    assert_int_equal(n, sizeof want);
    assert_memory_equal(room, want, n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_minimal),
        cmocka_unit_test(integers_are_minimal),
        cmocka_unit_test(elements_nest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
