/*
 * Transactions. Their automatic retry is in run.c.
 */
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
