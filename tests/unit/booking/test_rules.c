/*
 * Catalog and rules: open time, starts, sessions and the window, each on a small venue. Random ones:
 * tests/system/oracle.
 */
#include "tests/unit/suite.h"
/* first: cmocka */
#include "slotcast/booking/rules.h"
#include "tests/unit/booking/rows.h"

enum { ROWS_MAX = 8 };

/* One venue's rows by value; open builds the catalog. */
struct rig {
	struct venue venue;
	struct resource resources[ROWS_MAX];
	struct service services[ROWS_MAX];
	struct service_resource links[ROWS_MAX];
	struct hours hours[ROWS_MAX];
	struct exception exceptions[ROWS_MAX];
	struct session_rule session_rules[ROWS_MAX];
	size_t resource_count, service_count, link_count, hours_count, exception_count, session_rule_count;
	struct catalog *catalog;
	struct rules *rules;
};

#define POINTERS(name, array, count)                                                                                   \
	const __typeof__((array)[0]) *name[ROWS_MAX];                                                                  \
	for (size_t i = 0; i < (count); i++)                                                                           \
		name[i] = &(array)[i];

static void rig_open(struct rig *rig)
{
	const struct venue *venues[] = {&rig->venue};
	POINTERS(resources, rig->resources, rig->resource_count)
	POINTERS(services, rig->services, rig->service_count)
	POINTERS(links, rig->links, rig->link_count)
	POINTERS(hours, rig->hours, rig->hours_count)
	POINTERS(exceptions, rig->exceptions, rig->exception_count)
	POINTERS(session_rules, rig->session_rules, rig->session_rule_count)
	const struct catalog_rows rows = {venues,        1,
					  resources,     rig->resource_count,
					  services,      rig->service_count,
					  links,         rig->link_count,
					  hours,         rig->hours_count,
					  exceptions,    rig->exception_count,
					  session_rules, rig->session_rule_count};

	rig->catalog = catalog_build(&rows, 1);
	if (!rig->rules)
		rig->rules = rules_create();
	rules_use(rig->rules, rig->catalog);
}

/* Resource 1 of a kind, service 1 on it. */
static struct rig *rig_make(const char *tz, const char *kind, int64_t capacity)
{
	struct rig *rig = rc_xcalloc(1, sizeof(*rig));

	rig->venue = row_venue(tz);
	rig->resources[rig->resource_count++] = row_resource(1, kind, capacity);
	rig->services[rig->service_count++] = row_service(1);
	rig->links[rig->link_count++] = (struct service_resource){.service_id = 1, .resource_id = 1};
	return rig;
}

static void rig_close(struct rig *rig)
{
	rules_destroy(rig->rules);
	catalog_drop(rig->catalog);
	free(rig);
}

static const struct catalog_resource *resource_1(const struct rig *rig)
{
	return catalog_resource(rig->catalog, 1);
}

/* The starts of a date as "09:00 09:30", in UTC. */
static void assert_starts(struct rig *rig, const char *date, int duration_min, const char *expected)
{
	const int64_t *starts;
	size_t count, len = 0;
	char got[1024] = "";

	rules_starts(rig->rules, catalog_service(rig->catalog, 1), resource_1(rig), on(date), duration_min, &starts,
		     &count);
	for (size_t i = 0; i < count; i++) {
		char text[TIME_TEXT_MAX];

		(void)time_format(starts[i], text);
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%.5s", len ? " " : "", text + 11);
	}
	assert_string_equal(got, expected);
}

static void starts_stand_every_step_while_the_slot_fits(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);

	rig->hours[rig->hours_count++] = row_hours(1, 1, "FREQ=DAILY", 9 * 60, 11 * 60, "2026-01-01");
	rig_open(rig);
	assert_starts(rig, "2026-11-20", 60, "09:00 09:30 10:00");
	assert_starts(rig, "2026-11-20", 120, "09:00");
	assert_starts(rig, "2026-11-20", 121, "");
	rig_close(rig);
}

static void own_hours_replace_the_venue_s(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);

	rig->hours[rig->hours_count++] = row_hours(1, 0, "FREQ=DAILY", 9 * 60, 11 * 60, "2026-01-01");
	rig_open(rig);
	assert_starts(rig, "2026-11-20", 60, "09:00 09:30 10:00");
	catalog_drop(rig->catalog);
	rig->hours[rig->hours_count++] = row_hours(2, 1, "FREQ=WEEKLY;BYDAY=MO", 14 * 60, 15 * 60, "2026-01-01");
	rig_open(rig);
	assert_starts(rig, "2026-11-20", 60, "");
	assert_starts(rig, "2026-11-23", 60, "14:00");
	rig_close(rig);
}

