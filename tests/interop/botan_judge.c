#include "botan_judge.h"

#include <botan/ffi.h>
#include <stdio.h>
#include <stdlib.h>

#define CURVE "sm2p256v1"

/* What cannot fail; if it does, the judge is no judge. */
static void
must(int rc, const char *what)
{
    if (rc == BOTAN_FFI_SUCCESS)
        return;
    fprintf(stderr, "botan: %s: %s\n", what, botan_error_description(rc));
    exit(2);
}

static botan_mp_t
number(const uint8_t bytes[32])
{
    botan_mp_t ret;

    must(botan_mp_init(&ret), "botan_mp_init");
    must(botan_mp_from_bin(ret, bytes, 32), "botan_mp_from_bin");
    return ret;
}

/* False where Botan takes no such key. */
static bool
load(const uint8_t xy[64], botan_pubkey_t *ret)
{
    botan_mp_t x = number(xy), y = number(xy + 32);
    int rc = botan_pubkey_load_sm2(ret, x, y, CURVE);

    botan_mp_destroy(x);
    botan_mp_destroy(y);
    return rc == BOTAN_FFI_SUCCESS;
}

static bool
holds(const uint8_t xy[64], const char *parameters, const void *message, size_t n,
      const uint8_t rs[64])
{
    botan_pk_op_verify_t verify;
    botan_pubkey_t key;

    if (!load(xy, &key))
        return false;
    must(botan_pk_op_verify_create(&verify, key, parameters, 0), "botan_pk_op_verify_create");
    must(botan_pk_op_verify_update(verify, message, n), "botan_pk_op_verify_update");
    int rc = botan_pk_op_verify_finish(verify, rs, 64);
    if (rc != BOTAN_FFI_INVALID_VERIFIER)
        must(rc, "botan_pk_op_verify_finish");
    botan_pk_op_verify_destroy(verify);
    botan_pubkey_destroy(key);
    return rc == BOTAN_FFI_SUCCESS;
}

bool
botan_holds(const uint8_t key[64], const char *id, const void *message, size_t n,
            const uint8_t rs[64])
{
    char parameters[80];

    snprintf(parameters, sizeof parameters, "%s,SM3", id);
    return holds(key, parameters, message, n, rs);
}

bool
botan_holds_e(const uint8_t key[64], const uint8_t e[32], const uint8_t rs[64])
{
    return holds(key, ",Raw", e, 32, rs);
}

static int
nonce_bytes(void *context, uint8_t *out, size_t n)
{
    sbx_random_bytes(context, out, n);
    return 0;
}

void
botan_sign(const uint8_t d[32], const char *id, const void *message, size_t n,
           struct sbx_random *nonce, uint8_t rs[64])
{
    botan_mp_t scalar = number(d);
    botan_privkey_t key;
    botan_pk_op_sign_t sign;
    botan_rng_t rng;
    char parameters[80];
    size_t made = 64;

    snprintf(parameters, sizeof parameters, "%s,SM3", id);
    must(botan_rng_init_custom(&rng, "seeded", nonce, nonce_bytes, NULL, NULL), "rng");
    must(botan_privkey_load_sm2(&key, scalar, CURVE), "botan_privkey_load_sm2");
    must(botan_pk_op_sign_create(&sign, key, parameters, 0), "botan_pk_op_sign_create");
    must(botan_pk_op_sign_update(sign, message, n), "botan_pk_op_sign_update");
    must(botan_pk_op_sign_finish(sign, rng, rs, &made), "botan_pk_op_sign_finish");
    must(made == 64 ? BOTAN_FFI_SUCCESS : BOTAN_FFI_ERROR_UNKNOWN_ERROR, "length");
    botan_pk_op_sign_destroy(sign);
    botan_privkey_destroy(key);
    botan_rng_destroy(rng);
    botan_mp_destroy(scalar);
}

const char *
botan_name(void)
{
    return botan_version_string();
}
