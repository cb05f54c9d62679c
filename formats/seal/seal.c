#include "formats/seal/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "formats/sm2/sm3.h"

#define TAG_BYTES 16u
#define SM4_KEY_BYTES 16u
#define SEALED_BYTES_MAX (PERSO_SEALED_CHARS / 4 * 3)

struct perso_seal {
    EVP_CIPHER_CTX *ctr; /* SM4-CTR under k2; a field only sets the IV, nothing is fetched */
    uint8_t k1[PERSO_SM3_BYTES];
};

static bool
derive(const uint8_t key[PERSO_SEAL_KEY_BYTES], const char *label, uint8_t out[PERSO_SM3_BYTES])
{
    struct perso_cursor part = perso_cursor_of(label, strlen(label));
    return perso_hmac_sm3(key, PERSO_SEAL_KEY_BYTES, &part, 1, out);
}

static bool
keys_set(struct perso_seal *seal, const uint8_t file_key[PERSO_SEAL_KEY_BYTES])
{
    uint8_t k2[PERSO_SM3_BYTES];
    bool ok = derive(file_key, "persoline mac", seal->k1) &&
              derive(file_key, "persoline enc", k2) &&
              EVP_EncryptInit_ex(seal->ctr, EVP_sm4_ctr(), NULL, k2, NULL) == 1;
    OPENSSL_cleanse(k2, sizeof k2);
    return ok;
}

enum perso_result
perso_seal_new(const uint8_t file_key[PERSO_SEAL_KEY_BYTES], struct perso_seal **ret,
               struct perso_error *err)
{
    struct perso_seal *seal = calloc(1, sizeof *seal);

    if (seal == NULL)
        return perso_error_errno(err, "seal");
    if ((seal->ctr = EVP_CIPHER_CTX_new()) == NULL || !keys_set(seal, file_key)) {
        perso_seal_free(seal);
        return perso_error_openssl(err, "seal");
    }
    *ret = seal;
    return PERSO_OK;
}

void
perso_seal_free(struct perso_seal *seal)
{
    if (seal == NULL)
        return;
    EVP_CIPHER_CTX_free(seal->ctr); /* wipes its key */
    OPENSSL_cleanse(seal, sizeof *seal);
    free(seal);
}

/* The parts of the tag carry no lengths. Both kinds of id have 32 digits and no column's code
 * begins another secret column's, so the concatenation is still one-to-one while this holds. */
static bool
id_is_whole(const char *id)
{
    return strlen(id) == PERSO_CARD_ID_CHARS;
}

static bool
make_tag(const struct perso_seal *seal, const char *id, const char *purpose, uint32_t sequence,
         struct perso_cursor plain, uint8_t tag[PERSO_SM3_BYTES])
{
    const uint8_t number[4] = { (uint8_t)(sequence >> 24), (uint8_t)(sequence >> 16),
                                (uint8_t)(sequence >> 8), (uint8_t)sequence };
    const struct perso_cursor parts[] = {
        perso_cursor_of(id, strlen(id)),
        perso_cursor_of(purpose, strlen(purpose)),
        perso_cursor_of(number, sizeof number),
        plain,
    };
    return perso_hmac_sm3(seal->k1, sizeof seal->k1, parts, sizeof parts / sizeof parts[0], tag);
}

/* CTR: the same operation both ways. */
static bool
crypt(struct perso_seal *seal, const uint8_t iv[TAG_BYTES], const uint8_t *in, size_t n,
      uint8_t *out)
{
    int made = 0;
    return EVP_EncryptInit_ex(seal->ctr, NULL, NULL, NULL, iv) == 1 &&
           (n == 0 || EVP_EncryptUpdate(seal->ctr, out, &made, in, (int)n) == 1) &&
           (size_t)made == n;
}

enum perso_result
perso_seal_field(struct perso_seal *seal, const char *id, const char *purpose, uint32_t sequence,
                 struct perso_cursor plain, char out[PERSO_SEALED_CHARS + 1],
                 struct perso_error *err)
{
    uint8_t tag[PERSO_SM3_BYTES], sealed[TAG_BYTES + PERSO_SEALED_PLAIN_MAX];
    size_t n = perso_left(&plain);

    if (!id_is_whole(id))
        return perso_error_set(err, PERSO_REJ_SECRET_SEAL, purpose, "id has not %u characters",
                               PERSO_CARD_ID_CHARS);
    if (n > PERSO_SEALED_PLAIN_MAX)
        return perso_error_set(err, PERSO_REJ_SECRET_SEAL, purpose, "have %zu bytes, at most %u", n,
                               PERSO_SEALED_PLAIN_MAX);
    bool ok = make_tag(seal, id, purpose, sequence, plain, tag) &&
              crypt(seal, tag, plain.at, n, sealed + TAG_BYTES);
    if (ok) {
        memcpy(sealed, tag, TAG_BYTES);
        perso_base64_encode(sealed, TAG_BYTES + n, out);
    }
    OPENSSL_cleanse(tag, sizeof tag); /* its second half is nobody's business */
    return ok ? PERSO_OK : perso_error_openssl(err, "seal");
}

static enum perso_result
open_bytes(struct perso_seal *seal, const char *id, const char *purpose, uint32_t sequence,
           const uint8_t *sealed, size_t n, uint8_t *plain, struct perso_error *err)
{
    uint8_t tag[PERSO_SM3_BYTES];
    bool ok = crypt(seal, sealed, sealed + TAG_BYTES, n, plain) &&
              make_tag(seal, id, purpose, sequence, perso_cursor_of(plain, n), tag);
    bool same = ok && CRYPTO_memcmp(tag, sealed, TAG_BYTES) == 0;

    OPENSSL_cleanse(tag, sizeof tag);
    if (!same)
        OPENSSL_cleanse(plain, n);
    if (!ok)
        return perso_error_openssl(err, "seal");
    return same ? PERSO_OK : perso_error_set(err, PERSO_REJ_SECRET_SEAL, purpose, "%s", "");
}

enum perso_result
perso_seal_open(struct perso_seal *seal, const char *id, const char *purpose, uint32_t sequence,
                struct perso_text sealed, uint8_t plain[PERSO_SEALED_PLAIN_MAX], size_t *n,
                struct perso_error *err)
{
    uint8_t bytes[SEALED_BYTES_MAX];
    size_t have = 0;

    if (!id_is_whole(id) || sealed.bytes > PERSO_SEALED_CHARS ||
        !perso_base64_decode(sealed.at, sealed.bytes, bytes, &have) || have < TAG_BYTES ||
        have > TAG_BYTES + PERSO_SEALED_PLAIN_MAX)
        return perso_error_set(err, PERSO_REJ_SECRET_SEAL, purpose, "not a sealed field");
    enum perso_result rc =
        open_bytes(seal, id, purpose, sequence, bytes, have - TAG_BYTES, plain, err);
    if (rc == PERSO_OK)
        *n = have - TAG_BYTES;
    return rc;
}

bool
perso_file_key(const uint8_t job_key[PERSO_SEAL_KEY_BYTES], const char *file_name,
               uint8_t out[PERSO_SEAL_KEY_BYTES])
{
    return derive(job_key, file_name, out);
}
