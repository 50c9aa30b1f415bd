/*
 * A connection from accept to close.
 *
 *   HANDSHAKE → FRESH → HEAD → (BODY) → BUSY → (WRITING) → IDLE → HEAD → …
 *                                         ├→ WEBSOCKET | SSE → CLOSING → ENDED
 *               any refusal, or the last reply → (WRITING) → LINGER → ENDED
 *
 * Design: what happens in a state is one row of `table`; a state is a list of the server (conn.h). Input is read into
 * the server's buffer and parsed there; a connection keeps only bytes that make no whole line yet, or that are
 * pipelined behind a request under way. While a handler has the request nothing is read: when more input shows up
 * EPOLLIN is switched off until the reply, so the ordinary exchange costs no epoll_ctl, and the kernel's window holds
 * back a peer that pushes.
 *
 * Invariants: a connection is freed only at the end of a turn, and not while its `resume` message is under way. A
 * handler's request outlives the connection; whoever finds req->conn NULL drops the reply.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rowcast/base/check.h"
#include "rowcast/http/conn.h"

static void conn_handshake(struct http_conn *conn);
static void conn_read(struct http_conn *conn);
static void conn_pause(struct http_conn *conn);
static void conn_write_on(struct http_conn *conn);
static void conn_discard(struct http_conn *conn);
static void conn_late_head(struct http_conn *conn);
static void conn_check_body(struct http_conn *conn);
static void conn_nothing(struct http_conn *conn) {}
static void conn_closing_writable(struct http_conn *conn);

enum conn_event { ON_READABLE, ON_WRITABLE, ON_GONE, ON_DUE, ON_DRAIN, CONN_EVENTS };

/* clang-format off */
static void (*const table[CONN_STATES][CONN_EVENTS])(struct http_conn *) = {
	/*                  READABLE         WRITABLE               GONE          DUE              DRAIN        */
	[CONN_HANDSHAKE] = {conn_handshake,  conn_handshake,        conn_end,     conn_end,        conn_end},
	[CONN_FRESH]     = {conn_read,       conn_read,             conn_end,     conn_end,        conn_linger},
	[CONN_IDLE]      = {conn_read,       conn_read,             conn_end,     conn_end,        conn_linger},
	[CONN_HEAD]      = {conn_read,       conn_read,             conn_end,     conn_late_head,  conn_nothing},
	[CONN_BODY]      = {conn_read,       conn_write_on,         conn_end,     conn_check_body, conn_nothing},
	[CONN_BUSY]      = {conn_pause,      conn_write_on,         conn_end,     conn_nothing,    conn_nothing},
	[CONN_WRITING]   = {conn_pause,      conn_write_on,         conn_end,     conn_end,        conn_nothing},
	[CONN_WEBSOCKET] = {stream_readable, stream_writable,       conn_end,     stream_ping,     stream_drain},
	[CONN_SSE]       = {stream_readable, stream_writable,       conn_end,     stream_ping,     stream_drain},
	[CONN_CLOSING]   = {stream_readable, conn_closing_writable, conn_end,     conn_end,        conn_nothing},
	[CONN_LINGER]    = {conn_discard,    conn_nothing,          conn_end,     conn_end,        conn_nothing},
	[CONN_ENDED]     = {conn_nothing,    conn_nothing,          conn_nothing, conn_nothing,    conn_nothing},
};
/* clang-format on */

static void conn_event(struct http_conn *conn, enum conn_event event)
{
	table[conn->state][event](conn);
}

static void conn_ready(struct watch *watch, uint32_t events)
{
	struct http_conn *conn = LIST_OWNER(watch, struct http_conn, watch);

	if (events & (EPOLLHUP | EPOLLERR)) {
		conn_event(conn, ON_GONE);
		return;
	}
	if (events & EPOLLOUT)
		conn_event(conn, ON_WRITABLE);
	if (events & EPOLLIN)
		conn_event(conn, ON_READABLE);
}

void conn_timed_out(struct http_conn *conn)
{
	conn_event(conn, ON_DUE);
}

void conn_drain(struct http_conn *conn)
{
	conn_event(conn, ON_DRAIN);
}

static bool conn_reading(const struct http_conn *conn)
{
	return conn->state >= CONN_FRESH && conn->state <= CONN_BODY;
}

/* Life and death. */

static struct metric *conn_gauge(enum conn_state state)
{
	return &http_metric_conns[state == CONN_WEBSOCKET ? 1 : state == CONN_SSE ? 2 : 0];
}

