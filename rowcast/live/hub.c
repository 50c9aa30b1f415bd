/*
 * The hub: opens topics, keeps those that nobody looks at for a while, and turns commits into pushes.
 *
 * A commit makes at most one delta per topic. Branches of mode `every` get each one; a branch of mode `latest` gets one
 * when it is ready and else a merged one when it has become so. So a reactor that is busy fanning out holds at most one
 * delta of a topic, and what it missed meanwhile costs the rows that changed, not the transactions.
 *
 * A topic that changes nothing sends nothing; so that its subscribers' positions never grow too old to resume from, an
 * empty delta moves them on now and then.
 *
 * Invariant: between transactions no topic has touched rows.
 */
#include "rowcast/live/hub.h"

#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "rowcast/live/metrics.h"
#include "rowcast/live/topic_impl.h"

struct hub {
	struct hub_config config;
	struct fanout **fanouts;
	struct map topics;
	struct list idle;    /* topics without taps, longest first */
	size_t idle_rows;    /* theirs, as many as each had when it became idle */
	struct list changed; /* topics with touched rows */
	struct rc_position position;
	bool placed; /* the position is known */
	uint64_t floor;
	int64_t now_us, advanced_us;
	uint64_t advanced_n;
};

struct hub *hub_create(const struct hub_config *config)
{
	struct hub *hub = rc_xcalloc(1, sizeof(*hub));

	hub->config = *config;
	hub->fanouts = rc_xcalloc(config->reactor_count + 1, sizeof(struct fanout *));
	list_init(&hub->idle);
	list_init(&hub->changed);
	return hub;
}

void hub_attach(struct hub *hub, uint32_t reactor, struct fanout *fanout)
{
	rc_check(reactor < hub->config.reactor_count);
	hub->fanouts[reactor] = fanout;
}

static void idle_leave(struct hub *hub, struct topic *topic)
{
	hub->idle_rows -= topic->idle_rows;
	topic->idle_rows = 0;
	list_remove(&topic->idle);
}

static void topic_close(struct hub *hub, struct topic *topic)
{
	idle_leave(hub, topic);
	topic->source->closed(topic->source->arg, topic);
	map_remove(&hub->topics, topic_name(topic));
	topic_destroy(topic);
	metric_set(&live_topics, (int64_t)hub->topics.count);
}

void hub_destroy(struct hub *hub)
{
	struct map_entry *entry;
	size_t cursor;

	while (cursor = 0, (entry = map_next(&hub->topics, &cursor))) {
		struct topic *topic = entry->value;

		LIST_EACH_SAFE (node, &topic->taps)
			list_remove(node);
		topic_close(hub, topic);
	}
	map_release(&hub->topics);
	free(hub->fanouts);
	free(hub);
}

struct rc_position hub_position(const struct hub *hub)
{
	return hub->position;
}

size_t hub_topic_count(const struct hub *hub)
{
	return hub->topics.count;
}

void hub_topic_changed(struct hub *hub, struct topic *topic)
{
	if (list_idle(&topic->changed))
		list_push_back(&hub->changed, &topic->changed);
}

/* ---- pushes ---- */

static void push_post(struct hub *hub, struct tap *tap, struct push push)
{
	struct push *parcel = rc_xmalloc(sizeof(*parcel));

	*parcel = push;
	parcel->parcel.arrive = fanout_push_arrive;
	parcel->branch = tap->branch;
	hub->config.carrier.to_reactor(hub->config.carrier.arg, tap->reactor, &parcel->parcel);
}

static void push_restart(struct hub *hub, struct tap *tap, const char *reason)
{
	struct topic *topic = tap->topic;
	struct push push = {.kind = PUSH_RESTART, .position = hub->position};

	push.body = body_acquire(topic_snapshot(topic, hub->position));
	rc_fault_set(&push.fault, RC_GONE, "%s", reason);
	tap->pending = false;
	tap->position = hub->position;
	tap->serial = topic->serial;
	push_post(hub, tap, push);
}

/* Bring a ready branch of mode `latest` up to date with one merged delta. */
static void push_latest(struct hub *hub, struct tap *tap)
{
	struct topic *topic = tap->topic;
	struct rc_position to = topic->log_serial > tap->serial ? hub->position : tap->position;
	struct push push = {.kind = PUSH_DELTA, .committed_us = tap->pending_us};

	if (tap->serial < topic->pruned_serial) {
		push_restart(hub, tap, "too many rows were removed meanwhile");
		return;
	}
	push.body = topic_delta_since(topic, tap->serial, tap->position, to, hub->position.n);
	tap->ready = tap->pending = false;
	tap->position = push.body->to;
	tap->serial = topic->serial;
	push_post(hub, tap, push);
}

static void push_every(struct hub *hub, struct topic *topic, struct body *body, int64_t committed_us)
{
	LIST_EACH (node, &topic->taps) {
		struct tap *tap = LIST_OWNER(node, struct tap, list);
		struct push push = {.kind = PUSH_DELTA, .committed_us = committed_us};

		if (tap->mode != LIVE_EVERY)
			continue;
		push.body = body_acquire(body);
		push_post(hub, tap, push);
	}
}

