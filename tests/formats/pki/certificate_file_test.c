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

#include "formats/base/encode.h"
#include "formats/pki/certificate.h"
#include "formats/pki/certificate_file.h"
#include "tests/formats/pki/pki_make.h"

static const uint8_t oid_signed[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                      0xf7, 0x0d, 0x01, 0x07, 0x02 };
static EVP_PKEY *key;
static struct made certificates[2], pkcs7, response, request;

/* ContentInfo around both certificates; CSRResponse around both and an envelope of n bytes. */
static struct made
make_pkcs7(void)
{
    struct made set = { .n = 0 }, data = { .n = 0 }, info = { .n = 0 };

    for (int i = 0; i < 2; i++)
        made_add(&set, certificates[i].at, certificates[i].n);
    made_add(&data, "\x02\x01\x01\x31\x00\x30\x03\x06\x01\x2a", 10);
    made_add_tlv(&data, 0xa0, set.at, set.n);
    made_add_tlv(&data, 0x31, "", 0);
    struct made whole = make_tlv(0x30, data.at, data.n);
    made_add(&info, oid_signed, sizeof oid_signed);
    made_add_tlv(&info, 0xa0, whole.at, whole.n);
    return make_tlv(0x30, info.at, info.n);
}

static struct made
make_response(size_t n)
{
    struct made body = { .n = 0 };
    uint8_t octets[2048] = { 0 };
    struct made envelope = make_tlv(0x30, "\x06\x01\x2a", 3);

    size_t header = n - envelope.n < 0x80 + 2 ? 2 : n - envelope.n < 0x100 + 3 ? 3 : 4;
    made_add_tlv(&envelope, 0x04, octets, n - envelope.n - header);
    assert_int_equal(envelope.n, n);
    made_add_tlv(&body, 0x31, certificates[0].at, certificates[0].n);
    made_add_tlv(&body, 0xa0, envelope.at, envelope.n);
    made_add_tlv(&body, 0xa1, certificates[1].at, certificates[1].n);
    return make_tlv(0x30, body.at, body.n);
}

static int
make_all(void **state)
{
    (void)state;
    key = make_key();
    for (int i = 0; i < 2; i++)
        certificates[i] = make_certificate(&(struct make_certificate) {
            .key = key, .issuer_key = key, .common_name = i == 0 ? "one" : "two", .issuer = "CA" });
    pkcs7 = make_pkcs7();
    response = make_response(300);
    request = make_request(key, "1234567812345678", "one");
    return 0;
}

static int
free_all(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}

/* What was visited, at most four items looked at. */
struct seen {
    uint32_t n;
    enum perso_certificate_role roles[4];
    uint32_t lines[4];
    size_t bytes[4];
    uint8_t first[4];
    bool as_made[4]; /* the bytes of certificates[] of the same place (envelopes left out) */
    uint32_t stop_at;
};

static enum perso_result
note(void *self, const struct perso_certificate_item *item, struct perso_error *err)
{
    struct seen *seen = self;
    uint32_t i = seen->n++;

    assert_int_equal(item->number, seen->n);
    if (seen->n == seen->stop_at)
        return perso_error_set(err, PERSO_REJ_CERT_SYNTAX, "certificate", "enough");
    if (i >= 4)
        return PERSO_OK;
    const struct made *want = &certificates[item->role == PERSO_ROLE_ENCRYPTION ? 1 : i % 2];
    seen->roles[i] = item->role;
    seen->lines[i] = item->line;
    seen->bytes[i] = perso_left(&item->der);
    seen->first[i] = *item->der.at;
    seen->as_made[i] = seen->bytes[i] == want->n && memcmp(item->der.at, want->at, want->n) == 0;
    return PERSO_OK;
}

static enum perso_result
read_bytes(const void *bytes, size_t n, struct seen *seen, struct perso_error *err)
{
    struct perso_certificate_visitor visitor = { note, seen };
    /* A copy of its own size, so that the sanitizer sees a read beyond its end. */
    uint8_t *copy = malloc(n + (n == 0));
    assert_non_null(copy);
    if (n != 0)
        memcpy(copy, bytes, n);
    enum perso_result rc = perso_certificates_read(perso_cursor_of(copy, n), &visitor, err);
    free(copy);
    return rc;
}

