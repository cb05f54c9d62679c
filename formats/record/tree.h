/*
 * From nodes and fields, as XML and JSON have them alike, to records (record.h has the rules).
 * What is open and one record that may still get fields are held here; complete ones wait in order.
 */
#ifndef FORMATS_RECORD_TREE_H
#define FORMATS_RECORD_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "perso/arena.h"
#include "perso/column.h"
#include "perso/cursor.h"
#include "perso/limits.h"
#include "perso/result.h"

struct perso_tree_node {
    uint32_t line, n_records, base; /* base: where its bytes begin */
    bool entry;                     /* the document, or an element of an array */
    uint64_t stated;                /* a bit for each column that has stood in it */
    struct perso_text cells[PERSO_COLUMN_COUNT];
};

/* The last record: a node around it may still have a field for it. */
struct perso_tree_held {
    bool present;
    uint32_t line, used;
    struct perso_text cells[PERSO_COLUMN_COUNT];
    uint8_t from[PERSO_COLUMN_COUNT]; /* depth of the node that had the field */
    char bytes[PERSO_RECORD_BYTES];
};

struct perso_tree_ready; /* a record that waits */

struct perso_tree {
    struct perso_tree_node nodes[PERSO_RECORD_DEPTH];
    unsigned depth;
    uint32_t used; /* of bytes */
    uint32_t n_records;
    struct perso_tree_held held;
    struct perso_tree_ready *first, **end;
    char bytes[PERSO_RECORD_BYTES];
};

/** The structure is zeroed. */
void perso_tree_init(struct perso_tree *tree);
void perso_tree_free(struct perso_tree *tree); /* wipes; accepts what was only zeroed */

/* Fields that tell of one card; the others are common ones. */
bool perso_tree_of_card(enum perso_column column);
/* White space is taken out of the value, not off its ends alone. */
bool perso_tree_is_base64(enum perso_column column);

/* All under PERSO_REJECT set err->line. */

/** At most PERSO_RECORD_DEPTH, which the caller sees to. */
void perso_tree_open(struct perso_tree *tree, uint32_t line, bool entry);
/** A field of the innermost node, which is there; known, not PERSO_COLUMN_OTHER. */
enum perso_result perso_tree_field(struct perso_tree *tree, enum perso_column column,
                                   struct perso_text value, uint32_t line, struct perso_error *err);
/** The innermost node ends. */
enum perso_result perso_tree_close(struct perso_tree *tree, struct perso_error *err);
/** The input ends. */
enum perso_result perso_tree_finish(struct perso_tree *tree, struct perso_error *err);

/** The next complete record, its cells (column 1 first) and their text in the arena. PERSO_END:
 * none waits. */
enum perso_result perso_tree_take(struct perso_tree *tree, struct perso_arena *arena,
                                  const struct perso_text **cells, uint32_t *line,
                                  struct perso_error *err);

#endif
