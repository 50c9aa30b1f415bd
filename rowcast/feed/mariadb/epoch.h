/*
 * Epochs: the name of an unbroken history, kept in rc_meta so that positions outlive the process and all servers of one
 * database share it.
 *
 *   rc_meta  epoch    lower-case hex of a random number
 *            feed     what the numbers are of, and which history: "binlog …" (log.c) or "triggers …" (triggers.c). An
 *                     epoch whose `feed` is not what the source finds is not continued.
 */
#ifndef ROWCAST_FEED_MARIADB_EPOCH_H
#define ROWCAST_FEED_MARIADB_EPOCH_H

#include "rowcast/feed/mariadb/link.h"

#define EPOCH_FEED_MAX 256

struct epoch {
	uint64_t number;
	char text[24];             /* as stored */
	char feed[EPOCH_FEED_MAX]; /* as stored */
};

/* RC_NOT_FOUND: none, or not one of ours; RC_MISMATCH: there is no rc_meta. */
int maria_epoch_read(struct link *link, struct epoch *out, struct rc_fault *fault) RC_MUST_CHECK;
/* A new epoch with this `feed`, unless somebody else began one meanwhile that is not `broken` (0: whatever is stored is
 * broken): then that one. In a transaction of its own. */
int maria_epoch_begin(struct link *link, uint64_t broken, const char *feed, struct epoch *out,
		      struct rc_fault *fault) RC_MUST_CHECK;
/* Replace `feed` of the stored epoch, if it is still this one. */
int maria_epoch_store_feed(struct link *link, const struct epoch *epoch, struct rc_fault *fault) RC_MUST_CHECK;

#endif
