/*
 * What carries several certificates: PKCS#7 SignedData (RFC 2315, RFC 5652, GM/T 0010) and the
 * CSRResponse of GM/T 0092 (DOMAIN 5.4). A walk over DER that allocates nothing: what it hands out
 * lies in the input. BER is refused by name, bytes after the end too.
 */
#ifndef FORMATS_PKI_PKCS7_H
#define FORMATS_PKI_PKCS7_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "perso/cursor.h"
#include "perso/limits.h"
#include "perso/result.h"

/*
 * SignedData, under 1.2.840.113549.1.7.2 or 1.2.156.10197.6.1.4.2.2. It is an envelope for
 * certificates only: signers are NOT judged, content and revocation lists are not read. What a
 * certificate is worth, its own signature and chain say (perso_trust_judge).
 */
struct perso_pkcs7 {
    struct perso_cursor certificates; /* contents of certificates [0], in the file's order (a SET,
                                         but OpenSSL and others do not sort it); empty: none */
    bool has_signers;
};

/** PERSO_REJECT with FILE_FORMAT, saying what is wrong or what it is instead. */
enum perso_result perso_pkcs7_read(struct perso_cursor der, struct perso_pkcs7 *ret,
                                   struct perso_error *err);

/* Both tags occur with IMPLICIT and with EXPLICIT meaning; both are read. */
struct perso_csr_response {
    struct perso_cursor signing;    /* contents of signCertificate */
    struct perso_cursor envelope;   /* contents of the SM2EnvelopedKey SEQUENCE; empty: none */
    struct perso_cursor encryption; /* contents of encryptCertificate; empty: none */
};

/** PERSO_REJECT with FILE_FORMAT. */
enum perso_result perso_csr_response_read(struct perso_cursor der, struct perso_csr_response *ret,
                                          struct perso_error *err);

/**
 * Takes the next certificate off a set, whole with its header; what stands in it is not looked at.
 * PERSO_END: the set is used up. PERSO_REJECT with FILE_FORMAT: an attribute certificate or another
 * member of the choice (RFC 5652 10.2.2) by name, or damage; the set is left as it was.
 */
enum perso_result perso_certificate_set_next(struct perso_cursor *set, struct perso_cursor *der,
                                             struct perso_error *err);

#endif
