/*
 * HTTP/1.1 server of one reactor thread: listener, connections, requests, routes, and connections that turn into
 * streams (WebSocket, SSE). Knows no SQL and no topics.
 *
 * A request lives in an arena of its own from its first byte until its reply is written. A handler may answer at once
 * or later (it simply returns); until then the connection reads no further request. When the client goes away
 * meanwhile, the request object stays valid and the late reply is dropped.
 */
#ifndef ROWCAST_HTTP_HTTP_H
#define ROWCAST_HTTP_HTTP_H

#include "rowcast/arena.h"
#include "rowcast/base/buf.h"
#include "rowcast/io/loop.h"

struct http_server;
struct http_conn;
struct ssl_ctx_st;

/* Every limit is a row of the program's option table (rowcast/server/options.c). */
struct http_limits {
	int64_t request_line_bytes_max; /* without CRLF → 414 */
	int64_t header_bytes_max;       /* block → 431 */
	int64_t header_count_max;       /* fields → 431 */
	int64_t body_bytes_max;         /* → 413 */
	int64_t header_time_us;         /* first byte to end of headers → 408 */
	int64_t tls_time_us;            /* handshake */
	int64_t body_rate_min;          /* bytes a second after body_grace_us → 408 */
	int64_t body_grace_us;
	int64_t idle_time_us;          /* keep-alive */
	int64_t send_buffer_bytes_max; /* unsent bytes of one connection; beyond it: closed */
	int64_t conns_max;             /* of this process */
	int64_t conns_per_address_max; /* 0: no limit */
	int64_t ws_message_bytes_max;  /* → 1009 */
	int64_t ws_burst;              /* → 1008 */
	int64_t ws_messages_per_min;
	int64_t ping_interval_us; /* closed after two unanswered */
};

/* Connection counts per address and in total, shared by all reactors of the process (atomics inside). */
struct http_census;
struct http_census *http_census_create(void);
void http_census_destroy(struct http_census *census);
int64_t http_census_total(const struct http_census *census);

struct http_request {
	struct rc_arena arena;
	struct http_conn *conn; /* NULL when the client has gone */
	struct loop *loop;
	struct rc_str method;
	struct rc_str target; /* as sent, origin form */
	struct rc_str path;   /* percent-decoded, starts with '/', no NUL */
	struct rc_str query;  /* raw, behind '?' */
	struct rc_str body;
	struct rc_str id;        /* also in X-Request-Id: the client's when it is 1..64 of [A-Za-z0-9._-], else ours */
	struct rc_str peer;      /* "127.0.0.1", for logs and limits */
	struct rc_str params[4]; /* path segments matched by {name}, in order */
	int64_t begun_us;        /* monotonic */
	void *state;             /* the handler's */
	/* private to http */
	struct http_request_private *priv;
};

/* First field of that name (case-insensitive), or RC_STR_NONE. Repeated fields are joined by ", ". */
struct rc_str http_header(const struct http_request *req, const char *name);
/* Decoded value of a query parameter; RC_NOT_FOUND when absent, RC_INVALID when repeated or badly encoded. */
int http_query(struct http_request *req, const char *name, struct rc_str *out) RC_MUST_CHECK;
/* Name of the n-th query parameter, RC_STR_NONE past the last; so that unknown ones can be refused. */
struct rc_str http_query_name(struct http_request *req, size_t n);

/* Reply. Headers first, then exactly one of http_reply and http_problem. All copy what they are given. */
void http_reply_header(struct http_request *req, const char *name, struct rc_str value);
void http_reply(struct http_request *req, int status, const char *content_type, struct rc_str body);

/*
 * RFC 9457 answer. `code` is the machine's word ("slot-full"), `detail` a sentence for people. `field` and `extra` may
 * be empty; `extra` is raw JSON members that are added as they are ("\"alternatives\":[…]").
 */
struct http_problem {
	int status;
	const char *code;
	const char *title;
	struct rc_str detail;
	struct rc_str field;
	bool retryable;
	int retry_after_s; /* 0: no Retry-After */
	struct rc_str extra;
};
void http_problem(struct http_request *req, const struct http_problem *problem);
/* The body alone; used by the parser, by stored outcomes and by live errors. Members without the braces' outer pair. */
void http_problem_members(struct buf *out, const struct http_problem *problem, struct rc_str request_id);

/*
 * Routes: "{name}" matches one segment or the part of a segment before a literal (":cancel"); "/assets/{*}" matches the
 * rest. The pattern with more literal text wins; it alone decides which methods the address has.
 */
