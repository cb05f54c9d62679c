/* A pair of soft keys with their certificates, made once a test program. */
#ifndef TESTS_SEAL_KEYS_H
#define TESTS_SEAL_KEYS_H

#include <stdlib.h>
#include <string.h>

#include "formats/seal/soft_keys.h"

struct pair {
    char *key, *cert;
    size_t key_n, cert_n;
};

#define PASSWORD "a password of 20 bytes"

static inline void
pair_make(struct pair *p, const char *name, bool seals)
{
    struct perso_error err = { 0 };
    if (perso_soft_key_make(name, seals, PASSWORD, &p->key, &p->key_n, &p->cert, &p->cert_n,
                            &err) != PERSO_OK)
        abort();
}

static inline void
pair_free(struct pair *p)
{
    free(p->key);
    free(p->cert);
}

static inline enum perso_result
pairs_open(const struct pair *sender, const struct pair *sealing, const char *password,
           struct perso_secrets *ret, struct perso_error *err)
{
    return perso_soft_keys_open(perso_cursor_of(sender->key, sender->key_n),
                                perso_cursor_of(sealing->key, sealing->key_n), password, ret, err);
}

#endif
