/* What the files of the ledger share; nobody else includes this. */
#ifndef PIPELINE_LEDGER_PRIVATE_H
#define PIPELINE_LEDGER_PRIVATE_H

#include "formats/sm2/sm3.h"
#include "pipeline/store/database.h"
#include "pipeline/store/ledger.h"
#include "pipeline/store/segment.h"

#define PERSO_LEDGER_UPDATES 32 /* sets of columns that callers of set really change are few */

struct perso_ledger {
    struct perso_database db;
    enum perso_ledger_access access;
    struct perso_actor actor;
    struct perso_clock clock;
    struct perso_segments *segments;
    struct perso_sm3 *sm3;
    bool in_transaction;
    bool broken;                      /* making data/ durable or a commit failed: the run ends */
    struct perso_segment_place begun; /* end of data/ when the transaction began */
    struct {
        uint32_t columns;
        sqlite3_stmt *statement;
    } updates[PERSO_LEDGER_UPDATES]; /* of the table card, by the columns that change */
    size_t n_updates;
    struct {
        int64_t file_id;
        uint32_t states;
        bool by_card_id;
    } twins;         /* what the table twin holds; file_id 0: nothing */
    bool purged;     /* payloads are gone, or on their way */
    int64_t reading; /* file known to be in status READING, so that adding a card need not look */
};

extern const struct perso_database_kind perso_ledger_kind;
extern const char perso_ledger_live_indexes[]; /* the SQL that makes them */

#define PERSO_LEDGER_GONE "payloads_gone" /* name of a value */

/* A damaged ledger is told with the code of a digest that does not fit. */
#define PERSO_REJ_LEDGER PERSO_REJ_FILE_DIGEST

/** PERSO_FATAL outside a transaction. */
enum perso_result perso_ledger_need_transaction(const struct perso_ledger *ledger,
                                                struct perso_error *err);

bool perso_ledger_zero(const uint8_t *bytes, size_t n);
/** 32 bytes, or NULL where they are all zero. */
void perso_ledger_bind_sm3(sqlite3_stmt *statement, int at, const uint8_t sm3[PERSO_SM3_BYTES]);

const char *perso_ledger_status_name(enum perso_file_status status);

/* ---- cards ---- */

/* The order of enum card_column in ledger_cards.c. */
#define PERSO_CARD_COLUMNS                                                                         \
    "seq, file, card_id, public_key, request_id, state, from_state, reject_stage, reject,"         \
    " reject_column, reject_note, reject_record, application, issuance, answer, result, bundle,"   \
    " machine, handed, remake, revoke, confirmed, accepted"

/* Kinds of events that tell of an attempt: nothing came of it that counts. */
#define PERSO_LEDGER_ATTEMPTS "('read', 'resume', 'drop', 'refuse')"

/* Set aside: in these states a card has a verdict. */
static inline bool
perso_card_is_aside(enum perso_state state)
{
    return state == PERSO_STATE_HELD || state == PERSO_STATE_REFUSED ||
           state == PERSO_STATE_SPOILED;
}

/* In these states a card lays no claim to its card id, key and request. The same as SQL: no IN, see
 * ledger_schema.c. */
#define PERSO_APART                                                                                \
    (1u << PERSO_STATE_HELD | 1u << PERSO_STATE_RETURNED | 1u << PERSO_STATE_CANCELLED)
#define PERSO_IS_APART_SQL(state)                                                                  \
    "(" state " = 'held' OR " state " = 'returned' OR " state " = 'cancelled')"

/* The column live (ledger_schema.c). */
static inline bool
perso_card_is_live(bool accepted, enum perso_state state)
{
    return accepted && (PERSO_APART >> state & 1u) == 0;
}

void perso_ledger_card_of_row(sqlite3_stmt *statement, struct perso_card *card, bool *accepted);
/** Rows of PERSO_CARD_COLUMNS into out; PERSO_END where there is none. Resets the statement. */
enum perso_result perso_ledger_cards_fetch(struct perso_ledger *ledger, sqlite3_stmt *statement,
                                           size_t max, struct perso_card *out, size_t *n,
                                           struct perso_error *err);
/** " IN ('received','held')" of a set of states. */
#define PERSO_STATES_SQL_BYTES 512
void perso_ledger_states_sql(uint32_t states, char out[PERSO_STATES_SQL_BYTES]);

/* The port's functions. */
enum perso_result perso_ledger_card_scan(void *self, uint32_t states, int64_t after, size_t max,
                                         struct perso_card *out, size_t *n,
                                         struct perso_error *err);
enum perso_result perso_ledger_card_move(void *self, const struct perso_card *cards, size_t n,
                                         enum perso_state to, struct perso_error *err);
enum perso_result perso_ledger_card_set(void *self, const struct perso_card *card,
                                        struct perso_error *err);
enum perso_result perso_ledger_record_put(void *self, struct perso_stored_record *record,
                                          struct perso_cursor payload, struct perso_error *err);
enum perso_result perso_ledger_record_get(void *self, int64_t id,
                                          struct perso_stored_record *record,
                                          struct perso_arena *arena, struct perso_cursor *payload,
                                          struct perso_error *err);
enum perso_result perso_ledger_event_add(void *self, const struct perso_event *event,
                                         struct perso_error *err);

/** Where a record's payload stands, its length and digest; for check. */
enum perso_result perso_ledger_payload_check(struct perso_ledger *ledger, int64_t id,
                                             struct perso_segment_place place, uint32_t bytes,
                                             const uint8_t sm3[PERSO_SM3_BYTES],
                                             struct perso_arena *arena,
                                             struct perso_cursor *payload, struct perso_error *err);

#endif
