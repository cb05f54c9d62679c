/*
 * The committed table against the C library and ICU: every code and every scalar value, both ways.
 * charset_differences.txt explains every difference; one that is not there fails, and one that is
 * there and does not occur fails too, unless it is marked as a matter of the library's version.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef PERSO_HAVE_ICU
#include <unicode/ucnv.h>
#endif

#include "formats/text/charset.h"
#include "tests/formats/text/code.h"

#define NONE UINT32_MAX /* refused, or nothing made of it */
#define FOUR_CODES (126u * 10 * 126 * 10)
#define DIFFERENCES_MAX 512

/* ---- one character there and back, by us and by others; codes as numbers, big-endian ---- */

static uint32_t
our_scalar(enum perso_charset charset, uint32_t code)
{
    uint8_t in[4], out[8];
    size_t n = bytes_of(code, in), used, made;
    uint32_t scalar;
    bool cut;

    if (!perso_charset_decode(charset, in, n, out, sizeof out, &used, &made, &cut) || cut ||
        used != n || perso_utf8_next((const char *)out, made, &scalar) != made)
        return NONE;
    return scalar;
}

static uint32_t
our_code(enum perso_charset charset, uint32_t scalar)
{
    char utf8[4];
    uint8_t out[4];
    size_t made, n = perso_utf8_put(scalar, utf8);

    return perso_charset_encode(charset, utf8, n, out, sizeof out, &made) ? number_of(out, made)
                                                                          : NONE;
}

struct judge {
    const char *name, *label; /* label: of the set, for the library and in the list */
    enum perso_charset charset;
    bool part; /* a smaller set: what it refuses is no difference, and we do not write it */
    uint32_t (*scalar)(struct judge *judge, uint32_t code);
    uint32_t (*code)(struct judge *judge, uint32_t scalar);
    iconv_t from, to;
#ifdef PERSO_HAVE_ICU
    UConverter *icu;
#endif
};

static uint32_t
iconv_scalar(struct judge *judge, uint32_t code)
{
    uint8_t in[4], out[16];
    size_t left = bytes_of(code, in), room = sizeof out;
    char *from = (char *)in, *to = (char *)out;

    iconv(judge->from, NULL, NULL, NULL, NULL);
    if (iconv(judge->from, &from, &left, &to, &room) != 0 || left != 0 || room != sizeof out - 4)
        return NONE;
    return number_of(out, 4);
}

static uint32_t
iconv_code(struct judge *judge, uint32_t scalar)
{
    uint8_t in[4] = { 0, (uint8_t)(scalar >> 16), (uint8_t)(scalar >> 8), (uint8_t)scalar }, out[8];
    size_t left = sizeof in, room = sizeof out;
    char *from = (char *)in, *to = (char *)out;

    iconv(judge->to, NULL, NULL, NULL, NULL);
    if (iconv(judge->to, &from, &left, &to, &room) != 0 || room == sizeof out)
        return NONE;
    return number_of(out, sizeof out - room);
}

#ifdef PERSO_HAVE_ICU
static uint32_t
icu_scalar(struct judge *judge, uint32_t code)
{
    uint8_t in[4];
    size_t n = bytes_of(code, in);
    const char *at = (const char *)in, *end = at + n;
    UErrorCode error = U_ZERO_ERROR;

    ucnv_reset(judge->icu);
    UChar32 ret = ucnv_getNextUChar(judge->icu, &at, end, &error);
    return U_FAILURE(error) || at != end ? NONE : (uint32_t)ret;
}

static uint32_t
icu_code(struct judge *judge, uint32_t scalar)
{
    UChar in[2] = { (UChar)scalar, 0 };
    char out[8];
    UErrorCode error = U_ZERO_ERROR;

    if (scalar > 0xffff) {
        in[0] = (UChar)(0xd7c0 + (scalar >> 10));
        in[1] = (UChar)(0xdc00 | (scalar & 0x3ff));
    }
    ucnv_reset(judge->icu);
    int32_t n = ucnv_fromUChars(judge->icu, out, sizeof out, in, scalar > 0xffff ? 2 : 1, &error);
    return U_FAILURE(error) || n == 0 ? NONE : number_of((uint8_t *)out, (size_t)n);
}
#endif

/* ---- the list ---- */

enum way { DECODE, ENCODE, WAYS };

/* A range of codes (scalar values where we have no code) that another implementation sees so. */
struct difference {
    char judge[24], set[16];
    bool ways[WAYS];
    bool scalars; /* from and to are scalar values */
    bool version; /* may be gone in another version of the library */
    uint32_t from, to;
    uint32_t theirs; /* of from; rises with the range where it is one. NONE: refused */
    uint32_t seen[WAYS];
    unsigned line;
};

static struct difference differences[DIFFERENCES_MAX];
static size_t n_differences;
static char reasons[16][24]; /* that the list explains */
static size_t n_reasons;

