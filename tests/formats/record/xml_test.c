/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/formats/record/big.h"

static const struct perso_record_options utf8 = { .form = PERSO_RECORD_XML, .charset = PERSO_UTF8 };
static const struct perso_record_options gbk = { .form = PERSO_RECORD_XML, .charset = PERSO_GBK };
static const struct perso_record_options gb18030 = { .form = PERSO_RECORD_XML,
                                                     .charset = PERSO_GB18030 };

/* DOMAIN 1.3, 6, 7: the shapes that were seen. */
static const struct read_case shapes[] = {
    { "one answer",
      BYTES(
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><code>00</code><data>\n"
          "<XM>\xe5\xbc\xa0\xe4\xb8\x89</XM><KH>A0000001X</KH>\n<QMZS>MII\nBAA\r\n ==</QMZS></data>"
          "</Response>\n"),
      "2 AAZ500=A0000001X AAC003=\xe5\xbc\xa0\xe4\xb8\x89 QMZS=MIIBAA== code=00\n" },
    { "a list",
      BYTES("<R><code>00</code>\n<data><KH>1</KH></data>\n<data><KH>2</KH><code>05</code>"
            "<reason>x</reason></data></R>"),
      "2 AAZ500=1 code=00\n3 AAZ500=2 code=05 reason=x\n" },
    { "Shandong", /* scalars and rows are attributes */
      BYTES("<?xml version=\"1.0\" encoding=\"UTF-8\"?><p><s code=\"00\"/><s reason=\"\"/>\n"
            "<d k=\"list\"><r AAC002=\"1\" QMZS=\"MII B\" code=\"\"/>\n<r aac002=\"2\"/></d></p>"),
      "2 AAC002=1 QMZS=MIIB code=00\n3 AAC002=2 code=00\n" },
    { "s with two attributes is a record",
      BYTES("<p>\n<s AAC002=\"1\" code=\"0\"/>\n<s AAC002=\"2\" code=\"0\"/></p>"),
      "2 AAC002=1 code=0\n3 AAC002=2 code=0\n" },
    { "s alone are fields of one",
      BYTES("<p><s AAC002=\"1\"/><s QMZS=\"A B\"/><s code=\"0\"/></p>"),
      "1 AAC002=1 QMZS=AB code=0\n" },
    { "head and body",
      BYTES("<m><head><code>00</code><reason>ok</reason></head><body><data><KH>1</KH></data></"
            "body></m>"),
      "1 AAZ500=1 code=00 reason=ok\n" },
    { "code behind the one record", BYTES("<m><data><KH>1</KH></data><code>00</code></m>"),
      "1 AAZ500=1 code=00\n" },
    { "code behind each record",
      BYTES(
          "<m><i><d><KH>1</KH></d><code>00</code></i><i><d><KH>2</KH></d><code>05</code></i></m>"),
      "1 AAZ500=1 code=00\n1 AAZ500=2 code=05\n" },
    { "the nearer code wins, wherever it stands",
      BYTES("<m><code>1</code><i><d><KH>1</KH></d><code>2</code></i></m>"), "1 AAZ500=1 code=2\n" },
    { "an inner code wins over a later outer one",
      BYTES("<m><i><d><KH>1</KH><code>3</code></d><code>2</code></i><code>1</code></m>"),
      "1 AAZ500=1 code=3\n" },
    { "fields of a card around one record",
      BYTES("<m><AAC002>7</AAC002><d><QMZS>AA==</QMZS></d></m>"), "1 AAC002=7 QMZS=AA==\n" },
    { "and behind it", BYTES("<m><d><QMZS>AA==</QMZS></d><AAC002>7</AAC002></m>"),
      "1 AAC002=7 QMZS=AA==\n" },
    { "the same around it and in it", BYTES("<m><KH>1</KH><d><KH>1</KH><QMZS>A</QMZS></d></m>"),
      "1 AAZ500=1 QMZS=A\n" },
    { "an empty field takes the one around it",
      BYTES("<m><KH>1</KH><d><KH> </KH><QMZS>A</QMZS></d></m>"), "1 AAZ500=1 QMZS=A\n" },
    { "a refusal without a card",
      BYTES("<m><code>99</code><reason>busy</reason><data><XM/><KH></KH></data></m>"),
      "1 code=99 reason=busy\n" },
    { "prefixes",
      BYTES(
          "<a:m xmlns:a=\"u\" xmlns:XM=\"v\"><a:KH>1</a:KH><XM:SHBZHM xml:lang=\"zh\">2</XM:SHBZHM>"
          "</a:m>"),
      "1 AAZ500=1 AAC002=2\n" },
    { "white space around values", BYTES("<m><KH>\n\t 1 2 \r\n</KH><XM> a  b </XM></m>"),
      "1 AAZ500=1 2 AAC003=a  b\n" },
    { "the five entities, references, CDATA",
      BYTES("<m><XM>&lt;&gt;&amp;&apos;&quot;&#65;&#x4e2d;<![CDATA[<b>&]]></XM></m>"),
      "1 AAC003=<>&'\"A\xe4\xb8\xad<b>&\n" },
    { "comments", BYTES("<!-- a --><m><!-- <KH>2</KH> --><KH>1<!-- b -->2</KH></m><!-- c -->"),
      "1 AAZ500=12\n" },
    { "unknown elements", BYTES("<m><photo>AAAA</photo><KH>1</KH><x y=\"z\"><w/>text</x></m>"),
      "1 AAZ500=1\n" },
    { "a known word as a container",
      BYTES("<result><code>0</code><result><KH>1</KH></result></result>"), "1 AAZ500=1 code=0\n" },
    { "byte order mark", BYTES("\xef\xbb\xbf<m><KH>1</KH></m>"), "1 AAZ500=1\n" },
    { "no declaration of the encoding",
      BYTES("<?xml version='1.0' standalone='yes'?><m><KH>1</KH></m>"), "1 AAZ500=1\n" },
    { "other spellings of the name",
      BYTES("<?xml version='1.0' encoding='utf8'?><m><KH>1</KH></m>"), "1 AAZ500=1\n" },
    { "lines of three kinds", BYTES("\n\n<m>\r\n\r<i>\n<KH>1</KH></i></m>"), "5 AAZ500=1\n" },
};

