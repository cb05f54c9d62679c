/*
 * Records in XML and JSON, read as a table is read (formats/text/table.h): the same rows, the same
 * rules for the caller. Both forms are one tree to this reader:
 *
 *   node    an XML element, a JSON object (arrays are nothing of their own; scalars in them are
 *           skipped)
 *   field   of a node: an attribute, a child element with text alone, a JSON member with a scalar;
 *           known by perso_column_find or an alias, case ignored, an XML prefix ("ns:") left off.
 *           The attribute of an XML element <s k="v"/> that has no other is a field of the element
 *           around it (DOMAIN 1.3, Shandong). Names that are not known are skipped with all that is
 * in them but nodes. record  an innermost node with a field of a card: who and which (AAZ501 AAZ500
 * AAC002 request_id and what is personal), key, request, items. All others are common fields (code,
 * reason, BAZ033, AAB301 ...) and make no record: a node with these alone gives them to the node
 *           around it (<head><code/></head> beside <data>). As the document itself, or as an
 * element of a JSON array, it is a record that names no card, but for such elements inside a node
 *           with a card's fields: these are details, and skipped.
 *
 * A record takes from the nodes around it, the nearer first, every field that it lacks or has
 * empty, wherever it stands there. What nobody can assign refuses the file: fields of a card around
 * two records, or others than the record's own; a field behind the second of the records that it is
 * around (a stream is not kept); a field twice in one node.
 *
 * Values are text without white space at both ends; Base64 (QMZS JMZS JMMY P10) without any. A
 * field of a card is text and nothing else: JSON numbers are refused (leading zeros and digits get
 * lost), true and false, nodes and arrays too. For common fields numbers, true and false are taken
 * as they stand (0 is "0"), and their names may stand for nodes ("result": { ... }). null is an
 * empty field, and an empty field is as good as none.
 *
 * JSON (RFC 8259) is an array, or objects each beginning on a line of its own (one: a document,
 * more: JSON Lines). No name stands twice in an object; nothing stands after the end. XML has no
 * DOCTYPE, so no entities but the five, and no processing instructions. Its declaration may name
 * the profile's character set or a smaller one (GB2312 < GBK < GB18030), or none. Text is decoded
 * by formats/text/charset.h; a byte order mark is taken off.
 *
 * A reader holds what is open and the records of one piece of 16 KiB, below 2 MiB, never the file;
 * it wipes what it held.
 */
#ifndef FORMATS_RECORD_RECORD_H
#define FORMATS_RECORD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/text/charset.h"
#include "formats/text/table.h"
#include "perso/arena.h"
#include "perso/column.h"
#include "perso/io.h"

enum perso_record_form { PERSO_RECORD_XML, PERSO_RECORD_JSON };

struct perso_record_options {
    enum perso_record_form form;
    enum perso_charset charset;
    const struct perso_alias *aliases; /* before the built-in names */
    size_t n_aliases;
    uint64_t bytes_max; /* of the source; 0: PERSO_RECORD_FILE_BYTES */
    const char *file;   /* for messages; borrowed for the reader's life */
};

struct perso_records;

/** The form by the first bytes of a file, after mark and blanks: '<' or '{' or '['. The first 64
 *  are enough. false: neither. */
bool perso_record_form_find(struct perso_cursor head, enum perso_record_form *ret);

/** Reads nothing yet. The source is borrowed. PERSO_FATAL: no memory. */
enum perso_result perso_records_open(const struct perso_source *source,
                                     const struct perso_record_options *options,
                                     struct perso_records **ret, struct perso_error *err);

/** Every known column, in the order of PERSO_COLUMNS, whether the file has it or not. */
const struct perso_layout *perso_records_layout(const struct perso_records *records);

/**
 * Up to max rows, cells in the arena, in the order in which the records end. origin.line is where
 * the record's node begins. PERSO_OK with *n >= 1; PERSO_END when none is left; PERSO_REJECT where
 * the file is refused, with err->line, by FILE_EMPTY, FILE_FORMAT, TEXT_ENCODING, TEXT_NUL,
 * TEXT_LINE (a name, value, record or tag too long), COLUMN_TWICE, COLUMN_MISSING (the end, and
 * nothing in it was known), ROW_COUNT (more than PERSO_FILE_ROWS). A refusal and a failure stay;
 * under PERSO_RETRY of the source nothing is lost. Rows before a refusal have been handed out: a
 * file is accepted at its end.
 */
enum perso_result perso_records_read(struct perso_records *records, struct perso_arena *arena,
                                     struct perso_row *rows, size_t max, size_t *n,
                                     struct perso_error *err);

uint32_t perso_records_rows(const struct perso_records *records); /* handed out */
void perso_records_free(struct perso_records *records);           /* accepts NULL */

#endif
