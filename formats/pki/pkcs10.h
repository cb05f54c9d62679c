/* PKCS#10 requests of cardholders (RFC 2986, GM/T 0092-2020, DOMAIN 5.3). */
#ifndef FORMATS_PKI_PKCS10_H
#define FORMATS_PKI_PKCS10_H

#include "formats/pki/odd.h"
#include "perso/cursor.h"
#include "perso/limits.h"
#include "perso/result.h"

/* One request, borrowed from its bytes, or from the room where those are PEM text. */
struct perso_pkcs10 {
    struct perso_cursor info;    /* CertificationRequestInfo, whole: what is signed */
    struct perso_cursor subject; /* contents of the Name */
    uint8_t public_key[PERSO_POINT_BYTES];
    uint8_t rs[64];
    uint32_t odd; /* PERSO_ODD_ bits: what is unusual and was tolerated */
};

/**
 * Read one request: REQUEST_SYNTAX, REQUEST_TRAILING or REQUEST_ALGORITHM under PERSO_REJECT.
 * given      DER or, where PERSO_ODD_PEM is tolerated, PEM text of either label in lines of any
 *            length or in none, with at most one line break and one NUL behind it. The caller has
 *            taken Base64 off; Base64 without the dashes is not PEM.
 * tolerated  PERSO_ODD_ bits; of what is unusual and not among them the first is told, with the
 *            profile's word. All else is read strictly under any bits. More bits accept more.
 * room       PERSO_REQUEST_DER_BYTES for the DER of PEM text, which *ret then lies in; NULL where
 *            PERSO_ODD_PEM is not tolerated. Untouched where given is DER.
 * The point is not checked against the curve here, but a compressed one has to be one.
 * PERSO_FATAL only where OpenSSL fails at decompression.
 */
enum perso_result perso_pkcs10_read(struct perso_cursor given, uint32_t tolerated, uint8_t *room,
                                    struct perso_pkcs10 *ret, struct perso_error *err);

/**
 * Write a request in its usual form: SEQUENCE { info as it is, SM2 with SM3 without parameters,
 * BIT STRING of DER r and s }; of *request, info and rs are looked at. A request that was read
 * gives the very bytes that it was read from, unless PERSO_ODD_MENDABLE bits were found; those are
 * mended so, the others lie in what is signed and stay.
 * @return false, out undefined, where it is longer than max; never for a request that was read and
 *         PERSO_REQUEST_DER_BYTES
 */
bool perso_pkcs10_write(const struct perso_pkcs10 *request, uint8_t *out, size_t max, size_t *n);

/** e of the request under an id ("" : the empty id). */
bool perso_pkcs10_e(const struct perso_pkcs10 *request, const char *id, uint8_t e[PERSO_SM3_BYTES]);

/**
 * For a request whose proof of possession failed under the standard id: which wrong signing fits?
 * Tries the empty id, SM3 without Z, SHA-256 without Z. For diagnosis only, never to accept.
 * *ret: POP_EMPTY_ID, POP_NO_Z, POP_SHA256 or POP_FAILED. PERSO_FATAL only where the library fails.
 */
enum perso_result perso_pkcs10_diagnose(const struct perso_pkcs10 *request, enum perso_reject *ret,
                                        struct perso_error *err);

#endif
