/* What a profile makes of a return that is no package. */
#ifndef PIPELINE_RETURN_CHECK_H
#define PIPELINE_RETURN_CHECK_H

#include "pipeline/job/job.h"
#include "pipeline/report/profile.h"

/** A folder, certificates, XML, JSON, a table with certificates; by the first member of an archive.
 *  job: of no folder, with the profile. */
bool perso_return_looks_like(const struct perso_profile *profile, const struct perso_job *job,
                             const char *path);

/**
 * Read it as collect would: its fields, its first answers masked, the RA's codes and what the
 * profile takes them for, certificates and envelopes that nobody could use. Whose they are is not
 * looked at, secrets are not opened. *held: how many would be held. PERSO_REJECT where collect
 * would refuse it, after all that was told.
 */
enum perso_result perso_return_check(struct perso_say *say, const struct perso_profile *profile,
                                     const struct perso_profile_question *question,
                                     struct perso_job *job, uint32_t *held,
                                     struct perso_error *err);

#endif
