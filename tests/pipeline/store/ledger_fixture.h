/* A job folder with a ledger, and small ways to fill it. Any failure fails the calling test. */
#ifndef TESTS_LEDGER_FIXTURE_H
#define TESTS_LEDGER_FIXTURE_H

#include "pipeline/store/ledger.h"

struct fixture {
    char job[64];
    int64_t now_ms;
    struct perso_ledger *ledger;
    struct perso_card_store store;
    struct perso_error err;
};

/* Bytes that a sink collects. */
struct collected {
    char *bytes; /* NUL at the end */
    size_t n;
};

int fixture_setup(void **state); /* *state: struct fixture, ledger open for writing */
int fixture_teardown(void **state);
void fixture_open(struct fixture *f, enum perso_ledger_access access);
void fixture_close(struct fixture *f);
void fixture_begin(struct fixture *f);
void fixture_commit(struct fixture *f);

/** An incoming table of ingest in status READING; seed makes its digest. */
struct perso_ledger_file fixture_file(struct fixture *f, uint8_t seed);
void fixture_accept(struct fixture *f, struct perso_ledger_file *file);
/** A received card with its record; card id, key and request are made from the three numbers. */
struct perso_card fixture_card(struct fixture *f, const struct perso_ledger_file *file, unsigned id,
                               unsigned key, unsigned request);
/** One accepted file with n cards 1..n. */
struct perso_ledger_file fixture_cards(struct fixture *f, unsigned n);

/** Runs SQL past the ledger, as a tool would (foreign keys on); SQLite's result code. */
int fixture_sql(struct fixture *f, const char *sql);
int64_t fixture_number(struct fixture *f, const char *sql);
/** The ledger's dump, or audit export; the caller frees bytes. */
struct collected fixture_dump(struct fixture *f);
struct collected fixture_audit(struct fixture *f);
struct perso_sink fixture_sink(struct collected *into);
/** Number of names in a folder, without . and .. */
size_t fixture_count(const char *folder);
void fixture_remove(const char *folder);

#define assert_result(want, have, err)                                                             \
    do {                                                                                           \
        enum perso_result have_ = (have);                                                          \
        if (have_ != (want))                                                                       \
            fail_msg("%s: have %d, want %d: %s", #have, (int)have_, (int)(want), (err).text);      \
    } while (0)
#define assert_ok(have, err) assert_result(PERSO_OK, have, err)

#endif
