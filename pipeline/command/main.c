#include <sys/resource.h>
#include <sys/stat.h>

#include "pipeline/command/command.h"
#include "pipeline/command/language.h"

int
main(int argc, char **argv)
{
    const struct rlimit no_core = { 0, 0 };

    /* Personal data and keys are in memory: no core file, nothing readable by others. */
    setrlimit(RLIMIT_CORE, &no_core);
    umask(077);
    perso_language_begin();
    return (int)perso_command_run(argc, argv);
}
