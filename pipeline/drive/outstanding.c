#include "pipeline/drive/outstanding.h"

#include <stdlib.h>
#include <string.h>

#include "formats/text/write.h"

struct listing {
    struct perso_job *job;
    struct perso_table_writer writer;
    struct perso_ledger_file file; /* the one last looked at; id 0: none */
    uint32_t rows;
};

/* A card that was put aside since its FWD was planned leaves it before it is made. */
static enum perso_result
is_forwarded(struct listing *l, const struct perso_card *card, bool *ret, struct perso_error *err)
{
    enum perso_result rc;

    *ret = false;
    if (card->handed == 0)
        return PERSO_OK;
    if (card->handed != l->file.id &&
        (rc = perso_ledger_file_get(l->job->ledger, card->handed, &l->file, err)) != PERSO_OK)
        return rc;
    *ret = strcmp(l->file.kind, "FWD") == 0 &&
           (l->file.status == PERSO_FILE_MADE || card->state == PERSO_STATE_MATCHED);
    return PERSO_OK;
}

static enum perso_result
list_card(struct listing *l, const struct perso_card *card, struct perso_error *err)
{
    struct perso_card in_force;
    bool forwarded = false;
    enum perso_result rc;

    if (card->card_id[0] == '\0')
        return PERSO_OK;
    if ((rc = is_forwarded(l, card, &forwarded, err)) != PERSO_OK || forwarded)
        return rc;
    rc = perso_ledger_card_find(l->job->ledger, card->card_id, &in_force, err);
    if (rc != PERSO_OK || in_force.seq != card->seq)
        return rc;
    l->rows++;
    if ((rc = perso_writer_string(&l->writer, card->card_id, err)) != PERSO_OK ||
        (rc = perso_writer_string(&l->writer, perso_state_name(card->state), err)) != PERSO_OK)
        return rc;
    return perso_writer_row(&l->writer, err);
}

static enum perso_result
list_all(struct listing *l, struct perso_card *cards, struct perso_error *err)
{
    const uint32_t states = ~(1u << PERSO_STATE_FORWARDED);
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc;

    while ((rc = l->job->cards.scan(l->job->cards.self, states, after, PERSO_BATCH_RECORDS, cards,
                                    &n, err)) == PERSO_OK) {
        after = cards[n - 1].seq;
        for (size_t i = 0; rc == PERSO_OK && i < n; i++)
            rc = list_card(l, &cards[i], err);
        if (rc != PERSO_OK)
            return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_outstanding_table(struct perso_job *job, struct perso_memory *memory, uint32_t *rows,
                        struct perso_error *err)
{
    struct listing *l = calloc(1, sizeof *l);
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    enum perso_result rc = PERSO_OK;

    if (l == NULL || cards == NULL) {
        rc = perso_error_errno(err, "memory");
        goto out;
    }
    l->job = job;
    perso_writer_init(&l->writer, perso_memory_sink(memory), PERSO_UTF8, false);
    if ((rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK) /* one view, and faster */
        goto out;
    if ((rc = perso_writer_string(&l->writer, "AAZ501", err)) == PERSO_OK &&
        (rc = perso_writer_string(&l->writer, "state", err)) == PERSO_OK &&
        (rc = perso_writer_row(&l->writer, err)) == PERSO_OK &&
        (rc = list_all(l, cards, err)) == PERSO_OK)
        rc = perso_writer_flush(&l->writer, err);
    perso_ledger_rollback(job->ledger);
    *rows = l->rows;
out:
    free(cards);
    free(l);
    return rc;
}
