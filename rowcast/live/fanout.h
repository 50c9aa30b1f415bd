/*
 * The fan-out of one reactor: its peers (connections), their subscriptions, and the outlets that send to them.
 *
 * All calls belong to the reactor's thread. The server embeds `struct peer` in its connection object.
 */
#ifndef ROWCAST_LIVE_FANOUT_H
#define ROWCAST_LIVE_FANOUT_H

#include "rowcast/live/hub.h"

struct fanout_config {
	struct carrier carrier;
	struct hub *hub;
	uint32_t reactor;
	size_t ring_bytes_max;    /* ready frames of one outlet */
	size_t copy_bytes_max;    /* larger bodies are sent from where they are, never copied for one subscriber */
	size_t pack_bytes_min;    /* smaller bodies are never packed */
	uint32_t branch_subs_max; /* more subscribers of a topic get a branch of their own */
	/* Reading clocks is the caller's: µs, monotonic and UTC. */
	int64_t (*mono_us)(void);
	int64_t (*wall_us)(void);
};

struct peer {
	struct fanout *fanout;
	void *stream;
	const struct transport *transport;
	struct sub *subs;  /* newest first */
	struct rest *rest; /* of a large body that its stream has not taken yet, or NULL */
	uint32_t sub_count;
	uint32_t status_place; /* seat in its transport's status outlet + 1; 0: not told yet */
};

struct fanout *fanout_create(const struct fanout_config *config);
/* After hub_destroy; all peers are closed. */
void fanout_destroy(struct fanout *fanout);

void peer_open(struct fanout *fanout, struct peer *peer, void *stream, const struct transport *transport);
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
