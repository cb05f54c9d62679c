/*
 * JSON (RFC 8259) in pieces of UTF-8 into a tree of nodes and fields. A reader of our own, since a
 * library wants the document whole, and 40 MB of answers become a GB in its hands.
 */
#ifndef FORMATS_RECORD_JSON_H
#define FORMATS_RECORD_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/record/record.h"
#include "formats/record/tree.h"

enum perso_json_expects {
    PERSO_JSON_DOCUMENT,    /* before the first value, or behind one */
    PERSO_JSON_FIRST_VALUE, /* or the end of the array */
    PERSO_JSON_VALUE,
    PERSO_JSON_FIRST_NAME, /* or the end of the object */
    PERSO_JSON_NAME,
    PERSO_JSON_COLON,
    PERSO_JSON_COMMA, /* or the end of what is open */
    PERSO_JSON_IN_STRING,
    PERSO_JSON_IN_WORD, /* a number, true, false, null */
};

struct perso_json_level {
    bool object;
    uint16_t n_names;
    uint64_t names[PERSO_RECORD_NAMES]; /* digests: a collision refuses, which nobody will see */
};

/* The string or word that is read now. */
struct perso_json_token {
    bool name, kept;
    uint32_t line, bytes, max;
    uint8_t escape;      /* 0: none; 1: behind the backslash; 2 to 5: digits of \u */
    uint32_t unit, high; /* of UTF-16: read now; the first of a pair, 0: none */
    char at[PERSO_CELL_BYTES];
};

struct perso_json {
    const struct perso_record_options *options;
    struct perso_tree *tree;
    enum perso_json_expects expects;
    uint32_t line;
    unsigned depth;
    bool any, lines, fresh;   /* a value was read; objects may follow; on a new line */
    enum perso_column member; /* of the value that is expected; PERSO_COLUMN_OTHER: none known */
    struct perso_json_token token;
    struct perso_json_level levels[PERSO_RECORD_DEPTH];
};

/** The structure is zeroed. Options and tree are borrowed. */
void perso_json_init(struct perso_json *json, const struct perso_record_options *options,
                     struct perso_tree *tree);
/** PERSO_REJECT with err->line. */
enum perso_result perso_json_feed(struct perso_json *json, struct perso_text text,
                                  struct perso_error *err);
enum perso_result perso_json_finish(struct perso_json *json, struct perso_error *err);

#endif
