/*
 * Bugs that are planted on purpose, each at the spot where it would be made: one that no test finds
 * shows what the tests are worth. They are compiled into persoline-planted alone (tests/fault/),
 * which is never installed; there $PERSO_PLANTED names the one that is alive. In persoline itself
 * PERSO_BUG is the constant false, and nothing of them is left (tests/check.sh looks).
 */
#ifndef PIPELINE_PLANTED_H
#define PIPELINE_PLANTED_H

#include <stdbool.h>

#ifdef PERSO_PLANTED
#include <stdlib.h>
#include <string.h>

static inline bool
perso_planted_bug(const char *name)
{
    const char *chosen = getenv("PERSO_PLANTED");

    return chosen != NULL && strcmp(chosen, name + strlen("planted:")) == 0;
}

#define PERSO_BUG(name) perso_planted_bug("planted:" #name)
#else
#define PERSO_BUG(name) false
#endif

#endif