void conn_enter(struct http_conn *conn, enum conn_state state)
{
	struct http_server *server = conn->server;
	int64_t time_us = server->state_time_us[state];
	struct metric *before = conn_gauge(conn->state), *now = conn_gauge(state);

	if (before != now) {
		metric_add(before, -1);
		metric_add(now, 1);
	}
	conn->state = (uint8_t)state;
	list_remove(&conn->list);
	list_push_back(&server->states[state], &conn->list);
	conn->due_us = time_us > 0 ? loop_now_us(server->loop) + time_us : INT64_MAX;
	if (time_us > 0)
		server_schedule(server, conn->due_us);
}

static struct http_conn *conn_create(struct http_server *server, int fd, struct census_seat *seat)
{
	struct http_conn *conn = rc_xcalloc(1, sizeof(*conn));

	conn->watch = (struct watch){.fd = fd, .ready = conn_ready};
	conn->server = server;
	conn->seat = seat;
	conn->state = CONN_FRESH;
	conn->stream.told = true;
	server->conns++;
	metric_add(conn_gauge(CONN_FRESH), 1);
	list_push_back(&server->states[CONN_FRESH], &conn->list);
	return conn;
}

void conn_open(struct http_server *server, int fd, struct census_seat *seat)
{
	struct http_conn *conn = conn_create(server, fd, seat);

	if (server->tls)
		tls_accept(conn);
	conn_enter(conn, server->tls ? CONN_HANDSHAKE : CONN_FRESH);
	if (watch_add(server->loop, &conn->watch, EPOLLIN) != 0)
		conn_end(conn);
}

void conn_refuse(struct http_server *server, int fd, const char *answer)
{
	struct http_conn *conn = conn_create(server, fd, NULL);
	ssize_t sent = server->tls ? 0 : send(fd, answer, strlen(answer), MSG_NOSIGNAL | MSG_DONTWAIT);

	server->refused_lingering++;
	if (sent < 0 || watch_add(server->loop, &conn->watch, EPOLLIN) != 0)
		conn_end(conn);
	else
		conn_linger(conn);
}

static void conn_free(struct http_conn *conn)
{
	struct http_server *server = conn->server;

	if (conn->bytes) {
		buf_release(&conn->bytes->in);
		buf_release(&conn->bytes->out);
		buf_release(&conn->bytes->control);
		free(conn->bytes);
	}
	if (conn->stream.decoder) {
		ws_decoder_release(conn->stream.decoder);
		free(conn->stream.decoder);
	}
	tls_free(conn);
	free(conn);
	server->conns--;
	server_conn_freed(server);
}

static void conn_free_later(struct deferred *deferred)
{
	conn_free(LIST_OWNER(deferred, struct http_conn, deferred));
}

void conn_end(struct http_conn *conn)
{
	struct http_server *server = conn->server;
	struct http_request *req = conn->req;

	if (conn->state == CONN_ENDED)
		return;
	metric_add(conn_gauge(conn->state), -1);
	watch_remove(server->loop, &conn->watch);
	list_remove(&conn->list);
	conn->state = CONN_ENDED;
	if (req) {
		conn->req = NULL;
		req->conn = NULL;
		if (!req->priv->parsed) /* no handler has it */
			request_recycle(req);
	}
	if (!conn->stream.told)
		stream_told_closed(conn);
	if (conn->seat)
		census_leave(server->census, conn->seat);
	else
		server->refused_lingering--;
	close(conn->watch.fd);
	if (!conn->resuming)
		loop_defer(server->loop, &conn->deferred, conn_free_later);
}

void conn_linger(struct http_conn *conn)
{
	if (conn->state == CONN_ENDED)
		return;
	tls_shut(conn);
	if (shutdown(conn->watch.fd, SHUT_WR) != 0) {
		conn_end(conn);
		return;
	}
	conn->paused = conn->tls_wants_write = conn->stream.blocked = false;
	conn_enter(conn, CONN_LINGER);
	conn_arm(conn);
}

static void conn_discard(struct http_conn *conn)
{
	ssize_t got = recv(conn->watch.fd, conn->server->read_buffer, READ_BUFFER_BYTES, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0)
		conn->lingered += (uint32_t)got;
	if (got <= 0 || conn->lingered > LINGER_BYTES)
		conn_end(conn);
}

/* Sockets. */

void conn_arm(struct http_conn *conn)
{
	uint32_t events = conn->paused ? 0 : EPOLLIN;

	if (conn->state == CONN_ENDED)
		return;
	if (conn_unsent(conn) || conn->tls_wants_write || conn->stream.blocked)
		events |= EPOLLOUT;
	rc_check(watch_change(conn->server->loop, &conn->watch, events) == 0);
}

int64_t conn_recv(struct http_conn *conn, void *bytes, size_t room)
{
	ssize_t got;

	if (conn->tls)
		return tls_recv(conn, bytes, room);
	got = recv(conn->watch.fd, bytes, room, 0);
	if (got > 0)
		return got;
	if (got == 0)
		return RC_CLOSED;
	return errno == EAGAIN || errno == EINTR ? RC_AGAIN : RC_IO;
}

