/* For the tests of the program: a site with keys, requests as a site would send them. */
#ifndef SANDBOX_SITE_H
#define SANDBOX_SITE_H

#include "files.h"
#include "formats/package/package.h"
#include "party.h"
#include "sm2.h"
#include "table.h"

#define TEST_DATE "2026-03-01"

struct test_site {
    char dir[64]; /* a new folder; everything lies below */
    struct sbx_curve *curve;
    struct sbx_key sender, sealing;
};

void test_site_new(struct test_site *site);
void test_site_free(struct test_site *site); /* removes the folder */
/** Runs the program with these arguments, %s standing for the folder; its exit code. */
int test_run(const struct test_site *site, const char *environment, const char *arguments);
void test_path(const struct test_site *site, const char *name, char out[SBX_PATH_BYTES]);
uint8_t *test_read(const struct test_site *site, const char *name, size_t *n);
void test_table(const struct test_site *site, const char *name, struct sbx_table_in *ret);
const char *test_cell(const struct sbx_table_in *t, const char *column);
bool test_same(const struct test_site *site, const char *a, const char *b);
/** Writes FILE.sig over a message with the site's sender key. */
void test_sign(const struct test_site *site, const char *file, const void *message, size_t n);
/** Makes in/KIND-411600-B1-NNNN.zip with one member, from the department to the RA. */
void test_package(const struct test_site *site, const char *kind, uint32_t sequence,
                  const struct perso_package_member *member, uint32_t cards);
/** Makes in/REQ-411600-B1-NNNN.zip of rows first .. first+n-1 of sample/keys/application.csv. */
void test_request(const struct test_site *site, uint32_t sequence, size_t first, size_t n);
/** A member of a zip; the caller frees. */
char *test_member(const struct test_site *site, const char *zip, const char *member, size_t *n);

#endif
