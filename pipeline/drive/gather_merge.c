/* Parts of a loose return become one answer a card. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/drive/gather.h"

#define PARTS_MAX 64u /* different ones of one card; of more none is believed */

static int
by_card(const void *a, const void *b)
{
    const struct perso_gathered *x = a, *y = b;

    if (x->seq != y->seq)
        return x->seq < y->seq ? -1 : 1;
    return (x->record > y->record) - (x->record < y->record);
}

/* The parts of one card, each content once. */
struct group {
    struct perso_gathering *g;
    int64_t seq;
    size_t n;
    struct perso_stored_record records[PARTS_MAX];
    struct perso_cells cells[PARTS_MAX];
    struct perso_part parts[PARTS_MAX];
    enum { NO_ANSWER, SHORT, WHOLE } has; /* what the card has already */
    struct perso_cells before;
};

static bool
is_known(const struct group *group, const struct perso_stored_record *record)
{
    for (size_t i = 0; i < group->n; i++)
        if (memcmp(group->records[i].sm3, record->sm3, sizeof record->sm3) == 0 &&
            group->records[i].verdict.reject == record->verdict.reject)
            return true;
    return false;
}

static enum perso_result
load_part(struct group *group, int64_t record_id, struct perso_error *err)
{
    struct perso_job *job = group->g->c.job;
    struct perso_stored_record *record = &group->records[group->n];
    struct perso_cells *cells = &group->cells[group->n];
    enum perso_result rc = perso_job_cells(job, record_id, cells, record, err);

    if (rc != PERSO_OK)
        return rc;
    if (is_known(group, record)) {
        group->g->c.counts.doubled++;
        return PERSO_OK;
    }
    group->parts[group->n] = (struct perso_part) { cells, record->verdict };
    group->n++;
    return PERSO_OK;
}

/* An answer that is believed, or one that an earlier loose return left short. */
static enum perso_result
load_before(struct group *group, struct perso_error *err)
{
    struct perso_job *job = group->g->c.job;
    struct perso_stored_record record;
    struct perso_ledger_file file;
    struct perso_card card;
    enum perso_result rc = perso_ledger_card_get(job->ledger, group->seq, &card, err);

    group->has = NO_ANSWER;
    if (rc != PERSO_OK || card.answer == 0 ||
        (rc = job->cards.get(job->cards.self, card.answer, &record, NULL, NULL, err)) != PERSO_OK ||
        (rc = perso_ledger_file_get(job->ledger, record.file_id, &file, err)) != PERSO_OK)
        return rc;
    if (record.verdict.reject == PERSO_REJ_NONE)
        group->has = WHOLE;
    else if (record.verdict.reject == PERSO_REJ_ITEM_MISSING &&
             strcmp(file.kind, PERSO_RETURN_KIND) == 0)
        group->has = SHORT;
    return group->has == NO_ANSWER
               ? PERSO_OK
               : perso_job_cells(job, card.answer, &group->before, &record, err);
}

/* Contradicting parts stand for no card: their certificates are named for revocation. */
static enum perso_result
mark_parts(struct group *group, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < group->n; i++) {
        group->records[i].symbol = PERSO_ANSWER_SUPERSEDED;
        rc = perso_ledger_record_set(group->g->c.job->ledger, &group->records[i], err);
    }
    return rc;
}

/* Of an answer that is not believed only whose it is stays. */
static enum perso_result
put_answer(struct group *group, const struct perso_cells *cells,
           const struct perso_verdict *verdict, int64_t *ret, struct perso_error *err)
{
    struct perso_stored_record record = { .card_seq = group->seq, .verdict = *verdict };
    const bool twice = verdict->reject == PERSO_REJ_ANSWER_TWICE;
    struct perso_gathering *g = group->g;
    struct perso_cells kept;
    enum perso_result rc = twice ? mark_parts(group, err) : PERSO_OK;

    perso_collect_orphan_cells(cells, &kept);
    g->c.origins[0].line = group->records[0].line;
    g->c.origins[0].record = group->records[0].record;
    if (rc == PERSO_OK)
        rc = perso_collect_put(&g->c, 0, twice ? &kept : cells, &record, err);
    *ret = record.id;
    return rc;
}

