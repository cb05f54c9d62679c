#include "pipeline/report/next.h"

#include <string.h>
#include <time.h>

#include "perso/text.h"
#include "pipeline/file/outgoing.h"
#include "pipeline/file/tosign.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/path.h"
#include "pipeline/job/rules.h"

/* ---- what is out with others ---- */

struct outstanding {
    enum perso_state state;
    uint32_t n;
};

static enum perso_result
count_outstanding(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    struct outstanding *o = arg;

    (void)err;
    for (size_t i = 0; i < n; i++)
        o->n += cards[i].state == o->state;
    return PERSO_OK;
}

/* Files whose cards are somebody else's for a while: who hands them on, and in which step. */
static const struct {
    enum perso_stage stage; /* that writes the file */
    const char *kind;       /* NULL: whatever it writes */
    enum perso_stage moves; /* the stage after which the cards are out there */
    const char *event;      /* whose time counts */
    const char *into;       /* where the other party puts it; NULL: its own affair */
} handings[] = {
    { PERSO_STAGE_BUNDLE, "APP", PERSO_STAGE_SUBMIT, "sent", "in/keys" },
    { PERSO_STAGE_BUNDLE, NULL, PERSO_STAGE_SUBMIT, "sent", NULL },
    { PERSO_STAGE_PERSONALIZE, NULL, PERSO_STAGE_PERSONALIZE, "make", NULL },
    { PERSO_STAGE_FORWARD, "FWD", PERSO_STAGE_FORWARD, "make", "in/ra" },
};

/* A vendor whose cards a centre finishes hears of them no more, unless they come back. */
static bool
comes_back(const struct perso_job *job, enum perso_state state)
{
    const struct perso_role_stage *close = perso_role_stage_find(job->role, PERSO_STAGE_CLOSE);

    return perso_state_is_open(state) || (close != NULL && close->from == state);
}

static enum perso_result
tell_handed(struct perso_job *job, const struct perso_ledger_file *file, enum perso_state state,
            const char *event, const char *into, struct perso_error *err)
{
    struct outstanding o = { state, 0 };
    int64_t since_s = 0;
    enum perso_result rc = perso_outgoing_cards(job, file->id, count_outstanding, &o, err);

    if (rc != PERSO_OK || o.n == 0)
        return rc;
    rc = perso_ledger_event_time(job->ledger, file->id, event, &since_s, err);
    if (rc != PERSO_OK)
        return rc == PERSO_END ? PERSO_OK : rc;
    int64_t age_s = (int64_t)time(NULL) - since_s;
    perso_say_begin(&job->say, "outstanding");
    perso_say_text(&job->say, "file", perso_path_name(file->path));
    perso_say_text(&job->say, "at", file->party);
    perso_say_number(&job->say, "cards", o.n);
    perso_say_number(&job->say, "hours", age_s > 0 ? (uint64_t)(age_s / 3600) : 0);
    if (into != NULL)
        perso_say_text(&job->say, "there into", into);
    perso_say_end(&job->say);
    return PERSO_OK;
}

static enum perso_result
tell_outstanding(struct perso_job *job, const struct perso_ledger_file *file,
                 struct perso_error *err)
{
    for (size_t i = 0; i < sizeof handings / sizeof handings[0]; i++) {
        const struct perso_role_stage *moves = perso_role_stage_find(job->role, handings[i].moves);

        if (file->stage == handings[i].stage && moves != NULL && comes_back(job, moves->to) &&
            (handings[i].kind == NULL || strcmp(handings[i].kind, file->kind) == 0))
            return tell_handed(job, file, moves->to, handings[i].event, handings[i].into, err);
    }
    return PERSO_OK;
}

