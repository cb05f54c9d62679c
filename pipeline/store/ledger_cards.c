/* Cards: added and changed. */
#include <stdio.h>
#include <string.h>

#include "perso/text.h"
#include "pipeline/store/ledger_private.h"

/* The columns of PERSO_CARD_COLUMNS, then live. */
enum card_column {
    SEQ,
    FILE_ID,
    CARD_ID,
    PUBLIC_KEY,
    REQUEST_ID,
    STATE,
    FROM_STATE,
    REJECT_STAGE,
    REJECT,
    REJECT_COLUMN,
    REJECT_NOTE,
    REJECT_RECORD,
    APPLICATION,
    ISSUANCE,
    ANSWER,
    RESULT,
    BUNDLE,
    MACHINE,
    HANDED,
    REMAKE,
    REVOKE,
    CONFIRMED,
    ACCEPTED,
    LIVE,
    COLUMN_COUNT
};

static const char *const column_names[COLUMN_COUNT] = {
    "seq",         "file",         "card_id", "public_key",    "request_id",  "state",
    "from_state",  "reject_stage", "reject",  "reject_column", "reject_note", "reject_record",
    "application", "issuance",     "answer",  "result",        "bundle",      "machine",
    "handed",      "remake",       "revoke",  "confirmed",     "accepted",    "live",
};

void
perso_ledger_card_of_row(sqlite3_stmt *s, struct perso_card *card, bool *accepted)
{
    char word[16];

    *card = (struct perso_card) {
        .seq = sqlite3_column_int64(s, SEQ),
        .file_id = sqlite3_column_int64(s, FILE_ID),
        .verdict_record = sqlite3_column_int64(s, REJECT_RECORD),
        .application = sqlite3_column_int64(s, APPLICATION),
        .issuance = sqlite3_column_int64(s, ISSUANCE),
        .answer = sqlite3_column_int64(s, ANSWER),
        .result = sqlite3_column_int64(s, RESULT),
        .bundle = sqlite3_column_int64(s, BUNDLE),
        .machine = sqlite3_column_int64(s, MACHINE),
        .handed = sqlite3_column_int64(s, HANDED),
        .remake = sqlite3_column_int64(s, REMAKE),
        .revoke = sqlite3_column_int64(s, REVOKE),
        .confirmed = sqlite3_column_int(s, CONFIRMED) != 0,
    };
    perso_database_text(s, CARD_ID, card->card_id, sizeof card->card_id);
    card->has_key = perso_database_blob(s, PUBLIC_KEY, card->public_key, PERSO_POINT_BYTES);
    card->has_request =
        perso_database_blob(s, REQUEST_ID, card->request_id, PERSO_REQUEST_ID_BYTES);
    perso_database_text(s, STATE, word, sizeof word);
    card->state = perso_state_from_name(word);
    if (accepted != NULL)
        *accepted = sqlite3_column_int(s, ACCEPTED) != 0;
    if (!perso_card_is_aside(card->state))
        return;
    perso_database_text(s, FROM_STATE, word, sizeof word);
    card->from_state = perso_state_from_name(word);
    perso_database_text(s, REJECT_STAGE, word, sizeof word);
    card->reject_stage = perso_stage_from_name(word);
    perso_database_text(s, REJECT, word, sizeof word);
    card->verdict.reject = perso_reject_from_code(word);
    card->verdict.column = (enum perso_column)sqlite3_column_int(s, REJECT_COLUMN);
    perso_database_text(s, REJECT_NOTE, card->verdict.note, sizeof card->verdict.note);
}

enum perso_result
perso_ledger_cards_fetch(struct perso_ledger *ledger, sqlite3_stmt *s, size_t max,
                         struct perso_card *out, size_t *n, struct perso_error *err)
{
    size_t have = 0;
    enum perso_result rc = PERSO_OK;

    while (have < max && (rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK)
        perso_ledger_card_of_row(s, &out[have++], NULL);
    sqlite3_reset(s);
    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    if (have == 0)
        return PERSO_END;
    *n = have;
    return PERSO_OK;
}

/* The verdict belongs to cards set aside; elsewhere it is none. */
static enum perso_result
normalise(struct perso_card *card, struct perso_error *err)
{
    if (perso_card_is_aside(card->state)) {
        if (card->verdict.reject == PERSO_REJ_NONE)
            return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: a card is %s without a code",
                                   _(perso_state_name(card->state)));
        return PERSO_OK;
    }
    card->from_state = PERSO_STATE_NONE;
    card->reject_stage = PERSO_STAGE_NONE;
    card->verdict = (struct perso_verdict) { 0 };
    card->verdict_record = 0;
    return PERSO_OK;
}

