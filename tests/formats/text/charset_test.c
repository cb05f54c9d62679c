#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <iconv.h>
#include <string.h>

#include "formats/text/charset.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static uint32_t
number_of(const uint8_t *bytes, size_t n)
{
    uint32_t ret = 0;
    for (size_t i = 0; i < n; i++)
        ret = ret << 8 | bytes[i];
    return ret;
}

static size_t
bytes_of(uint32_t code, uint8_t out[4])
{
    size_t n = code > 0xffff ? 4 : code > 0xff ? 2 : 1;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(code >> 8 * (n - 1 - i));
    return n;
}

/* GB18030 code of a scalar value, as a number; 0: none. */
static uint32_t
code_of(uint32_t scalar)
{
    uint8_t out[4];
    return number_of(out, perso_gb18030_put(scalar, out));
}

/* Scalar value of one code, UINT32_MAX where the bytes are not one character. */
static uint32_t
scalar_of(enum perso_charset charset, uint32_t code)
{
    uint8_t in[4], out[8];
    size_t n = bytes_of(code, in), used, made;
    uint32_t scalar;
    bool cut;

    if (!perso_charset_decode(charset, in, n, out, sizeof out, &used, &made, &cut) || cut ||
        used != n || perso_utf8_next((const char *)out, made, &scalar) != made)
        return UINT32_MAX;
    return scalar;
}

static bool
is_scalar(uint32_t c)
{
    return c < 0xd800 || c > 0xdfff;
}

static void
every_scalar_goes_there_and_back(void **state) /* GB 18030-2022: a bijection */
{
    uint32_t n = 0;

    (void)state;
    for (uint32_t c = 1; c <= 0x10ffff; c++) {
        uint8_t gb[4], utf8[4], back[4];
        size_t used, made, gb_made;
        bool cut;
        if (!is_scalar(c))
            continue;
        size_t gb_bytes = perso_gb18030_put(c, gb), bytes = perso_utf8_put(c, (char *)utf8);
        if (gb_bytes == 0 ||
            !perso_charset_decode(PERSO_GB18030, gb, gb_bytes, back, 4, &used, &made, &cut) ||
            used != gb_bytes || made != bytes || cut || memcmp(back, utf8, bytes) != 0)
            fail_msg("U+%04X is lost", (unsigned)c);
        if (!perso_charset_encode(PERSO_GB18030, (char *)utf8, bytes, back, 4, &gb_made) ||
            gb_made != gb_bytes || memcmp(back, gb, gb_bytes) != 0)
            fail_msg("U+%04X is encoded in two ways", (unsigned)c);
        n++;
    }
    assert_int_equal(n + 1, 1112064); /* with U+0000 */
    assert_int_equal(scalar_of(PERSO_GB18030, 0), 0);
}

static void
every_code_goes_there_and_back(void **state) /* no two codes are one character */
{
    uint32_t two = 0, four = 0;

    (void)state;
    for (uint32_t code = 0x8000; code <= 0xffff; code++) {
        uint32_t c = scalar_of(PERSO_GB18030, code);
        assert_int_equal(c, scalar_of(PERSO_GBK, code));
        if (c == UINT32_MAX)
            continue;
        two++;
        assert_int_equal(code_of(c), code);
    }
    assert_int_equal(two, 126 * 190);
    for (uint32_t i = 0; i < 126u * 10 * 126 * 10; i++) {
        uint32_t code = (0x81 + i / 12600) << 24 | (0x30 + i / 1260 % 10) << 16 |
                        (0x81 + i / 10 % 126) << 8 | (0x30 + i % 10);
        uint32_t c = scalar_of(PERSO_GB18030, code);
        assert_int_equal(scalar_of(PERSO_GBK, code), UINT32_MAX);
        if (c == UINT32_MAX)
            continue;
        four++;
        if (code_of(c) != code)
            fail_msg("%08X and %08X are one character", (unsigned)code, (unsigned)code_of(c));
    }
    assert_int_equal(128 + two + four, 1112064);
}

