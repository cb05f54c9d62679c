#include "stages/close.h"

#include <string.h>

#include "formats/base/encode.h"
#include "formats/identity/card.h"
#include "stages/verdict.h"

static const struct {
    const char *text;
    enum perso_state state;
} results[] = {
    { "ok", PERSO_STATE_WRITTEN },      { "retry", PERSO_STATE_RETRY },
    { "spoiled", PERSO_STATE_SPOILED }, { "missing", PERSO_STATE_MISSING },
    { "test", PERSO_STATE_TEST },
};

/* What the machine read back from the chip: a value of fixed size, in hex. */
enum readback { ABSENT, MALFORMED, EQUAL, DIFFERENT };

bool
perso_result_card_id(const struct perso_cells *row, char out[PERSO_CARD_ID_CHARS + 1])
{
    return perso_card_id_read(row->known[PERSO_COL_AAZ501], out);
}

static enum perso_state
state_of(struct perso_text result)
{
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
        if (result.bytes == strlen(results[i].text) &&
            memcmp(result.at, results[i].text, result.bytes) == 0)
            return results[i].state;
    return PERSO_STATE_NONE;
}

static enum readback
compare(struct perso_text cell, const uint8_t *want, size_t n)
{
    uint8_t have[PERSO_POINT_BYTES];

    if (cell.bytes == 0)
        return ABSENT;
    if (!perso_hex_decode(cell.at, cell.bytes, have, n))
        return MALFORMED;
    return memcmp(have, want, n) == 0 ? EQUAL : DIFFERENT;
}

/* The three values of a row, against what was sent to the machine. */
struct chip {
    enum perso_column column;
    enum readback readback;
    enum perso_reject differs;
    bool wanted; /* in a result "ok" */
};

#define CHIP_VALUES 3

static void
chip_read(const struct perso_text *cells, const struct perso_expected *expected,
          struct chip chip[CHIP_VALUES])
{
    bool certificates = expected->certificates;

    chip[0] =
        (struct chip) { PERSO_COL_QMGY,
                        compare(cells[PERSO_COL_QMGY], expected->public_key, PERSO_POINT_BYTES),
                        PERSO_REJ_CHIP_KEY, true };
    chip[1] =
        (struct chip) { PERSO_COL_QMZS_SM3,
                        compare(cells[PERSO_COL_QMZS_SM3], expected->signing_sm3, PERSO_SM3_BYTES),
                        PERSO_REJ_CHIP_CERT, certificates };
    chip[2] = (struct chip) { PERSO_COL_JMZS_SM3,
                              compare(cells[PERSO_COL_JMZS_SM3], expected->encryption_sm3,
                                      PERSO_SM3_BYTES),
                              PERSO_REJ_CHIP_CERT, certificates };
}

/* In mode 4 no certificate was sent: one on the chip is as wrong as another card's. */
static bool
is_wrong(const struct chip *value)
{
    return value->readback == DIFFERENT || (value->readback == EQUAL && !value->wanted);
}

/* CHIP_KEY, CHIP_CERT, then RESULT_SHAPE: the order of the table of rejects. */
static void
judge_written(const struct chip chip[CHIP_VALUES], struct perso_verdict *verdict)
{
    for (size_t i = 0; i < CHIP_VALUES; i++) {
        if (!is_wrong(&chip[i]))
            continue;
        perso_verdict_set(verdict, chip[i].differs, chip[i].column,
                          chip[i].wanted ? NULL : "no certificate was to be written");
        return;
    }
    for (size_t i = 0; i < CHIP_VALUES; i++)
        if (chip[i].readback == MALFORMED || (chip[i].readback == ABSENT && chip[i].wanted)) {
            perso_verdict_set(verdict, PERSO_REJ_RESULT_SHAPE, chip[i].column,
                              chip[i].readback == ABSENT ? "not read back" : NULL);
            return;
        }
}

/* A card that is not finished need not be readable; what was read must have its form. */
static void
judge_unfinished(const struct chip chip[CHIP_VALUES], struct perso_verdict *verdict)
{
    for (size_t i = 0; i < CHIP_VALUES; i++)
        if (chip[i].readback == MALFORMED) {
            perso_verdict_set(verdict, PERSO_REJ_RESULT_SHAPE, chip[i].column, NULL);
            return;
        }
}

/* "step: reason", the reason cut to its bytes: an over-long one is no reason to lose the result. */
static void
tell_spoiled(const struct perso_text *cells, struct perso_verdict *verdict)
{
    char note[sizeof verdict->note] = "", reason[PERSO_REASON_BYTES + 1] = "";

    perso_note_add(note, PERSO_RA_CODE_BYTES + 1, cells[PERSO_COL_step]);
    perso_note_add(reason, sizeof reason, cells[PERSO_COL_reason]);
    if (note[0] != '\0' && reason[0] != '\0')
        perso_note_add(note, sizeof note, (struct perso_text) { ": ", 2 });
    perso_note_add(note, sizeof note, (struct perso_text) { reason, (uint32_t)strlen(reason) });
    perso_verdict_set(verdict, PERSO_REJ_CARD_SPOILED, PERSO_COL_result, note);
}

static void
judge(const struct perso_text *cells, const struct perso_expected *expected,
      struct perso_outcome *out, struct perso_verdict *verdict)
{
    struct chip chip[CHIP_VALUES];

    out->state = state_of(cells[PERSO_COL_result]);
    if (out->state == PERSO_STATE_WRITTEN && !expected->certificates)
        out->state = PERSO_STATE_DEFERRED;
    if (out->state == PERSO_STATE_NONE) {
        perso_verdict_set(verdict, PERSO_REJ_RESULT_SHAPE, PERSO_COL_result, NULL);
        return;
    }
    chip_read(cells, expected, chip);
    if (out->state == PERSO_STATE_WRITTEN || out->state == PERSO_STATE_DEFERRED)
        judge_written(chip, verdict);
    else
        judge_unfinished(chip, verdict);
    if (out->state == PERSO_STATE_SPOILED && verdict->reject == PERSO_REJ_NONE)
        tell_spoiled(cells, verdict);
}

enum perso_result
perso_stage_close(const struct perso_cells *rows, const struct perso_origin *origins,
                  const struct perso_expected *const *expected, size_t n, struct perso_outcome *out,
                  struct perso_verdict *verdicts, struct perso_error *err)
{
    (void)origins, (void)err; /* nothing here can fail */
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct perso_outcome) { .state = PERSO_STATE_NONE };
        perso_verdict_clear(&verdicts[i]);
        if (!perso_result_card_id(&rows[i], out[i].card_id)) {
            out[i].card_id[0] = '\0';
            perso_verdict_set(&verdicts[i], PERSO_REJ_RESULT_SHAPE, PERSO_COL_AAZ501, NULL);
        } else if (expected[i] != NULL) {
            judge(rows[i].known, expected[i], &out[i], &verdicts[i]);
        }
    }
    return PERSO_OK;
}
