/* Bookings: straight, from a hold, from a hold that has ended, cancelled, moved; and the waitlist. */
#include "rowcast/io/clock.h"
#include "tests/unit/store/rig.h"

#define MINUTE INT64_C(60000000)

static void end_holds(struct rig *rig)
{
	rig_sql(rig, "UPDATE booking SET hold_expires_at = %s WHERE state = 'held'", rig_time(rig, clock_wall_us()));
}

static void test_a_straight_booking_is_confirmed(void **state)
{
	struct rig *rig = *state;
	struct call *call = expect_kept(rig, book_call(rig, 1, 1, 10, 0, 3), STORE_DONE);

	assert_int_equal(call->request.booking.state, STATE_CONFIRMED);
	assert_int_equal(call->request.booking.hold_expires_us, 0);
	assert_true(rc_str_is(call->request.booking.customer_name, "Ann"));
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking b JOIN customer c ON c.id = b.customer_id"
					 " WHERE c.email = 'ann@example.org' AND b.hold_expires_at IS NULL"),
			 1);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking WHERE wall_start LIKE \'____-__-__T10:00\'"), 1);
	call_free(call);
}

static void test_a_hold_becomes_a_booking_and_keeps_its_reference(void **state)
{
	struct rig *rig = *state;
	struct call *hold = expect_kept(rig, hold_call(rig, 2, 3, 10, 0, 2), STORE_DONE);
	struct call *booked = expect_kept(rig, ref_call(STORE_CONFIRM, hold), STORE_DONE);

	assert_int_equal(booked->request.booking.state, STATE_CONFIRMED);
	assert_int_equal(booked->request.booking.version, 2);
	assert_int_equal(booked->request.booking.hold_expires_us, 0);
	assert_true(rc_str_eq(booked->request.booking.ref, hold->request.booking.ref));
	assert_true(rc_str_is(booked->request.booking.customer_name, "Ann"));
	expect(rig, ref_call(STORE_CONFIRM, hold), STORE_WRONG_STATE);
	expect(rig, ref_call(STORE_RELEASE, hold), STORE_WRONG_STATE);
	expect(rig, ref_call(STORE_EXTEND, hold), STORE_WRONG_STATE);
	call_free(hold);
	call_free(booked);
}

