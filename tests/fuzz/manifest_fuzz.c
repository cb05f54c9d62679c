/* Any text as a manifest: what is read is written, and that is read as the same. */
#undef NDEBUG /* the assertions are the test, in every build */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "formats/package/manifest.h"

static void
try_package(struct perso_cursor json)
{
    static struct perso_manifest one, two;
    struct perso_error err = { 0 };
    char *text = NULL, name[256];
    size_t n = 0;

    memset(&one, 0, sizeof one);
    memset(&two, 0, sizeof two);
    enum perso_result rc = perso_manifest_read(json, &one, &err);
    assert((rc == PERSO_REJECT) == (err.reject == PERSO_REJ_MANIFEST_SYNTAX));
    if (rc != PERSO_OK) {
        assert(memcmp(&one, &two, sizeof one) == 0); /* nothing half-done */
        return;
    }
    /* Indented it can be longer than it was allowed to come. */
    if (perso_manifest_write(&one, &text, &n, &err) == PERSO_OK) {
        assert(perso_manifest_read(perso_cursor_of(text, n), &two, &err) == PERSO_OK);
        assert(memcmp(&one, &two, sizeof one) == 0);
        free(text);
    }
    for (uint32_t i = 0; i < one.n_members; i++)
        assert(perso_manifest_find(&one, one.members[i].name) == &one.members[i]);
    perso_package_name(&one, name, sizeof name);
    assert(strchr(name, '/') == NULL && strstr(name, ".zip") != NULL);
}

static void
try_side(struct perso_cursor json)
{
    struct perso_side_manifest one = { 0 }, two = { 0 };
    struct perso_error err = { 0 };
    char *text = NULL;
    size_t n = 0;

    if (perso_side_manifest_read(json, &one, &err) != PERSO_OK)
        return;
    assert(perso_side_manifest_write(&one, &text, &n, &err) == PERSO_OK);
    assert(perso_side_manifest_read(perso_cursor_of(text, n), &two, &err) == PERSO_OK);
    assert(memcmp(&one, &two, sizeof one) == 0);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_package(perso_cursor_of(data, size));
    try_side(perso_cursor_of(data, size));
    return 0;
}
