/* Records of incoming files and their payloads; waivers. */
#include <string.h>

#include "pipeline/store/ledger_private.h"

#define RECORD_COLUMNS                                                                             \
    "r.id, r.file, r.line, r.record, r.card, r.bytes, r.sm3, r.reject, r.reject_column,"           \
    " r.reject_note, r.symbol, r.folds, r.segment, r.offset"

static struct perso_segment_place
record_of_row(sqlite3_stmt *s, struct perso_stored_record *record)
{
    char word[8];

    *record = (struct perso_stored_record) {
        .id = sqlite3_column_int64(s, 0),
        .file_id = sqlite3_column_int64(s, 1),
        .line = (uint32_t)sqlite3_column_int64(s, 2),
        .record = (uint32_t)sqlite3_column_int64(s, 3),
        .card_seq = sqlite3_column_int64(s, 4),
        .bytes = (uint32_t)sqlite3_column_int64(s, 5),
        .folds = (uint32_t)sqlite3_column_int64(s, 11),
    };
    perso_database_blob(s, 6, record->sm3, sizeof record->sm3);
    perso_database_text(s, 7, word, sizeof word);
    record->verdict.reject = perso_reject_from_code(word);
    record->verdict.column = (enum perso_column)sqlite3_column_int(s, 8);
    perso_database_text(s, 9, record->verdict.note, sizeof record->verdict.note);
    perso_database_text(s, 10, word, sizeof word);
    record->symbol = word[0];
    return (struct perso_segment_place) {
        (uint32_t)sqlite3_column_int64(s, 12),
        (uint64_t)sqlite3_column_int64(s, 13),
    };
}

/* What a stage may change later; parameters 1 to 6. symbol is a text of one character. */
static void
bind_verdict(sqlite3_stmt *s, const struct perso_stored_record *record, const char *symbol)
{
    perso_bind_number_or_null(s, 1, record->card_seq);
    perso_bind_text_or_null(s, 2, perso_reject_code(record->verdict.reject));
    perso_bind_number(s, 3, record->verdict.column);
    perso_bind_text(s, 4, record->verdict.note);
    perso_bind_text_or_null(s, 5, symbol);
    perso_bind_number(s, 6, record->folds);
}

static enum perso_result
digest(struct perso_ledger *ledger, struct perso_cursor bytes, uint8_t out[PERSO_SM3_BYTES],
       struct perso_error *err)
{
    if (!perso_sm3_add(ledger->sm3, bytes.at, perso_left(&bytes)) ||
        !perso_sm3_end(ledger->sm3, out))
        return perso_error_openssl(err, "SM3");
    return PERSO_OK;
}

enum perso_result
perso_ledger_record_put(void *self, struct perso_stored_record *record, struct perso_cursor payload,
                        struct perso_error *err)
{
    static const char sql[] =
        "INSERT INTO record (card, reject, reject_column, reject_note, symbol, folds, file, line,"
        " record, segment, offset, bytes, sm3) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)";
    struct perso_ledger *ledger = self;
    const char symbol[2] = { record->symbol, '\0' };
    struct perso_segment_place place = { 0, 0 };
    uint8_t sm3[PERSO_SM3_BYTES];
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_ledger_need_transaction(ledger, err);

    if (rc == PERSO_OK)
        rc = digest(ledger, payload, sm3, err);
    if (rc == PERSO_OK)
        rc = perso_segments_append(ledger->segments, payload, &place, err);
    if (rc == PERSO_OK)
        rc = perso_database_statement(&ledger->db, sql, &s, err);
    if (rc != PERSO_OK)
        return rc;
    bind_verdict(s, record, symbol);
    perso_bind_number(s, 7, record->file_id);
    perso_bind_number(s, 8, record->line);
    perso_bind_number(s, 9, record->record);
    perso_bind_number(s, 10, place.segment);
    perso_bind_number(s, 11, (int64_t)place.offset);
    perso_bind_number(s, 12, (int64_t)perso_left(&payload));
    perso_bind_blob(s, 13, sm3, sizeof sm3);
    if ((rc = perso_database_run(&ledger->db, s, err)) != PERSO_OK)
        return rc;
    record->id = sqlite3_last_insert_rowid(ledger->db.handle);
    record->bytes = (uint32_t)perso_left(&payload);
    memcpy(record->sm3, sm3, sizeof sm3);
    return PERSO_OK;
}

