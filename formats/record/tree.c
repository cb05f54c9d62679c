#include "formats/record/tree.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "perso/text.h"

#define N_CELLS (PERSO_COLUMN_COUNT - 1u) /* of a row: every known column */

/* Cells, then their bytes. */
struct perso_tree_ready {
    struct perso_tree_ready *next;
    size_t bytes; /* of this block */
    uint32_t line;
    struct perso_text cells[N_CELLS];
    char text[];
};

_Static_assert(PERSO_COLUMN_COUNT <= 64, "a bit for each column");

static enum perso_result
refuse(struct perso_error *err, uint32_t line, enum perso_reject reject, enum perso_column column,
       const char *text)
{
    err->line = line;
    return perso_error_set(err, reject, perso_column_code(column), "%s", text);
}

static enum perso_result
no_memory(struct perso_error *err)
{
    return perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
}

void
perso_tree_init(struct perso_tree *tree)
{
    tree->end = &tree->first;
}

static void
free_ready(struct perso_tree_ready *r)
{
    OPENSSL_cleanse(r, r->bytes);
    free(r);
}

void
perso_tree_free(struct perso_tree *tree)
{
    for (struct perso_tree_ready *r = tree->first, *next; r != NULL; r = next) {
        next = r->next;
        free_ready(r);
    }
    OPENSSL_cleanse(tree, sizeof *tree);
}

bool
perso_tree_of_card(enum perso_column column)
{
    switch (column) {
    case PERSO_COL_AAZ501:
    case PERSO_COL_AAZ500:
    case PERSO_COL_request_id:
    case PERSO_COL_replaces:
    case PERSO_COL_QMGY:
    case PERSO_COL_P10:
    case PERSO_COL_QM:
    case PERSO_COL_QMZS:
    case PERSO_COL_JMZS:
    case PERSO_COL_JMMY:
    case PERSO_COL_GLYPIN:
    case PERSO_COL_ZKMY:
    case PERSO_COL_QMZS_SM3:
    case PERSO_COL_JMZS_SM3:
        return true;
    default:
        return perso_column_personal(column);
    }
}

