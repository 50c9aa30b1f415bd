/* Two hundred threads want the same place: exactly the capacity wins, and SQL that knows none of our code finds no
 * overlap. */
#include <pthread.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/store/rig.h"

#define THREADS 200

struct storm {
	struct rig *rig;
	pthread_barrier_t start;
	int64_t service, resource;
	int hour, party;
	_Atomic int results[STORE_UNKNOWN + 1];
};

static void *wisher(void *arg)
{
	struct storm *storm = arg;
	struct call *hold = hold_call(storm->rig, storm->service, storm->resource, storm->hour, 0, storm->party);
	struct call *booking;
	enum store_result result;

	pthread_barrier_wait(&storm->start);
	result = call_run(storm->rig, hold);
	if (result == STORE_DONE) {
		booking = ref_call(STORE_CONFIRM, hold);
		result = call_run(storm->rig, booking);
		call_free(booking);
	}
	atomic_fetch_add(&storm->results[result], 1);
	call_free(hold);
	return NULL;
}

static void run(struct rig *rig, int64_t service, int64_t resource, int hour, int party, int winners)
{
	struct storm storm = {.rig = rig, .service = service, .resource = resource, .hour = hour, .party = party};
	pthread_t threads[THREADS];

	pthread_barrier_init(&storm.start, NULL, THREADS);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, wisher, &storm), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&storm.start);
	assert_int_equal(storm.results[STORE_DONE], winners);
	assert_int_equal(storm.results[STORE_SLOT_FULL] + storm.results[STORE_SLOT_HELD], THREADS - winners);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking WHERE state = 'confirmed'"), winners);
	assert_int_equal(rig_number(rig, "SELECT sum(qty) FROM claim"), winners * (resource == 1 ? 1 : party));
}

static void test_one_of_two_hundred_gets_the_room(void **state)
{
	run(*state, 1, 1, 10, 1, 1);
}

static void test_two_of_two_hundred_get_any_of_two_rooms(void **state)
{
	run(*state, 1, 0, 10, 1, 2);
}

static void test_three_of_two_hundred_get_a_court(void **state)
{
	run(*state, 2, 3, 10, 1, 3);
}

static void test_two_of_two_hundred_pairs_get_into_a_class_of_five(void **state)
{
	run(*state, 3, 4, 18, 2, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_of_two_hundred_gets_the_room),
		TEST(test_two_of_two_hundred_get_any_of_two_rooms),
		TEST(test_three_of_two_hundred_get_a_court),
		TEST(test_two_of_two_hundred_pairs_get_into_a_class_of_five),
	};

	return RIG_MAIN(tests);
}
