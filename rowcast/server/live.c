/*
 * The wiring of the live endpoints: parcels onto loops, timers, drain. See live.h for the order of the program's start.
 *
 * Everything a reactor has to send goes out in the hook at the end of its turn, so all deltas that arrived in one turn
 * leave in one send. A long sweep is cut into slices of SLICE_VISITS seats; between two slices the loop serves
 * requests.
 */
#include "rowcast/server/live.h"

#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "rowcast/io/clock.h"
#include "rowcast/live/metrics.h"
#include "rowcast/server/live_private.h"

#define SLICE_VISITS     1024
#define BRANCH_SUBS_MAX  1024
#define COPY_BYTES_MAX   65536
#define HUB_TICK_US      1000000
#define POSITION_CHANGES 20000 /* well below the 100,000 that positions are kept for at least */

struct live_limits live_limits_default(void)
{
	return (struct live_limits){.subscriptions_max = 100,
				    .rate_max = RATE_PER_S_MAX,
				    .id_bytes_max = 64,
				    .ring_bytes_max = 256 * 1024,
				    .history_bytes_max = 1024 * 1024,
				    .tombstones_max = 100000,
				    .topics_max = 10000,
				    .idle_rows_max = 200000,
				    .topic_linger_us = 60000000,
				    .status_interval_us = 3000000,
				    .position_interval_us = 60000000,
				    .compress_bytes_min = 1024,
				    .poll_wait_max_us = 60000000,
				    .poll_wait_us = 25000000};
}

/* ---- parcels ---- */

_Static_assert(sizeof(struct message) <= sizeof(((struct parcel *)0)->link), "a message fits into a parcel's link");

static void parcel_deliver(struct message *message)
{
	struct parcel *parcel = (struct parcel *)((char *)message - offsetof(struct parcel, link));

	parcel->arrive(parcel);
}

static void parcel_post(struct loop *loop, struct parcel *parcel)
{
	struct message *message = (struct message *)parcel->link;

	message->deliver = parcel_deliver;
	loop_post(loop, message);
}

static void to_hub(void *arg, struct parcel *parcel)
{
	parcel_post(((struct live *)arg)->projector, parcel);
}

static void to_reactor(void *arg, uint32_t reactor, struct parcel *parcel)
{
	parcel_post(((struct live *)arg)->endpoints[reactor].loop, parcel);
}

/* ---- reactors ---- */

static void endpoint_run_again(struct timer *timer)
{
	/* Waking up is enough: the hook does the rest. */
}

static void endpoint_run(struct loop_hook *hook)
{
	struct endpoint *endpoint = LIST_OWNER(hook, struct endpoint, hook);
	int64_t due_us = fanout_run(endpoint->fanout, SLICE_VISITS);

	polls_answer(endpoint);
	if (due_us == INT64_MAX)
		timer_stop(endpoint->loop, &endpoint->run_timer);
	else
		timer_start(endpoint->loop, &endpoint->run_timer, due_us, endpoint_run_again);
}

static void endpoint_status(struct timer *timer)
{
	struct endpoint *endpoint = LIST_OWNER(timer, struct endpoint, status_timer);

	endpoint->ticking = endpoint->streams > 0;
	if (!endpoint->ticking)
		return;
	fanout_tell_status(endpoint->fanout);
	timer_start(endpoint->loop, timer, loop_now_us(endpoint->loop) + endpoint->live->limits.status_interval_us,
		    endpoint_status);
}

void endpoint_tick(struct endpoint *endpoint)
{
	if (endpoint->ticking)
		return;
	endpoint->ticking = true;
	fanout_measure_anew(endpoint->fanout);
	timer_start(endpoint->loop, &endpoint->status_timer,
		    loop_now_us(endpoint->loop) + endpoint->live->limits.status_interval_us, endpoint_status);
}

static void endpoint_create(struct live *live, uint32_t index, struct loop *loop)
{
	struct endpoint *endpoint = &live->endpoints[index];

	endpoint->live = live;
	endpoint->index = index;
	endpoint->loop = loop;
	list_init(&endpoint->polls);
	list_init(&endpoint->polls_ready);
	endpoint->fanout = fanout_create(
		&(struct fanout_config){.carrier = {to_hub, to_reactor, live},
					.hub = live->hub,
					.owner = endpoint,
					.reactor = index,
					.ring_bytes_max = (size_t)live->limits.ring_bytes_max,
					.copy_bytes_max = COPY_BYTES_MAX,
					.pack_bytes_min = (size_t)live->limits.compress_bytes_min,
					.branch_subs_max = BRANCH_SUBS_MAX,
					.mono_us = clock_mono_us,
					.wall_us = clock_wall_us});
	hub_attach(live->hub, index, endpoint->fanout);
	endpoint->hook.run = endpoint_run;
	loop_hook_add(loop, &endpoint->hook);
}

/* ---- the projector ---- */

