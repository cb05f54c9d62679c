/*
 * Index of a job's cards by texts of their application data: the pair AAC002 + AAZ500, for issuance
 * data that carry no AAZ501 (CONTRACTS 2); card number or SSN, for what an RA returns. In memory,
 * 16 bytes a text: 160 MB for each text of the largest job; made only where something asks for it.
 */
#ifndef PIPELINE_CARD_INDEX_H
#define PIPELINE_CARD_INDEX_H

#include "perso/record.h"
#include "pipeline/job/job.h"

#define PERSO_INDEX_TEXTS 2u /* of one card, at most */
#define PERSO_INDEX_CHARS (PERSO_SSN_CHARS + PERSO_CARD_NO_CHARS + 2u)

/* What a card is found by; the number of texts, 0: it is not found. row: its application data, in
 * the columns of issuance data, read without judging. */
typedef size_t perso_card_texts(const struct perso_card *card, const struct perso_issuance *row,
                                char texts[PERSO_INDEX_TEXTS][PERSO_INDEX_CHARS + 1]);

struct perso_card_index;

/** Over all cards of the job in these states. */
enum perso_result perso_card_index_new(struct perso_job *job, uint32_t states,
                                       perso_card_texts *texts_of, struct perso_card_index **ret,
                                       struct perso_error *err);
/** Cards with this text, at most max; *n tells how many. Some may only hash alike: the stage
 *  compares the values. */
enum perso_result perso_card_index_find(const struct perso_card_index *index, const char *text,
                                        int64_t *seqs, size_t max, size_t *n,
                                        struct perso_error *err);
void perso_card_index_free(struct perso_card_index *index);

#endif
