/* Signatures, right ones and wrong ones, as a judge is asked for them. */
#ifndef TESTS_INTEROP_BOTAN_CASES_H
#define TESTS_INTEROP_BOTAN_CASES_H

#include "botan_world.h"

/* One question. by_e: e is given, and there is no message. */
struct one {
    const struct sbx_key *signer;
    uint8_t key[64], rs[64], e[32], message[96];
    size_t n;
    const char *id;
    bool by_e;
};

/* A kind of questions: wants says what is true of all of them. */
struct kind {
    const char *name;
    bool wants;
    void (*make)(struct world *w, uint32_t i, struct one *one); /* from a signature that holds */
};
extern const struct kind kinds[];
extern const unsigned n_kinds;

/** A good signature with the key of the pool that is number i's turn, over a message. */
void one_make(struct world *w, uint32_t i, struct one *one);

#endif
