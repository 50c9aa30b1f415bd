/*
 * Epochs: the name of an unbroken history, kept in rc_meta so that every server on one database has the same and
 * positions outlive the process.
 *
 *   rc_meta  epoch   lower-case hex of a random number
 *            start   LSN at which it began; older positions are gone
 *            source  "postgres SYSTEM/TIMELINE/DATABASE/TABLE", the last two oids, TABLE's that of rc_meta: a restored copy, a
 *                    backup put back and a promoted standby are other histories
 */
#ifndef ROWCAST_FEED_POSTGRES_EPOCH_H
#define ROWCAST_FEED_POSTGRES_EPOCH_H

#include "rowcast/feed/postgres/stream.h"

struct pgf_epoch {
	uint64_t number;
	uint64_t start;
	char text[48];
	bool stored; /* false: it could not be written and ends with this process */
};

/* The stored epoch of the server that `facts` tells of, or a new one. `broken`: one that will not do, 0: none. */
int pgf_epoch_ensure(PGconn *conn, const struct pgf_facts *facts, uint64_t broken, int64_t deadline_us,
		     struct pgf_epoch *out, struct rc_fault *fault) RC_MUST_CHECK;
uint64_t pgf_epoch_draw(uint64_t broken);

#endif
