#include "pipeline/file/side.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/job/path.h"
#include "pipeline/store/durable.h"

enum perso_result
perso_side_read(const char *path, const char *ending, size_t max, uint8_t *out, size_t *n,
                struct perso_error *err)
{
    char side[PERSO_PATH_BYTES];
    uint8_t *bytes = NULL;
    enum perso_result rc;

    if (snprintf(side, sizeof side, "%s%s", path, ending) >= (int)sizeof side)
        return perso_error_set(err, PERSO_REJ_FILE_OPEN, "", "path too long");
    if (access(side, F_OK) != 0) {
        perso_error_set(err, PERSO_REJ_NONE, "", "waits for %s", perso_path_name(side));
        return PERSO_RETRY;
    }
    if ((rc = perso_file_read(side, max, &bytes, n, err)) == PERSO_OK && *n > 0)
        memcpy(out, bytes, *n);
    free(bytes);
    return rc;
}

enum perso_result
perso_side_seal(struct perso_site *site, const char *path, struct perso_seal **ret,
                struct perso_error *err)
{
    uint8_t wrapped[PERSO_WRAPPED_BYTES], key[PERSO_SEAL_KEY_BYTES];
    size_t n = 0;
    enum perso_result rc;

    if ((rc = perso_side_read(path, ".wrap", sizeof wrapped, wrapped, &n, err)) != PERSO_OK ||
        (rc = perso_site_secrets(site, err)) != PERSO_OK)
        return rc;
    if ((rc = site->secrets.unwrap(site->secrets.self, perso_cursor_of(wrapped, n), key, err)) ==
        PERSO_OK)
        rc = perso_seal_new(key, ret, err);
    OPENSSL_cleanse(key, sizeof key);
    return rc;
}

enum perso_result
perso_side_manifest_of(const char *path, struct perso_side_manifest *ret, struct perso_error *err)
{
    char side[PERSO_PATH_BYTES];
    uint8_t *bytes = NULL;
    size_t n = 0;
    enum perso_result rc;

    if (snprintf(side, sizeof side, "%s" PERSO_SIDE_MANIFEST, path) >= (int)sizeof side ||
        access(side, F_OK) != 0)
        return PERSO_OK;
    if ((rc = perso_file_read(side, PERSO_MANIFEST_BYTES, &bytes, &n, err)) == PERSO_OK)
        rc = perso_side_manifest_read(perso_cursor_of(bytes, n), ret, err);
    if (rc != PERSO_OK)
        perso_error_at(err, side, 0, 0);
    free(bytes);
    return rc;
}

enum perso_result
perso_side_manifest_fits(const struct perso_side_manifest *side, const uint8_t sm3[PERSO_SM3_BYTES],
                         struct perso_error *err)
{
    if (side->has_sm3 && memcmp(side->sm3, sm3, PERSO_SM3_BYTES) != 0)
        return perso_error_set(err, PERSO_REJ_FILE_DIGEST, "", "%s",
                               perso_reject_text(PERSO_REJ_FILE_DIGEST));
    return PERSO_OK;
}
