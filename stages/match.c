#include "stages/match.h"

#include <stdlib.h>
#include <string.h>

#include "formats/identity/name.h"
#include "formats/sm2/sm3.h"
#include "stages/collect.h"
#include "stages/verdict.h"

#define ENCIPHERING                                                                                \
    (PERSO_KU_KEY_ENCIPHERMENT | PERSO_KU_DATA_ENCIPHERMENT | PERSO_KU_KEY_AGREEMENT)
#define CA_SIGNING (PERSO_KU_CERT_SIGN | PERSO_KU_CRL_SIGN)

enum { SIGNING, ENCRYPTION, KINDS };

/* One certificate of one record on its way through the checks. */
struct judged {
    bool here; /* needed or present, and read */
    struct perso_certificate certificate;
    enum perso_reject trust;
};

/* Room for one batch, taken once a call. */
struct bench {
    struct judged (*judged)[KINDS];
    const struct perso_certificate **certificates; /* of one group of equal validity */
    struct judged **owners;
    enum perso_reject *results;
    bool *grouped; /* records that a group had */
    struct perso_sm3 *sm3;
};

static bool
bench_new(struct bench *bench, size_t n)
{
    n = n == 0 ? 1 : n;
    *bench = (struct bench) {
        .judged = calloc(n, sizeof *bench->judged),
        .certificates = calloc(KINDS * n, sizeof *bench->certificates),
        .owners = calloc(KINDS * n, sizeof *bench->owners),
        .results = calloc(KINDS * n, sizeof *bench->results),
        .grouped = calloc(n, sizeof *bench->grouped),
        .sm3 = perso_sm3_new(),
    };
    return bench->judged != NULL && bench->certificates != NULL && bench->owners != NULL &&
           bench->results != NULL && bench->grouped != NULL && bench->sm3 != NULL;
}

static void
bench_free(struct bench *bench)
{
    free(bench->judged);
    free(bench->certificates);
    free(bench->owners);
    free(bench->results);
    free(bench->grouped);
    perso_sm3_free(bench->sm3);
}

static enum perso_column
column_of(int kind)
{
    return kind == SIGNING ? PERSO_COL_QMZS : PERSO_COL_JMZS;
}

static struct perso_cursor
der_of(const struct perso_answer *answer, int kind)
{
    return kind == SIGNING ? answer->signing_certificate : answer->encryption_certificate;
}

static bool
is_here(const struct perso_match_rules *rules, uint32_t bit, struct perso_cursor bytes)
{
    return (rules->items & bit) != 0 || perso_left(&bytes) > 0;
}

/* CERT_SYNTAX, CERT_TRAILING, CERT_ALGORITHM go into *verdict unless an earlier certificate has
 * one there already. */
static enum perso_result
read_certificate(const struct perso_match_rules *rules, const struct perso_answer *answer, int kind,
                 struct judged *judged, struct perso_verdict *verdict, struct perso_error *err)
{
    struct perso_cursor der = der_of(answer, kind);
    struct perso_error fault = { 0 };
    enum perso_result rc;

    if (!is_here(rules, kind == SIGNING ? PERSO_ITEM_QMZS : PERSO_ITEM_JMZS, der))
        return PERSO_OK;
    rc = perso_certificate_read(der, &judged->certificate, &fault);
    judged->here = rc == PERSO_OK;
    if (rc == PERSO_FATAL)
        *err = fault;
    if (rc != PERSO_REJECT)
        return rc;
    if (verdict->reject == PERSO_REJ_NONE)
        perso_verdict_set(verdict, fault.reject, column_of(kind), fault.text);
    return PERSO_OK;
}

static bool
same_validity(const struct perso_validity *a, const struct perso_validity *b)
{
    return a->begin_by_s == b->begin_by_s && a->end_from_s == b->end_from_s;
}

/* Where no CA is known here, the certificate's own validity is all of the chain that is left. */
static void
judge_validity(const struct perso_certificate *certificate, const struct perso_validity *validity,
               enum perso_reject *ret)
{
    if (certificate->begins_s > validity->begin_by_s)
        *ret = PERSO_REJ_CERT_NOT_YET;
    else if (certificate->ends_s < validity->end_from_s)
        *ret = PERSO_REJ_CERT_EXPIRED;
    else
        *ret = PERSO_REJ_NONE;
}

static enum perso_result
judge_chains(const struct perso_match_rules *rules, struct bench *bench, size_t n,
             const struct perso_validity *validity, struct perso_error *err)
{
    if (rules->trust != NULL)
        return perso_trust_judge(rules->trust, bench->certificates, n, validity, bench->results,
                                 err);
    for (size_t k = 0; k < n; k++)
        judge_validity(bench->certificates[k], validity, &bench->results[k]);
    return PERSO_OK;
}

/* Judge the certificates of all records that share record first's validity: one call for all. */
static enum perso_result
judge_group(const struct perso_match_rules *rules, size_t first, size_t n, struct bench *bench,
            struct perso_error *err)
{
    const struct perso_validity *validity = &rules->validities[first];
    enum perso_result rc;
    size_t n_group = 0;

