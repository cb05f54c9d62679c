#include "pipeline/job/job.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "formats/base/encode.h"
#include "perso/text.h"
#include "pipeline/job/half_read.h"
#include "pipeline/job/path.h"
#include "pipeline/job/site_keys.h"
#include "pipeline/store/durable.h"
#include "pipeline/store/planted.h"

#define TOKEN_BYTES 16u /* tells two jobs of one name apart */

static const char *const job_folders[] = {
    "data",        "in",          "in/keys",   "in/signed",  "in/issuance", "in/ra",
    "in/machine",  "in/result",   "out",       "out/tosign", "out/bundle",  "out/ra",
    "out/forward", "out/machine", "out/close", "held",       "reports",
};

static int64_t
clock_now(void *self)
{
    struct timespec now;

    (void)self;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const struct perso_clock wall_clock = { clock_now, NULL };

/* Days since 1970 of a proleptic Gregorian date (a year that begins in March has no leap trouble).
 */
static int64_t
days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t m = month <= 2 ? month + 9 : month - 3;
    int64_t era = y / 400, of_era = y % 400;
    int64_t of_year = (153 * m + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

bool
perso_date_read(const char *date, int64_t *seconds)
{
    int year, month, day, end = 0;

    if (strlen(date) != 10 || sscanf(date, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 ||
        end != 10 || year < 1970 || month < 1 || month > 12 || day < 1)
        return false;
    int64_t days = days_of(year, month, day);
    if (days >= (month == 12 ? days_of(year + 1, 1, 1) : days_of(year, month + 1, 1)))
        return false;
    *seconds = days * 86400;
    return true;
}

/* The login name of who runs this, or the number of a user that has none. */
static enum perso_result
login_name(char *out, size_t max, struct perso_error *err)
{
    errno = 0;
    const struct passwd *user = getpwuid(geteuid());

    if (user == NULL && errno != 0 && errno != ENOENT && errno != ESRCH)
        return perso_error_errno(err, "user");
    if (user != NULL)
        snprintf(out, max, "%s", user->pw_name);
    else
        snprintf(out, max, "%lu", (unsigned long)geteuid());
    return PERSO_OK;
}

static enum perso_result
who_acts(const struct perso_options *options, struct perso_actor *actor, struct perso_error *err)
{
    *actor = (struct perso_actor) { 0 };
    gethostname(actor->host, sizeof actor->host - 1);
    if (options->by[0] == '\0')
        return login_name(actor->operator, sizeof actor->operator, err);
    snprintf(actor->operator, sizeof actor->operator, "%s", options->by);
    return PERSO_OK;
}

static enum perso_result
take_names(struct perso_job *job, struct perso_error *err)
{
    int n = snprintf(job->name, sizeof job->name, "%s-%s-%s-%u", job->conf.vendor,
                     job->conf.division, job->conf.batch, job->conf.mode);

    if (n < 0 || (size_t)n >= sizeof job->name)
        return perso_error_set(err, PERSO_REJ_NONE, "batch", "vendor and batch are too long");
    job->mode = perso_mode_find((int)job->conf.mode);
    if (job->mode == NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "mode", "no such mode");
    if (!job->mode->batch)
        return perso_error_set(err, PERSO_REJ_NONE, "mode",
                               "mode %u has one card at a time: its keys do not come in files",
                               job->conf.mode);
    if (job->mode->finisher != NULL && strcmp(job->mode->finisher, job->conf.finisher) != 0)
        return perso_error_set(err, PERSO_REJ_NONE, "finisher", "have %s, but in mode %u it is %s",
                               job->conf.finisher, job->conf.mode, job->mode->finisher);
    job->role = perso_role_find(job->conf.role, strcmp(job->conf.finisher, "vendor") == 0);
    if (job->role == NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "role", "no such role");
    if (strcmp(job->conf.role, "centre") == 0 && strcmp(job->conf.finisher, "centre") != 0)
        return perso_error_set(err, PERSO_REJ_NONE, "role",
                               "a centre has no job whose cards the vendor finishes");
    if (!perso_date_read(job->conf.date, &job->date_s))
        return perso_error_set(err, PERSO_REJ_NONE, "date", "no such date");
    return PERSO_OK;
}

/* ---- init ---- */

static enum perso_result
wrap_job_key(struct perso_site *site, char out[PERSO_BASE64_CHARS(PERSO_WRAPPED_BYTES) + 1],
             struct perso_error *err)
{
    uint8_t wrapped[PERSO_WRAPPED_BYTES];
    size_t n = 0;
    enum perso_result rc = perso_site_new_key(site, wrapped, &n, err);

    if (rc == PERSO_OK)
        perso_base64_encode(wrapped, n, out);
    return rc;
}

static enum perso_result
fill_ledger(struct perso_job *job, const char *wrapped, const uint8_t token[TOKEN_BYTES],
            struct perso_error *err)
{
    char token_hex[2 * TOKEN_BYTES + 1];
    struct perso_event event = { .kind = "init" };
    enum perso_result rc;

    perso_hex_lower(token, TOKEN_BYTES, token_hex);
    snprintf(event.note, sizeof event.note, "mode %u role %s date %s", job->conf.mode,
             job->conf.role, job->conf.date);
    if ((rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK ||
        (rc = perso_ledger_value_set(job->ledger, "job_key", wrapped, err)) != PERSO_OK ||
        (rc = perso_ledger_value_set(job->ledger, "token", token_hex, err)) != PERSO_OK ||
        (rc = job->cards.event(job->cards.self, &event, err)) != PERSO_OK)
        return rc;
    return perso_ledger_commit(job->ledger, err);
}

static enum perso_result
make_folders(const char *folder, struct perso_error *err)
{
    char path[PERSO_PATH_BYTES];
    enum perso_result rc = perso_durable_folder(folder, err);

    for (size_t i = 0; rc == PERSO_OK && i < sizeof job_folders / sizeof job_folders[0]; i++)
        if ((rc = perso_path_join(folder, job_folders[i], path, sizeof path, err)) == PERSO_OK)
            rc = perso_durable_folder(path, err);
    return rc;
}

/* The token of a ledger that an init before this one made, which was cut off before job.conf. */
static enum perso_result
take_token(struct perso_job *job, uint8_t token[TOKEN_BYTES], struct perso_error *err)
{
    char *text = NULL;
    enum perso_result rc = perso_ledger_value(job->ledger, "token", &text, err);

    if (rc == PERSO_OK && !perso_hex_decode(text, strlen(text), token, TOKEN_BYTES))
        rc = PERSO_END;
    free(text);
    return rc;
}

static enum perso_result
open_ledger(struct perso_job *job, struct perso_error *err)
{
    enum perso_result rc = perso_ledger_open(job->folder, PERSO_LEDGER_WRITE, &job->actor,
                                             &wall_clock, &job->ledger, err);
    if (rc == PERSO_OK)
        job->cards = perso_ledger_cards(job->ledger);
    return rc;
}

static enum perso_result
make_ledger(struct perso_job *job, uint8_t token[TOKEN_BYTES], bool *fresh, struct perso_error *err)
{
    char wrapped[PERSO_BASE64_CHARS(PERSO_WRAPPED_BYTES) + 1], path[PERSO_PATH_BYTES];
    enum perso_result rc = perso_path_join(job->folder, "ledger.db", path, sizeof path, err);

    if (rc != PERSO_OK)
        return rc;
    *fresh = access(path, F_OK) != 0;
    if (!*fresh) {
        if ((rc = open_ledger(job, err)) != PERSO_OK ||
            (rc = take_token(job, token, err)) != PERSO_END)
            return rc;
    } else if ((rc = perso_ledger_create(job->folder, err)) != PERSO_OK ||
               (rc = open_ledger(job, err)) != PERSO_OK) {
        return rc;
    }
    if ((rc = wrap_job_key(&job->site, wrapped, err)) != PERSO_OK ||
        (rc = job->site.secrets.random(job->site.secrets.self, token, TOKEN_BYTES, err)) !=
            PERSO_OK)
        return rc;
    return fill_ledger(job, wrapped, token, err);
}

/* The site has another job of this name: what was made here goes again, as far as nothing else is
 * in it. */
static void
unmake(struct perso_job *job)
{
    static const char *const files[] = { "ledger.db", "ledger.db-wal", "ledger.db-shm" };
    char path[PERSO_PATH_BYTES];
    struct perso_error ignored;

    perso_ledger_close(job->ledger);
    job->ledger = NULL;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (perso_path_join(job->folder, files[i], path, sizeof path, &ignored) == PERSO_OK)
            unlink(path);
    for (size_t i = sizeof job_folders / sizeof job_folders[0]; i-- > 0;)
        if (perso_path_join(job->folder, job_folders[i], path, sizeof path, &ignored) == PERSO_OK)
            rmdir(path);
    rmdir(job->folder);
}

/* job.conf comes last: a folder with it is a whole job. Cut off before, init is simply repeated. */
static enum perso_result
make_job(struct perso_job *job, const struct perso_job_conf *conf, struct perso_error *err)
{
    char *text = NULL;
    uint8_t token[TOKEN_BYTES];
    bool fresh = false;
    enum perso_result rc;

    if ((rc = perso_job_conf_text(conf, &text, err)) == PERSO_OK &&
        (rc = make_folders(job->folder, err)) == PERSO_OK &&
        (rc = make_ledger(job, token, &fresh, err)) == PERSO_OK &&
        (rc = job->site.store.job_add(job->site.store.self, job->name, token, err)) == PERSO_OK)
        rc = perso_durable_write(job->folder, "job.conf", text, strlen(text), err);
    if (rc == PERSO_REJECT && fresh)
        unmake(job);
    free(text);
    return rc;
}

enum perso_result
perso_job_init(const char *folder, const struct perso_job_conf *conf,
               const struct perso_options *options, struct perso_error *err)
{
    struct perso_job *job = calloc(1, sizeof *job);
    char path[PERSO_PATH_BYTES];
    enum perso_result rc;

    if (job == NULL)
        return perso_error_errno(err, "memory");
    job->lock = -1;
    job->conf = *conf;
    job->options = *options;
    snprintf(job->folder, sizeof job->folder, "%s", folder);
    if ((rc = who_acts(options, &job->actor, err)) != PERSO_OK ||
        (rc = perso_path_join(folder, "job.conf", path, sizeof path, err)) != PERSO_OK)
        goto out;
    if (access(path, F_OK) == 0) {
        rc = perso_error_set(err, PERSO_REJ_NONE, "", "%s is a job already", folder);
        goto out;
    }
    if ((rc = perso_site_find(options->conf, folder, path, err)) != PERSO_OK ||
        (rc = take_names(job, err)) != PERSO_OK ||
        (rc = perso_site_open(path, options->dry_run, &job->site, err)) != PERSO_OK)
        goto out;
    if (!options->dry_run)
        rc = make_job(job, conf, err);
out:
    perso_job_close(job);
    free(job);
    return rc;
}

/* ---- open ---- */

static enum perso_result
take_lock(struct perso_job *job, struct perso_error *err)
{
    job->lock = open(job->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (job->lock < 0)
        return perso_error_errno(err, job->folder);
    if (flock(job->lock, LOCK_EX | LOCK_NB) == 0)
        return PERSO_OK;
    if (errno != EWOULDBLOCK)
        return perso_error_errno(err, job->folder);
    perso_error_set(err, PERSO_REJ_NONE, "", "%s: another process works on this job", job->folder);
    return PERSO_RETRY;
}

enum perso_result
perso_job_open(const char *folder, bool write, const struct perso_options *options,
               struct perso_job *ret, struct perso_error *err)
{
    char path[PERSO_PATH_BYTES];
    enum perso_result rc;

    *ret = (struct perso_job) { .lock = -1, .options = *options };
    ret->say = (struct perso_say) { .out = stdout, .json = options->json };
    snprintf(ret->folder, sizeof ret->folder, "%s", folder);
    for (size_t n = strlen(ret->folder); n > 1 && ret->folder[n - 1] == '/'; n--)
        ret->folder[n - 1] = '\0';
    if ((ret->arena = perso_arena_new()) == NULL)
        return perso_error_errno(err, "memory");
    if ((rc = who_acts(options, &ret->actor, err)) != PERSO_OK ||
        (rc = perso_path_join(folder, "job.conf", path, sizeof path, err)) != PERSO_OK)
        return rc;
    if (access(path, F_OK) != 0)
        return perso_error_set(err, PERSO_REJ_NONE, "",
                               "%s is no job: it has no job.conf; see persoline init", folder);
    if ((rc = perso_job_conf_read(path, &ret->conf, err)) != PERSO_OK ||
        (rc = take_names(ret, err)) != PERSO_OK ||
        (write && (rc = take_lock(ret, err)) != PERSO_OK) ||
        (rc = perso_site_find(options->conf, folder, path, err)) != PERSO_OK ||
        (rc = perso_site_open(path, options->dry_run, &ret->site, err)) != PERSO_OK ||
        (rc = perso_path_join(ret->site.folder, ret->site.conf.profiles, path, sizeof path, err)) !=
            PERSO_OK ||
        (rc = perso_profile_read(path, ret->conf.profile, &ret->profile, err)) != PERSO_OK)
        return rc;
    enum perso_ledger_access access = !write             ? PERSO_LEDGER_READ
                                      : options->dry_run ? PERSO_LEDGER_DRY
                                                         : PERSO_LEDGER_WRITE;
    if ((rc = perso_ledger_open(folder, access, &ret->actor, &wall_clock, &ret->ledger, err)) !=
        PERSO_OK)
        return rc;
    ret->cards = perso_ledger_cards(ret->ledger);
    return write && !PERSO_BUG(half_read_kept) ? perso_job_drop_half_read(ret, err) : PERSO_OK;
}

void
perso_job_close(struct perso_job *job)
{
    perso_ledger_close(job->ledger);
    perso_site_close(&job->site);
    perso_seal_free(job->seal);
    perso_arena_free(job->arena);
    OPENSSL_cleanse(job->job_key, sizeof job->job_key);
    if (job->lock >= 0)
        close(job->lock);
    job->lock = -1;
    job->ledger = NULL;
    job->seal = NULL;
    job->arena = NULL;
}

enum perso_result
perso_job_seal(struct perso_job *job, struct perso_error *err)
{
    uint8_t wrapped[PERSO_WRAPPED_BYTES + 3];
    size_t n = 0;
    char *text = NULL;
    enum perso_result rc;

    if (job->seal != NULL)
        return PERSO_OK;
    if ((rc = perso_site_secrets(&job->site, err)) != PERSO_OK ||
        (rc = perso_ledger_value(job->ledger, "job_key", &text, err)) != PERSO_OK)
        goto out;
    if (strlen(text) > PERSO_BASE64_CHARS(PERSO_WRAPPED_BYTES) ||
        !perso_base64_decode(text, strlen(text), wrapped, &n)) {
        rc = perso_error_set(err, PERSO_REJ_NONE, "job_key", "the ledger's job key is damaged");
        goto out;
    }
    rc = job->site.secrets.unwrap(job->site.secrets.self, perso_cursor_of(wrapped, n), job->job_key,
                                  err);
    if (rc == PERSO_OK)
        rc = perso_seal_new(job->job_key, &job->seal, err);
out:
    free(text);
    return rc == PERSO_REJECT || rc == PERSO_END ? PERSO_FATAL : rc;
}

enum perso_result
perso_job_folder(const struct perso_job *job, const char *name, char out[PERSO_PATH_BYTES],
                 struct perso_error *err)
{
    enum perso_result rc = perso_path_join(job->folder, name, out, PERSO_PATH_BYTES, err);
    if (rc != PERSO_OK || job->options.dry_run)
        return rc;
    return perso_durable_folder(out, err);
}

void
perso_job_display(const struct perso_job *job, const char *path, char *out, size_t max)
{
    char inside[PATH_MAX], file[PATH_MAX];
    size_t n;

    if (realpath(job->folder, inside) != NULL && realpath(path, file) != NULL &&
        strncmp(inside, file, n = strlen(inside)) == 0 && file[n] == '/')
        path = file + n + 1;
    snprintf(out, max, "%s", path);
}

enum perso_result
perso_job_locate(const struct perso_job *job, const char *display, char out[PERSO_PATH_BYTES],
                 struct perso_error *err)
{
    enum perso_result rc = perso_path_join(job->folder, display, out, PERSO_PATH_BYTES, err);
    if (rc == PERSO_OK && access(out, F_OK) != 0)
        rc = perso_path_join(".", display, out, PERSO_PATH_BYTES, err);
    return rc;
}
