/*
 * One SQLite file of ours: opened with the settings that durability asks for, its kind and version
 * checked, its statements prepared once. A handle serves one thread at a time.
 */
#ifndef PIPELINE_DATABASE_H
#define PIPELINE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "perso/io.h"
#include "perso/result.h"

/* What kind of file it is; stands in its header. */
struct perso_database_kind {
    const char *name;          /* "ledger.db": for messages */
    int application_id;        /* four letters, so that file(1) and we know it */
    int version;               /* user_version; rises with every change of the schema */
    const char *const *schema; /* SQL texts; NULL ends them */
};

#define PERSO_DATABASE_STATEMENTS 64 /* more than any module has */

struct perso_database {
    sqlite3 *handle;
    const char *name;
    size_t n_statements;
    struct {
        const char *sql; /* a literal: known by its address */
        sqlite3_stmt *prepared;
    } statements[PERSO_DATABASE_STATEMENTS];
};

enum perso_database_access { PERSO_DATABASE_READ, PERSO_DATABASE_WRITE };

/** A new file of this kind, complete or not there at all; PERSO_FATAL where PATH exists. */
enum perso_result perso_database_create(const char *path, const struct perso_database_kind *kind,
                                        struct perso_error *err);
/** READ works beside a writer and, as far as SQLite can, in a folder that cannot be written. */
enum perso_result perso_database_open(struct perso_database *db, const char *path,
                                      const struct perso_database_kind *kind,
                                      enum perso_database_access access, int busy_ms,
                                      struct perso_error *err);
/** Finalizes the statements; does nothing on a zeroed struct. */
void perso_database_close(struct perso_database *db);

/** PERSO_FATAL with SQLite's last error (it names tables and columns, never values). */
enum perso_result perso_database_error(const struct perso_database *db, struct perso_error *err);
enum perso_result perso_database_exec(const struct perso_database *db, const char *sql,
                                      struct perso_error *err);
/** The prepared statement of a literal, reset; the database owns it. */
enum perso_result perso_database_statement(struct perso_database *db, const char *sql,
                                           sqlite3_stmt **ret, struct perso_error *err);
/** A statement of its own, for SQL made at run time; the caller finalizes it. */
enum perso_result perso_database_prepare(const struct perso_database *db, const char *sql,
                                         sqlite3_stmt **ret, struct perso_error *err);
/** PERSO_OK: a row; PERSO_END: done and reset; PERSO_FATAL: failed and reset. */
enum perso_result perso_database_step(const struct perso_database *db, sqlite3_stmt *statement,
                                      struct perso_error *err);
/** A statement without rows, to its end. */
enum perso_result perso_database_run(const struct perso_database *db, sqlite3_stmt *statement,
                                     struct perso_error *err);

/**
 * Nothing that was deleted or replaced stays in the file or beside it: all is written anew and the
 * WAL is emptied. Outside a transaction; PERSO_RETRY where another process uses the database.
 */
enum perso_result perso_database_scrub(struct perso_database *db, struct perso_error *err);

/* Values are bound by reference (SQLITE_STATIC), so binding cannot fail. */
void perso_bind_text(sqlite3_stmt *statement, int at, const char *text);
void perso_bind_text_or_null(sqlite3_stmt *statement, int at, const char *text); /* "": NULL */
void perso_bind_blob(sqlite3_stmt *statement, int at, const void *bytes, size_t n);
void perso_bind_number(sqlite3_stmt *statement, int at, int64_t number);
void perso_bind_number_or_null(sqlite3_stmt *statement, int at, int64_t number); /* 0: NULL */
void perso_bind_null(sqlite3_stmt *statement, int at);

/** A text column into a field of max bytes; "" for NULL. */
void perso_database_text(sqlite3_stmt *statement, int at, char *out, size_t max);
/** A blob column of exactly n bytes; false (out zeroed) where it is NULL or of another size. */
bool perso_database_blob(sqlite3_stmt *statement, int at, void *out, size_t n);

/**
 * Every row of a query, TAB separated, after the name of its table: numbers in decimal, blobs in
 * hex, "-" for NULL, TAB, newline and backslash in texts escaped.
 */
enum perso_result perso_database_dump(const struct perso_database *db, const char *table,
                                      const char *sql, const struct perso_sink *sink,
                                      struct perso_error *err);

#endif
