#include "formats/base/encode.h"

#include <openssl/evp.h>

static void
hex_encode(const uint8_t *bytes, size_t n, char *out, const char digits[16])
{
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

void
perso_hex_lower(const uint8_t *bytes, size_t n, char *out)
{
    hex_encode(bytes, n, out, "0123456789abcdef");
}

void
perso_hex_upper(const uint8_t *bytes, size_t n, char *out)
{
    hex_encode(bytes, n, out, "0123456789ABCDEF");
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool
perso_hex_decode(const char *text, size_t chars, uint8_t *out, size_t n)
{
    if (chars != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void
perso_base64_encode(const uint8_t *bytes, size_t n, char *out)
{
    EVP_EncodeBlock((unsigned char *)out, bytes, (int)n);
}

static int
base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool
perso_base64_decode(const char *text, size_t chars, uint8_t *out, size_t *n)
{
    if (chars == 0 || chars % 4 != 0)
        return false;
    size_t pad = text[chars - 1] != '=' ? 0 : text[chars - 2] != '=' ? 1 : 2;
    size_t made = 0;
    for (size_t i = 0; i < chars; i += 4) {
        uint32_t group = 0;
        size_t take = i + 4 == chars ? 4 - pad : 4;
        for (size_t k = 0; k < take; k++) {
            int v = base64_value(text[i + k]);
            if (v < 0)
                return false;
            group |= (uint32_t)v << (18 - 6 * k);
        }
        /* Bits beyond the last byte must be zero, else two texts would stand for one value. */
        if (take < 4 && (group & (take == 3 ? 0xffu : 0xffffu)) != 0)
            return false;
        for (size_t k = 0; k + 1 < take; k++)
            out[made++] = (uint8_t)(group >> (16 - 8 * k));
    }
    *n = made;
    return true;
}
