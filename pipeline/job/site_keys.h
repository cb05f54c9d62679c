/* Keys that a site makes at first need and keeps wrapped to its own sealing key. */
#ifndef PIPELINE_SITE_KEYS_H
#define PIPELINE_SITE_KEYS_H

#include "pipeline/job/site.h"

#define PERSO_SITE_KEY_BYTES 32u

/** A new random key, SM2-wrapped to the site's sealing key. */
enum perso_result perso_site_new_key(struct perso_site *site, uint8_t wrapped[PERSO_WRAPPED_BYTES],
                                     size_t *n, struct perso_error *err);
/** The key of keyed MACs; the caller wipes it. */
enum perso_result perso_site_mac_key(struct perso_site *site, uint8_t key[PERSO_SITE_KEY_BYTES],
                                     struct perso_error *err);

#endif
