#include "formats/pki/pkcs10.h"

#include <openssl/evp.h>
#include <string.h>

#include "formats/pki/der.h"
#include "formats/pki/der_write.h"
#include "formats/pki/form.h"
#include "formats/pki/request_pem.h"
#include "formats/pki/subject.h"
#include "formats/sm2/sm2.h"
#include "formats/sm2/sm3.h"
#include "perso/text.h"

/* True where an attribute of this type stands among those before it. */
static bool
attribute_stands_twice(struct perso_cursor before, struct perso_cursor type)
{
    struct perso_der attribute;
    struct perso_cursor oid;

    while (perso_der_any(&before, &attribute))
        if (perso_der_oid(&attribute.body, &oid) && perso_der_is(oid, type.at, perso_left(&type)))
            return true;
    return false;
}

/* RFC 2986 4.1: Attributes ::= SET OF SEQUENCE { type, SET SIZE(1..) OF value }. */
static bool
walk_attributes(struct perso_cursor all, struct perso_faults *faults)
{
    struct perso_cursor c = all, type;
    struct perso_der attribute, values;

    while (perso_left(&c) != 0) {
        struct perso_cursor before = { all.at, c.at };
        if (!perso_der_take(&c, PERSO_DER_SEQUENCE, &attribute) ||
            !perso_der_oid(&attribute.body, &type) ||
            !perso_der_take(&attribute.body, PERSO_DER_SET, &values) ||
            perso_left(&attribute.body) != 0 || perso_left(&values.body) == 0 ||
            !perso_der_sound(values.body, PERSO_DER_DEPTH))
            return perso_fault_syntax(faults, "attribute is not one");
        if (attribute_stands_twice(before, type))
            return perso_fault_syntax(faults, "attribute stands twice");
    }
    return true;
}

/* CertificationRequestInfo ::= SEQUENCE { version, subject, subjectPKInfo, attributes [0] }. */
static bool
walk_info(struct perso_cursor info, struct perso_pkcs10 *ret, struct perso_faults *faults)
{
    struct perso_subject subject;
    struct perso_der name, attributes;
    uint8_t version;

    if (!perso_der_unsigned(&info, &version, 1))
        return perso_fault_syntax(faults, "version missing");
    if (version != 0)
        return perso_fault_syntax(faults, "version is not 0");
    if (!perso_der_take(&info, PERSO_DER_SEQUENCE, &name) ||
        !perso_subject_read(name.body, &subject))
        return perso_fault_syntax(faults, "subject is not a Name");
    ret->subject = name.body;
    if (!perso_form_key(&info, ret->public_key, faults))
        return false;
    if (perso_left(&info) == 0)
        return perso_fault_odd(faults, PERSO_ODD_ATTRIBUTES, N_("attributes field missing"));
    if (!perso_der_take(&info, PERSO_DER_CONTEXT(0), &attributes))
        return perso_fault_syntax(faults, "attributes are not [0]");
    if (perso_left(&info) != 0)
        return perso_fault_syntax(faults, "bytes after the attributes");
    return walk_attributes(attributes.body, faults);
}

static bool
walk_request(struct perso_cursor body, struct perso_pkcs10 *ret, struct perso_faults *faults)
{
    struct perso_der info;

    if (!perso_der_take(&body, PERSO_DER_SEQUENCE, &info))
        return perso_fault_syntax(faults, "no CertificationRequestInfo");
    ret->info = info.whole;
    if (!walk_info(info.body, ret, faults) || !perso_form_algorithm(&body, faults) ||
        !perso_form_signature(&body, ret->rs, faults))
        return false;
    return perso_left(&body) == 0 || perso_fault_syntax(faults, "bytes after the signature");
}

/* The DER of what is given, taken out of PEM text where it is that. */
static bool
unwrap(struct perso_cursor *given, uint8_t *room, struct perso_faults *faults)
{
    const char *fault;

    if (!perso_request_pem_is(*given))
        return true;
    if (!perso_fault_odd(faults, PERSO_ODD_PEM, N_("PEM text")))
        return false;
    fault = perso_request_pem_read(*given, room, given);
    return fault == NULL || perso_fault_syntax(faults, fault);
}

static enum perso_result
refuse(const struct perso_faults *faults, struct perso_error *err)
{
    if (faults->failed)
        return perso_error_openssl(err, "SM2 key");
    return perso_error_set(err, PERSO_REJ_REQUEST_SYNTAX, "P10", "%s",
                           faults->refused != 0 ? perso_odd_refusal(faults->refused)
                                                : faults->syntax);
}

/* DER r and s are longer than raw ones. */
static bool
fits_when_mended(const struct perso_pkcs10 *request)
{
    uint8_t out[PERSO_REQUEST_DER_BYTES];
    size_t n;

    return (request->odd & PERSO_ODD_RAW) == 0 || perso_pkcs10_write(request, out, sizeof out, &n);
}