enum perso_result
perso_tell_outstanding(struct perso_job *job, struct perso_error *err)
{
    struct perso_ledger_file file = { .id = 0 };
    enum perso_result rc;

    while ((rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        if (file.outgoing && (rc = tell_outstanding(job, &file, err)) != PERSO_OK)
            return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* ---- what to do next ---- */

/* What a stage of a role needs for the cards that it finds. */
static const struct {
    enum perso_stage stage;
    const char *roles; /* NULL: all others */
    const char *next;
} steps[] = {
    { PERSO_STAGE_RECONCILE, NULL, N_("reconcile: put issuance data into in/issuance") },
    { PERSO_STAGE_APPROVE, NULL, N_("approve: an operator looks at reports/reconcile.csv") },
    { PERSO_STAGE_BUNDLE, NULL, N_("bundle") },
    { PERSO_STAGE_SUBMIT, NULL, N_("submit") },
    { PERSO_STAGE_COLLECT, "vendor centre",
      N_("collect: the department's packages come into in/ra") },
    { PERSO_STAGE_COLLECT, NULL, N_("collect: returns of the RA come into in/ra") },
    { PERSO_STAGE_MATCH, NULL, N_("match") },
    { PERSO_STAGE_FORWARD, NULL, N_("forward") },
    { PERSO_STAGE_PERSONALIZE, NULL, N_("personalize") },
    { PERSO_STAGE_CLOSE, "department",
      N_("close: RES packages of whoever finishes the cards come into in/result") },
    { PERSO_STAGE_CLOSE, NULL, N_("close: result files of the machine come into in/machine") },
};

/* The same in every role. */
static const struct {
    enum perso_state state;
    const char *next;
} asides[] = {
    { PERSO_STATE_RETRY, N_("personalize: cards that the machine wants again") },
    { PERSO_STATE_HELD, N_("correct, release or cancel what held/ lists") },
    { PERSO_STATE_REFUSED, N_("release (asks again) or cancel what the RA refused") },
};

/* Where the cards of a job that has none yet come from. */
static const struct {
    const char *roles;
    const char *next;
} beginnings[] = {
    { "vendor all", N_("ingest: put key-generation output into in/keys") },
    { "department", N_("ingest: put the vendor's APP or key-generation output into in/keys") },
    { "centre", N_("ingest: put the department's FWD into in/ra") },
};

static const char *
step_of(const struct perso_role *role, enum perso_stage stage)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (steps[i].stage == stage &&
            (steps[i].roles == NULL || strstr(steps[i].roles, role->name) != NULL))
            return steps[i].next;
    return NULL;
}

static void
tell_step(struct perso_job *job, uint32_t n_cards, const char *next)
{
    if (n_cards == 0 || next == NULL)
        return;
    perso_say_begin(&job->say, "next");
    perso_say_number(&job->say, "cards", n_cards);
    perso_say_word(&job->say, "step", next);
    perso_say_end(&job->say);
}

/* Of the form sig the cards sign what prepare gives. */
static const char sig_beginning[] = N_("prepare: put key-generation output into in/keys");
static const char sig_waits[] = N_(
    "ingest: the cards sign what stands in out/tosign, their table with QM comes into in/signed");

static bool
signs_apart(const struct perso_job *job)
{
    return perso_form_of(&job->profile) == PERSO_FORM_SIG &&
           strstr(beginnings[0].roles, job->role->name) != NULL;
}

static void
tell_beginning(struct perso_job *job)
{
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (strstr(beginnings[i].roles, job->role->name) == NULL)
            continue;
        perso_say_begin(&job->say, "next");
        perso_say_word(&job->say, "step", signs_apart(job) ? sig_beginning : beginnings[i].next);
        perso_say_end(&job->say);
    }
}

/* Cards that were prepared and did not come yet; else, where there is no card, how to begin. */
static enum perso_result
tell_first(struct perso_job *job, bool no_card, struct perso_error *err)
{
    struct perso_ledger_file first;
    enum perso_result rc = perso_tosign_waits(job, false, &first, err);

    if (rc != PERSO_OK)
        return rc;
    if (first.id != 0) {
        perso_say_begin(&job->say, "next");
        perso_say_text(&job->say, "file", first.path);
        perso_say_word(&job->say, "step", sig_waits);
        perso_say_end(&job->say);
    } else if (no_card) {
        tell_beginning(job);
    }
    return PERSO_OK;
}

/* Spoiled and missing cards that nobody has confirmed yet. */
static enum perso_result
count_unconfirmed(void *count, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    uint32_t *unconfirmed = count;

    (void)err;
    for (size_t i = 0; i < n; i++)
        *unconfirmed += !cards[i].confirmed;
    return PERSO_OK;
}

enum perso_result
perso_tell_next(struct perso_job *job, const struct perso_balance *b, struct perso_error *err)
{
    uint32_t unconfirmed = 0;
    enum perso_result rc = tell_first(job, b->in == 0, err);

    if (rc != PERSO_OK)
        return rc;
    for (const struct perso_role_stage *s = job->role->stages; s->stage != PERSO_STAGE_NONE; s++)
        if (s->from != PERSO_STATE_NONE && s->from != s->to)
            tell_step(job, b->by_state[s->from], step_of(job->role, s->stage));
    for (size_t i = 0; i < sizeof asides / sizeof asides[0]; i++)
        tell_step(job, b->by_state[asides[i].state], asides[i].next);
    if (strcmp(job->role->name, "department") == 0 || strcmp(job->role->name, "all") == 0)
        rc = perso_job_each_cards(job, 1u << PERSO_STATE_SPOILED | 1u << PERSO_STATE_MISSING,
                                  count_unconfirmed, &unconfirmed, err);
    tell_step(job, unconfirmed,
              N_("confirm: spoiled and missing cards that may be made again and revoked"));
    return rc;
}
