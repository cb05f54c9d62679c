#include <locale.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "pipeline/command/command.h"

int
main(int argc, char **argv)
{
    const struct rlimit no_core = { 0, 0 };

    /* Personal data and keys are in memory: no core file, nothing readable by others. */
    setrlimit(RLIMIT_CORE, &no_core);
    umask(077);
    setlocale(LC_ALL, "");
    setlocale(LC_NUMERIC, "C");
    return (int)perso_command_run(argc, argv);
}
