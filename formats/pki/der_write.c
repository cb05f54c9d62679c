#include "formats/pki/der_write.h"

#include <string.h>

#include "formats/pki/der.h"

void
perso_der_put(struct perso_der_writer *w, const void *bytes, size_t n)
{
    if (w->full || n > (size_t)(w->at - w->begin)) {
        w->full = true;
        return;
    }
    w->at -= n;
    if (n > 0)
        memcpy(w->at, bytes, n);
}

size_t
perso_der_mark(const struct perso_der_writer *w)
{
    return (size_t)(w->end - w->at);
}

void
perso_der_put_header(struct perso_der_writer *w, uint8_t tag, size_t mark)
{
    uint8_t header[2 + sizeof(size_t)];
    size_t length = perso_der_mark(w) - mark, at = sizeof header;

    if (length < 0x80) {
        header[--at] = (uint8_t)length;
    } else {
        uint8_t n = 0;
        for (size_t left = length; left != 0; left >>= 8, n++)
            header[--at] = (uint8_t)left;
        header[--at] = 0x80 | n;
    }
    header[--at] = tag;
    perso_der_put(w, header + at, sizeof header - at);
}

void
perso_der_put_element(struct perso_der_writer *w, uint8_t tag, const void *body, size_t n)
{
    size_t mark = perso_der_mark(w);

    perso_der_put(w, body, n);
    perso_der_put_header(w, tag, mark);
}

void
perso_der_put_unsigned(struct perso_der_writer *w, const uint8_t *number, size_t n)
{
    static const uint8_t zero = 0;
    size_t mark = perso_der_mark(w), skip = 0;

    while (skip < n && number[skip] == 0)
        skip++;
    perso_der_put(w, number + skip, n - skip);
    if (skip == n || (number[skip] & 0x80) != 0)
        perso_der_put(w, &zero, 1);
    perso_der_put_header(w, PERSO_DER_INTEGER, mark);
}

void
perso_der_put_sm2_cipher(struct perso_der_writer *w, const uint8_t *c1, const uint8_t *c3,
                         const uint8_t *c2, size_t n)
{
    size_t mark = perso_der_mark(w);

    perso_der_put_element(w, PERSO_DER_OCTET_STRING, c2, n);
    perso_der_put_element(w, PERSO_DER_OCTET_STRING, c3, PERSO_SM3_BYTES);
    perso_der_put_unsigned(w, c1 + PERSO_POINT_BYTES / 2, PERSO_POINT_BYTES / 2);
    perso_der_put_unsigned(w, c1, PERSO_POINT_BYTES / 2);
    perso_der_put_header(w, PERSO_DER_SEQUENCE, mark);
}

bool
perso_der_written(struct perso_der_writer *w, size_t *n)
{
    if (w->full)
        return false;
    *n = perso_der_mark(w);
    memmove(w->begin, w->at, *n);
    return true;
}
