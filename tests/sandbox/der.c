#include "der.h"

#include <stdlib.h>
#include <string.h>

#include "fail.h"

void
sbx_der_raw(struct sbx_der *d, const void *bytes, size_t n)
{
    sbx_need(n <= sizeof d->bytes - d->n, "DER too long");
    if (n != 0)
        memcpy(d->bytes + d->n, bytes, n);
    d->n += n;
}

size_t
sbx_der_open(struct sbx_der *d, uint8_t tag)
{
    sbx_der_raw(d, &tag, 1);
    return d->n;
}

void
sbx_der_close(struct sbx_der *d, size_t mark)
{
    const size_t n = d->n - mark;
    const uint8_t length[3] = { n < 128   ? (uint8_t)n
                                : n < 256 ? 0x81
                                          : 0x82,
                                n < 256 ? (uint8_t)n : (uint8_t)(n >> 8), (uint8_t)n };
    const size_t width = n < 128 ? 1 : n < 256 ? 2 : 3;

    sbx_need(width <= sizeof d->bytes - d->n, "DER too long");
    memmove(d->bytes + mark + width, d->bytes + mark, n);
    memcpy(d->bytes + mark, length, width);
    d->n += width;
}

void
sbx_der_put(struct sbx_der *d, uint8_t tag, const void *bytes, size_t n)
{
    const size_t mark = sbx_der_open(d, tag);
    sbx_der_raw(d, bytes, n);
    sbx_der_close(d, mark);
}

void
sbx_der_text(struct sbx_der *d, uint8_t tag, const char *text)
{
    sbx_der_put(d, tag, text, strlen(text));
}

static void
put_arc(struct sbx_der *d, unsigned long arc)
{
    uint8_t groups[10];
    size_t n = 0;

    do
        groups[n++] = (uint8_t)(arc & 0x7f);
    while ((arc >>= 7) != 0);
    while (n-- > 0) {
        const uint8_t b = groups[n] | (n > 0 ? 0x80 : 0);
        sbx_der_raw(d, &b, 1);
    }
}

void
sbx_der_oid(struct sbx_der *d, const char *dotted)
{
    const size_t mark = sbx_der_open(d, 0x06);
    char *at;
    unsigned long first = strtoul(dotted, &at, 10);

    put_arc(d, first * 40 + strtoul(at + 1, &at, 10));
    while (*at == '.')
        put_arc(d, strtoul(at + 1, &at, 10));
    sbx_der_close(d, mark);
}

void
sbx_der_unsigned(struct sbx_der *d, const uint8_t *bytes, size_t n)
{
    const size_t mark = sbx_der_open(d, 0x02);

    while (n > 1 && *bytes == 0) {
        bytes++;
        n--;
    }
    if (*bytes >= 0x80)
        sbx_der_raw(d, "", 1);
    sbx_der_raw(d, bytes, n);
    sbx_der_close(d, mark);
}

void
sbx_der_bits(struct sbx_der *d, const void *bytes, size_t n)
{
    const size_t mark = sbx_der_open(d, 0x03);
    sbx_der_raw(d, "", 1);
    sbx_der_raw(d, bytes, n);
    sbx_der_close(d, mark);
}

void
sbx_der_key(struct sbx_der *d, const uint8_t xy[64])
{
    sbx_der_key_as(d, xy, 4);
}

void
sbx_der_key_as(struct sbx_der *d, const uint8_t xy[64], uint8_t form)
{
    /* Hybrid and compressed points tell in their first byte whether Y is odd. */
    uint8_t point[65] = { form == 4 ? form : (uint8_t)(form | (xy[63] & 1)) };
    const size_t whole = sbx_der_open(d, 0x30), algorithm = sbx_der_open(d, 0x30);

    sbx_der_oid(d, "1.2.840.10045.2.1");
    sbx_der_oid(d, "1.2.156.10197.1.301");
    sbx_der_close(d, algorithm);
    memcpy(point + 1, xy, 64);
    sbx_der_bits(d, point, form == 2 ? 33 : 65);
    sbx_der_close(d, whole);
}

void
sbx_der_algorithm(struct sbx_der *d, const char *oid)
{
    const size_t mark = sbx_der_open(d, 0x30);
    sbx_der_oid(d, oid);
    sbx_der_close(d, mark);
}

void
sbx_der_rs(struct sbx_der *d, const uint8_t rs[64])
{
    const size_t mark = sbx_der_open(d, 0x30);
    sbx_der_unsigned(d, rs, 32);
    sbx_der_unsigned(d, rs + 32, 32);
    sbx_der_close(d, mark);
}

static void
name_part(struct sbx_der *d, const char *oid, uint8_t tag, const char *text)
{
    if (text == NULL)
        return;
    const size_t set = sbx_der_open(d, 0x31), pair = sbx_der_open(d, 0x30);
    sbx_der_oid(d, oid);
    sbx_der_text(d, tag, text);
    sbx_der_close(d, pair);
    sbx_der_close(d, set);
}

void
sbx_der_name(struct sbx_der *d, const struct sbx_name *name)
{
    const size_t mark = sbx_der_open(d, 0x30);
    name_part(d, "2.5.4.6", 0x13, name->organization != NULL ? "CN" : NULL);
    name_part(d, "2.5.4.10", 0x0c, name->organization);
    name_part(d, "2.5.4.3", 0x0c, name->common_name);
    name_part(d, "2.5.4.5", 0x13, name->serial_number);
    sbx_der_close(d, mark);
}
