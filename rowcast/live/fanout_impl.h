/*
 * Inside a fan-out.
 *
 *   fanout ── branch (topic, mode, rate; at most branch_subs_max subscribers) ── outlet (transport, id) ── seat ──
 * sub ── peer
 *
 * Where a subscription stands:
 *
 *   JOINING ──answer──▶ SEATED, apart ──delta that ends where the branch stands──▶ SEATED, shared
 *      ▲                    │ blocked                                                 │ overrun
 *      └── writable ── LOST ◀──────────────────────────────────────────────────────────┘
 *
 * shared: the seat's cursor points into the outlet's ring; `from` of the next frame is right for it.
 * apart:  its position differs from the branch's; its next delta gets a head of its own.
 * lost:   it costs nothing; when its stream takes bytes again it is brought up to date from its position.
 */
#ifndef ROWCAST_LIVE_FANOUT_IMPL_H
#define ROWCAST_LIVE_FANOUT_IMPL_H

#include "rowcast/base/map.h"
#include "rowcast/live/fanout.h"

enum sub_state { SUB_JOINING, SUB_SEATED, SUB_LOST };

struct sub {
	struct peer *peer; /* NULL: unsubscribed while its join is under way */
	struct outlet *outlet;
	struct sub *next;            /* of the peer's */
	struct rc_position position; /* last one sent; not kept while shared */
	uint32_t place;              /* seat + 1 */
	uint8_t state;
	bool has_position;
};

struct seat {
	void *stream;
	uint32_t *place;      /* in a struct sub, or in a struct peer for status */
	uint64_t cursor : 62; /* offset in all that the ring ever held */
	uint64_t apart : 1;
	uint64_t blocked : 1; /* its stream took less than it was given */
};

/* End of a frame in the ring, and what whoever has it was told. */
struct mark {
	uint64_t end;
	struct rc_position to;
};

struct ring {
	struct buf bytes; /* bytes.data[start..len) is what is kept */
	size_t start;
	uint64_t base;                    /* offset of bytes.data[start] */
	struct rc_position base_position; /* of who stands at base */
	struct mark *marks;
	size_t mark_count, mark_cap;
};

struct outlet {
	struct list list; /* in its branch */
	struct list run;  /* in fanout->run while a sweep is under way */
	struct fanout *fanout;
	struct branch *branch; /* NULL: status */
	const struct transport *transport;
	struct ring ring;
	struct seat *seats;
	uint32_t seat_count, seat_cap;
	uint32_t behind; /* shared seats that do not stand at the ring's head */
	uint32_t apart;
	uint32_t scan, todo; /* the sweep: next seat, seats left to visit */
	uint32_t sub_count;  /* those without a seat included */
	int64_t oldest_us;   /* commit time of the oldest frame of this sweep, 0: none */
	struct rc_str id_json;
	size_t id_len;
	char id[]; /* raw, then its JSON text */
};

struct branch {
	struct tap tap; /* the hub's */
	struct fanout *fanout;
	struct list all;    /* in fanout->all_branches */
	struct branch *kin; /* next branch of the same key */
	const struct topic_source *source;
	struct list outlets;
	uint32_t sub_count; /* joins under way included */
	uint32_t sweeping;  /* outlets in a sweep */
	uint8_t rate;       /* of rate.h */
	bool closed;        /* its topic has ended */
	bool leaving;
	bool owes_ready;
	struct rc_position chain; /* `to` of the last push */
	int64_t pushed_us;        /* monotonic, when that came */
	int64_t free_us;          /* when its rate allows the next one */
	int64_t due_us;           /* resting: when `ready` is sent */
	struct list rest;         /* in fanout->resting */
	struct ready ready;
	struct leave leave;
	struct rc_str key; /* mode and rate in a byte, and name, for fanout->branches */
	char name[];
};

#define STATUS_OUTLETS_MAX 4

