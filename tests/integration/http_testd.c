/*
 * A small server for tests/integration/test_http.py: every kind of route that the HTTP room knows, limits from the
 * command line (name=value). Prints its port when it listens; ends on SIGTERM after a drain on SIGUSR1.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/http/conn.h"
#include "rowcast/http/static.h"
#include "rowcast/http/ws.h"

static struct loop *loop;
static struct http_server *server;
static volatile sig_atomic_t drain_wanted;

static void handle_echo(struct http_request *req, void *arg)
{
	struct buf out = BUF_INIT;

	buf_printf(&out, "%.*s %.*s %.*s\n", RC_STR_ARG(req->method), RC_STR_ARG(req->path), RC_STR_ARG(req->query));
	buf_append_str(&out, req->body);
	http_reply(req, 200, "text/plain", buf_str(&out));
	buf_release(&out);
}

static void handle_param(struct http_request *req, void *arg)
{
	struct rc_str name = RC_STR("none");
	int err = http_query(req, "name", &name);

	if (err == RC_INVALID) {
		http_problem(req, &(struct http_problem){.status = 400,
							 .code = "validation",
							 .title = "Validation",
							 .detail = RC_STR("The name is repeated or badly encoded."),
							 .field = RC_STR("name")});
		return;
	}
	http_reply_header(req, "X-Param", req->params[0]);
	http_reply_header(req, "X-Name", name);
	http_reply(req, 200, "text/plain", arg ? rc_str_from(arg) : req->params[0]);
}

static void handle_empty(struct http_request *req, void *arg)
{
	http_reply(req, 204, NULL, RC_STR(""));
}

static void handle_large(struct http_request *req, void *arg)
{
	struct rc_str size = RC_STR_NONE;
	int64_t bytes = 0;
	char *body;

	rc_check(http_query(req, "bytes", &size) == 0 && rc_str_to_i64(size, &bytes) == 0);
	body = rc_xmalloc((size_t)bytes + 1);
	memset(body, 'x', (size_t)bytes);
	http_reply(req, 200, "application/octet-stream", (struct rc_str){body, (size_t)bytes});
	free(body);
}

/* Parked requests are answered by a timer, or by GET /release. */
struct parked {
	struct timer timer;
	struct list list;
	struct http_request *req;
};

static struct list parked;

static void parked_answer(struct timer *timer)
{
	struct parked *one = LIST_OWNER(timer, struct parked, timer);
	struct http_request *req = one->req;

	list_remove(&one->list);
	timer_stop(loop, &one->timer);
	http_reply(req, 200, "text/plain", RC_STR("late"));
	free(one);
}

static void handle_park(struct http_request *req, void *arg)
{
	struct parked *one = rc_xcalloc(1, sizeof(*one));
	struct rc_str wait = RC_STR("10000000");
	int64_t wait_us = 0;

	one->req = req;
	rc_check(http_query(req, "us", &wait) != RC_INVALID && rc_str_to_i64(wait, &wait_us) == 0);
	list_push_back(&parked, &one->list);
	timer_start(loop, &one->timer, loop_now_us(loop) + wait_us, parked_answer);
}

static void handle_release(struct http_request *req, void *arg)
{
	LIST_EACH_SAFE (node, &parked)
		parked_answer(&LIST_OWNER(node, struct parked, list)->timer);
	http_reply(req, 200, "text/plain", RC_STR("released"));
}

static void ws_writable(struct http_stream *stream) {}

static void ws_message(struct http_stream *stream, struct rc_str text)
{
	struct buf frame = BUF_INIT;

	if (rc_str_is(text, "close")) {
		http_stream_close(stream, 4000, "as you wish");
		return;
	}
	frame.len = ws_header((uint8_t *)buf_reserve(&frame, WS_HEADER_MAX), WS_TEXT, text.len);
	buf_append_str(&frame, text);
	if (http_stream_queue(stream, frame.data, frame.len) != 0)
		fprintf(stderr, "slow\n");
	buf_release(&frame);
}

static int streams;

static void ws_closed(struct http_stream *stream)
{
	streams--;
}

static void handle_ws(struct http_request *req, void *arg)
{
	static const struct http_stream_events events = {ws_writable, ws_message, ws_closed};
	static const char *const protocols[] = {"test.v2", "test.v1"};

	if (http_stream_websocket(req, protocols, 2, "https://friend.example", true, &events))
		streams++;
}

/* SSE: `count` events of `bytes` bytes each, as fast as the peer reads. */
struct feed {
	struct buf event;
	int64_t left;
	size_t sent; /* of the event under way */
};

static void feed_writable(struct http_stream *stream)
{
	struct feed *feed = http_stream_room(stream);

	while (feed->left > 0) {
		feed->sent += http_stream_send(stream, feed->event.data + feed->sent, feed->event.len - feed->sent);
		if (feed->sent < feed->event.len)
			return;
		feed->sent = 0;
		feed->left--;
	}
	if (feed->left == 0)
		http_stream_close(stream, 0, NULL);
}

static void feed_closed(struct http_stream *stream)
{
	struct feed *feed = http_stream_room(stream);

	buf_release(&feed->event);
	streams--;
}

static void handle_sse(struct http_request *req, void *arg)
{
	static const struct http_stream_events events = {feed_writable, ws_message, feed_closed, sizeof(struct feed)};
	struct rc_str count = RC_STR("3"), size = RC_STR("5");
	struct http_stream *stream;
	struct feed *feed;
	int64_t left = 0, bytes = 0;

	rc_check(http_query(req, "count", &count) != RC_INVALID && rc_str_to_i64(count, &left) == 0);
	rc_check(http_query(req, "bytes", &size) != RC_INVALID && rc_str_to_i64(size, &bytes) == 0);
	stream = http_stream_sse(req, &events);
	if (!stream)
		return;
	feed = http_stream_room(stream);
	feed->left = left;
	buf_append_str(&feed->event, RC_STR("data: "));
	memset(buf_reserve(&feed->event, (size_t)bytes), 'x', (size_t)bytes);
	feed->event.len += (size_t)bytes;
	buf_append_str(&feed->event, RC_STR("\n\n"));
	streams++;
	feed_writable(stream);
}