/* The columns that hold a number, 0 for none. */
static int64_t
number_column(enum card_column column, const struct perso_card *card)
{
    switch (column) {
    case SEQ:
        return card->seq;
    case FILE_ID:
        return card->file_id;
    case REJECT_RECORD:
        return card->verdict_record;
    case APPLICATION:
        return card->application;
    case ISSUANCE:
        return card->issuance;
    case ANSWER:
        return card->answer;
    case RESULT:
        return card->result;
    case BUNDLE:
        return card->bundle;
    case MACHINE:
        return card->machine;
    case HANDED:
        return card->handed;
    case REMAKE:
        return card->remake;
    case REVOKE:
        return card->revoke;
    default:
        return 0;
    }
}

static void
bind_blob_if(sqlite3_stmt *s, int at, bool have, const uint8_t *bytes, size_t n)
{
    if (have)
        perso_bind_blob(s, at, bytes, n);
    else
        perso_bind_null(s, at);
}

/* What stands beside a code: there where the code is. */
static void
bind_beside_reject(sqlite3_stmt *s, int at, enum card_column column, const struct perso_card *card)
{
    if (card->verdict.reject == PERSO_REJ_NONE)
        perso_bind_null(s, at);
    else if (column == REJECT_COLUMN)
        perso_bind_number(s, at, card->verdict.column);
    else
        perso_bind_text(s, at, card->verdict.note);
}

/* Bind one column; parameters are numbered by column, from 1. */
static void
bind_column(sqlite3_stmt *s, enum card_column column, const struct perso_card *card, bool accepted)
{
    int at = (int)column + 1;

    switch (column) {
    case CARD_ID:
        perso_bind_text_or_null(s, at, card->card_id);
        return;
    case PUBLIC_KEY:
        bind_blob_if(s, at, card->has_key, card->public_key, PERSO_POINT_BYTES);
        return;
    case REQUEST_ID:
        bind_blob_if(s, at, card->has_request, card->request_id, PERSO_REQUEST_ID_BYTES);
        return;
    case STATE:
        perso_bind_text(s, at, perso_state_name(card->state));
        return;
    case FROM_STATE:
        perso_bind_text_or_null(s, at, perso_state_name(card->from_state));
        return;
    case REJECT_STAGE:
        perso_bind_text_or_null(s, at, perso_stage_name(card->reject_stage));
        return;
    case REJECT:
        perso_bind_text_or_null(s, at, perso_reject_code(card->verdict.reject));
        return;
    case REJECT_COLUMN:
    case REJECT_NOTE:
        bind_beside_reject(s, at, column, card);
        return;
    case CONFIRMED:
        perso_bind_number(s, at, card->confirmed);
        return;
    case LIVE:
        perso_bind_number(s, at, perso_card_is_live(accepted, card->state));
        return;
    default:
        perso_bind_number_or_null(s, at, number_column(column, card));
    }
}

/* ---- add ---- */

static enum perso_result
link_record(struct perso_ledger *ledger, int64_t record, int64_t seq, struct perso_error *err)
{
    static const char sql[] = "UPDATE record SET card = ?2 WHERE id = ?1";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, record);
    perso_bind_number(s, 2, seq);
    return perso_database_run(&ledger->db, s, err);
}

/* Only a file that is being read brings cards. */
static enum perso_result
need_reading(struct perso_ledger *ledger, int64_t file_id, struct perso_error *err)
{
    static const char sql[] = "SELECT 1 FROM file WHERE id = ?1 AND status = 'reading'";
    sqlite3_stmt *s = NULL;
    enum perso_result rc;

    if (ledger->reading == file_id && file_id != 0)
        return PERSO_OK;
    if ((rc = perso_database_statement(&ledger->db, sql, &s, err)) != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, file_id);
    rc = perso_database_step(&ledger->db, s, err);
    sqlite3_reset(s);
    if (rc == PERSO_END)
        return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: file %lld is not being read",
                               (long long)file_id);
    if (rc == PERSO_OK)
        ledger->reading = file_id;
    return rc;
}

