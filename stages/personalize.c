#include "stages/personalize.h"

#include <string.h>

#include "formats/identity/name.h"
#include "stages/ssse.h"
#include "stages/verdict.h"

enum when { ALWAYS, ACSE, ACSE_KEYS, SSSE };

/* What a step needs to stand in a plan. */
struct step {
    const char *name;
    enum when when;
    uint32_t item; /* an answer's item that it writes; 0: none */
};

enum { NO_ITEM, ITEM_JMMY, ITEM_QMZS, ITEM_JMZS, ITEM_GLYPIN, ITEM_ZKMY, ITEM_CERTIFICATE };

/* ACSE: where the finisher writes it, which in mode 4 only a CA middleware does later (6.4.7.5);
 * its keys may all the same change at issue. SSSE: where the mode replaces its keys (6.4.7.3 e). */
static const struct step steps[PERSO_STEP_COUNT] = {
    [PERSO_STEP_COMPARE_KEY] = { "KEY", ALWAYS, NO_ITEM },
    [PERSO_STEP_PERSONAL] = { "DATA", ALWAYS, NO_ITEM },
    [PERSO_STEP_ENCRYPTION_KEY] = { "JMMY", ACSE, ITEM_JMMY },
    [PERSO_STEP_SIGNING_CERTIFICATE] = { "QMZS", ACSE, ITEM_QMZS },
    [PERSO_STEP_ENCRYPTION_CERTIFICATE] = { "JMZS", ACSE, ITEM_JMZS },
    [PERSO_STEP_READ_BACK] = { "READ", ACSE, ITEM_CERTIFICATE },
    [PERSO_STEP_ADMIN_PIN] = { "GLYPIN", ACSE_KEYS, ITEM_GLYPIN },
    [PERSO_STEP_MASTER_KEY] = { "ZKMY", ACSE_KEYS, ITEM_ZKMY },
    [PERSO_STEP_SSSE_KEYS] = { "SSSE", SSSE, NO_ITEM },
    [PERSO_STEP_CHECK] = { "CHECK", ALWAYS, NO_ITEM },
};

const char *
perso_step_name(enum perso_step step)
{
    return steps[step].name;
}

static bool
has_item(const struct perso_answer *answer, uint32_t item)
{
    bool signing = perso_left(&answer->signing_certificate) > 0;
    bool encryption = perso_left(&answer->encryption_certificate) > 0;

    switch (item) {
    case ITEM_JMMY:
        return perso_left(&answer->envelope) > 0;
    case ITEM_QMZS:
        return signing;
    case ITEM_JMZS:
        return encryption;
    case ITEM_GLYPIN:
        return answer->admin_pin.bytes > 0;
    case ITEM_ZKMY:
        return answer->master_key.bytes > 0;
    case ITEM_CERTIFICATE:
        return signing || encryption;
    default:
        return true;
    }
}

static bool
is_digits(struct perso_text cell, uint32_t n)
{
    if (cell.bytes != n)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (cell.at[i] < '0' || cell.at[i] > '9')
            return false;
    return true;
}

static unsigned
number(const char *digits, unsigned n)
{
    unsigned value = 0;

    for (unsigned i = 0; i < n; i++)
        value = 10 * value + (unsigned)(digits[i] - '0');
    return value;
}

/* EF06 tag 0A: one ASCII digit of GB/T 2261.1. */
static bool
sex_fits(struct perso_text cell)
{
    return is_digits(cell, 1) && memchr("0129", cell.at[0], 4) != NULL;
}

/* EF06 tag 0B: one byte BCD of GB/T 3304, which begins at 01. */
static bool
nation_fits(struct perso_text cell)
{
    return is_digits(cell, 2) && number(cell.at, 2) != 0;
}

/* EF05 tags 05, 06 and EF06 tag 0D: four bytes BCD, YYYYMMDD. */
static bool
date_fits(struct perso_text cell)
{
    static const unsigned days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    if (!is_digits(cell, 8))
        return false;
    unsigned year = number(cell.at, 4), month = number(cell.at + 4, 2),
             day = number(cell.at + 6, 2);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year == 0 || month < 1 || month > 12)
        return false;
    return day >= 1 && day <= days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* EF06 tag 0C: three bytes BCD of a division. */
static bool
place_fits(struct perso_text cell)
{
    return is_digits(cell, 6);
}

