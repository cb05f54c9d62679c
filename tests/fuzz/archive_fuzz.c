/* Any bytes as an archive, whose passphrase is "secret": what is given out is within the caps,
 * under good names, and the same again in pieces of another size; as a package, whatever is taken
 * is taken from others too. */
#undef NDEBUG /* the assertions are the test, in every build */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "formats/package/archive.h"
#include "formats/package/container.h"
#include "formats/sm2/sm3.h"

static const struct perso_archive_limits limits = { 20, 1 << 20, 2 << 20 };

struct bytes {
    const uint8_t *at;
    size_t left, piece;
};

static enum perso_result
read_bytes(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct bytes *b = (struct bytes *)self;

    (void)err;
    if (b->left == 0)
        return PERSO_END;
    *n = b->left < max ? b->left : max;
    if (*n > b->piece)
        *n = b->piece;
    memcpy(buf, b->at, *n);
    b->at += *n;
    b->left -= *n;
    return PERSO_OK;
}

static enum perso_result
get_passphrase(void *self, unsigned attempt, struct perso_passphrase *ret, struct perso_error *err)
{
    (void)self;
    if (attempt > 0)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_PASSPHRASE, "", "passphrase is wrong");
    memcpy(ret->at, "secret", 6);
    ret->bytes = 6;
    return PERSO_OK;
}

static bool
is_request(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && strcmp(name + n - 4, ".p10") == 0;
}

static enum perso_result
read_member(const struct perso_source *member, struct perso_sm3 *sum, uint64_t *total,
            struct perso_error *err)
{
    uint8_t block[4096];
    uint64_t have = 0;
    size_t n = 0;
    enum perso_result rc;

    while ((rc = perso_source_read(member, block, sizeof block, &n, err)) == PERSO_OK) {
        assert(n > 0 && n <= sizeof block);
        assert(perso_sm3_add(sum, block, n));
        have += n;
        assert(have <= limits.member_bytes);
    }
    *total += have;
    assert(*total <= limits.total_bytes);
    return rc;
}

/* The result, and a digest of all names and bytes given out where it is PERSO_END. */
static enum perso_result
read_archive(const uint8_t *data, size_t size, size_t piece, bool strangers, bool passes,
             uint8_t digest[PERSO_SM3_BYTES], enum perso_reject *reject)
{
    const struct perso_archive_ways ways = { .folders = strangers,
                                             .passes = passes ? is_request : NULL,
                                             .passphrase = { get_passphrase, NULL } };
    struct bytes bytes = { data, size, piece };
    struct perso_source source = { read_bytes, &bytes }, member;
    struct perso_error err = { 0 };
    struct perso_archive *archive = NULL;
    struct perso_sm3 *sum = perso_sm3_new();
    const char *name = NULL;
    uint64_t total = 0;
    uint32_t members = 0;
    enum perso_result rc = perso_archive_open(&source, &limits, &archive, &err);

    assert((rc == PERSO_OK) == (archive != NULL));
    if (rc == PERSO_OK)
        perso_archive_set(archive, &ways);
    while (rc == PERSO_OK && (rc = perso_archive_next(archive, &name, &member, &err)) == PERSO_OK) {
        assert(++members <= limits.members && members <= perso_archive_members(archive));
        assert(perso_member_name_ok(name, strlen(name)));
        assert(perso_sm3_add(sum, name, strlen(name) + 1));
        rc = read_member(&member, sum, &total, &err);
        if (rc == PERSO_END)
            rc = PERSO_OK;
    }
    if (rc == PERSO_END) {
        assert(bytes.left == 0); /* nothing behind the end was left unseen */
        assert(perso_archive_next(archive, &name, &member, &err) == PERSO_END);
    } else {
        assert(rc == PERSO_REJECT && err.reject != PERSO_REJ_NONE);
        if (archive != NULL)
            assert(perso_archive_next(archive, &name, &member, &err) == PERSO_REJECT);
    }
    *reject = err.reject;
    assert(perso_sm3_end(sum, digest));
    perso_sm3_free(sum);
    perso_archive_free(archive);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t whole[PERSO_SM3_BYTES], other[PERSO_SM3_BYTES];
    enum perso_reject a, b;
    enum perso_result rc = read_archive(data, size, SIZE_MAX, true, false, whole, &a);

    assert(read_archive(data, size, 100, true, false, other, &b) == rc);
    if (rc == PERSO_END)
        assert(memcmp(whole, other, sizeof whole) == 0 &&
               read_archive(data, size, SIZE_MAX, true, true, other, &b) == PERSO_END);
    if (read_archive(data, size, SIZE_MAX, false, false, other, &b) == PERSO_END)
        assert(rc == PERSO_END && memcmp(whole, other, sizeof whole) == 0);
    return 0;
}
