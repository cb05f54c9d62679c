/*
 * PEM text of one request (RFC 7468), as far as it is met around requests: either label, lines of
 * any length that end in LF or CRLF, or no line breaks at all.
 */
#ifndef FORMATS_PKI_REQUEST_PEM_H
#define FORMATS_PKI_REQUEST_PEM_H

#include "perso/cursor.h"
#include "perso/limits.h"

/** True where the bytes begin as PEM text of anything does. */
bool perso_request_pem_is(struct perso_cursor text);
/**
 * The DER of the text, in room. Nothing may stand before the text, and behind it no more than one
 * line break and one NUL.
 * @return NULL, or what is wrong: a msgid
 */
const char *perso_request_pem_read(struct perso_cursor text, uint8_t room[PERSO_REQUEST_DER_BYTES],
                                   struct perso_cursor *der);

#endif
