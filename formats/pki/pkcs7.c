#include "formats/pki/pkcs7.h"

#include "formats/pki/der.h"
#include "perso/text.h"

#define INDEFINITE 0x80 /* the length byte of BER that DER does not have (X.690 10.1) */

static const uint8_t oid_pkcs7[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07 };
static const uint8_t oid_gm[] = { 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x06, 0x01, 0x04, 0x02 };

#define SIGNED_DATA 2

static enum perso_result
refuse(struct perso_error *err, const char *form, const char *text)
{
    return perso_error_set(err, PERSO_REJ_FILE_FORMAT, form, "%s", text);
}

/* What stands at c is not the element that was expected: is it BER? */
static const char *
why(struct perso_cursor c, const char *text)
{
    if (perso_left(&c) >= 2 && c.at[1] == INDEFINITE)
        return N_("BER with an indefinite length, where DER is expected");
    return text;
}

/* The type of a ContentInfo: the last arc below one of the two roots; 0: another OID. */
static unsigned
content_type(struct perso_cursor oid)
{
    size_t n = perso_left(&oid);
    if (n == 0 || oid.end[-1] == 0 || oid.end[-1] >= 0x80)
        return 0;
    unsigned type = oid.end[-1];
    oid.end--;
    return perso_der_is(oid, oid_pkcs7, sizeof oid_pkcs7) ||
                   perso_der_is(oid, oid_gm, sizeof oid_gm)
               ? type
               : 0;
}

static const char *
other_content(unsigned type)
{
    switch (type) {
    case 1:
        return N_("data, where SignedData is expected");
    case 3:
        return N_("EnvelopedData, where SignedData is expected");
    case 4:
        return N_("SignedAndEnvelopedData, where SignedData is expected");
    case 5:
        return N_("DigestedData or EncryptedData, where SignedData is expected");
    case 6:
        return N_("EncryptedData or KeyAgreementInfo, where SignedData is expected");
    default:
        return N_("neither PKCS#7 nor a type of GM/T 0010");
    }
}

/* ContentInfo { contentType, [0] EXPLICIT content }; *content is at the SignedData. */
static const char *
open_content(struct perso_cursor der, struct perso_cursor *content)
{
    struct perso_der info, explicit;
    struct perso_cursor at = der, oid;

    if (!perso_der_take(&at, PERSO_DER_SEQUENCE, &info))
        return why(der, N_("cut, or its length is wrong"));
    if (perso_left(&at) != 0)
        return N_("bytes after its end");
    if (!perso_der_oid(&info.body, &oid))
        return N_("not a ContentInfo");
    unsigned type = content_type(oid);
    if (type != SIGNED_DATA)
        return other_content(type);
    if (!perso_der_take(&info.body, PERSO_DER_CONTEXT(0), &explicit) || perso_left(&info.body) != 0)
        return why(info.body, N_("not one content in [0]"));
    *content = explicit.body;
    return NULL;
}

/* certificates [0] IMPLICIT, crls [1] IMPLICIT, signerInfos: each but the last may be missing. */
static const char *
read_tail(struct perso_cursor body, struct perso_pkcs7 *read)
{
    struct perso_der element;

    if (perso_der_take(&body, PERSO_DER_CONTEXT(0), &element))
        read->certificates = element.body;
    else
        read->certificates = (struct perso_cursor) { body.at, body.at };
    if (body.at != body.end && *body.at == PERSO_DER_CONTEXT(0))
        return why(body, N_("certificates are cut"));
    perso_der_take(&body, PERSO_DER_CONTEXT(1), &element);
    if (!perso_der_take(&body, PERSO_DER_SET, &element))
        return why(body, N_("no set of signers behind the certificates"));
    read->has_signers = perso_left(&element.body) != 0;
    return perso_left(&body) != 0 ? N_("bytes after the signers") : NULL;
}

/* SignedData { version, digestAlgorithms, contentInfo, ... } */
static const char *
read_signed_data(struct perso_cursor content, struct perso_pkcs7 *read)
{
    struct perso_der data, element;
    struct perso_cursor at = content, oid;
    uint8_t version;

    if (!perso_der_take(&at, PERSO_DER_SEQUENCE, &data) || perso_left(&at) != 0)
        return why(content, N_("SignedData is not one SEQUENCE"));
    if (!perso_der_unsigned(&data.body, &version, 1))
        return N_("SignedData without a version");
    if (!perso_der_take(&data.body, PERSO_DER_SET, &element))
        return why(data.body, N_("SignedData without its digest algorithms"));
    if (!perso_der_take(&data.body, PERSO_DER_SEQUENCE, &element))
        return why(data.body, N_("SignedData without its content"));
    if (!perso_der_oid(&element.body, &oid))
        return N_("SignedData without the type of its content");
    at = element.body;
    if (perso_left(&at) != 0 &&
        (!perso_der_take(&at, PERSO_DER_CONTEXT(0), &element) || perso_left(&at) != 0))
        return why(at, N_("SignedData has not one content in [0]"));
    return read_tail(data.body, read);
}

