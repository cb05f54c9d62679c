/* Cards looked up, listed by file, counted; duplicates inside a batch. */
#include <stdio.h>
#include <string.h>

#include "pipeline/store/ledger_private.h"
#include "pipeline/store/planted.h"

/* At most one card; PERSO_END where there is none. */
static enum perso_result
fetch_one(struct perso_ledger *ledger, sqlite3_stmt *s, struct perso_card *ret,
          struct perso_error *err)
{
    size_t n = 0;
    return perso_ledger_cards_fetch(ledger, s, 1, ret, &n, err);
}

/* Of several that are put aside: the one that went furthest, before later rows that never counted.
 */
#define ASIDE_ORDER                                                                                \
    " ORDER BY (state = 'cancelled'), (bundle IS NULL), (reject IS 'R142'), seq DESC LIMIT 1"

enum perso_result
perso_ledger_card_find(struct perso_ledger *ledger, const char *card_id, struct perso_card *ret,
                       struct perso_error *err)
{
    static const char live[] =
        "SELECT " PERSO_CARD_COLUMNS " FROM card WHERE card_id = ?1 AND live = 1";
    static const char aside[] = "SELECT " PERSO_CARD_COLUMNS " FROM card WHERE card_id = ?1"
                                " AND live = 0 AND accepted = 1" ASIDE_ORDER;
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, live, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_text(s, 1, card_id);
    if ((rc = fetch_one(ledger, s, ret, err)) != PERSO_END)
        return rc;
    if ((rc = perso_database_statement(&ledger->db, aside, &s, err)) != PERSO_OK)
        return rc;
    perso_bind_text(s, 1, card_id);
    return fetch_one(ledger, s, ret, err);
}

/* The live card, else one that is put aside. */
static enum perso_result
find_blob(struct perso_ledger *ledger, const char *live, const char *aside, const uint8_t *bytes,
          size_t n, struct perso_card *ret, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, live, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_blob(s, 1, bytes, n);
    if ((rc = fetch_one(ledger, s, ret, err)) != PERSO_END)
        return rc;
    if ((rc = perso_database_statement(&ledger->db, aside, &s, err)) != PERSO_OK)
        return rc;
    perso_bind_blob(s, 1, bytes, n);
    return fetch_one(ledger, s, ret, err);
}

#define LIVE_BY(column) "SELECT " PERSO_CARD_COLUMNS " FROM card WHERE " column " = ?1 AND live = 1"
#define ASIDE_BY(column)                                                                           \
    "SELECT " PERSO_CARD_COLUMNS " FROM card WHERE " column                                        \
    " = ?1 AND live = 0 AND accepted = 1" ASIDE_ORDER

enum perso_result
perso_ledger_card_find_request(struct perso_ledger *ledger,
                               const uint8_t request_id[PERSO_REQUEST_ID_BYTES],
                               struct perso_card *ret, struct perso_error *err)
{
    return find_blob(ledger, LIVE_BY("request_id"), ASIDE_BY("request_id"), request_id,
                     PERSO_REQUEST_ID_BYTES, ret, err);
}

enum perso_result
perso_ledger_card_find_key(struct perso_ledger *ledger, const uint8_t public_key[PERSO_POINT_BYTES],
                           struct perso_card *ret, struct perso_error *err)
{
    return find_blob(ledger, LIVE_BY("public_key"), ASIDE_BY("public_key"), public_key,
                     PERSO_POINT_BYTES, ret, err);
}

enum perso_result
perso_ledger_rival(struct perso_ledger *ledger, const struct perso_card *card, int64_t *ret,
                   struct perso_error *err)
{
    static const char sql[] = "SELECT seq FROM card WHERE card_id = ?2 AND seq <> ?1"
                              " AND accepted = 1 AND state <> 'cancelled'"
                              " UNION ALL SELECT seq FROM card WHERE public_key = ?3 AND seq <> ?1"
                              " AND accepted = 1 AND state <> 'cancelled' LIMIT 1";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, card->seq);
    perso_bind_text(s, 2, card->card_id);
    if (card->has_key)
        perso_bind_blob(s, 3, card->public_key, PERSO_POINT_BYTES);
    else
        perso_bind_null(s, 3);
    rc = perso_database_step(&ledger->db, s, err);
    *ret = rc == PERSO_OK ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_reset(s);
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* ---- of a file ---- */

static enum perso_result
cards_page(struct perso_ledger *ledger, const char *sql, int64_t file_id, int64_t after, size_t max,
           struct perso_card *out, size_t *n, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, file_id);
    perso_bind_number(s, 2, after);
    perso_bind_number(s, 3, (int64_t)max);
    return perso_ledger_cards_fetch(ledger, s, max, out, n, err);
}