static void
shapes_are_read(void **state)
{
    (void)state;
    read_cases(&utf8, shapes, sizeof shapes / sizeof shapes[0]);
}

static const struct read_case hostile[] = {
    { "empty", BYTES(""), "FILE_EMPTY  0 \n" },
    { "blank", BYTES(" \n\n"), "FILE_FORMAT XML 3 cut: the end is missing\n" },
    { "nothing known", BYTES("<m>\n<x>1</x></m>"),
      "COLUMN_MISSING  1 no field that is known here\n" },
    { "all empty", BYTES("<m><KH/><XM> </XM></m>"),
      "COLUMN_MISSING  1 no field that is known here\n" },
    { "no XML", BYTES("\nnone"), "FILE_FORMAT XML 2 not well-formed XML\n" },
    { "HTML", BYTES("<!DOCTYPE html>\n<html><body><br></body></html>"),
      "FILE_FORMAT XML 1 DOCTYPE\n" },
    { "billion laughs",
      BYTES("<?xml version=\"1.0\"?>\n<!DOCTYPE m [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">\n"
            "<!ENTITY c \"&b;&b;&b;&b;\">]><m><KH>&c;</KH></m>"),
      "FILE_FORMAT XML 2 DOCTYPE\n" },
    { "external entity",
      BYTES("<!DOCTYPE m [<!ENTITY x SYSTEM \"file:///etc/hostname\">]><m><KH>&x;</KH></m>"),
      "FILE_FORMAT XML 1 DOCTYPE\n" },
    { "parameter entity",
      BYTES("<!DOCTYPE m [<!ENTITY % x SYSTEM \"http://192.0.2.1/x\"> %x;]><m/>"),
      "FILE_FORMAT XML 1 DOCTYPE\n" },
    { "external subset", BYTES("\n\n<!DOCTYPE m SYSTEM \"m.dtd\"><m><KH>1</KH></m>"),
      "FILE_FORMAT XML 3 DOCTYPE\n" },
    { "doctype in lower case", BYTES("<!doctype m><m/>"),
      "FILE_FORMAT XML 1 not well-formed XML\n" },
    { "another entity", BYTES("<m>\n<KH>&nbsp;</KH></m>"),
      "FILE_FORMAT XML 2 an entity that is not one of the five of XML\n" },
    { "another entity in an attribute", BYTES("<m KH=\"&x;\"/>"),
      "FILE_FORMAT XML 1 an entity that is not one of the five of XML\n" },
    { "reference to NUL", BYTES("<m><KH>&#0;</KH></m>"),
      "FILE_FORMAT XML 1 a reference to a character that XML does not have\n" },
    { "reference to a surrogate", BYTES("<m><KH>&#xd800;</KH></m>"),
      "FILE_FORMAT XML 1 a reference to a character that XML does not have\n" },
    { "reference beyond Unicode", BYTES("<m><KH>&#x110000;</KH></m>"),
      "FILE_FORMAT XML 1 a reference to a character that XML does not have\n" },
    { "instruction", BYTES("<?xml version='1.0'?>\n<?xml-stylesheet href='x'?><m><KH>1</KH></m>"),
      "FILE_FORMAT XML 2 processing instruction\n" },
    { "instruction inside", BYTES("<m><KH>1<?php x?></KH></m>"),
      "FILE_FORMAT XML 1 processing instruction\n" },
    { "declaration in the wrong place", BYTES("\n<?xml version='1.0'?><m/>"),
      "FILE_FORMAT XML 2 the XML declaration is not at the very beginning\n" },
    { "damaged declaration", BYTES("<?xml verson='1.0'?><m/>"),
      "FILE_FORMAT XML 1 the XML declaration is not well-formed\n" },
    { "declares another encoding", BYTES("<?xml version='1.0' encoding='GBK'?><m><KH>1</KH></m>"),
      "TEXT_ENCODING XML 1 have GBK, want utf-8\n" },
    { "declares an unknown encoding",
      BYTES("<?xml version='1.0' encoding='x-y'?><m><KH>1</KH></m>"),
      "TEXT_ENCODING XML 1 have x-y, want utf-8\n" },
    { "declares UTF-16", BYTES("<?xml version='1.0' encoding='UTF-16'?><m><KH>1</KH></m>"),
      "TEXT_ENCODING XML 1 have UTF-16, want utf-8\n" },
    { "UTF-16, little-endian", BYTES("\xff\xfe<\0m\0/\0>\0"),
      "TEXT_ENCODING  1 not utf-8; byte order mark of utf-16\n" },
    { "UTF-16, big-endian", BYTES("\xfe\xff\0<\0m\0/\0>"),
      "TEXT_ENCODING  1 not utf-8; byte order mark of utf-16\n" },
    { "UTF-16 without a mark", BYTES("<\0m\0/\0>\0"), "TEXT_NUL  1 \n" },
    { "GBK in UTF-8", BYTES("<m>\n<XM>\xd5\xc5\xc8\xfd</XM></m>"),
      "TEXT_ENCODING  2 not utf-8; valid gb18030\n" },
    { "Latin-1 in UTF-8", BYTES("<m>\n<XM>\xe9</XM></m>"), "TEXT_ENCODING  2 not utf-8\n" },
    { "overlong UTF-8", BYTES("<m><XM>\xc0\xbc</XM></m>"),
      "TEXT_ENCODING  1 not utf-8; valid gb18030\n" },
    { "surrogate in UTF-8", BYTES("<m><XM>\xed\xa0\x80</XM></m>"), "TEXT_ENCODING  1 not utf-8\n" },
    { "cut in a character", BYTES("<m>\n<XM>\xe5\xbc"),
      "TEXT_ENCODING  2 not utf-8; cut at the end of the file\n" },
    { "NUL", BYTES("<m>\n<KH>1\0</KH></m>"), "TEXT_NUL  2 \n" },
    { "NUL behind the end", BYTES("<m><KH>1</KH></m>\n\0"), "TEXT_NUL  2 \n" },
    { "control character", BYTES("<m><KH>\x01</KH></m>"),
      "FILE_FORMAT XML 1 not well-formed XML\n" },
    { "U+FFFF", BYTES("<m><KH>\xef\xbf\xbf</KH></m>"), "FILE_FORMAT XML 1 not well-formed XML\n" },
    { "cut in the root", BYTES("<m>\n<KH>1</KH>"), "FILE_FORMAT XML 2 cut: the end is missing\n" },
    { "cut in a tag", BYTES("<m><KH>1</K"), "FILE_FORMAT XML 1 cut: the end is missing\n" },
    { "cut in CDATA", BYTES("<m><KH><![CDATA[1"), "FILE_FORMAT XML 1 cut: the end is missing\n" },
    { "cut in a comment", BYTES("<m><!-- "), "FILE_FORMAT XML 1 cut: the end is missing\n" },
    { "wrong end tag", BYTES("<m>\n<KH>1</XM></m>"),
      "FILE_FORMAT XML 2 an end tag of another element than the start tag\n" },
    { "two documents", BYTES("<m><KH>1</KH></m>\n<m><KH>2</KH></m>"),
      "FILE_FORMAT XML 2 something after the end\n" },
    { "text behind the end", BYTES("<m><KH>1</KH></m>\nx"),
      "FILE_FORMAT XML 2 something after the end\n" },
    { "text before the start", BYTES("x<m><KH>1</KH></m>"),
      "FILE_FORMAT XML 1 not well-formed XML\n" },
    { "an attribute twice", BYTES("<m KH='1' KH='2'/>"),
      "FILE_FORMAT XML 1 an attribute stands twice in an element\n" },
    { "an attribute without quotes", BYTES("<m KH=1/>"),
      "FILE_FORMAT XML 1 not well-formed XML\n" },
    { "a bare &", BYTES("<m><XM>a & b</XM></m>"), "FILE_FORMAT XML 1 not well-formed XML\n" },
    { "a < in an attribute", BYTES("<m KH='<'/>"), "FILE_FORMAT XML 1 not well-formed XML\n" },
    { "a field twice", BYTES("<m>\n<KH>1</KH>\n<KH>1</KH></m>"), "COLUMN_TWICE AAZ500 3 \n" },
    { "a field twice under two names", BYTES("<m><KH>1</KH><aaz500>1</aaz500></m>"),
      "COLUMN_TWICE AAZ500 1 \n" },
    { "a field twice, once empty", BYTES("<m><KH/><KH>1</KH></m>"), "COLUMN_TWICE AAZ500 1 \n" },
    { "attribute and element", BYTES("<m KH='1'><KH>1</KH></m>"), "COLUMN_TWICE AAZ500 1 \n" },
    { "attribute of two names", BYTES("<m KH='1' AAZ500='1'/>"), "COLUMN_TWICE AAZ500 1 \n" },
    { "s twice", BYTES("<m><s KH='1'/>\n<s KH='2'/></m>"), "COLUMN_TWICE AAZ500 2 \n" },
    { "head twice", BYTES("<m><h><code>1</code></h>\n<h><code>2</code></h><KH>1</KH></m>"),
      "COLUMN_TWICE code 2 \n" },
    { "card around two records",
      BYTES("<m><AAC002>1</AAC002>\n<d><QMZS>A</QMZS></d>\n<d><QMZS>B</QMZS>"
            "</d></m>"),
      "FILE_FORMAT AAC002 3 stands around several records\n" },
    { "card far around two records",
      BYTES("<m><AAC002>1</AAC002><l><d><QMZS>A</QMZS></d><d><QMZS>B</QMZS></d></l></m>"),
      "FILE_FORMAT AAC002 1 stands around several records\n" },
    { "field behind two records",
      BYTES("<m><d><KH>1</KH></d><d><KH>2</KH></d>\n<code>0</code></m>"),
      "FILE_FORMAT code 2 stands behind the records that it is around\n" },
    { "another card around", BYTES("<m><KH>1</KH>\n<d><KH>2</KH></d></m>"),
      "FILE_FORMAT AAZ500 2 a record and what is around it differ\n" },
    { "another card behind", BYTES("<m><d><KH>2</KH></d>\n<KH>1</KH></m>"),
      "FILE_FORMAT AAZ500 2 a record and what is around it differ\n" },
    { "elements in an item", BYTES("<m>\n<QMZS><b>A</b></QMZS></m>"),
      "FILE_FORMAT QMZS 2 something besides text in it\n" },
    { "attributes of an item", BYTES("<m><QMZS code='0'>A</QMZS></m>"),
      "FILE_FORMAT QMZS 1 something besides text in it\n" },
    { "text before elements", BYTES("<m><result>x<KH>1</KH></result></m>"),
      "FILE_FORMAT result 1 text beside elements\n" },
    { "text behind elements", BYTES("<m><result><KH>1</KH>x</result></m>"),
      "FILE_FORMAT result 1 text beside elements\n" },
};

