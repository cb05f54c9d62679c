#include "formats/identity/card.h"

#include <string.h>

#define RID "D156000005" /* registered identifier of the ministry: bytes 3 to 7 */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static char
upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool
perso_card_id_read(struct perso_text cell, char out[PERSO_CARD_ID_CHARS + 1])
{
    char id[PERSO_CARD_ID_CHARS + 1];

    if (cell.bytes != PERSO_CARD_ID_CHARS)
        return false;
    for (size_t i = 0; i < PERSO_CARD_ID_CHARS; i++) {
        id[i] = upper(cell.at[i]);
        if (!is_digit(id[i]) && (i < 6 || id[i] < 'A' || id[i] > 'F'))
            return false;
    }
    if (memcmp(id + 6, RID, sizeof RID - 1) != 0)
        return false;
    id[PERSO_CARD_ID_CHARS] = '\0';
    memcpy(out, id, sizeof id);
    return true;
}

bool
perso_card_no_read(struct perso_text cell, char out[PERSO_CARD_NO_CHARS + 1])
{
    if (cell.bytes != PERSO_CARD_NO_CHARS)
        return false;
    for (size_t i = 0; i < PERSO_CARD_NO_CHARS; i++)
        if (!is_digit(cell.at[i]) && !is_upper(cell.at[i]))
            return false;
    memcpy(out, cell.at, PERSO_CARD_NO_CHARS);
    out[PERSO_CARD_NO_CHARS] = '\0';
    return true;
}

char
perso_card_no_character(const char first_eight[8])
{
    static const int weights[8] = { 3, 7, 9, 10, 5, 8, 4, 2 };
    int sum = 0;

    for (size_t i = 0; i < 8; i++) {
        char c = first_eight[i];
        sum += weights[i] * (is_digit(c) ? c - '0' : c - 'A' + 10);
    }
    int check = 11 - sum % 11;
    return check == 10 ? 'X' : check == 11 ? '0' : (char)('0' + check);
}

bool
perso_card_no_check(const char card_no[PERSO_CARD_NO_CHARS + 1])
{
    return perso_card_no_character(card_no) == card_no[PERSO_CARD_NO_CHARS - 1];
}

bool
perso_card_no_lost_zeros(struct perso_text cell)
{
    char whole[PERSO_CARD_NO_CHARS + 1] = "000000000";

    if (cell.bytes == 0 || cell.bytes >= PERSO_CARD_NO_CHARS || cell.at[0] == '0')
        return false;
    for (size_t i = 0; i < cell.bytes; i++)
        if (!is_digit(cell.at[i]))
            return false;
    memcpy(whole + PERSO_CARD_NO_CHARS - cell.bytes, cell.at, cell.bytes);
    return perso_card_no_check(whole);
}

bool
perso_division_read(struct perso_text cell, char out[PERSO_DIVISION_CHARS + 1])
{
    if (cell.bytes != 6 && cell.bytes != 8 && cell.bytes != 10)
        return false;
    for (size_t i = 0; i < cell.bytes; i++)
        if (!is_digit(cell.at[i]))
            return false;
    memcpy(out, cell.at, cell.bytes);
    out[cell.bytes] = '\0';
    return true;
}
