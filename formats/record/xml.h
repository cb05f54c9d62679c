/* XML 1.0 by expat, in pieces of UTF-8, into a tree of nodes and fields. */
#ifndef FORMATS_RECORD_XML_H
#define FORMATS_RECORD_XML_H

#include <expat.h>
#include <stdbool.h>
#include <stdint.h>

#include "formats/record/record.h"
#include "formats/record/tree.h"

struct perso_xml_element {
    enum perso_column column; /* what its name says; OTHER: nothing known, and the document */
    bool node;                /* there is a node of the tree for it */
    uint32_t line;
};

struct perso_xml {
    const struct perso_record_options *options;
    struct perso_tree *tree;
    XML_Parser parser;
    struct perso_xml_element elements[PERSO_RECORD_DEPTH];
    unsigned depth;
    enum perso_result rc; /* what a handler met; the parser is stopped then */
    struct perso_error *err;
    uint64_t stuck; /* bytes since the last event: a tag that does not end */
    bool moved;
    uint32_t value_n; /* text of the innermost element, where its name is known */
    char value[PERSO_CELL_BYTES];
};

/** The structure is zeroed. Options and tree are borrowed. PERSO_FATAL: no memory. */
enum perso_result perso_xml_init(struct perso_xml *xml, const struct perso_record_options *options,
                                 struct perso_tree *tree, struct perso_error *err);
/** PERSO_REJECT with err->line. */
enum perso_result perso_xml_feed(struct perso_xml *xml, struct perso_text text,
                                 struct perso_error *err);
enum perso_result perso_xml_finish(struct perso_xml *xml, struct perso_error *err);
void perso_xml_free(struct perso_xml *xml); /* wipes what expat held, too */

#endif
