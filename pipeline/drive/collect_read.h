/*
 * Inside collect*.c: one package while it is read. Its records stand in the ledger under a file
 * that counts nowhere until all of it was read; then they take effect in one transaction.
 */
#ifndef PIPELINE_COLLECT_READ_H
#define PIPELINE_COLLECT_READ_H

#include "pipeline/drive/collect_take.h"
#include "pipeline/file/incoming.h"
#include "stages/collect.h"

/* One card of a FWD: its row of cards.csv, and what the other members say of it. */
struct perso_handed {
    char card_id[PERSO_CARD_ID_CHARS + 1];
    uint8_t request_id[PERSO_REQUEST_ID_BYTES];
    uint8_t public_key[PERSO_POINT_BYTES];
    int64_t seq;               /* of our card; 0: there is no such request here */
    enum perso_column differs; /* first column that is not ours; PERSO_COLUMN_OTHER: none */
    int64_t personal, answer;  /* records; 0: none */
};

struct perso_collecting {
    struct perso_job *job;
    struct perso_incoming in;
    struct perso_ledger_file file;
    struct perso_collect_rules rules;
    struct perso_collect_counts counts;
    uint32_t items;        /* RET: PERSO_ITEM_ bits that an answer must have */
    uint32_t opened, shut; /* answers whose secrets can be read, and cannot */
    struct perso_code_tally codes;
    /* FWD: at most PERSO_PACKAGE_CARDS; by_id: the same, ordered by card id */
    struct perso_handed *handed;
    const struct perso_handed **by_id;
    size_t n_handed, at; /* at: the one whose row is read next */
    /* one batch */
    struct perso_row rows[PERSO_BATCH_RECORDS];
    struct perso_cells cells[PERSO_BATCH_RECORDS];
    struct perso_origin origins[PERSO_BATCH_RECORDS];
    struct perso_card cards[PERSO_BATCH_RECORDS]; /* seq 0: unknown request */
    const char *card_ids[PERSO_BATCH_RECORDS];
    struct perso_answer answers[PERSO_BATCH_RECORDS];
    struct perso_verdict verdicts[PERSO_BATCH_RECORDS];
};

/* Rows of a batch that was read, with the ledger in a transaction. */
typedef enum perso_result perso_collect_batch(struct perso_collecting *s, size_t n,
                                              struct perso_error *err);

/** Read one member to its end in batches. */
enum perso_result perso_collect_member(struct perso_collecting *s, const char *name,
                                       const enum perso_column *required,
                                       perso_collect_batch *batch, struct perso_error *err);
/** Write cells as a record of the package; sets record->id. */
enum perso_result perso_collect_put(struct perso_collecting *s, size_t i,
                                    const struct perso_cells *cells,
                                    struct perso_stored_record *record, struct perso_error *err);
/** Takes the values of the card's person out of what the RA says of it: verdict and reason of i. */
enum perso_result perso_collect_strike(struct perso_collecting *s, size_t i,
                                       struct perso_error *err);
/** What is kept of a row of no card here: a request id that has its shape; else nothing, since it
 * may be anything, a person's number too. */
void perso_collect_orphan_cells(const struct perso_cells *row, struct perso_cells *kept);

/* Readers of the three kinds; PERSO_REJECT refuses the package. */
enum perso_result perso_collect_read_answers(struct perso_collecting *s, struct perso_error *err);
enum perso_result perso_collect_read_handed(struct perso_collecting *s, struct perso_error *err);
enum perso_result perso_collect_read_held(struct perso_collecting *s, struct perso_error *err);

/* Their effects, inside the transaction of the acceptance. */
enum perso_result perso_collect_take_answers(struct perso_taking *t, void *collecting,
                                             struct perso_error *err);
enum perso_result perso_collect_take_handed(struct perso_taking *t, void *collecting,
                                            struct perso_error *err);
enum perso_result perso_collect_take_held(struct perso_taking *t, void *collecting,
                                          struct perso_error *err);

#endif
