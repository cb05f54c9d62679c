/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <string.h>

#include "formats/pki/pem.h"

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

/* MAMCAQU= is 30 03 02 01 05. */
static const uint8_t der[] = { 0x30, 0x03, 0x02, 0x01, 0x05 };

static struct perso_cursor
text_of(const char *text)
{
    return perso_cursor_of(text, strlen(text));
}

static const struct {
    const char *what, *text;
    uint32_t line;
    enum perso_pem_kind kind;
} sound[] = {
    { "as it is written", BEGIN "\nMAMCAQU=\n" END "\n", 1, PERSO_PEM_CERTIFICATE },
    { "CRLF", BEGIN "\r\nMAMCAQU=\r\n" END "\r\n", 1, PERSO_PEM_CERTIFICATE },
    { "no newline at the end", BEGIN "\nMAMCAQU=\n" END, 1, PERSO_PEM_CERTIFICATE },
    { "no line breaks at all", BEGIN "MAMCAQU=" END, 1, PERSO_PEM_CERTIFICATE },
    { "short lines", BEGIN "\nMA\nMC\n\nAQU=\n" END, 1, PERSO_PEM_CERTIFICATE },
    { "blanks at line ends", BEGIN " \t\nMAMCAQU= \n" END " \n", 1, PERSO_PEM_CERTIFICATE },
    { "indented", "  " BEGIN "\n  MAMCAQU=\n  " END "\n", 1, PERSO_PEM_CERTIFICATE },
    { "mark of UTF-8", "\xef\xbb\xbf" BEGIN "\nMAMCAQU=\n" END, 1, PERSO_PEM_CERTIFICATE },
    { "explanatory text", "subject=/CN=\xd5\xc5\n see -----BEGIN X-----\n" BEGIN "\nMAMCAQU=\n" END,
      3, PERSO_PEM_CERTIFICATE },
    { "old Macintosh lines", "text\r" BEGIN "\rMAMCAQU=\r" END, 1, PERSO_PEM_CERTIFICATE },
    { "X509", "-----BEGIN X509 CERTIFICATE-----\nMAMCAQU=\n-----END X509 CERTIFICATE-----", 1,
      PERSO_PEM_CERTIFICATE },
    { "PKCS7", "-----BEGIN PKCS7-----\nMAMCAQU=\n-----END PKCS7-----", 1, PERSO_PEM_PKCS7 },
    { "CMS", "-----BEGIN CMS-----\nMAMCAQU=\n-----END CMS-----", 1, PERSO_PEM_PKCS7 },
    { "request", "-----BEGIN CERTIFICATE REQUEST-----\nMAMCAQU=\n-----END CERTIFICATE REQUEST-----",
      1, PERSO_PEM_REQUEST },
    { "new request",
      "-----BEGIN NEW CERTIFICATE REQUEST-----\nMAMCAQU=\n-----END NEW CERTIFICATE REQUEST-----", 1,
      PERSO_PEM_REQUEST },
};

static void
forms_are_read(void **state) /* RFC 7468 2, 3 */
{
    uint8_t room[16];
    struct perso_error err = { 0 };
    struct perso_pem_block block;
    (void)state;

    for (size_t i = 0; i < sizeof sound / sizeof sound[0]; i++) {
        struct perso_pem pem = perso_pem_of(text_of(sound[i].text));
        assert_true(perso_pem_looks(text_of(sound[i].text)));
        if (perso_pem_next(&pem, room, sizeof room, &block, &err) != PERSO_OK)
            fail_msg("%s: %s", sound[i].what, err.text);
        if (block.kind != sound[i].kind || block.line != sound[i].line ||
            perso_left(&block.der) != sizeof der || memcmp(block.der.at, der, sizeof der) != 0)
            fail_msg("%s: something else was read", sound[i].what);
        if (perso_pem_next(&pem, room, sizeof room, &block, &err) != PERSO_END)
            fail_msg("%s: no end", sound[i].what);
    }
}

