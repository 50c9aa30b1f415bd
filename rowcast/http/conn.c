/*
 * A connection from accept to close.
 *
 *   HANDSHAKE → FRESH → HEAD → (BODY) → BUSY → (WRITING) → IDLE → HEAD → …
 *                                         ├→ WEBSOCKET | SSE → CLOSING → ENDED
 *               any refusal, or the last reply → (WRITING) → LINGER → ENDED
 *
 * Design: what happens in a state is one row of `table`; a state is a list of the server (conn.h). Input is read into
 * the server's buffer and parsed there; a connection keeps only bytes that make no whole line yet, or that are
 * pipelined behind a request under way. What it keeps is in its `extra`, which goes back when an event has ended and
 * nothing is kept. While a handler has the request nothing is read: when more input shows up EPOLLIN is switched off
 * until the reply, so the ordinary exchange costs no epoll_ctl, and the kernel's window holds back a peer that pushes.
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
static void conn_tidy(struct http_conn *conn);

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
	conn_tidy(conn);
}

void conn_timed_out(struct http_conn *conn)
{
	conn_event(conn, ON_DUE);
	conn_tidy(conn);
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
	struct http_server *server = conn_server(conn);
	int64_t time_us = server->state_time_us[state];
	struct metric *before = conn_gauge(conn->state), *now = conn_gauge(state);

	if (before != now) {
		metric_add(before, -1);
		metric_add(now, 1);
	}
	slab_list_remove(&server->states[conn->state], conn);
	conn->state = (uint8_t)state;
	slab_list_push(&server->states[state], conn);
	if (time_us > 0) {
		int64_t now_us = loop_now_us(server->loop);

		conn->due_ms = (uint32_t)((now_us + time_us + 999) / 1000);
		server_schedule(server, conn_due_us(conn, now_us));
	}
}

static struct http_conn *conn_create(struct http_server *server, int fd, struct census_seat *seat)
{
	struct http_conn *conn = slab_take(&server->slab);

	conn->watch = (struct watch){.fd = fd};
	conn->seat = seat;
	conn->state = CONN_FRESH;
	conn->told = true;
	server->conns++;
	metric_add(conn_gauge(CONN_FRESH), 1);
	slab_list_push(&server->states[CONN_FRESH], conn);
	return conn;
}

void conn_open(struct http_server *server, int fd, struct census_seat *seat)
{
	struct http_conn *conn = conn_create(server, fd, seat);

	if (server->tls)
		tls_accept(conn);
	conn_enter(conn, server->tls ? CONN_HANDSHAKE : CONN_FRESH);
	if (watch_add(server->loop, &conn->watch, EPOLLIN, conn_ready) != 0)
		conn_end(conn);
}

void conn_refuse(struct http_server *server, int fd, const char *answer)
{
	struct http_conn *conn = conn_create(server, fd, NULL);
	ssize_t sent = server->tls ? 0 : send(fd, answer, strlen(answer), MSG_NOSIGNAL | MSG_DONTWAIT);

	server->refused_lingering++;
	if (sent < 0 || watch_add(server->loop, &conn->watch, EPOLLIN, conn_ready) != 0)
		conn_end(conn);
	else
		conn_linger(conn);
}

struct conn_extra *conn_extra(struct http_conn *conn)
{
	if (!conn->extra) {
		conn->extra = slab_take(&conn_server(conn)->extra_slab);
		conn->extra->conn = conn;
	}
	return conn->extra;
}

static void extra_free(struct http_conn *conn)
{
	struct conn_extra *extra = conn->extra;

	if (!extra)
		return;
	buf_release(&extra->in);
	buf_release(&extra->out);
	buf_release(&extra->control);
	if (extra->decoder)
		ws_decoder_release(extra->decoder);
	free(extra->decoder);
	tls_free(conn);
	slab_give(extra);
	conn->extra = NULL;
}

/* Give back what is not needed any more. Not while somebody on the stack reads it: where an event ends. */
static void conn_tidy(struct http_conn *conn)
{
	const struct conn_extra *extra = conn->extra;
	bool needed = !extra || extra->req || extra->tls || extra->decoder || extra->in.len > 0 || extra->out.len > 0 ||
		      extra->control.len > 0 || extra->lingered > 0 || conn->resuming;

	if (!needed && !conn->advancing && conn->state != CONN_ENDED)
		extra_free(conn);
}