enum perso_result
perso_ledger_record_set(struct perso_ledger *ledger, const struct perso_stored_record *record,
                        struct perso_error *err)
{
    static const char sql[] =
        "UPDATE record SET card = ?1, reject = ?2, reject_column = ?3, reject_note = ?4,"
        " symbol = ?5, folds = ?6 WHERE id = ?7";
    const char symbol[2] = { record->symbol, '\0' };
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_ledger_need_transaction(ledger, err);

    if (rc == PERSO_OK)
        rc = perso_database_statement(&ledger->db, sql, &s, err);
    if (rc != PERSO_OK)
        return rc;
    bind_verdict(s, record, symbol);
    perso_bind_number(s, 7, record->id);
    rc = perso_database_run(&ledger->db, s, err);
    if (rc == PERSO_OK && sqlite3_changes(ledger->db.handle) != 1)
        return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: no record %lld",
                               (long long)record->id);
    return rc;
}

enum perso_result
perso_ledger_payload_check(struct perso_ledger *ledger, int64_t id,
                           struct perso_segment_place place, uint32_t bytes,
                           const uint8_t sm3[PERSO_SM3_BYTES], struct perso_arena *arena,
                           struct perso_cursor *payload, struct perso_error *err)
{
    if (ledger->purged)
        return perso_error_set(err, PERSO_REJ_NONE, "", "data: record %lld was purged",
                               (long long)id);
    uint8_t have[PERSO_SM3_BYTES];
    uint8_t *buf = perso_arena_take(arena, PERSO_SEGMENT_PREFIX + (size_t)bytes);
    enum perso_result rc;

    if (buf == NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: no memory");
    struct perso_cursor c = { buf + PERSO_SEGMENT_PREFIX, buf + PERSO_SEGMENT_PREFIX + bytes };
    if ((rc = perso_segments_read(ledger->segments, place, bytes, buf, err)) != PERSO_OK)
        return rc;
    if ((rc = digest(ledger, c, have, err)) != PERSO_OK)
        return rc;
    if (memcmp(have, sm3, sizeof have) != 0)
        return perso_error_set(err, PERSO_REJ_NONE, "",
                               "data: payload of record %lld does not have its digest",
                               (long long)id);
    *payload = c;
    return PERSO_OK;
}

enum perso_result
perso_ledger_record_get(void *self, int64_t id, struct perso_stored_record *record,
                        struct perso_arena *arena, struct perso_cursor *payload,
                        struct perso_error *err)
{
    static const char sql[] = "SELECT " RECORD_COLUMNS " FROM record r WHERE r.id = ?1";
    struct perso_ledger *ledger = self;
    struct perso_segment_place place = { 0, 0 };
    struct perso_stored_record found;
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, id);
    rc = perso_database_step(&ledger->db, s, err);
    if (rc == PERSO_OK)
        place = record_of_row(s, &found);
    sqlite3_reset(s);
    if (rc == PERSO_END)
        return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: no record %lld", (long long)id);
    if (rc == PERSO_OK && payload != NULL)
        rc = perso_ledger_payload_check(ledger, id, place, found.bytes, found.sm3, arena, payload,
                                        err);
    if (rc == PERSO_OK)
        *record = found;
    return rc;
}

static enum perso_result
records_fetch(struct perso_ledger *ledger, const char *sql, int64_t key, int64_t after, size_t max,
              struct perso_stored_record *out, size_t *n, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    size_t have = 0;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, key);
    perso_bind_number(s, 2, after);
    perso_bind_number(s, 3, (int64_t)max);
    while (have < max && (rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK)
        record_of_row(s, &out[have++]);
    sqlite3_reset(s);
    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    if (have == 0)
        return PERSO_END;
    *n = have;
    return PERSO_OK;
}

