/*
 * Recurrence rules: examples of RFC 5545 §3.8.5.3 that whole days can have, what libical gets wrong, and what is
 * refused. Thousands of random rules are compared with dateutil by tests/system/oracle/recurrences.py.
 */
#include "tests/unit/suite.h"
/* first: cmocka */
#include "slotcast/booking/recurrence.h"
#include "tests/unit/booking/rows.h"

/* The first days of a rule, blank between. */
static void assert_days(const char *rrule, const char *start, const char *expected)
{
	struct recurrence rule;
	struct rc_fault fault;
	char got[512] = "";
	size_t len = 0, expected_len = strlen(expected);
	int32_t year, month, day;

	assert_int_equal(recurrence_parse(&rule, rc_str_from(rrule), &fault), 0);
	recurrence_begin(&rule, on(start));
	date_to_civil(on(start), &year, &month, &day);
	for (int32_t y = year; y < year + 12 && len <= expected_len; y++) {
		uint64_t days[YEAR_WORDS];

		recurrence_year(&rule, y, days);
		for (int32_t d = 0; d < 366 && len <= expected_len; d++) {
			char text[TIME_TEXT_MAX];

			if (!(days[d / 64] >> (d % 64) & 1))
				continue;
			(void)date_format(date_from_civil(y, 1, 1) + d, text);
			len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%s", len ? " " : "", text);
		}
	}
	if (strstr(rrule, "COUNT"))
		assert_string_equal(got, expected);
	else
		assert_memory_equal(got, expected, expected_len);
}

