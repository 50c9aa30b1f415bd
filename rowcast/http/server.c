/*
 * The listener of one reactor, its limits, its clock, and the way out.
 *
 * Every reactor binds the same port with SO_REUSEPORT, so the kernel spreads connections and no thread hands them over.
 * One timer serves all connections: each state's list is ordered by its due time (conn.h).
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "rowcast/http/conn.h"
#include "rowcast/http/deflate.h"
#include "rowcast/io/clock.h"

#define ACCEPTS_PER_TURN      64
#define STARVED_US            100000
#define REFUSED_LINGERING_MAX 64

static void server_accept(struct watch *watch, uint32_t events);

/* Listening. */

static int listen_address(const char *listen, struct addrinfo **out, struct rc_fault *fault)
{
	struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(listen, ':');
	char host[256];
	size_t host_len;
	int64_t port;
	int failed;

	if (!colon || !colon[1] || colon - listen >= (ptrdiff_t)sizeof(host))
		return rc_fault_set(fault, RC_INVALID, "cannot listen on %s: it must be HOST:PORT", listen);
	host_len = (size_t)(colon - listen);
	memcpy(host, listen, host_len);
	host[host_len] = 0;
	if (host_len > 1 && host[0] == '[' && host[host_len - 1] == ']') {
		memmove(host, host + 1, host_len - 2);
		host[host_len - 2] = 0;
	}
	/* getaddrinfo takes 99999 for 34463 */
	if (rc_str_to_i64(rc_str_from(colon + 1), &port) || port < 0 || port > 65535)
		return rc_fault_set(fault, RC_INVALID, "cannot listen on %s: the port must be 0..65535", listen);
	failed = getaddrinfo(host_len > 0 ? host : NULL, colon + 1, &hints, out);
	if (failed)
		return rc_fault_set(fault, RC_INVALID, "cannot listen on %s: %s", listen, gai_strerror(failed));
	return 0;
}

/* "" means every address: one socket for both families where the system has IPv6. */
static const struct addrinfo *address_choose(const struct addrinfo *found, const char *listen)
{
	if (listen[0] == ':') {
		for (const struct addrinfo *a = found; a; a = a->ai_next) {
			if (a->ai_family == AF_INET6)
				return a;
		}
	}
	return found;
}

static int socket_bind(const struct addrinfo *address, bool reuse_port)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, off = 0;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (reuse_port)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (address->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, address->ai_addr, address->ai_addrlen) != 0) {
		int why = errno;

		close(fd);
		errno = why;
		return -1;
	}
	return fd;
}

/*
 * The first listener of a process binds once without SO_REUSEPORT: that fails where another program listens already,
 * which would else get half of our connections, or we half of its.
 */
static int listener_bind(const struct addrinfo *address, bool port_shared)
{
	int probe;

	if (!port_shared) {
		probe = socket_bind(address, false);
		if (probe < 0)
			return -1;
		close(probe);
	}
	return socket_bind(address, true);
}

static int server_listen(struct http_server *server, const struct http_config *config, struct rc_fault *fault)
{
	struct sockaddr_storage bound;
	socklen_t bound_len = sizeof(bound);
	struct addrinfo *found = NULL;
	int err = 0, on = 1, fd = config->reuse_port_fd;

	if (fd <= 0) {
		err = listen_address(config->listen, &found, fault);
		if (err)
			return err;
		fd = listener_bind(address_choose(found, config->listen), config->port_shared);
		if (fd < 0 && config->listen[0] == ':')
			fd = listener_bind(found, config->port_shared);
		freeaddrinfo(found);
	}
	server->listener.fd = fd;
	/* Accepted sockets inherit TCP_NODELAY, which saves a call for each. */
	if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 || listen(fd, SOMAXCONN) != 0 ||
	    getsockname(fd, (struct sockaddr *)&bound, &bound_len) != 0 ||
	    watch_add(server->loop, &server->listener, EPOLLIN, server_accept) != 0)
		return rc_fault_set(fault, RC_IO, "cannot listen on %s: %s", config->listen, strerror(errno));
	server->port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
							 : ((struct sockaddr_in *)&bound)->sin_port);
	return 0;
}

/* Accepting. */

static void accept_again(struct timer *timer)
{
	struct http_server *server = LIST_OWNER(timer, struct http_server, accept_again);

	rc_check(watch_change(server->loop, &server->listener, EPOLLIN) == 0);
}

/* Out of descriptors or memory: the listener would stay ready and the loop would spin, so it rests for a moment. */
static void server_starve(struct http_server *server)
{
	if (!server->starving)
		log_event(LOG_WARN, "accept-failed", "cannot accept connections for now",
			  LOG_S("reason", strerror(errno)));
	server->starving = true;
	rc_check(watch_change(server->loop, &server->listener, 0) == 0);
	timer_start(server->loop, &server->accept_again, loop_now_us(server->loop) + STARVED_US, accept_again);
}

