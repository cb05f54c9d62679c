/*
 * persoline, cut off at a chosen point: linked with --wrap, so that whatever makes something
 * durable or visible passes here. $PERSO_CUT is a number, and the process kills itself at that
 * point (before and after each such call there is one), or a name: right after the rename to it.
 * $PERSO_CUT_COUNT: file that is given the number of points of a whole run.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "perso/result.h"

struct perso_ledger;
struct perso_site_db;

int __real_renameat(int from_folder, const char *from, int to_folder, const char *to);
int __real_unlink(const char *path);
enum perso_result __real_perso_ledger_commit(struct perso_ledger *ledger, struct perso_error *err);
enum perso_result __real_perso_site_db_finish(struct perso_site_db *site, enum perso_result rc,
                                              struct perso_error *err);
int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to);
int __wrap_unlink(const char *path);
enum perso_result __wrap_perso_ledger_commit(struct perso_ledger *ledger, struct perso_error *err);
enum perso_result __wrap_perso_site_db_finish(struct perso_site_db *site, enum perso_result rc,
                                              struct perso_error *err);

static unsigned long passed;

static void
tell_count(void)
{
    FILE *out = fopen(getenv("PERSO_CUT_COUNT"), "w");

    if (out != NULL) {
        fprintf(out, "%lu\n", passed);
        fclose(out);
    }
}

static void
point(void)
{
    const char *cut = getenv("PERSO_CUT");

    if (passed++ == 0 && getenv("PERSO_CUT_COUNT") != NULL)
        atexit(tell_count);
    if (cut != NULL && strtoul(cut, NULL, 10) == passed)
        raise(SIGKILL);
}

int
__wrap_renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    const char *cut = getenv("PERSO_CUT");

    point();
    int ret = __real_renameat(from_folder, from, to_folder, to);
    if (cut != NULL && strcmp(cut, to) == 0)
        raise(SIGKILL);
    point();
    return ret;
}

int
__wrap_unlink(const char *path)
{
    point();
    int ret = __real_unlink(path);
    point();
    return ret;
}

enum perso_result
__wrap_perso_ledger_commit(struct perso_ledger *ledger, struct perso_error *err)
{
    point();
    enum perso_result ret = __real_perso_ledger_commit(ledger, err);
    point();
    return ret;
}

enum perso_result
__wrap_perso_site_db_finish(struct perso_site_db *site, enum perso_result rc,
                            struct perso_error *err)
{
    point();
    enum perso_result ret = __real_perso_site_db_finish(site, rc, err);
    point();
    return ret;
}
