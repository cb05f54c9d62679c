/* One cycle: a copy of the world, the command with one fault, what must hold then, the command once
 * more, and what must hold at the end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dirent.h>

#include "sweep.h"

#define SECONDS_MAX 60u /* of one command */
#define KILLED (128 + SIGKILL)
#define FAILED 1 /* exit code of a run that failed and says so */

struct room { /* of one cycle, below its folder */
    char folder[PATH_MAX], world[PATH_MAX], held[PATH_MAX], seen[PATH_MAX], fired[PATH_MAX];
    char count[PATH_MAX], said[PATH_MAX];
};

static bool __attribute__((format(printf, 2, 3)))
wrong(char why[WHY_BYTES], const char *format, ...)
{
    va_list rest;

    va_start(rest, format);
    vsnprintf(why, WHY_BYTES, format, rest);
    va_end(rest);
    return false;
}

/* ---- running ---- */

static void
room_make(const struct sweep *s, const char *name, struct room *room)
{
    static const char *const names[] = { "", "/w", "/held", "/seen", "/fired", "/count", "/said" };
    char *const paths[] = { room->folder, room->world, room->held, room->seen,
                            room->fired,  room->count, room->said };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (snprintf(paths[i], PATH_MAX, "%s/%s%s", s->work, name, names[i]) >= PATH_MAX)
            sweep_fail("%s: path too long", s->work);
    tree_remove(room->folder);
    if (mkdir(room->folder, 0700) != 0 || mkdir(room->held, 0700) != 0 ||
        mkdir(room->seen, 0700) != 0)
        sweep_fail("%s: %s", room->folder, strerror(errno));
    tree_copy(s->world, room->world);
}

static void
fault_environment(const struct sweep *s, const struct room *room, const struct cycle *cycle)
{
    char number[32], seed[32];

    setenv("LD_PRELOAD", s->layer, 1);
    setenv("PERSO_FAULT_ROOT", room->world, 1);
    setenv("PERSO_FAULT_HELD", room->held, 1);
    if (cycle == NULL) {
        setenv("PERSO_FAULT_COUNT", room->count, 1);
        return;
    }
    if (access(room->fired, F_OK) == 0) { /* once more, after mode "later" */
        setenv("PERSO_FAULT_AFTER", "1", 1);
        return;
    }
    snprintf(number, sizeof number, "%zu", cycle->point + 1);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)s->seed + cycle->point);
    setenv("PERSO_FAULT_POINT", number, 1);
    setenv("PERSO_FAULT_MODE", fault_modes[cycle->mode].word, 1);
    setenv("PERSO_FAULT_SEED", seed, 1);
    setenv("PERSO_FAULT_FIRED", room->fired, 1);
    setenv("PERSO_FAULT_SEEN", room->seen, 1);
}

