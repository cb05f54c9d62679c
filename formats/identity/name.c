#include "formats/identity/name.h"

#include <stdio.h>
#include <string.h>

#include "formats/text/charset.h"

#define CARD_NAME_BYTES 30u      /* tag 09 */
#define CARD_EXTENSION_BYTES 20u /* tag 4E */

struct range {
    uint32_t from, to;
};

static bool
in_ranges(uint32_t scalar, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (scalar >= ranges[i].from && scalar <= ranges[i].to)
            return true;
    return false;
}

#define IN(scalar, ranges) in_ranges(scalar, ranges, sizeof ranges / sizeof ranges[0])

/* Scripts of names: a name has at least one character of these. */
static const struct range letters[] = {
    { 'A', 'Z' },         { 'a', 'z' },       { 0xc0, 0xd6 },
    { 0xd8, 0xf6 },       { 0xf8, 0x24f }, /* Latin with marks */
    { 0x370, 0x373 },     { 0x376, 0x377 },   { 0x37b, 0x37d },
    { 0x37f, 0x37f },     { 0x386, 0x386 },   { 0x388, 0x481 }, /* Greek, Cyrillic */
    { 0x48a, 0x52f },     { 0x620, 0x64a },   { 0x66e, 0x6d3 }, /* Arabic: Uyghur, Kazakh */
    { 0xf40, 0xfbc },     { 0x1820, 0x18aa },                   /* Tibetan, Mongolian */
    { 0x1950, 0x19ab },   { 0x1e00, 0x1eff },                   /* Dai; Latin of pinyin */
    { 0x3005, 0x3007 },   { 0x3041, 0x3096 },                   /* 々〆〇, kana */
    { 0x30a1, 0x30fa },   { 0x30fc, 0x30ff }, { 0x3400, 0x4dbf },
    { 0x4e00, 0x9fff },   { 0xa000, 0xa48c }, /* CJK, Yi */
    { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff }, /* Hangul, CJK compatibility */
    { 0xff21, 0xff3a },   { 0xff41, 0xff5a }, /* full-width Latin */
    { 0x20000, 0x3fffd },                     /* CJK of planes 2 and 3 */
};

/* What may stand between letters: digits, spaces, hyphens, apostrophes, marks, the dots below. */
static const struct range others[] = {
    { '0', '9' },       { ' ', ' ' },       { '\'', '\'' },     { '-', '.' },
    { '(', ')' },       { 0xb7, 0xb7 },     { 0x300, 0x36f },   { 0xf0b, 0xf0b },
    { 0x2010, 0x2015 }, { 0x2018, 0x2019 }, { 0x2022, 0x2022 }, { 0x2027, 0x2027 },
    { 0x2212, 0x2212 }, { 0x2219, 0x2219 }, { 0x25cf, 0x25cf }, { 0x2e31, 0x2e31 },
    { 0x3000, 0x3000 }, { 0x3002, 0x3002 }, { 0x30fb, 0x30fb }, { 0xff07, 0xff09 },
    { 0xff0d, 0xff0e }, { 0xff10, 0xff19 }, { 0xff65, 0xff65 },
};

/* Left where a converter had no character. */
static const struct range substitutes[] = {
    { '?', '?' },       { 0x1a, 0x1a },     { 0x25a1, 0x25a1 },
    { 0x3013, 0x3013 }, { 0xff1f, 0xff1f }, { 0xfffd, 0xfffd },
};

/* Two U+FFFD in UTF-8, read as GBK; 锟 alone stands in many names. */
static const char twice_replaced[] = "锟斤拷";

static const struct range private_use[] = {
    { 0xe000, 0xf8ff },
    { 0xf0000, 0xffffd },
    { 0x100000, 0x10fffd },
};

/* Separators of DOMAIN 3.1, beside U+00B7. */
static const uint16_t dots[] = { 0x2e,   0x2022, 0x2027, 0x2219, 0x25cf,
                                 0x2e31, 0x3002, 0x30fb, 0xff0e, 0xff65 };

