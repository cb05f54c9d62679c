/* `report`: every card with its state. */
#include <string.h>

#include "formats/identity/card.h"
#include "formats/text/write.h"
#include "pipeline/job/cards.h"
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

static enum perso_result
say_cards(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    struct perso_say *say = arg;

    (void)err;
    for (size_t i = 0; i < n; i++) {
        perso_say_begin(say, "card");
        perso_say_text(say, "AAZ501", cards[i].card_id);
        perso_say_text(say, "state", perso_state_name(cards[i].state));
        perso_say_text(say, "code", perso_reject_code(cards[i].verdict.reject));
        perso_say_text(say, "field", perso_column_code(cards[i].verdict.column));
        perso_say_end(say);
    }
    return PERSO_OK;
}

struct reporting {
    struct perso_table_writer w;
    bool excel;
};

static enum perso_result
write_cards(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    struct reporting *r = arg;
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = report_card(&r->w, &cards[i], r->excel, err);
    return rc;
}

enum perso_result
perso_report(struct perso_job *job, bool excel, struct perso_error *err)
{
    static const char *const header[] = { "AAZ501", "state", "code", "field" };
    struct reporting r = { .excel = excel };
    enum perso_result rc = PERSO_OK;

    if (job->say.json)
        return perso_job_each_cards(job, ~0u, say_cards, &job->say, err);
    perso_writer_init(&r.w, perso_stdout_sink(), PERSO_UTF8, false);
    for (size_t i = 0; rc == PERSO_OK && i < 4; i++)
        rc = perso_writer_string(&r.w, header[i], err);
    if (rc == PERSO_OK && (rc = perso_writer_row(&r.w, err)) == PERSO_OK &&
        (rc = perso_job_each_cards(job, ~0u, write_cards, &r, err)) == PERSO_OK)
        rc = perso_writer_flush(&r.w, err);
    return rc;
}
