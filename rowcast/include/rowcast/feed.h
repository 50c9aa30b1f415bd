/*
 * The change feed: every committed change of the captured tables, whoever wrote it, as whole transactions in commit
 * order, resumable from any retained position; where continuity cannot be proven, RC_GONE and a new epoch, never
 * silence.
 *
 * SQLite: triggers write old and new images into `rc_log` in the writer's own transaction. The feed reads it on a
 * connection of its own (one thread). docs/decisions/ tells what was rejected.
 */
#ifndef ROWCAST_FEED_H
#define ROWCAST_FEED_H

#include "rowcast/change.h"
#include "rowcast/orm.h"

struct rc_feed;

struct rc_feed_options {
	int64_t keep_us;       /* positions stay readable at least this long (default 10 min) */
	uint64_t keep_changes; /* and at least this many (default 100,000) */
};

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

/* Becomes readable when another process may have committed (inotify on the WAL, and a safety timer). After it:
 * rc_feed_next. */
int rc_feed_fd(const struct rc_feed *feed);
/* Must be called when rc_feed_fd is readable: clears it and re-arms its back-off. */
void rc_feed_attend(struct rc_feed *feed);

/* Delete log rows beyond both limits of the options; run by the WRITER's connection inside a transaction of its own. */
int rc_feed_prune(struct rc_tx *tx, const struct rc_feed_options *options, int64_t now_us,
		  uint64_t *removed) RC_MUST_CHECK;

#endif
