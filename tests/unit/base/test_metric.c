#include "tests/unit/suite.h"

#include <pthread.h>
#include <string.h>

#include "death.h"
#include "rowcast/base/metric.h"

static struct metric b2 = METRIC_COUNTER("b_total", "B.", "code=\"2xx\"");
static struct metric b1 = METRIC_COUNTER("b_total", "B.", NULL);
static struct metric a = METRIC_GAUGE("a", "A.", NULL);
static struct metric latency = METRIC_HISTOGRAM("c_seconds", "C.", NULL);
static struct metric twin = METRIC_GAUGE("a", "A.", NULL);

static void the_registry_is_sorted_by_name_then_labels_and_holds_each_once(void **state)
{
	const struct metric *at;

	metric_register(&b2);
	metric_register(&a);
	metric_register(&b1);
	metric_register(&b1);
	metric_register(&a);
	at = metric_first();
	assert_ptr_equal(at, &a);
	assert_ptr_equal(at = at->next, &b1);
	assert_ptr_equal(at = at->next, &b2);
	assert_null(at->next);
}

static void register_twin(void)
{
	metric_register(&a);
	metric_register(&twin);
}

static void two_metrics_of_one_name_and_labels_stop_the_process(void **state)
{
	assert_true(stops_the_process(register_twin));
}

static uint64_t bucket(int i)
{
	return atomic_load(&latency.buckets[i]);
}

static void an_observation_falls_in_the_bucket_whose_bound_it_reaches(void **state)
{
	metric_observe_us(&latency, -5);
	metric_observe_us(&latency, 0);
	metric_observe_us(&latency, 1);
	assert_int_equal(bucket(0), 3);
	metric_observe_us(&latency, 2);
	assert_int_equal(bucket(1), 1);
	metric_observe_us(&latency, 3);
	metric_observe_us(&latency, 4);
	assert_int_equal(bucket(2), 2);
	metric_observe_us(&latency, 1 << 22);
	assert_int_equal(bucket(22), 1);
	metric_observe_us(&latency, (1 << 22) + 1);
	metric_observe_us(&latency, INT64_C(1) << 50);
	assert_int_equal(bucket(METRIC_BUCKETS - 1), 2);
	assert_int_equal(latency.value, 10 + (1 << 22) + (1 << 22) + 1 + (INT64_C(1) << 50));
}

static struct metric shared = METRIC_COUNTER("shared_total", "S.", NULL);
static struct metric many[4] = {
	METRIC_GAUGE("many", "M.", "n=\"0\""),
	METRIC_GAUGE("many", "M.", "n=\"1\""),
	METRIC_GAUGE("many", "M.", "n=\"2\""),
	METRIC_GAUGE("many", "M.", "n=\"3\""),
};

static void *count_and_register(void *arg)
{
	metric_register(arg);
	for (int i = 0; i < 10000; i++)
		metric_add(&shared, 1);
	for (const struct metric *at = metric_first(); at; at = at->next)
		metric_add(&shared, 0);
	return NULL;
}

static void threads_count_and_register_without_losing_anything(void **state)
{
	pthread_t threads[4];
	int found = 0;

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_and_register, &many[i]), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(shared.value, 40000);
	for (const struct metric *at = metric_first(); at; at = at->next)
		found += strcmp(at->name, "many") == 0;
	assert_int_equal(found, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_registry_is_sorted_by_name_then_labels_and_holds_each_once),
		cmocka_unit_test(two_metrics_of_one_name_and_labels_stop_the_process),
		cmocka_unit_test(an_observation_falls_in_the_bucket_whose_bound_it_reaches),
		cmocka_unit_test(threads_count_and_register_without_losing_anything),
	};

	return RUN_TESTS(tests);
}
