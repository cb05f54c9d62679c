/*
 * PEM (RFC 7468), strict where bytes are lost and lenient where only looks differ: lines of any
 * length or none, LF or CRLF, blanks at their ends, several blocks behind each other, explanatory
 * text between them. It allocates nothing.
 */
#ifndef FORMATS_PKI_PEM_H
#define FORMATS_PKI_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "perso/cursor.h"
#include "perso/result.h"

enum perso_pem_kind {
    PERSO_PEM_OTHER,       /* a key, a revocation list ...: told by its label, not decoded */
    PERSO_PEM_CERTIFICATE, /* CERTIFICATE, X509 CERTIFICATE */
    PERSO_PEM_PKCS7,       /* PKCS7, CMS */
    PERSO_PEM_REQUEST,     /* CERTIFICATE REQUEST, NEW CERTIFICATE REQUEST */
};

struct perso_pem_block {
    enum perso_pem_kind kind;
    struct perso_text label; /* between BEGIN and the dashes; borrowed from the text; ASCII */
    struct perso_cursor der; /* in the caller's room, at least a byte; empty under OTHER */
    uint32_t line;           /* of BEGIN, from 1 */
};

/* Where the reading stands. */
struct perso_pem {
    struct perso_cursor left;
    uint32_t line; /* at left */
};

/* Room that is enough for every block of a text of so many bytes. */
#define PERSO_PEM_ROOM(bytes) ((bytes) / 4 * 3 + 3)

static inline struct perso_pem
perso_pem_of(struct perso_cursor text)
{
    return (struct perso_pem) { text, 1 };
}

/** True where a line begins with the five dashes and BEGIN. */
bool perso_pem_looks(struct perso_cursor text);

/**
 * The next block, decoded into room, which the next call may use again. PERSO_END: no more.
 * PERSO_REJECT with FILE_FORMAT and err->line (the caller puts its own code where the text is not a
 * file): a block cut, Base64 not canonical, END of another label or none before it, header fields
 * (RFC 1421: encrypted), nothing in it, larger than room, a TRUSTED CERTIFICATE (OpenSSL's own
 * form, with settings behind the certificate). A refusal leaves *pem as it was.
 */
enum perso_result perso_pem_next(struct perso_pem *pem, uint8_t *room, size_t max,
                                 struct perso_pem_block *ret, struct perso_error *err);

/**
 * A text that is Base64 alone, white space anywhere in it; false where it is not canonical, empty,
 * or larger than room.
 */
bool perso_pem_bare(struct perso_cursor text, uint8_t *room, size_t max, struct perso_cursor *der);

#endif