static void own_hours_that_cannot_be_read_close_the_resource(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);

	rig->hours[rig->hours_count++] = row_hours(1, 0, "FREQ=DAILY", 9 * 60, 11 * 60, "2026-01-01");
	rig->hours[rig->hours_count++] = row_hours(2, 1, "FREQ=SOMETIMES", 9 * 60, 11 * 60, "2026-01-01");
	rig_open(rig);
	assert_starts(rig, "2026-11-20", 60, "");
	rig_close(rig);
}

static void hours_are_valid_from_and_to_inclusive(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);

	rig->hours[0] = row_hours(1, 1, "FREQ=DAILY", 9 * 60, 10 * 60, "2026-11-20");
	rig->hours[0].nulls = 0;
	rig->hours[0].valid_to = on("2026-11-21");
	rig->hours_count = 1;
	rig_open(rig);
	assert_starts(rig, "2026-11-19", 60, "");
	assert_starts(rig, "2026-11-20", 60, "09:00");
	assert_starts(rig, "2026-11-21", 60, "09:00");
	assert_starts(rig, "2026-11-22", 60, "");
	rig_close(rig);
}

static void hours_that_touch_make_one_span_with_one_grid(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);

	rig->hours[rig->hours_count++] = row_hours(1, 1, "FREQ=DAILY", 9 * 60, 10 * 60 + 15, "2026-01-01");
	rig->hours[rig->hours_count++] = row_hours(2, 1, "FREQ=DAILY", 10 * 60 + 15, 11 * 60, "2026-01-01");
	rig_open(rig);
	assert_starts(rig, "2026-11-20", 60, "09:00 09:30 10:00");
	rig_close(rig);
}

static void a_night_belongs_to_both_dates_with_a_grid_from_midnight(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);

	rig->hours[rig->hours_count++] = row_hours(1, 1, "FREQ=WEEKLY;BYDAY=FR", 22 * 60 + 10, 2 * 60, "2026-01-01");
	rig_open(rig);
	assert_starts(rig, "2026-11-20", 60, "22:10 22:40 23:10 23:40");
	assert_starts(rig, "2026-11-21", 60, "00:00 00:30 01:00");
	assert_starts(rig, "2026-11-22", 60, "");
	rig_close(rig);
}

static void twenty_four_o_clock_ends_the_day(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);

	rig->hours[rig->hours_count++] = row_hours(1, 1, "FREQ=WEEKLY;BYDAY=FR", 22 * 60, 24 * 60, "2026-01-01");
	rig_open(rig);
	assert_starts(rig, "2026-11-20", 60, "22:00 22:30 23:00");
	assert_starts(rig, "2026-11-21", 60, "");
	rig_close(rig);
}

static void a_resource_that_never_closes_takes_slots_of_seven_days(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);

	rig->services[0].step_min = 720;
	rig->hours[rig->hours_count++] = row_hours(1, 1, "FREQ=DAILY", 0, 24 * 60, "2026-01-01");
	rig_open(rig);
	assert_starts(rig, "2026-11-20", 10080, "00:00 12:00");
	/* Also on the last date of a block of 32. */
	assert_starts(rig, "2026-11-22", 10080, "00:00 12:00");
	rig_close(rig);
}

static void closing_wins_over_opening(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);

	rig->hours[rig->hours_count++] = row_hours(1, 1, "FREQ=DAILY", 9 * 60, 12 * 60, "2026-01-01");
	rig->exceptions[rig->exception_count++] = row_exception(1, 1, "2026-11-20", 11 * 60, 14 * 60, false);
	rig->exceptions[rig->exception_count++] = row_exception(2, 0, "2026-11-20", 10 * 60, 12 * 60 + 30, true);
	rig->exceptions[rig->exception_count++] = row_exception(3, 1, "2026-11-21", -1, -1, true);
	rig_open(rig);
	assert_starts(rig, "2026-11-20", 60, "09:00 12:30 13:00");
	assert_starts(rig, "2026-11-21", 60, "");
	assert_starts(rig, "2026-11-22", 60, "09:00 09:30 10:00 10:30 11:00");
	rig_close(rig);
}

