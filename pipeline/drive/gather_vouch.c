/*
 * Who vouches for a loose return. Certificates need nobody: match judges their chain. Secrets do:
 * whoever can put a file into in/ra would set PINs and master keys else.
 */
#include "perso/text.h"
#include "pipeline/drive/gather.h"
#include "pipeline/file/side.h"

static enum perso_result
check_signature(struct perso_gathering *g, struct perso_error *err)
{
    uint8_t signature[PERSO_SIGNATURE_DER_BYTES];
    const char *ra = g->c.job->conf.ra;
    struct perso_peer peer;
    size_t n = 0;
    enum perso_result rc =
        perso_side_read(g->in.path, ".sig", sizeof signature, signature, &n, err);

    if (rc != PERSO_OK)
        return rc == PERSO_RETRY ? PERSO_OK : rc; /* nobody signed it */
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

/* It may come without: then it has no secrets that are wrapped. */
static enum perso_result
open_seal(struct perso_gathering *g, struct perso_error *err)
{
    enum perso_result rc = perso_side_seal(&g->c.job->site, g->in.path, &g->c.rules.from, err);

    return rc == PERSO_RETRY ? PERSO_OK : rc;
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
