/* Cards: moved and scanned, in batches. */
#include <stdio.h>

#include "perso/text.h"
#include "pipeline/store/ledger_private.h"

/* ---- move ---- */

/* Moves that end a verdict or change liveness touch more than the state. */
static const char *
move_sql(enum perso_state from, enum perso_state to)
{
    static const char plain[] = "UPDATE card SET state = ?3 WHERE seq = ?1 AND state = ?2";
    static const char whole[] =
        "UPDATE card SET state = ?3, live = (accepted = 1 AND NOT " PERSO_IS_APART_SQL(
            "?3") "),"
                  " from_state = NULL, reject_stage = NULL, reject = NULL, reject_column = NULL,"
                  " reject_note = NULL, reject_record = NULL WHERE seq = ?1 AND state = ?2";

    return perso_card_is_aside(from) ||
                   perso_card_is_live(true, from) != perso_card_is_live(true, to)
               ? whole
               : plain;
}

static enum perso_result
move_one(struct perso_ledger *ledger, const struct perso_card *card, enum perso_state to,
         struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc =
        perso_database_statement(&ledger->db, move_sql(card->state, to), &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, card->seq);
    perso_bind_text(s, 2, perso_state_name(card->state));
    perso_bind_text(s, 3, perso_state_name(to));
    rc = perso_database_run(&ledger->db, s, err);
    if (rc == PERSO_OK && sqlite3_changes(ledger->db.handle) != 1)
        return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: card %lld is no longer %s",
                               (long long)card->seq, _(perso_state_name(card->state)));
    return rc;
}

enum perso_result
perso_ledger_card_move(void *self, const struct perso_card *cards, size_t n, enum perso_state to,
                       struct perso_error *err)
{
    struct perso_ledger *ledger = self;
    struct perso_error undo = { 0 };
    enum perso_result rc = perso_ledger_need_transaction(ledger, err);

    if (rc != PERSO_OK)
        return rc;
    if (perso_card_is_aside(to))
        return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: %s needs a code of its own",
                               _(perso_state_name(to)));
    for (size_t i = 0; i < n; i++)
        if (!perso_state_may_move(cards[i].state, to))
            return perso_error_set(err, PERSO_REJ_NONE, "",
                                   "ledger: card %lld: %s cannot become %s",
                                   (long long)cards[i].seq, _(perso_state_name(cards[i].state)),
                                   _(perso_state_name(to)));
    if ((rc = perso_database_exec(&ledger->db, "SAVEPOINT move", err)) != PERSO_OK)
        return rc;
    for (size_t i = 0; i < n && rc == PERSO_OK; i++)
        rc = move_one(ledger, &cards[i], to, err);
    if (rc == PERSO_OK)
        return perso_database_exec(&ledger->db, "RELEASE move", err);
    perso_database_exec(&ledger->db, "ROLLBACK TO move; RELEASE move", &undo);
    return rc;
}

/* ---- scan ---- */

void
perso_ledger_states_sql(uint32_t states, char out[PERSO_STATES_SQL_BYTES])
{
    const char *comma = "";
    int n = snprintf(out, PERSO_STATES_SQL_BYTES, " IN (");

    for (int s = PERSO_STATE_NONE + 1; s < PERSO_STATE_COUNT; s++) {
        if ((states >> s & 1u) != 0) {
            n += snprintf(out + n, PERSO_STATES_SQL_BYTES - (size_t)n, "%s'%s'", comma,
                          perso_state_name((enum perso_state)s));
            comma = ",";
        }
    }
    snprintf(out + n, PERSO_STATES_SQL_BYTES - (size_t)n, ")");
}

enum perso_result
perso_ledger_card_scan(void *self, uint32_t states, int64_t after, size_t max,
                       struct perso_card *out, size_t *n, struct perso_error *err)
{
    struct perso_ledger *ledger = self;
    char in[PERSO_STATES_SQL_BYTES], sql[PERSO_STATES_SQL_BYTES + 512];
    sqlite3_stmt *s = NULL;
    enum perso_result rc;

    perso_ledger_states_sql(states, in);
    snprintf(sql, sizeof sql,
             "SELECT " PERSO_CARD_COLUMNS " FROM card WHERE seq > ?1 AND accepted = 1 AND state%s"
             " ORDER BY seq LIMIT ?2",
             in);
    if ((rc = perso_database_prepare(&ledger->db, sql, &s, err)) != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, after);
    perso_bind_number(s, 2, (int64_t)max);
    rc = perso_ledger_cards_fetch(ledger, s, max, out, n, err);
    sqlite3_finalize(s);
    return rc;
}
