/*
 * Inside of rowcast/http: server, connection, request. One server per loop; everything here belongs to its thread.
 */
#ifndef ROWCAST_HTTP_CONN_H
#define ROWCAST_HTTP_CONN_H

#include <sys/uio.h>

#include "rowcast/base/metric.h"
#include "rowcast/base/slab.h"
#include "rowcast/http/http.h"
#include "rowcast/http/parser.h"
#include "rowcast/http/router.h"
#include "rowcast/http/ws.h"

#define READ_BUFFER_BYTES 65536
#define LINGER_US         2000000   /* a closing connection may still read our last answer so long … */
#define LINGER_BYTES      (1 << 20) /* … and send so much that nobody reads */
#define BODY_CHECK_US     250000

/*
 * States of a connection. A state is also a list: each connection stands in exactly one of its server's, and the lists
 * of states that end by time are ordered by `due_ms` because every entry gets the same time (server->state_time_us), so
 * none needs a timer of its own. conn.c has the table.
 */
enum conn_state {
	CONN_HANDSHAKE, /* TLS */
	CONN_FRESH,     /* connected, not a byte yet */
	CONN_IDLE,      /* between two requests */
	CONN_HEAD,      /* in a request's head */
	CONN_BODY,      /* in its body */
	CONN_BUSY,      /* the handler has it */
	CONN_WRITING,   /* a reply waits for the socket */
	CONN_WEBSOCKET,
	CONN_SSE,
	CONN_CLOSING, /* a stream that said good-bye: what is queued goes out, the peer's good-bye is awaited */
	CONN_LINGER,  /* our side is shut; what still comes is thrown away */
	CONN_ENDED,   /* freed at the end of the turn */
	CONN_STATES
};

/* What a connection owns only while it is needed; one that waits has none. */
struct conn_extra {
	struct http_conn *conn;
	struct http_request *req; /* HEAD, BODY, BUSY */
	struct ssl_st *tls;
	struct ws_decoder *decoder; /* only inside a message */
	struct buf in;              /* input that is not taken yet */
	struct buf out;             /* output that the socket did not take … */
	size_t out_at;              /* … from here on: moving the rest at every send would cost its square */
	struct buf control;         /* a stream's own frames behind a torn one */
	union {
		struct message resume;    /* a late reply was given: go on with what is unread */
		struct deferred deferred; /* ENDED: free */
	};
	int64_t body_begun_us;
	uint32_t body_seen; /* bytes */
	uint32_t lingered;  /* bytes */
};

struct census_seat;

/*
 * There are as many as people with an open page, and nearly all of them wait: so it is a record of the server's slab,
 * of 48 bytes, and behind it stand the `stream_room` bytes of whoever owns its stream.
 */
struct http_conn {
	struct conn_extra *extra;
	struct census_seat *seat;
	struct watch watch;
	struct slab_link link;
	uint32_t due_ms; /* of the loop's clock, which it goes round with; only in states that end by time */
	/* Streams: */
	uint32_t tokens_milli; /* messages that may come now, in thousandths */
	uint32_t refilled_ms;
	uint8_t state;
	uint8_t events : 4;     /* in server->owners */
	uint8_t unanswered : 4; /* pings */
	bool blocked : 1;       /* the socket is full; `writable` is owed */
	bool torn : 1;          /* the last send ended inside a frame */
	bool websocket : 1;
	bool deflates : 1;   /* compression was agreed upon */
	bool close_sent : 1; /* and the peer's is awaited */
	bool told : 1;       /* `closed` was called, or never has to be */
	/* All: */
	bool advancing : 1;   /* conn_advance is on the stack */
	bool resuming : 1;    /* `resume` is under way */
	bool close_after : 1; /* the reply under way is the last */
	bool paused : 1;      /* input waits; EPOLLIN is off */
	bool tls_wants_write : 1;
};

_Static_assert(sizeof(struct http_conn) == 48, "a connection that waits is small");

/* A connection behind its handshake, for those outside of this room. */
struct http_stream {
	struct http_conn conn;
};

#define STREAM_OWNERS_MAX 8

struct http_request_private {
	struct parser parser;
	struct http_server *server;
	struct deferred recycle;
	struct http_request *next_free;
	struct buf headers; /* the handler's reply headers, ready-made */
	struct path_parts parts;
	struct http_field *query;
	size_t query_count;
	bool query_split, query_bad;
	bool head;    /* HEAD: no body in the reply */
	bool replied; /* or turned into a stream */
	bool parsed;  /* all of it was read: the connection may go on */
	char id[20];
};

struct http_server {
	struct loop *loop;
	struct http_limits limits;
	struct http_census *census;
	struct ssl_ctx_st *tls;
	struct router router;
	char *hosts;
	char *server_headers;
	struct watch listener;
	struct timer accept_again;
	struct timer tick; /* the earliest due connection */
	int port;
	bool starving; /* of descriptors; said once */
	bool draining, destroyed;
	struct slab slab;       /* connections */
	struct slab extra_slab; /* struct conn_extra */
	struct slab_list states[CONN_STATES];
	size_t stream_room;
	const struct http_stream_events *owners[STREAM_OWNERS_MAX];
	int64_t state_time_us[CONN_STATES]; /* 0: does not end by time */
	int64_t conns;
	int64_t requests_out; /* acquired and not recycled */
	int64_t refused_lingering;
	struct http_request *free_requests;
	uint64_t id_seed, id_count;
	int64_t date_second;
	char date[40];             /* "Date: …\r\n" */
	struct buf head;           /* scratch: reply head */
	struct buf problem;        /* scratch: problem body */
	struct buf gather;         /* scratch: one TLS record out of several parts */
	struct ws_decoder decoder; /* of whoever is not inside a message */
	struct inflater *inflater; /* for those that compress what they send */
	char *read_buffer;         /* READ_BUFFER_BYTES */
};

