/*
 * Where changes come from: one folder per kind of source beside this file, each a `const struct feed_source` listed in
 * feed.c. The contract of every function is that of its public twin in rowcast/feed.h.
 */
#ifndef ROWCAST_FEED_SOURCE_H
#define ROWCAST_FEED_SOURCE_H

#include "rowcast/feed.h"

struct feed_source {
	const char *scheme, *scheme_alias; /* of the URLs it serves; alias NULL: none */
	enum rc_feed_kind kind;            /* RC_FEED_LOG or RC_FEED_TRIGGER */
	/* Can it be used with this database, and make what it needs (`install`), or only say whether (RC_MISMATCH, RC_…). */
	int (*prepare)(const char *url, const struct rc_schema *schema, const struct rc_feed_options *options,
		       bool install, struct rc_fault *fault);
	int (*open)(struct rc_feed **out, const char *url, const struct rc_schema *schema,
		    const struct rc_feed_options *options, struct rc_fault *fault);
	void (*close)(struct rc_feed *feed);
	int (*snapshot)(struct rc_feed *feed, void (*row)(void *arg, const struct rc_model *model, const void *row),
			void *arg, struct rc_position *at, struct rc_fault *fault);
	int (*next)(struct rc_feed *feed, struct rc_arena *arena, struct rc_txn *out);
	int (*replay)(struct rc_feed *feed, struct rc_position after, void (*txn)(void *arg, const struct rc_txn *txn),
		      void *arg);
	int (*oldest)(struct rc_feed *feed, struct rc_position *out);
	int (*when)(struct rc_feed *feed, uint64_t n, int64_t *us);
	int (*ack)(struct rc_feed *feed, struct rc_position position); /* NULL: nothing to do */
	void (*stats)(struct rc_feed *feed, struct rc_feed_stats *out);
	/* On the writer's connection: forget what options allow, at most some thousand rows. NULL: the server does it. */
	int (*prune)(struct rc_tx *tx, const struct rc_feed_options *options, int64_t now_us, uint64_t *removed);
	int (*fd)(const struct rc_feed *feed);
	void (*attend)(struct rc_feed *feed);
};

/* First member of every source's feed. */
struct rc_feed {
	const struct feed_source *source;
};

/* prune.c: for a source whose rc_log is numbered in commit order. */
int feed_log_prune(struct rc_tx *tx, const struct rc_feed_options *options, int64_t now_us,
		   uint64_t *removed) RC_MUST_CHECK;

extern const struct feed_source feed_sqlite, feed_postgres_log, feed_postgres_triggers, feed_mariadb_log,
	feed_mariadb_triggers;

#endif
