/*
 * A topic: rows by key, in recency order, and the frames that tell what changed. It lives on the projector thread and
 * knows no SQL and no sockets.
 *
 * A publisher changes rows with topic_put / topic_remove and ends each transaction with hub_commit. What changed in
 * between becomes one delta body, encoded once. Whoever stands before the retained frames gets the tail of the recency
 * list: the newest value of every row that changed after his position, and the tombstones. So a snapshot, a resume and
 * a slow client are one code path.
 */
#ifndef ROWCAST_LIVE_TOPIC_H
#define ROWCAST_LIVE_TOPIC_H

#include "rowcast/base/buf.h"
#include "rowcast/change.h"

struct hub;
struct topic;

/* Insert or replace a row. json: one object; equal to what is there already: nothing happens. `n`: number of the
 * change. */
void topic_put(struct topic *topic, struct rc_str key, struct rc_str json, uint64_t n);
/* key: how it stands in `remove`, as raw JSON ("\"s1-r2-…\"" or "[1,2]"). A source that fills may name rows that are no
 * more: they become tombstones. Later, a key that the topic does not hold changes nothing. */
void topic_remove(struct topic *topic, struct rc_str key, uint64_t n);
/* Positions before `n` cannot be continued on this topic. Called by the source while it fills a new topic. */
void topic_set_floor(struct topic *topic, uint64_t n);
/*
 * For a source that fills: what is put from here on was changed by time alone at the position it names, so it is told
 * again to whoever resumes from exactly that position. (Outside of a fill the hub sees it by itself: a commit whose
 * position is not new.)
 */
void topic_set_timed(struct topic *topic, bool timed);
struct rc_str topic_name(const struct topic *topic);
void *topic_shape(const struct topic *topic); /* what the source parsed */
size_t topic_row_count(const struct topic *topic);

/*
 * Where topics come from: the program registers one source per kind ("availability", "rows").
 */
struct topic_source {
	const char *kind; /* value of "topic" in a subscription */
	/*
	 * Reactor thread: read the subscription's own members. `params` is the JSON object of the subscription
	 * (WebSocket) or one made from the query (SSE, long-poll: every value a string). Writes the canonical name
	 * (equal shapes, equal names) and `shape` (heap; freed with free()). A fault's message is for the client;
	 * *field names the member.
	 */
	int (*parse)(void *arg, const void *params_json_t, struct buf *name, void **shape, const char **field,
		     struct rc_fault *fault);
	/* Projector thread: put all rows (with the number of their last change, 0 if older than retained), tombstones,
	 * the floor. */
	int (*fill)(void *arg, struct topic *topic, struct rc_fault *fault);
	/* Where a row stands in a snapshot, by its key: the first number counts, then the second. NULL: rows stand as they
	 * changed, oldest first. */
	void (*order)(struct rc_str key, int64_t order[2]);
	/* Projector thread: the topic is about to be destroyed. */
	void (*closed)(void *arg, struct topic *topic);
	void *arg;
};

/* End of a transaction (or of what time changed, with the same position): every changed topic gets its delta and it is
 * sent. */
void hub_commit(struct hub *hub, struct rc_position position, int64_t committed_us);
/* A new epoch began: every topic is refilled by its source and its subscribers get `reset` and a snapshot. */
void hub_restart(struct hub *hub, struct rc_position position, const char *reason);
/*
 * Status of the source as the clients see it. A new state is told at once, the rest with the next tick.
 *
 *   lag_us   how far the source is behind; 0: it is not, and clients are told how long the slowest change took to them
 *   age_us   the views were last known to be right this long ago, and grow older; 0: they are right until told otherwise
 */
enum live_state { LIVE_LIVE, LIVE_DELAYED, LIVE_STALE, LIVE_UNAVAILABLE };
void hub_status(struct hub *hub, enum live_state state, int64_t lag_us, int64_t age_us);

#endif
