/*
 * Who vouches for a loose return. Certificates need nobody: match judges their chain. Secrets do:
 * whoever can put a file into in/ra would set PINs and master keys else.
 */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "perso/text.h"
#include "pipeline/drive/gather.h"

/* NAME.sig or NAME.wrap, where it is there. */
static enum perso_result
read_side(const struct perso_gathering *g, const char *end, size_t max, uint8_t *out, size_t *n,
          struct perso_error *err)
{
    char side[PERSO_PATH_BYTES];
    uint8_t *bytes = NULL;
    enum perso_result rc;

    *n = 0;
    if (snprintf(side, sizeof side, "%s%s", g->in.path, end) >= (int)sizeof side)
        return perso_error_set(err, PERSO_REJ_FILE_OPEN, "", "path too long");
    if (access(side, F_OK) != 0)
        return PERSO_END;
    if ((rc = perso_file_read(side, max, &bytes, n, err)) == PERSO_OK && *n > 0)
        memcpy(out, bytes, *n);
    free(bytes);
    return rc;
}

static enum perso_result
check_signature(struct perso_gathering *g, struct perso_error *err)
{
    uint8_t signature[PERSO_SIGNATURE_DER_BYTES];
    const char *ra = g->c.job->conf.ra;
    struct perso_peer peer;
    size_t n = 0;
    enum perso_result rc = read_side(g, ".sig", sizeof signature, signature, &n, err);

    if (rc != PERSO_OK)
        return rc == PERSO_END ? PERSO_OK : rc;
    if (!perso_site_knows_peer(&g->c.job->site, ra))
        return perso_error_set(err, PERSO_REJ_PACKAGE_SIGNER, "", "no certificate of %s", ra);
    if ((rc = perso_site_peer(&g->c.job->site, ra, &peer, err)) == PERSO_OK)
        rc = perso_loose_signed(&g->in, &peer, perso_cursor_of(signature, n), err);
    g->is_signed = rc == PERSO_OK;
    if (rc == PERSO_REJECT && g->in.form == PERSO_LOOSE_ARCHIVE)
        g->hint = N_("the signature of a package is over manifest.json, which is its first member; "
                     "this archive does not begin with it");
    return rc;
}

static enum perso_result
open_seal(struct perso_gathering *g, struct perso_error *err)
{
    uint8_t wrapped[PERSO_WRAPPED_BYTES], key[PERSO_SEAL_KEY_BYTES];
    struct perso_site *site = &g->c.job->site;
    size_t n = 0;
    enum perso_result rc = read_side(g, ".wrap", sizeof wrapped, wrapped, &n, err);

    if (rc != PERSO_OK)
        return rc == PERSO_END ? PERSO_OK : rc;
    if ((rc = perso_site_secrets(site, err)) == PERSO_OK &&
        (rc = site->secrets.unwrap(site->secrets.self, perso_cursor_of(wrapped, n), key, err)) ==
            PERSO_OK)
        rc = perso_seal_new(key, &g->c.rules.from, err);
    OPENSSL_cleanse(key, sizeof key);
    return rc;
}

static enum perso_result
check_trust(struct perso_gathering *g, struct perso_error *err)
{
    struct perso_error none = { 0 };
    struct perso_trust *trust = NULL;
    size_t left_out = 0;
    enum perso_result rc = perso_site_trust(&g->c.job->site, &trust, &left_out, &none);

    perso_trust_free(trust);
    if (rc == PERSO_END) {
        g->hint = N_("put the root and issuing certificates of your RA into trust of the site");
        return perso_error_set(err, PERSO_REJ_PACKAGE_SIGNER, "",
                               "trust is empty: nothing vouches for its certificates");
    }
    if (rc != PERSO_OK)
        *err = none;
    return rc;
}

enum perso_result
perso_gather_vouched(struct perso_gathering *g, struct perso_error *err)
{
    enum perso_result rc = check_trust(g, err);

    if (rc == PERSO_OK && (rc = check_signature(g, err)) == PERSO_OK &&
        g->of_ra.secrets == PERSO_SECRETS_WRAPPED)
        rc = open_seal(g, err);
    if (rc == PERSO_OK && g->of_ra.secrets == PERSO_SECRETS_SM2 &&
        (rc = perso_site_secrets(&g->c.job->site, err)) == PERSO_OK)
        g->c.rules.keys = &g->c.job->site.secrets;
    if (rc == PERSO_REJECT)
        perso_error_at(err, g->in.display, 0, 0);
    return rc;
}

enum perso_result
perso_gather_secrets(struct perso_gathering *g, struct perso_error *err)
{
    g->has_secrets = true;
    if (g->of_ra.secrets == PERSO_SECRETS_WRAPPED && g->c.rules.from == NULL) {
        g->hint =
            N_("profile: [return] secrets says in which form the RA sends them; wrapped wants "
               "NAME.wrap beside the return");
        return perso_error_set(err, PERSO_REJ_PACKAGE_WRAP, "", "secrets, and no .wrap beside it");
    }
    if (!g->is_signed && !g->of_ra.unsigned_secrets) {
        g->hint = N_("let the RA sign it (NAME.sig beside the return), or decide that nobody else "
                     "can put files there: profile, [return] unsigned = yes");
        return perso_error_set(err, PERSO_REJ_PACKAGE_SIGNER, "", "secrets, and no .sig beside it");
    }
    return PERSO_OK;
}