static void server_refuse(struct http_server *server, int fd, enum census_verdict verdict)
{
	bool total = verdict == CENSUS_FULL;
	char answer[768], body[400];
	int body_len;

	metric_add(&http_metric_refused[total ? 0 : 1], 1);
	if (server->refused_lingering >= REFUSED_LINGERING_MAX) {
		close(fd);
		return;
	}
	body_len = snprintf(
		body, sizeof(body),
		"{\"type\":\"urn:rowcast:problem:%s\",\"title\":\"%s\",\"status\":%d,\"code\":\"%s\","
		"\"detail\":\"%s\",\"retryable\":true,\"request_id\":\"refused\"}",
		total ? "unavailable" : "rate-limited", total ? "Service Unavailable" : "Too Many Requests",
		total ? 503 : 429, total ? "unavailable" : "rate-limited",
		total ? "This server has as many connections as it takes; nothing was done. Try again shortly."
		      : "Your address has as many connections as it may; nothing was done. Close some.");
	snprintf(answer, sizeof(answer),
		 "HTTP/1.1 %s\r\n%sX-Request-Id: refused\r\nContent-Type: application/problem+json\r\n"
		 "Retry-After: 1\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		 total ? "503 Service Unavailable" : "429 Too Many Requests", server_date(server), body_len, body);
	conn_refuse(server, fd, answer);
}

static void server_accept(struct watch *watch, uint32_t events)
{
	struct http_server *server = LIST_OWNER(watch, struct http_server, listener);

	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_storage peer;
		socklen_t peer_len = sizeof(peer);
		int fd = accept4(watch->fd, (struct sockaddr *)&peer, &peer_len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		enum census_verdict verdict;
		struct census_seat *seat;

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
				server_starve(server);
			return; /* EAGAIN, or a peer that left in the queue: level-triggered, so the next one calls
				   again */
		}
		server->starving = false;
		verdict = census_enter(server->census, (struct sockaddr *)&peer, &server->limits, &seat);
		if (verdict == CENSUS_WELCOME)
			conn_open(server, fd, seat);
		else
			server_refuse(server, fd, verdict);
	}
}

/* Time. */

static void server_tick(struct timer *timer)
{
	struct http_server *server = LIST_OWNER(timer, struct http_server, tick);
	int64_t now_us = loop_now_us(server->loop), next_us = INT64_MAX;
	struct http_conn *first;

	for (int state = 0; state < CONN_STATES; state++) {
		if (server->state_time_us[state] == 0)
			continue;
		/* Whoever is called moves: to another state or to the end of this one. */
		while ((first = slab_list_first(&server->states[state])) && conn_due_us(first, now_us) <= now_us)
			conn_timed_out(first);
	}
	for (int state = 0; state < CONN_STATES; state++) {
		first = server->state_time_us[state] > 0 ? slab_list_first(&server->states[state]) : NULL;
		if (first && conn_due_us(first, now_us) < next_us)
			next_us = conn_due_us(first, now_us);
	}
	if (next_us < INT64_MAX)
		timer_start(server->loop, &server->tick, next_us, server_tick);
}

void server_schedule(struct http_server *server, int64_t due_us)
{
	if (server->tick.index == 0 || server->tick.due_us > due_us)
		timer_start(server->loop, &server->tick, due_us, server_tick);
}

const char *server_date(struct http_server *server)
{
	time_t now = (time_t)(clock_wall_us() / 1000000);
	struct tm parts;

	if (now != server->date_second) {
		static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
		static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
						 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

		server->date_second = now;
		gmtime_r(&now, &parts);
		snprintf(server->date, sizeof(server->date), "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
			 days[parts.tm_wday], parts.tm_mday % 100, months[parts.tm_mon], (parts.tm_year + 1900) % 10000,
			 parts.tm_hour % 100, parts.tm_min % 100, parts.tm_sec % 100);
	}
	return server->date;
}

/* Which host names are ours: "a.example" with any port, "a.example:8080" with that one. */
bool server_names_host(const struct http_server *server, struct rc_str host)
{
	struct rc_str rest = rc_str_from(server->hosts), bare = host;

	if (rest.len == 0)
		return true;
	for (size_t i = bare.len; i > 0 && bare.ptr[i - 1] != ']'; i--) {
		if (bare.ptr[i - 1] == ':') {
			bare.len = i - 1;
			break;
		}
	}
	while (rest.len > 0) {
		struct rc_str name = rc_str_cut(&rest, ',');

		while (name.len > 0 && name.ptr[0] == ' ')
			name = (struct rc_str){name.ptr + 1, name.len - 1};
		while (name.len > 0 && name.ptr[name.len - 1] == ' ')
			name.len--;
		if (name.len > 0 && (rc_str_eq_nocase(name, host) || rc_str_eq_nocase(name, bare)))
			return true;
	}
	return false;
}

