/* Texts of others, made fit to be shown: nothing of them may steer a terminal. */
#include <string.h>

#include "perso/text.h"

static const struct {
    uint32_t first, last;
} controls[] = {
    { 0x00, 0x1f },     { 0x7f, 0x9f },     { 0x061c, 0x061c },
    { 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2066, 0x2069 },
};

bool
perso_is_control(uint32_t scalar)
{
    for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++)
        if (scalar >= controls[i].first && scalar <= controls[i].last)
            return true;
    return false;
}

/* Bytes of a character of this first byte; 0: none begins so. */
static size_t
length_of(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* The end of the text is no byte that goes on, so that nothing is read beyond it. */
static size_t
scan(const uint8_t *at, uint32_t *scalar)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t n = length_of(at[0]);

    *scalar = n <= 1 ? at[0] : at[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        *scalar = *scalar << 6 | (at[i] & 0x3fu);
    }
    bool surrogate = *scalar >= 0xd800 && *scalar <= 0xdfff;
    return *scalar >= least[n] && *scalar <= 0x10ffff && !surrogate ? n : 0;
}

size_t
perso_text_step(const char *at, bool *shown)
{
    const uint8_t *bytes = (const uint8_t *)at;
    uint32_t scalar;
    size_t n = scan(bytes, &scalar);

    *shown = n > 0 && !perso_is_control(scalar);
    return n > 0 ? n : 1;
}

bool
perso_text_is_plain(const char *text)
{
    bool shown = true;

    while (shown && *text != '\0')
        text += perso_text_step(text, &shown);
    return shown;
}

void
perso_text_plain(char *text)
{
    char *to = text;
    bool shown;

    for (size_t n; *text != '\0'; text += n) {
        n = perso_text_step(text, &shown);
        if (shown) {
            memmove(to, text, n);
            to += n;
        } else {
            *to++ = '.';
        }
    }
    *to = '\0';
}
