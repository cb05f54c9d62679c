/* The end of an application file: corrections, duplicates, claims, acceptance (CONTRACTS 4, 5). */
#ifndef PIPELINE_INGEST_ACCEPT_H
#define PIPELINE_INGEST_ACCEPT_H

#include "pipeline/drive/drive.h"
#include "stages/ingest.h"

struct perso_ingest_counts {
    uint32_t received, held, unchanged, corrected;
    uint32_t replacing; /* rows that name a card to be replaced */
    uint32_t warned;    /* card numbers whose check character does not match, though they pass */
};

enum perso_result perso_ingest_rules_of(const struct perso_job *job, struct perso_ingest_rules *ret,
                                        struct perso_error *err);

/**
 * Judge one stored application record again, with the card's waivers, and take what it says into
 * *card (application, key, request id) - not yet its state. *verdict tells the rest. Where its
 * request is put together or written anew only now, the row is stored once more with it. Inside a
 * transaction.
 */
enum perso_result perso_ingest_rejudge(struct perso_job *job, int64_t record_id,
                                       struct perso_card *card, struct perso_verdict *verdict,
                                       struct perso_error *err);

/**
 * Claims of n cards (at most PERSO_BATCH_RECORDS) that are about to be in force: sets a verdict of
 * each, where another card has what it needs; that card then keeps no claim. replaced: also the
 * cards that they replace (perso_ingest_take_replaced). Uses the job's arena.
 */
enum perso_result perso_ingest_claims(struct perso_job *job, const struct perso_card *cards,
                                      size_t n, bool replaced, struct perso_verdict *verdicts,
                                      struct perso_error *err);
/** The same of one card, with what it replaces. */
enum perso_result perso_ingest_claim(struct perso_job *job, const struct perso_card *card,
                                     struct perso_verdict *verdict, struct perso_error *err);

/** In one transaction: all rows of a READING file count from here on, or none. */
enum perso_result perso_ingest_accept(struct perso_job *job, struct perso_ledger_file *file,
                                      struct perso_ingest_counts *counts, struct perso_error *err);

#endif
