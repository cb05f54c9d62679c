/* Commands that make sites and jobs, or only look. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "perso/text.h"
#include "pipeline/command/command.h"
#include "pipeline/job/path.h"
#include "pipeline/report/show.h"
#include "pipeline/report/status.h"

enum perso_exit
perso_command_site(const struct perso_command_line *line)
{
    struct perso_error err = { 0 };
    struct perso_say say = { .out = stdout, .json = line->options.json };

    if (line->n_words != 2 || strcmp(line->words[0], "init") != 0)
        return PERSO_EXIT_USAGE;
    if (!line->options.dry_run) {
        enum perso_result rc =
            perso_site_init(line->words[1], line->name != NULL ? line->name : "site", &err);
        if (rc != PERSO_OK)
            return perso_command_failed(&err, rc);
    }
    perso_say_begin(&say, line->options.dry_run ? N_("would make") : N_("site"));
    perso_say_text(&say, "folder", line->words[1]);
    perso_say_text(&say, "for peers", "site.cer");
    perso_say_end(&say);
    perso_warn("%s/keys holds keys and their password side by side: for rehearsal and small sites; "
               "move the password to another medium: password_file in persoline.conf [LD/T 03-2022 "
               "8.3.6 a]",
               line->words[1]);
    return PERSO_EXIT_DONE;
}

enum perso_exit
perso_command_show(const struct perso_command_line *line)
{
    struct perso_say say = { .out = stdout, .json = line->options.json };
    struct perso_error err = { 0 };

    if (line->n_words != 1)
        return PERSO_EXIT_USAGE;
    enum perso_result rc = perso_show(&say, line->words[0], &err);
    return rc == PERSO_OK ? PERSO_EXIT_DONE : perso_command_failed(&err, rc);
}

/* ---- a job to look at ---- */

typedef enum perso_result look(struct perso_job *job, const struct perso_command_line *line,
                               struct perso_error *err);

static enum perso_exit
look_at(const char *folder, const struct perso_command_line *line, look *what)
{
    struct perso_job *job = calloc(1, sizeof *job);
    struct perso_error err = { 0 };

    if (job == NULL)
        return perso_command_failed(&err, perso_error_errno(&err, "memory"));
    enum perso_result rc = perso_job_open(folder, false, &line->options, job, &err);
    if (rc == PERSO_OK)
        rc = what(job, line, &err);
    perso_job_close(job);
    free(job);
    return rc == PERSO_OK ? PERSO_EXIT_DONE : perso_command_failed(&err, rc);
}

static enum perso_result
look_status(struct perso_job *job, const struct perso_command_line *line, struct perso_error *err)
{
    (void)line;
    return perso_status(job, err);
}

/* ---- a site to look at: its jobs, each in short ---- */

static enum perso_result
look_in_short(struct perso_job *job, const struct perso_command_line *line, struct perso_error *err)
{
    (void)line;
    return perso_status_short(job, err);
}

static bool
has_file(const char *folder, const char *name)
{
    char path[PERSO_PATH_BYTES];
    struct perso_error ignored = { 0 };

    return perso_path_join(folder, name, path, sizeof path, &ignored) == PERSO_OK &&
           access(path, F_OK) == 0;
}

static enum perso_exit
look_at_jobs(const char *site, const struct perso_command_line *line)
{
    struct dirent **entries = NULL;
    enum perso_exit ret = PERSO_EXIT_DONE;
    char folder[PERSO_PATH_BYTES];
    struct perso_error err = { 0 };
    int n = scandir(site, &entries, NULL, alphasort);

    if (n < 0)
        return perso_command_failed(&err, perso_error_errno(&err, site));
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.' &&
            perso_path_join(site, entries[i]->d_name, folder, sizeof folder, &err) == PERSO_OK &&
            has_file(folder, "job.conf") && look_at(folder, line, look_in_short) != PERSO_EXIT_DONE)
            ret = PERSO_EXIT_FAILED;
        free(entries[i]);
    }
    free(entries);
    return ret;
}

enum perso_exit
perso_command_status(const struct perso_command_line *line)
{
    const char *folder = line->n_words == 1 ? line->words[0] : ".";

    if (line->n_words > 1)
        return PERSO_EXIT_USAGE;
    if (has_file(folder, "persoline.conf") && !has_file(folder, "job.conf"))
        return look_at_jobs(folder, line);
    return look_at(folder, line, look_status);
}

static enum perso_result
look_report(struct perso_job *job, const struct perso_command_line *line, struct perso_error *err)
{
    return perso_report(job, line->excel, err);
}

enum perso_exit
perso_command_report(const struct perso_command_line *line)
{
    return line->n_words == 1 ? look_at(line->words[0], line, look_report) : PERSO_EXIT_USAGE;
}

static enum perso_result
look_trace(struct perso_job *job, const struct perso_command_line *line, struct perso_error *err)
{
    return perso_trace(job, line->words[1], err);
}

enum perso_exit
perso_command_trace(const struct perso_command_line *line)
{
    return line->n_words == 2 ? look_at(line->words[0], line, look_trace) : PERSO_EXIT_USAGE;
}

static enum perso_result
look_check(struct perso_job *job, const struct perso_command_line *line, struct perso_error *err)
{
    return line->dump ? perso_check_dump(job, err) : perso_check(job, err);
}

enum perso_exit
perso_command_check(const struct perso_command_line *line)
{
    if (line->n_words > 1)
        return PERSO_EXIT_USAGE;
    return look_at(line->n_words == 1 ? line->words[0] : ".", line, look_check);
}

static enum perso_result
look_slip(struct perso_job *job, const struct perso_command_line *line, struct perso_error *err)
{
    return perso_print_slip(job, line->words[1], err);
}

enum perso_exit
perso_command_slip(const struct perso_command_line *line)
{
    if (line->n_words < 1 || line->n_words > 2)
        return PERSO_EXIT_USAGE;
    return look_at(line->words[0], line, look_slip);
}

static enum perso_result
look_audit(struct perso_job *job, const struct perso_command_line *line, struct perso_error *err)
{
    (void)line;
    return perso_audit_verify(job, err);
}

enum perso_exit
perso_command_audit(const struct perso_command_line *line)
{
    if (line->n_words != 2 || strcmp(line->words[0], "verify") != 0)
        return PERSO_EXIT_USAGE;
    return look_at(line->words[1], line, look_audit);
}
