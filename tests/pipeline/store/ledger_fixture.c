#define _XOPEN_SOURCE 700 /* nftw */

#include "tests/pipeline/store/ledger_fixture.h"

#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int64_t
fixture_now(void *self)
{
    struct fixture *f = self;
    return f->now_ms += 1001;
}

void
fixture_open(struct fixture *f, enum perso_ledger_access access)
{
    struct perso_clock clock = { fixture_now, f };
    struct perso_actor actor = {
        .operator= "zhao", .host = "desk-1", .address = "192.0.2.7", .identity = "CN=zhao"
    };
    assert_ok(perso_ledger_open(f->job, access, &actor, &clock, &f->ledger, &f->err), f->err);
    f->store = perso_ledger_cards(f->ledger);
}

void
fixture_close(struct fixture *f)
{
    perso_ledger_close(f->ledger);
    f->ledger = NULL;
}

int
fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->job, sizeof f->job, "/tmp/perso-ledger-XXXXXX");
    assert_non_null(mkdtemp(f->job));
    f->now_ms = 1700000000000;
    assert_ok(perso_ledger_create(f->job, &f->err), f->err);
    fixture_open(f, PERSO_LEDGER_WRITE);
    *state = f;
    return 0;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void
fixture_remove(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int
fixture_teardown(void **state)
{
    struct fixture *f = *state;
    fixture_close(f);
    fixture_remove(f->job);
    free(f);
    return 0;
}

void
fixture_begin(struct fixture *f)
{
    assert_ok(perso_ledger_begin(f->ledger, &f->err), f->err);
}

void
fixture_commit(struct fixture *f)
{
    assert_ok(perso_ledger_commit(f->ledger, &f->err), f->err);
}

struct perso_ledger_file
fixture_file(struct fixture *f, uint8_t seed)
{
    struct perso_ledger_file file = {
        .stage = PERSO_STAGE_INGEST,
        .status = PERSO_FILE_READING,
        .kind = "table",
        .encoding = "gb18030",
        .note = "a\tb",
        .rows = 3,
        .bytes = 1234,
    };
    snprintf(file.path, sizeof file.path, "in/keys/%u.csv", seed);
    memset(file.sm3, seed, sizeof file.sm3);
    assert_ok(perso_ledger_file_add(f->ledger, &file, &f->err), f->err);
    return file;
}

void
fixture_accept(struct fixture *f, struct perso_ledger_file *file)
{
    file->status = PERSO_FILE_ACCEPTED;
    assert_ok(perso_ledger_file_set(f->ledger, file, &f->err), f->err);
}

struct perso_card
fixture_card(struct fixture *f, const struct perso_ledger_file *file, unsigned id, unsigned key,
             unsigned request)
{
    char payload[64];
    int n = snprintf(payload, sizeof payload, "payload of card %u key %u", id, key);
    struct perso_stored_record record = { .file_id = file->id, .line = id + 1, .record = id };
    struct perso_card card = {
        .file_id = file->id, .has_key = true, .has_request = true, .state = PERSO_STATE_RECEIVED
    };

    assert_ok(f->store.put(f->store.self, &record, perso_cursor_of(payload, (size_t)n), &f->err),
              f->err);
    snprintf(card.card_id, sizeof card.card_id, "411600D1560000050000%012X", id);
    memset(card.public_key, 0x11, sizeof card.public_key);
    memcpy(card.public_key, &key, sizeof key);
    memset(card.request_id, 0x22, sizeof card.request_id);
    memcpy(card.request_id, &request, sizeof request);
    card.application = record.id;
    assert_ok(perso_ledger_card_add(f->ledger, &card, &f->err), f->err);
    return card;
}

struct perso_ledger_file
fixture_cards(struct fixture *f, unsigned n)
{
    fixture_begin(f);
    struct perso_ledger_file file = fixture_file(f, 1);
    for (unsigned i = 1; i <= n; i++)
        fixture_card(f, &file, i, i, i);
    fixture_accept(f, &file);
    fixture_commit(f);
    return file;
}

/* ---- past the ledger ---- */

static sqlite3 *
raw(struct fixture *f)
{
    char path[128];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/ledger.db", f->job);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA foreign_keys=ON; PRAGMA synchronous=OFF", NULL, NULL, NULL);
    return db;
}

int
fixture_sql(struct fixture *f, const char *sql)
{
    sqlite3 *db = raw(f);
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_close(db);
    return code;
}

int64_t
fixture_number(struct fixture *f, const char *sql)
{
    sqlite3 *db = raw(f);
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t ret = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return ret;
}

static enum perso_result
collect(void *self, const void *bytes, size_t n, struct perso_error *err)
{
    struct collected *c = self;
    char *more = realloc(c->bytes, c->n + n + 1);
    if (more == NULL)
        return perso_error_errno(err, "test");
    c->bytes = more;
    if (n > 0)
        memcpy(more + c->n, bytes, n);
    c->n += n;
    more[c->n] = '\0';
    return PERSO_OK;
}

struct perso_sink
fixture_sink(struct collected *into)
{
    *into = (struct collected) { NULL, 0 };
    return (struct perso_sink) { collect, into };
}

struct collected
fixture_dump(struct fixture *f)
{
    struct collected ret;
    struct perso_sink sink = fixture_sink(&ret);
    assert_ok(perso_ledger_dump(f->ledger, &sink, &f->err), f->err);
    return ret;
}

struct collected
fixture_audit(struct fixture *f)
{
    struct collected ret;
    struct perso_sink sink = fixture_sink(&ret);
    assert_ok(perso_ledger_audit_export(f->ledger, &sink, &f->err), f->err);
    return ret;
}

size_t
fixture_count(const char *folder)
{
    size_t n = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(dir);
    return n;
}
