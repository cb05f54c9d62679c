/* Planted faults of a sample: which card gets one, and the edits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "people_names.h"
#include "sample.h"

static const struct sbx_fault_row rows[SBX_FAULT_COUNT] = {
#define FAULT_ROW(name, kind, where, stage, code, column, needs)                                   \
    [SBX_FAULT_##                                                                                  \
        name] = { kind,        PERSO_STAGE_##stage, PERSO_REJ_##code, PERSO_COL_OR_##column,       \
                  SBX_##needs, SBX_WHERE_##where },
#define PERSO_COL_OR_OTHER PERSO_COLUMN_OTHER
#define PERSO_COL_OR_AAZ501 PERSO_COL_AAZ501
#define PERSO_COL_OR_AAZ500 PERSO_COL_AAZ500
#define PERSO_COL_OR_AAC002 PERSO_COL_AAC002
#define PERSO_COL_OR_AAC003 PERSO_COL_AAC003
#define PERSO_COL_OR_AAB301 PERSO_COL_AAB301
#define PERSO_COL_OR_QMGY PERSO_COL_QMGY
#define PERSO_COL_OR_P10 PERSO_COL_P10
#define PERSO_COL_OR_QM PERSO_COL_QM
    SBX_FAULTS(FAULT_ROW)
#undef FAULT_ROW
};

const struct sbx_fault_row *
sbx_fault_row(enum sbx_fault fault)
{
    return &rows[fault];
}

/* What a form of application has not cannot be wrong in it. */
static bool
fits_form(enum sbx_form form, enum sbx_fault fault)
{
    switch (rows[fault].where) {
    case SBX_WHERE_REQUEST:
        return form == SBX_FORM_P10;
    case SBX_WHERE_SIGNATURE:
        return form == SBX_FORM_SIG;
    default:
        return true;
    }
}

/* The next card after this one, in a circle, that has no fault; itself where there is none. */
static uint32_t
free_card(const struct sbx_sample *s, uint32_t card)
{
    uint32_t other = card;

    do
        other = (other + 1) % s->cards;
    while (other != card && s->fault[other] != SBX_FAULT_NONE);
    return other;
}

/*
 * A column whose shape breaks in more than max(20, 5 %) of the rows, or in all, refuses the file
 * (CONTRACTS 2): a little less is planted, and never in more than half the rows.
 */
static uint32_t
column_cap(uint32_t cards)
{
    const uint32_t share = cards / 25, cap = share > 18 ? share : 18;
    return cap < cards / 2 ? cap : cards / 2;
}

void
sbx_faults_plan(struct sbx_sample *s)
{
    uint32_t broken[PERSO_COLUMN_COUNT] = { 0 };
    const uint32_t cap = column_cap(s->cards);

    for (uint32_t i = 0; i < s->cards; i++) {
        struct sbx_random r;
        sbx_random_of_index(&r, s->people.seed, "fault", i);
        if (!sbx_random_chance(&r, s->faults) || s->fault[i] != SBX_FAULT_NONE)
            continue;
        enum sbx_fault fault = 1 + sbx_random_below(&r, SBX_FAULT_COUNT - 1);
        const uint32_t other = free_card(s, i);
        while (!fits_form(s->form, fault) ||
               (rows[fault].column != PERSO_COLUMN_OTHER && broken[rows[fault].column] >= cap) ||
               (rows[fault].where == SBX_WHERE_PAIR && other == i))
            fault = 1 + sbx_random_below(&r, SBX_FAULT_COUNT - 1);
        broken[rows[fault].column]++;
        s->fault[i] = (uint8_t)fault;
        if (rows[fault].where == SBX_WHERE_PAIR) {
            s->fault[other] = (uint8_t)fault;
            s->partner[i] = other;
            s->partner[other] = i;
        }
    }
}

static void
renew_check(char ssn[32])
{
    ssn[17] = sbx_mod11_2(ssn);
}

static void
edit_ssn(enum sbx_fault fault, struct sbx_random *r, char ssn[32])
{
    static const char provinces[][3] = { "16", "24", "38", "47", "55", "66" };
    char shown[32];

    switch (fault) {
    case SBX_FAULT_EXCEL: /* 411524198001011234 as a spreadsheet program shows it */
        snprintf(shown, sizeof shown, "%c.%.5sE+17", ssn[0], ssn + 1);
        snprintf(ssn, 32, "%s", shown);
        return;
    case SBX_FAULT_SSN_LENGTH:
        memmove(ssn + 14, ssn + 15, 4);
        return;
    case SBX_FAULT_SSN_CHARACTER:
        ssn[6 + sbx_random_below(r, 11)] = "OIlZS"[sbx_random_below(r, 5)];
        return;
    case SBX_FAULT_SSN_PROVINCE:
        memcpy(ssn, provinces[sbx_random_below(r, 6)], 2);
        renew_check(ssn);
        return;
    case SBX_FAULT_SSN_DATE: /* 30 February, 31 April, month 13 */
        memcpy(ssn + 10, &"023004311305"[4 * sbx_random_below(r, 3)], 4);
        renew_check(ssn);
        return;
    default: { /* SSN_CHECK */
        const char wrong = (char)('0' + sbx_random_below(r, 10));
        ssn[17] = wrong != ssn[17] ? wrong : ssn[17] == '9' ? '8' : 'X';
        return;
    }
    }
}

