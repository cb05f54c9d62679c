#include "formats/pki/certificate_file.h"

#include <stdlib.h>
#include <string.h>

#include "formats/pki/der.h"
#include "formats/pki/der_write.h"
#include "formats/pki/pem.h"
#include "formats/pki/pkcs7.h"
#include "perso/text.h"

/* One reading. */
struct reading {
    const struct perso_certificate_visitor *visitor;
    uint32_t n_items, n_certificates;
    uint32_t line; /* of the PEM block read now; 0: none */
};

static enum perso_result
refuse(const struct reading *r, struct perso_error *err, const char *text)
{
    err->line = r->line;
    return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "certificate", "%s", text);
}

static enum perso_result
visit(struct reading *r, enum perso_certificate_role role, struct perso_cursor der,
      struct perso_error *err)
{
    if (r->n_items == PERSO_FILE_CERTIFICATES) {
        err->line = r->line;
        return perso_error_set(err, PERSO_REJ_ROW_COUNT, "", "more than %u certificates",
                               PERSO_FILE_CERTIFICATES);
    }
    struct perso_certificate_item item = { role, der, ++r->n_items, r->line };
    r->n_certificates += role != PERSO_ROLE_ENVELOPE;
    return r->visitor->visit(r->visitor->self, &item, err);
}

static enum perso_result
visit_set(struct reading *r, enum perso_certificate_role role, struct perso_cursor set,
          struct perso_error *err)
{
    struct perso_cursor der;
    enum perso_result rc;

