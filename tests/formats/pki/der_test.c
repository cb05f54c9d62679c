/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <openssl/asn1.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "formats/pki/der.h"

#define BYTES(...) (const uint8_t[]) { __VA_ARGS__ }, sizeof((const uint8_t[]) { __VA_ARGS__ })

static const struct {
    const char *what;
    const uint8_t *bytes;
    size_t n;
    bool want;
} elements[] = {
    { "short", BYTES(0x04, 0x02, 1, 2), true },
    { "empty", BYTES(0x04, 0x00), true },
    { "more follows", BYTES(0x04, 0x01, 1, 0x99), true },
    { "nothing", (const uint8_t *)"", 0, false },
    { "tag alone", BYTES(0x04), false },
    { "longer than its parent", BYTES(0x04, 0x03, 1, 2), false },
    { "indefinite length", BYTES(0x30, 0x80, 0x00, 0x00), false },
    { "length of 127 in the long form", BYTES(0x04, 0x81, 0x01, 1), false },
    { "length with a leading zero", BYTES(0x04, 0x82, 0x00, 0x01, 1), false },
    { "length cut", BYTES(0x04, 0x82, 0x01), false },
    { "length of five bytes", BYTES(0x04, 0x85, 1, 0, 0, 0, 0), false },
    { "length of four bytes, not there", BYTES(0x04, 0x84, 0xff, 0xff, 0xff, 0xff), false },
    { "reserved length", BYTES(0x04, 0xff, 0), false },
    { "high tag form", BYTES(0x1f, 0x20, 0x00), false },
    { "high tag form, context", BYTES(0xbf, 0x20, 0x00), false },
    { "end of contents", BYTES(0x00, 0x00), false },
    { "constructed OCTET STRING", BYTES(0x24, 0x03, 0x04, 0x01, 1), false },
    { "primitive SEQUENCE", BYTES(0x10, 0x00), false },
    { "context, constructed", BYTES(0xa0, 0x00), true },
    { "context, primitive", BYTES(0x80, 0x00), true },
};

static void
elements_are_strict(void **state) /* X.690 8.1, 10.1, 10.2 */
{
    (void)state;
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
        struct perso_cursor c = perso_cursor_of(elements[i].bytes, elements[i].n), was = c;
        struct perso_der element;
        if (perso_der_any(&c, &element) != elements[i].want)
            fail_msg("%s: want %d", elements[i].what, elements[i].want);
        if (!elements[i].want)
            assert_ptr_equal(c.at, was.at);
        else
            assert_true(element.whole.at == was.at && element.body.end == c.at);
    }
}

static void
long_lengths_are_read_at_their_bounds(void **state)
{
    static const size_t lengths[] = { 127, 128, 255, 256, 65535, 65536 };
    static uint8_t bytes[65536 + 5];

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t n = lengths[i], header = n < 128 ? 2 : n < 256 ? 3 : n < 65536 ? 4 : 5;
        bytes[0] = 0x04;
        bytes[1] = (uint8_t)(header == 2 ? n : 0x80 + header - 2);
        for (size_t k = 2; k < header; k++)
            bytes[k] = (uint8_t)(n >> 8 * (header - 1 - k));
        struct perso_cursor c = perso_cursor_of(bytes, header + n);
        struct perso_der element;
        assert_true(perso_der_take(&c, 0x04, &element));
        assert_int_equal(perso_left(&element.body), n);
        c = perso_cursor_of(bytes, header + n - 1);
        assert_false(perso_der_any(&c, &element));
    }
}

static void
depth_is_bounded(void **state)
{
    uint8_t nest[2 * (PERSO_DER_DEPTH + 1)];
    size_t n = sizeof nest;

    (void)state;
    for (size_t i = 0; i < n; i += 2) {
        nest[i] = 0x30;
        nest[i + 1] = (uint8_t)(n - i - 2);
    }
    assert_true(perso_der_sound(perso_cursor_of(nest + 2, n - 2), PERSO_DER_DEPTH));
    assert_false(perso_der_sound(perso_cursor_of(nest, n), PERSO_DER_DEPTH));
}

static const struct {
    const char *what;
    const uint8_t *bytes;
    size_t n;
    bool want;
} primitives[] = {
    { "TRUE", BYTES(0x01, 0x01, 0xff), true },
    { "true of BER", BYTES(0x01, 0x01, 0x01), false },
    { "BOOLEAN of two bytes", BYTES(0x01, 0x02, 0xff, 0xff), false },
    { "empty INTEGER", BYTES(0x02, 0x00), false },
    { "INTEGER with zeros", BYTES(0x02, 0x02, 0x00, 0x7f), false },
    { "INTEGER with ones", BYTES(0x02, 0x02, 0xff, 0x80), false },
    { "negative INTEGER", BYTES(0x02, 0x01, 0xff), true },
    { "NULL", BYTES(0x05, 0x00), true },
    { "NULL with a byte", BYTES(0x05, 0x01, 0x00), false },
    { "empty BIT STRING", BYTES(0x03, 0x01, 0x00), true },
    { "BIT STRING without its first byte", BYTES(0x03, 0x00), false },
    { "eight unused bits", BYTES(0x03, 0x02, 0x08, 0x00), false },
    { "unused bits that are set", BYTES(0x03, 0x02, 0x01, 0x01), false },
    { "unused bits of nothing", BYTES(0x03, 0x01, 0x01), false },
    { "OID", BYTES(0x06, 0x03, 0x55, 0x04, 0x03), true },
    { "empty OID", BYTES(0x06, 0x00), false },
    { "OID cut in an arc", BYTES(0x06, 0x02, 0x55, 0x84), false },
    { "OID with a leading zero", BYTES(0x06, 0x03, 0x55, 0x80, 0x01), false },
    { "BMPString of three bytes", BYTES(0x1e, 0x03, 0, 1, 2), false },
};