/* Base64 in lines of the given width (0: one line), with armour of the label (NULL: none). */
static size_t
armour(char *out, size_t max, const struct made *made, const char *label, unsigned width)
{
    static char base64[2 * MAKE_BYTES];
    size_t n = 0;

    perso_base64_encode(made->at, made->n, base64);
    if (label != NULL)
        n += (size_t)snprintf(out, max, "-----BEGIN %s-----\n", label);
    for (size_t i = 0; base64[i] != '\0'; i++) {
        out[n++] = base64[i];
        if (width != 0 && (i + 1) % width == 0)
            out[n++] = '\n';
        assert_true(n + 64 < max);
    }
    out[n++] = '\n';
    if (label != NULL)
        n += (size_t)snprintf(out + n, max - n, "-----END %s-----\n", label);
    return n;
}

static void
expect(const char *what, const void *bytes, size_t n, uint32_t items, bool text)
{
    struct seen seen = { 0 };
    struct perso_error err = { 0 };

    if (read_bytes(bytes, n, &seen, &err) != PERSO_OK)
        fail_msg("%s: %s", what, err.text);
    if (seen.n != items)
        fail_msg("%s: have %u items, want %u", what, seen.n, items);
    for (uint32_t i = 0; i < items; i++) {
        assert_int_equal(seen.lines[i] != 0, text);
        if (!seen.as_made[i] && seen.roles[i] != PERSO_ROLE_ENVELOPE)
            fail_msg("%s: item %u differs", what, i);
    }
}

static void
every_form_gives_its_certificates(void **state)
{
    static char text[4 * MAKE_BYTES];
    (void)state;

    const struct {
        const char *what, *label;
        const struct made *made;
        uint32_t items;
    } cases[] = {
        { "certificate", "CERTIFICATE", &certificates[0], 1 },
        { "PKCS#7", "PKCS7", &pkcs7, 2 },
        { "PKCS#7 under another label", "CERTIFICATE", &pkcs7, 2 },
        { "certificate under another label", "CMS", &certificates[0], 1 },
        { "CSRResponse", "CERTIFICATE", &response, 3 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect(cases[i].what, cases[i].made->at, cases[i].made->n, cases[i].items, false);
        for (unsigned width = 0; width <= 76; width += 38) {
            size_t n = armour(text, sizeof text, cases[i].made, cases[i].label, width);
            expect(cases[i].what, text, n, cases[i].items, true);
            n = armour(text, sizeof text, cases[i].made, NULL, width);
            expect(cases[i].what, text, n, cases[i].items, false);
        }
    }
}

static void
blocks_are_visited_with_their_lines(void **state)
{
    static char text[4 * MAKE_BYTES];
    struct seen seen = { 0 };
    struct perso_error err = { 0 };
    (void)state;

    size_t n = (size_t)snprintf(text, sizeof text, "0 s:/CN=one\n");
    n += armour(text + n, sizeof text - n, &certificates[0], "CERTIFICATE", 0);
    n += armour(text + n, sizeof text - n, &certificates[1], "X509 CERTIFICATE", 0);
    assert_int_equal(read_bytes(text, n, &seen, &err), PERSO_OK);
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.lines[0], 2);
    assert_int_equal(seen.lines[1], 5);
    assert_true(seen.as_made[0] && seen.as_made[1]);
}

/* GM/T 0092: what is which; the envelope is a SEQUENCE of its own. */
static void
parts_of_a_response_have_roles(void **state)
{
    static const size_t sizes[] = { 20, 127, 128, 129, 255, 256, 300, PERSO_CSR_ENVELOPE_BYTES };
    (void)state;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct seen seen = { 0 };
        struct perso_error err = { 0 };
        struct made made = make_response(sizes[i]);
        assert_int_equal(read_bytes(made.at, made.n, &seen, &err), PERSO_OK);
        assert_int_equal(seen.n, 3);
        assert_int_equal(seen.roles[0], PERSO_ROLE_SIGNING);
        assert_int_equal(seen.roles[1], PERSO_ROLE_ENVELOPE);
        assert_int_equal(seen.roles[2], PERSO_ROLE_ENCRYPTION);
        assert_int_equal(seen.first[1], 0x30);
        assert_int_equal(seen.bytes[1], sizes[i] + (sizes[i] < 0x80    ? 2
                                                    : sizes[i] < 0x100 ? 3
                                                                       : 4));
    }
    struct made made = make_response(PERSO_CSR_ENVELOPE_BYTES + 1);
    struct seen seen = { 0 };
    struct perso_error err = { 0 };
    assert_int_equal(read_bytes(made.at, made.n, &seen, &err), PERSO_REJECT);
    assert_string_equal(err.text, "key envelope is too long");
}

