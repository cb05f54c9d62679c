#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "formats/text/charset.h"
#include "tests/formats/text/code.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

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

enum answer { WHOLE, CUT, REFUSED, MORE };

/* What the decoder makes of n bytes: one character, the beginning of one, or neither. */
static enum answer
answer_to(enum perso_charset charset, const uint8_t *in, size_t n)
{
    uint8_t out[8];
    size_t used, made;
    uint32_t scalar;
    bool cut;

    if (!perso_charset_decode(charset, in, n, out, sizeof out, &used, &made, &cut))
        return REFUSED;
    if (cut)
        return used == 0 ? CUT : MORE;
    return perso_utf8_next((const char *)out, made, &scalar) == made ? WHOLE : MORE;
}

static bool
is_gb_lead(unsigned byte)
{
    return byte >= 0x81 && byte <= 0xfe;
}

static bool
is_gb_trail(unsigned byte)
{
    return byte >= 0x40 && byte <= 0xfe && byte != 0x7f;
}

static bool
is_gb_digit(unsigned byte)
{
    return byte >= 0x30 && byte <= 0x39;
}

static void
every_beginning_is_judged(void **state) /* GB 18030-2022: all of one and of two bytes */
{
    (void)state;
    for (unsigned i = 0; i < 0x10000; i++) {
        uint8_t in[2] = { (uint8_t)(i >> 8), (uint8_t)i };
        enum answer one = in[0] < 0x80 ? WHOLE : is_gb_lead(in[0]) ? CUT : REFUSED;
        assert_int_equal(answer_to(PERSO_GB18030, in, 1), one);
        assert_int_equal(answer_to(PERSO_GBK, in, 1), one);
        if (one != CUT)
            continue;
        enum answer two = is_gb_trail(in[1]) ? WHOLE : REFUSED;
        assert_int_equal(answer_to(PERSO_GBK, in, 2), two);
        assert_int_equal(answer_to(PERSO_GB18030, in, 2), is_gb_digit(in[1]) ? CUT : two);
    }
}

static void
every_end_is_judged(void **state) /* GB 18030-2022: all third and fourth bytes */
{
    (void)state;
    for (unsigned i = 0; i < 1260; i++)
        for (unsigned third = 0; third < 256; third++) {
            uint8_t in[4] = { (uint8_t)(0x81 + i / 10), (uint8_t)(0x30 + i % 10), (uint8_t)third };
            assert_int_equal(answer_to(PERSO_GB18030, in, 3), is_gb_lead(third) ? CUT : REFUSED);
            assert_int_equal(answer_to(PERSO_GBK, in, 3), REFUSED);
            for (unsigned fourth = 0; is_gb_lead(third) && fourth < 256; fourth++) {
                in[3] = (uint8_t)fourth;
                if (!is_gb_digit(fourth) && answer_to(PERSO_GB18030, in, 4) != REFUSED)
                    fail_msg("%02X%02X%02X%02X", in[0], in[1], in[2], in[3]);
            }
        }
}

/* How many sequences of two, three and four bytes are one character. */
static void
every_utf8_sequence_is_judged(void **state) /* RFC 3629 3, 4 */
{
    unsigned two = 0, three = 0, four = 0;

    (void)state;
    for (uint32_t i = 0x8000; i <= 0xffff; i++) {
        uint8_t in[4] = { (uint8_t)(i >> 8), (uint8_t)i };
        enum answer answer = answer_to(PERSO_UTF8, in, 2);
        two += answer == WHOLE;
        for (unsigned j = 0; answer == CUT && j < 0x10000; j++) {
            in[2] = (uint8_t)(j >> 8);
            in[3] = (uint8_t)j;
            three += in[3] == 0 && answer_to(PERSO_UTF8, in, 3) == WHOLE;
            four += answer_to(PERSO_UTF8, in, 4) == WHOLE;
        }
    }
    assert_int_equal(two, 0x800 - 0x80);
    assert_int_equal(three, 0x10000 - 0x800 - 0x800); /* less the surrogates */
    assert_int_equal(four, 0x100000);
}

static void
what_labels_mean(void **state) /* DOMAIN 0.7, 3.1; PLATFORM 6 */
{
    enum perso_charset sets[] = { PERSO_GBK, PERSO_GB18030 };

    (void)state;
    for (size_t i = 0; i < COUNT(sets); i++) {
        assert_int_equal(scalar_of(sets[i], 0xA1A4), 0xB7);     /* not U+30FB */
        assert_int_equal(scalar_of(sets[i], 0xA1AA), 0x2014);   /* not U+2015 */
        assert_int_equal(scalar_of(sets[i], 0xA2E3), 0x20AC);   /* the euro has two bytes ... */
        assert_int_equal(scalar_of(sets[i], 0x80), UINT32_MAX); /* ... not code page 936's one */
        assert_int_equal(scalar_of(sets[i], 0xFF), UINT32_MAX);
        assert_int_equal(scalar_of(sets[i], 0xFE9F), 0x4DAE);
    }
    assert_int_equal(scalar_of(PERSO_GB18030, 0x8139A739), 0x30FB);
    assert_int_equal(scalar_of(PERSO_GBK, 0x8139A739), UINT32_MAX);
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
        cmocka_unit_test(every_beginning_is_judged),
        cmocka_unit_test(every_end_is_judged),
        cmocka_unit_test(every_utf8_sequence_is_judged),
        cmocka_unit_test(what_labels_mean),
        cmocka_unit_test(bad_bytes_stop_the_decoder),
        cmocka_unit_test(a_full_buffer_stops_the_decoder),
        cmocka_unit_test(encoding_refuses_what_is_not_there),
        cmocka_unit_test(names_of_sets_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