static void an_opening_without_times_opens_the_whole_day(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);

	rig->services[0].step_min = 360;
	rig->exceptions[rig->exception_count++] = row_exception(1, 0, "2026-11-20", -1, -1, false);
	rig_open(rig);
	assert_starts(rig, "2026-11-19", 60, "");
	assert_starts(rig, "2026-11-20", 60, "00:00 06:00 12:00 18:00");
	assert_starts(rig, "2026-11-21", 60, "");
	rig_close(rig);
}

static void starts_count_elapsed_time_through_both_changes_of_the_clocks(void **state)
{
	struct rig *rig = rig_make("Europe/Lisbon", "exclusive", 1);

	rig->services[0].step_min = 60;
	rig->hours[rig->hours_count++] = row_hours(1, 1, "FREQ=DAILY", 0, 4 * 60, "2026-01-01");
	rig_open(rig);
	/* 01:00-02:00 does not exist: three hours. */
	assert_starts(rig, "2026-03-29", 60, "00:00 01:00 02:00");
	/* 01:00-02:00 comes twice: five hours, from 23:00 UTC. */
	assert_starts(rig, "2026-10-25", 60, "23:00 00:00 01:00 02:00 03:00");
	rig_close(rig);
}

static void hours_that_the_clocks_swallow_are_none(void **state)
{
	struct rig *rig = rig_make("Europe/Lisbon", "exclusive", 1);

	/* 01:30 takes the offset before the gap and lies behind 02:15 then. */
	rig->hours[rig->hours_count++] = row_hours(1, 1, "FREQ=DAILY", 90, 135, "2026-01-01");
	rig->services[0].durations_min = RC_STR("[15]");
	rig_open(rig);
	assert_starts(rig, "2026-03-28", 15, "01:30 02:00");
	assert_starts(rig, "2026-03-29", 15, "");
	rig_close(rig);
}

static void a_skipped_date_has_no_starts_and_its_hours_count_once(void **state)
{
	struct rig *rig = rig_make("Pacific/Apia", "exclusive", 1);

	rig->hours[rig->hours_count++] = row_hours(1, 1, "FREQ=DAILY", 9 * 60, 11 * 60, "2011-01-01");
	rig_open(rig);
	assert_starts(rig, "2011-12-29", 60, "19:00 19:30 20:00");
	assert_starts(rig, "2011-12-30", 60, "");
	assert_starts(rig, "2011-12-31", 60, "19:00 19:30 20:00");
	rig_close(rig);
}

static void notice_and_horizon_are_both_inclusive(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	const struct catalog_service *service;
	int64_t now = at("2026-11-20T10:00:00Z");

	rig->services[0].notice_min = 60;
	rig->services[0].horizon_days = 2;
	rig_open(rig);
	service = catalog_service(rig->catalog, 1);
	assert_false(rules_in_window(service, now + HOUR - 1, now));
	assert_true(rules_in_window(service, now + HOUR, now));
	assert_true(rules_in_window(service, now + 2 * DAY, now));
	assert_false(rules_in_window(service, now + 2 * DAY + 1, now));
	rig_close(rig);
}

static void a_start_is_listed_exactly_when_it_stands_in_the_list(void **state)
{
	struct rig *rig = rig_make("Europe/Lisbon", "exclusive", 1);
	const struct catalog_service *service;
	int64_t now = at("2026-10-20T00:00:00Z");

	rig->hours[rig->hours_count++] = row_hours(1, 1, "FREQ=DAILY", 22 * 60, 3 * 60, "2026-01-01");
	rig->services[0].step_min = 25;
	rig_open(rig);
	service = catalog_service(rig->catalog, 1);
	for (int32_t date = on("2026-10-23"); date < on("2026-10-28"); date++) {
		const int64_t *starts;
		size_t count, found = 0;

		rules_starts(rig->rules, service, resource_1(rig), date, 60, &starts, &count);
		assert_true(count > 0);
		for (int64_t t = (int64_t)date * DAY - 2 * HOUR; t < (int64_t)(date + 1) * DAY + 2 * HOUR;
		     t += MINUTE) {
			bool expected = false;
			int32_t own;

			zone_to_wall(resource_1(rig)->venue->zone, t, &own, NULL);
			for (size_t i = 0; i < count; i++)
				expected |= starts[i] == t;
			if (own == date) {
				assert_int_equal(rules_listed(rig->rules, service, resource_1(rig), t, 60, now),
						 expected);
				found += expected;
			}
		}
		assert_int_equal(found, count);
	}
	assert_false(rules_listed(rig->rules, service, resource_1(rig), at("2026-10-24T21:00:01Z"), 60, now));
	rig_close(rig);
}

