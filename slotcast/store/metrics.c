/* What the store counts. */
#include <stdio.h>

#include "rowcast/base/metric.h"
#include "slotcast/store/train.h"

#define HOSTS_MAX 16

struct host_metric {
	struct metric metric;
	const struct store *store;
	int number;
	char labels[120];
};

static struct metric trains = METRIC_COUNTER("slotcast_trains_total", "Transactions that carried requests", NULL);
static struct metric passengers = METRIC_COUNTER("slotcast_train_requests_total", "Requests carried by them", NULL);
static struct metric size = METRIC_GAUGE("slotcast_train_size", "Requests in the newest one", NULL);
static struct metric retries = METRIC_COUNTER("slotcast_train_retries_total",
					      "Trains that were run again request by request", NULL);
static struct metric tidied = METRIC_COUNTER("slotcast_holds_tidied_total", "Ended holds taken away by the sweeper",
					     NULL);
static struct metric commit = METRIC_HISTOGRAM("slotcast_train_seconds",
					       "From the beginning of a train to the end of its commit", NULL);
static struct metric queue = METRIC_HISTOGRAM("slotcast_queue_seconds", "How long requests waited for their train",
					      NULL);

#define RESULT(label) METRIC_COUNTER("slotcast_store_results_total", "Decisions of the store", "result=\"" label "\"")

static struct metric results[] = {
	[STORE_DONE] = RESULT("done"),
	[STORE_REPLAYED] = RESULT("replayed"),
	[STORE_IN_FLIGHT] = RESULT("in-flight"),
	[STORE_KEY_MISMATCH] = RESULT("key-mismatch"),
	[STORE_NOT_FOUND] = RESULT("not-found"),
	[STORE_INVALID] = RESULT("invalid"),
	[STORE_OUTSIDE_HOURS] = RESULT("outside-hours"),
	[STORE_SLOT_FULL] = RESULT("slot-full"),
	[STORE_SLOT_HELD] = RESULT("slot-held"),
	[STORE_HOLD_EXPIRED] = RESULT("hold-expired"),
	[STORE_EXTEND_LIMIT] = RESULT("extend-limit"),
	[STORE_STALE_VERSION] = RESULT("stale-version"),
	[STORE_WRONG_STATE] = RESULT("wrong-state"),
	[STORE_UNAVAILABLE] = RESULT("unavailable"),
	[STORE_UNKNOWN] = RESULT("unknown"),
};

void store_metrics_register(void)
{
	struct metric *all[] = {&trains, &passengers, &size, &retries, &tidied, &commit, &queue};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		metric_register(all[i]);
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		metric_register(&results[i]);
}

static int64_t is_up(void *store)
{
	return store_health(store) == 0;
}

/* Which server is written to: one gauge each, known by its name for as long as the program runs. */
static int64_t is_primary(void *arg)
{
	const struct host_metric *host = arg;

	return atomic_load(&host->store->link.told_host) == host->number && !store_health(host->store);
}

void link_metrics(struct store *store)
{
	static struct metric up = METRIC_GAUGE("slotcast_database_up", "1 while bookings can be written", NULL);
	static struct host_metric hosts[HOSTS_MAX];

	up.read = is_up;
	up.arg = store;
	metric_register(&up);
	for (size_t i = 0; i < store->link.host_count && i < HOSTS_MAX; i++) {
		snprintf(hosts[i].labels, sizeof(hosts[i].labels), "host=\"%.100s\"", store->link.hosts[i]);
		hosts[i].store = store;
		hosts[i].number = (int)i + 1;
		hosts[i].metric.kind = METRIC_KIND_GAUGE;
		hosts[i].metric.name = "slotcast_database_primary";
		hosts[i].metric.help = "1: the server of the URL that bookings are written to";
		hosts[i].metric.labels = hosts[i].labels;
		hosts[i].metric.read = is_primary;
		hosts[i].metric.arg = &hosts[i];
		metric_register(&hosts[i].metric);
	}
}

void store_count_train(size_t requests, int64_t commit_us)
{
	metric_add(&trains, 1);
	metric_add(&passengers, (int64_t)requests);
	metric_set(&size, (int64_t)requests);
	metric_observe_us(&commit, commit_us);
}

void store_count_request(const struct store_request *request, int64_t begun_us)
{
	metric_add(&results[request->result], 1);
	metric_observe_us(&queue, begun_us - request->queued_us);
}

void store_count_retry(void)
{
	metric_add(&retries, 1);
}

void store_count_tidied(int64_t holds)
{
	metric_add(&tidied, holds);
}
