/* A source of the bytes that a target is given. */
#ifndef TESTS_FUZZ_MEMORY_H
#define TESTS_FUZZ_MEMORY_H

#include <string.h>

#include "perso/io.h"

struct memory {
    const uint8_t *at;
    size_t left, step; /* a read gives at most step bytes */
};

static inline enum perso_result
memory_read(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct memory *m = (struct memory *)self;

    (void)err;
    if (m->left == 0)
        return PERSO_END;
    *n = m->left < m->step ? m->left : m->step;
    *n = *n < max ? *n : max;
    memcpy(buf, m->at, *n);
    m->at += *n;
    m->left -= *n;
    return PERSO_OK;
}

#endif
