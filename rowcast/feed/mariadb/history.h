/*
 * The binlog's past: what is still there, found by time or by number and read once, file by file, on a connection of its
 * own. Blocks until it is read.
 */
#ifndef ROWCAST_FEED_MARIADB_HISTORY_H
#define ROWCAST_FEED_MARIADB_HISTORY_H

#include "rowcast/feed/mariadb/assemble.h"
#include "rowcast/feed/mariadb/dump.h"

#define HISTORY_BYTES_MAX ((uint64_t)2 << 30) /* of files that are read for it */
#define FILE_NAME_MAX     512

struct history {
	const struct url *url;
	const struct images *images; /* names only */
	uint32_t domain;
	/* Begin in the newest file all of whose groups are as new as this, or older. */
	int64_t from_us; /* INT64_MAX: by number */
	uint64_t after_n;
	uint64_t upto_n; /* end behind this number */
	/* A group of the domain is over; `ours`: with rows or marks. Not 0: end. */
	int (*group)(void *arg, struct binlog_txn *txn, bool ours);
	/* What was before cannot be followed over this number. Not 0: end. */
	int (*gap)(void *arg, uint64_t n, int64_t us);
	/* Reading begins behind this number. Not 0: end. */
	int (*begin)(void *arg, uint64_t n, int64_t us);
	void *arg;
};

int maria_history_read(const struct history *history, uint64_t bytes_max, struct rc_fault *fault) RC_MUST_CHECK;

/* What a file begins with. RC_GONE: the server has no such file. */
struct history_file {
	uint32_t made_s;
	uint64_t before_n; /* newest number of the domain in front of it */
};
int maria_history_probe(const struct url *url, const char *file, uint32_t domain, struct history_file *out,
			struct rc_fault *fault) RC_MUST_CHECK;

#endif
