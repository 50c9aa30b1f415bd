/* Reading whole tables inside a transaction that somebody else began: the first copy. */
#ifndef ROWCAST_FEED_POSTGRES_COPY_H
#define ROWCAST_FEED_POSTGRES_COPY_H

#include "rowcast/feed.h"
#include "rowcast/feed/postgres/conn.h"

struct pgf_copy {
	PGconn *conn;
	const struct rc_schema *schema;
	void (*row)(void *arg, const struct rc_model *model, const void *row);
	void *arg;
	void (*wait)(void *arg); /* now and then, between rows; may be NULL */
	void *wait_arg;
};

/* Every row of every captured model: model order, then key order. */
int pgf_copy_tables(const struct pgf_copy *copy, struct rc_fault *fault) RC_MUST_CHECK;

#endif
