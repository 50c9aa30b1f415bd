/*
 * The way back of a subscriber: from any position to the present, from whatever the topic still knows.
 *
 *   latest  the tail of the recency list as one delta: costs the rows changed, never the messages missed
 *   every   the deltas one by one, as long as the bounded history reaches back; what time alone changed may be merged
 *   else    reset, then a snapshot
 */
#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "rowcast/live/topic_impl.h"

static struct body **history_at(const struct topic *topic, size_t i)
{
	return &topic->history[(topic->history_first + i) % topic->history_cap];
}

static void history_add(struct topic *topic, struct body *body_taken)
{
	if (topic->history_count == topic->history_cap) {
		size_t cap = topic->history_cap ? topic->history_cap * 2 : 16;
		struct body **grown = rc_xcalloc(cap, sizeof(struct body *));

		for (size_t i = 0; i < topic->history_count; i++)
			grown[i] = *history_at(topic, i);
		free(topic->history);
		topic->history = grown;
		topic->history_cap = cap;
		topic->history_first = 0;
	}
	*history_at(topic, topic->history_count++) = body_taken;
	topic->history_bytes += sizeof(*body_taken) + body_taken->len;
}

static bool by_time_alone(const struct body *body)
{
	return body->from.n == body->to.n;
}

/*
 * A subscriber may have seen some of what time changed since a transaction, and is told all of it again when he comes
 * from there. So a run of such changes is kept as one delta: told one by one, the first would bring back rows that he
 * has seen newer.
 */
void topic_remember(struct topic *topic, struct body *body, uint64_t serial_before, size_t bytes_max)
{
	struct body *last = topic->history_count ? *history_at(topic, topic->history_count - 1) : NULL;

	if (last && by_time_alone(last) && by_time_alone(body)) {
		topic->history_count--;
		topic->history_bytes -= sizeof(*last) + last->len;
		body_drop(last);
		history_add(topic, topic_delta_since(topic, topic->history_run, body->from, body->to, body->at));
	} else {
		topic->history_run = serial_before;
		history_add(topic, body_acquire(body));
	}
	while (topic->history_bytes > bytes_max) {
		struct body *oldest = *history_at(topic, 0);

		/* What time changed at a number is told after the transaction of that number: it may be missing there
		 * too. */
		topic->history_floor = oldest->at + by_time_alone(oldest);
		topic->history_first = (topic->history_first + 1) % topic->history_cap;
		topic->history_count--;
		topic->history_bytes -= sizeof(*oldest) + oldest->len;
		body_drop(oldest);
	}
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

void topic_begin_history(struct topic *topic, struct rc_position position)
{
	uint64_t told = serial_at(topic, position.n);

	topic_forget_history(topic);
	topic->chain = position;
	topic->chain_serial = topic->serial;
	topic->history_floor = position.n;
	topic->history_run = told;
	/* What time alone has changed at this position belongs to what comes behind it. */
	if (any_since(topic, told))
		history_add(topic, topic_delta_since(topic, told, position, position, position.n));
}

void topic_forget_history(struct topic *topic)
{
	for (; topic->history_count > 0; topic->history_count--) {
		body_drop(topic->history[topic->history_first]);
		topic->history_first = (topic->history_first + 1) % topic->history_cap;
	}
	topic->history_bytes = 0;
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
		struct body *body = *history_at(topic, i);

		if (body->at > join->after.n || (body->at == join->after.n && by_time_alone(body)))
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
	} else if (mode == LIVE_LATEST || topic->log_n <= after.n) {
		to = position.n > after.n ? position : after;
		join->body = topic_delta_since(topic, serial, after, to, position.n);
	} else if (topic->keeps_history && after.n >= topic->history_floor) {
		give_history(topic, join);
	} else {
		give_snapshot(topic, position, join, "single transactions since the position are not kept");
	}
}