static const struct {
    const char *what, *text, *want;
    uint32_t line;
} damaged[] = {
    { "no END", "\n" BEGIN "\nMAMCAQU=\n", "block without its END", 4 },
    { "cut", BEGIN "\nMAMCA", "Base64 is cut", 2 },
    { "cut in the label", "-----BEGIN CERTIF", "BEGIN without a label and five dashes", 1 },
    { "four dashes", "-----BEGIN CERTIFICATE----\n", "BEGIN without a label and five dashes", 1 },
    { "no label", "-----BEGIN -----\n", "BEGIN without a label and five dashes", 1 },
    { "a begin in the block", BEGIN "\nMAMCAQU=\n" BEGIN, "block without its END", 3 },
    { "END cut", BEGIN "\nMAMCAQU=\n-----END CERT", "block without its END", 3 },
    { "END of another", BEGIN "\nMAMCAQU=\n-----END PKCS7-----\n",
      "END of another block than BEGIN", 3 },
    { "END alone", "text\n" END, "END without a BEGIN", 2 },
    { "second END", BEGIN "\nMAMCAQU=\n" END "\n" END, "END without a BEGIN", 4 },
    { "padding inside", BEGIN "\nMAMCAQU=\nMAMC\n" END, "Base64 goes on after its padding", 3 },
    { "bits beyond the end", BEGIN "\nMAMCAQV=\n" END, "not Base64", 2 },
    { "not the alphabet", BEGIN "\nMAM_AQU=\n" END, "not Base64", 2 },
    { "no padding", BEGIN "\nMAMCAQU\n" END, "Base64 is cut", 3 },
    { "nothing", BEGIN "\n\n" END, "nothing in it", 3 },
    { "encrypted", BEGIN "\nProc-Type: 4,ENCRYPTED\n" END,
      "header fields in the block, as of an encrypted one", 1 },
    { "a dash", BEGIN "\nMAMC-AQU=\n" END, "block without its END", 2 },
    { "text after the dashes", BEGIN "a:b\nMAMCAQU=\n" END,
      "header fields in the block, as of an encrypted one", 1 },
    { "trusted", "-----BEGIN TRUSTED CERTIFICATE-----\nMAMCAQU=\n-----END TRUSTED CERTIFICATE-----",
      "TRUSTED CERTIFICATE is a form of OpenSSL's own", 1 },
    { "more than the room", BEGIN "\nMAMCAQUwAwIBBTADAgEFMAMC\n" END,
      "longer than anything that is read here", 2 },
};

static void
damage_is_told_by_line(void **state)
{
    uint8_t room[15];
    struct perso_pem_block block;
    (void)state;

    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        struct perso_pem pem = perso_pem_of(text_of(damaged[i].text)), before = pem;
        struct perso_error err = { 0 };
        enum perso_result rc;
        while ((rc = perso_pem_next(&pem, room, sizeof room, &block, &err)) == PERSO_OK)
            before = pem;
        if (rc != PERSO_REJECT || err.reject != PERSO_REJ_FILE_FORMAT ||
            strcmp(err.text, damaged[i].want) != 0 || err.line != damaged[i].line)
            fail_msg("%s: have %u: %s, want %u: %s", damaged[i].what, err.line, err.text,
                     damaged[i].line, damaged[i].want);
        assert_memory_equal(&pem, &before, sizeof pem);
    }
}

static void
room_is_enough_at_n(void **state)
{
    uint8_t room[PERSO_PEM_ROOM(8)];
    struct perso_error err = { 0 };
    struct perso_pem_block block;
    struct perso_pem pem = perso_pem_of(text_of(BEGIN "MAMCAQUw" END)), again = pem;
    (void)state;

    assert_int_equal(perso_pem_next(&pem, room, 6, &block, &err), PERSO_OK);
    assert_int_equal(perso_left(&block.der), 6);
    assert_int_equal(perso_pem_next(&again, room, 5, &block, &err), PERSO_REJECT);
}

