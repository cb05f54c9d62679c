/* Requests as PEM text (RFC 7468, DOMAIN 5.3), and the limits of both forms. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "formats/sm2/sm3.h"
#include "tests/formats/pki/odd_make.h"
#include "tests/formats/pki/one_key.h"

static const struct {
    const char *what, *label, *line_break, *end, *tail;
    size_t tail_bytes, line;
    const char *refusal; /* NULL: none */
} pems[] = {
    { "LF", "CERTIFICATE REQUEST", "\n", NULL, "\n", 1, 64, NULL },
    { "CRLF", "CERTIFICATE REQUEST", "\r\n", NULL, "\r\n", 2, 64, NULL },
    { "NEW", "NEW CERTIFICATE REQUEST", "\n", NULL, "\n", 1, 64, NULL },
    { "long lines", "NEW CERTIFICATE REQUEST", "\n", NULL, "\n", 1, 76, NULL },
    { "a character a line", "CERTIFICATE REQUEST", "\r\n", NULL, "", 0, 1, NULL },
    { "no line breaks", "CERTIFICATE REQUEST", "", NULL, "", 0, 64, NULL },
    { "NUL", "CERTIFICATE REQUEST", "", NULL, "", 1, 64, NULL },
    { "line break and NUL", "CERTIFICATE REQUEST", "\n", NULL, "\n", 2, 64, NULL },
    { "two line breaks", "CERTIFICATE REQUEST", "\n", NULL, "\n\n", 2, 64,
      "bytes after the PEM text" },
    { "two NULs", "CERTIFICATE REQUEST", "\n", NULL, "\0", 2, 64, "bytes after the PEM text" },
    { "NUL and line break", "CERTIFICATE REQUEST", "\n", NULL, "\0\n", 2, 64,
      "bytes after the PEM text" },
    { "blank", "CERTIFICATE REQUEST", "\n", NULL, " ", 1, 64, "bytes after the PEM text" },
    { "another text", "CERTIFICATE REQUEST", "\n", NULL, "\n-----BEGIN X-----", 18, 64,
      "bytes after the PEM text" },
    { "CR alone", "CERTIFICATE REQUEST", "\r", NULL, "", 0, 64, "PEM text is not Base64" },
    { "blank lines", "CERTIFICATE REQUEST", "\n\n", NULL, "", 0, 64, "PEM text is not Base64" },
    { "blank at the end of a line", "CERTIFICATE REQUEST", " \n", NULL, "", 0, 64,
      "PEM text is not Base64" },
    { "end of another label", "CERTIFICATE REQUEST", "\n", "NEW CERTIFICATE REQUEST", "\n", 1, 64,
      "PEM text is cut, or its end is another one's" },
    { "end in the middle of dashes", "CERTIFICATE REQUEST", "\n", "", "", 0, 64,
      "PEM text is cut, or its end is another one's" },
    { "certificate", "CERTIFICATE", "\n", NULL, "\n", 1, 64,
      "PEM text of something else than a request" },
    { "small letters", "Certificate Request", "\n", NULL, "\n", 1, 64,
      "PEM text of something else than a request" },
};

static struct made
pem_case(size_t i, const struct made *der)
{
    const char *end = pems[i].end != NULL ? pems[i].end : pems[i].label;
    struct made ret = { .n = 0 };

    made_add(&ret, "-----BEGIN ", 11);
    made_add(&ret, pems[i].label, strlen(pems[i].label));
    made_add(&ret, "-----", 5);
    made_add(&ret, pems[i].line_break, strlen(pems[i].line_break));
    odd_add_base64(&ret, der, pems[i].line, pems[i].line_break);
    made_add(&ret, "-----END ", 9);
    made_add(&ret, end, strlen(end));
    made_add(&ret, "-----", 5);
    made_add(&ret, pems[i].tail, pems[i].tail_bytes);
    return ret;
}

static void
pem_is_read_with_its_looks(void **state) /* RFC 7468, DOMAIN 5.3 */
{
    struct made der = make_request(key, PERSO_SM2_ID, "ab");
    uint8_t room[PERSO_REQUEST_DER_BYTES];
    struct perso_pkcs10 read;
    struct perso_error err;

    (void)state;
    for (size_t i = 0; i < sizeof pems / sizeof pems[0]; i++) {
        struct made text = pem_case(i, &der);
        if (pems[i].refusal != NULL) {
            odd_expect_refusal(&text, PERSO_ODD_ALL, pems[i].refusal);
            continue;
        }
        if (odd_read(&text, PERSO_ODD_PEM, room, &read, &err) != PERSO_OK)
            fail_msg("%s: %s", pems[i].what, err.text);
        assert_int_equal(read.odd, PERSO_ODD_PEM);
        assert_ptr_equal(read.info.at, room + (der.at[1] == 0x81 ? 3 : 4));
        odd_expect_mended(&read, &der);
    }
}

