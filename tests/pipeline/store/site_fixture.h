/* A site store in a folder of its own. Any failure fails the calling test. */
#ifndef TESTS_SITE_FIXTURE_H
#define TESTS_SITE_FIXTURE_H

#include "pipeline/store/site_db.h"
#include "tests/pipeline/store/ledger_fixture.h"

#define CARD_A "411600D156000005000000000000000A"
#define CARD_B "411600D156000005000000000000000B"
#define CARD_C "411600D156000005000000000000000C"

extern char path[64]; /* of site.db */
extern struct perso_error err;
extern struct perso_site_db *site;
extern struct perso_site_store store;

int fixture_site_setup(void **state);
int fixture_site_teardown(void **state);
void fixture_site_open(bool dry);
/** 64 bytes of a value; the next call overwrites them. */
const uint8_t *fixture_site_key(uint8_t seed);
/** The caller frees bytes. */
struct collected fixture_site_dump(void);
int fixture_site_count_of(const char *text, const char *part);

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_site_setup, fixture_site_teardown)

#endif
