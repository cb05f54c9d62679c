/*
 * What the layer counts and what it can do there. One table, for the layer, which does it, and for
 * the sweep, which chooses.
 */
#ifndef FAULT_MODES_H
#define FAULT_MODES_H

/* clang-format off */
/* Operation, its word in lists of points. */
#define FAULT_OPS(OP) \
    OP(OPEN,     "open") /* for writing, of a file that is there */ \
    OP(CREATE,   "create") \
    OP(WRITE,    "write") \
    OP(SYNC,     "fsync") /* of a file */ \
    OP(SYNCDIR,  "fsync-folder") \
    OP(RENAME,   "rename") \
    OP(UNLINK,   "unlink") \
    OP(TRUNCATE, "truncate") \
    OP(LINK,     "link") \
    OP(MKDIR,    "mkdir") \
    OP(CLOSE,    "close") /* of a file that was open for writing */ \
    OP(EXIT,     "exit") /* all is done and told */

enum fault_op {
#define OP_NAME(op, word) FAULT_##op,
    FAULT_OPS(OP_NAME)
#undef OP_NAME
    FAULT_OP_COUNT
};

#define BIT(op) (1u << FAULT_##op)
#define MAKES (BIT(CREATE) | BIT(RENAME) | BIT(LINK) | BIT(MKDIR))
#define CALLS ((1u << FAULT_EXIT) - 1) /* all but the end */

/* Mode, its word, where it can strike. */
#define FAULT_MODES(MODE) \
    MODE(KILL,     "kill",     CALLS) /* SIGKILL before the call */ \
    MODE(TORN,     "torn",     BIT(WRITE)) /* half of the write, then SIGKILL */ \
    MODE(LOSE,     "lose",     CALLS | BIT(EXIT)) /* power loss: nothing is left that was not synced */ \
    MODE(GHOST,    "ghost",    CALLS | BIT(EXIT)) /* power loss: names stay, their data do not */ \
    MODE(REORDER,  "reorder",  CALLS | BIT(EXIT)) /* power loss: some of the data, some of the names */ \
    MODE(LATER,    "later",    CALLS) /* SIGKILL; power loss after the command was repeated */ \
    MODE(EIO,      "eio",      CALLS) \
    MODE(FAILSYNC, "failsync", BIT(SYNC) | BIT(SYNCDIR)) /* EIO, its data are dropped; power loss at the end */ \
    MODE(ENOSPC,   "enospc",   MAKES | BIT(WRITE) | BIT(SYNC)) /* half a write, then full until the end */ \
    MODE(EDQUOT,   "edquot",   MAKES | BIT(WRITE) | BIT(SYNC)) \
    MODE(SHORT,    "short",    BIT(WRITE)) \
    MODE(EINTR,    "eintr",    BIT(OPEN) | BIT(CREATE) | BIT(WRITE) | BIT(SYNC) | BIT(TRUNCATE) | BIT(CLOSE)) \
    MODE(EMFILE,   "emfile",   BIT(OPEN) | BIT(CREATE)) \
    MODE(EACCES,   "eacces",   MAKES | BIT(OPEN) | BIT(UNLINK)) \
    MODE(EROFS,    "erofs",    MAKES | BIT(OPEN) | BIT(UNLINK) | BIT(TRUNCATE))
/* clang-format on */

enum fault_mode {
#define MODE_NAME(mode, word, where) FAULT_MODE_##mode,
    FAULT_MODES(MODE_NAME)
#undef MODE_NAME
        FAULT_MODE_COUNT
};

static const char *const fault_op_words[] = {
#define OP_WORD(op, word) word,
    FAULT_OPS(OP_WORD)
#undef OP_WORD
};

static const struct {
    const char *word;
    unsigned where;
} fault_modes[] = {
#define MODE_ROW(mode, word, where) { word, where },
    FAULT_MODES(MODE_ROW)
#undef MODE_ROW
};

#endif
