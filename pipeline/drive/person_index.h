/*
 * Index of a job's cards by what an encryption certificate or a record without request names them
 * by: card number, or social security number. In memory, 32 bytes a card: 320 MB for the largest
 * job; made only where a return has such parts.
 */
#ifndef PIPELINE_PERSON_INDEX_H
#define PIPELINE_PERSON_INDEX_H

#include "pipeline/job/job.h"
#include "stages/correlate.h"

struct perso_person_index;

/** Over all cards that were asked for and are neither returned nor cancelled. */
enum perso_result perso_person_index_new(struct perso_job *job, struct perso_person_index **ret,
                                         struct perso_error *err);
/** Cards with this card number or SSN, at most max. Some may only hash alike: the stage compares.
 */
void perso_person_index_find(const struct perso_person_index *index, enum perso_named_by by,
                             const char *value, int64_t *seqs, size_t max, size_t *n);
void perso_person_index_free(struct perso_person_index *index);

#endif