static void push_end(struct hub *hub, struct topic *topic, const struct rc_fault *fault)
{
	LIST_EACH_SAFE (node, &topic->taps) {
		struct tap *tap = LIST_OWNER(node, struct tap, list);

		list_remove(&tap->list);
		tap->topic = NULL;
		tap->dead = true;
		push_post(hub, tap, (struct push){.kind = PUSH_END, .fault = *fault});
	}
}

/* ---- transactions ---- */

static void topic_commit(struct hub *hub, struct topic *topic, bool timed, int64_t committed_us)
{
	struct body *body;

	if (!topic_settle(topic, hub->position.n, timed, committed_us))
		return;
	if (topic->keeps_history) {
		body = topic_delta_since(topic, topic->chain_serial, topic->chain, timed ? topic->chain : hub->position,
					 hub->position.n);
		topic_remember(topic, body, topic->chain_serial, (size_t)hub->config.history_bytes_max);
		topic->chain = body->to;
		topic->chain_serial = topic->serial;
		push_every(hub, topic, body, committed_us);
		body_drop(body);
	}
	LIST_EACH (node, &topic->taps) {
		struct tap *tap = LIST_OWNER(node, struct tap, list);

		if (tap->mode != LIVE_LATEST)
			continue;
		if (!tap->pending)
			tap->pending_us = committed_us;
		tap->pending = true;
		if (tap->ready)
			push_latest(hub, tap);
	}
	topic_prune(topic, hub->floor, (size_t)hub->config.tombstones_max);
}

void hub_commit(struct hub *hub, struct rc_position position, int64_t committed_us)
{
	bool timed = position.n == hub->position.n;
	struct list *node;

	rc_check(hub->placed && position.epoch == hub->position.epoch && position.n >= hub->position.n);
	hub->position = position;
	while ((node = list_pop_front(&hub->changed)))
		topic_commit(hub, LIST_OWNER(node, struct topic, changed), timed, committed_us);
}

void hub_restart(struct hub *hub, struct rc_position position, const char *reason)
{
	struct list failed;
	struct map_entry *entry;
	size_t cursor = 0;

	list_init(&failed);
	hub->position = position;
	hub->placed = true;
	hub->floor = 0;
	hub->advanced_n = position.n;
	hub->advanced_us = hub->now_us;
	while ((entry = map_next(&hub->topics, &cursor))) {
		struct topic *topic = entry->value;
		struct rc_fault fault = {0};

		list_remove(&topic->changed);
		if (topic_fill(topic, position, &fault)) {
			push_end(hub, topic, &fault);
			idle_leave(hub, topic);
			list_push_back(&failed, &topic->changed);
			continue;
		}
		LIST_EACH (at, &topic->taps)
			push_restart(hub, LIST_OWNER(at, struct tap, list),
				     reason ? reason : "a new history has begun");
	}
	while (!list_empty(&failed))
		topic_close(hub, LIST_OWNER(list_pop_front(&failed), struct topic, changed));
}

void hub_retain(struct hub *hub, uint64_t n)
{
	if (n > hub->floor)
		hub->floor = n;
}

void hub_status(struct hub *hub, enum live_state state, int64_t lag_us, int64_t age_us)
{
	for (uint32_t i = 0; i < hub->config.reactor_count; i++) {
		struct status_push *status = rc_xcalloc(1, sizeof(*status));

		*status = (struct status_push){.parcel.arrive = fanout_status_arrive,
					       .fanout = hub->fanouts[i],
					       .state = state,
					       .lag_us = lag_us,
					       .age_us = age_us};
		hub->config.carrier.to_reactor(hub->config.carrier.arg, i, &status->parcel);
	}
}

/* ---- subscriptions ---- */

static void close_longest_idle(struct hub *hub)
{
	topic_close(hub, LIST_OWNER(hub->idle.next, struct topic, idle));
}

/* Nobody looks at it now; it is kept for who comes back, as long as there is room for its rows. */
static void idle_enter(struct hub *hub, struct topic *topic)
{
	topic->idle_since_us = hub->now_us;
	topic->idle_rows = topic->rows.count;
	hub->idle_rows += topic->idle_rows;
	list_push_back(&hub->idle, &topic->idle);
	while (hub->config.idle_rows_max && hub->idle_rows > (size_t)hub->config.idle_rows_max)
		close_longest_idle(hub);
}

/* Room for one more topic, if need be at the cost of the one that has been idle longest. */
static bool make_room(struct hub *hub)
{
	if ((int64_t)hub->topics.count < hub->config.topics_max)
		return true;
	if (list_empty(&hub->idle))
		return false;
	close_longest_idle(hub);
	return true;
}

