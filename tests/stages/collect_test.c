#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "formats/seal/peer.h"
#include "formats/seal/soft_keys.h"
#include "make.h"
#include "stages/collect.h"

#define REQUEST_ID "00112233445566778899aabbccddeeff"
#define NUMBER 41

static struct perso_arena *arena;
static struct perso_seal *from, *to, *stranger;
static struct perso_collect_rules rules;
static const uint8_t der[] = { 0x30, 0x03, 0x02, 0x01, 0x00 };
static const uint8_t master_key[16] = { 0xa5, 0x5a };
static const char pin[] = "87654321";

static int
set_up(void **state)
{
    uint8_t key[PERSO_SEAL_KEY_BYTES] = { 1 };
    struct perso_error err = { 0 };

    (void)state;
    assert_int_equal(perso_seal_new(key, &from, &err), PERSO_OK);
    key[0] = 2;
    assert_int_equal(perso_seal_new(key, &to, &err), PERSO_OK);
    key[0] = 3;
    assert_int_equal(perso_seal_new(key, &stranger, &err), PERSO_OK);
    arena = perso_arena_new();
    rules = (struct perso_collect_rules) {
        .items = PERSO_ITEM_ALL, .from = from, .sequence = NUMBER, .to = to
    };
    return arena == NULL;
}

static int
tear_down(void **state)
{
    (void)state;
    perso_seal_free(from);
    perso_seal_free(to);
    perso_seal_free(stranger);
    perso_arena_free(arena);
    texts_free();
    return 0;
}

/* A sealed cell as the RA makes it. */
static void
set_sealed(struct perso_cells *cells, enum perso_column column, struct perso_seal *seal,
           const char *id, const char *purpose, uint32_t sequence, const void *plain, size_t n)
{
    char sealed[PERSO_SEALED_CHARS + 1];
    struct perso_error err = { 0 };

    assert_int_equal(
        perso_seal_field(seal, id, purpose, sequence, perso_cursor_of(plain, n), sealed, &err),
        PERSO_OK);
    cell_set(cells, column, sealed);
}

static void
set_pin(struct perso_cells *cells, const char *plain)
{
    set_sealed(cells, PERSO_COL_GLYPIN, from, REQUEST_ID, "GLYPIN", NUMBER, plain, strlen(plain));
}

static void
set_key(struct perso_cells *cells, size_t n)
{
    uint8_t plain[17] = { 0 };

    set_sealed(cells, PERSO_COL_ZKMY, from, REQUEST_ID, "ZKMY", NUMBER, plain, n);
}

static void
good_row(struct perso_cells *cells)
{
    cells_clear(cells);
    cell_set(cells, PERSO_COL_request_id, REQUEST_ID);
    cell_set_base64(cells, PERSO_COL_QMZS, der, sizeof der);
    cell_set_base64(cells, PERSO_COL_JMZS, der, sizeof der);
    cell_set_base64(cells, PERSO_COL_JMMY, der, sizeof der);
    set_pin(cells, pin);
    set_sealed(cells, PERSO_COL_ZKMY, from, REQUEST_ID, "ZKMY", NUMBER, master_key, 16);
    cell_set(cells, PERSO_COL_code, "00");
}

static struct perso_verdict
collect(const struct perso_cells *cells, const char *card_id, struct perso_answer *out)
{
    const struct perso_origin origin = { "certificates.csv", 42, 41 };
    struct perso_verdict verdict;
    struct perso_error err = { 0 };

    assert_int_equal(
        perso_stage_collect(&rules, cells, &origin, &card_id, 1, arena, out, &verdict, &err),
        PERSO_OK);
    return verdict;
}

