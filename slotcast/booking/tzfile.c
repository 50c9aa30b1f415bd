/*
 * Reader of compiled tz files. RFC 9636 §3.2 (data blocks), §3.3 (footer) and §3.3.1 (its extensions: hours from -167
 * to 167).
 *
 * Only the second, 64-bit block is read; files of version 1 have none and are refused, as are files with leap-second
 * records
 * ("right/…"), whose seconds are not the ones that everybody else counts. Everything read is checked against the length
 * of the file: a zone is data, not a trusted structure.
 */
#include "slotcast/booking/tzfile.h"

#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/data/time_text.h"

enum { HEADER_BYTES = 44, UNROLL_YEARS = 401, TRANSITIONS_MAX = 10000, DAY_S = 86400 };

struct header {
	uint8_t version;
	uint32_t isut, isstd, leap, times, types, chars;
};

static uint64_t big_endian(const char *bytes, int count)
{
	uint64_t value = 0;

	for (int i = 0; i < count; i++)
		value = value << 8 | (uint8_t)bytes[i];
	return value;
}

static bool header_read(struct rc_str file, struct header *h)
{
	if (file.len < HEADER_BYTES || memcmp(file.ptr, "TZif", 4) != 0)
		return false;
	h->version = (uint8_t)file.ptr[4];
	h->isut = (uint32_t)big_endian(file.ptr + 20, 4);
	h->isstd = (uint32_t)big_endian(file.ptr + 24, 4);
	h->leap = (uint32_t)big_endian(file.ptr + 28, 4);
	h->times = (uint32_t)big_endian(file.ptr + 32, 4);
	h->types = (uint32_t)big_endian(file.ptr + 36, 4);
	h->chars = (uint32_t)big_endian(file.ptr + 40, 4);
	return h->times <= TRANSITIONS_MAX && h->types >= 1 && h->types <= 256 && h->chars <= 4096 && h->leap <= 4096 &&
	       h->isut <= h->types && h->isstd <= h->types;
}

static size_t block_bytes(const struct header *h, size_t time_bytes)
{
	return h->times * (time_bytes + 1) + h->types * 6 + h->chars + h->leap * (time_bytes + 4) + h->isstd + h->isut;
}

static void zone_append(struct zone *zone, int64_t at, int32_t offset)
{
	/* Two at one instant (a year's end of daylight saving time meeting the next one's beginning): the later one
	 * rules. */
	if (zone->count > 0 && zone->at[zone->count - 1] == at) {
		zone->offset[zone->count - 1] = offset;
		return;
	}
	zone->at[zone->count] = at;
	zone->offset[zone->count++] = offset;
}

/* The footer: STD offset [DST [offset] , start [/time] , end [/time]] */
struct tz_date {
	char kind; /* 'M' month.week.day, 'J' 1..365 without 29 February, 'N' 0..365 with it */
	int32_t month, week, day;
	int32_t second; /* of that day's wall clock */
};

struct tz_rule {
	int32_t standard, daylight; /* seconds east */
	bool has_daylight;
	struct tz_date start, end;
};

static bool take_char(struct rc_str *s, char c)
{
	if (s->len == 0 || s->ptr[0] != c)
		return false;
	s->ptr++;
	s->len--;
	return true;
}

static bool take_number(struct rc_str *s, int32_t max, int32_t *out)
{
	int32_t value = 0;
	size_t digits = 0;

	while (s->len > 0 && s->ptr[0] >= '0' && s->ptr[0] <= '9' && digits < 4) {
		value = value * 10 + (s->ptr[0] - '0');
		s->ptr++;
		s->len--;
		digits++;
	}
	*out = value;
	return digits > 0 && value <= max;
}

static bool take_name(struct rc_str *s)
{
	size_t letters = 0;
	bool quoted = take_char(s, '<');

	while (s->len > 0) {
		char c = s->ptr[0];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool other = (c >= '0' && c <= '9') || c == '+' || c == '-';

		if (!letter && !(quoted && other))
			break;
		s->ptr++;
		s->len--;
		letters++;
	}
	return letters >= 3 && (!quoted || take_char(s, '>'));
}

/* [+-]h[:mm[:ss]] in seconds */
static bool take_clock(struct rc_str *s, int32_t hours_max, int32_t *out)
{
	int32_t hours, minutes = 0, seconds = 0;
	bool negative = take_char(s, '-');

	if (!negative)
		(void)take_char(s, '+');
	if (!take_number(s, hours_max, &hours))
		return false;
	if (take_char(s, ':')) {
		if (!take_number(s, 59, &minutes))
			return false;
		if (take_char(s, ':') && !take_number(s, 59, &seconds))
			return false;
	}
	*out = hours * 3600 + minutes * 60 + seconds;
	if (negative)
		*out = -*out;
	return true;
}

static bool take_date(struct rc_str *s, struct tz_date *date)
{
	if (!take_char(s, ','))
		return false;
	date->second = 2 * 3600;
	if (take_char(s, 'M')) {
		date->kind = 'M';
		if (!take_number(s, 12, &date->month) || date->month < 1 || !take_char(s, '.') ||
		    !take_number(s, 5, &date->week) || date->week < 1 || !take_char(s, '.') ||
		    !take_number(s, 6, &date->day))
			return false;
	} else if (take_char(s, 'J')) {
		date->kind = 'J';
		if (!take_number(s, 365, &date->day) || date->day < 1)
			return false;
	} else {
		date->kind = 'N';
		if (!take_number(s, 365, &date->day))
			return false;
	}
	return !take_char(s, '/') || take_clock(s, 167, &date->second);
}