static void
edit_name(const struct sbx_sample *s, enum sbx_fault fault, struct sbx_random *r,
          struct sbx_application *row)
{
    char *name = row->aac003;
    const size_t max = sizeof row->aac003, n = strlen(name);

    switch (fault) {
    case SBX_FAULT_NAME_EMPTY:
        name[0] = '\0';
        return;
    case SBX_FAULT_NAME_GARBLED: /* what a conversion leaves of a character it has not */
        snprintf(name + n, max - n, "??");
        return;
    case SBX_FAULT_NAME_PRIVATE: {
        uint32_t scalar = 0xe000 + sbx_random_below(r, 0x1800);
        char utf8[5] = "";
        uint8_t bytes[8];
        size_t made;
        do {
            utf8[perso_utf8_put(scalar, utf8)] = '\0';
            scalar = scalar < 0xf8ff ? scalar + 1 : 0xe000;
        } while (!perso_charset_encode(s->people.charset, utf8, strlen(utf8), bytes, sizeof bytes,
                                       &made));
        snprintf(name + n, max - n, "%s", utf8);
        return;
    }
    case SBX_FAULT_NAME_CHARACTER:
        snprintf(name + n, max - n, "%c", "\a\b\v\x1b\x7f"[sbx_random_below(r, 5)]);
        return;
    default: /* NAME_LENGTH: 51 bytes or more in GB18030 */
        for (size_t i = 0; i < 25; i++)
            snprintf(name + 3 * i, max - 3 * i, "%s", "阿");
        snprintf(name + 75, max - 75, "%s", sbx_random_chance(r, 0.5) ? "A" : "阿");
        return;
    }
}

static void
edit_request_text(enum sbx_fault fault, struct sbx_random *r, char *p10)
{
    const size_t n = strlen(p10);

    if (fault == SBX_FAULT_REQUEST_MISSING)
        p10[0] = '\0';
    else if (sbx_random_chance(r, 0.5))
        p10[n - 1 - sbx_random_below(r, 3)] = '\0'; /* 1 to 3 characters are missing */
    else
        p10[sbx_random_below(r, (uint32_t)n - 4)] = "-_*."[sbx_random_below(r, 4)];
}

void
sbx_fault_row_edit(const struct sbx_sample *s, enum sbx_fault fault, uint32_t card,
                   struct sbx_application *row)
{
    const char *other = sbx_other_division(s->people.division);
    struct sbx_random r;

    sbx_random_of_index(&r, s->people.seed, "edit row", card);
    switch (fault) {
    case SBX_FAULT_CARD_ID_SHAPE: {
        char *digit = &row->aaz501[6 + sbx_random_below(&r, 10)];
        *digit = *digit == '7' ? '8' : '7';
        return;
    }
    case SBX_FAULT_DIVISION_OTHER:
        memcpy(row->aab301, other, 6);
        memcpy(row->aaz501, other, 6);
        return;
    case SBX_FAULT_CARD_DIVISION:
        memcpy(row->aaz501, other, 6);
        return;
    case SBX_FAULT_CARD_NO_SHAPE:
        row->aaz500[sbx_random_below(&r, 9)] = sbx_random_chance(&r, 0.5) ? '-' : '\0';
        return;
    case SBX_FAULT_DIVISION_SHAPE: /* begins like the card's: its shape alone is wrong */
        snprintf(row->aab301, sizeof row->aab301, "%.6s0", s->people.division);
        return;
    case SBX_FAULT_KEY_SHAPE:
        row->qmgy[sbx_random_below(&r, 127) + 1] = sbx_random_chance(&r, 0.5) ? 'G' : '\0';
        return;
    case SBX_FAULT_KEY_CURVE: /* X keeps two Y at most, and they do not differ in one bit alone */
        row->qmgy[127] = row->qmgy[127] == '0' ? '1' : '0';
        return;
    case SBX_FAULT_REQUEST_MISSING:
    case SBX_FAULT_REQUEST_BASE64:
        edit_request_text(fault, &r, row->p10);
        return;
    case SBX_FAULT_NAME_EMPTY:
    case SBX_FAULT_NAME_GARBLED:
    case SBX_FAULT_NAME_PRIVATE:
    case SBX_FAULT_NAME_CHARACTER:
    case SBX_FAULT_NAME_LENGTH:
        edit_name(s, fault, &r, row);
        return;
    case SBX_FAULT_EXCEL:
    case SBX_FAULT_SSN_LENGTH:
    case SBX_FAULT_SSN_CHARACTER:
    case SBX_FAULT_SSN_PROVINCE:
    case SBX_FAULT_SSN_DATE:
    case SBX_FAULT_SSN_CHECK:
        edit_ssn(fault, &r, row->aac002);
        return;
    default:
        return;
    }
}

