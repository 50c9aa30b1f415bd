/*
 * Connections that became streams: WebSocket (RFC 6455) and Server-Sent Events.
 *
 * Design: whoever owns the frames sends them straight to the socket (http_stream_send) and keeps what the socket
 * refuses, so a slow peer costs this room nothing. Our own frames (pong, ping, close) may not fall into the middle of a
 * frame of which the owner has sent only a part: while a stream is `torn` the latest pong waits, pings are skipped, and
 * a close is cut short.
 *
 * One decoder per server serves every WebSocket that stands between two messages; only inside one a stream owns its
 * own.
 *
 * An SSE body has no length and no chunks (RFC 9112 §6.3: it ends with the connection), so that the same bytes serve
 * everybody.
 */
#include <ctype.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "rowcast/base/check.h"
#include "rowcast/http/conn.h"
#include "rowcast/http/deflate.h"

#define SSE_INPUT_BYTES_MAX 65536

static struct http_conn *stream_conn(const struct http_stream *stream)
{
	return (struct http_conn *)(uintptr_t)&stream->conn;
}

static struct http_stream *conn_stream(struct http_conn *conn)
{
	return (struct http_stream *)conn;
}

static const struct http_stream_events *stream_owner(const struct http_conn *conn)
{
	return conn_server(conn)->owners[conn->events];
}

static bool stream_open(const struct http_conn *conn)
{
	return conn->state == CONN_WEBSOCKET || conn->state == CONN_SSE;
}

void *http_stream_room(const struct http_stream *stream)
{
	return stream_conn(stream) + 1;
}

struct http_stream *http_stream_of(const void *room)
{
	return conn_stream((struct http_conn *)(uintptr_t)room - 1);
}

struct http_server *http_stream_server(const struct http_stream *stream)
{
	return conn_server(stream_conn(stream));
}

struct loop *http_stream_loop(const struct http_stream *stream)
{
	return http_stream_server(stream)->loop;
}

struct rc_str http_stream_peer(const struct http_stream *stream)
{
	return census_address(stream_conn(stream)->seat);
}

void stream_told_closed(struct http_conn *conn)
{
	conn->told = true;
	stream_owner(conn)->closed(conn_stream(conn));
}

/* Sending. */

bool http_stream_deflates(const struct http_stream *stream)
{
	return stream_conn(stream)->deflates;
}

bool http_stream_blocked(const struct http_stream *stream)
{
	return stream_conn(stream)->blocked || conn_unsent(stream_conn(stream)) > 0;
}

static void control_release(struct http_conn *conn)
{
	struct buf *control = conn->extra ? &conn->extra->control : NULL;

	if (!control || control->len == 0)
		return;
	conn_write(conn, &(struct iovec){control->data, control->len}, 1);
	buf_release(control);
}

size_t http_stream_send(struct http_stream *stream, const void *bytes, size_t len)
{
	struct http_conn *conn = stream_conn(stream);
	size_t done = 0;

	if (!stream_open(conn) || len == 0)
		return 0;
	if (!conn_unsent(conn) || conn_flush(conn)) {
		while (done < len) {
			struct iovec part = {(char *)(uintptr_t)bytes + done, len - done};
			int64_t sent = conn_send(conn, &part, 1);

			if (sent == RC_AGAIN &&
			    conn_tls(conn)) { /* the record under way holds these bytes: they are taken */
				size_t record = part.iov_len < TLS_RECORD_BYTES ? part.iov_len : TLS_RECORD_BYTES;

				buf_append(&conn_extra(conn)->out, part.iov_base, record);
				done += record;
			}
			if (sent < 0)
				break;
			done += (size_t)sent;
			if (!conn_tls(conn))
				break; /* a short send is a full socket */
		}
	}
	if (done > 0)
		conn->torn = done < len;
	conn->blocked = done < len;
	if (done == len)
		control_release(conn);
	if (conn->blocked || conn_unsent(conn))
		conn_arm(conn);
	return done;
}

