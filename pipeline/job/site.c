#include "pipeline/job/site.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/base/encode.h"
#include "formats/seal/soft_keys.h"
#include "pipeline/job/path.h"
#include "pipeline/job/profile.h"
#include "pipeline/store/durable.h"
#include "pipeline/store/stream.h"

#define PEM_BYTES_MAX 65536u /* a peer's file */
#define PASSWORD_BYTES_MAX 256u
#define CONF_NAME "persoline.conf"

static enum perso_result
at(const struct perso_site *site, const char *name, char out[PERSO_PATH_BYTES],
   struct perso_error *err)
{
    return perso_path_join(site->folder, name, out, PERSO_PATH_BYTES, err);
}

/* ---- init ---- */

static enum perso_result
make_password(const char *keys, char password[65], struct perso_error *err)
{
    uint8_t random[32];

    if (RAND_bytes(random, sizeof random) != 1)
        return perso_error_openssl(err, "random password");
    perso_hex_lower(random, sizeof random, password);
    OPENSSL_cleanse(random, sizeof random);
    return perso_durable_write(keys, "password", password, 64, err);
}

static enum perso_result
make_key(const char *keys, const char *site_name, bool seals, const char *password, FILE *certs,
         struct perso_error *err)
{
    char *key = NULL, *cert = NULL;
    size_t key_n = 0, cert_n = 0;
    enum perso_result rc =
        perso_soft_key_make(site_name, seals, password, &key, &key_n, &cert, &cert_n, err);

    if (rc == PERSO_OK)
        rc = perso_durable_write(keys, seals ? "sealing.key" : "sender.key", key, key_n, err);
    if (rc == PERSO_OK && fwrite(cert, 1, cert_n, certs) != cert_n)
        rc = perso_error_errno(err, "certificate");
    if (key != NULL)
        OPENSSL_cleanse(key, key_n);
    free(key);
    free(cert);
    return rc;
}

static enum perso_result
make_keys(const char *folder, const char *site_name, struct perso_error *err)
{
    char keys[PERSO_PATH_BYTES], password[65];
    char *certs = NULL;
    size_t certs_n = 0;
    struct perso_stream stream;
    enum perso_result rc = perso_stream_open(&stream, err);
    FILE *out = stream.out;

    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_path_join(folder, "keys", keys, sizeof keys, err)) == PERSO_OK &&
        (rc = make_password(keys, password, err)) == PERSO_OK &&
        (rc = make_key(keys, site_name, false, password, out, err)) == PERSO_OK)
        rc = make_key(keys, site_name, true, password, out, err);
    rc = perso_stream_close(&stream, rc, &certs, &certs_n, err);
    if (rc == PERSO_OK)
        rc = perso_durable_write(folder, "site.cer", certs, certs_n, err);
    OPENSSL_cleanse(password, sizeof password);
    free(certs);
    return rc;
}

static enum perso_result
make_profile(const char *folder, const char *name, struct perso_error *err)
{
    char file[PERSO_PATH_BYTES], *text = NULL;
    enum perso_result rc = perso_profile_text(name, &text, err);

    snprintf(file, sizeof file, "%s.conf", name);
    if (rc == PERSO_OK)
        rc = perso_durable_write(folder, file, text, strlen(text), err);
    free(text);
    return rc;
}

static enum perso_result
make_conf(const char *folder, const char *name, struct perso_error *err)
{
    char path[PERSO_PATH_BYTES], *text = NULL;
    enum perso_result rc = perso_path_join(folder, "profiles", path, sizeof path, err);

    for (size_t i = 0; rc == PERSO_OK && perso_profile_shipped(i) != NULL; i++)
        rc = make_profile(path, perso_profile_shipped(i), err);
    if (rc == PERSO_OK && (rc = perso_conf_text(name, &text, err)) == PERSO_OK)
        rc = perso_durable_write(folder, CONF_NAME, text, strlen(text), err);
    free(text);
    return rc;
}

