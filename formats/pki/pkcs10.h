/* PKCS#10 requests of cardholders (RFC 2986, GM/T 0092-2020, DOMAIN 5.3). */
#ifndef FORMATS_PKI_PKCS10_H
#define FORMATS_PKI_PKCS10_H

#include "perso/cursor.h"
#include "perso/limits.h"
#include "perso/result.h"

/* One request, borrowed from its DER. */
struct perso_pkcs10 {
    struct perso_cursor info;    /* CertificationRequestInfo, whole: what is signed */
    struct perso_cursor subject; /* contents of the Name */
    uint8_t public_key[PERSO_POINT_BYTES];
    uint8_t rs[64];
};

/**
 * Read one DER request: REQUEST_SYNTAX, REQUEST_TRAILING or REQUEST_ALGORITHM under PERSO_REJECT.
 * The form p10 is read strictly: attributes A0 present, no parameters of the signature algorithm,
 * DER r and s. The point is not checked against the curve here.
 */
enum perso_result perso_pkcs10_read(struct perso_cursor der, struct perso_pkcs10 *ret,
                                    struct perso_error *err);

/** e of the request under an id ("" : the empty id). */
bool perso_pkcs10_e(const struct perso_pkcs10 *request, const char *id, uint8_t e[PERSO_SM3_BYTES]);

/**
 * For a request whose proof of possession failed under the standard id: which wrong signing fits?
 * Tries the empty id, SM3 without Z, SHA-256 without Z. For diagnosis only, never to accept.
 * @return POP_EMPTY_ID, POP_NO_Z, POP_SHA256 or POP_FAILED
 */
enum perso_reject perso_pkcs10_diagnose(const struct perso_pkcs10 *request);

#endif
