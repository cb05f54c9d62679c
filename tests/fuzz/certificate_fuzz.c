/* Certificates: what is read lies inside the input, and OpenSSL reads it to the same values. */
#include <assert.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

#include "formats/pki/certificate.h"
#include "tests/fuzz/person.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
lies_inside(struct perso_cursor part, const uint8_t *data, size_t size)
{
    return part.at >= data && part.at <= part.end && part.end <= data + size;
}

static bool
text_lies_inside(struct perso_text text, const uint8_t *data, size_t size)
{
    return text.bytes == 0 || lies_inside(perso_cursor_of(text.at, text.bytes), data, size);
}

/* Seconds since 1970, by OpenSSL's calendar. */
static bool
same_time(const ASN1_TIME *theirs, int64_t ours)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days, seconds;

    assert(epoch != NULL);
    bool ret = ASN1_TIME_diff(&days, &seconds, epoch, theirs) == 1 &&
               (int64_t)days * 86400 + seconds == ours;
    ASN1_TIME_free(epoch);
    return ret;
}

static bool
same_name(const X509_NAME *theirs, struct perso_cursor ours)
{
    const uint8_t *der;
    size_t n;

    return X509_NAME_get0_der(theirs, &der, &n) == 1 && n == perso_left(&ours) &&
           memcmp(der, ours.at, n) == 0;
}

static bool
same_key(const X509 *certificate, const uint8_t public_key[64])
{
    const uint8_t *at;
    int n;

    return X509_PUBKEY_get0_param(NULL, &at, &n, NULL, X509_get_X509_PUBKEY(certificate)) == 1 &&
           n == 65 && memcmp(at + 1, public_key, 64) == 0;
}

static void
openssl_reads_the_same(const uint8_t *data, size_t size, const struct perso_certificate *read)
{
    const unsigned char *at = data;
    X509 *certificate = d2i_X509(NULL, &at, (long)size);
    const ASN1_INTEGER *serial;

    assert(certificate != NULL && at == data + size);
    assert(X509_get_version(certificate) == X509_VERSION_3);
    serial = X509_get0_serialNumber(certificate);
    assert(ASN1_STRING_type(serial) == V_ASN1_INTEGER); /* not negative */
    assert(ASN1_STRING_length(serial) <= 20 && perso_left(&read->serial) <= 21);
    assert(same_time(X509_get0_notBefore(certificate), read->begins_s));
    assert(same_time(X509_get0_notAfter(certificate), read->ends_s));
    assert(same_name(X509_get_subject_name(certificate), read->subject));
    assert(same_name(X509_get_issuer_name(certificate), read->issuer));
    assert(same_key(certificate, read->public_key));
    X509_free(certificate);
    ERR_clear_error();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct perso_error err = { 0 };
    struct perso_certificate read, untouched;
    memset(&read, 0x5a, sizeof read);
    memcpy(&untouched, &read, sizeof read);

    enum perso_result rc = perso_certificate_read(perso_cursor_of(data, size), &read, &err);
    assert(rc == PERSO_OK || rc == PERSO_REJECT);
    assert((rc == PERSO_REJECT) == (err.reject != PERSO_REJ_NONE));
    if (rc != PERSO_OK) {
        assert(memcmp(&read, &untouched, sizeof read) == 0);
        assert(err.text[0] != '\0');
        return 0;
    }
    assert(size <= PERSO_CERTIFICATE_DER_BYTES);
    assert(lies_inside(read.tbs, data, size) && lies_inside(read.serial, data, size));
    assert(lies_inside(read.issuer, data, size) && lies_inside(read.subject, data, size));
    assert(text_lies_inside(read.person.common_name, data, size));
    assert(text_lies_inside(read.person.serial_number, data, size));
    assert(text_lies_inside(read.person.identify_code, data, size));
    assert(text_lies_inside(read.person.insurance_number, data, size));
    assert(read.begins_s <= read.ends_s && (read.path_length < 0 || read.is_ca));
    openssl_reads_the_same(data, size, &read);
    judge_person(&read.person);
    return 0;
}
