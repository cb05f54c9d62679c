#include <assert.h>
#include <string.h>

#include "formats/identity/card.h"
#include "formats/identity/id_number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_card(struct perso_text cell)
{
    char id[PERSO_CARD_ID_CHARS + 1], no[PERSO_CARD_NO_CHARS + 1], div[PERSO_DIVISION_CHARS + 1];

    if (perso_card_id_read(cell, id)) {
        struct perso_text again = { id, (uint32_t)strlen(id) };
        char twice[PERSO_CARD_ID_CHARS + 1];
        assert(perso_card_id_read(again, twice) && strcmp(id, twice) == 0);
    }
    if (perso_card_no_read(cell, no)) {
        assert(memcmp(no, cell.at, cell.bytes) == 0 && !perso_card_no_lost_zeros(cell));
        no[8] = perso_card_no_character(no);
        assert(perso_card_no_check(no));
    }
    if (perso_division_read(cell, div))
        assert(strlen(div) == cell.bytes && memcmp(div, cell.at, cell.bytes) == 0);
}

/* An accepted number is read again as itself, and no other check character is. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct perso_text cell = { (const char *)data, (uint32_t)size };
    char out[PERSO_SSN_CHARS + 1] = "", twice[PERSO_SSN_CHARS + 1];
    enum perso_id_kind kind = PERSO_ID_CITIZEN, again;

    if (size == 0 || size > 4096)
        return 0;
    check_card(cell);
    if (perso_id_number_read(cell, out, &kind) != PERSO_REJ_NONE) {
        assert(out[0] == '\0');
        return 0;
    }
    cell = (struct perso_text) { out, (uint32_t)strlen(out) };
    assert(cell.bytes == size && (cell.bytes == 18) == (kind != PERSO_ID_FOREIGN_15));
    assert(perso_id_number_read(cell, twice, &again) == PERSO_REJ_NONE);
    assert(again == kind && strcmp(out, twice) == 0);
    if (kind == PERSO_ID_FOREIGN_15)
        return 0;
    assert(out[17] == perso_mod11_2(out));
    out[17] = out[17] == '0' ? '1' : '0';
    assert(perso_id_number_read(cell, twice, &again) == PERSO_REJ_SSN_CHECK);
    return 0;
}
