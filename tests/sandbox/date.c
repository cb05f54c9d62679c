#include "date.h"

#include <stdio.h>
#include <string.h>

static bool
is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
month_days(int year, int month)
{
    static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[month - 1] + (month == 2 && is_leap(year));
}

bool
sbx_date_read(const char *text, struct sbx_date *ret)
{
    struct sbx_date d;

    if (strlen(text) != 10 || strspn(text, "0123456789-") != 10 || text[4] != '-' ||
        text[7] != '-' || sscanf(text, "%4d-%2d-%2d", &d.year, &d.month, &d.day) != 3)
        return false;
    if (d.year < 1970 || d.month < 1 || d.month > 12 || d.day < 1 ||
        d.day > month_days(d.year, d.month))
        return false;
    *ret = d;
    return true;
}

struct sbx_date
sbx_date_add_days(struct sbx_date d, int days)
{
    for (; days > 0; days--) {
        if (++d.day <= month_days(d.year, d.month))
            continue;
        d.day = 1;
        d.month = d.month % 12 + 1;
        d.year += d.month == 1;
    }
    for (; days < 0; days++) {
        if (--d.day >= 1)
            continue;
        d.year -= d.month == 1;
        d.month = (d.month + 10) % 12 + 1;
        d.day = month_days(d.year, d.month);
    }
    return d;
}

struct sbx_date
sbx_date_add_years(struct sbx_date d, int years)
{
    d.year += years;
    if (d.day > month_days(d.year, d.month))
        d.day = 28;
    return d;
}

int64_t
sbx_date_seconds(struct sbx_date d, int hour)
{
    int64_t days = d.day - 1;

    for (int year = 1970; year < d.year; year++)
        days += 365 + is_leap(year);
    for (int month = 1; month < d.month; month++)
        days += month_days(d.year, month);
    return days * 86400 + hour * 3600;
}

void
sbx_date_time(struct sbx_date d, char out[SBX_TIME_CHARS + 1])
{
    char text[64];

    snprintf(text, sizeof text, "%04d%02d%02d000000Z", d.year, d.month, d.day);
    memcpy(out, text, SBX_TIME_CHARS);
    out[SBX_TIME_CHARS] = '\0';
}
