/* The balance of a job (CONTRACTS 4): in = the sum of all its lines, always; closed when nothing is
 * open and all that was put aside is settled. */
#ifndef PIPELINE_BALANCE_H
#define PIPELINE_BALANCE_H

#include "pipeline/job/job.h"

enum perso_balance_line {
    PERSO_BALANCE_WRITTEN,
    PERSO_BALANCE_DEFERRED,
    PERSO_BALANCE_FORWARDED,
    PERSO_BALANCE_SPOILED,
    PERSO_BALANCE_MISSING,
    PERSO_BALANCE_TEST,
    PERSO_BALANCE_RETURNED,
    PERSO_BALANCE_REFUSED,
    PERSO_BALANCE_CANCELLED,
    PERSO_BALANCE_HELD,
    PERSO_BALANCE_OPEN,
    PERSO_BALANCE_COUNT
};

struct perso_balance {
    uint32_t in; /* application rows that were accepted, counted by their files */
    uint32_t lines[PERSO_BALANCE_COUNT];
    uint32_t by_state[PERSO_STATE_COUNT];
};

const char *perso_balance_name(enum perso_balance_line line);
/** PERSO_FATAL, loudly, where the sum does not close: cards would be lost or doubled. */
enum perso_result perso_balance_take(struct perso_job *job, struct perso_balance *ret,
                                     struct perso_error *err);
/** Nothing open, held or refused, and nothing that another party still has to tell about. */
bool perso_balance_closes(const struct perso_job *job, const struct perso_balance *balance);
/** As a table "line,cards" with a header and PERSO_BALANCE_COUNT + 1 rows. malloc; the caller
 * frees. */
enum perso_result perso_balance_csv(const struct perso_balance *balance, char **ret, size_t *n,
                                    struct perso_error *err);
void perso_balance_tell(struct perso_job *job, const struct perso_balance *balance);

#endif
