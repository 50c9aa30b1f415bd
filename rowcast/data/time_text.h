/*
 * Instants and dates as text, proleptic Gregorian, UTC, no locale.
 */
#ifndef ROWCAST_DATA_TIME_TEXT_H
#define ROWCAST_DATA_TIME_TEXT_H

#include "rowcast/err.h"
#include "rowcast/str.h"

#define TIME_TEXT_MAX 32

/*
 * "2026-11-20T10:00:00Z", with .123 or .123456 only when needed. Returns the length. What lies outside the years
 * 0001–9999 is shown as the first or last instant of them: stored rows are not always ours.
 */
size_t time_format(int64_t us, char text[TIME_TEXT_MAX]);
/* RFC 3339 with any offset, up to 6 fractional digits; leap second 60 and anything else: RC_INVALID. */
int time_parse(struct rc_str text, int64_t *us) RC_MUST_CHECK;
size_t date_format(int32_t days, char text[TIME_TEXT_MAX]);        /* "2026-11-20" */
int date_parse(struct rc_str text, int32_t *days) RC_MUST_CHECK;   /* exactly YYYY-MM-DD, a real date */
int32_t date_from_civil(int32_t year, int32_t month, int32_t day); /* days since 1970-01-01 */
void date_to_civil(int32_t days, int32_t *year, int32_t *month, int32_t *day);
int date_weekday(int32_t days); /* 0 = Monday … 6 = Sunday */

#endif