/* Most cards come as received and with few columns: binding the others would cost a third more. */
static bool
is_plain(const struct perso_card *card)
{
    return card->state == PERSO_STATE_RECEIVED && card->issuance == 0 && card->answer == 0 &&
           card->result == 0 && card->bundle == 0 && card->machine == 0 && card->handed == 0;
}

static enum perso_result
card_insert(struct perso_ledger *ledger, const struct perso_card *card, struct perso_error *err)
{
    static const char whole[] =
        "INSERT INTO card (" PERSO_CARD_COLUMNS ", live) VALUES "
        "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,"
        "?22,0,0)";
    static const char plain[] =
        "INSERT INTO card (file, card_id, public_key, request_id, state, application, accepted,"
        " live) VALUES (?2,?3,?4,?5,'received',?13,0,0)";
    static const enum card_column plain_columns[] = { FILE_ID, CARD_ID, PUBLIC_KEY, REQUEST_ID,
                                                      APPLICATION };
    bool few = is_plain(card);
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, few ? plain : whole, &s, err);

    if (rc != PERSO_OK)
        return rc;
    if (few) {
        for (size_t i = 0; i < sizeof plain_columns / sizeof plain_columns[0]; i++)
            bind_column(s, plain_columns[i], card, false);
    } else {
        for (enum card_column c = SEQ; c < ACCEPTED; c++)
            bind_column(s, c, card, false);
    }
    return perso_database_run(&ledger->db, s, err);
}

enum perso_result
perso_ledger_card_add(struct perso_ledger *ledger, struct perso_card *card, struct perso_error *err)
{
    struct perso_card row = *card;
    enum perso_result rc = perso_ledger_need_transaction(ledger, err);

    if (rc == PERSO_OK && !perso_state_may_move(PERSO_STATE_NONE, row.state))
        rc = perso_error_set(err, PERSO_REJ_NONE, "", "ledger: a card cannot begin as %s",
                             _(perso_state_name(row.state)));
    if (rc == PERSO_OK)
        rc = normalise(&row, err);
    if (rc == PERSO_OK)
        rc = need_reading(ledger, row.file_id, err);
    if (rc != PERSO_OK)
        return rc;
    row.seq = 0;
    if ((rc = card_insert(ledger, &row, err)) != PERSO_OK)
        return rc;
    row.seq = sqlite3_last_insert_rowid(ledger->db.handle);
    if (row.application != 0)
        rc = link_record(ledger, row.application, row.seq, err);
    if (rc == PERSO_OK)
        card->seq = row.seq;
    return rc;
}

/* ---- change ---- */

static enum perso_result
card_read(struct perso_ledger *ledger, int64_t seq, struct perso_card *ret, bool *accepted,
          struct perso_error *err)
{
    static const char sql[] = "SELECT " PERSO_CARD_COLUMNS " FROM card WHERE seq = ?1";
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_database_statement(&ledger->db, sql, &s, err);

    if (rc != PERSO_OK)
        return rc;
    perso_bind_number(s, 1, seq);
    if ((rc = perso_database_step(&ledger->db, s, err)) == PERSO_OK)
        perso_ledger_card_of_row(s, ret, accepted);
    sqlite3_reset(s);
    if (rc == PERSO_END)
        return perso_error_set(err, PERSO_REJ_NONE, "", "no card with number %lld in this job",
                               (long long)seq);
    return rc;
}

enum perso_result
perso_ledger_card_get(struct perso_ledger *ledger, int64_t seq, struct perso_card *ret,
                      struct perso_error *err)
{
    return card_read(ledger, seq, ret, NULL, err);
}

static bool
same_bytes(bool have_a, const uint8_t *a, bool have_b, const uint8_t *b, size_t n)
{
    return have_a == have_b && (!have_a || memcmp(a, b, n) == 0);
}

