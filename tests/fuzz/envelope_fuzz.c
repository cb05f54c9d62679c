/* Envelopes: only 388 bytes are one, and the key that comes out is the blob's and on the curve. */
#include <assert.h>
#include <string.h>

#include "formats/pki/envelope.h"
#include "formats/sm2/sm2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t key[PERSO_POINT_BYTES], untouched[PERSO_POINT_BYTES];
    memset(key, 0x5a, sizeof key);
    memcpy(untouched, key, sizeof key);

    enum perso_reject reject = perso_envelope_read(perso_cursor_of(data, size), key);
    assert(reject == PERSO_REJ_NONE || reject == PERSO_REJ_ENVELOPE_SHAPE);
    if (reject != PERSO_REJ_NONE) {
        assert(memcmp(key, untouched, sizeof key) == 0);
        return 0;
    }
    assert(size == PERSO_ENVELOPE_BYTES);
    assert(memcmp(key, data + 112, 32) == 0 && memcmp(key + 32, data + 176, 32) == 0);
    assert(perso_sm2_on_curve(key));
    return 0;
}
