/*
 * The fan-out of one reactor: its peers (connections), their subscriptions, and the outlets that send to them.
 *
 * All calls belong to the reactor's thread. The server embeds `struct peer` in its connection object.
 */
#ifndef ROWCAST_LIVE_FANOUT_H
#define ROWCAST_LIVE_FANOUT_H

#include "rowcast/live/hub.h"
#include "rowcast/live/rate.h"

struct fanout_config {
	struct carrier carrier;
	struct hub *hub;
	void *owner; /* what peer_owner tells */
	uint32_t reactor;
	size_t ring_bytes_max;    /* ready frames of one outlet */
	size_t copy_bytes_max;    /* larger bodies are sent from where they are, never copied for one subscriber */
	size_t pack_bytes_min;    /* smaller bodies are never packed */
	uint32_t branch_subs_max; /* more subscribers of a topic get a branch of their own */
	/* Reading clocks is the caller's: µs, monotonic and UTC. */
	int64_t (*mono_us)(void);
	int64_t (*wall_us)(void);
};

/* A subscription; fanout_impl.h says what `at` is. Both are private. */
struct sub {
	struct outlet *outlet;
	uint64_t state : 2;
	uint64_t hears : 1; /* only of a peer's own: it has been told the status, and goes on to be */
	uint64_t at : 61;
};

struct peer {
	struct sub sub;           /* the first one; without any: its transport's lobby, and its seat there */
	struct peer_extra *extra; /* NULL for nearly all */
};

struct fanout *fanout_create(const struct fanout_config *config);
/* After hub_destroy; all peers are closed. */
void fanout_destroy(struct fanout *fanout);

void peer_open(struct fanout *fanout, struct peer *peer, const struct transport *transport);
void *peer_owner(const struct peer *peer);
const struct transport *peer_transport(const struct peer *peer);
uint32_t peer_sub_count(const struct peer *peer);
/* Ends its subscriptions. The stream must still be valid for calls (which may do nothing). */
void peer_close(struct peer *peer);
/* The stream takes bytes again. */
void peer_writable(struct peer *peer);

struct subscription {
	struct rc_str id; /* 0..64 bytes of UTF-8, unique within the peer */
	const struct topic_source *source;
	struct rc_str name; /* canonical, from source->parse */
	void *shape;        /* taken */
	enum live_mode mode;
	uint8_t rate; /* mode latest: of rate.h */
	bool has_after;
	struct rc_position after;
};
void peer_subscribe(struct peer *peer, const struct subscription *wanted);
/* RC_NOT_FOUND: no such subscription. Nothing more is sent for it. */
int peer_unsubscribe(struct peer *peer, struct rc_str id) RC_MUST_CHECK;
/* A message of the server's own, a whole frame: an error. */
void peer_say(struct peer *peer, struct rc_str frame);
bool peer_has(const struct peer *peer, struct rc_str id);

/*
 * Send what is due: at most `visits_max` subscribers are looked at. Returns when to call again, monotonic µs: now or
 * earlier at once (after other work), INT64_MAX: when something arrives.
 */
int64_t fanout_run(struct fanout *fanout, uint32_t visits_max);
/* Tell every peer the status again: its lag is the slowest of what was shown since the last time. */
void fanout_tell_status(struct fanout *fanout);
/* Nobody was told for a while: what was shown meanwhile is of no interest. */
void fanout_measure_anew(struct fanout *fanout);

#endif