enum perso_result
perso_ledger_cards_of_file(struct perso_ledger *ledger, int64_t file_id, int64_t after, size_t max,
                           struct perso_card *out, size_t *n, struct perso_error *err)
{
    /* Ordered walks along indexes, merged: no sort, whatever the size of the file. A file is of one
     * kind, so only one of them finds cards. */
#define CARDS_IN(slot)                                                                             \
    "SELECT " PERSO_CARD_COLUMNS " FROM card WHERE " slot " = ?1 AND seq > ?2 AND accepted = 1"
    static const char sql[] =
        CARDS_IN("bundle") " UNION ALL " CARDS_IN("machine") " UNION ALL " CARDS_IN(
            "handed") " UNION ALL " CARDS_IN("remake") " UNION ALL " CARDS_IN("revoke") " ORDER BY "
                                                                                        "seq LIMIT "
                                                                                        "?3";
#undef CARDS_IN
    return cards_page(ledger, sql, file_id, after, max, out, n, err);
}

enum perso_result
perso_ledger_cards_from_file(struct perso_ledger *ledger, int64_t file_id, int64_t after,
                             size_t max, struct perso_card *out, size_t *n, struct perso_error *err)
{
    static const char sql[] = "SELECT " PERSO_CARD_COLUMNS
                              " FROM card WHERE file = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    return cards_page(ledger, sql, file_id, after, max, out, n, err);
}

/* ---- twins ---- */

struct twin_queries {
    const char *inside;  /* two or more in the file */
    const char *join;    /* a card of the file (n) and an accepted one (o) */
    const char *partner; /* that accepted one, of those of the file that were found */
};

static const struct twin_queries by_key = {
    "INSERT OR IGNORE INTO twin SELECT seq FROM card WHERE file = ?1 AND public_key IN"
    " (SELECT public_key FROM card WHERE file = ?1 AND public_key IS NOT NULL"
    "  GROUP BY public_key HAVING count(*) > 1)",
    "INSERT OR IGNORE INTO twin SELECT n.seq FROM card n CROSS JOIN card o"
    " ON o.public_key = n.public_key AND %s AND o.state%s WHERE n.file = ?1 AND o.file <> ?1",
    "INSERT OR IGNORE INTO twin SELECT o.seq FROM twin t CROSS JOIN card n ON n.seq = t.seq"
    " CROSS JOIN card o ON o.public_key = n.public_key AND %s AND o.state%s WHERE n.file = ?1",
};

static const struct twin_queries by_id = {
    "INSERT OR IGNORE INTO twin SELECT seq FROM card WHERE file = ?1 AND card_id IN"
    " (SELECT card_id FROM card WHERE file = ?1 AND card_id IS NOT NULL"
    "  GROUP BY card_id HAVING count(*) > 1)",
    "INSERT OR IGNORE INTO twin SELECT n.seq FROM card n CROSS JOIN card o"
    " ON o.card_id = n.card_id AND %s AND o.state%s WHERE n.file = ?1 AND o.file <> ?1",
    "INSERT OR IGNORE INTO twin SELECT o.seq FROM twin t CROSS JOIN card n ON n.seq = t.seq"
    " CROSS JOIN card o ON o.card_id = n.card_id AND %s AND o.state%s WHERE n.file = ?1",
};

static enum perso_result
run_sql(struct perso_ledger *ledger, const char *sql, int64_t file_id, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_prepare(&ledger->db, sql, &s, err);

    if (rc == PERSO_OK) {
        perso_bind_number(s, 1, file_id);
        rc = perso_database_run(&ledger->db, s, err);
    }
    sqlite3_finalize(s);
    return rc;
}

/* Twins among the accepted cards that one of the partial indexes covers. */
static enum perso_result
twins_accepted(struct perso_ledger *ledger, int64_t file_id, const struct twin_queries *q,
               const char *covered, uint32_t states, struct perso_error *err)
{
    char in[PERSO_STATES_SQL_BYTES], sql[PERSO_STATES_SQL_BYTES + 512];
    enum perso_result rc;

    if (states == 0)
        return PERSO_OK;
    perso_ledger_states_sql(states, in);
    snprintf(sql, sizeof sql, q->join, covered, in);
    if ((rc = run_sql(ledger, sql, file_id, err)) != PERSO_OK)
        return rc;
    snprintf(sql, sizeof sql, q->partner, covered, in);
    return run_sql(ledger, sql, file_id, err);
}

static enum perso_result
twins_collect(struct perso_ledger *ledger, int64_t file_id, uint32_t states, bool by_card_id,
              struct perso_error *err)
{
    const uint32_t apart = PERSO_APART;
    const struct twin_queries *q = by_card_id ? &by_id : &by_key;
    enum perso_result rc = perso_database_exec(&ledger->db, "DELETE FROM twin", err);

