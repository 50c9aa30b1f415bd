/*
 * One connection that is never waited for, with its socket in the feed's epoll set. libpq may change the socket while it
 * connects; the set follows.
 */
#ifndef ROWCAST_FEED_POSTGRES_LINK_H
#define ROWCAST_FEED_POSTGRES_LINK_H

#include "rowcast/feed/postgres/conn.h"

struct pgf_link {
	PGconn *conn; /* NULL: closed */
	int epoll_fd;
	uint32_t events;                /* that epoll_fd waits for */
	PostgresPollingStatusType want; /* while it connects */
	int64_t deadline_us;            /* monotonic: of the connect, or of the answer */
	PGresult *result;               /* the last one of the command that runs */
};

void pgf_link_open(struct pgf_link *link, const struct pgf_address *address, size_t host, enum pgf_mode mode,
		   int64_t deadline_us);
void pgf_link_close(struct pgf_link *link);
/* 0: connected; RC_AGAIN; RC_UNAVAILABLE, RC_TIMEOUT with a fault. */
int pgf_link_connect(struct pgf_link *link, struct rc_fault *fault) RC_MUST_CHECK;
int pgf_link_send(struct pgf_link *link, const char *sql, int64_t deadline_us, struct rc_fault *fault) RC_MUST_CHECK;
/* 0: link->result is the command's (to be read before the next call); RC_AGAIN; else refused or lost. */
int pgf_link_result(struct pgf_link *link, struct rc_fault *fault) RC_MUST_CHECK;
/* Write what waits; asks epoll for room when there is none. RC_UNAVAILABLE: lost. */
int pgf_link_flush(struct pgf_link *link) RC_MUST_CHECK;

#endif