static bool
is_reason(const char *name)
{
    for (size_t i = 0; i < n_reasons; i++)
        if (strcmp(reasons[i], name) == 0)
            return true;
    return false;
}

/* Where a code stands among its equals in length: codes of a range rise by one in it. */
static uint32_t
place(uint32_t code, bool scalar)
{
    if (scalar || code <= 0xff)
        return code;
    uint32_t b[4] = { code >> 24, code >> 16 & 0xff, code >> 8 & 0xff, code & 0xff };
    if (code <= 0xffff)
        return 0x1000 + (b[2] - 0x81) * 190 + b[3] - (b[3] < 0x7f ? 0x40 : 0x41);
    return 0x10000000 + ((b[0] - 0x81) * 1260 + (b[1] - 0x30) * 126 + b[2] - 0x81) * 10 + b[3] -
           0x30;
}

static uint32_t
read_number(const char *text, bool *scalar, const char **end)
{
    char *stop;

    *scalar = strncmp(text, "U+", 2) == 0;
    uint32_t ret = (uint32_t)strtoul(text + (*scalar ? 2 : 0), &stop, 16);
    *end = stop;
    return ret;
}

/* judge set way codes theirs reason [version] */
static void
read_difference(const char *text, unsigned line)
{
    struct difference *d = &differences[n_differences++];
    char way[8], codes[32], theirs[32], reason[32], mark[16] = "";
    const char *end;
    bool scalar;

    assert_true(n_differences <= DIFFERENCES_MAX);
    int n = sscanf(text, "%23s %15s %7s %31s %31s %31s %15s", d->judge, d->set, way, codes, theirs,
                   reason, mark);
    if (n < 6 || !is_reason(reason) || (n == 7 && strcmp(mark, "version") != 0))
        fail_msg("charset_differences.txt:%u: not a difference", line);
    d->ways[DECODE] = strcmp(way, "encode") != 0;
    d->ways[ENCODE] = strcmp(way, "decode") != 0;
    d->version = n == 7;
    d->line = line;
    d->from = d->to = read_number(codes, &d->scalars, &end);
    if (*end == '-')
        d->to = read_number(end + 1, &scalar, &end);
    d->theirs = strcmp(theirs, "refused") == 0 ? NONE : read_number(theirs, &scalar, &end);
}

static int
read_list(void **state)
{
    FILE *f = fopen(PERSO_DIFFERENCES, "r");
    char text[1024];

    (void)state;
    if (f == NULL)
        return -1;
    for (unsigned line = 1; fgets(text, sizeof text, f) != NULL; line++) {
        assert_non_null(strchr(text, '\n'));
        if (text[0] == '=')
            assert_int_equal(sscanf(text, "= %23s", reasons[n_reasons++]), 1);
        else if (text[0] != '#' && text[0] != '\n')
            read_difference(text, line);
    }
    fclose(f);
    return n_differences == 0;
}

static uint32_t
theirs_at(const struct difference *d, enum way way, uint32_t offset)
{
    if (d->theirs == NONE || d->from == d->to)
        return d->theirs;
    /* Both kinds rise by one: scalar values as such, codes within one lead byte. */
    return d->theirs + offset +
           (way == ENCODE && (d->theirs & 0xff) < 0x7f && (d->theirs & 0xff) + offset >= 0x7f);
}

/* True where the list has it; of codes that we have not, key is a scalar value. */
static bool
is_listed(const struct judge *judge, enum way way, uint32_t key, bool scalar, uint32_t theirs)
{
    uint32_t at = place(key, scalar);

    for (size_t i = 0; i < n_differences; i++) {
        struct difference *d = &differences[i];
        if (!d->ways[way] || d->scalars != scalar || strcmp(d->judge, judge->name) != 0 ||
            strcmp(d->set, judge->label) != 0)
            continue;
        uint32_t from = place(d->from, scalar), to = place(d->to, scalar);
        if (at < from || at > to || theirs != theirs_at(d, way, at - from))
            continue;
        d->seen[way]++;
        return true;
    }
    return false;
}

/* ---- all of it ---- */

static unsigned wrong;

static void
compare(const struct judge *judge, enum way way, uint32_t key, bool scalar, uint32_t ours,
        uint32_t theirs)
{
    static const char *const ways[WAYS] = { "decode", "encode" };

    if (ours == theirs || (judge->part && theirs == NONE) ||
        is_listed(judge, way, key, scalar, theirs))
        return;
    if (wrong++ < 100)
        print_error("%s %s %s %s%02X: ours %X, theirs %X\n", judge->name, judge->label, ways[way],
                    scalar ? "U+" : "", (unsigned)key, (unsigned)ours, (unsigned)theirs);
}

static void
compare_code(struct judge *judge, uint32_t code)
{
    compare(judge, DECODE, code, false, our_scalar(judge->charset, code),
            judge->scalar(judge, code));
}

