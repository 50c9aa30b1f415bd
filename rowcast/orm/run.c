/*
 * Functions run in transactions and behind savepoints, and their automatic retry.
 */
#include "rowcast/orm/run.h"

#include <sodium.h>
#include <time.h>

#include "rowcast/base/check.h"
#include "rowcast/orm/db.h"

#define PAUSE_FIRST_US 500
#define PAUSE_MAX_US   50000

int64_t run_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t run_end_us(int64_t relative_us)
{
	int64_t now_us = run_now_us();

	return relative_us > INT64_MAX - now_us ? INT64_MAX : now_us + relative_us;
}

int64_t run_jitter_us(int64_t *pause_us)
{
	*pause_us = *pause_us == 0 ? 2 * PAUSE_FIRST_US : *pause_us < PAUSE_MAX_US / 2 ? *pause_us * 2 : PAUSE_MAX_US;
	return 1 + (int64_t)randombytes_uniform((uint32_t)*pause_us);
}

void run_pace_begin(struct run_pace *pace, const struct rc_run_options *options)
{
	*pace = (struct run_pace){
		.end_us = options->deadline_us == 0 && options->tries ? INT64_MAX : run_end_us(options->deadline_us),
		.tries_left = options->tries ? options->tries : UINT32_MAX,
	};
}

int64_t run_pace_next(struct run_pace *pace)
{
	int64_t left_us = pace->end_us - run_now_us(), pause_us;

	if (pace->tries_left != UINT32_MAX && --pace->tries_left == 0)
		return -1;
	if (left_us <= 0)
		return -1;
	pause_us = run_jitter_us(&pace->pause_us);
	return pause_us < left_us ? pause_us : left_us;
}

int run_once(struct rc_db *db, const struct rc_run_options *options, int (*fn)(struct rc_tx *tx, void *arg), void *arg,
	     bool *committing)
{
	struct rc_tx *tx;
	int rc = rc_tx_begin_isolated(db, options->access, options->isolation, &tx);

	*committing = false;
	if (rc != RC_OK)
		return rc;
	rc = fn(tx, arg);
	if (rc == RC_OK) {
		*committing = true;
		return rc_tx_commit(tx);
	}
	rc_tx_rollback(tx);
	return rc;
}

int rc_run(struct rc_db *db, const struct rc_run_options *options, int (*fn)(struct rc_tx *tx, void *arg), void *arg)
{
	struct run_pace pace;

	run_pace_begin(&pace, options);
	for (;;) {
		bool committing;
		int rc = run_once(db, options, fn, arg, &committing);
		int64_t pause_us = rc == RC_BUSY ? run_pace_next(&pace) : -1;
		struct timespec pause = {.tv_nsec = (long)pause_us * 1000};

		if (pause_us < 0)
			return rc;
		nanosleep(&pause, NULL);
	}
}

int rc_savepoint_run(struct rc_tx *tx, int (*fn)(struct rc_tx *tx, void *arg), void *arg)
{
	uint32_t depth = tx->savepoints;
	struct rc_fault fault;
	int rc = rc_tx_savepoint(tx), undone;

	if (rc != RC_OK)
		return rc;
	rc = fn(tx, arg);
	rc_check(tx->open && tx->savepoints == depth + 1);
	if (rc == RC_OK)
		return rc_tx_savepoint_release(tx);
	fault = tx->db->conn->fault;
	undone = rc_tx_savepoint_rollback(tx);
	if (undone != RC_OK) /* a deadlock took the whole transaction with it: RC_BUSY stays the answer */
		return rc == RC_BUSY ? rc : undone;
	tx->db->conn->fault = fault;
	return rc;
}
