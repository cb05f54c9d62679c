/* Events: the chain, its proof, its text. The format is in ledger_schema.c. */
#include <stdio.h>
#include <string.h>

#include "perso/text.h"
#include "pipeline/store/ledger_private.h"

/* The columns of the table event. */
enum event_column {
    ID,
    TIME_MS,
    OPERATOR,
    HOST,
    ADDRESS,
    IDENTITY,
    STAGE,
    KIND,
    CARD_ID,
    FIRST_SEQ,
    LAST_SEQ,
    N_CARDS,
    FILE_ID,
    FROM_STATE,
    TO_STATE,
    REJECT,
    DIGEST,
    NOTE,
    DIGESTED, /* columns so far make the digest */
    PREV = DIGESTED,
    SM3,
    COLUMN_COUNT
};

#define EVENT_COLUMNS                                                                              \
    "id, time_ms, operator, host, address, identity, stage, kind, card_id, first_seq, last_seq,"   \
    " n_cards, file, from_state, to_state, reject, digest, note, prev, sm3"

/* One column's value: a number, or bytes of a text or blob. */
struct value {
    int type; /* SQLITE_INTEGER, SQLITE_TEXT or SQLITE_BLOB */
    int64_t number;
    const void *bytes;
    size_t n;
};

static bool
add_bytes(struct perso_sm3 *sm3, const void *bytes, size_t n)
{
    const uint8_t length[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
                                (uint8_t)n };
    return perso_sm3_add(sm3, length, sizeof length) && (n == 0 || perso_sm3_add(sm3, bytes, n));
}

static bool
add_value(struct perso_sm3 *sm3, const struct value *value)
{
    uint8_t number[8];

    if (value->type != SQLITE_INTEGER)
        return add_bytes(sm3, value->bytes, value->n);
    for (int i = 0; i < 8; i++)
        number[i] = (uint8_t)((uint64_t)value->number >> (56 - 8 * i));
    return add_bytes(sm3, number, sizeof number);
}

static enum perso_result
event_digest(struct perso_ledger *ledger, const uint8_t prev[PERSO_SM3_BYTES],
             const struct value values[DIGESTED], uint8_t out[PERSO_SM3_BYTES],
             struct perso_error *err)
{
    bool fine = perso_sm3_add(ledger->sm3, prev, PERSO_SM3_BYTES);

    for (int c = 0; fine && c < DIGESTED; c++)
        fine = add_value(ledger->sm3, &values[c]);
    if (!perso_sm3_end(ledger->sm3, out) || !fine)
        return perso_error_openssl(err, "SM3");
    return PERSO_OK;
}

/* ---- add ---- */

static struct value
number(int64_t n)
{
    return (struct value) { .type = SQLITE_INTEGER, .number = n };
}

static struct value
text(const char *t)
{
    return (struct value) { .type = SQLITE_TEXT, .bytes = t, .n = strlen(t) };
}

static enum perso_result
event_insert(struct perso_ledger *ledger, const struct value values[COLUMN_COUNT],
             struct perso_error *err)
{
    static const char sql[] =
        "INSERT INTO event (" EVENT_COLUMNS
        ") VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20)";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    for (int c = 0; c < COLUMN_COUNT; c++) {
        const struct value *v = &values[c];
        if (v->type == SQLITE_INTEGER)
            perso_bind_number(s, c + 1, v->number);
        else if (v->type == SQLITE_TEXT)
            sqlite3_bind_text64(s, c + 1, v->bytes, v->n, SQLITE_STATIC, SQLITE_UTF8);
        else
            perso_bind_blob(s, c + 1, v->bytes, v->n);
    }
    return perso_database_run(&ledger->db, s, err);
}

