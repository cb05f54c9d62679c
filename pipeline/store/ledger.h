/*
 * The ledger of a job: JOB/ledger.db (SQLite, WAL, synchronous=FULL) and JOB/data/NNNN.seg. It
 * holds one row a card, every file that came in or went out, every record read, every event.
 * Invariants are CHECK, UNIQUE and foreign keys of the one schema in ledger_schema.c.
 *
 * Acceptance: records and cards of an incoming file are written under a file row in status READING
 * and count nowhere (every query of this interface leaves them out, unless it names the file);
 * accept makes them count, drop takes them away. On opening for writing a torn tail of data/ is
 * cut.
 */
#ifndef PIPELINE_LEDGER_H
#define PIPELINE_LEDGER_H

#include "perso/card_store.h"
#include "perso/io.h"

struct perso_ledger;

enum perso_ledger_access {
    PERSO_LEDGER_READ,  /* a consistent view; no lock needed */
    PERSO_LEDGER_WRITE, /* the caller holds the job's lock */
    PERSO_LEDGER_DRY,   /* everything works inside one transaction that close rolls back; data/ is
                         * not touched: payloads go to an unlinked temporary file */
};

/** Port of the wall clock, for the times of events only: never for a decision. */
struct perso_clock {
    int64_t (*now_ms)(void *self); /* milliseconds since 1970 */
    void *self;
};

/** Make an empty ledger in an existing job folder. */
enum perso_result perso_ledger_create(const char *job, struct perso_error *err);
enum perso_result perso_ledger_open(const char *job, enum perso_ledger_access access,
                                    const struct perso_actor *actor,
                                    const struct perso_clock *clock, struct perso_ledger **ret,
                                    struct perso_error *err);
void perso_ledger_close(struct perso_ledger *ledger);

/** The card-store port over this ledger. */
struct perso_card_store perso_ledger_cards(struct perso_ledger *ledger);

/* Transactions do not nest. Every change below needs one. Commit makes data/ durable first. Look up
 * many cards inside one too: outside, each call takes the database's locks (4 times slower). */
enum perso_result perso_ledger_begin(struct perso_ledger *ledger, struct perso_error *err);
enum perso_result perso_ledger_commit(struct perso_ledger *ledger, struct perso_error *err);
void perso_ledger_rollback(struct perso_ledger *ledger);

/* ---- values of the job by name: job_key, date, ... ---- */
/* Names that begin with a dot are of this run only (attempts, times) and stand in no dump. */

/** malloc; the caller frees. PERSO_END where there is none. */
enum perso_result perso_ledger_value(struct perso_ledger *ledger, const char *name, char **ret,
                                     struct perso_error *err);
enum perso_result perso_ledger_value_set(struct perso_ledger *ledger, const char *name,
                                         const char *value, struct perso_error *err);

/* ---- files ---- */

enum perso_file_status {
    PERSO_FILE_READING = 1, /* incoming, its rows count nowhere yet */
    PERSO_FILE_ACCEPTED,    /* incoming, its rows count */
    PERSO_FILE_REFUSED,     /* incoming, nothing of it counts; kept for the audit only */
    PERSO_FILE_PLANNED,     /* outgoing, its cards are chosen; with a digest: it may stand */
    PERSO_FILE_MADE,        /* outgoing, written */
    PERSO_FILE_SENDING,     /* outgoing, about to be handed over */
    PERSO_FILE_SENT,        /* outgoing, handed over */
    PERSO_FILE_WITHDRAWN,   /* outgoing, taken back by the operator */
};

struct perso_ledger_file {
    int64_t id;
    enum perso_stage stage; /* that reads or writes it */
    bool outgoing;
    enum perso_file_status status;
    char kind[12];  /* APP REQ RET RES ... of packages; table, machine, result */
    char path[512]; /* as the operator named it; relative to the job where it lies inside */
    uint8_t sm3[PERSO_SM3_BYTES]; /* of the whole file; zero of one that nobody can have seen */
    uint64_t bytes;
    uint32_t rows, cards;
    uint32_t sequence; /* of packages and machine files; 0: none */
    bool final;
    char party[64]; /* sender or recipient; "" : none */
    char encoding[16];
    int64_t date_s;                        /* date of its manifest, else 0 */
    uint8_t manifest_sm3[PERSO_SM3_BYTES]; /* for the chain; zero: none */
    char note[256];                        /* receipt, reason of refusal or withdrawal */
};

/** Sets id. */
enum perso_result perso_ledger_file_add(struct perso_ledger *ledger, struct perso_ledger_file *file,
                                        struct perso_error *err);
/**
 * Writes all but id back, or nothing. Moving READING -> ACCEPTED makes its rows count; READING ->
 * REFUSED takes them away. Directions never change, WITHDRAWN and ACCEPTED are final.
 */
enum perso_result perso_ledger_file_set(struct perso_ledger *ledger,
                                        const struct perso_ledger_file *file,
                                        struct perso_error *err);
enum perso_result perso_ledger_file_get(struct perso_ledger *ledger, int64_t id,
                                        struct perso_ledger_file *ret, struct perso_error *err);
