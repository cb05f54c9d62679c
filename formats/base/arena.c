#include "perso/arena.h"

#include <stdint.h>
#include <stdlib.h>

#define CHUNK_BYTES (1u << 20) /* a batch of 2,048 rows takes two or three */

struct chunk {
    struct chunk *next;
    size_t size, used;
    _Alignas(16) unsigned char bytes[];
};

struct perso_arena {
    struct chunk *first, *current;
};

struct perso_arena *
perso_arena_new(void)
{
    return calloc(1, sizeof(struct perso_arena));
}

static struct chunk *
chunk_new(size_t bytes)
{
    size_t size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
    struct chunk *c = malloc(sizeof *c + size);
    if (c != NULL)
        *c = (struct chunk) { .size = size };
    return c;
}

void *
perso_arena_take(struct perso_arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    bytes = (bytes + 15) & ~(size_t)15;
    struct chunk *c = arena->current;
    while (c != NULL && c->size - c->used < bytes)
        c = c->next;
    if (c == NULL) {
        if ((c = chunk_new(bytes)) == NULL)
            return NULL;
        struct chunk **end = &arena->first;
        while (*end != NULL)
            end = &(*end)->next;
        *end = c;
    }
    arena->current = c;
    void *ret = c->bytes + c->used;
    c->used += bytes;
    return ret;
}

void
perso_arena_reset(struct perso_arena *arena)
{
    for (struct chunk *c = arena->first; c != NULL; c = c->next)
        c->used = 0;
    arena->current = arena->first;
}

void
perso_arena_free(struct perso_arena *arena)
{
    if (arena == NULL)
        return;
    for (struct chunk *c = arena->first, *next; c != NULL; c = next) {
        next = c->next;
        free(c);
    }
    free(arena);
}
