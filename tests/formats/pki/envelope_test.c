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

/* Offsets of DOMAIN 5.9. */
enum { VERSION = 0, ALGORITHM = 4, BITS = 8, PRIVATE = 12, KEY_BITS = 76, X = 80, Y = 144 };
enum { C1_X = 208, C1_Y = 272, HASH = 336, CIPHER_BYTES = 368, CIPHER = 372 };

static struct genuine genuine;
static EVP_PKEY *stranger;

static int
set_up(void **state)
{
    (void)state;
    genuine_make(&genuine);
    stranger = make_key();
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    genuine_free(&genuine);
    EVP_PKEY_free(stranger);
    return 0;
}

static enum perso_reject
read_made(const struct made *made, struct perso_envelope *ret, const char **note)
{
    return perso_envelope_read(perso_cursor_of(made->at, made->n), ret, note);
}

/* ---- the blob of GM/T 0016 ---- */

static void
sound_envelope_gives_its_key(void **state) /* GM/T 0016-2012, DOMAIN 5.9 */
{
    struct made blob = make_skf(&genuine, 4);
    struct perso_envelope envelope;
    const char *note;

    (void)state;
    for (uint8_t version = 0; version < 2; version++) {
        blob.at[VERSION] = version;
        assert_int_equal(read_made(&blob, &envelope, &note), PERSO_REJ_NONE);
        assert_int_equal(envelope.form, PERSO_ENVELOPE_SKF);
        assert_memory_equal(envelope.public_key, genuine.key, 64);
        assert_memory_equal(envelope.c1, genuine.c1, 64);
        assert_memory_equal(envelope.c3, genuine.c3, 32);
        assert_memory_equal(envelope.c2, genuine.c2, 16);
        assert_memory_equal(envelope.private_key, genuine.private_key, 32);
    }
}

static void
every_other_length_is_refused(void **state)
{
    const struct made blob = make_skf(&genuine, 4);
    struct perso_envelope envelope, was;
    const char *note;

    (void)state;
    memset(&envelope, 0x5a, sizeof envelope);
    was = envelope;
    for (size_t n = 0; n <= PERSO_ENVELOPE_BYTES + 200; n++) {
        enum perso_reject reject;
        if (n == PERSO_ENVELOPE_BYTES || (n > 0 && n < 12)) /* fewer tell nothing: opaque */
            continue;
        reject = perso_envelope_read(perso_cursor_of(blob.at, n), &envelope, &note);
        assert_int_equal(reject, PERSO_REJ_ENVELOPE_SHAPE);
        assert_non_null(note);
        assert_memory_equal(&envelope, &was, sizeof was);
    }
}

/* True for the bytes that hold secrets or a digest and may be anything. */
static bool
may_be_anything(size_t at)
{
    return (at >= PRIVATE + 32 && at < KEY_BITS) || (at >= HASH && at < CIPHER_BYTES) ||
           at >= CIPHER;
}

static void
every_byte_that_means_something_is_judged(void **state)
{
    struct made blob = make_skf(&genuine, 4);
    struct perso_envelope envelope;
    const char *note;

    (void)state;
    for (size_t at = 0; at < PERSO_ENVELOPE_BYTES; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            bool version_0 = at == VERSION && bit == 0;
            blob.at[at] ^= (uint8_t)(1u << bit);
            enum perso_reject want =
                may_be_anything(at) || version_0 ? PERSO_REJ_NONE : PERSO_REJ_ENVELOPE_SHAPE;
            if (read_made(&blob, &envelope, &note) != want)
                fail_msg("byte %zu bit %u", at, bit);
            blob.at[at] ^= (uint8_t)(1u << bit);
        }
}

