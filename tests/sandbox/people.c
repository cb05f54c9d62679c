#include "people.h"

#include <stdio.h>
#include <string.h>

#include "people_names.h"

#define PERSONS 25000000u    /* 25,000 days of birth, 1,000 sequence numbers */
#define NUMBERS 260000000u   /* a letter and seven digits */
#define PERSON_STEP 7368787u /* the steps end in 7 or 1 and are no multiple of 13 */
#define NUMBER_STEP 98765431u
#define SERIAL_STEP 2654435761u /* odd */

uint32_t
sbx_unique(uint32_t index, uint32_t step, uint32_t offset, uint32_t n)
{
    return (uint32_t)(((uint64_t)index * step + offset) % n);
}

void
sbx_population_init(struct sbx_population *p, const char *seed, const char *division,
                    const char *batch, const char *vendor, enum perso_charset charset)
{
    const char *const texts[] = { division, batch, vendor };
    struct sbx_random r;

    sbx_seed_of(seed, texts, 3, p->seed);
    p->division = division;
    p->charset = charset;
    sbx_random_of_index(&r, p->seed, "population", 0);
    p->serial_offset = sbx_random_u32(&r);
    p->number_offset = sbx_random_below(&r, NUMBERS);
    p->person_offset = sbx_random_below(&r, PERSONS);
}

char
sbx_mod11_2(const char digits[17])
{
    static const int weights[17] = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 };
    int sum = 0;

    for (int i = 0; i < 17; i++)
        sum += weights[i] * (digits[i] - '0');
    return "10X98765432"[sum % 11];
}

/* The date n days after 1940-01-01, n below 36,500. */
static void
date_after(uint32_t n, char out[9])
{
    static const uint32_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    uint32_t year = 1940, month = 0;

    for (;; year++) {
        const uint32_t length = year % 4 == 0 ? 366 : 365;
        if (n < length)
            break;
        n -= length;
    }
    for (;; month++) {
        const uint32_t length = days[month] + (month == 1 && year % 4 == 0 ? 1 : 0);
        if (n < length)
            break;
        n -= length;
    }
    snprintf(out, 9, "%04u%02u%02u", year % 10000, (month + 1) % 100, (n + 1) % 100);
}

static void
citizen_place(struct sbx_random *r, char out[7])
{
    static const char provinces[][3] = {
        "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33",
        "34", "35", "36", "37", "41", "42", "43", "44", "45", "46", "50",
        "51", "52", "53", "54", "61", "62", "63", "64", "65",
    };
    const char *province = provinces[sbx_random_below(r, sizeof provinces / sizeof provinces[0])];
    const uint32_t city = 1 + sbx_random_below(r, 20), county = 1 + sbx_random_below(r, 28);
    snprintf(out, 7, "%s%02u%02u", province, city, county);
}

/* First six characters of the 18 of a number, by the kind of person. */
static void
number_head(struct sbx_random *r, enum sbx_person_kind kind, char out[7])
{
    static const char permits[][7] = { "810000", "820000", "830000" };
    static const char countries[][4] = { "840", "643", "392", "356", "276", "288", "704" };
    char place[7];

    citizen_place(r, place);
    if (kind == SBX_PERMIT)
        memcpy(out, permits[sbx_random_below(r, 3)], 7);
    else if (kind == SBX_FOREIGN18)
        snprintf(out, 7, "9%.2s%s", place, countries[sbx_random_below(r, 7)]);
    else
        memcpy(out, place, 7);
}

static void
make_number(const struct sbx_population *p, struct sbx_random *r, uint32_t index,
            struct sbx_person *person)
{
    static const char nations[][4] = { "USA", "RUS", "JPN", "IND", "DEU", "GHA", "VNM" };
    const uint32_t v = sbx_unique(index, PERSON_STEP, p->person_offset, PERSONS);
    const uint32_t sequence = v / 25000;
    char head[7], body[32];

    date_after(v % 25000, person->birth);
    number_head(r, person->kind, head);
    snprintf(person->sex, sizeof person->sex, "%c", sequence % 2 == 1 ? '1' : '2');
    if (person->kind == SBX_FOREIGN15) {
        const char *nation = nations[sbx_random_below(r, 7)];
        snprintf(person->ssn, sizeof person->ssn, "%s%.4s%.6s%02u", nation, head, person->birth + 2,
                 sequence % 100);
    } else {
        snprintf(body, sizeof body, "%s%s%03u", head, person->birth, sequence % 1000);
        snprintf(person->ssn, sizeof person->ssn, "%.17s%c", body, sbx_mod11_2(body));
    }
    memcpy(person->birthplace,
           person->kind == SBX_FOREIGN15 || person->kind == SBX_FOREIGN18 ? "000000" : head, 7);
}

