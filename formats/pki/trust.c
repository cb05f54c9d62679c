/* The trusted CAs of a site: chains over names and signatures, then validity (RFC 5280 6.1). */
#include <stdlib.h>
#include <string.h>

#include "formats/pki/certificate.h"
#include "formats/sm2/sm2.h"
#include "formats/sm2/sm3.h"
#include "perso/text.h"

#define DEPTH_MAX 5u /* CA certificates above a cardholder's; two or three are usual */

struct ca {
    uint8_t *der; /* owned; what certificate borrows from */
    size_t der_bytes;
    struct perso_certificate certificate;
    struct perso_sm2_signer *signer;
    size_t *parents; /* indices of the CAs whose signature it bears; itself where it is a root */
    size_t n_parents;
    bool anchored; /* a chain leads to a root */
};

struct perso_trust {
    struct ca *cas;
    size_t n;
};

/* What a chain leaves to be desired at the two instants. */
struct lapse {
    bool not_yet, expired;
};

struct perso_trust *
perso_trust_new(void)
{
    return calloc(1, sizeof(struct perso_trust));
}

static void
ca_clear(struct ca *ca)
{
    free(ca->parents);
    perso_sm2_signer_free(ca->signer);
    free(ca->der);
    *ca = (struct ca) { 0 };
}

void
perso_trust_free(struct perso_trust *trust)
{
    if (trust == NULL)
        return;
    for (size_t i = 0; i < trust->n; i++)
        ca_clear(&trust->cas[i]);
    free(trust->cas);
    free(trust);
}

static bool
same_bytes(struct perso_cursor a, struct perso_cursor b)
{
    return perso_left(&a) == perso_left(&b) && memcmp(a.at, b.at, perso_left(&a)) == 0;
}

static bool
is_self_issued(const struct ca *ca)
{
    return same_bytes(ca->certificate.issuer, ca->certificate.subject);
}

/* What does not make a CA certificate of it; NULL where it is one. */
static const char *
no_ca(const struct perso_certificate *certificate)
{
    if (!certificate->is_ca)
        return N_("not a CA certificate");
    if ((certificate->key_usage & PERSO_KU_CERT_SIGN) == 0)
        return N_("key usage without keyCertSign");
    if (certificate->unknown_critical)
        return N_("critical extension that is not known");
    return NULL;
}

static enum perso_result
ca_read(struct ca *ca, struct perso_cursor der, struct perso_error *err)
{
    enum perso_result rc;
    const char *why;

    ca->der_bytes = perso_left(&der);
    if ((ca->der = malloc(ca->der_bytes + 1)) == NULL)
        return perso_error_errno(err, "CA certificate");
    memcpy(ca->der, der.at, ca->der_bytes);
    rc = perso_certificate_read(perso_cursor_of(ca->der, ca->der_bytes), &ca->certificate, err);
    if (rc != PERSO_OK)
        return rc;
    if ((why = no_ca(&ca->certificate)) != NULL)
        return perso_error_set(err, PERSO_REJ_CERT_USAGE, "certificate", "%s", why);
    return perso_sm2_signer_new(ca->certificate.public_key, &ca->signer, err);
}

enum perso_result
perso_trust_add(struct perso_trust *trust, struct perso_cursor der, const char *file,
                struct perso_error *err)
{
    struct ca ca = { 0 }, *grown;
    enum perso_result rc;

    for (size_t i = 0; i < trust->n; i++)
        if (same_bytes(der, perso_cursor_of(trust->cas[i].der, trust->cas[i].der_bytes)))
            return PERSO_OK;
    if ((rc = ca_read(&ca, der, err)) != PERSO_OK)
        goto out;
    if ((grown = realloc(trust->cas, (trust->n + 1) * sizeof *grown)) == NULL) {
        rc = perso_error_errno(err, "CA certificate");
        goto out;
    }
    trust->cas = grown;
    trust->cas[trust->n++] = ca;
    ca = (struct ca) { 0 }; /* the trust's now */
out:
    if (rc != PERSO_OK)
        perso_error_at(err, file, 0, 0);
    ca_clear(&ca);
    return rc;
}

