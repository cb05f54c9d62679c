#include "pipeline/file/digest_source.h"

static enum perso_result
read_and_digest(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct perso_digest_source *s = self;
    enum perso_result rc = perso_source_read(&s->inner, buf, max, n, err);

    if (rc == PERSO_OK && !perso_sm3_add(s->sm3, buf, *n))
        return perso_error_openssl(err, "SM3");
    return rc;
}

enum perso_result
perso_digest_source_new(struct perso_digest_source *ret, struct perso_error *err)
{
    *ret = (struct perso_digest_source) { .sm3 = perso_sm3_new() };
    return ret->sm3 != NULL ? PERSO_OK : perso_error_errno(err, "memory");
}

struct perso_source
perso_digest_source_of(struct perso_digest_source *source, const struct perso_source *inner)
{
    source->inner = *inner;
    return (struct perso_source) { read_and_digest, source };
}

enum perso_result
perso_digest_source_end(struct perso_digest_source *source, uint8_t sm3[PERSO_SM3_BYTES],
                        struct perso_error *err)
{
    return perso_sm3_end(source->sm3, sm3) ? PERSO_OK : perso_error_openssl(err, "SM3");
}

void
perso_digest_source_free(struct perso_digest_source *source)
{
    perso_sm3_free(source->sm3);
    source->sm3 = NULL;
}