/* Life. */

static void server_times(struct http_server *server)
{
	const struct http_limits *limits = &server->limits;
	int64_t *times = server->state_time_us;

	times[CONN_HANDSHAKE] = limits->tls_time_us;
	times[CONN_FRESH] = times[CONN_HEAD] = limits->header_time_us;
	times[CONN_BODY] = limits->body_grace_us < BODY_CHECK_US ? limits->body_grace_us : BODY_CHECK_US;
	times[CONN_IDLE] = times[CONN_WRITING] = limits->idle_time_us;
	times[CONN_WEBSOCKET] = times[CONN_SSE] = limits->ping_interval_us;
	times[CONN_CLOSING] = times[CONN_LINGER] = LINGER_US;
}

int http_server_create(struct http_server **out, struct loop *loop, const struct http_config *config,
		       struct rc_fault *fault)
{
	struct http_server *server = rc_xcalloc(1, sizeof(*server));
	int err;

	http_metrics_register();
	server->loop = loop;
	server->limits = *config->limits;
	server->census = config->census;
	server->tls = config->tls;
	server->hosts = config->hosts ? rc_xstrdup(config->hosts) : NULL;
	server->server_headers = config->server_headers ? rc_xstrdup(config->server_headers) : NULL;
	server->listener = (struct watch){.fd = -1};
	server->inflater = inflater_create();
	server->read_buffer = rc_xmalloc(READ_BUFFER_BYTES);
	server->decoder.message_bytes_max = (size_t)config->limits->ws_message_bytes_max;
	server->date_second = -1;
	server->stream_room = config->stream_room;
	slab_init(&server->slab, sizeof(struct http_conn) + config->stream_room, server);
	slab_init(&server->extra_slab, sizeof(struct conn_extra), server);
	for (int state = 0; state < CONN_STATES; state++)
		server->states[state] = (struct slab_list){.slab = &server->slab,
							   .offset = offsetof(struct http_conn, link)};
	server_times(server);
	rc_check(getrandom(&server->id_seed, sizeof(server->id_seed), 0) == sizeof(server->id_seed));
	err = router_init(&server->router, config->routes, config->route_count, fault);
	if (!err)
		err = server_listen(server, config, fault);
	if (err) {
		http_server_destroy(server);
		server = NULL;
	}
	*out = server;
	return err;
}

static void listener_close(struct http_server *server)
{
	timer_stop(server->loop, &server->accept_again);
	if (server->listener.fd >= 0) {
		watch_remove(server->loop, &server->listener);
		close(server->listener.fd);
		server->listener.fd = -1;
	}
}

/* Called when a connection or a request has been freed: the last one takes a destroyed server with it. */
void server_conn_freed(struct http_server *server)
{
	if (!server->destroyed || server->conns > 0 || server->requests_out > 0)
		return;
	while (server->free_requests) {
		struct http_request *req = server->free_requests;

		server->free_requests = req->priv->next_free;
		request_free(req);
	}
	slab_release(&server->slab);
	slab_release(&server->extra_slab);
	router_release(&server->router);
	ws_decoder_release(&server->decoder);
	inflater_destroy(server->inflater);
	buf_release(&server->head);
	buf_release(&server->problem);
	buf_release(&server->gather);
	free(server->read_buffer);
	free(server->hosts);
	free(server->server_headers);
	free(server);
}

void http_server_destroy(struct http_server *server)
{
	if (!server)
		return;
	listener_close(server);
	for (int state = 0; state < CONN_STATES; state++) {
		struct http_conn *conn;

		while ((conn = slab_list_first(&server->states[state])))
			conn_end(conn);
	}
	timer_stop(server->loop, &server->tick);
	server->destroyed = true;
	server_conn_freed(server);
}

void http_server_drain(struct http_server *server)
{
	server->draining = true;
	listener_close(server);
	for (int state = 0; state < CONN_STATES; state++) {
		struct http_conn *conn = slab_list_first(&server->states[state]), *next;

		for (; conn; conn = next) {
			next = slab_list_next(&server->states[state], conn);
			conn_drain(conn);
		}
	}
}

int http_server_port(const struct http_server *server)
{
	return server->port;
}

int64_t http_server_conns(const struct http_server *server)
{
	return server->conns;
}