static void
hostile_documents_are_refused(void **state)
{
    (void)state;
    read_cases(&utf8, hostile, sizeof hostile / sizeof hostile[0]);
}

/* 0x5C is the second byte of characters: a reader of bytes sees a backslash there. */
static const struct read_case in_gbk[] = {
    { "declared", BYTES("<?xml version=\"1.0\" encoding=\"GBK\"?><m><XM>\xd5\xc5\xc8\xfd</XM></m>"),
      "1 AAC003=\xe5\xbc\xa0\xe4\xb8\x89\n" },
    { "declared by the smaller set",
      BYTES("<?xml version=\"1.0\" encoding=\"gb2312\"?><m><XM>\xd5\xc5\xc8\xfd</XM></m>"),
      "1 AAC003=\xe5\xbc\xa0\xe4\xb8\x89\n" },
    { "not declared", BYTES("<m><XM>\xd5\xc5\xc8\xfd</XM></m>"),
      "1 AAC003=\xe5\xbc\xa0\xe4\xb8\x89\n" },
    { "second bytes 5C, 7C, 40", BYTES("<m><XM>\x81\x5c\x81\x7c\x81\x40</XM></m>"),
      "1 AAC003=\xe4\xb9\x97\xe4\xba\x85\xe4\xb8\x82\n" },
    { "names of elements", BYTES("<m><\xd0\xd5\xc3\xfb>a</\xd0\xd5\xc3\xfb></m>"), "1 AAC003=a\n" },
    { "declares UTF-8", BYTES("<?xml version=\"1.0\" encoding=\"UTF-8\"?><m><XM>a</XM></m>"),
      "TEXT_ENCODING XML 1 have UTF-8, want gbk\n" },
    { "declares the larger set",
      BYTES("<?xml version=\"1.0\" encoding=\"GB18030\"?><m><XM>a</XM></m>"),
      "TEXT_ENCODING XML 1 have GB18030, want gbk\n" },
    { "is UTF-8", BYTES("<m>\n<XM>\xe5\xbc\xa0\xe4\xb8\x89\xe6\x9d\x8e\xe5\x9b\x9b</XM></m>"),
      "TEXT_ENCODING  2 have utf-8, want gbk\n" },
    { "mark of UTF-8", BYTES("\xef\xbb\xbf<m><XM>a</XM></m>"),
      "TEXT_ENCODING  1 not gbk; byte order mark of utf-8\n" },
    { "four bytes", BYTES("<m><XM>\x82\x35\x90\x37</XM></m>"), "TEXT_ENCODING  1 not gbk\n" },
    { "cut in a character", BYTES("<m><XM>\xd5"),
      "TEXT_ENCODING  1 not gbk; cut at the end of the file\n" },
};

