/*
 * Where changes come from: one folder per kind of source beside this file, each a `const struct feed_source` listed in
 * feed.c. The contract of every function is that of its public twin in rowcast/feed.h.
 */
#ifndef ROWCAST_FEED_SOURCE_H
#define ROWCAST_FEED_SOURCE_H

#include "rowcast/feed.h"

struct feed_source {
	const char *scheme; /* of the URLs it serves */
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
	int (*fd)(const struct rc_feed *feed);
	void (*attend)(struct rc_feed *feed);
};

/* First member of every source's feed. */
struct rc_feed {
	const struct feed_source *source;
};

extern const struct feed_source feed_sqlite;

#endif
