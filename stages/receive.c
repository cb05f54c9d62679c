#include "stages/receive.h"

static const enum perso_column of_cards[] = {
    PERSO_COL_AAZ501,     PERSO_COL_AAZ500, PERSO_COL_QMGY,
    PERSO_COL_request_id, PERSO_COL_box,    PERSO_COL_position,
};
static const enum perso_column of_personal[] = { PERSO_COL_AAC002, PERSO_COL_AAC003,
                                                 PERSO_COL_AAB301, PERSO_COL_replaces };

static void
take(const struct perso_cells *from, const enum perso_column *columns, size_t n,
     struct perso_cells *to)
{
    for (size_t i = 0; i < n; i++)
        to->known[columns[i]] = from->known[columns[i]];
}

void
perso_stage_receive(const struct perso_cells *cards, const struct perso_cells *personal, size_t n,
                    struct perso_cells *out)
{
    for (size_t i = 0; i < n; i++) {
        perso_cells_clear(&out[i]);
        out[i].n_other = personal[i].n_other;
        out[i].other = personal[i].other;
        take(&cards[i], of_cards, sizeof of_cards / sizeof of_cards[0], &out[i]);
        take(&personal[i], of_personal, sizeof of_personal / sizeof of_personal[0], &out[i]);
    }
}
