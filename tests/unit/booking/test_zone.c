/*
 * Zones: the cases that a booking meets. All zones and all transitions are asked by tests/system/oracle/zones.py.
 */
#include "tests/unit/suite.h"
/* first: cmocka */
#include <pthread.h>

#include "slotcast/booking/tzfile.h"
#include "tests/unit/booking/rows.h"

static const struct zone *zone_of(const char *name)
{
	const struct zone *zone = NULL;

	assert_int_equal(zone_find(rc_str_from(name), &zone), 0);
	return zone;
}

static void assert_instant(const struct zone *zone, const char *date, int minutes, const char *utc)
{
	char got[TIME_TEXT_MAX];

	(void)time_format(zone_to_instant(zone, on(date), minutes), got);
	assert_string_equal(got, utc);
}

static void a_wall_time_in_a_spring_gap_takes_the_offset_before_it(void **state)
{
	const struct zone *lisbon = zone_of("Europe/Lisbon");

	assert_instant(lisbon, "2026-03-29", 59, "2026-03-29T00:59:00Z");
	assert_instant(lisbon, "2026-03-29", 90, "2026-03-29T01:30:00Z");
	assert_instant(lisbon, "2026-03-29", 120, "2026-03-29T01:00:00Z");
}

static void a_wall_time_in_an_autumn_overlap_is_its_first_occurrence(void **state)
{
	const struct zone *lisbon = zone_of("Europe/Lisbon");

	assert_instant(lisbon, "2026-10-25", 60, "2026-10-25T00:00:00Z");
	assert_instant(lisbon, "2026-10-25", 119, "2026-10-25T00:59:00Z");
	assert_instant(lisbon, "2026-10-25", 120, "2026-10-25T02:00:00Z");
}

static void lord_howe_changes_by_half_an_hour(void **state)
{
	const struct zone *howe = zone_of("Australia/Lord_Howe");

	assert_int_equal(zone_day_start(howe, on("2026-10-05")) - zone_day_start(howe, on("2026-10-04")),
			 23 * HOUR + HOUR / 2);
	assert_int_equal(zone_day_start(howe, on("2026-04-06")) - zone_day_start(howe, on("2026-04-05")),
			 24 * HOUR + HOUR / 2);
	assert_int_equal(zone_offset_at(howe, at("2042-01-01T00:00:00Z")), 11 * 3600);
}

static void a_day_begins_behind_a_midnight_that_does_not_exist(void **state)
{
	const struct zone *beirut = zone_of("Asia/Beirut");
	int64_t begin = zone_day_start(beirut, on("2026-03-29"));
	int32_t date, second;

	assert_int_equal(begin, at("2026-03-28T22:00:00Z"));
	zone_to_wall(beirut, begin, &date, &second);
	assert_int_equal(date, on("2026-03-29"));
	assert_int_equal(second, 3600);
}

static void a_day_that_the_date_line_skipped_has_no_length(void **state)
{
	const struct zone *apia = zone_of("Pacific/Apia");
	int32_t date;

	assert_int_equal(zone_day_start(apia, on("2011-12-30")), zone_day_start(apia, on("2011-12-31")));
	zone_to_wall(apia, zone_day_start(apia, on("2011-12-31")) - 1, &date, NULL);
	assert_int_equal(date, on("2011-12-29"));
}

static void the_rule_behind_the_table_goes_on_for_ever(void **state)
{
	const struct zone *york = zone_of("America/New_York");

	assert_int_equal(zone_offset_at(york, at("2038-07-01T00:00:00Z")), -4 * 3600);
	assert_int_equal(zone_offset_at(york, at("2437-01-01T00:00:00Z")), -5 * 3600);
	assert_int_equal(zone_offset_at(york, at("9998-07-01T00:00:00Z")), -4 * 3600);
	assert_instant(york, "9998-07-01", 60, "9998-07-01T05:00:00Z");
}

static void times_before_1970_and_between_seconds_round_down(void **state)
{
	const struct zone *kathmandu = zone_of("Asia/Kathmandu");
	int32_t date, second;

	zone_to_wall(kathmandu, -1, &date, &second);
	assert_int_equal(date, 0);
	assert_int_equal(second, 5 * 3600 + 30 * 60 - 1); /* +5:30 until 1986 */
}

static void minutes_may_leave_the_day_on_both_sides(void **state)
{
	const struct zone *utc = zone_of("UTC");

	assert_instant(utc, "2026-12-31", 1440 + 30, "2027-01-01T00:30:00Z");
	assert_instant(utc, "2026-12-31", -30, "2026-12-30T23:30:00Z");
}

static void a_steady_span_has_no_transition_inside(void **state)
{
	const struct zone *lisbon = zone_of("Europe/Lisbon");
	int64_t change = at("2026-03-29T01:00:00Z");

	assert_true(zone_steady(lisbon, change - DAY, change));
	assert_false(zone_steady(lisbon, change - DAY, change + 1));
	assert_true(zone_steady(lisbon, change, change + DAY));
}

static void names_that_are_no_zones_are_not_found(void **state)
{
	static const char *const names[] = {
		"",           "Europe/Nowhere", "../../etc/passwd", "Europe/../UTC", "/UTC",
		"Europe/",    "Europe//Lisbon", "posix/UTC",        "right/UTC",     "localtime",
		"posixrules", "Europe",         "zone1970.tab",     "tzdata.zi",     "Europe/Lisbon "};
	const struct zone *zone;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(zone_find(rc_str_from(names[i]), &zone), RC_NOT_FOUND);
}

static void the_longest_name_is_sixty_four_bytes(void **state)
{
	char name[66];
	const struct zone *zone;

	memset(name, 'a', sizeof(name));
	assert_int_equal(zone_find((struct rc_str){name, 64}, &zone), RC_NOT_FOUND);
	assert_int_equal(zone_find((struct rc_str){name, 65}, &zone), RC_NOT_FOUND);
}

