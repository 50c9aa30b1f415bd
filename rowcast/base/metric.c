/*
 * The registry of metrics: a sorted list of static objects. Adding takes a lock; reading and counting take none, so a
 * metric is never removed.
 */
#include "rowcast/base/metric.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "rowcast/base/check.h"

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct metric *) registry;

static int compare(const struct metric *a, const struct metric *b)
{
	int order = strcmp(a->name, b->name);

	return order ? order : strcmp(a->labels ? a->labels : "", b->labels ? b->labels : "");
}

void metric_register(struct metric *metric)
{
	_Atomic(struct metric *) *place = &registry;
	struct metric *at;

	pthread_mutex_lock(&registry_lock);
	while ((at = atomic_load(place)) && at != metric && compare(at, metric) < 0)
		place = &at->next;
	if (at != metric) {
		rc_check(!at || compare(at, metric) != 0);
		atomic_store(&metric->next, at);
		atomic_store(place, metric);
	}
	pthread_mutex_unlock(&registry_lock);
}

void metric_observe_us(struct metric *metric, int64_t us)
{
	int bucket = 0;

	if (us < 0)
		us = 0;
	if (us > 1)
		bucket = 64 - __builtin_clzll((unsigned long long)us - 1);
	if (bucket >= METRIC_BUCKETS)
		bucket = METRIC_BUCKETS - 1;
	atomic_fetch_add_explicit(&metric->buckets[bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&metric->value, us, memory_order_relaxed);
}

const struct metric *metric_first(void)
{
	return atomic_load(&registry);
}