static void
expect_refused(const char *what, const void *bytes, size_t n, enum perso_reject reject,
               const char *want, uint32_t line)
{
    struct seen seen = { 0 };
    struct perso_error err = { .line = 99 };
    enum perso_result rc = read_bytes(bytes, n, &seen, &err);

    if (rc != PERSO_REJECT || err.reject != reject || strcmp(err.text, want) != 0)
        fail_msg("%s: have %s \"%s\", want \"%s\"", what, perso_reject_name(err.reject), err.text,
                 want);
    if (err.line != line)
        fail_msg("%s: have line %u, want %u", what, err.line, line);
}

static void
what_is_none_is_named(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *want;
    } cases[] = {
        { "\x30\x80\x06\x01\x2a\x00\x00", 7,
          "BER with an indefinite length, where DER is expected" },
        { "\x30\x82\x03\x00\x30", 5, "cut, or its length is wrong" },
        { "\x30\x00", 2, "no certificate" },
        { "\x30\x06\x02\x01\x01\x04\x01\x00", 8, "a private key" },
        { "\x30\x05\x02\x01\x00\x30\x00", 7, "a private key" },
        { "\x30\x05\x02\x01\x03\x30\x00", 7, "PKCS#12, no certificates alone" },
        { "\x30\x06\x02\x01\x05\x02\x01\x05", 8, "no certificate" },
        { "\x30\x06\x30\x00\x03\x02\x00\x04", 8, "a public key" },
        { "\x30\x04\x30\x00\x04\x00", 6, "an encrypted private key" },
        { "\x30\x0c\x30\x00\x30\x00\x03\x02\x00\x04\x03\x02\x00\x04", 14, "a key envelope" },
        { "\x30\x08\x30\x00\x30\x00\x03\x02\x00\x04", 10, "no certificate" },
        { "\x30\x0a\x30\x00\x30\x00\x03\x02\x00\x04\x05\x00", 12, "no certificate" },
        { "\x30\x04\x30\x00\x30\x00", 6, "no certificate" },
        { "\x30\x02\x30\x05", 4, "cut, or its length is wrong" },
        { "\x30\x0b\x30\x03\x06\x01\x2a\x30\x00\x03\x02\x00\x04", 13, "no certificate" },
        { "\x30\x0a\x30\x02\x30\x00\x30\x00\x03\x02\x00\x04", 12, "a revocation list" },
        { "\x30\x1a\x30\x12\x02\x01\x01\x30\x03\x06\x01\x2a\x30\x00\x17\x06"
          "000000"
          "\x30\x00\x03\x02\x00\x04",
          28, "a revocation list" },
        { "\x30\x0d\x30\x05\x02\x01\x00\x30\x00\x30\x00\x03\x02\x00\x04", 15,
          "a certificate request" },
        { "0 is no PEM!", 12, "cut, or its length is wrong" },
        { "\xff\xfeM\x00", 4, "text in utf-16" },
        { "\xfe\xff\x00M", 4, "text in utf-16" },
        { "MII!", 4, "neither DER nor PEM nor Base64" },
        { "<html>", 6, "neither DER nor PEM nor Base64" },
        { "\x00", 1, "neither DER nor PEM nor Base64" },
        { "AAAA", 4, "no certificate" },
        { "\x30\x04\x31\x00\xa1\x00", 6, "no certificate in it" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_refused(cases[i].want, cases[i].bytes, cases[i].n, PERSO_REJ_FILE_FORMAT,
                       cases[i].want, 0);
    expect_refused("empty", "", 0, PERSO_REJ_FILE_EMPTY, "", 99);
    expect_refused("blank", " \r\n\t\n", 5, PERSO_REJ_FILE_EMPTY, "", 99);
}

static void
text_is_refused_by_line(void **state)
{
    static char text[4 * MAKE_BYTES];
    static const char key_block[] =
        "\n-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n";
    struct made cut = certificates[0];
    size_t n;
    (void)state;

    n = armour(text, sizeof text, &request, "CERTIFICATE REQUEST", 64);
    expect_refused("request", text, n, PERSO_REJ_FILE_FORMAT, "a certificate request", 1);
    expect_refused("request", request.at, request.n, PERSO_REJ_FILE_FORMAT, "a certificate request",
                   0);
    expect_refused("key", key_block, sizeof key_block - 1, PERSO_REJ_FILE_FORMAT,
                   "a PEM block that is none of certificates", 2);
    cut.n -= 3;
    n = armour(text, sizeof text, &certificates[0], "CERTIFICATE", 0);
    n += armour(text + n, sizeof text - n, &cut, "CERTIFICATE", 64);
    expect_refused("cut", text, n, PERSO_REJ_FILE_FORMAT, "cut, or its length is wrong", 4);
    n = armour(text, sizeof text, &certificates[0], "CERTIFICATE", 64);
    uint32_t line = 1;
    for (size_t at = 0; at + 1 < n; at++) {
        if (text[at] != '\n')
            continue;
        line++;
        expect_refused("cut", text, at + 1, PERSO_REJ_FILE_FORMAT,
                       line == 2 ? "nothing in it" : "block without its END", line);
    }
    memcpy(text, certificates[0].at, certificates[0].n);
    text[certificates[0].n] = '\n';
    expect_refused("bytes after", text, certificates[0].n + 1, PERSO_REJ_FILE_FORMAT,
                   "bytes after its end", 0);
}

static void
a_visitor_ends_the_reading(void **state)
{
    struct seen seen = { .stop_at = 1 };
    struct perso_error err = { 0 };
    (void)state;

    assert_int_equal(read_bytes(pkcs7.at, pkcs7.n, &seen, &err), PERSO_REJECT);
    assert_int_equal(err.reject, PERSO_REJ_CERT_SYNTAX);
    assert_int_equal(seen.n, 1);
}

/* PKCS#7 around n empty sequences, lengths in four bytes; made by hand, too large for pki_make. */
static uint8_t *
many(size_t n, size_t *bytes)
{
    size_t set = 2 * n, data = 10 + 5 + set + 2, info = sizeof oid_signed + 5 + 5 + data, at = 0;
    uint8_t *ret = malloc(5 + info);
    assert_non_null(ret);
    const struct {
        uint8_t tag;
        size_t n;
    } headers[] = { { 0x30, info }, { 0xa0, data + 5 }, { 0x30, data }, { 0xa0, set } };
    for (int i = 0; i < 4; i++) {
        const uint8_t header[] = { headers[i].tag, 0x83, (uint8_t)(headers[i].n >> 16),
                                   (uint8_t)(headers[i].n >> 8), (uint8_t)headers[i].n };
        memcpy(ret + at, header, sizeof header);
        at += sizeof header;
        if (i == 0)
            memcpy(ret + at, oid_signed, sizeof oid_signed), at += sizeof oid_signed;
        if (i == 2)
            memcpy(ret + at, "\x02\x01\x01\x31\x00\x30\x03\x06\x01\x2a", 10), at += 10;
    }
    for (size_t i = 0; i < n; i++)
        memcpy(ret + at + 2 * i, "\x30\x00", 2);
    memcpy(ret + at + set, "\x31\x00", 2);
    *bytes = at + set + 2;
    return ret;
}

static void
certificates_are_counted(void **state) /* PERSO_FILE_CERTIFICATES at n and n + 1 */
{
    (void)state;
    for (size_t more = 0; more <= 1; more++) {
        struct seen seen = { 0 };
        struct perso_error err = { 0 };
        size_t n;
        uint8_t *bytes = many(PERSO_FILE_CERTIFICATES + more, &n);
        enum perso_result rc = read_bytes(bytes, n, &seen, &err);
        free(bytes);
        assert_int_equal(rc, more == 0 ? PERSO_OK : PERSO_REJECT);
        assert_int_equal(seen.n, PERSO_FILE_CERTIFICATES);
        assert_int_equal(err.reject, more == 0 ? PERSO_REJ_NONE : PERSO_REJ_ROW_COUNT);
    }
}

static void
files_have_a_size(void **state)
{
    struct perso_error err = { 0 };
    struct seen seen = { 0 };
    uint8_t *bytes = malloc(PERSO_CERTIFICATE_FILE_BYTES + 1);
    (void)state;

    assert_non_null(bytes);
    memset(bytes, 'A', PERSO_CERTIFICATE_FILE_BYTES + 1);
    assert_int_equal(read_bytes(bytes, PERSO_CERTIFICATE_FILE_BYTES, &seen, &err), PERSO_REJECT);
    assert_string_equal(err.text, "no certificate");
    assert_int_equal(read_bytes(bytes, PERSO_CERTIFICATE_FILE_BYTES + 1, &seen, &err),
                     PERSO_REJECT);
    assert_string_equal(err.text, "have 67108865 bytes, at most 67108864");
    free(bytes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_gives_its_certificates),
        cmocka_unit_test(blocks_are_visited_with_their_lines),
        cmocka_unit_test(parts_of_a_response_have_roles),
        cmocka_unit_test(what_is_none_is_named),
        cmocka_unit_test(text_is_refused_by_line),
        cmocka_unit_test(a_visitor_ends_the_reading),
        cmocka_unit_test(certificates_are_counted),
        cmocka_unit_test(files_have_a_size),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
