/*
 * Recurrence rules of whole days (RFC 5545 §3.3.10): FREQ DAILY … YEARLY with INTERVAL, COUNT, WKST, BYMONTH, BYWEEKNO,
 * BYYEARDAY, BYMONTHDAY, BYDAY and BYSETPOS. What the clock does is not theirs: UNTIL, BYHOUR, BYMINUTE, BYSECOND and
 * sub-daily frequencies are refused.
 */
#ifndef SLOTCAST_BOOKING_RECURRENCE_H
#define SLOTCAST_BOOKING_RECURRENCE_H

#include "rowcast/err.h"
#include "rowcast/str.h"

enum recurrence_freq { FREQ_NONE, FREQ_DAILY, FREQ_WEEKLY, FREQ_MONTHLY, FREQ_YEARLY };

enum { RECURRENCE_LIST_MAX = 64, YEAR_WORDS = 6 };

struct recurrence {
	enum recurrence_freq freq;
	int32_t interval, count; /* count 0: no end */
	int32_t week_start;      /* 0 = Monday */
	bool by_month_day, by_year_day, by_week, by_day;
	uint32_t months;       /* bit 1..12; 0: all */
	uint32_t weekdays;     /* BYDAY without ordinal, bit 0 = Monday */
	uint64_t month_day[2]; /* bit 1..31; [1]: counted from the end */
	uint64_t week[2];      /* bit 1..53 */
	uint64_t year_day[2][YEAR_WORDS];
	struct {
		int8_t ordinal, weekday;
	} nth[RECURRENCE_LIST_MAX]; /* BYDAY with ordinal */
	size_t nth_count;
	int16_t set_pos[RECURRENCE_LIST_MAX];
	size_t set_pos_count;
	int32_t start; /* DTSTART */
	int32_t last;  /* by COUNT; INT32_MAX: no end */
};

/* RC_INVALID: the message names the part and why. The rule has no DTSTART yet. */
int recurrence_parse(struct recurrence *rule, struct rc_str text, struct rc_fault *fault) RC_MUST_CHECK;
/* Give it its DTSTART: what the rule leaves open is taken from it, and COUNT is counted from it. */
void recurrence_begin(struct recurrence *rule, int32_t start);
/* The rule's days of one year: bit d of `days` = the d-th day (0 = 1 January). */
void recurrence_year(const struct recurrence *rule, int32_t year, uint64_t days[YEAR_WORDS]);

/* For the importer: is this a rule that the program follows exactly? */
int rrule_check(struct rc_str rrule, struct rc_fault *fault) RC_MUST_CHECK;

#endif