/* EF06 tags 09 and 4E: 30 and 20 bytes of GB18030, and nothing that no name has. */
static bool
name_fits(struct perso_text cell)
{
    return perso_name_check(cell) == PERSO_REJ_NONE;
}

static bool
extension_fits(struct perso_text cell)
{
    return perso_name_extension_check(cell) == PERSO_REJ_NONE;
}

/* A cell that is empty is not written, so it always fits (DOMAIN 4.3). */
static const struct {
    enum perso_column column;
    bool (*fits)(struct perso_text cell);
} fields[] = {
    { PERSO_COL_AAC003, name_fits }, { PERSO_COL_BAZ103, extension_fits },
    { PERSO_COL_AAC004, sex_fits },  { PERSO_COL_AAC005, nation_fits },
    { PERSO_COL_AAC006, date_fits }, { PERSO_COL_AAC025, place_fits },
    { PERSO_COL_AAZ503, date_fits }, { PERSO_COL_KYXQ, date_fits },
};

static void
judge(const struct perso_cells *issuance, struct perso_verdict *verdict)
{
    perso_verdict_clear(verdict);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        struct perso_text cell = issuance->known[fields[i].column];
        if (cell.bytes == 0 || fields[i].fits(cell))
            continue;
        perso_verdict_set(verdict, PERSO_REJ_PLAN_FIELD, fields[i].column, NULL);
        return;
    }
}

/* ---- SSSE keys ---- */

static void
judge_ssse(struct perso_text keys, struct perso_verdict *verdict)
{
    if (verdict->reject == PERSO_REJ_NONE && !perso_ssse_keys_fit(keys))
        perso_verdict_set(verdict, PERSO_REJ_PLAN_FIELD, PERSO_COL_SSSE,
                          keys.bytes == 0 ? "no references to keys" : NULL);
}

/* ---- envelope ---- */

static void
judge_envelope(enum perso_machine_envelope machine, const struct perso_answer *answer,
               struct perso_verdict *verdict)
{
    uint8_t room[PERSO_ENVELOPE_BYTES];
    struct perso_cursor ignored;
    const char *note;
    enum perso_reject reject;

    if (verdict->reject != PERSO_REJ_NONE)
        return;
    reject = perso_machine_envelope_make(machine, answer, room, &ignored, &note);
    if (reject != PERSO_REJ_NONE)
        perso_verdict_set(verdict, reject, PERSO_COL_JMMY, note);
}

/* ---- plans ---- */

static bool
has_step(const struct perso_personalize_rules *rules, const struct step *step)
{
    const struct perso_mode *mode = rules->mode;

    switch (step->when) {
    case ACSE:
        return mode->certificates_with_card;
    case ACSE_KEYS:
        return mode->certificates_with_card || rules->keys_at_issue;
    case SSSE:
        return mode->replaces_ssse_keys;
    default:
        return true;
    }
}

static struct perso_text
ssse_keys_of(const struct perso_personalize_rules *rules, const struct perso_cells *issuance)
{
    struct perso_text cell = issuance->known[PERSO_COL_SSSE];

    if (cell.bytes > 0)
        return cell;
    return (struct perso_text) { rules->ssse_keys, (uint32_t)strlen(rules->ssse_keys) };
}

enum perso_result
perso_stage_personalize(const struct perso_personalize_rules *rules,
                        const struct perso_application *applications,
                        const struct perso_cells *issuances, const struct perso_answer *answers,
                        size_t n, struct perso_write_plan *out, struct perso_verdict *verdicts,
                        struct perso_error *err)
{
    (void)err; /* nothing here can fail */
    for (size_t i = 0; i < n; i++) {
        struct perso_write_plan plan = { &applications[i], &issuances[i], &answers[i],
                                         { "", 0 },        { 0 },         0 };

        judge(&issuances[i], &verdicts[i]);
        if (rules->mode->replaces_ssse_keys) {
            plan.ssse_keys = ssse_keys_of(rules, &issuances[i]);
            judge_ssse(plan.ssse_keys, &verdicts[i]);
        }
        for (enum perso_step s = 0; s < PERSO_STEP_COUNT; s++)
            if (has_step(rules, &steps[s]) && has_item(&answers[i], steps[s].item)) {
                plan.steps[plan.n_steps++] = s;
                if (s == PERSO_STEP_ENCRYPTION_KEY)
                    judge_envelope(rules->envelope, &answers[i], &verdicts[i]);
            }
        out[i] = plan;
    }
    return PERSO_OK;
}
