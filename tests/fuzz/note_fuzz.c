/* Texts of an RA or a machine on their way into notes and lists: what comes out is short, whole
 * UTF-8 without controls, and shows no ID number. */
#include <assert.h>
#include <string.h>

#include "formats/text/charset.h"
#include "stages/verdict.h"

#define OUT_BYTES 96u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static void
check_numbers(const char *out)
{
    size_t chars = 0, digits = 0;

    for (; *out != '\0'; out++) {
        chars = is_alphanumeric(*out) ? chars + 1 : 0;
        digits = chars == 0 ? 0 : digits + (*out >= '0' && *out <= '9');
        assert(chars < 15 || digits < 8);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char out[OUT_BYTES + 1], again[OUT_BYTES + 1] = "";
    struct perso_text text = { (const char *)data, (uint32_t)size };
    uint32_t scalar;

    if (size > PERSO_CELL_BYTES)
        return 0;
    out[0] = '\0';
    out[OUT_BYTES] = '#'; /* one beyond max */
    perso_note_add(out, OUT_BYTES, text);
    assert(out[OUT_BYTES] == '#' && memchr(out, '\0', OUT_BYTES) != NULL);
    for (size_t at = 0, n = strlen(out), step; at < n; at += step) {
        step = perso_utf8_next(out + at, n - at, &scalar);
        assert(step != 0 && scalar >= 0x20 && (scalar < 0x7f || scalar > 0x9f));
    }
    check_numbers(out);
    /* what is clean stays as it is */
    perso_note_add(again, OUT_BYTES, (struct perso_text) { out, (uint32_t)strlen(out) });
    assert(strcmp(again, out) == 0);
    return 0;
}