enum perso_result
perso_site_init(const char *folder, const char *name, struct perso_error *err)
{
    static const char *const folders[] = { "", "keys", "peers", "trust", "profiles" };
    char path[PERSO_PATH_BYTES];
    enum perso_result rc;

    if ((rc = perso_path_join(folder, CONF_NAME, path, sizeof path, err)) != PERSO_OK)
        return rc;
    if (access(path, F_OK) == 0)
        return perso_error_set(err, PERSO_REJ_NONE, "", "%s is a site already", folder);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if ((rc = perso_path_join(folder, folders[i], path, sizeof path, err)) != PERSO_OK ||
            (rc = perso_durable_folder(path, err)) != PERSO_OK)
            return rc;
    if ((rc = make_keys(folder, name, err)) != PERSO_OK ||
        (rc = perso_path_join(folder, "site.db", path, sizeof path, err)) != PERSO_OK)
        return rc;
    unlink(path); /* of an init that was cut off before its configuration was there */
    if ((rc = perso_site_db_create(path, err)) != PERSO_OK)
        return rc;
    return make_conf(folder, name, err); /* last: a folder with it is a whole site */
}

/* ---- open ---- */

static enum perso_result
find_upwards(const char *start, char out[PERSO_PATH_BYTES], struct perso_error *err)
{
    char folder[PATH_MAX];

    /* The job may not be there yet (init): then its parent is looked at. */
    if (realpath(start, folder) == NULL) {
        char parent[PERSO_PATH_BYTES];
        snprintf(parent, sizeof parent, "%s", start);
        char *slash = strrchr(parent, '/');
        if (slash == NULL)
            strcpy(parent, ".");
        else
            *(slash == parent ? slash + 1 : slash) = '\0';
        if (realpath(parent, folder) == NULL)
            return perso_error_errno(err, start);
    }
    for (;;) {
        if (perso_path_join(folder, CONF_NAME, out, PERSO_PATH_BYTES, err) == PERSO_OK &&
            access(out, R_OK) == 0)
            return PERSO_OK;
        char *slash = strrchr(folder, '/');
        if (slash == NULL || slash == folder)
            break;
        *slash = '\0';
    }
    strcpy(out, "/etc/persoline/persoline.conf");
    if (access(out, R_OK) == 0)
        return PERSO_OK;
    return perso_error_set(err, PERSO_REJ_NONE, "",
                           "no persoline.conf in %s or a folder above it; see persoline site init",
                           start);
}

enum perso_result
perso_site_find(const char *conf, const char *start, char out[PERSO_PATH_BYTES],
                struct perso_error *err)
{
    const char *given = conf[0] != '\0' ? conf : getenv("PERSOLINE_CONF");

    if (given == NULL || given[0] == '\0')
        return find_upwards(start, out, err);
    return perso_path_join(".", given, out, PERSO_PATH_BYTES, err);
}

enum perso_result
perso_site_open(const char *conf_path, bool dry, struct perso_site *ret, struct perso_error *err)
{
    char path[PERSO_PATH_BYTES];
    enum perso_result rc;

    *ret = (struct perso_site) { 0 };
    snprintf(ret->folder, sizeof ret->folder, "%s", conf_path);
    char *slash = strrchr(ret->folder, '/');
    if (slash != NULL)
        *slash = '\0';
    else
        strcpy(ret->folder, ".");
    if ((rc = perso_conf_read(conf_path, &ret->conf, err)) != PERSO_OK ||
        (rc = at(ret, ret->conf.store, path, err)) != PERSO_OK ||
        (rc = perso_site_db_open(path, dry, &ret->db, err)) != PERSO_OK)
        return rc;
    ret->store = perso_site_db_store(ret->db);
    return PERSO_OK;
}

