#include "perso/state.h"

#include <string.h>

#include "perso/text.h"

#define M(state) (1u << PERSO_STATE_##state)

/* What an operator or a reject may always do to a card that is still on its way. */
#define ASIDE (M(HELD) | M(CANCELLED))

static const struct {
    const char *name;
    unsigned to;
    bool open;
} states[PERSO_STATE_COUNT] = {
    [PERSO_STATE_NONE] = { "", M(RECEIVED) | M(HELD), false },
    [PERSO_STATE_RECEIVED] = { N_("received"),
                               M(RECONCILED) | M(BUNDLED) | M(SUBMITTED) | M(ISSUED) | ASIDE,
                               true },
    [PERSO_STATE_RECONCILED] = { N_("reconciled"), M(APPROVED) | M(RECEIVED) | ASIDE, true },
    [PERSO_STATE_APPROVED] = { N_("approved"), M(BUNDLED) | M(RECEIVED) | ASIDE, true },
    [PERSO_STATE_BUNDLED] = { N_("bundled"),
                              M(SUBMITTED) | M(FORWARDED) | M(APPROVED) | M(RECEIVED) | ASIDE,
                              true },
    [PERSO_STATE_SUBMITTED] = { N_("submitted"),
                                M(ISSUED) | M(REFUSED) | M(APPROVED) | M(RECEIVED) | ASIDE, true },
    [PERSO_STATE_ISSUED] = { N_("issued"), M(MATCHED) | M(REFUSED) | ASIDE, true },
    [PERSO_STATE_REFUSED] = { N_("refused"),
                              M(ISSUED) | M(APPROVED) | M(RECEIVED) | M(RETURNED) | ASIDE, false },
    [PERSO_STATE_MATCHED] = { N_("matched"),
                              M(PREPARED) | M(DEFERRED) | M(FORWARDED) | M(ISSUED) | ASIDE, true },
    [PERSO_STATE_FORWARDED] = { N_("forwarded"),
                                M(WRITTEN) | M(DEFERRED) | M(RETRY) | M(SPOILED) | M(MISSING) |
                                    M(TEST) | M(HELD) | /* whose it is now, decides about it */
                                    M(MATCHED),         /* its package was withdrawn */
                                false },
    [PERSO_STATE_PREPARED] = { N_("prepared"),
                               M(WRITTEN) | M(DEFERRED) | M(RETRY) | M(SPOILED) | M(MISSING) |
                                   M(TEST) | M(MATCHED) | ASIDE,
                               true },
    [PERSO_STATE_DEFERRED] = { N_("deferred"), M(WRITTEN) | M(RETRY) | M(SPOILED) | ASIDE, false },
    [PERSO_STATE_WRITTEN] = { N_("written"), M(HELD), false },
    [PERSO_STATE_RETRY] = { N_("retry"),
                            M(PREPARED) | M(WRITTEN) | M(SPOILED) | M(MISSING) | M(TEST) | ASIDE,
                            true },
    [PERSO_STATE_SPOILED] = { N_("spoiled"), M(HELD) | M(CANCELLED), false },
    [PERSO_STATE_MISSING] = { N_("missing"),
                              M(WRITTEN) | M(DEFERRED) | M(RETRY) | M(SPOILED) | M(TEST) | ASIDE,
                              false },
    [PERSO_STATE_TEST] = { N_("test"), 0, false },
    [PERSO_STATE_RETURNED] = { N_("returned"), M(HELD) | M(CANCELLED), false },
    [PERSO_STATE_HELD] = { N_("held"), ~0u, false },
    [PERSO_STATE_CANCELLED] = { N_("cancelled"), 0, false },
};

const char *
perso_state_name(enum perso_state state)
{
    return states[state].name;
}

enum perso_state
perso_state_from_name(const char *name)
{
    for (int i = 1; i < PERSO_STATE_COUNT; i++)
        if (strcmp(states[i].name, name) == 0)
            return (enum perso_state)i;
    return PERSO_STATE_NONE;
}

bool
perso_state_may_move(enum perso_state from, enum perso_state to)
{
    return to != PERSO_STATE_NONE && (states[from].to >> to & 1u) != 0;
}

bool
perso_state_is_open(enum perso_state state)
{
    return states[state].open;
}
