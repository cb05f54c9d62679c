/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <string.h>

#include "tests/formats/record/big.h"

static const struct perso_record_options utf8 = { .form = PERSO_RECORD_JSON,
                                                  .charset = PERSO_UTF8 };
static const struct perso_record_options gbk = { .form = PERSO_RECORD_JSON, .charset = PERSO_GBK };

/* DOMAIN 1.3, 6, 7: the shapes that were seen. */
static const struct read_case shapes[] = {
    { "one object",
      BYTES("{\"code\":\"00\",\"XM\":\"\xe5\xbc\xa0\xe4\xb8\x89\",\"kh\":\"A0000001X\",\"qmzs\":"
            "\"MII\\r\\nB\"}"),
      "1 AAZ500=A0000001X AAC003=\xe5\xbc\xa0\xe4\xb8\x89 QMZS=MIIB code=00\n" },
    { "an array", BYTES("[{\"KH\":\"1\"},\n{\"KH\":\"2\"}\n]\n"), "1 AAZ500=1\n2 AAZ500=2\n" },
    { "data", BYTES("{\"code\":\"00\",\"data\":[{\"KH\":\"1\"},{\"KH\":\"2\",\"code\":\"05\"}]}"),
      "1 AAZ500=1 code=00\n1 AAZ500=2 code=05\n" },
    { "Jiangsu", /* header and body */
      BYTES("{\"header\":{\"version\":\"1.0\",\"apiCode\":\"450-0201\",\"code\":\"00\"},\n"
            "\"body\":{\"data\":{\"aac002\":\"1\",\"aaz500\":\"2\",\"qmzs\":\"AA==\"}}}"),
      "2 AAZ500=2 AAC002=1 QMZS=AA== code=00\n" },
    { "body before the header", BYTES("{\"body\":{\"KH\":\"1\"},\"header\":{\"code\":\"00\"}}"),
      "1 AAZ500=1 code=00\n" },
    { "lines", BYTES("{\"KH\":\"1\"}\n{\"KH\":\"2\"}\r\n\n{\"KH\":\"3\"}\n"),
      "1 AAZ500=1\n2 AAZ500=2\n4 AAZ500=3\n" },
    { "objects over several lines", BYTES("{\n\"KH\":\n\"1\"\n}\n{\n\"KH\":\"2\"}"),
      "1 AAZ500=1\n5 AAZ500=2\n" },
    { "a number for a code", BYTES("{\"code\":0,\"KH\":\"1\"}"), "1 AAZ500=1 code=0\n" },
    { "numbers as they stand",
      BYTES("[{\"code\":-0.10e+2,\"seq\":18446744073709551616,\"KH\":\"1\"}]"),
      "1 AAZ500=1 code=-0.10e+2 seq=18446744073709551616\n" },
    { "words", BYTES("{\"result\":true,\"step\":false,\"reason\":null,\"KH\":\"1\",\"XM\":null}"),
      "1 AAZ500=1 result=true step=false\n" },
    { "a known word around the answer",
      BYTES("{\"result\":{\"code\":\"0\",\"reason\":[{\"KH\":\"1\"}]}}"), "1 AAZ500=1 code=0\n" },
    { "escapes",
      BYTES("{\"KH\":\"\\u0031\\t\\\"\\\\\\/"
            "\\u00e9\\u4E2D\\ud840\\udC30\",\"\\u0058M\":\"\\b\\f\\n\\r\"}"),
      "1 AAZ500=1\t\"\\/\xc3\xa9\xe4\xb8\xad\xf0\xa0\x80\xb0 AAC003=\b\f\n" },
    { "unknown members",
      BYTES("{\"a\":[1,\"x\",null,[],{},[[\"\\u4e2d\"]]],\"b\":{\"c\":[{}]},\"KH\":\"1\",\"d\":"
            "12345678901234567890123}"),
      "1 AAZ500=1\n" },
    { "scalars in an array of a known word", BYTES("{\"KH\":\"1\",\"steps\":[1,\"2\"]}"),
      "1 AAZ500=1\n" },
    { "a refusal without a card", BYTES("{\"code\":\"99\",\"reason\":\"busy\",\"data\":null}"),
      "1 code=99 reason=busy\n" },
    { "an empty list", BYTES("{\"code\":\"00\",\"data\":[]}"), "1 code=00\n" },
    { "an element that names no card", BYTES("[{\"code\":\"05\"},{\"code\":\"06\",\"KH\":\"1\"}]"),
      "1 code=05\n1 AAZ500=1 code=06\n" },
    { "details inside a card", BYTES("{\"KH\":\"1\",\"log\":[{\"time\":\"2\"},{\"time\":\"3\"}]}"),
      "1 AAZ500=1\n" },
    { "details inside a card of a list",
      BYTES("[{\"KH\":\"1\",\"log\":[{\"time\":\"2\"}]},{\"KH\":\"2\"}]"),
      "1 AAZ500=1\n1 AAZ500=2\n" },
    { "nested arrays", BYTES("[[{\"KH\":\"1\"}],[[{\"KH\":\"2\"}]]]"), "1 AAZ500=1\n1 AAZ500=2\n" },
    { "white space everywhere", BYTES(" \t\r\n{ \"KH\" : \" 1 \" , \"code\" : 0 } \n "),
      "2 AAZ500=1 code=0\n" },
    { "byte order mark", BYTES("\xef\xbb\xbf{\"KH\":\"1\"}"), "1 AAZ500=1\n" },
    { "names that differ in case alone", BYTES("{\"x\":1,\"X\":2,\"KH\":\"1\"}"), "1 AAZ500=1\n" },
};

