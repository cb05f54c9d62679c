/* A site: configuration, store of claims, keys, trusted CAs, peers (CONTRACTS 1). */
#ifndef PIPELINE_SITE_H
#define PIPELINE_SITE_H

#include "formats/pki/certificate.h"
#include "formats/seal/peer.h"
#include "pipeline/job/conf.h"
#include "pipeline/store/site_db.h"

struct perso_site {
    char folder[PERSO_PATH_BYTES]; /* where persoline.conf lies */
    struct perso_conf conf;
    struct perso_site_db *db;
    struct perso_site_store store;
    struct perso_secrets secrets;
    bool has_secrets;
};

/** Make a new site in a folder that is not there or empty. */
enum perso_result perso_site_init(const char *folder, const char *name, struct perso_error *err);

/** Find the configuration: conf ("" : not given), else $PERSOLINE_CONF, else persoline.conf in a
 *  parent folder of start, else /etc/persoline/persoline.conf. */
enum perso_result perso_site_find(const char *conf, const char *start, char out[PERSO_PATH_BYTES],
                                  struct perso_error *err);
enum perso_result perso_site_open(const char *conf_path, bool dry, struct perso_site *ret,
                                  struct perso_error *err);
void perso_site_close(struct perso_site *site);

/** Keys are opened when they are first needed. */
enum perso_result perso_site_secrets(struct perso_site *site, struct perso_error *err);
/** There is a peers/NAME.cer; the name may come from a stranger. */
bool perso_site_knows_peer(const struct perso_site *site, const char *name);
/** The peer of peers/NAME.cer. */
enum perso_result perso_site_peer(const struct perso_site *site, const char *name,
                                  struct perso_peer *ret, struct perso_error *err);
/** Our own certificates, site.cer: what is sealed to us. */
enum perso_result perso_site_self(const struct perso_site *site, struct perso_peer *ret,
                                  struct perso_error *err);

/* ---- trust/ (trust.c) ---- */

/** All CA certificates of trust/; the caller frees with perso_trust_free. *left_out: those without
 * a chain to a root. PERSO_END: trust/ is empty; *err says
 * what to do where that is not allowed. */
enum perso_result perso_site_trust(const struct perso_site *site, struct perso_trust **ret,
                                   size_t *left_out, struct perso_error *err);
/** The same as PEM, in the order of the files' names, each once; malloc, the caller frees. */
enum perso_result perso_site_chain(const struct perso_site *site, char **ret, size_t *n,
                                   struct perso_error *err);

#endif
