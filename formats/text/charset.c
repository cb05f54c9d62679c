#include "formats/text/charset.h"

#include <string.h>
#include <strings.h>

#include "formats/text/gb18030_table.h"

#define BAD 0    /* not of the set */
#define CUT (-1) /* a character goes on after the end */

#define BMP_LINEAR 39420u     /* four-byte codes of the BMP: 81308130 to 8431A439 */
#define PLANES_LINEAR 189000u /* 90308130 is U+10000 */

static const char *const names[] = {
    [PERSO_UTF8] = "utf-8",
    [PERSO_GBK] = "gbk",
    [PERSO_GB18030] = "gb18030",
};

bool
perso_charset_find(const char *name, enum perso_charset *ret)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(names[i], name) == 0) {
            *ret = (enum perso_charset)i;
            return true;
        }
    return false;
}

const char *
perso_charset_name(enum perso_charset charset)
{
    return names[charset];
}

/* Length of the character at p (n >= 1), BAD or CUT; Unicode 15, table 3-7. */
static int
scan_utf8(const uint8_t *p, size_t n, uint32_t *scalar)
{
    uint8_t lead = p[0];
    if (lead < 0x80) {
        *scalar = lead;
        return 1;
    }
    if (lead < 0xc2 || lead > 0xf4)
        return BAD;
    int length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    uint32_t value = lead & (0xffu >> (length + 1));
    for (int i = 1; i < length; i++) {
        if ((size_t)i >= n)
            return CUT;
        if (p[i] < low || p[i] > high)
            return BAD;
        value = value << 6 | (p[i] & 0x3fu);
        low = 0x80;
        high = 0xbf;
    }
    *scalar = value;
    return length;
}

/* The row of the last range that begins at or below the key. */
static const struct perso_gb_range *
range_find(uint32_t key, bool by_scalar)
{
    size_t low = 0, high = PERSO_GB_RANGES;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        const struct perso_gb_range *r = &perso_gb_ranges[middle];
        if ((by_scalar ? r->scalar : r->linear) <= key)
            low = middle;
        else
            high = middle;
    }
    return &perso_gb_ranges[low];
}

static bool
four_bytes_to_scalar(const uint8_t p[4], uint32_t *scalar)
{
    uint32_t linear =
        (((p[0] - 0x81u) * 10 + (p[1] - 0x30u)) * 126 + (p[2] - 0x81u)) * 10 + (p[3] - 0x30u);
    if (linear >= PLANES_LINEAR && linear - PLANES_LINEAR <= 0xfffff) {
        *scalar = linear - PLANES_LINEAR + 0x10000;
        return true;
    }
    if (linear >= BMP_LINEAR)
        return false;
    const struct perso_gb_range *r = range_find(linear, false);
    uint32_t value = r->scalar + (linear - r->linear);
    for (size_t i = 0; i < PERSO_GB_SWAPS; i++)
        if (perso_gb_swaps[i].scalar == value) {
            value = perso_gb_swaps[i].private_use;
            break;
        }
    *scalar = value;
    return true;
}

static bool
between(uint8_t byte, uint8_t low, uint8_t high)
{
    return byte >= low && byte <= high;
}

static int
scan_four_bytes(const uint8_t *p, size_t n, uint32_t *scalar)
{
    if (n > 2 && !between(p[2], 0x81, 0xfe))
        return BAD;
    if (n < 4)
        return CUT;
    if (!between(p[3], 0x30, 0x39) || !four_bytes_to_scalar(p, scalar))
        return BAD;
    return 4;
}

static int
scan_gb(const uint8_t *p, size_t n, bool two_only, uint32_t *scalar)
{
    if (p[0] < 0x80) {
        *scalar = p[0];
        return 1;
    }
    if (!between(p[0], 0x81, 0xfe))
        return BAD;
    if (n < 2)
        return CUT;
    if (between(p[1], 0x30, 0x39) && !two_only)
        return scan_four_bytes(p, n, scalar);
    if (!between(p[1], 0x40, 0xfe) || p[1] == 0x7f)
        return BAD;
    *scalar = perso_gb_two[(p[0] - 0x81) * 190 + p[1] - (p[1] < 0x7f ? 0x40 : 0x41)];
    return 2;
}