static void handle_stats(struct http_request *req, void *arg)
{
	char *text = rc_arena_printf(&req->arena, "conns=%d streams=%d extras=%u", (int)http_server_conns(server),
				     streams, slab_taken(&server->extra_slab));

	http_reply(req, 200, "text/plain", rc_str_from(text));
}

static void on_signal(int number)
{
	if (number == SIGUSR1)
		drain_wanted = 1;
	loop_stop(loop);
}

static struct http_limits limits = {
	.request_line_bytes_max = 8192,
	.header_bytes_max = 16384,
	.header_count_max = 64,
	.body_bytes_max = 65536,
	.header_time_us = 10000000,
	.tls_time_us = 5000000,
	.body_rate_min = 500,
	.body_grace_us = 10000000,
	.idle_time_us = 60000000,
	.send_buffer_bytes_max = 262144,
	.conns_max = 10000,
	.conns_per_address_max = 1000,
	.ws_message_bytes_max = 65536,
	.ws_burst = 120,
	.ws_messages_per_min = 300,
	.ping_interval_us = 25000000,
};

static const char *option(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], name, strlen(name)) == 0 && argv[i][strlen(name)] == '=')
			return argv[i] + strlen(name) + 1;
	}
	return NULL;
}

static void limits_read(int argc, char **argv)
{
	const struct {
		const char *name;
		int64_t *value;
	} rows[] = {
		{"header_time_us", &limits.header_time_us},
		{"tls_time_us", &limits.tls_time_us},
		{"body_rate_min", &limits.body_rate_min},
		{"body_grace_us", &limits.body_grace_us},
		{"idle_time_us", &limits.idle_time_us},
		{"conns_max", &limits.conns_max},
		{"conns_per_address_max", &limits.conns_per_address_max},
		{"send_buffer_bytes_max", &limits.send_buffer_bytes_max},
		{"ping_interval_us", &limits.ping_interval_us},
		{"ws_burst", &limits.ws_burst},
		{"ws_messages_per_min", &limits.ws_messages_per_min},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = option(argc, argv, rows[i].name);

		if (text)
			rc_check(rc_str_to_i64(rc_str_from(text), rows[i].value) == 0);
	}
}

int main(int argc, char **argv)
{
	static const struct static_file files[] = {
		{.path = "/assets/app-1a2b.js",
		 .content_type = "text/javascript",
		 .etag = "\"1a2b\"",
		 .immutable = true,
		 .plain = {"plain plain", 11},
		 .gzip = {"gz", 2},
		 .brotli = {"b", 1}},
		{.path = "/", .content_type = "text/html; charset=utf-8", .etag = "\"page\"", .plain = {"<p>", 3}},
		{.path = NULL},
	};
	static char cancelled[] = "cancelled";
	const struct http_route routes[] = {
		{"GET", "/", static_handle, (void *)(uintptr_t)files},
		{"GET", "/assets/{*}", static_handle, (void *)(uintptr_t)files},
		{"GET", "/echo", handle_echo, NULL},
		{"POST", "/echo", handle_echo, NULL},
		{"GET", "/things/{ref}", handle_param, NULL},
		{"GET", "/things/{ref}.ics", handle_param, cancelled},
		{"POST", "/things/{ref}:cancel", handle_param, cancelled},
		{"DELETE", "/things/{ref}", handle_empty, NULL},
		{"GET", "/large", handle_large, NULL},
		{"GET", "/park", handle_park, NULL},
		{"POST", "/park", handle_park, NULL},
		{"GET", "/release", handle_release, NULL},
		{"GET", "/ws", handle_ws, NULL},
		{"GET", "/sse", handle_sse, NULL},
		{"GET", "/stats", handle_stats, NULL},
	};
	struct http_config config = {.listen = "127.0.0.1:0",
				     .stream_room = sizeof(struct feed),
				     .reuse_port_fd = -1,
				     .limits = &limits,
				     .routes = routes,
				     .route_count = sizeof(routes) / sizeof(routes[0]),
				     .hosts = option(argc, argv, "hosts"),
				     .server_headers = "X-Content-Type-Options: nosniff\r\n"};
	struct rc_fault fault = {0};
	int err;

	limits_read(argc, argv);
	list_init(&parked);
	err = loop_create(&loop, &fault);
	if (!err && option(argc, argv, "cert"))
		err = http_tls_create(&config.tls, option(argc, argv, "cert"), option(argc, argv, "key"), &fault);
	config.census = http_census_create();
	if (!err)
		err = http_server_create(&server, loop, &config, &fault);
	if (err) {
		fprintf(stderr, "%s\n", fault.message);
		return 1;
	}
	signal(SIGTERM, on_signal);
	signal(SIGUSR1, on_signal);
	printf("%d\n", http_server_port(server));
	fflush(stdout);
	while (loop_run(loop) == 0 && drain_wanted) {
		drain_wanted = 0;
		http_server_drain(server);
	}
	LIST_EACH_SAFE (node, &parked)
		parked_answer(&LIST_OWNER(node, struct parked, list)->timer);
	http_server_destroy(server);
	loop_destroy(loop);
	http_census_destroy(config.census);
	http_tls_destroy(config.tls);
	return streams == 0 ? 0 : 3;
}
