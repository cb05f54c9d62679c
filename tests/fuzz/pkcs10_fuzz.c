/* PKCS#10 requests: what is read lies inside the input, and OpenSSL reads it to the same end. */
#include <assert.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

#include "formats/pki/pkcs10.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
lies_inside(struct perso_cursor part, const uint8_t *data, size_t size)
{
    return part.at >= data && part.at <= part.end && part.end <= data + size;
}

/* OpenSSL refuses a key that is off the curve only when it is asked for. */
static void
openssl_reads_it_too(const uint8_t *data, size_t size)
{
    const unsigned char *at = data;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)size);

    assert(request != NULL && at == data + size);
    X509_REQ_free(request);
    ERR_clear_error();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct perso_error err = { 0 };
    struct perso_pkcs10 request, untouched;
    memset(&request, 0x5a, sizeof request);
    memcpy(&untouched, &request, sizeof request);

    enum perso_result rc = perso_pkcs10_read(perso_cursor_of(data, size), &request, &err);
    assert(rc == PERSO_OK || rc == PERSO_REJECT);
    assert((rc == PERSO_REJECT) == (err.reject != PERSO_REJ_NONE));
    if (rc != PERSO_OK) {
        assert(memcmp(&request, &untouched, sizeof request) == 0);
        assert(err.text[0] != '\0');
        return 0;
    }
    assert(size <= PERSO_REQUEST_DER_BYTES);
    assert(lies_inside(request.info, data, size) && lies_inside(request.subject, data, size));
    openssl_reads_it_too(data, size);
    return 0;
}
