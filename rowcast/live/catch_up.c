/*
 * The way back of a subscriber: from any position to the present, from whatever the topic still knows.
 *
 *   latest  the tail of the recency list as one delta: costs the rows changed, never the messages missed
 *   every   the deltas one by one, as long as the bounded history reaches back
 *   else    reset, then a snapshot
 */
#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "rowcast/live/topic_impl.h"

void topic_remember(struct topic *topic, struct body *body, size_t bytes_max)
{
	if (topic->history_count == topic->history_cap) {
		size_t cap = topic->history_cap ? topic->history_cap * 2 : 16;
		struct body **grown = rc_xcalloc(cap, sizeof(struct body *));

		for (size_t i = 0; i < topic->history_count; i++)
			grown[i] = topic->history[(topic->history_first + i) % topic->history_cap];
		free(topic->history);
		topic->history = grown;
		topic->history_cap = cap;
		topic->history_first = 0;
	}
	topic->history[(topic->history_first + topic->history_count++) % topic->history_cap] = body_acquire(body);
	topic->history_bytes += sizeof(*body) + body->len;
	while (topic->history_bytes > bytes_max) {
		struct body *oldest = topic->history[topic->history_first];

		/* What time changed at a number is told after the transaction of that number: it may be missing there
		 * too. */
		topic->history_floor = oldest->at + oldest->timed;
		topic->history_first = (topic->history_first + 1) % topic->history_cap;
		topic->history_count--;
		topic->history_bytes -= sizeof(*oldest) + oldest->len;
		body_drop(oldest);
	}
}

void topic_forget_history(struct topic *topic, uint64_t floor)
{
	for (; topic->history_count > 0; topic->history_count--) {
		body_drop(topic->history[topic->history_first]);
		topic->history_first = (topic->history_first + 1) % topic->history_cap;
	}
	topic->history_bytes = 0;
	topic->history_floor = floor;
}

/* Serial behind which everything is news to someone who was told everything up to `n`. */
static uint64_t serial_at(const struct topic *topic, uint64_t n)
{
	for (struct list *node = topic->recency.prev; node != &topic->recency; node = node->prev) {
		const struct row *row = LIST_OWNER(node, struct row, place);

		if (row->n < n || (row->n == n && !row->timed))
			return row->serial;
	}
	return 0;
}

static bool any_since(const struct topic *topic, uint64_t serial)
{
	return !list_empty(&topic->recency) && LIST_OWNER(topic->recency.prev, struct row, place)->serial > serial;
}

static void give_snapshot(struct topic *topic, struct rc_position position, struct join *join, const char *reset)
{
	join->reset = reset;
	join->position = position;
	join->body = body_acquire(topic_snapshot(topic, position));
}

static void give_history(struct topic *topic, struct join *join)
{
	join->history = rc_xcalloc(topic->history_count + 1, sizeof(struct body *));
	for (size_t i = 0; i < topic->history_count; i++) {
		struct body *body = topic->history[(topic->history_first + i) % topic->history_cap];

		if (body->at > join->after.n || (body->at == join->after.n && body->timed))
			join->history[join->history_count++] = body_acquire(body);
	}
}

void topic_catch_up(struct topic *topic, enum live_mode mode, struct rc_position position, struct join *join)
{
	struct rc_position after = join->after, to;
	uint64_t serial;

	join->timed_us = topic->timed_us;
	if (!join->has_after) {
		give_snapshot(topic, position, join, NULL);
	} else if (after.epoch != position.epoch) {
		give_snapshot(topic, position, join, "the position is of another history");
	} else if (after.n > position.n) {
		give_snapshot(topic, position, join, "the position is in the future");
	} else if (after.n < topic->floor) {
		give_snapshot(topic, position, join, "the position is older than what is kept");
	} else if (!any_since(topic, serial = serial_at(topic, after.n))) {
		return;
	} else if (mode == LIVE_LATEST) {
		to = topic->log_n > after.n ? position : after;
		join->body = topic_delta_since(topic, serial, after, to, position.n);
	} else if (topic->keeps_history && after.n >= topic->history_floor) {
		give_history(topic, join);
	} else {
		give_snapshot(topic, position, join, "single transactions since the position are not kept");
	}
}