static bool rule_parse(struct rc_str s, struct tz_rule *rule)
{
	int32_t west;

	memset(rule, 0, sizeof(*rule));
	if (!take_name(&s) || !take_clock(&s, 24, &west))
		return false;
	rule->standard = -west;
	if (s.len == 0)
		return true;
	rule->has_daylight = true;
	rule->daylight = rule->standard + 3600;
	if (!take_name(&s))
		return false;
	if (s.len > 0 && s.ptr[0] != ',') {
		if (!take_clock(&s, 24, &west))
			return false;
		rule->daylight = -west;
	}
	return take_date(&s, &rule->start) && take_date(&s, &rule->end) && s.len == 0;
}

/* The rule's day in a year, as wall seconds since 1970. */
static int64_t date_second(const struct tz_date *date, int32_t year)
{
	int32_t new_year = date_from_civil(year, 1, 1);
	int32_t march = date_from_civil(year, 3, 1);
	bool leap = march - new_year == 60;
	int32_t day = new_year;

	if (date->kind == 'M') {
		int32_t first = date_from_civil(year, date->month, 1);
		int32_t next = date->month == 12 ? date_from_civil(year + 1, 1, 1)
						 : date_from_civil(year, date->month + 1, 1);
		int32_t weekday = (date_weekday(first) + 1) % 7; /* 0 = Sunday */

		day = first + (date->day - weekday + 7) % 7 + (date->week - 1) * 7;
		while (day >= next)
			day -= 7;
	} else if (date->kind == 'J') {
		day += date->day - 1 + (leap && date->day >= 60);
	} else {
		day += date->day;
	}
	return (int64_t)day * DAY_S + date->second;
}

static int32_t year_of(int64_t second)
{
	int32_t year, month, day;
	int64_t days = second / DAY_S - (second % DAY_S < 0);

	date_to_civil((int32_t)days, &year, &month, &day);
	return year;
}

static void rule_unroll(struct zone *zone, const struct tz_rule *rule)
{
	int64_t last = zone->count > 0 ? zone->at[zone->count - 1] : INT64_MIN;
	int32_t first_year = zone->count > 0 ? year_of(last) : 1970;

	for (int32_t year = first_year; year <= first_year + UNROLL_YEARS; year++) {
		int64_t at[2] = {date_second(&rule->start, year) - rule->standard,
				 date_second(&rule->end, year) - rule->daylight};
		int32_t offset[2] = {rule->daylight, rule->standard};
		int first = at[0] <= at[1] ? 0 : 1;

		for (int i = 0; i < 2; i++) {
			int which = i == 0 ? first : 1 - first;

			if (at[which] > last)
				zone_append(zone, at[which], offset[which]);
		}
	}
	zone->folds = true;
	zone->fold_end = (int64_t)date_from_civil(first_year + UNROLL_YEARS, 1, 1) * DAY_S;
}

int tzfile_read(struct zone *zone, struct rc_str bytes, struct rc_fault *fault)
{
	struct header h;
	struct tz_rule rule;
	struct rc_str footer;
	const char *times, *indexes, *types;
	size_t skip, body;

	if (!header_read(bytes, &h) || h.version < '2')
		return rc_fault_set(fault, RC_INVALID, "not a compiled time zone of version 2 or later");
	skip = HEADER_BYTES + block_bytes(&h, 4);
	if (skip > bytes.len || !header_read((struct rc_str){bytes.ptr + skip, bytes.len - skip}, &h))
		return rc_fault_set(fault, RC_INVALID, "the 64-bit data block is missing");
	if (h.leap > 0)
		return rc_fault_set(fault, RC_INVALID, "a time zone with leap seconds");
	body = block_bytes(&h, 8);
	skip += HEADER_BYTES;
	if (body > bytes.len - skip)
		return rc_fault_set(fault, RC_INVALID, "the 64-bit data block is cut off");
	times = bytes.ptr + skip;
	indexes = times + (size_t)h.times * 8;
	types = indexes + h.times;

	zone->at = rc_xcalloc(h.times + 2 * (UNROLL_YEARS + 1), sizeof(*zone->at));
	zone->offset = rc_xcalloc(h.times + 2 * (UNROLL_YEARS + 1), sizeof(*zone->offset));
	zone->first_offset = (int32_t)big_endian(types, 4);
	for (uint32_t i = 0; i < h.times; i++) {
		int64_t at = (int64_t)big_endian(times + (size_t)i * 8, 8);
		uint32_t type = (uint8_t)indexes[i];

		if (type >= h.types || (i > 0 && at <= zone->at[zone->count - 1]))
			return rc_fault_set(fault, RC_INVALID, "transition %u is out of order", i);
		zone_append(zone, at, (int32_t)big_endian(types + (size_t)type * 6, 4));
	}
	footer = (struct rc_str){bytes.ptr + skip + body, bytes.len - skip - body};
	if (footer.len < 2 || footer.ptr[0] != '\n' || footer.ptr[footer.len - 1] != '\n')
		return rc_fault_set(fault, RC_INVALID, "the footer is missing");
	footer.ptr++;
	footer.len -= 2;
	if (footer.len == 0)
		return RC_OK; /* nothing is known about the time after the table */
	if (!rule_parse(footer, &rule))
		return rc_fault_set(fault, RC_INVALID, "the footer cannot be read: %.*s", RC_STR_ARG(footer));
	if (rule.has_daylight)
		rule_unroll(zone, &rule);
	else if (zone->count == 0)
		zone->first_offset = rule.standard;
	return RC_OK;
}

void tzfile_release(struct zone *zone)
{
	free(zone->at);
	free(zone->offset);
	memset(zone, 0, sizeof(*zone));
}
