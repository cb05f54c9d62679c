/* One row a card: what stands twice in the tables of one prepare. */
#include <stdlib.h>
#include <string.h>

#include "formats/sm2/sm3.h"
#include "pipeline/drive/prepare_parts.h"

struct entry {
    uint64_t card, key; /* digests, cut */
};

struct pick {
    uint64_t value; /* of what they are sorted by */
    uint32_t row;
};

struct perso_prepare_rows {
    struct entry *entries; /* of good rows, in the order of reading */
    uint8_t *marks;        /* enum perso_prepare_mark of each */
    struct pick *picks;    /* those of tables that are taken, sorted */
    uint32_t n, room;
};

static enum perso_result
grow(struct perso_prepare_rows *rows, struct perso_error *err)
{
    uint32_t room = rows->room == 0 ? PERSO_BATCH_RECORDS : 2 * rows->room;
    struct entry *entries = realloc(rows->entries, room * sizeof *entries);

    if (entries == NULL)
        return perso_error_errno(err, "memory");
    rows->entries = entries;
    rows->room = room;
    return PERSO_OK;
}

static bool
cut_digest(const void *bytes, size_t n, uint64_t *ret)
{
    uint8_t sm3[PERSO_SM3_BYTES];

    if (!perso_sm3_of(bytes, n, sm3))
        return false;
    memcpy(ret, sm3, sizeof *ret);
    return true;
}

enum perso_result
perso_prepare_rows_add(struct perso_preparing *p, const struct perso_to_sign *card,
                       struct perso_error *err)
{
    struct perso_prepare_rows *rows = p->seen;
    enum perso_result rc = rows->n == rows->room ? grow(rows, err) : PERSO_OK;

    if (rc != PERSO_OK)
        return rc;
    struct entry *e = &rows->entries[rows->n];
    if (!cut_digest(card->card_id, strlen(card->card_id), &e->card) ||
        !cut_digest(card->public_key, sizeof card->public_key, &e->key))
        return perso_error_openssl(err, "SM3");
    rows->n++;
    return PERSO_OK;
}

uint32_t
perso_prepare_rows_count(const struct perso_preparing *p)
{
    return p->seen->n;
}

void
perso_prepare_rows_cut(struct perso_preparing *p, uint32_t n)
{
    p->seen->n = n;
}

/* ---- sorted ---- */

static int
compare(const void *a, const void *b)
{
    const struct pick *x = a, *y = b;

    return x->value != y->value ? (x->value > y->value) - (x->value < y->value)
                                : (x->row > y->row) - (x->row < y->row);
}

/* Rows of one card: with one key the first stands for all, with several none can be believed. */
static void
mark_cards(struct perso_prepare_rows *rows, size_t first, size_t end)
{
    bool same = true;

    for (size_t i = first; i < end; i++)
        same = same &&
               rows->entries[rows->picks[i].row].key == rows->entries[rows->picks[first].row].key;
    for (size_t i = first; i < end; i++)
        if (!same)
            rows->marks[rows->picks[i].row] = PERSO_PREPARE_CARD_TWICE;
        else if (i > first)
            rows->marks[rows->picks[i].row] = PERSO_PREPARE_AGAIN;
}

static void
mark_keys(struct perso_prepare_rows *rows, size_t first, size_t end)
{
    bool same = true;

    for (size_t i = first; i < end; i++)
        same = same &&
               rows->entries[rows->picks[i].row].card == rows->entries[rows->picks[first].row].card;
    for (size_t i = first; i < end && !same; i++)
        if (rows->marks[rows->picks[i].row] == PERSO_PREPARE_ONCE)
            rows->marks[rows->picks[i].row] = PERSO_PREPARE_KEY_TWICE;
}

static void
mark_groups(struct perso_prepare_rows *rows, size_t n, bool of_cards)
{
    for (size_t i = 0; i < n; i++) {
        const struct entry *e = &rows->entries[rows->picks[i].row];
        rows->picks[i].value = of_cards ? e->card : e->key;
    }
    qsort(rows->picks, n, sizeof *rows->picks, compare);
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && rows->picks[end].value == rows->picks[first].value; end++)
            ;
        if (end - first > 1 && of_cards)
            mark_cards(rows, first, end);
        else if (end - first > 1)
            mark_keys(rows, first, end);
    }
}

/* Rows of tables that are still to be prepared. */
static size_t
choose(struct perso_preparing *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++)
        for (uint32_t k = 0; p->tables[i].path != NULL && k < p->tables[i].good; k++)
            p->seen->picks[n++].row = p->tables[i].first + k;
    return n;
}

enum perso_result
perso_prepare_rows_judge(struct perso_preparing *p, struct perso_error *err)
{
    struct perso_prepare_rows *rows = p->seen;

    rows->marks = calloc(rows->n + 1u, sizeof *rows->marks);
    rows->picks = calloc(rows->n + 1u, sizeof *rows->picks);
    if (rows->marks == NULL || rows->picks == NULL)
        return perso_error_errno(err, "memory");
    size_t n = choose(p);
    mark_groups(rows, n, true);
    mark_groups(rows, n, false);
    for (size_t i = 0; i < p->n; i++) {
        struct perso_prepare_table *t = &p->tables[i];
        for (uint32_t k = 0; t->path != NULL && k < t->good; k++)
            t->again += rows->marks[t->first + k] == PERSO_PREPARE_AGAIN;
    }
    return PERSO_OK;
}

enum perso_prepare_mark
perso_prepare_rows_mark(const struct perso_preparing *p, uint32_t row)
{
    return (enum perso_prepare_mark)p->seen->marks[row];
}

enum perso_result
perso_prepare_rows_new(struct perso_preparing *p, struct perso_error *err)
{
    p->seen = calloc(1, sizeof *p->seen);
    return p->seen != NULL ? PERSO_OK : perso_error_errno(err, "memory");
}

void
perso_prepare_rows_free(struct perso_preparing *p)
{
    if (p->seen != NULL) {
        free(p->seen->entries);
        free(p->seen->marks);
        free(p->seen->picks);
    }
    free(p->seen);
    p->seen = NULL;
}
