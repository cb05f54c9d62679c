#include "tests/formats/pki/recipe.h"

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"

void
recipe_hex(const void *bytes, size_t n, char *out)
{
    perso_hex_lower(bytes, n, out);
}

static void cook(const struct recipe_part *parts, const char **at, struct made *out);

static void
cook_part(const struct recipe_part *parts, const char **at, struct made *out)
{
    size_t n = strspn(++*at, "abcdefghijklmnopqrstuvwxyz0123456789");

    for (const struct recipe_part *p = parts; p->name != NULL; p++)
        if (strlen(p->name) == n && strncmp(p->name, *at, n) == 0) {
            const char *recipe = p->recipe;
            cook(parts, &recipe, out);
            *at += n;
            return;
        }
    fail_msg("no part %s", *at);
}

static void
add_length(struct made *out, size_t length, unsigned bytes)
{
    if (bytes == 0 && length < 0x80) {
        made_add(out, &(uint8_t) { (uint8_t)length }, 1);
        return;
    }
    while (bytes == 0 || (bytes < sizeof length && length >> 8 * bytes != 0))
        bytes++;
    made_add(out, &(uint8_t) { (uint8_t)(0x80 | bytes) }, 1);
    while (bytes-- > 0)
        made_add(out, &(uint8_t) { bytes < sizeof length ? (uint8_t)(length >> 8 * bytes) : 0 }, 1);
}

/* From the sign before { to behind }. */
static void
cook_contents(const struct recipe_part *parts, const char **at, struct made *out)
{
    char sign = **at;
    long number = sign == '{' ? 0 : strtol(*at + 1, (char **)at, 10);
    struct made contents = { .n = 0 };
    uint8_t tag = out->n > 0 ? out->at[out->n - 1] : 0;

    assert_true(**at == '{');
    ++*at;
    cook(parts, at, &contents);
    assert_true(**at == '}');
    ++*at;
    for (long i = 1; sign == '#' && i < number; i++)
        contents = make_tlv(tag, contents.at, contents.n);
    size_t length = contents.n;
    length = sign == '+' ? length + (size_t)number : sign == '-' ? length - (size_t)number : length;
    add_length(out, length, sign == ':' ? (unsigned)number : 0);
    made_add(out, contents.at, contents.n);
}

static void
cook_text(const char **at, struct made *out)
{
    size_t n = strcspn(++*at, "'");

    assert_true((*at)[n] == '\'');
    made_add(out, *at, n);
    *at += n + 1;
}

static void
repeat(const char **at, struct made *out)
{
    long n = strtol(*at + 1, (char **)at, 10);

    assert_true(out->n > 0);
    for (long i = 1; i < n; i++)
        made_add(out, &out->at[out->n - 1], 1);
}

static void
cook(const struct recipe_part *parts, const char **at, struct made *out)
{
    uint8_t byte;

    while (**at != '\0' && **at != '}') {
        if (**at == ' ') {
            ++*at;
        } else if (**at == '$') {
            cook_part(parts, at, out);
        } else if (strchr("{:+-#", **at) != NULL) {
            cook_contents(parts, at, out);
        } else if (**at == '\'') {
            cook_text(at, out);
        } else if (**at == '*') {
            repeat(at, out);
        } else {
            if (!perso_hex_decode(*at, 2, &byte, 1))
                fail_msg("not a recipe: %s", *at);
            made_add(out, &byte, 1);
            *at += 2;
        }
    }
}

struct made
recipe_cook(const struct recipe_part *parts, const char *recipe)
{
    struct made ret = { .n = 0 };

    cook(parts, &recipe, &ret);
    if (*recipe != '\0')
        fail_msg("not a recipe: %s", recipe);
    return ret;
}