    for (size_t i = first; i < n; i++) {
        if (bench->grouped[i] || !same_validity(&rules->validities[i], validity))
            continue;
        bench->grouped[i] = true;
        for (int kind = 0; kind < KINDS; kind++) {
            if (!bench->judged[i][kind].here)
                continue;
            bench->owners[n_group] = &bench->judged[i][kind];
            bench->certificates[n_group++] = &bench->judged[i][kind].certificate;
        }
    }
    if (n_group == 0)
        return PERSO_OK;
    rc = judge_chains(rules, bench, n_group, validity, err);
    for (size_t k = 0; rc == PERSO_OK && k < n_group; k++)
        bench->owners[k]->trust = bench->results[k];
    return rc;
}

/* PERSO_COLUMN_OTHER: the same card and person. */
static enum perso_column
difference(const struct perso_application *application, const struct perso_issuance *issuance)
{
    uint32_t folds;

    if (strcmp(application->card_id, issuance->card_id) != 0)
        return PERSO_COL_AAZ501;
    if (issuance->card_no[0] != '\0' && strcmp(application->card_no, issuance->card_no) != 0)
        return PERSO_COL_AAZ500;
    if (!issuance->has_key ||
        memcmp(application->public_key, issuance->public_key, PERSO_POINT_BYTES) != 0)
        return PERSO_COL_QMGY;
    if (strcmp(application->ssn, issuance->ssn) != 0)
        return PERSO_COL_AAC002;
    return perso_name_compare(application->name, issuance->name, &folds) == PERSO_NAME_MISMATCH
               ? PERSO_COL_AAC003
               : PERSO_COLUMN_OTHER;
}

static void
compare(const struct perso_application *application, const struct perso_issuance *issuance,
        struct perso_verdict *verdict)
{
    enum perso_column column = difference(application, issuance);

    if (column != PERSO_COLUMN_OTHER)
        perso_verdict_set(verdict, PERSO_REJ_FIELD_DIFFERS, column, NULL);
}

static bool
usage_fits(const struct perso_certificate *certificate, int kind)
{
    uint32_t usage = certificate->key_usage;

    if (certificate->is_ca || certificate->unknown_critical || (usage & CA_SIGNING) != 0)
        return false;
    bool signs = (usage & PERSO_KU_DIGITAL_SIGNATURE) != 0, enciphers = (usage & ENCIPHERING) != 0;
    return kind == SIGNING ? signs && !enciphers : enciphers && !signs;
}

static bool
person_fits(const struct perso_match_rules *rules, const struct perso_certificate *certificate,
            const struct perso_application *application, const struct perso_issuance *issuance)
{
    /* The issuance side's name went to the RA; a vendor may have no issuance data. */
    struct perso_text name = issuance->name.bytes > 0 ? issuance->name : application->name;

    return perso_subject_is(&certificate->person, name, application->ssn, application->card_id,
                            &rules->subject);
}

/* From the chain to the person, in the order of the table of rejects. */
static enum perso_reject
judge_certificate(const struct perso_match_rules *rules, const struct judged *judged, int kind,
                  const struct perso_application *application,
                  const struct perso_issuance *issuance)
{
    const struct perso_certificate *certificate = &judged->certificate;

    if (judged->trust != PERSO_REJ_NONE)
        return judged->trust;
    if (!usage_fits(certificate, kind))
        return PERSO_REJ_CERT_USAGE;
    bool own = memcmp(certificate->public_key, application->public_key, PERSO_POINT_BYTES) == 0;
    if (own != (kind == SIGNING))
        return PERSO_REJ_CERT_KEY;
    if (!person_fits(rules, certificate, application, issuance))
        return PERSO_REJ_CERT_PERSON;
    return PERSO_REJ_NONE;
}

/* Is it one, is it this certificate's, can the machine take it? */
static enum perso_reject
judge_envelope(const struct perso_match_rules *rules, struct perso_cursor bytes,
               const struct judged *encryption, const char **note)
{
    const uint8_t *key = encryption->certificate.public_key;
    struct perso_envelope envelope;
    enum perso_reject reject;

    *note = NULL;
    if (!is_here(rules, PERSO_ITEM_JMMY, bytes))
        return PERSO_REJ_NONE;
    if ((reject = perso_envelope_read(bytes, &envelope, note)) != PERSO_REJ_NONE)
        return reject;
    if (envelope.form == PERSO_ENVELOPE_OPAQUE && !rules->carry_opaque) {
        *note = envelope.stuck;
        return PERSO_REJ_ENVELOPE_SHAPE;
    }
    if (!encryption->here || perso_envelope_judge(&envelope, key) != PERSO_REJ_NONE)
        return PERSO_REJ_ENVELOPE_KEY;
    return perso_machine_envelope_judge(rules->envelope, &envelope, note);
}

