#include "pipeline/store/ledger_private.h"

/*
 * LEDGER, version 1. Stages, states, statuses and codes of rejects stand as texts, so that the file
 * can be read with any SQLite tool. Ids are the largest so far and one: those of a dropped file are
 * given again, so a resumed run numbers as an undisturbed one does.
 *
 * A row of the table card is "live" where it is accepted and neither held, returned nor cancelled:
 * then its card id, key and request must be its alone. live is a column of its own because a
 * partial index over state would be rewritten by every move of a card.
 */

/* clang-format off */
/*
 * Sets of names are chains of OR: an IN of more than two makes SQLite build a table of them for
 * every row that it writes (20 times slower).
 */
#define OR_STATE(name, text)      " OR state = '" text "'"
#define OR_FROM_STATE(name, text) " OR from_state = '" text "'"
#define OR_TO_STATE(name, text)   " OR to_state = '" text "'"
#define IS_STAGE(c) c " = 'prepare' OR " c " = 'ingest' OR " c " = 'reconcile' OR " c " = 'approve'" \
    " OR " c " = 'bundle' OR " c " = 'submit' OR " c " = 'collect' OR " c " = 'match'" \
    " OR " c " = 'forward' OR " c " = 'personalize' OR " c " = 'close'"
#define IS_ASIDE "(state = 'held' OR state = 'refused' OR state = 'spoiled')"
#define BOOL(c) c " INTEGER NOT NULL CHECK (" c " IN (0, 1))"
#define COUNT(c) c " INTEGER NOT NULL CHECK (" c " >= 0)"

static const char values[] =
    "CREATE TABLE value ("
    "  name TEXT PRIMARY KEY CHECK (name <> ''),"
    "  value TEXT NOT NULL"
    ") STRICT, WITHOUT ROWID;";

static const char files[] =
    "CREATE TABLE file ("
    "  id INTEGER PRIMARY KEY CHECK (id > 0),"
    "  stage TEXT NOT NULL CHECK (" IS_STAGE("stage") "),"
    "  " BOOL("outgoing") ","
    "  status TEXT NOT NULL CHECK (status IN ('reading','accepted','refused','planned','made',"
    "    'sending','sent','withdrawn')),"
    "  kind TEXT NOT NULL,"
    "  path TEXT NOT NULL,"
    "  sm3 BLOB CHECK (length(sm3) = 32),"
    "  " COUNT("bytes") ", " COUNT("rows") ", " COUNT("cards") ", " COUNT("sequence") ","
    "  " BOOL("final") ","
    "  party TEXT NOT NULL,"
    "  encoding TEXT NOT NULL,"
    "  date_s INTEGER NOT NULL,"
    "  manifest_sm3 BLOB CHECK (length(manifest_sm3) = 32),"
    "  note TEXT NOT NULL,"
    "  CHECK (outgoing = (status NOT IN ('reading','accepted','refused'))),"
    "  CHECK (sm3 IS NOT NULL OR status NOT IN ('accepted','made','sending','sent'))"
    ") STRICT;"
    /* A stage takes the same bytes once; issuance data are read again for cards that came later. */
    "CREATE UNIQUE INDEX file_content ON file (stage, sm3)"
    "  WHERE outgoing = 0 AND status <> 'refused' AND stage <> 'reconcile';"
    "CREATE INDEX file_issuance ON file (sm3) WHERE stage = 'reconcile';"
    /* A number is used once. Two stages may read one package (FWD: ingest and collect). */
    "CREATE UNIQUE INDEX file_number ON file (outgoing, kind, party, sequence, stage)"
    "  WHERE sequence > 0 AND status <> 'refused';";