int http_stream_queue(struct http_stream *stream, const void *bytes, size_t len)
{
	struct http_conn *conn = stream_conn(stream);
	if (!stream_open(conn))
		return RC_CLOSED;
	if (conn_unsent(conn) + len > (size_t)conn_server(conn)->limits.send_buffer_bytes_max) {
		shutdown(conn->watch.fd, SHUT_RDWR); /* the loop will find it gone */
		return RC_LIMIT;
	}
	conn_write(conn, &(struct iovec){(void *)(uintptr_t)bytes, len}, 1);
	conn->torn = false;
	control_release(conn);
	return 0;
}

static void stream_control(struct http_conn *conn, enum ws_opcode opcode, struct rc_str payload)
{
	uint8_t frame[WS_HEADER_MAX + 125];
	size_t len = ws_header(frame, opcode, payload.len);

	if (payload.len > 0)
		memcpy(frame + len, payload.ptr, payload.len);
	len += payload.len;
	if (!conn->torn) {
		if (conn_unsent(conn) &&
		    conn->extra->out.len + len > (size_t)conn_server(conn)->limits.send_buffer_bytes_max)
			shutdown(conn->watch.fd, SHUT_RDWR);
		else
			conn_write(conn, &(struct iovec){frame, len}, 1);
	} else if (opcode == WS_PONG) { /* §5.5.3: only the latest ping needs an answer */
		buf_clear(&conn_extra(conn)->control);
		buf_append(&conn->extra->control, frame, len);
	}
}

/* Closing. */

/* Say good-bye with `code`; with `await` the peer's answer is waited for, else the connection just ends. */
static void stream_finish(struct http_conn *conn, int code, struct rc_str reason, bool await)
{
	bool websocket = conn->state == CONN_WEBSOCKET;

	if (websocket && !conn->torn) {
		char payload[125];
		size_t len = 0;

		if (code != 1005) {
			len = reason.len < 123 ? reason.len : 123;
			payload[0] = (char)(code >> 8);
			payload[1] = (char)code;
			memcpy(payload + 2, reason.ptr ? reason.ptr : "", len);
			len += 2;
		}
		stream_control(conn, WS_CLOSE, (struct rc_str){payload, len});
		conn->close_sent = await;
	}
	conn->blocked = false;
	conn_enter(conn, CONN_CLOSING);
	if (!conn->close_sent && !conn_unsent(conn))
		conn_linger(conn);
	else
		conn_arm(conn);
}

void http_stream_close(struct http_stream *stream, int code, const char *reason)
{
	struct http_conn *conn = stream_conn(stream);

	if (stream_open(conn))
		stream_finish(conn, code, rc_str_from(reason), true);
}

void http_streams_close(struct http_server *server, const struct http_stream_events *events, int code,
			const char *reason)
{
	for (int state = CONN_WEBSOCKET; state <= CONN_SSE; state++) {
		struct http_conn *conn = slab_list_first(&server->states[state]), *next;

		for (; conn; conn = next) {
			next = slab_list_next(&server->states[state], conn);
			if (stream_owner(conn) == events)
				stream_finish(conn, code, rc_str_from(reason), true);
		}
	}
}

/* The peer's fault, or its wish: the owner hears of it at once. */
static void stream_dismiss(struct http_conn *conn, int code, const char *reason)
{
	stream_finish(conn, code, rc_str_from(reason), false);
	if (!conn->told)
		stream_told_closed(conn);
}

void stream_drain(struct http_conn *conn)
{
	stream_finish(conn, 1012, RC_STR("the server restarts"), true);
}

/* Receiving. */

static bool stream_allowed(struct http_conn *conn)
{
	struct http_server *server = conn_server(conn);
	const struct http_limits *limits = &server->limits;
	uint32_t now_ms = (uint32_t)(loop_now_us(server->loop) / 1000), elapsed_ms = now_ms - conn->refilled_ms;
	int64_t tokens = conn->tokens_milli + (int64_t)elapsed_ms * limits->ws_messages_per_min / 60;

	if (tokens > limits->ws_burst * 1000)
		tokens = limits->ws_burst * 1000;
	conn->refilled_ms = now_ms;
	conn->tokens_milli = (uint32_t)(tokens < 1000 ? tokens : tokens - 1000);
	return tokens >= 1000;
}