static _Noreturn void
become(const struct sweep *s, const struct room *room, char *const *command, bool faulted,
       const struct cycle *cycle)
{
    int out = open(room->said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int in = open("/dev/null", O_RDONLY);

    if (out < 0 || in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 ||
        chdir(room->world) != 0)
        _exit(98);
    alarm(SECONDS_MAX);
    if (faulted)
        fault_environment(s, room, cycle);
    execv(command[0], command);
    _exit(98);
}

/* Exit code, as a shell tells it; what was said stands in the file. */
static int
run(const struct sweep *s, const struct room *room, char *const *command, bool faulted,
    const struct cycle *cycle)
{
    int status = 0;
    pid_t pid = fork();

    if (pid < 0)
        sweep_fail("fork: %s", strerror(errno));
    if (pid == 0)
        become(s, room, command, faulted, cycle);
    if (waitpid(pid, &status, 0) != pid)
        sweep_fail("waitpid: %s", strerror(errno));
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (code >= 98 && code < 128)
        sweep_fail("%s: cannot be run, or the layer failed: see %s", command[0], room->said);
    return code;
}

static int
run_on_job(const struct sweep *s, const struct room *room, const char *const *words)
{
    char *command[8] = { s->command[0] };

    for (int i = 0; words[i] != NULL; i++)
        command[i + 1] = (char *)(uintptr_t)words[i];
    return run(s, room, command, false, NULL);
}

/* The last line that was said, without its end. */
static const char *
last_said(const struct room *room)
{
    static char text[300];
    size_t n = 0;
    uint8_t *all = file_read(room->said, &n);

    text[0] = '\0';
    while (n > 0 && all[n - 1] == '\n')
        all[--n] = '\0';
    if (n > 0) {
        const char *line = strrchr((const char *)all, '\n');
        snprintf(text, sizeof text, "%s", line != NULL ? line + 1 : (const char *)all);
    }
    free(all);
    return text;
}

static void
job_path(const struct sweep *s, const struct room *room, char out[PATH_MAX])
{
    if (snprintf(out, PATH_MAX, "%s/%s", room->world, s->job) >= PATH_MAX)
        sweep_fail("%s: path too long", s->job);
}

static uint8_t *
dump_of(const struct sweep *s, const struct room *room, size_t *n)
{
    const char *const words[] = { "check", s->job, "--dump", NULL };

    if (run_on_job(s, room, words) != 0)
        return NULL;
    return file_read(room->said, n);
}

/* ---- what must hold at the end ---- */

static bool
same_file(const struct sweep *s, const struct tree *tree, const struct tree_file *file,
          const struct tree_file *want)
{
    if (ends_with(file->path, "/audit.log")) /* times; its chain is verified */
        return true;
    if (file->n == want->n && memcmp(file->bytes, want->bytes, file->n) == 0)
        return true;
    if (ends_with(file->path, ".sig"))
        return proof_signature(s, tree, file);
    return ends_with(file->path, ".wrap") && proof_same_key(s, file, want);
}

static bool
same_tree(const struct sweep *s, const struct room *room, char why[WHY_BYTES])
{
    char job[PATH_MAX];
    struct tree tree;
    bool ok = true;

    job_path(s, room, job);
    tree_read(job, &tree);
    for (size_t i = 0; ok && i < tree.n; i++) {
        const struct tree_file *want = tree_find(&s->after, tree.files[i].path);
        if (want == NULL)
            ok = wrong(why, "%s stands there", tree.files[i].path);
        else if (!same_file(s, &tree, &tree.files[i], want))
            ok = wrong(why, "%s differs", tree.files[i].path);
    }
    for (size_t i = 0; ok && i < s->after.n; i++)
        if (tree_find(&tree, s->after.files[i].path) == NULL)
            ok = wrong(why, "%s is missing", s->after.files[i].path);
    tree_free(&tree);
    return ok;
}

static void
first_difference(const uint8_t *have, const uint8_t *want, char why[WHY_BYTES])
{
    const char *a = (const char *)have, *b = (const char *)want;

    while (*a != '\0' && *b != '\0') {
        size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");
        if (n != m || memcmp(a, b, n) != 0)
            break;
        a += n + (a[n] == '\n');
        b += m + (b[m] == '\n');
    }
    snprintf(why, WHY_BYTES, "check --dump: have %.*s, want %.*s",
             (int)(strcspn(a, "\n") > 200 ? 200 : strcspn(a, "\n")), a,
             (int)(strcspn(b, "\n") > 200 ? 200 : strcspn(b, "\n")), b);
}

static bool
same_dump(const struct sweep *s, const struct room *room, char why[WHY_BYTES])
{
    size_t n = 0;
    uint8_t *dump = dump_of(s, room, &n);

    if (dump == NULL)
        return wrong(why, "check --dump: %s", last_said(room));
    bool ok = n == s->dump_n && memcmp(dump, s->dump, n) == 0;
    if (!ok)
        first_difference(dump, s->dump, why);
    free(dump);
    return ok;
}

static bool
is_right(const struct sweep *s, const struct room *room, char why[WHY_BYTES])
{
    if (s->dump == NULL)
        return true; /* a proof of its own judges it */
    return same_tree(s, room, why) && same_dump(s, room, why);
}

static bool
is_sound(const struct sweep *s, const struct room *room, char why[WHY_BYTES])
{
    const char *const check[] = { "check", s->job, NULL };
    const char *const verify[] = { "audit", "verify", s->job, NULL };
    char *const proof[] = { "/bin/sh", "-c", (char *)(uintptr_t)s->proof, NULL };

    if (s->proof != NULL && run(s, room, proof, false, NULL) != 0)
        return wrong(why, "proof: %s", last_said(room));
    if (run_on_job(s, room, check) != 0)
        return wrong(why, "check: %s", last_said(room));
    if (run_on_job(s, room, verify) != 0)
        return wrong(why, "audit verify: %s", last_said(room));
    return true;
}

/* ---- what must hold after the fault ---- */

static bool
is_hidden(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL && slash[1] == '.';
}

static bool
is_version(const struct tree *tree, const char *path, const uint8_t *bytes, size_t n)
{
    const struct tree_file *file = tree_find(tree, path);

    return file != NULL && file->n == n && memcmp(file->bytes, bytes, n) == 0;
}

/* What is held at the moment is listed also where a command failed half-way: other cards than
 * before or at the end, but whole lines. */
static bool
is_list(const char *path, const uint8_t *bytes, size_t n)
{
    return strncmp(path, "held/", 5) == 0 && (n == 0 || bytes[n - 1] == '\n');
}

/* Whoever looks sees the file as it was or as it will be. */
static bool
is_whole(const struct sweep *s, const char *path, const uint8_t *bytes, size_t n, bool failed)
{
    if (ends_with(path, ".sig") || ends_with(path, ".wrap") || ends_with(path, "/audit.log"))
        return n > 0 && (tree_find(&s->before, path) != NULL || tree_find(&s->after, path) != NULL);
    return is_version(&s->before, path, bytes, n) || is_version(&s->after, path, bytes, n) ||
           (failed && is_list(path, bytes, n));
}

static bool
has_beside(const struct sweep *s, const struct tree *tree, const char *path, const char *end)
{
    char side[PATH_MAX];

    snprintf(side, sizeof side, "%s%s", path, end);
    return tree_find(&s->after, side) == NULL || tree_find(&s->after, path) == NULL ||
           tree_find(tree, side) != NULL;
}

/* Files are whole, and a file that is signed or sealed never stands without what belongs to it. */
static bool
outputs_whole(const struct sweep *s, const struct room *room, bool failed, char why[WHY_BYTES])
{
    char job[PATH_MAX];
    struct tree tree;
    bool ok = true;

    job_path(s, room, job);
    tree_read(job, &tree);
    for (size_t i = 0; ok && i < tree.n; i++) {
        const struct tree_file *file = &tree.files[i];
        if (is_hidden(file->path))
            continue;
        if (!is_whole(s, file->path, file->bytes, file->n, failed))
            ok = wrong(why, "%s is neither as it was nor as it will be", file->path);
        else if (!has_beside(s, &tree, file->path, ".sig") ||
                 !has_beside(s, &tree, file->path, ".wrap"))
            ok = wrong(why, "%s stands without its side files", file->path);
    }
    tree_free(&tree);
    return ok;
}

/* A peer may have taken what stood there before the power failed: it must be what stands there at
 * the end, or two different requests were made for one card. */
static bool
seen_is_kept(const struct sweep *s, const struct room *room, char why[WHY_BYTES])
{
    char path[PATH_MAX], whole[PATH_MAX];
    const struct dirent *entry;
    DIR *dir = opendir(room->seen);
    size_t n = 0, job_n = strlen(s->job);
    bool ok = true;

    if (dir == NULL)
        sweep_fail("%s: %s", room->seen, strerror(errno));
    while (ok && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "%s", entry->d_name);
        for (char *c = path; *c != '\0'; c++)
            if (*c == '%')
                *c = '/';
        const char *below = path + (strncmp(path, s->job, job_n) == 0 ? job_n + 1 : 0);
        if (below == path || strncmp(below, "out/", 4) != 0 || is_hidden(below))
            continue;
        if (snprintf(whole, sizeof whole, "%s/%s", room->seen, entry->d_name) >= PATH_MAX)
            sweep_fail("path too long");
        uint8_t *bytes = file_read(whole, &n);
        if (!is_whole(s, below, bytes, n, false))
            ok = wrong(why, "a peer has seen another %s", below);
        free(bytes);
    }
    closedir(dir);
    return ok;
}

