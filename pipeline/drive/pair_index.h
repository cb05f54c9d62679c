/*
 * Index of cards by the pair AAC002 + AAZ500, for issuance data that carry no AAZ501 (CONTRACTS 2).
 * In memory, 16 bytes a card: 160 MB for the largest job.
 */
#ifndef PIPELINE_PAIR_INDEX_H
#define PIPELINE_PAIR_INDEX_H

#include "pipeline/job/job.h"

struct perso_pair_index;

/** Over all cards of the job in these states. */
enum perso_result perso_pair_index_new(struct perso_job *job, uint32_t states,
                                       struct perso_pair_index **ret, struct perso_error *err);
/** Cards with this pair, at most max; *n tells how many. A pair that only hashes alike may be among
 *  them: the stage compares the values. */
void perso_pair_index_find(const struct perso_pair_index *index, const char *ssn,
                           const char *card_no, int64_t *seqs, size_t max, size_t *n);
void perso_pair_index_free(struct perso_pair_index *index);

#endif
