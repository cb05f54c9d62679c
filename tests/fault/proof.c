/* SM2 is randomised: signatures are verified and wrapped keys opened, not compared (CONTRACTS 5).
 */
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sweep.h"

#define SIGNER_ID "1234567812345678" /* GM/T 0009 */

void
proof_signers_read(struct sweep *s, const char *path)
{
    FILE *file = fopen(path, "re");
    X509 *certificate;

    if (file == NULL)
        sweep_fail("%s: cannot be opened", path);
    while ((certificate = PEM_read_X509(file, NULL, NULL, NULL)) != NULL) {
        if (s->n_signers == KEYS_MAX)
            sweep_fail("too many signers");
        s->signers[s->n_signers++] = X509_get_pubkey(certificate);
        X509_free(certificate);
    }
    fclose(file);
}

void
proof_opener_read(struct sweep *s, const char *path)
{
    char key_path[PATH_MAX];
    uint8_t *password = NULL;
    size_t n = 0;
    const char *colon = strchr(path, ':');

    snprintf(key_path, sizeof key_path, "%.*s",
             colon != NULL ? (int)(colon - path) : (int)strlen(path), path);
    if (colon != NULL && (password = file_read(colon + 1, &n)) == NULL)
        sweep_fail("%s: not there", colon + 1);
    FILE *file = fopen(key_path, "re");
    if (file == NULL || s->n_openers == KEYS_MAX)
        sweep_fail("%s: cannot be opened", key_path);
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, password);
    if (key == NULL)
        sweep_fail("%s: no private key", key_path);
    s->openers[s->n_openers++] = key;
    fclose(file);
    free(password);
}

/* ---- signatures ---- */

static uint32_t
u32le(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The first member of a stored zip is its manifest. */
static bool
manifest_of(const struct tree_file *zip, const uint8_t **message, size_t *n)
{
    static const char name[] = "manifest.json";
    const size_t head = 30, name_n = sizeof name - 1;

    if (zip->n < head + name_n || memcmp(zip->bytes, "PK\3\4", 4) != 0 ||
        memcmp(zip->bytes + head, name, name_n) != 0)
        return false;
    *n = u32le(zip->bytes + 18);
    *message = zip->bytes + head + name_n + (zip->bytes[28] | zip->bytes[29] << 8);
    return (size_t)(*message - zip->bytes) + *n <= zip->n;
}

/* A package is signed by its manifest, a table by its side manifest, an acknowledgement as it is.
 */
static bool
message_of(const struct tree *tree, const char *signature, const uint8_t **message, size_t *n)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%.*s", (int)(strlen(signature) - strlen(".sig")), signature);
    const struct tree_file *file = tree_find(tree, path);
    if (file != NULL && ends_with(path, ".zip"))
        return manifest_of(file, message, n);
    if (file != NULL && !ends_with(path, ".json")) {
        strncat(path, ".manifest.json", sizeof path - strlen(path) - 1);
        file = tree_find(tree, path);
    }
    if (file == NULL)
        return false;
    *message = file->bytes;
    *n = file->n;
    return true;
}

static bool
verifies(EVP_PKEY *key, const struct tree_file *signature, const uint8_t *message, size_t n)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *with = EVP_PKEY_CTX_new(key, NULL);
    bool ok = context != NULL && with != NULL &&
              EVP_PKEY_CTX_set1_id(with, SIGNER_ID, strlen(SIGNER_ID)) == 1;

    if (ok) {
        EVP_MD_CTX_set_pkey_ctx(context, with);
        ok = EVP_DigestVerifyInit(context, NULL, EVP_sm3(), NULL, key) == 1 &&
             EVP_DigestVerify(context, signature->bytes, signature->n, message, n) == 1;
    }
    EVP_MD_CTX_free(context);
    EVP_PKEY_CTX_free(with);
    return ok;
}

bool
proof_signature(const struct sweep *s, const struct tree *tree, const struct tree_file *signature)
{
    const uint8_t *message = NULL;
    size_t n = 0;

    if (!message_of(tree, signature->path, &message, &n))
        return false;
    for (size_t i = 0; i < s->n_signers; i++)
        if (verifies(s->signers[i], signature, message, n))
            return true;
    return false;
}

/* ---- keys ---- */

static bool
opens(EVP_PKEY *key, const struct tree_file *wrapped, uint8_t out[256], size_t *n)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);

    *n = 256;
    bool ok = context != NULL && EVP_PKEY_decrypt_init(context) == 1 &&
              EVP_PKEY_decrypt(context, out, n, wrapped->bytes, wrapped->n) == 1;
    EVP_PKEY_CTX_free(context);
    return ok;
}

bool
proof_same_key(const struct sweep *s, const struct tree_file *a, const struct tree_file *b)
{
    uint8_t one[256], other[256];
    size_t n = 0, m = 0;

    for (size_t i = 0; i < s->n_openers; i++)
        if (opens(s->openers[i], a, one, &n))
            return opens(s->openers[i], b, other, &m) && n == m && memcmp(one, other, n) == 0;
    return false;
}
