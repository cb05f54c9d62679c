#include "stages/ssse.h"

#include <string.h>

#define SSSE_KEYS_MAX 8u
#define SSSE_NAME_MAX 32u
#define KEY_DIGITS 32u /* of the shortest key, SM4 */

static bool
looks_like_key(struct perso_text text)
{
    uint32_t run = 0;

    for (uint32_t i = 0; i < text.bytes && run < KEY_DIGITS; i++)
        run = memchr("0123456789ABCDEFabcdef", text.at[i], 22) != NULL ? run + 1 : 0;
    return run == KEY_DIGITS;
}

static bool
is_name(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_' || c == '.';
}

static unsigned
number(const char *digits, unsigned n)
{
    unsigned value = 0;

    for (unsigned i = 0; i < n; i++)
        value = 10 * value + (unsigned)(digits[i] - '0');
    return value;
}

/* Take NAME:VERSION off the front. */
static bool
take_key(struct perso_text *rest)
{
    uint32_t n = 0, digits = 0;

    while (n < rest->bytes && is_name(rest->at[n]))
        n++;
    if (n == 0 || n > SSSE_NAME_MAX || n == rest->bytes || rest->at[n] != ':')
        return false;
    *rest = (struct perso_text) { rest->at + n + 1, rest->bytes - n - 1 };
    while (digits < rest->bytes && digits < 4 && rest->at[digits] >= '0' && rest->at[digits] <= '9')
        digits++;
    if (digits == 0 || digits > 3 || rest->at[0] == '0' || number(rest->at, digits) > 255)
        return false;
    *rest = (struct perso_text) { rest->at + digits, rest->bytes - digits };
    return true;
}

bool
perso_ssse_keys_fit(struct perso_text keys)
{
    struct perso_text rest = keys;
    size_t n = 1;

    if (looks_like_key(keys) || !take_key(&rest))
        return false;
    for (; rest.bytes > 0; n++) {
        if (rest.at[0] != ';')
            return false;
        rest = (struct perso_text) { rest.at + 1, rest.bytes - 1 };
        if (!take_key(&rest))
            return false;
    }
    return n <= SSSE_KEYS_MAX;
}