bool
perso_tree_is_base64(enum perso_column column)
{
    return column == PERSO_COL_QMZS || column == PERSO_COL_JMZS || column == PERSO_COL_JMMY ||
           column == PERSO_COL_P10;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The value as it is kept, at the end of the tree's bytes. */
static enum perso_result
keep(struct perso_tree *t, enum perso_column column, struct perso_text value, uint32_t line,
     struct perso_text *ret, struct perso_error *err)
{
    char *out = t->bytes + t->used;
    size_t n = 0, room = sizeof t->bytes - t->used;
    bool strip = perso_tree_is_base64(column);

    while (value.bytes != 0 && is_blank(value.at[0]))
        value = (struct perso_text) { value.at + 1, value.bytes - 1 };
    while (value.bytes != 0 && is_blank(value.at[value.bytes - 1]))
        value.bytes--;
    for (uint32_t i = 0; i < value.bytes; i++) {
        if (strip && is_blank(value.at[i]))
            continue;
        if (n == PERSO_CELL_BYTES)
            return refuse(err, line, PERSO_REJ_TEXT_LINE, column, N_("value is too long"));
        if (n == room)
            return refuse(err, line, PERSO_REJ_TEXT_LINE, column, N_("record is too long"));
        out[n++] = value.at[i];
    }
    *ret = (struct perso_text) { out, (uint32_t)n };
    t->used += (uint32_t)n;
    return PERSO_OK;
}

static bool
same(struct perso_text a, struct perso_text b)
{
    return a.bytes == b.bytes && memcmp(a.at, b.at, a.bytes) == 0;
}

/* Whether a value from the node at this depth is the held record's; *differs where it may not be.
 */
static bool
held_wants(const struct perso_tree_held *h, enum perso_column column, struct perso_text value,
           unsigned depth, bool *differs)
{
    struct perso_text have = h->cells[column];

    *differs = false;
    if (have.bytes == 0)
        return true;
    if (perso_tree_of_card(column)) {
        *differs = !same(have, value);
        return false;
    }
    return h->from[column] < depth;
}

static enum perso_result
give_to_held(struct perso_tree *t, enum perso_column column, struct perso_text value,
             unsigned depth, uint32_t line, struct perso_error *err)
{
    struct perso_tree_held *h = &t->held;
    bool differs;

    if (value.bytes == 0)
        return PERSO_OK;
    if (!held_wants(h, column, value, depth, &differs))
        return differs ? refuse(err, line, PERSO_REJ_FILE_FORMAT, column,
                                N_("a record and what is around it differ"))
                       : PERSO_OK;
    if (value.bytes > sizeof h->bytes - h->used)
        return refuse(err, line, PERSO_REJ_TEXT_LINE, column, N_("record is too long"));
    memcpy(h->bytes + h->used, value.at, value.bytes);
    h->cells[column] = (struct perso_text) { h->bytes + h->used, value.bytes };
    h->from[column] = (uint8_t)depth;
    h->used += value.bytes;
    return PERSO_OK;
}

/* A value that is kept already becomes a field of the node at this depth. */
static enum perso_result
put(struct perso_tree *t, unsigned depth, enum perso_column column, struct perso_text value,
    uint32_t line, struct perso_error *err)
{
    struct perso_tree_node *node = &t->nodes[depth];
    uint64_t bit = UINT64_C(1) << column;

    if ((node->stated & bit) != 0)
        return refuse(err, line, PERSO_REJ_COLUMN_TWICE, column, "");
    node->stated |= bit;
    node->cells[column] = value;
    if (node->n_records > 1 && value.bytes != 0)
        return refuse(err, line, PERSO_REJ_FILE_FORMAT, column,
                      N_("stands behind the records that it is around"));
    return node->n_records == 1 ? give_to_held(t, column, value, depth, line, err) : PERSO_OK;
}

void
perso_tree_open(struct perso_tree *tree, uint32_t line, bool entry)
{
    struct perso_tree_node *node = &tree->nodes[tree->depth++];
    *node = (struct perso_tree_node) { .line = line, .base = tree->used, .entry = entry };
}

enum perso_result
perso_tree_field(struct perso_tree *tree, enum perso_column column, struct perso_text value,
                 uint32_t line, struct perso_error *err)
{
    struct perso_text kept;
    enum perso_result rc = keep(tree, column, value, line, &kept, err);
    return rc == PERSO_OK ? put(tree, tree->depth - 1, column, kept, line, err) : rc;
}

/* The first field of a card with a value; PERSO_COLUMN_OTHER: none. */
static enum perso_column
card_field(const struct perso_tree_node *node)
{
    for (unsigned c = 1; c < PERSO_COLUMN_COUNT; c++)
        if (node->cells[c].bytes != 0 && perso_tree_of_card((enum perso_column)c))
            return (enum perso_column)c;
    return PERSO_COLUMN_OTHER;
}

static bool
has_values(const struct perso_tree_node *node)
{
    for (unsigned c = 1; c < PERSO_COLUMN_COUNT; c++)
        if (node->cells[c].bytes != 0)
            return true;
    return false;
}

/* The held record waits from now on. */
static enum perso_result
release(struct perso_tree *t, struct perso_error *err)
{
    struct perso_tree_held *h = &t->held;
    size_t bytes = sizeof(struct perso_tree_ready) + h->used;

    if (!h->present)
        return PERSO_OK;
    struct perso_tree_ready *r = malloc(bytes);
    if (r == NULL)
        return no_memory(err);
    *r = (struct perso_tree_ready) { .bytes = bytes, .line = h->line };
    memcpy(r->text, h->bytes, h->used);
    for (unsigned c = 1; c < PERSO_COLUMN_COUNT; c++) {
        struct perso_text cell = h->cells[c];
        r->cells[c - 1] = (struct perso_text) { "", 0 };
        if (cell.bytes != 0)
            r->cells[c - 1] = (struct perso_text) { r->text + (cell.at - h->bytes), cell.bytes };
    }
    *t->end = r;
    t->end = &r->next;
    h->present = false;
    return PERSO_OK;
}

/* The innermost node is a record: with what is around it, the nearer first, it is held. */
static enum perso_result
hold(struct perso_tree *t, struct perso_error *err)
{
    unsigned depth = t->depth;
    const struct perso_tree_node *node = &t->nodes[depth - 1];
    enum perso_result rc = release(t, err);

    if (rc == PERSO_OK && t->n_records == PERSO_FILE_ROWS) {
        err->line = node->line;
        rc = perso_error_set(err, PERSO_REJ_ROW_COUNT, "", "more than %u records", PERSO_FILE_ROWS);
    }
    t->n_records++;
    t->held.present = true;
    t->held.line = node->line;
    t->held.used = 0;
    memset(t->held.cells, 0, sizeof t->held.cells);
    for (unsigned d = depth; d-- > 0 && rc == PERSO_OK;)
        for (unsigned c = 1; c < PERSO_COLUMN_COUNT && rc == PERSO_OK; c++)
            rc = give_to_held(t, (enum perso_column)c, t->nodes[d].cells[c], d, node->line, err);
    return rc;
}

/* Its common fields become those of the node around it. */
static enum perso_result
hand_up(struct perso_tree *t, struct perso_error *err)
{
    const struct perso_tree_node *node = &t->nodes[t->depth - 1];
    enum perso_result rc = PERSO_OK;

    for (unsigned c = 1; c < PERSO_COLUMN_COUNT && rc == PERSO_OK; c++)
        if (node->cells[c].bytes != 0)
            rc = put(t, t->depth - 2, (enum perso_column)c, node->cells[c], node->line, err);
    return rc;
}

static bool
is_inside_card(const struct perso_tree *t)
{
    for (unsigned d = 0; d + 1 < t->depth; d++)
        if (card_field(&t->nodes[d]) != PERSO_COLUMN_OTHER)
            return true;
    return false;
}

/* A node without records in it: is it one itself? Else what it has goes up, or is let go. */
static enum perso_result
settle(struct perso_tree *t, struct perso_error *err)
{
    struct perso_tree_node *node = &t->nodes[t->depth - 1];
    bool record = card_field(node) != PERSO_COLUMN_OTHER || (node->entry && !is_inside_card(t));

    if (!has_values(node))
        return PERSO_OK;
    if (record) {
        node->n_records = 1;
        return hold(t, err);
    }
    if (node->entry)
        return PERSO_OK;
    enum perso_result rc = hand_up(t, err);
    node->base = t->used; /* the bytes are the other node's now */
    return rc;
}

enum perso_result
perso_tree_close(struct perso_tree *tree, struct perso_error *err)
{
    struct perso_tree_node *node = &tree->nodes[tree->depth - 1], *around;
    enum perso_result rc = node->n_records == 0 ? settle(tree, err) : PERSO_OK;
    enum perso_column column;

    if (rc != PERSO_OK)
        return rc;
    tree->used = node->base;
    if (--tree->depth == 0 || node->n_records == 0)
        return PERSO_OK;
    around = node - 1;
    around->n_records += node->n_records;
    if (around->n_records > 1 && (column = card_field(around)) != PERSO_COLUMN_OTHER)
        return refuse(err, node->line, PERSO_REJ_FILE_FORMAT, column,
                      N_("stands around several records"));
    return PERSO_OK;
}

enum perso_result
perso_tree_finish(struct perso_tree *tree, struct perso_error *err)
{
    if (tree->n_records == 0)
        return refuse(err, 1, PERSO_REJ_COLUMN_MISSING, PERSO_COLUMN_OTHER,
                      N_("no field that is known here"));
    return release(tree, err);
}

enum perso_result
perso_tree_take(struct perso_tree *tree, struct perso_arena *arena, const struct perso_text **cells,
                uint32_t *line, struct perso_error *err)
{
    struct perso_tree_ready *r = tree->first;

    if (r == NULL)
        return PERSO_END;
    size_t n = r->bytes - sizeof *r;
    struct perso_text *out = perso_arena_take(arena, sizeof r->cells + n);
    if (out == NULL)
        return no_memory(err);
    char *text = (char *)(out + N_CELLS);
    memcpy(text, r->text, n);
    for (unsigned c = 0; c < N_CELLS; c++) {
        out[c] = r->cells[c];
        if (out[c].bytes != 0)
            out[c].at = text + (r->cells[c].at - r->text);
    }
    *cells = out;
    *line = r->line;
    tree->first = r->next;
    if (tree->first == NULL)
        tree->end = &tree->first;
    free_ready(r);
    return PERSO_OK;
}
