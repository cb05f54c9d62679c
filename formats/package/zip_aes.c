#include "formats/package/zip_aes.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#define ROUNDS 1000
#define BLOCK_BYTES 16u
#define WINDOW_BYTES 4096u
#define KEY_BYTES_MAX 32u
#define SHA1_BYTES 20u

struct perso_zip_aes {
    EVP_CIPHER_CTX *cipher; /* of single blocks: the counter is ours */
    EVP_MAC *hmac;
    EVP_MAC_CTX *code;
    uint64_t counter; /* of the last block of key stream, from 1 */
    uint8_t stream[WINDOW_BYTES], clear[WINDOW_BYTES];
    size_t stream_at;         /* key stream that served already */
    size_t clear_at, clear_n; /* decrypted, not used yet */
};

static size_t
key_bytes(const struct perso_zip_encryption *encryption)
{
    return 8u + 8u * encryption->bits;
}

static uint16_t
take16(struct perso_cursor *c)
{
    uint16_t ret = (uint16_t)(c->at[0] | c->at[1] << 8);

    c->at += 2;
    return ret;
}

bool
perso_zip_encryption_read(struct perso_cursor field, struct perso_zip_encryption *ret)
{
    if (perso_left(&field) != 7)
        return false;
    ret->kind = take16(&field);
    bool winzip = take16(&field) == ('A' | 'E' << 8);
    ret->bits = *field.at++;
    ret->method = take16(&field);
    return winzip && (ret->kind == 1 || ret->kind == 2) && ret->bits >= 1 && ret->bits <= 3;
}

size_t
perso_zip_aes_head_bytes(const struct perso_zip_encryption *encryption)
{
    return key_bytes(encryption) / 2 + PERSO_ZIP_AES_VERIFIER_BYTES;
}

struct perso_zip_aes *
perso_zip_aes_new(void)
{
    struct perso_zip_aes *aes = calloc(1, sizeof *aes);

    if (aes != NULL && ((aes->cipher = EVP_CIPHER_CTX_new()) == NULL ||
                        (aes->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL)) == NULL ||
                        (aes->code = EVP_MAC_CTX_new(aes->hmac)) == NULL)) {
        perso_zip_aes_free(aes);
        return NULL;
    }
    return aes;
}

static bool
set_keys(struct perso_zip_aes *aes, const uint8_t *keys, size_t n)
{
    const EVP_CIPHER *const ciphers[] = { EVP_aes_128_ecb(), EVP_aes_192_ecb(), EVP_aes_256_ecb() };
    char sha1[] = "SHA1";
    const OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha1, 0),
                                  OSSL_PARAM_construct_end() };

    aes->counter = 0;
    aes->stream_at = sizeof aes->stream;
    aes->clear_at = aes->clear_n = 0;
    return EVP_EncryptInit_ex(aes->cipher, ciphers[n / 8 - 2], NULL, keys, NULL) == 1 &&
           EVP_CIPHER_CTX_set_padding(aes->cipher, 0) == 1 &&
           EVP_MAC_init(aes->code, keys + n, n, params) == 1;
}

enum perso_result
perso_zip_aes_begin(struct perso_zip_aes *aes, const struct perso_zip_encryption *encryption,
                    const struct perso_passphrase *passphrase, struct perso_cursor head,
                    bool *matches, struct perso_error *err)
{
    uint8_t keys[2 * KEY_BYTES_MAX + PERSO_ZIP_AES_VERIFIER_BYTES];
    size_t n = key_bytes(encryption), salt = n / 2;
    bool ok = PKCS5_PBKDF2_HMAC((const char *)passphrase->at, (int)passphrase->bytes, head.at,
                                (int)salt, ROUNDS, EVP_sha1(),
                                (int)(2 * n + PERSO_ZIP_AES_VERIFIER_BYTES), keys) == 1;

    if (ok) {
        *matches = CRYPTO_memcmp(keys + 2 * n, head.at + salt, PERSO_ZIP_AES_VERIFIER_BYTES) == 0;
        ok = set_keys(aes, keys, n);
    }
    OPENSSL_cleanse(keys, sizeof keys);
    return ok ? PERSO_OK : perso_error_openssl(err, "AES");
}

static bool
make_stream(struct perso_zip_aes *aes)
{
    int made = 0;

    for (size_t at = 0; at < sizeof aes->stream; at += BLOCK_BYTES) {
        uint64_t counter = ++aes->counter;
        memset(aes->stream + at, 0, BLOCK_BYTES);
        for (size_t i = 0; i < sizeof counter; i++)
            aes->stream[at + i] = (uint8_t)(counter >> 8 * i);
    }
    aes->stream_at = 0;
    return EVP_EncryptUpdate(aes->cipher, aes->stream, &made, aes->stream, sizeof aes->stream) ==
               1 &&
           made == (int)sizeof aes->stream;
}

enum perso_result
perso_zip_aes_view(struct perso_zip_aes *aes, const uint8_t *cipher, size_t n, const uint8_t **at,
                   size_t *clear_n, struct perso_error *err)
{
    if (aes->clear_at == aes->clear_n) {
        if (aes->stream_at == sizeof aes->stream && !make_stream(aes))
            return perso_error_openssl(err, "AES");
        size_t now = sizeof aes->stream - aes->stream_at;
        if (now > n)
            now = n;
        for (size_t i = 0; i < now; i++)
            aes->clear[i] = cipher[i] ^ aes->stream[aes->stream_at + i];
        aes->stream_at += now;
        aes->clear_at = 0;
        aes->clear_n = now;
    }
    *at = aes->clear + aes->clear_at;
    *clear_n = aes->clear_n - aes->clear_at < n ? aes->clear_n - aes->clear_at : n;
    return PERSO_OK;
}

enum perso_result
perso_zip_aes_used(struct perso_zip_aes *aes, const uint8_t *cipher, size_t n,
                   struct perso_error *err)
{
    aes->clear_at += n;
    return EVP_MAC_update(aes->code, cipher, n) == 1 ? PERSO_OK : perso_error_openssl(err, "HMAC");
}

enum perso_result
perso_zip_aes_end(struct perso_zip_aes *aes, const uint8_t code[PERSO_ZIP_AES_CODE_BYTES],
                  bool *matches, struct perso_error *err)
{
    uint8_t have[SHA1_BYTES];
    size_t n = 0;

    if (EVP_MAC_final(aes->code, have, &n, sizeof have) != 1 || n != sizeof have)
        return perso_error_openssl(err, "HMAC");
    *matches = CRYPTO_memcmp(have, code, PERSO_ZIP_AES_CODE_BYTES) == 0;
    return PERSO_OK;
}

void
perso_zip_aes_free(struct perso_zip_aes *aes)
{
    if (aes == NULL)
        return;
    EVP_CIPHER_CTX_free(aes->cipher);
    EVP_MAC_CTX_free(aes->code);
    EVP_MAC_free(aes->hmac);
    OPENSSL_cleanse(aes, sizeof *aes);
    free(aes);
}
