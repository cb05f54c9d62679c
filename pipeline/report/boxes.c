#include "pipeline/report/boxes.h"

#include <stdlib.h>
#include <string.h>

#include "perso/text.h"
#include "pipeline/job/cards.h"

struct box {
    char *name;
    uint32_t cards;
};

struct perso_boxes {
    struct box *all; /* in the order of first appearance */
    size_t n;
    uint32_t *slots; /* hash table of places in all, from 1; 0: free; at most half full */
    size_t n_slots;  /* a power of 2 */
    uint32_t without;
};

enum perso_result
perso_boxes_new(struct perso_boxes **ret, struct perso_error *err)
{
    *ret = calloc(1, sizeof **ret);
    return *ret != NULL ? PERSO_OK : perso_error_errno(err, "memory");
}

void
perso_boxes_free(struct perso_boxes *boxes)
{
    if (boxes == NULL)
        return;
    for (size_t i = 0; i < boxes->n; i++)
        free(boxes->all[i].name);
    free(boxes->all);
    free(boxes->slots);
    free(boxes);
}

/* FNV-1a. */
static size_t
hash(const char *name, size_t bytes)
{
    uint64_t ret = 14695981039346656037u;

    for (size_t i = 0; i < bytes; i++)
        ret = (ret ^ (uint8_t)name[i]) * 1099511628211u;
    return (size_t)(ret ^ ret >> 32);
}

/* The slot of a name: where it is, or where it would be. */
static uint32_t *
slot_of(const struct perso_boxes *boxes, struct perso_text name)
{
    size_t at = hash(name.at, name.bytes);

    for (;; at++) {
        uint32_t *slot = &boxes->slots[at & (boxes->n_slots - 1)];
        if (*slot == 0)
            return slot;
        const char *there = boxes->all[*slot - 1].name;
        if (strlen(there) == name.bytes && memcmp(there, name.at, name.bytes) == 0)
            return slot;
    }
}

static enum perso_result
grow(struct perso_boxes *boxes, struct perso_error *err)
{
    size_t n_slots = boxes->n_slots == 0 ? 64 : boxes->n_slots * 2;
    struct box *all = realloc(boxes->all, n_slots / 2 * sizeof *all);
    uint32_t *slots = calloc(n_slots, sizeof *slots);

    if (all != NULL)
        boxes->all = all;
    if (all == NULL || slots == NULL) {
        free(slots);
        return perso_error_errno(err, "memory");
    }
    free(boxes->slots);
    boxes->slots = slots;
    boxes->n_slots = n_slots;
    for (size_t i = 0; i < boxes->n; i++) {
        const char *name = all[i].name;
        *slot_of(boxes, (struct perso_text) { name, (uint32_t)strlen(name) }) = (uint32_t)i + 1;
    }
    return PERSO_OK;
}

static enum perso_result
add(struct perso_boxes *boxes, struct perso_text name, struct perso_error *err)
{
    if (name.bytes == 0) {
        boxes->without++;
        return PERSO_OK;
    }
    if (boxes->n == boxes->n_slots / 2 && grow(boxes, err) != PERSO_OK)
        return PERSO_FATAL;
    uint32_t *slot = slot_of(boxes, name);
    if (*slot == 0) {
        struct box *box = &boxes->all[boxes->n];
        *box = (struct box) { strndup(name.at, name.bytes), 0 };
        if (box->name == NULL)
            return perso_error_errno(err, "memory");
        *slot = (uint32_t)++boxes->n;
    }
    boxes->all[*slot - 1].cards++;
    return PERSO_OK;
}

enum perso_result
perso_boxes_count(struct perso_boxes *boxes, struct perso_job *job, const struct perso_card *cards,
                  size_t n, struct perso_error *err)
{
    struct perso_stored_record record;
    struct perso_cells cells;
    enum perso_result rc = PERSO_OK;

    perso_arena_reset(job->arena);
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        if ((rc = perso_job_cells(job, cards[i].application, &cells, &record, err)) == PERSO_OK)
            rc = add(boxes, cells.known[PERSO_COL_box], err);
    return rc;
}

bool
perso_boxes_none(const struct perso_boxes *boxes)
{
    return boxes->n == 0;
}

void
perso_boxes_write(const struct perso_boxes *boxes, FILE *out)
{
    if (boxes->n == 0)
        return;
    fprintf(out, "\n箱 boxes: %zu\n", boxes->n);
    for (size_t i = 0; i < boxes->n; i++) {
        /* A name comes from a file: no control of a terminal or printer may stand in it. */
        perso_text_plain(boxes->all[i].name);
        fprintf(out, "  箱号 box %s  卡数 cards %u\n", boxes->all[i].name, boxes->all[i].cards);
    }
    if (boxes->without > 0)
        fprintf(out, "  无箱号 without a box  卡数 cards %u\n", boxes->without);
}