static void conn_free(struct http_conn *conn)
{
	struct http_server *server = conn_server(conn);

	extra_free(conn);
	slab_give(conn);
	server->conns--;
	server_conn_freed(server);
}

static void conn_free_later(struct deferred *deferred)
{
	conn_free(LIST_OWNER(deferred, struct conn_extra, deferred)->conn);
}

void conn_end(struct http_conn *conn)
{
	struct http_server *server = conn_server(conn);
	struct http_request *req = conn_req(conn);

	if (conn->state == CONN_ENDED)
		return;
	metric_add(conn_gauge(conn->state), -1);
	watch_remove(server->loop, &conn->watch);
	slab_list_remove(&server->states[conn->state], conn);
	conn->state = CONN_ENDED;
	if (req) {
		conn->extra->req = NULL;
		req->conn = NULL;
		if (!req->priv->parsed) /* no handler has it */
			request_recycle(req);
	}
	if (!conn->told)
		stream_told_closed(conn);
	if (conn->seat)
		census_leave(server->census, conn->seat);
	else
		server->refused_lingering--;
	close(conn->watch.fd);
	if (!conn->resuming)
		loop_defer(server->loop, &conn_extra(conn)->deferred, conn_free_later);
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
	conn->paused = conn->tls_wants_write = conn->blocked = false;
	conn_enter(conn, CONN_LINGER);
	conn_arm(conn);
}

static void conn_discard(struct http_conn *conn)
{
	ssize_t got = recv(conn->watch.fd, conn_server(conn)->read_buffer, READ_BUFFER_BYTES, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0 || (conn_extra(conn)->lingered += (uint32_t)got) > LINGER_BYTES)
		conn_end(conn);
}

/* Sockets. */

void conn_arm(struct http_conn *conn)
{
	uint32_t events = conn->paused ? 0 : EPOLLIN;

	if (conn->state == CONN_ENDED)
		return;
	if (conn_unsent(conn) || conn->tls_wants_write || conn->blocked)
		events |= EPOLLOUT;
	rc_check(watch_change(conn_server(conn)->loop, &conn->watch, events) == 0);
}

int64_t conn_recv(struct http_conn *conn, void *bytes, size_t room)
{
	ssize_t got;

	if (conn_tls(conn))
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

	if (conn_tls(conn)) {
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
			buf_append(&conn_extra(conn)->out, (const char *)parts[i].iov_base + drop,
				   parts[i].iov_len - drop);
	}
	if (conn_unsent(conn))
		conn_arm(conn);
}

bool conn_flush(struct http_conn *conn)
{
	struct conn_extra *extra = conn->extra;

	while (conn_unsent(conn) > 0) {
		struct iovec part = {extra->out.data + extra->out_at, conn_unsent(conn)};
		int64_t sent = conn_send(conn, &part, 1);

		if (sent == RC_AGAIN) {
			if (extra->out_at > conn_unsent(conn)) {
				buf_consume(&extra->out, extra->out_at);
				extra->out_at = 0;
			}
			return false;
		}
		extra->out_at = sent < 0 ? extra->out.len : extra->out_at + (size_t)sent;
	}
	if (extra) {
		buf_release(&extra->out);
		extra->out_at = 0;
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
	struct http_request *req = conn_req(conn);

	conn_enter(conn, CONN_BUSY);
	reply_refusal(req, status, detail);
}

/* In the body: note when it began, and ask for it when the client waits to be asked. */
static void conn_await_body(struct http_conn *conn, bool body_came)
{
	struct parser *parser = &conn_req(conn)->priv->parser;

	if (conn->state == CONN_BODY || !parser_in_body(parser))
		return;
	conn->extra->body_begun_us = loop_now_us(conn_server(conn)->loop);
	conn->extra->body_seen = (uint32_t)parser->body.len;
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

		if (!conn_req(conn)) {
			conn_extra(conn)->req = request_acquire(conn);
			conn_enter(conn, CONN_HEAD);
		}
		err = parser_feed(&conn_req(conn)->priv->parser, bytes + at, len - at, &used);
		at += used;
		if (err == RC_AGAIN) {
			conn_await_body(conn, at < len || conn_req(conn)->priv->parser.body.len > 0);
			break;
		}
		if (err) {
			conn_refused(conn, conn_req(conn)->priv->parser.status, conn_req(conn)->priv->parser.detail);
			break;
		}
		conn_enter(conn, CONN_BUSY);
		request_parsed(conn->extra->req);
	}
	return at;
}

