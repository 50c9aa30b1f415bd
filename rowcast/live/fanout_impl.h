/*
 * Inside a fan-out.
 *
 *   fanout ── branch (topic, mode, rate; at most branch_subs_max subscribers) ── outlet (transport, id) ── seat ── peer
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
 *
 * The status goes the same way: one of a peer's seats leads, and by that one it hears it too. Who has been told it and
 * has no subscription any more sits in the lobby, the outlet of his transport that belongs to no branch.
 */
#ifndef ROWCAST_LIVE_FANOUT_IMPL_H
#define ROWCAST_LIVE_FANOUT_IMPL_H

#include "rowcast/base/map.h"
#include "rowcast/live/fanout.h"

enum sub_state { SUB_NONE, SUB_JOINING, SUB_SEATED, SUB_LOST };

/* Up to where he has been told, when that is no place in a ring; `known`: a delta may follow. */
struct stand {
	struct rc_position position;
	bool known;
};

/*
 * What `at` of a subscription is, by its state: JOINING its join, SEATED its seat + 1, LOST its stand. Addresses are
 * kept without their low bits, which are zero: so the word is still one that points there.
 */
#define SUB_AT_SHIFT 3
static inline void *sub_at(const struct sub *sub)
{
	return (void *)(uintptr_t)(sub->at << SUB_AT_SHIFT);
}
static inline void sub_set(struct sub *sub, enum sub_state state, const void *at)
{
	sub->state = (unsigned int)state & 3;
	sub->at = (uintptr_t)at >> SUB_AT_SHIFT;
}

/* As dense as can be: a sweep visits them all, and touches nothing else of whoever has nothing to get. */
struct seat {
	struct peer *peer;
	uint64_t apart : 1;
	uint64_t blocked : 1; /* its stream took less than it was given */
	uint64_t lead : 1;    /* its peer hears the status by this seat … */
	uint64_t untold : 1;  /* … and the newest is owed to him */
	uint64_t cursor : 60; /* shared: offset in all that the ring ever held; apart: address of its stand */
};

#define SEAT_STAND_SHIFT 4 /* what malloc gives is a multiple of 16 */
static inline struct stand *seat_stand(const struct seat *seat)
{
	return (struct stand *)(uintptr_t)(seat->cursor << SEAT_STAND_SHIFT);
}

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
	struct branch *branch; /* NULL: a lobby */
	struct outlet *lobby;  /* of its transport; its own is itself */
	const struct transport *transport;
	struct ring ring;
	struct seat *seats;
	uint32_t seat_count, seat_cap;
	uint32_t behind; /* shared seats that do not stand at the ring's head */
	uint32_t apart;
	uint32_t untold;     /* seats to which the newest status is owed */
	uint32_t scan, todo; /* the sweep: next seat, seats left to visit */
	uint32_t sub_count;  /* those without a seat included */
	struct buf status;   /* lobby: the newest status, a frame */
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

#define TRANSPORTS_MAX 4

struct fanout {
	struct fanout_config config;
	struct map branches;
	struct list run;                       /* outlets, round robin */
	struct list resting[RATE_SLOWEST + 1]; /* branches by due_us; those of a rate come in that order */
	struct list all_branches;
	int64_t paid_us; /* until when the sweeps so far have used up their share of time */
	struct outlet *lobbies[TRANSPORTS_MAX];
	bool status_known;
	enum live_state state;
	int64_t lag_us, age_us, status_us; /* as told by the hub, and when (monotonic) */
	/* The slowest way of a change from its commit to the last socket, µs; 0: nothing was shown. */
	int64_t slowest_us;        /* since the last tick of the status */
	int64_t slowest_before_us; /* in the interval before it */
	struct buf scratch;
	int64_t sent_bytes, sends, frames; /* counted here, added to the metrics once a run */
};

struct rest;
struct peer_extra {
	struct rest *rest; /* of a large body that its stream has not taken yet, or NULL */
	struct sub *more;  /* behind the first */
	uint32_t more_count;
};

/* peer.c */
struct sub *peer_sub(const struct peer *peer, uint32_t i);        /* i < peer_sub_count */
struct sub *peer_find(const struct peer *peer, struct rc_str id); /* or NULL */
struct peer_extra *peer_extra(struct peer *peer);                 /* made if there is none */
void peer_tidy(struct peer *peer);                                /* gives it back if it is not needed */
struct sub *sub_add(struct peer *peer);                           /* the caller says to what */
void sub_remove(struct peer *peer, struct sub *sub);              /* from its peer alone; others move */
struct sub *seat_sub(const struct outlet *outlet, const struct seat *seat);
/* After subscriptions sat down, stood up or ended: one of the peer's seats leads. */
void status_settle(struct peer *peer);
static inline struct rest *peer_rest(const struct peer *peer)
{
	return peer->extra ? peer->extra->rest : NULL;
}

/* outlet.c */
struct outlet *outlet_create(struct fanout *fanout, struct branch *branch, const struct transport *transport,
			     struct rc_str id);
void outlet_destroy(struct outlet *outlet);
/* Returns the seat + 1. stand: he sits apart. */
uint32_t outlet_sit(struct outlet *outlet, struct peer *peer, const struct stand *apart);
void outlet_leave(struct outlet *outlet, uint32_t place);
/* Append the frame in fanout->scratch for all shared seats and begin a sweep. */
void outlet_append(struct outlet *outlet, struct rc_position from, struct rc_position to, int64_t committed_us);
/* The lobby has a new status: it is owed to all seats that lead. */
void outlet_tell_status(struct outlet *outlet);
/* The seat has everything that there is, by another way: its cursor goes to the head. */
void outlet_rejoin(struct outlet *outlet, struct seat *seat);
/* One slice of the sweep; returns the seats visited. todo = 0 afterwards: the sweep is over. */
uint32_t outlet_sweep(struct outlet *outlet, uint32_t visits_max);
/* The seat's stream takes bytes again: false when it is blocked at once. */
bool outlet_resume(struct outlet *outlet, uint32_t place);
/* Position of who has everything up to the seat's cursor. */
struct rc_position outlet_position(const struct outlet *outlet, const struct seat *seat, struct rc_position head);
uint64_t outlet_head(const struct outlet *outlet);

/* tell.c; false: nothing was sent, the stream is blocked. `stand` moves on with what was told. */
bool tell_reset(struct peer *peer, struct outlet *outlet, struct stand *stand, const char *reason) RC_MUST_CHECK;
bool tell_snapshot(struct peer *peer, struct outlet *outlet, struct stand *stand, struct body *body,
		   struct rc_position position) RC_MUST_CHECK;
bool tell_delta(struct peer *peer, struct outlet *outlet, struct stand *stand, struct body *body) RC_MUST_CHECK;
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
struct outlet *fanout_lobby(struct fanout *fanout, const struct transport *transport);
/* What was committed at `committed_us` is with the sockets now. */
void fanout_shown(struct fanout *fanout, int64_t committed_us);
/* A seat is overrun, or cannot be told: he stands where `stand` says; `blocked`: his stream will say when it takes
 * bytes. */
void seat_lose(struct outlet *outlet, struct seat *seat, struct stand stand, bool blocked);
/* The sweep is over, or given up. */
void outlet_swept(struct outlet *outlet);

#endif
