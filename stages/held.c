#include "stages/held.h"

#include <string.h>

#include "formats/base/encode.h"
#include "formats/identity/card.h"
#include "perso/state.h"
#include "stages/verdict.h"

/* Columns of these tables that stand in no table of cards. */
static struct perso_text
other(const struct perso_cells *row, const char *name)
{
    for (size_t i = 0; i < row->n_other; i++)
        if (row->other[i].name.bytes == strlen(name) &&
            memcmp(row->other[i].name.at, name, strlen(name)) == 0)
            return row->other[i].value;
    return (struct perso_text) { "", 0 };
}

static enum perso_state
state_of(const struct perso_cells *row)
{
    struct perso_text cell = other(row, "state");
    char name[16];

    if (cell.bytes >= sizeof name)
        return PERSO_STATE_NONE;
    memcpy(name, cell.at, cell.bytes);
    name[cell.bytes] = '\0';
    return cell.bytes > 0 ? perso_state_from_name(name) : PERSO_STATE_NONE;
}

static void
read_card_id(const struct perso_cells *row, char out[PERSO_CARD_ID_CHARS + 1])
{
    if (!perso_card_id_read(row->known[PERSO_COL_AAZ501], out))
        out[0] = '\0';
}

static enum perso_reject
code_of(struct perso_text cell)
{
    char code[8];

    if (cell.bytes >= sizeof code)
        return PERSO_REJ_NONE;
    memcpy(code, cell.at, cell.bytes);
    code[cell.bytes] = '\0';
    enum perso_reject reject = perso_reject_from_code(code);
    return perso_reject_of_file(reject) || reject == PERSO_REJ_OPERATOR_HELD ? PERSO_REJ_NONE
                                                                             : reject;
}

/* "text of the code: more" says no more than "more" where the code's own text is shown anyway. */
static struct perso_text
beyond(struct perso_text text, const char *known)
{
    uint32_t n = (uint32_t)strlen(known);

    if (text.bytes < n || memcmp(text.at, known, n) != 0)
        return text;
    if (text.bytes == n)
        return (struct perso_text) { "", 0 };
    if (text.bytes < n + 2 || memcmp(text.at + n, ": ", 2) != 0)
        return text;
    return (struct perso_text) { text.at + n + 2, text.bytes - n - 2 };
}

static void
read_verdict(const struct perso_cells *row, bool cancelled, struct perso_verdict *ret)
{
    struct perso_text code = row->known[PERSO_COL_code];
    enum perso_reject reject = code_of(code);
    struct perso_text more = beyond(other(row, "text_en"), perso_reject_text(reject));
    char note[sizeof ret->note] = "";

    if (!cancelled && reject == PERSO_REJ_NONE) {
        reject = PERSO_REJ_OPERATOR_REJECTED;
        perso_note_add(note, sizeof note, code);
        if (code.bytes > 0 && more.bytes > 0)
            perso_note_add(note, sizeof note, (struct perso_text) { ": ", 2 });
    }
    perso_note_add(note, sizeof note, more);
    perso_verdict_set(ret, cancelled ? PERSO_REJ_TAKEN_BACK : reject,
                      perso_column_find(other(row, "field")), note);
}

enum perso_result
perso_held_read(const struct perso_cells *row, struct perso_held *ret, struct perso_error *err)
{
    struct perso_text request = row->known[PERSO_COL_request_id];
    enum perso_state state = state_of(row);

    if (state != PERSO_STATE_RETURNED && state != PERSO_STATE_CANCELLED)
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "state",
                               "neither returned nor cancelled");
    read_card_id(row, ret->card_id);
    ret->has_request =
        perso_hex_decode(request.at, request.bytes, ret->request_id, PERSO_REQUEST_ID_BYTES);
    read_verdict(row, state == PERSO_STATE_CANCELLED, &ret->verdict);
    return PERSO_OK;
}

enum perso_result
perso_outstanding_read(const struct perso_cells *row, struct perso_outstanding *ret,
                       struct perso_error *err)
{
    enum perso_state state = state_of(row);

    if (state == PERSO_STATE_NONE)
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "state", "no such state");
    read_card_id(row, ret->card_id);
    ret->cancelled = state == PERSO_STATE_CANCELLED;
    return PERSO_OK;
}