static void
shapes_are_read(void **state)
{
    (void)state;
    read_cases(&utf8, shapes, sizeof shapes / sizeof shapes[0]);
}

#define ESCAPE "FILE_FORMAT JSON 1 escape that JSON does not have\n"
#define WORD "FILE_FORMAT JSON 1 neither a number nor true, false or null\n"
#define HALF "FILE_FORMAT JSON 1 half of a surrogate pair\n"
#define CUT "FILE_FORMAT JSON 1 cut: the end is missing\n"
#define AFTER "FILE_FORMAT JSON 1 something after the end\n"
#define NO_VALUE "FILE_FORMAT JSON 1 no value where one is expected\n"
#define NO_NAME "FILE_FORMAT JSON 1 no name where one is expected\n"

static const struct read_case hostile[] = {
    { "empty", BYTES(""), "FILE_EMPTY  0 \n" },
    { "blank", BYTES(" \n"), "FILE_EMPTY JSON 2 \n" },
    { "nothing known", BYTES("{\"x\":1}"), "COLUMN_MISSING  1 no field that is known here\n" },
    { "an empty array", BYTES("[]"), "COLUMN_MISSING  1 no field that is known here\n" },
    { "nothing but empty fields", BYTES("[{\"KH\":null,\"XM\":\"\"}]"),
      "COLUMN_MISSING  1 no field that is known here\n" },
    { "a string", BYTES("\"KH\""), "FILE_FORMAT JSON 1 neither an object nor an array\n" },
    { "a number", BYTES("12"), "FILE_FORMAT JSON 1 neither an object nor an array\n" },
    { "XML", BYTES("<m/>"), "FILE_FORMAT JSON 1 neither an object nor an array\n" },
    { "single quotes", BYTES("{'KH':'1'}"), NO_NAME },
    { "no quotes", BYTES("{KH:\"1\"}"), NO_NAME },
    { "comment", BYTES("{/* a */\"KH\":\"1\"}"), NO_NAME },
    { "comma at the end of an object", BYTES("{\"KH\":\"1\",}"), NO_NAME },
    { "comma at the end of an array", BYTES("[{\"KH\":\"1\"},]"), NO_VALUE },
    { "comma at the start", BYTES("[,{\"KH\":\"1\"}]"), NO_VALUE },
    { "no value", BYTES("{\"KH\":}"), NO_VALUE },
    { "no colon", BYTES("{\"KH\" \"1\"}"), "FILE_FORMAT JSON 1 no colon behind a name\n" },
    { "a name alone", BYTES("{\"KH\"}"), "FILE_FORMAT JSON 1 no colon behind a name\n" },
    { "no comma", BYTES("{\"KH\":\"1\" \"XM\":\"2\"}"),
      "FILE_FORMAT JSON 1 no comma between two values\n" },
    { "bracket for brace", BYTES("{\"KH\":\"1\"]"),
      "FILE_FORMAT JSON 1 brackets and braces do not match\n" },
    { "brace for bracket", BYTES("[{\"KH\":\"1\"}}"),
      "FILE_FORMAT JSON 1 brackets and braces do not match\n" },
    { "a brace too many", BYTES("{\"KH\":\"1\"}}"), AFTER },
    { "text behind the end", BYTES("{\"KH\":\"1\"}\nx"),
      "FILE_FORMAT JSON 2 something after the end\n" },
    { "objects on one line", BYTES("{\"KH\":\"1\"}{\"KH\":\"2\"}"), AFTER },
    { "objects with a comma between", BYTES("{\"KH\":\"1\"},\n{\"KH\":\"2\"}"), AFTER },
    { "an object behind an array", BYTES("[{\"KH\":\"1\"}]\n{\"KH\":\"2\"}"),
      "FILE_FORMAT JSON 2 something after the end\n" },
    { "an array behind an object", BYTES("{\"KH\":\"1\"}\n[{\"KH\":\"2\"}]"),
      "FILE_FORMAT JSON 2 something after the end\n" },
    { "cut in an object", BYTES("{\"KH\":\"1\""), CUT },
    { "cut in an array", BYTES("[{\"KH\":\"1\"},"), CUT },
    { "cut in a string", BYTES("{\"KH\":\"1"), CUT },
    { "cut in an escape", BYTES("{\"KH\":\"\\u00"), CUT },
    { "cut in a word", BYTES("{\"KH\":nul"), CUT },
    { "the second line is cut", BYTES("{\"KH\":\"1\"}\n{\"KH\":"),
      "FILE_FORMAT JSON 2 cut: the end is missing\n" },
    { "a name twice", BYTES("{\"KH\":\"1\",\n\"KH\":\"2\"}"),
      "COLUMN_TWICE AAZ500 2 a name stands twice in an object\n" },
    { "an unknown name twice", BYTES("{\"x\":1,\"KH\":\"1\",\"\\u0078\":2}"),
      "COLUMN_TWICE  1 a name stands twice in an object\n" },
    { "a container twice", BYTES("{\"data\":[{\"KH\":\"1\"}],\"data\":[{\"KH\":\"2\"}]}"),
      "COLUMN_TWICE  1 a name stands twice in an object\n" },
    { "a field under two names", BYTES("{\"KH\":\"1\",\"AAZ500\":\"1\"}"),
      "COLUMN_TWICE AAZ500 1 \n" },
    { "a field twice, once null", BYTES("{\"KH\":null,\"kh\":\"1\"}"), "COLUMN_TWICE AAZ500 1 \n" },
    { "header twice", BYTES("{\"h\":{\"code\":\"1\"},\"i\":{\"code\":\"2\"},\"KH\":\"1\"}"),
      "COLUMN_TWICE code 1 \n" },
    { "NUL escaped", BYTES("{\"KH\":\"\\u0000\"}"), "TEXT_NUL JSON 1 \n" },
    { "NUL escaped in a name", BYTES("{\"\\u0000\":\"1\"}"), "TEXT_NUL JSON 1 \n" },
    { "NUL", BYTES("{\"KH\":\"\0\"}"), "TEXT_NUL  1 \n" },
    { "first half alone", BYTES("{\"KH\":\"\\ud840\"}"), HALF },
    { "first half and a letter", BYTES("{\"KH\":\"\\ud840x\"}"), HALF },
    { "first half and another escape", BYTES("{\"KH\":\"\\ud840\\n\"}"), HALF },
    { "first half twice", BYTES("{\"KH\":\"\\ud840\\ud840\"}"), HALF },
    { "first half and a character", BYTES("{\"KH\":\"\\ud840\\u0041\"}"), HALF },
    { "second half alone", BYTES("{\"KH\":\"\\udc30\"}"), HALF },
    { "half in an unknown member", BYTES("{\"x\":\"\\udc30\"}"), HALF },
    { "another escape", BYTES("{\"KH\":\"\\x31\"}"), ESCAPE },
    { "escape in capitals", BYTES("{\"KH\":\"\\U0031\"}"), ESCAPE },
    { "three digits", BYTES("{\"KH\":\"\\u003\"}"), ESCAPE },
    { "no digits", BYTES("{\"KH\":\"\\u00g0\"}"), ESCAPE },
    { "newline in a string", BYTES("{\"KH\":\"1\n\"}"),
      "FILE_FORMAT JSON 1 control character in a string\n" },
    { "tab in a string", BYTES("{\"KH\":\"\t\"}"),
      "FILE_FORMAT JSON 1 control character in a string\n" },
    { "tab in a name", BYTES("{\"K\tH\":\"1\"}"),
      "FILE_FORMAT JSON 1 control character in a string\n" },
    { "leading zero", BYTES("{\"code\":00}"), WORD },
    { "plus sign", BYTES("{\"code\":+1}"), WORD },
    { "minus alone", BYTES("{\"code\":-}"), WORD },
    { "no digit before the point", BYTES("{\"code\":.5}"), WORD },
    { "no digit behind the point", BYTES("{\"code\":5.}"), WORD },
    { "no exponent", BYTES("{\"code\":5e}"), WORD },
    { "no digits of the exponent", BYTES("{\"code\":5e+}"), WORD },
    { "hexadecimal", BYTES("{\"code\":0x10}"), WORD },
    { "NaN", BYTES("{\"x\":NaN}"), WORD },
    { "Infinity", BYTES("{\"x\":-Infinity}"), WORD },
    { "word in capitals", BYTES("{\"x\":True}"), WORD },
    { "words without a comma", BYTES("[truefalse]"), WORD },
    { "a number for a card", BYTES("{\"KH\":12}"),
      "FILE_FORMAT AAZ500 1 a number or true or false, where a string is expected\n" },
    { "a number for a person", BYTES("{\"AAC002\":110105194912310021}"),
      "FILE_FORMAT AAC002 1 a number or true or false, where a string is expected\n" },
    { "true for an item", BYTES("{\"QMZS\":true}"),
      "FILE_FORMAT QMZS 1 a number or true or false, where a string is expected\n" },
    { "an object for an item", BYTES("{\"QMZS\":{\"x\":\"A\"}}"),
      "FILE_FORMAT QMZS 1 an object or array, where a string is expected\n" },
    { "an array for an item", BYTES("{\"QMZS\":[\"A\",\"B\"]}"),
      "FILE_FORMAT QMZS 1 an object or array, where a string is expected\n" },
    { "card around two records",
      BYTES("{\"AAC002\":\"1\",\"l\":[{\"QMZS\":\"A\"},\n{\"QMZS\":\"B\"}]}"),
      "FILE_FORMAT AAC002 2 stands around several records\n" },
    { "field behind two records", BYTES("{\"l\":[{\"KH\":\"1\"},{\"KH\":\"2\"}],\n\"code\":\"0\"}"),
      "FILE_FORMAT code 2 stands behind the records that it is around\n" },
    { "another card behind", BYTES("{\"d\":{\"KH\":\"1\"},\"KH\":\"2\"}"),
      "FILE_FORMAT AAZ500 1 a record and what is around it differ\n" },
    { "bad UTF-8", BYTES("{\"KH\":\"\xff\"}"), "TEXT_ENCODING  1 not utf-8\n" },
    { "GBK in UTF-8", BYTES("{\"XM\":\"\xd5\xc5\"}"),
      "TEXT_ENCODING  1 not utf-8; valid gb18030\n" },
    { "UTF-16", BYTES("\xff\xfe{\0}\0"),
      "TEXT_ENCODING  1 not utf-8; byte order mark of utf-16\n" },
    { "UTF-16 without a mark", BYTES("{\0}\0"), "TEXT_NUL  1 \n" },
    { "a mark inside", BYTES("{\"KH\":\"1\"}\n\xef\xbb\xbf{\"KH\":\"2\"}"),
      "FILE_FORMAT JSON 2 something after the end\n" },
    { "white space of Unicode", BYTES("{\xc2\xa0\"KH\":\"1\"}"), NO_NAME },
    { "vertical tab", BYTES("{\v\"KH\":\"1\"}"), NO_NAME },
};

