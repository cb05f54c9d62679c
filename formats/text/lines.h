/* Records of a text source, decoded to UTF-8: physical lines, joined where a quote is open. */
#ifndef FORMATS_TEXT_LINES_H
#define FORMATS_TEXT_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/text/charset.h"
#include "perso/cursor.h"
#include "perso/io.h"
#include "perso/limits.h"

#define PERSO_LINES_RAW_BYTES 65536u
#define PERSO_LINES_TEXT_BYTES (4 * PERSO_LINE_BYTES)

/*
 * UTF-8 read as GBK gives other characters and often no error. So bytes beyond ASCII are weighed
 * while all of them are UTF-8: GBK text is that for long only by a chance below 1 in 10^7.
 */
struct perso_utf8_doubt {
    bool settled; /* some bytes were not UTF-8 */
    uint8_t held[4], n_held;
    uint32_t weight;
    uint32_t line; /* of the first byte beyond ASCII */
};

/** To begin with: .line = 1, .settled = true where the set is UTF-8. */
void perso_utf8_weigh(struct perso_utf8_doubt *doubt, const uint8_t *bytes, size_t n);
/** True where all bytes weighed are UTF-8, and there are enough of them. */
bool perso_utf8_likely(const struct perso_utf8_doubt *doubt);

struct perso_lines {
    struct perso_source source;
    enum perso_charset charset;
    bool join;        /* a newline may stand inside quotes */
    bool begun;       /* the first bytes were looked at for a byte order mark */
    bool ended;       /* the source is used up */
    bool undecodable; /* the byte after the text is not of the character set */
    const char *hint; /* what it may be instead */
    uint32_t line;    /* physical line at from, from 1 */
    size_t raw_n;     /* a cut character, or what follows an undecodable byte */
    size_t from, to;  /* text not handed out yet */
    struct perso_utf8_doubt doubt;
    uint8_t raw[PERSO_LINES_RAW_BYTES];
    char text[PERSO_LINES_TEXT_BYTES];
};

void perso_lines_init(struct perso_lines *l, const struct perso_source *source,
                      enum perso_charset charset, bool join);

/**
 * The next record without its line end, valid until the next call, and the line it begins on.
 * PERSO_REJECT, with err->line: TEXT_ENCODING, TEXT_NUL, TEXT_LINE, TEXT_QUOTE (left open over
 * PERSO_LINE_BYTES or the end), TEXT_COLUMNS (carriage return that ends no line).
 */
enum perso_result perso_lines_next(struct perso_lines *l, struct perso_text *record, uint32_t *line,
                                   struct perso_error *err);

/** True where a GB file is UTF-8 by all that was read. */
bool perso_lines_look_utf8(const struct perso_lines *l);
/** PERSO_REJECT with TEXT_ENCODING for such a file. */
enum perso_result perso_lines_refuse_utf8(const struct perso_lines *l, struct perso_error *err);

#endif
