/*
 * Signatures and requests that we judge, judged by Botan as well (GB/T 32918.2, GM/T 0092). Both
 * must say what is true of the case. Without libbotan-2-dev the test is skipped (77).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#ifdef PERSO_HAVE_BOTAN

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "botan_cases.h"
#include "botan_judge.h"
#include "formats/pki/pkcs10.h"
#include "formats/pki/request_template.h"
#include "formats/sm2/sm2.h"
#include "formats/sm2/sm3.h"
#include "tests/sandbox/request.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
#define CASES 1800u
#define REQUESTS 200u
#else
#define CASES 18000u
#define REQUESTS 2000u
#endif

static struct world world;

static int
set_up(void **state)
{
    (void)state;
    world_make(&world);
    print_message("%s; %u keys: x begins with a zero byte in %u, y in %u, x with two in %u\n",
                  botan_name(), KEYS, world.n_zero_x, world.n_zero_y, world.n_zero_two);
    return !(world.n_zero_x >= KEYS_ZERO && world.n_zero_y >= KEYS_ZERO && world.n_zero_two >= 1);
}

static int
tear_down(void **state)
{
    (void)state;
    world_free(&world);
    return 0;
}

/* ---- signatures ---- */

static bool
we_say(const uint8_t key[64], const uint8_t e[32], const uint8_t rs[64])
{
    struct perso_sm2_item item = { key, e, rs };
    struct perso_error err = { 0 };
    enum perso_sm2_verdict verdict;

    if (perso_sm2_verify(NULL, &item, 1, &verdict, &err) != PERSO_OK)
        fail_msg("the verification fails: %s", err.text);
    return verdict == PERSO_SM2_ACCEPTED;
}

static bool
we_say_one(const struct one *one)
{
    struct perso_cursor message = { one->message, one->message + one->n };
    uint8_t e[32];

    if (one->by_e)
        return we_say(one->key, one->e, one->rs);
    assert_true(perso_sm2_e(one->key, one->id, message, e));
    return we_say(one->key, e, one->rs);
}

static bool
botan_says_one(const struct one *one)
{
    return one->by_e ? botan_holds_e(one->key, one->e, one->rs)
                     : botan_holds(one->key, one->id, one->message, one->n, one->rs);
}

static void
show(const char *what, const uint8_t *bytes, size_t n)
{
    print_error("%s ", what);
    for (size_t i = 0; i < n; i++)
        print_error("%02x", bytes[i]);
    print_error("\n");
}

static void
judge(const struct kind *kind, uint32_t i)
{
    struct one one;

    one_make(&world, i, &one);
    kind->make(&world, i, &one);
    bool we = we_say_one(&one), botan = botan_says_one(&one);
    if (we == kind->wants && botan == kind->wants)
        return;
    show("key", one.key, 64);
    show("r || s", one.rs, 64);
    show(one.by_e ? "e" : "message", one.by_e ? one.e : one.message, one.by_e ? 32 : one.n);
    fail_msg("%s, %u: is %d, we say %d, Botan %d", kind->name, (unsigned)i, kind->wants, we, botan);
}

static void
signatures_are_judged_alike(void **state) /* GB/T 32918.2 7 */
{
    unsigned each = (CASES + n_kinds - 1) / n_kinds, n = 0, hold = 0;

    (void)state;
    for (unsigned k = 0; k < n_kinds; k++)
        for (uint32_t i = 0; i < each; i++, n++) {
            judge(&kinds[k], i);
            hold += kinds[k].wants;
        }
    print_message("%u signatures of %u kinds judged alike: %u hold, %u do not\n", n, n_kinds, hold,
                  n - hold);
    assert_true(n >= CASES);
}

/* ---- requests ---- */

/* What of a request's DER is signed, and r || s: as OpenSSL reads it. */
struct parts {
    size_t info, info_bytes, rs;
    uint8_t rs_bytes[64], key[64];
};

