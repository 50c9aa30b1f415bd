/*
 * A topic from the inside, for hub.c and topic.c.
 *
 * Every row that exists or existed stands in the recency list, oldest change first. Two clocks run through it:
 *   n       the position's number: what a client's `after` is compared with. Time alone can change rows without a new
 * number; such rows are marked `timed` and are told again to whoever comes from exactly that number. serial  counts the
 * commits that changed this topic; exact, used for the taps. Both never decrease along the list.
 */
#ifndef ROWCAST_LIVE_TOPIC_IMPL_H
#define ROWCAST_LIVE_TOPIC_IMPL_H

#include "rowcast/base/map.h"
#include "rowcast/live/traffic.h"

struct text {
	char *ptr; /* NULL: no such row */
	size_t len;
};

struct row {
	struct list place; /* in topic->recency; idle while it has never been committed */
	struct list dirty; /* in topic->dirty */
	struct list grave; /* in topic->graves while it is a tombstone */
	uint64_t n, serial;
	bool timed, touched;
	struct text json;   /* now */
	struct text before; /* while touched: as it was committed last */
	size_t key_len;
	char key[];
};

struct topic {
	struct hub *hub;
	struct list changed; /* in hub->changed during a transaction */
	struct list idle;    /* in hub->idle while it has no taps, longest first */
	int64_t idle_since_us;
	size_t idle_rows; /* as counted in hub->idle_rows */
	const struct topic_source *source;
	char *name;
	void *shape;
	bool filling, fill_timed;
	struct map rows;
	size_t row_count;
	struct list recency, dirty, graves;
	size_t grave_count;
	uint64_t floor;             /* `after` below it cannot be continued */
	uint64_t serial;            /* of the newest change */
	uint64_t pruned_serial;     /* newest tombstone that was forgotten: taps before it must start again */
	uint64_t log_serial, log_n; /* of the newest change that was not made by time alone */
	int64_t timed_us;           /* when time alone changed it last, µs UTC */
	struct list taps;
	/* The chain of single deltas, mode `every`. */
	bool keeps_history;
	struct rc_position chain; /* `to` of the newest */
	uint64_t chain_serial;
	struct body **history; /* ring of `history_cap` */
	size_t history_first, history_count, history_cap, history_bytes;
	uint64_t history_floor; /* every delta after this number is there */
	uint64_t history_run;   /* serial before the run of time-driven changes that the newest delta is */
	/* What was encoded last, while it is current. */
	struct body *snapshot, *delta;
	uint64_t snapshot_serial, delta_from_serial;
};

/* hub.c: `topic` has touched rows. */
void hub_topic_changed(struct hub *hub, struct topic *topic);

struct topic *topic_create(struct hub *hub, const struct topic_source *source, struct rc_str name, void *shape_take);
void topic_destroy(struct topic *topic);
/* Call the source; on failure the topic is empty. Legal again after a restart. */
int topic_fill(struct topic *topic, struct rc_position position, struct rc_fault *fault) RC_MUST_CHECK;
/* End of a transaction: true when rows really changed. */
bool topic_settle(struct topic *topic, uint64_t n, bool timed, int64_t committed_us);
/* Forget the oldest tombstones beyond tombstones_max, and those that stand before n. */
void topic_prune(struct topic *topic, uint64_t n, size_t tombstones_max);

/* Current rows; shared until the next change. Borrowed. */
struct body *topic_snapshot(struct topic *topic, struct rc_position position);
/* What changed after `serial`. Caller owns a reference. */
struct body *topic_delta_since(struct topic *topic, uint64_t serial, struct rc_position from, struct rc_position to,
			       uint64_t at);
struct body *topic_empty_delta(struct rc_position from, struct rc_position to);
/* Keep a delta of the chain for mode `every`. */
void topic_remember(struct topic *topic, struct body *body, uint64_t serial_before, size_t bytes_max);
/* Nothing is kept; the chain starts at `position`. */
void topic_begin_history(struct topic *topic, struct rc_position position);
void topic_forget_history(struct topic *topic);

/*
 * Fill the answer of `join` for a subscriber who comes from join->after (or from nowhere): the tail of the recency
 * list, the deltas one by one, nothing, or a snapshot, which stands behind a reset when there was an `after`.
 */
void topic_catch_up(struct topic *topic, enum live_mode mode, struct rc_position position, struct join *join);

#endif
