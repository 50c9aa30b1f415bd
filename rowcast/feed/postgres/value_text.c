/* Text forms, as the server's output functions write them. */
#include <math.h>
#include <stdlib.h>

#include "rowcast/data/time_text.h"
#include "rowcast/feed/postgres/value.h"

#define DAY_US    86400000000
#define YEAR_LAST 294246 /* whose last day, counted in µs from 1970, is an int64_t */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* `\x0a1b` */
static int read_bytes(struct rc_str value, struct rc_arena *arena, struct rc_str *out)
{
	size_t count = value.len / 2;
	char *bytes;

	if (value.len < 2 || value.len % 2 != 0 || value.ptr[0] != '\\' || value.ptr[1] != 'x')
		return RC_MISMATCH;
	bytes = rc_arena_alloc(arena, count);
	for (size_t i = 1; i < count; i++) {
		int high = hex_digit(value.ptr[2 * i]), low = hex_digit(value.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return RC_MISMATCH;
		bytes[i - 1] = (char)(high << 4 | low);
	}
	bytes[count - 1] = 0;
	*out = (struct rc_str){bytes, count - 1};
	return RC_OK;
}

static int read_uuid(struct rc_str value, struct rc_uuid *out)
{
	struct rc_uuid uuid = {0};
	size_t nibble = 0;

	for (size_t i = 0; i < value.len; i++) {
		int digit = hex_digit(value.ptr[i]);

		if (digit < 0 && value.ptr[i] == '-')
			continue;
		if (digit < 0 || nibble == 32)
			return RC_MISMATCH;
		uuid.bytes[nibble / 2] |= (uint8_t)(digit << (nibble % 2 ? 0 : 4));
		nibble++;
	}
	if (nibble != 32)
		return RC_MISMATCH;
	*out = uuid;
	return RC_OK;
}

static int read_double(struct rc_str value, double *out)
{
	char text[64], *end;

	if (value.len == 0 || value.len >= sizeof(text))
		return RC_MISMATCH;
	memcpy(text, value.ptr, value.len);
	text[value.len] = 0;
	*out = strtod(text, &end); /* knows NaN, Infinity and -Infinity */
	return *end == 0 ? RC_OK : RC_MISMATCH;
}

/* Digits at the front; how many there were. */
static size_t take_digits(struct rc_str *rest, int64_t *out)
{
	size_t count = 0;

	*out = 0;
	while (count < rest->len && count < 9 && rest->ptr[count] >= '0' && rest->ptr[count] <= '9')
		*out = *out * 10 + (rest->ptr[count++] - '0');
	if (count > 0) /* nothing is added to the NULL of an empty text */
		*rest = (struct rc_str){rest->ptr + count, rest->len - count};
	return count;
}

static bool take_char(struct rc_str *rest, char c)
{
	if (rest->len == 0 || *rest->ptr != c)
		return false;
	*rest = (struct rc_str){rest->ptr + 1, rest->len - 1};
	return true;
}

/* "2026-11-20", and whether the year is before Christ is known only at the end of the text. */
static int take_date(struct rc_str *rest, int32_t *days)
{
	bool bc = rest->len > 3 && memcmp(rest->ptr + rest->len - 3, " BC", 3) == 0;
	int64_t year, month, day;

	if (bc)
		rest->len -= 3;
	if (take_digits(rest, &year) < 4 || !take_char(rest, '-') || take_digits(rest, &month) != 2 ||
	    !take_char(rest, '-') || take_digits(rest, &day) != 2)
		return RC_MISMATCH;
	if (year > YEAR_LAST || month < 1 || month > 12 || day < 1 || day > 31)
		return RC_MISMATCH;
	*days = date_from_civil((int32_t)(bc ? 1 - year : year), (int32_t)month, (int32_t)day);
	return RC_OK;
}

/* "10:00:00" or with a fraction of up to six digits, µs. */
static int take_time(struct rc_str *rest, int64_t *us)
{
	int64_t hour, minute, second, fraction = 0;

	if (take_digits(rest, &hour) != 2 || !take_char(rest, ':') || take_digits(rest, &minute) != 2 ||
	    !take_char(rest, ':') || take_digits(rest, &second) != 2)
		return RC_MISMATCH;
	if (take_char(rest, '.')) {
		size_t digits = take_digits(rest, &fraction);

		if (digits < 1 || digits > 6)
			return RC_MISMATCH;
		for (; digits < 6; digits++)
			fraction *= 10;
	}
	*us = ((hour * 60 + minute) * 60 + second) * 1000000 + fraction;
	return RC_OK;
}

/* "+00", "-05:30", "+00:53:28", µs east of Greenwich. */
static int take_zone(struct rc_str *rest, int64_t *us)
{
	int64_t part, seconds;
	bool west = take_char(rest, '-');

	if (take_char(rest, 'Z')) {
		*us = 0;
		return RC_OK;
	}
	if ((!west && !take_char(rest, '+')) || take_digits(rest, &part) != 2)
		return RC_MISMATCH;
	seconds = part * 3600;
	for (int64_t unit = 60; unit >= 1 && take_char(rest, ':'); unit /= 60) {
		if (take_digits(rest, &part) != 2)
			return RC_MISMATCH;
		seconds += part * unit;
	}
	*us = (west ? -seconds : seconds) * 1000000;
	return RC_OK;
}

static int read_timestamp(struct rc_str value, int64_t *out)
{
	int64_t time_us, zone_us;
	int32_t days;

	if (take_date(&value, &days) != RC_OK || !(take_char(&value, ' ') || take_char(&value, 'T')) ||
	    take_time(&value, &time_us) != RC_OK || take_zone(&value, &zone_us) != RC_OK || value.len > 0)
		return RC_MISMATCH;
	*out = days * DAY_US + time_us - zone_us;
	return RC_OK;
}

static int read_date(struct rc_str value, int32_t *out)
{
	int32_t days;

	if (take_date(&value, &days) != RC_OK || value.len > 0)
		return RC_MISMATCH;
	if (days < -719162 || days > 2932896)
		return RC_MISMATCH;
	*out = days;
	return RC_OK;
}

int pgf_value_read_text(struct rc_str value, enum rc_type type, struct rc_arena *arena, void *field)
{
	switch (type) {
	case RC_BOOL: /* of the output function, or of JSON */
		if (!rc_str_is(value, "t") && !rc_str_is(value, "f") && !rc_str_is(value, "true") &&
		    !rc_str_is(value, "false"))
			return RC_MISMATCH;
		*(bool *)field = *value.ptr == 't';
		return RC_OK;
	case RC_INT:
		return rc_str_to_i64(value, field) == RC_OK ? RC_OK : RC_MISMATCH;
	case RC_DOUBLE:
		return read_double(value, field);
	case RC_BYTES:
		return read_bytes(value, arena, field);
	case RC_UUID:
		return read_uuid(value, field);
	case RC_TIMESTAMP:
		return read_timestamp(value, field);
	case RC_DATE:
		return read_date(value, field);
	case RC_TEXT:
	case RC_JSON:
		*(struct rc_str *)field = rc_arena_copy(arena, value);
		return RC_OK;
	default:
		return RC_MISMATCH;
	}
}
