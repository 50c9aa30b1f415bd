/*
 * Bodies: what a message says about rows, encoded once and shared by every subscriber and thread; and the frame around
 * it.
 *
 *   frame = before  {"type":"delta","id":"a","from":"e.5","to":"e.9"  ,"upsert":[…],"remove":[…]}  after
 *           transport  head: differs by subscription               body: immutable, counted      transport
 *
 * The positions stand in the head because they differ between subscriptions: `from` is the last position sent on that
 * one. So one body serves the crowd that follows a topic and also him who joined a moment ago.
 *
 * A transport may have bodies packed (compressed). The packed form is made by the first thread that sends it and shared
 * like the body itself, so what it costs is bounded by the bodies made, not by who asks for them.
 */
#ifndef ROWCAST_LIVE_BODY_H
#define ROWCAST_LIVE_BODY_H

#include <stdatomic.h>

#include "rowcast/base/buf.h"
#include "rowcast/change.h"

enum body_kind { BODY_SNAPSHOT, BODY_DELTA };

struct packed; /* bytes that stand for a body */

struct body {
	_Atomic uint32_t refs;
	_Atomic(struct packed *) packed; /* NULL: nobody has asked for it */
	enum body_kind kind;
	bool timed; /* some of it was changed by time alone; with from = to: all of it */
	struct rc_position from,
		to;  /* delta: along the topic's own chain; snapshot: both its position when it was made */
	uint64_t at; /* the hub's position when it was made; differs from to.n when time alone changed rows */
	size_t len;
	char bytes[]; /* `,"rows":[…]}` or `,"upsert":[…],"remove":[…]}` */
};

struct body *body_create(enum body_kind kind, struct rc_str bytes);
struct body *body_acquire(struct body *body);
void body_drop(struct body *body); /* NULL is legal */

#define FRAME_BEFORE_MAX 160 /* bytes that a transport may put before an object */

/* How objects stand on the wire, and how they get there. One constant per transport, given by the server. */
struct peer;
struct sub;
struct transport {
	const char *name;           /* metrics label: "websocket" */
	bool tells_id;              /* objects have their "id" member */
	bool tells_status;          /* its peers get `status` */
	struct metric *subscribers; /* gauge */
	size_t (*before)(char out[FRAME_BEFORE_MAX], const char *type, struct rc_str position, size_t object_bytes);
	struct rc_str after;
	/* Both or neither: append what stands for a body on the wire (alike on all transports that do it), and write what
	 * stands before an object whose body is packed. */
	void (*pack)(struct buf *out, struct rc_str body);
	size_t (*before_packed)(char out[FRAME_BEFORE_MAX], size_t head_bytes, size_t packed_bytes);
	/* Send now what its stream takes, 0..len; less than len: peer_writable is called when it takes more. */
	size_t (*send)(struct peer *peer, const void *bytes, size_t len);
	/* The rest of a frame that was partly sent: kept by the stream. A failure means that the stream is closing. */
	int (*queue)(struct peer *peer, const void *bytes, size_t len);
	/* May be NULL: the subscription is joined. timed: nothing came but what time alone changed, last at changed_us
	 * (µs UTC). */
	void (*joined)(struct peer *peer, bool timed, int64_t changed_us);
	/* The subscription `id` is over (or never began). */
	void (*failed)(struct peer *peer, struct rc_str id, const struct rc_fault *fault);
};

/* A body as it goes over one transport's wire; borrowed from the body. */
struct wire {
	const char *bytes;
	size_t len;
	bool packed;
};
/* Packed when the transport does that, from pack_bytes_min on, and if it makes it smaller. Any thread. */
struct wire body_wire(struct body *body, const struct transport *transport, size_t pack_bytes_min);

/* Everything of a frame that stands before the body. `id`: JSON text with quotes. wire: what will follow, without
 * `after`. */
void frame_delta(struct buf *out, const struct transport *transport, struct rc_str id, struct rc_position from,
		 struct rc_position to, struct wire wire);
void frame_snapshot(struct buf *out, const struct transport *transport, struct rc_str id, struct rc_position position,
		    struct wire wire);
/* Whole frames. */
void frame_reset(struct buf *out, const struct transport *transport, struct rc_str id, struct rc_str reason);
void frame_status(struct buf *out, const struct transport *transport, const char *state, int64_t lag_ms,
		  int64_t age_ms);
/* Any other object, e.g. an error. */
void frame_object(struct buf *out, const struct transport *transport, const char *type, struct rc_str object);

#endif
