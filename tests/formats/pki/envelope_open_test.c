/* Every form is opened with the card's private key by OpenSSL, before it is converted and after:
 * what comes out is the private key of the encryption certificate (DOMAIN 5.5, 5.9). */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "formats/pki/envelope.h"
#include "tests/formats/pki/envelope_make.h"

#define ROUNDS 24

/* The zero-extended private key of real CAs: 64 bytes, encrypted as a whole. */
static void
extended(const struct genuine *g, uint8_t out[64])
{
    uint8_t plain[64] = { 0 };

    memcpy(plain + 32, g->d, 32);
    genuine_encrypt(g, plain, sizeof plain, out);
}

enum { SKF, LONG, SDF_0, SDF_1, SDF_2, SDF_3, ASN1, ASN1_BARE, ASN1_64, ENVELOPED, ENVELOPED_64 };
enum { SIGNED = ENVELOPED_64 + 1, PKCS7, PKCS7_SIGNED, KINDS };

static struct made
make_kind(const struct genuine *g, int kind)
{
    uint8_t whole[64];
    struct asn1_options asn1 = { .algorithm = kind == ASN1_BARE ? "300906072a811ccf550168" : NULL };
    struct cms_options cms = { .is_signed = kind == SIGNED || kind == PKCS7_SIGNED,
                               .pkcs7 = kind == PKCS7 || kind == PKCS7_SIGNED };

    extended(g, whole);
    if (kind == ASN1_64) {
        asn1.private_key = whole;
        asn1.private_bytes = sizeof whole;
    }
    if (kind == ENVELOPED_64 || kind == SIGNED) {
        cms.content = whole;
        cms.content_bytes = sizeof whole;
    }
    if (kind <= LONG)
        return make_skf(g, kind == LONG ? 8 : 4);
    if (kind <= SDF_3)
        return make_sdf(g, kind % 2 == 0 ? "ascpk" : "aspkc", kind <= SDF_1 ? 4 : 8);
    return kind <= ASN1_64 ? make_asn1(g, &asn1) : make_cms(g, &cms);
}

static const enum perso_envelope_form forms[KINDS] = {
    PERSO_ENVELOPE_SKF,  PERSO_ENVELOPE_SKF_LONG, PERSO_ENVELOPE_SDF,  PERSO_ENVELOPE_SDF,
    PERSO_ENVELOPE_SDF,  PERSO_ENVELOPE_SDF,      PERSO_ENVELOPE_ASN1, PERSO_ENVELOPE_ASN1,
    PERSO_ENVELOPE_ASN1, PERSO_ENVELOPE_CMS,      PERSO_ENVELOPE_CMS,  PERSO_ENVELOPE_CMS,
    PERSO_ENVELOPE_CMS,  PERSO_ENVELOPE_CMS
};

static void
opens_to_the_key(const struct genuine *g, int kind, char form, const uint8_t *bytes, size_t n)
{
    uint8_t d[32], point[64];

    if (!genuine_open(g->card, form, bytes, n, d))
        fail_msg("kind %d: does not open as '%c'", kind, form);
    assert_memory_equal(d, g->d, 32);
    genuine_point(d, point);
    assert_memory_equal(point, g->key, 64);
}

static void
read_one(const struct genuine *g, const struct made *made, int kind, struct perso_envelope *ret)
{
    const char *note = NULL;

    if (perso_envelope_read(perso_cursor_of(made->at, made->n), ret, &note) != PERSO_REJ_NONE)
        fail_msg("kind %d: %s", kind, note);
    assert_int_equal(ret->form, forms[kind]);
    assert_int_equal(perso_envelope_form(perso_cursor_of(made->at, made->n)), forms[kind]);
    assert_null(ret->stuck);
    assert_int_equal(perso_envelope_judge(ret, g->key), PERSO_REJ_NONE);
}

/* As it came, converted both ways, and converted once more. */
static void
check_kind(const struct genuine *g, int kind, uint8_t skf[388])
{
    static const char as_it_came[KINDS] = "s-----aaaccccc";
    const struct made made = make_kind(g, kind);
    struct perso_envelope envelope, again;
    uint8_t asn1[PERSO_ENVELOPE_BYTES], back[PERSO_ENVELOPE_BYTES];
    size_t n, back_n;
    const char *note;

    if (as_it_came[kind] != '-')
        opens_to_the_key(g, kind, as_it_came[kind], made.at, made.n);
    read_one(g, &made, kind, &envelope);
    assert_true(perso_envelope_write(&envelope, PERSO_ENVELOPE_SKF, g->key, skf, &n));
    assert_int_equal(n, 388);
    opens_to_the_key(g, kind, 's', skf, n);
    assert_true(perso_envelope_write(&envelope, PERSO_ENVELOPE_ASN1, g->key, asn1, &n));
    opens_to_the_key(g, kind, 'a', asn1, n);
    assert_int_equal(perso_envelope_read(perso_cursor_of(asn1, n), &again, &note), PERSO_REJ_NONE);
    assert_true(perso_envelope_write(&again, PERSO_ENVELOPE_SKF, again.public_key, back, &back_n));
    assert_int_equal(back_n, 388);
    assert_memory_equal(back, skf, 388);
    assert_true(perso_envelope_write(&again, PERSO_ENVELOPE_ASN1, again.public_key, back, &back_n));
    assert_int_equal(back_n, n);
    assert_memory_equal(back, asn1, n);
}

/* One key in every form gives one blob: the machine's file does not depend on the CA. */
static void
check_all(const struct genuine *g)
{
    const struct made made = make_skf(g, 4);
    uint8_t skf[KINDS][388];

    for (int kind = 0; kind < KINDS; kind++) {
        check_kind(g, kind, skf[kind]);
        assert_memory_equal(skf[kind], made.at, 388);
    }
}

static void
every_form_holds_the_key_before_and_after(void **state)
{
    struct genuine g;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        genuine_make(&g);
        check_all(&g);
        genuine_free(&g);
    }
}

static void
numbers_are_as_long_as_they_are(void **state) /* X.690 8.3.2: INTEGERs of 31 to 33 bytes */
{
    struct genuine g;

    (void)state;
    for (int coordinate = 0; coordinate < 2; coordinate++)
        for (int zero = 0; zero < 2; zero++) {
            genuine_make_like(&g, coordinate, zero == 1);
            check_all(&g);
            genuine_free(&g);
        }
}

static void
another_card_opens_nothing(void **state)
{
    struct genuine g, other;
    uint8_t d[32];

    (void)state;
    genuine_make(&g);
    genuine_make(&other);
    const struct made made = make_skf(&g, 4);
    assert_false(genuine_open(other.card, 's', made.at, made.n, d));
    genuine_free(&g);
    genuine_free(&other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_holds_the_key_before_and_after),
        cmocka_unit_test(numbers_are_as_long_as_they_are),
        cmocka_unit_test(another_card_opens_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
