/*
 * Percentiles and spreads for the benchmark programs: samples are kept whole and sorted; nothing is averaged away.
 */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline int64_t bench_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

struct samples {
	int64_t *at;
	size_t count, capacity;
};

static inline void samples_add(struct samples *samples, int64_t value)
{
	if (samples->count == samples->capacity) {
		samples->capacity = samples->capacity ? samples->capacity * 2 : 4096;
		samples->at = realloc(samples->at, samples->capacity * sizeof(*samples->at));
		if (!samples->at)
			abort();
	}
	samples->at[samples->count++] = value;
}

static inline int samples_order(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* Value below which `share` (0..1) of the samples lie; sorts in place. */
static inline int64_t samples_percentile(struct samples *samples, double share)
{
	if (!samples->count)
		return 0;
	qsort(samples->at, samples->count, sizeof(*samples->at), samples_order);
	return samples->at[(size_t)(share * (double)(samples->count - 1) + 0.5)];
}

#endif