/* In every form: a changed bit is refused, or does not change what is a point. */
static void
no_changed_bit_makes_another_key(void **state)
{
    const struct asn1_options asn1 = { .algorithm = NULL };
    const struct cms_options cms = { .is_signed = true };
    struct made all[] = { make_skf(&genuine, 8), make_sdf(&genuine, "ascpk", 4),
                          make_sdf(&genuine, "aspkc", 8), make_asn1(&genuine, &asn1),
                          make_cms(&genuine, &cms) };
    struct perso_envelope envelope;
    const char *note;

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        for (size_t bit = 0; bit < 8 * all[i].n; bit++) {
            all[i].at[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (read_made(&all[i], &envelope, &note) == PERSO_REJ_NONE && envelope.stuck == NULL) {
                assert_memory_equal(envelope.c1, genuine.c1, 64);
                if (envelope.has_public_key)
                    assert_memory_equal(envelope.public_key, genuine.key, 64);
            }
            all[i].at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
}

static void
nothing_cut_is_an_envelope(void **state)
{
    const struct asn1_options asn1 = { .algorithm = NULL };
    const struct cms_options cms = { .is_signed = true };
    const struct made all[] = { make_asn1(&genuine, &asn1), make_cms(&genuine, &cms) };
    struct perso_envelope envelope;
    const char *note;

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        for (size_t n = 5; n < all[i].n; n++)
            assert_int_equal(perso_envelope_read(perso_cursor_of(all[i].at, n), &envelope, &note),
                             PERSO_REJ_ENVELOPE_SHAPE);
}

/* ---- one by one ---- */

enum verdict { GOOD, STUCK, OPAQUE, SHAPE };

#define SM4 "2a811ccf550168"

/* One envelope, told by what is unusual about it. */
struct one {
    const char *what;
    char form; /* s, l (ULONG of 8), 1 to 4 (GM/T 0018), a, c */
    enum verdict want;
    const char *note; /* a part of it */
    struct asn1_options asn1;
    struct cms_options cms;
    struct {
        size_t at;
        uint8_t byte;
    } blob; /* a byte put there */
};

static uint8_t noise[PERSO_ENVELOPE_BYTES_MAX], twice[64];
static struct made c_no_hash, c_long_hash, c_key_24, c_off, c_negative, c_long_x, c_zero_padded,
    c_raw, c_tail, c_order, tail_null, no_signer, bad_signer, not_a_certificate;

static struct made
cipher_of(const char *x, const char *y, size_t hash, size_t bytes)
{
    struct made body = make_hex(x), second = make_hex(y);

    made_add(&body, second.at, second.n);
    made_add_tlv(&body, 0x04, noise, hash);
    made_add_tlv(&body, 0x04, noise, bytes);
    return make_tlv(0x30, body.at, body.n);
}

static struct made
integer_of(const uint8_t number[32], size_t zeros, bool negative)
{
    struct made body = { .n = 0 }, ret = { .n = 0 };

    for (size_t i = 0; i < zeros; i++)
        made_add(&body, "", 1);
    if (!negative && zeros == 0 && number[0] >= 0x80)
        made_add(&body, "", 1);
    made_add(&body, number, 32);
    made_add_tlv(&ret, 0x02, body.at, body.n);
    return ret;
}

/* The genuine C1 with integers written otherwise. */
static struct made
cipher_with(const struct genuine *g, size_t zeros, bool negative)
{
    struct made body = integer_of(g->c1, zeros, negative), y = integer_of(g->c1 + 32, 0, false);

    made_add(&body, y.at, y.n);
    made_add_tlv(&body, 0x04, g->c3, 32);
    made_add_tlv(&body, 0x04, g->c2, 16);
    return make_tlv(0x30, body.at, body.n);
}

static void
make_parts(void)
{
    struct genuine high;
    struct made body = { .n = 0 };

    memset(noise, 0xa7, sizeof noise);
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * 37 + i / 16);
    memset(twice, 0x11, 32);
    c_no_hash = make_tlv(0x30, genuine.cipher.at + 2, genuine.cipher.n - 2 - 52);
    c_long_hash = cipher_of("020101", "020102", 33, 16);
    c_key_24 = cipher_of("020101", "020102", 32, 24);
    c_off = cipher_of("020101", "020102", 32, 16);
    genuine_make_like(&high, 0, false);
    c_negative = cipher_with(&high, 0, true);
    c_zero_padded = cipher_with(&high, 2, false);
    genuine_free(&high);
    c_long_x = cipher_of("022200"
                         "800000000000000000000000000000000000000000000000000000000000000000",
                         "020102", 32, 16);
    c_raw = make_hex("04");
    made_add(&c_raw, noise, 112);
    c_tail = genuine.cipher;
    made_add(&c_tail, "\x05", 2);
    made_add_tlv(&body, 0x04, genuine.c3, 32);
    made_add(&body, genuine.cipher.at + 2, genuine.cipher.n - 2);
    c_order = make_tlv(0x30, body.at, body.n);
    tail_null = make_hex("0500");
    no_signer = make_hex("0500");
    bad_signer = make_hex("31053003020101");
    not_a_certificate = make_hex("30050403010203");
}

/* clang-format off */
static const struct one ones[] = {
    { .what = "blob", .form = 's', .want = GOOD },
    { .what = "blob, version 2", .form = 's', .want = SHAPE, .note = "version", .blob = { 0, 2 } },
    { .what = "blob, SM1 ECB", .form = 's', .want = SHAPE, .note = "SM1", .blob = { 5, 1 } },
    { .what = "blob, SSF33 ECB", .form = 's', .want = SHAPE, .note = "SSF33", .blob = { 5, 2 } },
    { .what = "blob, SM4 CBC", .form = 's', .want = SHAPE, .note = "mode", .blob = { 4, 2 } },
    { .what = "blob, RC4?", .form = 's', .want = SHAPE, .note = "not SM4", .blob = { 7, 9 } },
    { .what = "blob, 512 bits", .form = 's', .want = SHAPE, .note = "256", .blob = { 9, 2 } },
    { .what = "blob, BitLen 512", .form = 's', .want = SHAPE, .note = "256", .blob = { 77, 2 } },
    { .what = "blob, d left", .form = 's', .want = SHAPE, .note = "private key",
      .blob = { 12, 1 } },
    { .what = "blob, X left", .form = 's', .want = SHAPE, .note = "coordinate", .blob = { 80, 1 } },
    { .what = "blob, key", .form = 's', .want = SHAPE, .note = "public key", .blob = { 207, 1 } },
    { .what = "blob, C1.Y left", .form = 's', .want = SHAPE, .note = "coordinate",
      .blob = { 272, 1 } },
    { .what = "blob, C1", .form = 's', .want = SHAPE, .note = "C1", .blob = { 271, 1 } },
    { .what = "blob, cipher of 24", .form = 's', .want = SHAPE, .note = "16 bytes",
      .blob = { 368, 24 } },

    { .what = "long blob", .form = 'l', .want = GOOD },
    { .what = "long, half a number", .form = 'l', .want = SHAPE, .note = "version",
      .blob = { 5, 1 } },
    { .what = "long, SM1", .form = 'l', .want = SHAPE, .note = "SM1", .blob = { 9, 1 } },
    { .what = "long, bits", .form = 'l', .want = SHAPE, .note = "256", .blob = { 20, 1 } },
    { .what = "long, C1", .form = 'l', .want = SHAPE, .note = "C1", .blob = { 287, 1 } },
    { .what = "long, length", .form = 'l', .want = SHAPE, .note = "16 bytes", .blob = { 390, 1 } },

    { .what = "GM/T 0018, cipher first", .form = '1', .want = GOOD },
    { .what = "GM/T 0018, cipher last", .form = '2', .want = GOOD },
    { .what = "GM/T 0018, cipher first, long", .form = '3', .want = GOOD },
    { .what = "GM/T 0018, cipher last, long", .form = '4', .want = GOOD },
    { .what = "GM/T 0018, not SM2", .form = '1', .want = SHAPE, .note = "SM2", .blob = { 2, 1 } },
    { .what = "GM/T 0018, CBC", .form = '1', .want = SHAPE, .note = "mode", .blob = { 4, 2 } },
    { .what = "GM/T 0018, other order", .form = '1', .want = SHAPE, .blob = { 8, 1 } },
    { .what = "GM/T 0018, d left", .form = '2', .want = SHAPE, .blob = { 140, 1 } },
    { .what = "GM/T 0018, of 1 and 1", .form = '4', .want = SHAPE, .blob = { 12, 1 } },

    { .what = "ASN.1", .form = 'a', .want = GOOD },
    { .what = "SM4 without a mode", .form = 'a', .want = GOOD, .asn1.algorithm = "30090607" SM4 },
    { .what = "SM4 without a mode, NULL", .form = 'a', .want = GOOD,
      .asn1.algorithm = "300b0607" SM4 "0500" },
    { .what = "SM4 ECB without NULL", .form = 'a', .want = GOOD,
      .asn1.algorithm = "300a0608" SM4 "01" },
    { .what = "64 bytes, zeros first", .form = 'a', .want = GOOD,
      .asn1 = { .private_key = twice, .private_bytes = 64 } },
    { .what = "SM4 CBC", .form = 'a', .want = STUCK, .note = "mode",
      .asn1.algorithm = "301c0608" SM4 "02041000112233445566778899aabbccddeeff" },
    { .what = "SM4 CBC without IV", .form = 'a', .want = STUCK, .note = "mode",
      .asn1.algorithm = "300a0608" SM4 "02" },
    { .what = "SM4 GCM", .form = 'a', .want = STUCK, .note = "mode",
      .asn1.algorithm = "30100608" SM4 "083004040200ff" },
    { .what = "SM4 with an IV", .form = 'a', .want = STUCK, .note = "mode",
      .asn1.algorithm = "301b0607" SM4 "041000112233445566778899aabbccddeeff" },
    { .what = "SM4 ECB with an IV", .form = 'a', .want = STUCK, .note = "IV",
      .asn1.algorithm = "301c0608" SM4 "01041000112233445566778899aabbccddeeff" },
    { .what = "48 bytes", .form = 'a', .want = STUCK, .note = "padded",
      .asn1 = { .private_key = noise, .private_bytes = 48 } },
    { .what = "64 bytes, noise", .form = 'a', .want = STUCK, .note = "zeros",
      .asn1 = { .private_key = noise, .private_bytes = 64 } },
    { .what = "80 bytes", .form = 'a', .want = STUCK, .note = "more",
      .asn1 = { .private_key = noise, .private_bytes = 80 } },
    { .what = "1024 bytes", .form = 'a', .want = STUCK, .note = "more",
      .asn1 = { .private_key = noise, .private_bytes = 1024 } },
    { .what = "1040 bytes", .form = 'a', .want = SHAPE, .note = "blocks",
      .asn1 = { .private_key = noise, .private_bytes = 1040 } },
    { .what = "16 bytes", .form = 'a', .want = SHAPE, .note = "blocks",
      .asn1 = { .private_key = noise, .private_bytes = 16 } },
    { .what = "33 bytes", .form = 'a', .want = SHAPE, .note = "blocks",
      .asn1 = { .private_key = noise, .private_bytes = 33 } },
    { .what = "SM1", .form = 'a', .want = SHAPE, .note = "SM1",
      .asn1.algorithm = "300906072a811ccf550166" },
    { .what = "SM1 ECB", .form = 'a', .want = SHAPE, .note = "SM1",
      .asn1.algorithm = "300a06082a811ccf55016601" },
    { .what = "SSF33", .form = 'a', .want = SHAPE, .note = "SSF33",
      .asn1.algorithm = "300906072a811ccf550167" },
    { .what = "AES-128 ECB", .form = 'a', .want = SHAPE, .note = "not SM4",
      .asn1.algorithm = "300b0609608648016503040101" },
    { .what = "SM3", .form = 'a', .want = SHAPE, .note = "not SM4",
      .asn1.algorithm = "300a06082a811ccf55018311" },
    { .what = "SM4 mode 0", .form = 'a', .want = SHAPE, .note = "not SM4",
      .asn1.algorithm = "300a0608" SM4 "00" },
    { .what = "SM4, an INTEGER beside", .form = 'a', .want = SHAPE, .note = "parameters",
      .asn1.algorithm = "300c0607" SM4 "020101" },
    { .what = "SM4, two parameters", .form = 'a', .want = SHAPE, .note = "parameters",
      .asn1.algorithm = "300d0607" SM4 "05000500" },
    { .what = "SM2Cipher without C2", .form = 'a', .want = SHAPE, .note = "SM2Cipher",
      .asn1.cipher = &c_no_hash },
    { .what = "SM2Cipher, hash of 33", .form = 'a', .want = SHAPE, .note = "hash",
      .asn1.cipher = &c_long_hash },
    { .what = "SM2Cipher, key of 24", .form = 'a', .want = SHAPE, .note = "16 bytes",
      .asn1.cipher = &c_key_24 },
    { .what = "SM2Cipher off the curve", .form = 'a', .want = SHAPE, .note = "C1",
      .asn1.cipher = &c_off },
    { .what = "SM2Cipher, negative X", .form = 'a', .want = SHAPE, .note = "SM2Cipher",
      .asn1.cipher = &c_negative },
    { .what = "SM2Cipher, zeros before X", .form = 'a', .want = SHAPE, .note = "SM2Cipher",
      .asn1.cipher = &c_zero_padded },
    { .what = "SM2Cipher, X of 33 bytes", .form = 'a', .want = SHAPE, .note = "SM2Cipher",
      .asn1.cipher = &c_long_x },
    { .what = "SM2Cipher, C3 first", .form = 'a', .want = SHAPE, .note = "SM2Cipher",
      .asn1.cipher = &c_order },
    { .what = "C1 C3 C2 raw", .form = 'a', .want = OPAQUE, .asn1.cipher = &c_raw },
    { .what = "compressed key", .form = 'a', .want = SHAPE, .note = "04 X Y",
      .asn1.point_form = "02" },
    { .what = "a member more", .form = 'a', .want = SHAPE, .note = "after",
      .asn1.tail = &tail_null },

    { .what = "envelopedData", .form = 'c', .want = GOOD },
    { .what = "signedAndEnvelopedData", .form = 'c', .want = GOOD, .cms.is_signed = true },
    { .what = "PKCS#7", .form = 'c', .want = GOOD, .cms.pkcs7 = true },
    { .what = "PKCS#7, signed", .form = 'c', .want = GOOD, .cms = { .pkcs7 = true,
      .is_signed = true } },
    { .what = "by key identifier", .form = 'c', .want = GOOD, .cms.by_key_identifier = true },
    { .what = "id-ecPublicKey's SM2", .form = 'c', .want = GOOD,
      .cms.key_algorithm = "300a06082a811ccf5501822d" },
    { .what = "64 bytes in CMS", .form = 'c', .want = GOOD, .cms = { .content = twice,
      .content_bytes = 64 } },
    { .what = "PKCS#7's data in GM/T 0010", .form = 'c', .want = GOOD,
      .cms.content_type = "06092a864886f70d010701" },
    { .what = "48 bytes in CMS", .form = 'c', .want = STUCK, .note = "padded",
      .cms = { .content = noise, .content_bytes = 48 } },
    { .what = "a PKCS#8 in CMS", .form = 'c', .want = STUCK, .note = "more",
      .cms = { .content = noise, .content_bytes = 160 } },
    { .what = "CMS in CBC", .form = 'c', .want = STUCK, .note = "mode",
      .cms.algorithm = "301b0607" SM4 "041000112233445566778899aabbccddeeff" },
    { .what = "two recipients", .form = 'c', .want = SHAPE, .note = "recipient",
      .cms.recipients = 2 },
    { .what = "RSA recipient", .form = 'c', .want = SHAPE, .note = "SM2",
      .cms.key_algorithm = "300d06092a864886f70d0101010500" },
    { .what = "SM2 with SM3 as cipher", .form = 'c', .want = SHAPE, .note = "SM2",
      .cms.key_algorithm = "300a06082a811ccf55018375" },
    { .what = "raw C1 C3 C2 in CMS", .form = 'c', .want = SHAPE, .note = "SM2Cipher",
      .cms.cipher = &c_raw },
    { .what = "bytes after the SM2Cipher", .form = 'c', .want = SHAPE, .note = "SM2Cipher",
      .cms.cipher = &c_tail },
    { .what = "AES content", .form = 'c', .want = SHAPE, .note = "not SM4",
      .cms.algorithm = "300b0609608648016503040102" },
    { .what = "content is signedData", .form = 'c', .want = SHAPE, .note = "data",
      .cms.content_type = "060a2a811ccf550601040202" },
    { .what = "bytes after the content", .form = 'c', .want = SHAPE, .note = "after",
      .cms.tail = &tail_null },
    { .what = "bytes after the signers", .form = 'c', .want = SHAPE, .note = "after",
      .cms = { .is_signed = true, .tail = &tail_null } },
    { .what = "no signers", .form = 'c', .want = SHAPE, .note = "signers",
      .cms = { .is_signed = true, .signers = &no_signer } },
    { .what = "a signer that is none", .form = 'c', .want = SHAPE, .note = "signer",
      .cms = { .is_signed = true, .signers = &bad_signer } },
    { .what = "a certificate that is none", .form = 'c', .want = SHAPE, .note = "certificate",
      .cms = { .is_signed = true, .certificates = &not_a_certificate } },
};
/* clang-format on */

static struct made
make_one(const struct one *one)
{
    struct made made;

    switch (one->form) {
    case 'a':
        return make_asn1(&genuine, &one->asn1);
    case 'c':
        return make_cms(&genuine, &one->cms);
    case 's':
    case 'l':
        made = make_skf(&genuine, one->form == 's' ? 4 : 8);
        break;
    default:
        made = make_sdf(&genuine, one->form % 2 == '1' % 2 ? "ascpk" : "aspkc",
                        one->form <= '2' ? 4 : 8);
    }
    if (one->want == SHAPE && made.at[one->blob.at] == one->blob.byte)
        made.at[one->blob.at] ^= 0x80;
    else if (one->want == SHAPE)
        made.at[one->blob.at] = one->blob.byte;
    return made;
}

static enum verdict
verdict_of(const struct one *one, const char **note)
{
    const struct made made = make_one(one);
    struct perso_envelope envelope;
    uint8_t out[PERSO_ENVELOPE_BYTES];
    size_t n;

    if (read_made(&made, &envelope, note) != PERSO_REJ_NONE)
        return SHAPE;
    *note = envelope.stuck;
    assert_int_equal(perso_envelope_write(&envelope, PERSO_ENVELOPE_SKF, genuine.key, out, &n),
                     envelope.stuck == NULL);
    if (envelope.form == PERSO_ENVELOPE_OPAQUE)
        return OPAQUE;
    return envelope.stuck != NULL ? STUCK : GOOD;
}

static void
each_is_told_by_what_it_is(void **state) /* GM/T 0009, 0010, 0016, 0018 */
{
    (void)state;
    make_parts();
    for (size_t i = 0; i < sizeof ones / sizeof ones[0]; i++) {
        const char *note = NULL;
        enum verdict have = verdict_of(&ones[i], &note);
        if (have != ones[i].want || (have != GOOD && note == NULL) ||
            (ones[i].note != NULL && strstr(note, ones[i].note) == NULL))
            fail_msg("%s: have %d (%s), want %d", ones[i].what, have, note, ones[i].want);
    }
}

/* ---- opaque ---- */

static void
what_is_of_no_known_form_is_opaque(void **state)
{
    static const struct {
        const char *what, *hex;
        bool opaque;
    } cases[] = {
        { "one byte", "00", true },
        { "text", "4a4d4d59", true },
        { "SEQUENCE and a letter", "3041", true },
        { "empty SEQUENCE", "3000", true },
        { "a PKCS#8 EncryptedPrivateKeyInfo",
          "300d3009060"
          "72a811ccf5501680400",
          true },
        { "signedData", "300e060a2a811ccf550601040202a000", true },
        { "encryptedData", "300e060a2a811ccf550601040205a000", true },
        { "GM/T 0018 of another size", "0008020001040000ffff", true },
        { "cut DER", "303006072a811c", false },
        { "DER with a byte more", "300406022a0300", false },
        { "indefinite length", "308006022a030000", false },
        { "length not minimal", "30810406022a03", false },
        { "cut ENVELOPEDKEYBLOB", "010000000104000000010000ff", false },
        { "cut long one", "010000000000000001040000000000000001000000000000", false },
    };
    struct perso_envelope envelope;
    const char *note;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct made made = make_hex(cases[i].hex);
        bool read = read_made(&made, &envelope, &note) == PERSO_REJ_NONE;
        if (read != cases[i].opaque)
            fail_msg("%s: %s", cases[i].what, note);
        if (read) {
            assert_int_equal(envelope.form, PERSO_ENVELOPE_OPAQUE);
            assert_non_null(envelope.stuck);
        }
    }
}

