#include "stages/cupboard.h"

#include <stdio.h>
#include <string.h>

#include "formats/sm2/sm3.h"
#include "stages/reseal.h"

static enum perso_result
reseal(const struct perso_cupboard_rules *rules, const char *card_id, enum perso_column column,
       const struct perso_cells *cells, char out[PERSO_SEALED_CHARS + 1], struct perso_cells *ret,
       struct perso_error *err)
{
    enum perso_result rc = perso_reseal(rules->from, rules->to, card_id, perso_column_code(column),
                                        0, cells->known[column], out, err);

    if (rc == PERSO_OK)
        ret->known[column] = (struct perso_text) { out, (uint32_t)strlen(out) };
    return rc;
}

enum perso_result
perso_cupboard_fill(const struct perso_cupboard_rules *rules, const char *card_id,
                    const struct perso_cells *cells, const struct perso_answer *answer,
                    struct perso_arena *arena, struct perso_cupboard_entry *entry,
                    struct perso_error *err)
{
    static const enum perso_column as_they_are[] = { PERSO_COL_request_id, PERSO_COL_QMZS,
                                                     PERSO_COL_JMZS, PERSO_COL_JMMY };
    char pin[PERSO_SEALED_CHARS + 1], key[PERSO_SEALED_CHARS + 1];
    struct perso_cells kept;
    enum perso_result rc = PERSO_OK;

    perso_cells_clear(&kept);
    for (size_t i = 0; i < sizeof as_they_are / sizeof as_they_are[0]; i++)
        kept.known[as_they_are[i]] = cells->known[as_they_are[i]];
    if (rules->secrets &&
        ((rc = reseal(rules, card_id, PERSO_COL_GLYPIN, cells, pin, &kept, err)) != PERSO_OK ||
         (rc = reseal(rules, card_id, PERSO_COL_ZKMY, cells, key, &kept, err)) != PERSO_OK))
        return rc;
    if (!perso_sm3_of(answer->signing_certificate.at, perso_left(&answer->signing_certificate),
                      entry->signing_sm3) ||
        !perso_sm3_of(answer->encryption_certificate.at,
                      perso_left(&answer->encryption_certificate), entry->encryption_sm3))
        return perso_error_openssl(err, "SM3");
    snprintf(entry->card_id, sizeof entry->card_id, "%s", card_id);
    return perso_row_payload_write(&kept, arena, &entry->payload, err);
}