    err->line = r->line;
    while ((rc = perso_certificate_set_next(&set, &der, err)) == PERSO_OK) {
        if ((rc = visit(r, role, der, err)) != PERSO_OK)
            return rc;
        err->line = r->line;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* Its contents get the header of a SEQUENCE, which an IMPLICIT tag has taken from them. */
static enum perso_result
visit_envelope(struct reading *r, struct perso_cursor contents, struct perso_error *err)
{
    uint8_t whole[4 + PERSO_CSR_ENVELOPE_BYTES];
    struct perso_der_writer w = perso_der_writer_of(whole, sizeof whole);
    size_t n = perso_left(&contents);

    if (n == 0)
        return PERSO_OK;
    perso_der_put_element(&w, PERSO_DER_SEQUENCE, contents.at, n);
    if (n > PERSO_CSR_ENVELOPE_BYTES || !perso_der_written(&w, &n))
        return refuse(r, err, N_("key envelope is too long"));
    return visit(r, PERSO_ROLE_ENVELOPE, perso_cursor_of(whole, n), err);
}

static enum perso_result
read_pkcs7(struct reading *r, struct perso_cursor der, struct perso_error *err)
{
    struct perso_pkcs7 pkcs7;
    enum perso_result rc;

    err->line = r->line;
    if ((rc = perso_pkcs7_read(der, &pkcs7, err)) != PERSO_OK)
        return rc;
    return visit_set(r, PERSO_ROLE_ANY, pkcs7.certificates, err);
}

static enum perso_result
read_csr_response(struct reading *r, struct perso_cursor der, struct perso_error *err)
{
    struct perso_csr_response response;
    enum perso_result rc;

    err->line = r->line;
    if ((rc = perso_csr_response_read(der, &response, err)) != PERSO_OK ||
        (rc = visit_set(r, PERSO_ROLE_SIGNING, response.signing, err)) != PERSO_OK ||
        (rc = visit_envelope(r, response.envelope, err)) != PERSO_OK)
        return rc;
    return visit_set(r, PERSO_ROLE_ENCRYPTION, response.encryption, err);
}

static bool
is_next(struct perso_cursor c, uint8_t tag)
{
    return c.at != c.end && *c.at == tag;
}

/* SEQUENCE { INTEGER, ... } */
static const char *
name_numbered(struct perso_cursor body)
{
    uint8_t version;

    if (!perso_der_unsigned(&body, &version, 1))
        return N_("no certificate");
    if (version == 3 && is_next(body, PERSO_DER_SEQUENCE))
        return N_("PKCS#12, no certificates alone");
    if (version <= 1 &&
        (is_next(body, PERSO_DER_SEQUENCE) || is_next(body, PERSO_DER_OCTET_STRING)))
        return N_("a private key");
    return N_("no certificate");
}

/* What is signed, of SEQUENCE { SEQUENCE, SEQUENCE, BIT STRING }; NULL: a certificate. */
static const char *
name_signed(struct perso_cursor tbs)
{
    struct perso_der element, second;

    if (is_next(tbs, PERSO_DER_CONTEXT(0)))
        return NULL;
    if (is_next(tbs, PERSO_DER_SEQUENCE))
        return N_("a revocation list");
    if (!perso_der_take(&tbs, PERSO_DER_INTEGER, &element) ||
        !perso_der_take(&tbs, PERSO_DER_SEQUENCE, &second))
        return N_("no certificate");
    if (!is_next(second.body, PERSO_DER_OID))
        return N_("a certificate request");
    bool lists = perso_der_take(&tbs, PERSO_DER_SEQUENCE, &element) &&
                 (is_next(tbs, PERSO_DER_UTC_TIME) || is_next(tbs, PERSO_DER_GENERALIZED_TIME));
    return lists ? N_("a revocation list") : NULL; /* version 1: perso_certificate_read says so */
}

/* SEQUENCE { SEQUENCE, ... }; NULL: a certificate. */
static const char *
name_nested(struct perso_cursor body)
{
    struct perso_der first, second, third;

    if (!perso_der_take(&body, PERSO_DER_SEQUENCE, &first))
        return N_("cut, or its length is wrong");
    if (is_next(body, PERSO_DER_BIT_STRING))
        return N_("a public key");
    if (is_next(body, PERSO_DER_OCTET_STRING))
        return N_("an encrypted private key");
    if (!perso_der_take(&body, PERSO_DER_SEQUENCE, &second) ||
        !perso_der_take(&body, PERSO_DER_BIT_STRING, &third))
        return N_("no certificate");
    if (is_next(body, PERSO_DER_BIT_STRING))
        return N_("a key envelope");
    return perso_left(&body) == 0 ? name_signed(first.body) : N_("no certificate");
}

/* Not one SEQUENCE from the first byte to the last. */
static const char *
name_damage(struct perso_cursor bytes)
{
    struct perso_der whole;

    if (perso_der_take(&bytes, PERSO_DER_SEQUENCE, &whole))
        return N_("bytes after its end");
    if (perso_left(&bytes) >= 2 && bytes.at[0] == PERSO_DER_SEQUENCE && bytes.at[1] == 0x80)
        return N_("BER with an indefinite length, where DER is expected");
    return bytes.at != bytes.end && *bytes.at == PERSO_DER_SEQUENCE
               ? N_("cut, or its length is wrong")
               : N_("no certificate");
}

static enum perso_result
read_der(struct reading *r, struct perso_cursor der, struct perso_error *err)
{
    struct perso_der whole;
    struct perso_cursor at = der;
    const char *other;

    if (!perso_der_take(&at, PERSO_DER_SEQUENCE, &whole) || perso_left(&at) != 0)
        return refuse(r, err, name_damage(der));
    if (is_next(whole.body, PERSO_DER_OID))
        return read_pkcs7(r, der, err);
    if (is_next(whole.body, PERSO_DER_SET))
        return read_csr_response(r, der, err);
    if (is_next(whole.body, PERSO_DER_SEQUENCE))
        other = name_nested(whole.body);
    else
        other = name_numbered(whole.body);
    return other != NULL ? refuse(r, err, other) : visit(r, PERSO_ROLE_ANY, der, err);
}

/* The label rules out what is no certificate at all; else the bytes tell what they are. */
static enum perso_result
read_pem(struct reading *r, struct perso_cursor text, uint8_t *room, size_t max,
         struct perso_error *err)
{
    struct perso_pem pem = perso_pem_of(text);
    struct perso_pem_block block;
    enum perso_result rc;

    while ((rc = perso_pem_next(&pem, room, max, &block, err)) == PERSO_OK) {
        r->line = block.line;
        if (block.kind == PERSO_PEM_REQUEST)
            rc = refuse(r, err, N_("a certificate request"));
        else if (block.kind == PERSO_PEM_OTHER)
            rc = refuse(r, err, N_("a PEM block that is none of certificates"));
        else
            rc = read_der(r, block.der, err);
        if (rc != PERSO_OK)
            return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
read_text(struct reading *r, struct perso_cursor text, struct perso_error *err)
{
    size_t max = PERSO_PEM_ROOM(perso_left(&text));
    uint8_t *room = malloc(max);
    struct perso_cursor der;
    enum perso_result rc;

    if (room == NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
    if (perso_pem_looks(text))
        rc = read_pem(r, text, room, max, err);
    else if (perso_pem_bare(text, room, max, &der))
        rc = read_der(r, der, err);
    else if (perso_left(&text) >= 2 && *text.at >= 0xfe && text.at[0] + text.at[1] == 0xff + 0xfe)
        rc = refuse(r, err, N_("text in utf-16"));
    else if (*text.at == PERSO_DER_SEQUENCE)
        rc = refuse(r, err, name_damage(text));
    else
        rc = refuse(r, err, N_("neither DER nor PEM nor Base64"));
    free(room);
    return rc;
}

/* One element from the first byte to the last; text may begin with the same byte. */
static bool
is_binary(struct perso_cursor bytes)
{
    struct perso_der whole;
    return perso_der_take(&bytes, PERSO_DER_SEQUENCE, &whole) && perso_left(&bytes) == 0;
}

static bool
is_blank(struct perso_cursor bytes)
{
    while (bytes.at != bytes.end && memchr(" \t\r\n", *bytes.at, 4) != NULL)
        bytes.at++;
    return bytes.at == bytes.end;
}

enum perso_result
perso_certificates_read(struct perso_cursor bytes, const struct perso_certificate_visitor *visitor,
                        struct perso_error *err)
{
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, where an editor put one */
    struct reading r = { .visitor = visitor };
    enum perso_result rc;

    if (perso_left(&bytes) >= 3 && memcmp(bytes.at, mark, 3) == 0)
        bytes.at += 3;
    if (is_blank(bytes))
        return perso_error_set(err, PERSO_REJ_FILE_EMPTY, "", "%s", "");
    if (perso_left(&bytes) > PERSO_CERTIFICATE_FILE_BYTES)
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "certificate",
                               "have %zu bytes, at most %u", perso_left(&bytes),
                               PERSO_CERTIFICATE_FILE_BYTES);
    rc = is_binary(bytes) ? read_der(&r, bytes, err) : read_text(&r, bytes, err);
    r.line = 0;
    return rc == PERSO_OK && r.n_certificates == 0 ? refuse(&r, err, N_("no certificate in it"))
                                                   : rc;
}