/* conn.c */
void conn_open(struct http_server *server, int fd, struct census_seat *seat);
/* One too many: say so and linger. */
void conn_refuse(struct http_server *server, int fd, const char *answer);
void conn_enter(struct http_conn *conn, enum conn_state state);
void conn_end(struct http_conn *conn);
void conn_timed_out(struct http_conn *conn);
void conn_drain(struct http_conn *conn);
/* Our side is done: say so and let the peer read. */
void conn_linger(struct http_conn *conn);
/* After a reply: go on with the next request, or close. */
void conn_replied(struct http_conn *conn);
/* In the next turn: go on with input that is here already. */
void conn_go_on_later(struct http_conn *conn);
/* Send now or keep what the socket does not take. */
void conn_write(struct http_conn *conn, struct iovec *parts, int count);
/* True: nothing is waiting for the socket any more. */
bool conn_flush(struct http_conn *conn);
struct conn_extra *conn_extra(struct http_conn *conn);
/* Ask the loop for what this connection waits for now. */
void conn_arm(struct http_conn *conn);
static inline struct http_server *conn_server(const struct http_conn *conn)
{
	return slab_owner(conn);
}
static inline struct http_request *conn_req(const struct http_conn *conn)
{
	return conn->extra ? conn->extra->req : NULL;
}
static inline struct ssl_st *conn_tls(const struct http_conn *conn)
{
	return conn->extra ? conn->extra->tls : NULL;
}
static inline size_t conn_unsent(const struct http_conn *conn)
{
	return conn->extra ? conn->extra->out.len - conn->extra->out_at : 0;
}
/* When it is due, on the loop's clock: due_ms goes round in 49 days, nothing waits half as long. */
static inline int64_t conn_due_us(const struct http_conn *conn, int64_t now_us)
{
	int64_t now_ms = now_us / 1000;

	return (now_ms + (int32_t)(conn->due_ms - (uint32_t)now_ms)) * 1000;
}
/* ≥ 0 bytes, RC_AGAIN, RC_CLOSED (the peer has shut its side), RC_IO (gone). */
int64_t conn_recv(struct http_conn *conn, void *bytes, size_t room);
/* Bytes taken, RC_AGAIN, RC_IO. */
int64_t conn_send(struct http_conn *conn, struct iovec *parts, int count);

/*
 * tls.c: the same as a filter in between. A tls_send that answers RC_AGAIN has kept up to TLS_RECORD_BYTES of what it
 * was given in a record under way; the same bytes must come first the next time.
 */
#define TLS_RECORD_BYTES 16384
void tls_accept(struct http_conn *conn);
int tls_step(struct http_conn *conn) RC_MUST_CHECK; /* handshake: 0 done, RC_AGAIN, RC_IO */
int64_t tls_recv(struct http_conn *conn, void *bytes, size_t room);
int64_t tls_send(struct http_conn *conn, struct iovec *parts, int count);
bool tls_pending(const struct http_conn *conn);
void tls_shut(struct http_conn *conn);
void tls_free(struct http_conn *conn);

/* server.c */
void server_schedule(struct http_server *server, int64_t due_us);
void server_conn_freed(struct http_server *server);
bool server_names_host(const struct http_server *server, struct rc_str host);
const char *server_date(struct http_server *server);

/* census.c */
enum census_verdict { CENSUS_WELCOME, CENSUS_FULL, CENSUS_ADDRESS_FULL };
struct sockaddr;
enum census_verdict census_enter(struct http_census *census, const struct sockaddr *address,
				 const struct http_limits *limits, struct census_seat **seat);
void census_leave(struct http_census *census, struct census_seat *seat);
struct rc_str census_address(const struct census_seat *seat);

/* request.c */
struct http_request *request_acquire(struct http_conn *conn);
void request_recycle(struct http_request *req); /* at the end of the turn */
void request_free(struct http_request *req);
void request_name(struct http_request *req);
void request_parsed(struct http_request *req); /* path, query, id; then the router */

/* reply.c */
void reply_refusal(struct http_request *req, int status, const char *detail);
const char *reply_status_text(int status);
/* Status line and the fields that every answer has; the caller adds its own and the empty line. */
void reply_head(struct http_request *req, struct buf *out, int status);

/* stream.c */
void stream_readable(struct http_conn *conn);
void stream_input(struct http_conn *conn, const char *bytes, size_t len);
void stream_writable(struct http_conn *conn);
void stream_ping(struct http_conn *conn);
void stream_drain(struct http_conn *conn);
void stream_told_closed(struct http_conn *conn);

/* metrics.c */
void http_metrics_register(void);
void http_metrics_reply(int status, int64_t latency_us);
extern struct metric http_metric_bytes_out, http_metric_ws_messages;
extern struct metric http_metric_conns[3];   /* http, websocket, sse */
extern struct metric http_metric_refused[2]; /* total, address */

#endif