enum perso_result
perso_ledger_event_add(void *self, const struct perso_event *event, struct perso_error *err)
{
    struct perso_ledger *ledger = self;
    const struct perso_actor *actor = &ledger->actor;
    uint8_t prev[PERSO_SM3_BYTES] = { 0 }, sm3[PERSO_SM3_BYTES];
    int64_t last = 0, now_ms = 0;
    enum perso_result rc = perso_ledger_need_transaction(ledger, err);

    if (rc == PERSO_OK)
        rc = perso_ledger_head(ledger, &last, prev, err);
    if (rc != PERSO_OK)
        return rc;
    if (ledger->clock.now_ms != NULL)
        now_ms = ledger->clock.now_ms(ledger->clock.self);
    struct value digest = { .type = SQLITE_BLOB, .bytes = event->digest, .n = PERSO_SM3_BYTES };
    if (perso_ledger_zero(event->digest, PERSO_SM3_BYTES))
        digest.n = 0;
    struct value values[COLUMN_COUNT] = {
        [ID] = number(last + 1),
        [TIME_MS] = number(now_ms),
        [OPERATOR] = text(actor->operator),
        [HOST] = text(actor->host),
        [ADDRESS] = text(actor->address),
        [IDENTITY] = text(actor->identity),
        [STAGE] = text(perso_stage_name(event->stage)),
        [KIND] = text(event->kind),
        [CARD_ID] = text(event->card_id),
        [FIRST_SEQ] = number(event->first_seq),
        [LAST_SEQ] = number(event->last_seq),
        [N_CARDS] = number(event->n_cards),
        [FILE_ID] = number(event->file_id),
        [FROM_STATE] = text(perso_state_name(event->from)),
        [TO_STATE] = text(perso_state_name(event->to)),
        [REJECT] = text(perso_reject_code(event->reject)),
        [DIGEST] = digest,
        [NOTE] = text(event->note),
        [PREV] = { .type = SQLITE_BLOB, .bytes = prev, .n = sizeof prev },
        [SM3] = { .type = SQLITE_BLOB, .bytes = sm3, .n = sizeof sm3 },
    };
    if ((rc = event_digest(ledger, prev, values, sm3, err)) != PERSO_OK)
        return rc;
    return event_insert(ledger, values, err);
}

/* ---- queries ---- */

enum perso_result
perso_ledger_last_effect(struct perso_ledger *ledger, int64_t *event, struct perso_error *err)
{
    static const char sql[] = "SELECT max(id) FROM event WHERE kind NOT IN " PERSO_LEDGER_ATTEMPTS;
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc == PERSO_OK && (rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK)
        *event = sqlite3_column_int64(s, 0);
    if (s != NULL)
        sqlite3_reset(s);
    return rc;
}

enum perso_result
perso_ledger_head(struct perso_ledger *ledger, int64_t *event, uint8_t sm3[PERSO_SM3_BYTES],
                  struct perso_error *err)
{
    static const char sql[] = "SELECT id, sm3 FROM event ORDER BY id DESC LIMIT 1";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    rc = perso_database_step(&ledger->db, s, err);
    if (rc == PERSO_OK) {
        *event = sqlite3_column_int64(s, 0);
        perso_database_blob(s, 1, sm3, PERSO_SM3_BYTES);
        sqlite3_reset(s);
    } else if (rc == PERSO_END) {
        *event = 0;
        memset(sm3, 0, PERSO_SM3_BYTES);
        rc = PERSO_OK;
    }
    return rc;
}

enum perso_result
perso_ledger_event_time(struct perso_ledger *ledger, int64_t file_id, const char *kind,
                        int64_t *time_s, struct perso_error *err)
{
    static const char sql[] = "SELECT time_ms FROM event WHERE file = ?1 AND file <> 0"
                              " AND kind = ?2 ORDER BY id LIMIT 1";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, file_id);
    perso_bind_text(s, 2, kind);
    if ((rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK)
        *time_s = sqlite3_column_int64(s, 0) / 1000;
    sqlite3_reset(s);
    return rc;
}

enum perso_result
perso_ledger_event_note(struct perso_ledger *ledger, int64_t card_seq, const char *kind,
                        char ret[256], struct perso_error *err)
{
    static const char sql[] = "SELECT note FROM event WHERE first_seq = ?1 AND last_seq = ?1"
                              " AND kind = ?2 ORDER BY id DESC LIMIT 1";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, card_seq);
    perso_bind_text(s, 2, kind);
    if ((rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK)
        snprintf(ret, 256, "%s", (const char *)sqlite3_column_text(s, 0));
    sqlite3_reset(s);
    return rc;
}