static void
an_answer_is_read_and_sealed_anew(void **state) /* LD/T 03-2022 6.4.7.2 d, 8.3.6 a */
{
    uint8_t plain[PERSO_SEALED_PLAIN_MAX];
    struct perso_error err = { 0 };
    struct perso_answer out;
    struct perso_cells cells;
    size_t n;

    (void)state;
    good_row(&cells);
    assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_NONE);
    assert_memory_equal(out.request_id, "\x00\x11\x22\x33\x44\x55\x66\x77", 8);
    assert_int_equal(perso_left(&out.signing_certificate), sizeof der);
    assert_memory_equal(out.signing_certificate.at, der, sizeof der);
    assert_int_equal(perso_left(&out.encryption_certificate), sizeof der);
    assert_int_equal(perso_left(&out.envelope), sizeof der);
    assert_true(same_text(out.code, "00"));
    assert_int_equal(perso_seal_open(to, CARD_ID, "GLYPIN", 0, out.admin_pin, plain, &n, &err),
                     PERSO_OK);
    assert_int_equal(n, 8);
    assert_memory_equal(plain, pin, 8);
    assert_int_equal(perso_seal_open(to, CARD_ID, "ZKMY", 0, out.master_key, plain, &n, &err),
                     PERSO_OK);
    assert_int_equal(n, 16);
    assert_memory_equal(plain, master_key, 16);
    /* the RA's seal does not open what was sealed to the job */
    assert_int_equal(perso_seal_open(from, CARD_ID, "GLYPIN", 0, out.admin_pin, plain, &n, &err),
                     PERSO_REJECT);
}

static void
capitals_of_the_request_id_do_not_matter(void **state) /* CONTRACTS 4 */
{
    struct perso_answer out;
    struct perso_cells cells;

    (void)state;
    good_row(&cells);
    cell_set(&cells, PERSO_COL_request_id, "00112233445566778899AABBCCDDEEFF");
    assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_NONE);
}

static void
pin_of_7(struct perso_cells *cells)
{
    set_pin(cells, "1234567");
}

static void
pin_of_9(struct perso_cells *cells)
{
    set_pin(cells, "123456789");
}

static void
pin_of_letters(struct perso_cells *cells)
{
    set_pin(cells, "1234567a");
}

static void
key_of_15(struct perso_cells *cells)
{
    set_key(cells, 15);
}

static void
key_of_17(struct perso_cells *cells)
{
    set_key(cells, 17);
}

static void
pin_of_stranger(struct perso_cells *cells)
{
    set_sealed(cells, PERSO_COL_GLYPIN, stranger, REQUEST_ID, "GLYPIN", NUMBER, pin, 8);
}

static void
pin_of_other_row(struct perso_cells *cells)
{
    set_sealed(cells, PERSO_COL_GLYPIN, from, REQUEST_ID, "GLYPIN", NUMBER + 1, pin, 8);
}

static void
pin_of_other_request(struct perso_cells *cells)
{
    set_sealed(cells, PERSO_COL_GLYPIN, from, "ff112233445566778899aabbccddeeff", "GLYPIN", NUMBER,
               pin, 8);
}

static void
secrets_swapped(struct perso_cells *cells)
{
    struct perso_text glypin = cells->known[PERSO_COL_GLYPIN];

    cells->known[PERSO_COL_GLYPIN] = cells->known[PERSO_COL_ZKMY];
    cells->known[PERSO_COL_ZKMY] = glypin;
}

static void
key_in_clear(struct perso_cells *cells)
{
    cell_set(cells, PERSO_COL_ZKMY, "00112233445566778899AABBCCDDEEFF");
}

static void
pin_short_and_key_of_stranger(struct perso_cells *cells)
{
    pin_of_7(cells);
    set_sealed(cells, PERSO_COL_ZKMY, stranger, REQUEST_ID, "ZKMY", NUMBER, master_key, 16);
}

static void
no_signing_certificate(struct perso_cells *cells)
{
    cell_set(cells, PERSO_COL_QMZS, "");
}

static void
no_encryption_certificate(struct perso_cells *cells)
{
    cell_set(cells, PERSO_COL_JMZS, "");
}

static void
no_envelope(struct perso_cells *cells)
{
    cell_set(cells, PERSO_COL_JMMY, "");
}

static void
no_pin(struct perso_cells *cells)
{
    cell_set(cells, PERSO_COL_GLYPIN, "");
}

static void
no_key(struct perso_cells *cells)
{
    cell_set(cells, PERSO_COL_ZKMY, "");
}

