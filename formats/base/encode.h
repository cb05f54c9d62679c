/* Hex and Base64 (RFC 4648 4 and 8), strict. */
#ifndef FORMATS_BASE_ENCODE_H
#define FORMATS_BASE_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** 2n digits and a NUL into out. */
void perso_hex_lower(const uint8_t *bytes, size_t n, char *out);
void perso_hex_upper(const uint8_t *bytes, size_t n, char *out);
/** Exactly 2n digits of either case; false, out undefined, where anything else stands there. */
bool perso_hex_decode(const char *text, size_t chars, uint8_t *out, size_t n);

#define PERSO_BASE64_CHARS(n) (((n) + 2) / 3 * 4)
/** PERSO_BASE64_CHARS(n) characters and a NUL into out. */
void perso_base64_encode(const uint8_t *bytes, size_t n, char *out);
/** Canonical padded Base64 without line breaks. out holds chars / 4 * 3. false where it is not. */
bool perso_base64_decode(const char *text, size_t chars, uint8_t *out, size_t *n);

#endif
