#include "tests/pipeline/store/site_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char folder[] = "/tmp/perso-site-XXXXXX";
char path[64];
struct perso_error err;
struct perso_site_db *site;
struct perso_site_store store;

void
fixture_site_open(bool dry)
{
    assert_ok(perso_site_db_open(path, dry, &site, &err), err);
    store = perso_site_db_store(site);
}

int
fixture_site_setup(void **state)
{
    (void)state;
    memcpy(strrchr(folder, '-') + 1, "XXXXXX", 6);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/site.db", folder);
    assert_ok(perso_site_db_create(path, &err), err);
    fixture_site_open(false);
    return 0;
}

int
fixture_site_teardown(void **state)
{
    (void)state;
    perso_site_db_close(site);
    fixture_remove(folder);
    return 0;
}

const uint8_t *
fixture_site_key(uint8_t seed)
{
    static uint8_t value[64];
    memset(value, seed, sizeof value);
    return value;
}

struct collected
fixture_site_dump(void)
{
    struct collected ret;
    struct perso_sink sink = fixture_sink(&ret);
    assert_ok(perso_site_db_dump(site, &sink, &err), err);
    return ret;
}

int
fixture_site_count_of(const char *text, const char *part)
{
    int n = 0;
    for (; text != NULL && (text = strstr(text, part)) != NULL; text++)
        n++;
    return n;
}