static int topic_open(struct hub *hub, struct join *join, struct topic **out)
{
	struct topic *topic = map_get(&hub->topics, join->name);
	int err;

	if (topic) {
		*out = topic;
		return 0;
	}
	if (!join->shape)
		return rc_fault_set(&join->fault, RC_GONE, "The topic was closed; subscribe again.");
	if (!make_room(hub))
		return rc_fault_set(&join->fault, RC_LIMIT,
				    "Too many different topics are open; ask for one that others use, or try later.");
	topic = topic_create(hub, join->source, join->name, join->shape);
	join->shape = NULL;
	topic->timed_us = hub->now_us;
	err = topic_fill(topic, hub->position, &join->fault);
	if (err) {
		topic->source->closed(topic->source->arg, topic);
		topic_destroy(topic);
		return err;
	}
	map_put(&hub->topics, topic_name(topic), topic);
	metric_set(&live_topics, (int64_t)hub->topics.count);
	topic_prune(topic, hub->floor, (size_t)hub->config.tombstones_max);
	*out = topic;
	return 0;
}

static void tap_attach(struct hub *hub, struct tap *tap, struct topic *topic)
{
	tap->topic = topic;
	idle_leave(hub, topic);
	list_push_back(&topic->taps, &tap->list);
	tap->ready = true;
	tap->position = hub->position;
	tap->serial = topic->serial;
	if (tap->mode == LIVE_EVERY && !topic->keeps_history) {
		topic->keeps_history = true;
		topic_begin_history(topic, hub->position);
	}
}

static int join_answer(struct hub *hub, struct join *join)
{
	struct tap *tap = join->tap;
	struct topic *topic = tap->topic;
	int err;

	rc_check(list_empty(&hub->changed));
	if (!hub->placed)
		return rc_fault_set(&join->fault, RC_UNAVAILABLE,
				    "The server is still loading; try again in a moment.");
	if (tap->dead)
		return rc_fault_set(&join->fault, RC_GONE, "The topic was closed; subscribe again.");
	if (!topic) {
		err = topic_open(hub, join, &topic);
		if (err)
			return err;
		tap_attach(hub, tap, topic);
	}
	if (topic->floor < hub->floor)
		topic->floor = hub->floor;
	topic_catch_up(topic, tap->mode, hub->position, join);
	join->chain = tap->mode == LIVE_EVERY ? topic->chain : tap->position;
	return 0;
}

void hub_join_arrive(struct parcel *parcel)
{
	struct join *join = (struct join *)parcel;
	struct hub *hub = join->hub;

	join->err = join_answer(hub, join);
	free(join->shape);
	join->shape = NULL;
	parcel->arrive = fanout_join_arrive;
	hub->config.carrier.to_reactor(hub->config.carrier.arg, join->tap->reactor, parcel);
}

void hub_leave_arrive(struct parcel *parcel)
{
	struct leave *leave = (struct leave *)parcel;
	struct hub *hub = leave->hub;
	struct topic *topic = leave->tap->topic;

	if (topic) {
		list_remove(&leave->tap->list);
		leave->tap->topic = NULL;
		if (list_empty(&topic->taps))
			idle_enter(hub, topic);
	}
	parcel->arrive = fanout_leave_arrive;
	hub->config.carrier.to_reactor(hub->config.carrier.arg, leave->tap->reactor, parcel);
}

void hub_ready_arrive(struct parcel *parcel)
{
	struct ready *ready = (struct ready *)parcel;
	struct tap *tap = ready->tap;

	tap->ready = true;
	if (tap->pending && tap->topic)
		push_latest(ready->hub, tap);
}

/* ---- time ---- */

static void advance(struct hub *hub, struct topic *topic)
{
	struct body *body;

	if (topic->keeps_history && topic->chain.n < hub->position.n) {
		body = topic_empty_delta(topic->chain, hub->position);
		topic->chain = hub->position;
		push_every(hub, topic, body, 0);
		body_drop(body);
	}
	LIST_EACH (node, &topic->taps) {
		struct tap *tap = LIST_OWNER(node, struct tap, list);

		if (tap->mode != LIVE_LATEST || !tap->ready || tap->position.n >= hub->position.n)
			continue;
		push_post(hub, tap,
			  (struct push){.kind = PUSH_DELTA, .body = topic_empty_delta(tap->position, hub->position)});
		tap->ready = false;
		tap->position = hub->position;
	}
}

void hub_tick(struct hub *hub, int64_t now_us)
{
	struct map_entry *entry;
	size_t cursor = 0;

	rc_check(list_empty(&hub->changed));
	hub->now_us = now_us;
	while (!list_empty(&hub->idle)) {
		struct topic *topic = LIST_OWNER(hub->idle.next, struct topic, idle);

		if (now_us - topic->idle_since_us < hub->config.topic_linger_us)
			break;
		topic_close(hub, topic);
	}
	if (hub->position.n == hub->advanced_n || (now_us - hub->advanced_us < hub->config.position_interval_us &&
						   hub->position.n - hub->advanced_n < hub->config.position_interval_n))
		return;
	hub->advanced_us = now_us;
	hub->advanced_n = hub->position.n;
	while ((entry = map_next(&hub->topics, &cursor)))
		advance(hub, entry->value);
}
