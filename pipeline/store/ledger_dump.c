/*
 * The ledger as text, to compare two jobs (CONTRACTS 5: byte-identical). A run that was interrupted
 * and resumed may differ from an undisturbed one in times, hosts, digests of events, places in
 * data/, and in how often a file was begun, refused or a resume noted; these are left out (the
 * chain of events keeps them). So are ids of files and records, which a refused file may have
 * taken: they are told by what they are. Sequence numbers of cards are facts and stay.
 */
#include "pipeline/store/ledger_private.h"

/* clang-format off */
/* A file told by stage, kind, number and content. */
#define FILE_LABEL(id) \
    "(SELECT f.stage || ':' || f.kind || ':' || f.sequence || ':' ||" \
    " coalesce(substr(lower(hex(f.sm3)), 1, 16), f.path) FROM file f WHERE f.id = " id ")"

/* A record told by its file, its place there and its content. */
#define RECORD_LABEL(id) \
    "(SELECT " FILE_LABEL("r.file") " || '#' || r.record || ':' || r.line || ':' ||" \
    " substr(lower(hex(r.sm3)), 1, 16) FROM record r WHERE r.id = " id ")"

static const struct {
    const char *table, *sql;
} dumps[] = {
    { "value",
      "SELECT name, value FROM value WHERE name <> 'job_key' AND name NOT GLOB '.*' ORDER BY name" },
    { "file",
      "SELECT stage, outgoing, kind, sequence, party, path, sm3, status, bytes, rows, cards, final,"
      " encoding, date_s, manifest_sm3, note FROM file WHERE status <> 'refused'"
      " ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, id" },
    { "card",
      "SELECT seq, card_id, public_key, request_id, state, from_state, reject_stage, reject,"
      " reject_column, reject_note, accepted, " FILE_LABEL("file") ", "
      RECORD_LABEL("reject_record") ", " RECORD_LABEL("application") ", "
      RECORD_LABEL("issuance") ", " RECORD_LABEL("answer") ", " RECORD_LABEL("result") ", "
      FILE_LABEL("bundle") ", " FILE_LABEL("machine") ", "
      FILE_LABEL("handed") ", " FILE_LABEL("remake") ", " FILE_LABEL("revoke") ", confirmed"
      " FROM card ORDER BY seq" },
    { "record",
      "SELECT " FILE_LABEL("t.file") " AS of, t.record, t.line, t.card, t.bytes, t.sm3, t.reject,"
      " t.reject_column, t.reject_note, t.symbol, t.folds FROM record t"
      " JOIN file ON file.id = t.file"
      " ORDER BY file.stage, file.kind, file.sequence, of, t.record, t.line, t.id" },
    { "waiver", "SELECT card, reject, reason FROM waiver ORDER BY card, reject" },
    { "event",
      "SELECT stage, kind, card_id, first_seq, last_seq, n_cards, " FILE_LABEL("file") ","
      " from_state, to_state, reject, digest, note, operator FROM event"
      " WHERE kind NOT IN " PERSO_LEDGER_ATTEMPTS " ORDER BY id" },
};
/* clang-format on */

enum perso_result
perso_ledger_dump(struct perso_ledger *ledger, const struct perso_sink *sink,
                  struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; i < sizeof dumps / sizeof dumps[0] && rc == PERSO_OK; i++)
        rc = perso_database_dump(&ledger->db, dumps[i].table, dumps[i].sql, sink, err);
    return rc;
}
