/* Requests that are unusual, and what is expected of them. */
#ifndef TESTS_FORMATS_PKI_ODD_MAKE_H
#define TESTS_FORMATS_PKI_ODD_MAKE_H

#include "formats/pki/pkcs10.h"
#include "tests/formats/pki/pki_make.h"

/** SubjectPublicKeyInfo of a point in any encoding. */
struct made odd_spki(const void *encoded, size_t n);
/** CertificationRequestInfo of the subject CN=ab; attributes: their DER, [0] and all. */
struct made odd_info_of(const struct made *spki, const void *attributes, size_t attributes_bytes);
struct made odd_info(const uint8_t point[64], uint32_t bits);
/** The request of an info and its DER signature, unusual where the PERSO_ODD_ bits say so. */
struct made odd_request(uint32_t bits, const struct made *info, const struct made *signature);
/** Adds Base64 with a line break after so many characters. */
void odd_add_base64(struct made *to, const struct made *der, size_t line, const char *line_break);
struct made odd_pem(const struct made *der);

enum perso_result odd_read(const struct made *made, uint32_t tolerated, uint8_t *room,
                           struct perso_pkcs10 *ret, struct perso_error *err);
/** REQUEST_SYNTAX with this text. */
void odd_expect_refusal(const struct made *made, uint32_t tolerated, const char *text);
void odd_expect_proof(const struct perso_pkcs10 *request);
/** What is written is this, has the signed bytes of what was read, and nothing to be mended. */
void odd_expect_mended(const struct perso_pkcs10 *request, const struct made *usual);

#endif
