/* Two servers of this program on one database: each decides by itself, and together they sell what is there. */
#include <pthread.h>

#include <stdio.h>

#include "tests/unit/store/rig.h"

#define THREADS 100
#define ROUNDS  12

struct crowd {
	struct rig *rig;
	struct store *stores[2];
	pthread_barrier_t start;
	_Atomic int results[STORE_UNKNOWN + 1];
};

struct one {
	struct crowd *crowd;
	int number;
};

static enum store_result run_on(struct store *store, struct call *call)
{
	assert_int_equal(store_submit(store, &call->request), RC_OK);
	return call_wait(call);
}

/* Everybody wants a court, a place in the class and any room, at hours that all want; some give theirs back. */
static void *visitor(void *arg)
{
	struct one *one = arg;
	struct crowd *crowd = one->crowd;
	struct store *store = crowd->stores[one->number % 2];

	pthread_barrier_wait(&crowd->start);
	for (int i = 0; i < ROUNDS; i++) {
		int hour = 8 + (one->number + i) % 3;
		struct call *call = i % 3 == 0   ? hold_call(crowd->rig, 2, 3, hour, 0, 1 + one->number % 2)
				    : i % 3 == 1 ? book_call(crowd->rig, 3, 4, 18, 0, 1)
						 : book_call(crowd->rig, 1, 0, hour, 0, 1);
		enum store_result result = run_on(store, call);

		atomic_fetch_add(&crowd->results[result], 1);
		if (result == STORE_DONE && (one->number + i) % 2) {
			struct call *back = ref_call(i % 3 ? STORE_CANCEL : STORE_RELEASE, call);

			assert_int_equal(run_on(crowd->stores[i / 3 % 2], back), STORE_DONE);
			call_free(back);
		}
		call_free(call);
	}
	return NULL;
}

static void test_two_servers_never_sell_a_place_twice(void **state)
{
	const struct store_options options = {.epoch = 7, .busy_timeout_us = 20000000};
	struct rig *rig = *state;
	struct crowd crowd = {.rig = rig};
	struct one ones[THREADS];
	pthread_t threads[THREADS];
	struct rc_fault fault;

	store_stop(rig->store);
	rig_store_start(rig, &options);
	crowd.stores[0] = rig->store;
	assert_int_equal(store_start(&crowd.stores[1], rig->url, &options, rig->catalog, &fault), RC_OK);
	pthread_barrier_init(&crowd.start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		ones[i] = (struct one){&crowd, i};
		assert_int_equal(pthread_create(&threads[i], NULL, visitor, &ones[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&crowd.start);
	store_stop(crowd.stores[1]);
	assert_int_equal(crowd.results[STORE_DONE] + crowd.results[STORE_SLOT_FULL] + crowd.results[STORE_SLOT_HELD],
			 THREADS * ROUNDS);
	assert_true(crowd.results[STORE_DONE] >= 9 + 5 + 6);
}

static void test_one_key_has_one_outcome_on_two_servers(void **state)
{
	const struct store_options options = {.epoch = 7, .busy_timeout_us = 20000000};
	struct rig *rig = *state;
	struct store *other;
	struct rc_fault fault;

	assert_int_equal(store_start(&other, rig->url, &options, rig->catalog, &fault), RC_OK);
	for (int i = 0; i < 20; i++) {
		struct call *calls[2];
		char key[10];
		int done = 0;

		snprintf(key, sizeof(key), "k%d", i);
		for (int j = 0; j < 2; j++) {
			calls[j] = hold_call(rig, 2, 3, 8 + 24 * (i + 1), 0, 1);
			call_key(calls[j], key, "f");
			assert_int_equal(store_submit(j ? other : rig->store, &calls[j]->request), RC_OK);
		}
		for (int j = 0; j < 2; j++) {
			enum store_result result = call_wait(calls[j]);

			done += result == STORE_DONE;
			assert_true(result == STORE_DONE || result == STORE_REPLAYED);
		}
		assert_int_equal(done, 1);
		call_free(calls[0]);
		call_free(calls[1]);
	}
	store_stop(other);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking"), 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_two_servers_never_sell_a_place_twice),
		TEST(test_one_key_has_one_outcome_on_two_servers),
	};

	return RIG_MAIN(tests);
}
