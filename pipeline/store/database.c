#include "pipeline/store/database.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "perso/text.h"
#include "pipeline/store/planted.h"

#define PATH_BYTES 4096 /* PATH_MAX of Linux */

enum perso_result
perso_database_error(const struct perso_database *db, struct perso_error *err)
{
    int code = sqlite3_errcode(db->handle) & 0xff;
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return perso_error_set(err, PERSO_REJ_NONE, "", "%s: another process writes to it",
                               db->name);
    int number = sqlite3_system_errno(db->handle);
    if (code == SQLITE_IOERR && number != 0) /* "disk I/O error" says nothing of a full disk */
        return perso_error_set(err, PERSO_REJ_NONE, "", "%s: SQLite: %s: %s", db->name,
                               sqlite3_errmsg(db->handle), _(perso_errno_text(number)));
    return perso_error_set(err, PERSO_REJ_NONE, "", "%s: SQLite: %s", db->name,
                           sqlite3_errmsg(db->handle));
}

enum perso_result
perso_database_exec(const struct perso_database *db, const char *sql, struct perso_error *err)
{
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        return perso_database_error(db, err);
    return PERSO_OK;
}

enum perso_result
perso_database_prepare(const struct perso_database *db, const char *sql, sqlite3_stmt **ret,
                       struct perso_error *err)
{
    if (sqlite3_prepare_v2(db->handle, sql, -1, ret, NULL) != SQLITE_OK)
        return perso_database_error(db, err);
    return PERSO_OK;
}

enum perso_result
perso_database_statement(struct perso_database *db, const char *sql, sqlite3_stmt **ret,
                         struct perso_error *err)
{
    for (size_t i = 0; i < db->n_statements; i++) {
        if (db->statements[i].sql == sql) {
            sqlite3_reset(db->statements[i].prepared);
            *ret = db->statements[i].prepared;
            return PERSO_OK;
        }
    }
    if (db->n_statements == PERSO_DATABASE_STATEMENTS)
        return perso_error_set(err, PERSO_REJ_NONE, "", "%s: too many statements", db->name);
    sqlite3_stmt *made = NULL;
    if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &made, NULL) !=
        SQLITE_OK)
        return perso_database_error(db, err);
    db->statements[db->n_statements].sql = sql;
    db->statements[db->n_statements++].prepared = made;
    *ret = made;
    return PERSO_OK;
}

enum perso_result
perso_database_step(const struct perso_database *db, sqlite3_stmt *statement,
                    struct perso_error *err)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        return PERSO_OK;
    enum perso_result rc = code == SQLITE_DONE ? PERSO_END : perso_database_error(db, err);
    sqlite3_reset(statement);
    return rc;
}

enum perso_result
perso_database_run(const struct perso_database *db, sqlite3_stmt *statement,
                   struct perso_error *err)
{
    enum perso_result rc;

    while ((rc = perso_database_step(db, statement, err)) == PERSO_OK)
        ;
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* All content stands in the one file, the WAL is empty. */
static enum perso_result
empty_wal(const struct perso_database *db, bool *busy, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_prepare(db, "PRAGMA wal_checkpoint(TRUNCATE)", &s, err);

    if (rc == PERSO_OK && (rc = perso_database_step(db, s, err)) == PERSO_OK)
        *busy = sqlite3_column_int(s, 0) != 0;
    sqlite3_finalize(s);
    return rc;
}

/* Deleted texts stay in pages that are free or were moved from, and in the WAL. */
enum perso_result
perso_database_scrub(struct perso_database *db, struct perso_error *err)
{
    enum perso_result rc;
    bool busy = false;

    for (size_t i = 0; i < db->n_statements; i++)
        sqlite3_reset(db->statements[i].prepared);
    if ((rc = perso_database_exec(db, "VACUUM", err)) != PERSO_OK) {
        busy = (sqlite3_errcode(db->handle) & 0xff) == SQLITE_BUSY;
        return busy ? PERSO_RETRY : rc;
    }
    if ((rc = empty_wal(db, &busy, err)) == PERSO_OK && busy) {
        perso_error_set(err, PERSO_REJ_NONE, "", "%s: another process uses it", db->name);
        return PERSO_RETRY;
    }
    return rc;
}

/* ---- open ---- */

/* "file:" URI of a path, every character escaped that a URI could read otherwise. */
static bool
immutable_uri(const char *path, char *out, size_t max)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    static const char query[] = "?immutable=1";
    size_t n = 5;

    if (max < n + sizeof query)
        return false;
    memcpy(out, "file:", 5);
    for (const char *c = path; *c != '\0'; c++) {
        if (n + 3 + sizeof query > max)
            return false;
        if (strchr(plain, *c) != NULL)
            out[n++] = *c;
        else
            n += (size_t)snprintf(out + n, 4, "%%%02X", (unsigned char)*c);
    }
    memcpy(out + n, query, sizeof query);
    return true;
}

