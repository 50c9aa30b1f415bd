/*
 * Inside of rowcast/http: server, connection, request. One server per loop; everything here belongs to its thread.
 */
#ifndef ROWCAST_HTTP_CONN_H
#define ROWCAST_HTTP_CONN_H

#include <sys/uio.h>

#include "rowcast/base/metric.h"
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
 * of states that end by time are ordered by `due_us` because every entry gets the same time (server->state_time_us).
 * conn.c has the table.
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

/* What a connection owns only while it is needed; an idle one has none. */
struct conn_bytes {
	struct buf in;      /* input that is not taken yet */
	struct buf out;     /* output that the socket did not take … */
	size_t out_at;      /* … from here on: moving the rest at every send would cost its square */
	struct buf control; /* a stream's own frames behind a torn one */
};

struct http_stream {
	const struct http_stream_events *events;
	void *arg;
	struct ws_decoder *decoder; /* only inside a message */
	uint32_t tokens_milli;      /* messages that may come now, in thousandths */
	uint32_t refilled_ms;
	uint8_t unanswered; /* pings */
	bool blocked;       /* the socket is full; `writable` is owed */
	bool torn;          /* the last send ended inside a frame */
	bool websocket;
	bool deflates;   /* compression was agreed upon */
	bool close_sent; /* and the peer's is awaited */
	bool told;       /* `closed` was called, or never has to be */
};

struct census_seat;

struct http_conn {
	struct watch watch;
	struct list list;
	int64_t due_us;
	struct http_server *server;
	struct http_request *req; /* HEAD, BODY, BUSY */
	struct ssl_st *tls;
	struct conn_bytes *bytes;
	struct census_seat *seat;
	union {
		struct message resume;    /* a late reply was given: go on with what is unread */
		struct deferred deferred; /* ENDED: free */
	};
	int64_t body_begun_us;
	uint32_t body_seen; /* bytes */
	uint32_t lingered;  /* bytes */
	uint8_t state;
	bool advancing;   /* conn_advance is on the stack */
	bool resuming;    /* `resume` is under way */
	bool close_after; /* the reply under way is the last */
	bool paused;      /* input waits; EPOLLIN is off */
	bool tls_wants_write;
	struct http_stream stream;
};

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
	struct list states[CONN_STATES];
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
struct conn_bytes *conn_bytes(struct http_conn *conn);
/* Ask the loop for what this connection waits for now. */
void conn_arm(struct http_conn *conn);
static inline size_t conn_unsent(const struct http_conn *conn)
{
	return conn->bytes ? conn->bytes->out.len - conn->bytes->out_at : 0;
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