/* Bytes of padding at the end of a text, 0 where it ends with something else. */
static uint32_t
padding(struct perso_text name)
{
    if (name.bytes != 0 && (name.at[name.bytes - 1] == '\0' || name.at[name.bytes - 1] == ' '))
        return 1;
    if (name.bytes >= 3 && memcmp(name.at + name.bytes - 3, "\xe3\x80\x80", 3) == 0)
        return 3;
    return 0;
}

struct perso_text
perso_name_strip(struct perso_text name)
{
    uint32_t n;
    while ((n = padding(name)) != 0)
        name.bytes -= n;
    return name;
}

static bool
contains(struct perso_text name, const char *part, size_t bytes)
{
    for (size_t i = 0; i + bytes <= name.bytes; i++)
        if (memcmp(name.at + i, part, bytes) == 0)
            return true;
    return false;
}

/* The first code in the order of the table of rejects, of all that the characters deserve. */
static enum perso_reject
check_characters(struct perso_text name, bool *letter, size_t *gb_bytes)
{
    bool garbled = contains(name, twice_replaced, sizeof twice_replaced - 1);
    bool private = false, wrong = false;
    uint8_t gb[4];

    *letter = false;
    *gb_bytes = 0;
    for (size_t at = 0; at < name.bytes;) {
        uint32_t c;
        size_t length = perso_utf8_next(name.at + at, name.bytes - at, &c);
        if (length == 0)
            return PERSO_REJ_NAME_GARBLED;
        at += length;
        *gb_bytes += perso_gb18030_put(c, gb);
        garbled |= IN(c, substitutes);
        private |= IN(c, private_use);
        if (IN(c, letters))
            *letter = true;
        else if (!IN(c, others))
            wrong = true;
    }
    if (garbled)
        return PERSO_REJ_NAME_GARBLED;
    if (private)
        return PERSO_REJ_NAME_PRIVATE;
    return wrong ? PERSO_REJ_NAME_CHARACTER : PERSO_REJ_NONE;
}

enum perso_reject
perso_name_check(struct perso_text name)
{
    struct perso_card_name card;
    size_t gb_bytes;
    bool letter;
    enum perso_reject reject;

    name = perso_name_strip(name);
    if (name.bytes == 0)
        return PERSO_REJ_NAME_EMPTY;
    if ((reject = check_characters(name, &letter, &gb_bytes)) != PERSO_REJ_NONE)
        return reject;
    if (!letter)
        return PERSO_REJ_NAME_CHARACTER;
    if (gb_bytes > PERSO_NAME_CARD_BYTES || !perso_name_split(name, &card))
        return PERSO_REJ_NAME_LENGTH;
    return PERSO_REJ_NONE;
}

enum perso_reject
perso_name_extension_check(struct perso_text extension)
{
    size_t gb_bytes;
    bool letter;
    enum perso_reject reject = check_characters(perso_name_strip(extension), &letter, &gb_bytes);

    if (reject == PERSO_REJ_NONE && gb_bytes > CARD_EXTENSION_BYTES)
        return PERSO_REJ_NAME_LENGTH;
    return reject;
}

static uint32_t
fold_dot(uint32_t c)
{
    for (size_t i = 0; i < sizeof dots / sizeof dots[0]; i++)
        if (dots[i] == c)
            return 0xb7;
    return c;
}

/* ASCII, full-width, Latin-1, Latin Extended-A and pinyin; other scripts keep their case. */
static uint32_t
fold_case(uint32_t c)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 0xff21 && c <= 0xff3a) ||
        (c >= 0xc0 && c <= 0xde && c != 0xd7))
        return c + 0x20;
    if (c == 0x178)
        return 0xff;
    bool even = (c >= 0x100 && c <= 0x137 && c != 0x130) || (c >= 0x14a && c <= 0x177);
    bool odd =
        (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e) || (c >= 0x1cd && c <= 0x1dc);
    return (even && c % 2 == 0) || (odd && c % 2 == 1) ? c + 1 : c;
}