static void stream_event(struct http_conn *conn, const struct ws_event *event)
{
	if (conn->state == CONN_CLOSING) {
		if (event->opcode == WS_CLOSE)
			conn_linger(conn);
		return;
	}
	if (event->opcode == WS_CLOSE) {
		stream_dismiss(conn, event->close_code, NULL);
		return;
	}
	if (event->opcode != WS_PONG && !stream_allowed(conn)) {
		stream_dismiss(conn, 1008, "too many messages");
		return;
	}
	switch (event->opcode) {
	case WS_TEXT:
		metric_add(&http_metric_ws_messages, 1);
		stream_owner(conn)->message(conn_stream(conn), event->payload);
		break;
	case WS_PING:
		stream_control(conn, WS_PONG, event->payload);
		break;
	case WS_PONG:
		break;
	default:
		stream_dismiss(conn, 1003, "only text messages are understood");
		break;
	}
}

static const char *refusal_reason(int code)
{
	return code == 1007   ? "the message cannot be read"
	       : code == 1009 ? "the message is too long"
			      : "the frame breaks the protocol";
}

/* In the middle of a message: the server's decoder becomes this connection's. Between two: it needs none. */
static void decoder_settle(struct http_conn *conn, struct ws_decoder *decoder)
{
	struct ws_decoder *shared = &conn_server(conn)->decoder;

	if (decoder == shared && !ws_decoder_idle(shared)) {
		conn_extra(conn)->decoder = rc_xmalloc(sizeof(*shared));
		*conn->extra->decoder = *shared;
		*shared = (struct ws_decoder){.message_bytes_max = shared->message_bytes_max};
	} else if (decoder != shared && ws_decoder_idle(decoder)) {
		ws_decoder_release(decoder);
		free(decoder);
		conn->extra->decoder = NULL;
	}
}

void stream_input(struct http_conn *conn, const char *bytes, size_t len)
{
	bool own = conn->extra && conn->extra->decoder;
	struct ws_decoder *decoder = own ? conn->extra->decoder : &conn_server(conn)->decoder;
	size_t at = 0;

	decoder->inflater = conn->deflates ? conn_server(conn)->inflater : NULL;
	while (at < len && (conn->state == CONN_WEBSOCKET || conn->state == CONN_CLOSING)) {
		struct ws_event event;
		size_t used;
		int err = ws_decode(decoder, (const uint8_t *)bytes + at, len - at, &used, &event);

		at += used;
		if (err == RC_AGAIN)
			break;
		if (!err)
			stream_event(conn, &event);
		else if (conn->state == CONN_WEBSOCKET)
			stream_dismiss(conn, event.close_code, refusal_reason(event.close_code));
		else
			conn_linger(conn);
	}
	if (conn->state != CONN_WEBSOCKET && conn->state != CONN_CLOSING)
		ws_decoder_release(decoder); /* what it holds will never be whole */
	decoder_settle(conn, decoder);
}

void stream_readable(struct http_conn *conn)
{
	do {
		int64_t got = conn_recv(conn, conn_server(conn)->read_buffer, READ_BUFFER_BYTES);

		if (got == RC_AGAIN)
			break;
		if (got < 0) {
			conn_end(conn);
			return;
		}
		conn->unanswered = 0;
		if (conn->websocket)
			stream_input(conn, conn_server(conn)->read_buffer, (size_t)got);
		else if ((conn_extra(conn)->lingered += (uint32_t)got) > SSE_INPUT_BYTES_MAX)
			conn_end(conn);
	} while (tls_pending(conn) && (stream_open(conn) || conn->state == CONN_CLOSING));
	if (conn_tls(conn))
		conn_arm(conn);
}

void stream_writable(struct http_conn *conn)
{
	conn->unanswered = 0; /* its kernel took bytes: it lives */
	if (!conn_flush(conn))
		return;
	conn->tls_wants_write = false;
	conn->blocked = false;
	stream_owner(conn)->writable(conn_stream(conn));
	conn_arm(conn);
}

/* Every ping_interval_us. For SSE a comment takes the place of a ping: TCP finds a dead peer when it has something to
 * deliver. */