static void
signing_certificate_not_base64(struct perso_cells *cells)
{
    cell_set(cells, PERSO_COL_QMZS, "MII*");
}

static void
envelope_not_base64(struct perso_cells *cells)
{
    cell_set(cells, PERSO_COL_JMMY, "MII");
}

static void
certificate_too_long(struct perso_cells *cells)
{
    static const uint8_t bytes[PERSO_CERTIFICATE_DER_BYTES + 1];

    cell_set_base64(cells, PERSO_COL_JMZS, bytes, sizeof bytes);
}

static void
certificate_of_most_bytes(struct perso_cells *cells)
{
    static const uint8_t bytes[PERSO_CERTIFICATE_DER_BYTES];

    cell_set_base64(cells, PERSO_COL_JMZS, bytes, sizeof bytes);
}

static void
no_pin_and_bad_certificate(struct perso_cells *cells)
{
    no_pin(cells);
    signing_certificate_not_base64(cells);
}

static void
bad_certificate_and_seal(struct perso_cells *cells)
{
    envelope_not_base64(cells);
    pin_of_stranger(cells);
}

static void
refused(struct perso_cells *cells)
{
    cell_set(cells, PERSO_COL_code, "17");
    cell_set(cells, PERSO_COL_reason, "no such template");
}

static void
refused_for_a_person(struct perso_cells *cells)
{
    cell_set(cells, PERSO_COL_code, "21");
    cell_set(cells, PERSO_COL_reason, "持卡人" SSN "已有证书\x1b[0m");
}

static void
refused_and_empty(struct perso_cells *cells)
{
    refused(cells);
    no_signing_certificate(cells);
}

static void
code_0(struct perso_cells *cells)
{
    cell_set(cells, PERSO_COL_code, "0");
}

static void
code_ok(struct perso_cells *cells)
{
    cell_set(cells, PERSO_COL_code, "OK");
}

static void
code_000(struct perso_cells *cells)
{
    cell_set(cells, PERSO_COL_code, "000");
}

static void
no_code(struct perso_cells *cells)
{
    cell_set(cells, PERSO_COL_code, "");
}