/* RFC 7468 5.3: others may stand in the same file. */
static void
blocks_follow_each_other(void **state)
{
    static const char text[] = "a\n" BEGIN "\nMAMCAQU=\n" END BEGIN "MAMCAQU=" END "\n\n"
                               "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA:!\n"
                               "-----END EC PRIVATE KEY-----\n"
                               "-----BEGIN X509 CRL-----\nMAMCAQU=\n-----END X509 CRL-----\nz\n";
    static const struct {
        enum perso_pem_kind kind;
        const char *label;
        uint32_t line;
        size_t bytes;
    } want[] = {
        { PERSO_PEM_CERTIFICATE, "CERTIFICATE", 2, 5 },
        { PERSO_PEM_CERTIFICATE, "CERTIFICATE", 4, 5 },
        { PERSO_PEM_OTHER, "EC PRIVATE KEY", 6, 0 },
        { PERSO_PEM_OTHER, "X509 CRL", 11, 0 },
    };
    uint8_t room[8];
    struct perso_error err = { 0 };
    struct perso_pem_block block;
    struct perso_pem pem = perso_pem_of(text_of(text));
    (void)state;

    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        assert_int_equal(perso_pem_next(&pem, room, sizeof room, &block, &err), PERSO_OK);
        assert_int_equal(block.kind, want[i].kind);
        assert_int_equal(block.line, want[i].line);
        assert_int_equal(block.label.bytes, strlen(want[i].label));
        assert_memory_equal(block.label.at, want[i].label, block.label.bytes);
        assert_int_equal(perso_left(&block.der), want[i].bytes);
    }
    assert_int_equal(perso_pem_next(&pem, room, sizeof room, &block, &err), PERSO_END);
}

static void
labels_have_an_end(void **state)
{
    char text[160];
    struct perso_error err = { 0 };
    struct perso_pem_block block;
    (void)state;

    for (int n = 64; n <= 65; n++) {
        snprintf(text, sizeof text, "-----BEGIN %0*d-----\n-----END %0*d-----", n, 0, n, 0);
        struct perso_pem pem = perso_pem_of(text_of(text));
        assert_int_equal(perso_pem_next(&pem, NULL, 0, &block, &err),
                         n == 64 ? PERSO_OK : PERSO_REJECT);
    }
}

static void
bare_base64_is_read(void **state)
{
    static const char *const refused[] = {
        "", "\n", "MAMCAQU", "MAMCAQU=MAMC", "MAMCAQU=-", "{}", "MAMCAQUwAwIBBTADAgEFMAMC", BEGIN
    };
    uint8_t room[15];
    struct perso_cursor ret;
    (void)state;

    assert_true(perso_pem_bare(text_of("\r\n MAMC\r\nAQU=\r\n"), room, sizeof room, &ret));
    assert_int_equal(perso_left(&ret), sizeof der);
    assert_memory_equal(ret.at, der, sizeof der);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_false(perso_pem_bare(text_of(refused[i]), room, sizeof room, &ret));
    assert_false(perso_pem_bare(perso_cursor_of(NULL, 0), room, sizeof room, &ret));
}

static void
text_without_blocks_is_none(void **state)
{
    struct perso_error err = { 0 };
    struct perso_pem_block block;
    struct perso_pem pem = perso_pem_of(text_of("a -----BEGIN X-----\n----BEGIN X-----\n"));
    (void)state;

    assert_false(perso_pem_looks(pem.left));
    assert_false(perso_pem_looks(perso_cursor_of(NULL, 0)));
    assert_int_equal(perso_pem_next(&pem, NULL, 0, &block, &err), PERSO_END);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_read),
        cmocka_unit_test(damage_is_told_by_line),
        cmocka_unit_test(room_is_enough_at_n),
        cmocka_unit_test(blocks_follow_each_other),
        cmocka_unit_test(labels_have_an_end),
        cmocka_unit_test(bare_base64_is_read),
        cmocka_unit_test(text_without_blocks_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
