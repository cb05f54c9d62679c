/* Parts of a loose return in batches: each finds its card, secrets are sealed to the job, and it is
 * kept under the file. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/drive/gather.h"

static enum perso_result
add_part(struct perso_gathering *g, const struct perso_gathered *part, struct perso_error *err)
{
    if (g->n_parts == g->room) {
        size_t room = g->room == 0 ? PERSO_BATCH_RECORDS : 2 * g->room;
        struct perso_gathered *grown = realloc(g->parts, room * sizeof *grown);
        if (grown == NULL)
            return perso_error_errno(err, "memory");
        g->parts = grown;
        g->room = room;
    }
    g->parts[g->n_parts++] = *part;
    return PERSO_OK;
}

static enum perso_result
put_orphan(struct perso_gathering *g, size_t i, struct perso_error *err)
{
    struct perso_stored_record record = { .verdict = g->found[i], .symbol = PERSO_ANSWER_UNKNOWN };
    struct perso_cells kept;

    perso_collect_orphan_cells(&g->c.cells[i], &kept);
    if (g->kinds[i] == PERSO_ENTRY_CERTIFICATE)
        kept.known[PERSO_COL_QMZS_SM3] = g->c.cells[i].known[PERSO_COL_QMZS_SM3];
    g->c.counts.orphans++;
    return perso_collect_put(&g->c, i, &kept, &record, err);
}

/* Of a record that contradicts itself nothing is kept but whose it claims to be. */
static enum perso_result
put_part(struct perso_gathering *g, size_t i, struct perso_error *err)
{
    const bool differs = g->found[i].reject != PERSO_REJ_NONE;
    struct perso_stored_record record = { .card_seq = g->c.cards[i].seq,
                                          .verdict = differs ? g->found[i] : g->c.verdicts[i] };
    struct perso_cells kept;
    enum perso_result rc;

    if (differs)
        perso_collect_orphan_cells(&g->c.cells[i], &kept);
    else
        perso_answer_cells(&g->c.cells[i], &g->c.answers[i], &kept);
    if ((rc = perso_collect_put(&g->c, i, &kept, &record, err)) != PERSO_OK)
        return rc;
    const struct perso_gathered part = { record.card_seq, record.id, perso_items_of(&kept),
                                         record.verdict.reject };
    return add_part(g, &part, err);
}

/* What the codes and secrets of answers of our cards say of the profile. */
static void
count_entry(struct perso_gathering *g, size_t i)
{
    const struct perso_text *cells = g->c.cells[i].known;
    enum perso_reject reject = g->c.verdicts[i].reject;

    if (g->found[i].reject != PERSO_REJ_NONE)
        return;
    perso_code_tally_add(&g->c.codes, &g->c.cells[i], &g->c.verdicts[i]);
    if (cells[PERSO_COL_GLYPIN].bytes + cells[PERSO_COL_ZKMY].bytes == 0)
        return;
    g->c.opened += reject == PERSO_REJ_NONE;
    g->c.shut += reject == PERSO_REJ_SECRET_SEAL || reject == PERSO_REJ_SECRET_SHAPE;
}

static enum perso_result
put_entries(struct perso_gathering *g, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < g->n; i++)
        if (g->kinds[i] != PERSO_ENTRY_LEFT && g->c.cards[i].seq == 0) {
            rc = put_orphan(g, i, err);
        } else if (g->kinds[i] != PERSO_ENTRY_LEFT) {
            count_entry(g, i);
            if ((rc = perso_collect_strike(&g->c, i, err)) == PERSO_OK)
                rc = put_part(g, i, err);
        }
    return rc;
}

/* Neither a code nor an item: it says nothing, not even no. */
static bool
is_empty(const struct perso_gathering *g, size_t i)
{
    return g->kinds[i] == PERSO_ENTRY_RECORD && !g->coded[i] &&
           g->c.cells[i].known[PERSO_COL_code].bytes == 0 && perso_items_of(&g->c.cells[i]) == 0;
}

/* A certificate by itself is an answer that came; so is a record with items in a form that has no
 * place for a code. */
static void
set_code(struct perso_gathering *g, size_t i)
{
    struct perso_text *code = &g->c.cells[i].known[PERSO_COL_code];

    if (code->bytes == 0 && !g->coded[i] && perso_items_of(&g->c.cells[i]) != 0)
        *code = g->issued;
}

static enum perso_result
take_entries(struct perso_gathering *g, struct perso_error *err)
{
    struct perso_collecting *c = &g->c;
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < g->n; i++) {
        rc = perso_gather_find(g, i, err);
        if (is_empty(g, i)) {
            g->kinds[i] = PERSO_ENTRY_LEFT;
            g->counts.empty++;
        }
        set_code(g, i);
        g->seal_id_of[i] = g->seal_ids[i];
        /* Nothing of a record that contradicts itself is opened. */
        c->card_ids[i] = g->found[i].reject == PERSO_REJ_NONE ? c->cards[i].card_id : "";
    }
    c->rules.seal_ids = g->seal_id_of;
    if (rc == PERSO_OK)
        rc = perso_stage_collect(&c->rules, c->cells, c->origins, c->card_ids, g->n, c->job->arena,
                                 c->answers, c->verdicts, err);
    return rc == PERSO_OK ? put_entries(g, err) : rc;
}

/* What came in clear leaves memory with the batch. */
static void
wipe(struct perso_gathering *g)
{
    static const enum perso_column columns[] = { PERSO_COL_GLYPIN, PERSO_COL_ZKMY };

    for (size_t i = 0; i < g->n; i++)
        for (size_t k = 0; k < 2 && g->kinds[i] == PERSO_ENTRY_RECORD; k++) {
            const struct perso_text cell = g->c.cells[i].known[columns[k]];
            if (cell.bytes > 0) /* in the arena */
                OPENSSL_cleanse((void *)(uintptr_t)cell.at, cell.bytes);
        }
}

enum perso_result
perso_gather_flush(struct perso_gathering *g, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    if (g->n > 0 && (rc = perso_ledger_begin(g->c.job->ledger, err)) == PERSO_OK) {
        if ((rc = take_entries(g, err)) == PERSO_OK)
            rc = perso_ledger_commit(g->c.job->ledger, err);
        else
            perso_ledger_rollback(g->c.job->ledger);
    }
    if (g->of_ra.secrets == PERSO_SECRETS_CLEAR)
        wipe(g);
    g->n = 0;
    perso_arena_reset(g->c.job->arena);
    return rc;
}

/* In an archive or folder a part is found by its member's number; alone, by its line. */
static void
set_origin(struct perso_gathering *g, size_t i, uint32_t line, uint32_t record)
{
    g->c.origins[i] =
        (struct perso_origin) { g->in.display,
                                g->in.form == PERSO_LOOSE_FILE ? line : g->member.number, record };
}

void
perso_gather_add(struct perso_gathering *g, enum perso_entry_kind kind, uint32_t line,
                 uint32_t record)
{
    g->kinds[g->n] = kind;
    g->coded[g->n] = false;
    set_origin(g, g->n, line, record);
    g->n++;
}