struct fanout {
	struct fanout_config config;
	struct map branches;
	struct list run;                       /* outlets, round robin */
	struct list resting[RATE_SLOWEST + 1]; /* branches by due_us; those of a rate come in that order */
	struct list all_branches;
	int64_t paid_us; /* until when the sweeps so far have used up their share of time */
	struct outlet *status[STATUS_OUTLETS_MAX];
	bool status_known;
	enum live_state state;
	int64_t lag_us, age_us, status_us; /* as told by the hub, and when (monotonic) */
	/* The slowest way of a change from its commit to the last socket, µs; 0: nothing was shown. */
	int64_t slowest_us;        /* since the last tick of the status */
	int64_t slowest_before_us; /* in the interval before it */
	struct buf scratch;
	int64_t sent_bytes, sends, frames; /* counted here, added to the metrics once a run */
};

/* outlet.c */
struct outlet *outlet_create(struct fanout *fanout, struct branch *branch, const struct transport *transport,
			     struct rc_str id);
void outlet_destroy(struct outlet *outlet);
void outlet_sit(struct outlet *outlet, void *stream, uint32_t *place, bool apart);
void outlet_leave(struct outlet *outlet, uint32_t place);
/* Append the frame in fanout->scratch for all shared seats and begin a sweep. */
void outlet_append(struct outlet *outlet, struct rc_position from, struct rc_position to, int64_t committed_us);
/* The seat has everything that there is, by another way: its cursor goes to the head. */
void outlet_rejoin(struct outlet *outlet, struct seat *seat);
/* One slice of the sweep; returns the seats visited. todo = 0 afterwards: the sweep is over. */
uint32_t outlet_sweep(struct outlet *outlet, uint32_t visits_max);
/* The seat's stream takes bytes again: false when it is blocked at once. */
bool outlet_resume(struct outlet *outlet, uint32_t place);
/* Position of who has everything up to the seat's cursor. */
struct rc_position outlet_position(const struct outlet *outlet, const struct seat *seat, struct rc_position head);
uint64_t outlet_head(const struct outlet *outlet);
static inline struct sub *seat_sub(const struct seat *seat)
{
	return (struct sub *)((char *)seat->place - offsetof(struct sub, place));
}

/* tell.c; false: nothing was sent, the stream is blocked. */
bool tell_reset(struct sub *sub, const char *reason) RC_MUST_CHECK;
bool tell_snapshot(struct sub *sub, struct body *body, struct rc_position position) RC_MUST_CHECK;
bool tell_delta(struct sub *sub, struct body *body) RC_MUST_CHECK;
bool tell_status(struct peer *peer, const char *state, int64_t lag_ms, int64_t age_ms) RC_MUST_CHECK;
/* Go on with the rest of a large body. False: the stream is blocked again. */
bool peer_go_on(struct peer *peer) RC_MUST_CHECK;
void peer_drop_rest(struct peer *peer);

/* branch.c */
struct branch *branch_find(struct fanout *fanout, const struct topic_source *source, struct rc_str name,
			   enum live_mode mode, uint8_t rate);
void branch_unlink(struct branch *branch); /* no more joins */
void branch_leave(struct branch *branch);
/* At the end of the process: parcels that belong to it are still under way and will never arrive. */
void branch_abandon(struct branch *branch);
void branch_send_ready(struct branch *branch);
/* All its outlets have been swept: take the next delta, at once or after a rest. */
void branch_rest(struct branch *branch);
/* Ends the rests that are over; returns when the next one is, INT64_MAX: nobody rests. */
int64_t branches_awake(struct fanout *fanout, int64_t now);

/* fanout.c */
/* What was committed at `committed_us` is with the sockets now. */
void fanout_shown(struct fanout *fanout, int64_t committed_us);
/* A shared seat is overrun: it stands at `position`; `blocked`: its stream will say when it takes bytes. */
void sub_lose(struct sub *sub, struct rc_position position, bool blocked);
/* The sweep is over, or given up. */
void outlet_swept(struct outlet *outlet);
struct outlet *status_outlet(struct fanout *fanout, const struct transport *transport);

#endif