enum perso_result
perso_ledger_was_bundled(struct perso_ledger *ledger, int64_t card_seq, bool *ret,
                         struct perso_error *err)
{
    static const char sql[] = "SELECT 1 FROM event WHERE first_seq <= ?1 AND last_seq >= ?1"
                              " AND to_state = ?2 LIMIT 1";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, card_seq);
    perso_bind_text(s, 2, perso_state_name(PERSO_STATE_BUNDLED));
    rc = perso_database_step(&ledger->db, s, err);
    sqlite3_reset(s);
    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    *ret = rc == PERSO_OK;
    return PERSO_OK;
}

/* ---- text ---- */

#define EVENT_JSON                                                                                 \
    "json_object('event', id, 'time', strftime('%Y-%m-%dT%H:%M:%S', time_ms / 1000, 'unixepoch')"  \
    " || printf('.%03dZ', time_ms % 1000), 'operator', operator, 'host', host, 'address', "        \
    "address,"                                                                                     \
    " 'identity', identity, 'stage', stage, 'kind', kind, 'card_id', card_id,"                     \
    " 'first_seq', first_seq, 'last_seq', last_seq, 'n_cards', n_cards, 'file', file,"             \
    " 'from', from_state, 'to', to_state, 'reject', reject, 'digest', lower(hex(digest)),"         \
    " 'note', note, 'prev', lower(hex(prev)), 'sm3', lower(hex(sm3)))"

/* One text column of each row as a line. */
static enum perso_result
write_lines(struct perso_ledger *ledger, sqlite3_stmt *s, const struct perso_sink *sink,
            struct perso_error *err)
{
    enum perso_result rc;

