#include "tests/unit/suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "rowcast/server/rate_limiter.h"

#define SECOND INT64_C(1000000)
#define START  (1000 * SECOND)

static struct rate_limiter *make(int64_t per_min, int64_t burst, int64_t callers_max)
{
	return rate_limiter_create(&(struct rate_limiter_config){per_min, burst, callers_max});
}

static int take(struct rate_limiter *limiter, const char *key, int64_t now_us)
{
	return rate_limiter_take(limiter, rc_str_from(key), now_us, NULL);
}

static void a_caller_has_his_burst_and_not_one_more(void **state)
{
	struct rate_limiter *limiter = make(60, 30, 100);
	int retry_after_s = 0;

	for (int i = 0; i < 30; i++)
		assert_int_equal(take(limiter, "a", START), RC_OK);
	assert_int_equal(rate_limiter_take(limiter, RC_STR("a"), START, &retry_after_s), RC_LIMIT);
	assert_int_equal(retry_after_s, 1);
	rate_limiter_destroy(limiter);
}

static void after_the_burst_one_event_is_allowed_per_interval(void **state)
{
	struct rate_limiter *limiter = make(60, 30, 100);

	for (int i = 0; i < 30; i++)
		assert_int_equal(take(limiter, "a", START), RC_OK);
	assert_int_equal(take(limiter, "a", START + SECOND - 1), RC_LIMIT);
	assert_int_equal(take(limiter, "a", START + SECOND), RC_OK);
	assert_int_equal(take(limiter, "a", START + SECOND), RC_LIMIT);
	assert_int_equal(take(limiter, "a", START + 2 * SECOND), RC_OK);
	rate_limiter_destroy(limiter);
}

static void the_burst_comes_back_in_full_and_not_fuller(void **state)
{
	struct rate_limiter *limiter = make(60, 30, 100);

	for (int i = 0; i < 30; i++)
		assert_int_equal(take(limiter, "a", START), RC_OK);
	for (int i = 0; i < 30; i++)
		assert_int_equal(take(limiter, "a", START + 3600 * SECOND), RC_OK);
	assert_int_equal(take(limiter, "a", START + 3600 * SECOND), RC_LIMIT);
	rate_limiter_destroy(limiter);
}

static void retry_after_is_exactly_when_it_is_allowed_again(void **state)
{
	struct rate_limiter *limiter = make(6, 1, 100);
	int retry_after_s = 0;

	assert_int_equal(take(limiter, "a", START), RC_OK);
	assert_int_equal(rate_limiter_take(limiter, RC_STR("a"), START + 1, &retry_after_s), RC_LIMIT);
	assert_int_equal(retry_after_s, 10);
	assert_int_equal(take(limiter, "a", START + 1 + 10 * SECOND), RC_OK);
	rate_limiter_destroy(limiter);
}

static void refusals_do_not_push_the_next_chance_away(void **state)
{
	struct rate_limiter *limiter = make(60, 1, 100);

	assert_int_equal(take(limiter, "a", START), RC_OK);
	for (int i = 1; i < 1000; i++)
		assert_int_equal(take(limiter, "a", START + i), RC_LIMIT);
	assert_int_equal(take(limiter, "a", START + SECOND), RC_OK);
	rate_limiter_destroy(limiter);
}

static void callers_do_not_share_a_bucket(void **state)
{
	struct rate_limiter *limiter = make(60, 1, 100);

	assert_int_equal(take(limiter, "a", START), RC_OK);
	assert_int_equal(take(limiter, "b", START), RC_OK);
	assert_int_equal(take(limiter, "", START), RC_OK);
	assert_int_equal(take(limiter, "a", START), RC_LIMIT);
	rate_limiter_destroy(limiter);
}

static void no_limiter_is_no_limit(void **state)
{
	for (int i = 0; i < 1000; i++)
		assert_int_equal(take(NULL, "a", START), RC_OK);
	rate_limiter_destroy(NULL);
}

static void full_buckets_are_forgotten(void **state)
{
	struct rate_limiter *limiter = make(60, 30, 1000);
	char key[16];

	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "%d", i);
		assert_int_equal(take(limiter, key, START), RC_OK);
	}
	assert_int_equal(rate_limiter_callers(limiter), 100);
	for (int i = 100; i < 200; i++) {
		snprintf(key, sizeof(key), "%d", i);
		assert_int_equal(take(limiter, key, START + 3600 * SECOND), RC_OK);
	}
	assert_int_equal(rate_limiter_callers(limiter), 100);
	rate_limiter_destroy(limiter);
}

static void at_the_limit_of_callers_the_quietest_is_forgotten_and_no_other(void **state)
{
	struct rate_limiter *limiter = make(60, 1, 3);

	assert_int_equal(take(limiter, "a", START), RC_OK);
	assert_int_equal(take(limiter, "b", START), RC_OK);
	assert_int_equal(take(limiter, "c", START), RC_OK);
	assert_int_equal(take(limiter, "a", START), RC_LIMIT);
	assert_int_equal(take(limiter, "d", START), RC_OK);
	assert_int_equal(rate_limiter_callers(limiter), 3);
	assert_int_equal(take(limiter, "a", START), RC_LIMIT);
	assert_int_equal(take(limiter, "c", START), RC_LIMIT);
	assert_int_equal(take(limiter, "b", START), RC_OK);
	rate_limiter_destroy(limiter);
}

static void assert_peer(const char *address, const char *key)
{
	char text[RATE_LIMITER_PEER_MAX];
	struct rc_str got = rate_limiter_peer(rc_str_from(address), text);

	if (!rc_str_is(got, key))
		fail_msg("%s: %.*s, not %s", address, RC_STR_ARG(got), key);
}

static void one_customer_of_a_provider_is_one_caller(void **state)
{
	assert_peer("192.0.2.7", "192.0.2.7");
	assert_peer("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
	assert_peer("2001:db8:1:2:ffff::", "2001:db8:1:2::");
	assert_peer("2001:DB8:1:3::1", "2001:db8:1:3::");
	assert_peer("::ffff:192.0.2.7", "192.0.2.7");
	assert_peer("::1", "::");
	assert_peer("not:an:address", "not:an:address");
	assert_peer("", "");
}

static struct rate_limiter *shared;
static _Atomic int allowed;

static void *take_many(void *arg)
{
	for (int i = 0; i < 2000; i++)
		atomic_fetch_add(&allowed, take(shared, i % 2 ? "a" : "b", START) == RC_OK);
	return NULL;
}

static void threads_together_get_no_more_than_one(void **state)
{
	pthread_t threads[4];

	shared = make(60, 50, 10);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_many, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(allowed, 100);
	rate_limiter_destroy(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_caller_has_his_burst_and_not_one_more),
		cmocka_unit_test(after_the_burst_one_event_is_allowed_per_interval),
		cmocka_unit_test(the_burst_comes_back_in_full_and_not_fuller),
		cmocka_unit_test(retry_after_is_exactly_when_it_is_allowed_again),
		cmocka_unit_test(refusals_do_not_push_the_next_chance_away),
		cmocka_unit_test(callers_do_not_share_a_bucket),
		cmocka_unit_test(no_limiter_is_no_limit),
		cmocka_unit_test(full_buckets_are_forgotten),
		cmocka_unit_test(at_the_limit_of_callers_the_quietest_is_forgotten_and_no_other),
		cmocka_unit_test(one_customer_of_a_provider_is_one_caller),
		cmocka_unit_test(threads_together_get_no_more_than_one),
	};

	return RUN_TESTS(tests);
}
