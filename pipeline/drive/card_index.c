#include "pipeline/drive/card_index.h"

#include <stdlib.h>
#include <string.h>

#include "formats/base/row_payload.h"
#include "formats/sm2/sm3.h"
#include "stages/application.h"

struct entry {
    uint64_t hash;
    int64_t seq;
};

struct perso_card_index {
    struct perso_job *job;
    perso_card_texts *texts_of;
    struct entry *entries;
    size_t n, room;
};

static enum perso_result
hash_of(const char *text, uint64_t *ret, struct perso_error *err)
{
    uint8_t sm3[PERSO_SM3_BYTES];

    if (!perso_sm3_of(text, strlen(text), sm3))
        return perso_error_openssl(err, "SM3");
    memcpy(ret, sm3, sizeof *ret);
    return PERSO_OK;
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
add(struct perso_card_index *index, const char *text, int64_t seq, struct perso_error *err)
{
    struct entry entry = { .seq = seq };
    enum perso_result rc = hash_of(text, &entry.hash, err);

    if (rc != PERSO_OK)
        return rc;
    if (index->n == index->room) {
        size_t room = index->room == 0 ? PERSO_BATCH_RECORDS : 2 * index->room;
        struct entry *grown = realloc(index->entries, room * sizeof *grown);
        if (grown == NULL)
            return perso_error_errno(err, "memory");
        index->entries = grown;
        index->room = room;
    }
    index->entries[index->n++] = entry;
    return PERSO_OK;
}

static enum perso_result
add_card(struct perso_card_index *index, const struct perso_card *card, struct perso_arena *arena,
         struct perso_error *err)
{
    char texts[PERSO_INDEX_TEXTS][PERSO_INDEX_CHARS + 1];
    const struct perso_origin origin = { "", 0, 0 };
    struct perso_job *job = index->job;
    struct perso_stored_record record;
    struct perso_issuance row;
    struct perso_cursor payload;
    struct perso_cells cells;
    enum perso_result rc;

    if ((rc = job->cards.get(job->cards.self, card->application, &record, arena, &payload, err)) !=
            PERSO_OK ||
        (rc = perso_row_payload_read(payload, arena, &cells, err)) != PERSO_OK)
        return rc;
    perso_issuance_parse(&cells, &origin, &row);
    const size_t n = index->texts_of(card, &row, texts);
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = add(index, texts[i], card->seq, err);
    return rc;
}

/* The job's arena is the caller's, who may have a batch in hand. */
static enum perso_result
add_all(struct perso_card_index *index, uint32_t states, struct perso_card *cards,
        struct perso_arena *arena, struct perso_error *err)
{
    struct perso_job *job = index->job;
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc;

    while ((rc = job->cards.scan(job->cards.self, states, after, PERSO_BATCH_RECORDS, cards, &n,
                                 err)) == PERSO_OK) {
        after = cards[n - 1].seq;
        perso_arena_reset(arena);
        for (size_t i = 0; rc == PERSO_OK && i < n; i++)
            rc = add_card(index, &cards[i], arena, err);
        if (rc != PERSO_OK)
            return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_card_index_new(struct perso_job *job, uint32_t states, perso_card_texts *texts_of,
                     struct perso_card_index **ret, struct perso_error *err)
{
    struct perso_card_index *index = calloc(1, sizeof *index);
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    struct perso_arena *arena = perso_arena_new();
    enum perso_result rc = PERSO_OK;

    if (index == NULL || cards == NULL || arena == NULL) {
        rc = perso_error_errno(err, "memory");
    } else {
        index->job = job;
        index->texts_of = texts_of;
        rc = add_all(index, states, cards, arena, err);
    }
    perso_arena_free(arena);
    free(cards);
    if (rc != PERSO_OK) {
        perso_card_index_free(index);
        return rc;
    }
    if (index->n > 1)
        qsort(index->entries, index->n, sizeof *index->entries, by_hash);
    *ret = index;
    return PERSO_OK;
}

enum perso_result
perso_card_index_find(const struct perso_card_index *index, const char *text, int64_t *seqs,
                      size_t max, size_t *n, struct perso_error *err)
{
    uint64_t hash = 0;
    size_t low = 0, high = index->n;
    enum perso_result rc = hash_of(text, &hash, err);

    *n = 0;
    if (rc != PERSO_OK)
        return rc;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (index->entries[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < index->n && index->entries[low].hash == hash && *n < max; low++)
        seqs[(*n)++] = index->entries[low].seq;
    return PERSO_OK;
}

void
perso_card_index_free(struct perso_card_index *index)
{
    if (index != NULL)
        free(index->entries);
    free(index);
}
