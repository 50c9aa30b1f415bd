/*
 * The live endpoints of a program: WebSocket, SSE and long-poll in front of one hub.
 *
 *   GET /v1/live        WebSocket, subprotocol rowcast.v1+json
 *   GET /v1/live/sse    server-sent events; Last-Event-ID wins over ?after=
 *   GET /v1/live/poll   long-poll: a list of the same objects, 204 when nothing came in time
 *
 * Order of the program's start:
 *
 *   live_start(&live, &config)           main thread, before any loop runs
 *   live_routes(live, r, routes)         for each reactor, before its http_server_create
 *   hub_restart(live_hub(live), position, NULL)   projector thread, once the board stands; until then: 503 / error
 * unavailable hub_status(live_hub(live), LIVE_LIVE, 0, 0)   projector thread, whenever it changes or is measured again
 *   … topic_put, topic_remove, hub_commit …       projector thread
 *   live_drain(live)                     any thread
 *   live_destroy(live)                   after the loops have stopped and the http servers are destroyed, before the
 * loops are
 */
#ifndef ROWCAST_SERVER_LIVE_H
#define ROWCAST_SERVER_LIVE_H

#include "rowcast/http/http.h"
#include "rowcast/live/topic.h"

struct live;

/* Every field is a row of the program's option table; live_limits_default() gives what stands in brackets. */
struct live_limits {
	int64_t subscriptions_max; /* of one connection [100] */
	int64_t rate_max;          /* deltas a second that a subscription may wish for, at most 1000 [1000] */
	int64_t id_bytes_max;      /* of a subscription's id [64] */
	int64_t ring_bytes_max; /* ready frames kept for one outlet; who stands before them is brought up to date [256
				   KiB] */
	int64_t history_bytes_max;    /* single transactions of one topic, for mode `every` [1 MiB] */
	int64_t tombstones_max;       /* of one topic; older positions get `reset` [100,000] */
	int64_t topics_max;           /* open at once, those without subscribers included [10,000] */
	int64_t idle_rows_max;        /* of all topics without subscribers together [200,000] */
	int64_t topic_linger_us;      /* a topic is kept this long after its last subscriber [60 s] */
	int64_t status_interval_us;   /* tick of `status` [3 s] */
	int64_t position_interval_us; /* an idle subscription's position is moved on after [60 s] */
	int64_t compress_bytes_min;   /* messages with smaller rows are not compressed; 0: none is [1 KiB] */
	int64_t poll_wait_max_us;     /* long-poll [60 s] */
	int64_t poll_wait_us;         /* long-poll without `wait` [25 s] */
};

struct live_limits live_limits_default(void);

struct live_config {
	struct loop *const *reactors; /* their loops; copied */
	size_t reactor_count;
	struct loop *projector;
	const struct topic_source *sources; /* copied */
	size_t source_count;
	const char *allowed_origins; /* for WebSocket handshakes, as http_stream_websocket takes it; borrowed */
	struct live_limits limits;
};

/* Errors  RC_INVALID: no reactor, no source, two sources of one kind, a limit below 1. */
int live_start(struct live **out, const struct live_config *config, struct rc_fault *fault) RC_MUST_CHECK;
struct hub *live_hub(struct live *live);

/* What the http servers of the reactors need as `stream_room`. */
#define LIVE_STREAM_ROOM 24

#define LIVE_ROUTES      3
/* Fill three routes for the http server of reactor number `reactor`. */
void live_routes(struct live *live, size_t reactor, struct http_route routes[LIVE_ROUTES]);

/*
 * From now on subscriptions are refused, WebSockets are closed with 1012, event streams end, waiting polls answer 204.
 * Any thread; takes effect on each reactor's next turn. Call it before http_server_drain.
 */
void live_drain(struct live *live);
void live_destroy(struct live *live);

#endif