static void
take_apart(const struct sbx_der *der, struct parts *ret)
{
    const uint8_t *p = der->bytes;
    X509_REQ *request = d2i_X509_REQ(NULL, &p, (long)der->n);
    const ASN1_BIT_STRING *bits;
    uint8_t *info = NULL;

    assert_non_null(request);
    int n = i2d_re_X509_REQ_tbs(request, &info);
    assert_true(n > 0);
    ret->info_bytes = (size_t)n;
    for (ret->info = 0; memcmp(der->bytes + ret->info, info, ret->info_bytes) != 0; ret->info++)
        assert_true(ret->info + ret->info_bytes < der->n);
    assert_true(sbx_public_bytes(X509_REQ_get0_pubkey(request), ret->key));
    X509_REQ_get0_signature(request, &bits, NULL);
    p = bits->data;
    ECDSA_SIG *rs = d2i_ECDSA_SIG(NULL, &p, bits->length);
    assert_non_null(rs);
    BN_bn2binpad(ECDSA_SIG_get0_r(rs), ret->rs_bytes, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(rs), ret->rs_bytes + 32, 32);
    ECDSA_SIG_free(rs);
    OPENSSL_free(info);
    X509_REQ_free(request);
}

/* As ingest does it. */
static bool
we_say_request(const uint8_t *der, size_t n)
{
    struct perso_pkcs10 request;
    struct perso_error err = { 0 };
    uint8_t e[32];

    if (perso_pkcs10_read((struct perso_cursor) { der, der + n }, 0, NULL, &request, &err) !=
        PERSO_OK)
        return false;
    assert_true(perso_pkcs10_e(&request, PERSO_SM2_ID, e));
    return we_say(request.public_key, e, request.rs);
}

static void
request_make(uint32_t i, enum sbx_signing signing, struct sbx_der *ret)
{
    static const char *const names[] = { "张三", "阿卜杜热依木·买买提", "Anna Müller", "㼆𬱖",
                                         "x" };
    struct sbx_request request = { .name = names[i % 5],
                                   .ssn = i % 3 != 0 ? "11010519491231002X" : NULL,
                                   .key = &world.keys[i % KEYS],
                                   .signing = signing,
                                   .algorithm = SBX_OID_SM2_SM3 };

    memset(ret, 0, sizeof *ret);
    sbx_request_make(world.curve, &request, &world.random, ret);
}

