/* A sink that keeps what it is given and may refuse bytes beyond a number. */
#ifndef TESTS_STAGES_SINK_H
#define TESTS_STAGES_SINK_H

#include <string.h>

#include "perso/io.h"

struct collected {
    size_t n, max; /* max 0: all that fits */
    char at[1 << 21];
};

static inline enum perso_result
collect_bytes(void *self, const void *bytes, size_t n, struct perso_error *err)
{
    struct collected *out = self;

    if (n >= sizeof out->at - out->n || (out->max != 0 && n > out->max - out->n))
        return perso_error_set(err, PERSO_REJ_NONE, "", "no space left");
    memcpy(out->at + out->n, bytes, n);
    out->n += n;
    return PERSO_OK;
}

static inline struct perso_sink
collecting_sink(struct collected *out)
{
    return (struct perso_sink) { collect_bytes, out };
}

static inline const char *
collected_text(struct collected *out)
{
    out->at[out->n] = '\0';
    return out->at;
}

#endif
