/* The forms of an envelope, one file each; for envelope.c alone. */
#ifndef FORMATS_PKI_ENVELOPE_PARTS_H
#define FORMATS_PKI_ENVELOPE_PARTS_H

#include "formats/pki/envelope.h"

/* Each read fills *ret, which is all zero before, or tells in *note why not. */

bool perso_envelope_fault(const char **note, const char *text); /* false */

/** Claims a size, or a beginning like a blob's; *form is set. */
bool perso_envelope_blob_is(struct perso_cursor bytes, enum perso_envelope_form *form);
bool perso_envelope_blob_read(struct perso_cursor bytes, struct perso_envelope *ret,
                              const char **note);
size_t perso_envelope_blob_write(const struct perso_envelope *envelope,
                                 const uint8_t public_key[PERSO_POINT_BYTES],
                                 uint8_t out[PERSO_ENVELOPE_BYTES]);

bool perso_envelope_asn1_read(struct perso_cursor body, struct perso_envelope *ret,
                              const char **note);
size_t perso_envelope_asn1_write(const struct perso_envelope *envelope,
                                 const uint8_t public_key[PERSO_POINT_BYTES],
                                 uint8_t out[PERSO_ENVELOPE_BYTES]);

/** One of the content types that hold an envelope. */
bool perso_envelope_cms_is(struct perso_cursor oid);
bool perso_envelope_cms_read(struct perso_cursor body, struct perso_envelope *ret,
                             const char **note);
/** False where one certificate is neither over the key, nor its signer's, nor a CA's. */
bool perso_envelope_cms_fits(const struct perso_envelope *envelope,
                             const uint8_t public_key[PERSO_POINT_BYTES]);

/* ---- what ASN1 and CMS have in common ---- */

/** AlgorithmIdentifier: SM4; another mode than ECB leaves the envelope stuck. */
bool perso_envelope_algorithm(struct perso_cursor *c, struct perso_envelope *ret,
                              const char **note);
/** SM2Cipher of a session key of 16 bytes. */
bool perso_envelope_cipher(struct perso_cursor *c, struct perso_envelope *ret, const char **note);
/** The encrypted private key, as it may be padded. */
bool perso_envelope_private(struct perso_cursor bytes, struct perso_envelope *ret,
                            const char **note);

#endif
