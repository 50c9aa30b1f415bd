/*
 * WebSocket and SSE. Both are a peer of the reactor's fan-out whose bytes go straight to the http stream; it stands in
 * the stream's room, so that either is found from the other.
 *
 * WebSocket (RFC 6455): one JSON object a frame, its rows packed where the client takes that (RFC 7692). SSE (WHATWG
 * HTML §9.2): `event:` = type, `id:` = position, `data:` = the same object without `id`; `status`, `reset` and `error`
 * carry no `id:` line, so a reconnect resumes from the last position.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "rowcast/base/metric.h"
#include "rowcast/http/deflate.h"
#include "rowcast/http/ws.h"
#include "rowcast/server/live_private.h"

_Static_assert(sizeof(struct peer) <= LIVE_STREAM_ROOM, "what live.h tells the http server");

static struct metric ws_subscribers = METRIC_GAUGE("rowcast_live_subscribers", "Subscriptions open",
						   "transport=\"websocket\"");
static struct metric sse_subscribers = METRIC_GAUGE("rowcast_live_subscribers", "Subscriptions open",
						    "transport=\"sse\"");

/* ---- transports ---- */

static size_t ws_before(char out[FRAME_BEFORE_MAX], const char *type, struct rc_str position, size_t object_bytes)
{
	return ws_header((uint8_t *)out, WS_TEXT, object_bytes);
}

static size_t ws_before_packed(char out[FRAME_BEFORE_MAX], size_t head_bytes, size_t packed_bytes)
{
	return deflate_header((uint8_t *)out, head_bytes, packed_bytes);
}

static size_t sse_before(char out[FRAME_BEFORE_MAX], const char *type, struct rc_str position, size_t object_bytes)
{
	if (position.len == 0)
		return (size_t)snprintf(out, FRAME_BEFORE_MAX, "event: %s\ndata: ", type);
	return (size_t)snprintf(out, FRAME_BEFORE_MAX, "event: %s\nid: %.*s\ndata: ", type, RC_STR_ARG(position));
}

static size_t stream_send(struct peer *peer, const void *bytes, size_t len)
{
	return http_stream_send(http_stream_of(peer), bytes, len);
}

static int stream_queue(struct peer *peer, const void *bytes, size_t len)
{
	return http_stream_queue(http_stream_of(peer), bytes, len);
}

static void stream_say_error(struct peer *peer, bool with_id, struct rc_str id, const struct http_problem *problem)
{
	struct buf object = BUF_INIT, frame = BUF_INIT;

	live_error_object(&object, with_id && peer_transport(peer)->tells_id, id, problem);
	frame_object(&frame, peer_transport(peer), "error", buf_str(&object));
	peer_say(peer, buf_str(&frame));
	buf_release(&object);
	buf_release(&frame);
}

static void ws_failed(struct peer *peer, struct rc_str id, const struct rc_fault *fault)
{
	struct http_problem problem = live_problem(fault, NULL, 422);

	stream_say_error(peer, true, id, &problem);
}

/* An SSE stream is its one subscription. */
static void sse_failed(struct peer *peer, struct rc_str id, const struct rc_fault *fault)
{
	struct http_problem problem = live_problem(fault, NULL, 400);

	stream_say_error(peer, false, id, &problem);
	http_stream_close(http_stream_of(peer), 1011, "the subscription ended");
}

static const struct transport websocket = {.name = "websocket",
					   .tells_id = true,
					   .tells_status = true,
					   .subscribers = &ws_subscribers,
					   .before = ws_before,
					   .send = stream_send,
					   .queue = stream_queue,
					   .failed = ws_failed};

static const struct transport websocket_deflate = {.name = "websocket-deflate",
						   .tells_id = true,
						   .tells_status = true,
						   .subscribers = &ws_subscribers,
						   .before = ws_before,
						   .pack = deflate_pack,
						   .before_packed = ws_before_packed,
						   .send = stream_send,
						   .queue = stream_queue,
						   .failed = ws_failed};

static const struct transport sse = {.name = "sse",
				     .tells_status = true,
				     .subscribers = &sse_subscribers,
				     .before = sse_before,
				     .after = {"\n\n", 2},
				     .send = stream_send,
				     .queue = stream_queue,
				     .failed = sse_failed};

void live_transports_register(void)
{
	metric_register(&ws_subscribers);
	metric_register(&sse_subscribers);
	live_poll_register();
}

/* ---- messages of a WebSocket ---- */

static void refuse(struct peer *peer, bool with_id, struct rc_str id, enum rc_err err, const char *field,
		   const char *message)
{
	struct rc_fault fault;
	struct http_problem problem;

	rc_fault_set(&fault, err, "%s", message);
	problem = live_problem(&fault, field, 422);
	stream_say_error(peer, with_id, id, &problem);
}

/* What cannot be read at all: an error without id. */
static void refuse_message(struct peer *peer, const char *detail)
{
	stream_say_error(peer, false, RC_STR_NONE,
			 &(struct http_problem){.status = 400,
						.code = "bad-request",
						.title = "The message cannot be read",
						.detail = rc_str_from(detail)});
}