static void
hostile_documents_are_refused(void **state)
{
    (void)state;
    read_cases(&utf8, hostile, sizeof hostile / sizeof hostile[0]);
}

static const struct read_case in_gbk[] = {
    { "second bytes 5C and 22 stand for nothing",
      BYTES("{\"XM\":\"\x81\x5c\x81\x7c\x81\x40\",\"KH\":\"\\u0031\"}"),
      "1 AAZ500=1 AAC003=\xe4\xb9\x97\xe4\xba\x85\xe4\xb8\x82\n" },
    { "names", BYTES("{\"\xd0\xd5\xc3\xfb\":\"\xd5\xc5\"}"), "1 AAC003=\xe5\xbc\xa0\n" },
    { "is UTF-8", BYTES("{\n\"XM\":\"\xe5\xbc\xa0\xe4\xb8\x89\xe6\x9d\x8e\xe5\x9b\x9b\"}"),
      "TEXT_ENCODING  2 have utf-8, want gbk\n" },
    { "is UTF-8 that GBK does not have", BYTES("{\"XM\":\"\xe5\xbc\xa0\xe4\xb8\x89\xe5\xbc\xa0\"}"),
      "TEXT_ENCODING  1 not gbk; valid utf-8\n" },
    { "mark of UTF-8", BYTES("\xef\xbb\xbf{}"),
      "TEXT_ENCODING  1 not gbk; byte order mark of utf-8\n" },
};