void
perso_site_close(struct perso_site *site)
{
    if (site->has_secrets)
        site->secrets.free(site->secrets.self);
    perso_site_db_close(site->db);
    *site = (struct perso_site) { 0 };
}

static enum perso_result
read_at(const struct perso_site *site, const char *name, size_t max, uint8_t **ret, size_t *n,
        struct perso_error *err)
{
    char path[PERSO_PATH_BYTES];
    enum perso_result rc = at(site, name, path, err);
    return rc != PERSO_OK ? rc : perso_file_read(path, max, ret, n, err);
}

static void
wipe(uint8_t *bytes, size_t n)
{
    if (bytes != NULL)
        OPENSSL_cleanse(bytes, n);
    free(bytes);
}

enum perso_result
perso_site_secrets(struct perso_site *site, struct perso_error *err)
{
    uint8_t *sender = NULL, *sealing = NULL, *file = NULL;
    size_t sender_n = 0, sealing_n = 0, file_n = 0;
    char password[PASSWORD_BYTES_MAX + 1] = "";
    enum perso_result rc;

    if (site->has_secrets)
        return PERSO_OK;
    if ((rc = read_at(site, site->conf.sender_key, PEM_BYTES_MAX, &sender, &sender_n, err)) !=
            PERSO_OK ||
        (rc = read_at(site, site->conf.sealing_key, PEM_BYTES_MAX, &sealing, &sealing_n, err)) !=
            PERSO_OK ||
        (rc = read_at(site, site->conf.password_file, PASSWORD_BYTES_MAX, &file, &file_n, err)) !=
            PERSO_OK)
        goto out;
    memcpy(password, file, file_n);
    password[strcspn(password, "\r\n")] = '\0';
    rc = perso_soft_keys_open(perso_cursor_of(sender, sender_n),
                              perso_cursor_of(sealing, sealing_n), password, &site->secrets, err);
    site->has_secrets = rc == PERSO_OK;
out:
    OPENSSL_cleanse(password, sizeof password);
    wipe(sender, sender_n);
    wipe(sealing, sealing_n);
    wipe(file, file_n);
    return rc;
}

bool
perso_site_knows_peer(const struct perso_site *site, const char *name)
{
    char relative[PERSO_PATH_BYTES], path[PERSO_PATH_BYTES];
    struct perso_error ignored = { 0 };

    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
        return false;
    snprintf(relative, sizeof relative, "%s/%s.cer", site->conf.peers, name);
    return at(site, relative, path, &ignored) == PERSO_OK && access(path, F_OK) == 0;
}

enum perso_result
perso_site_peer(const struct perso_site *site, const char *name, struct perso_peer *ret,
                struct perso_error *err)
{
    char relative[PERSO_PATH_BYTES], path[PERSO_PATH_BYTES];
    uint8_t *bytes = NULL;
    size_t n = 0;
    enum perso_result rc;

    snprintf(relative, sizeof relative, "%s/%s.cer", site->conf.peers, name);
    if (at(site, relative, path, err) == PERSO_OK && access(path, F_OK) != 0)
        return perso_error_set(err, PERSO_REJ_NONE, "",
                               "no certificate of %s: put the file that it gave you at %s", name,
                               path);
    if ((rc = read_at(site, relative, PEM_BYTES_MAX, &bytes, &n, err)) == PERSO_OK)
        rc = perso_peer_read(name, perso_cursor_of(bytes, n), ret, err);
    if (rc != PERSO_OK)
        perso_error_at(err, relative, 0, 0);
    free(bytes);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

enum perso_result
perso_site_self(const struct perso_site *site, struct perso_peer *ret, struct perso_error *err)
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    enum perso_result rc = read_at(site, "site.cer", PEM_BYTES_MAX, &bytes, &n, err);

    if (rc == PERSO_OK)
        rc = perso_peer_read(site->conf.site_name, perso_cursor_of(bytes, n), ret, err);
    free(bytes);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}
