#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/encode.h"
#include "pipeline/store/database.h"

static enum perso_result
write_text(const struct perso_sink *sink, const char *text, size_t n, struct perso_error *err)
{
    static const char special[] = "\t\n\r\\", letters[] = "tnr\\";
    size_t start = 0;
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; i < n && rc == PERSO_OK; i++) {
        for (size_t k = 0; k < sizeof special - 1; k++) {
            if (text[i] != special[k])
                continue;
            const char escaped[2] = { '\\', letters[k] };
            if ((rc = perso_sink_write(sink, text + start, i - start, err)) == PERSO_OK)
                rc = perso_sink_write(sink, escaped, 2, err);
            start = i + 1;
            break;
        }
    }
    return rc == PERSO_OK ? perso_sink_write(sink, text + start, n - start, err) : rc;
}

static enum perso_result
write_blob(const struct perso_sink *sink, const uint8_t *bytes, size_t n, struct perso_error *err)
{
    char hex[129];
    enum perso_result rc = PERSO_OK;

    for (size_t done = 0; done < n && rc == PERSO_OK;) {
        size_t part = n - done < 64 ? n - done : 64;
        perso_hex_lower(bytes + done, part, hex);
        rc = perso_sink_write(sink, hex, 2 * part, err);
        done += part;
    }
    return rc;
}

static enum perso_result
write_column(const struct perso_sink *sink, sqlite3_stmt *s, int at, struct perso_error *err)
{
    char number[24];

    switch (sqlite3_column_type(s, at)) {
    case SQLITE_INTEGER:
        snprintf(number, sizeof number, "%" PRId64, (int64_t)sqlite3_column_int64(s, at));
        return write_text(sink, number, strlen(number), err);
    case SQLITE_BLOB: {
        const uint8_t *bytes = sqlite3_column_blob(s, at);
        return write_blob(sink, bytes, (size_t)sqlite3_column_bytes(s, at), err);
    }
    case SQLITE_NULL:
        return perso_sink_write(sink, "-", 1, err);
    default: {
        const char *text = (const char *)sqlite3_column_text(s, at);
        return write_text(sink, text, (size_t)sqlite3_column_bytes(s, at), err);
    }
    }
}

static enum perso_result
write_row(const struct perso_sink *sink, const char *table, sqlite3_stmt *s,
          struct perso_error *err)
{
    enum perso_result rc = perso_sink_write(sink, table, strlen(table), err);

    for (int c = 0; c < sqlite3_column_count(s) && rc == PERSO_OK; c++) {
        if ((rc = perso_sink_write(sink, "\t", 1, err)) == PERSO_OK)
            rc = write_column(sink, s, c, err);
    }
    return rc == PERSO_OK ? perso_sink_write(sink, "\n", 1, err) : rc;
}

enum perso_result
perso_database_dump(const struct perso_database *db, const char *table, const char *sql,
                    const struct perso_sink *sink, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_prepare(db, sql, &s, err);

    while (rc == PERSO_OK && (rc = perso_database_step(db, s, err)) == PERSO_OK)
        rc = write_row(sink, table, s, err);
    sqlite3_finalize(s);
    return rc == PERSO_END ? PERSO_OK : rc;
}
