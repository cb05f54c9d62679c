/* Archives of others, read as the profile says: limits, names, the passphrase of encrypted ones. */
#ifndef PIPELINE_ARCHIVE_IN_H
#define PIPELINE_ARCHIVE_IN_H

#include "formats/package/archive.h"
#include "pipeline/job/profile.h"

struct perso_archive_in {
    const struct perso_archive_profile *profile;
    const char *folder;            /* where persoline.conf lies; "" : where we are */
    const char *display;           /* the archive's name, for the question */
    struct perso_passphrase typed; /* at the terminal, for this archive */
    unsigned asked;
    bool (*passes)(const char *name); /* members that an earlier walk has read; NULL: none */
};

/** All are borrowed. */
void perso_archive_in_begin(struct perso_archive_in *in,
                            const struct perso_archive_profile *profile, const char *folder,
                            const char *display);
/**
 * As perso_archive_open. ARCHIVE_PASSPHRASE later, where an encrypted member is met: no
 * passphrase_file in the profile and nobody at a terminal, a file that others can read, a wrong
 * passphrase. What was typed once serves the same archive again.
 */
enum perso_result perso_archive_in_open(struct perso_archive_in *in,
                                        const struct perso_source *source,
                                        struct perso_archive **ret, struct perso_error *err);
/** Wipes what was typed. */
void perso_archive_in_end(struct perso_archive_in *in);

#endif
