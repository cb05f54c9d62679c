/* persoline-sandbox: rehearsal programs around Persoline (CONTRACTS 7). */
#include <string.h>

#include "commands.h"
#include "fail.h"

static const struct {
    const char *first, *second; /* second "": none */
    void (*run)(int argc, char **argv);
} commands[] = {
    { "sample", "", sbx_sample },
    { "remake", "", sbx_remake },
    { "correct", "", sbx_correct },
    { "sign", "", sbx_sign_cards },
    { "ra", "init", sbx_ra_init },
    { "ra", "", sbx_ra },
    { "machine", "init", sbx_machine_init },
    { "machine", "", sbx_machine },
};

int
main(int argc, char **argv)
{
    if (argc < 2)
        sbx_usage("no command");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const int words = *commands[i].second == '\0' ? 1 : 2;
        if (argc > words && strcmp(argv[1], commands[i].first) == 0 &&
            (words == 1 || strcmp(argv[2], commands[i].second) == 0)) {
            commands[i].run(argc - 1 - words, argv + 1 + words);
            return 0;
        }
    }
    sbx_usage("%s: no such command", argv[1]);
}
