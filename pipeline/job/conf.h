/* persoline.conf of a site, job.conf of a job. */
#ifndef PIPELINE_CONF_H
#define PIPELINE_CONF_H

#include <stdbool.h>

#include "perso/limits.h"
#include "perso/result.h"

#define PERSO_PATH_BYTES 1024u

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

enum perso_result perso_conf_read(const char *path, struct perso_conf *ret,
                                  struct perso_error *err);
/** Commented text with every key; name is the site's. malloc; the caller frees. */
enum perso_result perso_conf_text(const char *site_name, char **ret, struct perso_error *err);

enum perso_result perso_job_conf_read(const char *path, struct perso_job_conf *ret,
                                      struct perso_error *err);
enum perso_result perso_job_conf_text(const struct perso_job_conf *conf, char **ret,
                                      struct perso_error *err);

bool perso_conf_yes(const char *value);

#endif
