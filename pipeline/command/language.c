#include "pipeline/command/language.h"

#include <libintl.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "perso/text.h"

#define DOMAIN "persoline"
#define CATALOGUE "zh_CN/LC_MESSAGES/" DOMAIN ".mo"

static const char *
translate(const char *msgid)
{
    return dgettext(DOMAIN, msgid);
}

/* <where the program is>/<relative>, if it holds a catalogue. */
static bool
beside_program(const char *relative, char out[PATH_MAX])
{
    char program[PATH_MAX], catalogue[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);

    if (n <= 0)
        return false;
    program[n] = '\0';
    *strrchr(program, '/') = '\0';
    return snprintf(out, PATH_MAX, "%s/%s", program, relative) < PATH_MAX &&
           snprintf(catalogue, sizeof catalogue, "%s/%s", out, CATALOGUE) < PATH_MAX &&
           access(catalogue, R_OK) == 0;
}

static bool
is_plain(const char *locale)
{
    return locale == NULL || strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0;
}

static const char *
wanted_locale(void)
{
    static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0')
            return value;
    }
    return "C";
}

/*
 * Chinese is spoken also where no Chinese locale is installed, as on a small Debian: gettext
 * follows LANGUAGE in any locale but "C", and C.UTF-8 is always there.
 */
static void
take_locale(void)
{
    const char *language = getenv("LANGUAGE");
    bool chinese = strncmp(wanted_locale(), "zh", 2) == 0;

    if (setlocale(LC_CTYPE, "") == NULL)
        setlocale(LC_CTYPE, "C.UTF-8");
    if (is_plain(setlocale(LC_MESSAGES, "")) && chinese)
        setlocale(LC_MESSAGES, "C.UTF-8");
    if (chinese && (language == NULL || language[0] == '\0'))
        setenv("LANGUAGE", "zh_CN", 1);
}

void
perso_language_begin(void)
{
    char folder[PATH_MAX];

    take_locale();
    /* The build tree, an installed tree that was moved, the place it was configured for. */
    if (!beside_program("../locale", folder) && !beside_program("../share/locale", folder))
        snprintf(folder, sizeof folder, "%s", PERSO_LOCALE_FOLDER);
    bindtextdomain(DOMAIN, folder);
    bind_textdomain_codeset(DOMAIN, "UTF-8");
    perso_text_set(translate);
}
