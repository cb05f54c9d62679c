/* Card states and the one table of allowed moves (DESIGN 3, CONTRACTS 4). */
#ifndef PERSO_STATE_H
#define PERSO_STATE_H

#include <stdbool.h>

/* Numbers are stored in ledgers: rows are only ever appended. */
#define PERSO_STATES(ROW)                                                                          \
    ROW(RECEIVED, "received")                                                                      \
    ROW(RECONCILED, "reconciled")                                                                  \
    ROW(APPROVED, "approved")                                                                      \
    ROW(BUNDLED, "bundled")                                                                        \
    ROW(SUBMITTED, "submitted")                                                                    \
    ROW(ISSUED, "issued")                                                                          \
    ROW(REFUSED, "refused")                                                                        \
    ROW(MATCHED, "matched")                                                                        \
    ROW(FORWARDED, "forwarded")                                                                    \
    ROW(PREPARED, "prepared")                                                                      \
    ROW(DEFERRED, "deferred")                                                                      \
    ROW(WRITTEN, "written")                                                                        \
    ROW(RETRY, "retry")                                                                            \
    ROW(SPOILED, "spoiled")                                                                        \
    ROW(MISSING, "missing")                                                                        \
    ROW(TEST, "test")                                                                              \
    ROW(RETURNED, "returned")                                                                      \
    ROW(HELD, "held")                                                                              \
    ROW(CANCELLED, "cancelled")

enum perso_state {
    PERSO_STATE_NONE, /* not in the job yet */
#define PERSO_STATE_ENUM(name, text) PERSO_STATE_##name,
    PERSO_STATES(PERSO_STATE_ENUM)
#undef PERSO_STATE_ENUM
        PERSO_STATE_COUNT
};

const char *perso_state_name(enum perso_state state); /* "" for PERSO_STATE_NONE */
enum perso_state perso_state_from_name(const char *name);

/** True where the table of moves has from -> to. */
bool perso_state_may_move(enum perso_state from, enum perso_state to);
/** True for the states in which a card is still on its way (balance: open). */
bool perso_state_is_open(enum perso_state state);

#endif