static enum sbx_person_kind
draw_kind(struct sbx_random *r)
{
    const uint32_t v = sbx_random_below(r, 1000);

    return v < 850   ? SBX_HAN
           : v < 870 ? SBX_RARE
           : v < 940 ? SBX_MINORITY
           : v < 960 ? SBX_PERMIT
           : v < 980 ? SBX_FOREIGN15
                     : SBX_FOREIGN18;
}

void
sbx_person_make(const struct sbx_population *p, uint32_t index, enum sbx_person_kind kind,
                struct sbx_person *ret)
{
    struct sbx_random r;
    const bool gbk = p->charset == PERSO_GBK;

    sbx_random_of_index(&r, p->seed, "person", index);
    ret->kind = draw_kind(&r);
    if (kind != SBX_ANY)
        ret->kind = kind;
    make_number(p, &r, index, ret);
    const bool foreign = ret->kind == SBX_FOREIGN15 || ret->kind == SBX_FOREIGN18;
    if (foreign)
        sbx_name_latin(&r, ret->name, sizeof ret->name);
    else if (ret->kind == SBX_MINORITY)
        sbx_name_minority(&r, ret->name, sizeof ret->name);
    else if (ret->kind == SBX_RARE)
        sbx_name_rare(&r, gbk, ret->name, sizeof ret->name);
    else
        sbx_name_han(&r, ret->name, sizeof ret->name);
    snprintf(ret->nation, sizeof ret->nation, "%s",
             ret->kind == SBX_MINORITY ? "05"
             : foreign                 ? "98"
                                       : "01");
}

void
sbx_person_other_number(const struct sbx_population *p, uint32_t index, struct sbx_person *person)
{
    struct sbx_random r;

    sbx_random_of_index(&r, p->seed, "other number", index);
    make_number(p, &r, index + PERSONS / 2, person);
}

void
sbx_card_id(const struct sbx_population *p, uint32_t index, char out[33])
{
    struct sbx_random r;

    sbx_random_of_index(&r, p->seed, "card id", index);
    snprintf(out, 33, "%sD156000005%08X%08X", p->division, index * SERIAL_STEP + p->serial_offset,
             sbx_random_u32(&r));
}

/* GB 11714 check character of the first eight (DOMAIN 2.4). */
static char
gb11714(const char eight[8])
{
    static const int weights[8] = { 3, 7, 9, 10, 5, 8, 4, 2 };
    int sum = 0;

    for (int i = 0; i < 8; i++)
        sum += weights[i] * (eight[i] <= '9' ? eight[i] - '0' : eight[i] - 'A' + 10);
    return "0X987654321"[sum % 11];
}

void
sbx_card_number(const struct sbx_population *p, uint32_t index, char out[10])
{
    const uint32_t v = sbx_unique(index, NUMBER_STEP, p->number_offset, NUMBERS);
    char eight[16];

    snprintf(eight, sizeof eight, "%c%07u", (char)('A' + v / 10000000), v % 10000000);
    snprintf(out, 10, "%.8s%c", eight, gb11714(eight));
}

/* 30 bytes of tag 09, cut on a character, and 20 of tag 4E take it (DOMAIN 3.4). */
static bool
fits_on_card(const char *name)
{
    size_t first = 0, second = 0, n = strlen(name);
    uint32_t scalar;
    uint8_t gb[4];

    for (size_t step; n != 0; name += step, n -= step) {
        step = perso_utf8_next(name, n, &scalar);
        const size_t bytes = step != 0 ? perso_gb18030_put(scalar, gb) : 0;
        if (bytes == 0)
            return false;
        if (second == 0 && first + bytes <= 30)
            first += bytes;
        else
            second += bytes;
    }
    return second <= 20;
}

bool
sbx_name_fits(const char *name, enum perso_charset charset)
{
    uint8_t bytes[512];
    size_t made;

    return perso_charset_encode(charset, name, strlen(name), bytes, sizeof bytes, &made) &&
           fits_on_card(name);
}

const char *
sbx_other_division(const char *division)
{
    return strncmp(division, "410300", 6) != 0 ? "410300" : "410500";
}