static void
an_opaque_one_is_bounded(void **state)
{
    static uint8_t bytes[PERSO_ENVELOPE_BYTES_MAX + 1] = { 0xfe };
    struct perso_envelope envelope;
    const char *note;

    (void)state;
    assert_int_equal(
        perso_envelope_read(perso_cursor_of(bytes, PERSO_ENVELOPE_BYTES_MAX), &envelope, &note),
        PERSO_REJ_NONE);
    assert_int_equal(
        perso_envelope_read(perso_cursor_of(bytes, PERSO_ENVELOPE_BYTES_MAX + 1), &envelope, &note),
        PERSO_REJ_ENVELOPE_SHAPE);
}

/* ---- whose? ---- */

static void
a_key_belongs_to_its_certificate(void **state)
{
    const struct made blob = make_skf(&genuine, 4);
    uint8_t other[64];
    struct perso_envelope envelope;
    const char *note;

    (void)state;
    make_point(stranger, other);
    assert_int_equal(read_made(&blob, &envelope, &note), PERSO_REJ_NONE);
    assert_int_equal(perso_envelope_judge(&envelope, genuine.key), PERSO_REJ_NONE);
    assert_int_equal(perso_envelope_judge(&envelope, other), PERSO_REJ_ENVELOPE_KEY);
}