static bool
job_is_there(const struct sweep *s, const struct room *room)
{
    char path[PATH_MAX + 16];

    job_path(s, room, path);
    strcat(path, "/job.conf");
    return access(path, F_OK) == 0;
}

/* Whoever asks before the command is repeated is told of a sound job, in which every card counts
 * once. */
static bool
holds_meanwhile(const struct sweep *s, const struct room *room, bool failed, char why[WHY_BYTES])
{
    const char *const check[] = { "check", s->job, NULL };

    if (!outputs_whole(s, room, failed, why) || !seen_is_kept(s, room, why))
        return false;
    if (!s->unsettled && job_is_there(s, room) && run_on_job(s, room, check) != 0)
        return wrong(why, "check before the command is repeated: %s", last_said(room));
    return true;
}

/* ---- the cycle ---- */

static bool
claims(int code)
{
    return code == 0 || code == 3 || code == 4;
}

static bool
repeat(const struct sweep *s, const struct room *room, char why[WHY_BYTES])
{
    int code = run(s, room, s->command, false, NULL);

    if (code != s->code && !(s->once && code == FAILED))
        return wrong(why, "repeated: exit code %d, want %d: %s", code, s->code, last_said(room));
    return is_right(s, room, why) && is_sound(s, room, why);
}

static bool
judge(const struct sweep *s, const struct room *room, int code, char why[WHY_BYTES])
{
    char reason[WHY_BYTES];

    if (code != KILLED && code != FAILED && code != s->code)
        return wrong(why, "exit code %d, want %d or %d: %s", code, s->code, FAILED,
                     last_said(room));
    if (!holds_meanwhile(s, room, code == FAILED, why))
        return false;
    if (claims(code) && s->once)
        return is_sound(s, room, why);
    if (claims(code) && !is_right(s, room, reason))
        return wrong(why, "exit code %d, but %.500s", code, reason);
    return repeat(s, room, why);
}

