/*
 * Recurrence of whole days as a predicate, not as an expansion.
 *
 * Of a rule without times, "does it occur on this date" has a closed answer: the date's day, week, month or year must
 * be one of every INTERVAL from DTSTART's, and every BY part must let the date pass (for whole days RFC 5545's table of
 * "expand" and "limit" comes to the same: all of them hold). BYSETPOS needs the list of one period, COUNT one walk from
 * DTSTART.
 *
 * Rejected: libical 3.0.16's iterator. Against dateutil it was wrong or refused in 457 of 1,773 random rules of this
 * kind (negative BYMONTHDAY in DAILY, BYSETPOS, BYYEARDAY with others; docs/decisions/0010-time-zones.md), and it must
 * walk from DTSTART.
 *
 * Combinations that the RFC forbids (BYWEEKNO outside YEARLY, BYMONTHDAY in WEEKLY …) are refused, never guessed.
 */
#include "slotcast/booking/recurrence.h"

#include "rowcast/data/time_text.h"

enum { COUNT_YEAR_MAX = 2400 }; /* a COUNT that has not run out by then has no end that anybody can book */

static const struct rc_str weekday_names[7] = {{"MO", 2}, {"TU", 2}, {"WE", 2}, {"TH", 2},
					       {"FR", 2}, {"SA", 2}, {"SU", 2}};

static int weekday_parse(struct rc_str text)
{
	for (int day = 0; day < 7; day++)
		if (rc_str_eq_nocase(text, weekday_names[day]))
			return day;
	return -1;
}

/* [+-]digits, 1 ≤ |value| ≤ max */
static bool signed_parse(struct rc_str text, int32_t max, int32_t *out)
{
	int64_t value;
	bool negative = text.len > 0 && text.ptr[0] == '-';

	if (negative || (text.len > 0 && text.ptr[0] == '+')) {
		text.ptr++;
		text.len--;
	}
	if (text.len == 0 || text.len > 9 || text.ptr[0] < '0' || text.ptr[0] > '9' || rc_str_to_i64(text, &value) ||
	    value < 1 || value > max)
		return false;
	*out = (int32_t)(negative ? -value : value);
	return true;
}

static int list_fault(struct rc_fault *fault, const char *name, struct rc_str item)
{
	return rc_fault_set(fault, RC_INVALID, "%s: \"%.*s\" is not allowed", name,
			    (int)(item.len < 40 ? item.len : 40), item.ptr);
}

/* Comma-separated numbers into bit sets: [0] from the beginning, [1] (where there is one) from the end. */
static int bits_parse(struct rc_str text, const char *name, int32_t max, uint64_t *from_start, uint64_t *from_end,
		      struct rc_fault *fault)
{
	do {
		struct rc_str item = rc_str_cut(&text, ',');
		int32_t value;
		uint64_t *bits = from_start;

		if (!signed_parse(item, max, &value) || (value < 0 && !from_end))
			return list_fault(fault, name, item);
		if (value < 0) {
			bits = from_end;
			value = -value;
		}
		bits[value / 64] |= UINT64_C(1) << (value % 64);
	} while (text.len > 0);
	return RC_OK;
}

static int days_parse(struct recurrence *rule, struct rc_str text, struct rc_fault *fault)
{
	do {
		struct rc_str item = rc_str_cut(&text, ',');
		int32_t ordinal = 0;
		int weekday = -1;

		if (item.len >= 2)
			weekday = weekday_parse((struct rc_str){item.ptr + item.len - 2, 2});
		if (weekday < 0 ||
		    (item.len > 2 && !signed_parse((struct rc_str){item.ptr, item.len - 2}, 53, &ordinal)))
			return list_fault(fault, "BYDAY", item);
		if (ordinal == 0) {
			rule->weekdays |= 1u << weekday;
		} else {
			if (rule->nth_count == RECURRENCE_LIST_MAX)
				return rc_fault_set(fault, RC_INVALID, "BYDAY: more than %d days", RECURRENCE_LIST_MAX);
			rule->nth[rule->nth_count].ordinal = (int8_t)ordinal;
			rule->nth[rule->nth_count++].weekday = (int8_t)weekday;
		}
	} while (text.len > 0);
	return RC_OK;
}

static int set_pos_parse(struct recurrence *rule, struct rc_str text, struct rc_fault *fault)
{
	do {
		struct rc_str item = rc_str_cut(&text, ',');
		int32_t value;

		if (!signed_parse(item, 366, &value))
			return list_fault(fault, "BYSETPOS", item);
		if (rule->set_pos_count == RECURRENCE_LIST_MAX)
			return rc_fault_set(fault, RC_INVALID, "BYSETPOS: more than %d positions", RECURRENCE_LIST_MAX);
		rule->set_pos[rule->set_pos_count++] = (int16_t)value;
	} while (text.len > 0);
	return RC_OK;
}

