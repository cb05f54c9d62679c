/*
 * Verification over OpenSSL's group arithmetic (EC_GROUP, EC_POINT, BIGNUM: none of it deprecated
 * in 3.0). EVP_PKEY_verify is the same arithmetic, but needs an EVP_PKEY for each key and the DER
 * of each signature; EVP_PKEY_fromdata alone costs a tenth of a verification (25 of 280 us). The
 * equation of GB/T 32918.2 7.1 is three calls, and the tests hold it against EVP_PKEY_verify.
 */
#include "formats/sm2/sm2.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct perso_sm2_signer {
    uint8_t key[PERSO_POINT_BYTES];
    EC_POINT *point;
};

/* What one thread calculates with; made at its first verification, freed with the thread. */
struct workspace {
    BN_CTX *bn;
    BIGNUM *r, *s, *t, *e, *x, *y;
    EC_POINT *key, *sum;
};

/* A judgement, or that the library failed (no memory). */
enum outcome { REJECTED, ACCEPTED, FAILED };

/* The curve is made once and only read afterwards, which OpenSSL allows from several threads. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static EC_GROUP *group;
static pthread_key_t thread_workspace;
static bool ready;

static void
workspace_free(void *self)
{
    struct workspace *w = self;

    if (w == NULL)
        return;
    EC_POINT_free(w->sum);
    EC_POINT_free(w->key);
    BN_free(w->y);
    BN_free(w->x);
    BN_free(w->e);
    BN_free(w->t);
    BN_free(w->s);
    BN_free(w->r);
    BN_CTX_free(w->bn);
    free(w);
}

static void
prepare(void)
{
    group = EC_GROUP_new_by_curve_name(NID_sm2);
    ready = group != NULL && pthread_key_create(&thread_workspace, workspace_free) == 0;
}

static struct workspace *
workspace_new(void)
{
    struct workspace *w = calloc(1, sizeof *w);

    if (w == NULL)
        return NULL;
    if ((w->bn = BN_CTX_new()) == NULL || (w->r = BN_new()) == NULL || (w->s = BN_new()) == NULL ||
        (w->t = BN_new()) == NULL || (w->e = BN_new()) == NULL || (w->x = BN_new()) == NULL ||
        (w->y = BN_new()) == NULL || (w->key = EC_POINT_new(group)) == NULL ||
        (w->sum = EC_POINT_new(group)) == NULL) {
        workspace_free(w);
        return NULL;
    }
    return w;
}

/* NULL where the library fails. */
static struct workspace *
workspace_of_thread(void)
{
    struct workspace *w;

    if (pthread_once(&once, prepare) != 0 || !ready)
        return NULL;
    if ((w = pthread_getspecific(thread_workspace)) != NULL)
        return w;
    if ((w = workspace_new()) != NULL && pthread_setspecific(thread_workspace, w) != 0) {
        workspace_free(w);
        w = NULL;
    }
    return w;
}

/*
 * X || Y as a point. OpenSSL would reduce coordinates of p and above, so that one point had
 * several spellings: they are compared with p first.
 */
static enum outcome
decode_point(struct workspace *w, const uint8_t public_key[PERSO_POINT_BYTES], EC_POINT *point)
{
    const BIGNUM *p = EC_GROUP_get0_field(group);
    enum outcome ret = ACCEPTED;

    if (BN_bin2bn(public_key, 32, w->x) == NULL || BN_bin2bn(public_key + 32, 32, w->y) == NULL)
        return FAILED;
    if (BN_cmp(w->x, p) >= 0 || BN_cmp(w->y, p) >= 0)
        return REJECTED;
    /* Infinity first: where the call fails for another reason, no old point is looked at. */
    if (EC_POINT_set_to_infinity(group, point) != 1)
        return FAILED;
    ERR_set_mark();
    if (EC_POINT_set_affine_coordinates(group, point, w->x, w->y, w->bn) != 1)
        ret = EC_POINT_is_on_curve(group, point, w->bn) == 0 ? REJECTED : FAILED;
    if (ret == FAILED)
        ERR_clear_last_mark();
    else
        ERR_pop_to_mark();
    return ret;
}

