/*
 * A source of a stated character set as UTF-8, in pieces. Where these end depends on the bytes
 * alone, not on what the source gives at a time: what a reader says of a file is the same each
 * time.
 */
#ifndef FORMATS_RECORD_DECODER_H
#define FORMATS_RECORD_DECODER_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/text/charset.h"
#include "formats/text/lines.h"
#include "perso/cursor.h"
#include "perso/io.h"

#define PERSO_DECODER_RAW_BYTES 16384u

struct perso_decoder {
    struct perso_source source;
    enum perso_charset charset;
    uint64_t left;     /* bytes that the source may still have */
    bool begun, ended; /* the mark was looked for; the source is used up */
    bool any;          /* the source had bytes */
    const char
        *fault;    /* what stands behind the text handed out, as a format; NULL: nothing known */
    uint32_t line; /* behind the text handed out, from 1 */
    size_t raw_n;  /* not decoded yet */
    struct perso_utf8_doubt doubt;
    uint8_t raw[PERSO_DECODER_RAW_BYTES];
    char text[2 * PERSO_DECODER_RAW_BYTES]; /* two bytes of GBK are at most three */
};

void perso_decoder_init(struct perso_decoder *d, const struct perso_source *source,
                        enum perso_charset charset, uint64_t bytes_max);

/**
 * The next text, at least a byte, without NUL, valid until the next call. PERSO_END at the end.
 * PERSO_REJECT with err->line: TEXT_ENCODING, TEXT_NUL, FILE_FORMAT (more bytes than bytes_max);
 * all that stands before has been handed out. PERSO_RETRY of the source: nothing is lost.
 */
enum perso_result perso_decoder_next(struct perso_decoder *d, struct perso_text *text,
                                     struct perso_error *err);

#endif
