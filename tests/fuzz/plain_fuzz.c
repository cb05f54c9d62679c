/* Texts of others on their way to a terminal: no control comes out, nothing grows, what is plain
 * stays as it is, and stepping never leaves the text. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "formats/text/charset.h"
#include "perso/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const char *text, size_t n)
{
    uint32_t scalar;

    for (size_t at = 0, step; at < n; at += step) {
        step = perso_utf8_next(text + at, n - at, &scalar);
        assert(step > 0 && !perso_is_control(scalar));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *again = malloc(size + 1);

    if (text == NULL || again == NULL)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    perso_text_plain(text);
    size_t n = strlen(text);
    assert(n <= size && perso_text_is_plain(text));
    check(text, n);
    memcpy(again, text, n + 1);
    perso_text_plain(again);
    assert(strcmp(again, text) == 0);
    free(text);
    free(again);
    return 0;
}
