/* A source that digests what it hands on. */
#ifndef PIPELINE_DIGEST_SOURCE_H
#define PIPELINE_DIGEST_SOURCE_H

#include "formats/sm2/sm3.h"
#include "perso/io.h"

struct perso_digest_source {
    struct perso_source inner;
    struct perso_sm3 *sm3;
};

/** PERSO_FATAL without memory. */
enum perso_result perso_digest_source_new(struct perso_digest_source *ret, struct perso_error *err);
/** Start over with another inner source. */
struct perso_source perso_digest_source_of(struct perso_digest_source *source,
                                           const struct perso_source *inner);
/** Digest of what was read since; starts anew. */
enum perso_result perso_digest_source_end(struct perso_digest_source *source,
                                          uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err);
void perso_digest_source_free(struct perso_digest_source *source);

#endif
