/* What one train does: each decision sees what those before it did, though nothing of it has been written yet. */
#include "rowcast/io/clock.h"
#include "tests/unit/store/rig.h"

#define CALLS_MAX 8

struct ride {
	struct call *calls[CALLS_MAX];
	size_t count;
};

static struct call *add(struct ride *ride, struct call *call)
{
	assert_in_range(ride->count, 0, CALLS_MAX - 1);
	return ride->calls[ride->count++] = call;
}

/* All calls in one train. */
static void go(struct rig *rig, struct ride *ride)
{
	struct gate gate;

	gate_close(rig, &gate);
	for (size_t i = 0; i < ride->count; i++)
		call_submit(rig, ride->calls[i]);
	gate_open(&gate);
	for (size_t i = 0; i < ride->count; i++)
		call_wait(ride->calls[i]);
	for (size_t i = 1; i < ride->count; i++) /* it was one: all bear its mark */
		assert_memory_equal(&ride->calls[i]->request.mark, &ride->calls[0]->request.mark,
				    sizeof(struct rc_mark));
}

static void end(struct ride *ride)
{
	for (size_t i = 0; i < ride->count; i++)
		call_free(ride->calls[i]);
}

static enum store_result result(const struct ride *ride, size_t i)
{
	return ride->calls[i]->request.result;
}

static void test_a_place_goes_to_the_first_of_a_train(void **state)
{
	struct rig *rig = *state;
	struct ride ride = {0};

	add(&ride, book_call(rig, 1, 1, 10, 0, 1));
	add(&ride, book_call(rig, 1, 1, 10, 15, 1));
	add(&ride, book_call(rig, 1, 0, 10, 0, 1)); /* any room: the other one */
	add(&ride, book_call(rig, 1, 0, 10, 0, 1));
	go(rig, &ride);
	assert_int_equal(result(&ride, 0), STORE_DONE);
	assert_int_equal(result(&ride, 1), STORE_SLOT_FULL);
	assert_int_equal(result(&ride, 2), STORE_DONE);
	assert_int_equal(ride.calls[2]->request.booking.resource_id, 2);
	assert_int_equal(result(&ride, 3), STORE_SLOT_FULL);
	end(&ride);
}

static void test_a_hold_of_the_same_train_says_when_it_ends(void **state)
{
	struct rig *rig = *state;
	struct ride ride = {0};

	add(&ride, hold_call(rig, 1, 1, 10, 0, 1));
	add(&ride, hold_call(rig, 1, 1, 10, 0, 1));
	add(&ride, hold_call(rig, 3, 4, 18, 0, 5));
	add(&ride, hold_call(rig, 3, 4, 18, 0, 1));
	go(rig, &ride);
	for (size_t i = 0; i < 4; i += 2) {
		assert_int_equal(result(&ride, i), STORE_DONE);
		assert_int_equal(result(&ride, i + 1), STORE_SLOT_HELD);
		assert_int_equal(ride.calls[i + 1]->request.held_until_us,
				 ride.calls[i]->request.booking.hold_expires_us);
	}
	end(&ride);
}

static void test_what_one_gives_back_the_next_may_take(void **state)
{
	struct rig *rig = *state;
	struct call *room = expect_kept(rig, book_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	struct call *yoga = expect_kept(rig, book_call(rig, 3, 4, 18, 0, 5), STORE_DONE);
	struct call *hold = expect_kept(rig, hold_call(rig, 2, 3, 10, 0, 3), STORE_DONE);
	struct ride ride = {0};

	add(&ride, ref_call(STORE_CANCEL, room));
	add(&ride, book_call(rig, 1, 1, 10, 15, 1));
	add(&ride, ref_call(STORE_CANCEL, yoga));
	add(&ride, book_call(rig, 3, 4, 18, 0, 4));
	add(&ride, book_call(rig, 3, 4, 18, 0, 2));
	add(&ride, ref_call(STORE_RELEASE, hold));
	add(&ride, book_call(rig, 2, 3, 10, 30, 3));
	go(rig, &ride);
	for (size_t i = 0; i < ride.count; i++)
		assert_int_equal(result(&ride, i), i == 4 ? STORE_SLOT_FULL : STORE_DONE);
	end(&ride);
	call_free(room);
	call_free(yoga);
	call_free(hold);
}

static void test_one_booking_may_change_twice_in_a_train(void **state)
{
	struct rig *rig = *state;
	struct call *hold = expect_kept(rig, hold_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	struct ride ride = {0};

	add(&ride, ref_call(STORE_EXTEND, hold));
	add(&ride, ref_call(STORE_CONFIRM, hold));
	add(&ride, ref_call(STORE_CONFIRM, hold));
	add(&ride, ref_call(STORE_CANCEL, hold));
	add(&ride, ref_call(STORE_CANCEL, hold));
	go(rig, &ride);
	assert_int_equal(result(&ride, 0), STORE_DONE);
	assert_int_equal(ride.calls[0]->request.booking.version, 2);
	assert_int_equal(result(&ride, 1), STORE_DONE);
	assert_int_equal(ride.calls[1]->request.booking.version, 3);
	assert_int_equal(result(&ride, 2), STORE_WRONG_STATE);
	assert_int_equal(result(&ride, 3), STORE_DONE);
	assert_int_equal(ride.calls[3]->request.booking.version, 4);
	assert_int_equal(result(&ride, 4), STORE_DONE);
	assert_int_equal(ride.calls[4]->request.booking.version, 4);
	assert_int_equal(rig_number(rig, "SELECT version FROM booking"), 4);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM claim"), 0);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM audit"), 4);
	end(&ride);
	call_free(hold);
}

