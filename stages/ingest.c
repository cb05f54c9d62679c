#include "stages/ingest.h"

#include "formats/identity/card.h"
#include "formats/pki/pkcs10.h"
#include "formats/sm2/sm2.h"
#include "formats/sm2/sm3.h"
#include "stages/ingest_row.h"
#include "stages/verdict.h"

/* Proofs of possession of a batch, judged by one call. */
struct proofs {
    size_t n;
    struct perso_pkcs10 *requests;
    uint8_t (*e)[PERSO_SM3_BYTES];
    struct perso_sm2_item *items;
    enum perso_sm2_verdict *results;
    size_t *index;             /* of a proof's row */
    enum perso_column *column; /* where its signature stands */
};

static bool
proofs_init(struct proofs *p, size_t n, struct perso_arena *arena)
{
    *p = (struct proofs) {
        .requests = perso_arena_take(arena, n * sizeof *p->requests),
        .e = perso_arena_take(arena, n * sizeof *p->e),
        .items = perso_arena_take(arena, n * sizeof *p->items),
        .results = perso_arena_take(arena, n * sizeof *p->results),
        .index = perso_arena_take(arena, n * sizeof *p->index),
        .column = perso_arena_take(arena, n * sizeof *p->column),
    };
    return p->requests != NULL && p->e != NULL && p->items != NULL && p->results != NULL &&
           p->index != NULL && p->column != NULL;
}

static bool
proofs_add(struct proofs *p, const struct perso_ingest_row *row)
{
    size_t i = p->n++;

    p->requests[i] = row->request;
    p->index[i] = row->index;
    p->column[i] = row->proof;
    p->items[i] = (struct perso_sm2_item) { p->requests[i].public_key, p->e[i], p->requests[i].rs };
    return perso_pkcs10_e(&p->requests[i], PERSO_SM2_ID, p->e[i]);
}

static enum perso_result
proofs_judge(const struct proofs *p, struct perso_verdict *verdicts, struct perso_error *err)
{
    enum perso_result rc = perso_sm2_verify(NULL, p->items, p->n, p->results, err);

    enum perso_reject why;

    for (size_t i = 0; rc == PERSO_OK && i < p->n; i++)
        if (p->results[i] != PERSO_SM2_ACCEPTED &&
            (rc = perso_pkcs10_diagnose(&p->requests[i], &why, err)) == PERSO_OK)
            perso_verdict_set(&verdicts[p->index[i]], why, p->column[i], NULL);
    return rc;
}

static uint32_t
count_warnings(const struct perso_application *rows, const struct perso_verdict *verdicts, size_t n)
{
    uint32_t warned = 0;

    for (size_t i = 0; i < n; i++)
        if (verdicts[i].reject == PERSO_REJ_NONE && !perso_card_no_check(rows[i].card_no))
            warned++;
    return warned;
}

enum perso_result
perso_stage_ingest(const struct perso_ingest_rules *rules, const struct perso_cells *rows,
                   const struct perso_origin *origins, size_t n,
                   const struct perso_waivers *waivers, struct perso_arena *arena,
                   struct perso_application *out, bool *has_key, struct perso_verdict *verdicts,
                   uint32_t *n_warned, struct perso_error *err)
{
    struct proofs proofs;
    enum perso_result rc;

    if (!proofs_init(&proofs, n, arena))
        return perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
    for (size_t i = 0; i < n; i++) {
        struct perso_ingest_row row = { .rules = rules,
                                        .waivers = waivers,
                                        .cells = rows[i].known,
                                        .index = i,
                                        .out = &out[i],
                                        .arena = arena };
        out[i] = (struct perso_application) { .origin = origins[i] };
        perso_ingest_row_read(&row);
        if ((rc = perso_ingest_row_judge(&row, NULL, &verdicts[i], err)) != PERSO_OK)
            return rc;
        has_key[i] = row.has_key;
        if (verdicts[i].reject == PERSO_REJ_NONE && row.has_proof && !proofs_add(&proofs, &row))
            return perso_error_openssl(err, "proof of possession");
    }
    if ((rc = proofs_judge(&proofs, verdicts, err)) != PERSO_OK)
        return rc;
    *n_warned = count_warnings(out, verdicts, n);
    return PERSO_OK;
}
