#include "stages/prepare.h"

#include <string.h>

#include "formats/sm2/sm2.h"
#include "formats/sm2/sm3.h"
#include "stages/ingest_row.h"

void
perso_prepare_columns(const struct perso_ingest_rules *rules, enum perso_column *ret)
{
    size_t n = 0;

    ret[n++] = PERSO_COL_AAZ501;
    ret[n++] = PERSO_COL_QMGY;
    for (int c = 1; c < PERSO_COLUMN_COUNT; c++)
        if (c != PERSO_COL_AAZ501 && c != PERSO_COL_QMGY &&
            perso_request_template_has(&rules->requested_subject, (enum perso_column)c))
            ret[n++] = (enum perso_column)c;
    ret[n] = PERSO_COLUMN_OTHER;
}

static enum perso_result
make_e(const struct perso_ingest_row *row, uint8_t e[PERSO_SM3_BYTES], struct perso_error *err)
{
    struct perso_cursor info;
    enum perso_result rc = perso_ingest_row_info(row, &info, err);

    if (rc != PERSO_OK)
        return rc;
    return perso_sm2_e(row->out->public_key, PERSO_SM2_ID, info, e)
               ? PERSO_OK
               : perso_error_openssl(err, "what is to be signed");
}

static enum perso_result
prepare_row(struct perso_ingest_row *row, const bool *wanted, struct perso_to_sign *ret,
            struct perso_verdict *verdict, struct perso_error *err)
{
    struct perso_error fault = { 0 };
    enum perso_result rc;

    perso_ingest_row_read(row);
    if ((rc = perso_ingest_row_judge(row, wanted, verdict, err)) != PERSO_OK ||
        verdict->reject != PERSO_REJ_NONE)
        return rc;
    memcpy(ret->card_id, row->out->card_id, sizeof ret->card_id);
    memcpy(ret->public_key, row->out->public_key, sizeof ret->public_key);
    if ((rc = make_e(row, ret->e, &fault)) == PERSO_REJECT) {
        perso_ingest_fault(verdict, &fault, PERSO_COL_QMGY);
        return PERSO_OK;
    }
    if (rc != PERSO_OK)
        *err = fault;
    return rc;
}

enum perso_result
perso_stage_prepare(const struct perso_ingest_rules *rules, const struct perso_cells *rows,
                    const struct perso_origin *origins, size_t n, struct perso_arena *arena,
                    struct perso_to_sign *out, struct perso_verdict *verdicts,
                    struct perso_error *err)
{
    enum perso_column columns[PERSO_COLUMN_COUNT];
    bool wanted[PERSO_COLUMN_COUNT] = { false };
    enum perso_result rc = PERSO_OK;

    perso_prepare_columns(rules, columns);
    for (const enum perso_column *c = columns; *c != PERSO_COLUMN_OTHER; c++)
        wanted[*c] = true;
    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        struct perso_application application = { .origin = origins[i] };
        struct perso_ingest_row row = {
            .rules = rules, .cells = rows[i].known, .index = i, .out = &application, .arena = arena
        };
        rc = prepare_row(&row, wanted, &out[i], &verdicts[i], err);
    }
    return rc;
}