/* DOMAIN 3.3, 3.1; PLATFORM 6. */
static const struct {
    uint32_t code, scalar;
} known[] = {
    /* 2022: ten vertical forms, eight characters, and where the private use went */
    { 0xA6D9, 0xFE10 },
    { 0xA6DA, 0xFE12 },
    { 0xA6DB, 0xFE11 },
    { 0xA6DC, 0xFE13 },
    { 0xA6DD, 0xFE14 },
    { 0xA6DE, 0xFE15 },
    { 0xA6DF, 0xFE16 },
    { 0xA6EC, 0xFE17 },
    { 0xA6ED, 0xFE18 },
    { 0xA6F3, 0xFE19 },
    { 0x84318236, 0xE78D },
    { 0x84318238, 0xE78E },
    { 0x84318237, 0xE78F },
    { 0x84318239, 0xE790 },
    { 0x84318330, 0xE791 },
    { 0x84318335, 0xE796 },
    { 0xFE59, 0x9FB4 },
    { 0xFE61, 0x9FB5 },
    { 0xFE66, 0x9FB6 },
    { 0xFE67, 0x9FB7 },
    { 0xFE6D, 0x9FB8 },
    { 0xFE7E, 0x9FB9 },
    { 0xFE90, 0x9FBA },
    { 0xFEA0, 0x9FBB },
    { 0x82359037, 0xE81E },
    { 0x82359134, 0xE864 },
    /* 2005 */
    { 0xA8BC, 0x1E3F },
    { 0x8135F437, 0xE7C7 },
    /* six that stay private use */
    { 0xFE51, 0xE816 },
    { 0xFE52, 0xE817 },
    { 0xFE53, 0xE818 },
    { 0xFE6C, 0xE831 },
    { 0xFE76, 0xE83B },
    { 0xFE91, 0xE855 },
    { 0x95329031, 0x20087 },
    { 0x95329033, 0x20089 },
    { 0x95329730, 0x200CC },
    /* names */
    { 0xFE9F, 0x4DAE },
    { 0x82328D37, 0x3F06 },
    { 0x8230B731, 0x36C3 },
    { 0x9933C336, 0x2CC56 },
    /* separators */
    { 0xA1A4, 0xB7 },
    { 0x8139A739, 0x30FB },
    { 0x8136A631, 0x2022 },
    { 0x8136A634, 0x2027 },
    { 0x8136D337, 0x2219 },
    { 0xA1F1, 0x25CF },
    { 0xA3AE, 0xFF0E },
    /* extensions, ends, the euro */
    { 0x9534BE36, 0x20C30 },
    { 0x82359339, 0x9FD4 },
    { 0x82358738, 0x4DB5 },
    { 0x82358739, 0x4DB6 },
    { 0x82359832, 0x9FFF },
    { 0x9A378637, 0x30EDD },
    { 0x9A37F836, 0x31350 },
    { 0x9B31A337, 0x323AF },
    { 0x9933FC39, 0x2CE93 },
    { 0xA2E3, 0x20AC },
    { 0x81308130, 0x80 },
    { 0x8431A439, 0xFFFF },
    { 0x90308130, 0x10000 },
    { 0xE3329A35, 0x10FFFF },
    { 0x7F, 0x7F },
    { 0xB0A1, 0x554A },
};

static void
known_values_are_there(void **state) /* GB 18030-2022; DOMAIN 3.1, 3.3 */
{
    (void)state;
    for (size_t i = 0; i < COUNT(known); i++)
        if (scalar_of(PERSO_GB18030, known[i].code) != known[i].scalar ||
            code_of(known[i].scalar) != known[i].code)
            fail_msg("%X is not U+%04X", (unsigned)known[i].code, (unsigned)known[i].scalar);
}

/*
 * Where glibc's GB18030 differs, scalar values to codes. It cannot encode 24 private use values
 * (18 that went to four bytes in 2022, 6 that stayed), and gives the six two-byte codes to the
 * characters of the supplementary planes: its table is no bijection.
 */