static void
chinese_sets_are_decoded_first(void **state) /* DOMAIN 1.3 */
{
    (void)state;
    read_cases(&gbk, in_gbk, sizeof in_gbk / sizeof in_gbk[0]);
}

/* ---- limits, at n and n + 1 ---- */

static void
depth_is_bounded(void **state)
{
    (void)state;
    for (unsigned depth = 16; depth <= 17; depth++) {
        size_t n = put_many(0, '[', depth - 1);
        n = put(n, "{\"KH\":\"1\"}");
        n = put_many(n, ']', depth - 1);
        big_expect(&utf8, n, 3,
                   depth == 16 ? "1 AAZ500=1\n" : "FILE_FORMAT JSON 1 nested too deep\n");
    }
    big_expect(&utf8, put_many(0, '[', 1 << 20), 1 << 16, "FILE_FORMAT JSON 1 nested too deep\n");
    size_t n = 0;
    for (unsigned i = 0; i < 100000; i++)
        n = put(n, "{\"a\":");
    big_expect(&utf8, n, 1 << 16, "FILE_FORMAT JSON 1 nested too deep\n");
}

static void
values_are_bounded(void **state)
{
    (void)state;
    for (size_t more = 0; more <= 1; more++) {
        size_t n = put_many(put(0, "{\"KH\":\"1\",\"reason\":\""), 'x', PERSO_CELL_BYTES + more);
        big_expect(&utf8, put(n, "\"}"), 999,
                   more == 0 ? "1 AAZ500=1 reason=16384 bytes\n"
                             : "TEXT_LINE reason 1 value is too long\n");
        n = put_many(put(0, "{\"KH\":\"1\",\"x\":"), '1', PERSO_RECORD_NAME_BYTES + more);
        big_expect(&utf8, put(n, "}"), 999,
                   more == 0 ? "1 AAZ500=1\n" : "TEXT_LINE  1 value is too long\n");
        n = put_many(put(0, "{\"KH\":\"1\",\""), 'x', PERSO_RECORD_NAME_BYTES + more);
        big_expect(&utf8, put(n, "\":0}"), 999,
                   more == 0 ? "1 AAZ500=1\n" : "TEXT_LINE JSON 1 name is too long\n");
    }
    size_t n = put(0, "{\"KH\":\"1\",\"photo\":\"");
    n = put(put_many(n, 'x', 2 << 20), "\"}"); /* nothing of it is kept */
    big_expect(&utf8, n, 1 << 16, "1 AAZ500=1\n");
}