/* Does ca's key verify the signature under this id? */
static enum perso_result
verify_one(const struct ca *ca, const struct perso_certificate *certificate, const char *id,
           bool *ret, struct perso_error *err)
{
    uint8_t e[PERSO_SM3_BYTES];
    struct perso_sm2_item item = { NULL, e, certificate->rs };
    enum perso_sm2_verdict verdict;
    enum perso_result rc;

    if (!perso_sm2_e(ca->certificate.public_key, id, certificate->tbs, e))
        return perso_error_openssl(err, "SM3");
    if ((rc = perso_sm2_verify(ca->signer, &item, 1, &verdict, err)) == PERSO_OK)
        *ret = verdict == PERSO_SM2_ACCEPTED;
    return rc;
}

/* Every CA of the issuer's name is tried: names may be shared by old and new keys. */
static enum perso_result
find_parents(struct perso_trust *trust, struct ca *ca, struct perso_error *err)
{
    enum perso_result rc;
    bool signs;

    free(ca->parents);
    ca->n_parents = 0;
    if ((ca->parents = calloc(trust->n, sizeof *ca->parents)) == NULL)
        return perso_error_errno(err, "CA certificates");
    for (size_t i = 0; i < trust->n; i++) {
        if (!same_bytes(trust->cas[i].certificate.subject, ca->certificate.issuer))
            continue;
        rc = verify_one(&trust->cas[i], &ca->certificate, PERSO_SM2_ID, &signs, err);
        if (rc != PERSO_OK)
            return rc;
        if (signs)
            ca->parents[ca->n_parents++] = i;
    }
    return PERSO_OK;
}

static bool
worse(struct lapse a, struct lapse b)
{
    return a.not_yet != b.not_yet ? a.not_yet : a.expired && !b.expired;
}

/*
 * The best chain from the CA at index at upwards; false where none reaches a root. above: CA
 * certificates in the chain so far; below: those of them that are not self-issued, which is what a
 * path length counts (RFC 5280 4.2.1.9). Rings of cross certificates end at the depth.
 */
static bool
best_chain(const struct perso_trust *trust, size_t at, unsigned above, int32_t below,
           const struct perso_validity *validity, struct lapse *ret)
{
    const struct ca *ca = &trust->cas[at];
    const struct perso_certificate *own = &ca->certificate;
    struct lapse lapse = { own->begins_s > validity->begin_by_s,
                           own->ends_s < validity->end_from_s };
    bool found = false;

    if (above == DEPTH_MAX || (own->path_length >= 0 && below > own->path_length))
        return false;
    for (size_t i = 0; i < ca->n_parents; i++) {
        struct lapse chain = { false, false };
        bool root = ca->parents[i] == at;
        if (!root && !best_chain(trust, ca->parents[i], above + 1, below + !is_self_issued(ca),
                                 validity, &chain))
            continue;
        chain.not_yet = chain.not_yet || lapse.not_yet;
        chain.expired = chain.expired || lapse.expired;
        if (!found || worse(*ret, chain))
            *ret = chain;
        found = true;
    }
    return found;
}

enum perso_result
perso_trust_ready(struct perso_trust *trust, size_t *left_out, struct perso_error *err)
{
    static const struct perso_validity any = { INT64_MAX, INT64_MIN };
    enum perso_result rc;
    struct lapse unused;
    size_t n = 0;

    for (size_t i = 0; i < trust->n; i++)
        if ((rc = find_parents(trust, &trust->cas[i], err)) != PERSO_OK)
            return rc;
    for (size_t i = 0; i < trust->n; i++) {
        trust->cas[i].anchored = best_chain(trust, i, 0, 0, &any, &unused);
        if (!trust->cas[i].anchored)
            n++;
    }
    *left_out = n;
    return PERSO_OK;
}

/* Room for one batch, taken once a call. */
struct bench {
    uint8_t (*e)[PERSO_SM3_BYTES];
    struct perso_sm2_item *items;
    enum perso_sm2_verdict *verdicts;
    size_t *index; /* of an item's certificate */
};

static void
bench_free(struct bench *bench)
{
    free(bench->e);
    free(bench->items);
    free(bench->verdicts);
    free(bench->index);
}

static bool
bench_new(struct bench *bench, size_t n)
{
    n = n == 0 ? 1 : n;
    bench->e = calloc(n, sizeof *bench->e);
    bench->items = calloc(n, sizeof *bench->items);
    bench->verdicts = calloc(n, sizeof *bench->verdicts);
    bench->index = calloc(n, sizeof *bench->index);
    return bench->e != NULL && bench->items != NULL && bench->verdicts != NULL &&
           bench->index != NULL;
}