static const struct {
    const char *what;
    void (*change)(struct perso_cells *cells);
    enum perso_reject want;
    enum perso_column column;
    const char *note;
} cases[] = {
    { "refused", refused, PERSO_REJ_RA_REFUSED, PERSO_COL_code, "17: no such template" },
    { "refused, with a number", refused_for_a_person, PERSO_REJ_RA_REFUSED, PERSO_COL_code,
      "21: 持卡人***已有证书.[0m" },
    { "refused before missing", refused_and_empty, PERSO_REJ_RA_REFUSED, PERSO_COL_code,
      "17: no such template" },
    { "code 0", code_0, PERSO_REJ_RA_REFUSED, PERSO_COL_code, "0" },
    { "code OK", code_ok, PERSO_REJ_RA_REFUSED, PERSO_COL_code, "OK" },
    { "code 000", code_000, PERSO_REJ_RA_REFUSED, PERSO_COL_code, "000" },
    { "no code", no_code, PERSO_REJ_RA_REFUSED, PERSO_COL_code, "no code" },
    { "no QMZS", no_signing_certificate, PERSO_REJ_ITEM_MISSING, PERSO_COL_QMZS, "" },
    { "no JMZS", no_encryption_certificate, PERSO_REJ_ITEM_MISSING, PERSO_COL_JMZS, "" },
    { "no JMMY", no_envelope, PERSO_REJ_ITEM_MISSING, PERSO_COL_JMMY, "" },
    { "no GLYPIN", no_pin, PERSO_REJ_ITEM_MISSING, PERSO_COL_GLYPIN, "" },
    { "no ZKMY", no_key, PERSO_REJ_ITEM_MISSING, PERSO_COL_ZKMY, "" },
    { "missing before shape", no_pin_and_bad_certificate, PERSO_REJ_ITEM_MISSING, PERSO_COL_GLYPIN,
      "" },
    { "QMZS not Base64", signing_certificate_not_base64, PERSO_REJ_ITEM_SHAPE, PERSO_COL_QMZS, "" },
    { "JMMY not Base64", envelope_not_base64, PERSO_REJ_ITEM_SHAPE, PERSO_COL_JMMY, "" },
    { "JMZS of 8193", certificate_too_long, PERSO_REJ_ITEM_SHAPE, PERSO_COL_JMZS, "" },
    { "JMZS of 8192", certificate_of_most_bytes, PERSO_REJ_NONE, PERSO_COLUMN_OTHER, "" },
    { "shape before seal", bad_certificate_and_seal, PERSO_REJ_ITEM_SHAPE, PERSO_COL_JMMY, "" },
    { "PIN of a stranger", pin_of_stranger, PERSO_REJ_SECRET_SEAL, PERSO_COL_GLYPIN, NULL },
    { "PIN of another row", pin_of_other_row, PERSO_REJ_SECRET_SEAL, PERSO_COL_GLYPIN, NULL },
    { "PIN of another request", pin_of_other_request, PERSO_REJ_SECRET_SEAL, PERSO_COL_GLYPIN,
      NULL },
    { "secrets swapped", secrets_swapped, PERSO_REJ_SECRET_SEAL, PERSO_COL_GLYPIN, NULL },
    { "key in clear", key_in_clear, PERSO_REJ_SECRET_SEAL, PERSO_COL_ZKMY, NULL },
    { "seal before shape of secrets", pin_short_and_key_of_stranger, PERSO_REJ_SECRET_SEAL,
      PERSO_COL_ZKMY, NULL },
    { "PIN of 7", pin_of_7, PERSO_REJ_SECRET_SHAPE, PERSO_COL_GLYPIN, "" },
    { "PIN of 9", pin_of_9, PERSO_REJ_SECRET_SHAPE, PERSO_COL_GLYPIN, "" },
    { "PIN with a letter", pin_of_letters, PERSO_REJ_SECRET_SHAPE, PERSO_COL_GLYPIN, "" },
    { "key of 15", key_of_15, PERSO_REJ_SECRET_SHAPE, PERSO_COL_ZKMY, "" },
    { "key of 17", key_of_17, PERSO_REJ_SECRET_SHAPE, PERSO_COL_ZKMY, "" },
};

static void
every_fault_has_its_code(void **state) /* CONTRACTS 2, 4 */
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct perso_answer out;
        struct perso_cells cells;
        struct perso_verdict verdict;

        good_row(&cells);
        cases[i].change(&cells);
        verdict = collect(&cells, CARD_ID, &out);
        if (verdict.reject != cases[i].want || verdict.column != cases[i].column ||
            (cases[i].note != NULL && strcmp(verdict.note, cases[i].note) != 0))
            fail_msg("%s: have %s, %s, %s", cases[i].what, perso_reject_name(verdict.reject),
                     perso_column_code(verdict.column), verdict.note);
        if (verdict.reject != PERSO_REJ_NONE &&
            (out.admin_pin.bytes != 0 || out.master_key.bytes != 0))
            fail_msg("%s: a secret of a refused answer was kept", cases[i].what);
    }
}

static void
a_profile_needs_fewer_items(void **state) /* DESIGN 2: mode 4 */
{
    struct perso_answer out;
    struct perso_cells cells;

    (void)state;
    rules = (struct perso_collect_rules) { .items = PERSO_ITEM_QMZS | PERSO_ITEM_JMZS,
                                           .sequence = NUMBER,
                                           .to = to };
    good_row(&cells);
    no_pin(&cells);
    no_key(&cells);
    no_envelope(&cells);
    assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_NONE);
    assert_int_equal(out.admin_pin.bytes, 0);
    envelope_not_base64(&cells); /* not asked for, but it would travel on */
    assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_ITEM_SHAPE);
    no_envelope(&cells);
    set_pin(&cells, pin); /* sealed, and the return has no key */
    assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_SECRET_SEAL);
    rules = (struct perso_collect_rules) {
        .items = PERSO_ITEM_ALL, .from = from, .sequence = NUMBER, .to = to
    };
}