static const char records[] =
    "CREATE TABLE record ("
    "  id INTEGER PRIMARY KEY CHECK (id > 0),"
    "  file INTEGER NOT NULL REFERENCES file (id),"
    "  " COUNT("line") ", " COUNT("record") ","
    "  card INTEGER REFERENCES card (seq),"
    "  segment INTEGER NOT NULL CHECK (segment > 0),"
    "  " COUNT("offset") ", " COUNT("bytes") ","
    "  sm3 BLOB NOT NULL CHECK (length(sm3) = 32),"
    "  reject TEXT CHECK (reject <> ''),"
    "  " COUNT("reject_column") ","                 /* enum perso_column */
    "  reject_note TEXT NOT NULL,"
    "  symbol TEXT CHECK (instr('=*!-+ups' || 'WDRSMT', symbol) > 0 AND length(symbol) = 1),"
    "  " COUNT("folds")
    ") STRICT;"
    "CREATE INDEX record_file ON record (file);"
    "CREATE INDEX record_card ON record (card) WHERE card IS NOT NULL;";

static const char cards[] =
    "CREATE TABLE card ("
    "  seq INTEGER PRIMARY KEY CHECK (seq > 0),"    /* order of acceptance */
    "  file INTEGER NOT NULL REFERENCES file (id)," /* that brought it */
    "  card_id TEXT CHECK (length(card_id) = 32),"
    "  public_key BLOB CHECK (length(public_key) = 64),"
    "  request_id BLOB CHECK (length(request_id) = 16),"
    "  state TEXT NOT NULL CHECK (0" PERSO_STATES(OR_STATE) "),"
    "  from_state TEXT CHECK (from_state IS NULL" PERSO_STATES(OR_FROM_STATE) "),"
    "  reject_stage TEXT CHECK (" IS_STAGE("reject_stage") "),"
    "  reject TEXT CHECK (reject <> ''),"
    "  reject_column INTEGER CHECK (reject_column >= 0),"
    "  reject_note TEXT,"
    "  reject_record INTEGER REFERENCES record (id),"
    "  application INTEGER REFERENCES record (id)," /* records in force */
    "  issuance INTEGER REFERENCES record (id),"
    "  answer INTEGER REFERENCES record (id),"
    "  result INTEGER REFERENCES record (id),"
    "  bundle INTEGER REFERENCES file (id),"        /* outgoing files it stands in */
    "  machine INTEGER REFERENCES file (id),"
    "  handed INTEGER REFERENCES file (id),"
    "  remake INTEGER REFERENCES file (id),"
    "  revoke INTEGER REFERENCES file (id),"
    "  " BOOL("confirmed") " DEFAULT 0,"
    "  " BOOL("accepted") ","                       /* set by one statement for a whole file */
    "  " BOOL("live") ","
    "  CHECK (live = (accepted = 1 AND NOT " PERSO_IS_APART_SQL("state") ")),"
    "  CHECK ((reject IS NOT NULL) = " IS_ASIDE "),"
    "  CHECK ((reject IS NULL) = (reject_column IS NULL)),"
    "  CHECK ((reject IS NULL) = (reject_note IS NULL)),"
    "  CHECK (reject IS NOT NULL OR (from_state IS NULL AND reject_stage IS NULL AND"
    "    reject_record IS NULL))"
    ") STRICT;"
    "CREATE INDEX card_file ON card (file);"
    "CREATE INDEX card_bundle ON card (bundle) WHERE bundle IS NOT NULL;"
    "CREATE INDEX card_machine ON card (machine) WHERE machine IS NOT NULL;"
    "CREATE INDEX card_handed ON card (handed) WHERE handed IS NOT NULL;"
    "CREATE INDEX card_remake ON card (remake) WHERE remake IS NOT NULL;"
    "CREATE INDEX card_revoke ON card (revoke) WHERE revoke IS NOT NULL;"
    /* The others are found too; they are few. */
    "CREATE INDEX card_aside_id ON card (card_id) WHERE live = 0 AND accepted = 1;"
    "CREATE INDEX card_aside_key ON card (public_key) WHERE live = 0 AND accepted = 1;"
    "CREATE INDEX card_aside_request ON card (request_id) WHERE live = 0 AND accepted = 1;"
    /* Deleting a record looks for cards that name it. */
    "CREATE INDEX card_reject_record ON card (reject_record) WHERE reject_record IS NOT NULL;"
    "CREATE INDEX card_application ON card (application) WHERE application IS NOT NULL;"
    "CREATE INDEX card_issuance ON card (issuance) WHERE issuance IS NOT NULL;"
    "CREATE INDEX card_answer ON card (answer) WHERE answer IS NOT NULL;"
    "CREATE INDEX card_result ON card (result) WHERE result IS NOT NULL;";

