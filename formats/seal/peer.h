/* What needs a peer's certificates only: verify its detached signatures, wrap keys to it. */
#ifndef FORMATS_SEAL_PEER_H
#define FORMATS_SEAL_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "perso/cursor.h"
#include "perso/io.h"
#include "perso/limits.h"
#include "perso/result.h"
#include "perso/secrets.h"

/* Public keys of one peer, out of peers/NAME.cer: one or two PEM or one DER certificate. The one
 * with digitalSignature signs, the one with keyEncipherment (or keyAgreement) is sealed to. */
struct perso_peer {
    char name[64];
    bool signs, seals;
    uint8_t signing_key[PERSO_POINT_BYTES], sealing_key[PERSO_POINT_BYTES];
};

enum perso_result perso_peer_read(const char *name, struct perso_cursor file,
                                  struct perso_peer *ret, struct perso_error *err);

/** Detached signature of message, DER, under the standard id. PACKAGE_SIGNER where it fails. */
enum perso_result perso_peer_verify(const struct perso_peer *peer, struct perso_cursor message,
                                    struct perso_cursor signature, struct perso_error *err);

/** The same over all that is left of a source, which is used up. */
enum perso_result perso_peer_verify_source(const struct perso_peer *peer,
                                           const struct perso_source *message,
                                           struct perso_cursor signature, struct perso_error *err);

/** SM2-wrap a key of 32 bytes to a public key (DER of GM/T 0009 SM2Cipher). */
enum perso_result perso_wrap_key(const uint8_t public_key[PERSO_POINT_BYTES], const uint8_t key[32],
                                 uint8_t out[PERSO_WRAPPED_BYTES], size_t *n,
                                 struct perso_error *err);

#endif
