/* GLYPIN and ZKMY of a loose return in one of the three ways ([return] secrets). */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "formats/base/encode.h"
#include "formats/seal/seal.h"
#include "ra.h"
#include "sm2.h"

#define CIPHER_BYTES 256u

static size_t
encrypt(const uint8_t xy[64], const uint8_t *plain, size_t n, uint8_t der[CIPHER_BYTES])
{
    EVP_PKEY *key = sbx_public_key(xy);
    EVP_PKEY_CTX *c = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    size_t made = CIPHER_BYTES;

    sbx_need(c != NULL && EVP_PKEY_encrypt_init(c) == 1 &&
                 EVP_PKEY_encrypt(c, der, &made, plain, n) == 1,
             "SM2 encryption");
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(key);
    return made;
}

/* INTEGER at der, as 32 bytes; the end of it. */
static const uint8_t *
take_number(const uint8_t *der, uint8_t out[32])
{
    const size_t n = der[1], skip = n > 32 ? n - 32 : 0;

    memset(out, 0, 32);
    memcpy(out + 32 - (n - skip), der + 2 + skip, n - skip);
    return der + 2 + n;
}

/* C1 || C3 || C2, C1 with its 04, out of SEQUENCE { x, y, hash, cipher }. */
static size_t
flatten(const uint8_t *der, uint8_t out[CIPHER_BYTES])
{
    const uint8_t *at = der + (der[1] == 0x81 ? 3 : 2);
    size_t n = 65;

    out[0] = 4;
    at = take_number(at, out + 1);
    at = take_number(at, out + 33);
    for (int i = 0; i < 2; i++) {
        memcpy(out + n, at + 2, at[1]);
        n += at[1];
        at += 2 + at[1];
    }
    return n;
}

static void
put_sm2(const struct sbx_ra *ra, const struct sbx_ra_request *request, const char *purpose,
        const uint8_t *plain, size_t n, char out[512])
{
    const bool pin = strcmp(purpose, "GLYPIN") == 0;
    const uint8_t *to = request->fault == SBX_RA_SEAL && pin ? ra->sealing.xy : ra->site.sealing_xy;
    uint8_t der[CIPHER_BYTES], flat[CIPHER_BYTES];
    const size_t der_n = encrypt(to, plain, n, der);

    if (pin)
        perso_hex_lower(flat, flatten(der, flat), out);
    else
        perso_base64_encode(der, der_n, out);
}

static void
put_wrapped(const struct sbx_ra_request *request, struct perso_seal *seal, const char *purpose,
            const uint8_t *plain, size_t n, char out[512])
{
    const bool wrong = request->fault == SBX_RA_SEAL && strcmp(purpose, "GLYPIN") == 0;
    struct perso_error err = { .reject = PERSO_REJ_NONE };

    sbx_check(perso_seal_field(seal, request->id, purpose, wrong ? 1 : 0, perso_cursor_of(plain, n),
                               out, &err),
              "sealed field", &err);
}

void
sbx_ra_secret(const struct sbx_ra *ra, const struct sbx_ra_request *request,
              struct perso_seal *seal, const char *purpose, const uint8_t *plain, size_t n,
              char out[512])
{
    out[0] = '\0';
    if (n == 0)
        return;
    if (ra->secrets == SBX_SECRETS_SM2) {
        put_sm2(ra, request, purpose, plain, n, out);
    } else if (ra->secrets == SBX_SECRETS_WRAPPED) {
        put_wrapped(request, seal, purpose, plain, n, out);
    } else if (strcmp(purpose, "GLYPIN") == 0) {
        memcpy(out, plain, n);
        out[n] = '\0';
    } else {
        perso_hex_upper(plain, n, out);
    }
}