static void *find_many(void *arg)
{
	static const char *const names[] = {"Europe/Paris", "Asia/Tokyo", "America/Lima", "Africa/Lagos"};
	const struct zone **found = arg;

	for (int round = 0; round < 200; round++)
		for (int i = 0; i < 4; i++)
			if (zone_find(rc_str_from(names[i]), &found[i]) || !zone_offset_at(found[i], round * DAY))
				return arg;
	return NULL;
}

static void a_zone_is_loaded_once_whatever_thread_asks(void **state)
{
	const struct zone *found[4][4] = {0};
	pthread_t threads[4];
	void *failed;

	for (int t = 0; t < 4; t++)
		assert_int_equal(pthread_create(&threads[t], NULL, find_many, found[t]), 0);
	for (int t = 0; t < 4; t++) {
		assert_int_equal(pthread_join(threads[t], &failed), 0);
		assert_null(failed);
		assert_memory_equal(found[t], found[0], sizeof(found[0]));
	}
}

/* A file as zic writes it: no table, only a footer. */
static struct rc_str made_file(char bytes[200], const char *footer, char version)
{
	size_t len = 0;

	memset(bytes, 0, 200);
	for (int block = 0; block < 2; block++) {
		char *header = bytes + len;

		memcpy(header, "TZif", 4);
		header[4] = version;
		header[39] = 1; /* one type */
		header[43] = 4; /* four characters of names */
		memcpy(header + 44 + 6, "XXX", 3);
		len += 44 + 6 + 4;
	}
	len += (size_t)snprintf(bytes + len, 200 - len, "\n%s\n", footer);
	return (struct rc_str){bytes, len};
}

static void assert_footer(const char *footer, int expected)
{
	struct zone zone = {0};
	struct rc_fault fault;
	char bytes[200];

	assert_int_equal(tzfile_read(&zone, made_file(bytes, footer, '2'), &fault), expected);
	tzfile_release(&zone);
}

static void footers_of_every_form_are_read(void **state)
{
	assert_footer("", 0);
	assert_footer("UTC0", 0);
	assert_footer("<+0330>-3:30", 0);
	assert_footer("IST-1GMT0,M10.5.0,M3.5.0/1", 0);
	assert_footer("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 0);
	assert_footer("EST5EDT,0/0,J365/25", 0);
	assert_footer("XXX-2<+01>-1,0/0,J365/23", 0);
}

static void footers_that_cannot_be_read_are_refused(void **state)
{
	static const char *const footers[] = {"UT0",
					      "UTC",
					      "UTC25",
					      "<+03-3",
					      "EST5EDT",
					      "EST5EDT,M3.2.0",
					      "EST5EDT,M13.1.0,M11.1.0",
					      "EST5EDT,M3.6.0,M11.1.0",
					      "EST5EDT,M3.2.7,M11.1.0",
					      "EST5EDT,J0,J10",
					      "EST5EDT,M3.2.0/168,M11.1.0",
					      "UTC0 "};

	for (size_t i = 0; i < sizeof(footers) / sizeof(footers[0]); i++)
		assert_footer(footers[i], RC_INVALID);
}

static void daylight_saving_all_year_round_has_one_offset(void **state)
{
	struct zone zone = {0};
	struct rc_fault fault;
	char bytes[200];

	assert_int_equal(tzfile_read(&zone, made_file(bytes, "EST5EDT,0/0,J365/25", '3'), &fault), 0);
	for (int year = 1990; year < 2400; year += 7)
		assert_int_equal(zone_offset_at(&zone, (int64_t)date_from_civil(year, 1, 1) * DAY + HOUR * 5),
				 -4 * 3600);
	tzfile_release(&zone);
}

static void broken_files_are_refused_wherever_they_are_cut(void **state)
{
	struct zone zone = {0};
	struct rc_fault fault;
	char bytes[200];
	struct rc_str file = made_file(bytes, "UTC0", '2');

	for (size_t len = 0; len < file.len; len++) {
		assert_int_equal(tzfile_read(&zone, (struct rc_str){bytes, len}, &fault), RC_INVALID);
		tzfile_release(&zone);
	}
	assert_int_equal(tzfile_read(&zone, made_file(bytes, "UTC0", '\0'), &fault), RC_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wall_time_in_a_spring_gap_takes_the_offset_before_it),
		cmocka_unit_test(a_wall_time_in_an_autumn_overlap_is_its_first_occurrence),
		cmocka_unit_test(lord_howe_changes_by_half_an_hour),
		cmocka_unit_test(a_day_begins_behind_a_midnight_that_does_not_exist),
		cmocka_unit_test(a_day_that_the_date_line_skipped_has_no_length),
		cmocka_unit_test(the_rule_behind_the_table_goes_on_for_ever),
		cmocka_unit_test(times_before_1970_and_between_seconds_round_down),
		cmocka_unit_test(minutes_may_leave_the_day_on_both_sides),
		cmocka_unit_test(a_steady_span_has_no_transition_inside),
		cmocka_unit_test(names_that_are_no_zones_are_not_found),
		cmocka_unit_test(the_longest_name_is_sixty_four_bytes),
		cmocka_unit_test(a_zone_is_loaded_once_whatever_thread_asks),
		cmocka_unit_test(footers_of_every_form_are_read),
		cmocka_unit_test(footers_that_cannot_be_read_are_refused),
		cmocka_unit_test(daylight_saving_all_year_round_has_one_offset),
		cmocka_unit_test(broken_files_are_refused_wherever_they_are_cut),
	};

	return RUN_TESTS(tests);
}