/* Not one key, card id or request for two cards. */
const char perso_ledger_live_indexes[] =
    "CREATE UNIQUE INDEX card_live_id ON card (card_id) WHERE live = 1;"
    "CREATE UNIQUE INDEX card_live_key ON card (public_key) WHERE live = 1;"
    "CREATE UNIQUE INDEX card_live_request ON card (request_id) WHERE live = 1;";

static const char waivers[] =
    "CREATE TABLE waiver ("
    "  card INTEGER NOT NULL REFERENCES card (seq),"
    "  reject TEXT NOT NULL CHECK (reject <> ''),"
    "  content BLOB NOT NULL CHECK (length(content) = 32)," /* SM3 of the row that it was given for */
    "  reason TEXT NOT NULL CHECK (reason <> ''),"
    "  PRIMARY KEY (card, reject)"
    ") STRICT, WITHOUT ROWID;";

/*
 * sm3 = SM3(sm3 of the event before, or 32 zero bytes || every field from id to note as u32
 * big-endian length and bytes; numbers are 8 bytes big-endian). Empty texts and blobs and zero mean
 * none. file is no foreign key: an event outlives a dropped file.
 */
static const char events[] =
    "CREATE TABLE event ("
    "  id INTEGER PRIMARY KEY CHECK (id > 0),"
    "  time_ms INTEGER NOT NULL,"
    "  operator TEXT NOT NULL, host TEXT NOT NULL, address TEXT NOT NULL, identity TEXT NOT NULL,"
    "  stage TEXT NOT NULL CHECK (stage = '' OR " IS_STAGE("stage") "),"
    "  kind TEXT NOT NULL CHECK (kind <> ''),"
    "  card_id TEXT NOT NULL,"
    "  " COUNT("first_seq") ", " COUNT("last_seq") ", " COUNT("n_cards") ", " COUNT("file") ","
    "  from_state TEXT NOT NULL CHECK (from_state = ''" PERSO_STATES(OR_FROM_STATE) "),"
    "  to_state TEXT NOT NULL CHECK (to_state = ''" PERSO_STATES(OR_TO_STATE) "),"
    "  reject TEXT NOT NULL,"
    "  digest BLOB NOT NULL CHECK (length(digest) IN (0, 32)),"
    "  note TEXT NOT NULL,"
    "  prev BLOB NOT NULL CHECK (length(prev) = 32),"
    "  sm3 BLOB NOT NULL UNIQUE CHECK (length(sm3) = 32),"
    "  CHECK (first_seq <= last_seq)"
    ") STRICT;"
    "CREATE INDEX event_file ON event (file) WHERE file <> 0;"
    "CREATE TRIGGER event_follows BEFORE INSERT ON event"
    "  WHEN new.id <> (SELECT coalesce(max(id), 0) + 1 FROM event)"
    "    OR new.prev <> coalesce((SELECT sm3 FROM event ORDER BY id DESC LIMIT 1), zeroblob(32))"
    "  BEGIN SELECT raise(ABORT, 'event does not follow the last one'); END;"
    "CREATE TRIGGER event_stays BEFORE UPDATE ON event"
    "  BEGIN SELECT raise(ABORT, 'events are never changed'); END;"
    "CREATE TRIGGER event_remains BEFORE DELETE ON event"
    "  BEGIN SELECT raise(ABORT, 'events are never deleted'); END;";
/* clang-format on */

static const char *const schema[] = { values,  files,  records, cards, perso_ledger_live_indexes,
                                      waivers, events, NULL };

const struct perso_database_kind perso_ledger_kind = {
    .name = "ledger.db",
    .application_id = 0x5045524c, /* "PERL" */
    .version = 1,
    .schema = schema,
};
