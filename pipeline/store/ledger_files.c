/* Files that came in or went out; acceptance and drop. */
#include <string.h>

#include "perso/text.h"
#include "pipeline/store/ledger_private.h"

#define FILE_COLUMNS                                                                               \
    "id, stage, outgoing, status, kind, path, sm3, bytes, rows, cards, sequence, final, party,"    \
    " encoding, date_s, manifest_sm3, note"

static const char *const statuses[] = {
    "",         N_("reading"), N_("accepted"), N_("refused"),   N_("planned"),
    N_("made"), N_("sending"), N_("sent"),     N_("withdrawn"),
};

const char *
perso_ledger_status_name(enum perso_file_status status)
{
    return statuses[status];
}

static enum perso_file_status
status_from_name(const char *name)
{
    for (size_t i = 1; i < sizeof statuses / sizeof statuses[0]; i++)
        if (strcmp(statuses[i], name) == 0)
            return (enum perso_file_status)i;
    return (enum perso_file_status)0;
}

static void
file_of_row(sqlite3_stmt *s, struct perso_ledger_file *file)
{
    char word[16];

    *file = (struct perso_ledger_file) { .id = sqlite3_column_int64(s, 0) };
    perso_database_text(s, 1, word, sizeof word);
    file->stage = perso_stage_from_name(word);
    file->outgoing = sqlite3_column_int(s, 2) != 0;
    perso_database_text(s, 3, word, sizeof word);
    file->status = status_from_name(word);
    perso_database_text(s, 4, file->kind, sizeof file->kind);
    perso_database_text(s, 5, file->path, sizeof file->path);
    perso_database_blob(s, 6, file->sm3, sizeof file->sm3);
    file->bytes = (uint64_t)sqlite3_column_int64(s, 7);
    file->rows = (uint32_t)sqlite3_column_int64(s, 8);
    file->cards = (uint32_t)sqlite3_column_int64(s, 9);
    file->sequence = (uint32_t)sqlite3_column_int64(s, 10);
    file->final = sqlite3_column_int(s, 11) != 0;
    perso_database_text(s, 12, file->party, sizeof file->party);
    perso_database_text(s, 13, file->encoding, sizeof file->encoding);
    file->date_s = sqlite3_column_int64(s, 14);
    perso_database_blob(s, 15, file->manifest_sm3, sizeof file->manifest_sm3);
    perso_database_text(s, 16, file->note, sizeof file->note);
}

static void
bind_file(sqlite3_stmt *s, const struct perso_ledger_file *file)
{
    perso_bind_number_or_null(s, 1, file->id);
    perso_bind_text(s, 2, perso_stage_name(file->stage));
    perso_bind_number(s, 3, file->outgoing);
    perso_bind_text(s, 4, statuses[file->status]);
    perso_bind_text(s, 5, file->kind);
    perso_bind_text(s, 6, file->path);
    perso_ledger_bind_sm3(s, 7, file->sm3);
    perso_bind_number(s, 8, (int64_t)file->bytes);
    perso_bind_number(s, 9, file->rows);
    perso_bind_number(s, 10, file->cards);
    perso_bind_number(s, 11, file->sequence);
    perso_bind_number(s, 12, file->final);
    perso_bind_text(s, 13, file->party);
    perso_bind_text(s, 14, file->encoding);
    perso_bind_number(s, 15, file->date_s);
    perso_ledger_bind_sm3(s, 16, file->manifest_sm3);
    perso_bind_text(s, 17, file->note);
}

/* One row into *ret; resets the statement. */
static enum perso_result
file_fetch(struct perso_ledger *ledger, sqlite3_stmt *s, struct perso_ledger_file *ret,
           struct perso_error *err)
{
    enum perso_result rc = perso_database_step(&ledger->db, s, err);
    if (rc == PERSO_OK)
        file_of_row(s, ret);
    sqlite3_reset(s);
    return rc;
}

enum perso_result
perso_ledger_file_add(struct perso_ledger *ledger, struct perso_ledger_file *file,
                      struct perso_error *err)
{
    static const char sql[] =
        "INSERT INTO file (" FILE_COLUMNS
        ") VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_ledger_need_transaction(ledger, err);