static void
certificates_in_cms_tell_whose_it_is(void **state) /* GM/T 0010 */
{
    const struct {
        const char *what;
        EVP_PKEY *key;
        bool signer, ca;
        enum perso_reject want;
    } cases[] = {
        { "the encryption certificate", genuine.encryption, false, false, PERSO_REJ_NONE },
        { "its signer's", stranger, true, false, PERSO_REJ_NONE },
        { "a CA's", stranger, false, true, PERSO_REJ_NONE },
        { "another card's", stranger, false, false, PERSO_REJ_ENVELOPE_KEY },
    };
    struct perso_envelope envelope;
    const char *note;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int first = 0; first < 2; first++) {
            struct made own = make_beside(genuine.encryption, false, false);
            struct made set = make_beside(cases[i].key, cases[i].signer, cases[i].ca);
            if (first == 1)
                made_add(&set, own.at, own.n);
            struct cms_options options = { .is_signed = true, .certificates = &set };
            struct made made = make_cms(&genuine, &options);
            assert_int_equal(read_made(&made, &envelope, &note), PERSO_REJ_NONE);
            assert_false(envelope.has_public_key);
            if (perso_envelope_judge(&envelope, genuine.key) != cases[i].want)
                fail_msg("%s", cases[i].what);
        }
}