/* Of the DER, with a bit of what is signed changed; Botan has the very same bytes. */
static void
judge_request(uint32_t i, unsigned *hold)
{
    enum sbx_signing signing =
        i % 2 == 0 ? SBX_SIGN_STANDARD : (enum sbx_signing)(i / 2 % (SBX_SIGN_OTHER + 1));
    bool damage = i % 4 == 2;
    struct sbx_der der;
    struct parts parts;

    request_make(i, signing, &der);
    take_apart(&der, &parts);
    if (damage) {
        uint32_t bit = sbx_random_below(&world.random, (uint32_t)(8 * parts.info_bytes));
        der.bytes[parts.info + bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    bool want = signing == SBX_SIGN_STANDARD && !damage;
    bool we = we_say_request(der.bytes, der.n);
    bool botan =
        botan_holds(parts.key, SBX_ID, der.bytes + parts.info, parts.info_bytes, parts.rs_bytes);
    *hold += want;
    if (we == want && botan == want)
        return;
    show("request", der.bytes, der.n);
    fail_msg("%u: is %d, we say %d, Botan %d", (unsigned)i, want, we, botan);
}

static void
requests_are_judged_alike(void **state) /* RFC 2986; GM/T 0092-2020 */
{
    unsigned hold = 0;

    (void)state;
    for (uint32_t i = 0; i < REQUESTS; i++)
        judge_request(i, &hold);
    print_message("%u requests judged alike: %u hold, %u do not\n", REQUESTS, hold,
                  REQUESTS - hold);
}

/* ---- requests of form sig: the card signs e, the department puts the request together ---- */

/* Kinds of what a card may have signed. */
enum { SIGNED_RIGHT, SIGNED_RIGHT_TOO, SIGNED_OTHER_CARD, SIGNED_EMPTY_ID, SIGNED_DAMAGED, SIGNED };

static struct perso_text
text_of(const char *string)
{
    return (struct perso_text) { string, (uint32_t)strlen(string) };
}

/* info as prepare makes it for card i: by one of three templates, for one of five persons. */
static void
info_make(uint32_t i, const struct sbx_key *key, uint8_t *info, size_t *n)
{
    static const char *const templates[] = {
        "CN={AAZ501}",
        "C=CN,O=人力资源社会保障,CN={AAC003},serialNumber={AAC002}",
        "C=CN,ST={AAB301},OU=第三代,CN={AAC003}{AAC002}",
    };
    static const char *const persons[] = { "张三", "阿卜杜热依木·买买提", "Anna Müller", "㼆𬱖",
                                           "RAJNI AGGARWAL" };
    struct perso_text values[PERSO_COLUMN_COUNT] = { 0 };
    struct perso_request_template compiled;
    struct perso_error err = { 0 };
    char card[33];

    snprintf(card, sizeof card, "411600D156000005%08X%08X", (unsigned)i, (unsigned)(i * 7919));
    values[PERSO_COL_AAZ501] = text_of(card);
    values[PERSO_COL_AAC002] = text_of("11010519491231002X");
    values[PERSO_COL_AAC003] = text_of(persons[i / SIGNED % 5]);
    values[PERSO_COL_AAB301] = text_of("411600");
    if (perso_request_template_read(text_of(templates[i % 3]), &compiled, &err) != PERSO_OK ||
        perso_request_info(&compiled, values, key->xy, info, PERSO_REQUEST_INFO_BYTES, n, &err) !=
            PERSO_OK)
        fail_msg("%u: no request: %s", (unsigned)i, err.text);
}

static void
card_signs(uint32_t i, const struct sbx_key *key, const uint8_t *info, size_t n, uint8_t rs[64])
{
    const struct sbx_key *signer =
        i % SIGNED == SIGNED_OTHER_CARD ? &world.keys[(i + 1) % KEYS] : key;
    const char *id = i % SIGNED == SIGNED_EMPTY_ID ? "" : SBX_ID;
    uint8_t e[32];

    if (i % 2 == 0) { /* a card that is told e, as form sig has it */
        sbx_e(key->xy, id, info, n, e);
        sbx_sign_e(world.curve, signer->d, e, &world.random, rs);
    } else {
        botan_sign(signer->d, id, info, n, &world.random, rs);
    }
    if (i % SIGNED == SIGNED_DAMAGED)
        rs[sbx_random_below(&world.random, 64)] ^= 1;
}

/* Put together by us, taken apart by OpenSSL, judged by Botan; the bytes that were signed stay. */
static void
judge_assembled(uint32_t i, unsigned *hold)
{
    const struct sbx_key *key = &world.keys[i % KEYS];
    uint8_t info[PERSO_REQUEST_INFO_BYTES], rs[64];
    struct perso_pkcs10 request = { 0 };
    struct sbx_der der = { .n = 0 };
    struct parts parts;
    size_t n = 0;

    info_make(i, key, info, &n);
    card_signs(i, key, info, n, rs);
    request.info = (struct perso_cursor) { info, info + n };
    memcpy(request.rs, rs, 64);
    assert_true(perso_pkcs10_write(&request, der.bytes, sizeof der.bytes, &der.n));
    take_apart(&der, &parts);
    if (parts.info_bytes != n || memcmp(der.bytes + parts.info, info, n) != 0 ||
        memcmp(parts.key, key->xy, 64) != 0 || memcmp(parts.rs_bytes, rs, 64) != 0)
        fail_msg("%u: another request than was signed", (unsigned)i);
    bool want = i % SIGNED == SIGNED_RIGHT || i % SIGNED == SIGNED_RIGHT_TOO;
    bool we = we_say_request(der.bytes, der.n);
    bool botan =
        botan_holds(parts.key, SBX_ID, der.bytes + parts.info, parts.info_bytes, parts.rs_bytes);
    *hold += want;
    if (we == want && botan == want)
        return;
    show("request", der.bytes, der.n);
    fail_msg("%u: is %d, we say %d, Botan %d", (unsigned)i, want, we, botan);
}

static void
assembled_requests_are_judged_alike(void **state) /* CONTRACTS 2, form sig; RFC 2986 */
{
    unsigned hold = 0;

    (void)state;
    for (uint32_t i = 0; i < REQUESTS; i++)
        judge_assembled(i, &hold);
    print_message("%u assembled requests judged alike: %u hold, %u do not\n", REQUESTS, hold,
                  REQUESTS - hold);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_judged_alike),
        cmocka_unit_test(requests_are_judged_alike),
        cmocka_unit_test(assembled_requests_are_judged_alike),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

#else

#include <stdio.h>

int
main(void)
{
    puts("built without Botan (libbotan-2-dev)");
    return 77;
}

#endif
