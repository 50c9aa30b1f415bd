/* What the store does unasked: ended holds go, old keys and old log rows go, and nothing is in a request's way. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rowcast/io/clock.h"
#include "tests/unit/store/rig.h"

static void await_number(struct rig *rig, const char *sql, int64_t wanted)
{
	for (int64_t deadline = clock_mono_us() + 20000000; rig_number(rig, "%s", sql) != wanted;) {
		assert_true(clock_mono_us() < deadline);
		sched_yield();
	}
}

static void end_holds(struct rig *rig)
{
	rig_sql(rig, "UPDATE booking SET hold_expires_at = %s", rig_time(rig, clock_wall_us()));
}

static void test_ended_holds_are_taken_away(void **state)
{
	struct rig *rig = *state;

	expect(rig, hold_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	expect(rig, hold_call(rig, 2, 3, 10, 0, 3), STORE_DONE);
	expect(rig, hold_call(rig, 3, 4, 18, 0, 5), STORE_DONE);
	expect(rig, book_call(rig, 1, 2, 10, 0, 1), STORE_DONE);
	end_holds(rig);
	await_number(rig, "SELECT count(*) FROM booking WHERE state = 'expired'", 3);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM claim"), 1);
	assert_int_equal(rig_number(rig, "SELECT taken FROM session"), 0);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM audit WHERE action = 'expire'"), 3);
}

static void test_a_crowd_of_ended_holds_goes_in_batches(void **state)
{
	struct rig *rig = *state;

	for (int i = 0; i < 600; i++)
		expect(rig, hold_call(rig, 2, 3, 8 + 24 * (i / 12 % 80), i % 12 * 60, 1), STORE_DONE);
	end_holds(rig);
	await_number(rig, "SELECT count(*) FROM booking WHERE state = 'expired'", 600);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM claim"), 0);
}

static void test_a_hold_that_cannot_go_does_not_keep_the_others(void **state)
{
	struct rig *rig = *state;

	expect(rig, hold_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	expect(rig, hold_call(rig, 1, 2, 10, 0, 1), STORE_DONE);
	rig_refuse(rig, "booking", "state = 'expired' AND resource_id = 1");
	end_holds(rig);
	await_number(rig, "SELECT count(*) FROM booking WHERE state = 'expired'", 1);
	assert_int_equal(rig_number(rig, "SELECT resource_id FROM booking WHERE state = 'expired'"), 2);
	rig_allow(rig, "booking");
}

static void test_old_keys_are_pruned_and_young_ones_stay(void **state)
{
	struct rig *rig = *state;

	store_stop(rig->store);
	rig_sql(rig,
		"INSERT INTO idempotency WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 700)"
		" SELECT 's', CAST(n AS CHAR(9)), '', 200, '', CASE WHEN n <= 600 THEN %s ELSE %s END FROM i",
		rig_time(rig, 1), rig_time(rig, clock_wall_us() + 60000000));
	rig_store_start(rig, NULL);
	await_number(rig, "SELECT count(*) FROM idempotency", 100);
}

static void test_old_log_rows_are_pruned_and_the_number_kept(void **state)
{
	struct store_options options = {.epoch = 7, .feed = {.keep_us = 1, .keep_changes = 10}};
	struct rig *rig = *state;
	int64_t head;

	RIG_SQLITE_ONLY(rig); /* elsewhere it is the feed that makes a log */
	for (int i = 0; i < 20; i++)
		expect(rig, hold_call(rig, 2, 3, 8 + 24 * i, 0, 1), STORE_DONE);
	head = rig_number(rig, "SELECT max(n) FROM rc_log");
	store_stop(rig->store);
	rig_store_start(rig, &options);
	await_number(rig, "SELECT count(*) FROM rc_log", 10);
	assert_int_equal(rig_number(rig, "SELECT max(n) FROM rc_log"), head);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ended_holds_are_taken_away),
		TEST(test_a_crowd_of_ended_holds_goes_in_batches),
		TEST(test_a_hold_that_cannot_go_does_not_keep_the_others),
		TEST(test_old_keys_are_pruned_and_young_ones_stay),
		TEST(test_old_log_rows_are_pruned_and_the_number_kept),
	};

	return RIG_MAIN(tests);
}
