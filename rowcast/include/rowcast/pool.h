/*
 * A pool of connections to one database, for programs with threads: a thread takes one, works, gives it back.
 *
 *   rc_pool_open(&pool, "postgres://…", &shop_schema, &(struct rc_pool_options){.size = 8, .db.access = RC_WRITE}, &fault);
 *   rc = rc_pool_run(pool, &(struct rc_run_options){.access = RC_WRITE, .deadline_us = 2000000}, book, &want, &fault);
 *
 * Connections are opened when they are needed, at most `size`; a connection that has been idle for a while is asked
 * whether it is still there before it is handed out, one that broke is replaced, and each lives only so long. Who waits
 * longest is served first. Every function may be called from any thread. docs/decisions/0027-pool.md
 */
#ifndef ROWCAST_POOL_H
#define ROWCAST_POOL_H

#include "rowcast/orm.h"

struct rc_pool;

/* A connection that is out: who took it, and for how long he has had it. */
struct rc_pool_held {
	const char *file; /* of the call of rc_pool_acquire or rc_pool_run */
	int line;
	int64_t held_us;
	bool closing; /* the pool is being closed; else: longer than held_us_max */
};

struct rc_pool_options {
	struct rc_db_options db;
	uint32_t size;       /* connections at most; 0: 8 */
	int64_t lifetime_us; /* a connection is closed when it is older, up to a tenth earlier; 0: 30 min, -1: never */
	int64_t idle_check_us; /* idle for longer: asked before it is handed out; 0: 10 s, -1: never */
	int64_t held_us_max;   /* held for longer: reported, once; 0: never */
	/* Told of connections that are held too long or were not given back. It must not call the pool. NULL: the log. */
	void (*report)(void *arg, const struct rc_pool_held *held);
	void *report_arg;
};

/* Opens one connection, so that a wrong URL, password or schema is known at once. Errors: as rc_db_open. `schema` must
 * outlive the pool. */
int rc_pool_open(struct rc_pool **out, const char *url, const struct rc_schema *schema,
		 const struct rc_pool_options *options, struct rc_fault *fault) RC_MUST_CHECK;
/*
 * Close what is idle and refuse who waits (RC_CLOSED). Connections that are still out are reported, with file and line,
 * and closed when they come back; returns their number.
 */
uint32_t rc_pool_close(struct rc_pool *pool);

/*
 * Take a connection, waiting at most `deadline_us` (relative; 0: not at all). It is the caller's until rc_pool_drop.
 * Errors  RC_TIMEOUT: all are in use; the fault names who has had one longest.
 *         RC_UNAVAILABLE: the server did not answer until the deadline (tried again with jitter until then; an attempt
 *         under way is not cut short). RC_CLOSED: the pool is closed. Others as rc_db_open.
 */
#define rc_pool_acquire(...) rc_pool_acquire_at(__FILE__, __LINE__, __VA_ARGS__) /* (pool, deadline_us, out, fault) */
int rc_pool_acquire_at(const char *file, int line, struct rc_pool *pool, int64_t deadline_us, struct rc_db **out,
		       struct rc_fault *fault) RC_MUST_CHECK;
/* Give it back. An open transaction is rolled back; a connection whose server is gone is closed. NULL: nothing. */
void rc_pool_drop(struct rc_pool *pool, struct rc_db *db);

/*
 * rc_run on a connection of the pool. The deadline counts the wait for a connection too. A connection that breaks
 * before its COMMIT was sent is replaced and `fn` runs again; afterwards the answer is RC_UNKNOWN and stays it.
 * `fault` (may be NULL): why it failed, copied.
 */
#define rc_pool_run(...) rc_pool_run_at(__FILE__, __LINE__, __VA_ARGS__) /* (pool, options, fn, arg, fault) */
int rc_pool_run_at(const char *file, int line, struct rc_pool *pool, const struct rc_run_options *options,
		   int (*fn)(struct rc_tx *tx, void *arg), void *arg, struct rc_fault *fault) RC_MUST_CHECK;

struct rc_pool_stats {
	uint32_t size, open, idle, waiting; /* now; open: idle ones and those that are out */
	uint64_t acquired, waited;          /* how often one was taken; how often that had to wait */
	int64_t wait_us_max;
	uint64_t timeouts, opened, open_failed;
	uint64_t closed_old, closed_broken; /* end of life; found dead or returned dead */
	uint64_t held_too_long;
};
void rc_pool_stats(struct rc_pool *pool, struct rc_pool_stats *out);

#endif
