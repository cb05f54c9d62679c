/*
 * Memory of one batch: taken in pieces, given back all at once, reused by the next batch, so that
 * the hot path allocates nothing for a card.
 */
#ifndef PERSO_ARENA_H
#define PERSO_ARENA_H

#include <stddef.h>

struct perso_arena; /* grows by chunks; chunks are kept by a reset */

struct perso_arena *perso_arena_new(void); /* NULL: no memory */
void *perso_arena_take(struct perso_arena *arena,
                       size_t bytes); /* aligned to 16; NULL: no memory */
void perso_arena_reset(struct perso_arena *arena);
void perso_arena_free(struct perso_arena *arena); /* accepts NULL */

#endif
