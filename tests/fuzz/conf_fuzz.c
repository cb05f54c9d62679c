/* Any text as a site's configuration, a job's and a profile: what is read can be written, and that
 * is read as the same; what is refused is told with its line or key. */
#undef NDEBUG /* the assertions are the test, in every build */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/job/conf.h"
#include "pipeline/job/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/tmp/persoline-conf-XXXXXX";
static int fd = -1;

static void
give_back(void)
{
    close(fd);
    unlink(path);
}

static void
put(const void *bytes, size_t n)
{
    if (fd < 0) {
        assert((fd = mkstemp(path)) >= 0);
        atexit(give_back);
    }
    assert(pwrite(fd, bytes, n, 0) == (ssize_t)n && ftruncate(fd, (off_t)n) == 0);
}

static void
check_fault(enum perso_result rc, const struct perso_error *err)
{
    assert(rc == PERSO_OK || (rc == PERSO_FATAL && err->text[0] != '\0'));
    assert(rc == PERSO_OK || err->line != 0 || err->field[0] != '\0');
}

/* What a good profile says of its tables can be used. */
static void
check_table(const struct perso_profile *profile, const struct perso_table_profile *table)
{
    struct perso_table_options options;
    struct perso_error err = { 0 };

    assert(perso_profile_table(profile, table, "", "f", &options, &err) == PERSO_OK);
    assert(options.delimiter != '\0' && options.n_aliases == profile->n_aliases);
    assert(perso_profile_table(profile, table, "gbk", "f", &options, &err) == PERSO_OK &&
           options.charset == PERSO_GBK);
    assert(perso_profile_table(profile, table, "utf-16", "f", &options, &err) == PERSO_REJECT);
}

static void
try_profile(void)
{
    static struct perso_profile one, two;
    struct perso_error err = { 0 };
    char *text = NULL;
    size_t n_keys;
    const struct perso_ini_key *keys = perso_profile_keys(&n_keys);
    enum perso_result rc = perso_profile_read_file(path, &one, &err);

    check_fault(rc, &err);
    if (rc != PERSO_OK)
        return;
    assert(one.n_aliases <= PERSO_ALIASES_MAX);
    check_table(&one, &one.application);
    check_table(&one, &one.issuance);
    check_table(&one, &one.result);
    check_table(&one, &one.returned);
    assert(perso_ini_text("again", keys, n_keys, &one, &text, &err) == PERSO_OK);
    put(text, strlen(text));
    free(text);
    assert(perso_profile_read_file(path, &two, &err) == PERSO_OK);
    two.n_aliases = one.n_aliases; /* [columns] is not among the keys */
    memcpy(two.aliases, one.aliases, sizeof two.aliases);
    for (size_t i = 0; i < n_keys; i++) {
        char a[PERSO_INI_NUMBER_CHARS], b[PERSO_INI_NUMBER_CHARS];
        assert(strcmp(perso_ini_value(&keys[i], &one, a), perso_ini_value(&keys[i], &two, b)) == 0);
    }
}

static void
try_job(void)
{
    static struct perso_job_conf one, two;
    struct perso_error err = { 0 };
    char *text = NULL;
    enum perso_result rc = perso_job_conf_read(path, &one, &err);

    check_fault(rc, &err);
    if (rc != PERSO_OK)
        return;
    assert(perso_job_conf_text(&one, &text, &err) == PERSO_OK);
    put(text, strlen(text));
    free(text);
    assert(perso_job_conf_read(path, &two, &err) == PERSO_OK);
    assert(strcmp(one.batch, two.batch) == 0 && one.mode == two.mode &&
           strcmp(one.date, two.date) == 0 && strcmp(one.profile, two.profile) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct perso_conf conf;
    struct perso_error err = { 0 };

    if (size > 65536)
        return 0;
    put(data, size);
    check_fault(perso_conf_read(path, &conf, &err), &err);
    try_job();
    put(data, size);
    try_profile();
    return 0;
}