int64_t conn_send(struct http_conn *conn, struct iovec *parts, int count)
{
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
	int64_t sent;

	if (conn->tls) {
		sent = tls_send(conn, parts, count);
	} else {
		sent = count == 1 ? send(conn->watch.fd, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL)
				  : sendmsg(conn->watch.fd, &message, MSG_NOSIGNAL);
		if (sent < 0)
			sent = errno == EAGAIN || errno == EINTR ? RC_AGAIN : RC_IO;
	}
	if (sent >= 0)
		metric_add(&http_metric_bytes_out, sent);
	else if (sent != RC_AGAIN) /* whoever sends may stand in mid-sweep: let the loop tell that it is gone */
		shutdown(conn->watch.fd, SHUT_RDWR);
	return sent;
}

struct conn_bytes *conn_bytes(struct http_conn *conn)
{
	if (!conn->bytes)
		conn->bytes = rc_xcalloc(1, sizeof(*conn->bytes));
	return conn->bytes;
}

void conn_write(struct http_conn *conn, struct iovec *parts, int count)
{
	size_t skip = 0;

	if (!conn_unsent(conn)) {
		int64_t sent = conn_send(conn, parts, count);

		if (sent < 0 && sent != RC_AGAIN)
			return;
		skip = sent > 0 ? (size_t)sent : 0;
	}
	for (int i = 0; i < count; i++) {
		size_t drop = skip < parts[i].iov_len ? skip : parts[i].iov_len;

		skip -= drop;
		if (parts[i].iov_len > drop)
			buf_append(&conn_bytes(conn)->out, (const char *)parts[i].iov_base + drop,
				   parts[i].iov_len - drop);
	}
	if (conn_unsent(conn))
		conn_arm(conn);
}

bool conn_flush(struct http_conn *conn)
{
	struct conn_bytes *bytes = conn->bytes;

	while (conn_unsent(conn) > 0) {
		struct iovec part = {bytes->out.data + bytes->out_at, conn_unsent(conn)};
		int64_t sent = conn_send(conn, &part, 1);

		if (sent == RC_AGAIN) {
			if (bytes->out_at > conn_unsent(conn)) {
				buf_consume(&bytes->out, bytes->out_at);
				bytes->out_at = 0;
			}
			return false;
		}
		bytes->out_at = sent < 0 ? bytes->out.len : bytes->out_at + (size_t)sent;
	}
	if (bytes) {
		buf_release(&bytes->out);
		bytes->out_at = 0;
	}
	return true;
}

static void conn_handshake(struct http_conn *conn)
{
	int err = tls_step(conn);

	if (err == RC_AGAIN) {
		conn_arm(conn);
		return;
	}
	if (err) {
		conn_end(conn);
		return;
	}
	conn_enter(conn, CONN_FRESH);
	conn_arm(conn);
	conn_read(conn);
}

/* Requests. */

static void conn_refused(struct http_conn *conn, int status, const char *detail)
{
	struct http_request *req = conn->req;

	conn_enter(conn, CONN_BUSY);
	reply_refusal(req, status, detail);
}

/* In the body: note when it began, and ask for it when the client waits to be asked. */
static void conn_await_body(struct http_conn *conn, bool body_came)
{
	struct parser *parser = &conn->req->priv->parser;

	if (conn->state == CONN_BODY || !parser_in_body(parser))
		return;
	conn->body_begun_us = loop_now_us(conn->server->loop);
	conn->body_seen = (uint32_t)parser->body.len;
	conn_enter(conn, CONN_BODY);
	if (parser->expect_continue && !body_came) {
		static const char proceed[] = "HTTP/1.1 100 Continue\r\n\r\n";
		struct iovec part = {(void *)(uintptr_t)proceed, sizeof(proceed) - 1};

		conn_write(conn, &part, 1);
	}
}

/* Parse what is there; returns how much was taken. Handlers run in here, and may answer, park or stream. */
static size_t conn_parse(struct http_conn *conn, const char *bytes, size_t len)
{
	size_t at = 0;

	while (at < len && conn_reading(conn)) {
		size_t used;
		int err;

		if (!conn->req) {
			conn->req = request_acquire(conn);
			conn_enter(conn, CONN_HEAD);
		}
		err = parser_feed(&conn->req->priv->parser, bytes + at, len - at, &used);
		at += used;
		if (err == RC_AGAIN) {
			conn_await_body(conn, at < len || conn->req->priv->parser.body.len > 0);
			break;
		}
		if (err) {
			conn_refused(conn, conn->req->priv->parser.status, conn->req->priv->parser.detail);
			break;
		}
		conn_enter(conn, CONN_BUSY);
		request_parsed(conn->req);
	}
	return at;
}

