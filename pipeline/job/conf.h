/* persoline.conf of a site, job.conf of a job, profiles of layouts. */
#ifndef PIPELINE_CONF_H
#define PIPELINE_CONF_H

#include <stdbool.h>

#include "formats/text/table.h"
#include "perso/limits.h"
#include "perso/result.h"

#define PERSO_PATH_BYTES 1024u
#define PERSO_ALIASES_MAX 64u

struct perso_conf {
    char site_name[64];
    char store[256], trust[256], peers[256], profiles[256];
    char sender_key[256], sealing_key[256], password_file[256];
    uint32_t package_cards, machine_cards;
    char approval[16];
    char list_encoding[16];
};

/* What init was told; never rewritten. */
struct perso_job_conf {
    char batch[33];
    char vendor[64], division[PERSO_DIVISION_CHARS + 1];
    char role[16], finisher[16];
    char date[11];
    char profile[64], ra[64], machine[64];
    char sender[64]; /* peer whose package the job began with; "" : the first that sends one */
    char centre[64]; /* peer that finishes the cards where no vendor does */
    uint32_t mode;
};

/* One layout of text tables and the rules of judging that differ between provinces. */
struct perso_table_profile {
    char encoding[16], delimiter[8], quotes[8], quoted_newlines[8], row_count[16];
};

struct perso_profile {
    struct perso_table_profile application, issuance, result;
    char card_no_check[16], subject_check[8], subject_name[8], subject_number[8];
    char folds[64], batch_check[8];
    char on_mismatch[8];                   /* card, batch */
    char ssse_keys[256], keys_at_issue[8]; /* of the second pass, modes 2 and 4 */
    char card_status[64], person_status[64];
    char certificate_name[8], certificate_number[8];
    char machine_encoding[16];
    struct perso_alias aliases[PERSO_ALIASES_MAX];
    size_t n_aliases;
};

enum perso_result perso_conf_read(const char *path, struct perso_conf *ret,
                                  struct perso_error *err);
/** Commented text with every key; name is the site's. malloc; the caller frees. */
enum perso_result perso_conf_text(const char *site_name, char **ret, struct perso_error *err);

enum perso_result perso_job_conf_read(const char *path, struct perso_job_conf *ret,
                                      struct perso_error *err);
enum perso_result perso_job_conf_text(const struct perso_job_conf *conf, char **ret,
                                      struct perso_error *err);

/** FOLDER/NAME.conf, or the shipped profile where NAME is "default" and there is no such file. */
enum perso_result perso_profile_read(const char *folder, const char *name,
                                     struct perso_profile *ret, struct perso_error *err);
/** The shipped profile as commented text. */
enum perso_result perso_profile_text(char **ret, struct perso_error *err);

/** Table options of a layout; encoding ("" : the profile's) comes from a manifest or the operator.
 */
enum perso_result perso_profile_table(const struct perso_profile *profile,
                                      const struct perso_table_profile *table, const char *encoding,
                                      const char *file, struct perso_table_options *ret,
                                      struct perso_error *err);
bool perso_conf_yes(const char *value);

#endif