/** An incoming file of a stage by digest, in any status but REFUSED; PERSO_END where unknown. */
enum perso_result perso_ledger_file_find(struct perso_ledger *ledger, enum perso_stage stage,
                                         const uint8_t sm3[PERSO_SM3_BYTES],
                                         struct perso_ledger_file *ret, struct perso_error *err);
/** By direction, kind, party ("" : any) and sequence; refused ones left out; PERSO_END where none.
 *  Where two stages read one package, the row of the first. */
enum perso_result perso_ledger_file_number(struct perso_ledger *ledger, bool outgoing,
                                           const char *kind, const char *party, uint32_t sequence,
                                           struct perso_ledger_file *ret, struct perso_error *err);
/** Highest sequence of such files; 0 where there is none. */
enum perso_result perso_ledger_file_last(struct perso_ledger *ledger, bool outgoing,
                                         const char *kind, const char *party, uint32_t *ret,
                                         struct perso_error *err);
/** The file after *file, whose id is 0 before the first one; PERSO_END, *file as it was, after the
 *  last. */
enum perso_result perso_ledger_file_next(struct perso_ledger *ledger,
                                         struct perso_ledger_file *file, struct perso_error *err);
/** Take the rows of a READING file away, and the file row itself. */
enum perso_result perso_ledger_file_drop(struct perso_ledger *ledger, int64_t id,
                                         struct perso_error *err);

/* ---- records ---- */

/** Records of one file (accepted or not), id > after, in order; PERSO_END when none. */
enum perso_result perso_ledger_records(struct perso_ledger *ledger, int64_t file_id, int64_t after,
                                       size_t max, struct perso_stored_record *out, size_t *n,
                                       struct perso_error *err);
/** Records about one card, of accepted files, in order. */
enum perso_result perso_ledger_records_of_card(struct perso_ledger *ledger, int64_t card_seq,
                                               int64_t after, size_t max,
                                               struct perso_stored_record *out, size_t *n,
                                               struct perso_error *err);
/** Change verdict, symbol, folds and card_seq of a stored record. */
enum perso_result perso_ledger_record_set(struct perso_ledger *ledger,
                                          const struct perso_stored_record *record,
                                          struct perso_error *err);

/* ---- cards ---- */

/** Add a card under its file, which is READING; sets seq. Its application record is put first,
 *  with card_seq 0; it becomes a record of this card. The state is RECEIVED or HELD. */
enum perso_result perso_ledger_card_add(struct perso_ledger *ledger, struct perso_card *card,
                                        struct perso_error *err);
enum perso_result perso_ledger_card_get(struct perso_ledger *ledger, int64_t seq,
                                        struct perso_card *ret, struct perso_error *err);
/**
 * The card of accepted files with this id that is in force: of several held ones (a card that stood
 * twice in a file) the one not held, returned or cancelled if there is one, else the last.
 * PERSO_END: none. Looking up must be fast (indexed) for a million cards.
 */
enum perso_result perso_ledger_card_find(struct perso_ledger *ledger, const char *card_id,
                                         struct perso_card *ret, struct perso_error *err);
enum perso_result perso_ledger_card_find_request(struct perso_ledger *ledger,
                                                 const uint8_t request_id[PERSO_REQUEST_ID_BYTES],
                                                 struct perso_card *ret, struct perso_error *err);
enum perso_result perso_ledger_card_find_key(struct perso_ledger *ledger,
                                             const uint8_t public_key[PERSO_POINT_BYTES],
                                             struct perso_card *ret, struct perso_error *err);
/** Another card that is not cancelled and has this one's id or key, by its number; 0: none. */
enum perso_result perso_ledger_rival(struct perso_ledger *ledger, const struct perso_card *card,
                                     int64_t *ret, struct perso_error *err);
/** Cards that stand in an outgoing file (bundle or machine), in order of seq. */
enum perso_result perso_ledger_cards_of_file(struct perso_ledger *ledger, int64_t file_id,
                                             int64_t after, size_t max, struct perso_card *out,
                                             size_t *n, struct perso_error *err);
/**
 * Cards of one incoming file (READING or accepted), in order of seq.
 */
enum perso_result perso_ledger_cards_from_file(struct perso_ledger *ledger, int64_t file_id,
                                               int64_t after, size_t max, struct perso_card *out,
                                               size_t *n, struct perso_error *err);
/**
 * Duplicates inside the batch (CONTRACTS 4): cards of this READING file, and accepted ones in one
 * of `states`, that share a public key (or a card id) with another of them, where at least one of
 * these is of the file. seq > after, in order. The set is taken when after is 0, so cards may be
 * held between the calls. Not on a READ ledger.
 */
enum perso_result perso_ledger_twins(struct perso_ledger *ledger, int64_t reading_file,
                                     uint32_t states, bool by_card_id, int64_t after, size_t max,
                                     struct perso_card *out, size_t *n, struct perso_error *err);

/** Number of cards by state: counts[PERSO_STATE_COUNT]. */
enum perso_result perso_ledger_counts(struct perso_ledger *ledger,
                                      uint32_t counts[PERSO_STATE_COUNT], struct perso_error *err);
