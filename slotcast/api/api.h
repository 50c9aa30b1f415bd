/*
 * The HTTP interface of the booking server: one handler per file, described by protocol/openapi.yaml.
 *
 * Reads take one trip to the thread that knows (visit.h): the projector for what is free, the reader for one booking.
 * Writes are operations (op.h): reactor → store → projector → reactor. Handlers never publish; the change feed does.
 */
#ifndef SLOTCAST_API_API_H
#define SLOTCAST_API_API_H

#include "rowcast/http/http.h"
#include "rowcast/http/static.h"
#include "rowcast/io/loop.h"
#include "slotcast/board/board.h"
#include "slotcast/store/store.h"

struct api;
struct rate_limiter;

struct api_config {
	struct loop *projector; /* its loop; the board belongs to that thread */
	struct board *board;
	struct store *store;
	const char *url;                 /* the reader opens a connection of its own */
	struct rate_limiter *writes;     /* per caller; NULL: no limits */
	const char *public_url;          /* "https://book.example", for links in calendars; NULL or "": none */
	const struct static_file *files; /* the web build, ended by a NULL path */
	int64_t visible_time_us;         /* how long an answer may wait for the board; then 503 outcome-unknown */
	/* Projector thread: operations wait for the feed, read it in this turn. */
	void (*catch_up)(void *arg);
	void *arg;
};

int api_create(struct api **out, const struct api_config *config, struct rc_fault *fault) RC_MUST_CHECK;
/* After the store, the projector and the reactors have stopped. */
void api_destroy(struct api *api);
/* For http_config; lives as long as `api`. */
const struct http_route *api_routes(const struct api *api, size_t *count);

/*
 * Projector thread. A read of the feed begins; the board moved; the feed is empty. Unless store_marks_all, whatever was
 * committed before the first call is on the board at the last one, which answers all operations that had arrived before
 * it.
 */
void api_catching_up(struct api *api);
void api_advanced(struct api *api);
void api_caught_up(struct api *api);
/* Projector thread: a transaction of this server's own writer is on the board. */
void api_seen(struct api *api, struct rc_mark mark, struct rc_position position);
/*
 * What reads say about the board: its state, and since when (monotonic µs) it may be out of date; 0: it is not. As long
 * as it is LIVE_UNAVAILABLE, writes are answered 503 `unavailable` before anything is written.
 */
void api_status(struct api *api, enum live_state state, int64_t behind_since_us);

#endif
