/*
 * FAULT SWEEP: one command of persoline on a saved world, disturbed at every point at which the
 * layer (layer.c) counts a change of a file, in every mode of modes.h, or in one a point.
 *
 *   fault-sweep --name NAME --world DIR --job JOB --layer FILE --work DIR
 *       [--signer CERTIFICATES]... [--opener KEY[:PASSWORD_FILE]]... [--seed N] [--seconds S]
 *       [--modes WORD,...] [--each N] [--all] [--only POINT:MODE] [--where TEXT] [--first] [--once]
 *       [--unsettled] [--proof SHELL] PROGRAM WORD...
 *
 * The command runs in a copy of DIR; JOB and paths in it are from there. Each point has one mode,
 * which the seed chooses; --each: so many; --all: every one. --seconds ends it early: what was done
 * is spread evenly over the points. --where: only points whose operation and path have the text.
 * --first: the first thing that is wrong is enough. --once: a command that says at its second time
 * that it was done. --unsettled: cut off, it may leave what `check` complains of until it is
 * repeated. --proof: judges the end in place of the comparison with the undisturbed run (where
 * content is random).
 * Exit code 0: all as it should be; 1: something is wrong, and told; 2: the sweep itself failed.
 */
#include "sweep.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TOLD_MAX 20 /* of what is wrong */
#define WORKERS_MAX 64

void
sweep_fail(const char *format, ...)
{
    va_list rest;

    fprintf(stderr, "fault-sweep: ");
    va_start(rest, format);
    vfprintf(stderr, format, rest);
    va_end(rest);
    fputc('\n', stderr);
    exit(2);
}

/* ---- plan ---- */

