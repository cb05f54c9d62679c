/* A code of a Chinese set as a number, big-endian: 1, 2 or 4 bytes. */
#ifndef TESTS_FORMATS_TEXT_CODE_H
#define TESTS_FORMATS_TEXT_CODE_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t
number_of(const uint8_t *bytes, size_t n)
{
    uint32_t ret = 0;
    for (size_t i = 0; i < n; i++)
        ret = ret << 8 | bytes[i];
    return ret;
}

static inline size_t
bytes_of(uint32_t code, uint8_t out[4])
{
    size_t n = code > 0xffff ? 4 : code > 0xff ? 2 : 1;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(code >> 8 * (n - 1 - i));
    return n;
}

#endif
