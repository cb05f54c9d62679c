/* Profiles: layouts of text tables and the rules of judging that differ between provinces. */
#ifndef PIPELINE_PROFILE_H
#define PIPELINE_PROFILE_H

#include <stddef.h>

#include "formats/text/table.h"
#include "perso/result.h"
#include "pipeline/job/ini.h"

#define PERSO_ALIASES_MAX 64u

/* One layout of text tables. */
struct perso_table_profile {
    char encoding[16], delimiter[8], quotes[8], quoted_newlines[8], row_count[16];
};

/* Archives of others, and what is taken of them at most. */
struct perso_archive_profile {
    char passphrase_file[256]; /* relative to persoline.conf; "": asked for at the terminal */
    char names[16];            /* either, utf-8, gbk, gb18030 */
    uint32_t members, member_mib, total_mib, ratio;
};

struct perso_profile {
    struct perso_table_profile application, issuance, result;
    char form[8], subject[256], tolerate[64]; /* of applications and their requests */
    struct perso_table_profile returned; /* [return]; no row_count: what is missing stays open */
    char success[64], items[64], secrets[8], unsigned_secrets[8];
    char card_no_check[16], subject_check[8], subject_name[8], subject_number[8];
    char folds[64], batch_check[8];
    char on_mismatch[8];                   /* card, batch */
    char ssse_keys[256], keys_at_issue[8]; /* of the second pass, modes 2 and 4 */
    char card_status[64], person_status[64];
    char certificate_name[8], certificate_number[8];
    char opaque_envelope[8];                         /* hold, carry */
    char machine_encoding[16], machine_envelope[16]; /* skf, asn1, as-received */
    struct perso_archive_profile archive;
    struct perso_alias aliases[PERSO_ALIASES_MAX];
    size_t n_aliases;
};

/** FOLDER/NAME.conf, or the shipped profile of that name where there is no such file. */
enum perso_result perso_profile_read(const char *folder, const char *name,
                                     struct perso_profile *ret, struct perso_error *err);
/** A profile's file by its path. */
enum perso_result perso_profile_read_file(const char *path, struct perso_profile *ret,
                                          struct perso_error *err);

/** Names of the shipped profiles, from 0, "default" first; NULL after the last. */
const char *perso_profile_shipped(size_t i);
/** A shipped profile; PERSO_END where there is none of that name. */
enum perso_result perso_profile_make(const char *name, struct perso_profile *ret,
                                     struct perso_error *err);
/** A shipped profile as commented text (malloc; the caller frees). */
enum perso_result perso_profile_text(const char *name, char **ret, struct perso_error *err);

/** The rows of the table of keys, to be shown. */
const struct perso_ini_key *perso_profile_keys(size_t *n);

/** Table options of a layout; encoding ("" : the profile's) comes from a manifest or the operator.
 */
enum perso_result perso_profile_table(const struct perso_profile *profile,
                                      const struct perso_table_profile *table, const char *encoding,
                                      const char *file, struct perso_table_options *ret,
                                      struct perso_error *err);

#endif
