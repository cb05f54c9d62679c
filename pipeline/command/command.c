#include "pipeline/command/command.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "perso/text.h"

static const struct {
    const char *name, *usage;
    perso_command *run;
} commands[] = {
    { "site", N_("site init DIR [--name NAME]"), perso_command_site },
    { "init",
      N_("init JOB --mode 1|2|4 --batch ID --division CODE --vendor CODE "
         "[--role vendor|department|centre|all] [--finisher vendor|centre] [--date YYYY-MM-DD] "
         "[--profile NAME] [--ra NAME] [--centre NAME]\n"
         "       persoline init JOB --from PACKAGE [--batch ID] [--finisher vendor|centre] "
         "[--date YYYY-MM-DD] [--profile NAME] [--ra NAME] [--centre NAME]"),
      perso_command_init },
    { "prepare", N_("prepare JOB FILE... [--encoding E] [--rows N]"), perso_command_prepare },
    { "ingest", N_("ingest JOB FILE... [--encoding E] [--rows N] [--counted BOX=N]..."),
      perso_command_stage },
    { "reconcile", N_("reconcile JOB FILE... [--encoding E] [--rows N]"), perso_command_stage },
    { "approve", N_("approve JOB [--digest HEX]"), perso_command_stage },
    { "bundle", N_("bundle JOB"), perso_command_stage },
    { "submit", N_("submit JOB"), perso_command_stage },
    { "collect", N_("collect JOB FILE..."), perso_command_stage },
    { "match", N_("match JOB"), perso_command_stage },
    { "forward", N_("forward JOB"), perso_command_stage },
    { "personalize", N_("personalize JOB"), perso_command_stage },
    { "close", N_("close JOB [FILE...]"), perso_command_stage },
    { "run", N_("run JOB"), perso_command_all_stages },
    { "hold", N_("hold JOB CARD... --reason TEXT"), perso_command_cards },
    { "release", N_("release JOB CARD... --reason TEXT"), perso_command_cards },
    { "cancel", N_("cancel JOB CARD... --reason TEXT"), perso_command_cards },
    { "reject", N_("reject JOB CARD... --reason TEXT"), perso_command_cards },
    { "confirm", N_("confirm JOB CARD... --reason TEXT"), perso_command_cards },
    { "withdraw", N_("withdraw JOB FILE --reason TEXT"), perso_command_withdraw },
    { "purge", N_("purge JOB [--digest HEX --reason TEXT]"), perso_command_purge },
    { "status", N_("status [JOB]"), perso_command_status },
    { "report", N_("report JOB [--excel]"), perso_command_report },
    { "trace", N_("trace JOB CARD"), perso_command_trace },
    { "show", N_("show FILE"), perso_command_show },
    { "check", N_("check [JOB] [--dump]"), perso_command_check },
    { "slip", N_("slip JOB [PACKAGE]"), perso_command_slip },
    { "audit", N_("audit verify JOB"), perso_command_audit },
    { "profile",
      N_("profile check FILE [--profile NAME] [--as application|issuance|result|return]"
         " [--encoding E]\n"
         "       persoline profile show [NAME]"),
      perso_command_profile },
};

enum perso_exit
perso_command_usage(const char *text)
{
    fprintf(stderr, _("usage: persoline %s\n"), _(text));
    return PERSO_EXIT_USAGE;
}

enum perso_exit
perso_command_failed(const struct perso_error *err, enum perso_result rc)
{
    perso_complain(err);
    return rc == PERSO_RETRY ? PERSO_EXIT_WAITS : PERSO_EXIT_FAILED;
}

static void
print_help(FILE *out)
{
    fputs(_("persoline: certificates for third-generation social security cards "
            "(LD/T 03-2022 6.4.7)\n\n"),
          out);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        fprintf(out, "  persoline %s\n", _(commands[i].usage));
    fputs(_("\nevery command: --conf FILE, --by NAME, --json; those with an effect: -n, "
            "--dry-run\n"
            "CARD: a card identification code, #SEQ of a list of held/, or @FILE: such a list, or "
            "one id a line\n"
            "exit: 0 done, 1 failed or a file refused, 2 usage, 3 cards are held, 4 waits\n"),
          out);
}

enum option_id {
    OPTION_CONF = 256,
    OPTION_BY,
    OPTION_JSON,
    OPTION_MODE,
    OPTION_BATCH,
    OPTION_DIVISION,
    OPTION_VENDOR,
    OPTION_ROLE,
    OPTION_FINISHER,
    OPTION_DATE,
    OPTION_PROFILE,
    OPTION_RA,
    OPTION_NAME,
    OPTION_ENCODING,
    OPTION_ROWS,
    OPTION_DIGEST,
    OPTION_REASON,
    OPTION_CENTRE,
    OPTION_FROM,
    OPTION_AS,
    OPTION_COUNTED,
    OPTION_DUMP,
    OPTION_EXCEL,
};