static int freq_parse(struct recurrence *rule, struct rc_str text, struct rc_fault *fault)
{
	static const char *const names[] = {"", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
	static const char *const too_fine[] = {"HOURLY", "MINUTELY", "SECONDLY"};

	for (int freq = FREQ_DAILY; freq <= FREQ_YEARLY; freq++)
		if (rc_str_eq_nocase(text, rc_str_from(names[freq])))
			rule->freq = (enum recurrence_freq)freq;
	if (rule->freq != FREQ_NONE)
		return RC_OK;
	for (size_t i = 0; i < 3; i++)
		if (rc_str_eq_nocase(text, rc_str_from(too_fine[i])))
			return rc_fault_set(fault, RC_INVALID, "FREQ: %s is finer than a day; use from and to",
					    too_fine[i]);
	return list_fault(fault, "FREQ", text);
}

enum part {
	PART_FREQ,
	PART_INTERVAL,
	PART_COUNT,
	PART_WKST,
	PART_BYMONTH,
	PART_BYWEEKNO,
	PART_BYYEARDAY,
	PART_BYMONTHDAY,
	PART_BYDAY,
	PART_BYSETPOS,
	PART_UNTIL, /* from here on: known and refused */
	PART_BYHOUR,
	PART_BYMINUTE,
	PART_BYSECOND,
	PART_TOTAL,
};

static const char *const part_names[PART_TOTAL] = {"FREQ",     "INTERVAL",  "COUNT",      "WKST",    "BYMONTH",
						   "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY",   "BYSETPOS",
						   "UNTIL",    "BYHOUR",    "BYMINUTE",   "BYSECOND"};

static int part_parse(struct recurrence *rule, enum part part, struct rc_str value, struct rc_fault *fault)
{
	int weekday;
	uint64_t months = 0;
	int err;

	switch (part) {
	case PART_FREQ:
		return freq_parse(rule, value, fault);
	case PART_INTERVAL:
		if (!signed_parse(value, 100000, &rule->interval) || rule->interval < 1)
			return list_fault(fault, "INTERVAL", value);
		return RC_OK;
	case PART_COUNT:
		if (!signed_parse(value, 999999999, &rule->count) || rule->count < 1)
			return list_fault(fault, "COUNT", value);
		return RC_OK;
	case PART_WKST:
		weekday = weekday_parse(value);
		if (weekday < 0)
			return list_fault(fault, "WKST", value);
		rule->week_start = weekday;
		return RC_OK;
	case PART_BYMONTH:
		err = bits_parse(value, "BYMONTH", 12, &months, NULL, fault);
		rule->months = (uint32_t)months;
		return err;
	case PART_BYWEEKNO:
		rule->by_week = true;
		return bits_parse(value, "BYWEEKNO", 53, &rule->week[0], &rule->week[1], fault);
	case PART_BYYEARDAY:
		rule->by_year_day = true;
		return bits_parse(value, "BYYEARDAY", 366, rule->year_day[0], rule->year_day[1], fault);
	case PART_BYMONTHDAY:
		rule->by_month_day = true;
		return bits_parse(value, "BYMONTHDAY", 31, &rule->month_day[0], &rule->month_day[1], fault);
	case PART_BYDAY:
		rule->by_day = true;
		return days_parse(rule, value, fault);
	case PART_BYSETPOS:
		return set_pos_parse(rule, value, fault);
	case PART_UNTIL:
		return rc_fault_set(fault, RC_INVALID, "UNTIL is not used here; the last day is valid_to");
	default:
		return rc_fault_set(fault, RC_INVALID, "%s is finer than a day; use from and to", part_names[part]);
	}
}

/* What the RFC says MUST NOT stand together. */
static int combination_check(const struct recurrence *rule, struct rc_fault *fault)
{
	bool yearly = rule->freq == FREQ_YEARLY;

	if (rule->freq == FREQ_NONE)
		return rc_fault_set(fault, RC_INVALID, "FREQ is missing");
	if (rule->by_week && !yearly)
		return rc_fault_set(fault, RC_INVALID, "BYWEEKNO goes with FREQ=YEARLY only");
	if (rule->by_year_day && !yearly)
		return rc_fault_set(fault, RC_INVALID, "BYYEARDAY goes with FREQ=YEARLY only");
	if (rule->by_month_day && rule->freq == FREQ_WEEKLY)
		return rc_fault_set(fault, RC_INVALID, "BYMONTHDAY does not go with FREQ=WEEKLY");
	if (rule->nth_count > 0 && ((!yearly && rule->freq != FREQ_MONTHLY) || rule->by_week))
		return rc_fault_set(fault, RC_INVALID,
				    "BYDAY with a number goes with FREQ=MONTHLY or YEARLY without BYWEEKNO");
	if (rule->set_pos_count > 0 && !rule->months && !rule->by_week && !rule->by_year_day && !rule->by_month_day &&
	    !rule->by_day)
		return rc_fault_set(fault, RC_INVALID, "BYSETPOS needs another BY part");
	return RC_OK;
}

int recurrence_parse(struct recurrence *rule, struct rc_str text, struct rc_fault *fault)
{
	uint32_t seen = 0;

	memset(rule, 0, sizeof(*rule));
	rule->interval = 1;
	rule->last = INT32_MAX;
	if (text.len == 0 || text.len > 2048 || text.ptr[text.len - 1] == ';' || text.ptr[text.len - 1] == ',')
		return rc_fault_set(fault, RC_INVALID, "not a recurrence rule");
	while (text.len > 0) {
		struct rc_str value = rc_str_cut(&text, ';');
		struct rc_str name = rc_str_cut(&value, '=');
		int part = 0;
		int err;

		while (part < PART_TOTAL && !rc_str_eq_nocase(name, rc_str_from(part_names[part])))
			part++;
		if (part == PART_TOTAL)
			return rc_fault_set(fault, RC_INVALID, "\"%.*s\" is not a part of a recurrence rule",
					    (int)(name.len < 40 ? name.len : 40), name.ptr);
		if (seen & 1u << part)
			return rc_fault_set(fault, RC_INVALID, "%s stands twice", part_names[part]);
		seen |= 1u << part;
		if (value.len == 0 || value.ptr[value.len - 1] == ',')
			return list_fault(fault, part_names[part], value);
		err = part_parse(rule, (enum part)part, value, fault);
		if (err)
			return err;
	}
	return combination_check(rule, fault);
}

int rrule_check(struct rc_str rrule, struct rc_fault *fault)
{
	struct recurrence rule;

	return recurrence_parse(&rule, rrule, fault);
}

/* A date with everything the BY parts ask about. */
struct day {
	int32_t date, year, month, month_day, weekday;
	int32_t month_days, year_first, year_days;
};

static void day_set(struct day *day, int32_t date)
{
	int32_t next_month;

	day->date = date;
	date_to_civil(date, &day->year, &day->month, &day->month_day);
	day->weekday = date_weekday(date);
	next_month = day->month == 12 ? date_from_civil(day->year + 1, 1, 1)
				      : date_from_civil(day->year, day->month + 1, 1);
	day->month_days = next_month - (date - day->month_day + 1);
	day->year_first = date_from_civil(day->year, 1, 1);
	day->year_days = date_from_civil(day->year + 1, 1, 1) - day->year_first;
}

static int32_t week_of(const struct recurrence *rule, int32_t date)
{
	return date - (date_weekday(date) - rule->week_start + 7) % 7;
}

static bool has_bit(const uint64_t *bits, int32_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

/* Week 1 is the first one with at least four days in the year. */
static bool week_passes(const struct recurrence *rule, const struct day *day)
{
	int32_t week = week_of(rule, day->date);
	int32_t year, month, month_day, first, number, total;

	date_to_civil(week + 3, &year, &month, &month_day);
	first = week_of(rule, date_from_civil(year, 1, 4));
	number = (week - first) / 7 + 1;
	total = (week_of(rule, date_from_civil(year + 1, 1, 4)) - first) / 7;
	return has_bit(&rule->week[0], number) || has_bit(&rule->week[1], total + 1 - number);
}

static bool nth_passes(const struct recurrence *rule, const struct day *day)
{
	bool in_month = rule->freq == FREQ_MONTHLY || rule->months;
	int32_t index = in_month ? day->month_day - 1 : day->date - day->year_first;
	int32_t length = in_month ? day->month_days : day->year_days;

	for (size_t i = 0; i < rule->nth_count; i++) {
		int32_t ordinal = rule->nth[i].ordinal > 0 ? index / 7 + 1 : -((length - 1 - index) / 7 + 1);

		if (rule->nth[i].weekday == day->weekday && rule->nth[i].ordinal == ordinal)
			return true;
	}
	return false;
}

static bool by_passes(const struct recurrence *rule, const struct day *day)
{
	if (rule->months && !(rule->months >> day->month & 1))
		return false;
	if (rule->by_month_day && !has_bit(&rule->month_day[0], day->month_day) &&
	    !has_bit(&rule->month_day[1], day->month_days + 1 - day->month_day))
		return false;
	if (rule->by_year_day && !has_bit(rule->year_day[0], day->date - day->year_first + 1) &&
	    !has_bit(rule->year_day[1], day->year_days - (day->date - day->year_first)))
		return false;
	if (rule->by_week && !week_passes(rule, day))
		return false;
	return !rule->by_day || rule->weekdays >> day->weekday & 1 || nth_passes(rule, day);
}

/* The period that holds the day, [*first, *next), and whether INTERVAL lets it pass. */
static bool period_of(const struct recurrence *rule, const struct day *day, int32_t *first, int32_t *next)
{
	int32_t year, month, month_day, distance;

	date_to_civil(rule->start, &year, &month, &month_day);
	switch (rule->freq) {
	case FREQ_WEEKLY:
		*first = week_of(rule, day->date);
		*next = *first + 7;
		distance = (*first - week_of(rule, rule->start)) / 7;
		break;
	case FREQ_MONTHLY:
		*first = day->date - day->month_day + 1;
		*next = *first + day->month_days;
		distance = (day->year - year) * 12 + day->month - month;
		break;
	case FREQ_YEARLY:
		*first = day->year_first;
		*next = *first + day->year_days;
		distance = day->year - year;
		break;
	default:
		*first = day->date;
		*next = *first + 1;
		distance = day->date - rule->start;
	}
	return distance % rule->interval == 0;
}

/* Which of the period's passing days BYSETPOS names. */
static void set_pos_pick(const struct recurrence *rule, const int32_t *dates, int32_t count, bool *picked)
{
	for (size_t i = 0; i < rule->set_pos_count; i++) {
		int32_t place = rule->set_pos[i] > 0 ? rule->set_pos[i] - 1 : count + rule->set_pos[i];

		if (place >= 0 && place < count)
			picked[dates[place] - dates[0]] = true;
	}
}

static void year_mark(const struct recurrence *rule, int32_t date, int32_t lo, int32_t hi, uint64_t *days)
{
	int32_t bit = date - lo;

	if (date >= lo && date < hi && date >= rule->start && date <= rule->last)
		days[bit / 64] |= UINT64_C(1) << (bit % 64);
}

void recurrence_year(const struct recurrence *rule, int32_t year, uint64_t days[YEAR_WORDS])
{
	int32_t lo = date_from_civil(year, 1, 1), hi = date_from_civil(year + 1, 1, 1);
	int32_t date = lo;
	int32_t dates[366];
	bool picked[366];

	memset(days, 0, YEAR_WORDS * sizeof(*days));
	if (hi <= rule->start || lo > rule->last)
		return;
	while (date < hi) {
		int32_t first, next, count = 0;
		struct day day;

		day_set(&day, date);
		if (period_of(rule, &day, &first, &next)) {
			for (int32_t d = first; d < next; d++) {
				day_set(&day, d);
				if (by_passes(rule, &day))
					dates[count++] = d;
			}
			if (rule->set_pos_count > 0) {
				memset(picked, 0, sizeof(picked));
				set_pos_pick(rule, dates, count, picked);
			}
			for (int32_t i = 0; i < count; i++)
				if (rule->set_pos_count == 0 || picked[dates[i] - dates[0]])
					year_mark(rule, dates[i], lo, hi, days);
		}
		date = next;
	}
}

void recurrence_begin(struct recurrence *rule, int32_t start)
{
	int32_t year, month, month_day, left = rule->count;
	bool open = !rule->by_day && !rule->by_month_day && !rule->by_year_day;

	rule->start = start;
	rule->last = INT32_MAX;
	date_to_civil(start, &year, &month, &month_day);
	if (open && (rule->freq == FREQ_WEEKLY || rule->by_week)) {
		rule->by_day = true;
		rule->weekdays = 1u << date_weekday(start);
	} else if (open && (rule->freq == FREQ_MONTHLY || rule->freq == FREQ_YEARLY)) {
		rule->by_month_day = true;
		rule->month_day[0] = UINT64_C(1) << month_day;
		if (rule->freq == FREQ_YEARLY && !rule->months)
			rule->months = 1u << month;
	}
	for (; left > 0 && year <= COUNT_YEAR_MAX; year++) {
		uint64_t days[YEAR_WORDS];
		int32_t first = date_from_civil(year, 1, 1);

		recurrence_year(rule, year, days);
		for (int32_t d = 0; d < 366 && left > 0; d++)
			if (has_bit(days, d) && --left == 0)
				rule->last = first + d;
	}
}
