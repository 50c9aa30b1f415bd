/*
 * What crosses the seam between the hub (projector thread) and the fan-outs (one per reactor).
 *
 *   reactor → hub   join      a subscription wants to stand on a topic, or to be brought up to date again
 *                   ready     a branch (mode `latest`) has sent what it had and takes the next delta
 *                   leave     a branch has no subscribers left
 *   hub → reactor   the same join, answered; the same leave, done
 *                   push      a delta, a restart or the end of a topic, for one branch
 *                   status
 *
 * Live knows no loops, so the server gives it a carrier. It must be FIFO from each sender to each receiver: a join's
 * answer then stands exactly between the pushes that its snapshot contains and those that it does not, and snapshot and
 * tail join without gap.
 *
 * A tap is the hub's view of a branch; its memory is inside the branch, so that there is exactly one and neither side
 * can outlive the other: the branch is freed when its leave has come back. Only the hub's thread touches its fields.
 */
#ifndef ROWCAST_LIVE_TRAFFIC_H
#define ROWCAST_LIVE_TRAFFIC_H

#include "rowcast/base/list.h"
#include "rowcast/live/body.h"
#include "rowcast/live/topic.h"

struct parcel {
	void *link[2]; /* the carrier's */
	void (*arrive)(struct parcel *parcel);
};

struct carrier {
	void (*to_hub)(void *arg, struct parcel *parcel);
	void (*to_reactor)(void *arg, uint32_t reactor, struct parcel *parcel);
	void *arg;
};

/* latest: transactions may be merged; every: each on its own, from a bounded history. */
enum live_mode { LIVE_LATEST, LIVE_EVERY };

struct tap {
	struct list list; /* in its topic */
	struct topic *topic;
	struct branch *branch;
	uint32_t reactor;
	enum live_mode mode;
	bool dead; /* its topic ended; nothing comes any more */
	/* latest: */
	bool ready;                  /* the branch takes a delta */
	bool pending;                /* something changed since the last one */
	struct rc_position position; /* up to which the branch was told */
	uint64_t serial;             /* of the topic's changes up to which it was told */
	int64_t pending_us;          /* commit time of the oldest change that is pending */
};

struct join {
	struct parcel parcel;
	struct hub *hub;
	struct tap *tap;
	struct peer *peer; /* NULL: unsubscribed while the join is under way */
	struct outlet *outlet;
	const struct topic_source *source;
	struct rc_str name; /* the branch's */
	void *shape;        /* the hub takes it */
	bool has_after;
	struct rc_position after;
	/* The answer: */
	int err; /* fault tells why */
	struct rc_fault fault;
	const char *reset;           /* reason, or NULL; a snapshot follows */
	struct rc_position position; /* snapshot: its position */
	struct rc_position chain;    /* position of the branch's own chain at this point of the traffic */
	int64_t timed_us;            /* when time alone changed the topic last, µs UTC */
	struct body *body;           /* snapshot, one delta, or NULL */
	struct body **history;       /* every: deltas one by one; NULL: none */
	size_t history_count;
};

enum push_kind { PUSH_DELTA, PUSH_RESTART, PUSH_END };

struct push {
	struct parcel parcel;
	struct branch *branch;
	enum push_kind kind;
	struct body *body;
	int64_t committed_us;        /* delta: oldest commit in it, µs UTC; 0: unknown */
	struct rc_position position; /* restart: of the snapshot */
	struct rc_fault fault;       /* restart: message = reason; end: why */
};

struct leave {
	struct parcel parcel;
	struct hub *hub;
	struct tap *tap;
};

struct ready {
	struct parcel parcel;
	struct hub *hub;
	struct tap *tap;
};

struct status_push {
	struct parcel parcel;
	struct fanout *fanout;
	enum live_state state;
	int64_t lag_us, age_us;
};

/* What the parcels do when they arrive. */
void hub_join_arrive(struct parcel *parcel);
void hub_leave_arrive(struct parcel *parcel);
void hub_ready_arrive(struct parcel *parcel);
void fanout_join_arrive(struct parcel *parcel);
void fanout_leave_arrive(struct parcel *parcel);
void fanout_push_arrive(struct parcel *parcel);
void fanout_status_arrive(struct parcel *parcel);

#endif