static void examples_of_the_rfc_come_out(void **state)
{
	assert_days("FREQ=DAILY;COUNT=3", "1997-09-02", "1997-09-02 1997-09-03 1997-09-04");
	assert_days("FREQ=DAILY;INTERVAL=10;COUNT=5", "1997-09-02",
		    "1997-09-02 1997-09-12 1997-09-22 1997-10-02 1997-10-12");
	assert_days("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "1997-08-05",
		    "1997-08-05 1997-08-10 1997-08-19 1997-08-24");
	assert_days("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "1997-08-05",
		    "1997-08-05 1997-08-17 1997-08-19 1997-08-31");
	assert_days("FREQ=MONTHLY;COUNT=4;BYDAY=1FR", "1997-09-05", "1997-09-05 1997-10-03 1997-11-07 1997-12-05");
	assert_days("FREQ=MONTHLY;COUNT=3;BYDAY=-2MO", "1997-09-22", "1997-09-22 1997-10-20 1997-11-17");
	assert_days("FREQ=MONTHLY;BYMONTHDAY=-3", "1997-09-28", "1997-09-28 1997-10-29 1997-11-28 1997-12-29");
	assert_days("FREQ=MONTHLY;COUNT=3;BYMONTHDAY=1,-1", "1997-09-30", "1997-09-30 1997-10-01 1997-10-31");
	assert_days("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1997-09-02",
		    "1998-02-13 1998-03-13 1998-11-13 1999-08-13 2000-10-13");
	assert_days("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04", "1997-09-04 1997-10-07 1997-11-06");
	assert_days("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "1997-09-29",
		    "1997-09-29 1997-10-30 1997-11-27 1997-12-30");
	assert_days("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "2007-01-15",
		    "2007-01-15 2007-01-30 2007-02-15 2007-03-15 2007-03-30");
	assert_days("FREQ=YEARLY;INTERVAL=3;COUNT=4;BYYEARDAY=1,100,200", "1997-01-01",
		    "1997-01-01 1997-04-10 1997-07-19 2000-01-01");
	assert_days("FREQ=YEARLY;BYDAY=20MO", "1997-05-19", "1997-05-19 1998-05-18 1999-05-17");
	assert_days("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "1997-05-12", "1997-05-12 1998-05-11 1999-05-17");
	assert_days("FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "1996-11-05",
		    "1996-11-05 2000-11-07 2004-11-02");
}

static void days_that_libical_misses_are_there(void **state)
{
	assert_days("FREQ=DAILY;BYMONTHDAY=-1", "2026-01-01", "2026-01-31 2026-02-28 2026-03-31");
	assert_days("FREQ=DAILY;BYMONTHDAY=-8,6", "2026-01-01", "2026-01-06 2026-01-24 2026-02-06 2026-02-21");
	assert_days("FREQ=WEEKLY;BYDAY=SA,SU;BYSETPOS=2;COUNT=2", "2026-11-16", "2026-11-22 2026-11-29");
	assert_days("FREQ=YEARLY;BYMONTHDAY=13;BYDAY=FR", "2026-01-01", "2026-02-13 2026-03-13 2026-11-13 2027-08-13");
	assert_days("FREQ=YEARLY;BYYEARDAY=-1;BYDAY=TH", "2026-01-01", "2026-12-31 2037-12-31");
}

static void a_start_that_does_not_match_is_no_occurrence(void **state)
{
	assert_days("FREQ=WEEKLY;BYDAY=MO;COUNT=2", "2026-11-20", "2026-11-23 2026-11-30");
}

static void what_a_rule_leaves_open_comes_from_its_start(void **state)
{
	assert_days("FREQ=WEEKLY", "2026-11-20", "2026-11-20 2026-11-27");
	assert_days("FREQ=MONTHLY", "2026-01-31", "2026-01-31 2026-03-31 2026-05-31");
	assert_days("FREQ=YEARLY", "2024-02-29", "2024-02-29 2028-02-29");
	assert_days("FREQ=YEARLY;BYMONTH=3", "2026-11-20", "2027-03-20 2028-03-20");
	assert_days("FREQ=YEARLY;BYWEEKNO=20", "2026-11-20", "2027-05-21 2028-05-19");
}

static void a_week_that_crosses_the_year_is_one_week(void **state)
{
	assert_days("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR", "2026-12-28", "2026-12-28 2027-01-01 2027-01-11 2027-01-15");
	assert_days("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", "2024-06-01", "2024-12-30 2025-12-29 2027-01-04");
}

static void letters_may_be_small(void **state)
{
	assert_days("freq=weekly;byday=mo;count=1", "2026-11-20", "2026-11-23");
}

static void assert_refused(const char *rrule, const char *why)
{
	struct rc_fault fault = {0};

	assert_int_equal(rrule_check(rc_str_from(rrule), &fault), RC_INVALID);
	if (!strstr(fault.message, why))
		fail_msg("%s: \"%s\" does not say \"%s\"", rrule, fault.message, why);
}

static void what_is_finer_than_a_day_is_refused(void **state)
{
	assert_refused("FREQ=HOURLY", "finer than a day");
	assert_refused("FREQ=DAILY;BYHOUR=9", "BYHOUR is finer than a day");
	assert_refused("FREQ=DAILY;BYMINUTE=9", "BYMINUTE");
	assert_refused("FREQ=DAILY;BYSECOND=9", "BYSECOND");
	assert_refused("FREQ=DAILY;UNTIL=20261231", "valid_to");
}

static void combinations_that_the_rfc_forbids_are_refused(void **state)
{
	assert_refused("FREQ=MONTHLY;BYWEEKNO=3", "BYWEEKNO");
	assert_refused("FREQ=DAILY;BYYEARDAY=3", "BYYEARDAY");
	assert_refused("FREQ=WEEKLY;BYMONTHDAY=3", "BYMONTHDAY");
	assert_refused("FREQ=WEEKLY;BYDAY=1MO", "BYDAY");
	assert_refused("FREQ=YEARLY;BYWEEKNO=3;BYDAY=1MO", "BYDAY");
	assert_refused("FREQ=DAILY;BYSETPOS=1", "BYSETPOS");
}

static void what_is_no_rule_is_refused(void **state)
{
	assert_refused("", "not a recurrence rule");
	assert_refused("BYDAY=MO", "FREQ is missing");
	assert_refused("FREQ=DAILY;", "not a recurrence rule");
	assert_refused("FREQ=DAILY;;COUNT=1", "is not a part");
	assert_refused("FREQ=DAILY;FREQ=DAILY", "twice");
	assert_refused("FREQ=FORTNIGHTLY", "FREQ");
	assert_refused("FREQ=DAILY;X=1", "is not a part");
	assert_refused("FREQ=DAILY;BYDAY", "BYDAY");
	assert_refused("FREQ=DAILY;BYDAY=", "BYDAY");
	assert_refused("FREQ=DAILY;BYDAY=MO,", "not a recurrence rule");
	assert_refused("FREQ=DAILY;BYDAY=MO,;COUNT=1", "BYDAY");
	assert_refused("FREQ=DAILY;BYDAY=XX", "BYDAY");
	assert_refused("FREQ=MONTHLY;BYDAY=0MO", "BYDAY");
	assert_refused("FREQ=DAILY;COUNT=0", "COUNT");
	assert_refused("FREQ=DAILY;COUNT=-1", "COUNT");
	assert_refused("FREQ=DAILY;INTERVAL=0", "INTERVAL");
	assert_refused("FREQ=DAILY;INTERVAL= 1", "INTERVAL");
	assert_refused("FREQ=DAILY;BYMONTH=1x", "BYMONTH");
	assert_refused("FREQ=DAILY;WKST=1MO", "WKST");
}

static void assert_limit(const char *before, int max, const char *after)
{
	char rrule[64];
	struct rc_fault fault;

	(void)snprintf(rrule, sizeof(rrule), "%s%d%s", before, max, after);
	assert_int_equal(rrule_check(rc_str_from(rrule), &fault), 0);
	(void)snprintf(rrule, sizeof(rrule), "%s%d%s", before, max + 1, after);
	assert_int_equal(rrule_check(rc_str_from(rrule), &fault), RC_INVALID);
}

static void numbers_are_taken_up_to_their_limit(void **state)
{
	assert_limit("FREQ=DAILY;BYMONTH=", 12, "");
	assert_limit("FREQ=DAILY;BYMONTHDAY=", 31, "");
	assert_limit("FREQ=DAILY;BYMONTHDAY=-", 31, "");
	assert_limit("FREQ=YEARLY;BYYEARDAY=", 366, "");
	assert_limit("FREQ=YEARLY;BYYEARDAY=-", 366, "");
	assert_limit("FREQ=YEARLY;BYWEEKNO=", 53, "");
	assert_limit("FREQ=YEARLY;BYDAY=", 53, "MO");
	assert_limit("FREQ=YEARLY;BYDAY=MO;BYSETPOS=", 366, "");
	assert_limit("FREQ=DAILY;INTERVAL=", 100000, "");
	assert_limit("FREQ=DAILY;COUNT=", 999999999, "");
}

static void lists_are_taken_up_to_their_limit(void **state)
{
	char rrule[1024] = "FREQ=YEARLY;BYDAY=1MO";
	struct rc_fault fault;

	for (int i = 1; i < RECURRENCE_LIST_MAX; i++)
		strcat(rrule, ",1MO");
	assert_int_equal(rrule_check(rc_str_from(rrule), &fault), 0);
	strcat(rrule, ",1MO");
	assert_int_equal(rrule_check(rc_str_from(rrule), &fault), RC_INVALID);
}

static void a_rule_that_never_occurs_ends_its_count(void **state)
{
	assert_days("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=3", "2026-01-01", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_of_the_rfc_come_out),
		cmocka_unit_test(days_that_libical_misses_are_there),
		cmocka_unit_test(a_start_that_does_not_match_is_no_occurrence),
		cmocka_unit_test(what_a_rule_leaves_open_comes_from_its_start),
		cmocka_unit_test(a_week_that_crosses_the_year_is_one_week),
		cmocka_unit_test(letters_may_be_small),
		cmocka_unit_test(what_is_finer_than_a_day_is_refused),
		cmocka_unit_test(combinations_that_the_rfc_forbids_are_refused),
		cmocka_unit_test(what_is_no_rule_is_refused),
		cmocka_unit_test(numbers_are_taken_up_to_their_limit),
		cmocka_unit_test(lists_are_taken_up_to_their_limit),
		cmocka_unit_test(a_rule_that_never_occurs_ends_its_count),
	};

	return RUN_TESTS(tests);
}