static void
records_are_bounded(void **state)
{
    static const char *const names[] = { "reason", "time", "SF", "box" };
    (void)state;

    for (size_t more = 0; more <= 1; more++) {
        size_t n = put(0, "{");
        for (size_t i = 0; i < 4; i++) /* four times 16,384 with the card's number */
            n = put(put_many(put(n, "\"%s\":\"", names[i]), 'x', PERSO_CELL_BYTES - (i == 3)),
                    "\",");
        n = put(n, "\"KH\":\"%s\"}", more == 0 ? "1" : "12");
        big_expect(&utf8, n, 4096,
                   more == 0 ? "1 AAZ500=1 SF=16384 bytes reason=16384 bytes box=16383 bytes "
                               "time=16384 bytes\n"
                             : "TEXT_LINE AAZ500 1 record is too long\n");
    }
}

/* What an inner record took from around it may be too much for it, and comes late. */
static void
late_fields_are_bounded(void **state)
{
    (void)state;
    for (size_t more = 0; more <= 1; more++) {
        size_t n = put(0, "{\"data\":{\"KH\":\"1\",\"SF\":\"");
        n = put(put_many(n, 'x', PERSO_CELL_BYTES), "\",\"box\":\"");
        n = put(put_many(n, 'x', PERSO_CELL_BYTES), "\",\"time\":\"");
        n = put(put_many(n, 'x', PERSO_CELL_BYTES), "\"},\"reason\":\"");
        n = put(put_many(n, 'x', PERSO_CELL_BYTES - 1 + more), "\"}");
        big_expect(&utf8, n, 4096,
                   more == 0 ? "1 AAZ500=1 SF=16384 bytes reason=16383 bytes box=16384 bytes "
                               "time=16384 bytes\n"
                             : "TEXT_LINE reason 1 record is too long\n");
    }
}