/* New input, in the server's read buffer; or none, to go on with what was kept. */
static void conn_advance(struct http_conn *conn, const char *bytes, size_t len)
{
	bool kept = conn->extra && conn->extra->in.len > 0;
	size_t used;

	if (kept) {
		buf_append(&conn->extra->in, bytes, len);
		bytes = conn->extra->in.data;
		len = conn->extra->in.len;
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
		buf_consume(&conn->extra->in, used);
		if (conn->extra->in.len == 0)
			buf_release(&conn->extra->in);
	} else if (used < len) {
		buf_append(&conn_extra(conn)->in, bytes + used, len - used);
	}
}

static void conn_read(struct http_conn *conn)
{
	do {
		int64_t got = conn_recv(conn, conn_server(conn)->read_buffer, READ_BUFFER_BYTES);

		if (got < 0) {
			if (got != RC_AGAIN)
				conn_end(conn);
			break;
		}
		if (conn->state == CONN_BODY)
			conn->extra->body_seen += (uint32_t)got;
		conn_advance(conn, conn_server(conn)->read_buffer, (size_t)got);
	} while (conn_reading(conn) && tls_pending(conn));
	if (conn->state != CONN_ENDED && conn_tls(conn))
		conn_arm(conn);
}

static void conn_pause(struct http_conn *conn)
{
	conn->paused = true;
	conn_arm(conn);
}

static void conn_resume(struct message *message)
{
	struct http_conn *conn = LIST_OWNER(message, struct conn_extra, resume)->conn;

	conn->resuming = false;
	if (conn->state == CONN_ENDED) {
		conn_free(conn);
		return;
	}
	conn_advance(conn, NULL, 0);
	if (tls_pending(conn))
		conn_event(conn, ON_READABLE);
	conn_tidy(conn);
}

/* Not from here: a handler may be on the stack (the one that gave a late reply), and must not meet another one. */
void conn_go_on_later(struct http_conn *conn)
{
	bool unread = (conn->extra && conn->extra->in.len > 0) || tls_pending(conn);

	if (!unread || conn->advancing || conn->resuming)
		return;
	conn->resuming = true;
	conn->extra->resume.deliver = conn_resume;
	loop_post(conn_server(conn)->loop, &conn->extra->resume);
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
	conn_tidy(conn);
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
	conn->blocked = false;
	if (conn->close_sent)
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
	const struct http_limits *limits = &conn_server(conn)->limits;
	int64_t earned_us = limits->body_rate_min > 0
				    ? (int64_t)conn->extra->body_seen * 1000000 / limits->body_rate_min
				    : INT64_MAX;
	int64_t allowed_us = earned_us > limits->body_grace_us ? earned_us : limits->body_grace_us;

	if (loop_now_us(conn_server(conn)->loop) - conn->extra->body_begun_us >= allowed_us)
		conn_refused(conn, 408, "The request's body arrives too slowly.");
	else
		conn_enter(conn, CONN_BODY);
}
