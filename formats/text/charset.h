/*
 * Character sets of text tables: UTF-8, GBK, GB18030. One committed table (GB18030-2005 with the
 * corrections of GB18030-2022, DOMAIN 3.3) decides, never the platform's iconv. The map is a
 * bijection, so the bytes as received can always be made again from the UTF-8 kept inside.
 */
#ifndef FORMATS_TEXT_CHARSET_H
#define FORMATS_TEXT_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum perso_charset { PERSO_UTF8, PERSO_GBK, PERSO_GB18030 };

/** "utf-8", "gbk", "gb18030" in any case; false where unknown. */
bool perso_charset_find(const char *name, enum perso_charset *ret);
const char *perso_charset_name(enum perso_charset charset);

/*
 * Decode src into UTF-8. Stops at the first byte that is not of the set, at a character cut at the
 * end of src (*cut), or when dst is full (dst_max >= 4). Sets *used and *made.
 * false: src[*used] starts something that is not of the set.
 */
bool perso_charset_decode(enum perso_charset charset, const uint8_t *src, size_t n, uint8_t *dst,
                          size_t dst_max, size_t *used, size_t *made, bool *cut);

/* Encode UTF-8; false where a character is not in the set or src is not UTF-8, or dst is full. */
bool perso_charset_encode(enum perso_charset charset, const char *src, size_t n, uint8_t *dst,
                          size_t dst_max, size_t *made);

/** One scalar value of strict UTF-8 (no surrogate, no overlong form); 0 bytes: not UTF-8. */
size_t perso_utf8_next(const char *at, size_t n, uint32_t *scalar);
/** 1 to 4 bytes into out. */
size_t perso_utf8_put(uint32_t scalar, char out[4]);
/** GB18030 bytes of a scalar value (1, 2 or 4), 0 where it has none. */
size_t perso_gb18030_put(uint32_t scalar, uint8_t out[4]);

#endif