static void
members_are_bounded(void **state)
{
    (void)state;
    for (size_t more = 0; more <= 1; more++) {
        size_t n = put(0, "{\"KH\":\"1\"");
        for (size_t i = 1; i < PERSO_RECORD_NAMES + more; i++)
            n = put(n, ",\"x%zu\":0", i);
        big_expect(&utf8, put(n, "}"), 999,
                   more == 0 ? "1 AAZ500=1\n"
                             : "TEXT_COLUMNS JSON 1 too many names in an object\n");
    }
}

/* Many records are in one block, and many blocks in the reader's hands; none is lost. */
static void
many_records_are_read(void **state)
{
    size_t n = put(0, "{\"code\":\"00\",\"data\":[");
    char want[64];
    (void)state;

    for (unsigned i = 1; i <= 4000; i++)
        n = put(n, "{\"KH\":\"%u\"}%s", i, i < 4000 ? "," : "]}");
    const char *have = big_read(&utf8, n, 1 << 16);
    for (unsigned i = 1; i <= 4000; i++) {
        int k = snprintf(want, sizeof want, "1 AAZ500=%u code=00\n", i);
        assert_memory_equal(have, want, (size_t)k);
        have += k;
    }
    assert_string_equal(have, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_read),
        cmocka_unit_test(hostile_documents_are_refused),
        cmocka_unit_test(chinese_sets_are_decoded_first),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(values_are_bounded),
        cmocka_unit_test(records_are_bounded),
        cmocka_unit_test(late_fields_are_bounded),
        cmocka_unit_test(members_are_bounded),
        cmocka_unit_test(many_records_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