static const struct read_case in_gb18030[] = {
    { "four bytes",
      BYTES("<?xml version=\"1.0\" encoding=\"GBK\"?><m><XM>\x95\x34\xbe\x36</XM></m>"),
      "1 AAC003=\xf0\xa0\xb0\xb0\n" },
    { "its own mark",
      BYTES("\x84\x31\x95\x33<?xml version='1.0' encoding='GB18030'?><m><KH>1</KH></m>"),
      "1 AAZ500=1\n" },
};

static void
chinese_sets_are_decoded_before_expat(void **state) /* DOMAIN 1.3, 3.3 */
{
    (void)state;
    read_cases(&gbk, in_gbk, sizeof in_gbk / sizeof in_gbk[0]);
    read_cases(&gb18030, in_gb18030, sizeof in_gb18030 / sizeof in_gb18030[0]);
}

/* ---- limits, at n and n + 1 ---- */

static void
depth_is_bounded(void **state)
{
    (void)state;
    for (unsigned depth = 16; depth <= 17; depth++) {
        size_t n = 0;
        for (unsigned i = 1; i < depth; i++)
            n = put(n, "<a>");
        n = put(n, "<KH>1</KH>");
        for (unsigned i = 1; i < depth; i++)
            n = put(n, "</a>");
        big_expect(&utf8, n, 64,
                   depth == 16 ? "1 AAZ500=1\n" : "FILE_FORMAT XML 1 nested too deep\n");
    }
    size_t n = 0;
    for (unsigned i = 0; i < 100000; i++)
        n = put(n, "<a>");
    big_expect(&utf8, n, 1 << 16, "FILE_FORMAT XML 1 nested too deep\n");
}