void stream_ping(struct http_conn *conn)
{
	bool stuck = conn->torn || conn->blocked || conn_unsent(conn) > 0;

	if (conn->unanswered >= 2) {
		conn_end(conn);
		return;
	}
	if (conn->state == CONN_WEBSOCKET || stuck)
		conn->unanswered++;
	conn_enter(conn, conn->state);
	if (stuck)
		return;
	if (conn->state == CONN_WEBSOCKET) {
		stream_control(conn, WS_PING, RC_STR(""));
	} else {
		static const char comment[] = ":\n\n";

		conn_write(conn, &(struct iovec){(void *)(uintptr_t)comment, sizeof(comment) - 1}, 1);
	}
}

/* Opening. */

/* Which of its server's owners it belongs to: few bits instead of a pointer for each. */
static uint8_t owner_number(struct http_server *server, const struct http_stream_events *events)
{
	uint8_t number = 0;

	while (number < STREAM_OWNERS_MAX && server->owners[number] && server->owners[number] != events)
		number++;
	rc_check(number < STREAM_OWNERS_MAX && events->room_bytes <= server->stream_room);
	server->owners[number] = events;
	return number;
}

static struct http_stream *stream_begin(struct http_request *req, enum conn_state state,
					const struct http_stream_events *events)
{
	struct http_conn *conn = req->conn;
	struct http_server *server = req->priv->server;
	struct buf *head = &server->head;
	struct iovec part = {head->data, head->len};

	http_metrics_reply(state == CONN_WEBSOCKET ? 101 : 200, loop_now_us(req->loop) - req->begun_us);
	req->priv->replied = true;
	request_recycle(req);
	conn->events = owner_number(server, events) & 15;
	conn->websocket = state == CONN_WEBSOCKET;
	conn->told = false;
	conn->tokens_milli = (uint32_t)(server->limits.ws_burst * 1000);
	conn->refilled_ms = (uint32_t)(loop_now_us(server->loop) / 1000);
	conn_enter(conn, state);
	conn->paused = false;
	conn_write(conn, &part, 1);
	conn_arm(conn);
	conn_go_on_later(conn);
	return conn_stream(conn);
}

static void refuse(struct http_request *req, int status, const char *code, const char *title, const char *detail)
{
	http_problem(req, &(struct http_problem){
				  .status = status, .code = code, .title = title, .detail = rc_str_from(detail)});
}

/* Is `token` in a comma-separated list? Case is ignored (RFC 9110 §7.6.1, §7.8). */
static bool list_has(struct rc_str list, struct rc_str token, bool exact)
{
	while (list.len > 0) {
		struct rc_str item = rc_str_cut(&list, ',');

		while (item.len > 0 && (item.ptr[0] == ' ' || item.ptr[0] == '\t'))
			item = (struct rc_str){item.ptr + 1, item.len - 1};
		while (item.len > 0 && (item.ptr[item.len - 1] == ' ' || item.ptr[item.len - 1] == '\t'))
			item.len--;
		if (item.len > 0 && (exact ? rc_str_eq(item, token) : rc_str_eq_nocase(item, token)))
			return true;
	}
	return false;
}

static struct rc_str without_port(struct rc_str host, struct rc_str port)
{
	if (host.len > port.len && memcmp(host.ptr + host.len - port.len, port.ptr, port.len) == 0)
		host.len -= port.len;
	return host;
}

/* RFC 6454: a browser always sends Origin on a WebSocket. Ours is the one whose host and port are those it asked for.
 */
static bool origin_allowed(const struct http_request *req, const char *allowed)
{
	struct rc_str origin = http_header(req, "origin"), host = http_header(req, "host"), site = origin, port;
	bool secure = rc_str_starts(origin, RC_STR("https://"));

	if (!origin.ptr)
		return true;
	if (allowed && list_has(rc_str_from(allowed), origin, true))
		return true;
	if (!secure && (conn_tls(req->conn) || !rc_str_starts(origin, RC_STR("http://"))))
		return false;
	site.ptr += secure ? 8 : 7;
	site.len -= secure ? 8 : 7;
	port = secure ? RC_STR(":443") : RC_STR(":80");
	return site.len > 0 && rc_str_eq_nocase(without_port(site, port), without_port(host, port));
}