/* How many of the first n bytes are ASCII; eight at a time while they are. */
static size_t
ascii_run(const uint8_t *p, size_t n)
{
    size_t i = 0;
    uint64_t word;
    for (; n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, p + i, sizeof word);
        if ((word & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    while (i < n && p[i] < 0x80)
        i++;
    return i;
}

bool
perso_charset_decode(enum perso_charset charset, const uint8_t *src, size_t n, uint8_t *dst,
                     size_t dst_max, size_t *used, size_t *made, bool *cut)
{
    size_t in = 0, out = 0;
    int length = 1;

    while (in < n && out < dst_max) {
        size_t room = dst_max - out, left = n - in;
        size_t run = ascii_run(src + in, left < room ? left : room);
        memcpy(dst + out, src + in, run);
        in += run;
        out += run;
        if (in == n || dst_max - out < 4)
            break;
        uint32_t scalar = 0;
        length = charset == PERSO_UTF8 ? scan_utf8(src + in, n - in, &scalar)
                                       : scan_gb(src + in, n - in, charset == PERSO_GBK, &scalar);
        if (length <= 0)
            break;
        out += perso_utf8_put(scalar, (char *)dst + out);
        in += (size_t)length;
    }
    *used = in;
    *made = out;
    *cut = length == CUT;
    return length != BAD;
}

static size_t
put(enum perso_charset charset, uint32_t scalar, uint8_t out[4])
{
    if (charset == PERSO_UTF8)
        return perso_utf8_put(scalar, (char *)out);
    size_t length = perso_gb18030_put(scalar, out);
    return charset == PERSO_GBK && length == 4 ? 0 : length;
}

bool
perso_charset_encode(enum perso_charset charset, const char *src, size_t n, uint8_t *dst,
                     size_t dst_max, size_t *made)
{
    size_t out = 0;

    for (size_t in = 0; in < n;) {
        uint32_t scalar;
        uint8_t bytes[4];
        size_t length = perso_utf8_next(src + in, n - in, &scalar);
        size_t put_bytes = length != 0 ? put(charset, scalar, bytes) : 0;
        if (put_bytes == 0 || put_bytes > dst_max - out)
            return false;
        memcpy(dst + out, bytes, put_bytes);
        in += length;
        out += put_bytes;
    }
    *made = out;
    return true;
}

size_t
perso_utf8_next(const char *at, size_t n, uint32_t *scalar)
{
    if (n == 0)
        return 0;
    int length = scan_utf8((const uint8_t *)at, n, scalar);
    return length > 0 ? (size_t)length : 0;
}

size_t
perso_utf8_put(uint32_t scalar, char out[4])
{
    if (scalar < 0x80) {
        out[0] = (char)scalar;
        return 1;
    }
    size_t length = scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (scalar & 0x3f));
        scalar >>= 6;
    }
    out[0] = (char)((0xf00u >> length & 0xff) | scalar);
    return length;
}

static size_t
put_four_bytes(uint32_t linear, uint8_t out[4])
{
    out[3] = (uint8_t)(0x30 + linear % 10);
    linear /= 10;
    out[2] = (uint8_t)(0x81 + linear % 126);
    linear /= 126;
    out[1] = (uint8_t)(0x30 + linear % 10);
    out[0] = (uint8_t)(0x81 + linear / 10);
    return 4;
}

size_t
perso_gb18030_put(uint32_t scalar, uint8_t out[4])
{
    if (scalar < 0x80) {
        out[0] = (uint8_t)scalar;
        return 1;
    }
    if (scalar > 0x10ffff || (scalar >= 0xd800 && scalar <= 0xdfff))
        return 0;
    if (scalar > 0xffff)
        return put_four_bytes(scalar - 0x10000 + PLANES_LINEAR, out);
    uint16_t two = perso_gb_code[perso_gb_page[scalar >> 8]][scalar & 0xff];
    if (two != 0) {
        out[0] = (uint8_t)(two >> 8);
        out[1] = (uint8_t)two;
        return 2;
    }
    for (size_t i = 0; i < PERSO_GB_SWAPS; i++)
        if (perso_gb_swaps[i].private_use == scalar) {
            scalar = perso_gb_swaps[i].scalar;
            break;
        }
    const struct perso_gb_range *r = range_find(scalar, true);
    return put_four_bytes(r->linear + (scalar - r->scalar), out);
}