static void
compare_scalar(struct judge *judge, uint32_t scalar)
{
    uint32_t ours = our_code(judge->charset, scalar), theirs = judge->code(judge, scalar);

    compare(judge, ENCODE, ours != NONE ? ours : scalar, ours == NONE, ours, theirs);
}

static void
compare_all(struct judge *judge)
{
    for (uint32_t code = 0; code <= 0xff; code++)
        compare_code(judge, code);
    for (uint32_t code = 0x8000; code <= 0xffff; code++)
        compare_code(judge, code);
    for (uint32_t i = 0; judge->charset == PERSO_GB18030 && i < FOUR_CODES; i++)
        compare_code(judge, (0x81 + i / 12600) << 24 | (0x30 + i / 1260 % 10) << 16 |
                                (0x81 + i / 10 % 126) << 8 | (0x30 + i % 10));
    for (uint32_t scalar = 0; !judge->part && scalar <= 0x10ffff; scalar++)
        if (scalar < 0xd800 || scalar > 0xdfff)
            compare_scalar(judge, scalar);
}

/* Every listed one was met, at every code of its range. */
static void
check_list(const struct judge *judge)
{
    unsigned gone = 0;

    for (size_t i = 0; i < n_differences; i++) {
        const struct difference *d = &differences[i];
        uint32_t n = place(d->to, d->scalars) - place(d->from, d->scalars) + 1;
        if (strcmp(d->judge, judge->name) != 0 || strcmp(d->set, judge->label) != 0)
            continue;
        for (enum way way = DECODE; way < WAYS; way++) {
            if (!d->ways[way] || d->seen[way] == n)
                continue;
            gone += d->version;
            if (!d->version && wrong++ < 100)
                print_error("charset_differences.txt:%u: occurs at %u of %u codes\n", d->line,
                            (unsigned)d->seen[way], (unsigned)n);
        }
    }
    if (gone != 0)
        print_message("%s: %u listed differences are gone in this version\n", judge->name, gone);
}

static void
judge_all(struct judge *judge)
{
    wrong = 0;
    compare_all(judge);
    check_list(judge);
    if (wrong != 0)
        fail_msg("%s, %s: %u differences are not as listed", judge->name, judge->label, wrong);
}

static void
ask_iconv(struct judge judge)
{
    judge.name = "glibc";
    judge.scalar = iconv_scalar;
    judge.code = iconv_code;
    judge.from = iconv_open("UTF-32BE", judge.label);
    judge.to = iconv_open(judge.label, "UTF-32BE");
    if (judge.from == (iconv_t)-1 || judge.to == (iconv_t)-1) {
        print_message("the C library has no %s\n", judge.label);
        skip();
    }
    judge_all(&judge);
    iconv_close(judge.from);
    iconv_close(judge.to);
}

static void
ask_icu(struct judge judge)
{
#ifdef PERSO_HAVE_ICU
    UErrorCode error = U_ZERO_ERROR;

    judge.name = "icu";
    judge.scalar = icu_scalar;
    judge.code = icu_code;
    judge.icu = ucnv_open(judge.label, &error);
    ucnv_setToUCallBack(judge.icu, UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL, &error);
    ucnv_setFromUCallBack(judge.icu, UCNV_FROM_U_CALLBACK_STOP, NULL, NULL, NULL, &error);
    assert_true(U_SUCCESS(error));
    judge_all(&judge);
    ucnv_close(judge.icu);
#else
    (void)judge;
    print_message("built without ICU (libicu-dev)\n");
    skip();
#endif
}

static void
glibc_agrees_on_gb18030(void **state) /* GB 18030-2022; DOMAIN 0.7; PLATFORM 6 */
{
    (void)state;
    ask_iconv((struct judge) { .label = "gb18030", .charset = PERSO_GB18030 });
}

static void
glibc_agrees_on_gbk(void **state) /* DOMAIN 3.1 */
{
    (void)state;
    ask_iconv((struct judge) { .label = "gbk", .charset = PERSO_GBK });
}

static void
glibc_agrees_on_gb2312(void **state) /* DOMAIN 0.7: A1A4 */
{
    (void)state;
    ask_iconv((struct judge) { .label = "gb2312", .charset = PERSO_GBK, .part = true });
}

static void
icu_agrees_on_gb18030(void **state) /* GB 18030-2022; DOMAIN 3.3 */
{
    (void)state;
    ask_icu((struct judge) { .label = "gb18030", .charset = PERSO_GB18030 });
}

static void
icu_agrees_on_gbk(void **state)
{
    (void)state;
    ask_icu((struct judge) { .label = "gbk", .charset = PERSO_GBK });
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(glibc_agrees_on_gb18030), cmocka_unit_test(glibc_agrees_on_gbk),
        cmocka_unit_test(glibc_agrees_on_gb2312),  cmocka_unit_test(icu_agrees_on_gb18030),
        cmocka_unit_test(icu_agrees_on_gbk),
    };
    return cmocka_run_group_tests(tests, read_list, NULL);
}
