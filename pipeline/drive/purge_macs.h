/* Who had a card of a purged job, as the site keeps it. */
#ifndef PIPELINE_PURGE_MACS_H
#define PIPELINE_PURGE_MACS_H

#include "pipeline/job/job.h"

/** HMAC-SM3 of AAC002, letters in upper case, under the site's key, for every card with a card id;
 *  reads the payloads. Safe to repeat. */
enum perso_result perso_purge_keep_macs(struct perso_job *job, struct perso_error *err);

#endif
