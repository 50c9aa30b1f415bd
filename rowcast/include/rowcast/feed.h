/*
 * The change feed: every committed change of the captured tables, whoever wrote it, as whole transactions in commit
 * order, resumable from any retained position; where continuity cannot be proven, RC_GONE and a new epoch, never
 * silence.
 *
 *   database      log                                         triggers
 *   SQLite        –                                           into `rc_log`, in the writer's own transaction
 *   PostgreSQL    pgoutput over the replication protocol      into `rc_log`; a cursor of snapshots
 *   MariaDB       row events of the binlog, by GTID           into `rc_log`, numbered under one row's lock
 *
 * Positions: SQLite and triggers of MariaDB: the log's number; pgoutput: the end LSN of the commit; binlog: the GTID's
 * sequence number; triggers of PostgreSQL: a count of this process, which ends with it.
 *
 * A feed has connections of its own and belongs to one thread. docs/decisions/ tells what was rejected.
 */
#ifndef ROWCAST_FEED_H
#define ROWCAST_FEED_H

#include "rowcast/change.h"
#include "rowcast/orm.h"

struct rc_feed;

enum rc_feed_kind { RC_FEED_AUTO, RC_FEED_LOG, RC_FEED_TRIGGER };

struct rc_feed_options {
	int64_t keep_us;       /* positions stay readable at least this long (default 10 min) */
	uint64_t keep_changes; /* and at least this many (default 100,000); log sources keep by time and bytes */
	uint64_t keep_bytes;   /* of the server's own log that is kept for us at most (default 1 GiB; 0: no limit) */
	enum rc_feed_kind kind;
	/* Names what this reader keeps on the server (replication slot, server id). Two readers of one database need two
	 * names; NULL: the first one that is free of NAME_1, NAME_2 … (NAME: the schema's). */
	const char *name;
	bool manual_ack; /* the server may forget only what rc_feed_ack said; else what is older than keep_us */
};

/*
 * Choose between log and triggers (RC_FEED_AUTO: the log where privileges and settings allow it) and make in the
 * database what the choice needs, and no more: publication and replica identity, or outbox and triggers. Migrations
 * come first. Safe to run again, and by several programs at once.
 *
 * Returns the choice in *kind and in `why` (NUL-terminated, may be NULL) one sentence for the log: what was chosen, and
 * what is missing for the better one, with the statement that mends it.
 * Errors  RC_MISMATCH: a setting, privilege, key or foreign key is not as the choice needs; the fault names it, the
 *         server, and the statement that mends it.
 */
int rc_feed_prepare(const char *url, const struct rc_schema *schema, const struct rc_feed_options *options,
		    enum rc_feed_kind *kind, char why[768], struct rc_fault *fault) RC_MUST_CHECK;

/* Open the feed of `url`. Positions start at the newest one; call rc_feed_snapshot before rc_feed_next. */
int rc_feed_open(struct rc_feed **out, const char *url, const struct rc_schema *schema,
		 const struct rc_feed_options *options, struct rc_fault *fault) RC_MUST_CHECK;
void rc_feed_close(struct rc_feed *feed);

/*
 * One consistent read: `row` is called for every row of every captured model (model order, then key order), then *at is
 * set to the position of that state and the next rc_feed_next continues exactly behind it. Rows are borrowed during the
 * call.
 */
int rc_feed_snapshot(struct rc_feed *feed, void (*row)(void *arg, const struct rc_model *model, const void *row),
		     void *arg, struct rc_position *at, struct rc_fault *fault) RC_MUST_CHECK;

/*
 * The next committed transaction, in `arena` (the caller resets it between transactions).
 * Transactions of this library come apart; several of other programs that committed between two looks may come as one
 * (SQLite's log has no marks of theirs).
 *
 * Errors  RC_AGAIN: nothing new, wait for rc_feed_fd.
 *         RC_GONE: history was cut, restored or rewritten: a new epoch has begun, take a snapshot again.
 *         RC_BUSY, RC_IO, RC_CORRUPT: the database cannot be read now; try again later.
 */
int rc_feed_next(struct rc_feed *feed, struct rc_arena *arena, struct rc_txn *out) RC_MUST_CHECK;

/*
 * Replay what is retained: calls `txn` for each retained change group after `after`, oldest first, up to the snapshot's
 * position. RC_GONE when `after` is older than the oldest retained position or of another epoch.
 */
int rc_feed_replay(struct rc_feed *feed, struct rc_position after, void (*txn)(void *arg, const struct rc_txn *txn),
		   void *arg) RC_MUST_CHECK;
/* Oldest position from which rc_feed_replay can continue. */
int rc_feed_oldest(struct rc_feed *feed, struct rc_position *out) RC_MUST_CHECK;
/* When change number `n` was committed, µs UTC by its writer's clock. RC_NOT_FOUND: it is not retained. */
int rc_feed_when(struct rc_feed *feed, uint64_t n, int64_t *us) RC_MUST_CHECK;

/* Everything up to `position` has had its effect durably: the server need not keep it for us. Only with manual_ack. */
int rc_feed_ack(struct rc_feed *feed, struct rc_position position) RC_MUST_CHECK;

/* For metrics and alerts. What a source does not know is -1. */
struct rc_feed_stats {
	enum rc_feed_kind kind;
	bool connected;
	int64_t kept_bytes;   /* of the server's log that is kept because of us */
	int64_t behind_bytes; /* between the server's newest change and what was delivered */
	int64_t heard_us;     /* monotonic: when the server was last heard of */
	uint64_t gaps;        /* new epochs since it was opened */
	uint64_t reconnects;
};
void rc_feed_stats(struct rc_feed *feed, struct rc_feed_stats *out);

/* Becomes readable when something may have been committed. After it: rc_feed_attend, rc_feed_next. The descriptor stays
 * the same through reconnects. */
int rc_feed_fd(const struct rc_feed *feed);
/* Must be called when rc_feed_fd is readable: clears it and re-arms its back-off. */
void rc_feed_attend(struct rc_feed *feed);

/* Delete log rows beyond both limits of the options; run by the WRITER's connection inside a transaction of its own. */
int rc_feed_prune(struct rc_tx *tx, const struct rc_feed_options *options, int64_t now_us,
		  uint64_t *removed) RC_MUST_CHECK;

#endif
