/* Text tables out: RFC 4180, CRLF-free (LF), quoted only where needed. */
#ifndef FORMATS_TEXT_WRITE_H
#define FORMATS_TEXT_WRITE_H

#include "formats/text/charset.h"
#include "perso/cursor.h"
#include "perso/io.h"

struct perso_table_writer {
    struct perso_sink sink;
    enum perso_charset charset;
    char delimiter;
    bool guard; /* cells that begin with = + - @ or TAB get a leading ' (lists for people) */
    bool begun; /* a cell of this row was written */
    bool blank; /* no byte of this row was written */
    uint8_t buffer[8192];
    size_t held;
};

void perso_writer_init(struct perso_table_writer *w, struct perso_sink sink,
                       enum perso_charset charset, bool guard);
/** UTF-8 BOM, for lists that people open in a spreadsheet program; does nothing for GB sets. */
enum perso_result perso_writer_bom(struct perso_table_writer *w, struct perso_error *err);
/**
 * One cell; PERSO_REJECT where the character set has not its characters (TEXT_ENCODING) or a NUL
 * stands in it (TEXT_NUL): nothing of it is written then.
 */
enum perso_result perso_writer_cell(struct perso_table_writer *w, struct perso_text cell,
                                    struct perso_error *err);
enum perso_result perso_writer_string(struct perso_table_writer *w, const char *cell,
                                      struct perso_error *err);
enum perso_result perso_writer_number(struct perso_table_writer *w, uint64_t number,
                                      struct perso_error *err);
/** Standard alphabet, padded; never guarded. Empty bytes are an empty cell. */
enum perso_result perso_writer_base64(struct perso_table_writer *w, struct perso_cursor bytes,
                                      struct perso_error *err);
/** Ends the row. */
enum perso_result perso_writer_row(struct perso_table_writer *w, struct perso_error *err);
/** Hands what is held to the sink. */
enum perso_result perso_writer_flush(struct perso_table_writer *w, struct perso_error *err);

#endif