/* As CARD's chip, or the program around it, signs wrongly. */
enum sbx_signing
sbx_fault_signing(enum sbx_fault fault)
{
    switch (fault) {
    case SBX_FAULT_POP_EMPTY_ID:
    case SBX_FAULT_SIGNATURE_EMPTY_ID:
        return SBX_SIGN_EMPTY_ID;
    case SBX_FAULT_POP_NO_Z:
    case SBX_FAULT_SIGNATURE_NO_Z:
        return SBX_SIGN_NO_Z;
    case SBX_FAULT_POP_SHA256:
    case SBX_FAULT_SIGNATURE_SHA256:
        return SBX_SIGN_SHA256;
    case SBX_FAULT_POP_FAILED:
    case SBX_FAULT_SIGNATURE_FAILED:
        return SBX_SIGN_OTHER;
    default:
        return SBX_SIGN_STANDARD;
    }
}

enum sbx_odd
sbx_fault_odd(enum sbx_fault fault)
{
    switch (fault) {
    case SBX_FAULT_REQUEST_PEM:
        return SBX_ODD_PEM;
    case SBX_FAULT_REQUEST_RAW:
        return SBX_ODD_RAW;
    case SBX_FAULT_REQUEST_HYBRID:
        return SBX_ODD_HYBRID;
    case SBX_FAULT_REQUEST_COMPRESSED:
        return SBX_ODD_COMPRESSED;
    default:
        return SBX_ODD_NONE;
    }
}

void
sbx_fault_signature_edit(enum sbx_fault fault, struct sbx_random *r, char qm[160])
{
    if (fault == SBX_FAULT_SIGNATURE_MISSING)
        qm[0] = '\0';
    else if (fault == SBX_FAULT_SIGNATURE_SHAPE)
        qm[sbx_random_below(r, 127) + 1] = sbx_random_chance(r, 0.5) ? 'G' : '\0';
}

void
sbx_fault_request_edit(enum sbx_fault fault, struct sbx_random *r, struct sbx_der *der)
{
    if (fault == SBX_FAULT_REQUEST_SYNTAX)
        der->n -= 1 + sbx_random_below(r, (uint32_t)der->n - 2);
    else if (fault == SBX_FAULT_REQUEST_TRAILING)
        sbx_der_raw(der, "\0\0\0", 1 + sbx_random_below(r, 3));
}

/* Another person's name that no fold makes equal. */
static void
other_name(const struct sbx_sample *s, uint32_t card, char *name, size_t max)
{
    struct sbx_random r;
    char other[SBX_NAME_BYTES];

    sbx_random_of_index(&r, s->people.seed, "other name", card);
    do
        sbx_name_han(&r, other, sizeof other);
    while (strcmp(other, name) == 0);
    snprintf(name, max, "%s", other);
}

void
sbx_fault_issuance_edit(const struct sbx_sample *s, enum sbx_fault fault, uint32_t card, int copy,
                        struct sbx_issuance *row)
{
    switch (fault) {
    case SBX_FAULT_ISSUE_TWICE:
        if (copy == 1)
            row->aae010[18] = row->aae010[18] == '0' ? '1' : '0';
        return;
    case SBX_FAULT_SSN_DIFFERS: {
        struct sbx_person person;
        sbx_person_make(&s->people, card, SBX_HAN, &person);
        sbx_person_other_number(&s->people, card, &person);
        memcpy(row->aac002, person.ssn, sizeof person.ssn);
        memcpy(row->aac006, person.birth, sizeof row->aac006);
        memcpy(row->aac004, person.sex, sizeof row->aac004);
        memcpy(row->aac025, person.birthplace, sizeof row->aac025);
        return;
    }
    case SBX_FAULT_CARD_NO_DIFFERS: /* a number of no card of the sample */
        sbx_card_number(&s->people, card + SBX_SAMPLE_CARDS * 2, row->aaz500);
        return;
    case SBX_FAULT_NAME_DIFFERS:
        other_name(s, card, row->aac003, sizeof row->aac003);
        return;
    case SBX_FAULT_DIVISION_DIFFERS:
        snprintf(row->aab301, sizeof row->aab301, "%s", sbx_other_division(s->people.division));
        return;
    case SBX_FAULT_BATCH_DIFFERS:
        snprintf(row->baz033, sizeof row->baz033, "%.32sX", s->batch);
        return;
    case SBX_FAULT_NAME_CASE:
        sbx_name_title(row->aac003);
        return;
    case SBX_FAULT_CARD_STATUS:
        row->aaz502[0] = '9';
        return;
    case SBX_FAULT_PERSON_STATUS:
        row->aac008[0] = '4';
        return;
    default:
        return;
    }
}
