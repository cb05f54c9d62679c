/*
 * DER written from the end of a room to its begin: contents before their header, so that every
 * length is known. What does not fit is found at the end.
 */
#ifndef FORMATS_PKI_DER_WRITE_H
#define FORMATS_PKI_DER_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is written so far: at to end. */
struct perso_der_writer {
    uint8_t *begin, *at, *end;
    bool full;
};

static inline struct perso_der_writer
perso_der_writer_of(uint8_t *room, size_t n)
{
    return (struct perso_der_writer) { room, room + n, room + n, false };
}

/** Put bytes in front of what is written. */
void perso_der_put(struct perso_der_writer *w, const void *bytes, size_t n);
/** Where an element is to end: what is put from here on are its contents. */
size_t perso_der_mark(const struct perso_der_writer *w);
/** The header of an element that ends at the mark. */
void perso_der_put_header(struct perso_der_writer *w, uint8_t tag, size_t mark);
/** An element with these contents. */
void perso_der_put_element(struct perso_der_writer *w, uint8_t tag, const void *body, size_t n);
/** An INTEGER of n bytes big-endian without sign, in the fewest bytes. */
void perso_der_put_unsigned(struct perso_der_writer *w, const uint8_t *number, size_t n);
/** An SM2Cipher (GM/T 0009): C1 of 64 bytes, C3 of 32, C2 of n. */
void perso_der_put_sm2_cipher(struct perso_der_writer *w, const uint8_t *c1, const uint8_t *c3,
                              const uint8_t *c2, size_t n);
/** Moves what is written to the begin of the room, *n bytes; false where it did not fit. */
bool perso_der_written(struct perso_der_writer *w, size_t *n);

#endif