static const struct option options[] = {
    { "dry-run", no_argument, NULL, 'n' },
    { "conf", required_argument, NULL, OPTION_CONF },
    { "by", required_argument, NULL, OPTION_BY },
    { "json", no_argument, NULL, OPTION_JSON },
    { "mode", required_argument, NULL, OPTION_MODE },
    { "batch", required_argument, NULL, OPTION_BATCH },
    { "division", required_argument, NULL, OPTION_DIVISION },
    { "vendor", required_argument, NULL, OPTION_VENDOR },
    { "role", required_argument, NULL, OPTION_ROLE },
    { "finisher", required_argument, NULL, OPTION_FINISHER },
    { "date", required_argument, NULL, OPTION_DATE },
    { "profile", required_argument, NULL, OPTION_PROFILE },
    { "ra", required_argument, NULL, OPTION_RA },
    { "name", required_argument, NULL, OPTION_NAME },
    { "encoding", required_argument, NULL, OPTION_ENCODING },
    { "rows", required_argument, NULL, OPTION_ROWS },
    { "digest", required_argument, NULL, OPTION_DIGEST },
    { "reason", required_argument, NULL, OPTION_REASON },
    { "centre", required_argument, NULL, OPTION_CENTRE },
    { "from", required_argument, NULL, OPTION_FROM },
    { "as", required_argument, NULL, OPTION_AS },
    { "counted", required_argument, NULL, OPTION_COUNTED },
    { "dump", no_argument, NULL, OPTION_DUMP },
    { "excel", no_argument, NULL, OPTION_EXCEL },
    { NULL, 0, NULL, 0 },
};

static bool
take_option(struct perso_command_line *line, int id, const char *value)
{
    const char **const texts[] = {
        [OPTION_CONF - 256] = &line->options.conf,
        [OPTION_BY - 256] = &line->options.by,
        [OPTION_MODE - 256] = &line->mode,
        [OPTION_BATCH - 256] = &line->batch,
        [OPTION_DIVISION - 256] = &line->division,
        [OPTION_VENDOR - 256] = &line->vendor,
        [OPTION_ROLE - 256] = &line->role,
        [OPTION_FINISHER - 256] = &line->finisher,
        [OPTION_DATE - 256] = &line->date,
        [OPTION_PROFILE - 256] = &line->profile,
        [OPTION_RA - 256] = &line->ra,
        [OPTION_NAME - 256] = &line->name,
        [OPTION_ENCODING - 256] = &line->encoding,
        [OPTION_ROWS - 256] = &line->rows,
        [OPTION_DIGEST - 256] = &line->digest,
        [OPTION_REASON - 256] = &line->reason,
        [OPTION_CENTRE - 256] = &line->centre,
        [OPTION_FROM - 256] = &line->from,
        [OPTION_AS - 256] = &line->as,
    };

    switch (id) {
    case 'n':
        line->options.dry_run = true;
        return true;
    case OPTION_JSON:
        line->options.json = true;
        return true;
    case OPTION_COUNTED:
        if (line->n_counted == sizeof line->counted / sizeof line->counted[0])
            return false;
        line->counted[line->n_counted++] = value;
        return true;
    case OPTION_DUMP:
        line->dump = true;
        return true;
    case OPTION_EXCEL:
        line->excel = true;
        return true;
    default:
        if (id < 256)
            return false;
        *texts[id - 256] = value;
        return true;
    }
}

/* In our own words: getopt has none in the user's language unless its catalogue is installed. */
static void
complain_of_option(int id, const char *word)
{
    int chars = (int)strcspn(word, "="); /* what follows may be personal */

    if (id == ':')
        fprintf(stderr, _("persoline: option %.*s needs a value\n"), chars, word);
    else if (optopt >= 256)
        fprintf(stderr, _("persoline: option %.*s takes no value\n"), chars, word);
    else if (optopt != 0)
        fprintf(stderr, _("persoline: no such option: -%c\n"),
                optopt > 0x20 && optopt < 0x7f ? optopt : '.');
    else
        fprintf(stderr, _("persoline: no such option, or not whole: %.*s\n"), chars, word);
}

static bool
parse(int argc, char **argv, struct perso_command_line *line)
{
    int id;

    *line = (struct perso_command_line) { .command = argv[0], .options = { "", "", false, false } };
    opterr = 0;
    while ((id = getopt_long(argc, argv, ":n", options, NULL)) != -1) {
        if (id == '?' || id == ':')
            complain_of_option(id, argv[optind - 1]);
        if (!take_option(line, id, optarg))
            return false;
    }
    line->more = (const char **)argv + optind;
    line->n_words = (size_t)(argc - optind);
    for (size_t i = 0; i < line->n_words && i < 8; i++)
        line->words[i] = line->more[i];
    return true;
}

enum perso_exit
perso_command_run(int argc, char **argv)
{
    struct perso_command_line line;

    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? PERSO_EXIT_USAGE : PERSO_EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("persoline " PERSO_VERSION);
        return PERSO_EXIT_DONE;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, argv[1]) != 0)
            continue;
        if (!parse(argc - 1, argv + 1, &line))
            return perso_command_usage(commands[i].usage);
        enum perso_exit code = commands[i].run(&line);
        return code == PERSO_EXIT_USAGE ? perso_command_usage(commands[i].usage) : code;
    }
    fprintf(stderr, _("persoline: no such command: %s\n"), argv[1]);
    print_help(stderr);
    return PERSO_EXIT_USAGE;
}
