/* Any bytes as a package, and a good package with bytes changed: what passes the first pass has
 * every listed member, with its digest, in the second. */
#undef NDEBUG /* the assertions are the test, in every build */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "formats/package/package.h"
#include "formats/sm2/sm3.h"

struct bytes {
    uint8_t *at;
    size_t n, read_at;
};

static enum perso_result
read_bytes(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct bytes *b = (struct bytes *)self;
    size_t left = b->n - b->read_at;

    (void)err;
    if (left == 0)
        return PERSO_END;
    *n = left < max ? left : max;
    memcpy(buf, b->at + b->read_at, *n);
    b->read_at += *n;
    return PERSO_OK;
}

static enum perso_result
write_bytes(void *self, const void *bytes, size_t n, struct perso_error *err)
{
    struct bytes *b = (struct bytes *)self;

    (void)err;
    b->at = realloc(b->at, b->n + n);
    assert(b->at != NULL);
    memcpy(b->at + b->n, bytes, n);
    b->n += n;
    return PERSO_OK;
}

static void
find_member(struct bytes *b, const struct perso_manifest_member *want)
{
    static const struct perso_archive_limits limits = { PERSO_PACKAGE_MEMBERS + 1,
                                                        PERSO_ARCHIVE_ENTRY_BYTES,
                                                        PERSO_ARCHIVE_TOTAL_BYTES };
    struct perso_source source = { read_bytes, b }, member;
    struct perso_error err = { 0 };
    struct perso_archive *archive = NULL;
    struct perso_sm3 *sum = perso_sm3_new();
    uint8_t block[4096], digest[PERSO_SM3_BYTES];
    uint64_t bytes = 0;
    size_t n = 0;
    enum perso_result rc;

    b->read_at = 0;
    assert(perso_archive_open(&source, &limits, &archive, &err) == PERSO_OK);
    assert(perso_package_seek(archive, want->name, &member, &err) == PERSO_OK);
    while ((rc = perso_source_read(&member, block, sizeof block, &n, &err)) == PERSO_OK) {
        assert(perso_sm3_add(sum, block, n));
        bytes += n;
    }
    assert(rc == PERSO_END && bytes == want->bytes && perso_sm3_end(sum, digest));
    assert(memcmp(digest, want->sm3, sizeof digest) == 0);
    perso_sm3_free(sum);
    perso_archive_free(archive);
}

/* True where the package passed. */
static bool
try_package(struct bytes *b, struct perso_package_view *view)
{
    struct perso_source source = { read_bytes, b };
    struct perso_error err = { 0 };

    b->read_at = 0;
    *view = (struct perso_package_view) { 0 };
    enum perso_result rc = perso_package_check(&source, view, &err);
    assert(rc == PERSO_OK || (rc == PERSO_REJECT && err.reject != PERSO_REJ_NONE));
    assert((rc == PERSO_OK) == (view->manifest_json != NULL));
    if (rc != PERSO_OK)
        return false;
    for (uint32_t i = 0; i < view->manifest.n_members; i++)
        find_member(b, &view->manifest.members[i]);
    return true;
}

static void
write_sample(struct bytes *b, char **json, size_t *json_n)
{
    static const struct perso_package_member members[] = {
        { "application.csv", "AAZ501\n1\n", 9, 1 }, { "slip.txt", "one", 3, 0 }
    };
    struct perso_manifest manifest = {
        .kind = "APP",
        .sender = "V1",
        .recipient = "D1",
        .division = "411600",
        .vendor = "V1",
        .batch = "B1",
        .mode = 1,
        .date = "2024-02-29",
        .sequence = 1,
        .cards = 1,
    };
    struct perso_sink sink = { write_bytes, b };
    struct perso_error err = { 0 };
    assert(perso_package_write(&manifest, members, 2, 1709208000, &sink, json, json_n, &err) ==
           PERSO_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes raw = { malloc(size + 1), size, 0 }, sample = { 0 };
    struct perso_package_view view;
    char *json = NULL;
    size_t json_n = 0;

    assert(raw.at != NULL);
    memcpy(raw.at, data, size);
    try_package(&raw, &view);
    perso_package_view_free(&view);
    free(raw.at);

    write_sample(&sample, &json, &json_n);
    for (size_t i = 0; i + 3 <= size; i += 3) /* place, byte */
        sample.at[((size_t)data[i] << 8 | data[i + 1]) % sample.n] ^= data[i + 2];
    if (try_package(&sample, &view) && view.manifest_n == json_n &&
        memcmp(view.manifest_json, json, json_n) == 0)
        assert(view.manifest.n_members == 2); /* and find_member has seen their bytes */
    perso_package_view_free(&view);
    free(json);
    free(sample.at);
    return 0;
}
