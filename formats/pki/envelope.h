/*
 * JMMY: the private key d of the encryption certificate under a session key (SM4-ECB), which only
 * the card's signing key opens (SM2: C1, C3, C2). CAs send it in several forms (DOMAIN 0.3, 5.5);
 * each is told from its bytes alone. All that needs no secret is judged here, and what one form has
 * is set anew in another: nothing is decrypted.
 */
#ifndef FORMATS_PKI_ENVELOPE_H
#define FORMATS_PKI_ENVELOPE_H

#include "perso/cursor.h"
#include "perso/limits.h"
#include "perso/reject.h"

enum perso_envelope_form {
    PERSO_ENVELOPE_SKF,      /* GM/T 0016 ENVELOPEDKEYBLOB, ULONG of 4 bytes, little-endian: 388 */
    PERSO_ENVELOPE_SKF_LONG, /* the same with ULONG of 8 bytes, as 64-bit drivers have it: 408 */
    PERSO_ENVELOPE_SDF,      /* GM/T 0018 EnvelopedKeyBlob: 384 or 392 */
    PERSO_ENVELOPE_ASN1,     /* SM2EnvelopedKey of GM/T 0009, GB/T 35276 */
    PERSO_ENVELOPE_CMS,      /* envelopedData, signedAndEnvelopedData of GM/T 0010, PKCS#7 */
    PERSO_ENVELOPE_OPAQUE
};

struct perso_envelope {
    enum perso_envelope_form form;
    const char *stuck;   /* why no other form can be made of it; NULL: one can */
    bool has_public_key; /* CMS has none */
    uint8_t public_key[PERSO_POINT_BYTES];
    uint8_t c1[PERSO_POINT_BYTES], c3[32], c2[16]; /* the session key, under the card's key */
    uint8_t private_key[32];                       /* d, under the session key */
    struct perso_cursor certificates, signers;     /* CMS: what is in the two sets; borrowed */
};

/** The form by its first bytes and size; what is in it may be wrong. Cheap. */
enum perso_envelope_form perso_envelope_form(struct perso_cursor bytes);

/**
 * Takes an envelope apart. What is of no known form is OPAQUE and "stuck", not refused; what has
 * the beginning or the size of a known form must be one.
 * @return ENVELOPE_SHAPE with *note why; *ret is as it was. Points must be on the curve.
 */
enum perso_reject perso_envelope_read(struct perso_cursor bytes, struct perso_envelope *ret,
                                      const char **note);

/**
 * ENVELOPE_KEY where it is not this public key's. One without a public key is known by its
 * certificates alone: those of CAs and of its signer aside, each must be over the key. Where it has
 * none nobody can tell without the card.
 */
enum perso_reject perso_envelope_judge(const struct perso_envelope *envelope,
                                       const uint8_t public_key[PERSO_POINT_BYTES]);

/**
 * The same key as SKF (version 1) or ASN1 (1.2.156.10197.1.104.1 with NULL); out holds
 * PERSO_ENVELOPE_BYTES. public_key: of the encryption certificate. False where it is stuck, or the
 * form is another.
 */
bool perso_envelope_write(const struct perso_envelope *envelope, enum perso_envelope_form form,
                          const uint8_t public_key[PERSO_POINT_BYTES],
                          uint8_t out[PERSO_ENVELOPE_BYTES], size_t *n);

#endif