static void test_an_ended_hold_wins_its_place_again_when_it_is_free(void **state)
{
	struct rig *rig = *state;
	struct call *room = expect_kept(rig, hold_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	struct call *yoga = expect_kept(rig, hold_call(rig, 3, 4, 18, 0, 5), STORE_DONE);

	end_holds(rig);
	expect(rig, ref_call(STORE_CONFIRM, room), STORE_DONE);
	expect(rig, ref_call(STORE_CONFIRM, yoga), STORE_DONE);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking WHERE state = 'confirmed'"), 2);
	call_free(room);
	call_free(yoga);
}

static void test_an_ended_hold_whose_place_is_lost_cannot_be_booked(void **state)
{
	struct rig *rig = *state;
	struct call *hold = expect_kept(rig, hold_call(rig, 1, 1, 10, 0, 1), STORE_DONE), *late;

	end_holds(rig);
	expect(rig, hold_call(rig, 1, 1, 10, 15, 1), STORE_DONE);
	late = expect_kept(rig, ref_call(STORE_CONFIRM, hold), STORE_HOLD_EXPIRED);
	assert_int_equal(late->request.booking.service_id, 1); /* alternatives are looked for from here */
	assert_int_equal(late->request.booking.starts_us, hold->request.booking.starts_us);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM customer"), 0);
	call_free(hold);
	call_free(late);
}

static void test_a_cancelled_booking_gives_its_place_back(void **state)
{
	struct rig *rig = *state;
	struct call *booked = expect_kept(rig, book_call(rig, 3, 4, 18, 0, 5), STORE_DONE);
	struct call *first = expect_kept(rig, ref_call(STORE_CANCEL, booked), STORE_DONE);

	assert_int_equal(first->request.booking.state, STATE_CANCELLED);
	assert_int_equal(first->request.booking.version, 2);
	assert_int_equal(rig_number(rig, "SELECT taken FROM session"), 0);
	expect(rig, book_call(rig, 3, 4, 18, 0, 5), STORE_DONE);
	call_free(booked);
	call_free(first);
}

static void test_a_second_cancel_answers_as_the_first_and_writes_nothing(void **state)
{
	struct rig *rig = *state;
	struct call *booked = expect_kept(rig, book_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	struct call *first = expect_kept(rig, ref_call(STORE_CANCEL, booked), STORE_DONE);
	struct call *second = expect_kept(rig, ref_call(STORE_CANCEL, booked), STORE_DONE);

	assert_int_equal(second->request.booking.state, STATE_CANCELLED);
	assert_int_equal(second->request.booking.version, first->request.booking.version);
	assert_true(rc_str_eq(second->request.booking.ref, first->request.booking.ref));
	if (rig->dialect == RC_SQLITE)
		assert_int_equal(second->request.mark.writer, 0); /* it tells of no transaction of its own */
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM audit WHERE action = 'cancel'"), 1);
	call_free(booked);
	call_free(first);
	call_free(second);
}

static void test_a_hold_is_not_cancelled_but_released(void **state)
{
	struct rig *rig = *state;
	struct call *hold = expect_kept(rig, hold_call(rig, 1, 1, 10, 0, 1), STORE_DONE);

	expect(rig, ref_call(STORE_CANCEL, hold), STORE_WRONG_STATE);
	call_free(hold);
}

static struct call *move_call(struct rig *rig, const struct call *made, int64_t version, int hour, int minute)
{
	struct call *call = ref_call(STORE_RESCHEDULE, made);

	call->request.version = version;
	call->request.duration_min = -1;
	call->request.start_us = rig->day_us + (hour * 60 + minute) * MINUTE;
	return call;
}

static void test_a_booking_is_moved_and_its_version_grows(void **state)
{
	struct rig *rig = *state;
	struct call *booked = expect_kept(rig, book_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	struct call *moved = expect_kept(rig, move_call(rig, booked, 1, 14, 0), STORE_DONE);

	assert_int_equal(moved->request.booking.version, 2);
	assert_int_equal(moved->request.booking.state, STATE_CONFIRMED);
	assert_true(rc_str_eq(moved->request.booking.ref, booked->request.booking.ref));
	assert_int_equal(moved->request.booking.starts_us, rig->day_us + 840 * MINUTE);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking WHERE wall_start LIKE \'____-__-__T14:00\'"), 1);
	expect(rig, book_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	expect(rig, book_call(rig, 1, 1, 14, 0, 1), STORE_SLOT_FULL);
	call_free(booked);
	call_free(moved);
}

static void test_a_booking_does_not_stand_in_its_own_way(void **state)
{
	struct rig *rig = *state;
	struct call *booked = expect_kept(rig, book_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	struct call *class = expect_kept(rig, book_call(rig, 3, 4, 18, 0, 5), STORE_DONE);

	expect(rig, move_call(rig, booked, 1, 10, 15), STORE_DONE);
	expect(rig, move_call(rig, class, 1, 18, 0), STORE_DONE);
	assert_int_equal(rig_number(rig, "SELECT taken FROM session"), 5);
	call_free(booked);
	call_free(class);
}

static void test_the_old_place_is_kept_when_the_new_one_is_not_won(void **state)
{
	struct rig *rig = *state;
	struct call *booked = expect_kept(rig, book_call(rig, 1, 1, 10, 0, 1), STORE_DONE), *refused;

	expect(rig, book_call(rig, 1, 1, 14, 0, 1), STORE_DONE);
	refused = expect_kept(rig, move_call(rig, booked, 1, 14, 0), STORE_SLOT_FULL);
	assert_int_equal(refused->request.booking.resource_id, 1);
	call_free(refused);
	expect(rig, move_call(rig, booked, 1, 14, 7), STORE_OUTSIDE_HOURS);
	expect(rig, book_call(rig, 1, 1, 10, 0, 1), STORE_SLOT_FULL);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking WHERE version <> 1"), 0);
	call_free(booked);
}

static void test_the_version_is_checked_before_the_place(void **state)
{
	struct rig *rig = *state;
	struct call *booked = expect_kept(rig, book_call(rig, 1, 1, 10, 0, 1), STORE_DONE);

	expect(rig, book_call(rig, 1, 1, 14, 0, 1), STORE_DONE);
	expect(rig, move_call(rig, booked, 2, 14, 0), STORE_STALE_VERSION);
	expect(rig, move_call(rig, booked, 0, 15, 0), STORE_STALE_VERSION);
	expect(rig, ref_call(STORE_CANCEL, booked), STORE_DONE);
	expect(rig, move_call(rig, booked, 2, 15, 0), STORE_WRONG_STATE);
	call_free(booked);
}

static void test_a_booking_moves_to_another_resource(void **state)
{
	struct rig *rig = *state;
	struct call *booked = expect_kept(rig, book_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	struct call *moved = move_call(rig, booked, 1, 10, 0);

	moved->request.resource_id = 2;
	moved = expect_kept(rig, moved, STORE_DONE);
	assert_int_equal(moved->request.booking.resource_id, 2);
	call_free(moved);
	moved = move_call(rig, booked, 2, 10, 0);
	moved->request.resource_id = 3;
	expect(rig, moved, STORE_NOT_FOUND);
	call_free(booked);
}

static struct call *wait_call(struct rig *rig, int64_t service, int party)
{
	struct call *call = call_new(STORE_WAITLIST);

	call->request.service_id = service;
	call->request.party = party;
	call->request.start_us = rig->day_us;
	call->request.window_end_us = rig->day_us + 60 * MINUTE;
	return call;
}

/* The same wish of different people. */
static struct call *wait_call_of(struct rig *rig, int person)
{
	static const char *const emails[] = {"", "ann1@example.org", "ann2@example.org", "ann3@example.org"};
	struct call *call = wait_call(rig, 1, 1);

	call->request.customer_email = rc_str_from(emails[person]);
	return call;
}

static void test_who_joins_the_waitlist_learns_the_rank(void **state)
{
	struct rig *rig = *state;

	for (int i = 1; i <= 3; i++) {
		struct call *call = expect_kept(rig, wait_call_of(rig, i), STORE_DONE);

		assert_int_equal(call->request.waitlist_rank, i);
		assert_true(call->request.waitlist_id > 0);
		call_free(call);
		expect(rig, wait_call(rig, 2, 1), STORE_DONE);
	}
}

static void test_nobody_learns_who_waits_already(void **state)
{
	struct rig *rig = *state;
	struct call *first = expect_kept(rig, wait_call_of(rig, 1), STORE_DONE);
	struct call *again = expect_kept(rig, wait_call_of(rig, 1), STORE_DONE);
	struct call *other = expect_kept(rig, wait_call_of(rig, 2), STORE_DONE);

	assert_int_equal(again->request.waitlist_rank, 2);
	assert_int_equal(again->request.waitlist_id, first->request.waitlist_id + 1);
	assert_int_equal(other->request.waitlist_rank, 3);
	assert_int_equal(other->request.waitlist_id, first->request.waitlist_id + 2);
	call_free(first);
	call_free(again);
	call_free(other);
}

static void test_a_waitlist_entry_is_checked(void **state)
{
	struct rig *rig = *state;
	struct call *call = wait_call(rig, 1, 1);

	call->request.window_end_us = call->request.start_us;
	call = expect_kept(rig, call, STORE_INVALID);
	assert_string_equal(call->request.field, "to");
	call_free(call);
	call = wait_call(rig, 1, 1);
	call->request.window_end_us = clock_wall_us();
	call->request.start_us = call->request.window_end_us - MINUTE;
	call = expect_kept(rig, call, STORE_INVALID);
	assert_string_equal(call->request.field, "to");
	call_free(call);
	expect(rig, wait_call(rig, 1, 5), STORE_INVALID);
	expect(rig, wait_call(rig, 1, 0), STORE_INVALID);
	expect(rig, wait_call(rig, 1, 4), STORE_DONE);
	expect(rig, wait_call(rig, 9, 1), STORE_NOT_FOUND);
	call = wait_call(rig, 1, 1);
	call->request.resource_id = 3;
	call = expect_kept(rig, call, STORE_NOT_FOUND);
	assert_string_equal(call->request.field, "resource");
	call_free(call);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_straight_booking_is_confirmed),
		TEST(test_a_hold_becomes_a_booking_and_keeps_its_reference),
		TEST(test_an_ended_hold_wins_its_place_again_when_it_is_free),
		TEST(test_an_ended_hold_whose_place_is_lost_cannot_be_booked),
		TEST(test_a_cancelled_booking_gives_its_place_back),
		TEST(test_a_second_cancel_answers_as_the_first_and_writes_nothing),
		TEST(test_a_hold_is_not_cancelled_but_released),
		TEST(test_a_booking_is_moved_and_its_version_grows),
		TEST(test_a_booking_does_not_stand_in_its_own_way),
		TEST(test_the_old_place_is_kept_when_the_new_one_is_not_won),
		TEST(test_the_version_is_checked_before_the_place),
		TEST(test_a_booking_moves_to_another_resource),
		TEST(test_who_joins_the_waitlist_learns_the_rank),
		TEST(test_nobody_learns_who_waits_already),
		TEST(test_a_waitlist_entry_is_checked),
	};

	return RIG_MAIN(tests);
}