enum perso_result
perso_ledger_records(struct perso_ledger *ledger, int64_t file_id, int64_t after, size_t max,
                     struct perso_stored_record *out, size_t *n, struct perso_error *err)
{
    static const char sql[] = "SELECT " RECORD_COLUMNS " FROM record r WHERE r.file = ?1"
                              " AND r.id > ?2 ORDER BY r.id LIMIT ?3";
    return records_fetch(ledger, sql, file_id, after, max, out, n, err);
}

enum perso_result
perso_ledger_records_of_card(struct perso_ledger *ledger, int64_t card_seq, int64_t after,
                             size_t max, struct perso_stored_record *out, size_t *n,
                             struct perso_error *err)
{
    static const char sql[] =
        "SELECT " RECORD_COLUMNS " FROM record r CROSS JOIN file f ON f.id = r.file"
        " WHERE r.card = ?1 AND r.id > ?2 AND f.status = 'accepted' ORDER BY r.id LIMIT ?3";
    return records_fetch(ledger, sql, card_seq, after, max, out, n, err);
}

/* ---- waivers ---- */

enum perso_result
perso_ledger_waive(struct perso_ledger *ledger, int64_t card_seq, enum perso_reject reject,
                   const uint8_t content[PERSO_SM3_BYTES], const char *reason,
                   struct perso_error *err)
{
    static const char sql[] = "INSERT INTO waiver (card, reject, content, reason)"
                              " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (card, reject) DO UPDATE"
                              " SET content = excluded.content, reason = excluded.reason";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_ledger_need_transaction(ledger, err);

    if (rc == PERSO_OK && !perso_reject_waivable(reject))
        rc = perso_error_set(err, PERSO_REJ_NONE, "", "%s cannot be waived",
                             perso_reject_code(reject));
    if (rc == PERSO_OK)
        rc = perso_database_statement(&ledger->db, sql, &s, err);
    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, card_seq);
    perso_bind_text(s, 2, perso_reject_code(reject));
    perso_bind_blob(s, 3, content, PERSO_SM3_BYTES);
    perso_bind_text(s, 4, reason);
    return perso_database_run(&ledger->db, s, err);
}

enum perso_result
perso_ledger_waived(struct perso_ledger *ledger, int64_t card_seq, enum perso_reject reject,
                    const uint8_t content[PERSO_SM3_BYTES], bool *ret, struct perso_error *err)
{
    static const char sql[] =
        "SELECT 1 FROM waiver WHERE card = ?1 AND reject = ?2 AND content = ?3";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, card_seq);
    perso_bind_text(s, 2, perso_reject_code(reject));
    perso_bind_blob(s, 3, content, PERSO_SM3_BYTES);
    rc = perso_database_step(&ledger->db, s, err);
    sqlite3_reset(s);
    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    *ret = rc == PERSO_OK;
    return PERSO_OK;
}

enum perso_result
perso_ledger_waive_as(struct perso_ledger *ledger, int64_t card_seq,
                      const uint8_t content[PERSO_SM3_BYTES], const uint8_t now[PERSO_SM3_BYTES],
                      struct perso_error *err)
{
    static const char sql[] = "UPDATE waiver SET content = ?3 WHERE card = ?1 AND content = ?2";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_ledger_need_transaction(ledger, err);

    if (rc == PERSO_OK)
        rc = perso_database_statement(&ledger->db, sql, &s, err);
    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, card_seq);
    perso_bind_blob(s, 2, content, PERSO_SM3_BYTES);
    perso_bind_blob(s, 3, now, PERSO_SM3_BYTES);
    return perso_database_run(&ledger->db, s, err);
}

enum perso_result
perso_ledger_unwaive(struct perso_ledger *ledger, int64_t card_seq, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_ledger_need_transaction(ledger, err);

    if (rc == PERSO_OK)
        rc = perso_database_statement(&ledger->db, "DELETE FROM waiver WHERE card = ?1", &s, err);
    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, card_seq);
    return perso_database_run(&ledger->db, s, err);
}