static void
only_two_forms_are_written(void **state)
{
    const struct made blob = make_skf(&genuine, 4);
    struct perso_envelope envelope;
    uint8_t out[PERSO_ENVELOPE_BYTES];
    const char *note;
    size_t n;

    (void)state;
    assert_int_equal(read_made(&blob, &envelope, &note), PERSO_REJ_NONE);
    for (int form = 0; form <= PERSO_ENVELOPE_OPAQUE; form++)
        assert_int_equal(
            perso_envelope_write(&envelope, (enum perso_envelope_form)form, genuine.key, out, &n),
            form == PERSO_ENVELOPE_SKF || form == PERSO_ENVELOPE_ASN1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_envelope_gives_its_key),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(every_byte_that_means_something_is_judged),
        cmocka_unit_test(no_changed_bit_makes_another_key),
        cmocka_unit_test(nothing_cut_is_an_envelope),
        cmocka_unit_test(each_is_told_by_what_it_is),
        cmocka_unit_test(what_is_of_no_known_form_is_opaque),
        cmocka_unit_test(an_opaque_one_is_bounded),
        cmocka_unit_test(a_key_belongs_to_its_certificate),
        cmocka_unit_test(certificates_in_cms_tell_whose_it_is),
        cmocka_unit_test(only_two_forms_are_written),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