static void
primitives_are_strict(void **state) /* X.690 8.2 to 8.6, 8.19, 11.1, 11.2 */
{
    (void)state;
    for (size_t i = 0; i < sizeof primitives / sizeof primitives[0]; i++)
        if (perso_der_sound(perso_cursor_of(primitives[i].bytes, primitives[i].n), 1) !=
            primitives[i].want)
            fail_msg("%s: want %d", primitives[i].what, primitives[i].want);
}

static void
unsigned_numbers_are_read_to_their_size(void **state)
{
    uint8_t out[2];
    struct perso_cursor c;

    (void)state;
    c = perso_cursor_of("\x02\x01\x00", 3);
    assert_true(perso_der_unsigned(&c, out, 2) && out[0] == 0 && out[1] == 0);
    c = perso_cursor_of("\x02\x01\x7f", 3);
    assert_true(perso_der_unsigned(&c, out, 2) && out[0] == 0 && out[1] == 0x7f);
    c = perso_cursor_of("\x02\x03\x00\xff\xfe", 5);
    assert_true(perso_der_unsigned(&c, out, 2) && out[0] == 0xff && out[1] == 0xfe);
    c = perso_cursor_of("\x02\x03\x01\x00\x00", 5);
    assert_false(perso_der_unsigned(&c, out, 2));
    c = perso_cursor_of("\x02\x01\x80", 3);
    assert_false(perso_der_unsigned(&c, out, 2));
    c = perso_cursor_of("\x02\x02\x00\x01", 4);
    assert_false(perso_der_unsigned(&c, out, 2));
    assert_int_equal(perso_left(&c), 4);
}

static const struct {
    const char *what, *text;
    uint8_t tag;
    bool want;
} times[] = {
    { "first of UTCTime", "500101000000Z", 0x17, true },
    { "last of UTCTime", "491231235959Z", 0x17, true },
    { "begin of 1970", "700101000000Z", 0x17, true },
    { "leap day", "240229120000Z", 0x17, true },
    { "no leap day", "230229120000Z", 0x17, false },
    { "no leap day in 2100", "21000229120000Z", 0x18, false },
    { "leap day in 2000", "20000229120000Z", 0x18, true },
    { "2050", "20500101000000Z", 0x18, true },
    { "no end", "99991231235959Z", 0x18, true },
    { "month 13", "241301000000Z", 0x17, false },
    { "month 0", "240001000000Z", 0x17, false },
    { "day 0", "240100000000Z", 0x17, false },
    { "31 April", "240431000000Z", 0x17, false },
    { "hour 24", "240101240000Z", 0x17, false },
    { "minute 60", "240101006000Z", 0x17, false },
    { "leap second", "161231235960Z", 0x17, false },
    { "no seconds", "2401010000Z", 0x17, false },
    { "offset", "240101000000+0800", 0x17, false },
    { "no Z", "240101000000", 0x17, false },
    { "fraction", "20240101000000.5Z", 0x18, false },
    { "UTCTime of four digits", "20240101000000Z", 0x17, false },
    { "GeneralizedTime of two", "240101000000Z", 0x18, false },
    { "letters", "24O101000000Z", 0x17, false },
    { "year 0", "00000101000000Z", 0x18, false },
    { "empty", "", 0x17, false },
    { "another type", "240101000000Z", 0x13, false },
};

static void
times_are_openssls(void **state) /* RFC 5280 4.1.2.5; seconds against ASN1_TIME_diff */
{
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        uint8_t der[40] = { times[i].tag, (uint8_t)strlen(times[i].text) };
        memcpy(der + 2, times[i].text, strlen(times[i].text));
        struct perso_cursor c = perso_cursor_of(der, 2 + strlen(times[i].text));
        int64_t seconds = 0;
        if (perso_der_time(&c, &seconds) != times[i].want)
            fail_msg("%s: want %d", times[i].what, times[i].want);
        if (!times[i].want)
            continue;
        ASN1_TIME *epoch = ASN1_TIME_new(), *time = ASN1_TIME_new();
        int days, rest;
        assert_int_equal(ASN1_TIME_set_string(epoch, "700101000000Z"), 1);
        assert_int_equal(ASN1_TIME_set_string(time, times[i].text), 1);
        assert_int_equal(ASN1_TIME_diff(&days, &rest, epoch, time), 1);
        if (seconds != (int64_t)days * 86400 + rest)
            fail_msg("%s: have %lld", times[i].what, (long long)seconds);
        ASN1_TIME_free(epoch);
        ASN1_TIME_free(time);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_strict),
        cmocka_unit_test(long_lengths_are_read_at_their_bounds),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(primitives_are_strict),
        cmocka_unit_test(unsigned_numbers_are_read_to_their_size),
        cmocka_unit_test(times_are_openssls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
