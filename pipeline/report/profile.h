/* What a profile means: its keys, and what it makes of a file. Both change nothing. */
#ifndef PIPELINE_REPORT_PROFILE_H
#define PIPELINE_REPORT_PROFILE_H

#include "perso/result.h"
#include "pipeline/job/profile.h"
#include "pipeline/job/say.h"

/** Every key with unit, reason, value and default, and the headers of every column. */
enum perso_result perso_profile_show(struct perso_say *say, const struct perso_profile *profile,
                                     struct perso_error *err);

struct perso_profile_question {
    const char *file;
    const char *as;       /* application, issuance, result, return; "" : guessed */
    const char *encoding; /* "" : a manifest's or the profile's */
    const char *site;     /* folder that passphrase_file is relative to; "" : where we are */
};

/** "application" and its like. */
bool perso_profile_knows_table(const char *as);

/**
 * Read a file as a job with this profile would: its columns, its first rows masked, its totals,
 * what does not look as its column says, and what the rows would be held for, as far as a row tells
 * that by itself. *held: how many. PERSO_REJECT where the file would be refused, after all that was
 * told.
 */
enum perso_result perso_profile_check(struct perso_say *say, const struct perso_profile *profile,
                                      const struct perso_profile_question *question, uint32_t *held,
                                      struct perso_error *err);

#endif