enum perso_result
perso_pkcs7_read(struct perso_cursor der, struct perso_pkcs7 *ret, struct perso_error *err)
{
    struct perso_cursor content = { NULL, NULL };
    struct perso_pkcs7 read;
    const char *fault = open_content(der, &content);

    if (fault == NULL)
        fault = read_signed_data(content, &read);
    if (fault != NULL)
        return refuse(err, "PKCS7", fault);
    *ret = read;
    return PERSO_OK;
}

/* [0]: SM2EnvelopedKey's four elements, or under an EXPLICIT tag one SEQUENCE around them. */
static const char *
read_envelope(struct perso_cursor *body, struct perso_cursor *ret)
{
    struct perso_der element, inner;

    *ret = (struct perso_cursor) { body->at, body->at };
    if (body->at == body->end || *body->at != PERSO_DER_CONTEXT(0))
        return NULL;
    if (!perso_der_any(body, &element))
        return why(*body, N_("envelope is cut"));
    *ret = element.body;
    if (!perso_der_take(&element.body, PERSO_DER_SEQUENCE, &inner))
        return why(element.body, N_("envelope is not an SM2EnvelopedKey"));
    if (perso_left(&element.body) == 0)
        *ret = inner.body;
    return NULL;
}

/* [1]: certificates, or under an EXPLICIT tag one SET around them. */
static const char *
read_encryption(struct perso_cursor *body, struct perso_cursor *ret)
{
    struct perso_der element, inner;

    *ret = (struct perso_cursor) { body->at, body->at };
    if (body->at == body->end || *body->at != PERSO_DER_CONTEXT(1))
        return NULL;
    if (!perso_der_any(body, &element))
        return why(*body, N_("encryption certificates are cut"));
    *ret = element.body;
    if (perso_der_take(&element.body, PERSO_DER_SET, &inner)) {
        if (perso_left(&element.body) != 0)
            return N_("bytes after the encryption certificates");
        *ret = inner.body;
    }
    return NULL;
}

enum perso_result
perso_csr_response_read(struct perso_cursor der, struct perso_csr_response *ret,
                        struct perso_error *err)
{
    struct perso_der response, set;
    struct perso_cursor at = der;
    struct perso_csr_response read;
    const char *fault;

    if (!perso_der_take(&at, PERSO_DER_SEQUENCE, &response))
        return refuse(err, "CSRResponse", why(der, N_("cut, or its length is wrong")));
    if (perso_left(&at) != 0)
        return refuse(err, "CSRResponse", N_("bytes after its end"));
    if (!perso_der_take(&response.body, PERSO_DER_SET, &set))
        return refuse(err, "CSRResponse", why(response.body, N_("no set of certificates")));
    read.signing = set.body;
    if ((fault = read_envelope(&response.body, &read.envelope)) != NULL ||
        (fault = read_encryption(&response.body, &read.encryption)) != NULL)
        return refuse(err, "CSRResponse", fault);
    if (perso_left(&response.body) != 0)
        return refuse(err, "CSRResponse", N_("something after its parts"));
    *ret = read;
    return PERSO_OK;
}

enum perso_result
perso_certificate_set_next(struct perso_cursor *set, struct perso_cursor *der,
                           struct perso_error *err)
{
    struct perso_der element;

    if (set->at == set->end)
        return PERSO_END;
    switch (*set->at) {
    case PERSO_DER_SEQUENCE:
        break;
    case PERSO_DER_CONTEXT(0):
        return refuse(err, "certificate", N_("an extended certificate of PKCS#6 in the set"));
    case PERSO_DER_CONTEXT(1):
    case PERSO_DER_CONTEXT(2):
        return refuse(err, "certificate", N_("an attribute certificate in the set"));
    default:
        return refuse(err, "certificate", N_("something that is no certificate in the set"));
    }
    struct perso_cursor at = *set;
    if (!perso_der_take(&at, PERSO_DER_SEQUENCE, &element))
        return refuse(err, "certificate", why(*set, N_("cut, or its length is wrong")));
    *set = at;
    *der = element.whole;
    return PERSO_OK;
}