static bool key_valid(struct rc_str key) /* §4.2.1: 16 bytes in base64 */
{
	unsigned char decoded[24];

	if (key.len != 24 || key.ptr[22] != '=' || key.ptr[23] != '=' || memchr(key.ptr, '=', 22))
		return false;
	for (size_t i = 0; i < 22; i++) {
		if (!isalnum((unsigned char)key.ptr[i]) && key.ptr[i] != '+' && key.ptr[i] != '/')
			return false;
	}
	return EVP_DecodeBlock(decoded, (const unsigned char *)key.ptr, (int)key.len) == 18;
}

/* True when the request is a handshake that we accept; otherwise it has been answered. */
static bool handshake_check(struct http_request *req, const char *allowed_origins)
{
	bool upgrade = list_has(http_header(req, "upgrade"), RC_STR("websocket"), false) &&
		       list_has(http_header(req, "connection"), RC_STR("upgrade"), false);

	if (!rc_str_is(req->method, "GET") || req->priv->parser.http_1_0 || !upgrade) {
		http_reply_header(req, "Upgrade", RC_STR("websocket"));
		http_reply_header(req, "Connection", RC_STR("Upgrade"));
		refuse(req, 426, "upgrade-required", "Upgrade required", "This address speaks WebSocket only.");
	} else if (!rc_str_is(http_header(req, "sec-websocket-version"), "13")) {
		http_reply_header(req, "Sec-WebSocket-Version", RC_STR("13"));
		http_reply_header(req, "Upgrade", RC_STR("websocket"));
		http_reply_header(req, "Connection", RC_STR("Upgrade"));
		refuse(req, 426, "upgrade-required", "Upgrade required", "The WebSocket version must be 13.");
	} else if (!origin_allowed(req, allowed_origins)) {
		refuse(req, 403, "forbidden", "Forbidden", "Pages of that origin may not connect to this server.");
	} else if (!key_valid(http_header(req, "sec-websocket-key")) || req->body.len > 0) {
		refuse(req, 400, "bad-request", "Bad request", "The WebSocket handshake is not well-formed.");
	} else {
		return true;
	}
	return false;
}

struct http_stream *http_stream_websocket(struct http_request *req, const char *const *protocols, size_t protocol_count,
					  const char *allowed_origins, bool deflate,
					  const struct http_stream_events *events)
{
	struct rc_str wanted = http_header(req, "sec-websocket-protocol");
	const char *chosen = NULL;
	struct buf *head = &req->priv->server->head, extension = BUF_INIT;
	struct http_stream *stream;
	char accept[29];

	if (!req->conn) {
		http_reply(req, 503, NULL, RC_STR("")); /* nobody hears it */
		return NULL;
	}
	if (!handshake_check(req, allowed_origins))
		return NULL;
	for (size_t i = 0; i < protocol_count && !chosen; i++) {
		if (list_has(wanted, rc_str_from(protocols[i]), true))
			chosen = protocols[i];
	}
	if (wanted.len > 0 && !chosen) {
		refuse(req, 400, "bad-request", "Bad request", "None of the subprotocols offered is spoken here.");
		return NULL;
	}
	ws_accept(http_header(req, "sec-websocket-key"), accept);
	http_reply_header(req, "Sec-WebSocket-Accept", rc_str_from(accept));
	if (chosen)
		http_reply_header(req, "Sec-WebSocket-Protocol", rc_str_from(chosen));
	deflate = deflate && deflate_accept(http_header(req, "sec-websocket-extensions"), &extension);
	if (deflate)
		http_reply_header(req, "Sec-WebSocket-Extensions", buf_str(&extension));
	buf_release(&extension);
	reply_head(req, head, 101);
	buf_append_str(head, RC_STR("Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"));
	stream = stream_begin(req, CONN_WEBSOCKET, events);
	stream_conn(stream)->deflates = deflate;
	return stream;
}

struct http_stream *http_stream_sse(struct http_request *req, const struct http_stream_events *events)
{
	struct buf *head = &req->priv->server->head;

	http_reply_header(req, "Cache-Control", RC_STR("no-store"));
	http_reply_header(req, "X-Accel-Buffering", RC_STR("no"));
	if (!req->conn || req->priv->head) {
		http_reply(req, 200, "text/event-stream", RC_STR(""));
		return NULL;
	}
	reply_head(req, head, 200);
	buf_append_str(head, RC_STR("Content-Type: text/event-stream\r\nConnection: close\r\n\r\n"));
	return stream_begin(req, CONN_SSE, events);
}