    if (rc == PERSO_OK)
        rc = perso_database_statement(&ledger->db, sql, &s, err);
    if (rc != PERSO_OK)
        return rc;
    bind_file(s, file);
    perso_bind_null(s, 1);
    if ((rc = perso_database_run(&ledger->db, s, err)) == PERSO_OK)
        file->id = sqlite3_last_insert_rowid(ledger->db.handle);
    return rc;
}

/* A statement with the file's id as its one parameter. */
static enum perso_result
run_for_file(struct perso_ledger *ledger, const char *sql, int64_t id, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, id);
    return perso_database_run(&ledger->db, s, err);
}

/* The rows of a file that counts nowhere; cards and records name each other, so in three steps. */
static enum perso_result
drop_rows(struct perso_ledger *ledger, int64_t id, struct perso_error *err)
{
    static const char unlink_sql[] =
        "UPDATE record SET card = NULL WHERE file = ?1 AND card IS NOT NULL";
    static const char cards_sql[] = "DELETE FROM card WHERE file = ?1";
    static const char records_sql[] = "DELETE FROM record WHERE file = ?1";
    enum perso_result rc = run_for_file(ledger, unlink_sql, id, err);

    if (rc == PERSO_OK)
        rc = run_for_file(ledger, cards_sql, id, err);
    if (rc == PERSO_OK)
        rc = run_for_file(ledger, records_sql, id, err);
    return rc;
}

/* A file that brings most of the cards: sorting new indexes beats a million random inserts. */
static enum perso_result
is_bulk(struct perso_ledger *ledger, int64_t id, bool *ret, struct perso_error *err)
{
    static const char sql[] = "SELECT n >= 20000 AND 2 * n > (SELECT count(*) FROM card) FROM"
                              " (SELECT count(*) AS n FROM card WHERE file = ?1)";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, id);
    if ((rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK)
        *ret = sqlite3_column_int(s, 0) != 0;
    sqlite3_reset(s);
    return rc;
}

static enum perso_result
accept_rows(struct perso_ledger *ledger, int64_t id, struct perso_error *err)
{
    static const char sql[] = "UPDATE card SET accepted = 1,"
                              " live = NOT " PERSO_IS_APART_SQL("state") " WHERE file = ?1";
    static const char drop[] = "DROP INDEX card_live_id; DROP INDEX card_live_key;"
                               "DROP INDEX card_live_request;";
    bool bulk = false;
    enum perso_result rc = is_bulk(ledger, id, &bulk, err);

    if (rc == PERSO_OK && bulk)
        rc = perso_database_exec(&ledger->db, drop, err);
    if (rc == PERSO_OK)
        rc = run_for_file(ledger, sql, id, err);
    if (rc == PERSO_OK && bulk)
        rc = perso_database_exec(&ledger->db, perso_ledger_live_indexes, err);
    return rc;
}

static bool
status_may_move(enum perso_file_status from, enum perso_file_status to)
{
    if (from == to)
        return true;
    if (from == PERSO_FILE_READING)
        return to == PERSO_FILE_ACCEPTED || to == PERSO_FILE_REFUSED;
    return from >= PERSO_FILE_PLANNED && from != PERSO_FILE_WITHDRAWN && to >= PERSO_FILE_PLANNED;
}

static enum perso_result
file_update(struct perso_ledger *ledger, const struct perso_ledger_file *file,
            enum perso_file_status old, struct perso_error *err)
{
    static const char sql[] =
        "UPDATE file SET stage=?2, outgoing=?3, status=?4, kind=?5, path=?6, sm3=?7, bytes=?8,"
        " rows=?9, cards=?10, sequence=?11, final=?12, party=?13, encoding=?14, date_s=?15,"
        " manifest_sm3=?16, note=?17 WHERE id = ?1";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    bind_file(s, file);
    rc = perso_database_run(&ledger->db, s, err);
    if (rc != PERSO_OK || old == file->status)
        return rc;
    if (file->status == PERSO_FILE_ACCEPTED)
        return accept_rows(ledger, file->id, err);
    return file->status == PERSO_FILE_REFUSED ? drop_rows(ledger, file->id, err) : PERSO_OK;
}

enum perso_result
perso_ledger_file_set(struct perso_ledger *ledger, const struct perso_ledger_file *file,
                      struct perso_error *err)
{
    struct perso_ledger_file old;
    struct perso_error undo = { 0 };
    enum perso_result rc = perso_ledger_need_transaction(ledger, err);

