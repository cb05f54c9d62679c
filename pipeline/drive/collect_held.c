/* held.csv of HLD: cards that the department gives back to the vendor, or cancelled. */
#include <string.h>

#include "formats/base/encode.h"
#include "pipeline/drive/collect_read.h"
#include "stages/held.h"

static const enum perso_column required[] = { PERSO_COL_AAZ501, PERSO_COL_request_id,
                                              PERSO_COL_code, PERSO_COLUMN_OTHER };

/* By its request; a card that has none at the department, by its id. */
static enum perso_result
find_card(struct perso_collecting *s, const struct perso_held *held, struct perso_card *card,
          struct perso_error *err)
{
    enum perso_result rc = PERSO_END;

    if (held->has_request)
        rc = perso_ledger_card_find_request(s->job->ledger, held->request_id, card, err);
    else if (held->card_id[0] != '\0')
        rc = perso_ledger_card_find(s->job->ledger, held->card_id, card, err);
    if (rc == PERSO_END ||
        (rc == PERSO_OK && held->card_id[0] != '\0' && strcmp(card->card_id, held->card_id) != 0)) {
        *card = (struct perso_card) { 0 };
        rc = PERSO_OK;
    }
    return rc;
}

/* The row as it came, and the request that it answers: then it can be the answer in force. */
static enum perso_result
put_row(struct perso_collecting *s, size_t i, const struct perso_held *held,
        const struct perso_card *card, struct perso_error *err)
{
    char request_id[2 * PERSO_REQUEST_ID_BYTES + 1] = "";
    struct perso_stored_record record = { .card_seq = card->seq, .verdict = held->verdict };
    struct perso_cells kept = s->cells[i];

    if (card->seq == 0) {
        perso_collect_orphan_cells(&s->cells[i], &kept);
    } else if (card->has_request) {
        perso_hex_lower(card->request_id, sizeof card->request_id, request_id);
        kept.known[PERSO_COL_request_id] =
            (struct perso_text) { request_id, (uint32_t)strlen(request_id) };
    }
    return perso_collect_put(s, i, &kept, &record, err);
}

static enum perso_result
take_batch(struct perso_collecting *s, size_t n, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        struct perso_held held;
        struct perso_card card;

        if ((rc = perso_held_read(&s->cells[i], &held, err)) == PERSO_REJECT)
            perso_error_at(err, s->in.display, s->origins[i].line, s->origins[i].record);
        if (rc == PERSO_OK && (rc = find_card(s, &held, &card, err)) == PERSO_OK)
            rc = put_row(s, i, &held, &card, err);
    }
    return rc;
}

enum perso_result
perso_collect_read_held(struct perso_collecting *s, struct perso_error *err)
{
    enum perso_result rc = perso_collect_member(s, "held.csv", required, take_batch, err);

    if (rc == PERSO_OK)
        s->file.rows = s->in.member->rows;
    return rc;
}

static enum perso_result
take_row(void *taking, struct perso_stored_record *record, struct perso_error *err)
{
    return perso_take_held(taking, record, err);
}

enum perso_result
perso_collect_take_held(struct perso_taking *t, void *collecting, struct perso_error *err)
{
    (void)collecting;
    return perso_job_each_record(t->job, t->file->id, 0, take_row, t, err);
}
