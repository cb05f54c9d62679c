/* Payloads and texts of others leave the ledger; what it is told by stays. */
#include <string.h>

#include "pipeline/store/durable.h"
#include "pipeline/store/ledger_private.h"

#define PATH_BYTES 4096

bool
perso_ledger_purged(const struct perso_ledger *ledger)
{
    return ledger->purged;
}

enum perso_result
perso_ledger_payloads(struct perso_ledger *ledger, uint64_t *n_records, uint64_t *bytes,
                      struct perso_error *err)
{
    static const char sql[] = "SELECT count(*), coalesce(sum(bytes), 0) FROM record";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK || (rc = perso_database_step(&ledger->db, s, err)) != PERSO_OK)
        return rc;
    *n_records = (uint64_t)sqlite3_column_int64(s, 0);
    *bytes = (uint64_t)sqlite3_column_int64(s, 1);
    sqlite3_reset(s);
    return PERSO_OK;
}

static enum perso_result
forget(struct perso_ledger *ledger, const char *sql, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_text(s, 1, perso_reject_code(PERSO_REJ_RA_REFUSED));
    perso_bind_text(s, 2, perso_reject_code(PERSO_REJ_CARD_SPOILED));
    return perso_database_run(&ledger->db, s, err);
}

enum perso_result
perso_ledger_forget(struct perso_ledger *ledger, struct perso_error *err)
{
    enum perso_result rc = perso_ledger_need_transaction(ledger, err);

    if (rc == PERSO_OK)
        rc = forget(ledger,
                    "UPDATE card SET reject_note = '' WHERE reject IN (?1, ?2)"
                    " AND reject_note <> ''",
                    err);
    if (rc == PERSO_OK)
        rc = forget(ledger,
                    "UPDATE record SET reject_note = '' WHERE reject IN (?1, ?2)"
                    " AND reject_note <> ''",
                    err);
    /* A bare digest of a row gives its ID number away to whoever knows or guesses the rest. */
    if (rc == PERSO_OK)
        rc = perso_database_exec(&ledger->db, "UPDATE record SET sm3 = zeroblob(32)", err);
    return rc == PERSO_OK ? perso_ledger_value_set(ledger, PERSO_LEDGER_GONE, "1", err) : rc;
}

enum perso_result
perso_ledger_drop_payloads(struct perso_ledger *ledger, const char *job, struct perso_error *err)
{
    static const struct perso_segment_place none = { 0, 0 };
    char path[PATH_BYTES];
    int n = snprintf(path, sizeof path, "%s/data", job);
    enum perso_result rc;

    if (n < 0 || (size_t)n >= sizeof path)
        return perso_error_set(err, PERSO_REJ_NONE, "", "data: path too long");
    if (ledger->access != PERSO_LEDGER_WRITE)
        return PERSO_OK;
    if (ledger->in_transaction)
        return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: payloads go outside of one");
    perso_segments_close(ledger->segments);
    ledger->segments = NULL;
    ledger->purged = true;
    if ((rc = perso_durable_clear(path, err)) == PERSO_OK)
        rc = perso_segments_open(path, PERSO_SEGMENT_WRITE, none, PERSO_SEGMENT_BYTES,
                                 &ledger->segments, err);
    ledger->broken = rc != PERSO_OK;
    return rc == PERSO_OK ? perso_database_scrub(&ledger->db, err) : rc;
}