static enum perso_result
open_handle(struct perso_database *db, const char *name, int flags, int busy_ms,
            struct perso_error *err)
{
    int code = sqlite3_open_v2(name, &db->handle,
                               flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK) {
        enum perso_result rc = perso_error_set(err, PERSO_REJ_NONE, "", "%s: SQLite: %s", db->name,
                                               sqlite3_errstr(code));
        sqlite3_close_v2(db->handle);
        db->handle = NULL;
        return rc;
    }
    sqlite3_busy_timeout(db->handle, busy_ms);
    return PERSO_OK;
}

/*
 * A WAL database in a folder that cannot be written opens only as immutable. That is safe while it
 * has no -wal file: then all its content stands in the one file.
 */
static enum perso_result
open_immutable(struct perso_database *db, const char *path, int busy_ms, struct perso_error *err)
{
    char name[3 * PATH_BYTES + 32];
    struct stat st;

    if (!immutable_uri(path, name, sizeof name))
        return perso_error_set(err, PERSO_REJ_NONE, "", "%s: path too long", db->name);
    char wal[PATH_BYTES + 8];
    snprintf(wal, sizeof wal, "%s-wal", path);
    if (lstat(wal, &st) == 0 && st.st_size > 0)
        return perso_database_error(db, err);
    sqlite3_close_v2(db->handle);
    db->handle = NULL;
    return open_handle(db, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, busy_ms, err);
}

static enum perso_result
pragma_number(struct perso_database *db, const char *sql, int *ret, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_prepare(db, sql, &s, err);
    if (rc == PERSO_OK && (rc = perso_database_step(db, s, err)) == PERSO_OK)
        *ret = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    return rc;
}

static enum perso_result
check_kind(struct perso_database *db, const struct perso_database_kind *kind,
           struct perso_error *err)
{
    int id = 0, version = 0;
    enum perso_result rc = pragma_number(db, "PRAGMA application_id", &id, err);
    if (rc == PERSO_OK)
        rc = pragma_number(db, "PRAGMA user_version", &version, err);
    if (rc != PERSO_OK)
        return rc;
    if (id != kind->application_id)
        return perso_error_set(err, PERSO_REJ_NONE, "", "%s: not a database of this kind",
                               db->name);
    if (version != kind->version)
        return perso_error_set(err, PERSO_REJ_NONE, "", "%s: have version %d, want %d", db->name,
                               version, kind->version);
    return PERSO_OK;
}

/* The WAL is let grow to 64 MiB: a checkpoint a batch would write every page many times. */
static const char write_settings[] = "PRAGMA foreign_keys=ON;"
                                     "PRAGMA synchronous=FULL;"
                                     "PRAGMA cache_size=-131072;"
                                     "PRAGMA wal_autocheckpoint=16384;"
                                     "PRAGMA journal_size_limit=134217728;"
                                     "PRAGMA trusted_schema=OFF;";

static enum perso_result
apply_settings(struct perso_database *db, enum perso_database_access access,
               struct perso_error *err)
{
    if (access == PERSO_DATABASE_READ)
        return perso_database_exec(
            db, "PRAGMA query_only=ON; PRAGMA trusted_schema=OFF; PRAGMA cache_size=-65536;", err);
    if (PERSO_BUG(synchronous_off))
        return perso_database_exec(db, "PRAGMA synchronous=OFF", err);
    return perso_database_exec(db, write_settings, err);
}

enum perso_result
perso_database_open(struct perso_database *db, const char *path,
                    const struct perso_database_kind *kind, enum perso_database_access access,
                    int busy_ms, struct perso_error *err)
{
    struct stat st;
    enum perso_result rc;
    int flags = access == PERSO_DATABASE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;

    *db = (struct perso_database) { .name = kind->name };
    if (strlen(path) >= PATH_BYTES)
        return perso_error_set(err, PERSO_REJ_NONE, "", "%s: path too long", db->name);
    if (lstat(path, &st) != 0)
        return perso_error_errno(err, path);
    if (!S_ISREG(st.st_mode))
        return perso_error_set(err, PERSO_REJ_NONE, "", "%s: not a regular file", path);
    if ((rc = open_handle(db, path, flags, busy_ms, err)) != PERSO_OK)
        return rc;
    rc = check_kind(db, kind, err);
    int code = sqlite3_errcode(db->handle) & 0xff;
    if (rc != PERSO_OK && access == PERSO_DATABASE_READ &&
        (code == SQLITE_CANTOPEN || code == SQLITE_READONLY)) {
        rc = open_immutable(db, path, busy_ms, err);
        if (rc == PERSO_OK)
            rc = check_kind(db, kind, err);
    }
    if (rc == PERSO_OK)
        rc = apply_settings(db, access, err);
    if (rc != PERSO_OK)
        perso_database_close(db);
    return rc;
}

