/* `init`: a new job, by options or from the package that begins it. */
#include <string.h>
#include <time.h>

#include "perso/text.h"
#include "pipeline/command/command.h"
#include "pipeline/file/incoming.h"

static void
today(char out[11])
{
    time_t now = time(NULL);
    struct tm date;

    localtime_r(&now, &date);
    strftime(out, 11, "%Y-%m-%d", &date);
}

static bool
set(char *place, size_t size, const char *value, const char *fallback)
{
    const char *text = value != NULL ? value : fallback;
    return text != NULL && snprintf(place, size, "%s", text) < (int)size;
}

/* Which role a package begins a job of, and who its sender is to it. */
static const struct {
    const char *kind, *role;
    bool brings_cards; /* the sender is held to it for all further packages */
    bool is_ra;        /* to vendor and centre the department is the RA */
    bool other_batch;  /* the batch is the remaking job's own */
} beginnings[] = {
    { "APP", "department", true, false, false },
    { "FWD", "centre", true, true, false },
    { "RMK", "vendor", false, true, true },
};

/* What the operator says must not contradict the package. */
static bool
agrees(const char *name, const char *said, const char *package, struct perso_error *err)
{
    if (said == NULL || strcmp(said, package) == 0)
        return true;
    perso_error_set(err, PERSO_REJ_NONE, name, "have %s, but the package says %s", said, package);
    return false;
}

static enum perso_result
read_beginning(const struct perso_command_line *line, struct perso_manifest *m,
               struct perso_error *err)
{
    struct perso_site site = { 0 };
    char path[PERSO_PATH_BYTES];
    enum perso_result rc = perso_site_find(line->options.conf, line->words[0], path, err);

    if (rc == PERSO_OK &&
        (rc = perso_site_open(path, line->options.dry_run, &site, err)) == PERSO_OK)
        rc = perso_incoming_first(&site, line->from, m, err);
    perso_site_close(&site);
    return rc;
}

static enum perso_result
take_package(const struct perso_command_line *line, struct perso_job_conf *conf,
             struct perso_error *err)
{
    static struct perso_manifest m;
    char mode[4];
    enum perso_result rc = read_beginning(line, &m, err);

    if (rc != PERSO_OK)
        return rc;
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (strcmp(beginnings[i].kind, m.kind) != 0)
            continue;
        snprintf(mode, sizeof mode, "%d", m.mode);
        if (!agrees("role", line->role, beginnings[i].role, err) ||
            !agrees("mode", line->mode, mode, err) ||
            !agrees("division", line->division, m.division, err) ||
            !agrees("vendor", line->vendor, m.vendor, err) ||
            (beginnings[i].is_ra && !agrees("ra", line->ra, m.sender, err)) ||
            (!beginnings[i].other_batch && !agrees("batch", line->batch, m.batch, err)))
            return PERSO_FATAL;
        if (beginnings[i].other_batch && line->batch == NULL)
            return perso_error_set(err, PERSO_REJ_NONE, "batch",
                                   "cards are remade in a batch of their own: give --batch");
        conf->mode = (uint32_t)m.mode;
        set(conf->role, sizeof conf->role, beginnings[i].role, NULL);
        set(conf->batch, sizeof conf->batch, line->batch, m.batch);
        set(conf->division, sizeof conf->division, m.division, NULL);
        set(conf->vendor, sizeof conf->vendor, m.vendor, NULL);
        if (beginnings[i].brings_cards)
            set(conf->sender, sizeof conf->sender, m.sender, NULL);
        if (beginnings[i].is_ra)
            set(conf->ra, sizeof conf->ra, m.sender, NULL);
        return PERSO_OK;
    }
    perso_error_at(err, line->from, 0, 0);
    return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "kind", "a job does not begin with %s",
                           m.kind);
}

static bool
take_options(const struct perso_command_line *line, struct perso_job_conf *conf)
{
    if (line->mode == NULL || strlen(line->mode) != 1)
        return false;
    conf->mode = (uint32_t)(line->mode[0] - '0');
    return set(conf->batch, sizeof conf->batch, line->batch, NULL) &&
           set(conf->division, sizeof conf->division, line->division, NULL) &&
           set(conf->vendor, sizeof conf->vendor, line->vendor, NULL) &&
           set(conf->role, sizeof conf->role, line->role, "all");
}

static bool
take_defaults(const struct perso_command_line *line, struct perso_job_conf *conf)
{
    const struct perso_mode *mode = perso_mode_find((int)conf->mode);
    bool to_department = strcmp(conf->role, "vendor") == 0 || strcmp(conf->role, "centre") == 0;
    const char *finisher = mode != NULL && mode->finisher != NULL ? mode->finisher
                           : strcmp(conf->role, "centre") == 0    ? "centre"
                                                                  : "vendor";
    char date[11];

    today(date);
    return set(conf->finisher, sizeof conf->finisher, line->finisher, finisher) &&
           set(conf->date, sizeof conf->date, line->date, date) &&
           set(conf->profile, sizeof conf->profile, line->profile, "default") &&
           (conf->ra[0] != '\0' ||
            set(conf->ra, sizeof conf->ra, line->ra, to_department ? "department" : "ra")) &&
           set(conf->centre, sizeof conf->centre, line->centre, "centre") &&
           set(conf->machine, sizeof conf->machine, NULL, "machine");
}

enum perso_exit
perso_command_init(const struct perso_command_line *line)
{
    struct perso_job_conf conf = { 0 };
    struct perso_error err = { 0 };
    struct perso_say say = { .out = stdout, .json = line->options.json };
    enum perso_result rc = PERSO_OK;

    if (line->n_words != 1)
        return PERSO_EXIT_USAGE;
    if (line->from != NULL)
        rc = take_package(line, &conf, &err);
    else if (!take_options(line, &conf))
        return PERSO_EXIT_USAGE;
    if (rc == PERSO_OK && !take_defaults(line, &conf))
        return PERSO_EXIT_USAGE;
    if (rc == PERSO_OK)
        rc = perso_job_init(line->words[0], &conf, &line->options, &err);
    if (rc != PERSO_OK)
        return perso_command_failed(&err, rc);
    perso_say_begin(&say, line->options.dry_run ? N_("would make") : N_("job"));
    perso_say_text(&say, "folder", line->words[0]);
    perso_say_text(&say, "batch", conf.batch);
    perso_say_word(&say, "role", conf.role);
    perso_say_number(&say, "mode", conf.mode);
    perso_say_text(&say, "date", conf.date);
    if (line->from != NULL) { /* whose word it is: any known peer may send a first package */
        perso_say_text(&say, "vendor", conf.vendor);
        perso_say_text(&say, "sender", conf.sender[0] != '\0' ? conf.sender : conf.ra);
    }
    perso_say_end(&say);
    if (line->from != NULL)
        perso_hint("the package is not read yet: put it with its .sig (and .wrap) into %s/%s",
                   line->words[0], strcmp(conf.role, "centre") == 0 ? "in/ra" : "in/keys");
    return PERSO_EXIT_DONE;
}
