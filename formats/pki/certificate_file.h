/*
 * Every certificate of a file, whatever the file's form (DOMAIN 5.4, 7): the forms are told apart
 * by their bytes, never by the file's name.
 *
 *   DER certificate | DER PKCS#7 | DER CSRResponse        binary
 *   PEM blocks of the first two                            text; other text between them
 *   Base64 of any of the three, without armour             text (a .cer is often that)
 */
#ifndef FORMATS_PKI_CERTIFICATE_FILE_H
#define FORMATS_PKI_CERTIFICATE_FILE_H

#include <stdint.h>

#include "perso/cursor.h"
#include "perso/limits.h"
#include "perso/result.h"

enum perso_certificate_role {
    PERSO_ROLE_ANY,        /* a certificate; key and usage tell what it is for */
    PERSO_ROLE_SIGNING,    /* a CSRResponse has it as signCertificate; still to be judged */
    PERSO_ROLE_ENCRYPTION, /* a CSRResponse has it as encryptCertificate */
    PERSO_ROLE_ENVELOPE,   /* no certificate: the SM2EnvelopedKey of a CSRResponse, whole DER */
};

struct perso_certificate_item {
    enum perso_certificate_role role;
    struct perso_cursor der; /* valid during the call */
    uint32_t number;         /* of the item in the file, from 1 */
    uint32_t line;           /* of its PEM block; 0: binary or without armour */
};

/* What is not PERSO_OK ends the reading and is its result. */
struct perso_certificate_visitor {
    enum perso_result (*visit)(void *self, const struct perso_certificate_item *item,
                               struct perso_error *err);
    void *self;
};

/**
 * Visits the items of a file of at most PERSO_CERTIFICATE_FILE_BYTES in their order. Only the outer
 * frame of a certificate is looked at: perso_certificate_read judges each.
 * PERSO_REJECT: FILE_EMPTY (no bytes, or blanks alone), ROW_COUNT (more than
 * PERSO_FILE_CERTIFICATES), FILE_FORMAT with what is wrong or what it is instead (a request, a
 * revocation list, a private key, PKCS#12, BER, no certificate in it), with err->line where it is
 * text; items before it have been visited then. PERSO_FATAL: no memory (text is decoded into memory
 * of its own size).
 */
enum perso_result perso_certificates_read(struct perso_cursor bytes,
                                          const struct perso_certificate_visitor *visitor,
                                          struct perso_error *err);

#endif