static enum perso_reject
judge_validity(const struct perso_certificate *certificate, struct lapse chain,
               const struct perso_validity *validity)
{
    if (chain.not_yet || certificate->begins_s > validity->begin_by_s)
        return PERSO_REJ_CERT_NOT_YET;
    if (chain.expired || certificate->ends_s < validity->end_from_s)
        return PERSO_REJ_CERT_EXPIRED;
    return PERSO_REJ_NONE;
}

/* Collect what this CA may have issued and is not settled yet; *n: how many. */
static enum perso_result
collect(const struct ca *ca, const struct perso_certificate *const *certificates, size_t n_all,
        const enum perso_reject *out, struct bench *bench, size_t *n, struct perso_error *err)
{
    *n = 0;
    for (size_t i = 0; i < n_all; i++) {
        const struct perso_certificate *one = certificates[i];
        if (one == NULL || out[i] == PERSO_REJ_NONE ||
            !same_bytes(one->issuer, ca->certificate.subject))
            continue;
        if (!perso_sm2_e(ca->certificate.public_key, PERSO_SM2_ID, one->tbs, bench->e[*n]))
            return perso_error_openssl(err, "SM3");
        bench->items[*n] = (struct perso_sm2_item) { NULL, bench->e[*n], one->rs };
        bench->index[*n] = i;
        (*n)++;
    }
    return PERSO_OK;
}

/* Judge everything under one CA. A verdict only ever moves down the table, towards NONE. */
static enum perso_result
judge_under(const struct perso_trust *trust, size_t at,
            const struct perso_certificate *const *certificates, size_t n_all,
            const struct perso_validity *validity, struct bench *bench, enum perso_reject *out,
            struct perso_error *err)
{
    const struct ca *ca = &trust->cas[at];
    struct lapse chain = { false, false };
    enum perso_result rc;
    size_t n;

    if (!ca->anchored || !best_chain(trust, at, 0, 0, validity, &chain))
        return PERSO_OK;
    if ((rc = collect(ca, certificates, n_all, out, bench, &n, err)) != PERSO_OK ||
        (rc = perso_sm2_verify(ca->signer, bench->items, n, bench->verdicts, err)) != PERSO_OK)
        return rc;
    for (size_t k = 0; k < n; k++) {
        size_t i = bench->index[k];
        enum perso_reject now = PERSO_REJ_CERT_SIGNATURE;
        if (bench->verdicts[k] == PERSO_SM2_ACCEPTED)
            now = judge_validity(certificates[i], chain, validity);
        if (now == PERSO_REJ_NONE || now > out[i])
            out[i] = now;
    }
    return PERSO_OK;
}

/* A signature that no CA of the name verifies: was it made under the empty id? (GM/T 0009) */
static enum perso_result
diagnose(const struct perso_trust *trust, const struct perso_certificate *certificate,
         enum perso_reject *out, struct perso_error *err)
{
    enum perso_result rc;
    bool signs;

    for (size_t i = 0; i < trust->n; i++) {
        const struct ca *ca = &trust->cas[i];
        if (!ca->anchored || !same_bytes(certificate->issuer, ca->certificate.subject))
            continue;
        if ((rc = verify_one(ca, certificate, "", &signs, err)) != PERSO_OK)
            return rc;
        if (signs)
            *out = PERSO_REJ_CERT_SM2_ID;
    }
    return PERSO_OK;
}

enum perso_result
perso_trust_judge(const struct perso_trust *trust,
                  const struct perso_certificate *const *certificates, size_t n,
                  const struct perso_validity *validity, enum perso_reject *out,
                  struct perso_error *err)
{
    struct bench bench = { 0 };
    enum perso_result rc = PERSO_OK;

    if (!bench_new(&bench, n)) {
        rc = perso_error_errno(err, "certificates");
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        if (certificates[i] != NULL)
            out[i] = PERSO_REJ_CERT_ISSUER;
    for (size_t at = 0; rc == PERSO_OK && at < trust->n; at++)
        rc = judge_under(trust, at, certificates, n, validity, &bench, out, err);
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        if (certificates[i] != NULL && out[i] == PERSO_REJ_CERT_SIGNATURE)
            rc = diagnose(trust, certificates[i], &out[i], err);
out:
    bench_free(&bench);
    return rc;
}
