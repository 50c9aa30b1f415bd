/*
 * Counters, gauges and histograms, counted with relaxed atomics from any thread; rowcast/server/metrics.c prints them
 * for Prometheus. Metrics are static objects, linked into one registry at start:
 *
 *   static struct metric requests = METRIC_COUNTER("slotcast_requests_total", "Requests answered.", "code=\"2xx\"");
 *   metric_register(&requests);
 *   metric_add(&requests, 1);
 */
#ifndef ROWCAST_BASE_METRIC_H
#define ROWCAST_BASE_METRIC_H

#include <stdatomic.h>
#include <stdint.h>

enum metric_kind { METRIC_KIND_COUNTER, METRIC_KIND_GAUGE, METRIC_KIND_HISTOGRAM };

#define METRIC_BUCKETS 24 /* upper bounds 1 µs · 2^i, the last is +Inf; exposed in seconds */

struct metric {
	enum metric_kind kind;
	const char *name;      /* unit last: _total, _seconds, _bytes */
	const char *help;      /* one sentence */
	const char *labels;    /* `code="200"` without braces, or NULL */
	_Atomic int64_t value; /* counter and gauge; for a histogram the sum in µs */
	_Atomic uint64_t buckets[METRIC_BUCKETS];
	int64_t (*read)(void *arg); /* a gauge that is asked when it is printed, from any thread; else NULL */
	void *arg;
	_Atomic(struct metric *) next; /* the registry's, sorted */
};

/* clang-format off */
#define METRIC_COUNTER(n, h, l)   {.kind = METRIC_KIND_COUNTER, .name = (n), .help = (h), .labels = (l)}
#define METRIC_GAUGE(n, h, l)     {.kind = METRIC_KIND_GAUGE, .name = (n), .help = (h), .labels = (l)}
#define METRIC_HISTOGRAM(n, h, l) {.kind = METRIC_KIND_HISTOGRAM, .name = (n), .help = (h), .labels = (l)}
/* clang-format on */

void metric_register(struct metric *metric); /* idempotent; before threads start, or under its own lock */
static inline void metric_add(struct metric *metric, int64_t more)
{
	atomic_fetch_add_explicit(&metric->value, more, memory_order_relaxed);
}
static inline void metric_set(struct metric *metric, int64_t value)
{
	atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}
void metric_observe_us(struct metric *metric, int64_t us); /* histogram */
/* What a counter or a gauge stands at. */
static inline int64_t metric_value(const struct metric *metric)
{
	return metric->read ? metric->read(metric->arg) : atomic_load_explicit(&metric->value, memory_order_relaxed);
}
/* The registry, sorted by name then labels. */
const struct metric *metric_first(void);

#endif
