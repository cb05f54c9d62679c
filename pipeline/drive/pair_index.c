#include "pipeline/drive/pair_index.h"

#include <stdlib.h>
#include <string.h>

#include "formats/sm2/sm3.h"
#include "pipeline/drive/drive.h"
#include "pipeline/job/cards.h"
#include "stages/application.h"

struct pair {
    uint64_t hash;
    int64_t seq;
};

struct perso_pair_index {
    struct pair *pairs;
    size_t n, room;
};

static uint64_t
hash_of(const char *ssn, const char *card_no)
{
    char text[PERSO_SSN_CHARS + PERSO_CARD_NO_CHARS + 2];
    uint8_t sm3[PERSO_SM3_BYTES] = { 0 };
    uint64_t hash;

    int n = snprintf(text, sizeof text, "%s|%s", ssn, card_no);
    perso_sm3_of(text, (size_t)n, sm3);
    memcpy(&hash, sm3, sizeof hash);
    return hash;
}

static int
by_hash(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

static enum perso_result
add_card(struct perso_pair_index *index, struct perso_job *job, const struct perso_card *card,
         struct perso_error *err)
{
    struct perso_stored_record record;
    struct perso_cells cells;
    struct perso_issuance row; /* the same columns, read without judging */
    const struct perso_origin origin = { "", 0, 0 };
    enum perso_result rc = perso_job_cells(job, card->application, &cells, &record, err);

    if (rc != PERSO_OK)
        return rc;
    perso_issuance_parse(&cells, &origin, &row);
    if (index->n == index->room) {
        size_t room = index->room == 0 ? PERSO_BATCH_RECORDS : 2 * index->room;
        struct pair *grown = realloc(index->pairs, room * sizeof *grown);
        if (grown == NULL)
            return perso_error_errno(err, "memory");
        index->pairs = grown;
        index->room = room;
    }
    index->pairs[index->n++] = (struct pair) { hash_of(row.ssn, row.card_no), card->seq };
    return PERSO_OK;
}

enum perso_result
perso_pair_index_new(struct perso_job *job, uint32_t states, struct perso_pair_index **ret,
                     struct perso_error *err)
{
    struct perso_pair_index *index = calloc(1, sizeof *index);
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc =
        index != NULL && cards != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    while (rc == PERSO_OK &&
           (rc = job->cards.scan(job->cards.self, states, after, PERSO_BATCH_RECORDS, cards, &n,
                                 err)) == PERSO_OK) {
        after = cards[n - 1].seq;
        perso_arena_reset(job->arena);
        for (size_t i = 0; rc == PERSO_OK && i < n; i++)
            rc = add_card(index, job, &cards[i], err);
    }
    free(cards);
    if (rc != PERSO_END) {
        perso_pair_index_free(index);
        return rc;
    }
    if (index->n > 1)
        qsort(index->pairs, index->n, sizeof *index->pairs, by_hash);
    *ret = index;
    return PERSO_OK;
}

void
perso_pair_index_find(const struct perso_pair_index *index, const char *ssn, const char *card_no,
                      int64_t *seqs, size_t max, size_t *n)
{
    uint64_t hash = hash_of(ssn, card_no);
    size_t low = 0, high = index->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (index->pairs[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    for (*n = 0; low < index->n && index->pairs[low].hash == hash && *n < max; low++)
        seqs[(*n)++] = index->pairs[low].seq;
}

void
perso_pair_index_free(struct perso_pair_index *index)
{
    if (index != NULL)
        free(index->pairs);
    free(index);
}
