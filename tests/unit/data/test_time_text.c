#include "tests/unit/suite.h"

#include <stdio.h>
#include <time.h>

#include "rowcast/data/time_text.h"

static int parse(const char *text, int64_t *us)
{
	return time_parse(rc_str_from(text), us);
}

static void assert_formats(int64_t us, const char *expected)
{
	char text[TIME_TEXT_MAX];

	assert_int_equal(time_format(us, text), strlen(expected));
	assert_string_equal(text, expected);
}

static void fractions_are_written_only_when_needed(void **state)
{
	assert_formats(0, "1970-01-01T00:00:00Z");
	assert_formats(INT64_C(1795514400000000), "2026-11-24T10:00:00Z");
	assert_formats(120000, "1970-01-01T00:00:00.120Z");
	assert_formats(1, "1970-01-01T00:00:00.000001Z");
	assert_formats(-1, "1969-12-31T23:59:59.999999Z");
	assert_formats(-86400 * INT64_C(1000000), "1969-12-31T00:00:00Z");
}

static void instants_outside_four_digit_years_show_as_the_first_or_last(void **state)
{
	assert_formats(INT64_MIN, "0001-01-01T00:00:00Z");
	assert_formats(INT64_MAX, "9999-12-31T23:59:59.999999Z");
}

static void the_first_and_last_instant_are_read_and_one_beyond_is_not(void **state)
{
	int64_t us = 7;

	assert_int_equal(parse("9999-12-31T23:59:59.999999Z", &us), RC_OK);
	assert_formats(us, "9999-12-31T23:59:59.999999Z");
	assert_int_equal(parse("0001-01-01T00:00:00Z", &us), RC_OK);
	assert_formats(us, "0001-01-01T00:00:00Z");
	us = 7;
	assert_int_equal(parse("0001-01-01T00:00:00+00:01", &us), RC_INVALID);
	assert_int_equal(parse("9999-12-31T23:59:59-00:01", &us), RC_INVALID);
	assert_int_equal(parse("0000-12-31T23:59:59Z", &us), RC_INVALID);
	assert_int_equal(us, 7);
}

static void offsets_are_taken_away(void **state)
{
	static const char *const same[] = {"2026-03-29T01:30:00Z",      "2026-03-29T02:30:00+01:00",
					   "2026-03-28T21:30:00-04:00", "2026-03-29T07:15:00+05:45",
					   "2026-03-29t01:30:00z",      "2026-03-29T01:30:00.000000Z",
					   "2026-03-29T01:30:00-00:00", "2026-03-30T01:29:00+23:59"};
	int64_t first, us;

	assert_int_equal(parse(same[0], &first), RC_OK);
	for (size_t i = 1; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_int_equal(parse(same[i], &us), RC_OK);
		assert_true(us == first);
	}
}

static void one_to_six_digits_of_fraction_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} cases[] = {{"1970-01-01T00:00:00.1Z", 100000},
		     {"1970-01-01T00:00:00.01Z", 10000},
		     {"1970-01-01T00:00:00.123456Z", 123456}};
	int64_t us;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].text, &us), RC_OK);
		assert_int_equal(us, cases[i].us);
	}
}

static void anything_else_is_no_instant(void **state)
{
	static const char *const wrong[] = {
		"",
		"2026-11-20",
		"2026-11-20T10:00:00",
		"2026-11-20 10:00:00Z",
		"2026-11-20T10:00Z",
		"2026-11-20T10:00:00.Z",
		"2026-11-20T10:00:00.1234567Z",
		"2026-11-20T10:00:00,5Z",
		"2026-11-20T24:00:00Z",
		"2026-11-20T10:60:00Z",
		"2026-12-31T23:59:60Z",
		"2026-11-20T10:00:00+24:00",
		"2026-11-20T10:00:00+01:60",
		"2026-11-20T10:00:00+0100",
		"2026-11-20T10:00:00+01",
		"2026-11-20T10:00:00ZZ",
		"2026-11-20T10:00:00Z ",
		" 2026-11-20T10:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-02-29T00:00:00Z",
		"2026-11-31T00:00:00Z",
		"+026-11-20T10:00:00Z",
		"2026-1-20T10:00:00Z",
		"20261120T100000Z",
		"2026-11-20T1\xD9\xA0:00:00Z",
	};
	int64_t us = 7;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(parse(wrong[i], &us), RC_INVALID);
	assert_int_equal(time_parse(RC_STR("2026-11-20T10:00:00Z\0"), &us), RC_INVALID);
	assert_int_equal(us, 7);
}

