#include "pipeline/job/site_keys.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "pipeline/job/path.h"
#include "pipeline/store/durable.h"

#define CERTIFICATES_BYTES_MAX 65536u

enum perso_result
perso_site_new_key(struct perso_site *site, uint8_t wrapped[PERSO_WRAPPED_BYTES], size_t *n,
                   struct perso_error *err)
{
    uint8_t key[PERSO_SITE_KEY_BYTES], *pem = NULL;
    struct perso_peer self;
    char path[PERSO_PATH_BYTES];
    size_t pem_n = 0;
    enum perso_result rc;

    if ((rc = perso_site_secrets(site, err)) != PERSO_OK ||
        (rc = perso_path_join(site->folder, "site.cer", path, sizeof path, err)) != PERSO_OK ||
        (rc = perso_file_read(path, CERTIFICATES_BYTES_MAX, &pem, &pem_n, err)) != PERSO_OK ||
        (rc = perso_peer_read(site->conf.site_name, perso_cursor_of(pem, pem_n), &self, err)) !=
            PERSO_OK ||
        (rc = site->secrets.random(site->secrets.self, key, sizeof key, err)) != PERSO_OK)
        goto out;
    rc = perso_wrap_key(self.sealing_key, key, wrapped, n, err);
out:
    OPENSSL_cleanse(key, sizeof key);
    free(pem);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

/* One of the site's keys; job NULL: that of MACs. */
static enum perso_result
get(const struct perso_site_store *store, const char *job, uint8_t wrapped[PERSO_WRAPPED_BYTES],
    size_t *n, struct perso_error *err)
{
    return job != NULL ? store->cupboard_key_get(store->self, job, wrapped, n, err)
                       : store->mac_key_get(store->self, wrapped, n, err);
}

static enum perso_result
site_key(struct perso_site *site, const char *job, uint8_t key[PERSO_SITE_KEY_BYTES],
         struct perso_error *err)
{
    const struct perso_site_store *store = &site->store;
    uint8_t wrapped[PERSO_WRAPPED_BYTES];
    size_t n = 0;
    enum perso_result rc;

    if ((rc = perso_site_secrets(site, err)) != PERSO_OK)
        return rc;
    if ((rc = get(store, job, wrapped, &n, err)) == PERSO_END &&
        (rc = perso_site_new_key(site, wrapped, &n, err)) == PERSO_OK) {
        rc = job != NULL ? store->cupboard_key_set(store->self, job, wrapped, n, err)
                         : store->mac_key_set(store->self, wrapped, n, err);
        if (rc == PERSO_END) /* another job was faster: its key is the one */
            rc = get(store, job, wrapped, &n, err);
    }
    if (rc == PERSO_OK)
        rc = site->secrets.unwrap(site->secrets.self, perso_cursor_of(wrapped, n), key, err);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

enum perso_result
perso_site_mac_key(struct perso_site *site, uint8_t key[PERSO_SITE_KEY_BYTES],
                   struct perso_error *err)
{
    return site_key(site, NULL, key, err);
}

enum perso_result
perso_site_cupboard_key(struct perso_site *site, const char *job, uint8_t key[PERSO_SITE_KEY_BYTES],
                        struct perso_error *err)
{
    return site_key(site, job, key, err);
}
