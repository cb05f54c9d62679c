/* Files of certificates: what is visited lies in the input, is one DER element, and comes again. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "formats/pki/certificate_file.h"
#include "formats/pki/der.h"
#include "formats/pki/pem.h"
#include "formats/pki/pkcs7.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    const uint8_t *data;
    size_t size;
    bool binary; /* one DER element from the first byte to the last */
    uint32_t n, certificates;
    uint64_t sum;
};

static bool
lies_inside(struct perso_cursor part, const uint8_t *data, size_t size)
{
    return part.at >= data && part.at <= part.end && part.end <= data + size;
}

static enum perso_result
note(void *self, const struct perso_certificate_item *item, struct perso_error *err)
{
    struct seen *seen = self;
    struct perso_cursor at = item->der;
    struct perso_der whole;
    (void)err;

    assert(item->number == ++seen->n);
    assert(perso_der_take(&at, PERSO_DER_SEQUENCE, &whole) && perso_left(&at) == 0);
    assert(perso_left(&item->der) <= seen->size + 4); /* an envelope gets its header back */
    if (item->role != PERSO_ROLE_ENVELOPE)
        seen->certificates++;
    if (seen->binary && item->role != PERSO_ROLE_ENVELOPE)
        assert(lies_inside(item->der, seen->data, seen->size));
    for (const uint8_t *p = item->der.at; p != item->der.end; p++)
        seen->sum = seen->sum * 31 + *p;
    seen->sum = seen->sum * 31 + 256 + (uint64_t)item->role + item->line;
    return PERSO_OK;
}

static enum perso_result
read_file(const uint8_t *data, size_t size, struct seen *seen, struct perso_error *err)
{
    struct perso_certificate_visitor visitor = { note, seen };
    struct perso_cursor at = perso_cursor_of(data, size);
    struct perso_der whole;
    *seen = (struct seen) { .data = data, .size = size };
    seen->binary = perso_der_take(&at, PERSO_DER_SEQUENCE, &whole) && perso_left(&at) == 0;
    return perso_certificates_read(perso_cursor_of(data, size), &visitor, err);
}

static void
check_file(const uint8_t *data, size_t size)
{
    struct seen first, second;
    struct perso_error err = { 0 }, again = { 0 };
    enum perso_result rc = read_file(data, size, &first, &err);

    assert(rc == PERSO_OK || rc == PERSO_REJECT);
    assert((rc == PERSO_OK) == (err.reject == PERSO_REJ_NONE));
    assert(rc != PERSO_OK || first.certificates != 0);
    assert(rc != PERSO_REJECT || perso_reject_of_file(err.reject));
    assert(err.reject != PERSO_REJ_FILE_FORMAT || err.text[0] != '\0');
    assert(first.n <= size / 2 + 1);
    assert(read_file(data, size, &second, &again) == rc);
    assert(first.n == second.n && first.sum == second.sum);
    assert(memcmp(&err, &again, sizeof err) == 0);
}

static void
check_set(struct perso_cursor set, const uint8_t *data, size_t size)
{
    struct perso_error err = { 0 };
    struct perso_cursor der;

    assert(lies_inside(set, data, size));
    while (perso_certificate_set_next(&set, &der, &err) == PERSO_OK)
        assert(lies_inside(der, data, size) && *der.at == PERSO_DER_SEQUENCE && der.end == set.at);
}

static void
check_der(const uint8_t *data, size_t size)
{
    struct perso_cursor der = perso_cursor_of(data, size);
    struct perso_pkcs7 pkcs7;
    struct perso_csr_response response;
    struct perso_error err = { 0 };

    if (perso_pkcs7_read(der, &pkcs7, &err) == PERSO_OK)
        check_set(pkcs7.certificates, data, size);
    if (perso_csr_response_read(der, &response, &err) == PERSO_OK) {
        check_set(response.signing, data, size);
        check_set(response.encryption, data, size);
        assert(lies_inside(response.envelope, data, size));
    }
}

/* A block written anew is read as the same bytes. */
static void
check_block(const struct perso_pem_block *block)
{
    static const char begin[] = "-----BEGIN CMS-----\n", end[] = "\n-----END CMS-----\n";
    size_t n = perso_left(&block->der), chars = PERSO_BASE64_CHARS(n);
    char *text = malloc(sizeof begin + chars + sizeof end);
    uint8_t *room = malloc(PERSO_PEM_ROOM(chars));
    struct perso_pem_block again;
    struct perso_error err = { 0 };

    if (text == NULL || room == NULL)
        abort();
    memcpy(text, begin, sizeof begin);
    perso_base64_encode(block->der.at, n, text + sizeof begin - 1);
    memcpy(text + sizeof begin - 1 + chars, end, sizeof end);
    struct perso_pem pem = perso_pem_of(perso_cursor_of(text, strlen(text)));
    assert(perso_pem_next(&pem, room, PERSO_PEM_ROOM(chars), &again, &err) == PERSO_OK);
    assert(again.kind == PERSO_PEM_PKCS7 && perso_left(&again.der) == n);
    assert(memcmp(again.der.at, block->der.at, n) == 0);
    assert(perso_pem_next(&pem, room, PERSO_PEM_ROOM(chars), &again, &err) == PERSO_END);
    free(room);
    free(text);
}

static void
check_pem(const uint8_t *data, size_t size)
{
    struct perso_pem pem = perso_pem_of(perso_cursor_of(data, size)), before = pem;
    uint8_t *room = malloc(PERSO_PEM_ROOM(size));
    struct perso_pem_block block;
    struct perso_error err = { 0 };
    enum perso_result rc;

    if (room == NULL)
        abort();
    while ((rc = perso_pem_next(&pem, room, PERSO_PEM_ROOM(size), &block, &err)) == PERSO_OK) {
        assert(pem.left.at > before.left.at && pem.left.end == data + size);
        assert(block.line >= before.line && block.label.bytes != 0);
        assert((block.kind == PERSO_PEM_OTHER) == (perso_left(&block.der) == 0));
        if (block.kind != PERSO_PEM_OTHER)
            check_block(&block);
        before = pem;
    }
    assert(rc == PERSO_END || (err.line >= before.line && err.text[0] != '\0'));
    assert(rc == PERSO_END || memcmp(&pem, &before, sizeof pem) == 0);
    free(room);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    check_file(data, size);
    check_der(data, size);
    check_pem(data, size);
    return 0;
}
