/*
 * The replication connection: connects, asks who the server is, streams. Never waits; pgf_stream_step is called again
 * when the epoll descriptor is readable.
 *
 *   DOWN ──(back-off over)──→ CONNECTING → IDENTIFYING → INSPECTING → JUDGED ──pgf_stream_start──→ STARTING → STREAMING
 *    ↑                             │            │             │          │                            │          │
 *    └──────────────── refused, lost, or does not answer in time ────────┴────────────────────────────┴──────────┘
 *
 * In JUDGED the owner looks at the facts (is this the history that we know?) before anything is streamed.
 */
#ifndef ROWCAST_FEED_POSTGRES_STREAM_H
#define ROWCAST_FEED_POSTGRES_STREAM_H

#include "rowcast/feed/postgres/link.h"

/* What a server says of itself. LSNs are 0 where there is none. */
struct pgf_facts {
	uint64_t system; /* identifier, drawn by initdb */
	uint32_t timeline;
	uint64_t database; /* oid */
	uint64_t meta;     /* oid of rc_meta: a backup that is put back makes it anew */
	uint64_t head;     /* flushed */
	bool standby;
	char epoch[48];                                     /* in rc_meta; "": none */
	bool slot_there, slot_active, slot_lost, slot_ours; /* ours: of this database and plugin */
	uint64_t confirmed, restart;
	bool published; /* the publication is there */
};

enum pgf_stream_state {
	PGF_DOWN,
	PGF_CONNECTING,
	PGF_IDENTIFYING,
	PGF_INSPECTING,
	PGF_JUDGED,
	PGF_STARTING,
	PGF_STREAMING
};

struct pgf_stream {
	const struct pgf_address *address;
	struct pgf_link link;
	enum pgf_stream_state state;
	char slot[64], publication[80];
	size_t host;
	int64_t retry_us;  /* monotonic: DOWN until then */
	uint32_t failures; /* in a row */
	int old_backend;   /* process of our last connection, which may still hold the slot */
	struct pgf_facts facts;
	struct rc_fault fault;      /* why it is down */
	char sqlstate[6];           /* the refusal's; "" */
	int64_t heard_us, asked_us; /* monotonic: last sign of life; when one was asked for since (0: not) */
	char *copy;                 /* libpq's, of the frame handed out last */
};

/* A frame of the stream. */
struct pgf_frame {
	bool keepalive, reply_wanted;
	uint64_t end;          /* of the server's log, as far as it was sent (keepalive: everything before it was) */
	struct rc_str payload; /* until the next step */
};

enum { PGF_STREAM_JUDGE = 1, PGF_STREAM_FRAME = 2 };

void pgf_stream_init(struct pgf_stream *stream, const struct pgf_address *address, int epoll_fd);
/* Close it; the next step connects at once. */
void pgf_stream_stop(struct pgf_stream *stream);
/* As pgf_stream_stop, and the server has let go of the slot when this returns, unless it does not within a second. */
void pgf_stream_release(struct pgf_stream *stream);
/* As pgf_stream_stop, but the next step waits a while before it connects. */
void pgf_stream_fail(struct pgf_stream *stream);
/*
 * PGF_STREAM_JUDGE: look at stream->facts, then pgf_stream_start, _stop or _fail. PGF_STREAM_FRAME: *frame.
 * RC_AGAIN: wait. RC_CORRUPT: a frame that is none. Else it is down: stream->fault.
 */
int pgf_stream_step(struct pgf_stream *stream, struct pgf_frame *frame) RC_MUST_CHECK;
/* From `lsn` on; 0: from where the slot stands. */
void pgf_stream_start(struct pgf_stream *stream, uint64_t lsn);
/* Tell how far we are; `flushed` is what the server may forget. */
void pgf_stream_status(struct pgf_stream *stream, uint64_t written, uint64_t flushed, bool ask);

/* The statement behind struct pgf_facts, without system and timeline; and its one row. */
void pgf_facts_sql(struct buf *out, const char *slot, const char *publication, int server_version, int old_backend);
void pgf_facts_read(struct pgf_facts *facts, const PGresult *result);
/* IDENTIFY_SYSTEM's row. */
void pgf_facts_identify(struct pgf_facts *facts, const PGresult *result);

#endif
