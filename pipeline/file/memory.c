/* Growing bytes in memory, as a sink. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/file/outgoing.h"

static enum perso_result
memory_write(void *self, const void *bytes, size_t n, struct perso_error *err)
{
    struct perso_memory *m = self;

    if (n > m->room - m->n) {
        size_t room = m->room == 0 ? 1u << 16 : m->room;
        while (room - m->n < n)
            room *= 2;
        uint8_t *grown = realloc(m->bytes, room);
        if (grown == NULL)
            return perso_error_errno(err, "memory");
        m->bytes = grown;
        m->room = room;
    }
    memcpy(m->bytes + m->n, bytes, n);
    m->n += n;
    return PERSO_OK;
}

struct perso_sink
perso_memory_sink(struct perso_memory *memory)
{
    return (struct perso_sink) { memory_write, memory };
}

void
perso_memory_free(struct perso_memory *memory)
{
    free(memory->bytes);
    *memory = (struct perso_memory) { 0 };
}
