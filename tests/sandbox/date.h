/* Dates of manifests, without clock and time zone. */
#ifndef SANDBOX_DATE_H
#define SANDBOX_DATE_H

#include <stdbool.h>
#include <stdint.h>

struct sbx_date {
    int year, month, day;
};

#define SBX_TIME_CHARS 15u /* YYYYMMDDHHMMSSZ */

/** YYYY-MM-DD */
bool sbx_date_read(const char *text, struct sbx_date *ret);
struct sbx_date sbx_date_add_days(struct sbx_date date, int days);
/** The same day years later; 29 February becomes the 28th where there is none. */
struct sbx_date sbx_date_add_years(struct sbx_date date, int years);
/** Seconds since 1970 at an hour of the day, UTC. */
int64_t sbx_date_seconds(struct sbx_date date, int hour);
/** 00:00:00 UTC of the day. */
void sbx_date_time(struct sbx_date date, char out[SBX_TIME_CHARS + 1]);

#endif
