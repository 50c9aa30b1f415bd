/*
 * A thread that looks into rc_log again and again and puts what was committed into a queue.
 *
 * A look is one small query: the newest number, the epoch. Pauses are 5 ms behind a change and grow to 50 ms. Once a
 * second it also asks whether tables and triggers are still the same. What was committed is then read by one statement,
 * so no transaction is torn; its first row must be the one that we know, and numbers follow each other without a gap.
 */
#ifndef ROWCAST_FEED_MARIADB_POLLER_H
#define ROWCAST_FEED_MARIADB_POLLER_H

#include <stdatomic.h>

#include "rowcast/feed/mariadb/outbox.h"
#include "rowcast/feed/mariadb/queue.h"

struct poller {
	/* Set by the owner while no thread runs. */
	const struct url *url;
	const struct rc_schema *schema;
	char epoch[24], print[OUTBOX_PRINT_MAX];
	struct outbox_row at; /* the newest one that was read; behind it */
	bool at_known;        /* the row itself, not only its number */

	pthread_t thread;
	bool running;
	struct queue queue;
	_Atomic int64_t heard_us;
	_Atomic uint64_t reconnects;
	atomic_bool connected;
};

int maria_poller_init(struct poller *poller, const struct url *url, const struct rc_schema *schema,
		      struct rc_fault *fault) RC_MUST_CHECK;
void maria_poller_release(struct poller *poller);
/* at_known: *at is the row; else only its number counts. */
int maria_poller_start(struct poller *poller, const struct outbox_row *at, bool at_known, const char *epoch,
		       const char *print, struct rc_fault *fault) RC_MUST_CHECK;
void maria_poller_stop(struct poller *poller);

/*
 * Read rows from `at` up to number to_n, as transactions: `group` is called with the last row of each, its mark, and what it packed. Not
 * 0: end. RC_GONE: `why`.
 */
struct outbox_group {
	struct outbox_row last; /* with the mark of the group */
	struct buf packed;
};
int maria_outbox_read(struct link *link, const struct rc_schema *schema, uint64_t to_n, struct outbox_row *at,
		      bool *at_known, int (*group)(void *arg, struct outbox_group *group), void *arg, const char **why,
		      struct rc_fault *fault) RC_MUST_CHECK;

#endif