bool
cycle_run(const struct sweep *s, const struct cycle *cycle, const char *name, bool *fired,
          char why[WHY_BYTES])
{
    struct room room;

    room_make(s, name, &room);
    int code = run(s, &room, s->command, true, cycle);
    *fired = access(room.fired, F_OK) == 0;
    if (cycle->mode == FAULT_MODE_LATER && *fired) {
        if (code != KILLED)
            return wrong(why, "exit code %d, want %d", code, KILLED);
        code = run(s, &room, s->command, true, cycle);
    }
    return judge(s, &room, code, why);
}

/* ---- the undisturbed run ---- */

static void
read_points(struct sweep *s, const struct room *room)
{
    size_t n = 0, room_n = 0;
    uint8_t *text = file_read(room->count, &n);
    char *save = NULL;

    if (text == NULL)
        sweep_fail("%s: the layer has counted nothing", s->name);
    for (char *line = strtok_r((char *)text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        char *blank = strchr(line, ' ');
        if (blank == NULL)
            sweep_fail("%s: %s", room->count, line);
        *blank = '\0';
        if (s->n_points == room_n) {
            room_n = room_n * 2 + 256;
            s->points = realloc(s->points, room_n * sizeof *s->points);
            if (s->points == NULL)
                sweep_fail("memory");
        }
        struct point *point = &s->points[s->n_points++];
        point->op = FAULT_OP_COUNT;
        for (int i = 0; i < FAULT_OP_COUNT; i++)
            if (strcmp(line, fault_op_words[i]) == 0)
                point->op = (enum fault_op)i;
        if (point->op == FAULT_OP_COUNT || (point->path = strdup(blank + 1)) == NULL)
            sweep_fail("%s: %s", room->count, line);
    }
    free(text);
}

void
cycle_learn(struct sweep *s)
{
    struct room room, again;
    char job[PATH_MAX], why[WHY_BYTES] = "";

    room_make(s, "undisturbed", &room);
    job_path(s, &room, job);
    tree_read(job, &s->before);
    s->code = run(s, &room, s->command, true, NULL);
    if (!claims(s->code))
        sweep_fail("%s: undisturbed: exit code %d: %s", s->name, s->code, last_said(&room));
    read_points(s, &room);
    tree_read(job, &s->after);
    if (s->proof == NULL && (s->dump = dump_of(s, &room, &s->dump_n)) == NULL)
        sweep_fail("%s: check --dump: %s", s->name, last_said(&room));
    if (!is_right(s, &room, why) || !is_sound(s, &room, why))
        sweep_fail("%s: undisturbed: %s", s->name, why);
    for (size_t i = 0; i < s->after.n; i++)
        if (ends_with(s->after.files[i].path, ".sig") &&
            !proof_signature(s, &s->after, &s->after.files[i]))
            sweep_fail("%s: %s does not verify", s->name, s->after.files[i].path);
    room_make(s, "again", &again);
    int code = run(s, &again, s->command, false, NULL);
    if (code != s->code || !judge(s, &again, code, why))
        sweep_fail("%s: two undisturbed runs differ: exit code %d: %s", s->name, code, why);
}
