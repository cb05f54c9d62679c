#include "pipeline/job/balance.h"
#include "perso/text.h"
#include "pipeline/store/stream.h"

static const struct {
    const char *name;
    enum perso_state state; /* NONE: the sum of the open states */
} lines[PERSO_BALANCE_COUNT] = {
    [PERSO_BALANCE_WRITTEN] = { N_("written"), PERSO_STATE_WRITTEN },
    [PERSO_BALANCE_DEFERRED] = { N_("deferred"), PERSO_STATE_DEFERRED },
    [PERSO_BALANCE_FORWARDED] = { N_("forwarded"), PERSO_STATE_FORWARDED },
    [PERSO_BALANCE_SPOILED] = { N_("spoiled"), PERSO_STATE_SPOILED },
    [PERSO_BALANCE_MISSING] = { N_("missing"), PERSO_STATE_MISSING },
    [PERSO_BALANCE_TEST] = { N_("test"), PERSO_STATE_TEST },
    [PERSO_BALANCE_RETURNED] = { N_("returned"), PERSO_STATE_RETURNED },
    [PERSO_BALANCE_REFUSED] = { N_("refused"), PERSO_STATE_REFUSED },
    [PERSO_BALANCE_CANCELLED] = { N_("cancelled"), PERSO_STATE_CANCELLED },
    [PERSO_BALANCE_HELD] = { N_("held"), PERSO_STATE_HELD },
    [PERSO_BALANCE_OPEN] = { N_("open"), PERSO_STATE_NONE },
};

const char *
perso_balance_name(enum perso_balance_line line)
{
    return lines[line].name;
}

/* What came in is counted from the files, what is there from the cards: two independent sums. */
static enum perso_result
count_in(struct perso_job *job, uint32_t *in, struct perso_error *err)
{
    struct perso_ledger_file file = { .id = 0 };
    enum perso_result rc;

    *in = 0;
    while ((rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        if (file.stage == PERSO_STAGE_INGEST && file.status == PERSO_FILE_ACCEPTED)
            *in += file.cards;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_balance_take(struct perso_job *job, struct perso_balance *ret, struct perso_error *err)
{
    uint32_t sum = 0;
    enum perso_result rc;

    *ret = (struct perso_balance) { 0 };
    if ((rc = count_in(job, &ret->in, err)) != PERSO_OK ||
        (rc = perso_ledger_counts(job->ledger, ret->by_state, err)) != PERSO_OK)
        return rc;
    for (int i = 1; i < PERSO_STATE_COUNT; i++)
        if (perso_state_is_open((enum perso_state)i))
            ret->lines[PERSO_BALANCE_OPEN] += ret->by_state[i];
    for (int i = 0; i < PERSO_BALANCE_COUNT; i++) {
        if (lines[i].state != PERSO_STATE_NONE)
            ret->lines[i] = ret->by_state[lines[i].state];
        sum += ret->lines[i];
    }
    if (sum != ret->in)
        return perso_error_set(err, PERSO_REJ_NONE, "balance",
                               "THE BALANCE DOES NOT CLOSE: in %u, accounted for %u; stop and keep "
                               "the job as it is",
                               ret->in, sum);
    return PERSO_OK;
}

/* What another party still has to tell about keeps the job open, though it is no longer here. */
bool
perso_balance_closes(const struct perso_job *job, const struct perso_balance *balance)
{
    const struct perso_role_stage *close = perso_role_stage_find(job->role, PERSO_STAGE_CLOSE);

    if (close != NULL && close->from != PERSO_STATE_NONE && balance->by_state[close->from] > 0)
        return false;
    return balance->lines[PERSO_BALANCE_OPEN] == 0 && balance->lines[PERSO_BALANCE_HELD] == 0 &&
           balance->lines[PERSO_BALANCE_REFUSED] == 0;
}

enum perso_result
perso_balance_csv(const struct perso_balance *balance, char **ret, size_t *n,
                  struct perso_error *err)
{
    struct perso_stream stream;
    enum perso_result rc = perso_stream_open(&stream, err);
    FILE *out = stream.out;

    if (rc != PERSO_OK)
        return rc;
    fprintf(out, "line,cards\nin,%u\n", balance->in);
    for (int i = 0; i < PERSO_BALANCE_COUNT; i++)
        fprintf(out, "%s,%u\n", lines[i].name, balance->lines[i]);
    return perso_stream_close(&stream, PERSO_OK, ret, n, err);
}

void
perso_balance_tell(struct perso_job *job, const struct perso_balance *balance)
{
    perso_say_begin(&job->say, "balance");
    perso_say_number(&job->say, "in", balance->in);
    for (int i = 0; i < PERSO_BALANCE_COUNT; i++)
        if (job->say.json || balance->lines[i] > 0 || i == PERSO_BALANCE_WRITTEN ||
            i == PERSO_BALANCE_OPEN)
            perso_say_number(&job->say, lines[i].name, balance->lines[i]);
    perso_say_end(&job->say);
}