static enum perso_result
read_der(struct perso_cursor der, struct perso_faults *faults, struct perso_pkcs10 *ret,
         struct perso_error *err)
{
    struct perso_der whole;

    if (!perso_der_take(&der, PERSO_DER_SEQUENCE, &whole))
        return perso_error_set(err, PERSO_REJ_REQUEST_SYNTAX, "P10", "%s", perso_form_not_der(der));
    if (!walk_request(whole.body, ret, faults))
        return refuse(faults, err);
    if (perso_left(&der) != 0)
        return perso_error_set(err, PERSO_REJ_REQUEST_TRAILING, "P10", "have %zu",
                               perso_left(&der));
    if (faults->algorithm != NULL)
        return perso_error_set(err, PERSO_REJ_REQUEST_ALGORITHM, "P10", "%s", faults->algorithm);
    ret->odd = faults->odd;
    return fits_when_mended(ret)
               ? PERSO_OK
               : perso_error_set(err, PERSO_REJ_REQUEST_SYNTAX, "P10", "too long once mended");
}

enum perso_result
perso_pkcs10_read(struct perso_cursor given, uint32_t tolerated, uint8_t *room,
                  struct perso_pkcs10 *ret, struct perso_error *err)
{
    struct perso_faults faults = { .tolerated = tolerated };
    struct perso_pkcs10 read = { 0 };
    enum perso_result rc;
    unsigned max = perso_request_pem_is(given) ? PERSO_REQUEST_PEM_BYTES : PERSO_REQUEST_DER_BYTES;

    if (perso_left(&given) > max)
        return perso_error_set(err, PERSO_REJ_REQUEST_SYNTAX, "P10",
                               "have %zu bytes, want at most %u", perso_left(&given), max);
    if (!unwrap(&given, room, &faults))
        return refuse(&faults, err);
    if ((rc = read_der(given, &faults, &read, err)) == PERSO_OK)
        *ret = read;
    return rc;
}

bool
perso_pkcs10_write(const struct perso_pkcs10 *request, uint8_t *out, size_t max, size_t *n)
{
    static const uint8_t algorithm[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x81,
                                         0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75 };
    static const uint8_t no_unused_bits = 0;
    struct perso_der_writer w = perso_der_writer_of(out, max);

    perso_der_put_unsigned(&w, request->rs + 32, 32);
    perso_der_put_unsigned(&w, request->rs, 32);
    perso_der_put_header(&w, PERSO_DER_SEQUENCE, 0);
    perso_der_put(&w, &no_unused_bits, 1);
    perso_der_put_header(&w, PERSO_DER_BIT_STRING, 0);
    perso_der_put(&w, algorithm, sizeof algorithm);
    perso_der_put(&w, request->info.at, perso_left(&request->info));
    perso_der_put_header(&w, PERSO_DER_SEQUENCE, 0);
    return perso_der_written(&w, n);
}

bool
perso_pkcs10_e(const struct perso_pkcs10 *request, const char *id, uint8_t e[PERSO_SM3_BYTES])
{
    return perso_sm2_e(request->public_key, id, request->info, e);
}

enum perso_result
perso_pkcs10_diagnose(const struct perso_pkcs10 *request, enum perso_reject *ret,
                      struct perso_error *err)
{
    enum { EMPTY_ID, NO_Z, SHA256, N };
    static const enum perso_reject fits[N] = { PERSO_REJ_POP_EMPTY_ID, PERSO_REJ_POP_NO_Z,
                                               PERSO_REJ_POP_SHA256 };
    uint8_t e[N][PERSO_SM3_BYTES];
    struct perso_sm2_item items[N];
    enum perso_sm2_verdict verdicts[N];
    enum perso_result rc;
    size_t n = perso_left(&request->info);

    if (!perso_pkcs10_e(request, "", e[EMPTY_ID]) || !perso_sm3_of(request->info.at, n, e[NO_Z]) ||
        EVP_Digest(request->info.at, n, e[SHA256], NULL, EVP_sha256(), NULL) != 1)
        return perso_error_openssl(err, "proof of possession");
    for (int i = 0; i < N; i++)
        items[i] = (struct perso_sm2_item) { request->public_key, e[i], request->rs };
    if ((rc = perso_sm2_verify(NULL, items, N, verdicts, err)) != PERSO_OK)
        return rc;
    *ret = PERSO_REJ_POP_FAILED;
    for (int i = N - 1; i >= 0; i--)
        if (verdicts[i] == PERSO_SM2_ACCEPTED)
            *ret = fits[i];
    return PERSO_OK;
}