    while ((rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK) {
        rc = perso_sink_write(sink, sqlite3_column_text(s, 0), (size_t)sqlite3_column_bytes(s, 0),
                              err);
        if (rc == PERSO_OK)
            rc = perso_sink_write(sink, "\n", 1, err);
        if (rc != PERSO_OK)
            break;
    }
    sqlite3_reset(s);
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_ledger_audit_export(struct perso_ledger *ledger, const struct perso_sink *sink,
                          struct perso_error *err)
{
    static const char sql[] = "SELECT " EVENT_JSON " FROM event ORDER BY id";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    return rc == PERSO_OK ? write_lines(ledger, s, sink, err) : rc;
}

enum perso_result
perso_ledger_trace(struct perso_ledger *ledger, const struct perso_card *card,
                   const struct perso_sink *sink, struct perso_error *err)
{
    /* A range governs where there is one; a file where the event names neither card nor range. */
    static const char sql[] =
        "SELECT " EVENT_JSON " FROM event WHERE (card_id <> '' AND card_id = ?1)"
        " OR (card_id = '' AND first_seq > 0 AND ?2 BETWEEN first_seq AND last_seq)"
        " OR (card_id = '' AND first_seq = 0 AND file <> 0 AND file IN"
        "  (SELECT file FROM card WHERE seq = ?2 UNION SELECT bundle FROM card WHERE seq = ?2"
        "   UNION SELECT machine FROM card WHERE seq = ?2"
        "   UNION SELECT handed FROM card WHERE seq = ?2"
        "   UNION SELECT remake FROM card WHERE seq = ?2"
        "   UNION SELECT revoke FROM card WHERE seq = ?2"
        "   UNION SELECT file FROM record WHERE card = ?2)) ORDER BY id";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_text(s, 1, card->card_id);
    perso_bind_number(s, 2, card->seq);
    return write_lines(ledger, s, sink, err);
}

/* ---- proof ---- */

static const int column_types[COLUMN_COUNT] = {
    [ID] = SQLITE_INTEGER,        [TIME_MS] = SQLITE_INTEGER,  [OPERATOR] = SQLITE_TEXT,
    [HOST] = SQLITE_TEXT,         [ADDRESS] = SQLITE_TEXT,     [IDENTITY] = SQLITE_TEXT,
    [STAGE] = SQLITE_TEXT,        [KIND] = SQLITE_TEXT,        [CARD_ID] = SQLITE_TEXT,
    [FIRST_SEQ] = SQLITE_INTEGER, [LAST_SEQ] = SQLITE_INTEGER, [N_CARDS] = SQLITE_INTEGER,
    [FILE_ID] = SQLITE_INTEGER,   [FROM_STATE] = SQLITE_TEXT,  [TO_STATE] = SQLITE_TEXT,
    [REJECT] = SQLITE_TEXT,       [DIGEST] = SQLITE_BLOB,      [NOTE] = SQLITE_TEXT,
    [PREV] = SQLITE_BLOB,         [SM3] = SQLITE_BLOB,
};

/* false: a value has not its type, so the row was not written by us. */
static bool
values_of_row(sqlite3_stmt *s, struct value values[COLUMN_COUNT])
{
    for (int c = 0; c < COLUMN_COUNT; c++) {
        if (sqlite3_column_type(s, c) != column_types[c])
            return false;
        values[c] = (struct value) { .type = column_types[c] };
        if (column_types[c] == SQLITE_INTEGER) {
            values[c].number = sqlite3_column_int64(s, c);
        } else {
            values[c].bytes = sqlite3_column_blob(s, c);
            values[c].n = (size_t)sqlite3_column_bytes(s, c);
        }
    }
    return true;
}

static enum perso_result
bad_event(struct perso_error *err, int64_t event, const char *what)
{
    return perso_error_set(err, PERSO_REJ_LEDGER, "", "event %lld: %s", (long long)event, _(what));
}

static bool
is_digest(const struct value *v, const uint8_t sm3[PERSO_SM3_BYTES])
{
    return v->n == PERSO_SM3_BYTES && memcmp(v->bytes, sm3, PERSO_SM3_BYTES) == 0;
}

/* The row must be event `want` and follow prev; its digest becomes prev. */
static enum perso_result
verify_row(struct perso_ledger *ledger, sqlite3_stmt *s, int64_t want,
           uint8_t prev[PERSO_SM3_BYTES], struct perso_error *err)
{
    struct value values[COLUMN_COUNT];
    uint8_t sm3[PERSO_SM3_BYTES];
    int64_t have = sqlite3_column_int64(s, ID);
    enum perso_result rc;

    if (have != want)
        return bad_event(err, want, "missing");
    if (!values_of_row(s, values))
        return bad_event(err, want, "changed");
    if (!is_digest(&values[PREV], prev))
        return bad_event(err, want, "does not follow the one before");
    if ((rc = event_digest(ledger, prev, values, sm3, err)) != PERSO_OK)
        return rc;
    if (!is_digest(&values[SM3], sm3))
        return bad_event(err, want, "changed");
    memcpy(prev, sm3, sizeof sm3);
    return PERSO_OK;
}

enum perso_result
perso_ledger_audit_verify(struct perso_ledger *ledger, int64_t head_event,
                          const uint8_t head_sm3[PERSO_SM3_BYTES], int64_t *n_events,
                          struct perso_error *err)
{
    static const char sql[] = "SELECT " EVENT_COLUMNS " FROM event NOT INDEXED ORDER BY id";
    uint8_t prev[PERSO_SM3_BYTES] = { 0 };
    int64_t n = 0;
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    while ((rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK) {
        if ((rc = verify_row(ledger, s, n + 1, prev, err)) != PERSO_OK)
            break;
        n++;
        if (n == head_event && memcmp(prev, head_sm3, sizeof prev) != 0) {
            rc = bad_event(err, n, "is not the one whose digest the site keeps");
            break;
        }
    }
    sqlite3_reset(s);
    if (rc != PERSO_END)
        return rc;
    if (n < head_event)
        return perso_error_set(err, PERSO_REJ_LEDGER, "",
                               "event %lld: missing: the site knows events up to %lld",
                               (long long)n + 1, (long long)head_event);
    *n_events = n;
    return PERSO_OK;
}