void
perso_database_close(struct perso_database *db)
{
    for (size_t i = 0; i < db->n_statements; i++)
        sqlite3_finalize(db->statements[i].prepared);
    sqlite3_close_v2(db->handle);
    *db = (struct perso_database) { .name = db->name };
}

/* ---- create ---- */

static enum perso_result
fill_new(const char *path, const struct perso_database_kind *kind, struct perso_error *err)
{
    struct perso_database db = { .name = kind->name };
    char header[128];
    bool busy = false;
    enum perso_result rc = open_handle(&db, path, SQLITE_OPEN_READWRITE, 0, err);

    snprintf(header, sizeof header, "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT;",
             kind->application_id, kind->version);
    if (rc == PERSO_OK)
        rc = perso_database_exec(
            &db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; BEGIN IMMEDIATE;", err);
    for (const char *const *sql = kind->schema; rc == PERSO_OK && *sql != NULL; sql++)
        rc = perso_database_exec(&db, *sql, err);
    if (rc == PERSO_OK)
        rc = perso_database_exec(&db, header, err);
    /* Closing would do it, too, but not tell where it fails: and the file moves on without its WAL.
     */
    if (rc == PERSO_OK && (rc = empty_wal(&db, &busy, err)) == PERSO_OK && busy)
        rc = perso_error_set(err, PERSO_REJ_NONE, "", "%s: another process uses it", db.name);
    perso_database_close(&db);
    return rc;
}

static void
unlink_database(const char *path)
{
    static const char *const ends[] = { "", "-wal", "-shm" };
    char name[PATH_BYTES + 16];

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

static enum perso_result
sync_path(const char *path, int flags, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | flags);

    if (fd < 0)
        return perso_error_errno(err, path);
    if (fsync(fd) != 0)
        rc = perso_error_errno(err, path);
    close(fd);
    return rc;
}

enum perso_result
perso_database_create(const char *path, const struct perso_database_kind *kind,
                      struct perso_error *err)
{
    char folder[PATH_BYTES], part[PATH_BYTES + 8];
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    enum perso_result rc;

    if (strlen(path) >= PATH_BYTES - 8)
        return perso_error_set(err, PERSO_REJ_NONE, "", "%s: path too long", kind->name);
    int dir_chars = slash != NULL ? (int)(name - path) : 0;
    snprintf(folder, sizeof folder, "%.*s", dir_chars, path);
    snprintf(part, sizeof part, "%s.%s.part", folder, name);
    if (folder[0] == '\0')
        snprintf(folder, sizeof folder, ".");
    if (PERSO_BUG(created_in_place)) {
        close(open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        return fill_new(path, kind, err);
    }
    unlink_database(part);
    int fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return perso_error_errno(err, part);
    close(fd);
    rc = fill_new(part, kind, err);
    if (rc == PERSO_OK)
        rc = sync_path(part, O_NOFOLLOW, err);
    if (rc == PERSO_OK && link(part, path) != 0) /* a rename would replace what is there */
        rc = perso_error_errno(err, path);
    unlink_database(part);
    return rc == PERSO_OK ? sync_path(folder, O_DIRECTORY, err) : rc;
}

/* ---- values ---- */

void
perso_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

void
perso_bind_text_or_null(sqlite3_stmt *statement, int at, const char *text)
{
    if (text[0] == '\0')
        sqlite3_bind_null(statement, at);
    else
        sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

void
perso_bind_blob(sqlite3_stmt *statement, int at, const void *bytes, size_t n)
{
    sqlite3_bind_blob64(statement, at, n > 0 ? bytes : "", n, SQLITE_STATIC);
}

void
perso_bind_number(sqlite3_stmt *statement, int at, int64_t number)
{
    sqlite3_bind_int64(statement, at, number);
}

void
perso_bind_number_or_null(sqlite3_stmt *statement, int at, int64_t number)
{
    if (number == 0)
        sqlite3_bind_null(statement, at);
    else
        sqlite3_bind_int64(statement, at, number);
}

void
perso_bind_null(sqlite3_stmt *statement, int at)
{
    sqlite3_bind_null(statement, at);
}

void
perso_database_text(sqlite3_stmt *statement, int at, char *out, size_t max)
{
    const char *text = (const char *)sqlite3_column_text(statement, at);
    size_t n = text != NULL ? (size_t)sqlite3_column_bytes(statement, at) : 0;

    if (n >= max)
        n = max - 1;
    if (n > 0)
        memcpy(out, text, n);
    out[n] = '\0';
}

bool
perso_database_blob(sqlite3_stmt *statement, int at, void *out, size_t n)
{
    const void *bytes = sqlite3_column_blob(statement, at);

    if (bytes == NULL || (size_t)sqlite3_column_bytes(statement, at) != n) {
        memset(out, 0, n);
        return false;
    }
    memcpy(out, bytes, n);
    return true;
}
