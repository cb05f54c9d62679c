#include <string.h>

#include "formats/text/table.h"

/* Classes of ASCII characters, as bits. */
#define DIGIT 1u
#define HEX 2u
#define UPPER_ALNUM 4u
#define ALNUM 8u
#define BASE64 16u

#define NUMBER (DIGIT | HEX | UPPER_ALNUM | ALNUM | BASE64)
#define LOWER (ALNUM | BASE64)
#define LOWER_HEX (HEX | LOWER)
#define UPPER (UPPER_ALNUM | LOWER)
#define UPPER_HEX (HEX | UPPER)

/* clang-format off */
static const uint8_t classes[256] = {
    ['0'] = NUMBER, ['1'] = NUMBER, ['2'] = NUMBER, ['3'] = NUMBER, ['4'] = NUMBER,
    ['5'] = NUMBER, ['6'] = NUMBER, ['7'] = NUMBER, ['8'] = NUMBER, ['9'] = NUMBER,
    ['A'] = UPPER_HEX, ['B'] = UPPER_HEX, ['C'] = UPPER_HEX, ['D'] = UPPER_HEX, ['E'] = UPPER_HEX,
    ['F'] = UPPER_HEX,
    ['G'] = UPPER, ['H'] = UPPER, ['I'] = UPPER, ['J'] = UPPER, ['K'] = UPPER, ['L'] = UPPER,
    ['M'] = UPPER, ['N'] = UPPER, ['O'] = UPPER, ['P'] = UPPER, ['Q'] = UPPER, ['R'] = UPPER,
    ['S'] = UPPER, ['T'] = UPPER, ['U'] = UPPER, ['V'] = UPPER, ['W'] = UPPER, ['X'] = UPPER,
    ['Y'] = UPPER, ['Z'] = UPPER,
    ['a'] = LOWER_HEX, ['b'] = LOWER_HEX, ['c'] = LOWER_HEX, ['d'] = LOWER_HEX, ['e'] = LOWER_HEX,
    ['f'] = LOWER_HEX,
    ['g'] = LOWER, ['h'] = LOWER, ['i'] = LOWER, ['j'] = LOWER, ['k'] = LOWER, ['l'] = LOWER,
    ['m'] = LOWER, ['n'] = LOWER, ['o'] = LOWER, ['p'] = LOWER, ['q'] = LOWER, ['r'] = LOWER,
    ['s'] = LOWER, ['t'] = LOWER, ['u'] = LOWER, ['v'] = LOWER, ['w'] = LOWER, ['x'] = LOWER,
    ['y'] = LOWER, ['z'] = LOWER,
    ['+'] = BASE64, ['/'] = BASE64, ['='] = BASE64,
};

/* Columns whose cells are one class of characters; columns not named here have no plain shape. */
static const struct {
    uint8_t class, lengths[3];  /* no length: any */
    bool wanted;                /* an empty cell breaks the shape */
} shapes[PERSO_COLUMN_COUNT] = {
    [PERSO_COL_AAZ500]     = { UPPER_ALNUM, { 9 },        true },
    [PERSO_COL_AAC002]     = { ALNUM,       { 15, 18 },   true },
    [PERSO_COL_AAC006]     = { DIGIT,       { 8 },        false },
    [PERSO_COL_AAB301]     = { DIGIT,       { 6, 8, 10 }, true },
    [PERSO_COL_AAZ503]     = { DIGIT,       { 8 },        false },
    [PERSO_COL_QMGY]       = { HEX,         { 128 },      true },
    [PERSO_COL_QM]         = { HEX,         { 128 },      false },
    [PERSO_COL_P10]        = { BASE64,      { 0 },        false },
    [PERSO_COL_request_id] = { HEX,         { 32 },       true },
    [PERSO_COL_QMZS]       = { BASE64,      { 0 },        false },
    [PERSO_COL_JMZS]       = { BASE64,      { 0 },        false },
    [PERSO_COL_JMMY]       = { BASE64,      { 0 },        false },
    [PERSO_COL_GLYPIN]     = { BASE64,      { 0 },        false },
    [PERSO_COL_ZKMY]       = { BASE64,      { 0 },        false },
    [PERSO_COL_seq]        = { DIGIT,       { 0 },        false },
    [PERSO_COL_QMZS_SM3]   = { HEX,         { 64 },       false },
    [PERSO_COL_JMZS_SM3]   = { HEX,         { 64 },       false },
    [PERSO_COL_ATR]        = { HEX,         { 0 },        false },
};
/* clang-format on */

static bool
all_of(uint8_t class, const char *at, size_t n)
{
    uint8_t common = class;
    for (size_t i = 0; i < n; i++)
        common &= classes[(uint8_t)at[i]];
    return common != 0;
}

/* RRRRRR D156000005 SSSSSSSS MMMMMMMM, DOMAIN 2.5. */
static bool
is_card_id(struct perso_text cell)
{
    return cell.bytes == PERSO_CARD_ID_CHARS && all_of(DIGIT, cell.at, 6) &&
           (cell.at[6] == 'D' || cell.at[6] == 'd') && memcmp(cell.at + 7, "156000005", 9) == 0 &&
           all_of(HEX, cell.at + 16, 16);
}

static bool
is_name(struct perso_text cell)
{
    return cell.bytes != 0 && !all_of(DIGIT, cell.at, cell.bytes) &&
           !(cell.bytes >= PERSO_CARD_NO_CHARS && all_of(HEX, cell.at, cell.bytes));
}

/* PEM text in a cell is a request in another form, not another column. */
static bool
is_pem(struct perso_text cell)
{
    static const char begin[] = "-----BEGIN ";
    return cell.bytes >= sizeof begin - 1 && memcmp(cell.at, begin, sizeof begin - 1) == 0;
}

bool
perso_column_shape(enum perso_column column, struct perso_text cell)
{
    if (column == PERSO_COL_AAZ501)
        return is_card_id(cell);
    if (column == PERSO_COL_AAC003)
        return is_name(cell);
    if (column == PERSO_COL_P10 && is_pem(cell))
        return true;
    if (cell.bytes == 0)
        return !shapes[column].wanted;
    if (shapes[column].class == 0)
        return true;
    const uint8_t *lengths = shapes[column].lengths;
    bool fits = lengths[0] == 0;
    for (size_t i = 0; i < 3 && !fits; i++)
        fits = lengths[i] != 0 && lengths[i] == cell.bytes;
    return fits && all_of(shapes[column].class, cell.at, cell.bytes);
}

bool
perso_excel_damaged(struct perso_text cell)
{
    size_t i = 0, n = cell.bytes;
    const char *at = cell.at;

    while (i < n && at[i] == '#')
        i++;
    if (n >= 2 && i == n)
        return true;
    /* 4.116E+17: digits with at most one point, then E+ and digits. */
    unsigned points = 0;
    for (; i < n && (all_of(DIGIT, at + i, 1) || (i > 0 && at[i] == '.')); i++)
        points += at[i] == '.';
    if (i == 0 || points > 1 || n - i < 3 || (at[i] != 'E' && at[i] != 'e') || at[i + 1] != '+')
        return false;
    return all_of(DIGIT, at + i + 2, n - i - 2);
}
