/* JMMY: the encryption private key's envelope, GM/T 0016 ENVELOPEDKEYBLOB of 388 bytes, little
 * endian (DOMAIN 5.9). What can be judged without the card's private key is judged here. */
#ifndef FORMATS_PKI_ENVELOPE_H
#define FORMATS_PKI_ENVELOPE_H

#include "perso/cursor.h"
#include "perso/limits.h"
#include "perso/reject.h"

/** ENVELOPE_SHAPE, or the encryption public key X || Y in it. Points must be on the curve. */
enum perso_reject perso_envelope_read(struct perso_cursor blob,
                                      uint8_t public_key[PERSO_POINT_BYTES]);

#endif
