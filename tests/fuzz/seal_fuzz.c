/* Sealed fields of any bytes: nothing opens but what was sealed there; peers of any bytes. */
#undef NDEBUG /* the assertions are the test, in every build */
#include <assert.h>
#include <string.h>

#include "formats/seal/peer.h"
#include "formats/seal/seal.h"

#define ID "411600D156000005AAAAAAAAAAAAAAAA"

static void
try_field(struct perso_seal *seal, const uint8_t *data, size_t size)
{
    size_t n = size < PERSO_SEALED_PLAIN_MAX ? size : PERSO_SEALED_PLAIN_MAX, have = 0;
    char text[PERSO_SEALED_CHARS + 1];
    uint8_t plain[PERSO_SEALED_PLAIN_MAX];
    struct perso_error err = { 0 };

    assert(perso_seal_field(seal, ID, "ZKMY", 1, perso_cursor_of(data, n), text, &err) == PERSO_OK);
    struct perso_text sealed = { text, (uint32_t)strlen(text) };
    assert(perso_seal_open(seal, ID, "ZKMY", 1, sealed, plain, &have, &err) == PERSO_OK);
    assert(have == n && memcmp(plain, data, n) == 0);
    assert(perso_seal_open(seal, ID, "ZKMY", 2, sealed, plain, &have, &err) == PERSO_REJECT);
    assert(perso_seal_open(seal, ID, "GLYPIN", 1, sealed, plain, &have, &err) == PERSO_REJECT);
}

static void
try_text(struct perso_seal *seal, const uint8_t *data, size_t size)
{
    struct perso_text sealed = { (const char *)data, (uint32_t)size };
    uint8_t plain[PERSO_SEALED_PLAIN_MAX];
    struct perso_error err = { 0 };
    size_t have = 0;

    assert(perso_seal_open(seal, ID, "ZKMY", 1, sealed, plain, &have, &err) == PERSO_REJECT);
    assert(err.reject == PERSO_REJ_SECRET_SEAL && have == 0);
}

static void
try_peer(struct perso_cursor file)
{
    struct perso_peer peer = { 0 };
    struct perso_error err = { 0 };
    enum perso_result rc = perso_peer_read("V1", file, &peer, &err);

    assert((rc == PERSO_OK) == (peer.signs || peer.seals));
    assert((rc == PERSO_REJECT) == (err.reject != PERSO_REJ_NONE));
    if (rc == PERSO_OK && peer.signs) {
        struct perso_cursor message = perso_cursor_of("m", 1);
        assert(perso_peer_verify(&peer, message, file, &err) == PERSO_REJECT);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[PERSO_SEAL_KEY_BYTES] = { 1, 2, 3 };
    struct perso_seal *seal = NULL;
    struct perso_error err = { 0 };

    assert(perso_seal_new(key, &seal, &err) == PERSO_OK);
    try_field(seal, data, size);
    if (size <= UINT32_MAX)
        try_text(seal, data, size);
    try_peer(perso_cursor_of(data, size));
    perso_seal_free(seal);
    return 0;
}
