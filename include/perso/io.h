/* Byte streams that the driver opens and the formats read and write: no format opens a file. */
#ifndef PERSO_IO_H
#define PERSO_IO_H

#include <stddef.h>
#include <stdint.h>

#include "perso/result.h"

/* Bytes in. read sets *n to 1..max under PERSO_OK; PERSO_END at the end. */
struct perso_source {
    enum perso_result (*read)(void *self, uint8_t *buf, size_t max, size_t *n,
                              struct perso_error *err);
    void *self;
};

/* Bytes out; write takes all of them or fails. */
struct perso_sink {
    enum perso_result (*write)(void *self, const void *bytes, size_t n, struct perso_error *err);
    void *self;
};

static inline enum perso_result
perso_source_read(const struct perso_source *s, uint8_t *buf, size_t max, size_t *n,
                  struct perso_error *err)
{
    return s->read(s->self, buf, max, n, err);
}

/** Until max bytes are there or the source has ended: *n of them, PERSO_OK either way. */
static inline enum perso_result
perso_source_fill(const struct perso_source *s, uint8_t *buf, size_t max, size_t *n,
                  struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (*n = 0; rc == PERSO_OK && *n < max;) {
        size_t got = 0;
        rc = perso_source_read(s, buf + *n, max - *n, &got, err);
        *n += rc == PERSO_OK ? got : 0;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

static inline enum perso_result
perso_sink_write(const struct perso_sink *s, const void *bytes, size_t n, struct perso_error *err)
{
    return s->write(s->self, bytes, n, err);
}

#endif