static uint32_t
fold(uint32_t c, uint32_t folds)
{
    if ((folds & PERSO_FOLD_WIDTH) != 0 && c >= 0xff01 && c <= 0xff5e)
        c -= 0xff01 - 0x21;
    if ((folds & PERSO_FOLD_SPACE) != 0 && c == 0x3000)
        c = ' ';
    if ((folds & PERSO_FOLD_CASE) != 0)
        c = fold_case(c);
    return (folds & PERSO_FOLD_DOT) != 0 ? fold_dot(c) : c;
}

/* Every fold makes one character of one, so two names are folded side by side. */
static bool
equal_under(struct perso_text a, struct perso_text b, uint32_t folds)
{
    size_t i = 0, k = 0;

    if ((folds & PERSO_FOLD_SPACE) != 0) {
        a = perso_name_strip(a);
        b = perso_name_strip(b);
    }
    while (i < a.bytes && k < b.bytes) {
        uint32_t ca, cb;
        size_t na = perso_utf8_next(a.at + i, a.bytes - i, &ca);
        size_t nb = perso_utf8_next(b.at + k, b.bytes - k, &cb);
        if (na == 0 || nb == 0 || fold(ca, folds) != fold(cb, folds))
            return false;
        i += na;
        k += nb;
    }
    return i == a.bytes && k == b.bytes;
}

static int
count_bits(uint32_t folds)
{
    int n = 0;
    for (; folds != 0; folds &= folds - 1)
        n++;
    return n;
}

enum perso_name_match
perso_name_compare(struct perso_text a, struct perso_text b, uint32_t *folds)
{
    *folds = 0;
    if (a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.at, b.at, a.bytes) == 0))
        return PERSO_NAME_EXACT;
    if (!equal_under(a, b, PERSO_FOLD_ALL))
        return PERSO_NAME_MISMATCH;
    uint32_t best = PERSO_FOLD_ALL;
    for (uint32_t set = 1; set < PERSO_FOLD_ALL; set++)
        if (count_bits(set) < count_bits(best) && equal_under(a, b, set))
            best = set;
    *folds = best;
    return PERSO_NAME_EQUAL_FOLDED;
}

void
perso_fold_names(uint32_t folds, char *out, size_t max)
{
    static const char *const names[] = { "dot", "space", "width", "case" };
    size_t used = 0;

    if (max == 0)
        return;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((folds >> i & 1) == 0)
            continue;
        int n = snprintf(out + used, max - used, "%s%s", used != 0 ? "+" : "", names[i]);
        if (n < 0 || (size_t)n >= max - used)
            return;
        used += (size_t)n;
    }
}

bool
perso_name_split(struct perso_text name, struct perso_card_name *ret)
{
    struct perso_card_name card = { 0 };
    bool extended = false; /* once a character went there, all that follow do */

    name = perso_name_strip(name);
    for (size_t at = 0; at < name.bytes;) {
        uint32_t c;
        uint8_t gb[4];
        size_t length = perso_utf8_next(name.at + at, name.bytes - at, &c);
        size_t n = length != 0 ? perso_gb18030_put(c, gb) : 0;
        if (n == 0)
            return false;
        at += length;
        extended = extended || card.name_bytes + n > CARD_NAME_BYTES;
        if (extended && card.extension_bytes + n > CARD_EXTENSION_BYTES)
            return false;
        uint8_t *to =
            extended ? card.extension + card.extension_bytes : card.name + card.name_bytes;
        uint8_t *bytes = extended ? &card.extension_bytes : &card.name_bytes;
        memcpy(to, gb, n);
        *bytes = (uint8_t)(*bytes + n);
    }
    *ret = card;
    return true;
}
