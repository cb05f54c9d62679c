/*
 * Text of any length by stdio, in memory. In place of open_memstream, which forgets (glibc 2.36)
 * that it could not grow: what follows stands then behind a hole, and fclose says 0.
 */
#ifndef PIPELINE_STORE_STREAM_H
#define PIPELINE_STORE_STREAM_H

#include <stddef.h>
#include <stdio.h>

#include "perso/result.h"

struct perso_stream {
    FILE *out; /* to write to; NULL: no memory */
    char *text;
    size_t n, room;
};

/** PERSO_FATAL without memory; *s stays where it is until it is closed. */
enum perso_result perso_stream_open(struct perso_stream *s, struct perso_error *err);
/**
 * The text, with a NUL behind it, which the caller frees. rc: of what was done meanwhile; returned
 * where it is not PERSO_OK, and nothing is set.
 */
enum perso_result perso_stream_close(struct perso_stream *s, enum perso_result rc, char **text,
                                     size_t *n, struct perso_error *err);

#endif