static void sessions_come_from_rules_without_those_that_an_exception_meets(void **state)
{
	struct rig *rig = rig_make("Europe/Lisbon", "session", 20);
	const struct occurrence *list;
	size_t count;

	rig->session_rules[rig->session_rule_count++] = row_session_rule(7, 1, "FREQ=DAILY", 18 * 60 + 30, 19 * 60 + 30,
									 "2026-01-01");
	rig->session_rules[rig->session_rule_count++] = row_session_rule(3, 1, "FREQ=DAILY", 9 * 60, 10 * 60,
									 "2026-01-01");
	rig->exceptions[rig->exception_count++] = row_exception(1, 1, "2026-07-02", 19 * 60, 23 * 60, true);
	rig_open(rig);
	rules_sessions(rig->rules, resource_1(rig), on("2026-07-01"), &list, &count);
	assert_int_equal(count, 2);
	assert_int_equal(list[0].rule_id, 3);
	assert_int_equal(list[0].lo_us, at("2026-07-01T08:00:00Z"));
	assert_int_equal(list[1].lo_us, at("2026-07-01T17:30:00Z"));
	rules_sessions(rig->rules, resource_1(rig), on("2026-07-02"), &list, &count);
	assert_int_equal(count, 1);
	assert_true(rules_closed(rig->rules, resource_1(rig), at("2026-07-02T21:59:59Z"), at("2026-07-03T00:00:00Z")));
	assert_false(rules_closed(rig->rules, resource_1(rig), at("2026-07-02T22:00:00Z"), at("2026-07-03T00:00:00Z")));
	assert_false(rules_closed(rig->rules, resource_1(rig), at("2026-07-02T12:00:00Z"), at("2026-07-02T18:00:00Z")));
	rig_close(rig);
}

static void two_rules_at_one_instant_make_one_session(void **state)
{
	struct rig *rig = rig_make("UTC", "session", 20);
	const struct occurrence *list;
	size_t count;

	rig->session_rules[rig->session_rule_count++] = row_session_rule(7, 1, "FREQ=DAILY", 540, 600, "2026-01-01");
	rig->session_rules[rig->session_rule_count++] = row_session_rule(3, 1, "FREQ=WEEKLY;BYDAY=FR", 540, 660,
									 "2026-01-01");
	rig_open(rig);
	rules_sessions(rig->rules, resource_1(rig), on("2026-11-20"), &list, &count);
	assert_int_equal(count, 1);
	assert_int_equal(list[0].rule_id, 3);
	rig_close(rig);
}

static void few_are_left_when_at_most_the_share_rounded_up_is(void **state)
{
	assert_false(places_limited(1, 1, 100));
	assert_true(places_limited(4, 1, 25));
	assert_false(places_limited(4, 2, 25));
	assert_true(places_limited(20, 5, 25));
	assert_false(places_limited(20, 6, 25));
	assert_true(places_limited(5, 2, 25)); /* 1.25 → 2 */
	assert_false(places_limited(5, 3, 25));
	assert_true(places_limited(3, 1, 33)); /* 0.99 → 1 */
	assert_false(places_limited(3, 2, 33));
	assert_false(places_limited(10, 1, 0));
	assert_true(places_limited(100000, 33000, 33));
	assert_false(places_limited(100000, 33001, 33));
}

static void an_exclusive_resource_needs_one_lane_whatever_the_party(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);

	rig->resources[rig->resource_count++] = row_resource(2, "pooled", 4);
	rig->resources[rig->resource_count++] = row_resource(3, "session", 4);
	rig_open(rig);
	assert_int_equal(places_needed(catalog_resource(rig->catalog, 1), 7), 1);
	assert_int_equal(places_needed(catalog_resource(rig->catalog, 2), 7), 7);
	assert_int_equal(places_needed(catalog_resource(rig->catalog, 3), 7), 7);
	rig_close(rig);
}

