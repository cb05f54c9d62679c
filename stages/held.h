#ifndef STAGES_HELD_H
#define STAGES_HELD_H

#include "formats/base/row_payload.h"
#include "perso/record.h"

/* One row of held.csv (HLD): what a department says of a card that it gives back. */
struct perso_held {
    char card_id[PERSO_CARD_ID_CHARS + 1]; /* "" where the cell has not its shape */
    bool has_request;
    uint8_t request_id[PERSO_REQUEST_ID_BYTES];
    struct perso_verdict verdict; /* TAKEN_BACK where the department cancelled the card */
};

/**
 * Read a row. The verdict has the department's code and field; its note, the department's text
 * where that says more than the code. A code that is not known here, is not of a card, or an
 * operator's own (OPERATOR_HELD) becomes OPERATOR_REJECTED with the code in the note.
 * rejects  FILE_FORMAT: a state that is neither returned nor cancelled
 * clause   LD/T 03-2022 6.4.7.2 b
 */
enum perso_result perso_held_read(const struct perso_cells *row, struct perso_held *ret,
                                  struct perso_error *err);

/* One row of outstanding.csv (FWD): a card of the job that is in no FWD yet. */
struct perso_outstanding {
    char card_id[PERSO_CARD_ID_CHARS + 1]; /* "" where the cell has not its shape */
    bool cancelled;
};

/** FILE_FORMAT: no state that is known. */
enum perso_result perso_outstanding_read(const struct perso_cells *row,
                                         struct perso_outstanding *ret, struct perso_error *err);

#endif