    ledger->twins.file_id = 0;
    if (rc == PERSO_OK)
        rc = run_sql(ledger, q->inside, file_id, err);
    if (rc == PERSO_OK)
        rc = twins_accepted(ledger, file_id, q, "o.live = 1", states & ~apart, err);
    if (rc == PERSO_OK)
        rc = twins_accepted(ledger, file_id, q, "o.live = 0 AND o.accepted = 1", states & apart,
                            err);
    if (rc != PERSO_OK)
        return rc;
    ledger->twins.file_id = file_id;
    ledger->twins.states = states;
    ledger->twins.by_card_id = by_card_id;
    return PERSO_OK;
}

enum perso_result
perso_ledger_twins(struct perso_ledger *ledger, int64_t reading_file, uint32_t states,
                   bool by_card_id, int64_t after, size_t max, struct perso_card *out, size_t *n,
                   struct perso_error *err)
{
    static const char sql[] = "SELECT " PERSO_CARD_COLUMNS " FROM card WHERE seq IN"
                              " (SELECT t.seq FROM twin t WHERE t.seq > ?1 ORDER BY t.seq"
                              "  LIMIT ?2) ORDER BY seq";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = PERSO_OK;

    if (ledger->access == PERSO_LEDGER_READ)
        return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: opened for reading");
    if (after == 0 || ledger->twins.file_id != reading_file || ledger->twins.states != states ||
        ledger->twins.by_card_id != by_card_id)
        rc = twins_collect(ledger, reading_file, states, by_card_id, err);
    if (rc == PERSO_OK)
        rc = perso_database_statement(&ledger->db, sql, &s, err);
    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, after);
    perso_bind_number(s, 2, (int64_t)max);
    return perso_ledger_cards_fetch(ledger, s, max, out, n, err);
}

/* ---- counts ---- */

enum perso_result
perso_ledger_counts(struct perso_ledger *ledger, uint32_t counts[PERSO_STATE_COUNT],
                    struct perso_error *err)
{
    static const char sql[] = "SELECT state, count(*) FROM card WHERE accepted = 1 GROUP BY state";
    static const char all_sql[] = "SELECT state, count(*) FROM card GROUP BY state"; /* planted */
    uint32_t found[PERSO_STATE_COUNT] = { 0 };
    char word[16];
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(
        &ledger->db, PERSO_BUG(counted_before_accepted) ? all_sql : sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    while ((rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK) {
        perso_database_text(s, 0, word, sizeof word);
        found[perso_state_from_name(word)] = (uint32_t)sqlite3_column_int64(s, 1);
    }
    if (rc != PERSO_END)
        return rc;
    memcpy(counts, found, sizeof found);
    return PERSO_OK;
}

/* In order of state, stage, code. */
static bool
comes_before(const struct perso_reject_count *a, const struct perso_reject_count *b)
{
    if (a->state != b->state)
        return a->state < b->state;
    if (a->stage != b->stage)
        return a->stage < b->stage;
    return a->reject < b->reject;
}

static void
insert_count(struct perso_reject_count *out, size_t max, size_t *n, struct perso_reject_count one)
{
    size_t at = *n;

    if (*n == max) {
        if (max == 0 || !comes_before(&one, &out[max - 1]))
            return;
        at = max - 1;
    } else {
        ++*n;
    }
    for (; at > 0 && comes_before(&one, &out[at - 1]); at--)
        out[at] = out[at - 1];
    out[at] = one;
}

enum perso_result
perso_ledger_reject_counts(struct perso_ledger *ledger, struct perso_reject_count *out, size_t max,
                           size_t *n, struct perso_error *err)
{
    static const char sql[] = "SELECT state, coalesce(reject_stage, ''), reject, count(*) FROM card"
                              " WHERE accepted = 1 AND reject IS NOT NULL GROUP BY 1, 2, 3";
    char word[16];
    sqlite3_stmt *s = NULL;
    size_t have = 0;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    while ((rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK) {
        struct perso_reject_count one = { .n = (uint32_t)sqlite3_column_int64(s, 3) };
        perso_database_text(s, 0, word, sizeof word);
        one.state = perso_state_from_name(word);
        perso_database_text(s, 1, word, sizeof word);
        one.stage = perso_stage_from_name(word);
        perso_database_text(s, 2, word, sizeof word);
        one.reject = perso_reject_from_code(word);
        insert_count(out, max, &have, one);
    }
    if (rc != PERSO_END)
        return rc;
    *n = have;
    return PERSO_OK;
}