static void
a_department_seals_for_the_card(void **state) /* FWD; LD/T 03-2022 8.3.6 a */
{
    struct perso_answer out;
    struct perso_cells cells;

    (void)state;
    rules.by_card = true;
    good_row(&cells);
    assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_SECRET_SEAL);
    set_sealed(&cells, PERSO_COL_GLYPIN, from, CARD_ID, "GLYPIN", NUMBER, pin, 8);
    set_sealed(&cells, PERSO_COL_ZKMY, from, CARD_ID, "ZKMY", NUMBER, master_key, 16);
    assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_NONE);
    set_sealed(&cells, PERSO_COL_GLYPIN, from, CARD_ID, "GLYPIN", NUMBER + 1, pin, 8);
    assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_SECRET_SEAL);
    rules.by_card = false;
}

static void
mode_4_has_no_item_or_two(void **state) /* LD/T 03-2022 6.4.7.5 */
{
    struct perso_answer out;
    struct perso_cells cells;

    (void)state;
    cells_clear(&cells);
    cell_set(&cells, PERSO_COL_request_id, REQUEST_ID);
    cell_set(&cells, PERSO_COL_code, "00");
    rules = (struct perso_collect_rules) {
        .from = from, .sequence = NUMBER, .to = to, .by_card = true
    };
    assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_NONE);
    rules.items = PERSO_ITEM_GLYPIN | PERSO_ITEM_ZKMY;
    assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_ITEM_MISSING);
    set_sealed(&cells, PERSO_COL_GLYPIN, from, CARD_ID, "GLYPIN", NUMBER, pin, 8);
    set_sealed(&cells, PERSO_COL_ZKMY, from, CARD_ID, "ZKMY", NUMBER, master_key, 16);
    assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_NONE);
    rules = (struct perso_collect_rules) {
        .items = PERSO_ITEM_ALL, .from = from, .sequence = NUMBER, .to = to
    };
}

/* ---- secrets of returns that are no packages ---- */

static void
sealed_as(struct perso_text sealed, const char *purpose, const void *want, size_t n)
{
    uint8_t plain[PERSO_SEALED_PLAIN_MAX];
    struct perso_error err = { 0 };
    size_t have = 0;

    assert_int_equal(perso_seal_open(to, CARD_ID, purpose, 0, sealed, plain, &have, &err),
                     PERSO_OK);
    assert_int_equal(have, n);
    assert_memory_equal(plain, want, n);
}

static const struct {
    const char *pin, *key;
    enum perso_reject want;
    enum perso_column column;
} clear_cases[] = {
    { "87654321", "A55A0000000000000000000000000000", PERSO_REJ_NONE, 0 },
    { "87654321", "a55a0000000000000000000000000000", PERSO_REJ_NONE, 0 },
    { "87654321", "pVoAAAAAAAAAAAAAAAAAAA==", PERSO_REJ_NONE, 0 },
    { "8765432", "A55A0000000000000000000000000000", PERSO_REJ_SECRET_SHAPE, PERSO_COL_GLYPIN },
    { "8765432a", "A55A0000000000000000000000000000", PERSO_REJ_SECRET_SHAPE, PERSO_COL_GLYPIN },
    { "3837363534333231", "A55A0000000000000000000000000000", PERSO_REJ_SECRET_SHAPE,
      PERSO_COL_GLYPIN },
    { "87654321", "A55A00000000000000000000000000", PERSO_REJ_SECRET_SHAPE, PERSO_COL_ZKMY },
    { "87654321", "A55A000000000000000000000000000000", PERSO_REJ_SECRET_SHAPE, PERSO_COL_ZKMY },
    { "87654321", "0123456789abcdef", PERSO_REJ_SECRET_SHAPE, PERSO_COL_ZKMY }, /* 16 letters */
    { "87654321", "pVoAAAAAAAAAAAAAAAAAAA=", PERSO_REJ_SECRET_SHAPE, PERSO_COL_ZKMY },
};

