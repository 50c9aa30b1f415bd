/*
 * The trigger source of PostgreSQL: needs no privilege but to own the tables.
 *
 *   rc_log   id     drawn by the trigger, under the row's lock
 *            xid    of the writer's transaction
 *            at     when the statement ran
 *            tbl    the table; "" with op 0
 *            op     1 insert, 2 update, 3 delete, 0 mark (o0: writer, n0: n), 9 the table was truncated
 *            o0 n0  old and new row; o1 n1: image.h
 *
 * Ids and xids are drawn before the commit, in another order than commits come; so a reader that remembers the highest
 * one loses rows. The cursor is therefore the server's own idea of what was committed, pg_current_snapshot(): a look
 * takes what its snapshot sees and the one before did not. Nothing can be lost or doubled. Inside a look, transactions
 * are ordered by their highest id: two that touched the same row drew their ids under its lock, so that order is theirs.
 *
 * Positions count transactions in this process, in an epoch of its own.
 */
#ifndef ROWCAST_FEED_POSTGRES_TRIGGERS_H
#define ROWCAST_FEED_POSTGRES_TRIGGERS_H

#include "rowcast/feed/source.h"

#define TRIGGERS_TRUNCATED 9

/* triggers_prepare.c */
int triggers_prepare(const char *url, const struct rc_schema *schema, const struct rc_feed_options *options,
		     bool install, struct rc_fault *fault) RC_MUST_CHECK;
/* triggers_prune.c */
int triggers_prune(struct rc_tx *tx, const struct rc_feed_options *options, int64_t now_us,
		   uint64_t *removed) RC_MUST_CHECK;

#endif