static void hub_timer(struct timer *timer)
{
	struct live *live = LIST_OWNER(timer, struct live, hub_timer);

	hub_tick(live->hub, clock_wall_us());
	timer_start(live->projector, timer, loop_now_us(live->projector) + HUB_TICK_US, hub_timer);
}

/* ---- start and end ---- */

static int config_check(const struct live_config *config, struct rc_fault *fault)
{
	const struct live_limits *limits = &config->limits;
	const int64_t all[] = {limits->subscriptions_max, limits->id_bytes_max,       limits->ring_bytes_max,
			       limits->history_bytes_max, limits->tombstones_max,     limits->topics_max,
			       limits->topic_linger_us,   limits->status_interval_us, limits->position_interval_us,
			       limits->poll_wait_max_us,  limits->poll_wait_us,       limits->idle_rows_max,
			       limits->rate_max};

	if (config->reactor_count < 1 || config->source_count < 1)
		return rc_fault_set(fault, RC_INVALID, "Live endpoints need a reactor and a topic source.");
	for (size_t i = 0; i < config->source_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(config->sources[i].kind, config->sources[j].kind) == 0)
				return rc_fault_set(fault, RC_INVALID, "Two topic sources are called \"%s\".",
						    config->sources[i].kind);
		}
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i] < 1)
			return rc_fault_set(fault, RC_INVALID, "A limit of the live endpoints is below 1.");
	}
	return 0;
}

int live_start(struct live **out, const struct live_config *config, struct rc_fault *fault)
{
	struct live *live;
	int err = config_check(config, fault);

	if (err)
		return err;
	live_metrics_register();
	live_transports_register();
	live = rc_xcalloc(1, sizeof(*live));
	live->limits = config->limits;
	live->allowed_origins = config->allowed_origins;
	live->projector = config->projector;
	live->source_count = config->source_count;
	live->sources = rc_xcalloc(config->source_count, sizeof(struct topic_source));
	memcpy(live->sources, config->sources, config->source_count * sizeof(struct topic_source));
	live->hub = hub_create(&(struct hub_config){.carrier = {to_hub, to_reactor, live},
						    .reactor_count = (uint32_t)config->reactor_count,
						    .topics_max = live->limits.topics_max,
						    .idle_rows_max = live->limits.idle_rows_max,
						    .topic_linger_us = live->limits.topic_linger_us,
						    .tombstones_max = live->limits.tombstones_max,
						    .history_bytes_max = live->limits.history_bytes_max,
						    .position_interval_us = live->limits.position_interval_us,
						    .position_interval_n = POSITION_CHANGES});
	hub_tick(live->hub, clock_wall_us());
	timer_start(live->projector, &live->hub_timer, loop_now_us(live->projector) + HUB_TICK_US, hub_timer);
	live->endpoint_count = config->reactor_count;
	live->endpoints = rc_xcalloc(config->reactor_count, sizeof(struct endpoint));
	for (uint32_t i = 0; i < config->reactor_count; i++)
		endpoint_create(live, i, config->reactors[i]);
	*out = live;
	return 0;
}

struct hub *live_hub(struct live *live)
{
	return live->hub;
}

void live_routes(struct live *live, size_t reactor, struct http_route routes[LIVE_ROUTES])
{
	struct endpoint *endpoint = &live->endpoints[reactor];

	rc_check(reactor < live->endpoint_count);
	routes[0] = (struct http_route){"GET", "/v1/live", live_websocket, endpoint};
	routes[1] = (struct http_route){"GET", "/v1/live/sse", live_sse, endpoint};
	routes[2] = (struct http_route){"GET", "/v1/live/poll", live_poll, endpoint};
}

static void endpoint_drain(struct message *message)
{
	struct endpoint *endpoint = LIST_OWNER(message, struct endpoint, drain);

	if (endpoint->draining)
		return;
	endpoint->draining = true;
	streams_drain(endpoint);
	polls_drain(endpoint);
}

void live_drain(struct live *live)
{
	for (size_t i = 0; i < live->endpoint_count; i++) {
		live->endpoints[i].drain.deliver = endpoint_drain;
		loop_post(live->endpoints[i].loop, &live->endpoints[i].drain);
	}
}

void live_destroy(struct live *live)
{
	for (size_t i = 0; i < live->endpoint_count; i++) {
		struct endpoint *endpoint = &live->endpoints[i];

		polls_free(endpoint);
		loop_hook_remove(&endpoint->hook);
		timer_stop(endpoint->loop, &endpoint->run_timer);
		timer_stop(endpoint->loop, &endpoint->status_timer);
	}
	timer_stop(live->projector, &live->hub_timer);
	hub_destroy(live->hub);
	for (size_t i = 0; i < live->endpoint_count; i++)
		fanout_destroy(live->endpoints[i].fanout);
	free(live->endpoints);
	free(live->sources);
	free(live);
}
