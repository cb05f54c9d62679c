#include "pipeline/job/site_keys.h"

#include <openssl/crypto.h>
enum perso_result
perso_site_new_key(struct perso_site *site, uint8_t wrapped[PERSO_WRAPPED_BYTES], size_t *n,
                   struct perso_error *err)
{
    uint8_t key[PERSO_SITE_KEY_BYTES];
    struct perso_peer self;
    enum perso_result rc;

    if ((rc = perso_site_secrets(site, err)) == PERSO_OK &&
        (rc = perso_site_self(site, &self, err)) == PERSO_OK &&
        (rc = site->secrets.random(site->secrets.self, key, sizeof key, err)) == PERSO_OK)
        rc = perso_wrap_key(self.sealing_key, key, wrapped, n, err);
    OPENSSL_cleanse(key, sizeof key);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

enum perso_result
perso_site_mac_key(struct perso_site *site, uint8_t key[PERSO_SITE_KEY_BYTES],
                   struct perso_error *err)
{
    const struct perso_site_store *store = &site->store;
    uint8_t wrapped[PERSO_WRAPPED_BYTES];
    size_t n = 0;
    enum perso_result rc;

    if ((rc = perso_site_secrets(site, err)) != PERSO_OK)
        return rc;
    if ((rc = store->mac_key_get(store->self, wrapped, &n, err)) == PERSO_END &&
        (rc = perso_site_new_key(site, wrapped, &n, err)) == PERSO_OK &&
        (rc = store->mac_key_set(store->self, wrapped, n, err)) == PERSO_END)
        rc = store->mac_key_get(store->self, wrapped, &n, err); /* another job was faster */
    if (rc == PERSO_OK)
        rc = site->secrets.unwrap(site->secrets.self, perso_cursor_of(wrapped, n), key, err);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}