struct http_route {
	const char *method;
	const char *pattern;
	void (*handle)(struct http_request *req, void *arg);
	void *arg;
};

struct http_config {
	const char *listen; /* "127.0.0.1:8080", "[::1]:0", ":8080" */
	bool port_shared; /* others of this user may listen there, as the other reactors do; else it must be nobody's */
	int reuse_port_fd; /* > 0: take this bound socket instead of binding (its number is then its owner's no more) */
	const struct http_limits *limits;
	struct http_census *census;
	const struct http_route *routes;
	size_t route_count;
	const char *hosts;          /* comma-separated, NULL or "": any */
	struct ssl_ctx_st *tls;     /* NULL: plain */
	size_t stream_room;         /* bytes in each connection for the owner of its stream */
	const char *server_headers; /* raw CRLF-terminated fields for every answer (security headers), or NULL */
};

int http_server_create(struct http_server **out, struct loop *loop, const struct http_config *config,
		       struct rc_fault *fault) RC_MUST_CHECK;
void http_server_destroy(struct http_server *server);
int http_server_port(const struct http_server *server); /* the port that was bound */
/* Stop accepting; idle connections close; busy ones answer with Connection: close; streams get 1012 / end of stream. */
void http_server_drain(struct http_server *server);
int64_t http_server_conns(const struct http_server *server);

/* TLS context from PEM files, TLS ≥ 1.2. */
int http_tls_create(struct ssl_ctx_st **out, const char *cert_path, const char *key_path,
		    struct rc_fault *fault) RC_MUST_CHECK;
void http_tls_destroy(struct ssl_ctx_st *tls);

/*
 * Streams: a connection after a WebSocket handshake or behind an SSE header. What is sent is already framed; the stream
 * takes what the socket takes and says so.
 */
struct http_stream;

struct http_stream_events {
	/* The socket takes bytes again after http_stream_send returned less than it was given. */
	void (*writable)(struct http_stream *stream);
	/* One complete WebSocket text message (never for SSE). Borrowed. */
	void (*message)(struct http_stream *stream, struct rc_str text);
	/* Last call; the stream is freed at the end of the turn. */
	void (*closed)(struct http_stream *stream);
	size_t room_bytes; /* at most config.stream_room */
};

/* The owner's bytes beside the stream, zeroed when it begins; and back. */
void *http_stream_room(const struct http_stream *stream);
struct http_stream *http_stream_of(const void *room);

/* Answer 101. `protocols`: those we speak, most wanted first; one of the client's must match (if it names any).
 * `deflate`: an offer of permessage-deflate may be accepted (RFC 7692). On refusal the error reply has been sent and
 * NULL comes back. */
struct http_stream *http_stream_websocket(struct http_request *req, const char *const *protocols, size_t protocol_count,
					  const char *allowed_origins, bool deflate,
					  const struct http_stream_events *events);
/* Compressed messages may be sent: permessage-deflate without context takeover was agreed upon. */
bool http_stream_deflates(const struct http_stream *stream);
/* Answer 200 text/event-stream and keep the connection. */
struct http_stream *http_stream_sse(struct http_request *req, const struct http_stream_events *events);
/*
 * Send now what the socket takes: 0..len bytes. Less than len: blocked until `writable`. Control bytes queued before go
 * first. After 0 < sent < len a frame may be torn: the next bytes given, here or to http_stream_queue, must be the ones
 * that follow. Our own pings, pongs and closes wait until then. On a stream that is closing it takes nothing.
 */
size_t http_stream_send(struct http_stream *stream, const void *bytes, size_t len);
/* A private message (error, pong, rest of a frame): kept until it is sent, within send_buffer_bytes_max. RC_LIMIT
 * closes it. */
int http_stream_queue(struct http_stream *stream, const void *bytes, size_t len) RC_MUST_CHECK;
bool http_stream_blocked(const struct http_stream *stream);
/* WebSocket close code and reason; SSE: end of the body. */
void http_stream_close(struct http_stream *stream, int code, const char *reason);
/* Every open stream of that owner. */
void http_streams_close(struct http_server *server, const struct http_stream_events *events, int code,
			const char *reason);
struct http_server *http_stream_server(const struct http_stream *stream);
struct loop *http_stream_loop(const struct http_stream *stream);
struct rc_str http_stream_peer(const struct http_stream *stream);

#endif