struct perso_reject_count {
    enum perso_state state; /* held, refused or spoiled */
    enum perso_stage stage;
    enum perso_reject reject;
    uint32_t n;
};
/** Cards set aside by state, stage and code, in this order; at most max. */
enum perso_result perso_ledger_reject_counts(struct perso_ledger *ledger,
                                             struct perso_reject_count *out, size_t max, size_t *n,
                                             struct perso_error *err);

/** Waivers: an operator lets a waivable code of a card pass, with a reason, for the row that showed
 * it (content: SM3 of its payload); another row is judged anew. */
enum perso_result perso_ledger_waive(struct perso_ledger *ledger, int64_t card_seq,
                                     enum perso_reject reject,
                                     const uint8_t content[PERSO_SM3_BYTES], const char *reason,
                                     struct perso_error *err);
enum perso_result perso_ledger_waived(struct perso_ledger *ledger, int64_t card_seq,
                                      enum perso_reject reject,
                                      const uint8_t content[PERSO_SM3_BYTES], bool *ret,
                                      struct perso_error *err);
/** The row was stored once more, as it is by another content: its waivers are of that. */
enum perso_result perso_ledger_waive_as(struct perso_ledger *ledger, int64_t card_seq,
                                        const uint8_t content[PERSO_SM3_BYTES],
                                        const uint8_t now[PERSO_SM3_BYTES],
                                        struct perso_error *err);
/** All waivers of a card go: its application was corrected. */
enum perso_result perso_ledger_unwaive(struct perso_ledger *ledger, int64_t card_seq,
                                       struct perso_error *err);

/* ---- purge ---- */

/** Payloads are gone, or on their way: what the records are told by is left. */
bool perso_ledger_purged(const struct perso_ledger *ledger);
/** How many records there are, and bytes of their payloads. */
enum perso_result perso_ledger_payloads(struct perso_ledger *ledger, uint64_t *n_records,
                                        uint64_t *bytes, struct perso_error *err);
/** Texts that other parties gave leave cards and records; from the commit on, payloads may be gone.
 */
enum perso_result perso_ledger_forget(struct perso_ledger *ledger, struct perso_error *err);
/** After it: data/ is emptied, and no page of the database keeps what was changed. Outside a
 *  transaction, safe to repeat; nothing in a dry run. PERSO_RETRY where somebody reads. */
enum perso_result perso_ledger_drop_payloads(struct perso_ledger *ledger, const char *job,
                                             struct perso_error *err);

/* ---- events, audit, check ---- */

/** Last event and its digest; 0 where none. */
enum perso_result perso_ledger_head(struct perso_ledger *ledger, int64_t *event,
                                    uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err);
/** Last event that tells of an effect: files read and refused, and runs resumed, left out; 0: none.
 */
enum perso_result perso_ledger_last_effect(struct perso_ledger *ledger, int64_t *event,
                                           struct perso_error *err);
/** Time of the first event of this kind that names the file, in seconds; PERSO_END: none. */
enum perso_result perso_ledger_event_time(struct perso_ledger *ledger, int64_t file_id,
                                          const char *kind, int64_t *time_s,
                                          struct perso_error *err);
/** True where the card, or one between others, ever stood in a bundle, a withdrawn one too. */
enum perso_result perso_ledger_was_bundled(struct perso_ledger *ledger, int64_t card_seq, bool *ret,
                                           struct perso_error *err);
/** Note of the last event of this kind that is of this one card; PERSO_END: none. */
enum perso_result perso_ledger_event_note(struct perso_ledger *ledger, int64_t card_seq,
                                          const char *kind, char ret[256], struct perso_error *err);
/** Write the chain as text, one JSON object a line (audit.log). */
enum perso_result perso_ledger_audit_export(struct perso_ledger *ledger,
                                            const struct perso_sink *sink, struct perso_error *err);
/** Events that concern a card (its own, or a range or file it belongs to), as the same lines. */
enum perso_result perso_ledger_trace(struct perso_ledger *ledger, const struct perso_card *card,
                                     const struct perso_sink *sink, struct perso_error *err);
/**
 * Verify the event chain: numbers without a gap, each digest right, the head as given (event 0: not
 * known). PERSO_REJECT with a text that names the first bad event. Works on a READ ledger.
 */
enum perso_result perso_ledger_audit_verify(struct perso_ledger *ledger, int64_t head_event,
                                            const uint8_t head_sm3[PERSO_SM3_BYTES],
                                            int64_t *n_events, struct perso_error *err);
/** Integrity of the database, every payload's digest, the balance. PERSO_REJECT says what. */
enum perso_result perso_ledger_check(struct perso_ledger *ledger, struct perso_error *err);
/**
 * Everything, ordered by key, one line a row, without what two equal jobs may differ in (times,
 * pids, hosts, digests of events, segment offsets, attempts, randomised job key).
 */
enum perso_result perso_ledger_dump(struct perso_ledger *ledger, const struct perso_sink *sink,
                                    struct perso_error *err);

#endif
