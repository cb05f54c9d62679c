/* `report`: every card with its state. */
#include <stdlib.h>
#include <string.h>

#include "formats/identity/card.h"
#include "formats/text/write.h"
#include "pipeline/job/job.h"
#include "pipeline/report/status.h"

static enum perso_result
report_card(struct perso_table_writer *w, const struct perso_card *card, bool excel,
            struct perso_error *err)
{
    char id[PERSO_CARD_ID_CHARS + 4];
    enum perso_result rc;

    snprintf(id, sizeof id, excel ? "=\"%s\"" : "%s", card->card_id);
    if ((rc = perso_writer_string(w, id, err)) != PERSO_OK ||
        (rc = perso_writer_string(w, perso_state_name(card->state), err)) != PERSO_OK ||
        (rc = perso_writer_string(w, perso_reject_code(card->verdict.reject), err)) != PERSO_OK ||
        (rc = perso_writer_string(w, perso_column_code(card->verdict.column), err)) != PERSO_OK)
        return rc;
    return perso_writer_row(w, err);
}

static void
say_cards(struct perso_say *say, const struct perso_card *cards, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        perso_say_begin(say, "card");
        perso_say_text(say, "AAZ501", cards[i].card_id);
        perso_say_text(say, "state", perso_state_name(cards[i].state));
        perso_say_text(say, "code", perso_reject_code(cards[i].verdict.reject));
        perso_say_text(say, "field", perso_column_code(cards[i].verdict.column));
        perso_say_end(say);
    }
}

static enum perso_result
report_json(struct perso_job *job, struct perso_error *err)
{
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc = cards != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    while (rc == PERSO_OK && (rc = job->cards.scan(job->cards.self, ~0u, after, PERSO_BATCH_RECORDS,
                                                   cards, &n, err)) == PERSO_OK) {
        after = cards[n - 1].seq;
        say_cards(&job->say, cards, n);
    }
    free(cards);
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_report(struct perso_job *job, bool excel, struct perso_error *err)
{
    if (job->say.json)
        return report_json(job, err);

    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    struct perso_table_writer w;
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc = cards != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    perso_writer_init(&w, perso_stdout_sink(), PERSO_UTF8, false);
    static const char *const header[] = { "AAZ501", "state", "code", "field" };
    for (size_t i = 0; rc == PERSO_OK && i < 4; i++)
        rc = perso_writer_string(&w, header[i], err);
    if (rc == PERSO_OK)
        rc = perso_writer_row(&w, err);
    while (rc == PERSO_OK && (rc = job->cards.scan(job->cards.self, ~0u, after, PERSO_BATCH_RECORDS,
                                                   cards, &n, err)) == PERSO_OK) {
        after = cards[n - 1].seq;
        for (size_t i = 0; rc == PERSO_OK && i < n; i++)
            rc = report_card(&w, &cards[i], excel, err);
    }
    free(cards);
    return rc == PERSO_END ? perso_writer_flush(&w, err) : rc;
}