/* The columns that differ, as bits. */
static uint32_t
changed_columns(const struct perso_card *a, const struct perso_card *b, bool accepted)
{
    const bool differs[COLUMN_COUNT] = {
        [FILE_ID] = a->file_id != b->file_id,
        [CARD_ID] = strcmp(a->card_id, b->card_id) != 0,
        [PUBLIC_KEY] =
            !same_bytes(a->has_key, a->public_key, b->has_key, b->public_key, PERSO_POINT_BYTES),
        [REQUEST_ID] = !same_bytes(a->has_request, a->request_id, b->has_request, b->request_id,
                                   PERSO_REQUEST_ID_BYTES),
        [STATE] = a->state != b->state,
        [FROM_STATE] = a->from_state != b->from_state,
        [REJECT_STAGE] = a->reject_stage != b->reject_stage,
        [REJECT] = a->verdict.reject != b->verdict.reject,
        /* A code that comes or goes brings or takes column and note with it. */
        [REJECT_COLUMN] =
            a->verdict.column != b->verdict.column || a->verdict.reject != b->verdict.reject,
        [REJECT_NOTE] =
            strcmp(a->verdict.note, b->verdict.note) != 0 || a->verdict.reject != b->verdict.reject,
        [REJECT_RECORD] = a->verdict_record != b->verdict_record,
        [APPLICATION] = a->application != b->application,
        [ISSUANCE] = a->issuance != b->issuance,
        [ANSWER] = a->answer != b->answer,
        [RESULT] = a->result != b->result,
        [BUNDLE] = a->bundle != b->bundle,
        [MACHINE] = a->machine != b->machine,
        [HANDED] = a->handed != b->handed,
        [REMAKE] = a->remake != b->remake,
        [REVOKE] = a->revoke != b->revoke,
        [CONFIRMED] = a->confirmed != b->confirmed,
        [LIVE] = perso_card_is_live(accepted, a->state) != perso_card_is_live(accepted, b->state),
    };
    uint32_t ret = 0;

    for (int c = 0; c < COLUMN_COUNT; c++)
        ret |= (uint32_t)differs[c] << c;
    return ret;
}

/* An update that names only what changes leaves the indexes over the rest alone. */
static enum perso_result
update_statement(struct perso_ledger *ledger, uint32_t columns, sqlite3_stmt **ret,
                 struct perso_error *err)
{
    char sql[1024];
    const char *comma = "";
    int n = snprintf(sql, sizeof sql, "UPDATE card SET ");
    enum perso_result rc;

    for (size_t i = 0; i < ledger->n_updates; i++) {
        if (ledger->updates[i].columns == columns) {
            sqlite3_reset(*ret = ledger->updates[i].statement);
            return PERSO_OK;
        }
    }
    for (int c = 0; c < COLUMN_COUNT; c++) {
        if ((columns >> c & 1u) != 0) {
            n += snprintf(sql + n, sizeof sql - (size_t)n, "%s%s = ?%d", comma, column_names[c],
                          c + 1);
            comma = ", ";
        }
    }
    snprintf(sql + n, sizeof sql - (size_t)n, " WHERE seq = ?1");
    size_t slot = ledger->n_updates;
    if (slot == PERSO_LEDGER_UPDATES)
        sqlite3_finalize(ledger->updates[--slot].statement);
    ledger->n_updates = slot;
    if ((rc = perso_database_prepare(&ledger->db, sql, ret, err)) != PERSO_OK)
        return rc;
    ledger->updates[slot].columns = columns;
    ledger->updates[slot].statement = *ret;
    ledger->n_updates++;
    return PERSO_OK;
}

enum perso_result
perso_ledger_card_set(void *self, const struct perso_card *card, struct perso_error *err)
{
    struct perso_ledger *ledger = self;
    struct perso_card old, row = *card;
    sqlite3_stmt *s = NULL;
    bool accepted = false;
    enum perso_result rc = perso_ledger_need_transaction(ledger, err);

    if (rc == PERSO_OK)
        rc = card_read(ledger, row.seq, &old, &accepted, err);
    if (rc == PERSO_OK)
        rc = normalise(&row, err);
    if (rc != PERSO_OK)
        return rc;
    if (old.state != row.state && !perso_state_may_move(old.state, row.state))
        return perso_error_set(err, PERSO_REJ_NONE, "", "ledger: card %lld: %s cannot become %s",
                               (long long)row.seq, _(perso_state_name(old.state)),
                               _(perso_state_name(row.state)));
    uint32_t columns = changed_columns(&old, &row, accepted);
    if (columns == 0)
        return PERSO_OK;
    if ((rc = update_statement(ledger, columns, &s, err)) != PERSO_OK)
        return rc;
    bind_column(s, SEQ, &row, accepted);
    for (enum card_column c = FILE_ID; c < COLUMN_COUNT; c++)
        if ((columns >> c & 1u) != 0)
            bind_column(s, c, &row, accepted);
    return perso_database_run(&ledger->db, s, err);
}
