/* The command line: one table of commands, one parser of options (DESIGN 4). */
#ifndef PIPELINE_COMMAND_H
#define PIPELINE_COMMAND_H

#include "pipeline/job/job.h"

/* Exit codes, the first that applies (CONTRACTS 1). */
enum perso_exit {
    PERSO_EXIT_DONE = 0,
    PERSO_EXIT_FAILED = 1, /* the run failed or refused an input file; nothing is half-done */
    PERSO_EXIT_USAGE = 2,
    PERSO_EXIT_HELD = 3,  /* cards of this stage are held at its end */
    PERSO_EXIT_WAITS = 4, /* for a peer, a file, an approval, another process */
};

#define PERSO_WORDS_MAX 100000 /* file or card arguments of one call */

/* What was typed. */
struct perso_command_line {
    const char *command;
    struct perso_options options;
    const char *words[8]; /* the first arguments that are no options */
    const char **more;    /* all of them */
    size_t n_words;
    /* options with a value; NULL: not given */
    const char *mode, *batch, *division, *vendor, *role, *finisher, *date, *profile, *ra, *name;
    const char *encoding, *rows, *digest, *reason, *centre, *from, *as;
    const char *counted[64]; /* BOX=N, as often as given */
    size_t n_counted;
    bool dump, excel;
};

enum perso_exit perso_command_run(int argc, char **argv);

/* Commands that open no job for writing stand in command_site.c, the others in command_job.c. */
typedef enum perso_exit perso_command(const struct perso_command_line *line);

perso_command perso_command_site, perso_command_init, perso_command_show, perso_command_profile;
perso_command perso_command_status, perso_command_report, perso_command_trace, perso_command_check,
    perso_command_slip, perso_command_audit;
perso_command perso_command_stage, perso_command_all_stages, perso_command_cards,
    perso_command_withdraw, perso_command_purge, perso_command_prepare;

/** Complain and give the exit code of a failed call. */
enum perso_exit perso_command_failed(const struct perso_error *err, enum perso_result rc);
/** "usage: ..." on stderr. */
enum perso_exit perso_command_usage(const char *text);

#endif
