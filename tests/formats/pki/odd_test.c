/* Requests that are unusual (DOMAIN 5.3): named, tolerated where the profile says so, mended. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "formats/pki/odd.h"
#include "formats/sm2/sm2.h"
#include "formats/sm2/sm3.h"
#include "tests/formats/pki/odd_make.h"
#include "tests/formats/pki/one_key.h"

#define POINT_FORMS (PERSO_ODD_HYBRID | PERSO_ODD_COMPRESSED)

/* In the order in which they stand in a request. */
static const struct {
    uint32_t bit;
    const char *name, *refusal;
} odds[] = {
    { PERSO_ODD_PEM, "pem", "PEM text: pem is not tolerated" },
    { PERSO_ODD_HYBRID, "hybrid", "hybrid point: hybrid is not tolerated" },
    { PERSO_ODD_COMPRESSED, "compressed", "compressed point: compressed is not tolerated" },
    { PERSO_ODD_ATTRIBUTES, "attributes", "attributes field missing: attributes is not tolerated" },
    { PERSO_ODD_NULL, "null", "NULL parameters: null is not tolerated" },
    { PERSO_ODD_RAW, "raw", "raw r||s in the BIT STRING: raw is not tolerated" },
};

#define N_ODDS (sizeof odds / sizeof odds[0])

/* Under all sets of what is tolerated. */
static void
expect_odd(uint32_t bits, const struct made *info, const struct made *signature)
{
    struct made request = odd_request(bits, info, signature);
    struct made usual = odd_request(bits & ~PERSO_ODD_MENDABLE, info, signature);
    uint8_t room[PERSO_REQUEST_DER_BYTES];
    struct perso_pkcs10 read;
    struct perso_error err;

    for (uint32_t tolerated = 0; tolerated <= PERSO_ODD_ALL; tolerated++) {
        size_t first = 0;
        while (first < N_ODDS && (odds[first].bit & bits & ~tolerated) == 0)
            first++;
        if (first < N_ODDS) {
            odd_expect_refusal(&request, tolerated, odds[first].refusal);
            continue;
        }
        if (odd_read(&request, tolerated, room, &read, &err) != PERSO_OK)
            fail_msg("%02x under %02x: %s", bits, tolerated, err.text);
        assert_int_equal(read.odd, bits);
        assert_memory_equal(read.public_key, point, 64);
        assert_int_equal(perso_left(&read.info), info->n);
        assert_memory_equal(read.info.at, info->at, info->n);
        assert_int_equal(perso_left(&read.subject), 13);
        odd_expect_proof(&read);
        odd_expect_mended(&read, &usual);
    }
}

static void
odd_things_are_tolerated_alone_and_together(void **state) /* DOMAIN 5.3 */
{
    size_t n = 0;

    (void)state;
    for (uint32_t bits = 0; bits <= PERSO_ODD_ALL; bits++) {
        if ((bits & POINT_FORMS) == POINT_FORMS)
            continue;
        struct made info = odd_info(point, bits), signature;
        signature = make_signature(key, PERSO_SM2_ID, info.at, info.n);
        expect_odd(bits, &info, &signature);
        n++;
    }
    assert_int_equal(n, 48);
}

static void
odd_things_have_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ODDS; i++) {
        assert_string_equal(perso_odd_name(odds[i].bit), odds[i].name);
        assert_int_equal(perso_odd_find(odds[i].name), odds[i].bit);
        assert_string_equal(perso_odd_refusal(odds[i].bit), odds[i].refusal);
    }
    assert_string_equal(perso_odd_name(0), "");
    assert_string_equal(perso_odd_name(PERSO_ODD_ALL), "");
    assert_int_equal(perso_odd_find("PEM"), 0);
    assert_int_equal(perso_odd_find(""), 0);
}

/* The first byte of the point, its first coordinate's first byte, and the verdict. */
static const struct {
    const char *what, *x; /* 32 bytes; NULL: the key's */
    uint8_t first;
    bool parity_wrong;
    const char *refusal;
} points[] = {
    { "hybrid, the other parity", NULL, 6, true, "hybrid point contradicts its Y" },
    { "X is p",
      "\xff\xff\xff\xfe\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
      "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff",
      2, false, "compressed point is not on the curve" },
    { "X is 2^256 - 1",
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
      3, false, "compressed point is not on the curve" },
};

static void
points_are_checked(void **state) /* GB/T 32918.1 4.2.9 */
{
    uint8_t encoded[65];
    struct made spki, info, request;

    (void)state;
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        encoded[0] = points[i].first | ((point[63] & 1) ^ points[i].parity_wrong);
        memcpy(encoded + 1, point, 64);
        if (points[i].x != NULL)
            memcpy(encoded + 1, points[i].x, 32);
        spki = odd_spki(encoded, points[i].first < 4 ? 33 : 65);
        info = odd_info_of(&spki, "\xa0", 2);
        request = make_signed_by(key, PERSO_SM2_ID, &info);
        odd_expect_refusal(&request, PERSO_ODD_ALL, points[i].refusal);
    }
    /* Half of all X have no Y: among these are some of each kind. */
    size_t with = 0, without = 0;
    for (uint8_t x = 1; x <= 16; x++) {
        uint8_t ours[64], x_bytes[32] = { [31] = x };
        enum perso_result rc = perso_sm2_decompress(x_bytes, false, ours);
        memcpy(encoded + 1, x_bytes, 32);
        encoded[0] = 2;
        spki = odd_spki(encoded, 33);
        info = odd_info_of(&spki, "\xa0", 2);
        request = make_signed_by(key, PERSO_SM2_ID, &info);
        struct perso_pkcs10 read;
        struct perso_error err;
        assert_int_equal(odd_read(&request, PERSO_ODD_COMPRESSED, NULL, &read, &err), rc);
        with += rc == PERSO_OK;
        without += rc == PERSO_REJECT;
        if (rc == PERSO_OK)
            assert_memory_equal(read.public_key, ours, 64);
    }
    assert_true(with > 3 && without > 3 && with + without == 16);
}

/* A raw r may begin as DER does: tolerated raw is read all the same. */
static void
raw_that_looks_like_der_is_raw(void **state)
{
    struct made info = odd_info(point, 0), request;
    uint8_t rs[64] = { 0x30, 0x3e, 0x02, 0x20, 0x80 };
    struct perso_pkcs10 read;
    struct perso_error err;

    (void)state;
    rs[63] = 1;
    request =
        make_signed(&info, "\x30\x0a\x06\x08\x2a\x81\x1c\xcf\x55\x01\x83\x75", 12, rs, sizeof rs);
    odd_expect_refusal(&request, 0, "negative INTEGER in the signature");
    assert_int_equal(odd_read(&request, PERSO_ODD_RAW, NULL, &read, &err), PERSO_OK);
    assert_int_equal(read.odd, PERSO_ODD_RAW);
    assert_memory_equal(read.rs, rs, 64);
    for (size_t n = 63; n <= 65; n += 2) { /* of another length it is nothing */
        request =
            make_signed(&info, "\x30\x0a\x06\x08\x2a\x81\x1c\xcf\x55\x01\x83\x75", 12, info.at, n);
        odd_expect_refusal(&request, PERSO_ODD_ALL, "signature is not SEQUENCE { r, s }");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_things_have_names),
        cmocka_unit_test(odd_things_are_tolerated_alone_and_together),
        cmocka_unit_test(points_are_checked),
        cmocka_unit_test(raw_that_looks_like_der_is_raw),
    };
    return cmocka_run_group_tests(tests, keys_make, keys_free);
}