    if (rc == PERSO_OK)
        rc = perso_ledger_file_get(ledger, file->id, &old, err);
    if (rc != PERSO_OK)
        return rc;
    if (!status_may_move(old.status, file->status))
        return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: file %lld: %s cannot become %s",
                               (long long)file->id, statuses[old.status], statuses[file->status]);
    ledger->reading = 0;
    if ((rc = perso_database_exec(&ledger->db, "SAVEPOINT file", err)) != PERSO_OK)
        return rc;
    if ((rc = file_update(ledger, file, old.status, err)) == PERSO_OK)
        return perso_database_exec(&ledger->db, "RELEASE file", err);
    perso_database_exec(&ledger->db, "ROLLBACK TO file; RELEASE file", &undo);
    return rc;
}

enum perso_result
perso_ledger_file_drop(struct perso_ledger *ledger, int64_t id, struct perso_error *err)
{
    static const char sql[] = "DELETE FROM file WHERE id = ?1";
    struct perso_ledger_file file;
    enum perso_result rc = perso_ledger_need_transaction(ledger, err);

    if (rc == PERSO_OK)
        rc = perso_ledger_file_get(ledger, id, &file, err);
    if (rc != PERSO_OK)
        return rc;
    if (file.status != PERSO_FILE_READING)
        return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: file %lld is %s, not dropped",
                               (long long)id, statuses[file.status]);
    ledger->reading = 0;
    if ((rc = drop_rows(ledger, id, err)) != PERSO_OK)
        return rc;
    return run_for_file(ledger, sql, id, err);
}

/* ---- queries ---- */

enum perso_result
perso_ledger_file_get(struct perso_ledger *ledger, int64_t id, struct perso_ledger_file *ret,
                      struct perso_error *err)
{
    static const char sql[] = "SELECT " FILE_COLUMNS " FROM file WHERE id = ?1";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, id);
    if ((rc = file_fetch(ledger, s, ret, err)) == PERSO_END)
        return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: no file %lld", (long long)id);
    return rc;
}

enum perso_result
perso_ledger_file_find(struct perso_ledger *ledger, enum perso_stage stage,
                       const uint8_t sm3[PERSO_SM3_BYTES], struct perso_ledger_file *ret,
                       struct perso_error *err)
{
    static const char sql[] =
        "SELECT " FILE_COLUMNS
        " FROM file WHERE stage = ?1 AND sm3 = ?2 AND outgoing = 0 AND status <> 'refused'";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_text(s, 1, perso_stage_name(stage));
    perso_bind_blob(s, 2, sm3, PERSO_SM3_BYTES);
    return file_fetch(ledger, s, ret, err);
}

enum perso_result
perso_ledger_file_number(struct perso_ledger *ledger, bool outgoing, const char *kind,
                         const char *party, uint32_t sequence, struct perso_ledger_file *ret,
                         struct perso_error *err)
{
    static const char sql[] =
        "SELECT " FILE_COLUMNS
        " FROM file WHERE outgoing = ?1 AND kind = ?2 AND (?3 = '' OR party = ?3)"
        " AND sequence = ?4 AND status <> 'refused' ORDER BY id LIMIT 1";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, outgoing);
    perso_bind_text(s, 2, kind);
    perso_bind_text(s, 3, party);
    perso_bind_number(s, 4, sequence);
    return file_fetch(ledger, s, ret, err);
}

enum perso_result
perso_ledger_file_last(struct perso_ledger *ledger, bool outgoing, const char *kind,
                       const char *party, uint32_t *ret, struct perso_error *err)
{
    static const char sql[] = "SELECT coalesce(max(sequence), 0) FROM file WHERE outgoing = ?1"
                              " AND kind = ?2 AND (?3 = '' OR party = ?3) AND status <> 'refused'";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, outgoing);
    perso_bind_text(s, 2, kind);
    perso_bind_text(s, 3, party);
    if ((rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK)
        *ret = (uint32_t)sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return rc;
}

enum perso_result
perso_ledger_file_next(struct perso_ledger *ledger, struct perso_ledger_file *file,
                       struct perso_error *err)
{
    static const char sql[] = "SELECT " FILE_COLUMNS " FROM file WHERE id > ?1 ORDER BY id LIMIT 1";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, file->id);
    return file_fetch(ledger, s, file, err);
}