static void subscribe(struct peer *peer, json_t *message, struct rc_str id)
{
	const struct endpoint *endpoint = peer_owner(peer);
	const struct live *live = endpoint->live;
	struct wanted wanted = {.subscription.id = id};
	struct rc_fault fault = {0};
	const char *field = NULL;

	if (endpoint->draining) {
		refuse(peer, true, id, RC_UNAVAILABLE, NULL, "The server restarts; connect again.");
		return;
	}
	if (peer_has(peer, id)) {
		refuse(peer, true, id, RC_INVALID, "id", "This id is in use on this connection.");
		return;
	}
	if ((int64_t)peer_sub_count(peer) >= live->limits.subscriptions_max) {
		refuse(peer, true, id, RC_LIMIT, NULL, "This connection has as many subscriptions as it may have.");
		return;
	}
	if (json_object_get(message, "wait") || json_object_get(message, "seen")) {
		refuse(peer, true, id, RC_INVALID, json_object_get(message, "wait") ? "wait" : "seen",
		       "\"wait\" and \"seen\" belong to long-poll.");
		return;
	}
	if (wanted_read(live, message, &wanted, &field, &fault)) {
		struct http_problem problem = live_problem(&fault, field, 422);

		stream_say_error(peer, true, id, &problem);
	} else {
		peer_subscribe(peer, &wanted.subscription);
	}
	wanted_release(&wanted);
}

static void stream_message(struct http_stream *http, struct rc_str text)
{
	struct peer *peer = http_stream_room(http);
	const struct live *live = ((struct endpoint *)peer_owner(peer))->live;
	json_t *message = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL), *id_value;
	const char *type = json_string_value(json_object_get(message, "type"));
	struct rc_str id = RC_STR_NONE;

	if (!json_is_object(message)) {
		refuse_message(peer, "Messages are JSON objects without repeated members.");
	} else if (!type || (strcmp(type, "subscribe") != 0 && strcmp(type, "unsubscribe") != 0)) {
		refuse_message(peer, "\"type\" must be \"subscribe\" or \"unsubscribe\".");
	} else {
		id_value = json_incref(json_object_get(message, "id"));
		id = (struct rc_str){json_string_value(id_value), json_string_length(id_value)};
		if (id.len < 1 || (int64_t)id.len > live->limits.id_bytes_max)
			refuse(peer, false, RC_STR_NONE, RC_INVALID, "id", "\"id\" must be a short, non-empty string.");
		else if (strcmp(type, "subscribe") == 0)
			subscribe(peer, message, id);
		else if (peer_unsubscribe(peer, id))
			refuse(peer, true, id, RC_NOT_FOUND, "id", "There is no such subscription on this connection.");
		json_decref(id_value);
	}
	json_decref(message);
}

/* ---- streams ---- */

static void stream_writable(struct http_stream *http)
{
	struct peer *peer = http_stream_room(http);

	peer_writable(peer);
}

static void stream_closed(struct http_stream *http)
{
	struct peer *peer = http_stream_room(http);

	peer_close(peer);
	((struct endpoint *)peer_owner(peer))->streams--;
}

static const struct http_stream_events stream_events = {stream_writable, stream_message, stream_closed,
							sizeof(struct peer)};

static struct peer *stream_begin(struct endpoint *endpoint, struct http_stream *http, const struct transport *transport)
{
	struct peer *peer = http_stream_room(http);

	peer_open(endpoint->fanout, peer, transport);
	endpoint->http = http_stream_server(http);
	endpoint->streams++;
	endpoint_tick(endpoint);
	return peer;
}

static bool draining(struct http_request *req, const struct endpoint *endpoint)
{
	if (endpoint->draining)
		http_problem(req, &(struct http_problem){.status = 503,
							 .code = "unavailable",
							 .title = "Not available now",
							 .detail = RC_STR("The server restarts; connect again."),
							 .retryable = true,
							 .retry_after_s = 1});
	return endpoint->draining;
}

void live_websocket(struct http_request *req, void *arg)
{
	static const char *const protocols[] = {"rowcast.v1+json"};
	struct endpoint *endpoint = arg;
	struct http_stream *http;

	if (draining(req, endpoint))
		return;
	http = http_stream_websocket(req, protocols, 1, endpoint->live->allowed_origins,
				     endpoint->live->limits.compress_bytes_min > 0, &stream_events);
	if (http)
		stream_begin(endpoint, http, http_stream_deflates(http) ? &websocket_deflate : &websocket);
}

void live_sse(struct http_request *req, void *arg)
{
	struct endpoint *endpoint = arg;
	struct wanted wanted = {.subscription.id = RC_STR("")};
	struct rc_fault fault = {0};
	const char *field = NULL;
	json_t *params = NULL;
	struct http_stream *http;

	if (draining(req, endpoint))
		return;
	if (wanted_from_query(req, http_header(req, "last-event-id"), &params, &field, &fault) ||
	    wanted_read(endpoint->live, params, &wanted, &field, &fault)) {
		struct http_problem problem = live_problem(&fault, field, 400);

		http_problem(req, &problem);
		goto out;
	}
	http = http_stream_sse(req, &stream_events);
	if (http)
		peer_subscribe(stream_begin(endpoint, http, &sse), &wanted.subscription);
	else
		free(wanted.subscription.shape);
out:
	json_decref(params);
	wanted_release(&wanted);
}

void streams_drain(struct endpoint *endpoint)
{
	if (endpoint->streams > 0)
		http_streams_close(endpoint->http, &stream_events, 1012, "the server restarts");
}