static bool
glibc_differs(uint32_t c)
{
    static const uint32_t list[] = { 0xE816,  0xE817,  0xE818,  0xE81E,  0xE826,  0xE82B, 0xE82C,
                                     0xE831,  0xE832,  0xE83B,  0xE843,  0xE854,  0xE855, 0xE864,
                                     0x20087, 0x20089, 0x200CC, 0x215D7, 0x2298F, 0x241FE };
    if (c >= 0xE78D && c <= 0xE796)
        return true;
    for (size_t i = 0; i < COUNT(list); i++)
        if (list[i] == c)
            return true;
    return false;
}

static void
glibc_agrees_but_for_a_list(void **state) /* an independent oracle; PLATFORM 6 */
{
    iconv_t to = iconv_open("GB18030", "UTF-32LE");

    (void)state;
    if (to == (iconv_t)-1)
        skip();
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        uint8_t utf32[4] = { (uint8_t)c, (uint8_t)(c >> 8), (uint8_t)(c >> 16), 0 }, gb[8];
        char *in = (char *)utf32, *out = (char *)gb;
        size_t in_left = 4, out_left = sizeof gb;
        if (!is_scalar(c))
            continue;
        iconv(to, NULL, NULL, NULL, NULL);
        bool good = iconv(to, &in, &in_left, &out, &out_left) == 0;
        bool same = good && number_of(gb, sizeof gb - out_left) == code_of(c);
        if (same == glibc_differs(c))
            fail_msg("U+%04X: %s as glibc", (unsigned)c, same ? "same" : "not the same");
    }
    iconv_close(to);
}

static const struct {
    enum perso_charset charset;
    const char *what, *bytes;
    size_t n, used;
    bool good, cut;
} stops[] = {
    { PERSO_GB18030, "single 80", "a\x80", 2, 1, false, false },
    { PERSO_GB18030, "single FF", "a\xff", 2, 1, false, false },
    { PERSO_GB18030, "trail 7F", "\x81\x7f", 2, 0, false, false },
    { PERSO_GB18030, "trail FF", "\x81\xff", 2, 0, false, false },
    { PERSO_GB18030, "trail 2C", "\xb0,", 2, 0, false, false },
    { PERSO_GB18030, "third byte", "\x81\x30\x30\x30", 4, 0, false, false },
    { PERSO_GB18030, "fourth byte", "\x81\x30\x81\x40", 4, 0, false, false },
    { PERSO_GB18030, "after the BMP", "\x84\x31\xa5\x30", 4, 0, false, false },
    { PERSO_GB18030, "before the planes", "\x8f\x39\xfe\x39", 4, 0, false, false },
    { PERSO_GB18030, "after U+10FFFF", "\xe3\x32\x9a\x36", 4, 0, false, false },
    { PERSO_GB18030, "FE30", "\xfe\x39\xfe\x39", 4, 0, false, false },
    { PERSO_GB18030, "cut after one", "a\xb0", 2, 1, true, true },
    { PERSO_GB18030, "cut after two", "\x81\x30", 2, 0, true, true },
    { PERSO_GB18030, "cut after three", "\x81\x30\x81", 3, 0, true, true },
    { PERSO_GBK, "four bytes", "\x82\x32\x8d\x37", 4, 0, false, false },
    { PERSO_GBK, "the euro of code page 936", "\x80", 1, 0, false, false },
    { PERSO_GBK, "FF", "\xff", 1, 0, false, false },
    { PERSO_GBK, "cut", "\xb0", 1, 0, true, true },
    { PERSO_UTF8, "overlong NUL", "\xc0\x80", 2, 0, false, false },
    { PERSO_UTF8, "overlong of three", "\xe0\x9f\xbf", 3, 0, false, false },
    { PERSO_UTF8, "overlong of four", "\xf0\x8f\xbf\xbf", 4, 0, false, false },
    { PERSO_UTF8, "surrogate", "\xed\xa0\x80", 3, 0, false, false },
    { PERSO_UTF8, "over U+10FFFF", "\xf4\x90\x80\x80", 4, 0, false, false },
    { PERSO_UTF8, "F5", "\xf5\x80\x80\x80", 4, 0, false, false },
    { PERSO_UTF8, "lone continuation", "ab\x80", 3, 2, false, false },
    { PERSO_UTF8, "broken by ASCII", "\xe5\xbc,", 3, 0, false, false },
    { PERSO_UTF8, "cut", "12345678\xe5\xbc", 10, 8, true, true },
    { PERSO_UTF8, "whole", "\xe5\xbc\xa0\xf0\xac\xb1\x96", 7, 7, true, false },
};