static void
clear_secrets_are_sealed_at_once(void **state) /* LD/T 03-2022 8.3.6 a */
{
    struct perso_answer out;
    struct perso_cells cells;

    (void)state;
    rules.secrets = PERSO_SECRETS_CLEAR;
    for (size_t i = 0; i < sizeof clear_cases / sizeof clear_cases[0]; i++) {
        good_row(&cells);
        cell_set(&cells, PERSO_COL_GLYPIN, clear_cases[i].pin);
        cell_set(&cells, PERSO_COL_ZKMY, clear_cases[i].key);
        const struct perso_verdict verdict = collect(&cells, CARD_ID, &out);
        if (verdict.reject != clear_cases[i].want ||
            (verdict.reject != PERSO_REJ_NONE && verdict.column != clear_cases[i].column))
            fail_msg("case %zu: %s", i, perso_reject_code(verdict.reject));
        if (verdict.reject == PERSO_REJ_NONE) {
            sealed_as(out.admin_pin, "GLYPIN", pin, 8);
            sealed_as(out.master_key, "ZKMY", master_key, 16);
        }
    }
    rules.secrets = PERSO_SECRETS_WRAPPED;
}

static struct perso_secrets keys;
static uint8_t sealing_xy[64];

static void
open_keys(void)
{
    char *key[2], *cert[2];
    size_t key_n[2], cert_n[2];
    struct perso_error err = { 0 };
    struct perso_peer peer;

    for (int i = 0; i < 2; i++)
        assert_int_equal(perso_soft_key_make("site", i == 1, "secret", &key[i], &key_n[i], &cert[i],
                                             &cert_n[i], &err),
                         PERSO_OK);
    assert_int_equal(perso_soft_keys_open(perso_cursor_of(key[0], key_n[0]),
                                          perso_cursor_of(key[1], key_n[1]), "secret", &keys, &err),
                     PERSO_OK);
    assert_int_equal(perso_peer_read("site", perso_cursor_of(cert[1], cert_n[1]), &peer, &err),
                     PERSO_OK);
    memcpy(sealing_xy, peer.sealing_key, sizeof sealing_xy);
    for (int i = 0; i < 2; i++) {
        free(key[i]);
        free(cert[i]);
    }
}

/* DER of GM/T 0009. */
static size_t
encrypt(const void *plain, size_t n, uint8_t out[256])
{
    uint8_t point[65] = { 4 };
    size_t made = 256;

    memcpy(point + 1, sealing_xy, 64);
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
    OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string("group", (char[]) { "SM2" }, 0),
                            OSSL_PARAM_construct_octet_string("pub", point, sizeof point),
                            OSSL_PARAM_construct_end() };
    assert_int_equal(EVP_PKEY_fromdata_init(c), 1);
    assert_int_equal(EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    EVP_PKEY_CTX_free(c);
    c = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_encrypt_init(c), 1);
    assert_int_equal(EVP_PKEY_encrypt(c, out, &made, plain, n), 1);
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(key);
    return made;
}

static void
number_of(const uint8_t **at, uint8_t out[32])
{
    const size_t n = (*at)[1];

    memset(out, 0, 32);
    if (n > 32)
        memcpy(out, *at + 3, 32);
    else
        memcpy(out + 32 - n, *at + 2, n);
    *at += 2 + n;
}

static size_t
flatten(const uint8_t *cipher, uint8_t out[256])
{
    const uint8_t *at = cipher + (cipher[1] == 0x81 ? 3 : 2);
    size_t n = 65;

    out[0] = 4;
    number_of(&at, out + 1);
    number_of(&at, out + 33);
    for (int i = 0; i < 2; i++) {
        memcpy(out + n, at + 2, at[1]);
        n += at[1];
        at += 2 + at[1];
    }
    return n;
}

