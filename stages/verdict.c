#include "stages/verdict.h"

#include <string.h>

#include "formats/text/charset.h"
#include "perso/text.h"

#define NUMBER_CHARS 15u /* the shortest ID number, of a foreigner's card of 2017 (DOMAIN 2.3) */
#define NUMBER_DIGITS 8u /* a long word has none, a number at least its date of birth */
#define DIGITS 8u        /* digits alone: a PIN, a date of birth, a telephone */

void
perso_verdict_clear(struct perso_verdict *verdict)
{
    *verdict = (struct perso_verdict) { PERSO_REJ_NONE, PERSO_COLUMN_OTHER, "" };
}

/* The bytes of at that fit into room without cutting a character. */
static size_t
whole_characters(const char *at, size_t n, size_t room)
{
    if (n <= room)
        return n;
    for (n = room; n > 0 && ((unsigned char)at[n] & 0xc0) == 0x80; n--)
        continue;
    return n;
}

void
perso_verdict_set(struct perso_verdict *verdict, enum perso_reject reject, enum perso_column column,
                  const char *note)
{
    perso_verdict_clear(verdict);
    verdict->reject = reject;
    verdict->column = column;
    if (note != NULL)
        memcpy(verdict->note, note, whole_characters(note, strlen(note), sizeof verdict->note - 1));
}

enum perso_result
perso_refuse(struct perso_error *err, enum perso_reject reject)
{
    return perso_error_set(err, reject, "", "%s", "");
}

static bool
is_digit(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 0xff10 && c <= 0xff19);
}

/* A letter or digit, full-width ones too: somebody's input method may have been on. */
static bool
is_alphanumeric(uint32_t c)
{
    if (c >= 0xff10 && c <= 0xff5a)
        c -= 0xff10 - '0';
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* One scalar value at text; a byte that starts none counts as a control of one byte. */
static size_t
next(struct perso_text text, uint32_t *scalar)
{
    size_t n = perso_utf8_next(text.at, text.bytes, scalar);

    if (n == 0)
        *scalar = 0;
    return n == 0 ? 1 : n;
}

/* Between groups of digits: blanks and hyphens. */
static bool
is_gap(uint32_t c)
{
    return c == ' ' || c == '-' || c == 0x3000 || c == 0xa0;
}

/* A digit or the check letter X stands at text. */
static bool
goes_on(struct perso_text text)
{
    uint32_t scalar = 0;

    if (text.bytes == 0)
        return false;
    next(text, &scalar);
    return is_digit(scalar) || scalar == 'X' || scalar == 'x';
}

/* Bytes of the run of letters and digits at the start, single gaps between digits among them;
 * *is_number where it may be somebody's. */
static size_t
run_length(struct perso_text text, bool *is_number)
{
    size_t at = 0, chars = 0, digits = 0;
    bool after_digit = false;
    uint32_t scalar;

    while (at < text.bytes) {
        struct perso_text rest = { text.at + at, text.bytes - (uint32_t)at };
        size_t n = next(rest, &scalar);
        struct perso_text behind = { rest.at + n, rest.bytes - (uint32_t)n };
        bool gap = after_digit && is_gap(scalar) && goes_on(behind);
        if (!is_alphanumeric(scalar) && !gap)
            break;
        at += n;
        chars += !gap;
        digits += is_digit(scalar);
        after_digit = is_digit(scalar);
    }
    *is_number =
        (chars >= NUMBER_CHARS && digits >= NUMBER_DIGITS) || (chars == digits && digits >= DIGITS);
    return at;
}

/* false where it has no room; nothing shorter may follow then. */
static bool
append(char *out, size_t max, const char *bytes, size_t n)
{
    size_t have = strlen(out), fits = whole_characters(bytes, n, max - 1 - have);

    memcpy(out + have, bytes, fits);
    out[have + fits] = '\0';
    return fits == n;
}

void
perso_note_add(char *out, size_t max, struct perso_text text)
{
    bool is_number, room = true;
    uint32_t scalar;

    while (room && text.bytes > 0) {
        size_t n = run_length(text, &is_number);
        if (n == 0) {
            n = next(text, &scalar);
            room =
                perso_is_control(scalar) ? append(out, max, ".", 1) : append(out, max, text.at, n);
        } else {
            room = is_number ? append(out, max, "***", 3) : append(out, max, text.at, n);
        }
        text.at += n;
        text.bytes -= (uint32_t)n;
    }
}