static void
bad_bytes_stop_the_decoder(void **state) /* GB 18030-2022; RFC 3629 3 */
{
    (void)state;
    for (size_t i = 0; i < COUNT(stops); i++) {
        uint8_t out[32];
        size_t used, made;
        bool cut, good = perso_charset_decode(stops[i].charset, (const uint8_t *)stops[i].bytes,
                                              stops[i].n, out, sizeof out, &used, &made, &cut);
        if (good != stops[i].good || cut != stops[i].cut || used != stops[i].used)
            fail_msg("%s: %d %d %zu", stops[i].what, good, cut, used);
    }
}

static void
a_full_buffer_stops_the_decoder(void **state)
{
    static const uint8_t src[] = "ab\xd5\xc5\xce\xb0"
                                 "c"; /* 张伟 */
    uint8_t out[32];
    size_t used, made, from = 0, to = 0;
    bool cut;

    (void)state;
    for (size_t room = 4; from < sizeof src - 1; from += used, to += made) {
        assert_true(perso_charset_decode(PERSO_GBK, src + from, sizeof src - 1 - from, out + to,
                                         room, &used, &made, &cut));
        assert_false(cut);
        assert_true(made != 0 && made <= room);
    }
    assert_int_equal(to, 9);
    assert_memory_equal(out, "ab张伟c", 9);
}

static void
encoding_refuses_what_is_not_there(void **state)
{
    uint8_t out[8];
    size_t made = 99;

    (void)state;
    assert_true(perso_charset_encode(PERSO_GBK, "张", 3, out, 2, &made));
    assert_int_equal(made, 2);
    assert_memory_equal(out, "\xd5\xc5", 2);
    assert_false(perso_charset_encode(PERSO_GBK, "张", 3, out, 1, &made)); /* full */
    assert_false(perso_charset_encode(PERSO_GBK, "㼆", 3, out, 8, &made)); /* four bytes */
    assert_false(perso_charset_encode(PERSO_GBK, "张", 2, out, 8, &made)); /* cut */
    assert_false(perso_charset_encode(PERSO_UTF8, "\xff", 1, out, 8, &made));
    assert_true(perso_charset_encode(PERSO_UTF8, "㼆", 3, out, 8, &made));
    assert_int_equal(made, 3);
    assert_true(perso_charset_encode(PERSO_UTF8, "", 0, out, 8, &made));
    assert_int_equal(made, 0);
    assert_int_equal(perso_gb18030_put(0xd800, out), 0);
    assert_int_equal(perso_gb18030_put(0x110000, out), 0);
}

static void
names_of_sets_are_found(void **state)
{
    enum perso_charset c;

    (void)state;
    assert_true(perso_charset_find("UTF-8", &c) && c == PERSO_UTF8);
    assert_true(perso_charset_find("gbk", &c) && c == PERSO_GBK);
    assert_true(perso_charset_find("Gb18030", &c) && c == PERSO_GB18030);
    assert_false(perso_charset_find("gb2312", &c)); /* another table: A1A4 is U+30FB there */
    assert_string_equal(perso_charset_name(PERSO_GB18030), "gb18030");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scalar_goes_there_and_back),
        cmocka_unit_test(every_code_goes_there_and_back),
        cmocka_unit_test(known_values_are_there),
        cmocka_unit_test(glibc_agrees_but_for_a_list),
        cmocka_unit_test(bad_bytes_stop_the_decoder),
        cmocka_unit_test(a_full_buffer_stops_the_decoder),
        cmocka_unit_test(encoding_refuses_what_is_not_there),
        cmocka_unit_test(names_of_sets_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
