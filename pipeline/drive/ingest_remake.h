/* Cards that replace others (重制; LD/T 03-2022 6.4.4): what the department confirmed, and whose
 * row names a card that is not to be replaced. */
#ifndef PIPELINE_INGEST_REMAKE_H
#define PIPELINE_INGEST_REMAKE_H

#include "pipeline/drive/drive.h"

/** One RMK: its cards may be made again, once each, by this site. */
enum perso_result perso_ingest_remakes(struct perso_job *job, const char *path,
                                       struct perso_error *err);

/**
 * Of n cards (at most PERSO_BATCH_RECORDS) that are about to be in force: the card that each row
 * names in `replaces` is taken at the site. A verdict where the row is the card's, verdicts[i]
 * untouched where it already has one: REPLACES_UNKNOWN, REPLACES_TWICE; in a job that has an RMK
 * every row must name one. Uses the job's arena. What is taken twice by the same card is fine.
 */
enum perso_result perso_ingest_take_replaced(struct perso_job *job, const struct perso_card *cards,
                                             size_t n, struct perso_verdict *verdicts,
                                             struct perso_error *err);
/** True where rows of this job may, or must, name a card to be replaced. */
enum perso_result perso_ingest_checks_replaced(struct perso_job *job, bool *must,
                                               struct perso_error *err);

/** The card that an application record names in `replaces`; "" where none or not of its form. Uses
 * the job's arena. */
enum perso_result perso_ingest_replaced(struct perso_job *job, int64_t application,
                                        char out[PERSO_CARD_ID_CHARS + 1], struct perso_error *err);

#endif