static void
values_are_bounded(void **state)
{
    (void)state;
    for (size_t more = 0; more <= 1; more++) {
        size_t n = put_many(put(0, "<m><reason>"), 'x', PERSO_CELL_BYTES + more);
        n = put(n, "</reason><KH>1</KH></m>");
        big_expect(&utf8, n, 999,
                   more == 0 ? "1 AAZ500=1 reason=16384 bytes\n"
                             : "TEXT_LINE reason 1 value is too long\n");
        n = put_many(put(0, "<m KH='1' reason='"), 'x', PERSO_CELL_BYTES + more);
        n = put(n, "'/>");
        big_expect(&utf8, n, 999,
                   more == 0 ? "1 AAZ500=1 reason=16384 bytes\n"
                             : "TEXT_LINE reason 1 value is too long\n");
    }
    size_t n = put(0, "<m><KH>1</KH><photo>");
    n = put(put_many(n, 'x', 2 << 20), "</photo></m>"); /* nothing of it is kept */
    big_expect(&utf8, n, 1 << 16, "1 AAZ500=1\n");
}

static void
records_are_bounded(void **state)
{
    static const char *const names[] = { "reason", "time", "SF", "box" };
    (void)state;

    for (size_t more = 0; more <= 1; more++) {
        size_t n = put(0, "<m>");
        for (size_t i = 0; i < 4; i++) /* four times 16,384 with the card's number */
            n = put(put_many(put(n, "<%s>", names[i]), 'x', PERSO_CELL_BYTES - (i == 3)), "</%s>",
                    names[i]);
        n = put(n, "<KH>%s</KH></m>", more == 0 ? "1" : "12");
        big_expect(&utf8, n, 4096,
                   more == 0 ? "1 AAZ500=1 SF=16384 bytes reason=16384 bytes box=16383 bytes "
                               "time=16384 bytes\n"
                             : "TEXT_LINE AAZ500 1 record is too long\n");
    }
}

