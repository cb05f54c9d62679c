/* What an operator let pass: asked by a stage before it holds a record for a waivable code. */
#ifndef STAGES_WAIVERS_H
#define STAGES_WAIVERS_H

#include <stdbool.h>
#include <stddef.h>

#include "perso/reject.h"

struct perso_waivers {
    bool (*has)(void *self, size_t i, enum perso_reject reject); /* i: index in the batch */
    void *self;
};

/** NULL waives nothing. */
static inline bool
perso_waived(const struct perso_waivers *w, size_t i, enum perso_reject reject)
{
    return w != NULL && perso_reject_waivable(reject) && w->has(w->self, i, reject);
}

#endif
