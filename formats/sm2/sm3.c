#include "formats/sm2/sm3.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ID_BYTES_MAX 64u /* ENTL could say 8,191; every id in use has 16 */

struct perso_sm3 {
    EVP_MD_CTX *context;
};

/*
 * Fetching an algorithm walks OpenSSL's providers under a lock, so it is done once a process. A
 * digest context is kept for each thread: a record then costs no allocation. Nothing here is
 * state that a caller could see.
 */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *sm3;
static EVP_MAC_CTX *hmac; /* HMAC-SM3 without a key; only ever copied */
static pthread_key_t thread_context;
static bool ready;

static void
context_free(void *context)
{
    EVP_MD_CTX_free(context);
}

static EVP_MAC_CTX *
hmac_template(void)
{
    char digest[] = "SM3";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;

    if (context != NULL && EVP_MAC_CTX_set_params(context, params) != 1) {
        EVP_MAC_CTX_free(context);
        context = NULL;
    }
    EVP_MAC_free(mac);
    return context;
}

static void
prepare(void)
{
    sm3 = EVP_MD_fetch(NULL, "SM3", NULL);
    hmac = hmac_template();
    ready = sm3 != NULL && hmac != NULL && pthread_key_create(&thread_context, context_free) == 0;
}

static bool
is_ready(void)
{
    return pthread_once(&once, prepare) == 0 && ready;
}

/* This thread's digest context, begun anew; NULL where the library fails. */
static EVP_MD_CTX *
begin(void)
{
    EVP_MD_CTX *context;

    if (!is_ready())
        return NULL;
    if ((context = pthread_getspecific(thread_context)) == NULL) {
        if ((context = EVP_MD_CTX_new()) == NULL)
            return NULL;
        if (pthread_setspecific(thread_context, context) != 0) {
            EVP_MD_CTX_free(context);
            return NULL;
        }
    }
    return EVP_DigestInit_ex2(context, sm3, NULL) == 1 ? context : NULL;
}

struct perso_sm3 *
perso_sm3_new(void)
{
    struct perso_sm3 *ret;

    if (!is_ready() || (ret = malloc(sizeof *ret)) == NULL)
        return NULL;
    ret->context = EVP_MD_CTX_new();
    if (ret->context == NULL || EVP_DigestInit_ex2(ret->context, sm3, NULL) != 1) {
        perso_sm3_free(ret);
        return NULL;
    }
    return ret;
}

bool
perso_sm3_add(struct perso_sm3 *running, const void *bytes, size_t n)
{
    return EVP_DigestUpdate(running->context, bytes, n) == 1;
}

bool
perso_sm3_end(struct perso_sm3 *running, uint8_t out[PERSO_SM3_BYTES])
{
    return EVP_DigestFinal_ex(running->context, out, NULL) == 1 &&
           EVP_DigestInit_ex2(running->context, sm3, NULL) == 1;
}

void
perso_sm3_free(struct perso_sm3 *running)
{
    if (running == NULL)
        return;
    EVP_MD_CTX_free(running->context);
    free(running);
}

bool
perso_sm3_of(const void *bytes, size_t n, uint8_t out[PERSO_SM3_BYTES])
{
    EVP_MD_CTX *context = begin();

    return context != NULL && EVP_DigestUpdate(context, bytes, n) == 1 &&
           EVP_DigestFinal_ex(context, out, NULL) == 1;
}

bool
perso_hmac_sm3(const uint8_t *key, size_t key_bytes, const struct perso_cursor *parts,
               size_t n_parts, uint8_t out[PERSO_SM3_BYTES])
{
    /* The copy is freed, and with it wiped, after each use: keys do not stay in a thread. */
    EVP_MAC_CTX *context = is_ready() ? EVP_MAC_CTX_dup(hmac) : NULL;
    static const uint8_t none[1] = { 0 };
    size_t made = 0;
    bool ok;

    ok = context != NULL && EVP_MAC_init(context, key != NULL ? key : none, key_bytes, NULL) == 1;
    for (size_t i = 0; ok && i < n_parts; i++)
        ok = EVP_MAC_update(context, parts[i].at, perso_left(&parts[i])) == 1;
    ok = ok && EVP_MAC_final(context, out, &made, PERSO_SM3_BYTES) == 1 && made == PERSO_SM3_BYTES;
    EVP_MAC_CTX_free(context);
    return ok;
}

/* a, b, xG, yG of the curve (GB/T 32918.5): what stands in Z between the id and the key. */
static const uint8_t curve[128] = {
    0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFC,
    0x28, 0xE9, 0xFA, 0x9E, 0x9D, 0x9F, 0x5E, 0x34, 0x4D, 0x5A, 0x9E, 0x4B, 0xCF, 0x65, 0x09, 0xA7,
    0xF3, 0x97, 0x89, 0xF5, 0x15, 0xAB, 0x8F, 0x92, 0xDD, 0xBC, 0xBD, 0x41, 0x4D, 0x94, 0x0E, 0x93,
    0x32, 0xC4, 0xAE, 0x2C, 0x1F, 0x19, 0x81, 0x19, 0x5F, 0x99, 0x04, 0x46, 0x6A, 0x39, 0xC9, 0x94,
    0x8F, 0xE3, 0x0B, 0xBF, 0xF2, 0x66, 0x0B, 0xE1, 0x71, 0x5A, 0x45, 0x89, 0x33, 0x4C, 0x74, 0xC7,
    0xBC, 0x37, 0x36, 0xA2, 0xF4, 0xF6, 0x77, 0x9C, 0x59, 0xBD, 0xCE, 0xE3, 0x6B, 0x69, 0x21, 0x53,
    0xD0, 0xA9, 0x87, 0x7C, 0xC6, 0x2A, 0x47, 0x40, 0x02, 0xDF, 0x32, 0xE5, 0x21, 0x39, 0xF0, 0xA0,
};

bool
perso_sm2_z(const uint8_t public_key[PERSO_POINT_BYTES], const char *id,
            uint8_t out[PERSO_SM3_BYTES])
{
    uint8_t block[2 + ID_BYTES_MAX + sizeof curve + PERSO_POINT_BYTES];
    size_t id_bytes = strlen(id), n = 0;

    if (id_bytes > ID_BYTES_MAX)
        return false;
    block[n++] = (uint8_t)(id_bytes * 8 >> 8);
    block[n++] = (uint8_t)(id_bytes * 8);
    memcpy(block + n, id, id_bytes);
    n += id_bytes;
    memcpy(block + n, curve, sizeof curve);
    n += sizeof curve;
    memcpy(block + n, public_key, PERSO_POINT_BYTES);
    n += PERSO_POINT_BYTES;
    return perso_sm3_of(block, n, out);
}

bool
perso_sm2_e(const uint8_t public_key[PERSO_POINT_BYTES], const char *id,
            struct perso_cursor message, uint8_t out[PERSO_SM3_BYTES])
{
    uint8_t z[PERSO_SM3_BYTES];
    EVP_MD_CTX *context;

    return perso_sm2_z(public_key, id, z) && (context = begin()) != NULL &&
           EVP_DigestUpdate(context, z, sizeof z) == 1 &&
           EVP_DigestUpdate(context, message.at, perso_left(&message)) == 1 &&
           EVP_DigestFinal_ex(context, out, NULL) == 1;
}
