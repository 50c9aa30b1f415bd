/*
 * Instants and dates as text. Own arithmetic instead of gmtime/strptime: no locale, no TZ, the whole range of years,
 * and a parser that accepts exactly RFC 3339 (5.6) and nothing looser. Civil days after the 400-year-era method: shift
 * the year to begin in March, so that the leap day is its last.
 */
#include "rowcast/data/time_text.h"

#define DAY_SECONDS 86400
#define SECOND_US   INT64_C(1000000)
#define DAY_US      (DAY_SECONDS * SECOND_US)
#define DAYS_MIN    (-719162) /* 0001-01-01 */
#define DAYS_MAX    2932896   /* 9999-12-31 */
#define US_MIN      (DAYS_MIN * DAY_US)
#define US_MAX      ((DAYS_MAX + 1) * DAY_US - 1)

int32_t date_from_civil(int32_t year, int32_t month, int32_t day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return (int32_t)(era * 146097 + day_of_era - 719468);
}

void date_to_civil(int32_t days, int32_t *year, int32_t *month, int32_t *day)
{
	int64_t z = (int64_t)days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t day_of_era = z - era * 146097;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t shifted = (5 * day_of_year + 2) / 153;

	*day = (int32_t)(day_of_year - (153 * shifted + 2) / 5 + 1);
	*month = (int32_t)(shifted < 10 ? shifted + 3 : shifted - 9);
	*year = (int32_t)(year_of_era + era * 400 + (*month <= 2));
}

int date_weekday(int32_t days)
{
	int64_t monday_based = ((int64_t)days + 3) % 7; /* 1970-01-01 was a Thursday */

	return (int)(monday_based < 0 ? monday_based + 7 : monday_based);
}

static char *put_digits(char *at, int64_t number, int count)
{
	for (int i = count - 1; i >= 0; i--) {
		at[i] = (char)('0' + number % 10);
		number /= 10;
	}
	return at + count;
}

static char *put_date(char *at, int32_t days)
{
	int32_t year, month, day;

	date_to_civil(days, &year, &month, &day);
	at = put_digits(at, year, 4);
	*at++ = '-';
	at = put_digits(at, month, 2);
	*at++ = '-';
	return put_digits(at, day, 2);
}

size_t date_format(int32_t days, char text[TIME_TEXT_MAX])
{
	char *end = put_date(text, days < DAYS_MIN ? DAYS_MIN : days > DAYS_MAX ? DAYS_MAX : days);

	*end = '\0';
	return (size_t)(end - text);
}

size_t time_format(int64_t us, char text[TIME_TEXT_MAX])
{
	int64_t days, rest, seconds, fraction;
	char *at;

	us = us < US_MIN ? US_MIN : us > US_MAX ? US_MAX : us;
	days = us / DAY_US - (us % DAY_US < 0);
	rest = us - days * DAY_US;
	seconds = rest / SECOND_US;
	fraction = rest % SECOND_US;
	at = put_date(text, (int32_t)days);
	*at++ = 'T';
	at = put_digits(at, seconds / 3600, 2);
	*at++ = ':';
	at = put_digits(at, seconds / 60 % 60, 2);
	*at++ = ':';
	at = put_digits(at, seconds % 60, 2);
	if (fraction) {
		*at++ = '.';
		at = fraction % 1000 ? put_digits(at, fraction, 6) : put_digits(at, fraction / 1000, 3);
	}
	*at++ = 'Z';
	*at = '\0';
	return (size_t)(at - text);
}

/* Exactly `count` digits at the front of *rest. */
static int take_digits(struct rc_str *rest, int count, int32_t *out)
{
	int32_t value = 0;

	if (rest->len < (size_t)count)
		return RC_INVALID;
	for (int i = 0; i < count; i++) {
		char c = rest->ptr[i];

		if (c < '0' || c > '9')
			return RC_INVALID;
		value = value * 10 + (c - '0');
	}
	rest->ptr += count;
	rest->len -= (size_t)count;
	*out = value;
	return RC_OK;
}

static int take_char(struct rc_str *rest, char wanted, char also)
{
	if (rest->len == 0 || (rest->ptr[0] != wanted && rest->ptr[0] != also))
		return RC_INVALID;
	rest->ptr++;
	rest->len--;
	return RC_OK;
}

static int days_in_month(int32_t year, int32_t month)
{
	static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static int take_date(struct rc_str *rest, int32_t *days)
{
	int32_t year, month, day;

	if (take_digits(rest, 4, &year) || take_char(rest, '-', '-') || take_digits(rest, 2, &month) ||
	    take_char(rest, '-', '-') || take_digits(rest, 2, &day))
		return RC_INVALID;
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return RC_INVALID;
	*days = date_from_civil(year, month, day);
	return RC_OK;
}

int date_parse(struct rc_str text, int32_t *days)
{
	int32_t value;

	if (take_date(&text, &value) || text.len != 0)
		return RC_INVALID;
	*days = value;
	return RC_OK;
}

/* HH:MM:SS and up to six digits of fraction. */
static int take_clock(struct rc_str *rest, int64_t *us)
{
	int32_t hour, minute, second, fraction = 0, digits = 0;

	if (take_digits(rest, 2, &hour) || take_char(rest, ':', ':') || take_digits(rest, 2, &minute) ||
	    take_char(rest, ':', ':') || take_digits(rest, 2, &second))
		return RC_INVALID;
	if (hour > 23 || minute > 59 || second > 59)
		return RC_INVALID;
	if (take_char(rest, '.', '.') == RC_OK) {
		while (digits < 6 && digits < (int32_t)rest->len && rest->ptr[digits] >= '0' &&
		       rest->ptr[digits] <= '9')
			digits++;
		if (digits == 0 || take_digits(rest, digits, &fraction))
			return RC_INVALID;
		for (; digits < 6; digits++)
			fraction *= 10;
	}
	*us = (hour * 3600 + minute * 60 + second) * SECOND_US + fraction;
	return RC_OK;
}

/* Z, or +HH:MM, or -HH:MM. */
static int take_offset(struct rc_str *rest, int64_t *us)
{
	int32_t hour, minute, sign;

	*us = 0;
	if (take_char(rest, 'Z', 'z') == RC_OK)
		return RC_OK;
	sign = rest->len > 0 && rest->ptr[0] == '-' ? -1 : 1;
	if (take_char(rest, '+', '-') || take_digits(rest, 2, &hour) || take_char(rest, ':', ':') ||
	    take_digits(rest, 2, &minute) || hour > 23 || minute > 59)
		return RC_INVALID;
	*us = sign * (hour * 3600 + minute * 60) * SECOND_US;
	return RC_OK;
}

int time_parse(struct rc_str text, int64_t *us)
{
	int64_t clock, offset, value;
	int32_t days;

	if (take_date(&text, &days) || take_char(&text, 'T', 't') || take_clock(&text, &clock) ||
	    take_offset(&text, &offset) || text.len != 0)
		return RC_INVALID;
	value = days * DAY_US + clock - offset;
	if (value < US_MIN || value > US_MAX)
		return RC_INVALID;
	*us = value;
	return RC_OK;
}
