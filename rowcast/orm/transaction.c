/*
 * Transactions and their automatic retry.
 */
#include <sodium.h>
#include <time.h>

#include "rowcast/base/check.h"
#include "rowcast/orm/db.h"

int rc_tx_begin_isolated(struct rc_db *db, enum rc_access access, enum rc_isolation isolation, struct rc_tx **out)
{
	int rc;

	*out = NULL;
	rc_check(!db->tx.open);
	if (access == RC_WRITE && db->access != RC_WRITE)
		return db_refuse(db, RC_READONLY, "this connection was opened for reading");
	rc = db->driver->begin(db->conn, access == RC_WRITE, isolation);
	if (rc != RC_OK)
		return rc;
	db->tx.access = access;
	db->tx.open = true;
	db->tx.savepoints = 0;
	*out = &db->tx;
	return RC_OK;
}

int rc_tx_begin(struct rc_db *db, enum rc_access access, struct rc_tx **out)
{
	return rc_tx_begin_isolated(db, access, RC_ISOLATION_DEFAULT, out);
}

int rc_tx_commit(struct rc_tx *tx)
{
	rc_check(tx->open);
	tx->open = false;
	return db_failed(tx->db, tx->db->driver->commit(tx->db->conn));
}

void rc_tx_rollback(struct rc_tx *tx)
{
	rc_check(tx->open);
	tx->open = false;
	tx->db->driver->rollback(tx->db->conn);
}

int rc_tx_savepoint(struct rc_tx *tx)
{
	int rc = tx->db->driver->savepoint(tx->db->conn, DB_SAVEPOINT_SET);

	if (rc == RC_OK)
		tx->savepoints++;
	return rc;
}

int rc_tx_savepoint_release(struct rc_tx *tx)
{
	rc_check(tx->savepoints > 0);
	tx->savepoints--;
	return tx->db->driver->savepoint(tx->db->conn, DB_SAVEPOINT_KEEP);
}

int rc_tx_savepoint_rollback(struct rc_tx *tx)
{
	rc_check(tx->savepoints > 0);
	tx->savepoints--;
	return tx->db->driver->savepoint(tx->db->conn, DB_SAVEPOINT_UNDO);
}

struct rc_db *rc_tx_db(struct rc_tx *tx)
{
	return tx->db;
}

int rc_tx_log_head(struct rc_tx *tx, uint64_t *n)
{
	rc_check(tx->db->driver->log_head);
	return tx->db->driver->log_head(tx->db->conn, n);
}

int rc_tx_mark(struct rc_tx *tx, struct rc_mark mark)
{
	rc_check(tx->open && tx->access == RC_WRITE && mark.writer);
	return tx->db->driver->mark(tx->db->conn, mark);
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int run_once(struct rc_db *db, enum rc_access access, enum rc_isolation isolation,
		    int (*fn)(struct rc_tx *tx, void *arg), void *arg)
{
	struct rc_tx *tx;
	int rc = rc_tx_begin_isolated(db, access, isolation, &tx);

	if (rc != RC_OK)
		return rc;
	rc = fn(tx, arg);
	if (rc == RC_OK)
		return rc_tx_commit(tx);
	rc_tx_rollback(tx);
	return rc;
}

#define RETRY_FIRST_US 500
#define RETRY_MAX_US   50000

int rc_run_isolated(struct rc_db *db, enum rc_access access, enum rc_isolation isolation, int64_t deadline_us,
		    int (*fn)(struct rc_tx *tx, void *arg), void *arg)
{
	int64_t end_us = now_us() + deadline_us;
	int64_t pause_us = RETRY_FIRST_US;

	for (;;) {
		int rc = run_once(db, access, isolation, fn, arg);
		int64_t left_us = end_us - now_us();
		struct timespec pause = {0};

		if (rc != RC_BUSY || left_us <= 0)
			return rc;
		/* Full jitter: writers that collided once do not collide again in step. */
		pause_us = pause_us < RETRY_MAX_US ? pause_us * 2 : RETRY_MAX_US;
		pause.tv_nsec = (long)(1 + randombytes_uniform((uint32_t)(pause_us < left_us ? pause_us : left_us))) *
				1000;
		nanosleep(&pause, NULL);
	}
}

int rc_run(struct rc_db *db, enum rc_access access, int64_t deadline_us, int (*fn)(struct rc_tx *tx, void *arg),
	   void *arg)
{
	return rc_run_isolated(db, access, RC_ISOLATION_DEFAULT, deadline_us, fn, arg);
}