static void
encrypted_secrets_are_opened_by_the_device(void **state) /* LD/T 03-2022 8.3.6 a, GM/T 0009 */
{
    static const char key_hex[] = "A55A0000000000000000000000000000";
    uint8_t cipher[256], raw[256];
    struct perso_answer out;
    struct perso_cells cells;

    (void)state;
    open_keys();
    rules.secrets = PERSO_SECRETS_SM2;
    rules.keys = &keys;
    for (int form = 0; form < 6; form++) {
        good_row(&cells);
        size_t n = encrypt(pin, 8, cipher), raw_n = flatten(cipher, raw);
        if (form < 2) /* DER, in Base64 and in hex */
            (form == 0 ? cell_set_base64(&cells, PERSO_COL_GLYPIN, cipher, n)
                       : cell_set_hex(&cells, PERSO_COL_GLYPIN, cipher, n));
        else /* C1 || C3 || C2, with 04 and without */
            cell_set_base64(&cells, PERSO_COL_GLYPIN, raw + form % 2, raw_n - (size_t)(form % 2));
        n = form < 4 ? encrypt(master_key, 16, cipher) : encrypt(key_hex, 32, cipher);
        cell_set_base64(&cells, PERSO_COL_ZKMY, cipher, n);
        assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_NONE);
        sealed_as(out.admin_pin, "GLYPIN", pin, 8);
        sealed_as(out.master_key, "ZKMY", master_key, 16);
    }
    cell_set(&cells, PERSO_COL_GLYPIN, "87654321"); /* in clear where it should not be */
    assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_SECRET_SEAL);
    const size_t n = encrypt(pin, 8, cipher);
    for (size_t i = 0; i < n; i++) { /* every byte counts */
        cipher[i] ^= 1;
        cell_set_base64(&cells, PERSO_COL_GLYPIN, cipher, n);
        cipher[i] ^= 1;
        if (collect(&cells, CARD_ID, &out).reject != PERSO_REJ_SECRET_SEAL)
            fail_msg("byte %zu", i);
    }
    cell_set_base64(&cells, PERSO_COL_GLYPIN, cipher, encrypt("1234567", 7, cipher));
    assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_SECRET_SHAPE);
    rules.secrets = PERSO_SECRETS_WRAPPED;
    rules.keys = NULL;
    keys.free(keys.self);
}

static void
an_issued_answer_has_one_code(void **state)
{
    struct perso_answer out;
    struct perso_cells cells;

    (void)state;
    good_row(&cells);
    cell_set(&cells, PERSO_COL_code, "OK");
    assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_RA_REFUSED);
    rules.success = "0,OK";
    assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_NONE);
    assert_true(same_text(out.code, "00"));
    cell_set(&cells, PERSO_COL_code, "00");
    assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_RA_REFUSED);
    rules.success = NULL;
}

static void
an_unknown_request_is_read_no_further(void **state) /* DESIGN 3: orphans */
{
    struct perso_answer out;
    struct perso_cells cells;

    (void)state;
    good_row(&cells);
    refused(&cells);
    assert_int_equal(collect(&cells, "", &out).reject, PERSO_REJ_NONE);
    assert_memory_equal(out.request_id, "\x00\x11\x22\x33", 4);
    assert_int_equal(perso_left(&out.signing_certificate), 0);
    assert_int_equal(out.admin_pin.bytes, 0);
    cell_set(&cells, PERSO_COL_request_id, "0011");
    assert_int_equal(collect(&cells, "", &out).reject, PERSO_REJ_ITEM_SHAPE);
}

static void
texts_of_the_ra_are_cut(void **state) /* limits.h */
{
    char reason[3 * 70 + 1] = "", code[18] = "";
    struct perso_answer out;
    struct perso_cells cells;
    struct perso_verdict verdict;

    (void)state;
    for (size_t i = 0; i < 70; i++)
        strcat(reason, "证");
    memset(code, 'E', 17);
    good_row(&cells);
    cell_set(&cells, PERSO_COL_code, code);
    cell_set(&cells, PERSO_COL_reason, reason);
    verdict = collect(&cells, CARD_ID, &out);
    assert_int_equal(verdict.reject, PERSO_REJ_RA_REFUSED);
    assert_int_equal(out.code.bytes, PERSO_RA_CODE_BYTES);
    assert_int_equal(out.reason.bytes, 198); /* 66 characters; 200 bytes have room */
    assert_true(strlen(verdict.note) == 93); /* 16 + 2 + 25 characters of 3 */
}

