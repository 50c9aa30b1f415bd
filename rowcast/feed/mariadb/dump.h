/*
 * The server's binlog over the replication protocol, event by event, as a replica gets it. Calls block.
 */
#ifndef ROWCAST_FEED_MARIADB_DUMP_H
#define ROWCAST_FEED_MARIADB_DUMP_H

#include "rowcast/feed/mariadb/event.h"
#include "rowcast/feed/mariadb/link.h"

struct st_mariadb_rpl;

struct dump {
	struct link link;
	struct st_mariadb_rpl *rpl;
};

#define DUMP_HEARTBEAT_US 1000000
#define DUMP_ANSWER_US    5000000

/* On dump->link, which is open and then belongs to the dump. `gtids`: behind that state ("0-1-42,1-1-7"), for ever;
 * NULL: from the begin of `file` to the end of the newest one. RC_MISMATCH: a privilege is missing. */
int maria_dump_begin(struct dump *dump, const char *gtids, const char *file, struct rc_fault *fault) RC_MUST_CHECK;
void maria_dump_close(struct dump *dump);
/* The next event; borrowed until the next call. RC_NOT_FOUND: the end. RC_GONE: the server's log has not what was asked
 * for. RC_UNAVAILABLE: the connection is of no use any more. */
int maria_dump_next(struct dump *dump, const uint8_t **event, size_t *len, struct rc_fault *fault) RC_MUST_CHECK;

#endif
