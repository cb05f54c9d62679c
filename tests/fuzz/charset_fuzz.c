#include <assert.h>
#include <string.h>

#include "formats/text/charset.h"

#define MAX_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All of src in turns of step bytes, as a reader of blocks does it. */
static bool
decode_in_steps(enum perso_charset charset, const uint8_t *src, size_t n, size_t step, uint8_t *dst,
                size_t *made)
{
    size_t from = 0, end = 0;

    *made = 0;
    while (end < n || from < n) {
        size_t used, got, before = end;
        bool cut;
        end = n - end < step ? n : end + step;
        if (!perso_charset_decode(charset, src + from, end - from, dst + *made, 8, &used, &got,
                                  &cut))
            return false;
        assert(used <= end - from && got <= 8);
        from += used;
        *made += got;
        if (end == n && before == n && used == 0) {
            assert(cut);
            return false;
        }
    }
    return true;
}

/* What is decoded is UTF-8, gives its own bytes again, and blocks make no difference. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t whole[2 * MAX_BYTES], parts[2 * MAX_BYTES + 8], back[2 * MAX_BYTES];
    size_t used, made, again;
    bool cut;

    if (size < 2 || size > MAX_BYTES)
        return 0;
    enum perso_charset charset = (enum perso_charset)(data[0] % 3);
    size_t step = 1 + data[1] % 16u;
    data += 2;
    size -= 2;
    bool good = perso_charset_decode(charset, data, size, whole, sizeof whole, &used, &made, &cut);
    assert(used <= size && made <= sizeof whole);
    assert(used == size || cut || !good);
    for (size_t at = 0; at < made;) {
        uint32_t scalar;
        size_t length = perso_utf8_next((char *)whole + at, made - at, &scalar);
        assert(length != 0 && scalar <= 0x10ffff && (scalar < 0xd800 || scalar > 0xdfff));
        at += length;
    }
    assert(perso_charset_encode(charset, (char *)whole, made, back, sizeof back, &again));
    assert(again == used && memcmp(back, data, used) == 0);
    bool all = decode_in_steps(charset, data, size, step, parts, &again);
    assert(all == (good && !cut));
    assert(!all || (again == made && memcmp(parts, whole, made) == 0));
    return 0;
}
