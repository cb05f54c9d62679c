/* What a profile means, by itself and on a file. No job is needed. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "perso/text.h"
#include "pipeline/command/command.h"
#include "pipeline/job/path.h"
#include "pipeline/report/profile.h"

struct chosen {
    struct perso_profile profile;
    const char *name;
    char from[PERSO_PATH_BYTES]; /* "": shipped */
    char site[PERSO_PATH_BYTES]; /* folder of its configuration; "": there is none */
};

/* The site, and the folder of profiles that its jobs look into. */
static enum perso_result
folder_of_site(const char *conf_path, char site[PERSO_PATH_BYTES], char out[PERSO_PATH_BYTES],
               struct perso_error *err)
{
    struct perso_conf *conf = calloc(1, sizeof *conf);
    enum perso_result rc =
        conf != NULL ? perso_conf_read(conf_path, conf, err) : perso_error_errno(err, "memory");

    snprintf(site, PERSO_PATH_BYTES, "%s", conf_path);
    char *slash = strrchr(site, '/');
    if (slash != NULL)
        *slash = '\0';
    else
        strcpy(site, ".");
    if (rc == PERSO_OK)
        rc = perso_path_join(site, conf->profiles, out, PERSO_PATH_BYTES, err);
    free(conf);
    return rc;
}

/* FILE.conf by its path, else of the site, else one that is shipped. */
static enum perso_result
choose(const struct perso_command_line *line, const char *name, struct chosen *ret,
       struct perso_error *err)
{
    char conf_path[PERSO_PATH_BYTES], folder[PERSO_PATH_BYTES];
    struct perso_error no_site = { 0 };
    enum perso_result rc;

    ret->name = name;
    if (strchr(name, '/') != NULL || perso_ends_with(name, ".conf")) {
        snprintf(ret->from, sizeof ret->from, "%s", name);
        return perso_profile_read_file(name, &ret->profile, err);
    }
    if (perso_site_find(line->options.conf, ".", conf_path, &no_site) != PERSO_OK) {
        rc = perso_profile_make(name, &ret->profile, err);
        if (rc == PERSO_END)
            *err = no_site;
        return rc == PERSO_END ? PERSO_FATAL : rc;
    }
    if ((rc = folder_of_site(conf_path, ret->site, folder, err)) != PERSO_OK ||
        (rc = perso_profile_read(folder, name, &ret->profile, err)) != PERSO_OK)
        return rc;
    char file[2 * PERSO_PATH_BYTES];
    snprintf(file, sizeof file, "%s/%s.conf", folder, name);
    if (access(file, F_OK) == 0)
        snprintf(ret->from, sizeof ret->from, "%.*s", (int)sizeof ret->from - 1, file);
    return PERSO_OK;
}

static void
tell(struct perso_say *say, const struct chosen *chosen)
{
    perso_say_begin(say, "profile");
    perso_say_text(say, "name", chosen->name);
    if (chosen->from[0] != '\0')
        perso_say_text(say, "from", chosen->from);
    else
        perso_say_word(say, "from", N_("what Persoline ships"));
    perso_say_end(say);
}

static enum perso_exit
show(const struct perso_command_line *line, struct chosen *chosen)
{
    struct perso_say say = { .out = stdout, .json = line->options.json };
    struct perso_error err = { 0 };
    const char *name = line->n_words > 1 ? line->words[1] : "default";
    enum perso_result rc = choose(line, name, chosen, &err);

    if (rc == PERSO_OK) {
        tell(&say, chosen);
        rc = perso_profile_show(&say, &chosen->profile, &err);
    }
    return rc == PERSO_OK ? PERSO_EXIT_DONE : perso_command_failed(&err, rc);
}

static enum perso_exit
check(const struct perso_command_line *line, struct chosen *chosen)
{
    struct perso_say say = { .out = stdout, .json = line->options.json };
    struct perso_error err = { 0 };
    const char *name = line->profile != NULL ? line->profile : "default";
    const struct perso_profile_question question = { line->words[1],
                                                     line->as != NULL ? line->as : "",
                                                     line->encoding != NULL ? line->encoding : "",
                                                     chosen->site };
    uint32_t held = 0;
    enum perso_result rc = choose(line, name, chosen, &err);

    if (rc == PERSO_OK) {
        tell(&say, chosen);
        rc = perso_profile_check(&say, &chosen->profile, &question, &held, &err);
    }
    if (rc != PERSO_OK)
        return perso_command_failed(&err, rc);
    return held > 0 ? PERSO_EXIT_HELD : PERSO_EXIT_DONE;
}

enum perso_exit
perso_command_profile(const struct perso_command_line *line)
{
    bool shows = line->n_words >= 1 && line->n_words <= 2 && strcmp(line->words[0], "show") == 0;
    bool checks = line->n_words == 2 && strcmp(line->words[0], "check") == 0;

    if ((!shows && !checks) || (line->as != NULL && !perso_profile_knows_table(line->as)))
        return PERSO_EXIT_USAGE;
    struct chosen *chosen = calloc(1, sizeof *chosen);
    struct perso_error err = { 0 };
    if (chosen == NULL)
        return perso_command_failed(&err, perso_error_errno(&err, "memory"));
    enum perso_exit code = shows ? show(line, chosen) : check(line, chosen);
    free(chosen);
    return code;
}
