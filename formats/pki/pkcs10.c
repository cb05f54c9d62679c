#include "formats/pki/pkcs10.h"

#include <openssl/evp.h>
#include <string.h>

#include "formats/pki/der.h"
#include "formats/pki/form.h"
#include "formats/pki/subject.h"
#include "formats/sm2/sm2.h"
#include "formats/sm2/sm3.h"

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
        return perso_fault_syntax(faults, "attributes field missing");
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
    if (!walk_info(info.body, ret, faults) || !perso_form_algorithm(&body, false, faults) ||
        !perso_form_signature(&body, ret->rs, faults))
        return false;
    return perso_left(&body) == 0 || perso_fault_syntax(faults, "bytes after the signature");
}

enum perso_result
perso_pkcs10_read(struct perso_cursor der, struct perso_pkcs10 *ret, struct perso_error *err)
{
    struct perso_faults faults = { NULL, NULL };
    struct perso_pkcs10 read = { 0 };
    struct perso_der whole;

    if (perso_left(&der) > PERSO_REQUEST_DER_BYTES)
        return perso_error_set(err, PERSO_REJ_REQUEST_SYNTAX, "P10",
                               "have %zu bytes, want at most %u", perso_left(&der),
                               PERSO_REQUEST_DER_BYTES);
    if (!perso_der_take(&der, PERSO_DER_SEQUENCE, &whole))
        return perso_error_set(err, PERSO_REJ_REQUEST_SYNTAX, "P10", "%s", perso_form_not_der(der));
    if (!walk_request(whole.body, &read, &faults))
        return perso_error_set(err, PERSO_REJ_REQUEST_SYNTAX, "P10", "%s", faults.syntax);
    if (perso_left(&der) != 0)
        return perso_error_set(err, PERSO_REJ_REQUEST_TRAILING, "P10", "have %zu",
                               perso_left(&der));
    if (faults.algorithm != NULL)
        return perso_error_set(err, PERSO_REJ_REQUEST_ALGORITHM, "P10", "%s", faults.algorithm);
    *ret = read;
    return PERSO_OK;
}

bool
perso_pkcs10_e(const struct perso_pkcs10 *request, const char *id, uint8_t e[PERSO_SM3_BYTES])
{
    return perso_sm2_e(request->public_key, id, request->info, e);
}

enum perso_reject
perso_pkcs10_diagnose(const struct perso_pkcs10 *request)
{
    enum { EMPTY_ID, NO_Z, SHA256, N };
    static const enum perso_reject fits[N] = { PERSO_REJ_POP_EMPTY_ID, PERSO_REJ_POP_NO_Z,
                                               PERSO_REJ_POP_SHA256 };
    uint8_t e[N][PERSO_SM3_BYTES];
    struct perso_sm2_item items[N];
    enum perso_sm2_verdict verdicts[N];
    struct perso_error unused = { 0 };
    size_t n = perso_left(&request->info);

    if (!perso_pkcs10_e(request, "", e[EMPTY_ID]) || !perso_sm3_of(request->info.at, n, e[NO_Z]) ||
        EVP_Digest(request->info.at, n, e[SHA256], NULL, EVP_sha256(), NULL) != 1)
        return PERSO_REJ_POP_FAILED;
    for (int i = 0; i < N; i++)
        items[i] = (struct perso_sm2_item) { request->public_key, e[i], request->rs };
    if (perso_sm2_verify(NULL, items, N, verdicts, &unused) != PERSO_OK)
        return PERSO_REJ_POP_FAILED;
    for (int i = 0; i < N; i++)
        if (verdicts[i] == PERSO_SM2_ACCEPTED)
            return fits[i];
    return PERSO_REJ_POP_FAILED;
}
