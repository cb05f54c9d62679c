#include "stages/forward.h"

#include "perso/state.h"

static enum perso_result
write_strings(struct perso_table_writer *w, const char *const *cells, size_t n,
              struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = perso_writer_string(w, cells[i], err);
    return rc == PERSO_OK ? perso_writer_row(w, err) : rc;
}

enum perso_result
perso_held_header(struct perso_table_writer *w, struct perso_error *err)
{
    static const char *const names[] = { "AAZ501", "request_id", "state",   "stage",  "code",
                                         "clause", "field",      "text_en", "text_zh" };

    return write_strings(w, names, sizeof names / sizeof names[0], err);
}

enum perso_result
perso_held_row(struct perso_table_writer *w, const struct perso_held_card *card,
               struct perso_error *err)
{
    enum perso_reject reject = card->cancelled ? PERSO_REJ_TAKEN_BACK : card->reject;
    const char *const cells[] = { card->card_id,
                                  card->request_id,
                                  perso_state_name(card->cancelled ? PERSO_STATE_CANCELLED
                                                                   : PERSO_STATE_RETURNED),
                                  card->stage,
                                  perso_reject_code(reject),
                                  perso_reject_clause(reject),
                                  perso_column_code(card->column),
                                  perso_reject_text(reject),
                                  perso_reject_text_zh(reject) };

    return write_strings(w, cells, sizeof cells / sizeof cells[0], err);
}