static uint64_t
draw(uint64_t seed, uint64_t i) /* splitmix64 */
{
    uint64_t z = seed + (i + 1) * 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static size_t
modes_at(const struct sweep *s, size_t point, enum fault_mode modes[FAULT_MODE_COUNT])
{
    char text[PATH_MAX + 32];
    size_t n = 0;

    snprintf(text, sizeof text, "%s %s", fault_op_words[s->points[point].op],
             s->points[point].path);
    if (s->where != NULL && strstr(text, s->where) == NULL)
        return 0;
    for (int m = 0; m < FAULT_MODE_COUNT; m++)
        if ((s->modes >> m & 1u) != 0 && (fault_modes[m].where >> s->points[point].op & 1u) != 0)
            modes[n++] = (enum fault_mode)m;
    return n;
}

static size_t
gcd(size_t a, size_t b)
{
    return b == 0 ? a : gcd(b, a % b);
}

/* Such that any beginning of the plan is spread over all of it. */
static void
spread(struct cycle *plan, size_t n)
{
    struct cycle *copy = malloc((n > 0 ? n : 1) * sizeof *copy);
    size_t step = (size_t)((double)n * 0.618) + 1;

    if (copy == NULL)
        sweep_fail("memory");
    memcpy(copy, plan, n * sizeof *copy);
    while (n > 0 && gcd(step, n) != 1)
        step++;
    for (size_t i = 0; i < n; i++)
        plan[i] = copy[i * step % n];
    free(copy);
}

static size_t
plan_make(const struct sweep *s, struct cycle **ret)
{
    struct cycle *plan = malloc((s->n_points * FAULT_MODE_COUNT + 1) * sizeof *plan);
    enum fault_mode modes[FAULT_MODE_COUNT];
    size_t n = 0;

    if (plan == NULL)
        sweep_fail("memory");
    for (size_t i = 0; i < s->n_points; i++) {
        size_t m = modes_at(s, i, modes);
        for (size_t k = 0; k < s->each && m > 0; k++) {
            size_t drawn = draw(s->seed + k, i) % m;
            plan[n++] = (struct cycle) { i, modes[drawn] };
            modes[drawn] = modes[--m];
        }
    }
    spread(plan, n);
    *ret = plan;
    return n;
}

static size_t
plan_one(const struct sweep *s, struct cycle **ret)
{
    const char *colon = strchr(s->only, ':');
    size_t number = strtoul(s->only, NULL, 10);

    if ((*ret = malloc(sizeof **ret)) == NULL || colon == NULL || number == 0 ||
        number > s->n_points)
        sweep_fail("--only %s: want POINT:MODE, a point of 1 to %zu", s->only, s->n_points);
    for (int m = 0; m < FAULT_MODE_COUNT; m++)
        if (strcmp(colon + 1, fault_modes[m].word) == 0) {
            **ret = (struct cycle) { number - 1, (enum fault_mode)m };
            return 1;
        }
    sweep_fail("--only %s: no such mode", s->only);
}

/* ---- workers ---- */

static volatile bool *enough; /* shared by the workers: something was wrong, and that will do */

/* Small enough to pass a pipe in one piece. */
struct outcome {
    struct cycle cycle;
    bool ok, fired;
    char why[WHY_BYTES];
};

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static _Noreturn void
work(const struct sweep *s, const struct cycle *plan, size_t n, int worker, int workers, double end,
     int out)
{
    char name[64];

    for (size_t i = (size_t)worker; i < n && !*enough && (end <= 0 || now() < end);
         i += (size_t)workers) {
        struct outcome outcome = { .cycle = plan[i] };
        snprintf(name, sizeof name, "cycle-%d", worker);
        outcome.ok = cycle_run(s, &plan[i], name, &outcome.fired, outcome.why);
        if (!outcome.ok) { /* to be looked at */
            char from[PATH_MAX], to[PATH_MAX];
            snprintf(from, sizeof from, "%s/%s", s->work, name);
            snprintf(to, sizeof to, "%s/wrong-%zu-%s", s->work, plan[i].point + 1,
                     fault_modes[plan[i].mode].word);
            rename(from, to);
        }
        if (write(out, &outcome, sizeof outcome) != (ssize_t)sizeof outcome)
            _exit(2);
    }
    _exit(0);
}

#define MISSED_SHARE                                                                               \
    20u /* one in so many points may be another call than the one that was learnt */

struct tally {
    size_t cycles, wrong, missed; /* the fault did not happen */
    size_t by_mode[FAULT_MODE_COUNT];
};

static void
take(const struct sweep *s, const struct outcome *o, struct tally *tally)
{
    const struct point *point = &s->points[o->cycle.point];
    const char *mode = fault_modes[o->cycle.mode].word;

    tally->cycles++;
    tally->by_mode[o->cycle.mode]++;
    tally->missed += !o->fired;
    if (o->ok)
        return;
    *enough = s->first;
    if (tally->wrong++ < TOLD_MAX)
        printf("WRONG %s: point %zu (%s %s), %s: %s\n  repeat: PERSO_SEED=%llu "
               "PERSO_FAULT_ONLY=%s:%zu:%s\n",
               s->name, o->cycle.point + 1, fault_op_words[point->op], point->path, mode, o->why,
               (unsigned long long)s->seed, s->name, o->cycle.point + 1, mode);
}

static bool
workers_end(int workers)
{
    bool ok = true;
    int status;

    for (int i = 0; i < workers; i++)
        ok = wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 && ok;
    return ok;
}

static void
sweep_all(const struct sweep *s, const struct cycle *plan, size_t n, struct tally *tally)
{
    struct outcome outcome;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    int workers = cpus < 1 ? 1 : cpus > WORKERS_MAX ? WORKERS_MAX : (int)cpus;
    double end = s->seconds > 0 ? now() + s->seconds : 0;
    int ends[2];

    enough = mmap(NULL, sizeof *enough, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (pipe(ends) != 0 || enough == MAP_FAILED)
        sweep_fail("pipe: %s", strerror(errno));
    fflush(stdout);
    for (int i = 0; i < workers; i++) {
        pid_t pid = fork();
        if (pid < 0)
            sweep_fail("fork: %s", strerror(errno));
        if (pid == 0)
            work(s, plan, n, i, workers, end, ends[1]);
    }
    close(ends[1]);
    while (read(ends[0], &outcome, sizeof outcome) == (ssize_t)sizeof outcome)
        take(s, &outcome, tally);
    close(ends[0]);
    if (!workers_end(workers))
        sweep_fail("%s: a worker failed", s->name);
}

/* ---- options ---- */

static unsigned
modes_read(char *words)
{
    unsigned modes = 0;
    char *save = NULL;

    for (char *word = strtok_r(words, ",", &save); word != NULL;
         word = strtok_r(NULL, ",", &save)) {
        int m = 0;
        while (m < FAULT_MODE_COUNT && strcmp(word, fault_modes[m].word) != 0)
            m++;
        if (m == FAULT_MODE_COUNT)
            sweep_fail("--modes: no mode %s", word);
        modes |= 1u << m;
    }
    return modes;
}

enum choice {
    NAME = 256,
    WORLD,
    JOB,
    LAYER,
    WORK,
    SIGNER,
    OPENER,
    SEED,
    SECONDS,
    MODES,
    ALL,
    EACH,
    ONLY,
    ONCE,
    WHERE,
    FIRST,
    UNSETTLED,
    PROOF
};

static const struct option options[] = {
    { "name", required_argument, NULL, NAME },
    { "world", required_argument, NULL, WORLD },
    { "job", required_argument, NULL, JOB },
    { "layer", required_argument, NULL, LAYER },
    { "work", required_argument, NULL, WORK },
    { "signer", required_argument, NULL, SIGNER },
    { "opener", required_argument, NULL, OPENER },
    { "seed", required_argument, NULL, SEED },
    { "seconds", required_argument, NULL, SECONDS },
    { "modes", required_argument, NULL, MODES },
    { "all", no_argument, NULL, ALL },
    { "each", required_argument, NULL, EACH },
    { "only", required_argument, NULL, ONLY },
    { "once", no_argument, NULL, ONCE },
    { "where", required_argument, NULL, WHERE },
    { "first", no_argument, NULL, FIRST },
    { "unsettled", no_argument, NULL, UNSETTLED },
    { "proof", required_argument, NULL, PROOF },
    { NULL, 0, NULL, 0 },
};

static void
option_take(struct sweep *s, int option)
{
    switch (option) {
    case NAME:
        s->name = optarg;
        break;
    case WORLD:
        s->world = optarg;
        break;
    case JOB:
        s->job = optarg;
        break;
    case LAYER:
        s->layer = optarg;
        break;
    case WORK:
        s->work = optarg;
        break;
    case SIGNER:
        proof_signers_read(s, optarg);
        break;
    case OPENER:
        proof_opener_read(s, optarg);
        break;
    case SEED:
        s->seed = strtoull(optarg, NULL, 10);
        break;
    case SECONDS:
        s->seconds = strtod(optarg, NULL);
        break;
    case MODES:
        s->modes = modes_read(optarg);
        break;
    case EACH:
        s->each = strtoul(optarg, NULL, 10);
        break;
    case ALL:
        s->each = FAULT_MODE_COUNT;
        break;
    case ONLY:
        s->only = optarg;
        break;
    case WHERE:
        s->where = optarg;
        break;
    case UNSETTLED:
        s->unsettled = true;
        break;
    case FIRST:
        s->first = true;
        break;
    case ONCE:
        s->once = true;
        break;
    case PROOF:
        s->proof = optarg;
        break;
    default:
        sweep_fail("usage: see the head of sweep.c");
    }
}

static void
options_read(struct sweep *s, int argc, char **argv)
{
    int option;

    *s = (struct sweep) { .seed = 1, .each = 1, .modes = (1u << FAULT_MODE_COUNT) - 1 };
    while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1)
        option_take(s, option);
    s->command = argv + optind;
    if (s->name == NULL || s->world == NULL || s->job == NULL || s->layer == NULL ||
        s->work == NULL || s->command[0] == NULL)
        sweep_fail("usage: see the head of sweep.c");
}

static void
tell(const struct sweep *s, const struct tally *tally, size_t planned, double seconds)
{
    printf("%s: %zu points, %zu of %zu cycles, %.1f s, %.1f a second, %zu wrong:", s->name,
           s->n_points, tally->cycles, planned, seconds, (double)tally->cycles / seconds,
           tally->wrong);
    for (int m = 0; m < FAULT_MODE_COUNT; m++)
        if (tally->by_mode[m] > 0)
            printf(" %s %zu", fault_modes[m].word, tally->by_mode[m]);
    printf("\n");
}

int
main(int argc, char **argv)
{
    struct sweep s;
    struct tally tally = { 0 };
    struct cycle *plan = NULL;

    options_read(&s, argc, argv);
    cycle_learn(&s);
    size_t n = s.only != NULL ? plan_one(&s, &plan) : plan_make(&s, &plan);
    double begin = now();
    sweep_all(&s, plan, n, &tally);
    tell(&s, &tally, n, now() - begin);
    free(plan);
    /* Points are the same in each run, but for writes of a large ledger's WAL: digests of events
     * hang on the time, and how many pages of their index a transaction changes on the digests. */
    if (tally.missed > 0)
        fprintf(stderr, "%s: %zu of %zu faults did not happen\n", s.name, tally.missed, n);
    if (tally.missed * MISSED_SHARE > n)
        sweep_fail("%s: too many faults did not happen", s.name);
    return tally.wrong == 0 ? 0 : 1;
}
