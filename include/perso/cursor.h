/* Untrusted bytes are read through one bounded cursor; it owns nothing. */
#ifndef PERSO_CURSOR_H
#define PERSO_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is left to read: at <= end. */
struct perso_cursor {
    const uint8_t *at, *end;
};

/* UTF-8 text, not NUL-terminated; borrowed. */
struct perso_text {
    const char *at;
    uint32_t bytes;
};

static inline size_t
perso_left(const struct perso_cursor *c)
{
    return (size_t)(c->end - c->at);
}

static inline struct perso_cursor
perso_cursor_of(const void *at, size_t n)
{
    const uint8_t *p = (const uint8_t *)at;
    return (struct perso_cursor) { p, n > 0 ? p + n : p }; /* NULL has no bytes */
}

/* Take the next n bytes as *ret; false, with nothing moved, where fewer are left. */
static inline bool
perso_take(struct perso_cursor *c, size_t n, struct perso_cursor *ret)
{
    if (n > perso_left(c))
        return false;
    *ret = (struct perso_cursor) { c->at, c->at + n };
    c->at += n;
    return true;
}

static inline bool
perso_take_u8(struct perso_cursor *c, uint8_t *ret)
{
    if (c->at == c->end)
        return false;
    *ret = *c->at++;
    return true;
}

static inline bool
perso_take_u32be(struct perso_cursor *c, uint32_t *ret)
{
    struct perso_cursor b;
    if (!perso_take(c, 4, &b))
        return false;
    *ret = (uint32_t)b.at[0] << 24 | (uint32_t)b.at[1] << 16 | (uint32_t)b.at[2] << 8 | b.at[3];
    return true;
}

#endif