/* New input, in the server's read buffer; or none, to go on with what was kept. */
static void conn_advance(struct http_conn *conn, const char *bytes, size_t len)
{
	bool kept = conn->bytes && conn->bytes->in.len > 0;
	size_t used;

	if (kept) {
		buf_append(&conn->bytes->in, bytes, len);
		bytes = conn->bytes->in.data;
		len = conn->bytes->in.len;
	}
	conn->advancing = true;
	used = conn_parse(conn, bytes, len);
	conn->advancing = false;
	if (conn->state == CONN_WEBSOCKET && used < len) {
		stream_input(conn, bytes + used, len - used);
		used = len;
	}
	if (conn->state >= CONN_SSE) /* nobody will read the rest */
		used = len;
	if (kept) {
		buf_consume(&conn->bytes->in, used);
		if (conn->bytes->in.len == 0)
			buf_release(&conn->bytes->in);
	} else if (used < len) {
		buf_append(&conn_bytes(conn)->in, bytes + used, len - used);
	}
}

static void conn_read(struct http_conn *conn)
{
	do {
		int64_t got = conn_recv(conn, conn->server->read_buffer, READ_BUFFER_BYTES);

		if (got < 0) {
			if (got != RC_AGAIN)
				conn_end(conn);
			break;
		}
		conn->body_seen += (uint32_t)got;
		conn_advance(conn, conn->server->read_buffer, (size_t)got);
	} while (conn_reading(conn) && tls_pending(conn));
	if (conn->state != CONN_ENDED && conn->tls)
		conn_arm(conn);
}

static void conn_pause(struct http_conn *conn)
{
	conn->paused = true;
	conn_arm(conn);
}

static void conn_resume(struct message *message)
{
	struct http_conn *conn = LIST_OWNER(message, struct http_conn, resume);

	conn->resuming = false;
	if (conn->state == CONN_ENDED) {
		conn_free(conn);
		return;
	}
	conn_advance(conn, NULL, 0);
	if (tls_pending(conn))
		conn_event(conn, ON_READABLE);
}

/* Not from here: a handler may be on the stack (the one that gave a late reply), and must not meet another one. */
void conn_go_on_later(struct http_conn *conn)
{
	bool unread = (conn->bytes && conn->bytes->in.len > 0) || tls_pending(conn);

	if (!unread || conn->advancing || conn->resuming)
		return;
	conn->resuming = true;
	conn->resume.deliver = conn_resume;
	loop_post(conn->server->loop, &conn->resume);
}

/* The reply has left: the next request, or the end. */
static void conn_next(struct http_conn *conn)
{
	if (conn->close_after) {
		conn_linger(conn);
		return;
	}
	conn_enter(conn, CONN_IDLE);
	conn->paused = false;
	conn_arm(conn);
	conn_go_on_later(conn);
}

void conn_replied(struct http_conn *conn)
{
	if (conn->state == CONN_ENDED)
		return;
	if (conn_unsent(conn))
		conn_enter(conn, CONN_WRITING);
	else
		conn_next(conn);
}

static void conn_write_on(struct http_conn *conn)
{
	bool done = conn_flush(conn);

	if (conn->state == CONN_WRITING) {
		if (done) {
			conn_next(conn);
			return;
		}
		conn_enter(conn, CONN_WRITING); /* the peer reads: its time begins anew */
	}
	conn_arm(conn);
}

static void conn_closing_writable(struct http_conn *conn)
{
	if (!conn_flush(conn))
		return;
	conn->stream.blocked = false;
	if (conn->stream.close_sent)
		conn_arm(conn); /* the peer's good-bye is awaited */
	else
		conn_linger(conn);
}

/* Deadlines. */

static void conn_late_head(struct http_conn *conn)
{
	conn_refused(conn, 408, "The request's header did not arrive in time.");
}

/* A body has body_grace_us, and after that as long as its bytes so far earn at body_rate_min. */
static void conn_check_body(struct http_conn *conn)
{
	const struct http_limits *limits = &conn->server->limits;
	int64_t earned_us = limits->body_rate_min > 0 ? (int64_t)conn->body_seen * 1000000 / limits->body_rate_min
						      : INT64_MAX;
	int64_t allowed_us = earned_us > limits->body_grace_us ? earned_us : limits->body_grace_us;

	if (loop_now_us(conn->server->loop) - conn->body_begun_us >= allowed_us)
		conn_refused(conn, 408, "The request's body arrives too slowly.");
	else
		conn_enter(conn, CONN_BODY);
}