static void
the_ledger_keeps_no_foreign_seal(void **state) /* CONTRACTS 5 */
{
    const struct perso_origin origin = { "certificates.csv", 42, 41 };
    struct perso_answer out, again;
    struct perso_cells cells, kept;
    struct perso_error err = { 0 };

    (void)state;
    good_row(&cells);
    cell_set(&cells, PERSO_COL_reason, "fine");
    assert_int_equal(collect(&cells, CARD_ID, &out).reject, PERSO_REJ_NONE);
    perso_answer_cells(&cells, &out, &kept);
    assert_int_equal(kept.n_other, 0);
    assert_true(same_text(kept.known[PERSO_COL_request_id], REQUEST_ID));
    assert_true(kept.known[PERSO_COL_QMZS].at == cells.known[PERSO_COL_QMZS].at);
    assert_true(kept.known[PERSO_COL_GLYPIN].at == out.admin_pin.at);
    assert_true(kept.known[PERSO_COL_ZKMY].at == out.master_key.at);
    assert_true(same_text(kept.known[PERSO_COL_reason], "fine"));
    assert_int_equal(perso_answer_parse(&kept, &origin, arena, &again, &err), PERSO_OK);
    assert_memory_equal(again.request_id, out.request_id, 16);
    assert_int_equal(perso_left(&again.envelope), sizeof der);
    assert_memory_equal(again.envelope.at, der, sizeof der);
    assert_true(again.admin_pin.at == out.admin_pin.at);
    assert_true(same_text(again.code, "00"));

    cell_set(&kept, PERSO_COL_JMZS, "*");
    assert_int_equal(perso_answer_parse(&kept, &origin, arena, &again, &err), PERSO_OK);
    assert_int_equal(perso_left(&again.encryption_certificate), 0);
    cell_set(&kept, PERSO_COL_request_id, "x");
    assert_int_equal(perso_answer_parse(&kept, &origin, arena, &again, &err), PERSO_FATAL);
}

static void
a_full_batch_is_collected_row_by_row(void **state) /* CONTRACTS 6 */
{
    enum { N = PERSO_BATCH_RECORDS };
    static struct perso_cells cells[N];
    static struct perso_origin origins[N];
    static const char *card_ids[N];
    static struct perso_answer out[N];
    static struct perso_verdict verdicts[N];
    struct perso_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < N; i++) {
        good_row(&cells[i]);
        if (i % 2 == 1) /* sealed for another return */
            set_sealed(&cells[i], PERSO_COL_GLYPIN, from, REQUEST_ID, "GLYPIN", NUMBER + 1, pin, 8);
        origins[i] = (struct perso_origin) { "c.csv", (uint32_t)i + 2, (uint32_t)i + 1 };
        card_ids[i] = CARD_ID;
    }
    assert_int_equal(
        perso_stage_collect(&rules, cells, origins, card_ids, N, arena, out, verdicts, &err),
        PERSO_OK);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(verdicts[i].reject, i % 2 == 0 ? PERSO_REJ_NONE : PERSO_REJ_SECRET_SEAL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_read_and_sealed_anew),
        cmocka_unit_test(capitals_of_the_request_id_do_not_matter),
        cmocka_unit_test(every_fault_has_its_code),
        cmocka_unit_test(a_profile_needs_fewer_items),
        cmocka_unit_test(a_department_seals_for_the_card),
        cmocka_unit_test(mode_4_has_no_item_or_two),
        cmocka_unit_test(clear_secrets_are_sealed_at_once),
        cmocka_unit_test(encrypted_secrets_are_opened_by_the_device),
        cmocka_unit_test(an_issued_answer_has_one_code),
        cmocka_unit_test(an_unknown_request_is_read_no_further),
        cmocka_unit_test(texts_of_the_ra_are_cut),
        cmocka_unit_test(the_ledger_keeps_no_foreign_seal),
        cmocka_unit_test(a_full_batch_is_collected_row_by_row),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