static struct call *move_call(struct rig *rig, const struct call *made, int64_t resource, int hour, int64_t version)
{
	struct call *call = ref_call(STORE_RESCHEDULE, made);

	call->request.start_us = rig->day_us + hour * INT64_C(3600000000);
	call->request.duration_min = -1;
	call->request.resource_id = resource;
	call->request.version = version;
	return call;
}

static void test_places_pass_through_a_train_of_moves(void **state)
{
	struct rig *rig = *state;
	struct call *a = expect_kept(rig, book_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	struct call *b = expect_kept(rig, book_call(rig, 1, 1, 12, 0, 1), STORE_DONE);
	struct ride ride = {0};

	add(&ride, move_call(rig, b, 1, 10, 1)); /* taken */
	add(&ride, move_call(rig, a, 1, 14, 1));
	add(&ride, move_call(rig, b, 1, 10, 1)); /* free now */
	add(&ride, move_call(rig, a, 1, 12, 1)); /* was moved meanwhile */
	add(&ride, move_call(rig, a, 2, 12, 2));
	go(rig, &ride);
	assert_int_equal(result(&ride, 0), STORE_SLOT_FULL);
	assert_int_equal(result(&ride, 1), STORE_DONE);
	assert_int_equal(result(&ride, 2), STORE_DONE);
	assert_int_equal(result(&ride, 3), STORE_STALE_VERSION);
	assert_int_equal(result(&ride, 4), STORE_DONE);
	assert_int_equal(ride.calls[4]->request.booking.version, 3);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM claim"), 2);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM claim WHERE resource_id = 2"), 1);
	end(&ride);
	call_free(a);
	call_free(b);
}

static void test_an_ended_hold_is_won_back_by_the_first_who_asks(void **state)
{
	struct rig *rig = *state;
	struct call *hold = expect_kept(rig, hold_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	struct ride ride = {0};
	struct gate gate;

	gate_close(rig, &gate); /* the sweeper stands still too */
	rig_sql(rig, "UPDATE booking SET hold_expires_at = %s", rig_time(rig, clock_wall_us()));
	add(&ride, book_call(rig, 1, 1, 12, 0, 1)); /* expires it in passing */
	add(&ride, ref_call(STORE_CONFIRM, hold));
	add(&ride, book_call(rig, 1, 1, 10, 0, 1));
	for (size_t i = 0; i < ride.count; i++)
		call_submit(rig, ride.calls[i]);
	gate_open(&gate);
	assert_int_equal(call_wait(ride.calls[0]), STORE_DONE);
	assert_int_equal(call_wait(ride.calls[1]), STORE_DONE);
	assert_int_equal(ride.calls[1]->request.booking.version, 3); /* expired, confirmed */
	assert_int_equal(call_wait(ride.calls[2]), STORE_SLOT_FULL);
	assert_int_equal(rig_number(rig, "SELECT version FROM booking WHERE starts_at = %s",
				    rig_time(rig, hold->request.booking.starts_us)),
			 3);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM audit WHERE action = 'expire'"), 1);
	end(&ride);
	call_free(hold);
}

static void test_who_waits_has_his_rank_in_the_order_of_the_train(void **state)
{
	struct rig *rig = *state;
	struct ride ride = {0};

	for (int i = 0; i < 3; i++) {
		struct call *call = add(&ride, call_new(STORE_WAITLIST));

		call->request.service_id = 1;
		call->request.start_us = rig->day_us;
		call->request.window_end_us = rig->day_us + 1;
		call->request.party = 1;
	}
	go(rig, &ride);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(result(&ride, (size_t)i), STORE_DONE);
		assert_int_equal(ride.calls[i]->request.waitlist_rank, i + 1);
	}
	assert_int_equal(rig_number(rig, "SELECT count(DISTINCT customer_id) FROM waitlist"), 3);
	end(&ride);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_place_goes_to_the_first_of_a_train),
		TEST(test_a_hold_of_the_same_train_says_when_it_ends),
		TEST(test_what_one_gives_back_the_next_may_take),
		TEST(test_one_booking_may_change_twice_in_a_train),
		TEST(test_places_pass_through_a_train_of_moves),
		TEST(test_an_ended_hold_is_won_back_by_the_first_who_asks),
		TEST(test_who_waits_has_his_rank_in_the_order_of_the_train),
	};

	return RIG_MAIN(tests);
}
