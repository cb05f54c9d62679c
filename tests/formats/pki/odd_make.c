#include "tests/formats/pki/odd_make.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <openssl/ec.h>
#include <string.h>

#include "formats/base/encode.h"
#include "formats/sm2/sm2.h"
#include "formats/sm2/sm3.h"

/* SubjectPublicKeyInfo of a point in any encoding. */
struct made
odd_spki(const void *encoded, size_t n)
{
    static const char algorithm[] = "\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x81"
                                    "\x1c\xcf\x55\x01\x82\x2d";
    struct made body = { .n = 0 }, bits = { .at = { 0 }, .n = 1 };

    made_add(&bits, encoded, n);
    made_add(&body, algorithm, sizeof algorithm - 1);
    made_add_tlv(&body, 0x03, bits.at, bits.n);
    return make_tlv(0x30, body.at, body.n);
}

struct made
odd_info_of(const struct made *spki, const void *attributes, size_t attributes_bytes)
{
    static const char subject[] = "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02"
                                  "ab";
    struct made body = { .n = 0 };

    made_add(&body, "\x02\x01\x00", 3);
    made_add(&body, subject, sizeof subject - 1);
    made_add(&body, spki->at, spki->n);
    made_add(&body, attributes, attributes_bytes);
    return make_tlv(0x30, body.at, body.n);
}

struct made
odd_info(const uint8_t point[64], uint32_t bits)
{
    uint8_t encoded[65] = { 0x04 };
    struct made spki;

    memcpy(encoded + 1, point, 64);
    if ((bits & PERSO_ODD_HYBRID) != 0)
        encoded[0] = 0x06 | (point[63] & 1);
    if ((bits & PERSO_ODD_COMPRESSED) != 0)
        encoded[0] = 0x02 | (point[63] & 1);
    spki = odd_spki(encoded, (bits & PERSO_ODD_COMPRESSED) != 0 ? 33 : 65);
    return odd_info_of(&spki, "\xa0", (bits & PERSO_ODD_ATTRIBUTES) != 0 ? 0 : 2);
}

static struct made
raw_of(const struct made *signature)
{
    const unsigned char *at = signature->at;
    ECDSA_SIG *both = d2i_ECDSA_SIG(NULL, &at, (long)signature->n);
    struct made ret = { .n = 64 };

    assert_non_null(both);
    BN_bn2binpad(ECDSA_SIG_get0_r(both), ret.at, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(both), ret.at + 32, 32);
    ECDSA_SIG_free(both);
    return ret;
}

/* Base64 with a line break after so many characters. */
void
odd_add_base64(struct made *to, const struct made *der, size_t line, const char *line_break)
{
    char text[MAKE_BYTES];
    size_t chars = PERSO_BASE64_CHARS(der->n);

    perso_base64_encode(der->at, der->n, text);
    for (size_t at = 0; at < chars; at += line) {
        made_add(to, text + at, chars - at < line ? chars - at : line);
        made_add(to, line_break, strlen(line_break));
    }
}

struct made
odd_pem(const struct made *der)
{
    struct made ret = { .n = 0 };

    made_add(&ret, "-----BEGIN CERTIFICATE REQUEST-----\n", 36);
    odd_add_base64(&ret, der, 64, "\n");
    made_add(&ret, "-----END CERTIFICATE REQUEST-----\n", 34);
    return ret;
}

/* The request of an info and its signature, unusual where the bits say so. */
struct made
odd_request(uint32_t bits, const struct made *info, const struct made *signature)
{
    static const char algorithm[] = "\x30\x0c\x06\x08\x2a\x81\x1c\xcf\x55\x01\x83\x75\x05\x00";
    struct made used = (bits & PERSO_ODD_RAW) != 0 ? raw_of(signature) : *signature, ret;

    if ((bits & PERSO_ODD_NULL) != 0)
        ret = make_signed(info, algorithm, 14, used.at, used.n);
    else
        ret = make_signed(info, "\x30\x0a\x06\x08\x2a\x81\x1c\xcf\x55\x01\x83\x75", 12, used.at,
                          used.n);
    return (bits & PERSO_ODD_PEM) != 0 ? odd_pem(&ret) : ret;
}

enum perso_result
odd_read(const struct made *made, uint32_t tolerated, uint8_t *room, struct perso_pkcs10 *ret,
         struct perso_error *err)
{
    *err = (struct perso_error) { 0 };
    return perso_pkcs10_read(perso_cursor_of(made->at, made->n), tolerated,
                             (tolerated & PERSO_ODD_PEM) != 0 ? room : NULL, ret, err);
}

void
odd_expect_refusal(const struct made *made, uint32_t tolerated, const char *text)
{
    uint8_t room[PERSO_REQUEST_DER_BYTES];
    struct perso_pkcs10 read;
    struct perso_error err;

    if (odd_read(made, tolerated, room, &read, &err) != PERSO_REJECT)
        fail_msg("read, want \"%s\"", text);
    if (err.reject != PERSO_REJ_REQUEST_SYNTAX || strcmp(err.text, text) != 0)
        fail_msg("%s: \"%s\", want \"%s\"", perso_reject_name(err.reject), err.text, text);
}

void
odd_expect_proof(const struct perso_pkcs10 *request)
{
    uint8_t e[PERSO_SM3_BYTES];
    struct perso_sm2_item item = { request->public_key, e, request->rs };
    enum perso_sm2_verdict verdict;
    struct perso_error err = { 0 };

    assert_true(perso_pkcs10_e(request, PERSO_SM2_ID, e));
    assert_int_equal(perso_sm2_verify(NULL, &item, 1, &verdict, &err), PERSO_OK);
    assert_int_equal(verdict, PERSO_SM2_ACCEPTED);
}

/* What is written has the signed bytes of what was read, and nothing that can be mended. */
void
odd_expect_mended(const struct perso_pkcs10 *request, const struct made *usual)
{
    uint8_t out[PERSO_REQUEST_DER_BYTES], short_by_one[PERSO_REQUEST_DER_BYTES];
    struct perso_pkcs10 again;
    struct perso_error err = { 0 };
    size_t n;

    assert_true(perso_pkcs10_write(request, out, sizeof out, &n));
    assert_int_equal(n, usual->n);
    assert_memory_equal(out, usual->at, n);
    assert_false(perso_pkcs10_write(request, short_by_one, n - 1, &n));
    assert_int_equal(perso_pkcs10_read(perso_cursor_of(out, n), request->odd & ~PERSO_ODD_MENDABLE,
                                       NULL, &again, &err),
                     PERSO_OK);
    assert_int_equal(again.odd, request->odd & ~PERSO_ODD_MENDABLE);
    assert_int_equal(perso_left(&again.info), perso_left(&request->info));
    assert_memory_equal(again.info.at, request->info.at, perso_left(&again.info));
    assert_memory_equal(again.public_key, request->public_key, 64);
    assert_memory_equal(again.rs, request->rs, 64);
    odd_expect_proof(&again);
}
