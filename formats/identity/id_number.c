#include "formats/identity/id_number.h"

#include <string.h>

#include "formats/text/charset.h"
#include "formats/text/table.h"

#define FOREIGN_15_CHARS 15u
#define NO_FORM (-1)

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char
upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static int
number(const char *digits, size_t n)
{
    int ret = 0;
    for (size_t i = 0; i < n; i++)
        ret = ret * 10 + (digits[i] - '0');
    return ret;
}

/* Province level of GB/T 2260. Counties are not checked: retired codes stay valid in numbers. */
static bool
is_province(int code)
{
    switch (code / 10) {
    case 1:
    case 6:
        return code % 10 >= 1 && code % 10 <= 5;
    case 2:
    case 8:
        return code % 10 >= 1 && code % 10 <= 3;
    case 3:
        return code % 10 >= 1 && code % 10 <= 7;
    case 4:
        return code % 10 >= 1 && code % 10 <= 6;
    case 5:
        return code % 10 <= 4;
    default:
        return code == 71;
    }
}

static bool
is_date(const char *yyyymmdd)
{
    static const int days[13] = { 0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year = number(yyyymmdd, 4), month = number(yyyymmdd + 4, 2), day = number(yyyymmdd + 6, 2);

    if (year < 1800 || year > 2999 || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month] + (month == 2 && leap);
}

char
perso_mod11_2(const char digits[17])
{
    static const int weights[17] = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 };
    int sum = 0;

    for (size_t i = 0; i < 17; i++)
        sum += weights[i] * (digits[i] - '0');
    return "10X98765432"[sum % 11];
}

/* Characters, not bytes: full-width digits have the right length and are wrong characters. */
static uint32_t
count_characters(struct perso_text cell)
{
    uint32_t n = 0, scalar;

    for (size_t at = 0; at < cell.bytes; n++) {
        size_t length = perso_utf8_next(cell.at + at, cell.bytes - at, &scalar);
        at += length != 0 ? length : 1;
    }
    return n;
}

static bool
is_letter(char c)
{
    return upper(c) >= 'A' && upper(c) <= 'Z';
}

/* 15 characters are a foreigner's where they begin with letters; else the old citizen's number. */
static enum perso_reject
check_form(struct perso_text cell, bool *foreign_15)
{
    uint32_t n = count_characters(cell);

    *foreign_15 = n == FOREIGN_15_CHARS && is_letter(cell.at[0]);
    if (n != PERSO_SSN_CHARS && !*foreign_15)
        return PERSO_REJ_SSN_LENGTH;
    if (n != cell.bytes)
        return PERSO_REJ_SSN_CHARACTER;
    for (size_t i = 0; i < n; i++) {
        char c = cell.at[i];
        bool fits = *foreign_15 && i < 3
                        ? is_letter(c)
                        : is_digit(c) || (!*foreign_15 && i == 17 && upper(c) == 'X');
        if (!fits)
            return PERSO_REJ_SSN_CHARACTER;
    }
    return PERSO_REJ_NONE;
}

/* What 18 characters of the right kind say; NO_FORM: their first six are nobody's. */
static int
find_kind(const char *ssn)
{
    int province = number(ssn, 2);

    if (ssn[0] == '9')
        return is_province(number(ssn + 1, 2)) ? (int)PERSO_ID_FOREIGN_18 : NO_FORM;
    if (!is_province(province))
        return NO_FORM;
    if (province < 81)
        return PERSO_ID_CITIZEN;
    return memcmp(ssn + 2, "0000", 4) == 0 ? (int)PERSO_ID_PERMIT : NO_FORM;
}

enum perso_reject
perso_id_number_read(struct perso_text cell, char out[PERSO_SSN_CHARS + 1],
                     enum perso_id_kind *kind)
{
    char ssn[PERSO_SSN_CHARS + 1] = "";
    bool foreign_15;
    int form = PERSO_ID_FOREIGN_15;
    enum perso_reject reject;

    if (perso_excel_damaged(cell))
        return PERSO_REJ_EXCEL_DAMAGE;
    if ((reject = check_form(cell, &foreign_15)) != PERSO_REJ_NONE)
        return reject;
    for (size_t i = 0; i < cell.bytes; i++)
        ssn[i] = upper(cell.at[i]);
    if (!foreign_15) {
        if ((form = find_kind(ssn)) == NO_FORM)
            return PERSO_REJ_SSN_PROVINCE;
        if (!is_date(ssn + 6))
            return PERSO_REJ_SSN_DATE;
        if (perso_mod11_2(ssn) != ssn[17])
            return PERSO_REJ_SSN_CHECK;
    }
    memcpy(out, ssn, sizeof ssn);
    *kind = (enum perso_id_kind)form;
    return PERSO_REJ_NONE;
}
