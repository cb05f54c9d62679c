/*
 * PKCS#10 requests: what is read lies inside the input, OpenSSL reads it to the same end; more that
 * is tolerated accepts more and says so; what is written again reads as the same request, without
 * what can be mended, and a usual one reproduces itself.
 */
#include <assert.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

#include "formats/pki/pkcs10.h"
#include "formats/sm2/sm3.h"
#include "tests/fuzz/person.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
lies_inside(struct perso_cursor part, struct perso_cursor whole)
{
    return part.at >= whole.at && part.at <= part.end && part.end <= whole.end;
}

static bool
same(struct perso_cursor a, struct perso_cursor b)
{
    return perso_left(&a) == perso_left(&b) && memcmp(a.at, b.at, perso_left(&a)) == 0;
}

static bool
same_request(const struct perso_pkcs10 *a, const struct perso_pkcs10 *b)
{
    return same(a->info, b->info) && same(a->subject, b->subject) &&
           memcmp(a->public_key, b->public_key, sizeof a->public_key) == 0 &&
           memcmp(a->rs, b->rs, sizeof a->rs) == 0;
}

/* Under PERSO_OK *ret is set and nothing else; under PERSO_REJECT it stays, and *err says why. */
static bool
reads(struct perso_cursor given, uint32_t tolerated, uint8_t *room, struct perso_pkcs10 *ret)
{
    struct perso_error err = { 0 };
    struct perso_pkcs10 untouched;

    memset(ret, 0x5a, sizeof *ret);
    memcpy(&untouched, ret, sizeof untouched);
    enum perso_result rc = perso_pkcs10_read(
        given, tolerated, (tolerated & PERSO_ODD_PEM) != 0 ? room : NULL, ret, &err);
    assert(rc == PERSO_OK || rc == PERSO_REJECT);
    assert((rc == PERSO_REJECT) == (err.reject != PERSO_REJ_NONE));
    if (rc == PERSO_OK)
        return true;
    assert(memcmp(ret, &untouched, sizeof untouched) == 0);
    assert(err.text[0] != '\0');
    return false;
}

/* OpenSSL refuses a key that is off the curve only when it is asked for. */
static void
openssl_reads_it_too(struct perso_cursor der)
{
    const unsigned char *at = der.at;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)perso_left(&der));

    assert(request != NULL && at == der.end);
    X509_REQ_free(request);
    ERR_clear_error();
}

/* A failed proof is explained from any key and any numbers. */
static void
is_diagnosed(const struct perso_pkcs10 *request)
{
    uint8_t e[PERSO_SM3_BYTES];
    struct perso_error err = { 0 };
    enum perso_reject why;

    assert(perso_pkcs10_diagnose(request, &why, &err) == PERSO_OK);

    assert(perso_pkcs10_e(request, PERSO_SM2_ID, e));
    assert(why == PERSO_REJ_POP_EMPTY_ID || why == PERSO_REJ_POP_NO_Z ||
           why == PERSO_REJ_POP_SHA256 || why == PERSO_REJ_POP_FAILED);
}

static void
strictly_read(struct perso_cursor given, const struct perso_pkcs10 *request)
{
    struct perso_subject subject = { 0 };

    assert(perso_left(&given) <= PERSO_REQUEST_DER_BYTES && request->odd == 0);
    assert(lies_inside(request->info, given) && lies_inside(request->subject, request->info));
    openssl_reads_it_too(given);
    is_diagnosed(request);
    if (perso_subject_read(request->subject, &subject))
        judge_person(&subject);
}

/* What is odd has to be tolerated, all of it, and nothing else has to. */
static void
just_what_is_odd_decides(struct perso_cursor given, const struct perso_pkcs10 *request)
{
    uint8_t room[PERSO_REQUEST_DER_BYTES];
    struct perso_pkcs10 other;

    assert((request->odd & ~PERSO_ODD_ALL) == 0);
    assert((request->odd & PERSO_ODD_HYBRID) == 0 || (request->odd & PERSO_ODD_COMPRESSED) == 0);
    assert(reads(given, request->odd, room, &other));
    assert(other.odd == request->odd && same_request(&other, request));
    for (uint32_t bit = 1; bit <= PERSO_ODD_ALL; bit <<= 1)
        if ((request->odd & bit) != 0)
            assert(!reads(given, PERSO_ODD_ALL & ~bit, room, &other));
}

static void
is_written_as_usual(struct perso_cursor given, const struct perso_pkcs10 *request)
{
    uint8_t out[PERSO_REQUEST_DER_BYTES], again_out[PERSO_REQUEST_DER_BYTES];
    struct perso_pkcs10 again;
    size_t n, again_n;

    assert(perso_pkcs10_write(request, out, sizeof out, &n));
    struct perso_cursor written = perso_cursor_of(out, n);
    assert(reads(written, request->odd & ~PERSO_ODD_MENDABLE, NULL, &again));
    assert(again.odd == (request->odd & ~PERSO_ODD_MENDABLE));
    assert(same_request(&again, request));
    assert(same(written, given) == ((request->odd & PERSO_ODD_MENDABLE) == 0));
    assert(perso_pkcs10_write(&again, again_out, sizeof again_out, &again_n));
    assert(same(perso_cursor_of(again_out, again_n), written));
    openssl_reads_it_too(written);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct perso_cursor given = perso_cursor_of(data, size);
    uint8_t room[PERSO_REQUEST_DER_BYTES];
    struct perso_pkcs10 strict, request;

    bool is_usual = reads(given, 0, NULL, &strict);
    if (is_usual)
        strictly_read(given, &strict);
    if (!reads(given, PERSO_ODD_ALL, room, &request)) {
        assert(!is_usual);
        return 0;
    }
    assert(is_usual == (request.odd == 0));
    assert(!is_usual || same_request(&request, &strict));
    just_what_is_odd_decides(given, &request);
    is_written_as_usual(given, &request);
    return 0;
}
