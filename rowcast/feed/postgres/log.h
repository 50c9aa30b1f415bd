/*
 * The log source of PostgreSQL. docs/decisions/0021-postgres-feed.md has the reasons, and why nothing is lost or doubled.
 *
 *   log.c           the interface; reconnects, and whether what answers is the history that we know; acknowledging
 *   log_txn.c       frames of the stream into whole transactions, and these into changes
 *   log_snapshot.c  choosing a slot, the first copy, the history
 *   stream.c        the replication connection    watch.c  the other one    slot.c, epoch.c  what lives on the server
 *
 * Positions are ends of commit records. What of the server's log is behind us:
 *
 *   ──oldest────────────── proof.after ─────── proof.end ───── seen ──────── head──→
 *     the server may        acknowledged        the last        everything    the server's
 *     have forgotten        at most up to       transaction     before it     own end
 *     what is older         here                that we read    was read
 *
 * The last transaction is never acknowledged: after a reconnect it comes again and must be the same one, which proves
 * that the server was not put back to an older state meanwhile.
 */
#ifndef ROWCAST_FEED_POSTGRES_LOG_H
#define ROWCAST_FEED_POSTGRES_LOG_H

#include "rowcast/base/buf.h"
#include "rowcast/feed/postgres/epoch.h"
#include "rowcast/feed/postgres/pgoutput.h"
#include "rowcast/feed/postgres/watch.h"
#include "rowcast/feed/source.h"

#define LOG_SAMPLES 128
#define LOG_RECENT  1024

struct log_proof {
	bool valid;
	uint64_t after, end; /* it is the first transaction behind `after` */
	uint32_t xid;
	int64_t at_us;
};

struct log_feed {
	struct rc_feed base;
	struct pgf_address address;
	const struct rc_schema *schema;
	struct rc_feed_options options;
	char *name;
	int epoll_fd, timer_fd;
	struct pgf_stream stream;
	struct pgf_watch watch;
	struct pgoutput decoder;

	struct pgf_facts identity; /* of the server that the epoch belongs to */
	struct pgf_epoch epoch;
	bool gone;         /* the history broke; next says so until the snapshot */
	bool slot_useless; /* the slot is no good for a new history */
	bool unpublished;  /* a captured table is not in the publication */
	bool fresh;        /* nothing of this stream was read yet, and it began where the slot stands */
	bool down;         /* what was said last about the connection */

	/* The transaction that arrives or, when ready, waits to be delivered: its messages, each behind its length. */
	struct buf raw;
	bool in_txn, ready;
	struct pgoutput_begin begin;
	struct pgoutput_commit commit;

	uint64_t seen, head;
	uint64_t skip_to;  /* the snapshot's position: up to it, transactions are history */
	uint64_t catch_to; /* after a reconnect: where the server stood; until then we are not up to date */
	struct log_proof proof;
	bool proving;
	uint64_t oldest, flushed, acked, delivered;

	struct log_sample {
		int64_t at_us; /* monotonic */
		uint64_t lsn;
	} samples[LOG_SAMPLES]; /* where we were when; a ring */
	uint32_t sample_count;
	struct log_when {
		uint64_t n;
		int64_t us;
	} recent[LOG_RECENT]; /* delivered; a ring */
	uint32_t recent_count;
	int64_t kept_bytes;
	uint64_t gaps, reconnects;
};

static inline struct log_feed *log_of(const struct rc_feed *feed)
{
	return (struct log_feed *)(uintptr_t)feed;
}

/* log.c: the history is broken. Says so in the log; RC_GONE. */
int log_gap(struct log_feed *feed, const char *why);
void log_status(struct log_feed *feed, bool ask);
/* Read on until a transaction is complete (feed->ready), RC_AGAIN, RC_GONE or why it cannot be read now. */
int log_pump(struct log_feed *feed) RC_MUST_CHECK;

/* log_txn.c: one frame. RC_GONE, RC_OK. */
int log_frame(struct log_feed *feed, const struct pgf_frame *frame) RC_MUST_CHECK;
/* The ready transaction into *out; arena NULL: only what the decoder has to remember. RC_NOT_FOUND: nothing of it is
 * for the caller. */
int log_decode(struct log_feed *feed, struct rc_arena *arena, struct rc_txn *out) RC_MUST_CHECK;
/* What was read is forgotten; a new stream begins. */
void log_restart(struct log_feed *feed);

/* log_snapshot.c */
int log_acquire(struct log_feed *feed, bool history, struct rc_fault *fault) RC_MUST_CHECK;
int log_snapshot(struct rc_feed *base, void (*row)(void *arg, const struct rc_model *model, const void *row), void *arg,
		 struct rc_position *at, struct rc_fault *fault) RC_MUST_CHECK;
int log_replay(struct rc_feed *base, struct rc_position after, void (*txn)(void *arg, const struct rc_txn *txn),
	       void *arg) RC_MUST_CHECK;

/* prepare.c */
int log_prepare(const char *url, const struct rc_schema *schema, const struct rc_feed_options *options, bool install,
		struct rc_fault *fault) RC_MUST_CHECK;
void log_publication_name(char out[80], const struct rc_schema *schema);

#endif