static void
names_are_bounded(void **state)
{
    (void)state;
    for (size_t more = 0; more <= 1; more++) {
        size_t n = put_many(put(0, "<m><KH>1</KH><"), 'a', PERSO_RECORD_NAME_BYTES + more);
        n = put(n, "/></m>");
        big_expect(&utf8, n, 100,
                   more == 0 ? "1 AAZ500=1\n" : "TEXT_LINE XML 1 name is too long\n");
        n = put_many(put(0, "<m KH='1' "), 'a', PERSO_RECORD_NAME_BYTES + more);
        n = put(n, "=''/>");
        big_expect(&utf8, n, 100,
                   more == 0 ? "1 AAZ500=1\n" : "TEXT_LINE XML 1 name is too long\n");
    }
}

static void
tags_are_bounded(void **state)
{
    (void)state;
    for (size_t more = 0; more <= 1; more++) {
        size_t fixed = strlen("<m KH='1' x=''>");
        size_t n = put_many(put(0, "<m KH='1' x='"), 'a', PERSO_RECORD_BYTES - fixed + more);
        n = put(n, "'></m>");
        big_expect(&utf8, n, 5000,
                   more == 0 ? "1 AAZ500=1\n" : "TEXT_LINE XML 1 tag or comment is too long\n");
        fixed = strlen("<!---->");
        n = put_many(put(0, "<m KH='1'><!--"), 'a', PERSO_RECORD_BYTES - fixed + more);
        n = put(n, "--></m>");
        big_expect(&utf8, n, 5000,
                   more == 0 ? "1 AAZ500=1\n" : "TEXT_LINE XML 1 tag or comment is too long\n");
    }
    /* A tag that never ends is let go long before the file ends. */
    size_t n = put_many(put(0, "<m x='"), 'a', 2 << 20);
    big_expect(&utf8, n, 4096, "TEXT_LINE XML 1 tag or comment is too long\n");
}

static void
bytes_are_bounded(void **state)
{
    struct perso_record_options options = utf8;
    struct read_bytes document = BYTES("<m><KH>1</KH></m>");
    (void)state;

    options.bytes_max = document.n;
    assert_string_equal(read_records(&options, document, 5), "1 AAZ500=1\n");
    options.bytes_max = document.n - 1;
    assert_string_equal(read_records(&options, document, 5),
                        "FILE_FORMAT  1 larger than a file of records may be\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_read),
        cmocka_unit_test(hostile_documents_are_refused),
        cmocka_unit_test(chinese_sets_are_decoded_before_expat),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(values_are_bounded),
        cmocka_unit_test(records_are_bounded),
        cmocka_unit_test(names_are_bounded),
        cmocka_unit_test(tags_are_bounded),
        cmocka_unit_test(bytes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