/* The person, QMZS wholly, then JMZS, then the envelope. Where reading a certificate failed, the
 * verdict is there already; only a fault of the certificate before it may still take its place. */
static void
judge_record(const struct perso_match_rules *rules, const struct perso_application *application,
             const struct perso_issuance *issuance, const struct perso_answer *answer,
             const struct judged judged[KINDS], struct perso_verdict *verdict)
{
    enum perso_reject reject;
    const char *note;

    if (rules->compare)
        compare(application, issuance, verdict);
    if (verdict->reject == PERSO_REJ_FIELD_DIFFERS)
        return;
    for (int kind = 0; kind < KINDS; kind++) {
        if (verdict->reject != PERSO_REJ_NONE && verdict->column == column_of(kind))
            return;
        if (!judged[kind].here)
            continue;
        reject = judge_certificate(rules, &judged[kind], kind, application, issuance);
        if (reject != PERSO_REJ_NONE) {
            perso_verdict_set(verdict, reject, column_of(kind),
                              reject == PERSO_REJ_CERT_PERSON
                                  ? perso_subject_fault(&judged[kind].certificate.person)
                                  : NULL);
            return;
        }
    }
    reject = judge_envelope(rules, answer->envelope, &judged[ENCRYPTION], &note);
    if (reject != PERSO_REJ_NONE)
        perso_verdict_set(verdict, reject, PERSO_COL_JMMY, note);
}

static bool
digest_certificate(struct perso_sm3 *sm3, const struct perso_certificate *certificate,
                   struct perso_cursor der, uint8_t name[PERSO_SM3_BYTES],
                   uint8_t whole[PERSO_SM3_BYTES])
{
    return perso_sm3_add(sm3, certificate->issuer.at, perso_left(&certificate->issuer)) &&
           perso_sm3_add(sm3, certificate->serial.at, perso_left(&certificate->serial)) &&
           perso_sm3_end(sm3, name) && perso_sm3_of(der.at, perso_left(&der), whole);
}

static bool
describe(struct perso_sm3 *sm3, const struct judged judged[KINDS],
         const struct perso_answer *answer, struct perso_matched *out)
{
    const struct judged *signing = &judged[SIGNING], *encryption = &judged[ENCRYPTION];

    *out = (struct perso_matched) { .signing_digest = { 0 } };
    if (signing->here &&
        !digest_certificate(sm3, &signing->certificate, answer->signing_certificate,
                            out->signing_digest, out->signing_sm3))
        return false;
    if (!encryption->here)
        return true;
    memcpy(out->encryption_key, encryption->certificate.public_key, PERSO_POINT_BYTES);
    return digest_certificate(sm3, &encryption->certificate, answer->encryption_certificate,
                              out->encryption_digest, out->encryption_sm3);
}

enum perso_result
perso_matched_of(const struct perso_answer *answer, struct perso_matched *ret,
                 struct perso_error *err)
{
    struct judged judged[KINDS] = { [SIGNING] = { .here = false } };
    struct perso_error unreadable = { 0 };
    struct perso_sm3 *sm3 = perso_sm3_new();
    enum perso_result rc = PERSO_OK;

    for (int kind = 0; kind < KINDS; kind++)
        judged[kind].here = perso_certificate_read(der_of(answer, kind), &judged[kind].certificate,
                                                   &unreadable) == PERSO_OK;
    if (sm3 == NULL || !describe(sm3, judged, answer, ret))
        rc = perso_error_openssl(err, "certificate digests");
    perso_sm3_free(sm3);
    return rc;
}

static enum perso_result
judge_batch(const struct perso_match_rules *rules, const struct perso_answer *answers, size_t n,
            struct bench *bench, struct perso_verdict *verdicts, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; i < n; i++) {
        perso_verdict_clear(&verdicts[i]);
        for (int kind = 0; rc == PERSO_OK && kind < KINDS; kind++)
            rc = read_certificate(rules, &answers[i], kind, &bench->judged[i][kind], &verdicts[i],
                                  err);
    }
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        if (!bench->grouped[i])
            rc = judge_group(rules, i, n, bench, err);
    return rc;
}

enum perso_result
perso_stage_match(const struct perso_match_rules *rules,
                  const struct perso_application *applications,
                  const struct perso_issuance *issuances, const struct perso_answer *answers,
                  size_t n, struct perso_matched *out, struct perso_verdict *verdicts,
                  struct perso_error *err)
{
    struct bench bench;
    enum perso_result rc;

    if (!bench_new(&bench, n))
        rc = perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
    else
        rc = judge_batch(rules, answers, n, &bench, verdicts, err);
    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        judge_record(rules, &applications[i], &issuances[i], &answers[i], bench.judged[i],
                     &verdicts[i]);
        if (!describe(bench.sm3, bench.judged[i], &answers[i], &out[i]))
            rc = perso_error_openssl(err, "certificate digests");
    }
    bench_free(&bench);
    return rc;
}
