#include "pipeline/drive/person_index.h"

#include <stdlib.h>
#include <string.h>

#include "formats/sm2/sm3.h"
#include "pipeline/job/cards.h"
#include "stages/application.h"

struct entry {
    uint64_t hash;
    int64_t seq;
};

struct perso_person_index {
    struct perso_job *job;
    struct entry *entries;
    size_t n, room;
};

static uint64_t
hash_of(enum perso_named_by by, const char *value)
{
    char text[PERSO_SSN_CHARS + 8];
    uint8_t sm3[PERSO_SM3_BYTES] = { 0 };
    uint64_t hash;

    int n = snprintf(text, sizeof text, "%d|%.18s", (int)by, value);
    perso_sm3_of(text, (size_t)n, sm3);
    memcpy(&hash, sm3, sizeof hash);
    return hash;
}

static int
by_hash(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

static enum perso_result
add(struct perso_person_index *index, enum perso_named_by by, const char *value, int64_t seq,
    struct perso_error *err)
{
    if (value[0] == '\0')
        return PERSO_OK;
    if (index->n == index->room) {
        size_t room = index->room == 0 ? 2 * PERSO_BATCH_RECORDS : 2 * index->room;
        struct entry *grown = realloc(index->entries, room * sizeof *grown);
        if (grown == NULL)
            return perso_error_errno(err, "memory");
        index->entries = grown;
        index->room = room;
    }
    index->entries[index->n++] = (struct entry) { hash_of(by, value), seq };
    return PERSO_OK;
}

static enum perso_result
add_card(struct perso_person_index *index, const struct perso_card *card, struct perso_arena *arena,
         struct perso_error *err)
{
    struct perso_stored_record record;
    struct perso_cursor payload;
    struct perso_cells cells;
    struct perso_issuance row; /* the same columns, read without judging */
    const struct perso_origin origin = { "", 0, 0 };
    enum perso_result rc;

    if ((rc = index->job->cards.get(index->job->cards.self, card->application, &record, arena,
                                    &payload, err)) != PERSO_OK ||
        (rc = perso_row_payload_read(payload, arena, &cells, err)) != PERSO_OK)
        return rc;
    perso_issuance_parse(&cells, &origin, &row);
    rc = add(index, PERSO_BY_CARD_NO, row.card_no, card->seq, err);
    return rc == PERSO_OK ? add(index, PERSO_BY_SSN, row.ssn, card->seq, err) : rc;
}

/* The job's arena is the caller's: a batch is in hand. */
static enum perso_result
add_all(struct perso_person_index *index, struct perso_card *cards, struct perso_arena *arena,
        struct perso_error *err)
{
    const uint32_t states = ~(1u << PERSO_STATE_RETURNED | 1u << PERSO_STATE_CANCELLED);
    struct perso_job *job = index->job;
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc;

    while ((rc = job->cards.scan(job->cards.self, states, after, PERSO_BATCH_RECORDS, cards, &n,
                                 err)) == PERSO_OK) {
        after = cards[n - 1].seq;
        perso_arena_reset(arena);
        for (size_t i = 0; rc == PERSO_OK && i < n; i++)
            if (cards[i].has_request && cards[i].bundle != 0)
                rc = add_card(index, &cards[i], arena, err);
        if (rc != PERSO_OK)
            return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_person_index_new(struct perso_job *job, struct perso_person_index **ret,
                       struct perso_error *err)
{
    struct perso_person_index *index = calloc(1, sizeof *index);
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    struct perso_arena *arena = perso_arena_new();
    enum perso_result rc = PERSO_OK;

    if (index == NULL || cards == NULL || arena == NULL) {
        rc = perso_error_errno(err, "memory");
    } else {
        index->job = job;
        rc = add_all(index, cards, arena, err);
    }
    perso_arena_free(arena);
    free(cards);
    if (rc != PERSO_OK) {
        perso_person_index_free(index);
        return rc;
    }
    if (index->n > 1)
        qsort(index->entries, index->n, sizeof *index->entries, by_hash);
    *ret = index;
    return PERSO_OK;
}

void
perso_person_index_find(const struct perso_person_index *index, enum perso_named_by by,
                        const char *value, int64_t *seqs, size_t max, size_t *n)
{
    uint64_t hash = hash_of(by, value);
    size_t low = 0, high = index->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (index->entries[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    for (*n = 0; low < index->n && index->entries[low].hash == hash && *n < max; low++)
        seqs[(*n)++] = index->entries[low].seq;
}

void
perso_person_index_free(struct perso_person_index *index)
{
    if (index != NULL)
        free(index->entries);
    free(index);
}
