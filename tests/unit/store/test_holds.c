/* Holds: who gets the place, until when, and what refusals say. */
#include "rowcast/io/clock.h"
#include "tests/unit/store/rig.h"

#define MINUTE INT64_C(60000000)

static void test_a_hold_takes_the_place_and_tells_its_end(void **state)
{
	struct rig *rig = *state;
	int64_t before = clock_wall_us() / 1000 * 1000;
	struct call *call = expect_kept(rig, hold_call(rig, 1, 1, 10, 0, 2), STORE_DONE);
	const struct store_booking *hold = &call->request.booking;

	assert_int_equal(hold->state, STATE_HELD);
	assert_int_equal(hold->version, 1);
	assert_int_equal(hold->ref.len, 30);
	assert_int_equal(hold->service_id, 1);
	assert_int_equal(hold->resource_id, 1);
	assert_int_equal(hold->starts_us, call->request.start_us);
	assert_int_equal(hold->ends_us, hold->starts_us + 30 * MINUTE);
	assert_int_equal(hold->party, 2);
	assert_true(rc_str_is(hold->tz, "UTC"));
	assert_int_equal(hold->hold_expires_us % 1000, 0);
	assert_in_range(hold->hold_expires_us, before + 300000000, clock_wall_us() + 300000000);
	assert_true(store_made(rig->store, call->request.mark));
	if (rig->dialect == RC_SQLITE)
		assert_int_equal(call->request.mark.n,
				 rig_number(rig, "SELECT n0 FROM rc_log WHERE n = (SELECT max(n) FROM rc_log)"));
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM audit WHERE action = 'hold'"), 1);
	call_free(call);
}