/* GB/T 32918.2 7.1, steps B1, B2 and B5 to B7; key is a point of the curve. */
static enum outcome
judge(struct workspace *w, const EC_POINT *key, const struct perso_sm2_item *item)
{
    const BIGNUM *n = EC_GROUP_get0_order(group);

    if (BN_bin2bn(item->rs, 32, w->r) == NULL || BN_bin2bn(item->rs + 32, 32, w->s) == NULL ||
        BN_bin2bn(item->e, 32, w->e) == NULL)
        return FAILED;
    if (BN_is_zero(w->r) || BN_cmp(w->r, n) >= 0 || BN_is_zero(w->s) || BN_cmp(w->s, n) >= 0)
        return REJECTED;
    if (BN_mod_add_quick(w->t, w->r, w->s, n) != 1)
        return FAILED;
    if (BN_is_zero(w->t))
        return REJECTED;
    if (EC_POINT_mul(group, w->sum, w->s, key, w->t, w->bn) != 1)
        return FAILED;
    if (EC_POINT_is_at_infinity(group, w->sum))
        return REJECTED;
    if (EC_POINT_get_affine_coordinates(group, w->sum, w->x, NULL, w->bn) != 1 ||
        BN_mod_add(w->x, w->x, w->e, n, w->bn) != 1)
        return FAILED;
    return BN_cmp(w->x, w->r) == 0 ? ACCEPTED : REJECTED;
}

static enum outcome
judge_item(struct workspace *w, const struct perso_sm2_signer *signer,
           const struct perso_sm2_item *item)
{
    enum outcome on_curve;

    if (item->public_key == NULL)
        return signer != NULL ? judge(w, signer->point, item) : REJECTED;
    if ((on_curve = decode_point(w, item->public_key, w->key)) != ACCEPTED)
        return on_curve;
    return judge(w, w->key, item);
}

enum perso_result
perso_sm2_verify(const struct perso_sm2_signer *signer, const struct perso_sm2_item *items,
                 size_t n, enum perso_sm2_verdict *verdicts, struct perso_error *err)
{
    struct workspace *w = workspace_of_thread();

    if (w == NULL)
        return perso_error_openssl(err, "SM2 verification");
    for (size_t i = 0; i < n; i++) {
        enum outcome outcome = judge_item(w, signer, &items[i]);
        if (outcome == FAILED)
            return perso_error_openssl(err, "SM2 verification");
        verdicts[i] = outcome == ACCEPTED ? PERSO_SM2_ACCEPTED : PERSO_SM2_REJECTED;
    }
    return PERSO_OK;
}

enum perso_result
perso_sm2_signer_new(const uint8_t public_key[PERSO_POINT_BYTES], struct perso_sm2_signer **ret,
                     struct perso_error *err)
{
    struct workspace *w = workspace_of_thread();
    struct perso_sm2_signer *signer = NULL;
    enum perso_result rc;
    enum outcome on_curve;

    if (w == NULL || (signer = calloc(1, sizeof *signer)) == NULL ||
        (signer->point = EC_POINT_new(group)) == NULL ||
        (on_curve = decode_point(w, public_key, signer->point)) == FAILED) {
        rc = perso_error_openssl(err, "SM2 key");
        goto out;
    }
    if (on_curve == REJECTED) {
        rc = perso_error_set(err, PERSO_REJ_KEY_CURVE, "", "point is not on the curve");
        goto out;
    }
    memcpy(signer->key, public_key, PERSO_POINT_BYTES);
    *ret = signer;
    signer = NULL; /* the caller's now */
    rc = PERSO_OK;
out:
    perso_sm2_signer_free(signer);
    return rc;
}

void
perso_sm2_signer_free(struct perso_sm2_signer *signer)
{
    if (signer == NULL)
        return;
    EC_POINT_free(signer->point);
    free(signer);
}

const uint8_t *
perso_sm2_signer_key(const struct perso_sm2_signer *signer)
{
    return signer->key;
}

/* EC_POINT_set_compressed_coordinates found no point there, rather than that it failed. */
static bool
is_no_point(unsigned long code)
{
    int reason = ERR_GET_REASON(code);

    return ERR_GET_LIB(code) == ERR_LIB_EC &&
           (reason == EC_R_INVALID_COMPRESSED_POINT || reason == EC_R_INVALID_COMPRESSION_BIT);
}

enum perso_result
perso_sm2_decompress(const uint8_t x[32], bool odd_y, uint8_t public_key[PERSO_POINT_BYTES])
{
    struct workspace *w = workspace_of_thread();

    if (w == NULL || BN_bin2bn(x, 32, w->x) == NULL)
        return PERSO_FATAL;
    if (BN_cmp(w->x, EC_GROUP_get0_field(group)) >= 0)
        return PERSO_REJECT;
    ERR_set_mark();
    if (EC_POINT_set_compressed_coordinates(group, w->key, w->x, odd_y, w->bn) != 1) {
        if (!is_no_point(ERR_peek_last_error())) {
            ERR_clear_last_mark();
            return PERSO_FATAL;
        }
        ERR_pop_to_mark();
        return PERSO_REJECT;
    }
    ERR_pop_to_mark();
    if (EC_POINT_get_affine_coordinates(group, w->key, w->x, w->y, w->bn) != 1 ||
        BN_bn2binpad(w->x, public_key, 32) != 32 || BN_bn2binpad(w->y, public_key + 32, 32) != 32)
        return PERSO_FATAL;
    return PERSO_OK;
}