static void rows_that_cannot_be_followed_are_left_out(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);

	rig->resources[rig->resource_count++] = row_resource(2, "floating", 1);
	rig->resources[rig->resource_count++] = row_resource(3, "pooled", 1001);
	rig->resources[rig->resource_count] = row_resource(4, "pooled", 1);
	rig->resources[rig->resource_count++].venue_id = 9;
	rig->services[rig->service_count] = row_service(2);
	rig->services[rig->service_count++].durations_min = RC_STR("[0]");
	rig->services[rig->service_count] = row_service(3);
	rig->services[rig->service_count++].durations_min = RC_STR("[]");
	rig->services[rig->service_count] = row_service(4);
	rig->services[rig->service_count++].step_min = 0;
	rig->links[rig->link_count++] = (struct service_resource){.service_id = 1, .resource_id = 3};
	rig->links[rig->link_count++] = (struct service_resource){.service_id = 1, .resource_id = 99};
	rig->hours[rig->hours_count++] = row_hours(1, 0, "FREQ=DAILY", 1440, 60, "2026-01-01");
	rig->hours[rig->hours_count++] = row_hours(2, 0, "FREQ=DAILY", 0, 1441, "2026-01-01");
	rig_open(rig);
	assert_int_equal(rig->catalog->resource_count, 1);
	assert_int_equal(rig->catalog->service_count, 1);
	assert_int_equal(rig->catalog->services[0].resource_count, 1);
	assert_int_equal(resource_1(rig)->hours_count, 0);
	rig_close(rig);
}

static void a_venue_of_an_unknown_zone_is_left_out_with_all_it_has(void **state)
{
	struct rig *rig = rig_make("Mars/Olympus", "exclusive", 1);

	rig_open(rig);
	assert_int_equal(rig->catalog->venue_count, 0);
	assert_int_equal(rig->catalog->resource_count, 0);
	assert_int_equal(rig->catalog->service_count, 0);
	rig_close(rig);
}

static void things_are_found_by_id_and_slug(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);

	rig->resources[rig->resource_count++] = row_resource(5, "pooled", 1000);
	rig_open(rig);
	assert_non_null(catalog_venue(rig->catalog, RC_STR("harbour")));
	assert_null(catalog_venue(rig->catalog, RC_STR("harbou")));
	assert_int_equal(catalog_resource(rig->catalog, 5)->capacity, 1000);
	assert_null(catalog_resource(rig->catalog, 4));
	assert_null(catalog_service(rig->catalog, 2));
	assert_true(service_uses(catalog_service(rig->catalog, 1), 1));
	assert_false(service_uses(catalog_service(rig->catalog, 1), 5));
	assert_true(service_offers(catalog_service(rig->catalog, 1), 60));
	assert_false(service_offers(catalog_service(rig->catalog, 1), 61));
	assert_int_equal(rig->catalog->venues[0].resource_count, 2);
	rig_close(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_stand_every_step_while_the_slot_fits),
		cmocka_unit_test(own_hours_replace_the_venue_s),
		cmocka_unit_test(own_hours_that_cannot_be_read_close_the_resource),
		cmocka_unit_test(hours_are_valid_from_and_to_inclusive),
		cmocka_unit_test(hours_that_touch_make_one_span_with_one_grid),
		cmocka_unit_test(a_night_belongs_to_both_dates_with_a_grid_from_midnight),
		cmocka_unit_test(twenty_four_o_clock_ends_the_day),
		cmocka_unit_test(a_resource_that_never_closes_takes_slots_of_seven_days),
		cmocka_unit_test(closing_wins_over_opening),
		cmocka_unit_test(an_opening_without_times_opens_the_whole_day),
		cmocka_unit_test(starts_count_elapsed_time_through_both_changes_of_the_clocks),
		cmocka_unit_test(hours_that_the_clocks_swallow_are_none),
		cmocka_unit_test(a_skipped_date_has_no_starts_and_its_hours_count_once),
		cmocka_unit_test(notice_and_horizon_are_both_inclusive),
		cmocka_unit_test(a_start_is_listed_exactly_when_it_stands_in_the_list),
		cmocka_unit_test(sessions_come_from_rules_without_those_that_an_exception_meets),
		cmocka_unit_test(two_rules_at_one_instant_make_one_session),
		cmocka_unit_test(few_are_left_when_at_most_the_share_rounded_up_is),
		cmocka_unit_test(an_exclusive_resource_needs_one_lane_whatever_the_party),
		cmocka_unit_test(rows_that_cannot_be_followed_are_left_out),
		cmocka_unit_test(a_venue_of_an_unknown_zone_is_left_out_with_all_it_has),
		cmocka_unit_test(things_are_found_by_id_and_slug),
	};

	return RUN_TESTS(tests);
}