/* Parts of an answer that is here already, sent again by themselves. */
static bool
says_nothing_new(const struct group *group)
{
    for (size_t i = 0; i < group->n; i++)
        if (group->parts[i].verdict.reject != PERSO_REJ_NONE ||
            !perso_answer_has(&group->before, group->parts[i].cells))
            return false;
    return group->has == WHOLE;
}

static enum perso_result
settle(struct group *group, int64_t *ret, struct perso_error *err)
{
    struct perso_gathering *g = group->g;
    struct perso_verdict verdict;
    struct perso_cells merged;

    *ret = 0;
    if (says_nothing_new(group)) {
        g->c.counts.doubled += (uint32_t)group->n;
        return PERSO_OK;
    }
    perso_answer_merge(g->of_ra.items, group->parts, group->n,
                       group->has == SHORT ? &group->before : NULL, &merged, &verdict);
    if (group->n > 1 || group->has == SHORT)
        return put_answer(group, &merged, &verdict, ret, err);
    *ret = group->records[0].id;
    group->records[0].verdict = verdict;
    return perso_ledger_record_set(g->c.job->ledger, &group->records[0], err);
}

/* One part that has all there must be: the usual one, whose payload nobody needs to see. */
static bool
is_whole(const struct perso_gathering *g, const struct perso_gathered *parts, size_t n)
{
    return n == 1 &&
           (parts->reject == PERSO_REJ_RA_REFUSED || parts->reject == PERSO_REJ_FIELD_DIFFERS ||
            parts->reject == PERSO_REJ_EXCEL_DAMAGE || (g->of_ra.items & ~parts->items) == 0);
}

static enum perso_result
merge_card(struct group *group, const struct perso_gathered *parts, size_t n, int64_t *ret,
           struct perso_error *err)
{
    const struct perso_verdict many = { PERSO_REJ_ANSWER_TWICE, PERSO_COLUMN_OTHER, "" };
    enum perso_result rc = PERSO_OK;

    *ret = parts[0].record;
    if (is_whole(group->g, parts, n))
        return PERSO_OK;
    perso_arena_reset(group->g->c.job->arena);
    group->seq = parts[0].seq;
    group->n = 0;
    for (size_t i = 0; rc == PERSO_OK && i < n && group->n < PARTS_MAX; i++)
        rc = load_part(group, parts[i].record, err);
    if (rc != PERSO_OK || (rc = load_before(group, err)) != PERSO_OK)
        return rc;
    if (group->n == PARTS_MAX)
        return put_answer(group, &group->cells[0], &many, ret, err);
    return settle(group, ret, err);
}

static enum perso_result
merge_some(struct group *group, size_t *at, struct perso_error *err)
{
    struct perso_gathering *g = group->g;
    enum perso_result rc = PERSO_OK;

    for (size_t k = 0; rc == PERSO_OK && *at < g->n_parts && k < PERSO_BATCH_RECORDS; k++) {
        size_t n = 1;
        while (*at + n < g->n_parts && g->parts[*at + n].seq == g->parts[*at].seq)
            n++;
        rc = merge_card(group, &g->parts[*at], n, &g->answers[g->n_answers++], err);
        *at += n;
    }
    return rc;
}

enum perso_result
perso_gather_merge(struct perso_gathering *g, struct perso_error *err)
{
    struct group *group = calloc(1, sizeof *group);
    size_t at = 0;
    enum perso_result rc = PERSO_OK;

    g->answers = calloc(g->n_parts + 1, sizeof *g->answers);
    if (group == NULL || g->answers == NULL)
        rc = perso_error_errno(err, "memory");
    else
        group->g = g;
    if (g->n_parts > 1)
        qsort(g->parts, g->n_parts, sizeof *g->parts, by_card);
    while (rc == PERSO_OK && at < g->n_parts &&
           (rc = perso_ledger_begin(g->c.job->ledger, err)) == PERSO_OK) {
        if ((rc = merge_some(group, &at, err)) == PERSO_OK)
            rc = perso_ledger_commit(g->c.job->ledger, err);
        else
            perso_ledger_rollback(g->c.job->ledger);
    }
    free(group);
    return rc;
}