static void every_prefix_of_an_instant_is_refused(void **state)
{
	static const char whole[] = "2026-11-20T10:00:00.123456+01:00";
	int64_t us;

	assert_int_equal(parse(whole, &us), RC_OK);
	for (size_t len = 0; len < sizeof(whole) - 1; len++)
		assert_int_equal(time_parse((struct rc_str){whole, len}, &us), RC_INVALID);
}

static void days_agree_with_the_c_library_from_year_1_to_9999(void **state)
{
	for (int64_t days = -719162; days <= 2932896; days += 97) {
		time_t seconds = (time_t)days * 86400;
		int32_t year, month, day;
		struct tm tm;

		gmtime_r(&seconds, &tm);
		date_to_civil((int32_t)days, &year, &month, &day);
		assert_int_equal(year, tm.tm_year + 1900);
		assert_int_equal(month, tm.tm_mon + 1);
		assert_int_equal(day, tm.tm_mday);
		assert_int_equal(date_from_civil(year, month, day), days);
		assert_int_equal(date_weekday((int32_t)days), (tm.tm_wday + 6) % 7);
	}
}

static void leap_days_exist_where_the_calendar_has_them(void **state)
{
	int32_t days = 7;

	assert_int_equal(date_parse(RC_STR("2024-02-29"), &days), RC_OK);
	assert_int_equal(date_parse(RC_STR("2000-02-29"), &days), RC_OK);
	days = 7;
	assert_int_equal(date_parse(RC_STR("1900-02-29"), &days), RC_INVALID);
	assert_int_equal(date_parse(RC_STR("2026-02-29"), &days), RC_INVALID);
	assert_int_equal(date_parse(RC_STR("2026-04-31"), &days), RC_INVALID);
	assert_int_equal(days, 7);
}

static void a_date_is_exactly_ten_characters(void **state)
{
	static const char *const wrong[] = {"",           "2026-11-2",   "2026-11-020", "2026/11/20",
					    "0000-01-01", "2026-11-20 ", "12026-01-01"};
	char text[TIME_TEXT_MAX];
	int32_t days;

	assert_int_equal(date_parse(RC_STR("2026-11-20"), &days), RC_OK);
	assert_int_equal(date_format(days, text), 10);
	assert_string_equal(text, "2026-11-20");
	assert_int_equal(date_weekday(days), 4);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(date_parse(rc_str_from(wrong[i]), &days), RC_INVALID);
	date_format(INT32_MIN, text);
	assert_string_equal(text, "0001-01-01");
	date_format(INT32_MAX, text);
	assert_string_equal(text, "9999-12-31");
}

static void what_is_written_reads_back_equal(void **state)
{
	uint64_t random = 88172645463325252u;

	for (int i = 0; i < 20000; i++) {
		char text[TIME_TEXT_MAX];
		int64_t us, back;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		us = (int64_t)(random % 315537897600000000u) - INT64_C(62135596800000000);
		assert_int_equal(parse((time_format(us, text), text), &back), RC_OK);
		assert_true(back == us);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fractions_are_written_only_when_needed),
		cmocka_unit_test(instants_outside_four_digit_years_show_as_the_first_or_last),
		cmocka_unit_test(the_first_and_last_instant_are_read_and_one_beyond_is_not),
		cmocka_unit_test(offsets_are_taken_away),
		cmocka_unit_test(one_to_six_digits_of_fraction_are_read),
		cmocka_unit_test(anything_else_is_no_instant),
		cmocka_unit_test(every_prefix_of_an_instant_is_refused),
		cmocka_unit_test(days_agree_with_the_c_library_from_year_1_to_9999),
		cmocka_unit_test(leap_days_exist_where_the_calendar_has_them),
		cmocka_unit_test(a_date_is_exactly_ten_characters),
		cmocka_unit_test(what_is_written_reads_back_equal),
	};

	return RUN_TESTS(tests);
}
