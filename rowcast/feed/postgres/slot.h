/*
 * Replication slots of this program on a server: NAME_1, NAME_2 … (NAME: the schema's), or one with a name of its own. A
 * slot outlives its reader, and the server keeps its log for it: that is the history which a restarted program replays.
 * One that nobody reads any more is taken over by the next program that starts, and dropped when it keeps too much.
 */
#ifndef ROWCAST_FEED_POSTGRES_SLOT_H
#define ROWCAST_FEED_POSTGRES_SLOT_H

#include "rowcast/feed.h"
#include "rowcast/feed/postgres/conn.h"

#define PGF_SLOTS_MAX 32 /* of one schema on one server */

/* Lower case, digits and _ only, as slots must be named. */
void pgf_slot_name(char out[64], const char *name);
/* One row for each slot of `prefix` (or named so): name, number, active, of this database and plugin, lost, kept bytes. */
void pgf_slot_list_sql(struct buf *out, const char *prefix, const char *name, int server_version);
/*
 * Choose a slot: a free one, or make one. Between this and START_REPLICATION another program may take it.
 * `replication`: a connection to make it on (makes wait for the transactions that write just now).
 * `wait`: called about once a second while the server makes it. `avoid`: numbers that were taken (bit i: NAME_i).
 * Errors  RC_BUSY: the named slot is read by somebody else; RC_LIMIT: no room on the server.
 */
int pgf_slot_choose(PGconn *sql, PGconn *replication, const struct rc_schema *schema,
		    const struct rc_feed_options *options, uint64_t *avoid, char slot[64],
		    struct rc_fault *fault) RC_MUST_CHECK;
/* A temporary one whose snapshot is exported until the connection's next command. */
int pgf_slot_snapshot(PGconn *replication, int64_t deadline_us, void (*wait)(void *arg), void *arg, uint64_t *at,
		      char name[64], struct rc_fault *fault) RC_MUST_CHECK;
/* Drop it unless it is read. */
int pgf_slot_drop(PGconn *sql, const char *slot, const char *why, struct rc_fault *fault) RC_MUST_CHECK;

#endif