static void
pem_is_cut_nowhere(void **state)
{
    struct made der = make_request(key, PERSO_SM2_ID, "ab"), text = odd_pem(&der), other;
    uint8_t room[PERSO_REQUEST_DER_BYTES];
    struct perso_pkcs10 read;
    struct perso_error err;

    (void)state;
    for (size_t n = 0; n + 1 < text.n; n++) {
        other = text;
        other.n = n;
        assert_int_equal(odd_read(&other, PERSO_ODD_ALL, room, &read, &err), PERSO_REJECT);
    }
    other = (struct made) { .n = 0 };
    made_add(&other, "\n", 1);
    made_add(&other, text.at, text.n);
    odd_expect_refusal(&other, PERSO_ODD_ALL, "no SEQUENCE");
    other.n = 0;
    odd_add_base64(&other, &der, 64, "\n"); /* Base64 without the dashes is the caller's */
    odd_expect_refusal(&other, PERSO_ODD_ALL, "no SEQUENCE");
    text = odd_pem(&text); /* one coat is taken off */
    odd_expect_refusal(&text, PERSO_ODD_ALL, "PEM text");
}

/* A request of so many bytes: its attribute fills it. */
static struct made
filled_request(uint32_t bits, size_t want)
{
    struct made spki, request = { .n = 0 };
    uint8_t encoded[65] = { 0x04 };
    size_t fill = want - 300;

    memcpy(encoded + 1, point, 64);
    spki = odd_spki(encoded, 65);
    do {
        struct made value = { .n = fill }, set, attribute = { .n = 0 }, list, info, signature;
        set = make_tlv(0x04, value.at, value.n);
        made_add_tlv(&attribute, 0x06, "\x2a", 1);
        made_add_tlv(&attribute, 0x31, set.at, set.n);
        list = make_tlv(0x30, attribute.at, attribute.n);
        attribute = make_tlv(0xa0, list.at, list.n);
        info = odd_info_of(&spki, attribute.at, attribute.n);
        signature = make_signature(key, PERSO_SM2_ID, info.at, info.n);
        request = odd_request(bits & ~PERSO_ODD_PEM, &info, &signature);
        fill += want - request.n;
    } while (request.n != want);
    return (bits & PERSO_ODD_PEM) != 0 ? odd_pem(&request) : request;
}

static void
mended_request_is_within_the_limit(void **state)
{
    struct made request = filled_request(PERSO_ODD_RAW, PERSO_REQUEST_DER_BYTES), usual;
    uint8_t room[PERSO_REQUEST_DER_BYTES], out[PERSO_REQUEST_DER_BYTES];
    struct perso_pkcs10 read;
    struct perso_error err;
    size_t n;

    (void)state;
    odd_expect_refusal(&request, PERSO_ODD_RAW, "too long once mended");
    request = filled_request(PERSO_ODD_RAW, PERSO_REQUEST_DER_BYTES - 8);
    assert_int_equal(odd_read(&request, PERSO_ODD_RAW, room, &read, &err), PERSO_OK);
    assert_true(perso_pkcs10_write(&read, out, sizeof out, &n));
    usual = filled_request(PERSO_ODD_PEM, PERSO_REQUEST_DER_BYTES);
    assert_int_equal(odd_read(&usual, PERSO_ODD_PEM, room, &read, &err), PERSO_OK);
    assert_true(perso_pkcs10_write(&read, out, sizeof out, &n));
    assert_int_equal(n, PERSO_REQUEST_DER_BYTES);
    usual = filled_request(PERSO_ODD_PEM, PERSO_REQUEST_DER_BYTES + 1);
    odd_expect_refusal(&usual, PERSO_ODD_PEM, "PEM text is too long");
    usual = (struct made) { .n = PERSO_REQUEST_PEM_BYTES + 1 };
    memset(usual.at, 'A', usual.n);
    memcpy(usual.at, "-----BEGIN CERTIFICATE REQUEST-----", 35);
    odd_expect_refusal(&usual, PERSO_ODD_PEM, "have 8193 bytes, want at most 8192");
    usual.n--;
    odd_expect_refusal(&usual, PERSO_ODD_PEM, "PEM text is too long");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pem_is_read_with_its_looks),
        cmocka_unit_test(pem_is_cut_nowhere),
        cmocka_unit_test(mended_request_is_within_the_limit),
    };
    return cmocka_run_group_tests(tests, keys_make, keys_free);
}