static void test_a_held_place_is_refused_with_the_end_of_the_hold(void **state)
{
	struct rig *rig = *state;
	struct call *first = expect_kept(rig, hold_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	struct call *second = expect_kept(rig, book_call(rig, 1, 1, 10, 15, 1), STORE_SLOT_HELD);

	assert_int_equal(second->request.held_until_us, first->request.booking.hold_expires_us);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking"), 1);
	call_free(first);
	call_free(second);
}

static void test_a_booked_place_is_full(void **state)
{
	struct rig *rig = *state;
	struct call *full;

	expect(rig, book_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	full = expect_kept(rig, hold_call(rig, 1, 1, 10, 0, 1), STORE_SLOT_FULL);
	assert_int_equal(full->request.held_until_us, 0);
	call_free(full);
}

static void test_buffers_keep_neighbours_apart(void **state)
{
	struct rig *rig = *state;

	expect(rig, book_call(rig, 1, 1, 10, 0, 1), STORE_DONE); /* claims 10:00 to 10:40 */
	expect(rig, book_call(rig, 1, 1, 10, 30, 1), STORE_SLOT_FULL);
	expect(rig, book_call(rig, 1, 1, 9, 30, 1), STORE_SLOT_FULL); /* would claim to 10:10 */
	expect(rig, book_call(rig, 1, 1, 10, 45, 1), STORE_DONE);
	expect(rig, book_call(rig, 1, 1, 9, 15, 1), STORE_DONE);
	expect(rig, hold_call(rig, 1, 2, 10, 0, 1), STORE_DONE);
	expect(rig, book_call(rig, 1, 2, 10, 30, 1), STORE_SLOT_HELD); /* the buffers alone are in the way */
	expect(rig, book_call(rig, 1, 2, 9, 30, 1), STORE_SLOT_HELD);
}

static void test_without_a_resource_the_first_free_one_is_taken(void **state)
{
	struct rig *rig = *state;
	struct call *first = expect_kept(rig, hold_call(rig, 1, 0, 10, 0, 1), STORE_DONE);
	struct call *second = expect_kept(rig, book_call(rig, 1, 0, 10, 0, 1), STORE_DONE);
	struct call *third = expect_kept(rig, book_call(rig, 1, 0, 10, 0, 1), STORE_SLOT_HELD);

	assert_int_equal(first->request.booking.resource_id, 1);
	assert_int_equal(second->request.booking.resource_id, 2);
	assert_int_equal(third->request.held_until_us, first->request.booking.hold_expires_us);
	call_free(first);
	call_free(second);
	call_free(third);
}

static void test_what_is_asked_must_exist_and_be_offered(void **state)
{
	struct rig *rig = *state;
	struct call *call = expect_kept(rig, hold_call(rig, 9, 0, 10, 0, 1), STORE_NOT_FOUND);

	assert_string_equal(call->request.field, "service");
	call_free(call);
	call = expect_kept(rig, hold_call(rig, 1, 3, 10, 0, 1), STORE_NOT_FOUND);
	assert_string_equal(call->request.field, "resource");
	call_free(call);
	call = hold_call(rig, 1, 1, 10, 0, 1);
	call->request.duration_min = 45;
	call = expect_kept(rig, call, STORE_INVALID);
	assert_string_equal(call->request.field, "duration_min");
	call_free(call);
	call = hold_call(rig, 1, 1, 10, 0, 1);
	call->request.duration_min = 60;
	call = expect_kept(rig, call, STORE_DONE);
	assert_int_equal(call->request.booking.ends_us - call->request.booking.starts_us, 60 * MINUTE);
	call_free(call);
}

static void test_the_party_is_from_1_to_party_max(void **state)
{
	struct rig *rig = *state;
	struct call *call = expect_kept(rig, hold_call(rig, 1, 1, 10, 0, 5), STORE_INVALID);

	assert_string_equal(call->request.field, "party");
	call_free(call);
	expect(rig, hold_call(rig, 1, 1, 10, 0, 0), STORE_INVALID);
	expect(rig, hold_call(rig, 1, 1, 10, 0, -1), STORE_INVALID);
	expect(rig, hold_call(rig, 1, 1, 10, 0, 4), STORE_DONE);
}

static void test_a_start_that_is_not_listed_is_outside_hours(void **state)
{
	struct rig *rig = *state;

	expect(rig, hold_call(rig, 1, 1, 10, 7, 1), STORE_OUTSIDE_HOURS);
	expect(rig, hold_call(rig, 1, 1, 7, 45, 1), STORE_OUTSIDE_HOURS);
	expect(rig, hold_call(rig, 1, 1, 19, 45, 1), STORE_OUTSIDE_HOURS);
	expect(rig, hold_call(rig, 1, 1, 19, 30, 1), STORE_DONE);
	expect(rig, hold_call(rig, 1, 1, 10 - 72, 0, 1), STORE_OUTSIDE_HOURS);
	expect(rig, hold_call(rig, 1, 1, 10 + 91 * 24, 0, 1), STORE_OUTSIDE_HOURS);
	expect(rig, hold_call(rig, 3, 4, 18, 15, 1), STORE_OUTSIDE_HOURS);
}

static void test_a_pool_gives_its_lowest_free_lanes(void **state)
{
	struct rig *rig = *state;
	struct call *two = expect_kept(rig, hold_call(rig, 2, 3, 10, 0, 2), STORE_DONE);
	struct call *more;

	assert_int_equal(rig_number(rig, "SELECT count(*) FROM claim WHERE lane IN (0, 1)"), 2);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM claim"), 2);
	more = expect_kept(rig, book_call(rig, 2, 3, 10, 30, 2), STORE_SLOT_HELD);
	assert_int_equal(more->request.held_until_us, two->request.booking.hold_expires_us);
	call_free(more);
	expect(rig, book_call(rig, 2, 3, 10, 30, 1), STORE_DONE);
	assert_int_equal(rig_number(rig, "SELECT max(lane) FROM claim"), 2);
	expect(rig, book_call(rig, 2, 3, 11, 0, 3), STORE_SLOT_FULL); /* the 10:30 booking stands in the way for good */
	expect(rig, book_call(rig, 2, 3, 11, 0, 2), STORE_DONE);
	expect(rig, book_call(rig, 2, 3, 12, 0, 4), STORE_SLOT_FULL); /* more than there are */
	call_free(two);
}

static void test_a_session_gives_places_until_it_is_full(void **state)
{
	struct rig *rig = *state;
	struct call *hold = expect_kept(rig, hold_call(rig, 3, 4, 18, 0, 2), STORE_DONE), *call;

	assert_int_equal(hold->request.booking.ends_us - hold->request.booking.starts_us, 60 * MINUTE);
	expect(rig, book_call(rig, 3, 0, 18, 0, 2), STORE_DONE);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM session"), 1);
	assert_int_equal(rig_number(rig, "SELECT taken FROM session"), 4);
	call = expect_kept(rig, book_call(rig, 3, 4, 18, 0, 3), STORE_SLOT_HELD);
	assert_int_equal(call->request.held_until_us, hold->request.booking.hold_expires_us);
	call_free(call);
	expect(rig, book_call(rig, 3, 4, 18, 0, 4), STORE_SLOT_FULL);
	expect(rig, book_call(rig, 3, 4, 18, 0, 1), STORE_DONE);
	expect(rig, book_call(rig, 3, 4, 18, 24 * 60, 5), STORE_DONE); /* the next day's */
	call_free(hold);
}

static void test_a_one_off_session_can_be_booked(void **state)
{
	struct rig *rig = *state;

	rig_sql(rig, "INSERT INTO session (resource_id, starts_at, ends_at, capacity) VALUES (4, %s, %s, 2)",
		rig_time(rig, rig->day_us + 720 * MINUTE), rig_time(rig, rig->day_us + 750 * MINUTE));
	expect(rig, book_call(rig, 3, 4, 12, 0, 2), STORE_DONE);
	expect(rig, book_call(rig, 3, 4, 12, 0, 1), STORE_SLOT_FULL);
}

static void test_an_ended_hold_gives_its_place_at_once(void **state)
{
	struct rig *rig = *state;

	expect(rig, hold_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	expect(rig, hold_call(rig, 2, 3, 10, 0, 3), STORE_DONE);
	expect(rig, hold_call(rig, 3, 4, 18, 0, 5), STORE_DONE);
	rig_sql(rig, "UPDATE booking SET hold_expires_at = %s", rig_time(rig, clock_wall_us()));
	expect(rig, hold_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	expect(rig, book_call(rig, 2, 3, 10, 0, 3), STORE_DONE);
	expect(rig, book_call(rig, 3, 4, 18, 0, 5), STORE_DONE);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking WHERE state = 'expired' AND version = 2"), 3);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM audit WHERE action = 'expire'"), 3);
}

static void test_a_hold_is_extended_three_times(void **state)
{
	struct rig *rig = *state;
	struct call *hold = expect_kept(rig, hold_call(rig, 1, 1, 10, 0, 1), STORE_DONE), *extended;

	for (int i = 1; i <= 3; i++) {
		int64_t before = clock_wall_us() / 1000 * 1000;

		extended = expect_kept(rig, ref_call(STORE_EXTEND, hold), STORE_DONE);
		assert_int_equal(extended->request.booking.version, 1 + i);
		assert_true(extended->request.booking.hold_expires_us >= before + 300000000);
		call_free(extended);
	}
	expect(rig, ref_call(STORE_EXTEND, hold), STORE_EXTEND_LIMIT);
	rig_sql(rig, "UPDATE booking SET hold_expires_at = %s", rig_time(rig, 1));
	expect(rig, ref_call(STORE_EXTEND, hold), STORE_HOLD_EXPIRED);
	expect(rig, ref_call(STORE_RELEASE, hold), STORE_HOLD_EXPIRED);
	call_free(hold);
}

static void test_a_released_hold_gives_its_place_back(void **state)
{
	struct rig *rig = *state;
	struct call *hold = expect_kept(rig, hold_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	struct call *released = expect_kept(rig, ref_call(STORE_RELEASE, hold), STORE_DONE);

	assert_int_equal(released->request.booking.state, STATE_RELEASED);
	assert_int_equal(released->request.booking.version, 2);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM claim"), 0);
	expect(rig, ref_call(STORE_RELEASE, hold), STORE_HOLD_EXPIRED);
	expect(rig, ref_call(STORE_CONFIRM, hold), STORE_WRONG_STATE);
	expect(rig, hold_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	call_free(hold);
	call_free(released);
}

static void test_a_reference_that_nobody_has_is_not_found(void **state)
{
	static const enum store_action actions[] = {STORE_CONFIRM, STORE_EXTEND, STORE_RELEASE, STORE_CANCEL,
						    STORE_RESCHEDULE};

	for (size_t i = 0; i < 5; i++) {
		struct call *call = call_new(actions[i]);

		call->request.ref = RC_STR("nobody");
		expect(*state, call, STORE_NOT_FOUND);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_hold_takes_the_place_and_tells_its_end),
		TEST(test_a_held_place_is_refused_with_the_end_of_the_hold),
		TEST(test_a_booked_place_is_full),
		TEST(test_buffers_keep_neighbours_apart),
		TEST(test_without_a_resource_the_first_free_one_is_taken),
		TEST(test_what_is_asked_must_exist_and_be_offered),
		TEST(test_the_party_is_from_1_to_party_max),
		TEST(test_a_start_that_is_not_listed_is_outside_hours),
		TEST(test_a_pool_gives_its_lowest_free_lanes),
		TEST(test_a_session_gives_places_until_it_is_full),
		TEST(test_a_one_off_session_can_be_booked),
		TEST(test_an_ended_hold_gives_its_place_at_once),
		TEST(test_a_hold_is_extended_three_times),
		TEST(test_a_released_hold_gives_its_place_back),
		TEST(test_a_reference_that_nobody_has_is_not_found),
	};

	return RIG_MAIN(tests);
}
