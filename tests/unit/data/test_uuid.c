/* UUIDs of version 7. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "rowcast/uuid.h"
#include "tests/unit/suite.h"

static void test_a_new_one_says_version_variant_and_time(void **state)
{
	struct timespec now;
	struct rc_uuid uuid;
	uint64_t ms = 0, now_ms;

	uuid = rc_uuid_v7();
	clock_gettime(CLOCK_REALTIME, &now);
	now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	for (int i = 0; i < 6; i++)
		ms = ms << 8 | uuid.bytes[i];
	assert_int_equal(uuid.bytes[6] >> 4, 7);
	assert_int_equal(uuid.bytes[8] >> 6, 2);
	assert_true(ms <= now_ms && now_ms - ms < 60000);
	assert_false(rc_uuid_is_zero(uuid));
	assert_true(rc_uuid_is_zero((struct rc_uuid){0}));
}

#define MANY    20000
#define THREADS 4

static void *draw(void *arg)
{
	struct rc_uuid *list = arg;

	for (int i = 0; i < MANY; i++)
		list[i] = rc_uuid_v7();
	return NULL;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct rc_uuid));
}

static void test_each_is_greater_than_those_before_it_and_no_two_threads_draw_one_tick(void **state)
{
	static struct rc_uuid all[THREADS][MANY];
	struct rc_uuid *flat = all[0];
	pthread_t threads[THREADS];

	for (int t = 0; t < THREADS; t++)
		assert_int_equal(pthread_create(&threads[t], NULL, draw, all[t]), 0);
	for (int t = 0; t < THREADS; t++)
		assert_int_equal(pthread_join(threads[t], NULL), 0);
	for (int t = 0; t < THREADS; t++) {
		for (int i = 1; i < MANY; i++)
			assert_true(memcmp(&all[t][i - 1], &all[t][i], 8) < 0);
	}
	qsort(flat, (size_t)THREADS * MANY, sizeof(*flat), compare);
	for (int i = 1; i < THREADS * MANY; i++)
		assert_int_not_equal(memcmp(&flat[i - 1], &flat[i], 8), 0);
}

static void test_text_goes_both_ways(void **state)
{
	struct rc_uuid uuid = rc_uuid_v7(), back;
	char text[RC_UUID_TEXT];

	rc_uuid_format(uuid, text);
	assert_int_equal(rc_uuid_parse(rc_str_from(text), &back), RC_OK);
	assert_memory_equal(&uuid, &back, sizeof(uuid));
	assert_int_equal(rc_uuid_parse(RC_STR("019336F0-7C00-7ABC-8DEF-0123456789aB"), &back), RC_OK);
	rc_uuid_format(back, text);
	assert_string_equal(text, "019336f0-7c00-7abc-8def-0123456789ab");
}

static void test_other_text_is_refused(void **state)
{
	static const char *const bad[] = {"",
					  "019336f0-7c00-7abc-8def-0123456789a",
					  "019336f0-7c00-7abc-8def-0123456789abc",
					  "019336f07c00-7abc-8def-0123456789abcd",
					  "019336f0-7c00-7abc-8def-0123456789ag",
					  "{19336f0-7c00-7abc-8def-0123456789ab",
					  "019336f0-7c00-7abc-8def_0123456789ab"};
	struct rc_uuid uuid;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(rc_uuid_parse(rc_str_from(bad[i]), &uuid), RC_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_new_one_says_version_variant_and_time),
		cmocka_unit_test(test_each_is_greater_than_those_before_it_and_no_two_threads_draw_one_tick),
		cmocka_unit_test(test_text_goes_both_ways),
		cmocka_unit_test(test_other_text_is_refused),
	};

	return RUN_TESTS(tests);
}
