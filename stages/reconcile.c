#include "stages/reconcile.h"

#include <string.h>

#include "formats/identity/name.h"
#include "stages/ssse.h"
#include "stages/verdict.h"

const enum perso_column perso_compared[PERSO_COMPARED] = {
    PERSO_COL_AAC002, PERSO_COL_AAC003, PERSO_COL_AAZ500, PERSO_COL_AAB301, PERSO_COL_BAZ033,
};

/* One pair under judgement. */
struct pair {
    const struct perso_reconcile_rules *rules;
    const struct perso_application *application;
    const struct perso_issuance *issuance;
    uint32_t folds; /* that the names needed */
};

/* The application's number is in upper case; issuance data may have x. */
static bool
same_number(struct pair *pair)
{
    const char *a = pair->application->ssn, *b = pair->issuance->ssn;

    for (; *a != '\0' && *b != '\0'; a++, b++)
        if (*a != (*b >= 'a' && *b <= 'z' ? (char)(*b - 'a' + 'A') : *b))
            return false;
    return *a == *b;
}

static bool
same_name(struct pair *pair)
{
    return perso_name_compare(pair->application->name, pair->issuance->name, &pair->folds) !=
           PERSO_NAME_MISMATCH;
}

static bool
same_card_no(struct pair *pair)
{
    return strcmp(pair->application->card_no, pair->issuance->card_no) == 0;
}

/* An agency's 8 or 10 digits and its county's 6 are the same place. */
static bool
same_division(struct pair *pair)
{
    return strncmp(pair->application->division, pair->issuance->division, 6) == 0;
}

static bool
is_string(struct perso_text text, const char *string)
{
    return text.bytes == strlen(string) && memcmp(text.at, string, text.bytes) == 0;
}

static bool
same_batch(struct pair *pair)
{
    return !pair->rules->batch_check || pair->issuance->batch.bytes == 0 ||
           is_string(pair->issuance->batch, pair->rules->batch);
}

static bool (*const comparers[PERSO_COMPARED])(struct pair *pair) = {
    same_number, same_name, same_card_no, same_division, same_batch,
};

static bool
is_accepted(struct perso_text status, const char *const *accepted, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_string(status, accepted[i]))
            return true;
    return n == 0;
}

/* The first field that differs is the column, the note names all where they are several. */
static void
tell_differences(uint32_t differs, struct perso_verdict *verdict)
{
    char note[sizeof verdict->note] = "";
    enum perso_column first = PERSO_COLUMN_OTHER;
    size_t n = 0;

    for (size_t i = 0; i < PERSO_COMPARED; i++) {
        if ((differs >> i & 1u) == 0)
            continue;
        if (n++ == 0)
            first = perso_compared[i];
        else
            strncat(note, "+", sizeof note - strlen(note) - 1);
        strncat(note, perso_column_code(perso_compared[i]), sizeof note - strlen(note) - 1);
    }
    perso_verdict_set(verdict, PERSO_REJ_FIELD_DIFFERS, first, n > 1 ? note : NULL);
}

/* The issuance side's name goes to certificate and card: it must be one that a card can hold. */
static enum perso_reject
check_name(const struct perso_issuance *issuance, enum perso_column *column)
{
    enum perso_reject name =
        issuance->name.bytes > 0 ? perso_name_check(issuance->name) : PERSO_REJ_NONE;

    *column = PERSO_COL_AAC003;
    if (name != PERSO_REJ_NONE)
        return name;
    *column = PERSO_COL_BAZ103;
    return perso_name_extension_check(issuance->name_extension);
}

static void
judge(const struct pair *pair, const struct perso_comparison *comparison, size_t i,
      const struct perso_waivers *waivers, struct perso_verdict *verdict)
{
    const struct perso_reconcile_rules *rules = pair->rules;
    enum perso_column column;
    enum perso_reject name = check_name(pair->issuance, &column);
    char note[sizeof verdict->note];

    perso_verdict_clear(verdict);
    if (name != PERSO_REJ_NONE) {
        perso_verdict_set(verdict, name, column, "in the issuance data");
    } else if (comparison->differs != 0) {
        tell_differences(comparison->differs, verdict);
    } else if ((comparison->folds & ~rules->folds) != 0 &&
               !perso_waived(waivers, i, PERSO_REJ_NAME_FOLDED)) {
        perso_fold_names(comparison->folds, note, sizeof note);
        perso_verdict_set(verdict, PERSO_REJ_NAME_FOLDED, PERSO_COL_AAC003, note);
    } else if (!is_accepted(pair->issuance->card_status, rules->card_status,
                            rules->n_card_status) &&
               !perso_waived(waivers, i, PERSO_REJ_CARD_STATUS)) {
        perso_verdict_set(verdict, PERSO_REJ_CARD_STATUS, PERSO_COL_AAZ502, NULL);
    } else if (!is_accepted(pair->issuance->person_status, rules->person_status,
                            rules->n_person_status) &&
               !perso_waived(waivers, i, PERSO_REJ_PERSON_STATUS)) {
        perso_verdict_set(verdict, PERSO_REJ_PERSON_STATUS, PERSO_COL_AAC008, NULL);
    } else if (pair->issuance->ssse_keys.bytes > 0 &&
               !perso_ssse_keys_fit(
                   pair->issuance->ssse_keys)) { /* a key, perhaps: it stays here */
        perso_verdict_set(verdict, PERSO_REJ_PLAN_FIELD, PERSO_COL_SSSE, NULL);
    }
}

enum perso_result
perso_stage_reconcile(const struct perso_reconcile_rules *rules,
                      const struct perso_application *applications,
                      const struct perso_issuance *issuances, size_t n,
                      const struct perso_waivers *waivers, struct perso_comparison *comparisons,
                      struct perso_verdict *verdicts, struct perso_error *err)
{
    (void)err; /* nothing here can fail */
    for (size_t i = 0; i < n; i++) {
        struct pair pair = { rules, &applications[i], &issuances[i], 0 };
        struct perso_comparison c = { .differs = 0 };

        for (size_t k = 0; k < PERSO_COMPARED; k++)
            if (!comparers[k](&pair))
                c.differs |= 1u << k;
        c.folds = pair.folds;
        c.symbol = c.differs != 0 ? '!' : c.folds != 0 ? '*' : '=';
        comparisons[i] = c;
        judge(&pair, &c, i, waivers, &verdicts[i]);
    }
    return PERSO_OK;
}
