/*
 * Inside the live endpoints: one endpoint per reactor, one connection object per stream or waiting poll.
 */
#ifndef ROWCAST_SERVER_LIVE_PRIVATE_H
#define ROWCAST_SERVER_LIVE_PRIVATE_H

#include <jansson.h>

#include "rowcast/live/fanout.h"
#include "rowcast/server/live.h"

struct endpoint {
	struct live *live;
	uint32_t index;
	struct loop *loop;
	struct fanout *fanout;
	struct loop_hook hook;  /* end of every turn: the fan-out's sends, then the polls that have something */
	struct timer run_timer; /* the fan-out wants to go on */
	struct timer status_timer;
	bool ticking;
	struct http_server *http; /* of the streams */
	int64_t streams;          /* open */
	struct list polls;        /* struct poll, waiting */
	struct list polls_ready;  /* to be answered at the end of this turn */
	struct message drain;
	bool draining;
};

struct live {
	struct live_limits limits;
	const char *allowed_origins;
	struct topic_source *sources;
	size_t source_count;
	struct loop *projector;
	struct hub *hub;
	struct timer hub_timer;
	struct endpoint *endpoints;
	size_t endpoint_count;
};

/* The first connection of an endpoint starts its status ticks. */
void endpoint_tick(struct endpoint *endpoint);

/*
 * Reading a subscription. `fault` and `field` say what is wrong; the codes:
 *   RC_INVALID → validation   RC_NOT_FOUND → not-found   RC_LIMIT → too-many   RC_UNAVAILABLE, RC_GONE → unavailable
 */
struct wanted {
	struct subscription subscription; /* id borrowed */
	struct buf name;
	/* long-poll */
	int64_t wait_us;
	bool has_seen;
	int64_t seen_us;   /* he was told what time changed up to then; 0: nothing, or unknown */
	int64_t seen_turn; /* and so often since that there is nothing new */
};

/* `params` loses the members that are the protocol's own; what is left is the source's. On success the shape belongs to
 * *out. */
int wanted_read(const struct live *live, json_t *params, struct wanted *out, const char **field,
		struct rc_fault *fault) RC_MUST_CHECK;
void wanted_release(struct wanted *wanted);
/* The query of an SSE stream or a poll as such an object; `last_event_id` may be RC_STR_NONE. */
int wanted_from_query(struct http_request *req, struct rc_str last_event_id, json_t **params, const char **field,
		      struct rc_fault *fault) RC_MUST_CHECK;

/* What a fault is for a client. */
struct http_problem live_problem(const struct rc_fault *fault, const char *field, int invalid_status);
/* {"type":"error","id":…, problem members} */
void live_error_object(struct buf *out, bool with_id, struct rc_str id, const struct http_problem *problem);

/* The handlers; arg is the reactor's endpoint. */
void live_websocket(struct http_request *req, void *arg);
void live_sse(struct http_request *req, void *arg);
void live_poll(struct http_request *req, void *arg);

void streams_drain(struct endpoint *endpoint);
void polls_answer(struct endpoint *endpoint); /* those that have something to say */
void polls_drain(struct endpoint *endpoint);
void polls_free(struct endpoint *endpoint); /* the requests are gone already */
void live_transports_register(void);
void live_poll_register(void);

#endif
